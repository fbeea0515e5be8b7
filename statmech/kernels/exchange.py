"""What exchange of temperatures does after every sweep, compiled: in NumPy it would cost more than the sweep."""

from __future__ import annotations

import numpy as np

from statmech.kernels.jit import njit, philox4x32
from statmech.random import Stream, exponential

_exponential = njit(exponential)
_LOW, _32, _SWAP = np.uint64(0xFFFFFFFF), np.uint64(32), np.uint64(Stream.SWAP)
_0 = np.uint64(0)


@njit
def swap_words(keys, turn, replicas, lower):
    """Words (D, pairs, K) of the exchanges between the rungs lower (pairs,) and the next ones: draw = the lower rung,
    lane = the replica.  keys (D,) uint64, turn uint64."""
    out = np.empty((keys.size, lower.size, replicas), np.uint64)
    for d in range(keys.size):
        for k in range(replicas):
            last, words = -1, philox4x32(_0, _0, _0, _0, _0, _0)
            for p in range(lower.size):
                block = lower[p] // 4
                if block != last:
                    of = np.uint64(block), np.uint64(k), turn & _LOW, _SWAP, keys[d] & _LOW, keys[d] >> _32
                    last, words = block, philox4x32(*of)
                out[d, p, k] = words[lower[p] % 4]
    return out


@njit
def places(rung):
    """Of rungs (D, R, K): where in a flattened (D, R, K) the rung of every walker is, and the walker at every rung."""
    D, R, K = rung.shape
    at, walker = np.empty((D, R, K), np.int64), np.empty((D, R, K), np.int64)
    for d in range(D):
        for w in range(R):
            for k in range(K):
                t = rung[d, w, k]
                at[d, w, k] = (d * R + t) * K + k
                walker[d, t, k] = (d * R + w) * K + k
    return at, walker


@njit
def exchange(words, first, ladder, energy, rung, attempts, swaps):
    """Tempering.exchange with Tempering.accept, in one go: the pairs first, first + 2, ... of rungs and the next ones.

    words (D, pairs, K); ladder (R,), temperatures; energy, rung (D, R, K) by walker; attempts, swaps (D, R-1, K)."""
    D, R, K = rung.shape
    walker = np.empty((R, K), np.int64)
    for d in range(D):
        for w in range(R):
            for k in range(K):
                walker[rung[d, w, k], k] = w
        for p in range(words.shape[1]):
            t = first + 2 * p
            gap = 1.0 / ladder[t] - 1.0 / ladder[t + 1]
            for k in range(K):
                a, b = walker[t, k], walker[t + 1, k]
                attempts[d, t, k] += 1
                if -(gap * (energy[d, a, k] - energy[d, b, k])) < _exponential(words[d, p, k]):
                    rung[d, a, k], rung[d, b, k] = t + 1, t
                    swaps[d, t, k] += 1


@njit
def follow(rung, visited, trips, from_cold, from_hot):
    """Journeys along the ladder: visited (D, R, K) says of every walker from which end it came last (1: hot, -1: cold),
    trips (D, K) counts arrivals from the hot end at the cold one, from_cold and from_hot (D, R, K) who is at a rung."""
    D, R, K = rung.shape
    for d in range(D):
        for w in range(R):
            for k in range(K):
                at = rung[d, w, k]
                if at == 0:
                    trips[d, k] += visited[d, w, k] == 1
                    visited[d, w, k] = -1
                elif at == R - 1:
                    visited[d, w, k] = 1
                from_cold[d, at, k] += visited[d, w, k] == -1
                from_hot[d, at, k] += visited[d, w, k] == 1


@njit
def turn(
    keys, number, ladder, energy, flips, rung, attempts, swaps, visited, trips, from_cold, from_hot, all_flips,
    temperature, walker,
):  # fmt: skip
    """After the sweeps before exchange `number`: accepted flips (D, R, K) by walker are counted by rung, rungs are
    exchanged and journeys followed; then the temperature (D, R, K) of every walker, and the walker at every rung.
    keys (D,) uint64."""
    D, R, K = rung.shape
    for d in range(D):
        for w in range(R):
            for k in range(K):
                all_flips[d, rung[d, w, k], k] += flips[d, w, k]
    lower = np.arange(number % 2, R - 1, 2)
    words = swap_words(keys, np.uint64(number), K, lower)
    exchange(words, number % 2, ladder, energy, rung, attempts, swaps)
    follow(rung, visited, trips, from_cold, from_hot)
    for d in range(D):
        for w in range(R):
            for k in range(K):
                t = rung[d, w, k]
                temperature[d, w, k] = ladder[t]
                walker[d, t, k] = (d * R + w) * K + k
