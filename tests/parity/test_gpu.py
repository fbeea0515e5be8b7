"""On a real GPU: the random numbers, the trajectories and a whole task, against the CPU."""

from __future__ import annotations

import numpy as np
import pytest
from parity import sphere_trajectories as spheres
from parity import trajectories
from parity.trajectories import (
    POTENTIALS,
    RULES,
    SIZES,
    TASKS,
    different,
    diluted_problem,
    field_problem,
    force_int32,
    on_both,
    pair_problem,
    perceptron,
    run_task,
    start,
    tensor_problem,
)

from statmech import backend, random
from statmech.kernels import check, cuda, pairs_block_cuda
from statmech.random import Stream

PROBLEM = backend.gpu_problem()
pytestmark = [pytest.mark.gpu, pytest.mark.skipif(PROBLEM is not None, reason=str(PROBLEM))]


def test_known_answers():
    assert check.known_answers()["cuda"]


def test_thresholds_have_the_bits_of_numpy():
    words = random.words(2026, Stream.ACCEPT, 3, 5, np.arange(1_000_000))
    words[:4] = (0, 1, 2**31, 2**32 - 1)
    expected = np.stack(
        [random.log_words(words + 0.5), random.exponential(words), random.logistic(words)], axis=-1
    )
    assert np.array_equal(check.cuda_thresholds(words).view(np.uint64), expected.view(np.uint64))


@pytest.mark.parametrize("rule", RULES, ids="-".join)
@pytest.mark.parametrize("n", (*SIZES, 1000))
@pytest.mark.parametrize("size", [3, 2048, 30000])
@pytest.mark.parametrize("blocked", [True, False])
def test_pairs(monkeypatch, blocked, size, n, rule):
    monkeypatch.setattr(cuda.PairWalkersGPU, "blocked", blocked)
    assert different(*on_both(pair_problem(n, size), rule)) == []


@pytest.mark.parametrize("criterion", ["metropolis", "heatbath"])
def test_p_spin_of_many_chains(monkeypatch, criterion):
    monkeypatch.setattr(trajectories, "K", 40)
    on_cpu, on_gpu = on_both(tensor_problem(100, (1, 2, 3), 2048), (criterion, "sequential"))
    assert on_gpu["walkers"].blocks is not None
    assert different(on_cpu, on_gpu) == []


@pytest.mark.parametrize("criterion", ["metropolis", "heatbath"])
@pytest.mark.parametrize(("n", "replicas", "block"), [(600, 100, 256), (600, 9, 128), (2100, 8, 512)])
def test_blocks_of_many_chains(monkeypatch, n, replicas, block, criterion):
    """Tensor cores sum integers exactly, and no rough threshold decides what it cannot."""
    monkeypatch.setattr(trajectories, "K", replicas)
    monkeypatch.setattr(pairs_block_cuda, "BLOCK", block)
    on_cpu, on_gpu = on_both(pair_problem(n, 2048), (criterion, "sequential"))
    assert on_gpu["walkers"].blocks is not None
    assert different(on_cpu, on_gpu) == []


@pytest.mark.parametrize("rule", RULES, ids="-".join)
@pytest.mark.parametrize(("n", "patterns"), [(5, 3), (33, 40), (70, 300), (1000, 700)])
def test_fields(n, patterns, rule):
    assert different(*on_both(field_problem(n, patterns), rule)) == []


@pytest.mark.parametrize("rule", RULES, ids="-".join)
@pytest.mark.parametrize(("n", "orders"), [(5, (3,)), (33, (1, 2, 3)), (21, (2, 4)), (150, (3,)), (50, (4,))])
@pytest.mark.parametrize("blocked", [True, False])
def test_dense_p_spin(monkeypatch, blocked, n, orders, rule):
    monkeypatch.setattr(cuda.TensorWalkersGPU, "blocked", blocked)
    assert different(*on_both(tensor_problem(n, orders), rule)) == []


def test_dense_p_spin_of_32_bits():
    assert different(*on_both(tensor_problem(33, (3,), size=1_000_000), RULES[0])) == []


@pytest.mark.parametrize("rule", RULES, ids="-".join)
@pytest.mark.parametrize(("n", "counts"), [(5, {3: 4}), (33, {2: 900}), (1000, {1: 1000, 2: 900, 3: 2000, 4: 100})])
def test_diluted_p_spin(n, counts, rule):
    assert different(*on_both(diluted_problem(n, counts), rule)) == []


def test_fields_of_32_bits(monkeypatch):
    force_int32(monkeypatch)
    assert different(*on_both(field_problem(70, 300), RULES[0])) == []


@pytest.mark.parametrize("rule", RULES, ids="-".join)
@pytest.mark.parametrize("name", POTENTIALS)
@pytest.mark.parametrize("edges", [True, False])
def test_potentials(monkeypatch, edges, name, rule):
    monkeypatch.setattr(cuda.FieldWalkersGPU, "edges", edges)
    assert different(*on_both(POTENTIALS[name][0](), rule)) == []


@pytest.mark.parametrize("rule", RULES, ids="-".join)
@pytest.mark.parametrize("potential", ["error", "logistic"])
@pytest.mark.parametrize("inputs", ["binary", "gaussian"])
def test_a_large_perceptron(inputs, potential, rule):
    problem = perceptron(n=1001, alpha=2.5, inputs=inputs, potential=potential, r=0.1)
    assert different(*on_both(problem, rule)) == []


@pytest.mark.parametrize("name", ["error, binary", "wild"])
def test_potentials_of_32_bits(monkeypatch, name):
    force_int32(monkeypatch)
    assert different(*on_both(POTENTIALS[name][0](), RULES[0])) == []


@pytest.mark.parametrize("name", ["perceptron", "data"])
def test_stabilities(name):
    """What a perceptron measures: exact products, so the same bits on both devices, and no more on one of them."""
    model = TASKS[name][0]
    disorder, s = model.disorder([5, 6]), start(model.n)
    there = backend.to_device(s)
    for function in (model.observe, model.distribution):
        here = function(disorder, s)
        for key, values in function(disorder, there).items():
            np.testing.assert_allclose(backend.to_host(values), here[key], rtol=1e-13, atol=1e-13, err_msg=key)
    assert np.array_equal(backend.to_host(model.fields(disorder, there)), model.fields(disorder, s))


GLOBAL = {
    "pairs.cu": lambda: pair_problem(70, 30000),
    "fields.cu": lambda: field_problem(70, 300),
    "tensor.cu": lambda: tensor_problem(70, (2, 4)),
    "diluted.cu": lambda: diluted_problem(70, {3: 300}),
}


@pytest.mark.parametrize("source", GLOBAL)
def test_fields_in_global_memory(monkeypatch, source):
    monkeypatch.setattr(backend.cuda_launcher(source), "shared_limit", 0)
    assert different(*on_both(GLOBAL[source](), RULES[0])) == []


def test_real_couplings():
    """The first sweep starts from fields that another library summed: equal to rounding, same decisions."""
    on_cpu, on_gpu = on_both(pair_problem(70, dtype=np.float64), RULES[0], sweeps=(1,))
    assert np.array_equal(on_cpu["state 0"], on_gpu["state 0"])
    np.testing.assert_allclose(on_gpu["energy 0"], on_cpu["energy 0"], rtol=1e-12, atol=1e-10)


@pytest.mark.parametrize("name", [name for name in TASKS if name != "real couplings"])
def test_a_whole_task(name):
    """Spins, energies, swaps and counters are equal; observables that sum floats agree to rounding."""
    on_cpu, on_gpu = run_task(name, "cpu", 64), run_task(name, "gpu", 24, 40)
    assert on_cpu.keys() == on_gpu.keys()
    for key, values in on_cpu.items():
        if values.dtype.kind == "f":
            np.testing.assert_allclose(on_gpu[key], values, rtol=1e-12, atol=1e-12, err_msg=key)
        else:
            assert np.array_equal(on_gpu[key], values), key


@pytest.mark.parametrize("kappa", [0.0, -0.3])
@pytest.mark.parametrize(("n", "patterns"), [*spheres.SIZES, (101, 500)])
@pytest.mark.parametrize("move", spheres.MOVES)
@pytest.mark.parametrize("name", spheres.V)
def test_planes_on_the_sphere(name, move, n, patterns, kappa):
    """The same decisions as on the CPU, the numbers equal to rounding."""
    assert spheres.different(*spheres.on_both(spheres.problem(name, n, patterns, kappa), move)) == []


@pytest.mark.parametrize("kind", spheres.WALLS)
def test_flights(kind):
    assert spheres.different(*spheres.on_both(spheres.walls(kind), "fly")) == []


@pytest.mark.parametrize(("name", "move"), [("error", "circles"), ("hinge", "rotate"), ("quadratic", "circles")])
def test_a_large_sphere(name, move):
    problem = spheres.problem(name, 400, 3000)  # the examples near their walls do not fit in shared memory
    assert spheres.different(*spheres.on_both(problem, move)) == []


@pytest.mark.parametrize(("source", "move"), [("sphere.cu", "circles"), ("billiard.cu", "fly")])
def test_spheres_in_global_memory(monkeypatch, source, move):
    """The same bits, and so in a second run: sums have one order."""
    problem = spheres.problem("error", 33, 70)
    first, again = spheres.on_gpu(problem, move), spheres.on_gpu(problem, move)
    monkeypatch.setattr(backend.cuda_launcher(source), "shared_limit", 0)
    outside = spheres.on_gpu(problem, move)
    assert spheres.different(first, again, tolerance=0) == spheres.different(first, outside, tolerance=0) == []


@pytest.mark.parametrize("name", spheres.TASKS)
def test_a_whole_task_on_the_sphere(name):
    """Sixteen sweeps, in one piece and in two."""
    assert spheres.different(spheres.run_task(name, "cpu", 16), spheres.run_task(name, "gpu", 6, 10), 1e-8) == []
