"""The task Enumeration against sums written out, in pieces, and against sampling."""

from __future__ import annotations

import numpy as np
import pytest

from statmech import REM, SK, Enumeration, Hopfield, MinimallyFrustrated, MonteCarlo, Pairs, Sweep, Tempering
from statmech.stats.autocorrelation import mean_error
from statmech.tasks import enumeration, series

T = (0.15, 0.4, 0.9, 3.0)
J = np.triu(np.random.default_rng(3).normal(0, 0.4, (9, 9)), 1)
MODELS = {
    "levels": REM(n=9),
    "levels, native": MinimallyFrustrated(n=9, gap=0.9),
    "pairs": Hopfield(n=9, alpha=0.4),
    "degenerate": Hopfield(n=8, alpha=0.25),
    "real couplings": Pairs(J + J.T, np.linspace(-0.1, 0.1, 9)),
}


def finish(task, *pieces):
    state = task.start()
    for n in (*pieces, 10**9):
        state = task.advance(state, n)
    return task.results(state)


def direct(model, key):
    """Everything from the definition of the energy and a sum over all configurations."""
    disorder = model.disorder([key])
    s = model.space.enumerate(model.n)[None, None]
    E = model.energy(disorder, s)[0, 0]
    out = {"e_0": E.min() / model.n, "degeneracy": np.isclose(E, E.min(), rtol=0, atol=1e-9).sum()}
    values = {name: x[0, 0] for name, x in model.observe(disorder, s).items()}
    for name in ("lnZ", "e", "f", "s", "c", "Y", "q", "q2", *values):
        out[name] = np.zeros(len(T))
    for t, x in enumerate(T):
        p = np.exp(-(E - E.min()) / x)
        lnZ = np.log(p.sum()) - E.min() / x
        p /= p.sum()
        e = p @ E / model.n
        row = {"lnZ": lnZ, "e": e, "f": -x * lnZ / model.n, "c": (p @ E**2 - (p @ E) ** 2) / model.n / x**2}
        row |= {"q": ((p @ s[0, 0]) ** 2).mean(), "q2": p @ ((s[0, 0] @ s[0, 0].T.astype(int)) / model.n) ** 2 @ p}
        row |= {"s": -p[p > 0] @ np.log(p[p > 0]) / model.n, "Y": p @ p}
        for name, value in (row | {k: p @ v for k, v in values.items()}).items():
            out[name][t] = value
    return out


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("overlap", [False, True])
@pytest.mark.parametrize("blocks", [1, 8])
def test_against_the_definition(name, blocks, overlap, monkeypatch):
    model = MODELS[name]
    monkeypatch.setattr(enumeration, "BLOCK", 2**model.n // blocks)
    monkeypatch.setattr(enumeration, "LEVEL_BLOCK", 2**model.n // blocks)
    task = Enumeration(model, T, (0, 5), overlap=overlap)
    assert task.progress(task.start()) == (0, 2 * blocks)
    found = finish(task)
    for d, key in enumerate(model.disorder_keys((0, 5), 0)):
        for quantity, value in direct(model, key).items():
            if quantity in ("q", "q2") and not overlap:
                assert quantity not in found
                continue
            np.testing.assert_allclose(found[quantity].data[..., d], value, rtol=1e-9, atol=1e-9, err_msg=quantity)
    if name == "degenerate":
        assert (found["degeneracy"].data >= 2).all(), "witness: the spins can be reversed"


def test_pieces_equal_one_go(monkeypatch):
    monkeypatch.setattr(enumeration, "LEVEL_BLOCK", 64)
    task = Enumeration(REM(n=9), T, disorder=(0, 1))
    whole, pieces = finish(task), finish(task, 1, 5, 3)
    for name, variable in whole.items():
        np.testing.assert_array_equal(variable.data, pieces[name].data)
    half = task.results(task.advance(task.start(), 9))
    assert np.isfinite(half["e"].data[:, 0]).all() and np.isnan(half["e"].data[:, 1]).all()


def test_very_low_temperatures_neither_overflow_nor_vanish(monkeypatch):
    monkeypatch.setattr(enumeration, "LEVEL_BLOCK", 64)
    r = finish(Enumeration(REM(n=14), (1e-3, 1e-2)))
    assert np.isfinite([r[name].data for name in ("lnZ", "e", "f", "s", "c", "Y")]).all()
    np.testing.assert_allclose(r["e"].data[0], r["e_0"].data, atol=1e-12)


def test_a_sweep_of_enumerations(tmp_path):
    sweep = Sweep("rem", Enumeration(REM(n=8), T), grid={"model.n": [6, 8]}, samples=6, block=3)
    results = sweep.run(tmp_path, executor="serial", quiet=True)
    assert results.dims("Y_mean") == ("n", "T") and (results["Y_err"] > 0).all()
    np.testing.assert_allclose(results["e_mean"], results["e"].mean(-1))


def test_the_identity_of_sk_on_the_disorder_mean():
    """e = -(b/2)(1 - <q^2>) for Gaussian couplings at any n, not sample by sample; with half of <q^2> it fails."""
    task = Enumeration(SK(n=8), T, overlap=True, disorder=tuple(range(400)))
    r = finish(task)
    e, q2, b = r["e"].data, r["q2"].data, 1 / np.array(T)[:, None]

    def z(share):
        x = e + 0.5 * b * (1 - share * q2)
        return x.mean(1) / (x.std(1) / 20)

    assert (np.abs(z(1.0)) < 3.5).all() and (np.abs(z(0.5)) > 5).all()
    assert (e + 0.5 * b * (1 - q2)).std(1)[1] > 0.2, "witness: one sample does not obey it"


def deviations(n, sweeps, *, factor=1.0, replicas=32, exchange=4, ladder=(0.35, 0.5, 0.7, 1.0, 1.6)):
    """(simulated <E> - exact)/error per sample and temperature, by tempering; factor != 1: T wrong by it."""
    model = REM(n=n)
    exact = finish(Enumeration(model, ladder, disorder=(0, 1)))["e"].data.T
    every = max(1, sweeps // 1024)
    heated = tuple(x * factor for x in ladder)
    task = MonteCarlo(model, Tempering(every=exchange), heated, replicas=replicas, sweeps=sweeps, measure_every=every,
                      disorder=(0, 1), device="cpu")  # fmt: skip
    state = task.advance(task.start(), sweeps)
    bins, _ = series.window(state["random/chain"], sweeps // every)
    value, error = mean_error(bins[task._meter.chain_observables.index("e")])
    status = task.results(state)["status"].data
    return (value - exact) / error, status


def test_tempering_samples_the_law_of_the_same_instance():
    z, status = deviations(10, 8192)
    assert np.abs(z).max() < 4 and (status == 2).all(), (z, status)


@pytest.mark.slow
@pytest.mark.parametrize(("n", "sweeps"), [(16, 2**18), (20, 2**20)])
def test_tempering_of_larger_instances(n, sweeps):
    ladder = (0.35, 0.45, 0.55, 0.65, 0.8, 1.0, 1.3, 2.0)
    z, status = deviations(n, sweeps, replicas=4, exchange=16, ladder=ladder)
    assert np.abs(z).max() < 4.5 and (status == 2).mean() > 0.5, (z, status)


def test_a_wrong_temperature_is_noticed():
    z, _ = deviations(10, 8192, factor=1.05)
    assert np.abs(z).max() > 6
