"""What the single-spin kernels of every family share: thresholds, site order, padding.

A proposed flip is accepted iff dE < T xi, with xi exponential (Metropolis) or logistic (heat bath).  dE is an
integer times the scale of the problem, so the test reads  float64(dE) < (T / scale) * xi : one product, one
comparison, no rounding that depends on the machine.  At T = 0 only dE < 0 is accepted.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from statmech.kernels.jit import njit, philox4x32
from statmech.random import Stream, exponential, logistic

_exponential, _logistic = njit(exponential), njit(logistic)
_LOW, _32 = np.uint64(0xFFFFFFFF), np.uint64(32)
_ACCEPT, _SITES = np.uint64(Stream.ACCEPT), np.uint64(Stream.SITES)


@njit
def fill_words(key, stream, sweep, lane, words):
    """words[draw] for draw = 0 .. len(words) - 1 (len a multiple of 4)."""
    k0, k1 = key & _LOW, key >> _32
    for block in range(words.size // 4):
        w0, w1, w2, w3 = philox4x32(np.uint64(block), lane, sweep, stream, k0, k1)
        words[4 * block] = w0
        words[4 * block + 1] = w1
        words[4 * block + 2] = w2
        words[4 * block + 3] = w3


@njit
def fill_thresholds(key, sweep, lane, heatbath, words, xi):
    """xi of the N proposals of one sweep."""
    fill_words(key, _ACCEPT, sweep, lane, words)
    if heatbath:
        for i in range(xi.size):
            xi[i] = _logistic(words[i])
    else:
        for i in range(xi.size):
            xi[i] = _exponential(words[i])


@njit
def fill_sites(key, sweep, lane, words, sites):
    """Random site order: site = floor(word * N / 2^32), independent draws (bias below N / 2^32)."""
    fill_words(key, _SITES, sweep, lane, words)
    n = np.uint64(sites.size)
    for i in range(sites.size):
        sites[i] = np.int32((words[i] * n) >> _32)


@njit
def fill_sweep(key, sweep, lane, theta, heatbath, random_order, words, xi, sites):
    """What one sweep of a chain draws: thresholds, which theta = 0 needs none of, and sites, if not in turn."""
    if theta > 0.0:
        fill_thresholds(key, sweep, lane, heatbath, words, xi)
    if random_order:
        fill_sites(key, sweep, lane, words, sites)


def padded(n: int, itemsize: int, multiple: int = 0) -> int:
    """Row length >= n: whole 64-byte lines (or so many items), never a multiple of 4096 bytes (cache-set conflicts)."""
    line = multiple or 64 // itemsize
    length = -(-n // line) * line
    return length + line if (length * itemsize) % 4096 == 0 else length


def aligned(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Zeros that begin at a whole 64-byte line, for rows that are read a line at a time."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.zeros(size + 64, np.uint8)
    first = -raw.ctypes.data % 64
    return raw[first : first + size].view(dtype).reshape(shape)
