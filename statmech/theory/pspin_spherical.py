"""The spherical p-spin glass, p >= 3: statics, threshold and complexity in closed form.

H = -sum J s..s with J ~ N(0, p!/(2 N^{p-1})) and sum s_i^2 = N; k_B = 1, per spin::

    b f = -(b^2/4) [1 - (1 - m) q^p] - (1/2) [(1/m) ln(1 - (1 - m) q) - ((1 - m)/m) ln(1 - q)] - (1 + ln 2 pi)/2

With w = m q / (1 - q) the stationarity in q is T^2 = (p/2) q^{p-2} (1 - q)^2 (1 + w). Equilibrium (stationary in m
too): (1 + w) ln(1 + w) - w = w^2/p, a number that depends on p alone; threshold (marginal states): w = p - 2. So every
temperature is one root in q, and everything else is explicit. The complexity of states at T is
Sigma = (1/2) [ln(1 + w) - w/(1 + w) - w^2/(p (1 + w))].

Source: Crisanti & Sommers, Z. Phys. B 87, 341 (1992); Cugliandolo & Kurchan, Phys. Rev. Lett. 71, 173 (1993); Crisanti
& Sommers, J. Phys. I France 5, 805 (1995); Auffinger, Ben Arous & Cerny, Commun. Pure Appl. Math. 66, 165 (2013).
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from statmech.theory.mixture import check_p, check_temperature
from statmech.theory.roots import newton

Array = NDArray[np.float64]

_LOG = 0.5 * (1 + np.log(2 * np.pi))


class States(NamedTuple):
    """Arrays like T, NaN where the branch does not exist. q: overlap inside a state; m: breakpoint, or the ratio X of
    the fluctuation-dissipation theorem; e, f, s, Sigma per spin (k_B = 1; s = -inf at T = 0: continuous spins)."""

    T: Array
    q: Array
    m: Array
    f: Array
    e: Array
    s: Array
    Sigma: Array


@cache
def w_static(p: int = 3) -> float:
    """w = m q/(1 - q) of equilibrium: the positive root of (1 + w) ln(1 + w) - w = w^2/p.

    Source: Crisanti & Sommers, Z. Phys. B 87, 341 (1992). Example: ``round(w_static(3), 4) == 1.817``
    """
    check_p(p, 3)

    def miss(x: float) -> float:
        w = np.exp(x)
        return ((1 + w) * np.log1p(w) - w) / w**2 - 1 / p

    return float(np.exp(brentq(miss, -7.0, 12.0, xtol=1e-15, rtol=1e-15)))


def _states(p: int, T: ArrayLike, w: float) -> States:
    """The branch m q/(1 - q) = w: from m = 1 at the highest temperature to m = 0 at T = 0."""
    t = check_temperature(T)
    flat = t.ravel()
    top = w / (1 + w)  # q at m = 1
    T_top = np.sqrt(p / 2 * top ** (p - 2) * (1 - top) ** 2 * (1 + w))
    on = np.flatnonzero(flat <= T_top * (1 + 1e-15))
    tt = flat[on]
    # in v = 1 - q, which keeps its digits at low T; T/v stays finite
    scale = np.sqrt(p / 2 * (1 + w))

    def fun(v: Array, i: NDArray[np.intp]) -> tuple[Array, Array]:
        q = 1 - v
        g = scale * q ** (p / 2 - 1)
        return v * g - tt[i], g - v * (p / 2 - 1) * g / q

    v = np.zeros_like(tt)
    inner = np.flatnonzero((tt > 0) & (tt < T_top * (1 - 1e-15)))
    if inner.size:
        keep, full = tt[inner], tt
        tt = keep
        v[inner] = newton(fun, 0 * keep, np.full(keep.shape, 1 - top), np.minimum(keep / scale, 0.5 * (1 - top)))
        tt = full
    v[tt >= T_top * (1 - 1e-15)] = 1 - top
    q = 1 - v
    m = w * v / q
    ratio = 1 / (scale * q ** (p / 2 - 1))  # v / T
    moment = 1 - (1 - m) * q**p  # q^p = 1 - p v + .., so moment = O(T)
    with np.errstate(divide="ignore", invalid="ignore"):
        e = np.where(tt > 0, -moment / (2 * tt), -0.5 * ratio * (p + w))
        log = np.log(v) + np.log1p(w) / m
        bf = -moment / (4 * tt**2) - 0.5 * log - _LOG
        f = np.where(tt > 0, tt * bf, -0.25 * ratio * (p + w) - 0.5 * np.log1p(w) / (w * ratio))
        s = np.where(tt > 0, e / tt - bf, -np.inf)
    # at T = 0 the two terms of order 1/T in f are moment/4T and T ln(1 + w)/2m
    Sigma = np.full_like(q, 0.5 * (np.log1p(w) - w / (1 + w) - w * w / (p * (1 + w))))
    out = np.full((6, flat.size), np.nan)
    out[:, on] = np.stack([q, m, f, e, s, Sigma])
    return States(t, *(row.reshape(t.shape) for row in out))


def static(p: int, T: ArrayLike) -> States:
    """Equilibrium below T_s, with one step of symmetry breaking (exact).

    Raises: ValueError for p < 3 or T < 0. Source: Crisanti & Sommers, Z. Phys. B 87, 341 (1992).

    Example: ``float(static(3, 0.55).e.round(6)) == -0.875211``
    """
    return _states(check_p(p, 3), T, w_static(p))


def threshold(p: int, T: ArrayLike) -> States:
    """The threshold below T_d, where a quench ages for ever: q, X (field m) and the energy reached.

    (b^2/2) p (p - 1) q^{p-2} (1 - q)^2 = 1, X = (p - 2)(1 - q)/q, e = -(b/2) [1 - (1 - X) q^p]; e(T = 0) =
    -sqrt(2 (p - 1)/p). N -> infinity before t -> infinity; at finite times energies lie above.

    Raises: ValueError for p < 3 or T < 0. Source: Cugliandolo & Kurchan, Phys. Rev. Lett. 71, 173 (1993).

    Example: ``float(threshold(3, 0.5).e.round(6)) == -0.886693``
    """
    return _states(check_p(p, 3), T, p - 2.0)


def paramagnet(p: int, T: ArrayLike) -> States:
    """The replica-symmetric solution q = 0: e = -b/2, exact above T_s.

    Raises: ValueError for p < 2 or T <= 0. Source: Crisanti & Sommers, Z. Phys. B 87, 341 (1992).

    Example: ``float(paramagnet(3, 0.8).e) == -0.625``
    """
    check_p(p)
    t = check_temperature(T, zero=False)
    zero = np.zeros_like(t)
    f = -1 / (4 * t) - t * _LOG
    return States(t, zero, zero + 1, f, -1 / (2 * t), _LOG - 1 / (4 * t**2), zero)


def T_s(p: int = 3) -> float:
    """Static transition temperature. Example: ``round(T_s(3), 6) == 0.586054``"""
    w = w_static(check_p(p, 3))
    q = w / (1 + w)
    return float(np.sqrt(p / 2 * q ** (p - 2) * (1 - q)))


def T_d(p: int = 3) -> float:
    """Dynamical transition, T_d^2 = p (p - 2)^{p-2} / (2 (p - 1)^{p-1}). Example: ``round(T_d(3), 6) == 0.612372``"""
    check_p(p, 3)
    return float(np.sqrt(p / 2 * ((p - 2) / (p - 1)) ** (p - 2) / (p - 1)))


def e_threshold(p: int = 3) -> float:
    """Energy at which minima become saddles, -sqrt(2 (p - 1)/p). Example: ``round(e_threshold(3), 6) == -1.154701``"""
    return -float(np.sqrt(2 * (check_p(p, 3) - 1) / p))


def e_ground(p: int = 3) -> float:
    """Ground-state energy, where the complexity vanishes: -(p + w)/sqrt(2 p (1 + w)).

    Source: Crisanti & Sommers, J. Phys. I France 5, 805 (1995). Example: ``round(e_ground(3), 6) == -1.171675``
    """
    w = w_static(check_p(p, 3))
    return float(-(p + w) / np.sqrt(2 * p * (1 + w)))


def complexity(e: ArrayLike, p: int = 3) -> Array:
    """Sigma(e): (1/N) ln of the mean number of minima of energy e per spin; NaN above the threshold.

    u = e sqrt 2, E = 2 sqrt((p-1)/p): Sigma = ln(p-1)/2 - (p-2) u^2/(4(p-1)) - I(u),
    I = -(u/E^2) sqrt(u^2 - E^2) - ln(-u + sqrt(u^2 - E^2)) + ln E. Negative below the ground state.

    Raises: ValueError for p < 3 or an energy that is not finite.

    Source: Auffinger, Ben Arous & Cerny, Commun. Pure Appl. Math. 66, 165 (2013).

    Example: ``float(complexity(-1.166).round(6)) == 0.004857``
    """
    check_p(p, 3)
    energy = np.asarray(e, dtype=float)
    if not np.isfinite(energy).all():
        raise ValueError(f"e = {e!r} is not valid, expected finite energies per spin")
    u, E = energy * np.sqrt(2), 2 * np.sqrt((p - 1) / p)
    below = u <= -E * (1 - 1e-14)
    root = np.sqrt(np.maximum(u * u - E * E, 0))
    with np.errstate(invalid="ignore"):
        inner = -(u / E**2) * root - np.log(np.maximum(-u + root, 1e-300)) + np.log(E)
    return np.where(below, 0.5 * np.log(p - 1) - (p - 2) * u * u / (4 * (p - 1)) - inner, np.nan)
