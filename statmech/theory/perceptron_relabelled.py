"""Students of two independent relabellings of the same inputs and teacher: their overlap, replica symmetric.

Each labelling flips every label of the teacher with probability p, independently of the other. A student of either is
described by `perceptron` (q, R, qh, Rh). Their common inputs correlate the two beyond the teacher: the overlap q12
obeys the equations of q with the labels t1, t2 of two labellings,

    qh12 = alpha E t1 t2 g(t1 w1) g(t2 w2),   w1, w2, u Gaussian: <w_a^2> = q, <w1 w2> = q12, <w_a u> = R, <u^2> = 1,
                                              t_a = sign u with probability 1 - p, -sign u with p
    spherical: q12 = (1 - q)^2 (Rh^2 + qh12)       Ising: q12 = E tanh(Rh + x1) tanh(Rh + x2), <x1 x2> = qh12

with g = d/dw ln[e^-b + (1 - e^-b) Phi(w/sqrt(1 - q))]. q12 = q for clean labels, 0 for random ones.

Source: the cavity argument for the equations of Seung, Sompolinsky & Tishby, Phys. Rev. A 45, 6056 (1992), applied to
two samples that share their inputs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from statmech.theory.perceptron import check, check_weights, solve

Array = NDArray[np.float64]

_X = np.arange(-7.0, 7.01, 0.07)
_PHI = np.exp(-0.5 * _X * _X)
_WEIGHT = np.multiply.outer(_PHI, _PHI) / _PHI.sum() ** 2


def _pair(variance: float, covariance: float) -> tuple[Array, Array]:
    """Two Gaussians of equal variance on the mesh, to be averaged with _WEIGHT."""
    first = np.sqrt(variance) * _X[:, None] + 0 * _X[None, :]
    if variance == 0:
        return first, first
    slope = np.clip(covariance / variance, -1.0, 1.0)
    return first, slope * first + np.sqrt(variance * (1 - slope * slope)) * _X[None, :]


def _force(w: Array, V: float, T: float) -> Array:
    """g(w)."""
    cold = np.exp(-1 / T)
    x = w / np.sqrt(V)
    return (1 - cold) * np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi * V) / (cold + (1 - cold) * ndtr(x))


def _conjugate(q12: float, q: float, R: float, alpha: float, T: float, p: float) -> float:
    """qh12."""
    w1, w2 = _pair(q, q12)
    mean = R * (w1 + w2) / (q + q12) if R > 0 else 0 * w1
    spread = np.sqrt(max(1 - 2 * R * R / (q + q12), 1e-300)) if R > 0 else 1.0
    up = ndtr(mean / spread)
    total = 0.0
    for t1 in (1, -1):
        for t2 in (1, -1):
            right1, right2 = (1 - p if t == 1 else p for t in (t1, t2))
            share = up * right1 * right2 + (1 - up) * (1 - right1) * (1 - right2)
            total += t1 * t2 * (_WEIGHT * share * _force(t1 * w1, 1 - q, T) * _force(t2 * w2, 1 - q, T)).sum()
    return alpha * float(total)


def relabelled_overlap(alpha: ArrayLike, T: ArrayLike, p: ArrayLike, weights: str = "spherical") -> Array:
    """Overlap q12 of a student of one labelling with a student of an independent labelling of the same inputs.

    Equations of the module, iterated from q12 = R^2, on the branch R < 1.

    Args: alpha > 0, T > 0, p (flip probability, p = r/2): array-like, broadcast. weights.

    Returns:
        float64 of the broadcast shape, R^2 <= q12 <= q; NaN where the branch R < 1 does not exist.

    Raises:
        ValueError: an argument out of range, T = 0, unknown weights.

    Source: see the module; q, R of Seung, Sompolinsky & Tishby, Phys. Rev. A 45, 6056 (1992).

    Example:
        >>> float(relabelled_overlap(2.0, 1.0, 0.5))
        0.0
    """
    check_weights(weights)
    a, t, flip = check(alpha=alpha, T=T, p=p)
    if (t == 0).any():
        raise ValueError("T = 0 is not valid here, expected T > 0")
    x = solve(a, t, flip, weights)
    out = np.full(a.shape, np.nan)
    for i in zip(*np.nonzero(np.atleast_1d(x.exists))):
        at = i if a.ndim else ()
        q, R, qh, Rh = (float(v[at]) for v in (x.q, x.R, x.qh, x.Rh))
        share = float(flip[at])
        out[at] = 0.0 if share == 0.5 else _iterate(q, R, qh, Rh, float(a[at]), float(t[at]), share, weights)
    return out


def _iterate(q: float, R: float, qh: float, Rh: float, alpha: float, T: float, p: float, weights: str) -> float:
    q12 = R * R
    for _ in range(500):
        c = _conjugate(q12, q, R, alpha, T, p)
        if weights == "spherical":
            new = (1 - q) ** 2 * (Rh * Rh + c)
        else:
            x1, x2 = _pair(qh, c)
            new = float((_WEIGHT * np.tanh(Rh + x1) * np.tanh(Rh + x2)).sum())
        new = min(new, q)
        if abs(new - q12) < 1e-10:
            break
        q12 = new
    return new
