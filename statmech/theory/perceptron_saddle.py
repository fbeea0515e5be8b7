"""Saddle point of the replica-symmetric perceptron along its branch, one strength of the field at a time.

With the averages A(q, R), B(q, R) of `perceptron_channel` the equations are qh = alpha A, Rh = alpha B and

    Ising:      R = E tanh(sqrt(qh) z + Rh),   q = E tanh^2(sqrt(qh) z + Rh)
    spherical:  R = (1 - q) Rh,                q - R^2 = (1 - q)^2 qh

On the curve Rh A = qh B both give the same alpha. The curve is followed in y: the field has the strength
Gamma = e^y with sqrt(qh) = Gamma / cosh u, Rh = Gamma tanh u (Ising), or q = e^2y / (1 + e^2y), R = sqrt(q) tanh u
(spherical). At u = 0 the left side Rh A vanishes, for u -> infinity the right side does (Ising: qh = 0, spherical:
q = R^2), so every y has a bracketed root u and alpha(y) follows: no iteration depends on a starting point. The first
guess is the Nishimori line, q = R, and so exact at T = T_N and at p = T = 0. Where alpha(y) has its first maximum, the
branch R < 1 ends (spinodal); spherical weights have none. For p = 1/2 (random labels) u = 0. T = 0 is no special
case: there the branch holds the students without errors, and ends at q -> 1 if the labels are noisy.

Source: Gyorgyi, Phys. Rev. A 41, 7097 (1990); Seung, Sompolinsky & Tishby, Phys. Rev. A 45, 6056 (1992).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from statmech.theory.gauss import response
from statmech.theory.perceptron_channel import Averages, Point, averages
from statmech.theory.roots import newton

Array = NDArray[np.float64]
Index = NDArray[np.intp]

WEIGHTS = ("ising", "spherical")
_FIRST, _STEP = -1.0, 0.2  # where the end of the branch is looked for
_COLD = 18.0  # strength at which q = 1 at T = 0
_HIGH = 40.0


class Field(NamedTuple):
    """The weights in a field: q, V, R, sigma, qh, Rh and their derivatives in y and u; sech4 is E sech^4 (V^2)."""

    q: Array
    V: Array
    R: Array
    sigma: Array
    qh: Array
    Rh: Array
    slopes: dict[str, tuple[Array, Array]]
    sech4: Array


class Curve(NamedTuple):
    """The branch at (y, T, p): position, the load with the slope d ln alpha / dy, and what was computed on the way."""

    u: Array
    alpha: Array
    rise: Array
    field: Field
    mean: Averages


def ising(y: Array, u: Array) -> Field:
    """Ising weights in the field sqrt(qh) z + Rh."""
    strength, cos = np.exp(y), 1 / np.cosh(u)
    root, Rh = strength * cos, strength * np.tanh(u)
    qh = root * root
    R, q, V, V1, V2 = response(Rh, root, 1.0)  # V' and V'' are derivatives in the mean field
    sigma = np.sqrt(np.maximum(q - R * R, 0.0))

    def chain(by_qh: Array, by_Rh: Array) -> tuple[Array, Array]:
        return 2 * qh * by_qh + Rh * by_Rh, cos * (root * by_Rh - 2 * root * Rh * by_qh)

    slopes = {"q": chain(-0.5 * V2, -V1), "R": chain(0.5 * V1, V), "qh": chain(1.0 + 0 * y, 0 * y)}
    slopes["Rh"] = chain(0 * y, 1.0 + 0 * y)
    return Field(q, V, R, sigma, qh, Rh, slopes, (2 * V - 0.5 * V2) / 3)


def spherical(y: Array, u: Array) -> Field:
    """Spherical weights with sqrt(q / V) = e^y and R = sqrt(q) tanh(u)."""
    square = np.exp(2 * y)
    V = 1 / (1 + square)
    q = square * V
    root = np.sqrt(q)
    cos, sin = 1 / np.cosh(u), np.tanh(u)
    R, sigma = root * sin, root * cos
    qh, Rh = (sigma / V) ** 2, R / V
    slopes = {"q": (2 * q * V, 0 * y), "R": (R * V, root * cos * cos)}
    slopes["qh"] = (qh * (2 * V + 4 * q), -2 * qh * sin)
    slopes["Rh"] = (Rh * (V + 2 * q), root * cos * cos / V)
    return Field(q, V, R, sigma, qh, Rh, slopes, V * V)


def _gap(field: Field, mean: Averages) -> tuple[Array, Array, Array]:
    """K = ln(Rh A) - ln(qh B), which vanishes on the curve, and its derivatives in y and u."""
    rows = []
    for k in (0, 1):
        q, R, qh, Rh = (field.slopes[name][k] for name in ("q", "R", "qh", "Rh"))
        A, B = mean.A_q * q + mean.A_R * R, mean.B_q * q + mean.B_R * R
        rows.append(Rh / field.Rh + A / mean.A - qh / field.qh - B / mean.B)
    return np.log(field.Rh * mean.A / (field.qh * mean.B)), rows[0], rows[1]


def prior(weights: str) -> Callable[[Array, Array], Field]:
    """The weights in a field as a function of (y, u)."""
    return ising if weights == "ising" else spherical


def point(field: Field, T: Array, p: Array, kappa: Array) -> Point:
    """Where `perceptron_channel` averages for weights in this field."""
    return Point(field.q, field.V, field.R, field.sigma, T, p, kappa)


@np.errstate(divide="ignore", invalid="ignore", over="ignore")
def curve(y: Array, T: Array, p: Array, kappa: Array, weights: str, guess: Array | None = None) -> Curve:
    """The branch at strength y, 1-d arrays; see the module's text."""
    if guess is None:
        square = np.exp(2 * y)
        if weights == "ising":  # not where V underflows: there K has a second zero, of R = 1
            square = np.minimum(2 * square / (1 + np.sqrt(1 + 4 * square)), 1.4)
        guess = np.arcsinh(np.sqrt(square))

    def evaluate(u: Array, i: Index) -> tuple[Field, Averages]:
        field = prior(weights)(y[i], u)
        return field, averages(point(field, T[i], p[i], kappa[i]))

    taught = np.flatnonzero(p < 0.5)

    def fun(u: Array, i: Index) -> tuple[Array, Array]:
        K, _, slope = _gap(*evaluate(u, taught[i]))
        lost = ~np.isfinite(K + slope)  # V underflows: u is far too large, and K > 0 there
        return np.where(lost, 1.0, K), np.where(lost, 0.0, slope)

    u = np.zeros_like(y)
    low, high = np.zeros(taught.size), np.full(taught.size, 60.0)
    u[taught] = newton(fun, low, high, np.maximum(guess[taught], 1e-3 * (1 - 2 * p[taught])), rtol=1e-7)
    field, mean = evaluate(u, np.arange(y.size))
    K, K_y, K_u = (np.where(p < 0.5, v, w) for v, w in zip(_gap(field, mean), (0.0, 0.0, 1.0)))
    alpha = field.qh / mean.A
    # The first-order change of alpha to the exact root: the load is then as good as the averages.
    (q_y, q_u), (R_y, R_u), (qh_y, qh_u), _ = (field.slopes[k] for k in ("q", "R", "qh", "Rh"))
    by_y = qh_y / field.qh - (mean.A_q * q_y + mean.A_R * R_y) / mean.A
    by_u = qh_u / field.qh - (mean.A_q * q_u + mean.A_R * R_u) / mean.A
    alpha = alpha * (1 - by_u * K / K_u)
    return Curve(u, alpha, by_y - by_u * K_y / K_u, field, mean)


@lru_cache(maxsize=4096)
def _end(T: float, p: float, kappa: float, weights: str) -> tuple[float, float]:
    """Strength y and load of the end of the branch at one temperature."""

    def along(y: Array, guess: Array | None = None) -> Curve:
        one = np.ones_like(y)
        return curve(y, T * one, p * one, kappa * one, weights, guess)

    if weights == "ising" and p < 0.5:
        y = np.arange(_FIRST, 4.0 if T == 0 else max(4.0, 8.0 - np.log(T)), _STEP)
        for part in np.array_split(y, y.size // 12):
            c = along(part)
            fall = np.flatnonzero(~(c.rise > 0))
            if fall.size:
                k = fall[0]
                return _maximum(along, part[k : k + 1], c.u[k : k + 1].copy())
    if T == 0 and (p > 0 or kappa > 0):  # q -> 1: no student without errors beyond
        return _COLD, float(along(np.array([_COLD])).alpha[0])
    return np.inf, np.inf


def _maximum(along: Callable[..., Curve], hi: Array, u: Array) -> tuple[float, float]:
    """Strength and load where the load is largest, which is in the step below hi."""

    def fun(y: Array, _: Index) -> tuple[Array, Array]:
        c = along(y, u)
        u[:] = c.u
        return -c.rise, -(along(y + 1e-5, u).rise - c.rise) / 1e-5

    y = newton(fun, hi - _STEP, hi, hi - 0.5 * _STEP, rtol=1e-9)
    return float(y[0]), float(along(y, u).alpha[0])


def end(T: Array, p: Array, kappa: Array, weights: str) -> tuple[Array, Array]:
    """Strength y and load of the end of the branch, 1-d arrays; infinite where it has none.

    Ising weights: the spinodal. T = 0 with noisy labels or random ones: the load at which q -> 1.
    """
    found = [_end(*v, weights) for v in zip(T.tolist(), p.tolist(), kappa.tolist())]
    y, alpha = np.array(found, dtype=float).reshape(-1, 2).T
    return y, alpha


def at_load(alpha: Array, T: Array, p: Array, kappa: Array, weights: str) -> tuple[Array, Array]:
    """Strength y and u of the branch at each load, 1-d arrays; NaN where it does not exist."""
    tops, loads = end(T, p, kappa, weights)
    y, u = np.full_like(alpha, np.nan), np.full_like(alpha, np.nan)
    index = np.flatnonzero(alpha <= loads * (1 + 1e-12))  # rounding must not lose the branch at its very end
    a, t, noise, margin, top = (v[index] for v in (alpha, T, p, kappa, tops))
    hi = np.minimum(top, _HIGH)
    # The strength for small loads, where it is least; qh and Rh are proportional to alpha there.
    zero = np.zeros_like(a)
    first = averages(Point(zero, zero + 1, zero, zero, t, noise, margin))
    start = np.minimum(0.5 * np.log(a * first.A + (a * first.B) ** 2), hi - 1e-3)
    angle = np.arcsinh(np.sqrt(a / first.A) * first.B)

    def fun(x: Array, i: Index) -> tuple[Array, Array]:
        c = curve(x, t[i], noise[i], margin[i], weights, angle[i])
        angle[i] = c.u
        return np.log(c.alpha / a[i]), c.rise

    y[index] = np.minimum(newton(fun, start - 5.0, hi + 1e-12, start, rtol=1e-12), hi)
    u[index] = angle
    return y, u


def follow(
    y: Array, alpha: Array, T: Array, p: Array, kappa: Array, weights: str, guess: Array | None = None
) -> tuple[Array, Curve]:
    """The branch at loads and temperatures close to a point y of it: Newton's method along the curve, unguarded.

    Returns y and the curve there; y is NaN where the steps do not settle.
    """
    y = y.copy()
    for _ in range(20):
        c = curve(y, T, p, kappa, weights, guess)
        guess = c.u
        step = np.log(alpha / c.alpha) / c.rise
        if (np.abs(step) < 1e-13 * (1 + np.abs(y))).all():
            break
        y += np.clip(step, -0.3, 0.3)
    return np.where(np.abs(np.log(alpha / c.alpha)) < 1e-9, y, np.nan), c
