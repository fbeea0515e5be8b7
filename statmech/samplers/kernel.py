"""What every Markov kernel shares that moves each chain at its own temperature: what Tempering and Annealing wrap."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from statmech.core import Invariant, State


@dataclass(frozen=True)
class Kernel(abc.ABC):
    """A sampler whose chains know nothing of each other.  Its state arrays are (D, T, K), by temperature.

    A kernel with parameters to tune has a field `tuning`: it tunes them during the first `tuning` sweeps, and after
    those it leaves its law invariant.
    """

    invariant: ClassVar[Invariant]
    needs: ClassVar[frozenset[str]]
    couples_rungs: ClassVar[bool] = False

    @property
    def transient(self) -> int:
        """Sweeps of tuning."""
        return getattr(self, "tuning", 0)

    @property
    def duration(self) -> float:
        """Time per sweep, of a kernel that is a dynamics: the sweep itself is the unit of single-spin kernels."""
        return 1.0

    def proposals(self, n: int) -> int:
        """Proposed moves per sweep of n degrees of freedom, of which acc_flips counts the accepted ones."""
        return n

    def begin(self, shape: tuple[int, int, int], T: np.ndarray) -> State:
        """Counters of accepted moves for chains of shape (D, T, K)."""
        return {"acc_flips": np.zeros(shape, np.int64)}

    @abc.abstractmethod
    def run(
        self, walkers: Any, state: State, T: np.ndarray, keys: np.ndarray, lanes: np.ndarray, start: int, n: int
    ) -> None:
        """n sweeps numbered from `start`; T broadcasts to (D, T, K).  Changes walkers and state in place."""

    def arrange(self, state: State, values: np.ndarray) -> np.ndarray:
        """Values (D, T, K, ...) in order of temperature: here walkers never change theirs."""
        return values
