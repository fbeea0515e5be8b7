"""Samplers without an invariant law: annealing ends at its target temperature, the quench in a one-flip minimum."""

from __future__ import annotations

import numpy as np
import pytest
from contract.discovery import all_models, all_samplers, unit

from statmech import Annealing, HeatBath, Hopfield, Metropolis, MonteCarlo, Pairs, Quench
from statmech.kernels import walkers

MODELS = all_models()
NOTHING = all_samplers("nothing")


class Recorder:
    """Walkers that only write down what they are asked for."""

    def __init__(self, shape):
        self.shape, self.log = shape, []

    def sweep(self, T, keys, lanes, start, sweeps, criterion, order):
        for sweep in range(start, start + sweeps):
            self.log.append((sweep, np.broadcast_to(T, self.shape)[0, :, 0].copy(), criterion, order))
        return np.zeros(self.shape, np.int64)


def temperatures(sampler, targets, pieces):
    """(sweeps, T): the temperature of every rung at every sweep."""
    shape = (1, len(targets), 2)
    recorder, state = Recorder(shape), sampler.begin(shape, np.array(targets))
    start = 0
    for n in pieces:
        sampler.run(recorder, state, np.array(targets)[None, :, None], np.zeros(1), np.zeros(1), start, n)
        start += n
    assert [row[0] for row in recorder.log] == list(range(start)), "every sweep once, in order"
    assert {row[2:] for row in recorder.log} == {(sampler.inner.criterion, sampler.inner.order)}
    return np.stack([row[1] for row in recorder.log])


def test_every_sampler_without_a_law_is_tested_here():
    assert {type(s) for s in NOTHING.values()} == {Annealing, Quench}


SCHEDULES = {
    "linear": lambda x, T: 3.0 + (T - 3.0) * x,
    "geometric": lambda x, T: (3.0 * (T / 3.0) ** x).astype(np.float32).astype(float),
    (1.0, 0.6, 0.1): lambda x, T: T + (3.0 - T) * np.array([1.0, 0.6, 0.1])[np.floor(3 * x + 1e-9).astype(int)],
}


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("inner", [Metropolis(), HeatBath("random")])
def test_annealing_follows_its_schedule_and_stays_at_its_target(schedule, inner):
    targets = (0.2, 1.1, 3.0)
    sampler = Annealing(inner, T_start=3.0, sweeps=12, schedule=schedule)
    T = temperatures(sampler, targets, [20])
    x = np.arange(12)[:, None] / 12
    np.testing.assert_allclose(T[:12], SCHEDULES[schedule](x, np.array(targets)), rtol=1e-14)
    np.testing.assert_array_equal(T[12:], np.broadcast_to(targets, (8, 3)))
    assert (T[0] == 3.0).all() and (np.diff(T, axis=0) <= 1e-12).all()
    assert (T[:12, 0] > 0.2).all(), "witness: it was warmer on the way"
    for pieces in ([1] * 20, [7, 13], [12, 8], [13, 7]):
        np.testing.assert_array_equal(temperatures(sampler, targets, pieces), T)


def test_every_factor_of_a_list_gets_its_share():
    """One factor per sweep: no factor twice, none left out, at any length."""
    for length in (3, 49, 98):
        factors = tuple(np.linspace(1, 0, length))
        T = temperatures(Annealing(T_start=2.0, sweeps=length, schedule=factors), (1.0,), [length])
        np.testing.assert_allclose(T[:, 0], 1 + np.array(factors), rtol=1e-15)


def test_annealing_of_a_ladder_reaches_zero_temperature():
    annealing = Annealing(T_start=1.5, sweeps=24)
    task = MonteCarlo(Hopfield(n=30, alpha=0.1), annealing, T=(0.0, 0.4), sweeps=64, device="cpu")
    state = task.advance(task.start(), 64)
    model, disorder = task.model, task._disorder
    assert is_minimum(model, disorder, state["random/s"][:, :1]).all()
    assert not is_minimum(model, disorder, state["random/s"][:, 1:]).all(), "witness: at T = 0.4 it is not"


def test_what_is_measured_has_cooled():
    """The shortest run that is allowed: flips that the measuring window counts happened at the target alone."""
    model, targets = Hopfield(n=60, alpha=0.1), (0.05,)
    acceptance = {}
    for length in (64, 128):  # 128: half of the window is still hot, which is what a task refuses
        annealing = Annealing(T_start=4.0, sweeps=length, schedule=(1.0,))
        task = MonteCarlo(model, Annealing(sweeps=64), targets, sweeps=128, device="cpu")
        object.__setattr__(task, "sampler", annealing)
        acceptance[length] = task.results(task.advance(task.start(), 128))["acceptance"].data.max()
    assert acceptance[64] < 0.05
    assert acceptance[128] > 0.5, "witness: an annealing that is longer is measured while hot"


@pytest.mark.parametrize(("starts", "expected"), [(("pattern", "random"), 5), (("random",), 2)])
def test_classes_that_froze_apart_are_restricted(starts, expected):
    """A quench is never short or drifting, but two classes of starts that end apart are not one state."""
    task = MonteCarlo(
        Hopfield(n=400, alpha=0.05), Quench(), T=(0.0,), starts=starts, sweeps=64, disorder=(0, 1), device="cpu"
    )
    results = task.results(task.advance(task.start(), 64))
    assert (results["status"].data == expected).all()
    assert (results["reason"].data == 0).all()
    frozen = np.ptp(results["timeseries/e"].data[..., 32:], axis=-1) == 0
    assert frozen.all(), "witness: nothing moves in the window"


def is_minimum(model, disorder, s):
    """Does no single flip lower the energy?  (D, T, K)"""
    E, lowest = model.energy(disorder, s), np.full(s.shape[:3], np.inf)
    for i in range(s.shape[-1]):
        flipped = s.copy()
        flipped[..., i] *= -1
        lowest = np.minimum(lowest, model.energy(disorder, flipped))
    return lowest >= E - 1e-9 * unit(model, disorder)


@pytest.mark.parametrize("order", ["sequential", "random"])
@pytest.mark.parametrize("name", MODELS)
def test_a_quench_ends_in_a_one_flip_minimum(name, order):
    model = MODELS[name](24)
    task = MonteCarlo(model, Quench(order), T=(0.0,), replicas=8, sweeps=64, disorder=(0, 1), device="cpu")
    begin, state = task.start(), task.advance(task.start(), 64)
    disorder = task._disorder
    assert is_minimum(model, disorder, state["random/s"]).all()
    assert not is_minimum(model, disorder, begin["random/s"]).all(), "witness: the start is no minimum"
    energy = np.diff(state["random/chain"][0], axis=-1)
    assert (energy[..., :63] <= 1e-12).all(), "the energy never rises"
    assert len(np.unique(state["random/s"].reshape(16, -1), axis=0)) > 1, "witness: not all chains end alike"
    longer = task.advance(task.start(), 32)
    if order == "sequential":
        np.testing.assert_array_equal(longer["random/s"], state["random/s"])  # a minimum is where it stays


def test_flat_directions_are_no_descent():
    """dE = 0 is not accepted at T = 0: a free spin stays."""
    J = np.zeros((3, 3), int)
    J[0, 1] = J[1, 0] = 1
    model = Pairs(J)
    s = np.array([1, 1, -1], np.int8)[None, None, None]
    w = walkers(model.problem(model.disorder([0])), s, "cpu")
    flips = w.sweep(np.array(0.0), np.array(1, np.uint64), np.array(0, np.uint64), 0, 10, "metropolis", "sequential")
    assert flips.sum() == 0
    np.testing.assert_array_equal(w.s, s)


def test_a_chain_that_stopped_early_equals_one_that_did_not():
    """The kernel leaves a chain alone after a sweep without a flip, and not a sweep earlier."""
    model, chains = Hopfield(n=150, alpha=0.2, form="pair"), np.arange(500, dtype=np.uint64)[None, None]
    disorder = model.disorder([1])
    s = model.start("random", disorder, np.full((1, 1, 500), 3, np.uint64), chains)
    results = []
    for pieces in ([50], [1] * 50, [3, 47]):
        w, start, flips = walkers(model.problem(disorder), s, "cpu"), 0, []
        for n in pieces:
            args = (np.array(0.0), np.array(9, np.uint64), chains, start, n, "metropolis", "sequential")
            flips.append(w.sweep(*args))
            start += n
        results.append((w.s, np.sum(flips, axis=0)))
        if len(pieces) == 50:
            per_sweep = np.stack(flips)[:, 0, 0]
    for end, total in results:
        np.testing.assert_array_equal(end, results[0][0])
        np.testing.assert_array_equal(total, results[0][1])
    assert ((per_sweep[:-1] == 1) & (per_sweep[1:] > 0)).any(), "witness: a sweep of one flip need not be the last"
