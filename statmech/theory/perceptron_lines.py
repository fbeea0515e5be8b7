"""Lines of the replica-symmetric (alpha, T) diagram of the perceptron at flip probability p, read as loads.

Functions of (T, p): alpha_th (first-order transition: f of the branch R < 1 is alpha p, that of the teacher), alpha_sp
(spinodal, end of the branch R < 1), alpha_s0 (its entropy vanishes: freezing), alpha_AT (replica symmetry breaks, de
Almeida-Thouless); NaN where there is no such point. T_N is the Nishimori temperature. The same lines read as
temperatures: `perceptron_temperatures`.

Source: Gyorgyi, Phys. Rev. A 41, 7097 (1990); Seung, Sompolinsky & Tishby, Phys. Rev. A 45, 6056 (1992); Nishimori
line: Iba, J. Phys. A 32, 3875 (1999).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from statmech.theory import perceptron_saddle as saddle
from statmech.theory.perceptron import check, check_weights, thermodynamics

Array = NDArray[np.float64]

def root(fun: Callable[..., Array], lo: Array, hi: Array, *args: Array) -> Array:
    """One bracketed root per element (Chandrupatla's method); hi where rounding hides the change of sign."""
    from scipy.optimize import elementwise

    if lo.size == 0:
        return lo.copy()
    found = elementwise.find_root(fun, (lo, hi), args=args, tolerances={"xrtol": 1e-12, "xatol": 1e-13})
    if (found.status < -1).any():
        raise ArithmeticError(f"no convergence of a line of the phase diagram between {lo} and {hi}")
    return np.where(found.success, found.x, hi)


def along(y: Array, T: Array, p: Array, weights: str, kind: str, guess: Array | None = None) -> tuple[Array, Array]:
    """Load at strength y and what vanishes on a line of this kind, positive at small loads."""
    c = saddle.curve(y, T, p, np.zeros_like(y), weights, guess)
    if guess is not None:
        guess[:] = c.u
    if kind == "T_sp":
        return c.alpha, c.rise
    if kind == "T_AT":
        return c.alpha, 1 - c.alpha * c.mean.curvature * c.field.sech4
    f, s = thermodynamics(c.field, c.alpha, T, p, weights)[9:11]
    if kind == "T_s0":
        return c.alpha, s
    with np.errstate(divide="ignore", invalid="ignore"):
        return c.alpha, np.where(T > 0, (c.alpha * p - f) / T, np.where(p > 0, np.nan, s))


def crossing(T: Array, p: Array, weights: str, kind: str) -> tuple[Array, Array]:
    """Strength and load at which a quantity first changes sign along the branch, for 1-d arrays; NaN if nowhere."""
    top, load = saddle.end(T, p, np.zeros_like(T), weights)
    if kind == "T_sp":
        return top, load
    with np.errstate(divide="ignore"):
        top = np.minimum(top, np.where(T > 0, np.maximum(5.0, 5.0 - np.log(T)), 12.0))
    y = top[:, None] - (top[:, None] + 2) * np.linspace(1, 0, 25) ** 1.5
    shape = y.shape
    t, flip = (np.repeat(v, shape[1]) for v in (T, p))
    value = along(y.ravel(), t, flip, weights, kind)[1].reshape(shape)
    # Where the teacher is drawn from the student's posterior the AT line is the spinodal itself: zero up to rounding.
    below = value < np.where(np.arange(shape[1]) == shape[1] - 1, 1e-6, 0.0)
    first = below.argmax(1)
    rows = np.flatnonzero(below.any(1) & (first > 0))
    alpha, strength = np.full(T.size, np.nan), np.full(T.size, np.nan)
    lo, hi = y[rows, first[rows] - 1], y[rows, first[rows]]
    strength[rows] = root(lambda x, a, b: along(x, a, b, weights, kind)[1], lo, hi, T[rows], p[rows])
    alpha[rows] = along(strength[rows], T[rows], p[rows], weights, kind)[0]
    return strength, alpha


def _loads(T: ArrayLike, p: ArrayLike, weights: str, kind: str) -> Array:
    t, flip = check(T=T, p=p)
    return crossing(t.ravel(), flip.ravel(), weights, kind)[1].reshape(t.shape)


def alpha_th(T: ArrayLike, p: ArrayLike = 0.0) -> Array:
    """Load of the first-order transition to perfect generalisation, Ising weights: f_poor = alpha p.

    Args: T >= 0 and p, array-like, broadcast. Returns: float64 of that shape; NaN at T = 0 for p > 0, where the
    branch ends before its energy reaches that of the teacher. Raises: ValueError out of range.
    Source: Gyorgyi (1990); Sompolinsky, Tishby & Seung, Phys. Rev. Lett. 65, 1683 (1990).

    Example:
        >>> float(alpha_th(0.0).round(6))
        1.244684
    """
    return _loads(T, p, "ising", "T_th")


def alpha_sp(T: ArrayLike, p: ArrayLike = 0.0) -> Array:
    """Load at which the branch R < 1 of Ising weights ends (spinodal); infinite for random labels at T > 0.

    Args: T >= 0 and p, array-like, broadcast. Returns: float64 of that shape. Raises: ValueError out of range.
    Source: Gyorgyi (1990); Seung, Sompolinsky & Tishby (1992).

    Example:
        >>> float(alpha_sp(0.0).round(6))
        1.492632
    """
    return _loads(T, p, "ising", "T_sp")


def alpha_s0(T: ArrayLike, p: ArrayLike = 0.0) -> Array:
    """Load at which the entropy of Ising weights on the branch R < 1 vanishes: they freeze beyond.

    Args: T >= 0 and p, array-like, broadcast. Returns: float64 of that shape, NaN where the branch ends first.
    Raises: ValueError out of range. Source: Krauth & Mezard, J. Phys. France 50, 3057 (1989); Seung, Sompolinsky &
    Tishby (1992).

    Example:
        >>> float(alpha_s0(0.0, 0.5).round(6))  # random labels: the capacity
        0.833079
    """
    return _loads(T, p, "ising", "T_s0")


def alpha_AT(T: ArrayLike, p: ArrayLike = 0.0, weights: str = "ising") -> Array:
    """Load at which replica symmetry of the branch R < 1 breaks: at = 0.

    Args: T >= 0 and p, array-like, broadcast. weights. Returns: float64 of that shape, NaN where it stays stable.
    Raises: ValueError out of range. Source: Gyorgyi (1990); Gardner & Derrida, J. Phys. A 21, 271 (1988).

    Example:
        >>> float(alpha_AT(0.3, 0.2, "spherical").round(4))
        7.5014
    """
    return _loads(T, p, check_weights(weights), "T_AT")


def T_N(p: ArrayLike) -> Array:
    """Nishimori temperature 1/ln((1 - p)/p): 0 at p = 0, infinite at p = 1/2.

    There the student's weight exp(-E/T) is the posterior of the teacher: q = R and eps_t = p exactly, and R/sqrt(q) is
    largest. Args: p, 0 to 1/2. Returns: float64. Raises: ValueError. Source: Iba, J. Phys. A 32, 3875 (1999).

    Example:
        >>> float(T_N(0.1).round(6))
        0.45512
    """
    (flip,) = check(p=p)
    with np.errstate(divide="ignore"):
        return 1 / (np.log1p(-flip) - np.log(flip))


@lru_cache(maxsize=64)
def glass_end(p: float = 0.0) -> tuple[float, float]:
    """(T, alpha) where the zero-entropy line of Ising weights ends on the spinodal: no freezing above that T.

    Args: p, a flip probability below 1/2. Raises: ValueError out of range.
    Source: Seung, Sompolinsky & Tishby, Phys. Rev. A 45, 6056 (1992).

    Example:
        >>> tuple(round(v, 4) for v in glass_end())
        (0.3303, 1.6429)
    """
    (flip,) = check(p=p)
    if flip == 0.5:
        raise ValueError("p = 0.5 is not valid, expected p < 1/2: random labels have no spinodal")

    def entropy(T: Array) -> Array:
        share = np.full_like(T, p)
        y, alpha = saddle.end(T, share, 0 * T, "ising")
        c = saddle.curve(y, T, share, 0 * T, "ising")
        return thermodynamics(c.field, alpha, T, share, "ising")[10]

    T = np.geomspace(0.1, 4 / (1 - 2 * p), 14)
    k = np.flatnonzero(entropy(T) > 0)[0]
    best = root(entropy, T[k - 1 : k], T[k : k + 1])
    return float(best[0]), float(alpha_sp(best, p)[0])
