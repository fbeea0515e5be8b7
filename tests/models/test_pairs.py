"""The user's own couplings: energies by enumeration, QUBO, exactness and drift."""

from __future__ import annotations

import numpy as np
import pytest

from statmech import HeatBath, Ising, Metropolis, MonteCarlo, Pairs
from statmech.kernels import walkers
from statmech.kernels.chains import RESYNC


def symmetric(n, seed, values=None):
    rng = np.random.default_rng(seed)
    J = np.triu(rng.normal(size=(n, n)) if values is None else rng.choice(values, (n, n)), 1)
    return J + J.T


def all_energies(model):
    s = Ising().enumerate(model.n)
    return s, model.energy(model.disorder([0]), s[None, None])[0, 0]


@pytest.mark.parametrize("values", [None, [-2, 0, 1]])
def test_energy_by_enumeration(values):
    J, h = symmetric(6, 1, values), np.arange(6) - 2
    model = Pairs(J, h, constant=1.5)
    s, E = all_energies(model)
    for row, energy in zip(s, E, strict=True):
        direct = 1.5 - sum(h[i] * row[i] for i in range(6))
        direct -= sum(J[i, j] * row[i] * row[j] for i in range(6) for j in range(i))
        assert energy == pytest.approx(direct, abs=1e-12)
    assert (model.quantum == 1.0) == (values is not None)


@pytest.mark.parametrize("seed", range(4))
def test_qubo_energies_by_enumeration(seed):
    """x.Q x for every x = (1 + s)/2, from the energies and from the kernel's problem."""
    Q = np.random.default_rng(seed).normal(size=(7, 7))
    if seed == 3:
        Q = np.tril(np.rint(4 * Q))
    model = Pairs.from_qubo(Q)
    s, E = all_energies(model)
    x = (1 + s) // 2
    cost = np.einsum("ci,ij,cj->c", x, Q, x)
    np.testing.assert_allclose(E, cost, atol=1e-12 * np.abs(Q).sum())
    kernel = walkers(model.problem(model.disorder([0])), s[None, None], "cpu").energy[0, 0]
    np.testing.assert_allclose(kernel, cost, atol=1e-12 * np.abs(Q).sum())
    assert np.ptp(cost) > 1


def test_integers_stay_integers_and_reals_stay_reals():
    J = symmetric(4, 0, [-1, 1])
    for cast, h, exact in ((np.int8, None, True), (np.uint16, None, True), (np.float32, None, False),
                           (np.int64, np.full(4, 0.5), False)):  # fmt: skip
        model = Pairs(np.abs(J).astype(cast), h)
        assert model.quantum == (1.0 if exact else None)
        problem = model.problem(model.disorder([0, 1]))
        assert problem.J.dtype == problem.h.dtype == (np.int64 if exact else np.float64)
        assert problem.J.shape == (2, 4, 4) and problem.h.shape == (2, 4)


def test_couplings_of_every_integer_width():
    """int16 fields as long as they hold, then int32, then an error that says what to do."""
    for size, dtype in ((1_000, np.int16), (20_000, np.int32), (400_000_000, np.int32)):
        model = Pairs(symmetric(6, 3, [-size, size]))
        s, E = all_energies(model)
        w = walkers(model.problem(model.disorder([0])), s[None, None], "cpu")
        assert w.fields.dtype == dtype
        np.testing.assert_array_equal(w.energy[0, 0], E)
    big = Pairs(symmetric(6, 3, [-(2**30), 2**30]))
    with pytest.raises(ValueError, match=r"overflow 32-bit fields; divide them by a common factor.*float64"):
        walkers(big.problem(big.disorder([0])), s[None, None], "cpu")


def test_integer_and_real_couplings_of_the_same_size_run_the_same_chain():
    """Small integers are exact in floating point too: a cross-check of the two kernels."""
    J = symmetric(15, 5, [-2, -1, 1, 2])
    states = []
    for cast in (np.int64, np.float64):
        model = Pairs(J.astype(cast), np.ones(15, cast))
        d = model.disorder([0])
        s = np.ones((1, 3, 4, 15), np.int8)
        w = walkers(model.problem(d), s, "cpu")
        T = np.array([0.5, 2.0, 8.0])[None, :, None]
        w.sweep(T, np.array(5, np.uint64), np.arange(12, dtype=np.uint64).reshape(1, 3, 4), 0, 50, "heatbath", "random")
        states.append((w.s, w.energy))
    np.testing.assert_array_equal(states[0][0], states[1][0])
    np.testing.assert_array_equal(states[0][1], states[1][1])
    assert len(np.unique(states[0][0].reshape(12, 15), axis=0)) >= 5


def test_drift_of_real_couplings_is_recorded_small_and_removed():
    model = Pairs(symmetric(24, 8))
    disorder = model.disorder([0])
    w = walkers(model.problem(disorder), np.ones((1, 1, 8, 24), np.int8), "cpu")
    args = (np.array(3.0), np.array(1, np.uint64), np.arange(8, dtype=np.uint64)[None, None])
    w.sweep(*args, 0, RESYNC - 1, "metropolis", "sequential")
    assert w.drift == 0, "nothing is recorded before the first resynchronisation"
    stale = w.state()["fields"]
    w.sweep(*args, RESYNC - 1, 1, "metropolis", "sequential")
    assert 0 < w.drift < 1e-11
    np.testing.assert_allclose(w.energy, model.energy(disorder, w.s), rtol=1e-13)
    fresh = w.s[0, 0].astype(float) @ model.J
    np.testing.assert_array_equal(w.state()["fields"][:, :24], fresh)
    assert not np.array_equal(stale, w.state()["fields"])


@pytest.mark.parametrize("sampler", [Metropolis(), HeatBath("random")])
def test_real_couplings_run_in_chunks_bit_for_bit(sampler):
    task = MonteCarlo(Pairs(symmetric(9, 2)), sampler, T=(0.5, 2.0), sweeps=64, replicas=2, device="cpu")
    whole = task.advance(task.start(), 64)
    for piece in (1, 7, 30):
        state = task.start()
        while task.progress(state)[0] < 64:
            state = task.advance(state, piece)
        for key in whole:
            np.testing.assert_array_equal(state[key], whole[key], err_msg=key)


def test_samples_differ_by_their_random_numbers_only():
    task = MonteCarlo(Pairs(symmetric(9, 2)), T=(1.0,), sweeps=8, replicas=2, disorder=(0, 1), device="cpu")
    s = task.start()["random/s"]
    assert not np.array_equal(s[0], s[1])
    d = task.model.disorder(task.model.disorder_keys((0, 1), 0))
    np.testing.assert_array_equal(d["J"][0], d["J"][1])


def test_magnetisation():
    model = Pairs(symmetric(9, 2))
    s = np.random.default_rng(0).choice(np.array([-1, 1], np.int8), (2, 3, 4, 9))
    np.testing.assert_array_equal(model.observe(model.disorder([0, 1]), s)["M"], s.sum(-1) / 9)
