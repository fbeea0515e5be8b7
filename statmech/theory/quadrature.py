"""Gaussian and half-line averages whose integrands may have a feature much narrower than the Gaussian.

A student near its teacher sees a sharp step: P(z) = Phi(z / s) with s -> 0. The nodes are spaced evenly in u,
z = s sinh(u) (or, on a half line, t = s exp(u - e^-u)), hence evenly near z = 0 and logarithmically beyond: every
scale from s to 1 is resolved and the trapezoid rule in u converges exponentially in 1/h.

Source: Takahasi & Mori, Publ. RIMS 9, 721 (1974); Trefethen & Weideman, SIAM Review 56, 385 (2014).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

Array = NDArray[np.float64]

H = 0.08
_ROOT_2PI = np.sqrt(2 * np.pi)
_REACH = 12.0  # the Gaussian density there is 2e-32


def normal(scale: float = 1.0, h: float = H) -> tuple[Array, Array]:
    """Nodes z and weights w with sum w f(z) = int Dz f(z), for f with features as narrow as `scale`.

    Returns two float64 arrays of equal length. Source: module docstring.

    Example:
        >>> z, w = normal(1e-4)
        >>> bool(abs(w @ z**4 - 3) < 1e-12)
        True
    """
    s = min(max(scale, 1e-12), 1.0)
    n = int(np.ceil(np.arcsinh(_REACH / s) / h))
    u = np.arange(-n, n + 1) * h
    z = s * np.sinh(u)
    return z, h * s * np.cosh(u) * np.exp(-0.5 * z * z) / _ROOT_2PI


def half_line(scale: float, reach: float, h: float = 0.05) -> tuple[Array, Array]:
    """Nodes t > 0 and weights w with sum w f(t) = int_0^inf f(t) dt, f decaying before t = `reach`.

    Returns two float64 arrays of equal length. Source: module docstring.

    Example:
        >>> t, w = half_line(1e-4, 40.0)
        >>> bool(abs(w @ np.exp(-t) - 1) < 1e-12)
        True
    """
    s = min(max(scale, 1e-12), 1.0)
    u = np.arange(-4.0, np.log(reach / s) + 1, h)
    t = s * np.exp(u - np.exp(-u))
    return t, h * t * (1 + np.exp(-u))


def elementwise(fun: Callable[..., tuple[float, ...] | float], *args: ArrayLike) -> Array:
    """`fun` of the broadcast arguments, one element at a time; rows of the result are what `fun` returns."""
    arrays = np.broadcast_arrays(*(np.asarray(a, dtype=float) for a in args))
    values = [np.atleast_1d(fun(*(float(v) for v in point))) for point in zip(*(a.ravel() for a in arrays))]
    return np.array(values, dtype=float).T.reshape(-1, *arrays[0].shape)


def inverse(fun: Callable[[float], float], value: float, lo: float, hi: float) -> float:
    """x in (lo, hi) with fun(x) = value for a monotonic function of positive values, solved in logarithms.

    Example:
        >>> round(inverse(lambda x: x**3, 8.0, 0.1, 10.0), 12)
        2.0
    """
    return float(brentq(lambda x: np.log(fun(x) / value), lo, hi, xtol=1e-15, rtol=1e-14, maxiter=500))


def check_range(name: str, value: ArrayLike, lo: float, hi: float, what: str, *, open_lo: bool = False) -> Array:
    """`value` as a float64 array; ValueError or TypeError in one sentence unless lo <= value <= hi."""
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number or an array of numbers, got {value!r}") from None
    bad = ~((array > lo if open_lo else array >= lo) & (array <= hi)) | np.isinf(array)
    if bad.any():
        rule = f"{lo:g} {'<' if open_lo else '<='} {name}" + (f" <= {hi:g}" if np.isfinite(hi) else " < inf")
        raise ValueError(f"{name} = {float(array[bad].flat[0])!r} is not valid, expected {rule}: {what}")
    return array


def check_load(alpha: ArrayLike) -> Array:
    """alpha = m/N > 0 as a float64 array."""
    return check_range("alpha", alpha, 0.0, np.inf, "the load, examples per weight m/N", open_lo=True)


def check_flip(p: ArrayLike) -> Array:
    """Flip probability 0 <= p <= 1/2 as a float64 array."""
    return check_range(
        "p", p, 0.0, 0.5, "the probability that a label is flipped; a fraction r of labels redrawn at random is p = r/2"
    )
