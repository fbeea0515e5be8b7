"""Learning curves of the spherical student: Gibbs, Bayes, Hebb, maximum stability, least squares.

A teacher B labels isotropic examples, t = sign(B.x), and every label is flipped with probability p. The student w has
the overlap R = w.B / (|w| |B|) and generalises, against the clean teacher, with eps_g = arccos(R)/pi. All is at
N -> infinity, m = alpha N, in terms of a = sqrt(2/pi) (1 - 2p), the mean signed field of the teacher.

Source: the rules and their papers are named at each function; review: Engel & Van den Broeck, Statistical Mechanics
of Learning (Cambridge, 2001), chapters 2-4.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import log_ndtr, ndtr

from statmech.theory import linear_student
from statmech.theory.quadrature import check_flip, check_load, elementwise, half_line, inverse, normal
from statmech.theory.stability import StabilityCurve, max_stability, zero_error_load
from statmech.theory.teacher_student import LearningCurve, angle, signal

__all__ = [
    "LearningCurve",
    "StabilityCurve",
    "adaline",
    "angle",
    "asymptotics",
    "average",
    "bayes",
    "gibbs",
    "hebb",
    "least_squares",
    "least_squares_optimum",
    "least_squares_training_error",
    "max_stability",
    "signal",
    "zero_error_load",
]

Array = NDArray[np.float64]
_ROOT_2PI = np.sqrt(2 * np.pi)


def _curve(alpha: ArrayLike, R: Array) -> LearningCurve:
    alpha = np.broadcast_to(np.asarray(alpha, dtype=float), R.shape)
    return LearningCurve(alpha, R, angle(R))


def _mean_hazard(R: float) -> float:
    """E h(sqrt(R) z) with h = phi/Phi, over z ~ N(0, 1)."""
    z, w = normal()
    x = np.sqrt(R) * z
    return float(w @ np.exp(-0.5 * x * x - log_ndtr(x)) / _ROOT_2PI)


def _gibbs_load(x: float) -> float:
    """alpha at R = 1/(1 + e^-x)."""
    R = 1 / (1 + np.exp(-x))
    return R * np.sqrt(1 + np.exp(x)) / (np.sqrt(2 / np.pi) * _mean_hazard(R))


def gibbs(alpha: ArrayLike) -> LearningCurve:
    """A student drawn at random from the version space (T = 0, no noise).

    R / sqrt(1 - R) = alpha sqrt(2/pi) E h(sqrt R z), h = phi/Phi.

    Args:
        alpha: load m/N > 0, array-like.

    Returns:
        LearningCurve; eps_g -> 0.625/alpha.

    Raises:
        ValueError, TypeError: alpha is not a positive number.

    Source: Gyorgyi & Tishby, in Neural Networks and Spin Glasses (World Scientific, 1990).

    Example:
        >>> float(gibbs(5.0).eps_g.round(6))
        0.118006
    """
    alpha = check_load(alpha)
    x = elementwise(lambda a: inverse(_gibbs_load, a, -70.0, 70.0), alpha)[0]
    R = 1 / (1 + np.exp(-x))
    # 1 - R is known to all digits: arccos R = 2 arcsin sqrt((1-R)/2) keeps them
    return LearningCurve(alpha, R, 2 * np.arcsin(np.sqrt(0.5 / (1 + np.exp(x)))) / np.pi)


def bayes(alpha: ArrayLike) -> LearningCurve:
    """The centre of the version space (T = 0, no noise), the best possible: R = sqrt(R_Gibbs); eps_g -> 0.442/alpha.

    Arguments, errors and result as in `gibbs`. With noise: `statmech.theory.state_evolution.fixed_point`.

    Source: Opper & Haussler, Phys. Rev. Lett. 66, 2677 (1991).

    Example:
        >>> float(bayes(5.0).eps_g.round(6))
        0.083935
    """
    typical = gibbs(alpha)
    half = np.sin(np.pi * typical.eps_g / 2) ** 2  # (1 - R_Gibbs)/2
    return LearningCurve(typical.alpha, np.sqrt(typical.R), np.arcsin(np.sqrt(2 * half)) / np.pi)


def average(R: ArrayLike, q: ArrayLike, K: ArrayLike) -> Array:
    """Error arccos(R / sqrt(q + (1-q)/K))/pi of the average of K students of overlap R with the teacher, q mutually.

    K = 1 is one student, K -> infinity the centre of mass (Bayes, if q = R). float64 of the broadcast shape.

    Source: Engel & Van den Broeck (2001), section 3.4; Opper & Haussler (1991) for K -> infinity.

    Example: ``average(0.5, 0.5, 1) == angle(0.5)``
    """
    R, q, K = (np.asarray(v, dtype=float) for v in (R, q, K))
    return angle(R / np.sqrt(q + (1 - q) / K))


def hebb(alpha: ArrayLike, p: ArrayLike = 0.0) -> LearningCurve:
    """w = sum_mu xi_mu: R^2 = alpha a^2 / (1 + alpha a^2); eps_g -> 0.40/sqrt(alpha) without noise.

    Args:
        alpha: load m/N > 0; p: flip probability in [0, 1/2]. Array-like, broadcast together.

    Raises:
        ValueError, TypeError: alpha or p out of range.

    Source: Vallet, Europhys. Lett. 8, 747 (1989).

    Example:
        >>> float(hebb(5.0).eps_g.round(6))
        0.162614
    """
    x = check_load(alpha) * signal(p) ** 2
    return _curve(alpha, np.sqrt(x / (1 + x)))


def least_squares(alpha: ArrayLike, p: ArrayLike = 0.0) -> LearningCurve:
    """Pseudo-inverse (alpha < 1) and Adaline's end (alpha > 1), the shortest w that minimises sum_mu (1 - xi_mu.w)^2.

    R^2 = alpha (1 - alpha) a^2 / (1 - alpha a^2) below alpha = 1 and (alpha - 1) a^2 / (1 + (alpha - 2) a^2) above: at
    alpha = 1 the student is lost (R = 0, eps_g = 1/2). Arguments and errors as in `hebb`.

    Source: Opper, Kinzel, Kleinz & Nehl, J. Phys. A 23, L581 (1990); noise enters through a alone.

    Example:
        >>> float(least_squares(5.0).eps_g.round(6))
        0.114968
    """
    alpha, a2 = np.broadcast_arrays(check_load(alpha), signal(p) ** 2)
    below = np.minimum(alpha, 1.0)
    above = np.maximum(alpha, 1.0)
    R2 = np.where(
        alpha < 1, below * (1 - below) * a2 / (1 - below * a2), (above - 1) * a2 / (1 + (above - 2) * a2)
    )
    return _curve(alpha, np.sqrt(R2))


def least_squares_optimum() -> LearningCurve:
    """The load below 1 at which the pseudo-inverse generalises best without noise: 2 alpha^2 - 2 pi alpha + pi = 0.

    More examples make it worse from there to alpha = 1. Source: Opper, Kinzel, Kleinz & Nehl (1990).

    Example:
        >>> float(least_squares_optimum().alpha.round(6))
        0.623904
    """
    return least_squares(np.asarray((np.pi - np.sqrt(np.pi**2 - 2 * np.pi)) / 2))


def least_squares_training_error(alpha: ArrayLike, p: ArrayLike = 0.0) -> Array:
    """Fraction of its (noisy) training labels that the least-squares student misses: 0 up to alpha = 1, then
    P(Delta_0 < -1/(alpha - 1)), Delta_0 = t (r u + sqrt(q - r^2) v) the field of an example before it is learned.

    float64 of the broadcast shape; arguments and errors as in `hebb`.

    Source: Opper, Kinzel, Kleinz & Nehl (1990); the cavity field of Mezard, J. Phys. A 22, 2181 (1989).

    Example:
        >>> float(least_squares_training_error(1.5).round(6))
        0.002496
    """

    def one(alpha: float, p: float) -> float:
        if alpha <= 1:
            return 0.0
        a = float(signal(p))
        width = np.sqrt((1 - a * a) / (alpha - 1))  # sqrt(q - r^2), with r = a
        u, w = half_line(1.0, 40.0)
        w = w * 2 * np.exp(-0.5 * u * u) / _ROOT_2PI
        chi = 1 / (alpha - 1)
        missed = (1 - p) * ndtr((-chi - a * u) / width) + p * ndtr((-chi + a * u) / width)
        return float(w @ missed)

    return elementwise(one, check_load(alpha), check_flip(p))[0]


def adaline(alpha: ArrayLike, t: ArrayLike, p: ArrayLike = 0.0, rate: float = 0.0) -> LearningCurve:
    """Gradient descent on sum_mu (1 - xi_mu.w/sqrt N)^2 / 2 stopped at time t: over-training as a function of time.

    Only second moments of (label, field) matter, so the student is that of a linear teacher of strength a with noise of
    variance 1 - a^2 (`statmech.theory.linear_student`); R = r(t) / sqrt(q(t)).

    Args:
        alpha, t, p: load > 0, training time >= 0 (sum of the steps), flip probability; broadcast together.
        rate: length of the steps; 0 for gradient flow.

    Raises:
        ValueError, TypeError: an argument out of range, or steps too long to converge.

    Source: Opper et al. (1990) for the end; Krogh & Hertz, J. Phys. A 25, 1135 (1992) and Advani, Saxe & Sompolinsky,
    Neural Networks 132, 428 (2020) for the way there.

    Example:
        >>> float(adaline(5.0, 1e3).R.round(6)) == float(least_squares(5.0).R.round(6))
        True
    """
    a = signal(p)
    alpha = check_load(alpha)
    state = linear_student.gradient_flow(alpha, t, 1 - a * a, strength=a, rate=rate)
    start = np.asarray(state.q) == 0  # the first step of gradient descent is Hebb's rule
    with np.errstate(invalid="ignore", divide="ignore"):
        R = np.where(start, hebb(alpha, p).R, state.r / np.sqrt(state.q))
    return _curve(alpha, R)


def asymptotics() -> dict[str, float]:
    """Amplitudes of eps_g as alpha -> infinity without noise, from the equations at R -> 1.

    gibbs, bayes, max_stability: lim alpha eps_g; hebb, least_squares: lim sqrt(alpha) eps_g.

    Source: Gyorgyi & Tishby (1990); Opper & Haussler (1991); Opper et al. (1990); Vallet (1989).

    Example:
        >>> {k: round(v, 4) for k, v in asymptotics().items()}["gibbs"]
        0.6247
    """
    d, w = half_line(1.0, 60.0)

    def balance(k: float) -> float:  # int_{-inf}^k Phi(t) (k - t)^2 dt = phi(k) + k Phi(k)
        return float((w * d * d) @ ndtr(k - d)) - np.exp(-0.5 * k * k) / _ROOT_2PI - k * ndtr(k)

    k = float(brentq(balance, 0.0, 5.0, xtol=1e-15))
    c = np.sqrt(np.pi / 2) / (np.exp(-0.5 * k * k) / _ROOT_2PI + k * ndtr(k))  # alpha sqrt(1 - R^2)
    gibbs_amplitude = 1 / (np.sqrt(np.pi) * _mean_hazard(1.0))
    return {
        "gibbs": gibbs_amplitude,
        "bayes": gibbs_amplitude / np.sqrt(2),
        "max_stability": float(c) / np.pi,
        "hebb": 1 / np.sqrt(2 * np.pi),
        "least_squares": float(np.sqrt((np.pi - 2) / 2) / np.pi),
    }
