"""Task: a quench and what comes after it, two-time correlation and response."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from statmech.backend import Device, to_host
from statmech.core import Labelled, State, Variable
from statmech.problems import Problem
from statmech.random import derive_key
from statmech.samplers.kernel import Kernel
from statmech.samplers.single import HeatBath
from statmech.spaces.ising import Ising
from statmech.spec import Model, identity
from statmech.tasks.field import with_field
from statmech.tasks.montecarlo import LANES
from statmech.tasks.samples import averages, check_samples
from statmech.tasks.walkers import walkers_at


@dataclass(frozen=True, eq=False)
class Ageing:
    """A quench to T at time 0, from T_start, followed in time: energy, correlation and response.

    C(t, t_w) = (1/N) sum_i s_i(t) s_i(t_w);  chi(t, t_w) = (1/N) sum_i ds_i(t)/dh_i for a field h that is switched on
    at t_w and stays.  The response is that of a copy with the same random numbers and fields +-delta of random signs
    eta_i, chi = (1/(N delta)) sum_i eta_i (s_i^copy - s_i).  In equilibrium chi = (1 - C)/T.

    model:    a Model of Ising spins, or of points on the sphere
    sampler:  the dynamics: HeatBath() or Metropolis() with the sweep as the unit of time, BrownianDynamics() in its own
    T:        temperatures after the quench
    t_w:      waiting times, > 0
    t_max:    the last time; times are whole sweeps
    points:   measuring times per factor e, after the quench and after every t_w
    delta:    size of the field (integer couplings: rounded to their unit; attribute `delta` of chi); 0: no response
    T_start:  temperature before the quench; infinity is the random start of the model
    prepare:  sweeps at T_start before the quench, if that is finite
    replicas: K independent runs per sample and temperature
    disorder, seed, device: as in MonteCarlo

    Results, on one axis of times after the quench: e (T, time, disorder), C and chi (T, t_w, time, disorder), NaN
    before t_w; means over the replicas, with averages and jackknife errors over the samples.  Source: Cugliandolo &
    Kurchan, Phys. Rev. Lett. 71, 173 (1993).

    Example: ``Ageing(Hopfield(n=64, alpha=0.5, form="pair"), T=(0.2,), t_w=(4,), t_max=64).sweeps_of(4) == 4``
    """

    model: Model
    sampler: Kernel = HeatBath()
    T: tuple[float, ...] = (0.5,)
    t_w: tuple[float, ...] = (1.0, 4.0, 16.0)
    t_max: float = 64.0
    points: int = 4
    delta: float = 0.1
    T_start: float = float("inf")
    prepare: int = 0
    replicas: int = 8
    disorder: tuple[int, ...] = (0,)
    seed: int = 0
    device: Device = "auto"

    def __post_init__(self) -> None:
        if not isinstance(self.model, Model):
            raise TypeError(f"model = {self.model!r}: expected a statmech.Model such as Hopfield(n=1000, alpha=0.1)")
        if not isinstance(self.sampler, Kernel):
            raise TypeError(f"sampler = {self.sampler!r}: expected a dynamics such as HeatBath() or BrownianDynamics()")
        name = type(self.sampler).__name__
        if self.sampler.transient:
            raise ValueError(f"{name} changes its step while it runs: expected a dynamics such as BrownianDynamics()")
        if lacking := self.sampler.needs - self.model.offers:
            raise ValueError(f"{name} needs {', '.join(sorted(lacking))}, which {type(self.model).__name__} lacks")
        for field in ("T", "t_w"):
            values = np.atleast_1d(np.asarray(getattr(self, field), float))
            if values.ndim != 1 or np.isnan(values).any() or (values < 0).any() or (np.diff(values) <= 0).any():
                raise ValueError(f"{field} = {getattr(self, field)!r}: expected increasing numbers >= 0")
            object.__setattr__(self, field, tuple(values.tolist()))
        if not self.T:
            raise ValueError("T = (): expected at least one temperature")
        for field, low in (("points", 1), ("replicas", 1), ("prepare", 0)):
            value = getattr(self, field)
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < low:
                raise ValueError(f"{field} = {value!r}: expected an integer >= {low}")
        if max(self.replicas, len(self.T)) > LANES:
            raise ValueError(f"replicas = {self.replicas} at {len(self.T)} temperatures: at most {LANES} of each")
        if not (np.isfinite(self.delta) and self.delta >= 0):
            raise ValueError(f"delta = {self.delta!r}: expected a field > 0, or 0 for no response")
        if not self.T_start > 0 or np.isfinite(self.T_start) != bool(self.prepare):
            raise ValueError(
                f"T_start = {self.T_start!r}, prepare = {self.prepare}: expected a temperature > 0 and sweeps to "
                "reach its equilibrium, or infinity and none"
            )
        check_samples(self.disorder, self.seed)
        waits = [self.sweeps_of(t) for t in self.t_w]
        if not np.isfinite(self.t_max) or self.sweeps_of(self.t_max) < 1 or len({0, *waits}) != len(waits) + 1:
            raise ValueError(
                f"t_w = {self.t_w}, t_max = {self.t_max}: expected times of different numbers of sweeps of "
                f"{self.sampler.duration}, at least one each"
            )
        if waits and waits[-1] >= self.sweeps_of(self.t_max):
            raise ValueError(f"t_w = {self.t_w} reaches t_max = {self.t_max}: expected a later t_max")
        self.sampler.begin((1, len(self.T), 1), np.array(self.T))  # refuses a temperature it cannot run at

    def sweeps_of(self, time: float) -> int:
        """Whole sweeps nearest to a time."""
        return round(time / self.sampler.duration)

    def identity(self) -> dict[str, Any]:
        """What decides the numbers."""
        fields = (name for name in self.__dataclass_fields__ if name != "device")
        return {"task": "Ageing"} | {name: identity(getattr(self, name), source=True) for name in fields}

    @cached_property
    def waits(self) -> list[int]:
        """Waiting times, in sweeps."""
        return [self.sweeps_of(t) for t in self.t_w]

    @cached_property
    def measured(self) -> np.ndarray:
        """Sweeps after which all is measured: about `points` per factor e, counted from 0 and from every t_w."""
        end = self.sweeps_of(self.t_max)
        lags = np.unique(np.rint(np.exp(np.arange(0, np.log(end) + 1e-9, 1 / self.points))).astype(int))
        found = {0, end} | {w + lag for w in (0, *self.waits) for lag in (0, *lags.tolist())}
        return np.array(sorted(t for t in found if t <= end))

    @cached_property
    def _keys(self) -> tuple[list[int], np.ndarray, np.ndarray]:
        """Keys of the samples; dynamics keys and lanes, broadcasting to (D, T, K)."""
        samples = self.model.disorder_keys(self.disorder, self.seed)
        model = {"class": type(self.model).__name__, **self.model.parameters()}
        common = ("ageing", model, identity(self.sampler))
        keys = [[derive_key(*common, key, T) for T in self.T] for key in samples]
        lanes = np.arange(self.replicas, dtype=np.uint64) * np.uint64(LANES)
        return samples, np.array(keys, np.uint64)[..., None], lanes[None, None]

    @cached_property
    def _disorder(self) -> Mapping[str, np.ndarray]:
        return self.model.disorder(self._keys[0])

    @cached_property
    def signs(self) -> np.ndarray:
        """Signs of the fields (D, N)."""
        keys = np.array([derive_key("response", key) for key in self._keys[0]], np.uint64)
        return Ising().random(keys, np.zeros(len(keys), np.uint64), self.model.n).astype(np.int64)

    @cached_property
    def _problems(self) -> tuple[Problem, Problem | None, float]:
        """Without and with the field, and the size of the field."""
        problem = self.model.problem(self._disorder)
        return (problem, *with_field(problem, self.signs, self.delta)) if self.delta else (problem, None, 0.0)

    def start(self) -> State:
        """State before the first sweep."""
        _, keys, lanes = self._keys
        shape = (len(self.disorder), len(self.T), self.replicas)
        keys, lanes = np.broadcast_to(keys, shape), np.broadcast_to(lanes, shape)
        s = self.model.start("random", self._disorder, keys, lanes)
        times, waits = len(self.measured), len(self.t_w)
        state: State = {"sweep": np.array(0), "0/s": np.ascontiguousarray(s)}
        state["e"] = np.full((len(self.T), times, len(self.disorder)), np.nan)
        for name in ("C", "chi")[: 1 + bool(self.delta)]:
            state[name] = np.full((len(self.T), waits, times, len(self.disorder)), np.nan)
        if not self.prepare:
            self._measure(state, {"0": self._walkers("0", state)}, 0)
        return state

    def progress(self, state: State) -> tuple[int, int]:
        """(sweeps done, sweeps asked for), those at T_start included."""
        return int(state["sweep"]), self.prepare + int(self.measured[-1])

    @cached_property
    def _left(self) -> dict[str, Any]:
        """Walkers where `advance` left them."""
        return {}

    def _walkers(self, name: str, state: State) -> Any:
        """Walkers "0" without a field, or the copy "1", "2", ... of that waiting time."""
        part = {k.removeprefix(f"{name}/"): v for k, v in state.items() if k.startswith(f"{name}/")}
        return walkers_at(self._left, name, self._problems[name != "0"], part, self.device)  # type: ignore[arg-type]

    def advance(self, state: State, n: int) -> State:
        """n more sweeps (fewer at the end), as a new state; pieces add up to the same bits as one go."""
        state = {key: np.array(value) for key, value in state.items()}
        begin = int(state["sweep"])
        end = min(begin + n, self.progress(state)[1])
        running = {k.removesuffix("/s"): self._walkers(k.removesuffix("/s"), state) for k in state if k.endswith("/s")}
        stops = sorted({end, *(t for t in self.prepare + np.array([0, *self.measured]) if begin < t < end)})
        for stop in stops:
            cold = begin >= self.prepare
            self._run(running, np.array(self.T if cold else [self.T_start] * len(self.T)), begin, int(stop) - begin)
            begin = int(stop)
            if begin >= self.prepare:
                self._measure(state, running, begin - self.prepare)
        for name, w in running.items():
            state |= {f"{name}/{key}": value for key, value in w.state().items()}
        self._left.update(running)
        state["sweep"] = np.array(end)
        return state

    def _run(self, running: dict[str, Any], T: np.ndarray, begin: int, n: int) -> None:
        """n sweeps of the system and its copies, with the same random numbers."""
        _, keys, lanes = self._keys
        for w in running.values():
            counters = self.sampler.begin(w.s.shape[:3], T)
            self.sampler.run(w, counters, T[None, :, None], keys, lanes, begin, n)

    def _measure(self, state: State, running: dict[str, Any], time: int) -> None:
        """Whatever is due `time` sweeps after the quench: snapshots and copies with a field, then all observables."""
        found = np.flatnonzero(self.measured == time)
        if not len(found):
            return
        i, main = int(found[0]), running["0"]
        s = np.array(to_host(main.s))
        state["e"][:, i] = (main.energy / self.model.n).mean(-1).T
        for k, wait in enumerate(self.waits):
            if wait == time:
                state[f"then/{k}"] = s
                if self.delta:
                    state[f"{k + 1}/s"] = s
                    running[f"{k + 1}"] = self._walkers(f"{k + 1}", {f"{k + 1}/s": s})
            if wait <= time:
                state["C"][:, k, i] = self._mean(state[f"then/{k}"], s)
                if self.delta:
                    moved = to_host(running[f"{k + 1}"].s).astype(float) - s
                    state["chi"][:, k, i] = self._mean(moved, self.signs[:, None, None]) / self._problems[2]

    def _mean(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Mean of a.b/N over the replicas, (T, D)."""
        return np.einsum("dtki,dtki->dtk", a, np.broadcast_to(b, a.shape), dtype=float).mean(-1).T / self.model.n

    def results(self, state: State) -> Labelled:
        """Energy, correlation and response, with the times they were measured at."""
        unit, duration = "sweeps" if self.sampler.duration == 1 else "1", self.sampler.duration
        out: Labelled = {
            "T": Variable(("T",), np.array(self.T)),
            "t_w": Variable(("t_w",), np.array(self.waits) * duration, {"units": unit}),
            "time": Variable(
                ("time",), self.measured * duration, {"units": unit, "long_name": "time since the quench"}
            ),
            "disorder": Variable(("disorder",), np.array(self.disorder)),
            "e": Variable(("T", "time", "disorder"), state["e"]),
        }
        if self.t_w:
            out["C"] = Variable(("T", "t_w", "time", "disorder"), state["C"])
            if self.delta:
                attrs = {"delta": self._problems[2]}
                out["chi"] = Variable(("T", "t_w", "time", "disorder"), state["chi"], attrs)
        return out if self.t_w else {name: v for name, v in out.items() if name != "t_w"}

    def combine(self, parts: Labelled) -> Labelled:
        """Disorder averages <obs>_mean and jackknife errors <obs>_err."""
        return averages(parts)
