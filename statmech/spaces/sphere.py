"""Points on the sphere: |w|^2 = N, stored as float64."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from statmech.backend import namespace
from statmech.random import Stream, log_words, words

_1, _2, _30, _HALF_QUARTER = np.uint64(1), np.uint64(2), np.uint64(30), np.uint64(1 << 29)
_QUARTER = 1073741824.0  # words per quarter turn
_RIGHT_ANGLE = 1.5707963267948966
_LN_2P32 = 32 * 0.6931471805599453
_S = tuple((-1) ** k / np.prod(np.arange(1.0, 2 * k + 2)).item() for k in range(1, 8))
_K = tuple((-1) ** k / np.prod(np.arange(1.0, 2 * k + 1)).item() for k in range(1, 9))
_S3, _S5, _S7, _S9, _S11, _S13, _S15 = _S
_K2, _K4, _K6, _K8, _K10, _K12, _K14, _K16 = _K


def normal_pair(word0, word1):
    """Two independent standard normals of two 32-bit words (uint64): Box & Muller, Ann. Math. Stat. 29, 610 (1958).

    sqrt(2 xi) (cos phi, sin phi), xi = -ln u_0, phi = 2 pi u_1.  Only +, -, *, / and square roots in a fixed order
    (series on [-pi/4, pi/4], error below 1e-16), so the bits depend on neither the machine nor the place in an array.

    Example: ``abs(np.hypot(*normal_pair(np.uint64(7), np.uint64(2**31))) - 6.36) < 0.01``
    """
    radius = np.sqrt(2.0 * (_LN_2P32 - log_words(np.float64(0.5) + word0)))
    turn = (word1 + _HALF_QUARTER) >> _30  # 0 .. 4: the nearest multiple of a quarter turn
    phi = ((0.5 + word1) - turn * _QUARTER) / _QUARTER * _RIGHT_ANGLE
    y = phi * phi
    s = phi + phi * y * (_S3 + y * (_S5 + y * (_S7 + y * (_S9 + y * (_S11 + y * (_S13 + y * _S15))))))
    c = 1.0 + y * (_K2 + y * (_K4 + y * (_K6 + y * (_K8 + y * (_K10 + y * (_K12 + y * (_K14 + y * _K16)))))))
    odd, flip = (turn & _1) * 1.0, 1.0 - (turn & _2) * 1.0
    return radius * (flip * (c * (1.0 - odd) - s * odd)), radius * (flip * (s * (1.0 - odd) + c * odd))


def normals(keys, stream: int, sweep: int, lanes, n: int) -> np.ndarray:
    """Standard normals (D, T, K, n) for keys and lanes that broadcast to (D, T, K).

    Example: ``normals(7, Stream.INIT, 0, np.arange(3), 5).shape == (3, 5)``
    """
    draw = np.arange(n + n % 2)
    word = words(np.asarray(keys)[..., None], stream, sweep, np.asarray(lanes)[..., None], draw)
    first, second = normal_pair(word[..., 0::2], word[..., 1::2])
    return np.ascontiguousarray(np.stack([first, second], -1).reshape(*word.shape)[..., :n])


@dataclass(frozen=True)
class Sphere:
    """The sphere |w|^2 = N in N dimensions, with its uniform measure.

    Example: ``Sphere().random(7, 0, 4).shape == (4,)``
    """

    name: ClassVar[str] = "sphere"
    dtype: ClassVar[np.dtype] = np.dtype(np.float64)

    def random(self, keys: np.ndarray, lanes: np.ndarray, n: int) -> np.ndarray:
        """Uniform points (D, T, K, n) for keys and lanes that broadcast to (D, T, K)."""
        return self.project(normals(keys, Stream.INIT, 0, lanes, n))

    def project(self, w: np.ndarray) -> np.ndarray:
        """The points of the sphere in the directions w (..., N), N >= 1."""
        xp = namespace(w)
        return w * xp.sqrt(w.shape[-1] / (w * w).sum(-1))[..., None]

    def overlap(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """q = (1/N) sum_i a_i b_i."""
        return namespace(a).einsum("...i,...i->...", a, b) / a.shape[-1]
