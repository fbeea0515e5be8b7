r"""Lognormal law of a tail, cut off at xmin on the left.

With w = ln(x/xmin) it is a normal law cut off at w = 0, and a = (ln xmin - mu)/sigma says how far out the cut is.  For
a -> inf it becomes the power law with alpha - 1 = a/sigma, so the power law is a limit of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import erfcx, log_ndtr, ndtri_exp

from statmech.spectra.law import Array, Law, tail
from statmech.spectra.power_law import PowerLaw

FARTHEST = 1e4  # a beyond which <w^2>/<w>^2 is within 2/a^2 = 2e-8 of the power law's


@dataclass(frozen=True)
class Lognormal(Law):
    """1/(x sigma) phi((ln x - mu)/sigma) / P(x >= xmin) on x >= xmin, phi the normal density.

    Example: ``Lognormal(0.0, 1.0, xmin=1.0).cdf(1.0) == 0``
    """

    mu: float
    sigma: float
    xmin: float

    @classmethod
    def fit(cls, x: ArrayLike, xmin: float) -> Lognormal | PowerLaw:
        """The likeliest law for the values x >= xmin: the power law, if no lognormal is as likely as that limit.

        <w^2>/<w>^2 depends on a alone and rises from 1 to 2; with 2 or more in the sample the likelihood grows towards
        the limit.  Raises as `law.tail` does.
        """
        w = np.log(tail(x, xmin) / xmin)
        mean, ratio = w.mean(), (w**2).mean() / w.mean() ** 2
        if ratio >= _ratio(FARTHEST):
            return PowerLaw.fit(x, xmin)
        lowest = -10.0
        while _ratio(lowest) > ratio:
            lowest *= 2
        a = brentq(lambda a: _ratio(a) - ratio, lowest, FARTHEST, xtol=1e-12)
        sigma = mean / _excess(a)[0]
        return cls(float(np.log(xmin) - a * sigma), float(sigma), float(xmin))

    @property
    def _a(self) -> float:
        return float((np.log(self.xmin) - self.mu) / self.sigma)

    def logpdf(self, x: ArrayLike) -> Array:
        w = self._excess(x) / self.sigma
        ln_norm = np.log(self.sigma * np.sqrt(2 * np.pi)) + np.log(self.xmin) + self.sigma * w + _ln_tail(self._a)
        return np.where(np.asarray(x) >= self.xmin, -w * (w / 2 + self._a) - ln_norm, -np.inf)

    def cdf(self, x: ArrayLike) -> Array:
        w = self._excess(x) / self.sigma
        return -np.expm1(_ln_tail(self._a + w) - _ln_tail(self._a) - w * (w / 2 + self._a))

    def ppf(self, p: ArrayLike) -> Array:
        with np.errstate(divide="ignore"):
            ln_above = np.log1p(-np.asarray(p, dtype=np.float64)) + log_ndtr(-self._a)
        return np.exp(self.mu - self.sigma * ndtri_exp(ln_above))


def _ln_tail(a: ArrayLike) -> Array:
    """ln of e^(a^2/2) P(normal > a)."""
    a = np.asarray(a, dtype=np.float64)
    return np.where(a > -5, np.log(erfcx(np.maximum(a, -5) / np.sqrt(2)) / 2), log_ndtr(-a) + a**2 / 2)


def _excess(a: float) -> tuple[float, float]:
    """First and second moments of the excess of a normal variable over a, given that it is above."""
    if a > 50:  # asymptotic series: the closed forms cancel
        s = 1 / a**2
        return (1 - s * (2 - s * (10 - 74 * s))) / a, s * (2 - s * (10 - s * (74 - 706 * s)))
    first = float(np.exp(-_ln_tail(a)) / np.sqrt(2 * np.pi)) - a
    return first, 1 - a * first


def _ratio(a: float) -> float:
    """<w^2>/<w>^2 of the excess w over a."""
    first, second = _excess(a)
    return second / first**2
