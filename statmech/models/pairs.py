"""The user's own Ising model: pair couplings and fields, or a QUBO."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from statmech.core import Disorder
from statmech.problems import PairProblem
from statmech.spaces.ising import Ising
from statmech.spec import Model


@dataclass(frozen=True, eq=False)
class Pairs(Model):
    r"""Ising spins with the user's own couplings and fields.

    .. math:: H = -\frac12 \sum_{i \ne j} J_{ij} s_i s_j - \sum_i h_i s_i + c

    J (n, n) is symmetric; its diagonal must be zero.  Integer arrays run in exact arithmetic (same bits on every
    machine); float64 couplings run as they are, bitwise reproducible on one machine type.  There is no disorder:
    every sample index gives the same couplings with new random numbers.

    Raises ValueError for a J that is not square, not symmetric, has a diagonal, or holds NaN, and for an h of
    another length.

    Example: ``Pairs(np.array([[0, 1], [1, 0]])).n == 2``
    """

    J: np.ndarray
    h: np.ndarray | None = None
    constant: float = 0.0
    space: ClassVar[Ising] = Ising()
    ensemble: ClassVar[tuple[str, ...]] = ("J", "h")

    def __post_init__(self) -> None:
        J = np.asarray(self.J)
        if J.ndim != 2 or J.shape[0] != J.shape[1] or len(J) < 2:
            raise ValueError(f"J has shape {J.shape}: expected (n, n) with n >= 2")
        h = np.zeros(len(J), J.dtype) if self.h is None else np.asarray(self.h)
        if h.shape != (len(J),):
            raise ValueError(f"h has shape {h.shape}: expected ({len(J)},), one field per spin of J")
        integer = J.dtype.kind in "iu" and h.dtype.kind in "iu"
        _check_numbers(J=J, h=h, constant=np.asarray(self.constant))
        if not np.array_equal(J, J.T):
            worst = np.abs(J.astype(float) - J.T).max()
            raise ValueError(f"J is not symmetric (largest |J - J^T| = {worst:.3g}): use (J + J.T) / 2")
        if np.diagonal(J).any():
            raise ValueError("J has a diagonal: s_i^2 = 1 makes it a constant; set it to zero and pass constant=")
        dtype = np.int64 if integer else np.float64
        object.__setattr__(self, "J", J.astype(dtype))
        object.__setattr__(self, "h", h.astype(dtype))

    @classmethod
    def from_qubo(cls, Q: np.ndarray) -> Pairs:
        """Minimise x.Q x over x in {0, 1}^n, with x = (1 + s)/2.

        With S = (Q + Q^T)/2: J_ij = -S_ij/2 for i != j, h_i = -(1/2) sum_j S_ij, c = (sum_ij S_ij + tr S)/4;
        energies equal x.Q x.  The couplings are real numbers (float64), also for an integer Q.

        Example: ``Pairs.from_qubo(np.array([[-1.0, 2.0], [0.0, -1.0]])).n == 2``
        """
        Q = np.asarray(Q)
        if Q.ndim != 2 or Q.shape[0] != Q.shape[1] or len(Q) < 2:
            raise ValueError(f"Q has shape {Q.shape}: expected (n, n) with n >= 2")
        _check_numbers(Q=Q)
        Q = Q.astype(float)
        S = (Q + Q.T) / 2
        linear = np.diagonal(S).copy()
        np.fill_diagonal(S, 0)
        # x_i x_j = (1 + s_i + s_j + s_i s_j)/4,  x_i = (1 + s_i)/2
        return cls(-S / 2, -(S.sum(1) + linear) / 2, float(S.sum() / 4 + linear.sum() / 2))

    @property
    def n(self) -> int:  # type: ignore[override]
        """Number of spins."""
        return len(self.J)

    @property
    def quantum(self) -> float | None:
        return 1.0 if self.J.dtype.kind == "i" else None

    def disorder(self, keys: list[int]) -> Disorder:
        """The same J (D, N, N) and h (D, N) for every key."""
        return {
            "J": np.broadcast_to(self.J, (len(keys), self.n, self.n)),
            "h": np.broadcast_to(np.asarray(self.h), (len(keys), self.n)),
        }

    def energy(self, disorder: Disorder, s: np.ndarray) -> np.ndarray:
        """H (D, T, K), by definition."""
        s = s.astype(float)
        pair = -0.5 * np.einsum("dtki,dij,dtkj->dtk", s, disorder["J"].astype(float), s)
        return pair - np.einsum("di,dtki->dtk", disorder["h"].astype(float), s) + self.constant

    def problem(self, disorder: Disorder) -> PairProblem:
        return PairProblem(disorder["J"], disorder["h"], self.quantum or 1.0, self.constant)

    def observe(self, disorder: Disorder, s: np.ndarray) -> dict[str, np.ndarray]:
        """Magnetisation M = (1/N) sum_i s_i."""
        return {"M": s.mean(-1, dtype=np.float64)}

    def targets(self, disorder: Disorder) -> np.ndarray:
        """All spins up."""
        return np.ones((len(disorder["J"]), 1, self.n), np.int8)

    def observe_overlaps(self, M: np.ndarray) -> dict[str, np.ndarray]:
        """M."""
        return {"M": M[..., 0] / self.n}


def _check_numbers(**arrays: np.ndarray) -> None:
    for name, array in arrays.items():
        if array.dtype.kind not in "iuf":
            raise TypeError(f"{name} has dtype {array.dtype}: expected integers or real numbers; use .astype(float)")
        bad = ~np.isfinite(array)
        if bad.any():
            where = ", ".join(map(str, np.argwhere(bad)[0]))
            raise ValueError(f"{name} holds {bad.sum()} values NaN or infinite, the first at [{where}]: remove them")
