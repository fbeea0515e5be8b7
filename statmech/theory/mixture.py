"""The covariance of a mixed p-spin Hamiltonian, E[H(s) H(s')] = N xi(q) with q = s.s'/N.

A pure p-spin has xi(q) = q^p / 2: H = -sum_{i1<..<ip} J s..s with J ~ N(0, p!/(2 N^{p-1})). p = 2 is the
Sherrington-Kirkpatrick model. A mixture is a sum of pure ones, each times the square of its strength.

Source: Gardner, Nucl. Phys. B 257, 747 (1985); Crisanti & Leuzzi, Phys. Rev. Lett. 93, 217203 (2004).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def check_p(p: int, least: int = 2) -> int:
    """p as int; ValueError unless it is an integer from `least` to 60 (beyond, the REM is closer than 1e-17)."""
    if isinstance(p, bool) or not isinstance(p, int | np.integer) or not least <= p <= 60:
        why = {3: ": p = 2 has no glass of this kind, take statmech.theory.sk"}.get(least, "")
        raise ValueError(f"p = {p!r} is not valid, expected an integer from {least} to 60, the spins of a term{why}")
    return int(p)


def check_temperature(T: ArrayLike, *, zero: bool = True) -> Array:
    """T as a float64 array; ValueError or TypeError in one sentence when it makes no sense."""
    try:
        t = np.asarray(T, dtype=float)
    except (TypeError, ValueError):
        raise TypeError(f"T must be a number or an array of numbers, got {T!r}") from None
    bad = ~np.isfinite(t) | (t < 0) | ((t == 0) & (not zero))
    if bad.any():
        rule = "T >= 0 (T = 0 is allowed)" if zero else "T > 0: T = 0 has no meaning here, take a small T"
        raise ValueError(f"T = {float(t[bad].flat[0])!r} is not valid, expected finite {rule}")
    return t


@dataclass(frozen=True)
class Mixture:
    """xi(q) = (1/2) sum_p g_p q^p and its derivatives; terms: the pairs (p, g_p), g_p > 0 the squared strengths.

    Raises: ValueError for an empty mixture, p < 2 or g_p <= 0. Source: module docstring.

    Example:
        >>> float(Mixture.of({2: 1.0, 3: 0.5}).xi(1.0))
        0.75
    """

    terms: tuple[tuple[int, float], ...]

    def __post_init__(self) -> None:
        if not self.terms:
            raise ValueError("a mixture without terms has no disorder, expected for example {3: 1.0}")
        for p, g in self.terms:
            check_p(p)
            if not np.isfinite(g) or g <= 0:
                raise ValueError(f"the squared strength of p = {p} is {g!r}, expected a finite number > 0")

    @classmethod
    def of(cls, p: int | Mapping[int, float] | Mixture) -> Mixture:
        """A pure p-spin from its p, a mixture from {p: squared strength}.

        Example: ``Mixture.of(3) == Mixture(((3, 1.0),))``
        """
        if isinstance(p, Mixture):
            return p
        if isinstance(p, Mapping):
            return cls(tuple(sorted((k, float(g)) for k, g in p.items())))
        return cls(((p, 1.0),))

    @property
    def least(self) -> int:
        """The smallest p: 2 means a continuous transition is possible, 3 or more that it is not."""
        return min(p for p, _ in self.terms)

    def xi(self, q: ArrayLike) -> Array:
        """Covariance over N: the energy variance per spin at q = 1. Example: ``Mixture.of(3).xi(1.0) == 0.5``"""
        return self._sum(q, 0)

    def slope(self, q: ArrayLike) -> Array:
        """xi', the variance of the cavity field. Example: ``Mixture.of(2).slope(0.25) == 0.25``"""
        return self._sum(q, 1)

    def curvature(self, q: ArrayLike) -> Array:
        """xi''. Example: ``Mixture.of(3).curvature(0.5) == 1.5``"""
        return self._sum(q, 2)

    def theta(self, q: ArrayLike) -> Array:
        """q xi' - xi, the Onsager term. Example: ``Mixture.of(2).theta(1.0) == 0.5``"""
        return np.asarray(q, float) * self.slope(q) - self.xi(q)

    def _sum(self, q: ArrayLike, order: int) -> Array:
        x = np.asarray(q, dtype=float)
        out = np.zeros_like(x)
        for p, g in self.terms:
            out = out + 0.5 * g * np.prod([p - i for i in range(order)]) * x ** (p - order)
        return out
