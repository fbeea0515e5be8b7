"""Single-spin kernels: Metropolis and heat bath, N proposals per sweep.

Both leave the Boltzmann law of every rung invariant in either site order.  Random order satisfies detailed
balance; sequential order is about 30 % faster.  Ergodic, that is, forgetting the start (tests/exact/test_ergodicity):

    HeatBath                  at every 0 < T <= infinity, in either order
    Metropolis, random        at every 0 < T < infinity.  At T = infinity every proposal is accepted, N flips a sweep,
                              so the number of down spins keeps its parity (N even) or changes it every sweep (N odd)
    Metropolis, sequential    for 0 < T < infinity as a rule; but a spin without local field (always dE = 0) flips at
                              every sweep, at any T, and so does every spin at T = infinity: s, -s, s, ...

Use HeatBath on ladders that reach infinite temperature, and HeatBath or random order where spins may be free.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from statmech.core import Criterion, Invariant, Order, State, Walkers
from statmech.samplers.kernel import Kernel


@dataclass(frozen=True)
class SingleSpin(Kernel):
    """What the two kernels share: they run every chain at its own temperature and count accepted flips."""

    order: Order = "sequential"
    criterion: ClassVar[Criterion]
    invariant: ClassVar[Invariant] = "boltzmann"
    needs: ClassVar[frozenset[str]] = frozenset({"spin flips"})

    def __post_init__(self) -> None:
        if self.order not in ("sequential", "random"):
            raise ValueError(f"order = {self.order!r}: expected 'sequential' or 'random'")

    def run(
        self, walkers: Walkers, state: State, T: np.ndarray, keys: np.ndarray, lanes: np.ndarray, start: int, n: int
    ) -> None:
        """n sweeps numbered from `start`; T broadcasts to (D, T, K).  Changes walkers and state in place."""
        state["acc_flips"] += walkers.sweep(T, keys, lanes, start, n, self.criterion, self.order)


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
