"""The minimally frustrated model: a native state below the glass of misfolded ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from statmech.backend import namespace
from statmech.core import Disorder
from statmech.models import couplings as draws
from statmech.models.rem import check_levels, levels, unit
from statmech.problems import LevelProblem
from statmech.random import Stream, words
from statmech.spaces.ising import Ising
from statmech.spec import Model


@dataclass(frozen=True)
class MinimallyFrustrated(Model):
    r"""Random energy model with one native configuration s* far below: the landscape of a protein that folds.

    .. math:: H(s) = E_s \quad (s \ne s^*), \qquad H(s^*) = -n g, \qquad E_s \sim N(0, n/2) \text{ independent}

    Bryngelson & Wolynes, Proc. Natl. Acad. Sci. 84, 7524 (1987).  Folded below T_f = [g + sqrt(g^2 - ln 2)]/(2 ln 2),
    misfolded glass below T_g = 0.6006; s* is the ground state for g > sqrt(ln 2).  Energies in units of k_B = 1.

    n:   number of spins, 2 to 30 as for REM
    gap: g >= 0, minus the native energy per spin (rounded to a multiple of `quantum`)

    Levels and native configuration of a sample are the same for all gaps; s* is uniform.

    Starts: "random"; "native", "native:0.1" (10 % of the spins reversed).  Observable: m, the overlap with s*.
    There is no way towards s*: a random start finds it by chance alone (about 2^n/n sweeps), a native start leaves it
    in about exp(n g/T) sweeps.  A landscape that leads to its native state is Planted(n, p, signal=gap).

    Raises ValueError for n or gap out of range, TypeError for a gap that is no number.

    Example: ``statmech.simulate(MinimallyFrustrated(n=12, gap=1.5), T=[1.0], starts=("random", "native"), sweeps=64)``
    """

    n: int
    gap: float = 1.5

    space: ClassVar[Ising] = Ising()
    verdict: ClassVar[tuple[str, ...]] = ("e", "m", "q2")
    starts: ClassVar[tuple[str, ...]] = ("random", "native")
    theory: ClassVar[str] = "funnel.FunnelTheory"

    def __post_init__(self) -> None:
        check_levels(self.n)
        object.__setattr__(self, "gap", draws.check_number("gap", self.gap, 0.0))

    @property
    def quantum(self) -> float:
        """Unit of the integer levels, sqrt(n/2)/256."""
        return unit(self.n)

    @property
    def native_level(self) -> int:
        """Energy of the native configuration in units of `quantum`."""
        return round(-self.n * self.gap / self.quantum)

    def disorder(self, keys: list[int]) -> Disorder:
        """key (D,) uint64 that the levels are drawn with, and native (D, N) int8."""
        key = np.array(keys, np.uint64)
        word = words(key[:, None], Stream.TEACHER, 0, 0, np.arange(self.n))
        return {"key": key, "native": (1 - 2 * (word >> np.uint64(31)).astype(np.int8)).astype(np.int8)}

    def energy(self, disorder: Disorder, s: np.ndarray) -> np.ndarray:
        """H (D, T, K), by definition."""
        at_home = (s == disorder["native"][:, None, None]).all(-1)
        return self.quantum * np.where(at_home, self.native_level, levels(disorder["key"], s))

    def problem(self, disorder: Disorder) -> LevelProblem:
        return LevelProblem(self.n, disorder["key"], self.quantum, disorder["native"], self.native_level)

    def start(self, name: str, disorder: Disorder, keys: np.ndarray, lanes: np.ndarray) -> np.ndarray:
        """Configurations (D, T, K, N) of a class of starts."""
        kind, _, argument = name.partition(":")
        if kind != "native":
            return super().start(name, disorder, keys, lanes)
        try:
            share = float(argument or 0)
        except ValueError:
            share = -1.0
        if not 0 <= share <= 1:
            raise ValueError(f"start {name!r}: got {argument!r}, expected 0 <= share of reversed spins <= 1")
        shape = np.broadcast_shapes(np.shape(keys), np.shape(lanes))
        s = np.broadcast_to(disorder["native"][:, None, None], (*shape, self.n))
        return self.space.flip(s, share, keys, lanes)

    def observe(self, disorder: Disorder, s: np.ndarray) -> dict[str, np.ndarray]:
        """m = (1/N) sum_i s*_i s_i."""
        native = namespace(s).asarray(disorder["native"])[:, None, None]
        return {"m": self.space.overlap(s, native)}
