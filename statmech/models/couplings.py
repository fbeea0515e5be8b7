"""Random couplings of p-spin models: whole numbers times one scale, drawn from counters.

The samples of all p-spin models are one family: sample d of n spins has one word per p-tuple (in the order of
`tuples.members`), whatever the mixture, the law of the couplings, the fields or the signal.  So mixtures share the
couplings of their parts, J = +-sigma is the sign of the Gaussian J, and fields and signals are compared on equal noise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import comb, factorial, sqrt

import numpy as np

from statmech.backend import host_memory
from statmech.kernels.tensor_layout import Layout
from statmech.random import REACH, Stream, derive_key, rows, words
from statmech.tuples import products

GRID = 256  # steps per standard deviation of a Gaussian coupling
LARGEST = 32767  # whole numbers that int16 holds
_BLOCK = 1 << 21  # products held at a time
_SIGNS = 1 << 20  # signs drawn at a time


def sample_keys(n: int, indices: tuple[int, ...], seed: int) -> list[int]:
    """Keys of the samples that all p-spin models of n spins share."""
    return [derive_key("disorder", "p-spin", {"n": n}, index, seed) for index in indices]


def sigma(n: int, p: int, connectivity: float | None = None) -> float:
    """Standard deviation of a coupling: J^2 = p!/(2 n^{p-1}), or p/(2c) where a spin is in c terms.

    Example: ``sigma(4, 2) == 0.5``
    """
    return sqrt(factorial(p) / (2 * n ** (p - 1))) if connectivity is None else sqrt(p / (2 * connectivity))


def grids(sigmas: Mapping[int, float], kind: str) -> tuple[float, dict[int, float]]:
    """(quantum, p -> steps per sigma_p): couplings are whole numbers, |k| < 2^15, times one quantum.

    Gaussian: the narrowest sigma has 256 steps, fewer where the widest one would leave int16, and k = round(z
    sigma/quantum) keeps every variance to 1 + 1/(12 steps^2).  Binary: k = +-round(sigma/quantum), the narrowest sigma
    exact, the others as close as its 1 .. 256 steps allow (relative error below 1e-3, for two values of p about 1e-5).

    Example: ``grids({3: 0.1}, "binary") == (0.1, {3: 1})``
    """
    narrow, wide = min(sigmas.values()), max(sigmas.values())
    if kind == "gaussian":
        quantum = narrow / GRID if len(sigmas) == 1 else max(narrow / GRID, wide * REACH / LARGEST)
        return quantum, {p: GRID if len(sigmas) == 1 else x / quantum for p, x in sigmas.items()}

    def miss(steps: int) -> float:
        return max(abs(round(x / narrow * steps) / (x / narrow * steps) - 1) for x in sigmas.values())

    most = max(1, min(GRID, int(LARGEST * narrow / wide)))
    steps = min(range(1, most + 1), key=miss)
    return narrow / steps, {p: round(x / narrow * steps) for p, x in sigmas.items()}


def draw(keys: list[int], p: int, count: int, kind: str, grid: float, mean: float = 0.0) -> np.ndarray:
    """Integers (D, count), the couplings of the first `count` p-tuples, of mean `mean` standard deviations.

    Gaussian: round(grid (z + mean)); binary: +-grid, positive with probability (1 + mean)/2.

    Example: ``draw([1], 3, 10, "binary", 1).shape == (1, 10)``
    """
    one = _draw(keys[0], p, min(count, 1), kind, grid, mean)
    out = np.empty((len(keys), count), one.dtype)
    for d, key in enumerate(keys):
        out[d] = _draw(key, p, count, kind, grid, mean)
    return out


def _draw(key: int, p: int, count: int, kind: str, grid: float, mean: float) -> np.ndarray:
    if kind == "gaussian":
        from statmech.kernels.draw import line_of_normals  # loads the compiler

        return line_of_normals(key, Stream.DISORDER, p, count, grid, mean)
    out = np.empty(count, np.int16)
    for first in range(0, count, _SIGNS):
        u = rows(key, Stream.DISORDER, [p], min(_SIGNS, count - first), first)[0]
        out[first : first + _SIGNS] = np.where(u > 0.5 * (1 - mean), grid, -grid)
    return out


def draw_sites(key: int, n: int, p: int, count: int) -> np.ndarray:
    """`count` different p-tuples of n sites, uniform among all such choices: (count, p) int32 of increasing sites.

    The first different ones of an endless sequence of candidates: fewer terms are the first of more.

    Example: ``draw_sites(1, 10, 3, 5).shape == (5, 3)``
    """
    candidates = np.empty((0, p), np.int32)
    drawn, batch = 0, 2 * count + 16
    while True:
        draws = np.arange(drawn * p, (drawn + batch) * p).reshape(batch, p)
        word = words(key, Stream.DISORDER, 1, p, draws)  # sweep 1: the couplings themselves are of sweep 0
        sites = np.sort((word * np.uint64(n) >> np.uint64(32)).astype(np.int32), axis=1)
        sites = sites[(sites[:, 1:] != sites[:, :-1]).all(1)]
        candidates = np.concatenate([candidates, sites])
        _, at = np.unique(candidates, axis=0, return_index=True)
        candidates = candidates[np.sort(at)]
        if len(candidates) >= count:
            return np.ascontiguousarray(candidates[:count])
        drawn, batch = drawn + batch, drawn + batch


def matrix(J: np.ndarray, n: int) -> np.ndarray:
    """Symmetric couplings (D, n, n) with zero diagonal from those of the pairs (D, n(n-1)/2).

    Example: ``matrix(np.array([[7]]), 2).tolist() == [[[0, 7], [7, 0]]]``
    """
    out = np.zeros((len(J), n, n), J.dtype)
    row, column = np.tril_indices(n, -1)  # row by row: the order of tuples.members(n, 2)
    out[:, row, column] = J
    out[:, column, row] = J
    return out


def contract(n: int, couplings: Mapping[int, np.ndarray], s: np.ndarray) -> np.ndarray:
    """sum_p sum_{i1<..<ip} J_{i1..ip} s_i1 .. s_ip (D, T, K) float64 of couplings p -> (D, binomial(n, p))."""
    out = np.zeros(s.shape[:3])
    for p, J in couplings.items():
        step = max(1, _BLOCK // J.shape[1])
        for d in range(len(s)):
            chains = s[d].reshape(-1, n)
            row = J[d].astype(float)
            parts = [products(chains[i : i + step], p) @ row for i in range(0, len(chains), step)]
            out[d] += np.concatenate(parts).reshape(s.shape[1:3])
    return out


def contract_terms(terms: Mapping[int, tuple[np.ndarray, np.ndarray]], s: np.ndarray) -> np.ndarray:
    """sum_t J_t prod_{i in t} s_i (D, T, K) float64 of terms p -> (sites (D, M, p), J (D, M))."""
    out = np.zeros(s.shape[:3])
    for sites, J in terms.values():
        for d in range(len(s)):
            out[d] += s[d][..., sites[d]].prod(-1, dtype=np.int8) @ J[d].astype(float)
    return out


def dense_bytes(n: int, orders: tuple[int, ...], samples: int, spins: str) -> int:
    """Bytes that a coupling for every p-tuple takes: the list of them and, for Ising spins, what the kernel makes of it
    (for pairs alone a matrix, else a tensor)."""
    listed = samples * (8 if spins == "spherical" else 2) * sum(comb(n, p) for p in orders)
    if spins == "spherical" or max(orders) == 2:
        return listed
    return listed + Layout(n, tuple(sorted(orders))).bytes(samples)


def check_memory(n: int, need: Callable[[int], int], what: str, advice: str) -> None:
    """MemoryError, before anything is allocated, if need(n) bytes are more than the memory of this machine."""
    most = host_memory()
    if need(n) <= most:
        return
    low, high = 1, n
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if need(middle) <= most else (low, middle)
    raise MemoryError(
        f"n = {n}: {what} need {need(n) / 2**30:.3g} GiB, this machine has {most / 2**30:.3g} GiB: "
        f"take n <= {low}{advice}"
    )


def check_size(n: object, least: int = 2, what: str = "spins") -> int:
    """n as int; ValueError unless it is an integer from `least` on."""
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < least:
        raise ValueError(f"n = {n!r}: expected an integer number of {what} >= {least}")
    return int(n)


def check_spins(n: object, p: int) -> int:
    """n as int; ValueError unless there is a term of p spins."""
    size = check_size(n)
    if size < p:
        raise ValueError(f"n = {size} spins have no term of p = {p}: take n >= {p}")
    return size


def check_number(name: str, value: object, low: float = -np.inf, *, open_end: bool = False) -> float:
    """value as float; TypeError if it is no number, ValueError if it is not finite or out of range."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise TypeError(f"{name} = {value!r}: expected a number")
    if not np.isfinite(value) or value < low or (open_end and value == low):
        bound = "" if low == -np.inf else f" {'>' if open_end else '>='} {low:g}"
        raise ValueError(f"{name} = {value}: expected a finite number{bound}")
    return float(value)


def check_choice(name: str, value: object, *known: str) -> None:
    """ValueError unless value is one of the words `known`."""
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"{name} = {value!r}: expected {' or '.join(repr(k) for k in known)}")


def check_p(p: object, least: int = 2, most: int = 8) -> int:
    """p as int; ValueError unless it is an integer from `least` to `most`."""
    if isinstance(p, bool) or not isinstance(p, int | np.integer) or not least <= p <= most:
        raise ValueError(f"p = {p!r}: expected an integer from {least} to {most}, the spins of a term")
    return int(p)


