"""Random signs in bulk, compiled: the same bits as `random.rows`, about ten times as fast."""

from __future__ import annotations

import numpy as np

from statmech.kernels.jit import njit, philox4x32

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
