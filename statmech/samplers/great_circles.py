"""Slice moves around great circles: for points on a sphere, every potential, and nothing to tune."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from statmech.core import Invariant, SphereWalkers, State
from statmech.samplers.kernel import Kernel


@dataclass(frozen=True)
class GreatCircles(Kernel):
    """Slice sampling (Neal, Ann. Stat. 31, 705 (2003)) of the angle in N/2 coordinate planes per sweep.

    A random matching pairs the coordinates.  In the plane of w_i and w_j the energy is a function E(theta) on a
    circle: draw a level E(0) + T xi, xi exponential; place a bracket of `width` at random around theta = 0; draw
    theta in it, and shrink it towards 0 until E(theta) <= level.  Leaves exp(-E/T) invariant for any E, at T = 0
    (never uphill) and T = infinity (uniform) as well.  Every move is accepted, acc_flips counts those that moved.

    Example: ``GreatCircles().proposals(9) == 4``
    """

    width: float = 2 * np.pi
    invariant: ClassVar[Invariant] = "boltzmann"
    needs: ClassVar[frozenset[str]] = frozenset({"great circles"})

    def __post_init__(self) -> None:
        if not 0 < self.width <= 2 * np.pi:
            raise ValueError(f"width = {self.width!r}: expected an angle in (0, 2 pi]")

    def proposals(self, n: int) -> int:
        """Planes per sweep."""
        return n // 2

    def run(
        self, walkers: SphereWalkers, state: State, T: np.ndarray, keys: np.ndarray, lanes: np.ndarray, start: int,
        n: int,
    ) -> None:  # fmt: skip
        """n sweeps numbered from `start`; T broadcasts to (D, T, K).  Changes walkers and state in place."""
        state["acc_flips"] += walkers.circles(T, keys, lanes, start, n, self.width)
