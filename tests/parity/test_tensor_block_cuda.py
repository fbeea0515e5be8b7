"""tensor_block.cu, run by the shim, against the CPU: trajectories equal bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from parity import strict_cupy, trajectories
from parity.trajectories import KINDS, RULES, different, on_both, run_task, start, tensor_problem

from statmech.backend import to_host

CPU, GPU = KINDS["tensor"]
SEQUENTIAL = [rule for rule in RULES if rule[1] == "sequential"]
WIDE = "constexpr float MARGIN = 1.5e-5f;", "constexpr float MARGIN = 0.5f;"


@pytest.mark.parametrize("rule", SEQUENTIAL, ids="-".join)
@pytest.mark.parametrize(("n", "orders"), [(5, (3,)), (16, (3,)), (33, (1, 3)), (40, (1, 2, 3)), (50, (2, 3))], ids=str)
def test_equal_trajectories(shim, n, orders, rule):
    before = len(shim("tensor.cu").launches)
    on_cpu, on_gpu = on_both(tensor_problem(n, orders), rule)
    assert different(on_cpu, on_gpu) == []
    assert np.array_equal(on_cpu["walkers"].z, on_gpu["walkers"].z)
    assert shim("tensor_block.cu").launches[-1][0] == "next_sweep"
    assert len(shim("tensor.cu").launches) == before
    flips = on_gpu["accepted 0"][:, 1:3]
    assert (flips > 0).all() and (flips < 3 * n).all()


def test_many_chains(shim, monkeypatch):
    """Of 40 chains of a sample the last eight go in a warp that is not full."""
    monkeypatch.setattr(trajectories, "K", 10)
    on_cpu, on_gpu = on_both(tensor_problem(33, (2, 3)), SEQUENTIAL[0])
    assert different(on_cpu, on_gpu) == []
    assert len(np.unique(on_gpu["state 1"].reshape(-1, 33), axis=0)) > 70


@pytest.mark.parametrize("rule", SEQUENTIAL, ids="-".join)
def test_rough_thresholds_never_decide_what_they_cannot(mutated_shim, rule):
    mutated_shim("tensor_block.cu", *WIDE)
    assert different(*on_both(tensor_problem(33, (3,), 3), rule)) == []


def test_the_true_thresholds_are_the_ones_that_decide(mutated_shim):
    """Witness of the wide margin above: with it a wrong true threshold shows."""
    mutated_shim("tensor_block.cu", "ceil(chain.theta * xi / 2)", "floor(chain.theta * xi / 2) - 1", also=WIDE)
    assert different(*on_both(tensor_problem(33, (3,), 3), SEQUENTIAL[0])) != []


def test_orders_in_turn(shim):
    """Spins, products and fields are up to date whoever swept last."""
    problem, runs = tensor_problem(21, (2, 3)), []
    parent = np.array([[[1, 1]] * 4, [[0, 0]] * 4])
    for kind in (CPU, GPU):
        walkers, out = kind(problem, start(21)), []
        keys, lanes = np.arange(8, dtype=np.uint64).reshape(2, 4, 1), np.arange(2, dtype=np.uint64)[None, None]
        for turn, order in enumerate(("sequential", "random", "sequential", "sequential", "random")):
            walkers.sweep(trajectories.T * trajectories.unit(problem), keys, lanes, 3 * turn, 3, "metropolis", order)
            if turn == 2:
                walkers.select(parent)
            if turn != 3:
                out += [to_host(walkers.s).copy(), to_host(walkers.fields).copy(), to_host(walkers.z).copy()]
            out += [walkers.energy]
        runs.append(out)
    assert [k for k, (a, b) in enumerate(zip(*runs)) if not np.array_equal(a, b)] == []


def test_who_goes_in_blocks(shim, monkeypatch):
    """Terms of two and three spins that half precision has, sums that single precision has, enough chains, memory."""

    def blocks(problem, chains=slice(None)):
        return GPU(problem, start(problem.n)[:, chains]).blocks is not None

    assert blocks(tensor_problem(20, (1, 2, 3), 2048))
    assert not blocks(tensor_problem(20, (2, 4)))
    assert not blocks(tensor_problem(20, (1, 2)))
    assert not blocks(tensor_problem(20, (3,), 3000))
    assert not blocks(tensor_problem(20, (3,)), slice(0, 1))
    assert not blocks(tensor_problem(200, (3,), 2048))  # fields beyond 2^24
    monkeypatch.setattr(shim("tensor.cu"), "free_memory", lambda: 2**19)
    assert not blocks(tensor_problem(20, (3,)))


def test_a_whole_task(monkeypatch, shim):
    on_cpu = run_task("dense p-spin", "cpu", 16)
    strict_cupy.install(monkeypatch)
    on_gpu = run_task("dense p-spin", "gpu", 6, 10)
    assert [key for key in on_cpu if not np.array_equal(on_cpu[key], on_gpu[key])] == []


MUTANTS = [
    ("coupling[r], f[r]);", "G[(size_t)(TILE * q + r) * stride], f[r]);", "couplings stay as before the tile"),
    ("for (int p = 0; p < q; ++p)", "for (int p = 0; p + 1 < q; ++p)", "the last flip does not count"),
    ("__syncwarp();  // the couplings are there", "//", "no barrier before couplings are read"),
    ("^ sign) : 0", ") : 0", "flips to one side alone"),
    ("entry % 2 ? 0x80000000u : 0x8000u", "0x8000u", "an even spin turns for an odd one"),
    ("row[k] = now;", "", "the products stay"),
    ("(unsigned short)(is_down ^ flips)", "(unsigned short)is_down", "spins keep their old signs"),
    ("TILE * tile) * padded", "0 * tile) * padded", "the fields of the first tile"),
    ("(size_t)sample * tiles + tile) * 1024", "(size_t)tile) * 1024", "the couplings of the first sample"),
]


@pytest.mark.parametrize(("old", "new", "what"), MUTANTS, ids=[m[2] for m in MUTANTS])
def test_a_mutant_is_noticed(mutated_shim, old, new, what):
    mutated_shim("tensor_block.cu", old, new)
    assert different(*on_both(tensor_problem(40, (2, 3)), SEQUENTIAL[0], sweeps=(3,))) != []
