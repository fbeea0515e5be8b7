"""Slow cooling to every temperature of the ladder, and the quench to zero temperature."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from statmech.core import Invariant, State, Walkers
from statmech.samplers.kernel import Kernel
from statmech.samplers.single import Metropolis, SingleSpin


@dataclass(frozen=True)
class Annealing:
    """Simulated annealing (Kirkpatrick, Gelatt & Vecchi, Science 220, 671 (1983)) from T_start to each target T.

    During the first `sweeps` sweeps the temperature follows the schedule, then the chain stays at its target,
    where it is measured.  linear: T(t) = T_start + (T - T_start) t/sweeps.  geometric: T(t) = T_start
    (T/T_start)^(t/sweeps) rounded to single precision, T > 0.  A tuple of factors f_0, f_1, ... gives
    T(t) = T + (T_start - T) f(t), each factor held for an equal share of `sweeps`.  Leaves no law invariant while
    it cools.  An inner kernel that tunes itself does so all the way down, and for its `tuning` sweeps at the target.

    Example: ``Annealing(Metropolis(), T_start=2.0, sweeps=200, schedule="geometric")``
    """

    inner: Kernel = Metropolis()
    T_start: float = 2.0
    sweeps: int = 256
    schedule: Literal["linear", "geometric"] | tuple[float, ...] = "linear"
    invariant: ClassVar[Invariant] = "nothing"
    couples_rungs: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not isinstance(self.inner, Kernel):
            kernels = "Metropolis() or HeatBath() for spins, GreatCircles() on a sphere"
            raise TypeError(f"inner = {self.inner!r}: expected a kernel such as {kernels}")
        if not self.T_start > 0 or not np.isfinite(self.T_start):
            raise ValueError(f"T_start = {self.T_start}: expected a finite temperature > 0")
        object.__setattr__(self, "T_start", float(self.T_start))  # 3 and 3.0 are one temperature, hence one key
        if isinstance(self.sweeps, bool) or not isinstance(self.sweeps, int | np.integer) or self.sweeps < 1:
            raise ValueError(f"sweeps = {self.sweeps!r}: expected an integer number of sweeps of cooling >= 1")
        if isinstance(self.schedule, str):
            if self.schedule not in ("linear", "geometric"):
                raise ValueError(f"schedule = {self.schedule!r}: expected 'linear', 'geometric' or a tuple of factors")
        elif not _factors(self.schedule):
            raise ValueError(
                f"schedule = {self.schedule!r}: expected 'linear', 'geometric' or a tuple of factors >= 0, "
                "from 1 (T_start) to 0 (target)"
            )

    @property
    def needs(self) -> frozenset[str]:  # type: ignore[override]
        """What the inner kernel needs."""
        return self.inner.needs

    @property
    def transient(self) -> int:
        """The cooling and the tuning after it, which the measuring window must not reach into."""
        return self.sweeps + self.inner.transient

    def proposals(self, n: int) -> int:
        """Proposed moves per sweep of the inner kernel."""
        return self.inner.proposals(n)

    def _kernel(self) -> Kernel:
        """The inner kernel, tuning itself until the transient ends."""
        return replace(self.inner, tuning=self.transient) if self.inner.transient else self.inner  # type: ignore

    def begin(self, shape: tuple[int, int, int], T: np.ndarray) -> State:
        if T.max() > self.T_start:
            raise ValueError(f"T_start = {self.T_start} is below the target T = {T.max()}: raise T_start")
        if self.schedule == "geometric" and T.min() <= 0:
            raise ValueError(f"a geometric schedule never reaches T = {T.min()}: use 'linear', or targets T > 0")
        return self.inner.begin(shape, T)

    def temperature(self, sweep: int, T: np.ndarray) -> np.ndarray:
        """Temperature during sweep number `sweep` (from 0) on the way to targets T."""
        x = sweep / self.sweeps
        if x >= 1:
            return T
        if self.schedule == "linear":
            return self.T_start + (T - self.T_start) * x
        if self.schedule == "geometric":
            # single precision: the last bit of a machine's power function must not decide a flip
            return (self.T_start * (T / self.T_start) ** x).astype(np.float32).astype(np.float64)
        return T + (self.T_start - T) * self.schedule[sweep * len(self.schedule) // self.sweeps]

    def run(
        self, walkers: Walkers, state: State, T: np.ndarray, keys: np.ndarray, lanes: np.ndarray, start: int, n: int
    ) -> None:
        """n sweeps numbered from `start`."""
        kernel = self._kernel()
        for first, step in self.steps(start, n):
            kernel.run(walkers, state, self.temperature(first, np.asarray(T)), keys, lanes, first, step)

    def steps(self, start: int, n: int) -> Iterator[tuple[int, int]]:
        """The sweeps start .. start + n - 1 in pieces (first, number) of one temperature.

        Example: ``list(Annealing(sweeps=3).steps(1, 5)) == [(1, 1), (2, 1), (3, 3)]``
        """
        end = start + n
        while start < end:
            step = 1 if start < self.sweeps else end - start
            yield start, step
            start += step

    def arrange(self, state: State, values: np.ndarray) -> np.ndarray:
        return values


def _factors(schedule: object) -> bool:
    """Is this a list of finite factors >= 0?"""
    try:
        factors = np.asarray(schedule, dtype=float)
    except (TypeError, ValueError):
        return False
    return factors.ndim == 1 and factors.size > 0 and bool((np.isfinite(factors) & (factors >= 0)).all())


@dataclass(frozen=True)
class Quench(SingleSpin):
    """Zero-temperature dynamics: only dE < 0 is accepted, until a one-flip minimum is reached.

    The ladder must be T = [0].  Sequential order visits every spin once per sweep, so a sweep without a flip
    proves the minimum; `sweeps` is an upper bound, a chain at its minimum costs nothing more.

    Example: ``Quench().invariant == "nothing"``
    """

    criterion: ClassVar = "metropolis"
    invariant: ClassVar[Invariant] = "nothing"

    def begin(self, shape: tuple[int, int, int], T: np.ndarray) -> State:
        if T.tolist() != [0.0]:
            raise ValueError(f"a quench runs at T = [0], got T = {T.tolist()}")
        return super().begin(shape, T)
