"""Metropolis rotations in coordinate planes, by an angle that tunes itself: for points on a sphere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from statmech.core import Invariant, SphereWalkers, State
from statmech.samplers.kernel import Kernel
from statmech.samplers.tuning import Tuned


@dataclass(frozen=True)
class Rotations(Tuned, Kernel):
    """Metropolis rotations by angles uniform in [-angle, angle], in N/2 disjoint coordinate planes per sweep.

    Accepted with probability min(1, exp(-dE/T)).  `angle` starts at 0.3 and is tuned per chain during the first
    `tuning` sweeps towards an acceptance of `target`, by log angle += gain (acceptance - target) after every sweep
    (Robbins & Monro, Ann. Math. Stat. 22, 400 (1951)), at most pi; then it stays.

    Example: ``Rotations(tuning=128).transient == 128``
    """

    tuning: int = 256
    target: float = 0.4
    invariant: ClassVar[Invariant] = "boltzmann"
    needs: ClassVar[frozenset[str]] = frozenset({"rotations"})
    gain: ClassVar[float] = 1.0
    largest: ClassVar[float] = np.pi

    def proposals(self, n: int) -> int:
        """Planes per sweep."""
        return n // 2

    def begin(self, shape: tuple[int, int, int], T: np.ndarray) -> State:
        """Counters of accepted rotations, and the angle of every chain."""
        return {**super().begin(shape, T), "angle": np.full(shape, 0.3)}

    def run(
        self, walkers: SphereWalkers, state: State, T: np.ndarray, keys: np.ndarray, lanes: np.ndarray, start: int,
        n: int,
    ) -> None:  # fmt: skip
        """n sweeps numbered from `start`; T broadcasts to (D, T, K).  Changes walkers and state in place."""
        for sweep, sweeps in self.pieces(start, n):
            accepted = walkers.rotate(T, keys, lanes, sweep, sweeps, state["angle"])
            state["acc_flips"] += accepted
            self.tune(state["angle"], accepted / self.proposals(walkers.s.shape[-1]), sweep)
