"""The task of ageing: pieces, blocks, families, the fluctuation-dissipation theorem, the store."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from statmech import (
    Ageing,
    BrownianDynamics,
    HeatBath,
    Hopfield,
    Metropolis,
    PSpin,
    Quench,
    Rotations,
    Sweep,
    Tempering,
)
from statmech.models.sk import SK
from statmech.problems import CustomProblem, DilutedProblem, LevelProblem, PairProblem, TensorProblem
from statmech.stats.jackknife import jackknife
from statmech.tasks.field import with_field

TASKS = {
    "sphere": Ageing(PSpin(10, 3, spins="spherical"), BrownianDynamics(dt=0.1, steps=2), T=(0.0, 0.5), t_w=(0.4, 1.0),
                     t_max=2.0, delta=0.01, replicas=3),
    "pairs": Ageing(SK(12), HeatBath(), T=(0.3, 1.2), t_w=(1, 3), t_max=10, delta=0.3, replicas=3),
    "tensor": Ageing(PSpin(10, 3), Metropolis(), T=(0.3, 1.2), t_w=(2,), t_max=10, delta=0.3, replicas=3),
    "diluted": Ageing(PSpin(12, 3, connectivity=3), HeatBath("random"), T=(0.4,), t_w=(1, 3), t_max=10, delta=0.3),
    "prepared": Ageing(SK(12), HeatBath(), T=(0.3,), t_w=(1, 3), t_max=10, delta=0.3, T_start=1.5, prepare=4),
    "quench": Ageing(SK(12), Quench(), T=(0.0,), t_w=(2,), t_max=6, delta=0.3),
    "no field": Ageing(Hopfield(n=12, alpha=0.25, form="pattern"), T=(0.4,), t_w=(1,), t_max=8, delta=0.0),
    "energy": Ageing(PSpin(12, 2), T=(0.4,), t_w=(), t_max=8, points=2),
}  # fmt: skip
TASKS = {name: dataclasses.replace(task, disorder=(0, 1), device="cpu") for name, task in TASKS.items()}


def finish(task, *pieces):
    state = task.start()
    for n in (*pieces, 10_000):
        state = dataclasses.replace(task).advance({k: np.array(v) for k, v in state.items()}, n)
    return state


def assert_same(a, b, close=False):
    assert a.keys() == b.keys()
    for name in a:
        (np.testing.assert_allclose if close else np.testing.assert_array_equal)(a[name], b[name], err_msg=name)


@pytest.mark.parametrize("name", TASKS)
def test_pieces_equal_one_go(name):
    task = TASKS[name]
    whole = finish(task)
    done, asked = task.progress(whole)
    assert done == asked == task.prepare + task.sweeps_of(task.t_max)
    for piece in (1, 2, 3, 7):
        assert_same(finish(task, *[piece] * (asked // piece)), whole)
    state = task.start()  # a task that keeps its walkers
    for _ in range(asked):
        state = task.advance(state, 1)
    assert_same(state, whole)
    assert_same(task.advance(whole, 5), whole)
    other = finish(dataclasses.replace(task, seed=1))
    assert not np.array_equal(other["e"], whole["e"]), "witness: another seed, another run"


@pytest.mark.parametrize("name", TASKS)
def test_samples_do_not_depend_on_their_block(name):
    together = TASKS[name].results(finish(TASKS[name]))
    alone = dataclasses.replace(TASKS[name], disorder=(1,))
    for key, variable in alone.results(finish(alone)).items():
        if "disorder" in variable.dims and key != "disorder":
            axis = variable.dims.index("disorder")
            part = np.take(together[key].data, [1], axis)
            np.testing.assert_allclose(part, variable.data, rtol=0 if name != "sphere" else 1e-7, err_msg=key)


@pytest.mark.parametrize("name", ["pairs", "tensor", "diluted"])
def test_a_response_follows_the_field_alone(name):
    """The system itself does not notice that a response is measured, nor how many waiting times there are."""
    task = TASKS[name]
    state = finish(task)
    silent = finish(dataclasses.replace(task, delta=0.0))
    fewer = dataclasses.replace(task, t_w=task.t_w[:1])
    np.testing.assert_array_equal(state["e"], silent["e"])
    np.testing.assert_array_equal(state["C"], silent["C"])
    shared = np.isin(task.measured, fewer.measured)
    np.testing.assert_array_equal(state["chi"][:, :1, shared], finish(fewer)["chi"])
    assert np.nanmax(np.abs(state["chi"])) > 0.1, "witness: there is a response"


@pytest.mark.parametrize("name", TASKS)
def test_values_at_t_w_and_before(name):
    task = TASKS[name]
    r = task.results(finish(task))
    assert r["e"].dims == ("T", "time", "disorder") and np.isfinite(r["e"].data).all()
    assert r["time"].data[0] == 0 and r["time"].data[-1] == pytest.approx(task.t_max)
    if not task.t_w:
        assert "C" not in r and "t_w" not in r
        return
    assert r["C"].dims == ("T", "t_w", "time", "disorder")
    for k, wait in enumerate(r["t_w"].data):
        C = r["C"].data[:, k]
        assert np.isnan(C[:, r["time"].data < wait]).all()
        np.testing.assert_allclose(C[:, r["time"].data == wait], 1.0, rtol=1e-12)
        after = C[:, r["time"].data > wait]
        assert np.isfinite(after).all() and (np.abs(after) <= 1 + 1e-12).all()
        if task.delta:
            assert (r["chi"].data[:, k, r["time"].data == wait] == 0).all()
    assert ("chi" in r) == bool(task.delta)


def test_measuring_times_are_a_geometric_row_from_every_waiting_time():
    task = Ageing(SK(8), t_w=(10, 100), t_max=1000, points=2)
    for wait in (0, 10, 100):
        found = set((task.measured - wait).tolist())
        assert {0, 1, 2, 3, 4, 7, 12, 20, 33, 55, 90, 148, 245, 403, 665} <= found
    assert len(task.measured) < 60


FDT = {
    "heat bath": (SK(24), HeatBath(), 1.3, 0.1, 16),
    "metropolis": (PSpin(24, 3, connectivity=3), Metropolis("random"), 1.2, 0.1, 16),
    "tensor": (PSpin(16, 3), HeatBath(), 1.1, 0.1, 16),
    "sphere": (PSpin(10, 3, spins="spherical"), BrownianDynamics(dt=0.1, steps=5), 1.0, 0.01, 24),
}


@pytest.mark.parametrize("name", FDT)
def test_fluctuation_dissipation_theorem_in_equilibrium(name):
    """chi = (1 - C)/T at every time, sweep by sweep, for any dynamics whose law with the field is Boltzmann's."""
    model, sampler, T, delta, samples = FDT[name]
    task = Ageing(model, sampler, T=(T,), t_w=(2,), t_max=6, delta=delta, T_start=T,
                  prepare=12, points=1, replicas=9600 // samples,
                  disorder=tuple(range(samples)), device="cpu")  # fmt: skip
    r = task.results(finish(task))
    C, chi = (r[key].data[0, 0, r["time"].data > 2] for key in ("C", "chi"))
    difference, error = jackknife(chi - (1 - C) / T, axis=-1)
    assert np.abs(difference / error).max() < 4.5
    assert error.max() < 0.08 and (1 - C.mean(-1)[-1]) / T > 0.3, "witness: the errors are small beside the response"
    wrong, error = jackknife(-chi - (1 - C) / T, axis=-1)
    assert np.abs(wrong / error).max() > 10


def test_no_field_no_response_and_twice_the_field_twice_the_displacement():
    task = TASKS["sphere"]
    chi = [finish(dataclasses.replace(task, delta=delta))["chi"] for delta in (1e-5, 2e-5, 0.5)]
    np.testing.assert_allclose(chi[0], chi[1], rtol=1e-2, atol=1e-4)
    assert np.nanmax(np.abs(chi[2] - chi[0])) > 0.01, "witness: a large field is not linear"


def test_fields_of_every_family():
    """The energy with the field, by definition; whole steps of integer couplings."""
    rng = np.random.default_rng(0)
    signs = np.array([[1, -1, 1, 1], [-1, -1, 1, -1]])
    s = rng.choice([-1, 1], (2, 1, 5, 4)).astype(np.int8)
    projection = (s * signs[:, None, None]).sum(-1)
    J = rng.integers(-3, 4, (2, 4, 4))
    pairs = PairProblem(np.triu(J, 1) + np.triu(J, 1).transpose(0, 2, 1), rng.integers(-2, 3, (2, 4)), 0.25)
    p, size = with_field(pairs, signs, 0.6)
    assert size == 0.5 and p.h.dtype.kind == "i"
    np.testing.assert_array_equal(p.h, pairs.h + 2 * signs)
    assert with_field(dataclasses.replace(pairs, J=J * 1.0, h=pairs.h * 1.0), signs, 0.6)[1] == 0.6
    tensor = TensorProblem(4, {3: rng.integers(-3, 4, (2, 4)).astype(np.int16)}, 0.1)
    p, size = with_field(tensor, signs, 0.2)
    np.testing.assert_array_equal(p.couplings[1], 2 * signs)
    p, _ = with_field(p, signs, 0.1)
    np.testing.assert_array_equal(p.couplings[1], 3 * signs)
    terms = {3: (np.array([[[0, 1, 2]]] * 2), np.ones((2, 1), np.int16))}
    p, size = with_field(DilutedProblem(4, terms, 0.1), signs, 0.3)
    p, _ = with_field(p, signs, 0.1)
    sites, J = p.terms[1]
    np.testing.assert_array_equal(sites[..., 0], [[*range(4), *range(4)]] * 2)
    np.testing.assert_array_equal(J, np.concatenate([3 * signs, signs], 1))
    p, size = with_field(CustomProblem(lambda s: 2.0 * s.sum(-1), 1.0), signs, 0.3)
    np.testing.assert_allclose(p.energy(s), 2.0 * s.sum(-1) - 0.3 * projection)
    with pytest.raises(ValueError, match=r"delta >= 0\.1"):
        with_field(tensor, signs, 0.04)
    with pytest.raises(TypeError, match="LevelProblem takes no field"):
        with_field(LevelProblem(4, np.ones(2, np.uint64), 1.0), signs, 0.1)


@pytest.mark.parametrize("name", ["sphere", "prepared"])
def test_a_sweep_stops_resumes_and_merges(name, tmp_path):
    sweep = Sweep(name.replace(" ", "_"), dataclasses.replace(TASKS[name], disorder=(0,)), samples=3, block=2)
    r = sweep.run(tmp_path / "a", executor="serial", quiet=True)
    assert r.dims("C_mean") == ("T", "t_w", "time") and r.dims("e_err") == ("T", "time")
    expected = dataclasses.replace(TASKS[name], disorder=(0, 1))
    np.testing.assert_array_equal(r["chi"][..., :2], expected.results(finish(expected))["chi"].data)
    assert r.variables["time"].attrs["long_name"] == "time since the quench"
    again = sweep.run(tmp_path / "b", executor="serial", quiet=True, part=(1, 2))
    assert again is None
    np.testing.assert_array_equal(sweep.run(tmp_path / "b", executor="serial", quiet=True)["e"], r["e"])


@pytest.mark.parametrize(("changes", "error", "says"), [
    ({"model": 3}, TypeError, "expected a statmech.Model"),
    ({"sampler": Tempering()}, TypeError, "expected a dynamics such as"),
    ({"sampler": BrownianDynamics()}, ValueError, "needs gradient, which SK lacks"),
    ({"sampler": Rotations()}, ValueError, "changes its step"),
    ({"T": ()}, ValueError, "at least one temperature"),
    ({"T": (1.0, 0.5)}, ValueError, "T = .*increasing"),
    ({"t_w": (0.2,)}, ValueError, "different numbers of sweeps"),
    ({"t_w": (3, 3.2)}, ValueError, "different numbers of sweeps"),
    ({"t_w": (10,)}, ValueError, "reaches t_max"),
    ({"points": 0}, ValueError, "points = 0.*>= 1"),
    ({"replicas": True}, ValueError, "replicas = True"),
    ({"replicas": 2**17}, ValueError, "at most"),
    ({"delta": -1.0}, ValueError, "delta = -1.0"),
    ({"T_start": 1.0}, ValueError, "prepare = 0.*sweeps to reach"),
    ({"prepare": 10}, ValueError, "infinity and none"),
    ({"disorder": (0, 0)}, ValueError, "different sample indices"),
    ({"sampler": Quench()}, ValueError, "T = \\[0\\]"),
])  # fmt: skip
def test_refusals(changes, error, says):
    with pytest.raises(error, match=says):
        Ageing(**{"model": SK(8), "T": (0.5,), "t_w": (1,), "t_max": 8, **changes})
