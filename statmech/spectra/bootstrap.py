"""How far a fitted power law can be trusted: its interval, its plausibility, and what single eigenvalues do to it.

Every repetition searches the lower end again, as the fit did.  Source: Clauset, Shalizi & Newman, SIAM Rev. 51, 661
(2009), secs. 3.3 (bootstrap) and 4.1 (plausibility).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from statmech.random import derive_key
from statmech.spectra.law import Array, positive_values
from statmech.spectra.power_law import MINIMUM_TAIL, PowerLawFit, fit_power_law

BLOCK = 1 << 20  # values held at a time


class Replicates(NamedTuple):
    """Fits to changed samples: arrays (R,).  NaN, and n_tail 0, where there is no fit."""

    alpha: Array
    xmin: Array
    D: Array
    n_tail: np.ndarray

    def interval(self, level: float = 0.68) -> tuple[float, float]:
        """Quantiles of alpha between which the share `level` of the replicates lies; NaN if none has a fit."""
        known = self.alpha[np.isfinite(self.alpha)]
        if not known.size:
            return np.nan, np.nan
        low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
        return float(low), float(high)

    @property
    def stderr(self) -> float:
        """Standard deviation of alpha over the replicates that have a fit, the search of xmin included."""
        known = self.alpha[np.isfinite(self.alpha)]
        return float(known.std(ddof=1)) if known.size > 1 else np.nan


class Plausibility(NamedTuple):
    """p: share of samples from the fitted law that are further from their own fits.  Small: no power law.

    stderr: sqrt(p (1 - p)/sets).  D: distances of the sets (sets,).  Clauset et al. rule the law out for p <= 0.1.
    """

    p: float
    stderr: float
    D: Array


def bootstrap_power_law(
    x: ArrayLike, resamples: int = 100, minimum_tail: int = MINIMUM_TAIL, seed: int = 0
) -> Replicates:
    """Power laws of samples drawn from x (n,) with replacement, each with its own lower end.

    Eigenvalues of one matrix repel and are not independent: redrawing them overstates how they scatter, so the interval
    is that of independent values with this law.  Raises as `fit_power_law` does, and for resamples < 2.

    Example: ``bootstrap_power_law(eigenvalues, seed=1).interval(0.9)``
    """
    _check(minimum_tail, resamples, "resamples")
    values = positive_values(x)
    rng = _generator("resamples", seed)
    parts = []
    for count in _blocks(resamples, values.size):
        parts.append(_fits(values[np.sort(rng.integers(0, values.size, (count, values.size)), axis=1)], minimum_tail))
    return Replicates(*(np.concatenate(column) for column in zip(*parts)))


def goodness_of_fit(
    x: ArrayLike, fit: PowerLawFit, sets: int = 1000, minimum_tail: int = MINIMUM_TAIL, seed: int = 0
) -> Plausibility:
    """Could the fitted law have made a tail as far from it as that of x (n,)?

    Each of n values of a synthetic set comes from the law with probability n_tail/n, else from the values of x below
    xmin; the set is fitted as x was.  p = (1 + sets with D >= that of the fit)/(1 + sets).

    fit: `fit_power_law(x)`, searched and without xmax.  sets: 1/(4 error^2) of them give p to that error.

    Raises ValueError for a fit that has no law, has an xmax, or is not one of x; and for sets < 2.

    Example: ``goodness_of_fit(eigenvalues, fit_power_law(eigenvalues)).p > 0.1``
    """
    _check(minimum_tail, sets, "sets")
    values = positive_values(x)
    law = fit.law
    if fit.xmax < np.inf:
        raise ValueError(f"the fit has xmax = {fit.xmax:g}: expected one without, synthetic sets have no upper end")
    bulk = values[values < fit.xmin]
    if values.size - bulk.size != fit.n_tail:
        found = f"{values.size - bulk.size} values of x are at least xmin = {fit.xmin:g}, the fit has {fit.n_tail}"
        raise ValueError(f"{found}: expected fit_power_law(x)")
    rng = _generator("synthetic sets", seed)
    parts = []
    for count in _blocks(sets, values.size):
        shape = (count, values.size)
        new = law.ppf(rng.random(shape))
        if bulk.size:
            below = rng.random(shape) >= fit.n_tail / values.size
            new = np.where(below, bulk[rng.integers(0, bulk.size, shape)], new)
        parts.append(_fits(np.sort(new, axis=1), minimum_tail).D)
    D = np.concatenate(parts)
    p = float((1 + (D >= fit.D).sum()) / (1 + sets))
    return Plausibility(p, float(np.sqrt(p * (1 - p) / sets)), D)


def leave_one_out(x: ArrayLike, largest: int = 10, minimum_tail: int = MINIMUM_TAIL) -> Replicates:
    """Fits without the largest value of x, without the second largest, ...: arrays (largest,), or n if x has fewer.

    A law that hangs on one eigenvalue moves when it goes.  Raises as `fit_power_law` does, and for largest < 1.

    Example: ``np.ptp(leave_one_out(eigenvalues).alpha)``
    """
    _check(minimum_tail, largest + 1, "largest + 1")
    values = positive_values(x)
    gone = values.size - 1 - np.arange(min(largest, values.size))
    fits = [fit_power_law(np.delete(values, i), minimum_tail=minimum_tail) for i in gone]
    columns = ([getattr(fit, name) for fit in fits] for name in Replicates._fields)
    return Replicates(*(np.array(column) for column in columns))


def _check(minimum_tail: int, count: int, name: str) -> None:
    if minimum_tail < 2 or count < 2:
        raise ValueError(f"minimum_tail = {minimum_tail!r}, {name} = {count!r}: expected integers >= 2")


def _generator(purpose: str, seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=derive_key("power law", purpose, seed)))


def _blocks(count: int, size: int) -> list[int]:
    """How many rows to hold at a time, until there are `count`."""
    step = max(1, BLOCK // max(size, 1))
    return [min(step, count - i) for i in range(0, count, step)]


def _fits(x: Array, minimum_tail: int) -> Replicates:
    """Power law of every row of x (R, n), ascending."""
    from statmech.kernels.tails import best_ends

    y = np.log(x)
    index, D = best_ends(y, minimum_tail)
    rows, there = np.arange(len(x)), index >= 0
    n_tail = np.where(there, x.shape[1] - index, 0)
    first = y[rows, index]
    excess = np.where(np.arange(x.shape[1]) >= index[:, None], y - first[:, None], 0.0).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        alpha = 1 + n_tail / excess
    alpha, xmin, D = (np.where(there, v, np.nan) for v in (alpha, x[rows, index], D))
    return Replicates(alpha, xmin, D, n_tail)
