"""Single-spin kernels: Metropolis and heat bath, N proposals per sweep.

Both leave the Boltzmann law of every rung invariant in either site order.  Random order satisfies detailed
balance and is ergodic at every T > 0.  Sequential order is about 30 % faster and ergodic for 0 < T < infinity
too, but Metropolis in sequential order flips *every* spin at every sweep as T -> infinity (dE < T xi always
holds), so at T = infinity it alternates between s and -s: use HeatBath or random order on ladders that start
at infinite temperature.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from statmech.core import Criterion, Order, State, Walkers


@dataclass(frozen=True)
class SingleSpin:
    """What the two kernels share: they run every chain at its own temperature and count accepted flips."""

    order: Order = "sequential"
    criterion: ClassVar[Criterion]
    invariant: ClassVar[str] = "boltzmann"
    needs: ClassVar[frozenset[str]] = frozenset({"energy difference"})
    couples_rungs: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.order not in ("sequential", "random"):
            raise ValueError(f"order = {self.order!r}: expected 'sequential' or 'random'")

    def begin(self, shape: tuple[int, int, int], T: np.ndarray) -> State:
        """Counters of accepted flips for chains of shape (D, T, K)."""
        return {"acc_flips": np.zeros(shape, np.int64)}

    def run(
        self, walkers: Walkers, state: State, T: np.ndarray, keys: np.ndarray, lanes: np.ndarray, start: int, n: int
    ) -> None:
        """n sweeps numbered from `start`; T broadcasts to (D, T, K).  Changes walkers and state in place."""
        state["acc_flips"] += walkers.sweep(T, keys, lanes, start, n, self.criterion, self.order)

    def arrange(self, state: State, values: np.ndarray) -> np.ndarray:
        """Values (D, T, K, ...) in order of temperature: here walkers never change theirs."""
        return values


@dataclass(frozen=True)
class Metropolis(SingleSpin):
    """Accept a flip with probability min(1, exp(-dE/T)) (Metropolis et al., J. Chem. Phys. 21, 1087 (1953)).

    Example: ``Metropolis(order="random").invariant == "boltzmann"``
    """

    criterion: ClassVar[Criterion] = "metropolis"


@dataclass(frozen=True)
class HeatBath(SingleSpin):
    """Accept a flip with probability 1 / (1 + exp(dE/T)) (Glauber, J. Math. Phys. 4, 294 (1963)).

    Example: ``HeatBath().criterion == "heatbath"``
    """

    criterion: ClassVar[Criterion] = "heatbath"
