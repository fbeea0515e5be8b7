"""The contract: the types that models, samplers, tasks and stores agree on.  No arithmetic, no heavy imports.

Axes have one order everywhere: disorder D, temperature (rung) T, real replica K, site N.  Couplings carry D
only: every temperature and every replica of a disorder sample shares them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

import numpy as np

State = dict[str, np.ndarray]
"""What a task resumes from: named arrays, nothing else."""

Disorder = Mapping[str, np.ndarray]
"""Quenched variables of a block of samples; every array has the disorder axis D first."""


@dataclass(frozen=True)
class Variable:
    """An array with named dimensions, as it will stand in memory, in HDF5 and in xarray."""

    dims: tuple[str, ...]
    data: np.ndarray
    attrs: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.dims) != np.ndim(self.data):
            raise ValueError(f"dims {self.dims} name {len(self.dims)} axes, the array has shape {np.shape(self.data)}")


Labelled = dict[str, Variable]


class Space(Protocol):
    """What one degree of freedom is (Ising spin, point on a sphere)."""

    @property
    def name(self) -> str: ...

    @property
    def dtype(self) -> np.dtype: ...

    def random(self, keys: np.ndarray, lanes: np.ndarray, n: int) -> np.ndarray:
        """Uniform configurations (D, T, K, n) for keys and lanes that broadcast to (D, T, K)."""
        ...

    def overlap(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """q = (1/N) sum_i a_i b_i over the last axis."""
        ...


Criterion = Literal["metropolis", "heatbath"]
Order = Literal["sequential", "random"]


class Walkers(Protocol):
    """Ising configurations of one class of starts on one device, with their cached fields (kernels/ makes them).

    Arrays are (D, T, K, ...) as everywhere.
    """

    def sweep(
        self, T: np.ndarray, keys: np.ndarray, lanes: np.ndarray, start: int, sweeps: int,
        criterion: Criterion, order: Order,
    ) -> np.ndarray:  # fmt: skip
        """`sweeps` sweeps of N proposals, numbered from `start`; returns accepted flips (D, T, K) int64.

        T, keys (uint64) and lanes broadcast to (D, T, K): temperature, random key and lane of every chain.
        """
        ...

    def select(self, parent: np.ndarray) -> None:
        """Chain (d, t, k) becomes a copy of chain (d, t, parent[d, t, k]), with its cached fields."""
        ...

    @property
    def s(self) -> np.ndarray:
        """Configurations (D, T, K, N), on the device."""
        ...

    @property
    def energy(self) -> np.ndarray:
        """Energies H (D, T, K) float64, on the host."""
        ...

    def state(self) -> State:
        """What a checkpoint needs."""
        ...


class SphereWalkers(Protocol):
    """Points w on the sphere |w|^2 = N of one class of starts, with their cached fields; arrays as in Walkers."""

    def rotate(
        self, T: np.ndarray, keys: np.ndarray, lanes: np.ndarray, start: int, sweeps: int, angle: np.ndarray
    ) -> np.ndarray:
        """Metropolis rotations by at most `angle` (D, T, K) in N/2 disjoint coordinate planes per sweep; returns the
        accepted ones (D, T, K) int64."""
        ...

    def circles(
        self, T: np.ndarray, keys: np.ndarray, lanes: np.ndarray, start: int, sweeps: int, width: float
    ) -> np.ndarray:
        """Slice moves, with brackets of `width`, around the great circles of N/2 disjoint coordinate planes per sweep;
        returns how many moved."""
        ...

    def fly(
        self, T: np.ndarray, keys: np.ndarray, lanes: np.ndarray, start: int, sweeps: int, time: float
    ) -> np.ndarray:
        """One flight of length `time` per sweep, with a new velocity, among the walls of the 0/1 error; returns how
        many crossed a wall."""
        ...

    def gradient(self, w: Any) -> tuple[Any, Any]:
        """H (D, T, K) and its gradient (D, T, K, N) at points w, on the device."""
        ...

    def slope(self, w: Any) -> Any:
        """The gradient alone, of points that are only passed."""
        ...

    def place(self, w: Any, where: Any) -> None:
        """Take the points w (D, T, K, N) where the mask (D, T, K) is true."""
        ...

    def select(self, parent: np.ndarray) -> None:
        """See Walkers."""
        ...

    @property
    def s(self) -> Any: ...

    @property
    def energy(self) -> np.ndarray: ...

    def state(self) -> State: ...


Invariant = Literal["boltzmann", "joint", "nothing"]


@runtime_checkable
class Sampler(Protocol):
    """A Markov kernel, or a wrapper of one.

    `invariant` declares what it leaves unchanged: "boltzmann" (every rung by itself), "joint" (the product over
    rungs) or "nothing".  `needs` names what it asks of a problem.  `couples_rungs` says that the whole ladder is
    one system.
    """

    invariant: ClassVar[Invariant]
    couples_rungs: ClassVar[bool]

    @property
    def needs(self) -> frozenset[str]: ...

    @property
    def transient(self) -> int:
        """Sweeps before the sampler is at its target law or temperature (a schedule of cooling); 0 if at once."""
        ...

    def proposals(self, n: int) -> int:
        """Proposed moves per sweep of n degrees of freedom, of which acc_flips counts the accepted ones."""
        ...

    def begin(self, shape: tuple[int, int, int], T: np.ndarray) -> State:
        """The sampler's own arrays for chains (D, T, K); those called acc_... are emptied where a window starts."""
        ...

    def run(
        self, walkers: Walkers, state: State, T: np.ndarray, keys: np.ndarray, lanes: np.ndarray, start: int, n: int
    ) -> None:
        """n sweeps numbered from `start`; changes walkers and state in place."""
        ...

    def arrange(self, state: State, values: np.ndarray) -> np.ndarray:
        """Values by walker (D, T, K, ...) to values by temperature."""
        ...


class Task(Protocol):
    """What a sweep runs and resumes.  `advance` in pieces equals `advance` in one go, bit for bit."""

    def identity(self) -> dict[str, Any]:
        """Everything that decides the numbers, canonical-JSON-ready, without the length of the run."""
        ...

    def start(self) -> State: ...

    def progress(self, state: State) -> tuple[int, int]:
        """(work done, work asked for), in the task's own unit (sweeps)."""
        ...

    def advance(self, state: State, n: int) -> State:
        """n more units of work, fewer if the end comes first."""
        ...

    def results(self, state: State) -> Labelled:
        """Labelled arrays of this task; samples along the dimension "disorder", coordinates under their own name."""
        ...

    def combine(self, parts: Labelled) -> Labelled:
        """What is made from all samples of one grid point (averages over disorder), given their concatenation."""
        ...
