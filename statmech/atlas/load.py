"""Which effective load describes networks taught with partly random labels?

A learner of m examples, a share r of them relabelled at random, errs like a learner of m f(r) clean examples.  For each
candidate f one curve F is fitted to all networks but those of one m, and is judged by the held-out likelihood:

    ln eps_g = ln F(m f(r)) + noise,     F(x) = F_0 (1 + (x/x_0)^b)^(-c),     F_0: error of guessing

Source of f = 1 - r: C. H. Martin & M. W. Mahoney, arXiv:1710.09553 (2017).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import least_squares

Array = NDArray[np.float64]

_BOX = ((-3.0, -2.0, -2.0), (3.0, 1.5, 2.0))
"""Range of ln(x_0 / median of m), ln b and ln c: F stays monotone and smooth over the loads measured."""


class LoadTest(NamedTuple):
    """What `load_test` found.

    score:      candidate -> held-out log-likelihood per network
    behind:     candidate -> (score less that of the best, lower and upper end of its 95 % bootstrap interval)
    misfit:     candidate -> rms of the held-out residuals of ln eps_g: a candidate that describes the networks comes
                near their own scatter; the best of bad ones does not
    scatter:    rms of ln eps_g about the mean of its cell, between seeds
    best:       the candidate with the highest score
    """

    score: dict[str, float]
    behind: dict[str, tuple[float, float, float]]
    misfit: dict[str, float]
    scatter: float
    best: str


def log_curve(x: Array, parameters: ArrayLike, guess: float, unit: float) -> Array:
    """ln F(x) for loads x >= 0; parameters ln(x_0/unit), ln b, ln c.

    Example: ``log_curve(np.zeros(1), [0, 0, 0], 0.9, 1.0)[0] == np.log(0.9)``
    """
    ln_x0, ln_b, ln_c = np.asarray(parameters, dtype=float)
    return np.log(guess) - np.exp(ln_c) * np.log1p((x / unit / np.exp(ln_x0)) ** np.exp(ln_b))


def load_test(
    eps: ArrayLike, m: ArrayLike, f: Mapping[str, ArrayLike], guess: float = 0.9, resamples: int = 100, seed: int = 0
) -> LoadTest:
    """Compare candidate effective loads by leave-one-m-out likelihood.

    eps:       (cells, seeds) generalisation errors > 0; NaN where a network is missing
    m:         (cells,) number of examples of a cell
    f:         candidate -> (cells,) values of f(r) in [0, 1] of a cell
    resamples: bootstrap samples of the seeds

    Raises ValueError for shapes that do not fit, errors that are not positive, or fewer than three different m.

    Example: ``load_test(eps, m, {"1": np.ones(len(m)), "1 - r": 1 - r}).best``
    """
    y, load = np.asarray(eps, dtype=float), np.asarray(m, dtype=float)
    if y.ndim != 2 or load.shape != y.shape[:1] or any(np.shape(v) != load.shape for v in f.values()):
        raise ValueError(f"eps has shape {y.shape}, m {load.shape}: expected (cells, seeds), (cells,), f of each cell")
    if (y <= 0).any():
        raise ValueError("an error of zero has no logarithm: expected eps > 0; use a larger test set")
    if len(np.unique(load)) < 3:
        raise ValueError(f"m takes the values {np.unique(load)}: expected at least three, one is left out at a time")
    y = np.log(y)
    names = list(f)
    x = {name: load * np.asarray(f[name], dtype=float) for name in names}
    found = {name: _held_out(y, load, x[name], guess) for name in names}
    score = {name: found[name][0] for name in names}
    best = max(names, key=score.__getitem__)
    rng = np.random.default_rng(np.random.Philox(key=seed))
    lost = []
    for _ in range(resamples):
        chosen = y[:, rng.integers(y.shape[1], size=y.shape[1])]
        again = {name: _held_out(chosen, load, x[name], guess)[0] for name in names}
        lost.append([again[name] - again[best] for name in names])
    low, high = np.quantile(lost, (0.025, 0.975), axis=0)
    behind = {n: (score[n] - score[best], float(low[i]), float(high[i])) for i, n in enumerate(names)}
    scatter = float(np.sqrt(np.nanmean(np.nanvar(y, axis=1, ddof=1))))
    return LoadTest(score, behind, {name: found[name][1] for name in names}, scatter, best)


def _held_out(y: Array, m: Array, x: Array, guess: float) -> tuple[float, float]:
    """Mean log-likelihood of the networks of each m under the curve fitted to those of the others; rms residual."""
    total, square, count = 0.0, 0.0, 0
    for left in np.unique(m):
        here = np.isfinite(y) & (m == left)[:, None]
        there = np.isfinite(y) & (m != left)[:, None]
        unit = float(np.median(m))
        wide = np.broadcast_to(x[:, None], y.shape)

        def misfit(p: Array, chosen: NDArray[np.bool_] = there, wide: Array = wide, unit: float = unit) -> Array:
            return log_curve(wide[chosen], p, guess, unit) - y[chosen]

        fit = least_squares(misfit, np.zeros(3), bounds=_BOX)
        variance = max(2 * fit.cost / max(there.sum() - 3, 1), 1e-8)
        residual = log_curve(wide[here], fit.x, guess, unit) - y[here]
        total += float(-0.5 * (residual**2 / variance + np.log(2 * np.pi * variance)).sum())
        square += float((residual**2).sum())
        count += int(here.sum())
    return total / max(count, 1), float(np.sqrt(square / max(count, 1)))
