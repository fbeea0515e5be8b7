"""Chains that go through the sites block by block (pairs_block.py) against the same chains one by one, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from parity.trajectories import force_int32, integers, start, unit

from statmech.kernels import cpu, pairs_block
from statmech.kernels.common import fill_thresholds
from statmech.kernels.lanes import LANES, LIMIT
from statmech.problems import PairProblem

LARGE = 600  # couplings whose fields may need 32 bits
CRITERIA = ("metropolis", "heatbath")


def problem(n: int, size: int, samples: int = 2) -> PairProblem:
    J = np.triu(integers(samples, n, n=n, low=-size, high=size), 1)
    return PairProblem(J + J.transpose(0, 2, 1), integers(samples, n=n, low=-size, high=size), 0.7)


def run(problem, block, chains, criterion, pieces=(3, 1)):
    """What a run leaves behind with blocks of this size (None: the one that was chosen; 0: one by one)."""
    samples, n = problem.h.shape
    s = np.resize(start(n), (samples, chains, 1, n))
    s[:, 1::2] *= -1
    w = cpu.PairWalkers(problem, s)
    w.block = w.block if block is None else block
    T = np.append(np.geomspace(0.3, 3, chains - 2), [0, np.inf])[None, :, None] * unit(problem)
    keys = np.arange(samples, dtype=np.uint64)[:, None, None] + np.uint64(2**64 - 5)
    lanes = np.arange(chains, dtype=np.uint64)[None, :, None] * np.uint64(2**25)
    out, begin = [], 2**32 - 100
    for sweeps in pieces:
        out.append(w.sweep(T, keys, lanes, begin, sweeps, criterion, "sequential"))
        begin += sweeps
    return w.block, [*out, w.s, w.fields, w.E]


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("fields", ("int16", "int32"))
@pytest.mark.parametrize("chains", (4, 17, 70))
@pytest.mark.parametrize("n", (5, 64, 65, 300, 520))
def test_blocks_give_the_trajectory_of_single_chains(monkeypatch, n, chains, fields, criterion):
    """Less than a block, whole blocks, panels of every width; less than LANES chains, and several groups."""
    if fields == "int32":
        force_int32(monkeypatch)
    p = problem(n, LARGE if fields == "int32" else 3)
    block, blocks = run(p, None, chains, criterion)
    assert block > 0 and blocks[-2].dtype == fields
    assert same(blocks, run(p, 0, chains, criterion)[1])
    assert (blocks[0][:, :-2] > 0).any(), "witness: spins have flipped"


@pytest.mark.parametrize("block", (16, 32))
def test_every_size_of_blocks(block):
    p = problem(150, LARGE)
    assert same(run(p, block, 20, "metropolis")[1], run(p, 0, 20, "metropolis")[1])


def test_the_size_of_blocks_keeps_sums_in_16_bits():
    """Sums of |J| over a block of sites: at most 32767, or smaller blocks, or none."""
    bits32 = np.dtype(np.int32)

    def size(value, n=200):
        return pairs_block.block_size(np.full((1, n, n), value, np.int16), n, bits32, 200.0 * value)

    assert [size(v) for v in (511, 512, 1023, 1024, 2047, 2048)] == [64, 32, 32, 16, 16, 0]
    J = np.ones((1, 200, 200), np.int16)
    assert pairs_block.block_size(J, 200, bits32, LIMIT / 2) == 0  # 2 s f would not be exact in float32
    assert pairs_block.block_size(J, 200, np.dtype(np.int16), 200.0) == 64
    assert pairs_block.block_size(J.astype(np.int32), 200, bits32, 200.0) == 0
    tight = problem(300, 30000)  # couplings of 16 bits, too large for sums
    block, one_by_one = run(tight, None, 6, "metropolis")
    assert block == 0 and one_by_one[-2].dtype == np.int32


@pytest.mark.parametrize("count", (1, 3, 4, 15, 16, 48, 64, 65, 200))
@pytest.mark.parametrize("threads", (1, 2, 7))
@pytest.mark.parametrize("samples", (1, 3))
def test_groups_hold_chains_of_one_sample(samples, threads, count):
    groups = pairs_block.chain_groups(samples, count, threads)
    if count < pairs_block.FEWEST:
        assert not len(groups)
        return
    sizes = np.diff(groups)
    assert groups[0] == 0 and groups[-1] == samples * count and set(np.arange(samples) * count) <= set(groups)
    assert sizes.min() >= pairs_block.FEWEST and sizes.max() <= pairs_block.MOST


@pytest.mark.parametrize("criterion", CRITERIA)
def test_thresholds_of_many_chains(criterion):
    """The traced functions of random.py give the bits of the compiled ones: the next whole number of every theta xi."""
    theta = np.geomspace(1e-3, 1e6, LANES)
    theta[3], theta[7], theta[8] = 0.0, np.inf, 1e-310
    keys = np.arange(LANES, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    lanes, sweep, first = np.arange(LANES, dtype=np.uint64)[::-1].copy(), np.uint64(2**32 - 1), 128
    limits = np.zeros((64, LANES), np.float32)
    pairs_block.fill_limits(keys, sweep, lanes, theta, criterion == "heatbath", first, limits)
    words, xi = np.zeros(first + 64, np.uint64), np.zeros(first + 64)
    for c in range(LANES):
        xi[:] = 0
        if theta[c] > 0:
            fill_thresholds(keys[c], sweep, lanes[c], criterion == "heatbath", words, xi)
        whole = np.clip(np.ceil((theta[c] if theta[c] > 0 else 1.0) * xi[first:]), -LIMIT, LIMIT)
        assert np.array_equal(limits[:, c], whole)
