"""The random energy model: an independent Gaussian level for every configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from statmech.core import Disorder
from statmech.problems import LevelProblem
from statmech.random import _LOW, Stream, _32, philox4x32, to_normals
from statmech.spaces.ising import Ising
from statmech.spec import Model

GRID = 256
LARGEST = 30
"""Spins up to which 32-bit words resolve the lowest levels (REM, docstring)."""


@dataclass(frozen=True)
class REM(Model):
    r"""Random energy model of n spins (Derrida, Phys. Rev. B 24, 2613 (1981)); p-spin model in the limit of large p.

    .. math:: H(s) = E_s, \quad E_s \sim N(0, n/2), \quad 2^n \text{ independent levels}

    T_c = 1/(2 sqrt(ln 2)) = 0.6006.  Energies in units of k_B = 1.

    There is no table: E_s = sqrt(n/2) k/256, where the Gaussian integer k comes from the word that Philox gives at the
    counter made of the bits of s.  Memory O(1), dynamics by single spin flips like every model's.

    n: number of spins, 2 to 30.  A word has 32 bits, its quantile ends at 6.3 standard deviations.  The lowest of 2^n
    levels should lie lower still in a share 2^(n-33) of the samples: 0.2 % at n = 24, 3 % at 28, 12 % at 30.  That
    raises the mean ground-state energy per spin by 4e-5, 4e-4 and 2e-3; one sample deviates from it by 0.03.  Beyond:
    the task ExtremeLevels (large n, no configurations).

    Starts: "random".  Single flips cannot leave a low level below T_c, nor find the lowest one much faster than by
    trying all of them: about 2^n / n sweeps.

    Raises ValueError for n that is no integer, or out of range.

    Example: ``statmech.simulate(REM(n=12), T=[1.0], sweeps=64)``
    """

    n: int

    space: ClassVar[Ising] = Ising()

    def __post_init__(self) -> None:
        check_levels(self.n)

    @property
    def quantum(self) -> float:
        """Unit of the integer levels, sqrt(n/2)/256."""
        return unit(self.n)

    def disorder(self, keys: list[int]) -> Disorder:
        """The keys (D,) uint64 that the levels are drawn with."""
        return {"key": np.array(keys, np.uint64)}

    def energy(self, disorder: Disorder, s: np.ndarray) -> np.ndarray:
        """H (D, T, K), by definition."""
        return self.quantum * levels(disorder["key"], s)

    def problem(self, disorder: Disorder) -> LevelProblem:
        return LevelProblem(self.n, disorder["key"], self.quantum)


def check_levels(n: int) -> None:
    """Raises ValueError unless 2^n independent levels can be drawn from 32-bit words."""
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or not 2 <= n <= LARGEST:
        why = f"32-bit words resolve the lowest of 2^{LARGEST} levels, not more; ExtremeLevels takes any n"
        raise ValueError(f"n = {n!r}: expected an integer number of spins from 2 to {LARGEST} ({why})")


def unit(n: int) -> float:
    """Energy of the integer 1: levels have variance n/2 and are multiples of it."""
    return float(np.sqrt(n / 2) / GRID)


def levels(keys: np.ndarray, s: np.ndarray) -> np.ndarray:
    """Levels k (D, T, K) int64 of configurations s (D, T, K, N) for keys (D,)."""
    bits = ((s < 0).astype(np.uint64) << np.arange(s.shape[-1], dtype=np.uint64)).sum(-1, dtype=np.uint64)
    key = np.asarray(keys, np.uint64)[:, None, None]
    zero, stream = np.uint64(0), np.uint64(Stream.LEVELS)
    counter = np.broadcast_arrays(bits & _LOW, bits >> _32, zero, stream, key & _LOW, key >> _32)
    with np.errstate(over="ignore"):
        word = philox4x32(*counter)[0]
    return to_normals(word.astype(np.int64), GRID).astype(np.int64)
