"""The Sherrington-Kirkpatrick model: every pair of Ising spins is coupled at random."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb, sqrt
from typing import ClassVar, Literal

import numpy as np

from statmech.backend import namespace
from statmech.core import Disorder
from statmech.models import couplings as draws
from statmech.problems import PairProblem
from statmech.random import Stream, normals
from statmech.spaces.ising import Ising
from statmech.spec import Derived, Model

FIELD = 1  # lane of the random fields: terms of one spin


@dataclass(frozen=True)
class SK(Model):
    r"""n Ising spins, every pair with its own random coupling.

    .. math:: H = -\sum_{i<j} J_{ij} s_i s_j - \sum_i (h + h_r z_i) s_i, \qquad J_{ij} \sim N(J_0/n, 1/n)

    Energies in units of k_B = 1.  Sherrington & Kirkpatrick, Phys. Rev. Lett. 35, 1792 (1975).

    n:         number of spins
    couplings: "gaussian", or "binary": J_ij = +-1/sqrt n, positive with probability (1 + J0/sqrt n)/2
    h:         uniform field
    h_random:  standard deviation of a Gaussian field, one number z_i per spin
    J0:        ferromagnetic bias, mean of n J_ij

    Couplings are whole multiples of 1/(256 sqrt n) (variance changed by 1.3e-6), and each field h + h_r z_i is rounded
    to a multiple of it, by at most 1/(512 sqrt n): the arithmetic is exact.  The variance is 1/n, not 1/(n-1): at
    T >> 1 e = -(n-1)/(2 n T).  Sample d is the same for all h, h_random and J0 (the same normal numbers), and it is
    that of PSpin(n, p=2).

    Starts: "random".  Observables: M = (1/n) sum_i s_i.

    Raises ValueError or TypeError for n < 2, a number that is not finite, h_random < 0, or binary couplings with
    |J0| > sqrt n; `disorder` MemoryError where the couplings do not fit.

    Example: ``statmech.simulate(SK(n=64), T=[0.5, 1.0, 1.5], sampler=Tempering(), sweeps=64)``
    """

    n: int
    couplings: Literal["gaussian", "binary"] = "gaussian"
    h: float = 0.0
    h_random: float = 0.0
    J0: float = 0.0

    space: ClassVar[Ising] = Ising()

    def __post_init__(self) -> None:
        object.__setattr__(self, "n", draws.check_size(self.n))
        draws.check_choice("couplings", self.couplings, "gaussian", "binary")
        for name, low in (("h", -np.inf), ("h_random", 0.0), ("J0", -np.inf)):
            object.__setattr__(self, name, draws.check_number(name, getattr(self, name), low))
        if self.couplings == "binary" and abs(self.J0) > sqrt(self.n):
            most = sqrt(self.n)
            raise ValueError(f"J0 = {self.J0:g}: +-1/sqrt n has |J0| <= sqrt n = {most:.3g}; take 'gaussian' couplings")

    @property
    def verdict(self) -> tuple[str, ...]:  # type: ignore[override]
        """Observables that judge equilibration: M as well where a field tells up from down."""
        return ("e", "M", "q2") if self.h or self.h_random else ("e", "q2")

    @property
    def exact_identity(self) -> Derived | None:  # type: ignore[override]
        """e + (1 - <q^2>)/(2T) + h M + h_r^2 (1 - <q>)/T = 0, Gaussian couplings without bias: integration by parts."""
        if self.couplings != "gaussian" or self.J0:
            return None
        h, variance = self.h, self.h_random**2
        if not h and not variance:
            return ("e", "q2"), lambda T, e, q2: e + (1 - q2) / (2 * T)
        return ("e", "q2", "q", "M"), lambda T, e, q2, q, M: e + (1 - q2) / (2 * T) + h * M + variance * (1 - q) / T

    @property
    def quantum(self) -> float:
        """Unit of the integer couplings and fields."""
        coarse = self.couplings == "binary" and not self.h and not self.h_random
        return draws.sigma(self.n, 2) / (1 if coarse else draws.GRID)

    def disorder_keys(self, indices: tuple[int, ...], seed: int) -> list[int]:
        return draws.sample_keys(self.n, indices, seed)

    def disorder(self, keys: list[int]) -> Disorder:
        """J (D, N, N) int16, symmetric, and h (D, N) int32, in units of `quantum`."""
        what = f"the couplings (samples: {len(keys)})"
        draws.check_memory(self.n, lambda n: 2 * n * n * len(keys), what, " or fewer samples per block")
        grid = draws.GRID if self.couplings == "gaussian" else round(draws.sigma(self.n, 2) / self.quantum)
        pairs, mean = comb(self.n, 2), self.J0 / sqrt(self.n)
        J = draws.draw(keys, 2, pairs, self.couplings, grid, mean)
        h = np.full((len(keys), self.n), round(self.h / self.quantum), np.int32)
        if self.h_random:
            z = np.concatenate([normals(key, Stream.DISORDER, [FIELD], self.n) for key in keys])
            field = self.h + self.h_random / draws.GRID * z
            h = np.rint(field / self.quantum).astype(np.int32)
        return {"J": draws.matrix(J, self.n), "h": h}

    def energy(self, disorder: Disorder, s: np.ndarray) -> np.ndarray:
        """H (D, T, K), by definition."""
        s = s.astype(float)
        fields = 0.5 * np.einsum("dij,dtkj->dtki", disorder["J"].astype(float), s, optimize=True)
        return -self.quantum * ((fields + disorder["h"][:, None, None, :]) * s).sum(-1)

    def problem(self, disorder: Disorder) -> PairProblem:
        return PairProblem(disorder["J"], disorder["h"], self.quantum)

    def observe(self, disorder: Disorder, s: np.ndarray) -> dict[str, np.ndarray]:
        """Magnetisation M = (1/N) sum_i s_i."""
        return {"M": s.sum(axis=-1, dtype=namespace(s).int32) / self.n}

    def targets(self, disorder: Disorder) -> np.ndarray:
        """All spins up."""
        return np.ones((len(disorder["J"]), 1, self.n), np.int8)

    def observe_overlaps(self, M: np.ndarray) -> dict[str, np.ndarray]:
        """M."""
        return {"M": M[..., 0] / self.n}
