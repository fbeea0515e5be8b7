"""pairs.cu and fields.cu, run by the shim, against the Numba kernels: trajectories equal bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from parity import strict_cupy, trajectories
from parity.cuda_shim import noticed
from parity.trajectories import (
    RULES,
    SIZES,
    TASKS,
    different,
    field_problem,
    on_both,
    pair_problem,
    run_task,
)

from statmech import Hopfield, MonteCarlo, backend
from statmech.kernels import chains, cuda

PAIRS = {
    "int16": pair_problem,
    "int32": lambda n: pair_problem(n, size=30000),
    "float64": lambda n: pair_problem(n, dtype=np.float64),
}


@pytest.fixture(autouse=True)
def one_warp_a_chain(monkeypatch):
    """The kernels that look at one chain alone; pairs_block.cu has its own tests."""
    monkeypatch.setattr(cuda.PairWalkersGPU, "blocked", False)


@pytest.mark.parametrize("rule", RULES, ids="-".join)
@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("dtype", PAIRS)
def test_pairs(shim, dtype, n, rule):
    on_cpu, on_gpu = on_both(PAIRS[dtype](n), rule)
    assert on_gpu["walkers"].fields.dtype == dtype
    assert different(on_cpu, on_gpu) == []
    assert shim("pairs.cu").launches[-1][0] == f"sweep_pairs_{dtype}"


@pytest.mark.parametrize("rule", RULES, ids="-".join)
@pytest.mark.parametrize(("n", "patterns"), [(5, 3), (33, 1), (33, 40), (70, 300)])
def test_fields(shim, n, patterns, rule):
    on_cpu, on_gpu = on_both(field_problem(n, patterns), rule, sweeps=(2, 1))
    assert different(on_cpu, on_gpu) == []
    assert shim("fields.cu").launches[-1][0] == "sweep_fields_quadratic_int16"


@pytest.mark.parametrize("rule", RULES, ids="-".join)
def test_fields_of_32_bits(shim, monkeypatch, rule):
    trajectories.force_int32(monkeypatch)
    on_cpu, on_gpu = on_both(field_problem(33, 40), rule, sweeps=(2, 1))
    assert different(on_cpu, on_gpu) == []
    assert shim("fields.cu").launches[-1][0] == "sweep_fields_quadratic_int32"


def test_the_trajectories_are_worth_comparing(shim):
    """Samples, temperatures, replicas, rules and pieces all differ: equality is not equality of constants."""
    runs = {rule: on_both(pair_problem(33), rule)[1] for rule in RULES}
    for rule, run in runs.items():
        s, accepted = run["state 1"].reshape(-1, 33), run["accepted 1"].reshape(-1)
        assert len(np.unique(s, axis=0)) == len(s)
        assert (accepted.reshape(2, 4, 2)[:, 1:] > 0).all()
        assert not np.array_equal(run["state 0"], run["state 1"])
        if rule == ("metropolis", "sequential"):
            assert (run["accepted 0"][:, -1] == 3 * 33).all()  # T = infinity: every proposal is accepted
    for a in RULES:
        for b in RULES:
            assert a == b or not np.array_equal(runs[a]["state 1"], runs[b]["state 1"])


def test_a_quench_stops_at_its_minimum(shim):
    """T = 0, sequential: once nothing flips nothing will, on both devices alike."""
    on_cpu, on_gpu = on_both(pair_problem(70), ("metropolis", "sequential"), sweeps=(25, 2))
    assert different(on_cpu, on_gpu) == []
    cold = on_gpu["accepted 1"][:, 0]
    assert (cold == 0).all() and (on_gpu["accepted 0"][:, 0] > 0).all()
    s, f = on_gpu["state 1"][:, 0], on_gpu["fields 1"].reshape(2, 4, 2, -1)[:, 0, :, :70]
    assert (s * f >= 0).all()  # every spin is aligned with its field


def test_couplings_whose_double_overflows(shim):
    """|J| of almost 2^31: 2 J does not fit in 32 bits, the fields do."""
    problem = pair_problem(3)
    J = np.zeros((2, 3, 3), np.int64)
    J[:, 0, 1] = J[:, 1, 0] = 2**31 - 9
    problem = type(problem)(J, np.zeros((2, 3), np.int64), 1.0)
    on_cpu, on_gpu = on_both(problem, ("heatbath", "random"), sweeps=(10, 10))
    assert on_gpu["walkers"].fields.dtype == np.int32
    assert on_gpu["accepted 1"].sum() > 0
    assert different(on_cpu, on_gpu) == []


@pytest.mark.parametrize(
    ("source", "problem"), [("pairs.cu", pair_problem(70)), ("fields.cu", field_problem(33, 40))]
)
def test_fields_in_global_memory(shim, monkeypatch, source, problem):
    """Rows that do not fit in shared memory give the same numbers."""
    in_shared = on_both(problem, RULES[0])
    assert shim(source).launches[-1][1] > 0
    monkeypatch.setattr(shim(source), "shared_limit", 0)
    in_global = on_both(problem, RULES[0])
    assert shim(source).launches[-1][1] == 0
    assert different(in_shared[1], in_global[1]) == different(*in_global) == []


@pytest.mark.parametrize(
    ("source", "problem"), [("pairs.cu", pair_problem(33)), ("fields.cu", field_problem(33, 40))]
)
def test_the_order_of_the_lanes_does_not_matter(shim, source, problem):
    """No lane relies on another one having run first: the barriers are where they must be."""
    forwards = on_both(problem, RULES[3])[1]
    shim(source).order(backwards=True)
    try:
        assert different(forwards, on_both(problem, RULES[3])[1]) == []
    finally:
        shim(source).order(backwards=False)


MUTANTS = [
    ("pairs.cu", "2 * s[i]);", "1 * s[i]);", "half the change of the fields"),
    ("pairs.cu", "return 2 * (Energy)s[i]", "return (Energy)s[i]", "half the energy difference"),
    ("pairs.cu", "if (threadIdx.x == 0) s[i] = -s[i];", "", "the spin stays"),
    ("pairs.cu", "__syncwarp();  // every lane has read s[i] and f[i]", "", "no barrier before the flip"),
    ("pairs.cu", "(double)dE < threshold", "(double)dE <= threshold", "ties are accepted"),
    ("pairs.cu", "ACCEPT = 4", "ACCEPT = 6", "another stream of random numbers"),
    ("pairs.cu", "d.start + t", "d.start", "every sweep the same numbers"),
    ("pairs.cu", "first / 4 + threadIdx.x", "threadIdx.x", "the numbers of the first 128 proposals again"),
    ("pairs.cu", "d.heatbath ? logistic", "!d.heatbath ? logistic", "the other criterion"),
    ("pairs.cu", "sample[c] * n * packs", "0 * sample[c]", "the couplings of the first sample"),
    ("pairs.cu", "if (row != home)", "if (row == home)", "fields are not given back"),
    ("fields.cu", "return -2 * s[i];", "return -s[i];", "half the change of the overlaps"),
    ("fields.cu", "- patterns)", ")", "the self-coupling stays in"),
    ("fields.cu", "int step = 16;", "int step = 8;", "half the lanes are summed"),
    ("fields.cu", "__syncwarp();  // every lane has read s[i]", "", "no barrier before the flip"),
]


@pytest.mark.parametrize(("source", "old", "new", "what"), MUTANTS, ids=[f"{m[0]}: {m[3]}" for m in MUTANTS])
def test_a_mutant_is_noticed(mutated_shim, source, old, new, what):
    mutated_shim(source, old, new)
    problem = pair_problem(140) if source == "pairs.cu" else field_problem(17, 300)
    assert noticed(lambda: different(*on_both(problem, ("metropolis", "random"), sweeps=(2,))))


def test_float_fields_are_resynchronised_alike(shim, monkeypatch):
    """The schedule is one for both devices, whatever the pieces."""
    monkeypatch.setattr(chains, "RESYNC", 4)
    on_cpu, on_gpu = on_both(pair_problem(33, dtype=np.float64), RULES[0], sweeps=(3, 7))
    assert different(on_cpu, on_gpu) == []
    assert (on_cpu["walkers"].drift == on_gpu["walkers"].drift).all()
    assert (on_cpu["walkers"].drift > 0).all()
    monkeypatch.setattr(chains, "RESYNC", 1024)
    assert different(on_cpu, on_both(pair_problem(33, dtype=np.float64), RULES[0], sweeps=(3, 7))[1]) != []


@pytest.mark.parametrize("name", TASKS)
def test_a_whole_task(shim, monkeypatch, name):
    """Device "gpu" end to end, behind a wall that no array crosses unnoticed: the same state, resumed too."""
    on_cpu = run_task(name, "cpu", 16)
    strict_cupy.install(monkeypatch)
    on_gpu = run_task(name, "gpu", 6, 10)
    assert on_cpu.keys() == on_gpu.keys()
    assert [key for key in on_cpu if on_cpu[key].dtype != on_gpu[key].dtype] == []
    assert [key for key in on_cpu if not np.array_equal(on_cpu[key], on_gpu[key])] == []
    assert name != "tempering" or on_gpu["random/sampler/acc_swaps"].sum() > 0


def test_observables_of_the_user_get_numpy(shim, monkeypatch):
    """A function that mixes the configurations with the disorder knows nothing of devices."""

    def first(model, disorder, s):
        return (s * disorder["xi"][:, None, None, 0]).mean(-1)

    def task(device):
        return MonteCarlo(Hopfield(n=40, alpha=0.1), sweeps=16, observables={"first": first}, device=device)

    on_cpu = task("cpu").advance(task("cpu").start(), 16)
    strict_cupy.install(monkeypatch)
    on_gpu = task("gpu").advance(task("gpu").start(), 16)
    assert np.array_equal(on_cpu["random/chain"], on_gpu["random/chain"])


def test_the_wall_stops_what_cupy_would_stop():
    """Without this the test above could pass with arrays on the wrong device."""
    cupy = strict_cupy.module()
    there, here = cupy.asarray(np.arange(6.0)), np.arange(6)
    for crossing in (
        lambda: np.asarray(there),
        lambda: there + here,
        lambda: here * there,
        lambda: there[here],
        lambda: np.take_along_axis(there, here, 0),
        lambda: cupy.einsum("i,i->", there, here),
    ):
        with pytest.raises(TypeError, match=r"device array|\.get\(\)"):
            crossing()
    assert np.array_equal((2 * there + 1)[1:].get(), 2 * here[1:] + 1.0)


@pytest.mark.parametrize("samples", [1, 4])
def test_a_gpu_without_room_says_what_to_do(monkeypatch, shim, samples):
    """CuPy's error names bytes; ours says what they were for."""
    strict_cupy.install(monkeypatch)

    class OutOfMemoryError(Exception):
        """As cupy.cuda.memory.OutOfMemoryError is called."""

    def full(_):
        raise OutOfMemoryError("Out of memory allocating 1,024 bytes")

    monkeypatch.setattr(backend, "to_device", full)
    task = MonteCarlo(Hopfield(n=40, alpha=0.1), sweeps=16, disorder=tuple(range(samples)), device="gpu")
    words = r"smaller blocks \(block = 2\), fewer" if samples > 1 else r"\): use fewer"
    with pytest.raises(MemoryError, match=rf"{samples} samples with 1 x 4 chains of 40 spins .* GiB are free.*{words}"):
        task.advance(task.start(), 16)
