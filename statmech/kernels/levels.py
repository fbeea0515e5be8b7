"""CPU kernel of the family `levels`:  H = scale k(s), k an independent Gaussian integer for every configuration.

A chain is a string of bits (bit i set: s_i = -1) and its level; a proposal draws the level of the string with one bit
changed.  Nothing else is stored: memory O(1), time one Philox call a proposal.
"""

from __future__ import annotations

import functools

import numba
import numpy as np

from statmech.kernels.common import fill_sweep
from statmech.kernels.jit import njit, njit_parallel, philox4x32
from statmech.random import REACH, Stream, normal_steps

HIGHEST = REACH * 256 - 1  # |k| is at most this
CELL = np.uint64(20)  # the guide knows the steps that fall among 2^20 words
NOWHERE = -1  # native configuration of a sample that has none
_LOW, _32, _ZERO, _LEVELS = np.uint64(0xFFFFFFFF), np.uint64(32), np.uint64(0), np.uint64(Stream.LEVELS)


@functools.cache
def tables() -> tuple[np.ndarray, np.ndarray]:
    """Steps of the Gaussian integers, and the number of steps below the words c 2^20: where to search; both int64."""
    steps = np.array(normal_steps())
    return steps, np.searchsorted(steps, np.arange(2**12 + 1) << int(CELL), side="left").astype(np.int64)


@njit
def level(steps, guide, key, bits, native, native_level):
    """k of one configuration: the integer of random.to_normals for word 0 at the counter (low, high, 0, LEVELS)."""
    if bits == native:
        return native_level
    b = np.uint64(bits)
    w = philox4x32(b & _LOW, b >> _32, _ZERO, _LEVELS, key & _LOW, key >> _32)[0]
    cell, word = np.int64(w >> CELL), np.int64(w)
    low, high = guide[cell], guide[cell + 1]
    while low < high:
        middle = (low + high) >> 1
        if steps[middle] <= word:
            low = middle + 1
        else:
            high = middle
    return low - HIGHEST


@njit_parallel
def levels_of(steps, guide, level_keys, native, native_level, sample, bits, out):
    """out (C,) = k of bits (C,); level_keys and native are per sample (D,)."""
    for c in numba.prange(bits.size):
        d = sample[c]
        out[c] = level(steps, guide, level_keys[d], bits[c], native[d], native_level)


@njit_parallel
def count_levels(steps, guide, key, native, first, count, chunk, out):
    """Adds to out (chunks, 2 HIGHEST + 1) how often every k occurs among `count` configurations from `first` on; chunk
    configurations go to each row.  The native configuration is left out."""
    for r in numba.prange(out.shape[0]):
        for x in range(r * chunk, min((r + 1) * chunk, count)):
            if first + x != native:
                out[r, level(steps, guide, key, first + x, NOWHERE, 0) + HIGHEST] += 1


@njit
def update_levels(steps, guide, level_key, native, native_level, s, bits, k, sites, xi, theta):
    """Propose to flip sites[j] with threshold xi[j], in order, from level k; returns (sum of dE, accepted).  Changes s
    (N,) and bits (1,); theta = T/scale."""
    here, new_k, flips = bits[0], k, 0
    for j in range(sites.size):
        i = np.int64(sites[j])
        there = here ^ (np.int64(1) << i)
        new = level(steps, guide, level_key, there, native, native_level)
        if np.float64(new - new_k) < theta * xi[j]:
            here, new_k = there, new
            s[i] = -s[i]
            flips += 1
    bits[0] = here
    return new_k - k, flips


@njit_parallel
def sweep_levels(
    steps, guide, level_keys, native, native_level, s, bits, energy, sample, keys, lanes, theta,
    start, sweeps, heatbath, random_order, accepted,
):  # fmt: skip
    """Sweeps start .. start+sweeps-1 of every chain.  Shapes: level_keys, native (D,), s (C, N), bits (C, 1), the rest
    (C,)."""
    n = s.shape[1]
    for c in numba.prange(s.shape[0]):
        words = np.empty((n + 3) // 4 * 4, np.uint64)
        xi = np.zeros(n)
        sites = np.arange(n).astype(np.int32)
        d = sample[c]
        for t in range(sweeps):
            fill_sweep(keys[c], np.uint64(start + t), lanes[c], theta[c], heatbath, random_order, words, xi, sites)
            dE, flips = update_levels(
                steps, guide, level_keys[d], native[d], native_level, s[c], bits[c], energy[c], sites, xi, theta[c]
            )  # fmt: skip
            energy[c] += dE
            accepted[c] += flips
            if theta[c] == 0.0 and flips == 0 and not random_order:
                break  # a one-flip minimum: nothing can happen any more
