"""The student of maximum stability, with and without label noise, and the load at which zero error ends.

A stability is xi_mu.w/|w|, the field of an example (times its label) in units of one input. Without noise some student
fits every load; with flip probability p all do up to alpha_c(p), and there the largest stability is 0.

Source: Gardner, J. Phys. A 21, 257 (1988); Opper, Kinzel, Kleinz & Nehl, J. Phys. A 23, L581 (1990); Gardner & Derrida,
J. Phys. A 22, 1983 (1989).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import ndtr

from statmech.theory.quadrature import check_flip, check_load, check_range, elementwise, half_line, normal
from statmech.theory.teacher_student import Array, LearningCurve, signal

_ROOT_2PI = np.sqrt(2 * np.pi)


@dataclass(frozen=True)
class StabilityCurve(LearningCurve):
    """kappa: the stability min_mu xi_mu.w / |w| that the rule of maximum stability reaches."""

    kappa: Array


def _overlaps(x: float) -> tuple[float, float]:
    """R = cos and S = sin of the angle with tan = e^x."""
    root = np.hypot(1.0, np.exp(x))
    return 1 / root, np.exp(x) / root


def _misfit(kappa: float, x: float, p: float) -> float:
    """J = int_{-inf}^kappa Dt P(t) (kappa - t)^2, P(t) = (1-p) Phi(R t/S) + p Phi(-R t/S), tan(angle) = e^x."""
    slope = np.exp(-x)  # R/S
    if kappa < 8:
        d, w = half_line(min(1.0, _overlaps(x)[1]), kappa + 40.0)
        t = kappa - d
        P = (1 - p) * ndtr(slope * t) + p * ndtr(-slope * t)
        return float((w * d * d) @ (np.exp(-0.5 * t * t) * P)) / _ROOT_2PI
    z, w = normal()  # the bound kappa is far in the tail: the average over all t, less nothing that counts
    t = z[z < kappa]
    P = (1 - p) * ndtr(slope * t) + p * ndtr(-slope * t)
    return float(w[z < kappa] @ (P * (kappa - t) ** 2))


def _pull(kappa: float, x: float) -> float:
    """S [phi(kappa/S) + (kappa/S) Phi(kappa/S)]"""
    S = _overlaps(x)[1]
    y = kappa / S
    return S * (np.exp(-0.5 * y * y) / _ROOT_2PI + y * ndtr(y))


def _at_stability(kappa: float, p: float) -> tuple[float, float]:
    """(alpha, x) where the largest stability is kappa; tan(angle between student and teacher) = e^x."""
    a = float(signal(p))

    def balance(x: float) -> float:
        R, S = _overlaps(x)
        return np.log(S * S * a * _pull(kappa, x)) - np.log(2 * R * _misfit(kappa, x, p))

    x = float(brentq(balance, -34.0, 34.0, xtol=1e-14, rtol=1e-14)) if a > 1e-12 else 34.0
    return _overlaps(x)[1] ** 2 / (2 * _misfit(kappa, x, p)), x


def max_stability(alpha: ArrayLike, p: ArrayLike = 0.0) -> StabilityCurve:
    """The student of maximum stability kappa (hard-margin support vectors, AdaTron).

    1 - R^2 = 2 alpha int_{-inf}^kappa Dt P(t) (kappa - t)^2,  R = alpha a S [phi(kappa/S) + (kappa/S) Phi(kappa/S)],
    with S = sqrt(1 - R^2) and P(t) = (1-p) Phi(R t/S) + p Phi(-R t/S). Without noise eps_g -> 0.5005/alpha; with noise
    it exists up to `zero_error_load(p)` (kappa = 0) and is NaN beyond.

    Args:
        alpha: load m/N > 0; p: flip probability in [0, 1/2]. Array-like, broadcast together.

    Returns:
        StabilityCurve of float64 arrays.

    Raises:
        ValueError, TypeError: alpha or p out of range.

    Source: Opper, Kinzel, Kleinz & Nehl, J. Phys. A 23, L581 (1990); Gardner & Derrida, J. Phys. A 22, 1983 (1989).

    Example:
        >>> float(max_stability(2.0).kappa.round(6))
        0.454578
    """

    def one(alpha: float, p: float) -> tuple[float, ...]:
        if p > 0 and alpha > _at_stability(0.0, p)[0]:
            return np.nan, np.nan, np.nan
        # kappa ~ 1/sqrt(alpha) at small and 1/alpha at large loads
        hi = 4 / np.sqrt(alpha) + 4
        lo = 0.2 / (1 + alpha) if p == 0 else 0.0
        kappa = float(
            brentq(lambda k: np.log(_at_stability(k, p)[0] / alpha), lo, hi, xtol=1e-16, rtol=1e-14)
        ) if p == 0 or alpha < _at_stability(0.0, p)[0] else 0.0
        x = _at_stability(kappa, p)[1]
        return _overlaps(x)[0] if p < 0.5 else 0.0, np.arctan(np.exp(x)) / np.pi if p < 0.5 else 0.5, kappa

    alpha, p = np.broadcast_arrays(check_load(alpha), check_flip(p))
    R, eps_g, kappa = elementwise(one, alpha, p)
    return StabilityCurve(alpha, R, eps_g, kappa)


def zero_error_load(p: ArrayLike) -> StabilityCurve:
    """Largest load alpha_c(p) at which some spherical student makes no training error, and that student.

    The equations of `max_stability` at kappa = 0: alpha_c = 2 for random labels (p = 1/2), infinite without noise.

    Args:
        p: flip probability, 0 < p <= 1/2, array-like.

    Source: Gardner & Derrida, J. Phys. A 22, 1983 (1989); Gyorgyi & Tishby (1990).

    Example:
        >>> float(zero_error_load(0.2).alpha.round(6))
        2.391327
    """
    p = check_range("p", p, 0.0, 0.5, "without noise zero training error is possible at every load", open_lo=True)
    alpha, x = elementwise(lambda p: _at_stability(0.0, p), p)
    theta = np.where(p < 0.5, np.arctan(np.exp(x)), np.pi / 2)
    return StabilityCurve(alpha, np.where(p < 0.5, np.cos(theta), 0.0), theta / np.pi, np.zeros_like(p))
