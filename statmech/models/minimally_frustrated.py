"""The minimally frustrated model: a native state below the glass of misfolded ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from statmech.backend import namespace
from statmech.core import Disorder
from statmech.models import couplings as draws
from statmech.models.planted import Planted
from statmech.models.rem import check_levels, levels, unit
from statmech.models.starts import near
from statmech.problems import LevelProblem, Problem
from statmech.random import Stream, words
from statmech.spaces.ising import Ising
from statmech.spec import Model


@dataclass(frozen=True)
class MinimallyFrustrated(Model):
    r"""Rugged landscape of n Ising spins with one native configuration s* far below: that of a protein that folds.

    .. math:: \text{p = None:} \quad H(s) = E_s \sim N(0, n/2) \text{ independent } (s \ne s^*), \qquad H(s^*) = -n g

    Bryngelson & Wolynes, Proc. Natl. Acad. Sci. 84, 7524 (1987).  Folded below T_f = [g + sqrt(g^2 - ln 2)]/(2 ln 2),
    misfolded glass below T_g = 0.6006; s* is the ground state for g > sqrt(ln 2).  Energies in units of k_B = 1.

    With p the landscape is correlated: Planted(n, p, signal=g), the same samples.  Energies lead to s* as -n g m^p;
    H(s*) has mean -n g prod_{k<p}(1 - k/n) and variance (n/2) prod_{k<p}(1 - k/n).  Onuchic, Luthey-Schulten &
    Wolynes, Annu. Rev. Phys. Chem. 48, 545 (1997).

    n:   number of spins, 2 to 30 as for REM; with p any number from p on
    gap: g >= 0, minus the native energy per spin (for p = None rounded to a multiple of `quantum`)
    p:   None for independent levels, else 2 to 8, the spins of a term

    Glass and native configuration of a sample are the same for all gaps; s* is uniform.

    Starts: "random"; "native", "native:0.1" (10 % of the spins reversed).  Observables: m, the overlap with s*, and
    m_abs.  Without p there is no way towards s*: a random start finds it by chance alone (about 2^n/n sweeps), a native
    start leaves it in about exp(n g/T) sweeps.

    Raises ValueError for n, gap or p out of range, TypeError for a gap that is no number.

    Example: ``statmech.simulate(MinimallyFrustrated(n=12, gap=1.5), T=[1.0], starts=("random", "native"), sweeps=64)``
    """

    n: int
    gap: float = 1.5
    p: int | None = None

    space: ClassVar[Ising] = Ising()
    starts: ClassVar[tuple[str, ...]] = ("random", "native")
    theory: ClassVar[str] = "funnel.FunnelTheory"

    def __post_init__(self) -> None:
        object.__setattr__(self, "gap", draws.check_number("gap", self.gap, 0.0))
        if self.p is None:
            check_levels(self.n)
        else:
            object.__setattr__(self, "p", self._planted.p)

    @cached_property
    def _planted(self) -> Planted:
        assert self.p is not None
        return Planted(self.n, self.p, signal=self.gap)

    @property
    def verdict(self) -> tuple[str, ...]:  # type: ignore[override]
        """Observables that judge equilibration; for even p the spins may be reversed."""
        return ("e", "m", "q2") if self.p is None else self._planted.verdict

    @property
    def quantum(self) -> float | None:
        """Unit of the integer levels, sqrt(n/2)/256, or of the couplings."""
        return unit(self.n) if self.p is None else self._planted.quantum

    @property
    def native_level(self) -> int:
        """Energy of the native configuration among independent levels, in units of `quantum`."""
        return round(-self.n * self.gap / unit(self.n))

    def disorder_keys(self, indices: tuple[int, ...], seed: int) -> list[int]:
        return super().disorder_keys(indices, seed) if self.p is None else self._planted.disorder_keys(indices, seed)

    def disorder(self, keys: list[int]) -> Disorder:
        """native (D, N) int8; key (D,) uint64 that the levels are drawn with, or the couplings J of Planted."""
        if self.p is not None:
            sample = self._planted.disorder(keys)
            return {"J": sample["J"], "native": sample["signal"]}
        key = np.array(keys, np.uint64)
        word = words(key[:, None], Stream.TEACHER, 0, 0, np.arange(self.n))
        return {"key": key, "native": (1 - 2 * (word >> np.uint64(31)).astype(np.int8)).astype(np.int8)}

    def energy(self, disorder: Disorder, s: np.ndarray) -> np.ndarray:
        """H (D, T, K), by definition."""
        if self.p is not None:
            return self._planted.energy(disorder, s)
        at_home = (s == disorder["native"][:, None, None]).all(-1)
        return unit(self.n) * np.where(at_home, self.native_level, levels(disorder["key"], s))

    def problem(self, disorder: Disorder) -> Problem:
        """Levels with a native state, or what Planted makes of its couplings."""
        if self.p is not None:
            return self._planted.problem(disorder)
        return LevelProblem(self.n, disorder["key"], unit(self.n), disorder["native"], self.native_level)

    def start(self, name: str, disorder: Disorder, keys: np.ndarray, lanes: np.ndarray) -> np.ndarray:
        """Configurations (D, T, K, N) of a class of starts."""
        if name.partition(":")[0] != "native":
            return super().start(name, disorder, keys, lanes)
        return near(disorder["native"], name, keys, lanes)

    def observe(self, disorder: Disorder, s: np.ndarray) -> dict[str, np.ndarray]:
        """m = (1/N) sum_i s*_i s_i and its modulus."""
        xp = namespace(s)
        m = self.space.overlap(s, xp.asarray(disorder["native"])[:, None, None])
        return {"m": m, "m_abs": xp.abs(m)}

    def targets(self, disorder: Disorder) -> np.ndarray:
        """s*."""
        return disorder["native"][:, None]

    def observe_overlaps(self, M: np.ndarray) -> dict[str, np.ndarray]:
        """m and its modulus."""
        m = M[..., 0] / self.n
        return {"m": m, "m_abs": np.abs(m)}
