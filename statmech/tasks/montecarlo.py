"""Task: Monte Carlo of one block of disorder samples, over a whole ladder of temperatures."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from statmech import backend
from statmech.backend import Device
from statmech.core import Labelled, Sampler, State, Walkers
from statmech.random import derive_key
from statmech.samplers.run import prepared
from statmech.samplers.single import Metropolis
from statmech.spec import Model, identity
from statmech.tasks import energies, series
from statmech.tasks.measure import Meter
from statmech.tasks.pilot import tuned_ladder
from statmech.tasks.record import recorder
from statmech.tasks.series import MINIMUM_MEASUREMENTS
from statmech.tasks.walkers import walkers_at

LANES = 1 << 16  # lane = replica * LANES + walker, so that more replicas leave the first ones as they were
NO_OBSERVABLES: Mapping[str, Callable] = {}


@dataclass(frozen=True, eq=False)
class MonteCarlo:
    """Samples `model` with `sampler` at the temperatures T, from every class of starts.

    model:         a Model
    sampler:       Metropolis(), HeatBath(), Tempering(...), Annealing(...), Quench(); or one per class of starts,
                   {"random": Tempering(), "pattern": Metropolis()}: exchange for the equilibrium state, local
                   moves for a metastable one (exchange would melt it)
    T:             temperatures, increasing, k_B = 1
    starts:        classes of starting configurations; they are kept apart and compared in the verdict
    replicas:      K real replicas per temperature and class of starts (>= 2 for the replica overlap)
    sweeps:        length of the run, N proposals per sweep; the last half is measured.  A run can be extended to
                   sweeps * 2^k
    measure_every: sweeps between measurements
    observables:   the user's own, name -> function(model, disorder, s) from s (D, T, K, N), in NumPy on every
                   device, to (D, T, K)
    disorder:      indices of the disorder samples of this block
    seed:          the user's seed; every key derives from it
    energies:      keep every energy of the measured half, energies/e, for free energies (docs/free_energy.md); no
                   number changes, but a run that is resumed must keep what it kept

    Example: ``MonteCarlo(Hopfield(n=64, alpha=0.1), T=(0.5,), sweeps=64).progress``
    """

    model: Model
    sampler: Sampler | Mapping[str, Sampler] = Metropolis()
    T: tuple[float, ...] = (1.0,)
    starts: tuple[str, ...] = ("random",)
    replicas: int = 4
    sweeps: int = 1024
    measure_every: int = 1
    observables: Mapping[str, Callable] | None = None
    disorder: tuple[int, ...] = (0,)
    seed: int = 0
    device: Device = "auto"
    energies: bool = False

    def __post_init__(self) -> None:
        T = np.atleast_1d(np.asarray(self.T, dtype=float))
        if T.ndim != 1 or T.size == 0 or np.isnan(T).any() or (T < 0).any():
            raise ValueError(f"T = {self.T}: expected temperatures >= 0")
        if (np.diff(T) <= 0).any():
            raise ValueError(f"T = {T.tolist()}: expected strictly increasing temperatures; use sorted(set(T))")
        object.__setattr__(self, "T", tuple(T.tolist()))
        if isinstance(self.starts, str):
            object.__setattr__(self, "starts", (self.starts,))
        if not self.starts or len(set(self.starts)) != len(self.starts):
            raise ValueError(f"starts = {self.starts}: expected at least one class of starts, each named once")
        for name, low in (("replicas", 1), ("measure_every", 1), ("sweeps", 1), ("seed", 0)):
            if not _integer(getattr(self, name), low):
                raise ValueError(f"{name} = {getattr(self, name)!r}: expected an integer >= {low}")
        if not isinstance(self.energies, bool):
            raise TypeError(f"energies = {self.energies!r}: expected True or False")
        if max(self.replicas, T.size) > LANES:
            raise ValueError(f"replicas = {self.replicas} at {T.size} temperatures: expected at most {LANES} of each")
        indices = self.disorder
        if not indices or len(set(indices)) != len(indices) or not all(_integer(i, 0) for i in indices):
            raise ValueError(f"disorder = {indices!r}: expected different sample indices >= 0, at least one")
        if not isinstance(self.model, Model):
            raise TypeError(f"model = {self.model!r}: expected a statmech.Model such as Hopfield(n=1000, alpha=0.1)")
        if isinstance(self.sampler, Mapping) and set(self.sampler) != set(self.starts):
            raise ValueError(f"sampler names the starts {sorted(self.sampler)}: expected {sorted(self.starts)}")
        for sampler in self.samplers.values():
            if not isinstance(sampler, Sampler) or isinstance(sampler, type):
                raise TypeError(f"sampler = {sampler!r}: expected a sampler such as Metropolis()")
        count, rest = divmod(self.sweeps, self.measure_every)
        if rest or count < MINIMUM_MEASUREMENTS or count % (2 * series.bin_length(count)):
            raise ValueError(
                f"sweeps = {self.sweeps} with measure_every = {self.measure_every}: expected n * 2^k measurements "
                f"with even n, {MINIMUM_MEASUREMENTS} <= n <= {series.BINS}, for example sweeps = {self._near()}"
            )
        for sampler in self.samplers.values():
            sampler.begin((1, T.size, 1), T)  # refuses a ladder it cannot run, before any task has begun
            name, cooling = type(sampler).__name__, sampler.transient
            if 2 * cooling > self.sweeps:
                raise ValueError(
                    f"sweeps = {self.sweeps}, but {name} cools for {cooling} sweeps and the last half of the run is "
                    f"measured: expected sweeps >= {2 * cooling}, or {name}(sweeps={self.sweeps // 2})"
                )
            if not sampler.needs <= self.model.offers:
                lacking = ", ".join(sorted(sampler.needs - self.model.offers))
                raise ValueError(f"{name} needs {lacking}, which {type(self.model).__name__} does not offer")
        for name in self.starts:
            if name.partition(":")[0] not in self.model.starts:
                known = ", ".join(self.model.starts)
                raise ValueError(f"start {name!r}: {type(self.model).__name__} knows {known}")

    @property
    def samplers(self) -> dict[str, Sampler]:
        """The sampler of every class of starts."""
        if isinstance(self.sampler, Mapping):
            return dict(self.sampler)
        return dict.fromkeys(self.starts, self.sampler)

    def _near(self) -> int:
        count = max(self.sweeps / self.measure_every, MINIMUM_MEASUREMENTS)
        length = 2 * series.bin_length(math.ceil(count))  # halves, the second of which is measured, hold whole bins
        return math.ceil(count / length) * length * self.measure_every

    def identity(self) -> dict[str, Any]:
        """What decides the numbers, without the length of the run, which may grow."""
        return {
            "task": "MonteCarlo",
            "model": identity(self.model, source=True),
            "sampler": identity(self.sampler, source=True),
            "T": list(self.T),
            "starts": list(self.starts),
            "replicas": self.replicas,
            "measure_every": self.measure_every,
            "observables": identity(self.observables or {}, source=True),
            **({"energies": True} if self.energies else {}),
            "disorder": list(self.disorder),
            "seed": self.seed,
        }

    @cached_property
    def _disorder(self) -> Mapping[str, np.ndarray]:
        return self.model.disorder(self.model.disorder_keys(self.disorder, self.seed))

    @cached_property
    def _problem(self):
        return self.model.problem(self._disorder)

    @cached_property
    def _meter(self) -> Meter:
        return Meter(self.model, self._disorder, self.observables or NO_OBSERVABLES)

    def _keys(self, start: str, rungs: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Dynamics keys and lanes, broadcasting to (D, T, K); rungs: those of a ladder with more than T.

        Without exchange every temperature has its own key, so adding a temperature leaves the others as they
        were; with exchange the ladder is one system, and so is its key.
        """
        R, K = rungs or len(self.T), self.replicas
        model = {"class": type(self.model).__name__, **self.model.parameters()}
        sampler = self.samplers[start]
        common = ("dynamics", model, identity(sampler), start)
        samples = self.model.disorder_keys(self.disorder, self.seed)
        replica = np.arange(K, dtype=np.uint64)[None, None, :] * np.uint64(LANES)
        if sampler.couples_rungs:
            keys = [[derive_key(*common, key, list(self.T))] for key in samples]
            return np.array(keys, np.uint64)[..., None], replica + np.arange(R, dtype=np.uint64)[None, :, None]
        keys = [[derive_key(*common, key, T) for T in self.T] for key in samples]
        return np.array(keys, np.uint64)[..., None], replica

    def start(self) -> State:
        """State before the first sweep: configurations, sampler state and empty accumulators per class of starts."""
        state: State = {"sweep": np.array(0)}
        for name in self.starts:
            sampler = self.samplers[name]
            ladder = tuned_ladder(self.model, self.T, sampler, name, self.seed, self.device)
            shape = (len(self.disorder), ladder.size, self.replicas)
            keys, lanes = self._keys(name, ladder.size)
            lanes = np.broadcast_to(lanes, (1, *shape[1:]))
            s = self.model.start(name, self._disorder, np.broadcast_to(keys, shape), lanes)
            part: State = {"s": np.ascontiguousarray(s)}
            extra = sampler.begin(shape, ladder)
            if getattr(sampler, "rungs", "given") != "given":  # frozen: a run that goes on reads it from the state
                extra |= {"ladder": ladder, "asked": np.searchsorted(ladder, self.T)}
            part |= {f"sampler/{k}": v for k, v in extra.items()}
            part |= self._meter.begin(part["s"][:, : len(self.T)])
            if self.energies:
                part |= energies.begin((shape[0], len(self.T), shape[2]), self.sweeps, self.measure_every)
            state |= {f"{name}/{k}": v for k, v in part.items()}
        return state

    def progress(self, state: State) -> tuple[int, int]:
        """(sweeps done, sweeps asked for)."""
        return int(state["sweep"]), self.sweeps

    def advance(self, state: State, n: int) -> State:
        """n more sweeps (fewer at the end), as a new state; pieces add up to the same bits as one go."""
        begin = int(state["sweep"])
        end = min(begin + n, self.sweeps)
        end = begin + (end - begin) // self.measure_every * self.measure_every
        if end == begin < self.sweeps:
            end = begin + self.measure_every
        state = {key: np.array(value) for key, value in state.items()}
        for name in self.starts:
            prefix = f"{name}/"
            part = {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
            self._advance_class(name, part, begin, end)
            state |= {prefix + k: v for k, v in part.items()}
        state["sweep"] = np.array(end)
        return state

    @cached_property
    def _left(self) -> dict[str, Walkers]:
        """Walkers of every class of starts where `advance` left them."""
        return {}

    def _advance_class(self, name: str, part: State, begin: int, end: int) -> None:
        if (energies.KEY in part) != self.energies:
            raise ValueError(f"energies = {self.energies}, but the state was begun with {not self.energies}: keep that")
        ladder = part.get("sampler/ladder", np.array(self.T))
        keys, lanes = self._keys(name, ladder.size)
        w = walkers_at(self._left, name, self._problem, part, self.device)
        extra = {k.removeprefix("sampler/"): v for k, v in part.items() if k.startswith("sampler/")}
        run = prepared(self.samplers[name], w, extra, ladder[None, :, None], keys, lanes)
        record, starts = recorder(self._meter, part, run), _window_starts(self.sweeps)
        for sweep in range(begin, end, self.measure_every):
            if sweep in starts:
                run.close()
                _reset(extra, part)
            run.sweep(sweep, self.measure_every)
            index = sweep // self.measure_every
            record.measure(index)
            if self.energies:
                energy = backend.to_host(run.arrange(run.energy))
                energies.keep(part, energy, index, self.sweeps, self.measure_every)
        record.close()
        run.close()
        part |= {f"sampler/{k}": v for k, v in extra.items()}
        part |= w.state()
        self._left[name] = w

    def results(self, state: State) -> Labelled:
        """Thermal means, errors and verdicts of the last half of the run, with named dimensions."""
        from statmech.tasks.summary import summarise

        return summarise(self, state)

    def combine(self, parts: Labelled) -> Labelled:
        """Disorder averages with jackknife errors, from the variables of all samples of one grid point."""
        from statmech.tasks.evidence import identity_test
        from statmech.tasks.summary import combine, derived

        return combine(parts, derived(self.model)) | identity_test(self.model, parts)


def _integer(value: Any, low: int) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value >= low)


def _window_starts(sweeps: int) -> set[int]:
    """Starts of the measuring windows, sweeps / 2^j and 0.  (The same after an extension to sweeps 2^k.)"""
    starts = {0, sweeps}
    while sweeps % 2 == 0:
        sweeps //= 2
        starts.add(sweeps)
    return starts


def _reset(*parts: State) -> None:
    """Histograms and counters cover the measuring window only: empty them where a window starts."""
    for part in parts:
        for key, value in part.items():
            if key.startswith("acc_"):
                value[...] = 0
