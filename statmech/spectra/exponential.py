"""Exponential law of a tail."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from statmech.spectra.law import Array, Law, tail


@dataclass(frozen=True)
class Exponential(Law):
    """Lambda exp(-Lambda (x - xmin)) on x >= xmin.

    Example: ``Exponential(2.0, xmin=1.0).cdf(1.0) == 0``
    """

    Lambda: float
    xmin: float

    @classmethod
    def fit(cls, x: ArrayLike, xmin: float) -> Exponential:
        """The likeliest law for the values x >= xmin, Lambda = 1/<x - xmin>.  Raises as `law.tail` does."""
        return cls(float(1 / (tail(x, xmin) - xmin).mean()), float(xmin))

    def logpdf(self, x: ArrayLike) -> Array:
        x = np.asarray(x, dtype=np.float64)
        return np.where(x >= self.xmin, np.log(self.Lambda) - self.Lambda * (x - self.xmin), -np.inf)

    def cdf(self, x: ArrayLike) -> Array:
        return -np.expm1(-self.Lambda * np.maximum(np.asarray(x, dtype=np.float64) - self.xmin, 0.0))

    def ppf(self, p: ArrayLike) -> Array:
        with np.errstate(divide="ignore"):
            return self.xmin - np.log1p(-np.asarray(p, dtype=np.float64)) / self.Lambda
