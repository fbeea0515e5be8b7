"""Ising spins: s_i = +-1, stored as int8."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from statmech.backend import namespace
from statmech.random import Stream, words


@dataclass(frozen=True)
class Ising:
    """The hypercube {-1, +1}^N.

    Example: ``Ising().enumerate(3).shape == (8, 3)``
    """

    name: ClassVar[str] = "ising"
    dtype: ClassVar[np.dtype] = np.dtype(np.int8)

    def random(self, keys: np.ndarray, lanes: np.ndarray, n: int) -> np.ndarray:
        """Uniform configurations (D, T, K, n) for keys and lanes that broadcast to (D, T, K)."""
        from statmech.kernels.draw import fill_signs

        key, lane = np.broadcast_arrays(np.asarray(keys, np.uint64), np.asarray(lanes, np.uint64))
        out = np.empty((*key.shape, n), np.int8)
        for row, k, first in zip(out.reshape(-1, 1, n), key.flat, lane.flat):
            fill_signs(k, np.uint64(Stream.INIT), first, row)
        return out

    def flip(self, s: np.ndarray, share: float, keys: np.ndarray, lanes: np.ndarray) -> np.ndarray:
        """Every spin reversed independently with probability `share` (a noisy copy)."""
        word = words(np.asarray(keys)[..., None], Stream.INIT, 0, np.asarray(lanes)[..., None], np.arange(s.shape[-1]))
        return np.where(word + 0.5 < share * 2.0**32, -s, s).astype(np.int8)

    def overlap(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """q = (1/N) sum_i a_i b_i, exact: the sum is an integer."""
        xp = namespace(a)
        return xp.einsum("...i,...i->...", a, b, dtype=xp.int32) / a.shape[-1]

    def enumerate(self, n: int) -> np.ndarray:
        """All 2^n configurations (2^n, n); bit i of the row index is site i, set bit = -1."""
        if n > 24:
            raise ValueError(f"enumerating 2^{n} configurations: at most n = 24 fits in memory")
        bits = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
        return (1 - 2 * bits).astype(np.int8)
