"""The worst student of the version space: no training error, smallest overlap with the teacher (spherical, no noise).

Source: Engel & Van den Broeck, Phys. Rev. Lett. 71, 1772 (1993); Statistical Mechanics of Learning (2001), ch. 10.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from statmech.theory.quadrature import check_load, elementwise, half_line, inverse
from statmech.theory.teacher_student import LearningCurve


def _load(tangent: float) -> float:
    """alpha_max(R) = (1 - R^2) / (2 int_{-inf}^0 Dt Phi(R t/S) t^2) at (1 - R)/(1 + R) = tangent^2, S^2 = 1 - R^2."""
    c = 1 + tangent * tangent
    R, S = (1 - tangent) * (1 + tangent) / c, 2 * tangent / c
    t, w = half_line(min(S, 1.0), 40.0)
    return float(S * S / (2 * (w * t * t) @ (np.exp(-0.5 * t * t) * ndtr(-R * t / S)) / np.sqrt(2 * np.pi)))


def worst_student(alpha: ArrayLike) -> LearningCurve:
    """Largest error of any student without training error: alpha = (1 - R^2) / (2 int_{-inf}^0 Dt Phi(R t/S) t^2).

    eps_g = 1/2 at alpha = 2, and 1.50/alpha at large loads. Exact up to alpha = 2, replica symmetric beyond (an upper
    estimate there: the symmetry is broken).

    Args:
        alpha: load m/N > 0, array-like.

    Returns:
        LearningCurve of float64 arrays; R is negative below alpha = 2.

    Raises:
        ValueError, TypeError: alpha is not a positive number.

    Source: module docstring.

    Example:
        >>> float(worst_student(10.0).eps_g.round(6))
        0.145796
    """
    alpha = check_load(alpha)
    tangent = elementwise(lambda a: np.exp(inverse_log(a)), alpha)[0]  # tan(theta/2)
    eps_g = 2 * np.arctan(tangent) / np.pi
    return LearningCurve(alpha, np.cos(np.pi * eps_g), eps_g)


def inverse_log(alpha: float) -> float:
    """ln tan(theta/2) of the worst student at this load."""
    return inverse(lambda x: _load(np.exp(x)), alpha, -25.0, 12.0)
