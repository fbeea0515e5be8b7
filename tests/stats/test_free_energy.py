"""ln Z from samples against exact enumeration: bias, error bars, warnings."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from exact.tiny import references
from stats.boltzmann import LADDER, MODELS, instance

from statmech.stats import free_energy
from statmech.stats.blocks import cut
from statmech.stats.free_energy import METHODS, from_energies

REPEATS, BAND = 200, (0.60, 0.76)


def estimate(name, method, seed, sample=0, size=(4, 150), T=LADDER, **options):
    exact = instance(name, sample)
    E = exact.draw(np.random.default_rng(seed), T, *size)
    return from_energies(T, E, method, ln_z_hot=MODELS[name].n * np.log(2), seed=seed, **options), exact.ln_z(T)


def test_reference_instance():
    exact = references(3, 9)
    for t in (0.5, 1.0, 2.0):
        assert instance("tiny p3").ln_z(t) == pytest.approx(exact[t, "ln Z"], abs=2e-4)  # couplings in steps of 2^-15
    for method in METHODS:
        found, _ = estimate("tiny p3", method, 0, T=np.array([0.5, 0.7, 1.0, 1.4, 2.0, 4.0, np.inf]))
        for k, t in ((0, 0.5), (2, 1.0), (4, 2.0)):
            assert abs(found.ln_z[0, k] - exact[t, "ln Z"]) < 3 * found.error[0, k]


@pytest.mark.parametrize("method", METHODS)
def test_bias_of_twenty_samples_of_sk(method):
    """The mean of the deviations of 20 samples is below the quoted error of each, and is chance."""
    runs = [estimate("sk", method, 100 + d, d, (4, 100), resamples=100) for d in range(20)]
    deviation = np.array([found.ln_z[0] - exact for found, exact in runs])[:, :-1]
    error = np.array([found.error[0] for found, _ in runs])[:, :-1]
    print(f"{method}: mean deviation {deviation.mean(0).round(4)}, mean error {error.mean(0).round(4)}")
    assert (np.abs(deviation.mean(0)) < error.mean(0)).all()
    assert np.abs((deviation / error).mean(0)).max() < 3.5 / np.sqrt(20)
    assert sum(found.converged[0] for found, _ in runs) >= 19, "1 % of correct chains are said to drift"


@cache
def deviations(name, method):
    """(ln Z - exact) / error at the three coldest rungs, of REPEATS repetitions."""
    runs = [estimate(name, method, 10 + k, size=(4, 64), resamples=100) for k in range(REPEATS)]
    return np.array([((found.ln_z[0] - exact) / found.error[0])[[0, 1, 3]] for found, exact in runs])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["hopfield", "p3"])
def test_the_quoted_interval_contains_the_truth_as_often_as_it_says(name, method):
    z = np.abs(deviations(name, method))
    print(f"{name}, {method}: {(z < 1).mean(0)} at T = {LADDER[[0, 1, 3]]}")
    assert BAND[0] <= (z[:, 0] < 1).mean() <= BAND[1]
    assert BAND[0] - 0.04 <= (z < 1).mean(0).min() and (z < 1).mean(0).max() <= BAND[1] + 0.04
    assert (z[:, 0] < 0.7).mean() < BAND[0], "mutant: errors 30 % too small"
    assert (z[:, 0] < 1.5).mean() > BAND[1], "mutant: errors 50 % too large"


@pytest.mark.parametrize("method", METHODS)
def test_a_temperature_wrong_by_five_per_cent_is_seen(method):
    E = instance("hopfield").draw(np.random.default_rng(0), LADDER, 4, 1000)
    found = from_energies(LADDER * 1.05, E, method, ln_z_hot=12 * np.log(2))
    assert np.abs((found.ln_z[0] - instance("hopfield").ln_z(1.05 * LADDER)) / found.error[0])[0] > 5


def test_differences_where_the_ladder_does_not_reach_beta_zero():
    E = instance("hopfield").draw(np.random.default_rng(0), LADDER[:-1], 4, 500)
    found, exact = from_energies(LADDER[:-1], E), instance("hopfield").ln_z(LADDER[:-1])
    assert not found.anchored and found.ln_z[0, -1] == 0 and found.error[0, -1] == 0
    assert np.abs((found.ln_z[0] - (exact - exact[-1]))[:-1] / found.error[0, :-1]).max() < 3
    assert "relative to the hottest" in str(found)


def test_disorder_average_and_its_error():
    E = np.stack([instance("sk", d).draw(np.random.default_rng(d), LADDER, 4, 60) for d in range(12)])
    found = from_energies(LADDER, E, ln_z_hot=16 * np.log(2), resamples=2000)
    np.testing.assert_allclose(found.mean, found.ln_z.mean(0))
    scatter = found.ln_z.std(0, ddof=1) / np.sqrt(12)
    np.testing.assert_allclose(found.mean_error[:-1], scatter[:-1], rtol=0.1)
    assert scatter[0] > 2 * found.error[:, 0].mean() / np.sqrt(12), "witness: samples differ by more than thermal noise"
    f, error = found.free_energy(16)
    np.testing.assert_allclose(f[:, 0], -LADDER[0] * found.ln_z[:, 0] / 16)
    assert np.isnan(f[:, -1]).all() and (error[:, :-1] > 0).all()
    assert "12 samples, 12 converged" in str(found)


def test_a_gap_in_the_ladder_is_named():
    T = np.array([0.1, 3.0, np.inf])
    for method in METHODS:
        found, _ = estimate("sk", method, 0, T=T, size=(4, 200))
        assert not found.converged[0]
        assert any("T = 0.1 and 3 overlap" in text and "add a temperature" in text for text in found.warnings[0])
    assert any("quadrature error at T = 0.1" in text for text in found.warnings[0])
    assert estimate("sk", "mbar", 0)[0].converged[0], "witness: without the gap it converges"


@pytest.mark.parametrize(("fault", "says"), [("locked", "chains disagree"), ("short", "blocks of 10 tau"),
                                             ("drift", "drifts")])  # fmt: skip
def test_planted_failures(fault, says):
    E = instance("hopfield").draw(np.random.default_rng(1), LADDER, 4, 400)
    if fault == "locked":
        E[1, 2] = E[1, 2].min()
    elif fault == "short":
        E = np.repeat(E[..., :10], 20, axis=-1)
    else:
        E = E + np.linspace(0, 0.8, 400) * (LADDER < 1)[:, None, None]
    found = from_energies(LADDER, E, ln_z_hot=12 * np.log(2))
    assert not found.converged[0] and any(says in text for text in found.warnings[0]), found.warnings


def test_false_alarms_are_rare():
    good = [estimate("hopfield", "mbar", 500 + k, size=(4, 100), resamples=2)[0].converged[0] for k in range(100)]
    assert sum(good) >= 95


def test_blocks_of_one_measurement_would_be_too_small(monkeypatch):
    """Chains with tau = 5.5: the error of blocks of one measurement is a third of the right one."""
    E = np.repeat(instance("hopfield").draw(np.random.default_rng(3), LADDER, 4, 300), 11, axis=-1)
    right = from_energies(LADDER, E).error[0, 0]
    alone = from_energies(LADDER, E[..., ::11]).error[0, 0]
    assert right == pytest.approx(alone, rel=0.25)
    monkeypatch.setattr(free_energy, "cut", lambda T, E, q: _single(cut(T, E, q), E))
    assert from_energies(LADDER, E).error[0, 0] < 0.5 * right


def _single(blocks, E):
    import dataclasses

    from scipy.sparse import csr_array

    block = np.arange(E[0].size).reshape(E[0].shape)
    shape = (block.size, len(blocks.levels))
    counts = tuple(csr_array((np.ones(block.size), (block.ravel(), row.ravel())), shape) for row in blocks.level)
    return dataclasses.replace(blocks, block=block, counts=counts)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0, 2.0], np.zeros((2, 4, 9)), "wham"), "'wham'.*mbar, bennett, integration"),
        (([1.0, 2.0], np.zeros((3, 4, 9))), "2 temperatures"),
        (([1.0, 2.0], np.zeros((2, 4, 3))), "4 or more"),
        (([1.0, 2.0], np.full((2, 4, 9), np.nan)), "finite"),
        (([2.0, 1.0], np.zeros((2, 4, 9))), "increasing"),
        (([1.0, 2.0], np.zeros(9)), r"expected \(T, chains, measurements\)"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        from_energies(*arguments)
