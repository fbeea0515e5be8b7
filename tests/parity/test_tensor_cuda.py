"""tensor.cu and diluted.cu, run by the shim, against the Numba kernels: trajectories equal bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from parity import strict_cupy
from parity.cuda_shim import noticed
from parity.trajectories import RULES, different, diluted_problem, on_both, tensor_problem

from statmech import backend
from statmech.kernels import cuda, tensor_chains, walkers
from statmech.tuples import products

DENSE = [(5, (3,)), (33, (3,)), (33, (2, 3)), (21, (1, 3, 4)), (70, (2, 3)), (9, (1,)), (12, (5,))]
SPARSE = [(5, {3: 4}), (33, {2: 900}), (70, {1: 70, 2: 100, 3: 90, 4: 20})]
PROBLEMS = {"tensor.cu": tensor_problem(40, (1, 2, 3)), "diluted.cu": diluted_problem(40, {1: 20, 3: 900, 4: 30})}


@pytest.fixture(autouse=True)
def one_warp_a_chain(monkeypatch):
    """The kernels that look at one chain alone; tensor_block.cu has its own tests."""
    monkeypatch.setattr(cuda.TensorWalkersGPU, "blocked", False)


@pytest.mark.parametrize("rule", RULES, ids="-".join)
@pytest.mark.parametrize(("n", "orders"), DENSE, ids=str)
def test_dense(shim, n, orders, rule):
    on_cpu, on_gpu = on_both(tensor_problem(n, orders), rule)
    assert different(on_cpu, on_gpu) == []
    assert np.array_equal(on_cpu["walkers"].z, on_gpu["walkers"].z)
    assert shim("tensor.cu").launches[-1][0] == "sweep_tensor_int16_int32"


@pytest.mark.parametrize("rule", RULES, ids="-".join)
@pytest.mark.parametrize(("n", "counts"), SPARSE, ids=str)
def test_diluted(shim, n, counts, rule):
    assert different(*on_both(diluted_problem(n, counts), rule)) == []
    assert shim("diluted.cu").launches[-1][0] == "sweep_diluted_int32"


def test_wide_couplings(shim):
    on_cpu, on_gpu = on_both(tensor_problem(33, (3,), size=1_000_000), RULES[3])
    assert different(on_cpu, on_gpu) == []
    assert shim("tensor.cu").launches[-1][0] == "sweep_tensor_int32_int32"


@pytest.mark.parametrize("source", PROBLEMS)
def test_fields_in_global_memory(shim, monkeypatch, source):
    in_shared = on_both(PROBLEMS[source], RULES[0])
    assert shim(source).launches[-1][1] > 0
    monkeypatch.setattr(shim(source), "shared_limit", 0)
    in_global = on_both(PROBLEMS[source], RULES[0])
    assert shim(source).launches[-1][1] == 0
    assert different(in_shared[1], in_global[1]) == different(*in_global) == []


@pytest.mark.parametrize("source", PROBLEMS)
def test_the_order_of_the_lanes_does_not_matter(shim, source):
    forwards = on_both(PROBLEMS[source], RULES[3])[1]
    shim(source).order(backwards=True)
    try:
        assert different(forwards, on_both(PROBLEMS[source], RULES[3])[1]) == []
    finally:
        shim(source).order(backwards=False)


MUTANTS = [
    ("tensor.cu", "(u32)(2 * s[i])", "(u32)s[i]", "half the change of the fields"),
    ("tensor.cu", "(u32)panel->y * (u32)products[k].y", "(u32)panel->y * (u32)products[k].x", "one index"),
    ("tensor.cu", "z[index[k]] = -z[index[k]];", ";", "the products stay"),
    ("tensor.cu", "k = starts[i] + (int)threadIdx.x", "k = starts[i] + 1 + (int)threadIdx.x", "a product stays"),
    ("tensor.cu", "sample[c] * n * width * pairs", "0 * sample[c]", "the couplings of the first sample"),
    ("diluted.cu", "(u32)J[t] * (u32)-2", "(u32)J[t] * (u32)2", "the other sign"),
    ("diluted.cu", "__syncwarp();  // every lane has read the spins", "", "the spin turns too early"),
    ("diluted.cu", "members + d * slots", "members", "the terms of the first sample"),
]


@pytest.mark.parametrize(("source", "old", "new", "what"), MUTANTS, ids=[f"{m[0]}: {m[3]}" for m in MUTANTS])
def test_a_mutant_is_noticed(mutated_shim, source, old, new, what):
    mutated_shim(source, old, new)
    assert noticed(lambda: different(*on_both(PROBLEMS[source], ("metropolis", "random"), sweeps=(3,))))


@pytest.mark.parametrize("source", PROBLEMS)
def test_arrays_stay_on_their_side(monkeypatch, source):
    """The walkers behind a wall that no array crosses unnoticed, fields computed there too."""
    from parity import cuda_shim

    if cuda_shim.SKIP:
        pytest.skip(cuda_shim.SKIP)
    problem = PROBLEMS[source]
    on_cpu = on_both_devices(problem, "cpu")
    strict_cupy.install(monkeypatch)
    for x, y in zip(on_cpu, on_both_devices(problem, "gpu"), strict=True):
        assert np.array_equal(x, y)


def on_both_devices(problem, device):
    from parity.trajectories import start

    w = walkers(problem, start(problem.n), device)
    keys, lanes = np.arange(8, dtype=np.uint64).reshape(2, 4, 1), np.arange(2, dtype=np.uint64)
    T = np.array([0.0, 5.0, 20.0, np.inf])[None, :, None]
    flips = w.sweep(T, keys, lanes, 0, 3, "heatbath", "sequential")
    fields, E = w._synchronise()
    host = backend.to_host
    return flips, w.energy, host(w.fields), host(w.s), host(fields), host(E), w.state()["s"]


def test_products_on_the_device(monkeypatch):
    strict_cupy.install(monkeypatch)
    s = np.array([[1, -1, 1, -1, -1]], np.int8)
    for p in range(4):
        assert np.array_equal(products(backend.to_device(s), p).get(), products(s, p))


def test_the_gpu_is_asked_for_its_memory(monkeypatch, shim):
    monkeypatch.setattr(shim("tensor.cu"), "free_memory", lambda: 2**18)
    monkeypatch.setattr(tensor_chains, "aligned", None)
    with pytest.raises(MemoryError, match="largest that fits"):
        on_both_gpu_only()


def on_both_gpu_only():
    from parity.trajectories import KINDS, start

    problem = tensor_problem(70, (2, 3))
    return KINDS["tensor"][1](problem, start(70))
