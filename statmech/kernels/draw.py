"""Random signs, Gaussian integers and normals in bulk, compiled: the same bits as `random.rows`, `random.normals` and
`spaces.sphere.normals`, about ten times as fast."""

from __future__ import annotations

import functools

import numpy as np

from statmech.kernels.jit import njit, philox4x32
from statmech.random import normal_steps, to_normals
from statmech.spaces.sphere import normal_pair

normal_pair = njit(normal_pair)
_HALF = np.uint64(1 << 31)
_LOW, _32 = np.uint64(0xFFFFFFFF), np.uint64(32)


@njit
def fill_signs(key, stream, first, out):
    """out[k, i] = 1 where the uniform (word + 1/2)/2^32 of (key, stream, sweep 0, lane first + k, draw i) is below
    1/2, else -1; out (count, n) int8, key, stream and first uint64."""
    k0, k1, zero = key & _LOW, key >> _32, np.uint64(0)
    count, n = out.shape
    for k in range(count):
        for block in range((n + 3) // 4):
            w = philox4x32(np.uint64(block), first + np.uint64(k), zero, stream, k0, k1)
            i = 4 * block
            for j in range(4):
                if i + j < n:
                    out[k, i + j] = 1 if w[j] < _HALF else -1


_BLOCK = 1 << 18  # words drawn at a time
GUIDES = 12  # leading bits of a word that say where among the steps to look


@njit
def fill_steps(key, stream, lane, first, steps, guide, out):
    """out[i] = number of steps that are at most word 4 first + i of (key, stream, sweep 0, lane); steps (S,) int64,
    increasing; guide (2^GUIDES,): number of them below every beginning of a word; out (n,) int64."""
    k0, k1, zero = key & _LOW, key >> _32, np.uint64(0)
    for block in range((out.size + 3) // 4):
        w = philox4x32(first + np.uint64(block), lane, zero, stream, k0, k1)
        for j in range(min(4, out.size - 4 * block)):
            word = np.int64(w[j])
            at = guide[word >> (32 - GUIDES)]
            while at < steps.size and steps[at] <= word:
                at += 1
            out[4 * block + j] = at


@functools.lru_cache(maxsize=64)
def _guide(grid: float, mean: float) -> tuple[np.ndarray, np.ndarray]:
    """Steps of the Gaussian integers, and how many of them are below every beginning of a word."""
    steps = np.array(normal_steps(grid, mean))  # a copy: a read-only array would be compiled for anew
    return steps, np.searchsorted(steps, np.arange(1 << GUIDES) << (32 - GUIDES))


def line_of_normals(key: int, stream: int, lane: int, n: int, grid: float = 256, mean: float = 0.0) -> np.ndarray:
    """random.normals(key, stream, [lane], n, grid, mean)[0].

    Example: ``line_of_normals(7, 1, 0, 3).shape == (3,)``
    """
    lowest = to_normals(np.zeros(1, np.int64) - 1, grid, mean)  # below every step
    out, count = np.empty(n, lowest.dtype), np.empty(min(n, _BLOCK), np.int64)
    for first in range(0, n, _BLOCK):
        part = count[: n - first]
        fill_steps(np.uint64(key), np.uint64(stream), np.uint64(lane), np.uint64(first // 4), *_guide(grid, mean), part)
        out[first : first + _BLOCK] = part + np.int64(lowest[0])
    return out


@njit
def fill_normals(keys, stream, sweep, lanes, out):
    """Standard normals out (C, n) of draws 0 .. n - 1; keys and lanes (C,), stream and sweep uint64."""
    count, n = out.shape
    for c in range(count):
        k0, k1 = keys[c] & _LOW, keys[c] >> _32
        for block in range((n + 3) // 4):
            w0, w1, w2, w3 = philox4x32(np.uint64(block), lanes[c], sweep, stream, k0, k1)
            i = 4 * block
            four = (*normal_pair(w0, w1), *normal_pair(w2, w3))
            for j in range(min(4, n - i)):
                out[c, i + j] = four[j]


def normals(keys, stream: int, sweep: int, lanes, n: int) -> np.ndarray:
    """As spaces.sphere.normals.

    Example: ``normals(7, Stream.INIT, 0, np.arange(3), 5).shape == (3, 5)``
    """
    keys, lanes = np.broadcast_arrays(np.asarray(keys, np.uint64), np.asarray(lanes, np.uint64))
    out = np.empty((keys.size, n))
    # copies: every other layout is another type to the compiler
    fill_normals(keys.flatten(), np.uint64(stream), np.uint64(sweep), lanes.flatten(), out)
    return out.reshape(*keys.shape, n)
