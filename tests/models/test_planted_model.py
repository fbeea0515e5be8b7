"""The planted p-spin model: the signal in the couplings, starts, overlaps."""

from __future__ import annotations

from math import factorial, prod

import numpy as np
import pytest

from statmech import Planted, PSpin
from statmech.kernels import walkers
from statmech.models import couplings as draws
from statmech.tuples import products

N = 12
KINDS = [(2, "ising"), (3, "ising"), (4, "ising"), (2, "spherical"), (3, "spherical")]


def drawn(model, samples=2, seed=1):
    return model.disorder(model.disorder_keys(tuple(range(samples)), seed))


def gauged(model, samples):
    """Couplings in physical units times s*..s* (D, M)."""
    disorder = drawn(model, samples)
    unit = model.quantum or 1.0
    return disorder["J"] * unit * np.stack([products(s, model.p) for s in disorder["signal"]]), disorder


@pytest.mark.parametrize(("p", "spins"), KINDS)
def test_couplings_have_the_mean_and_variance_of_signal_and_noise(p, spins):
    J0, D = 1.5, 300
    model = Planted(N, p=p, spins=spins, signal=J0)
    mean, sigma = J0 * factorial(p) / N ** (p - 1), np.sqrt(factorial(p) / (2 * N ** (p - 1)))
    along, disorder = gauged(model, D)
    energy = -model.energy(disorder, np.asarray(disorder["signal"])[:, None, None])[:, 0, 0] / N
    exact = J0 * prod(1 - k / N for k in range(p))
    error = energy.std() / np.sqrt(D)
    if spins == "ising":
        assert abs(along.mean() - mean) < 4 * sigma / np.sqrt(along.size)
        assert abs(along.std() / sigma - 1) < 4 / np.sqrt(2 * along.size)
        assert abs(energy.mean() - exact) < 4 * error
    else:  # on the sphere the sum over different sites of s*^2 .. s*^2 fluctuates with s*
        noise = disorder["J"] - mean * np.stack([products(s, p) for s in disorder["signal"]])
        assert abs(noise.mean()) < 4 * sigma / np.sqrt(noise.size)
        assert abs(noise.std() / sigma - 1) < 4 / np.sqrt(2 * noise.size)
    other = np.roll(disorder["signal"], 1, axis=0)
    blind = -model.energy(disorder, other[:, None, None].astype(model.space.dtype))[:, 0, 0] / N
    assert abs(blind.mean() - exact) > 4 * error, "witness: the signal of another sample is no better than chance"


@pytest.mark.parametrize("p", [2, 3])
def test_without_signal_it_is_the_p_spin_glass_gauged(p):
    along, disorder = gauged(Planted(N, p=p, signal=0.0), 3)
    keys = PSpin(N, p=p).disorder_keys((0, 1, 2), 1)
    glass = PSpin(N, p=p).disorder(keys)[f"J{p}"] * draws.sigma(N, p) / 256
    np.testing.assert_allclose(along, glass, rtol=1e-12)
    assert not np.allclose(disorder["J"] * draws.sigma(N, p) / 256, glass), "witness: s* is not all up"


@pytest.mark.parametrize(("p", "spins"), KINDS)
def test_samples_and_signals_are_shared_by_all_strengths(p, spins):
    weak, strong = (Planted(N, p=p, spins=spins, signal=x) for x in (0.5, 2.0))
    assert weak.disorder_keys((0, 1), 3) == strong.disorder_keys((0, 1), 3) == PSpin(N).disorder_keys((0, 1), 3)
    a, b = drawn(weak), drawn(strong)
    np.testing.assert_array_equal(a["signal"], b["signal"])
    assert a["signal"].shape == (2, N) and not np.array_equal(a["signal"][0], a["signal"][1])
    np.testing.assert_allclose((a["signal"].astype(float) ** 2).sum(1), N)
    step = gauged(strong, 2)[0] - gauged(weak, 2)[0]
    size = np.stack([products(s.astype(float), p) for s in a["signal"]]) ** 2
    rounding = (strong.quantum or 0.0) + 1e-12
    np.testing.assert_allclose(step, (strong.mean - weak.mean) * size, atol=rounding)


def test_strong_signals_leave_sixteen_bits():
    model = Planted(4, p=2, signal=400.0)
    J = drawn(model)["J"]
    assert J.dtype == np.int32 and np.abs(J * model.quantum).min() == pytest.approx(model.mean, rel=0.02)


@pytest.mark.parametrize(("p", "spins"), KINDS)
def test_energy_by_problem_and_overlaps(p, spins):
    model = Planted(N, p=p, spins=spins)
    disorder = drawn(model)
    one = np.ones((2, 3, 1), np.uint64)
    s = model.start("random", disorder, one * np.array([5, 6], np.uint64)[:, None, None], np.arange(4, dtype=np.uint64))
    np.testing.assert_allclose(walkers(model.problem(disorder), s, "cpu").energy, model.energy(disorder, s), atol=1e-10)
    out = model.observe(disorder, s)
    m = (s * disorder["signal"][:, None, None, :]).sum(-1) / N
    np.testing.assert_allclose(out["m"], m, atol=1e-14)
    np.testing.assert_array_equal(out["m_abs"], np.abs(out["m"]))
    assert model.verdict == (("e", "m_abs", "q2") if p % 2 == 0 else ("e", "m", "q2"))


@pytest.mark.parametrize("spins", ["ising", "spherical"])
def test_planted_starts(spins):
    model = Planted(300, p=2, spins=spins)
    disorder, lanes = drawn(model), np.arange(50, dtype=np.uint64)[None, None]
    keys = np.array([[[3]], [[4]]], np.uint64)
    for name, expected in (("planted", 1.0), ("planted:0.1", 0.8), ("planted:1", -1.0)):
        s = model.start(name, disorder, keys, lanes)
        m = model.observe(disorder, s)["m"]
        assert s.shape == (2, 1, 50, 300) and s.dtype == model.space.dtype
        assert abs(m.mean() - expected) < (4 * 0.06 / np.sqrt(50) if name == "planted:0.1" else 1e-12), name
