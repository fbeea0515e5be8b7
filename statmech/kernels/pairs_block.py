"""CPU kernel of the family `pairs` for chains that share a sample and visit the sites in turn.

All chains of a group go through a block of B sites together.  Inside the block, proposals are decided in order, for
LANES chains at once, on a small copy of the block's fields.  Then the flips of the block are added to all fields, panel
by panel: J is read from memory once for all chains, and a field once for all flips of a block.  It is the same Markov
chain, flip by flip, as pairs.py: the same integers in another order of summation.
"""

from __future__ import annotations

import functools

import numba
import numpy as np

from statmech.kernels.bits import word_of
from statmech.kernels.jit import njit, njit_parallel
from statmech.kernels.lanes import LANES, LIMIT, heatbath_limits, metropolis_limits
from statmech.kernels.pairs_tile import PANEL, VECTOR, WORD, add_1, add_2, add_4, add_8, gather, next_site, settle

FEWEST = 4  # chains of a group that are worth the vectors
MOST = 64  # chains of a group: more would gain nothing, and their fields leave the cache


def block_size(J: np.ndarray, n: int, field_type: np.dtype, bound: float) -> int:
    """B for couplings J (D, N, P): no sum of |J| over the sites of a block leaves 16 bits (fields of 16 bits may wrap
    on their way).  0 where the numbers are too large for blocks; bound = max_i sum_j |J_ij| + |h_i|."""
    if J.dtype != np.int16 or 2 * bound >= LIMIT:
        return 0
    if field_type == np.int16:
        return WORD
    largest = np.iinfo(np.int16).max
    for size in (WORD, WORD // 2, WORD // 4):
        sums = (np.add.reduceat(np.abs(rows), np.arange(0, n, size), axis=0, dtype=np.int32) for rows in J)
        if max(x.max() for x in sums) <= largest:
            return size
    return 0


@functools.cache
def chain_groups(samples: int, count: int, threads: int) -> np.ndarray:
    """Bounds of the groups of chains that go together, `count` of every sample, or an empty array where groups would be
    too small."""
    parts = max(-(-threads // samples), -(-count // MOST))
    parts = min(parts, count // FEWEST)
    if not parts:
        return np.empty(0, np.int64)
    bounds = np.arange(samples)[:, None] * count + np.arange(parts) * count // parts
    return np.append(bounds.ravel(), samples * count)  # asked for before every sweep


@njit
def fill_limits(keys, sweep, lanes, theta, heatbath, first, limits):
    """Thresholds (B, LANES), whole numbers, of the proposals first .. first + B - 1 of LANES chains."""
    for k in range(0, len(limits), 4):
        draw, four = np.uint64((first + k) // 4), limits[k : k + 4]
        if heatbath:
            heatbath_limits(keys, lanes, theta, sweep, draw, four)
        else:
            metropolis_limits(keys, lanes, theta, sweep, draw, four)


@njit
def add_flips(n, J, f, plus, minus):
    """f[c] += 2 (sum_plus - sum_minus) J of all chains c, a panel of fields at a time; plus, minus (C,) words."""
    column = 0
    while column < n:
        vectors = min((n - column + VECTOR - 1) // VECTOR, PANEL)
        for c in range(len(f)):
            if vectors == PANEL:
                add_8(J, f[c], plus[c], minus[c], column)
            elif vectors >= 4:
                add_4(J, f[c], plus[c], minus[c], column)
            elif vectors >= 2:
                add_2(J, f[c], plus[c], minus[c], column)
            else:
                add_1(J, f[c], plus[c], minus[c], column)
        column += VECTOR * (vectors if vectors in (PANEL, 4, 2, 1) else 4 if vectors > 4 else 2)


@njit
def words_of(s, size, down):
    """Bit k of down[b, c] says that spin k of block b points down.  Shapes: s (C, N), down (blocks, LANES) uint64."""
    for c in range(len(s)):
        spins = s[c]
        for b in range(len(down)):
            if size == WORD and (b + 1) * WORD <= spins.size:
                down[b, c] = word_of(spins, b * WORD)
                continue
            word = np.uint64(0)
            for k, spin in enumerate(spins[b * size : (b + 1) * size]):
                word |= np.uint64(spin < 0) << np.uint64(k)
            down[b, c] = word


@njit
def turn(s, flips):
    """Flip the spins that the bits of a word name; returns how many."""
    count = 0
    while flips:
        k = next_site(flips)
        s[k] = -s[k]
        flips &= flips - np.uint64(1)
        count += 1
    return count


@njit_parallel
def sweep_blocks(J, s, f, energy, groups, sample, keys, lanes, theta, start, sweeps, heatbath, size, accepted):
    """Sweeps start .. start+sweeps-1 of every chain, sites in turn.  Chains groups[g] .. groups[g+1]-1 go together.

    Shapes: J (D, N, P) int16, s (C, N), f (C, P) int16 or int32, the rest (C,); size is B.
    """
    n = s.shape[1]
    for g in numba.prange(groups.size - 1):
        begin, end = groups[g], groups[g + 1]
        count = end - begin
        packs = (count + LANES - 1) // LANES
        key, lane = np.zeros((packs, LANES), np.uint64), np.zeros((packs, LANES), np.uint64)
        scaled, down = np.zeros((packs, LANES)), np.zeros((packs, (n + size - 1) // size, LANES), np.uint64)
        for c in range(count):
            at = c // LANES, c % LANES
            key[at], lane[at], scaled[at] = keys[begin + c], lanes[begin + c], theta[begin + c]
        for pack in range(packs):
            words_of(s[begin + pack * LANES : min(end, begin + (pack + 1) * LANES)], size, down[pack])
        inside = np.zeros((size, size), np.float32)
        fields, limits = np.zeros((size, LANES), np.float32), np.zeros((size, LANES), np.float32)
        flips, gains = np.zeros(LANES, np.uint64), np.zeros(LANES, np.int32)
        plus, minus = np.zeros(count, np.uint64), np.zeros(count, np.uint64)
        for t in range(start, start + sweeps):
            moved = 0
            for block in range(down.shape[1]):
                first, sites = block * size, min(size, n - block * size)
                rows = J[sample[begin], first : first + sites]
                for k in range(sites):
                    row = rows[k, first : first + sites]
                    for m in range(sites):
                        inside[k, m] = row[m]
                for pack in range(packs):
                    base, was_down = pack * LANES, down[pack, block]
                    fill_limits(key[pack], np.uint64(t), lane[pack], scaled[pack], heatbath, first, limits)
                    limits[sites:] = -LIMIT
                    gather(f[begin + base : end], first, fields)
                    settle(inside, fields, limits, was_down, flips, gains)
                    for c in range(min(LANES, count - base)):
                        chain = begin + base + c
                        plus[base + c], minus[base + c] = flips[c] & was_down[c], flips[c] & ~was_down[c]
                        was_down[c] ^= flips[c]
                        turned = turn(s[chain, first : first + sites], flips[c])
                        energy[chain] += 2 * np.int64(gains[c])
                        accepted[chain] += turned
                        moved += turned
                add_flips(n, rows, f[begin:end], plus, minus)
            if moved == 0 and not scaled.any():
                break  # one-flip minima: nothing can happen any more
