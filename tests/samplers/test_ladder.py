"""The bookkeeping of tempering: temperatures move, walkers stay, and everything is counted by rung."""

from __future__ import annotations

import numpy as np
import pytest

from statmech import HeatBath, Hopfield, Metropolis, MonteCarlo, Tempering

LADDER = np.array([0.3, 0.5, 0.8, 1.3])
KEYS = np.array([[[1]], [[2]]], np.uint64)


class Recorder:
    """Walkers with scripted energies that write down the temperatures they are run at."""

    def __init__(self, shape, energy):
        self.shape, self.script, self.log = shape, energy, []

    def sweep(self, T, keys, lanes, start, sweeps, criterion, order):
        self.log += [(sweep, np.broadcast_to(T, self.shape).copy()) for sweep in range(start, start + sweeps)]
        return np.full(self.shape, sweeps, np.int64) * np.arange(self.shape[1])[None, :, None]  # flips by walker

    @property
    def energy(self):
        return self.script[len(self.log)]


def scripted(sampler, sweeps, pieces=None, seed=0):
    """Run on random energies; returns the temperatures of all walkers at all sweeps, the rungs, and the state."""
    shape = (2, 4, 3)
    energy = np.random.default_rng(seed).normal(0, 3, (sweeps + 1, *shape))
    walkers, state = Recorder(shape, energy), sampler.begin(shape, LADDER)
    rungs, start = [state["rung"].copy()], 0
    for n in pieces or [1] * sweeps:
        sampler.run(walkers, state, LADDER[None, :, None], KEYS, np.zeros(1), start, n)
        start += n
        rungs.append(state["rung"].copy())
    return np.stack([T for _, T in walkers.log]), np.stack(rungs), state, energy


@pytest.mark.parametrize("every", [1, 3])
def test_walkers_run_at_the_temperature_of_their_rung(every):
    T, rungs, _, _ = scripted(Tempering(Metropolis(), every=every), 60)
    np.testing.assert_array_equal(T, LADDER[rungs[:-1]])
    assert (np.sort(rungs, axis=2) == np.arange(4)[None, None, :, None]).all(), "always a permutation"
    moved = (np.diff(rungs, axis=0) != 0).any(axis=(1, 2, 3))
    assert moved.any() and not moved[[i for i in range(60) if (i + 1) % every]].any(), "only after every-th sweeps"
    assert np.abs(np.diff(rungs, axis=0)).max() == 1, "to a neighbouring rung at most"


@pytest.mark.parametrize("every", [1, 3])
def test_pieces_do_not_matter(every):
    whole = scripted(Tempering(HeatBath(), every=every), 24, [24])
    for pieces in ([1] * 24, [5, 19], [2, 3, 4, 15]):
        T, _, state, _ = scripted(Tempering(HeatBath(), every=every), 24, pieces)
        np.testing.assert_array_equal(T, whole[0])
        for key in state:
            np.testing.assert_array_equal(state[key], whole[2][key], err_msg=key)


def test_counters_by_direct_bookkeeping():
    """Attempts, swaps, journeys and flow, recomputed from the path of the rungs."""
    sweeps = 80
    _, rungs, state, _ = scripted(Tempering(), sweeps)
    attempts, swaps = np.zeros((2, 3, 3)), np.zeros((2, 3, 3))
    trips, cold, hot = np.zeros((2, 3)), np.zeros((2, 4, 3)), np.zeros((2, 4, 3))
    visited = np.where(rungs[0] == 0, -1, np.where(rungs[0] == 3, 1, 0))
    for turn in range(1, sweeps + 1):
        before, after = rungs[turn - 1], rungs[turn]
        attempts[:, turn % 2 :: 2] += 1
        for d in range(2):
            for k in range(3):
                for w in range(4):
                    if after[d, w, k] == before[d, w, k] + 1:
                        swaps[d, before[d, w, k], k] += 1
                    if after[d, w, k] == 0:
                        trips[d, k] += visited[d, w, k] == 1
                        visited[d, w, k] = -1
                    if after[d, w, k] == 3:
                        visited[d, w, k] = 1
                    cold[d, after[d, w, k], k] += visited[d, w, k] == -1
                    hot[d, after[d, w, k], k] += visited[d, w, k] == 1
    counted = {"attempts": attempts, "swaps": swaps, "trips": trips, "from_cold": cold, "from_hot": hot}
    for key, value in counted.items():
        np.testing.assert_array_equal(state[f"acc_{key}"], value, err_msg=key)
        assert value.any(), f"witness: {key} happened"
    assert (swaps < attempts).any()
    flips = np.zeros((2, 4, 3))
    for before in rungs[:-1]:  # walker w flips w spins a sweep, at the rung it has before the exchange
        for w in range(4):
            d, k = np.ogrid[:2, :3]
            flips[d, before[:, w], k] += w
    np.testing.assert_array_equal(state["acc_flips"], flips)


def test_arrange_sorts_walkers_by_rung():
    sampler = Tempering()
    _, _, state, _ = scripted(sampler, 31)
    assert not (state["rung"] == np.arange(4)[None, :, None]).all()
    np.testing.assert_array_equal(sampler.arrange(state, state["rung"])[0, :, 0], np.arange(4))
    values = np.random.default_rng(1).normal(size=(2, 4, 3, 5))
    arranged = sampler.arrange(state, values)
    for d in range(2):
        for k in range(3):
            for w in range(4):
                np.testing.assert_array_equal(arranged[d, state["rung"][d, w, k], k], values[d, w, k])


def test_measurements_are_filed_under_their_temperature():
    """The recorded energy of rung t is that of the walker at rung t, which moved at temperature T_t."""
    model = Hopfield(n=30, alpha=0.2)
    task = MonteCarlo(model, Tempering(HeatBath()), T=tuple(LADDER), replicas=2, sweeps=32, device="cpu")
    state, exchanged = task.start(), 0
    for sweep in range(32):
        state = task.advance(state, 1)
        rung = state["random/sampler/rung"]
        E = model.energy(task._disorder, state["random/s"]) / 30
        by_rung = np.empty_like(E)
        np.put_along_axis(by_rung, rung.astype(int), E, axis=1)
        np.testing.assert_allclose(state["random/chain"][0, ..., sweep], by_rung, atol=1e-13)
        exchanged += (rung != np.arange(4)[None, :, None]).any()
    assert exchanged > 10, "witness: walkers left their rungs"


def test_equal_energies_always_exchange_and_hopeless_ones_never_do():
    sampler = Tempering()
    for energy, swaps in ((0.0, True), (1e6, False), (-1e6, True)):
        state = sampler.begin((1, 2, 50), LADDER[[0, 3]])
        E = np.stack([np.zeros(50), np.full(50, energy)])[None]  # the hot walker's energy is higher: no exchange
        sampler.exchange(state, E, LADDER[[0, 3]], np.array([[[5]]], np.uint64), 2)
        assert (state["acc_swaps"] == swaps).all() and (state["rung"][0, 0] == swaps).all()


def test_an_infinite_temperature_may_be_a_rung():
    task = MonteCarlo(Hopfield(n=20, alpha=0.1), Tempering(HeatBath()), T=(0.5, 2.0, np.inf), sweeps=64, device="cpu")
    state = task.advance(task.start(), 64)
    assert state["random/sampler/acc_swaps"].sum() > 0 and np.isfinite(state["random/chain"]).all()
