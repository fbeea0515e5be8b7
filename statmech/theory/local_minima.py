"""How many one-flip minima a p-spin glass of Ising spins has, on average over samples: exact at every N.

The field on each spin of a fixed configuration, x_i = s_i h_i, is Gaussian with variance v and covariance c::

    v = (p/2) prod_{k=1}^{p-1} (1 - k/N),   c = (p (p-1)/(2N)) prod_{k=2}^{p-1} (1 - k/N)

so that x_i = sqrt(v - c) xi_i + sqrt(c) eta, and the mean number of configurations with all x_i > 0 is

    E F = 2^N E_eta Phi(eta sqrt(c/(v - c)))^N ~ exp(N a),   a = ln 2 + max_y [ln Phi(sqrt(p-1) y) - y^2/2]

a = 0.1992 for p = 2.

Source: Tanaka & Edwards, J. Phys. F 10, 2769 (1980); Bray & Moore, J. Phys. C 13, L469 (1980); Gross & Mezard, Nucl.
Phys. B 240, 431 (1984).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_ndtr, logsumexp

from statmech.theory.mixture import check_p

Array = NDArray[np.float64]


def log_mean(N: ArrayLike, p: int = 2) -> Array:
    """ln of the mean number of one-flip minima of N spins (for even p a minimum and its mirror image count as two).

    Args: N: integers >= p, array-like. p: 2 to 60. Returns: float64 array like N.

    Raises: ValueError for N < p or p out of range. Source: module docstring, at finite N.

    Example: ``float(log_mean(2).round(6)) == 0.693147``
    """
    check_p(p)
    n = np.asarray(N)
    if (n < p).any() or n.dtype.kind not in "iu":
        raise ValueError(f"N = {N!r} is not valid, expected integers >= p = {p}: there is no term below")
    out = [_log_mean(int(size), p) for size in n.ravel()]
    return np.array(out, float).reshape(n.shape)


def _log_mean(N: int, p: int) -> float:
    rest = float(np.prod([1 - k / N for k in range(2, p)]))
    v, c = 0.5 * p * (1 - 1 / N) * rest, 0.5 * p * (p - 1) / N * rest
    if v - c < 1e-12:  # N = p: one term, all fields are equal
        return (N - 1) * float(np.log(2))
    eta = np.linspace(-12, 12 + 2 * np.sqrt(N), 40_001)
    terms = N * log_ndtr(eta * np.sqrt(c / (v - c))) - 0.5 * eta**2
    return float(N * np.log(2) + logsumexp(terms) + np.log((eta[1] - eta[0]) / np.sqrt(2 * np.pi)))


def exponent(p: int = 2) -> float:
    """a = lim ln(E F)/N.

    Raises: ValueError for p out of range. Source: module docstring.

    Example: ``round(exponent(2), 4) == 0.1992``
    """
    check_p(p)

    def minus(y: float) -> float:
        return float(0.5 * y * y - log_ndtr(np.sqrt(p - 1) * y))

    best = minimize_scalar(minus, bounds=(0.0, 10.0), method="bounded", options={"xatol": 1e-12})
    return float(np.log(2) - best.fun)
