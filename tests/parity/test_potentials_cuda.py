"""The potentials of fields.cu, run by the shim, against the Numba kernel: trajectories equal bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from parity import strict_cupy, trajectories
from parity.trajectories import POTENTIALS, RULES, binary, different, on_both, run_task, wild

from statmech import Perceptron, backend
from statmech.kernels import cuda
from statmech.kernels.fields import form
from statmech.problems import FieldProblem, Lookup


@pytest.fixture(autouse=True)
def one_warp_a_chain(monkeypatch):
    """The kernels that look at every field; edges.cu has its own tests."""
    monkeypatch.setattr(cuda.FieldWalkersGPU, "edges", False)


@pytest.mark.parametrize("rule", RULES, ids="-".join)
@pytest.mark.parametrize("name", POTENTIALS)
def test_equal_trajectories(shim, name, rule):
    problem, kernel = POTENTIALS[name]
    on_cpu, on_gpu = on_both(problem(), rule, sweeps=(1, 1))
    assert different(on_cpu, on_gpu) == []
    assert shim("fields.cu").launches[-1][0] == f"sweep_fields_{kernel}"


@pytest.mark.parametrize("name", ["error, binary", "wild"])
def test_equal_trajectories_in_32_bits_and_global_memory(shim, monkeypatch, name):
    problem = POTENTIALS[name][0]()
    in_16_bits = on_both(problem, RULES[3], sweeps=(1,))[1]
    trajectories.force_int32(monkeypatch)
    monkeypatch.setattr(shim("fields.cu"), "shared_limit", 0)
    on_cpu, on_gpu = on_both(problem, RULES[3], sweeps=(1,))
    assert shim("fields.cu").launches[-1] == (f"sweep_fields_{POTENTIALS[name][1][:-2]}32", 0)
    assert different(on_cpu, on_gpu) == []
    assert np.array_equal(in_16_bits["state 0"], on_gpu["state 0"])


@pytest.mark.parametrize("name", POTENTIALS)
def test_the_trajectories_are_worth_comparing(shim, name):
    """Some flips are accepted, some not; energies are those of the definition, and the potential is used all over."""
    problem = POTENTIALS[name][0]()
    run = on_both(problem, RULES[2], sweeps=(2,))[1]
    s, n = run["state 0"].astype(int), problem.xi.shape[-1]
    h = np.einsum("dmi,dtki->dtkm", problem.xi.astype(int), s)
    V = problem.potential
    E = (V(h) if isinstance(V, Lookup) else h <= V.threshold).sum(-1)
    assert np.array_equal(run["energy 0"], E * problem.scale)
    warm = run["accepted 0"][:, 1:3]
    if name in ("all are errors", "none is an error"):
        assert (problem.xi.shape[1] * (name == "all are errors") == E).all()
        return
    assert (warm > 0).all() and (warm < 2 * n).any() and len(np.unique(E)) > min(8, problem.xi.shape[1])
    if isinstance(V, Lookup) and V.shift:
        assert name in ("hinge, binary", "matched") or ((h - V.low) & ((1 << V.shift) - 1)).any()  # between knots


def test_a_quench_of_the_error_stops_at_its_minimum(shim):
    """T = 0, sequential: a flip that changes nothing is refused, and then the chain stands still."""
    problem = FieldProblem(binary(17, 60), potential=trajectories.Step(1))
    on_cpu, on_gpu = on_both(problem, ("metropolis", "sequential"), sweeps=(8, 2))
    assert different(on_cpu, on_gpu) == []
    assert (on_gpu["accepted 1"][:, 0] == 0).all() and on_gpu["accepted 0"][:, 0].max() > 4


def test_the_order_of_the_lanes_does_not_matter(shim):
    for name in ("error, binary", "wild"):
        forwards = on_both(POTENTIALS[name][0](), RULES[3], sweeps=(1,))[1]
        shim("fields.cu").order(backwards=True)
        try:
            assert different(forwards, on_both(POTENTIALS[name][0](), RULES[3], sweeps=(1,))[1]) == []
        finally:
            shim("fields.cu").order(backwards=False)


def test_the_padding_counts(shim, monkeypatch):
    """Without its large fields the padding would be taken for errors: 33 patterns stand in rows of 64."""

    class Unpadded(cuda.FieldWalkersGPU):
        def _synchronise(self):
            M, E = super()._synchronise()
            M[:, self.form.patterns :] = 0
            return M, E

    problem = FieldProblem(binary(17, 33), potential=trajectories.Step(1))
    padded = trajectories.trajectory(cuda.FieldWalkersGPU, problem, RULES[0], sweeps=(1,))
    assert (padded["fields 0"][:, 33:] == np.iinfo(np.int16).max).all()
    without = trajectories.trajectory(Unpadded, problem, RULES[0], sweeps=(1,))
    assert different(padded, without) != []


MUTANTS = [
    ("error at a margin", "<= threshold;", "< threshold;", "the threshold is off by one"),
    ("error at a margin", "difference(i, H + total)", "difference(i, H)", "the energy is that of the last sweep"),
    ("error at a margin", "(Sum sum, int, i64 energy) const { return sum - energy; }\n};\n\n/// V(M) by",
     "(Sum sum, int, i64) const { return sum; }\n};\n\n/// V(M) by", "energy for energy difference"),
    ("error, large gaussian", "return M + step * xi", "return (short)M + step * xi", "fields are cut to 16 bits"),
    ("hinge, binary", "if (mu >= patterns) return 0;", "", "the padding costs V(0)"),
    ("hinge, gaussian", "M + step * xi) - (u32)low", "M + xi) - (u32)low", "the spin does not count"),
    ("logistic", "+ ((knot[1] - left) * rest >> shift)", "", "the table is not interpolated"),
    ("wild", "* rest >> shift", "* rest / (1 << shift)", "negative products are rounded up"),
    ("wild", "typedef i64 Sum;", "typedef int Sum;", "sums of 32 bits"),
    ("wild at every integer", "const i64 left = knot[0]", "const i64 left = knot[1]", "the knot to the right"),
    ("wild", "fields.x[e] += change * xi.x[e];", "", "the fields stay"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "what"), MUTANTS, ids=[mutant[3] for mutant in MUTANTS])
def test_a_mutant_is_noticed(mutated_shim, name, old, new, what):
    mutated_shim("fields.cu", old, new)
    on_cpu, on_gpu = on_both(POTENTIALS[name][0](), ("metropolis", "random"), sweeps=(2,))
    assert different(on_cpu, on_gpu) != []


def test_a_table_that_is_too_short_is_refused():
    """On a GPU it would read the memory of others."""
    V = wild(33, 3)
    problem = FieldProblem(binary(33, 4), potential=V)
    assert form(problem, 33).shift == 3
    for other in (Lookup(V.table[:-2], V.low, 3), Lookup(V.table, V.low + 1, 3), Lookup(V.table.astype(int), V.low, 3)):
        with pytest.raises(ValueError, match=r"fields reach \+-33"):
            form(FieldProblem(binary(33, 4), potential=other), 33)


@pytest.mark.parametrize("inputs", ["binary", "gaussian", "data"])
def test_stabilities_on_the_device(monkeypatch, inputs):
    """What Perceptron measures has the same bits on both devices, also where TF32 would round the inputs."""
    model = {
        "binary": Perceptron(n=41, alpha=1.5),
        "gaussian": Perceptron(n=41, alpha=1.5, inputs="gaussian", r=0.2),
        "data": trajectories.TASKS["data"][0],
    }[inputs]
    disorder = model.disorder([5, 6])
    s = trajectories.start(41)
    strict_cupy.install(monkeypatch)
    there = backend.to_device(s)
    for function in (model.observe, model.distribution):
        here = function(disorder, s)
        for name, values in function(disorder, there).items():
            assert isinstance(values, strict_cupy.ndarray), name
            assert np.array_equal(values.get(), here[name]) and values.dtype == here[name].dtype, name
    if inputs == "data":  # the test can fail: float32 factors lose digits on this device
        xi = disorder["xi"][0].astype(np.float32)
        assert np.abs(xi).max() > 2048
        product = backend.to_device(s[0, 0].astype(np.float32)) @ backend.to_device(xi.T)
        assert not np.array_equal(product.get(), s[0, 0].astype(np.float32) @ xi.T)


@pytest.mark.parametrize("name", ["perceptron", "data"])
def test_a_whole_task_has_something_to_compare(monkeypatch, name):
    """Errors, overlaps and histograms of the run that test_a_whole_task compares are neither constant nor empty."""
    state = run_task(name, "cpu", 16)
    measured = state["random/chain"][..., :8]
    assert all(len(np.unique(values)) > 4 for values in measured)
    assert state["random/acc_P_stability"].any()
