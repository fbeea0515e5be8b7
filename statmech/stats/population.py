"""Populations that are cooled: weights, resampling, families, and errors that know who descends from whom."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from statmech.random import log_words

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10  # k times the first, of 32 bits, is exact
_FACTORIALS = tuple(1.0 / float(np.prod(np.arange(1.0, k + 1))) for k in range(14))
BISECTIONS = 40
SAFETY = 100
"""Replicas per mean square family size that a population in equilibrium has at least."""


def decay(x: Array) -> Array:
    """exp(-x) for x >= 0, to 4e-16 and the same bits on every machine: +, -, * in a fixed order, and powers of two.

    Example: ``abs(decay(np.array(1.0)) - 0.36787944117144233) < 1e-16``
    """
    x = np.minimum(np.asarray(x, float), 800.0)
    k = np.rint(x / np.log(2.0))
    r = (k * _LN2_HIGH - x) + k * _LN2_LOW
    out = np.full_like(r, _FACTORIALS[-1])
    for c in _FACTORIALS[-2::-1]:
        out = out * r + c
    return np.ldexp(out, -k.astype(np.int64))


def boltzmann_weights(energy: Array, step: Array) -> tuple[Array, Array]:
    """Weights exp(-step E) of populations, and ln of their mean.

    energy: (D, R) total energies; step: (D,) increase of beta, >= 0.  Returns whole numbers W (D, R), the weights
    relative to the largest in units of 2^-b, b = 52 - log2 R, so that their sums are exact in any order; and
    ln (1/R) sum_j exp(-step E_j), (D,).

    Example: ``boltzmann_weights(np.array([[0.0, 1.0]]), np.array([0.0]))[1].tolist() == [0.0]``
    """
    R = energy.shape[1]
    unit = 2.0 ** (52 - int(np.ceil(np.log2(R))))
    lowest = energy.min(1)
    W = np.floor(decay(step[:, None] * (energy - lowest[:, None])) * unit + 0.5)
    return W, log_words(W.sum(1) / (unit * R)) - step * lowest


def culled(W: Array) -> Array:
    """Expected share of the population that leaves no copy, (1/R) sum_j max(0, 1 - R W_j / sum W), of weights (D, R).

    1 minus it is the overlap of the energy distributions before and after the step (Barash et al., Comput. Phys.
    Commun. 220, 341 (2017)).

    Example: ``culled(np.array([[1.0, 1.0], [2.0, 0.0]])).tolist() == [0.0, 0.5]``
    """
    return np.maximum(0.0, 1.0 - W * (W.shape[1] / W.sum(1, keepdims=True))).mean(1)


def step_to(energy: Array, limit: Array, target: float) -> Array:
    """Increase of beta (D,) at which the share `target` of a population of energies (D, R) is culled; `limit` (D,) if
    that culls less, and half of it rather than nearly all of it.

    Example: ``step_to(np.zeros((1, 4)), np.array([2.0]), 0.1).tolist() == [2.0]``
    """
    low, high = np.zeros_like(limit), np.array(limit, float)
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        much = culled(boltzmann_weights(energy, middle)[0]) > target
        low, high = np.where(much, low, middle), np.where(much, middle, high)
    at_once = culled(boltzmann_weights(energy, limit)[0]) <= target
    return np.where(at_once, limit, np.where(high > 0.5 * limit, 0.5 * limit, high))


def resample(W: Array, u: Array) -> Indices:
    """Parents (D, R) of the next population: systematic resampling, one uniform u (D,) per population.

    Replica j gets the whole number below or above R W_j / sum W of copies, which is also their mean; copies stand
    side by side, in the order of their parents, so that families are runs of neighbours, and the number of copies of
    any run is right to one as well.  Source: Kitagawa, J. Comput. Graph. Stat. 5, 1 (1996).

    Example: ``resample(np.array([[1.0, 3.0, 0.0, 0.0]]), np.array([0.5])).tolist() == [[0, 1, 1, 1]]``
    """
    R = W.shape[1]
    places = np.cumsum(W, 1) * (R / W.sum(1, keepdims=True))
    out = np.empty(W.shape, np.int64)
    for d in range(len(W)):
        out[d] = np.searchsorted(places[d, :-1], np.arange(R) + u[d], side="right")
    return out


def family_sizes(family: Indices) -> Array:
    """Shares (D, R) of the population (D, R) that descend from every ancestor 0 .. R-1."""
    D, R = family.shape
    flat = (family + R * np.arange(D)[:, None]).ravel()
    return np.bincount(flat, minlength=D * R).reshape(D, R) / float(R)


def family_statistics(family: Indices) -> dict[str, Array]:
    """rho_t = R sum_i n_i^2, the mean square family size, S_f = -sum_i n_i ln n_i and the number of families, (D,), of
    ancestors (D, R); n_i: share of the descendants of ancestor i (Wang, Machta & Katzgraber, PRE 92, 063307 (2015)).

    Example: ``family_statistics(np.array([[0, 0, 2, 2]]))["rho_t"].tolist() == [2.0]``
    """
    share = family_sizes(family)
    there = share > 0
    entropy = -(share * np.log(np.where(there, share, 1.0))).sum(1)
    return {"rho_t": share.shape[1] * (share**2).sum(1), "S_f": entropy, "families": there.sum(1).astype(float)}


def log_mean(ln_w: Array) -> tuple[Array, Array]:
    """ln (1/R) sum_j w_j (...) of logarithms of weights (..., R), and the weights over their mean (..., R).

    Example: ``log_mean(np.array([0.0, 0.0]))[0] == 0.0``
    """
    largest = ln_w.max(-1, keepdims=True)
    w = np.exp(ln_w - largest)
    mean = w.mean(-1, keepdims=True)
    return (largest + np.log(mean))[..., 0], w / mean


def block_sums(block: Indices, values: Array, blocks: int) -> Array:
    """Sums (..., D, B) of values (..., D, R) over the replicas of every block of families; block: (D, R)."""
    D, R = block.shape
    flat = (block + blocks * np.arange(D)[:, None]).ravel()
    rows = values.reshape(-1, D * R)
    out = np.empty((len(rows), D * blocks))
    for total, row in zip(out, rows, strict=True):
        total[:] = np.bincount(flat, row, D * blocks)
    return out.reshape(*values.shape[:-1], blocks)


def without_blocks(sums: Array) -> Array:
    """Totals without each block in turn, of sums (..., B)."""
    return sums.sum(-1, keepdims=True) - sums


def block_error(without: Array) -> Array:
    """Jackknife error (...) of a quantity from its values without each block of families in turn (..., B).

    NaN where a value is missing: a block that holds the whole population leaves nothing.
    """
    B = without.shape[-1]
    centred = without - without.mean(-1, keepdims=True)
    return np.sqrt((B - 1) / B * (centred**2).sum(-1))


def pair_errors(values: Array, first: Indices, second: Indices, blocks: int) -> tuple[Array, Array]:
    """Means and errors (X,) of values (X, P) of pairs of replicas, in the blocks of families `first` and `second`.

    Values that share a block are dependent: V = V_first + V_second - V_both, sums of squared deviations per block and
    per pair of blocks (Cameron, Gelbach & Miller, J. Bus. Econ. Stat. 29, 238 (2011)), times G/(G - 1), G the smaller
    number of blocks on either side.  Errors are NaN for G < 2, means as well without pairs.
    """
    count, pairs = values.shape
    if not pairs:
        return np.full(count, np.nan), np.full(count, np.nan)
    mean = values.mean(1)
    deviation = (values - mean[:, None]).ravel()

    def squares(label: Indices, size: int) -> Array:
        flat = (label + size * np.arange(count)[:, None]).ravel()
        return (np.bincount(flat, deviation, size * count).reshape(count, size) ** 2).sum(1)

    one, two = squares(first, blocks), squares(second, blocks)
    both = squares(first * blocks + second, blocks**2)
    G = min(np.unique(first).size, np.unique(second).size)
    variance = np.maximum(one + two - both, np.maximum(one, two)) * (G / (G - 1) if G > 1 else np.nan)
    return mean, np.sqrt(variance) / pairs
