"""What exchange of temperatures does after every sweep, compiled: in NumPy it would cost more than the sweep."""

from __future__ import annotations

import numpy as np

from statmech.kernels.jit import njit, philox4x32
from statmech.random import Stream, exponential

_exponential = njit(exponential)
_LOW, _32, _SWAP = np.uint64(0xFFFFFFFF), np.uint64(32), np.uint64(Stream.SWAP)


@njit
def swap_words(keys, turn, replicas, lower):
    """Words (D, pairs, K) of the exchanges between the rungs lower (pairs,) and the next ones: draw = the lower rung,
    lane = the replica.  keys (D,) uint64, turn uint64."""
    out = np.empty((keys.size, lower.size, replicas), np.uint64)
    for d in range(keys.size):
        for p in range(lower.size):
            for k in range(replicas):
                block = np.uint64(lower[p] // 4)
                words = philox4x32(block, np.uint64(k), turn & _LOW, _SWAP, keys[d] & _LOW, keys[d] >> _32)
                out[d, p, k] = words[lower[p] % 4]
    return out


@njit
def thresholds(words):
    """random.exponential of words (D, pairs, K)."""
    xi = np.empty(words.shape)
    for at in np.ndindex(words.shape):
        xi[at] = _exponential(words[at])
    return xi


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
