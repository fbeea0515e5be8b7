"""Compiled measurements leave what `Meter.measure` leaves, bit for bit, for every model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from contract.discovery import all_models

from statmech import SK, Hopfield, Metropolis, Model, Tempering
from statmech.kernels import bits
from statmech.samplers.run import Run
from statmech.spaces.ising import Ising
from statmech.tasks import record
from statmech.tasks.measure import Meter
from statmech.tasks.record import Recorder, SpinRecorder, recorder, targets
from statmech.tasks.series import BINS

MODELS = all_models()


class Still:
    """Walkers that are given their configurations and energies."""

    def __init__(self, s, energy):
        self.s, self.energy = s, energy


def measured(kind, model, indices, replicas=4, own=None, rungs=None, energy=None):
    """The accumulators after measurements of random spins, walkers at random rungs."""
    rng, D, R = np.random.default_rng(7), 2, 5
    disorder = model.disorder(model.disorder_keys((0, 3), 1))
    meter = Meter(model, disorder, own or {})
    sampler = Tempering()
    T = np.linspace(1, 2, R)
    state = sampler.begin((D, R, replicas), T) | ({"asked": np.array(rungs)} if rungs else {})
    begun = meter.begin(np.empty((D, len(rungs) if rungs else R, replicas, model.n), np.int8))
    w = Still(np.ones((D, R, replicas, model.n), np.int8), np.zeros((D, R, replicas)))
    run = Run(sampler, w, state, T, np.zeros((D, 1, 1), np.uint64), np.zeros(1))
    recording = kind(meter, begun, run)
    for index in indices:
        w.s[...] = np.where(rng.random(w.s.shape) < rng.random((D, R, replicas, 1)), 1, -1)
        w.energy[...] = rng.normal(size=w.energy.shape) if energy is None else energy
        state["rung"][...] = np.argsort(rng.random(state["rung"].shape), axis=1)
        recording.measure(index)
    recording.close()
    return begun


def same(a, b):
    return a.keys() == b.keys() and all(a[k].dtype == b[k].dtype and a[k].tobytes() == b[k].tobytes() for k in a)


@pytest.mark.parametrize("n", [12, 30, 64, 77])
@pytest.mark.parametrize("name", MODELS)
def test_every_model(name, n):
    model = MODELS[name](n)
    for replicas in (1, 4, 5):
        fast, slow = (measured(kind, model, range(11), replicas) for kind in (SpinRecorder, Recorder))
        assert same(fast, slow)
        assert (np.ptp(fast["chain"][..., :11], axis=(-1, -2)) > 0).any(), "witness: something was measured"


def test_bins_merge_and_runs_begin_and_end_anywhere():
    for indices in (range(3, 20), range(BINS - 3, BINS + 40), range(2 * BINS - 1, 2 * BINS + 2)):
        fast, slow = (measured(kind, SK(20), indices, 3) for kind in (SpinRecorder, Recorder))
        assert same(fast, slow)


def test_temperatures_asked_for_and_observables_of_the_user():
    own = {"first": lambda model, disorder, s: s[..., 0] * s.mean((1, 2, 3))[:, None, None]}
    fast, slow = (measured(kind, SK(20), range(20), 4, own, [0, 3]) for kind in (SpinRecorder, Recorder))
    assert same(fast, slow) and fast["chain"].shape[2] == 2 and fast["chain"][3].any()


@pytest.mark.parametrize("n", [1, 5, 63, 64, 65, 128, 200])
def test_bits_of_spins(n):
    s = np.random.default_rng(n).choice(np.array([-1, 1], np.int8), (6, n))
    rows = np.array([5, 0, 3]).reshape(1, 3, 1)
    out = np.full((1, 3, 1, -(-n // 64)), 77, np.uint64)
    bits.pack(s, rows, out)
    np.testing.assert_array_equal(out[0, :, 0], record.bits_of(s[[5, 0, 3]][:, None])[:, :, 0])
    unpacked = np.unpackbits(out.view(np.uint8), axis=-1, bitorder="little")[0, :, 0]
    np.testing.assert_array_equal(unpacked[:, :n], s[[5, 0, 3]] < 0)
    assert not unpacked[:, n:].any()


def test_mutants_are_noticed(monkeypatch):
    """Targets of another sample, replicas in another order, a histogram one bin off."""
    model = Hopfield(n=20, alpha=0.2)
    right = measured(Recorder, model, range(9))

    def rolled(model, disorder):
        return np.roll(targets(model, disorder), 1, axis=0)

    with monkeypatch.context() as patch:
        patch.setattr(record, "targets", rolled)
        assert not same(measured(SpinRecorder, model, range(9)), right)
    with monkeypatch.context() as patch:
        patch.setattr(Run, "chains", property(lambda run: np.arange(40).reshape(2, 5, 4)))
        assert not same(measured(SpinRecorder, model, range(9)), right)
    with monkeypatch.context() as patch:
        patch.setattr(record, "shares", lambda q, n: (np.full(n + 1, 7), np.zeros(n + 1, np.int64)))
        assert not same(measured(SpinRecorder, model, range(9)), right)
    assert same(measured(SpinRecorder, model, range(9)), right)


def test_only_what_is_known_is_counted_in_bits():
    @dataclass(frozen=True)
    class Own(SK):
        def observe(self, disorder, s):
            return {"M": 2 * super().observe(disorder, s)["M"]}

    @dataclass(frozen=True)
    class Copy(Ising):
        pass

    model = Own(20)
    assert targets(model, {}) is None and targets(SK(20), {"J": np.zeros((2, 1, 1))}) is not None
    found = {cls: measured(SpinRecorder, cls(20), range(8))["chain"] for cls in (SK, Own)}
    np.testing.assert_array_equal(found[Own][2], 2 * found[SK][2])
    run = Run(Metropolis(), Still(np.ones((1, 1, 1, 20), np.int8), np.zeros((1, 1, 1))), {}, *[np.zeros(1)] * 3)
    meter = Meter(SK(20), SK(20).disorder([1]), {})
    begun = meter.begin(run.walkers.s)
    assert type(recorder(meter, begun, run)) is SpinRecorder
    run.walkers.s = run.walkers.s.astype(float)
    assert type(recorder(meter, begun, run)) is Recorder
    other = type("SK", (SK,), {"space": Copy()})(20)
    run.walkers.s = run.walkers.s.astype(np.int8)
    assert type(recorder(Meter(other, meter.disorder, {}), begun, run)) is Recorder


def test_an_energy_that_is_not_a_number():
    for kind in (Recorder, SpinRecorder):
        with pytest.raises(ValueError, match="energy of SK is NaN"):
            measured(kind, SK(20), range(1), energy=np.nan)


def test_a_model_without_targets_has_none():
    assert Model.targets(SK(4), {}) is None and Model.observe_overlaps(SK(4), np.zeros((1, 1, 1, 0), np.int64)) == {}
