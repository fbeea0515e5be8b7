"""pairs_block.cu, run by the shim, against the CPU: trajectories equal bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from parity import strict_cupy, trajectories
from parity.cuda_shim import compiled, noticed
from parity.trajectories import KINDS, RULES, different, on_both, pair_problem, run_task, start, trajectory

from statmech.backend import to_host
from statmech.kernels import cuda, pairs_block_cuda
from statmech.problems import PairProblem

CPU, GPU = KINDS["pairs"]
SEQUENTIAL = [rule for rule in RULES if rule[1] == "sequential"]


@pytest.mark.parametrize("rule", SEQUENTIAL, ids="-".join)
@pytest.mark.parametrize("size", [3, 2048])
@pytest.mark.parametrize("n", [5, 16, 33, 70])
def test_equal_trajectories(shim, n, size, rule):
    before = len(shim("pairs.cu").launches)
    on_cpu, on_gpu = on_both(pair_problem(n, size), rule)
    assert different(on_cpu, on_gpu) == []
    assert shim("pairs_block.cu").launches[-1][0] == "next_sweep"
    assert len(shim("pairs.cu").launches) == before


@pytest.mark.parametrize("rule", SEQUENTIAL, ids="-".join)
@pytest.mark.parametrize("n", [64, 100])
def test_many_blocks(shim, monkeypatch, n, rule):
    """Whole ones, and a last one that is not; the other blocks reach a block by the matrix product alone."""
    monkeypatch.setattr(pairs_block_cuda, "BLOCK", 32)
    on_cpu, on_gpu = on_both(pair_problem(n, 2000), rule)
    assert different(on_cpu, on_gpu) == []
    assert sum(name == "settle_pairs" for name, _ in shim("pairs_block.cu").launches[-9:]) >= 6


@pytest.mark.parametrize("replicas", [8, 10])
def test_many_chains(shim, monkeypatch, replicas):
    """32 chains of a sample fill a warp; of 40 the last eight go in a warp that is not full."""
    monkeypatch.setattr(trajectories, "K", replicas)
    on_cpu, on_gpu = on_both(pair_problem(33, 2000), SEQUENTIAL[0])
    assert different(on_cpu, on_gpu) == []
    assert len(np.unique(on_gpu["state 1"].reshape(-1, 33), axis=0)) > 7 * replicas


ROUGH = "constexpr float MARGIN = 1.5e-5f;"
THRESHOLD = "theta * (-ln2 * log2)"


@pytest.mark.parametrize("rule", SEQUENTIAL, ids="-".join)
@pytest.mark.parametrize(
    ("old", "new"), [(ROUGH, "constexpr float MARGIN = 0.5f;"), (THRESHOLD, "theta * (-ln2 * log2 + 5e-6f)")]
)
def test_rough_thresholds_never_decide_what_they_cannot(mutated_shim, old, new, rule):
    """With a wide margin nearly every decision is made again with the true threshold; errors below it do not show."""
    mutated_shim("pairs_block.cu", old, new)
    for size in (3, 2000):
        assert different(*on_both(pair_problem(70, size), rule)) == []


def test_rough_thresholds_are_as_good_as_the_margin_says():
    """Single precision against double, all the way to the ends of the words; xi on the CPU of a GPU may differ, so a
    third of the margin is left for it."""
    from statmech import random

    words = np.concatenate([2 ** np.arange(32.0) - 1, 2**32 - 2 ** np.arange(32.0), np.arange(0, 2**32, 65537.0)])
    scale, ln2 = np.float32(2.3283064e-10), np.float32(0.69314718)

    def log2(x):
        return np.log2((x.astype(np.float32) + np.float32(0.5)) * scale)

    word = words.astype(np.uint64)
    exponential, logistic = -ln2 * log2(word), -ln2 * (log2(2**32 - 1 - word) - log2(word))
    assert np.abs(exponential - random.exponential(word)).max() < 1e-5
    assert np.abs(logistic - random.logistic(word)).max() < 1e-5


def test_fields_up_to_the_largest(shim):
    """Strong fields beside weak ones at a high temperature: dE up to 2^25, thresholds above and below."""
    J = pair_problem(40, 2000).J
    h = trajectories.integers(2, n=40, low=-(2**24) + 90000, high=2**24 - 90000)
    problem = PairProblem(J, h, 1.0)
    for rule in SEQUENTIAL:
        on_cpu, on_gpu = on_both(problem, rule, sweeps=(4, 3))
        assert on_gpu["walkers"].blocks is not None
        assert different(on_cpu, on_gpu) == []


@pytest.mark.parametrize("family", ["pairs", "tensor"])
def test_nothing_is_worked_out_between_sweeps(shim, monkeypatch, family):
    """Spins and fields stay with the blocks until somebody asks for them."""
    problem = {"pairs": pair_problem(33), "tensor": trajectories.tensor_problem(20, (3,))}[family]
    walkers = KINDS[family][1](problem, start(trajectories.size(problem)))
    keys, lanes = np.arange(8, dtype=np.uint64).reshape(2, 4, 1), np.arange(2, dtype=np.uint64)[None, None]
    taken, real = [], type(walkers.blocks).take
    monkeypatch.setattr(type(walkers.blocks), "take", lambda *args: taken.append(1) or real(*args))
    for turn in range(3):
        walkers.sweep(trajectories.T * trajectories.unit(problem), keys, lanes, turn, 1, *SEQUENTIAL[0])
        assert walkers.energy.shape == (2, 4, 2)
    assert len(taken) == 1
    walkers.spins[...] = -walkers.spins
    walkers.sweep(trajectories.T * trajectories.unit(problem), keys, lanes, 3, 1, *SEQUENTIAL[0])
    assert len(taken) == 2, "witness: whoever asks may change them"


def test_orders_in_turn(shim):
    """Fields and spins are up to date whoever swept last: blocks, single chains, or the user who selected chains."""
    problem, runs = pair_problem(33, 2000), []
    for kind in (CPU, GPU):
        walkers, out = kind(problem, start(33)), []
        keys = np.arange(8, dtype=np.uint64).reshape(2, 4, 1)
        lanes = np.arange(2, dtype=np.uint64)[None, None]
        parent = np.array([[[1, 1]] * 4, [[0, 0]] * 4])
        for turn, order in enumerate(("sequential", "random", "sequential", "sequential", "random")):
            T = trajectories.T * trajectories.unit(problem)
            walkers.sweep(T, keys, lanes, 3 * turn, 3, "metropolis", order)
            if turn == 2:
                walkers.select(parent)
            if turn != 3:
                out += [to_host(walkers.s).copy(), to_host(walkers.fields).copy()]
            out += [walkers.energy, walkers.state()["s"]]
        runs.append(out)
    assert [k for k, (a, b) in enumerate(zip(*runs)) if not np.array_equal(a, b)] == []


def test_a_quench_stops_at_its_minimum(shim, monkeypatch):
    """T = 0: once nothing flips in any chain no sweep is launched."""
    monkeypatch.setattr(trajectories, "T", np.zeros((1, 4, 1)))
    launches, T = shim("pairs_block.cu").launches, np.zeros((1, 4, 1))
    before = len(launches)
    on_cpu, on_gpu = on_both(pair_problem(33), SEQUENTIAL[0], sweeps=(500,))
    assert different(on_cpu, on_gpu) == []
    assert 2 < [name for name, _ in launches[before:]].count("next_sweep") < 50
    before = len(launches)
    on_gpu["walkers"].sweep(T, T.astype(np.uint64), T.astype(np.uint64), 0, 99, *SEQUENTIAL[0])
    assert [name for name, _ in launches[before:]].count("next_sweep") == 1
    s, f = on_gpu["state 0"], on_gpu["fields 0"].reshape(2, 4, 2, -1)[..., :33]
    assert (s * f >= 0).all()


def test_who_goes_in_blocks(shim, monkeypatch):
    """Integers that half precision has, fields that single precision has, enough chains of a sample."""

    def blocks(problem, s=None):
        return GPU(problem, start(problem.J.shape[-1]) if s is None else s).blocks is not None

    assert blocks(pair_problem(33, 2048))
    assert not blocks(pair_problem(33, 30000))
    assert not blocks(pair_problem(33, dtype=np.float64))
    assert not blocks(pair_problem(33), start(33)[:, :1])  # two chains
    big = PairProblem(np.zeros((2, 3, 3), np.int64), np.full((2, 3), 2**24), 1.0)
    assert not blocks(big)
    monkeypatch.setattr(shim("pairs.cu"), "tensor_cores", False)
    assert not blocks(pair_problem(33))


@pytest.mark.parametrize("name", ["pair form", "annealing", "integer couplings"])
def test_a_whole_task(monkeypatch, shim, name):
    """Behind the wall, with cuBLAS by its own protocol."""
    on_cpu = run_task(name, "cpu", 16)
    strict_cupy.install(monkeypatch)
    on_gpu = run_task(name, "gpu", 6, 10)
    assert [key for key in on_cpu if not np.array_equal(on_cpu[key], on_gpu[key])] == []


PRODUCT = r"""
#include "philox.cuh"
#include "mma.cuh"
extern "C" __global__ void product(const u32 *a, const u32 *b, float *c)
{
    const int lane = threadIdx.x;
    const u32 left[4] = {a[4 * lane], a[4 * lane + 1], a[4 * lane + 2], a[4 * lane + 3]};
    const u32 right[2] = {b[2 * lane], b[2 * lane + 1]};
    float sums[4] = {c[4 * lane], c[4 * lane + 1], c[4 * lane + 2], c[4 * lane + 3]};
    mma_16x8x16(sums, left, right);
    for (int x = 0; x < 4; ++x)
        c[4 * lane + x] = sums[x];
}
"""


def test_the_shim_multiplies_as_the_tensor_cores_do(shim):
    """The layout of PTX ISA 9.7.14.5.8 (mma.m16n8k16), written out in NumPy."""
    from statmech import backend

    text = PRODUCT
    for header in ("philox.cuh", "mma.cuh"):
        text = text.replace(f'#include "{header}"', (backend.KERNELS / header).read_text().replace("#pragma once", ""))
    A, B, C = (trajectories.integers(16, n=k, low=-2048, high=2048).astype(float) for k in (16, 8, 8))
    lane = np.arange(32)
    g, t = lane // 4, lane % 4
    pair = np.arange(2)
    a = np.stack([A[(g + down)[:, None], 2 * t[:, None] + right + pair] for right in (0, 8) for down in (0, 8)], 1)
    b = np.stack([B[2 * t[:, None] + down + pair, g[:, None]] for down in (0, 8)], 1)
    c = np.concatenate([C[(g + down)[:, None], 2 * t[:, None] + pair] for down in (0, 8)], 1).astype(np.float32)
    halves = (np.ascontiguousarray(x.astype(np.float16)).view(np.uint32).reshape(-1) for x in (a, b))
    compiled(text, ("product",)).launch("product", 1, 32, (*halves, c))
    D = A @ B + C
    assert np.array_equal(c, np.concatenate([D[(g + down)[:, None], 2 * t[:, None] + pair] for down in (0, 8)], 1))


MUTANTS = [
    ("+ next.h[x / 2];", ";", "no external field"),
    ("__syncwarp();  // the fields are there", "//", "no barrier before fields are read"),
    ("__syncwarp();  // every lane has read its fields", "//", "no barrier before fields are written"),
    ("beyond < 0.0f", "beyond <= 0.0f", "ties are accepted"),
    ("if (4 * r + e > q) f", "if (4 * r + e > q + 1) f", "a neighbour does not hear of a flip"),
    ("mma_16x8x16(sums[k], a, b);", "", "a tile does not hear of those before it"),
    ("bytes[4 * (4 * (lane % 8) + x) + lane / 8]", "bytes[4 * (4 * (lane % 8) + x)]", "the flips of other chains"),
    ("spread(flips & ~is_down, x)", "spread(flips & is_down, x)", "flips to the wrong side"),
    ("own_downs[tile] = (unsigned short)now;", "", "spins keep their old signs"),
    ("spins[half] = out;", "", "spins stay in the matrix product"),
    ("total += gain;", "total += gain / 2;", "half the energy"),
    ("count += __popc(flips);", "", "no flips are counted"),
    ("(u32)(first + q) / 4, chain.lane", "(u32)q / 4, chain.lane", "every tile the same numbers"),
    ("theta * (-ln2 * log2)", "theta * (-ln2 * log2 + 0.02f)", "thresholds off by more than the margin"),
    ("++*sweep", "*sweep", "every sweep the same numbers"),
]


@pytest.mark.parametrize(("old", "new", "what"), MUTANTS, ids=[m[2] for m in MUTANTS])
def test_a_mutant_is_noticed(mutated_shim, old, new, what):
    mutated_shim("pairs_block.cu", old, new)
    problems = [pair_problem(70, size) for size in (2000, 3)]
    assert any(noticed(lambda p=p: different(*on_both(p, SEQUENTIAL[0], sweeps=(2, 1)))) for p in problems)


def test_the_true_thresholds_are_the_ones_that_decide(mutated_shim):
    """Witness of the wide margin above: with it a wrong true threshold shows."""
    wide = ROUGH, "constexpr float MARGIN = 0.5f;"
    mutated_shim("pairs_block.cu", "ceil(chain.theta * xi / 2)", "floor(chain.theta * xi / 2) - 1", also=wide)
    assert different(*on_both(pair_problem(70, 3), SEQUENTIAL[0])) != []


def test_trajectories_are_worth_comparing(shim):
    run = trajectory(cuda.PairWalkersGPU, pair_problem(70, 2000), SEQUENTIAL[0])
    flips = run["accepted 0"]
    assert (flips[:, 1:3] > 0).all() and (flips[:, 1:3] < 3 * 70).all()
    assert len(np.unique(run["state 1"].reshape(-1, 70), axis=0)) >= 14
