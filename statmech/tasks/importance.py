"""Task: annealed importance sampling, forward from beta = 0 and backward from the coldest temperature."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from statmech import backend
from statmech.backend import to_host
from statmech.core import Labelled, State, Variable
from statmech.names import STATUS, describe, status_flags
from statmech.samplers.tempering import Tempering
from statmech.stats.population import SAFETY, log_mean
from statmech.tasks.cooling import Cooling
from statmech.tasks.population import DIMS

TEMPERING = "tempering"
CACHED = {"fields", "energy", "drift", "gradient"}
"""What walkers of floating-point couplings keep beside their configurations."""


@dataclass(frozen=True, eq=False)
class AnnealedImportance(Cooling):
    r"""ln Z from R independent coolings of `model` with their work, and from heatings: above and below it.

    .. math:: \ln w = -\sum_k (\beta_k - \beta_{k-1}) E(s_{k-1}), \qquad Z(\beta_K) = Z(0)\, E[w]

    Forward: uniform configurations, a step of beta, sweeps there, the next step, ... : E[Z] is exact for any R and any
    number of sweeps, and E[ln w] <= ln Z/Z(0).  Backward, from equilibrium at the coldest T with the work of the way
    up: E[1/w'] = Z(0)/Z, and the mean of ln w' is above ln Z/Z(0).  Where both agree, both are right, unless neither
    met the states that matter.  Sources: Jarzynski, Phys. Rev. Lett. 78, 2690 (1997); Neal, Stat. Comput. 11, 125
    (2001); the sandwich: Grosse, Ghahramani & Adams, arXiv:1511.02543.

    model, sampler, T, sweeps_per_step, observables, disorder, seed, device: as in PopulationAnnealing
    replicas: R, the runs in either direction
    steps:    equal steps of beta from 0 to the hottest T, and between every two neighbours of T
    reverse:  where the backward runs begin: a class of starts of the model that are samples of exp(-H/T) at the coldest
              T ("planted": on the Nishimori line, for the mean over samples), "tempering" for a run of parallel
              tempering over T, or None for no backward runs
    prepare:  sweeps before the backward runs, of tempering or at the coldest T

    Results per (T, disorder): lnZ, f, s and e, the observables of the model, weighted, with errors; effective =
    (sum w)^2 / sum w^2; lnZ_low, the bound.  With `reverse` lnZ_reverse with its error and, per disorder, lnZ_high, the
    bound at the coldest T.  The logarithms of the weights are work/forward (T, disorder, replica) and, from the coldest
    T to beta = 0, work/reverse (disorder, replica).  status is done where effective >= 100, else unequilibrated.  On a
    sphere Z is the mean of exp(-H/T) over its uniform measure.

    Example: ``statmech.Sweep("sk", AnnealedImportance(SK(n=16), T=(0.5, 1.0), replicas=256), samples=8)``
    """

    replicas: int = 256
    steps: int = 16
    reverse: str | None = None
    prepare: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        for field, low in (("steps", 1), ("prepare", 0)):
            value = getattr(self, field)
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < low:
                raise ValueError(f"{field} = {value!r}: expected an integer >= {low}")
        if self.reverse is None:
            if self.prepare:
                raise ValueError(f"prepare = {self.prepare} without backward runs: name their start with reverse=")
        elif self.reverse == TEMPERING:
            if len(self.T) < 2 or not self.prepare:
                raise ValueError(f"reverse = 'tempering' at {len(self.T)} temperatures with prepare = {self.prepare}: "
                                 "expected at least two, and the sweeps of the run in prepare")  # fmt: skip
            if self.prepare < 2 * self.sampler.transient:
                raise ValueError(f"prepare = {self.prepare}, but {type(self.sampler).__name__} tunes itself for "
                                 f"{self.sampler.transient} sweeps: expected twice as many")  # fmt: skip
        elif self.reverse.partition(":")[0] not in self.model.starts:
            known = ", ".join((*self.model.starts, TEMPERING))
            raise ValueError(f"reverse = {self.reverse!r}: {type(self.model).__name__} knows {known}")

    @cached_property
    def betas(self) -> np.ndarray:
        """0, ..., 1/T of the coldest; every `steps`-th is one of T."""
        ends = np.concatenate([[0.0], 1 / np.array(self.T[::-1])])
        inner = ends[:-1, None] + (ends[1:] - ends[:-1])[:, None] * np.arange(1, self.steps + 1) / self.steps
        inner[:, -1] = ends[1:]
        return np.concatenate([[0.0], inner.ravel()])

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(name for name in self._meter.chain_observables if name != "e2")

    def start(self) -> State:
        """State before the first step: uniform configurations, weights 1."""
        shape = (len(self.T), len(self.disorder), self.replicas)
        state: State = {"step": np.array(0), "now": np.zeros(shape[1:])}
        state |= {"ln_w": np.full(shape, np.nan), "values": np.full((len(self._names), *shape), np.nan)}
        if self.reverse is not None:
            state["ln_w_reverse"] = np.full(shape, np.nan)
        return state | self._begin(self._uniform())

    def progress(self, state: State) -> tuple[int, int]:
        """(steps done, steps asked for), in both directions."""
        return int(state["step"]), (len(self.betas) - 1) * (1 + (self.reverse is not None))

    def advance(self, state: State, n: int) -> State:
        """n more steps (fewer at the end), as a new state; pieces add up to the same bits as one go."""
        state = {key: np.array(value) for key, value in state.items()}
        done, asked = self.progress(state)
        w = self._walkers(state)
        cold = len(self.betas) - 1
        for step in range(done, min(done + n, asked)):
            if step < cold:
                self._down(w, state, step + 1)
            else:
                if step == cold:
                    w = self._turn(state)
                self._up(w, state, 2 * cold - step)
            state["step"] = np.array(step + 1)
        self._keep(state, w)
        return state

    def _down(self, w: Any, state: State, k: int) -> None:
        """From beta_{k-1} to beta_k: work, sweeps, and records at a requested temperature."""
        state["now"] = state["now"] - (self.betas[k] - self.betas[k - 1]) * self._energy(w)
        self._sweep(w, state, np.full(len(self.disorder), self.betas[k]))
        if k % self.steps == 0:
            t = len(self.T) - k // self.steps
            state["ln_w"][t] = state["now"]
            values = self._measured(w)
            state["values"][:, t] = np.stack([values[name] for name in self._names])

    def _up(self, w: Any, state: State, k: int) -> None:
        """From beta_k to beta_{k-1}: sweeps, and then the work; records the work from the coldest temperature."""
        self._sweep(w, state, np.full(len(self.disorder), self.betas[k]), first_lane=self.replicas)
        state["now"] = state["now"] + (self.betas[k] - self.betas[k - 1]) * self._energy(w)
        if (k - 1) % self.steps == 0:
            t = len(self.T) - 1 - (k - 1) // self.steps  # temperature just reached is t + 1, or beta = 0 after the last
            state["ln_w_reverse"][t] = state["now"]

    def _turn(self, state: State) -> Any:
        """Walkers at the start of the way up."""
        from statmech.kernels import walkers

        device, R, shape, keys = backend.resolve(self.device), self.replicas, self._shape, self._keys
        first = int(state["sweep"])
        if self.reverse == TEMPERING:
            s = self._tempered()
        else:
            lanes = np.broadcast_to(self._lanes + np.uint64(R), shape)
            s = self.model.start(str(self.reverse), self._disorder, np.broadcast_to(keys, shape), lanes)
        for name in CACHED & state.keys():
            del state[name]
        state |= self._begin(s) | {"sweep": np.array(first), "now": np.zeros_like(state["now"])}
        w = walkers(self._problem, state["s"], device)
        if self.prepare and self.reverse != TEMPERING:
            self._sweep(w, state, np.full(len(self.disorder), self.betas[-1]), self.prepare, first_lane=R)
        return w

    def _tempered(self) -> np.ndarray:
        """Configurations (D, 1, R, N) at the coldest T, of R ladders of parallel tempering after `prepare` sweeps."""
        from statmech.kernels import walkers

        T, R = np.array(self.T), self.replicas
        shape = (len(self.disorder), len(T), R)
        # lanes behind those of both directions: none of their random numbers is used twice
        lanes = self._lanes + np.uint64(R) * np.arange(2, 2 + len(T), dtype=np.uint64)[None, :, None]
        keys = np.broadcast_to(self._keys, shape)
        s = self.model.space.random(keys, np.broadcast_to(lanes, shape), self.model.n)
        w = walkers(self._problem, np.ascontiguousarray(s), backend.resolve(self.device))
        sampler = Tempering(self.sampler)
        extra = sampler.begin(shape, T)
        sampler.run(w, extra, T[None, :, None], self._keys, lanes, 0, self.prepare)
        return np.array(to_host(sampler.arrange(extra, w.s)))[:, :1]

    def results(self, state: State) -> Labelled:
        """Means, errors and bounds at every requested temperature; NaN where it has not been reached yet."""
        n, T, R, zero = self.model.n, np.array(self.T)[:, None], self.replicas, self.log_volume
        ln_w, out = state["ln_w"], self._coordinates()
        gain, w = log_mean(ln_w)
        x = dict(zip(self._names, state["values"], strict=True))
        means = {name: (w * values).mean(-1) for name, values in x.items()}
        influence = {name: w * (values - means[name][..., None]) for name, values in x.items()}
        means |= {"lnZ": zero + gain, "f": -T * (zero + gain) / n, "s": (zero + gain) / n + means["e"] / T}
        influence |= {"lnZ": w - 1, "f": -T[..., None] * (w - 1) / n,
                      "s": (w - 1) / n + influence["e"] / T[..., None]}  # fmt: skip
        means["lnZ_low"], influence["lnZ_low"] = zero + ln_w.mean(-1), ln_w - ln_w.mean(-1, keepdims=True)
        if self.reverse is not None:
            up = state["ln_w_reverse"]  # from the coldest T to the next ones, to beta = 0 at last
            home, v = log_mean(up[-1])
            there, u = log_mean(np.concatenate([np.zeros_like(up[:1]), up[:-1]]))
            means["lnZ_reverse"], influence["lnZ_reverse"] = zero + there - home, u - v
            high = zero - up[-1].mean(-1), up[-1].std(-1, ddof=1) / np.sqrt(R)
            out["lnZ_high"], out["lnZ_high_stderr"] = (Variable(("disorder",), value) for value in high)
            label = "ln w of the way up to beta = 0"
            out["work/reverse"] = Variable(("disorder", "replica"), up[-1], {"long_name": label})
        for name, value in means.items():
            error = np.sqrt((influence[name] ** 2).sum(-1) / (R * (R - 1)))
            label = f"standard error of the {describe(name).long_name}"
            out[name], out[f"{name}_stderr"] = Variable(DIMS, value), Variable(DIMS, error, {"long_name": label})
        ess = R / (w**2).mean(-1)
        out["effective"] = Variable(DIMS, ess)
        out["work/forward"] = Variable((*DIMS, "replica"), ln_w, {"long_name": "ln w of the way down from beta = 0"})
        out["replica"] = Variable(("replica",), np.arange(R))
        return out | {"status": self._status(ess)}

    def _status(self, ess: np.ndarray) -> Variable:
        status = np.where(ess >= SAFETY, STATUS["done"], STATUS["unequilibrated"])
        status = np.where(np.isnan(ess), STATUS["pending"], status).astype(np.int8)
        words = f"verdict of the point: {SAFETY} effective runs, or fewer"
        return Variable(DIMS, status, {"long_name": words, **status_flags()})
