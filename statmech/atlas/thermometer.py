"""Two thermometers of a trained network: the temperature at which the sampled network has the same observable.

T1 is read from the training loss, T2 from an observable that was not fitted (test loss on clean labels).  Where the
two agree within their 95 % intervals the knob of training acts as a temperature; elsewhere it only sets a loss level.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import PchipInterpolator
from scipy.optimize import isotonic_regression

Array = NDArray[np.float64]


class Reading(NamedTuple):
    """Temperature with its 95 % interval; NaN outside the temperatures that were sampled."""

    T: float
    low: float
    high: float


def read(T: ArrayLike, calibration: ArrayLike, values: ArrayLike, resamples: int = 400, seed: int = 0) -> Reading:
    """The temperature at which the sampled network has the value of the trained one.

    T:           (n,) increasing temperatures > 0 of the sampled network
    calibration: (n, seeds) its observable
    values:      (seeds',) the observable of the trained networks

    The mean calibration is made monotone (pool adjacent violators, rising if it rises end to end) and is interpolated
    by a monotone cubic in ln T.  The interval bootstraps the seeds of both; a resample that leaves the range counts as
    its end, so an interval that touches an end is open there, and a mean outside gives NaN.

    Raises ValueError for shapes that do not fit.

    Example: ``read([0.1, 1.0], [[0.0], [1.0]], [0.5]).T``
    """
    t, table, found = np.asarray(T, float), np.asarray(calibration, float), np.asarray(values, float)
    if table.ndim != 2 or len(table) != len(t) or found.ndim != 1 or not (np.diff(t) > 0).all():
        shapes = f"T {t.shape}, calibration {table.shape}, values {found.shape}"
        raise ValueError(f"{shapes}: expected (n,) rising, (n, seeds) and (seeds',)")
    found = found[np.isfinite(found)]
    if not found.size:
        return Reading(np.nan, np.nan, np.nan)
    rng = np.random.default_rng(np.random.Philox(key=seed))
    ends = []
    for _ in range(resamples):
        curve = table[:, rng.integers(table.shape[1], size=table.shape[1])].mean(1)
        ends.append(_at(t, curve, rng.choice(found, size=found.size).mean(), clip=True))
    low, high = np.quantile(ends, (0.025, 0.975))
    return Reading(_at(t, table.mean(1), found.mean(), clip=False), float(low), float(high))


def agree(a: Reading, b: Reading) -> bool | None:
    """Do the 95 % intervals of two thermometers overlap?  None if either has no reading.

    Example: ``agree(Reading(1.0, 0.9, 1.1), Reading(1.05, 1.0, 1.2))``
    """
    if np.isnan(a.T) or np.isnan(b.T):
        return None
    return a.low <= b.high and b.low <= a.high


def _at(t: Array, curve: Array, value: float, clip: bool) -> float:
    rising = bool(curve[-1] >= curve[0])
    smooth = isotonic_regression(curve, increasing=rising).x
    if not rising:
        smooth, t = smooth[::-1], t[::-1]
    if not clip and not smooth[0] <= value <= smooth[-1]:
        return np.nan
    fine = np.linspace(np.log(t[0]), np.log(t[-1]), 40 * len(t))
    order = np.argsort(t)
    curve = PchipInterpolator(np.log(t[order]), smooth[order])(fine)
    return float(np.exp(np.interp(value, np.maximum.accumulate(curve), fine)))
