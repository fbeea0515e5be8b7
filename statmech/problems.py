"""Problems: families of Hamiltonians that share kernels, each with its arrays.  No arithmetic, no heavy imports.

A Model says which family its Hamiltonian belongs to (`Model.problem`); kernels/ runs it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np


@dataclass(frozen=True)
class PairProblem:
    """H = scale * (-1/2 s.J s - h.s) + offset, J symmetric with zero diagonal.

    J (D, N, N) and h (D, N) are integers (int16 or int32: exact arithmetic) or float64.  offset (D,).
    """

    J: np.ndarray
    h: np.ndarray
    scale: float = 1.0
    offset: np.ndarray | float = 0.0
    family: ClassVar[str] = "pairs"


@dataclass(frozen=True)
class Quadratic:
    """V(h) = -(h^2 - N)/2: stored patterns attract (the Hopfield model in pattern form)."""


@dataclass(frozen=True)
class Step:
    """V(h) = 1 for h <= threshold, else 0: the 0/1 error."""

    threshold: int = 0


@dataclass(frozen=True, eq=False)
class Lookup:
    """V(h) by table, linear between knots low, low + 2^shift, low + 2 2^shift, ...; integers throughout.

    table (L,) int32.  Called with an integer array h it returns V(h) as int64.
    """

    table: np.ndarray
    low: int
    shift: int = 0

    def __call__(self, h: np.ndarray) -> np.ndarray:
        at = np.asarray(h, np.int64) - self.low
        knot, rest = at >> self.shift, at & ((1 << self.shift) - 1)
        left, right = self.table[knot].astype(np.int64), self.table[knot + 1].astype(np.int64)
        return left + ((right - left) * rest >> self.shift)


@dataclass(frozen=True)
class FieldProblem:
    """H = scale * sum_mu V(xi_mu . s) + offset, Ising spins and an integer potential V of integer fields.

    xi (D, P, N) int8 of +-1, or int16.  With the quadratic potential the same integers, hence the same trajectory, as
    PairProblem with J = xi^T xi - P 1.
    """

    xi: np.ndarray
    scale: float = 1.0
    offset: np.ndarray | float = 0.0
    potential: Quadratic | Step | Lookup = Quadratic()
    family: ClassVar[str] = "fields"


@dataclass(frozen=True)
class SphereProblem:
    """H = sum_mu V(xi_mu . w / sqrt(N) - kappa) for w on the sphere |w|^2 = N, in floating point.

    xi (D, P, N) float64; value(u) and derivative(u), None if V is not smooth, are array functions.
    """

    xi: np.ndarray
    value: Callable[[Any], Any]
    derivative: Callable[[Any], Any] | None = None
    kappa: float = 0.0
    family: ClassVar[str] = "sphere"


@dataclass(frozen=True)
class TensorProblem:
    """H = -scale sum_p sum_{i1<..<ip} J_{i1..ip} s_i1 .. s_ip + offset for Ising spins: every p-tuple is coupled.

    couplings: p -> J (D, binomial(n, p)) integers, in the order of `tuples.members(n, p)`; p = 1 is a field.
    """

    n: int
    couplings: Mapping[int, np.ndarray]
    scale: float = 1.0
    offset: np.ndarray | float = 0.0
    family: ClassVar[str] = "tensor"


@dataclass(frozen=True)
class DilutedProblem:
    """H = -scale sum_t J_t prod_{i in t} s_i + offset for Ising spins, over a list of terms t.

    terms: p -> (members (D, M, p) integers, J (D, M) integers); the p members of a term are different sites.
    """

    n: int
    terms: Mapping[int, tuple[np.ndarray, np.ndarray]]
    scale: float = 1.0
    offset: np.ndarray | float = 0.0
    family: ClassVar[str] = "diluted"


@dataclass(frozen=True)
class LevelProblem:
    """H = scale k(s): an independent level for every Ising configuration, without a table.

    k(s) = round(256 z), z the normal quantile of word 0 of Philox at the counter made of the bits of s (bit i set:
    s_i = -1), for keys (D,) uint64.  native (D, n), if given, are configurations whose level is native_level instead.
    """

    n: int
    keys: np.ndarray
    scale: float
    native: np.ndarray | None = None
    native_level: int = 0
    offset: ClassVar[float] = 0.0
    family: ClassVar[str] = "levels"


@dataclass(frozen=True)
class SphereTensorProblem:
    """H = -sum_p sum_{i1<..<ip} J_{i1..ip} w_i1 .. w_ip for w on the sphere |w|^2 = n, in floating point.

    couplings: p -> J (D, binomial(n, p)) float64, in the order of `tuples.members(n, p)`; p = 1 is a field.
    """

    n: int
    couplings: Mapping[int, np.ndarray]
    family: ClassVar[str] = "sphere tensor"


@dataclass(frozen=True)
class CustomProblem:
    """Any Hamiltonian, by its energy alone: runs on the specification (slow, obvious)."""

    energy: Callable[[np.ndarray], np.ndarray]
    """Configurations (D, T, K, N) to energies (D, T, K), in units of k_B = 1."""
    scale: float | None = None
    """If given, energy differences are multiples of it and are rounded to them (exact arithmetic)."""
    family: ClassVar[str] = "custom"


Problem = (
    PairProblem | FieldProblem | TensorProblem | DilutedProblem | LevelProblem
    | SphereProblem | SphereTensorProblem | CustomProblem
)  # fmt: skip
