"""A run in pieces, a run from its checkpoint and a run that was extended equal a run in one go, bit for bit."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from contract.discovery import all_models, all_samplers, ladder

from statmech import Hopfield, Metropolis, MonteCarlo, Tempering
from statmech.kernels import walkers
from statmech.kernels.chains import RESYNC
from statmech.tasks import series

MODELS = {k: b for k, b in all_models().items() if k != "Pairs-int32"}
SAMPLERS = all_samplers()
BOTH = ("random", "pattern:0.3")


def task_of(model, sampler, sweeps, **kwargs):
    starts = tuple(name for name in BOTH if name.partition(":")[0] in model.starts)
    return MonteCarlo(model, sampler, **{"T": ladder(sampler), "starts": starts, "replicas": 2, "disorder": (0, 1),
                                         **kwargs}, sweeps=sweeps, device="cpu")  # fmt: skip


def through(task, pieces, state=None):
    """Advance piece by piece, every time with a task that knows nothing but its fields and the stored arrays."""
    state = task.start() if state is None else state
    for piece in pieces:
        state = dataclasses.replace(task).advance({k: np.array(v) for k, v in state.items()}, piece)
    return state


def assert_equal(a, b):
    assert a.keys() == b.keys()
    for key in a:
        np.testing.assert_array_equal(a[key], b[key], err_msg=key)
        assert a[key].dtype == b[key].dtype, key


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("model", MODELS)
def test_every_uniform_chunking_equals_one_go(model, sampler):
    task = task_of(MODELS[model](12), SAMPLERS[sampler], 12)
    whole = through(task, [12])
    assert task.progress(whole) == (12, 12)
    for piece in (1, 2, 3, 5, 7, 11):
        assert_equal(through(task, [piece] * -(-12 // piece)), whole)
    other = through(dataclasses.replace(task, seed=1), [12])
    assert any(not np.array_equal(other[k], whole[k]) for k in whole), "witness: another seed, another run"


@pytest.mark.parametrize("every", [1, 2])
def test_all_compositions_of_eight_sweeps_equal_one_go(every):
    """2^7 ways to cut the run, exchanges included."""
    task = task_of(Hopfield(n=12, alpha=0.25), Tempering(Metropolis(), every=every), 8, starts=("random",))
    whole = through(task, [8])
    for cuts in itertools.chain.from_iterable(itertools.combinations(range(1, 8), k) for k in range(8)):
        assert_equal(through(task, np.diff([0, *cuts, 8]).tolist()), whole)


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("model", MODELS)
def test_extension_to_four_times_the_length_equals_a_long_run(model, sampler):
    short = task_of(MODELS[model](12), SAMPLERS[sampler], 8)
    long = dataclasses.replace(short, sweeps=32)
    done = through(short, [8])
    assert_equal(through(long, [24], done), through(long, [32]))
    assert short.progress(done) == (8, 8)
    assert_equal(short.advance(done, 5), done)  # a finished run stays as it is


@pytest.mark.parametrize("sampler", ["Metropolis-random", "Tempering-metropolis"])
def test_extension_merges_bins_as_a_long_run_does(sampler):
    """From 512 measurements, one per bin, to 2048, four per bin."""
    n = series.BINS
    short = task_of(
        Hopfield(n=12, alpha=0.25), SAMPLERS[sampler], n, disorder=(0,), T=(0.3, 0.9), starts=("random",)
    )  # fmt: skip
    long = dataclasses.replace(short, sweeps=4 * n)
    whole = through(long, [4 * n])
    extended = through(long, [7, 3 * n - 7], through(short, [n // 2 + 2, n]))
    assert_equal(extended, whole)
    assert series.bin_length(2048) == 4 and series.bin_length(512) == 1, "witness: bins did merge"
    counts = whole["random/acc_P_q"].sum(-1)
    assert (counts == 2048 // 2 * short.model.n).all(), "histograms cover the last half, and nothing else"


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_measuring_less_often_samples_the_same_chain(sampler):
    model, sampler = Hopfield(n=12, alpha=0.25), SAMPLERS[sampler]
    often, seldom = (through(task_of(model, sampler, 24, measure_every=m), [24]) for m in (1, 3))
    for key in often:
        if key.endswith("/s"):
            np.testing.assert_array_equal(often[key], seldom[key])
        if key.endswith("/chain"):
            np.testing.assert_array_equal(often[key][..., 2:24:3], seldom[key][..., :8])


def test_floating_point_runs_resume_with_their_rounding_history():
    """Cached fields travel in the state; they are re-synchronised at fixed sweeps, so cuts leave no trace."""
    model = MODELS["Pairs-float"](12)
    task = MonteCarlo(model, Metropolis(), T=(0.5, 1.5), replicas=2, sweeps=2 * RESYNC, measure_every=128, device="cpu")
    whole = through(task, [2 * RESYNC])
    assert_equal(through(task, [128, 896, 384, 640]), whole)
    assert_equal(through(task, [640, 1408]), whole)
    drift = task.results(whole)["numerics/drift"]
    assert drift.dims == ("T", "disorder", "start")
    np.testing.assert_array_equal(drift.data, np.broadcast_to(whole["random/drift"], (2, 1, 1)))
    assert (drift.data > 0).all() and (drift.data < 1e-12).all()
    disorder = model.disorder(model.disorder_keys((0,), 0))
    w = walkers(model.problem(disorder), whole["random/s"], "cpu")
    assert not np.array_equal(w.state()["fields"], through(task, [RESYNC - 128])["random/fields"])
    w.sweep(np.array(1.5), np.array(1, np.uint64), np.array(0, np.uint64), 0, RESYNC, "metropolis", "sequential")
    assert (w.drift > 0).all() and (w.drift < 1e-12).all(), f"rounding of {RESYNC} sweeps, recorded: {w.drift}"


def test_a_walker_leaves_the_configurations_it_was_given():
    model = Hopfield(n=12, alpha=0.25)
    disorder = model.disorder([1])
    s = np.ones((1, 1, 1, 12), np.int8)
    w = walkers(model.problem(disorder), s, "cpu")
    w.sweep(np.array(np.inf), np.array(1, np.uint64), np.array(0, np.uint64), 0, 1, "heatbath", "sequential")
    assert (s == 1).all() and (w.s != 1).any()


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("sampler", ["Metropolis-random", "Tempering-metropolis"])
def test_one_task_that_keeps_its_walkers_equals_one_that_knows_nothing(model, sampler, monkeypatch):
    """Couplings are laid out once for a run in pieces, and again for any other state than the one left."""
    import statmech.kernels

    built = []
    monkeypatch.setattr(statmech.kernels, "walkers", lambda *args: built.append(1) or walkers(*args))
    task = task_of(MODELS[model](12), SAMPLERS[sampler], 16)
    fresh = [through(task, [n]) for n in (5, 11, 16)]
    built.clear()
    states = [task.start()]
    for n in (5, 6, 5):
        states.append(task.advance(states[-1], n))
    assert len(built) == len(task.starts)
    for kept, expected in zip(states[1:], fresh, strict=True):
        assert_equal(kept, expected)
    assert_equal(task.advance(states[1], 6), fresh[1])  # back to an older state
    assert len(built) == 2 * len(task.starts)
