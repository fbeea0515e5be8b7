"""Flights among the walls of the 0/1 error: Hamiltonian dynamics on the sphere without steps, rejections or tuning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from statmech.core import Invariant, SphereWalkers, State
from statmech.samplers.kernel import Kernel


@dataclass(frozen=True)
class Billiards(Kernel):
    """One flight per sweep: a new Gaussian velocity, then reflection and refraction at the walls for a given `time`.

    The 0/1 error is constant between the walls where an example changes sides, so a particle of energy |v|^2/2 + E/T
    flies along great circles; at a wall it pays or gains 1/T out of its motion across it, or is reflected (Mohasel
    Afshar & Domke, NIPS 2015; Pakman & Paninski, J. Comput. Graph. Stat. 23, 518 (2014)).  The flow is solved event by
    event, keeps the volume and is reversible: exp(-E/T) is invariant without rejections.  In time 1 a free particle
    turns by one radian.  Where N is large most of the velocity survives an encounter, and a flight goes far: the
    spherical student with N = 400, alpha = 5, p = 0.1 at T_N forgets its start in about 20 flights, plane by plane in
    more than 6000 sweeps.  Needs T > 0, and the P x P Gram matrix of the examples in memory.  acc_flips counts the
    flights that crossed a wall.

    Example: ``Billiards(time=0.5).proposals(9) == 1``
    """

    time: float = 1.0
    invariant: ClassVar[Invariant] = "boltzmann"
    needs: ClassVar[frozenset[str]] = frozenset({"walls"})

    def __post_init__(self) -> None:
        if not 0 < self.time < np.inf:
            raise ValueError(f"time = {self.time!r}: expected a length of flight > 0, such as 1.0")

    def proposals(self, n: int) -> int:
        """Flights per sweep."""
        return 1

    def begin(self, shape: tuple[int, int, int], T: np.ndarray) -> State:
        """Counters of flights that crossed a wall.  Raises ValueError for T = 0."""
        if T.min() <= 0:
            raise ValueError(f"Billiards keep v^2/2 + E/T: expected T > 0, got T = {T.min()}; GreatCircles take T = 0")
        return super().begin(shape, T)

    def run(
        self, walkers: SphereWalkers, state: State, T: np.ndarray, keys: np.ndarray, lanes: np.ndarray, start: int,
        n: int,
    ) -> None:  # fmt: skip
        """n sweeps numbered from `start`; T broadcasts to (D, T, K).  Changes walkers and state in place."""
        state["acc_flips"] += walkers.fly(T, keys, lanes, start, n, self.time)
