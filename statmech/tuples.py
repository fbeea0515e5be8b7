"""The p-tuples i1 < i2 < .. < ip of n sites in colexicographic order: those of n sites come first among n + 1.

The place of a tuple is binomial(i1, 1) + binomial(i2, 2) + .. + binomial(ip, p) (Knuth, TAOCP 4A, 7.2.1.3).
"""

from __future__ import annotations

from functools import lru_cache
from math import comb
from typing import Any

import numpy as np

from statmech.backend import namespace


@lru_cache(maxsize=16)
def members(n: int, p: int) -> np.ndarray:
    """All tuples (binomial(n, p), p) int32, read-only.

    Example: ``members(4, 2).tolist() == [[0, 1], [0, 2], [1, 2], [0, 3], [1, 3], [2, 3]]``
    """
    if p == 0:
        out = np.zeros((1, 0), np.int32)
    elif p == 1:
        out = np.arange(n, dtype=np.int32)[:, None]
    else:
        smaller = members(n, p - 1)
        # the tuples with largest site k are those of p - 1 sites below k, which come first in `smaller`
        counts = [comb(k, p - 1) for k in range(n)]
        out = np.empty((sum(counts), p), np.int32)
        end = np.cumsum(counts)
        for k, count in enumerate(counts):
            out[end[k] - count : end[k], :-1] = smaller[:count]
            out[end[k] - count : end[k], -1] = k
    out.flags.writeable = False
    return out


def place(sites: np.ndarray) -> np.ndarray:
    """Places (...) int64 of tuples (..., p) of increasing sites.

    Example: ``place(np.array([1, 3])) == 4``
    """
    sites = np.asarray(sites, np.int64)
    out = np.zeros(sites.shape[:-1], np.int64)
    for k in range(sites.shape[-1]):
        term = np.ones_like(out)
        for j in range(k + 1):  # binomial(i, k + 1), exact at every step
            term = term * (sites[..., k] - j) // (j + 1)
        out += term
    return out


def products(s: Any, p: int) -> Any:
    """Products s_i1 .. s_ip (..., binomial(n, p)) of configurations s (..., n), in the dtype and on the device of s.

    Example: ``products(np.array([1, -1, 1]), 2).tolist() == [-1, 1, -1]``
    """
    n = s.shape[-1]
    sites = namespace(s).asarray(members(n, p))
    if p == 0:
        return s[..., :1] * 0 + 1
    out = s[..., sites[:, 0]]
    for k in range(1, p):
        out = out * s[..., sites[:, k]]
    return out
