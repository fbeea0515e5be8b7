"""Indicators of phase boundaries, measured by Monte Carlo at one point and a few samples at a time."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from statmech import overrides
from statmech.core import Sampler
from statmech.phases.boundary import Array
from statmech.samplers.single import Metropolis
from statmech.spec import Model
from statmech.tasks.montecarlo import MonteCarlo

BLOCK = 16  # samples of one task


@dataclasses.dataclass(frozen=True)
class MonteCarloAt:
    """What indicators share: a task to be run at x, the temperature or a field of the model, sample by sample.

    model, sampler, sweeps, replicas, measure_every, seed: as in MonteCarlo.  T: temperature, or None where x is the
    temperature.  path: what x is, "T" or a field of the model such as "alpha".
    """

    model: Model
    sampler: Sampler = Metropolis()
    T: float | None = None
    path: str = "T"
    sweeps: int = 1024
    replicas: int = 2
    measure_every: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        if (self.path == "T") != (self.T is None):
            raise ValueError(f"path = {self.path!r}, T = {self.T}: expected path='T' without T, or a field and T")

    def run(self, model: Model, x: float, start: str, first: int, count: int, names: Sequence[str]) -> dict[str, Array]:
        """Thermal means name -> (count,) of the samples first, first + 1, ... at x."""
        if self.path != "T":
            model = overrides.replace(model, {self.path: x})
        T = x if self.T is None else self.T
        parts: list[dict[str, Any]] = []
        for begin in range(first, first + count, BLOCK):
            task = MonteCarlo(
                model, self.sampler, T=(T,), starts=(start,), replicas=self.replicas, sweeps=self.sweeps,
                measure_every=self.measure_every, seed=self.seed,
                disorder=tuple(range(begin, min(begin + BLOCK, first + count))),
            )  # fmt: skip
            parts.append(dict(task.results(task.advance(task.start(), self.sweeps))))
        return {name: np.concatenate([part[name].data[0, :, 0] for part in parts]) for name in names}


@dataclasses.dataclass(frozen=True)
class ScaledMoment(MonteCarloAt):
    r"""N_2^w <q^2>_2 - N_1^w <q^2>_1 of two sizes, which changes its sign at a continuous glass transition.

    w = 2/3 for a mean-field glass; positive below the transition.  sizes: N_1 < N_2.  Two samples of one number but of
    different sizes are independent.

    Example: ``trace(ScaledMoment(SK(n=64), sizes=(64, 256)), 0.7, 1.4, samples=128).distance(1.0)``
    """

    sizes: tuple[int, int] = (64, 256)
    power: float = 2 / 3

    def __call__(self, x: float, first: int, count: int) -> tuple[Array, int]:
        """Values of samples first, ..., first + count - 1 at x, and their sweeps, all sizes and replicas."""
        scaled = [
            n**self.power * self.run(dataclasses.replace(self.model, n=n), x, "random", first, count, ["q2"])["q2"]  # type: ignore[type-var]
            for n in self.sizes
        ]
        return scaled[1] - scaled[0], len(self.sizes) * self.replicas * self.sweeps * count


@dataclasses.dataclass(frozen=True)
class Survival(MonteCarloAt):
    """1/2 on samples whose chain has kept its start, |m| > held on average over the last half of the run, else -1/2.

    The boundary is where half of the samples survive.  A metastable state lives longer the larger N; the temperature
    of half-survival falls with the logarithm of the length of the run, a bias that the error does not know: Hopfield,
    N = 4000, alpha = 0.05, T = 0.529 +- 0.004 after 128 sweeps, 0.524 +- 0.003 after 1024 (T_M = 0.542).

    Example: ``trace(Survival(Hopfield(n=4000, alpha=0.05), replicas=1), 0.4, 0.7, samples=40)``
    """

    start: str = "pattern"
    held: float = 0.6

    def __call__(self, x: float, first: int, count: int) -> tuple[Array, int]:
        """Values of samples first, ..., first + count - 1 at x, and their sweeps."""
        m = self.run(self.model, x, self.start, first, count, ["m_abs"])["m_abs"]
        return np.where(m > self.held, 0.5, -0.5), self.replicas * self.sweeps * count
