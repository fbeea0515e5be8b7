"""Limits in which the examples average: high temperature (alpha/T = x fixed), and the annealed bound.

At high temperature a student of overlap R sees the mean error only, and its free energy is, in units of T per weight,
f(R) = x (1-2p) arccos(R)/pi - s(R) (up to x p): the fraction 2p of randomised labels does no more than lower the load.
The entropy is s = -((1+R)/2) ln((1+R)/2) - ((1-R)/2) ln((1-R)/2) for Ising, ln(1 - R^2)/2 for spherical weights.

Source: Sompolinsky, Tishby & Seung, Phys. Rev. Lett. 65, 1683 (1990); Seung, Sompolinsky & Tishby, Phys. Rev. A 45,
6056 (1992); Gyorgyi, Phys. Rev. A 41, 7097 (1990).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq, minimize_scalar
from scipy.special import xlogy

from statmech.theory.quadrature import check_flip, check_range, elementwise
from statmech.theory.state_evolution import check_prior

Array = NDArray[np.float64]


class Point(NamedTuple):
    """x: effective load, R: overlap of the poor branch there."""

    x: float
    R: float


def entropy(R: ArrayLike, prior: str = "ising") -> Array:
    """s(R): entropy per weight (nats) of the students of overlap R, less ln volume at R = 0 if spherical.

    Example: ``entropy(0.0) == np.log(2)``
    """
    R = check_range("R", R, -1.0, 1.0, "the overlap with the teacher")
    if check_prior(prior) == "ising":
        return -xlogy((1 + R) / 2, (1 + R) / 2) - xlogy((1 - R) / 2, (1 - R) / 2)
    with np.errstate(divide="ignore"):
        return 0.5 * np.log1p(-R * R)


def free_energy(R: ArrayLike, x: ArrayLike, prior: str = "ising", p: ArrayLike = 0.0) -> Array:
    """f(R)/T = x (1-2p) arccos(R)/pi - s(R) at effective load x = alpha/T.

    Example: ``free_energy(1.0, 2.0) == 0``
    """
    x = check_range("x", x, 0.0, np.inf, "the effective load alpha/T")
    return x * (1 - 2 * check_flip(p)) * np.arccos(np.asarray(R, dtype=float)) / np.pi - entropy(R, prior)


def overlap(x: ArrayLike, prior: str = "ising", p: ArrayLike = 0.0) -> Array:
    """R of the state that an uninformed start reaches: x (1-2p)/pi = sqrt(1 - R^2) artanh R (Ising; the poor branch,
    1 beyond its spinodal), x (1-2p)/pi = R/sqrt(1 - R^2) (spherical).

    Args:
        x: effective load alpha/T >= 0; p: flip probability; array-like, broadcast together.
        prior: "ising" or "spherical".

    Returns:
        float64 of the broadcast shape.

    Raises:
        ValueError, TypeError: an argument out of range.

    Source: Seung, Sompolinsky & Tishby (1992), section III.

    Example:
        >>> float(overlap(1.0).round(6))
        0.336718
    """
    drive = check_range("x", x, 0.0, np.inf, "the effective load alpha/T") * (1 - 2 * check_flip(p)) / np.pi
    if check_prior(prior) == "spherical":
        return drive / np.hypot(1.0, drive)
    last = spinodal()
    limit = last.x / np.pi

    def one(d: float) -> float:
        if d > limit:
            return 1.0
        if d == limit:
            return last.R
        return float(brentq(lambda R: np.sqrt(1 - R * R) * np.arctanh(R) - d, 0.0, last.R, xtol=1e-15))

    return elementwise(one, drive)[0]


def spinodal() -> Point:
    """Where the poor branch of the Ising student ends without noise: sqrt(1 - R^2) artanh R largest, R artanh R = 1.

    Source: Seung, Sompolinsky & Tishby (1992).

    Example:
        >>> round(spinodal().x, 5)
        2.08207
    """
    R = float(brentq(lambda R: R * np.arctanh(R) - 1, 0.1, 0.99, xtol=1e-15))
    return Point(float(np.pi * np.sqrt(1 - R * R) * np.arctanh(R)), R)


def transition() -> Point:
    """First-order transition of the Ising student to R = 1 without noise: f(R) = f(1) = 0 on the poor branch.

    Source: Sompolinsky, Tishby & Seung (1990).

    Example:
        >>> round(transition().x, 5)
        1.69593
    """
    x = float(brentq(lambda x: free_energy(overlap(x), x), 1.0, spinodal().x, xtol=1e-15))
    return Point(x, float(overlap(x)))


def annealed_log_number(alpha: float, T: float = 0.0) -> Point:
    """max over R < 1 of s(R) + alpha ln(1 - (1 - e^-1/T) arccos(R)/pi), Ising, no noise; (value, R).

    The logarithm per weight of the mean partition function of the students away from the teacher: where it is negative
    at T = 0 there are none (a rigorous bound, first moment). The maximum is over R below 0.999, the last state but the
    teacher's own.

    Example:
        >>> round(annealed_log_number(1.0).x, 4)
        0.1609
    """
    weight = 1 - (np.exp(-1 / T) if T > 0 else 0.0)

    def negative(R: float) -> float:
        return -float(entropy(R) + alpha * np.log1p(-weight * np.arccos(R) / np.pi))

    grid = np.linspace(0.0, 0.999, 400)
    best = int(np.argmin([negative(R) for R in grid[:-20]]))  # the rise towards R = 1 is the teacher
    bounds = grid[max(best - 1, 0)], grid[best + 1]
    found = minimize_scalar(negative, bounds=bounds, method="bounded", options={"xatol": 1e-13})
    return Point(-float(found.fun), float(found.x))


def annealed_bound() -> Point:
    """Load above which no Ising student but the teacher is free of errors (T = 0, no noise): 1.44797, rigorous.

    Source: Baum & Lyuu, Neural Comput. 3, 386 (1991); Lyuu & Rivin, Inf. Comput. 96, 173 (1992).

    Example:
        >>> round(annealed_bound().x, 6)
        1.447966
    """
    alpha = float(brentq(lambda a: annealed_log_number(a).x, 1.0, 2.0, xtol=1e-13))
    return Point(alpha, annealed_log_number(alpha).R)
