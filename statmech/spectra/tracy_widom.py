r"""The Tracy-Widom law of the largest eigenvalue of real random matrices (beta = 1), and its place for Wishart ones.

.. math:: F_1(s) = \det(1 - K_s), \quad K_s(x, y) = \tfrac12 \mathrm{Ai}\Bigl(\tfrac{x+y}{2} + s\Bigr) \text{ on } x > 0

The determinant is taken on the nodes of Gauss-Legendre quadrature, with an error that falls exponentially in their
number; it is tabulated once per process as two Chebyshev series, F_1 to the left and ln(1 - F_1) to the right of -1.

Sources: Tracy & Widom, Commun. Math. Phys. 177, 727 (1996); the determinant: Ferrari & Spohn, J. Phys. A 38, L557
(2005); its quadrature: Bornemann, Math. Comp. 79, 871 (2010).
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.polynomial import Chebyshev
from numpy.polynomial.chebyshev import chebval
from numpy.typing import ArrayLike, NDArray
from scipy.special import airy

Array = NDArray[np.float64]

LOW, CUT, HIGH = -12.0, -1.0, 40.0  # F_1(-12) = 1e-35, 1 - F_1(40) = 1e-75
DEGREES, NODES = (48, 48), 40
_EPS = np.finfo(np.float64).eps


def determinant(s: ArrayLike) -> tuple[Array, Array]:
    """F_1 and ln(1 - F_1) by quadrature, for s >= -12; what the table is made of.

    F_1 has an absolute error of 1e-14, 1 - F_1 a relative one of 1e-13.

    Example: ``determinant(0.0)[0].round(6) == 0.831908``
    """
    s = np.asarray(s, float)[..., None]
    t, w = np.polynomial.legendre.leggauss(NODES)
    span = 2 * (16 / np.maximum(1, np.sqrt(np.maximum(s, 1) / 2)) + np.maximum(-s, 0))  # up to where Ai has died off
    x, w = span * (t + 1) / 2, np.sqrt(span * w / 2)
    i, j = np.triu_indices(NODES)
    kernel = np.zeros((*s.shape[:-1], NODES, NODES))
    kernel[..., j, i] = w[..., i] * w[..., j] * airy((x[..., i] + x[..., j]) / 2 + s)[0] / 2
    logs = np.log1p(-np.minimum(np.linalg.eigvalsh(kernel, "L"), 1 - _EPS)).sum(-1)
    return np.exp(logs), np.log(-np.expm1(logs))


class _Table(NamedTuple):
    left: Array  # Chebyshev coefficients (., 3) of F, f, f' on [LOW, CUT]
    right: Array  # of ln(1 - F) and two derivatives on [CUT, HIGH]
    s: Array  # a grid and ln(1 - F) on it, from which the quantiles start
    log_sf: Array


def _coefficients(series: Chebyshev) -> Array:
    """Columns: the series and two derivatives, evaluated together."""
    terms = [series.coef, series.deriv().coef, series.deriv(2).coef]
    return np.stack([np.pad(c, (0, len(series.coef) - len(c))) for c in terms], axis=1)


@lru_cache(maxsize=1)
def _table() -> _Table:
    F = Chebyshev.interpolate(lambda s: determinant(s)[0], DEGREES[0], [LOW, CUT])
    L = Chebyshev.interpolate(lambda s: determinant(s)[1], DEGREES[1], [CUT, HIGH])
    s = np.concatenate([np.linspace(LOW, CUT, 500)[:-1], np.linspace(CUT, HIGH, 2000)])
    log_sf = np.where(s < CUT, np.log1p(-np.clip(F(s), 0, 0.9)), L(s))
    return _Table(_coefficients(F), _coefficients(L), s, log_sf)


def _derivatives(s: ArrayLike) -> tuple[Array, Array, Array, Array]:
    """F_1, 1 - F_1, f = F_1', f' of the same shape."""
    x = np.asarray(s, float)
    table = _table()
    u, v = (2 * (np.clip(x, a, b) - a) / (b - a) - 1 for a, b in ((LOW, CUT), (CUT, HIGH)))
    F, f, slope = chebval(u, table.left)
    L, L1, L2 = chebval(v, table.right)
    sf = np.exp(L)
    out = np.where(x < CUT, (F, 1 - F, f, slope), (1 - sf, sf, -L1 * sf, -(L2 + L1**2) * sf))
    out = np.where(x < LOW, np.array([0.0, 1, 0, 0]).reshape(4, *(1,) * x.ndim), out)
    out = np.where(x > HIGH, np.array([1.0, 0, 0, 0]).reshape(4, *(1,) * x.ndim), out)
    out[:3] = np.maximum(out[:3], 0)
    return out[0], out[1], out[2], out[3]


def cdf(s: ArrayLike) -> Array:
    """F_1(s), to an absolute 1e-12; 0 below -12.

    Example: ``cdf(0.9793).round(4) == 0.95``
    """
    return _derivatives(s)[0]


def sf(s: ArrayLike) -> Array:
    """1 - F_1(s), to a relative 1e-11 (a p-value may be tiny); 0 above 40, where it is below 1e-75.

    Example: ``sf(2.0234).round(5) == 0.01``
    """
    return _derivatives(s)[1]


def pdf(s: ArrayLike) -> Array:
    """f = dF_1/ds.

    Example: ``pdf(-1.2065).round(3) == 0.316``
    """
    return _derivatives(s)[2]


def slope(s: ArrayLike) -> Array:
    """df/ds, which corrections of second order need.

    Example: ``slope(0.0) < 0``
    """
    return _derivatives(s)[3]


def isf(q: ArrayLike) -> Array:
    """s with 1 - F_1(s) = q, for 0 < q < 1; q = 1e-75 to 1 - 1e-12 are met to 1e-10.

    Raises ValueError for q outside (0, 1).

    Example: ``isf(0.05).round(4) == 0.9793``
    """
    q = np.asarray(q, float)
    if not ((q > 0) & (q < 1)).all():
        raise ValueError(f"q = {q.tolist()}: expected probabilities between 0 and 1")
    table = _table()
    s = np.interp(-np.log(q), -table.log_sf, table.s)
    for _ in range(4):  # Newton steps: in ln(1 - F) to the right, in F to the left
        F, tail, f, _ = _derivatives(s)
        right = q < 0.5
        with np.errstate(divide="ignore", invalid="ignore"):
            step = np.where(right, np.log(tail / q) * tail / f, ((1 - q) - F) / f)
        s = np.clip(s + np.where(np.isfinite(step), step, 0), LOW, HIGH)
    return s


def ppf(p: ArrayLike) -> Array:
    """s with F_1(s) = p, for 0 < p < 1.

    Example: ``ppf(0.5).round(4) == -1.2686``
    """
    return isf(1 - np.asarray(p, float))


def wishart_edge(n: ArrayLike, m: ArrayLike) -> tuple[Array, Array]:
    r"""Centre mu and scale xi of the largest eigenvalue of W^T W, W of n x m independent N(0, 1): (mu + xi s), s ~ F_1.

    .. math:: \mu = (\sqrt{n'} + \sqrt{m'})^2, \quad \xi = (\sqrt{n'} + \sqrt{m'}) (1/\sqrt{n'} + 1/\sqrt{m'})^{1/3}

    with n' = n - 1/2, m' = m - 1/2.  The halves make the distance to F_1 fall as m^(-2/3), not m^(-1/3), at any n/m,
    n = m included.

    Sources: Johnstone, Ann. Stat. 29, 295 (2001); El Karoui, Ann. Probab. 34, 2077 (2006); the halves of the real
    case: Ma, Bernoulli 18, 322 (2012).

    Example: ``wishart_edge(100, 100)[0] == 398.0``
    """
    a, b = np.sqrt(np.asarray(n, float) - 0.5), np.sqrt(np.asarray(m, float) - 0.5)
    return (a + b) ** 2, (a + b) * (1 / a + 1 / b) ** (1 / 3)


def tail(s: ArrayLike, draws: int = 1, variance: ArrayLike = 0.0) -> Array:
    r"""Probability that the largest of `draws` largest eigenvalues exceeds s when their scale is estimated.

    variance: of mu/xi times the relative error of the estimated entry variance: (mu/xi)^2 2/dof for `dof` entries.  A
    statistic in units of its own matrix is independent of that estimate, so that F^draws is its law smeared by the
    estimate's; undone here to first order, 1 - G = (1 - F^J) exp(v/2 (F^J)''/(1 - F^J)).  At n = m = 200 it moves 5 %
    to 4.5 %.

    Source: Nadler, J. Multivar. Anal. 102, 363 (2011), for one matrix and 1 - G = 1 - F + (v/2) F''.

    Example: ``tail(isf(0.05)).round(12) == 0.05``
    """
    F, q, f, df = _derivatives(s)
    J = draws
    with np.errstate(divide="ignore", invalid="ignore"):
        outside = -np.expm1(J * np.log1p(-np.minimum(q, 1 - _EPS)))
        curvature = J * F ** (J - 1) * df + J * (J - 1) * F ** max(J - 2, 0) * f * f
        return np.where(outside > 0, np.minimum(1, outside * np.exp(np.asarray(variance) / 2 * curvature / outside)), 0)
