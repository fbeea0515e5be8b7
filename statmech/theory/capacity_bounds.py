"""Counting dichotomies: Cover's function, the bounds of Vapnik and Chervonenkis, the effective VC dimension.

Source: Cover, IEEE Trans. Electron. Comput. EC-14, 326 (1965); Vapnik & Chervonenkis, Theory Probab. Appl. 16, 264
(1971); Engel & Van den Broeck, Statistical Mechanics of Learning (2001), chapter 10.
"""

from __future__ import annotations

from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlogy

from statmech.theory.quadrature import check_load, check_range

Array = NDArray[np.float64]


class UniformBounds(NamedTuple):
    """Thresholds on the load alpha, float64: gap bounds |eps_g - eps_t| for every student, consistent bounds eps_g for
    the students without training error. Above 1 a bound says nothing."""

    gap: Array
    consistent: Array


def cover(P: int, N: int) -> int:
    """C(P, N) = 2 sum_{k<N} binom(P-1, k): labellings of P points in general position that N weights can realise.

    Exact Python integer.

    Raises:
        ValueError: P or N is not an integer >= 1.

    Source: Cover (1965).

    Example:
        >>> cover(4, 2)
        8
    """
    for name, value in (("P", P), ("N", N)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
            raise ValueError(f"{name} = {value!r} is not valid, expected an integer >= 1")
    return 2 * sum(comb(int(P) - 1, k) for k in range(min(int(N), int(P))))


def growth(alpha: ArrayLike) -> Array:
    """c(alpha) = lim (1/N) ln C(alpha N, N): alpha ln 2 up to alpha = 2, then alpha ln alpha - (alpha-1) ln(alpha-1).

    Source: Cover (1965).

    Example:
        >>> float(growth(3.0).round(6))
        1.909543
    """
    alpha = check_load(alpha)
    a = np.maximum(alpha, 2.0)
    return np.where(alpha <= 2, alpha * np.log(2), xlogy(a, a) - xlogy(a - 1, a - 1))


def vc_bounds(alpha: ArrayLike) -> UniformBounds:
    """Bounds of Vapnik and Chervonenkis for the perceptron as N -> infinity, m = alpha N, c = `growth`.

    gap = sqrt(8 c(2 alpha)/alpha), from 4 C(2m, N) e^(-eps^2 m/8); consistent = 2 c(2 alpha)/(alpha ln 2), from
    2 C(2m, N) 2^(-eps m/2). Other versions of the theorems have other constants.

    Source: Vapnik & Chervonenkis (1971); Blumer, Ehrenfeucht, Haussler & Warmuth, J. ACM 36, 929 (1989).

    Example:
        >>> vc_bounds(10.0).consistent.round(4)
        np.float64(1.1456)
    """
    alpha = check_load(alpha)
    c = growth(2 * alpha)
    return UniformBounds(np.sqrt(8 * c / alpha), 2 * c / (alpha * np.log(2)))


def effective_vc_curve(tau: ArrayLike) -> Array:
    """Phi(tau), the expected largest gap between two half-samples at tau = m/h examples per effective VC dimension h.

    Phi = a (ln 2 tau + 1)/(tau - k) [sqrt(1 + b (tau - k)/(ln 2 tau + 1)) + 1] for tau >= 1/2 and 1 below; a = 0.16,
    b = 1.2, k = 0.14928 fixed by Phi(1/2) = 1. An empirical function: fit h to measured gaps with it.

    Source: Vapnik, Levin & LeCun, Neural Comput. 6, 851 (1994).

    Example:
        >>> effective_vc_curve(10.0).round(6)
        np.float64(0.194024)
    """
    tau = check_range("tau", tau, 0.0, np.inf, "examples per effective VC dimension", open_lo=True)
    a, b, k = 0.16, 1.2, 0.14928
    x = np.maximum(tau, 0.5)
    log = np.log(2 * x) + 1
    value = a * log / (x - k) * (np.sqrt(1 + b * (x - k) / log) + 1)
    return np.where(tau < 0.5, 1.0, value)[()]
