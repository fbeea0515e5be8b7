"""Slow dynamics: do weights drift away from their start like ln t, as in a glass, or like a power of t?

    |w_t - w_0| = a + b ln t      against      c t^d          (two parameters each: the residuals decide)

Sources of the logarithm: E. Hoffer, I. Hubara & D. Soudry, arXiv:1705.08741 (2017), for networks as walkers in a random
potential; J.-P. Bouchaud, J. Phys. I France 2, 1705 (1992), for glasses.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import curve_fit

Array = NDArray[np.float64]


class Drift(NamedTuple):
    """AIC of the power less AIC of the logarithm (positive: the logarithm describes better), per seed, and its mean
    with its standard error over seeds; slope b and exponent d, means over seeds."""

    difference: Array
    mean: float
    error: float
    slope: float
    exponent: float


def drift(t: ArrayLike, distance: ArrayLike) -> Drift:
    """Compare the two laws on times t (n,) > 0 and distances (seeds, n); NaN are left out.

    Raises ValueError if shapes do not fit.  Seeds with fewer than four times give NaN.

    Example: ``drift([1, 10, 100, 1000], [[1, 2, 3, 4]]).mean > 0``
    """
    time, x = np.asarray(t, dtype=float), np.atleast_2d(np.asarray(distance, dtype=float))
    if time.ndim != 1 or x.shape[1] != len(time) or (time <= 0).any():
        raise ValueError(f"t has shape {time.shape}, distance {x.shape}: expected (n,) times > 0 and (seeds, n)")
    rows = np.array([_compare(time[np.isfinite(row)], row[np.isfinite(row)]) for row in x])
    delta = rows[:, 0]
    known = rows[np.isfinite(delta)]
    error = float(known[:, 0].std(ddof=1) / np.sqrt(len(known))) if len(known) > 1 else np.nan
    mean, slope, exponent = known.mean(0) if len(known) else np.full(3, np.nan)
    return Drift(delta, float(mean), error, float(slope), float(exponent))


def _compare(t: Array, x: Array) -> tuple[float, float, float]:
    n = len(t)
    if n < 4:
        return np.nan, np.nan, np.nan
    slope, intercept = np.polyfit(np.log(t), x, 1)
    logarithm = float(((intercept + slope * np.log(t) - x) ** 2).sum())
    d0, ln_c0 = np.polyfit(np.log(t), np.log(np.maximum(x, 1e-300)), 1)
    (c, d), _ = curve_fit(lambda s, c, d: c * s**d, t / t[-1], x, p0=(np.exp(ln_c0) * t[-1] ** d0, d0), maxfev=5000)
    power = float(((c * (t / t[-1]) ** d - x) ** 2).sum())
    floor = (1e-9 * np.abs(x).max()) ** 2 * n  # both laws exact: rounding errors decide nothing
    return n * float(np.log((power + floor) / (logarithm + floor))), float(slope), float(d)
