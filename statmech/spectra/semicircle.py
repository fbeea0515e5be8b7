"""The semicircle law of symmetric random matrices (SK couplings, Hessians), and its fit with outliers left out.

Source: Wigner, Ann. Math. 67, 325 (1958).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from statmech.spectra import tracy_widom

Array = NDArray[np.float64]
FEWEST = 8  # eigenvalues that a fit needs


@dataclass(frozen=True)
class Semicircle:
    """Law of the eigenvalues of a symmetric n x n matrix, off-diagonal variance sigma^2/n, n -> infinity.

    Density sqrt(4 sigma^2 - (x - centre)^2) / (2 pi sigma^2) within 2 sigma of the centre.  Raises ValueError unless
    sigma > 0 and both are finite.

    Example: ``Semicircle(1.0).edges == (-2.0, 2.0)``
    """

    sigma: float
    centre: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.sigma) and self.sigma > 0 and math.isfinite(self.centre)):
            raise ValueError(f"sigma, centre = {self.sigma}, {self.centre}: expected finite numbers, sigma > 0")

    @property
    def edges(self) -> tuple[float, float]:
        """centre -+ 2 sigma."""
        return self.centre - 2 * self.sigma, self.centre + 2 * self.sigma

    @property
    def mean(self) -> float:
        return self.centre

    @property
    def variance(self) -> float:
        return self.sigma**2

    def _reduced(self, x: ArrayLike) -> Array:
        return np.clip((np.asarray(x, float) - self.centre) / (2 * self.sigma), -1, 1)

    def pdf(self, x: ArrayLike) -> Array:
        """Density, 0 outside the edges."""
        return np.sqrt(1 - self._reduced(x) ** 2) / (np.pi * self.sigma)

    def cdf(self, x: ArrayLike) -> Array:
        """1/2 + (u sqrt(1 - u^2) + arcsin u)/pi, u = (x - centre)/(2 sigma)."""
        u = self._reduced(x)
        return 0.5 + (u * np.sqrt(1 - u * u) + np.arcsin(u)) / np.pi

    def ppf(self, p: ArrayLike) -> Array:
        """Quantiles by bisection of the angle.

        Example: ``Semicircle(1.0).ppf(0.5).round(12) == 0``
        """
        p = np.asarray(p, float)
        if not ((p >= 0) & (p <= 1)).all():
            raise ValueError(f"p = {p.tolist()}: expected probabilities")
        low, high = np.full(p.shape, -np.pi / 2), np.full(p.shape, np.pi / 2)
        for _ in range(54):
            phi = (low + high) / 2
            below = 0.5 + (np.sin(2 * phi) / 2 + phi) / np.pi < p
            low, high = np.where(below, phi, low), np.where(below, high, phi)
        return self.centre + 2 * self.sigma * np.sin((low + high) / 2)


@dataclass(frozen=True)
class SemicircleFit:
    """law of the bulk; outliers (k,) by distance from the centre, farthest first, with their p_values (k,).

    D: Kolmogorov-Smirnov distance of the bulk.  D_bound: what 99 % of Gaussian matrices stay below.  status: "ok", or
    what is wrong, in words.
    """

    law: Semicircle
    outliers: Array
    p_values: Array
    D: float
    D_bound: float
    false_alarm: float
    status: str


def fit_semicircle(eigenvalues: ArrayLike, false_alarm: float = 0.05) -> SemicircleFit:
    """Centre and sigma of the bulk of a symmetric matrix, and the outliers on both sides of it.

    As `fit_marchenko_pastur`: the k outliers are left out, the variance is that of the others over (n - k)(n - k + 1)/n
    - sum 1/J_i^2 (J strength of an outlier, eigenvalue J + 1/J), and the farthest that is left is an outlier if it is
    beyond the 1 - false_alarm quantile of both ends of a Gaussian matrix.

    eigenvalues: (n,), n >= 8.  Raises ValueError for other shapes, values that are not finite or all equal, or a
    false_alarm outside (0, 1).

    Source: the edge of Gaussian matrices: Johnstone & Ma, Ann. Appl. Probab. 22, 1962 (2012).

    Example: ``fit_semicircle(np.linalg.eigvalsh(J)).law.sigma``
    """
    x = np.sort(np.asarray(eigenvalues, float))
    if x.ndim != 1 or len(x) < FEWEST or not np.isfinite(x).all() or x[0] == x[-1]:
        raise ValueError(f"eigenvalues have shape {x.shape}: expected (n,), n >= {FEWEST}, finite and not all equal")
    if not 0 < false_alarm < 1:
        raise ValueError(f"false_alarm = {false_alarm}: expected a probability between 0 and 1, such as 0.05")
    n, quartile = len(x), float(Semicircle(1.0).ppf(0.75))
    q1, centre, q3 = np.quantile(x, [0.25, 0.5, 0.75])
    rough = max(float(q3 - q1), 1e-9 * (x[-1] - x[0])) / (2 * quartile)
    far = np.argsort(-np.abs(x - centre), kind="stable")
    K = min(int((np.abs(x - centre) > rough * (2 - 2 * n ** (-2 / 3))).sum()) + 2, n // 2)
    top = x[far[:K]]
    left = n - np.arange(K + 1)
    near = (x[far] - centre)[::-1]  # summed from the nearest: one huge outlier would drown the others
    means = centre + np.cumsum(near)[::-1][: K + 1] / left
    squares = np.cumsum(near**2)[::-1][: K + 1] / left - (means - centre) ** 2
    edge, scale = np.sqrt((4 * left[:-1] - 2) / n), left[:-1] ** (-1 / 6) / n**0.5
    spread = (edge / scale) ** 2 / (left[:-1] * (left[:-1] + 1)) + 2 / (n * left[:-1] * scale**2)  # of sigma, centre
    sigma = rough
    for _ in range(2):
        y = np.maximum(np.abs(top - means[:-1]) / sigma, 2)
        cost = np.append(0, np.cumsum((2 / (y + np.sqrt(y * y - 4))) ** 2))
        s = np.sqrt(squares * left / (left * (left + 1) / n * np.exp(-cost / left)))
        p = tracy_widom.tail((np.abs(top - means[:-1]) / s[:-1] - edge) / scale, 2, spread)
        passed = np.flatnonzero(p < false_alarm)
        k = int(passed[-1]) + 1 if len(passed) else 0
        sigma = float(s[k])
    law, bulk = Semicircle(sigma, float(means[k])), np.sort(x[far[k:]])
    F, steps = law.cdf(bulk), np.arange(n - k + 1) / (n - k)
    D = float(max((F - steps[:-1]).max(), (steps[1:] - F).max()))
    bound = (1.1 + 0.45 * math.log(n)) / n
    status = "ok" if bound >= D else f"not a semicircle: D = {D:.3g} where Gaussian matrices stay below {bound:.3g}"
    return SemicircleFit(law, top[:k].copy(), p[:k], D, bound, false_alarm, status)
