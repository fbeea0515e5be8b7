r"""Stretched exponential (Weibull) law of a tail, exp(-(Lambda x)^beta) cut off at xmin on the left.

With w = ln(x/xmin) and k = (Lambda xmin)^beta the density of w is beta k e^(beta w) exp(-k (e^(beta w) - 1)); for
beta -> 0 at fixed beta k it becomes the power law with alpha - 1 = beta k, while Lambda diverges.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from statmech.spectra.law import Array, Law, tail
from statmech.spectra.power_law import PowerLaw

SMALLEST = 1e-6  # beta times the mean of w: the power law to one part in a million


@dataclass(frozen=True)
class StretchedExponential(Law):
    """P(> x) = exp(-k ((x/xmin)^beta - 1)) on x >= xmin; k = (Lambda xmin)^beta.

    Example: ``StretchedExponential(1.0, 2.0, xmin=1.0).cdf(1.0) == 0``
    """

    beta: float
    k: float
    xmin: float

    @classmethod
    def fit(cls, x: ArrayLike, xmin: float) -> StretchedExponential | PowerLaw:
        """The likeliest law for the values x >= xmin: the power law, if no other is as likely as that limit.

        At given beta the likeliest k is 1/<e^(beta w) - 1>; what is left rises with beta at 0 iff <w^2> < 2 <w>^2.
        Raises as `law.tail` does.
        """
        w = np.log(tail(x, xmin) / xmin)
        mean = w.mean()

        def slope(beta: float) -> float:
            """d/d beta of the mean log-likelihood ln beta + ln k + beta <w> - 1."""
            growth = np.exp(beta * (w - w.max()))
            return float(1 / beta + mean - (w * growth).mean() / (growth - np.exp(-beta * w.max())).mean())

        low, high = SMALLEST / mean, 1 / mean
        if slope(low) <= 0:
            return PowerLaw.fit(x, xmin)
        while slope(high) > 0:
            high *= 2
        beta = brentq(slope, low, high, xtol=1e-14 / mean)
        return cls(float(beta), float(1 / np.expm1(beta * w).mean()), float(xmin))

    def logpdf(self, x: ArrayLike) -> Array:
        w = self._excess(x)
        value = np.log(self.beta * self.k / self.xmin) + (self.beta - 1) * w - self.k * np.expm1(self.beta * w)
        return np.where(np.asarray(x) >= self.xmin, value, -np.inf)

    def cdf(self, x: ArrayLike) -> Array:
        return -np.expm1(-self.k * np.expm1(self.beta * self._excess(x)))

    def ppf(self, p: ArrayLike) -> Array:
        with np.errstate(divide="ignore"):
            above = -np.log1p(-np.asarray(p, dtype=np.float64)) / self.k
        return self.xmin * np.exp(np.log1p(above) / self.beta)
