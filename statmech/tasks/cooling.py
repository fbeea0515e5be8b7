"""What population annealing and annealed importance sampling share: many replicas, cooled together from beta = 0."""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from statmech.backend import Device
from statmech.core import Labelled, State, Variable
from statmech.random import derive_key
from statmech.samplers.kernel import Kernel
from statmech.samplers.single import HeatBath
from statmech.samplers.tuning import Tuned
from statmech.spec import Model, identity
from statmech.tasks.measure import Meter
from statmech.tasks.samples import check_samples, temperatures
from statmech.tasks.walkers import walkers_at

LARGEST = 1 << 20  # replicas
FIRST_SWEEP = 1  # sweep 0 would let a kernel tune the step of every replica by itself


@dataclass(frozen=True, eq=False)
class Cooling(abc.ABC):
    """R replicas of every disorder sample at one temperature, arrays (D, 1, R, N): they begin as uniform
    configurations, which is beta = 0 exactly, are weighted by exp(-(beta' - beta) E) at every step, and swept."""

    model: Model
    sampler: Kernel = HeatBath()
    T: tuple[float, ...] = (1.0,)
    replicas: int = 1024
    sweeps_per_step: int = 4
    observables: Mapping[str, Callable] | None = None
    disorder: tuple[int, ...] = (0,)
    seed: int = 0
    device: Device = "auto"
    least: ClassVar[int] = 2
    """Fewest replicas."""

    def __post_init__(self) -> None:
        if not isinstance(self.model, Model):
            raise TypeError(f"model = {self.model!r}: expected a statmech.Model such as SK(n=64)")
        if not isinstance(self.sampler, Kernel):
            kernels = "HeatBath() for spins, GreatCircles() or HamiltonianMonteCarlo() on a sphere"
            raise TypeError(f"sampler = {self.sampler!r}: expected a kernel such as {kernels}")
        name = type(self.sampler).__name__
        if self.sampler.invariant != "boltzmann":
            raise ValueError(f"{name} leaves no Boltzmann law invariant: expected a kernel such as HeatBath()")
        if lacking := self.sampler.needs - self.model.offers:
            raise ValueError(f"{name} needs {', '.join(sorted(lacking))}, which {type(self.model).__name__} lacks")
        object.__setattr__(self, "T", temperatures(self.T))
        for field, low, high in (("replicas", self.least, LARGEST), ("sweeps_per_step", 1, 1 << 20)):
            value = getattr(self, field)
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or not low <= value <= high:
                raise ValueError(f"{field} = {value!r}: expected an integer from {low} to {high}")
        check_samples(self.disorder, self.seed)

    def identity(self) -> dict[str, Any]:
        """What decides the numbers."""
        fields = (name for name in self.__dataclass_fields__ if name != "device")
        return {"task": type(self).__name__} | {name: identity(getattr(self, name), source=True) for name in fields}

    @property
    def log_volume(self) -> float:
        """ln Z at beta = 0: N ln 2 for Ising spins; 0 on a sphere, whose uniform measure is normalised."""
        return self.model.n * float(np.log(2.0)) if getattr(self.model.space, "name", "") == "ising" else 0.0

    @cached_property
    def _disorder(self) -> Mapping[str, np.ndarray]:
        return self.model.disorder(self.model.disorder_keys(self.disorder, self.seed))

    @cached_property
    def _problem(self) -> Any:
        return self.model.problem(self._disorder)

    @cached_property
    def _meter(self) -> Meter:
        return Meter(self.model, self._disorder, self.observables or {})

    @cached_property
    def _kernel(self) -> Kernel:
        """The kernel, whose own tuning ends before the first sweep: here the population tunes it."""
        return replace(self.sampler, tuning=1) if isinstance(self.sampler, Tuned) else self.sampler  # type: ignore

    @cached_property
    def _keys(self) -> np.ndarray:
        """Dynamics keys (D, 1, 1): the ladder of a sample is one system."""
        leave_out = ("device", "disorder", "seed", "observables", "model")
        fields = {f: identity(getattr(self, f)) for f in self.__dataclass_fields__ if f not in leave_out}
        model = {"class": type(self.model).__name__, **self.model.parameters()}
        keys = [derive_key(type(self).__name__, model, fields, k)
                for k in self.model.disorder_keys(self.disorder, self.seed)]  # fmt: skip
        return np.array(keys, np.uint64)[:, None, None]

    @property
    def _lanes(self) -> np.ndarray:
        return np.arange(self.replicas, dtype=np.uint64)[None, None, :]

    @property
    def _shape(self) -> tuple[int, int, int]:
        return len(self.disorder), 1, self.replicas

    def _begin(self, s: np.ndarray) -> State:
        """State of replicas at configurations s (D, 1, R, N), before the first sweep."""
        kernel = self._kernel.begin(self._shape, np.array(self.T))
        state: State = {"sweep": np.array(FIRST_SWEEP), "s": np.ascontiguousarray(s)}
        return state | {f"kernel/{k}": v for k, v in kernel.items()}

    def _uniform(self) -> np.ndarray:
        keys, lanes = np.broadcast_to(self._keys, self._shape), np.broadcast_to(self._lanes, self._shape)
        return np.asarray(self.model.space.random(keys, lanes, self.model.n))

    @cached_property
    def _left(self) -> dict[str, Any]:
        """Walkers where `advance` left them."""
        return {}

    def _walkers(self, state: State) -> Any:
        return walkers_at(self._left, "", self._problem, state, self.device)

    def _keep(self, state: State, w: Any) -> None:
        """Put the walkers into the state."""
        state |= w.state()
        self._left[""] = w

    def _sweep(self, w: Any, state: State, beta: np.ndarray, n: int | None = None, first_lane: int = 0) -> None:
        """n (else sweeps_per_step) sweeps at beta (D,) > 0.

        A kernel with a step is tuned by the acceptance of all replicas of the sample, sweep by sweep, and all have the
        same step: for many replicas, a step that depends on none.
        """
        T, n = (1 / beta)[:, None, None], self.sweeps_per_step if n is None else n
        lanes = self._lanes + np.uint64(first_lane)
        kernel = {k.removeprefix("kernel/"): v for k, v in state.items() if k.startswith("kernel/")}
        kernel["acc_flips"][...] = 0
        run, first = self._kernel, int(state["sweep"])
        if not isinstance(run, Tuned):
            run.run(w, kernel, T, self._keys, lanes, first, n)
        else:
            for sweep in range(first, first + n):
                before = kernel["acc_flips"].mean(2, keepdims=True)
                run.run(w, kernel, T, self._keys, lanes, sweep, 1)  # type: ignore[attr-defined]
                share = (kernel["acc_flips"].mean(2, keepdims=True) - before) / run.proposals(self.model.n)
                for name in kernel.keys() - {"acc_flips"}:
                    run.tune(kernel[name], share, 0)
        state |= {f"kernel/{k}": v for k, v in kernel.items()}
        state["sweep"] = np.array(first + n)

    def _acceptance(self, state: State) -> np.ndarray:
        """Accepted share of the proposals of the last step (D,)."""
        proposals = self.sweeps_per_step * self._kernel.proposals(self.model.n)
        return state["kernel/acc_flips"].mean((1, 2)) / proposals

    def _measured(self, w: Any) -> dict[str, np.ndarray]:
        """e, e^2 and all observables of every replica, (D, R)."""
        return {name: x[:, 0] for name, x in self._meter.values(w.s, self._energy(w)[:, None]).items()}

    def _energy(self, w: Any) -> np.ndarray:
        """Total energies (D, R); ValueError if one is not finite."""
        energy = w.energy[:, 0]
        if not np.isfinite(energy).all():
            raise ValueError(f"{type(self.model).__name__} has an energy that is not finite: check its energy()")
        return energy

    def _coordinates(self) -> Labelled:
        return {
            "T": Variable(("T",), np.array(self.T)),
            "disorder": Variable(("disorder",), np.array(self.disorder)),
        }

    def combine(self, parts: Labelled) -> Labelled:
        """Disorder averages <obs>_mean and jackknife errors <obs>_err."""
        from statmech.tasks.summary import combine, derived

        quantities = {k: v for k, v in derived(self.model).items() if all(x in parts for x in v[0])}
        return combine(parts, quantities)
