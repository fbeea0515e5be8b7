"""Counter-based random numbers: a value is a pure function of (key, stream, sweep, lane, draw).

Philox4x32-10 (Salmon, Moraes, Dror & Shaw, SC'11, "Parallel random numbers: as easy as 1, 2, 3") turns a
128-bit counter and a 64-bit key into four 32-bit words.  There is no state to save: a checkpoint holds no
generator, and a number depends neither on the batch it was drawn in nor on who drew it.

The two scalar functions here, `philox4x32` and `log_words`, are the only definition.  They are written so
that the same text runs on NumPy arrays and, compiled by Numba, on scalars; `kernels/philox.cuh` is their CUDA
twin and is tested against the same known answers.

    counter = (draw // 4, lane, sweep, stream),   word = philox(counter, key)[draw % 4]
"""

from __future__ import annotations

import enum
import functools
import hashlib
import json
import math
from collections.abc import Iterable

import numpy as np

RNG_SCHEME = "philox4x32-10/1: counter=(draw//4, lane, sweep, stream), key=blake2b-64"


class Stream(enum.IntEnum):
    """Third coordinate of the counter: one number per purpose, never reused."""

    DISORDER = 1  # patterns, couplings
    ANCESTOR = 2  # common ancestor of correlated patterns
    INIT = 3  # starting configurations
    ACCEPT = 4  # one draw per proposed spin flip
    SITES = 5  # which site is proposed (random site order)
    SWAP = 6  # exchange of neighbouring temperatures
    TEACHER = 7  # the teacher's weights
    LABELS = 8  # labels of examples: noise before the sign, redrawn labels
    LEVELS = 9  # energy levels of the random energy model
    RESAMPLE = 10  # which replicas of a population are copied


_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_LOW, _32 = np.uint64(0xFFFFFFFF), np.uint64(32)


def philox4x32(c0, c1, c2, c3, k0, k1):
    """Ten rounds of Philox4x32: four counter words and two key words (uint64 holding 32 bits) to four words.

    Example: ``philox4x32(*[np.uint64(0)] * 6)[0] == 0x6627e8d5``
    """
    for _ in range(10):
        p0, p1 = c0 * _M0, c2 * _M1
        c0, c1, c2, c3 = (p1 >> _32) ^ c1 ^ k0, p1 & _LOW, (p0 >> _32) ^ c3 ^ k1, p0 & _LOW
        k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    return c0, c1, c2, c3


# ln x = e ln 2 + 2 atanh(t), t = (m-1)/(m+1), m in [sqrt(1/2), sqrt 2): |t| < 0.1716, so eight terms of the
# odd series leave 2 t^17/17 < 1.2e-14.  Only +, -, *, / in a fixed order: the same bits on every device.
_SQRT_HALF = np.int64(0x3FE6A09E667F3BCD)
_52 = np.int64(52)
_LN2 = 0.6931471805599453
_C3, _C5, _C7, _C9 = 2 / 3, 2 / 5, 2 / 7, 2 / 9
_C11, _C13, _C15 = 2 / 11, 2 / 13, 2 / 15


def as_bits(x):
    """float64 reinterpreted as int64 (Numba gets its own version of this one line, kernels/jit.py)."""
    return x.view(np.int64)


def as_float(bits):
    """int64 reinterpreted as float64."""
    return bits.view(np.float64)


def log_words(x):
    """Natural logarithm of positive float64 by one polynomial, bit for bit equal on NumPy, Numba and CUDA.

    Absolute error below 2e-14 on [2**-33, 2**32].  No libm call, no fused multiply-add.
    """
    bits = as_bits(x)
    e = (bits - _SQRT_HALF) >> _52
    m = as_float(bits - (e << _52))
    t = (m - 1.0) / (m + 1.0)
    w = t * t
    series = _C3 + w * (_C5 + w * (_C7 + w * (_C9 + w * (_C11 + w * (_C13 + w * _C15)))))
    return e * _LN2 + (2.0 * t + t * (w * series))


_2P32 = 4294967296.0
_LN_2P32 = 32 * _LN2


def exponential(word):
    """xi = -ln u with u = (word + 1/2) / 2^32: P(xi > x) = exp(-x), the Metropolis threshold.  word: uint64."""
    return _LN_2P32 - log_words(np.float64(0.5) + word)


def logistic(word):
    """xi = ln u - ln(1-u): P(xi > x) = 1/(1+exp x), the heat-bath threshold.  word: uint64 below 2^32."""
    x = np.float64(0.5) + word
    return log_words(x) - log_words(_2P32 - x)


def words(key, stream: int, sweep, lane, draw) -> np.ndarray:
    """32-bit words (as uint64) for broadcast arrays of keys, sweeps, lanes and draws.

    Example: ``words(7, Stream.INIT, 0, 0, np.arange(5)).shape == (5,)``
    """
    key, sweep, lane, draw = (np.asarray(v, dtype=np.uint64) for v in (key, sweep, lane, draw))
    block, position = draw >> np.uint64(2), draw & np.uint64(3)
    counter = np.broadcast_arrays(block, lane, sweep, np.uint64(stream), key & _LOW, key >> _32)
    with np.errstate(over="ignore"):
        out = philox4x32(*counter)
    return np.choose(position.astype(np.intp), out)


def uniform(key, stream: int, sweep, lane, draw) -> np.ndarray:
    """Uniform float64 in (0, 1) on the grid (word + 1/2) / 2^32."""
    return (words(key, stream, sweep, lane, draw) + 0.5) / _2P32


def rows(key: int, stream: int, lanes: Iterable[int], n: int, first: int = 0) -> np.ndarray:
    """Uniforms (len(lanes), n): draws first .. first + n - 1 of every lane, four words per Philox call (for disorder).

    first is a multiple of 4.
    """
    lanes = np.fromiter(lanes, dtype=np.uint64)
    blocks = np.arange(first // 4, first // 4 - (-n // 4), dtype=np.uint64)
    word = np.uint64(key)
    with np.errstate(over="ignore"):
        out = philox4x32(
            *np.broadcast_arrays(blocks, lanes[:, None], np.uint64(0), np.uint64(stream), word & _LOW, word >> _32)
        )
    flat = np.stack(out, axis=-1).reshape(len(lanes), -1)[:, :n]
    return (flat + 0.5) / _2P32


REACH = 8  # Gaussian integers end at so many standard deviations; 32-bit words end at 6.2


_BLOCK = 1 << 18  # words drawn at a time


@functools.lru_cache(maxsize=64)
def normal_steps(grid: float = 256, mean: float = 0.0) -> np.ndarray:
    """Words at which round(grid (z + mean)) steps up, z the normal quantile of (word + 1/2) / 2^32; int64, increasing.

    The integer of a word is  searchsorted(steps, word, "right") - (ceil(REACH grid) - 1) + round(grid mean).
    """
    centre, reach = round(grid * mean), math.ceil(REACH * grid)
    edges = (centre + np.arange(1 - reach, reach - 1) + 0.5) / grid - mean
    steps = np.array([round(_2P32 * 0.5 * math.erfc(-x / math.sqrt(2))) for x in edges], np.int64)
    steps.flags.writeable = False
    return steps


def normals(key: int, stream: int, lanes: Iterable[int], n: int, grid: float = 256, mean: float = 0.0) -> np.ndarray:
    """Gaussian integers k = round(grid (z + mean)), (len(lanes), n), less than REACH grid away from their mean.

    k/grid has mean `mean` and variance 1 + 1/(12 grid^2) (1.3e-6 at 256).  By comparison of whole numbers, hence the
    same on every machine.  int16 where all that can be drawn fit, else int32.

    Example: ``normals(7, Stream.DISORDER, range(2), 3).shape == (2, 3)``
    """
    lanes = list(lanes)
    step = max(4, _BLOCK // max(1, len(lanes)) // 4 * 4)
    out = np.empty((len(lanes), n), to_normals(np.empty(0, np.int64), grid, mean).dtype)
    for first in range(0, n, step):
        u = rows(key, stream, lanes, min(step, n - first), first)
        out[:, first : first + step] = to_normals(np.rint(u * _2P32 - 0.5).astype(np.int64), grid, mean)
    return out


def to_normals(word: np.ndarray, grid: float = 256, mean: float = 0.0) -> np.ndarray:
    """The Gaussian integers of 32-bit words (see `normals`)."""
    centre, reach = round(grid * mean), math.ceil(REACH * grid) - 1
    dtype = np.int16 if abs(centre) + reach <= np.iinfo(np.int16).max else np.int32
    return (np.searchsorted(normal_steps(grid, mean), word, side="right") + (centre - reach)).astype(dtype)


def canonical(value):
    """A JSON-ready form in which equal inputs are equal: floats at 12 significant digits, arrays by hash."""
    if isinstance(value, bool | str | None):
        return value
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return f"{float(value):.12g}"
    if isinstance(value, np.ndarray):
        digest = hashlib.blake2b(np.ascontiguousarray(value).tobytes(), digest_size=16).hexdigest()
        return {"array": digest, "shape": list(value.shape), "dtype": value.dtype.str}
    if isinstance(value, dict):
        return {str(k): canonical(v) for k, v in sorted(value.items())}
    if isinstance(value, list | tuple):
        return [canonical(v) for v in value]
    raise TypeError(f"cannot derive a key from {type(value).__name__}; use numbers, strings, lists, dicts or arrays")


def derive_key(*parts) -> int:
    """64-bit key: blake2b of the canonical JSON of the parts (no arithmetic on seeds).

    Example: ``derive_key("hopfield", 100, 0) != derive_key("hopfield", 100, 1)``
    """
    text = json.dumps(canonical(list(parts)), separators=(",", ":"), sort_keys=True)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


KNOWN_ANSWERS = (  # Random123 kat_vectors, philox4x32 10 rounds: (counter, key, result)
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
)
