"""What the laws of a tail share: densities above a lower end xmin, and the distance to measured values."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from statmech.random import derive_key

Array = NDArray[np.float64]


def positive_values(x: ArrayLike) -> Array:
    """The positive values of x (n,), ascending, float64; zeros belong to no tail and are left out.

    Raises ValueError for an array that is not one-dimensional, or values that are negative or not finite.

    Example: ``positive_values([2.0, 0.0, 1.0]).tolist() == [1.0, 2.0]``
    """
    values = np.asarray(x, dtype=np.float64)
    if values.ndim != 1:
        raise ValueError(f"values have shape {values.shape}: expected one axis; pool matrices with x.ravel()")
    if not np.isfinite(values).all():
        raise ValueError(f"{int((~np.isfinite(values)).sum())} of {values.size} values are not finite: remove them")
    if values.size and values.min() < 0:
        raise ValueError(f"the smallest value is {values.min():g}: expected values >= 0, such as eigenvalues of W^T W")
    return np.sort(values[values > 0])


def tail(x: ArrayLike, xmin: float) -> Array:
    """The values of x that are at least xmin, ascending.  Raises ValueError unless two different ones are left."""
    if not 0 < xmin < np.inf:
        raise ValueError(f"xmin = {xmin!r}: expected a positive number")
    values = positive_values(x)
    values = values[values >= xmin]
    if not values.size or values[0] == values[-1]:
        raise ValueError(f"fewer than two different values are at least xmin = {xmin:g}: lower xmin")
    return values


class Law:
    """A probability density of x >= xmin > 0: a dataclass of its parameters and xmin that says logpdf, cdf and ppf."""

    xmin: float

    def logpdf(self, x: ArrayLike) -> Array:
        """ln of the density at x, any shape; -inf outside the support."""
        raise NotImplementedError

    def cdf(self, x: ArrayLike) -> Array:
        """Probability of a value <= x."""
        raise NotImplementedError

    def ppf(self, p: ArrayLike) -> Array:
        """The x at which cdf(x) = p, 0 <= p <= 1."""
        raise NotImplementedError

    def pdf(self, x: ArrayLike) -> Array:
        """Density at x."""
        return np.exp(self.logpdf(x))

    def _excess(self, x: ArrayLike) -> Array:
        """ln(x/xmin), 0 below xmin."""
        return np.log(np.maximum(np.asarray(x, dtype=np.float64), self.xmin) / self.xmin)

    def log_likelihood(self, x: ArrayLike) -> float:
        """Sum of ln pdf over those of the values that the law covers, x >= xmin."""
        values = np.asarray(x, dtype=np.float64)
        return float(self.logpdf(values[values >= self.xmin]).sum())

    def sample(self, n: int, seed: int = 0) -> Array:
        """n independent values (n,); same seed, same values."""
        rng = np.random.Generator(np.random.Philox(key=derive_key("law", type(self).__name__, seed)))
        return self.ppf(rng.random(n))

    def distance(self, x: ArrayLike) -> float:
        """D = max |F(x) - S(x)| over the values x >= xmin, S the share of them that is smaller than x.

        The steps of S are read on their lower side only, as in the package powerlaw and in Clauset's own code: the
        Kolmogorov-Smirnov statistic, which reads both sides, is larger by at most 1/n.
        """
        values = tail(x, self.xmin)
        return float(np.abs(self.cdf(values) - np.searchsorted(values, values) / values.size).max())
