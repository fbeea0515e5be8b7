"""The linear student of a noisy linear teacher: ridge, shortest least squares, and gradient descent stopped in time.

Outputs y = strength B.x/sqrt N + sigma n of m = alpha N isotropic examples, |B|^2 = N, n ~ N(0, 1). Every linear rule
here filters the modes of A = X^T X / N: a mode of eigenvalue l is learned to the fraction f(l). With rho the density
of eigenvalues (Marchenko & Pastur 1967; support (1 +- sqrt alpha)^2, and 1 - alpha of them 0 below alpha = 1)::

    r = w.B/N = strength int rho f,     q = |w|^2/N = strength^2 int rho f^2 + sigma^2 int rho f^2/l
    eps_g = |w - strength B|^2/N = q - 2 strength r + strength^2      (noise-free test error, no factor 1/2)

Source: Krogh & Hertz, J. Phys. A 25, 1135 (1992); Seung, Sompolinsky & Tishby, Phys. Rev. A 45, 6056 (1992).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar

from statmech.theory.quadrature import check_load, check_range

Array = NDArray[np.float64]


class LinearStudent(NamedTuple):
    """r = w.B/N, q = |w|^2/N, eps_g = |w - strength B|^2/N, eps_t = mean squared residual on the training set."""

    r: Array
    q: Array
    eps_g: Array
    eps_t: Array


def _student(
    alpha: Array, sigma2: Array, a: Array, f1: Array, f2: Array, f3: Array, lf: Array, l2f: Array
) -> LinearStudent:
    """From the moments int rho f, f^2, f^2/l, l f, l f^2; int rho l = alpha, and m - rank residuals are pure noise."""
    r, q = a * f1, a * a * f2 + sigma2 * f3
    signal = a * a * (alpha - 2 * lf + l2f)  # int rho l (1 - f)^2
    noise = sigma2 * (alpha - 2 * f1 + f2)  # rank and null space together: int (1-f)^2 over m modes
    return LinearStudent(*(np.asarray(v) for v in (r, q, q - 2 * a * r + a * a, (signal + noise) / alpha)))


def _check(alpha: ArrayLike, sigma2: ArrayLike, strength: ArrayLike, other: Array) -> tuple[Array, ...]:
    sigma2 = check_range("sigma2", sigma2, 0.0, np.inf, "the variance of the output noise")
    strength = check_range("strength", strength, 0.0, np.inf, "the gain of the teacher")
    a, s, g, o = np.broadcast_arrays(check_load(alpha), sigma2, strength, other)
    return a, s, g, o


def ridge(alpha: ArrayLike, lam: ArrayLike, sigma2: ArrayLike = 0.0, strength: ArrayLike = 1.0) -> LinearStudent:
    """w minimising sum_mu (y_mu - w.x_mu/sqrt N)^2 + lam |w|^2: f = l/(l + lam).

    With g = int rho/(l + lam), lam g^2 + (lam + alpha - 1) g = 1. The best lam is sigma2/strength^2 (Bayes).

    Args:
        alpha: load m/N > 0. lam: weight decay > 0 (`least_squares` is its limit 0). sigma2: noise variance >= 0.
        strength: gain of the teacher. Array-like, broadcast together.

    Returns:
        LinearStudent of float64 arrays.

    Raises:
        ValueError, TypeError: an argument out of range.

    Source: Krogh & Hertz, J. Phys. A 25, 1135 (1992).

    Example:
        >>> float(ridge(2.0, 0.5, 0.5).eps_g.round(6))
        0.280776
    """
    lam = check_range("lam", lam, 0.0, np.inf, "the weight decay; lam = 0 is least_squares", open_lo=True)
    alpha, sigma2, a, lam = _check(alpha, sigma2, strength, lam)
    c = lam + alpha - 1
    root = np.sqrt(c * c + 4 * lam)
    g = np.where(c > 0, 2 / (c + root), (root - c) / (2 * lam))
    g2 = (g * g + g) / root  # int rho/(l + lam)^2
    f1, f2 = 1 - lam * g, 1 - 2 * lam * g + lam * lam * g2
    lf = alpha - lam * f1  # l^2/(l + lam) = l - lam f
    l2f = lf - lam * f2
    return _student(alpha, sigma2, a, f1, f2, g - lam * g2, lf, l2f)


def least_squares(alpha: ArrayLike, sigma2: ArrayLike = 0.0, strength: ArrayLike = 1.0) -> LinearStudent:
    """The shortest w of least squares: eps_g = strength^2 (1 - alpha) + sigma2 alpha/(1 - alpha) below alpha = 1,
    sigma2/(alpha - 1) above, infinite at 1 (unless there is no noise).

    Arguments, errors and result as in `ridge`.

    Source: Krogh & Hertz (1992); Hastie, Montanari, Rosset & Tibshirani, Ann. Stat. 50, 949 (2022).

    Example:
        >>> float(least_squares(4.0, 0.5).eps_g.round(6))
        0.166667
    """
    alpha, sigma2, a, _ = _check(alpha, sigma2, strength, np.zeros(()))
    rank = np.minimum(alpha, 1.0)
    with np.errstate(divide="ignore"):
        inverse = rank / np.abs(1 - alpha)  # int rho/l over the modes that are not 0
    f3 = np.where(sigma2 == 0, 0.0, inverse)
    return _student(alpha, sigma2, a, rank, rank, f3, alpha * 1.0, alpha * 1.0)


def gradient_flow(
    alpha: ArrayLike, t: ArrayLike, sigma2: ArrayLike = 0.0, strength: ArrayLike = 1.0, rate: float = 0.0
) -> LinearStudent:
    """w(t) from w(0) = 0 under dw/dt = -(1/2) grad sum_mu (y_mu - w.x_mu/sqrt N)^2: f = 1 - e^(-l t).

    Args:
        alpha, t, sigma2, strength: load > 0, time >= 0, noise variance >= 0, gain; array-like, broadcast together.
        rate: 0 for the flow; otherwise gradient descent in steps of this length (t a multiple of it), f = 1 - (1 - rate
            l)^(t/rate), which needs rate < 2/(1 + sqrt alpha)^2.

    Returns:
        LinearStudent of float64 arrays. eps_g passes through a minimum (over-training) when sigma2 > 0.

    Raises:
        ValueError, TypeError: an argument out of range, rate too large.

    Source: Krogh & Hertz (1992); Advani, Saxe & Sompolinsky, Neural Networks 132, 428 (2020).

    Example:
        >>> float(gradient_flow(1.0, 2.0, 0.5).eps_g.round(6))
        0.527931
    """
    t = check_range("t", t, 0.0, np.inf, "the training time")
    alpha, sigma2, a, t = _check(alpha, sigma2, strength, t)
    limit = float(2 / (1 + np.sqrt(alpha.max())) ** 2)
    if not 0 <= rate < limit:
        raise ValueError(f"rate = {rate!r} is not valid, expected 0 <= rate < 2/(1 + sqrt alpha)^2 = {limit:.4g}")
    moments = np.empty((5, alpha.size))
    for i, (load, time) in enumerate(zip(alpha.ravel(), t.ravel())):
        # l = 1 + alpha + 2 sqrt(alpha) cos(theta) makes rho dl smooth and periodic; f(0) = 0 removes the pole 1/l.
        # Near l = 0 the filter varies over theta ~ 1/sqrt t.
        n = int(max(512, 64 * np.sqrt(time)))
        theta = (np.arange(n) + 0.5) * (np.pi / n)
        l = 1 + load + 2 * np.sqrt(load) * np.cos(theta)
        rho = 2 * load * np.sin(theta) ** 2 / (n * l)
        if rate == 0:
            f = -np.expm1(-l * time)
        else:
            kept = 1 - rate * l
            f = 1 - np.sign(kept) ** round(time / rate) * np.exp(round(time / rate) * np.log(np.abs(kept) + 1e-300))
        moments[:, i] = [rho @ f, rho @ f**2, rho @ (f**2 / l), rho @ (l * f), rho @ (l * f**2)]
    return _student(alpha, sigma2, a, *moments.reshape(5, *alpha.shape))


def stopping_time(alpha: float, sigma2: float, strength: float = 1.0) -> tuple[float, LinearStudent]:
    """The time t* at which gradient flow generalises best, and the student there.

    Args:
        alpha: load > 0. sigma2: noise variance > 0 (without noise there is no over-training: t* is infinite).

    Raises:
        ValueError, TypeError: an argument out of range.

    Source: Krogh & Hertz (1992); Advani, Saxe & Sompolinsky (2020).

    Example:
        >>> round(stopping_time(1.0, 0.5)[0], 4)
        1.2686
    """
    why = "the noise variance; without noise more training is better"
    check_range("sigma2", sigma2, 0.0, np.inf, why, open_lo=True)

    def error(x: float) -> float:
        return float(gradient_flow(alpha, np.exp(x), sigma2, strength).eps_g)

    x = np.linspace(-8, 9, 69)
    best = int(np.argmin([error(v) for v in x]))
    found = minimize_scalar(error, bracket=(x[max(best - 1, 0)], x[best], x[min(best + 1, 68)]), tol=1e-12)
    t = float(np.exp(found.x))
    return t, gradient_flow(alpha, t, sigma2, strength)
