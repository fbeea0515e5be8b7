r"""Upper incomplete gamma function of any real order, with its derivatives, by Gauss-Legendre quadrature.

.. math:: I(\alpha, z) = \int_0^\infty e^{(1 - \alpha) u - z (e^u - 1)} du = z^{\alpha - 1} e^z \Gamma(1 - \alpha, z)

The logarithm of the integrand is concave, so the interval outside of which it is e^-40 of its peak has two ends that
Newton steps find from outside; 64 nodes in it leave a relative error below 1e-12.  SciPy's gammaincc takes positive
orders only, the recurrences to negative ones cancel near whole numbers, and here nothing over- or underflows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
DEPTH = 40.0  # e^-40 = 4e-18
NODES, WEIGHTS = np.polynomial.legendre.leggauss(64)
BLOCK = 1 << 18  # values of the integrand held at a time


class Moments(NamedTuple):
    """ln I and the moments of u and w = e^u - 1 under the integrand, arrays of the shape of alpha and z."""

    ln: Array
    u: Array
    w: Array
    uu: Array
    uw: Array
    ww: Array
    """Covariances of (u, u), (u, w), (w, w)."""


def _interval(a: Array, z: Array) -> tuple[Array, Array]:
    """Ends of the interval that matters, for 1 - alpha = a."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        peak = np.where(a > z, np.log(a / z), 0.0)
        c = np.maximum(a, z)  # the drop on the right is at least c (e^v - 1 - v), v = u - peak, if a > z or peak = 0
        right = np.minimum(np.sqrt(2 * DEPTH / c), np.maximum(2.0, np.log(2 * DEPTH / c)))
        right = np.minimum(right, np.where(a < 0, DEPTH / -a, np.inf))
        slope = np.where(a > z, a, z)
        for _ in range(4):
            drop = slope * np.expm1(right) - a * right
            right = right - np.maximum(drop - DEPTH, 0.0) / (slope * np.exp(right) - a)
        left = 1 + DEPTH / c
        for _ in range(6):
            drop = c * (np.expm1(-left) + left)
            left = left - np.maximum(drop - DEPTH, 0.0) / np.maximum(-c * np.expm1(-left), 1e-300)
    return np.where(peak > 0, np.maximum(peak - left, 0.0), 0.0), peak + right


def _integrand(alpha: Array, z: Array) -> tuple[Array, Array, Array]:
    """Nodes u (..., 64), weights that add up to 1, and ln of their sum before."""
    a = 1 - alpha
    low, high = _interval(a, z)
    half = 0.5 * (high - low)
    u = (low + half)[..., None] + half[..., None] * NODES
    f = a[..., None] * u - z[..., None] * np.expm1(u)
    top = f.max(axis=-1)
    weight = np.exp(f - top[..., None]) * WEIGHTS
    total = weight.sum(axis=-1)
    return u, weight / total[..., None], top + np.log(total * half)


def ln_integral(alpha: ArrayLike, z: ArrayLike) -> Array:
    """ln I(alpha, z), of the shape that alpha and z have together; z > 0, or z = 0 with alpha > 1.

    Example: ``abs(ln_integral(3.0, 0.0) + np.log(2)) < 1e-12``
    """
    alpha, z = np.broadcast_arrays(np.asarray(alpha, np.float64), np.asarray(z, np.float64))
    out = np.empty(alpha.size)
    flat = alpha.ravel(), z.ravel()
    step = BLOCK // NODES.size
    for i in range(0, out.size, step):
        out[i : i + step] = _integrand(flat[0][i : i + step], flat[1][i : i + step])[2]
    return out.reshape(alpha.shape)


def moments(alpha: Array, z: Array) -> Moments:
    """ln I with first and second moments, for arrays of one shape: -d ln I/d alpha = <u>, -d ln I/dz = <w>."""
    u, p, ln = _integrand(alpha, z)
    w = np.expm1(u)
    mean_u, mean_w = (p * u).sum(-1), (p * w).sum(-1)
    du, dw = u - mean_u[..., None], w - mean_w[..., None]
    return Moments(ln, mean_u, mean_w, (p * du * du).sum(-1), (p * du * dw).sum(-1), (p * dw * dw).sum(-1))
