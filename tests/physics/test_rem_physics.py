"""The random energy model against its exact theory, at finite size and in the limit; a chain that is stuck says so."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from statmech import REM, Enumeration, ExtremeLevels, MinimallyFrustrated, MonteCarlo, Sweep, Tempering
from statmech.names import STATUS
from statmech.theory import funnel, rem

T = (0.3, 0.45, float(rem.T_C), 0.8, 1.5)


@cache
def enumerated(n, samples):
    task = Enumeration(REM(n=n), T, disorder=tuple(range(samples)))
    return task.combine(task.results(task.advance(task.start(), 10**9)))


def extreme(n, T, samples, levels=4096, seed=0):
    task = ExtremeLevels(n, T, levels, tuple(range(samples)), seed)
    parts = task.results(task.advance(task.start(), samples))
    return parts, task.combine(parts)


def z_scores(found, exact, names=("e", "f", "s", "Y")):
    return np.array([(found[f"{x}_mean"].data - getattr(exact, x)) / found[f"{x}_err"].data for x in names])


@pytest.mark.parametrize(("n", "samples"), [(12, 400), (16, 100)])
def test_enumerated_samples_have_the_exact_finite_size_mean(n, samples):
    z = z_scores(enumerated(n, samples), rem.finite(T, n))
    assert np.abs(z).max() < 4, z


def test_the_comparison_sees_a_temperature_wrong_by_5_percent_and_the_limit():
    found = enumerated(12, 400)
    assert np.abs(z_scores(found, rem.finite(1.05 * np.array(T), 12))).max() > 8
    assert np.abs(z_scores(found, rem.limit(T))[2]).max() > 8, "12 spins are far from the limit"


@pytest.mark.slow
@pytest.mark.parametrize(("n", "samples"), [(20, 200), (24, 100)])
def test_larger_samples_have_the_exact_finite_size_mean(n, samples):
    z = z_scores(enumerated(n, samples), rem.finite(T, n))
    assert np.abs(z).max() < 4, z
    if n == 24:
        s, error = (enumerated(n, samples)[f"s_{x}"].data[2] for x in ("mean", "err"))
        assert abs(s - 0.18) < 0.005 + 3 * error and error < 0.01


def test_participation_ratio_of_the_limit():
    """[Y] = 1 - T/T_c within 0.01 at N = 1000: 20 000 samples, standard error 0.002."""
    below = (0.12, 0.3, 0.45, 0.55)
    parts, found = extreme(1000, below, 20_000, levels=512)
    assert (found["Y_err"].data < 0.0025).all() and parts["neglected"].data.max() < 0.02
    difference = found["Y_mean"].data - rem.limit(below).Y
    assert (np.abs(difference) < 0.01).all(), difference
    wrong = rem.limit(1.05 * np.array(below)).Y
    assert np.abs(found["Y_mean"].data - wrong).max() > 0.03, "T_c wrong by 5 % would be seen"


@pytest.mark.slow
def test_participation_ratio_of_500_spins():
    """1000 spins are nearer to the limit than 500; both have the exact mean of their size."""
    below = (0.3, 0.45)
    for n in (500, 1000):
        _, found = extreme(n, below, 50_000, levels=512)
        exact = rem.finite(below, n)
        assert np.abs(z_scores(found, exact)).max() < 4
        assert (np.abs(exact.Y - rem.limit(below).Y) < 0.008).all()


@pytest.mark.parametrize("n", [24, 100])
def test_lowest_levels_at_all_temperatures_against_the_finite_size_mean(n):
    _, found = extreme(n, T, 3000)
    exact = rem.finite(T, n)
    for name in ("e", "f", "s", "Y"):
        difference = found[f"{name}_mean"].data - getattr(exact, name)
        assert (np.abs(difference) < 4 * found[f"{name}_err"].data + 1e-6).all(), (name, difference)


def test_the_cut_does_not_matter():
    """The same samples with 256 and 16384 levels differ by what `neglected` says."""
    few, many = extreme(500, T, 200, 256)[0], extreme(500, T, 200, 16384)[0]
    np.testing.assert_array_equal(few["e_0"].data, many["e_0"].data)
    change = np.abs(500 * (few["f"].data - many["f"].data)) / np.array(T)[:, None]  # of ln Z
    assert (few["neglected"].data < 0.02).all() and (many["neglected"].data < 0.002).all()
    rms = np.sqrt((change**2).mean(-1)) / np.sqrt((few["neglected"].data ** 2).mean(-1))
    assert (rms[:3] < 1.5).all() and (rms[:3] > 0.5).all(), rms
    assert (change[3:] < 1e-9).all(), "above T_c the lowest levels weigh nothing"


def test_without_the_mean_above_the_cut_the_energy_is_wrong():
    _, found = extreme(500, (0.5, float(rem.T_C), 0.8), 200)
    task = ExtremeLevels(500, (0.5, float(rem.T_C), 0.8), disorder=tuple(range(200)))
    lowest = np.array([task.draw(i) for i in range(200)])
    bare = np.log(np.exp(-(lowest - lowest[:, :1]) / 0.8).sum(1)) - lowest[:, 0] / 0.8
    assert (-0.8 * bare / 500).mean() - found["f_mean"].data[2] > 0.02


def test_pieces_blocks_and_extensions_change_nothing():
    task = ExtremeLevels(500, T, 64, (0, 1, 7))
    whole = task.advance(task.start(), 3)
    pieces = task.advance(task.advance(task.start(), 1), 5)
    assert all(np.array_equal(whole[k], pieces[k]) for k in whole)
    alone = ExtremeLevels(500, T, 64, (7,))
    assert np.array_equal(alone.advance(alone.start(), 1)["lnZ"][0], whole["lnZ"][2])
    assert np.array_equal(ExtremeLevels(500, T, 128).draw(7)[:64], task.draw(7))


def run(sampler, temperatures, sweeps=4096, model=None, starts=("random",)):
    task = MonteCarlo(model or REM(n=12), sampler, temperatures, starts, 8, sweeps, measure_every=8,
                      disorder=(0, 1, 2), device="cpu")  # fmt: skip
    return task.results(task.advance(task.start(), sweeps))


def test_a_single_temperature_below_tc_reads_unequilibrated_and_tempering_does_not():
    from statmech import Metropolis

    ladder = (0.3, 0.4, 0.55, 0.75, 1.1, 2.0)
    alone = run(Metropolis(), (0.3,))
    assert (alone["status"].data == STATUS["unequilibrated"]).all()
    exchanged = run(Tempering(every=4), ladder, 16384)
    assert (exchanged["status"].data == STATUS["done"])[2:].all()
    assert (exchanged["status"].data == STATUS["done"]).mean() > 0.8
    task = Enumeration(REM(n=12), ladder, disorder=(0, 1, 2))
    exact = task.results(task.advance(task.start(), 10))["e"].data
    found, error = exchanged["e"].data[..., 0], exchanged["e_stderr"].data[..., 0]
    assert (np.abs(found - exact) < 4.5 * error + 1e-9).all()
    assert (np.abs(alone["e"].data[0, :, 0] - exact[0]) > 0.02).any(), "witness: the stuck chains are wrong"


def test_native_state_has_the_folding_probability_of_its_enumeration():
    """Exact m(T) at n = 14 rises where n g/T = ln Z of the other levels: near T_f, rounded by 1/n."""
    gap = 1.5
    ladder = tuple(np.round(np.linspace(0.4, 4.0, 37), 3))
    task = Enumeration(MinimallyFrustrated(n=14, gap=gap), ladder, disorder=tuple(range(20)))
    found = task.combine(task.results(task.advance(task.start(), 10**6)))["m_mean"].data
    middle = np.interp(-0.5, -found, ladder)
    assert found[0] > 0.99 and found[-1] < 0.05 and abs(middle - funnel.T_f(gap)) < 0.1 * funnel.T_f(gap)


def test_a_native_start_stays_and_a_random_one_does_not_find_it():
    from statmech import Metropolis

    found = run(Metropolis(), (0.5,), 512, MinimallyFrustrated(n=20, gap=1.3), ("random", "native"))
    assert (found["m"].data[..., 1] > 0.99).all() and (np.abs(found["m"].data[..., 0]) < 0.9).all()
    assert (found["status"].data != STATUS["done"]).all()


def test_a_sweep_over_the_size_nears_the_limit(tmp_path):
    sweep = Sweep("levels", ExtremeLevels(T=(0.4, 0.8), levels=128), grid={"n": [50, 5000]}, samples=40, block=20)
    results = sweep.run(tmp_path, executor="serial", quiet=True)
    assert results.dims("e_mean") == ("n", "T") and results["Y"].shape == (2, 2, 40)
    distance = np.abs(results["e_mean"][:, 0] - rem.limit(0.4).e)
    assert distance[1] < 0.1 * distance[0] and distance[1] < 0.002
