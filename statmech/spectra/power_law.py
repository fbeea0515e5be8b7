r"""Power law of a tail: exponent by maximum likelihood, lower end by the smallest distance.

.. math:: p(x) = \frac{\alpha - 1}{x_{min}} \Big(\frac{x}{x_{min}}\Big)^{-\alpha}, \quad
          \hat\alpha = 1 + n \Big[ \sum_{x_i \ge x_{min}} \ln \frac{x_i}{x_{min}} \Big]^{-1}

Source: Clauset, Shalizi & Newman, SIAM Rev. 51, 661 (2009), secs. 3.1 and 3.3.  No bounds on alpha.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from statmech.spectra.law import Array, Law, positive_values, tail

MINIMUM_TAIL = 10
"""Fewest values that a fit may rest on: the standard error of alpha - 1 is 32 % there."""
BLOCK = 1 << 15  # values of F held at a time


@dataclass(frozen=True)
class PowerLaw(Law):
    """x^-alpha on xmin <= x <= xmax.  alpha > 1; xmax may be inf.

    Example: ``PowerLaw(alpha=3.0, xmin=1.0).cdf(2.0) == 0.75``
    """

    alpha: float
    xmin: float
    xmax: float = np.inf

    @classmethod
    def fit(cls, x: ArrayLike, xmin: float) -> PowerLaw:
        """The likeliest law without upper end for the values x >= xmin.  Raises as `law.tail` does."""
        return cls(float(1 + 1 / np.log(tail(x, xmin) / xmin).mean()), float(xmin))

    @property
    def _mass(self) -> float:
        """Share of the law without upper end that is below xmax."""
        return float(-np.expm1(-(self.alpha - 1) * np.log(self.xmax / self.xmin)))

    def logpdf(self, x: ArrayLike) -> Array:
        x = np.asarray(x, dtype=np.float64)
        inside = (x >= self.xmin) & (x <= self.xmax)
        ratio = np.where(inside, x, self.xmin) / self.xmin
        value = np.log((self.alpha - 1) / (self.xmin * self._mass)) - self.alpha * np.log(ratio)
        return np.where(inside, value, -np.inf)

    def cdf(self, x: ArrayLike) -> Array:
        ratio = np.clip(np.asarray(x, dtype=np.float64), self.xmin, self.xmax) / self.xmin
        return -np.expm1(-(self.alpha - 1) * np.log(ratio)) / self._mass

    def ppf(self, p: ArrayLike) -> Array:
        with np.errstate(divide="ignore"):
            return self.xmin * np.exp(-np.log1p(-np.asarray(p, dtype=np.float64) * self._mass) / (self.alpha - 1))


@dataclass(frozen=True)
class PowerLawFit:
    """A fitted tail, or why there is none.

    alpha, xmin, D: exponent, lower end, distance; NaN without a fit.  xmax: upper end asked for, inf for none.
    n_tail: values in [xmin, xmax].  stderr: (alpha - 1)/sqrt(n_tail), at fixed xmin: `bootstrap` has the one that knows
    of the search.  status: "ok", or the reason in words.
    """

    alpha: float
    xmin: float
    xmax: float
    D: float
    n_tail: int
    stderr: float
    status: str

    @property
    def ok(self) -> bool:
        """Is there a fit?"""
        return self.status == "ok"

    @property
    def law(self) -> PowerLaw:
        """The fitted law.  Raises ValueError if there is none."""
        if not self.ok:
            raise ValueError(f"there is no fitted power law: {self.status}")
        return PowerLaw(self.alpha, self.xmin, self.xmax)


class LowerEnds(NamedTuple):
    """What every lower end would give: arrays (K,), K different values but the largest, ascending."""

    xmin: Array
    alpha: Array
    D: Array
    n_tail: np.ndarray


def lower_ends(x: ArrayLike, xmax: float | None = None) -> LowerEnds:
    """alpha and D as functions of xmin, at every value of x (n,) but the largest; conventions of `fit_power_law`.

    O(n^2) exponentials.  Raises ValueError as `positive_values` does.

    Example: ``lower_ends([1.0, 2.0, 4.0]).n_tail.tolist() == [3, 2]``
    """
    values, upper = _within(x, xmax)
    xmin, first = np.unique(values, return_index=True)
    y, n = np.log(xmin), values.size
    below = first / max(n, 1)
    rest = (n - first)[:-1]
    excess = np.cumsum(((n - first)[1:] * np.diff(y))[::-1])[::-1]  # sum ln x/xmin over the tail, gap by gap
    b, D = rest / excess, np.empty(rest.size)
    step = max(1, BLOCK // max(y.size, 1))
    for i in range(0, rest.size, step):
        rows = slice(i, min(i + step, rest.size))
        gap = y[i:] - y[rows, None]
        F = -np.expm1(-b[rows, None] * np.maximum(gap, 0)) / -np.expm1(-b[rows] * (np.log(upper) - y[rows]))[:, None]
        S = (below[i:] - below[rows, None]) / (1 - below[rows, None])
        D[rows] = np.where(gap >= 0, np.abs(F - S), 0.0).max(axis=1)
    return LowerEnds(xmin[:-1], 1 + b, D, rest)


def fit_power_law(
    x: ArrayLike, xmin: float | None = None, xmax: float | None = None, minimum_tail: int = MINIMUM_TAIL
) -> PowerLawFit:
    r"""Power law of the upper tail of x (n,), such as the eigenvalues of W^T W.

    .. math:: D = \max_{x_i \ge x_{min}} |F(x_i) - S(x_i)|, \quad S = \text{share of the tail below } x_i

    xmin:         lower end of the law; None: the value of x, not the largest, at which D is smallest, the smallest
                  such value if several are
    xmax:         upper end; larger values are left out.  As in the package powerlaw 1.5, D then refers to the law cut
                  at xmax, and alpha remains the estimate of the law that is not cut
    minimum_tail: fewest values in the tail, at least 2; powerlaw has 2

    Results equal those of powerlaw 1.5, at `minimum_tail=2` always, else where its tail has so many values.  Zeros are
    left out.  A tail that cannot be fitted gives a status in words.

    Raises ValueError for values that are negative or not finite, an xmin or xmax that is not positive, xmax <= xmin, or
    minimum_tail < 2.

    Example: ``fit_power_law(PowerLaw(3.0, 1.0).sample(1000)).status == "ok"``
    """
    if minimum_tail < 2:
        raise ValueError(f"minimum_tail = {minimum_tail!r}: expected an integer >= 2")
    values, upper = _within(x, xmax)
    if xmin is not None:
        if not 0 < xmin < upper:
            raise ValueError(f"xmin = {xmin!r}, xmax = {xmax!r}: expected 0 < xmin < xmax")
        values = values[values >= xmin]
    nothing = _impossible(values, minimum_tail)
    if nothing:
        return PowerLawFit(np.nan, np.nan, upper, np.nan, 0, np.nan, nothing)
    if xmin is None:
        from statmech.kernels.tails import best_end

        index, _ = best_end(np.log(values), minimum_tail, np.log(upper))
        if index < 0:
            reason = f"no tail of at least {minimum_tail} values has two different ones"
            return PowerLawFit(np.nan, np.nan, upper, np.nan, 0, np.nan, reason)
        values, xmin = values[index:], float(values[index])
    alpha = 1 + values.size / np.log(values / xmin).sum()
    D = PowerLaw(alpha, xmin, upper).distance(values)
    stderr = float((alpha - 1) / np.sqrt(values.size))
    return PowerLawFit(float(alpha), float(xmin), upper, D, values.size, stderr, "ok")


def _within(x: ArrayLike, xmax: float | None) -> tuple[Array, float]:
    """Positive values up to xmax, ascending, and the upper end."""
    values = positive_values(x)
    if xmax is None:
        return values, np.inf
    if not xmax > 0:
        raise ValueError(f"xmax = {xmax!r}: expected a positive number")
    return values[values <= xmax], float(xmax)


def _impossible(values: Array, minimum_tail: int) -> str:
    """Why no tail of these values can be fitted; empty if one can."""
    if values.size < minimum_tail:
        return f"{values.size} positive values in range, fewer than minimum_tail = {minimum_tail}"
    if values[0] == values[-1]:
        return f"all {values.size} positive values in range are equal"
    return ""
