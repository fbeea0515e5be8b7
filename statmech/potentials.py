"""Potentials of the perceptron: what an example costs, V(u) of its stability beyond the margin, u = Delta - kappa.

With Delta_mu = t_mu w.x_mu / sqrt(N) and |w|^2 = N the energy is E = sum_mu V(Delta_mu - kappa), a sum over
examples, not a mean.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from statmech.backend import namespace, special
from statmech.problems import Lookup

Function = Callable[[Any], Any]

QUANTUM = 2.0**-16
"""Unit of a tabulated potential: V is rounded to multiples of it, which shifts no V by more than 8e-6."""
KNOTS = 1 << 14  # of a tabulated potential, at most


@dataclass(frozen=True)
class Potential:
    """V(u) as an array function, and V'(u) where it exists everywhere (None: no gradient, as for the 0/1 error).

    Functions take and return NumPy arrays (CuPy arrays where the run is on a GPU).

    Example: ``Potential(lambda u: abs(u)).value(-2.0) == 2.0``
    """

    value: Function
    derivative: Function | None = None


def _error(u):
    return (u <= 0) * 1.0


def _hinge(u):
    return namespace(u).maximum(-u, 0.0)


def _quadratic(u):
    return 0.5 * u * u


def _logistic(u):
    xp = namespace(u)
    return xp.maximum(-u, 0.0) + xp.log1p(xp.exp(-abs(u)))  # logaddexp(0, -u) to rounding, three times as fast


def _logistic_slope(u):
    return -special(u).expit(-u)


def _hinge_slope(u):
    return (u < 0) * -1.0


def _identity(u):
    return u * 1.0


@dataclass(frozen=True)
class _Probit:
    """-ln Phi(u / sigma), or its derivative."""

    sigma: float
    slope: bool = False

    def __call__(self, u):
        x = u / self.sigma
        log = special(u).log_ndtr(x)
        if not self.slope:
            return -log
        return -namespace(u).exp(-0.5 * x * x - log) / (self.sigma * np.sqrt(2 * np.pi))


def probit(sigma: float) -> Potential:
    """V(u) = -ln Phi(u / sigma): the matched energy, at T = 1, of labels sign(field + sigma noise).

    Example: ``abs(probit(1.0).value(0.0) - np.log(2)) < 1e-12``
    """
    return Potential(_Probit(sigma), _Probit(sigma, slope=True))


POTENTIALS = {
    "error": Potential(_error),
    "hinge": Potential(_hinge, _hinge_slope),
    "quadratic": Potential(_quadratic, _identity),
    "logistic": Potential(_logistic, _logistic_slope),
}
"""V(u): 0/1 error [u <= 0]; hinge max(0, -u) (the perceptron's at kappa = 0, the SVM's at kappa = 1); quadratic u^2/2
(adaline at kappa = 1); logistic ln(1 + e^-u)."""


def tabulate(potential: Potential, scale: float, kappa: float, largest: int, spacing: int) -> Lookup:
    """V(scale * h - kappa) for integer fields |h| <= largest, in multiples of QUANTUM.

    Knots at every `spacing`-th integer (2: fields of one parity), or further apart, a power of two, where that would
    be more than KNOTS; between knots the potential is linear in exact integer arithmetic.  Raises ValueError for
    values that are not finite or do not fit 32 bits.

    Example: ``tabulate(POTENTIALS["hinge"], 1.0, 0.0, 4, 1)(np.array([-3, 1])).tolist() == [3 * 65536, 0]``
    """
    shift = spacing.bit_length() - 1
    while (2 * largest >> shift) + 2 > KNOTS:
        shift += 1
    h = -largest + (np.arange((2 * largest >> shift) + 2) << shift)
    V = np.asarray(potential.value(scale * h - kappa), float)
    if V.shape != h.shape or not np.isfinite(V).all():
        raise ValueError(
            f"the potential gives shape {V.shape}, {np.isfinite(V).sum()} values finite, for {h.size} values of u in "
            f"[{scale * h[0] - kappa:.4g}, {scale * h[-1] - kappa:.4g}]: expected a finite number for each"
        )
    units = np.rint(V / QUANTUM)
    if np.abs(units).max() >= 2**31:
        limit = f"{2**31 * QUANTUM:g}; divide V and the temperatures by one number"
        raise ValueError(f"the potential reaches |V| = {np.abs(V).max():.4g}: expected below {limit}")
    return Lookup(units.astype(np.int32), -largest, shift)
