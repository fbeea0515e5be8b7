"""Noisy labels as a smaller load: the equivalent clean load, and the least error that temperature and margin allow.

Martin and Mahoney read the redrawing of a share r of the labels as a load alpha (1 - r) = alpha (1 - 2p). Here the
equivalent load a* of a noisy student is the number of clean examples per weight that gives the same generalisation
error, at the same temperature. For T -> infinity, alpha/T fixed, it is alpha (1 - 2p); cooled it is smaller.

Source of the claim: Martin & Mahoney, arXiv:1710.09553 (2017); of the equations: `perceptron`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from statmech.theory import perceptron_saddle as saddle
from statmech.theory.perceptron import check, check_weights, solve, thermodynamics
from statmech.theory.perceptron_lines import T_N
from statmech.theory.perceptron_temperatures import T_opt

Array = NDArray[np.float64]


class LeastError(NamedTuple):
    """The least generalisation error and where it is found; arrays of one shape."""

    eps_g: Array
    T: Array
    kappa: Array


def clean_load(eps_g: ArrayLike, T: ArrayLike, weights: str = "spherical") -> Array:
    """Load of clean examples at which a student at temperature T has the generalisation error eps_g.

    Args: 0 < eps_g <= 1/2 and T >= 0, array-like, broadcast. weights.

    Returns:
        float64 of the broadcast shape; 0 at eps_g = 1/2; NaN where no state of the branch R < 1 is that good (beyond
        the spinodal of Ising weights).

    Raises:
        ValueError: an argument out of range, unknown weights.

    Source: the equations of Seung, Sompolinsky & Tishby, Phys. Rev. A 45, 6056 (1992), solved for alpha.

    Example:
        >>> float(clean_load(0.2403115940726698, 0.0).round(6))
        2.0
    """
    from scipy.optimize import elementwise

    check_weights(weights)
    error, t = check(eps_g=eps_g, T=T)
    shape, error, t = error.shape, error.ravel(), t.ravel()
    out = np.where(error == 0.5, 0.0, np.nan)
    zero = np.zeros_like(t)
    top = np.minimum(saddle.end(t, zero, zero, weights)[0], 17.0)

    def excess(y: Array, wanted: Array, T: Array) -> Array:
        x = saddle.curve(y, T, np.zeros_like(T), np.zeros_like(T), weights).field
        # The angle from its sine: 1 - R^2 = V + sigma^2 keeps its digits where the student is good.
        return np.log(wanted * np.pi / np.arctan2(np.sqrt(x.V + x.sigma**2), x.R))

    rows = np.flatnonzero(error < 0.5)
    lo, hi = np.full(rows.size, -15.0), top[rows]
    found = elementwise.find_root(excess, (lo, hi), args=(error[rows], t[rows]), tolerances={"xrtol": 1e-13})
    ok = found.success
    y, t = found.x[ok], t[rows[ok]]
    out[rows[ok]] = saddle.curve(y, t, 0 * t, 0 * t, weights).alpha
    return out.reshape(shape)


def equivalent_load(alpha: ArrayLike, p: ArrayLike, T: ArrayLike, weights: str = "spherical") -> Array:
    """Clean load a* whose student at the same temperature generalises as well as one taught with noisy labels.

    Gibbs against Gibbs: eps_g(a*, T, p = 0) = eps_g(alpha, T, p), both on the branch R < 1.

    Args: alpha > 0, p, T >= 0: array-like, broadcast. weights.

    Returns:
        float64 of the broadcast shape, NaN where the noisy state or its clean equal does not exist.

    Raises:
        ValueError: an argument out of range, unknown weights.

    Source: the claim a* = alpha (1 - 2p): Martin & Mahoney, arXiv:1710.09553 (2017).

    Example:
        >>> float((equivalent_load(3.0, 0.2, 1.0) / 3).round(2))
        0.54
    """
    x = solve(alpha, T, p, weights)
    error = np.where(x.exists, x.eps_g, 0.5)
    return np.where(x.exists, clean_load(error, x.T, weights), np.nan)


def equivalent_bayes_load(alpha: ArrayLike, p: ArrayLike, weights: str = "spherical") -> Array:
    """Clean load at which the Bayes-optimal student errs as the Bayes-optimal student of noisy labels does.

    The averaged student at T_N(p) against the averaged student at T = 0, p = 0: equal q. As `equivalent_load`.

    Example:
        >>> float((equivalent_bayes_load(3.0, 0.2) / 3).round(2))
        0.3
    """
    (flip,) = check(p=p)
    if (flip == 0.5).any():
        raise ValueError("p = 0.5 is not valid, expected p < 1/2: random labels teach nothing")
    x = solve(alpha, T_N(flip), flip, weights)
    error = np.where(x.exists, x.eps_g, 0.5)  # q = R on both sides
    return np.where(x.exists, clean_load(error, 0.0, weights), np.nan)


def kept_information(p: ArrayLike) -> dict[str, Array]:
    """What is left of a label flipped with probability p, three ways: 1 - 2p, (1 - 2p)^2 and 1 - h2(p).

    The share of labels not redrawn; its square (signal to noise, the limit of a*/alpha for small loads); the capacity
    of the binary symmetric channel in bits (h2: binary entropy).

    Args: p, 0 to 1/2. Returns: {"1 - 2p": ..., "(1 - 2p)^2": ..., "1 - h2(p)": ...}. Raises: ValueError.
    Source: Martin & Mahoney, arXiv:1710.09553 (2017) for the first; Shannon, Bell Syst. Tech. J. 27, 379 (1948).

    Example:
        >>> round(float(kept_information(0.2)["1 - h2(p)"]), 4)
        0.2781
    """
    from scipy.special import entr

    (flip,) = check(p=p)
    h2 = (entr(flip) + entr(1 - flip)) / np.log(2)
    return {"1 - 2p": 1 - 2 * flip, "(1 - 2p)^2": (1 - 2 * flip) ** 2, "1 - h2(p)": 1 - h2}


def least_error(alpha: ArrayLike, r: ArrayLike, weights: str = "spherical") -> LeastError:
    """Least generalisation error over the temperature, kappa = 0, against the share r of redrawn labels.

    Args: alpha > 0 and r, array-like, broadcast. weights.

    Returns:
        LeastError of float64 arrays: eps_g at `T_opt`; NaN where the branch R < 1 ends before eps_g turns (Ising).
        Random labels (r = 1) give eps_g = 1/2 and T = NaN.

    Raises:
        ValueError: an argument out of range, unknown weights.

    Source: the equations of `perceptron`; Gyorgyi & Tishby (1990).

    Example:
        >>> float(least_error(5.0, 0.2).eps_g.round(4))
        0.1877
    """
    check_weights(weights)
    a, share = check(alpha=alpha, r=r)
    T = T_opt(a, share / 2, weights)
    found = np.isfinite(T)
    x = solve(a, np.where(found, T, 1.0), share / 2, weights)
    eps_g = np.where(share == 1, 0.5, np.where(found, x.eps_g, np.nan))
    return LeastError(eps_g, T, np.zeros_like(eps_g))


def least_error_with_margin(alpha: ArrayLike, r: ArrayLike) -> LeastError:
    """Least generalisation error of a spherical student over temperature and margin.

    The energy counts the examples with label * w . x <= kappa sqrt(N); eps_g is of the sign, as ever.
    Large margins at low T are maximum stability, large margins at high T Hebb's rule: one search covers both.

    Args: alpha > 0 and r < 1, array-like, broadcast (a search of about a second for each element).

    Returns:
        LeastError of float64 arrays, the minimum located to about 1e-6 in eps_g.

    Raises:
        ValueError: an argument out of range.

    Source: the equations of `perceptron` at kappa; Gardner & Derrida, J. Phys. A 21, 271 (1988).

    Example:
        >>> bool(least_error_with_margin(5.0, 0.2).eps_g <= least_error(5.0, 0.2).eps_g)
        True
    """
    from scipy.optimize import minimize

    a, share = check(alpha=alpha, r=r)
    if (share == 1).any():
        raise ValueError("r = 1.0 is not valid, expected r < 1: random labels teach nothing")
    rows = []
    for load, p in zip(a.ravel().tolist(), (share.ravel() / 2).tolist()):
        log_T, kappa = (v.ravel() for v in np.meshgrid(np.linspace(-4, 2, 9), np.linspace(0, 3, 7)))
        first = _errors(load, p, np.exp(log_T), kappa)
        k = int(first.argmin())

        def error(v: Array, load: float = load, p: float = p) -> float:
            return float(_errors(load, p, np.exp(v[:1]), v[1:])[0])

        box = [(-6.0, 4.0), (0.0, 8.0)]
        options = {"xatol": 1e-4, "fatol": 1e-8}
        best = minimize(error, [log_T[k], kappa[k]], method="Nelder-Mead", bounds=box, options=options)
        rows.append((best.fun, np.exp(best.x[0]), best.x[1]))
    return LeastError(*(np.array(v).reshape(a.shape) for v in zip(*rows)))


def _errors(alpha: float, p: float, T: Array, kappa: Array) -> Array:
    """eps_g of a spherical student with a margin, for 1-d arrays."""
    one = np.ones_like(T)
    y, u = saddle.at_load(alpha * one, T, p * one, kappa, "spherical")
    x = saddle.prior("spherical")(y, u)
    return thermodynamics(x, alpha * one, T, p * one, "spherical", kappa)[6]
