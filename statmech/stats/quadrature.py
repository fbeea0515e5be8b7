"""ln Z by integrating the energy over beta, with the exact derivatives that energy fluctuations give."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def from_moments(beta: ArrayLike, m1: ArrayLike, m2: ArrayLike, m3: ArrayLike) -> tuple[Array, Array]:
    r"""ln Z relative to the last rung, and how much of it the last order of the quadrature changed; (..., R) each.

    .. math:: \ln\frac{Z_k}{Z_{k+1}} = -\int_{\beta_{k+1}}^{\beta_k} E\,d\beta, \quad
              E' = -\mathrm{Var}\,H, \quad E'' = \kappa_3

    beta: (R,) decreasing.  m1, m2, m3: moments <H>, <H^2>, <H^3> (..., R) about any common origin of the energy (near
    the mean, or digits are lost).  A Hermite quintic between neighbouring rungs; the second result is the sum of
    |quintic - cubic| over the steps: the cubic is exact to the fourth power of the spacing, the quintic to the sixth.

    Example: ``from_moments([1.0, 0.0], [0.0, 0.0], [1.0, 1.0], [0.0, 0.0])[0].tolist() == [0.0, 0.0]``
    """
    b, e, second, third = (np.asarray(v, float) for v in (beta, m1, m2, m3))
    var = second - e**2
    k3 = third - 3 * e * second + 2 * e**3
    h = b[:-1] - b[1:]
    hot, cold = np.s_[..., 1:], np.s_[..., :-1]
    trapezoid, ends = h / 2 * (e[hot] + e[cold]), h**2 * (var[cold] - var[hot])
    quintic = ends / 10 + h**3 / 120 * (k3[hot] + k3[cold])
    return _from_hot(-trapezoid - quintic), _from_hot(np.abs(quintic - ends / 12))


def _from_hot(steps: Array) -> Array:
    """Sums from the hottest rung, which has 0."""
    sums = np.cumsum(steps[..., ::-1], axis=-1)[..., ::-1]
    return np.concatenate([sums, np.zeros((*sums.shape[:-1], 1))], axis=-1)
