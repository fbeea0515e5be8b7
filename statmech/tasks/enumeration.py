"""Task: exact thermal means of small Ising models, by visiting all 2^n configurations in blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from statmech.core import Disorder, Labelled, State, Variable
from statmech.problems import LevelProblem, Problem
from statmech.spec import Model, identity
from statmech.tasks.samples import averages, check_samples, temperatures

LARGEST = 30
BLOCK, LEVEL_BLOCK = 1 << 16, 1 << 20
"""Configurations visited at a time: as spins, or as levels counted by the compiled kernel."""
CHUNK = 1 << 14
"""Configurations of a level block that one thread counts."""
OBSERVE, MOMENT = "sum/", "moment/"
"""Prefixes of the sums that a state holds: of observables (D, T), and of products of spins (D, T, ...)."""


class Spectrum(NamedTuple):
    """Part of the configurations."""

    energy: np.ndarray
    """Energies (L,), in any order."""
    multiplicity: np.ndarray
    """How many configurations have each (L,)."""
    values: Mapping[str, np.ndarray]
    """Sums (L,) of every observable over them."""
    s: np.ndarray | None = None
    """The configurations (L, N) float64, if each has its own entry and products of spins are wanted."""


@dataclass(frozen=True, eq=False)
class Enumeration:
    r"""Boltzmann averages of `model` at the temperatures T, from all 2^n configurations.

    .. math:: Z = \sum_s e^{-H(s)/T}, \quad f = -\frac{T}{n} \ln Z, \quad s = (e - f)/T, \quad Y = \sum_s p_s^2

    model:    a Model of at most 30 Ising spins
    T:        temperatures, increasing, 0 < T < inf, k_B = 1
    disorder: indices of the disorder samples of this block
    seed:     the user's seed; samples are those of MonteCarlo with the same seed
    overlap:  also q and q2, the mean overlap of two replicas and its square, q = (1/n) sum_i <s_i>^2 and
              q2 = (1/n^2) sum_ij <s_i s_j>^2; slower

    Memory does not grow with n; sums are taken relative to the lowest energy met so far, so nothing overflows.

    Results per (T, disorder): lnZ; e, f, s per spin; c, the specific heat; Y, the probability that two replicas are in
    the same configuration; the mean of every observable of the model.
    Per disorder: e_0, the ground-state energy per spin, and degeneracy, the number of configurations that have it.
    With disorder averages <name>_mean and jackknife errors <name>_err.

    Raises TypeError for a model that has no Ising spins, ValueError for n > 30, T = 0 or not increasing.

    Example: ``statmech.Sweep("rem", Enumeration(REM(n=12), T=(0.5, 1.0)), samples=16)``
    """

    model: Model
    T: tuple[float, ...] = (1.0,)
    disorder: tuple[int, ...] = (0,)
    seed: int = 0
    overlap: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "T", temperatures(self.T))
        if not isinstance(self.model, Model) or getattr(self.model.space, "name", "") != "ising":
            raise TypeError(f"model = {self.model!r}: expected a statmech.Model of Ising spins such as REM(n=12)")
        if self.model.n > LARGEST:
            raise ValueError(f"n = {self.model.n}: enumerating 2^n configurations takes n <= {LARGEST}; use MonteCarlo")
        if not isinstance(self.overlap, bool):
            raise TypeError(f"overlap = {self.overlap!r}: expected True or False")
        check_samples(self.disorder, self.seed)

    def identity(self) -> dict[str, Any]:
        """What decides the numbers."""
        return {
            "task": "Enumeration",
            "model": identity(self.model, source=True),
            "T": list(self.T),
            **({"overlap": True} if self.overlap else {}),
            "disorder": list(self.disorder),
            "seed": self.seed,
        }

    @cached_property
    def _samples(self) -> list[Disorder]:
        return [self.model.disorder([key]) for key in self.model.disorder_keys(self.disorder, self.seed)]

    @cached_property
    def _problems(self) -> list[Problem]:
        return [self.model.problem(sample) for sample in self._samples]

    @cached_property
    def _observables(self) -> tuple[str, ...]:
        return tuple(self.model.observe(self._samples[0], np.ones((1, 1, 1, self.model.n), np.int8)))

    @cached_property
    def _counts_levels(self) -> bool:
        """Is a histogram of the levels enough?"""
        return isinstance(self._problems[0], LevelProblem) and not self._observables and not self.overlap

    @property
    def _block(self) -> int:
        return min(1 << self.model.n, LEVEL_BLOCK if self._counts_levels else BLOCK)

    @property
    def _blocks(self) -> int:
        """Blocks of one sample."""
        return (1 << self.model.n) // self._block

    def start(self) -> State:
        """Empty sums."""
        D, R = len(self.disorder), len(self.T)
        state: State = {name: np.zeros((D, R)) for name in ("Z", "first", "second", "squares")}
        state |= {"E_0": np.full(D, np.inf), "degeneracy": np.zeros(D), "done": np.array(0)}
        state |= {OBSERVE + name: np.zeros((D, R)) for name in self._observables}
        if self.overlap:
            n = self.model.n
            state |= {f"{MOMENT}1": np.zeros((D, R, n)), f"{MOMENT}2": np.zeros((D, R, n, n))}
        return state

    def progress(self, state: State) -> tuple[int, int]:
        """(blocks of configurations done, blocks asked for), over all samples."""
        return int(state["done"]), self._blocks * len(self.disorder)

    def advance(self, state: State, n: int) -> State:
        """n more blocks."""
        state = {name: np.array(value) for name, value in state.items()}
        done, total = self.progress(state)
        for number in range(done, min(done + n, total)):
            d, block = divmod(number, self._blocks)
            for spectrum in self._spectra(d, block * self._block):
                self._add(state, d, spectrum)
            state["done"] += 1
        return state

    def _spectra(self, d: int, first: int) -> Iterator[Spectrum]:
        """Energies of the configurations of sample d from number `first` on, in one or two parts."""
        if self._counts_levels:
            yield from self._levels(d, first)
            return
        from statmech.kernels import walkers

        number = np.arange(first, first + self._block)
        s = (1 - 2 * (number[:, None] >> np.arange(self.model.n) & 1)).astype(np.int8)[None, None]
        energy = walkers(self._problems[d], s, "cpu").energy[0, 0]
        values = {name: x[0, 0] for name, x in self.model.observe(self._samples[d], s).items()}
        quantum, low = self.model.quantum, energy.min()
        if self.overlap:
            yield Spectrum(energy, np.ones(len(energy)), values, s[0, 0].astype(float))
        elif quantum is not None and np.ptp(energy) < quantum * self._block / 8:
            k = np.rint((energy - low) / quantum).astype(np.int64)
            count = np.bincount(k)
            sums = {name: np.bincount(k, x)[count > 0] for name, x in values.items()}
            yield Spectrum(low + quantum * np.flatnonzero(count), count[count > 0], sums)
        else:
            yield Spectrum(energy, np.ones(len(energy)), values)

    def _levels(self, d: int, first: int) -> Iterator[Spectrum]:
        from statmech.kernels.levels import HIGHEST, NOWHERE, count_levels, tables

        problem = self._problems[d]
        assert isinstance(problem, LevelProblem)
        native = NOWHERE
        if problem.native is not None:
            native = int(((problem.native[0] < 0) << np.arange(problem.n)).sum())
        counts = np.zeros((-(-self._block // CHUNK), 2 * HIGHEST + 1), np.int64)
        count_levels(*tables(), np.uint64(problem.keys[0]), native, first, self._block, CHUNK, counts)
        count = counts.sum(0)
        k = np.flatnonzero(count)
        yield Spectrum(problem.scale * (k - HIGHEST), count[k], {})
        if first <= native < first + self._block:
            yield Spectrum(np.array([problem.scale * problem.native_level]), np.ones(1), {})

    def _add(self, state: State, d: int, spectrum: Spectrum) -> None:
        """Adds to the sums of sample d; all of them relative to the lowest energy."""
        energy, count, values, s = spectrum
        T, old, lowest = np.array(self.T), state["E_0"][d], energy.min()
        width = 0.5 * self.model.quantum if self.model.quantum else 1e-9 * max(1.0, abs(lowest))
        if lowest < old - width:
            if np.isfinite(old):
                shift = old - lowest
                w = np.exp(-shift / T)
                state["second"][d] += shift * (2 * state["first"][d] + shift * state["Z"][d])
                state["first"][d] += shift * state["Z"][d]
                for name in ("Z", "first", "second", *(x for x in state if x.startswith((OBSERVE, MOMENT)))):
                    state[name][d] *= w.reshape(-1, *(1,) * (state[name].ndim - 2))
                state["squares"][d] *= w**2
            state["E_0"][d], state["degeneracy"][d] = lowest, 0
        excess = energy - state["E_0"][d]
        state["degeneracy"][d] += count[excess < width].sum()
        for t, temperature in enumerate(T):
            w = np.exp(-excess / temperature)
            state["Z"][d, t] += count @ w
            state["first"][d, t] += count @ (w * excess)
            state["second"][d, t] += count @ (w * excess**2)
            state["squares"][d, t] += count @ w**2
            for name, x in values.items():
                state[OBSERVE + name][d, t] += x @ w
            if s is not None:
                weighted = w[:, None] * s
                state[f"{MOMENT}1"][d, t] += weighted.sum(0)
                state[f"{MOMENT}2"][d, t] += s.T @ weighted

    def results(self, state: State) -> Labelled:
        """Thermal means of every sample; NaN where not all configurations have been visited."""
        n, T = self.model.n, np.array(self.T)
        ready = np.arange(len(self.disorder)) < int(state["done"]) // self._blocks
        with np.errstate(invalid="ignore", divide="ignore"):
            Z, mean = state["Z"], state["first"] / state["Z"]
            lnZ = np.log(Z) - state["E_0"][:, None] / T
            e = (state["E_0"][:, None] + mean) / n
            values = {
                "lnZ": lnZ,
                "e": e,
                "f": -T * lnZ / n,
                "s": (np.log(Z) + mean / T) / n,
                "c": (state["second"] / Z - mean**2) / (n * T**2),
                "Y": state["squares"] / Z**2,
                **{name: state[OBSERVE + name] / Z for name in self._observables},
            }
            if self.overlap:
                values["q"] = (state[f"{MOMENT}1"] ** 2).sum(-1) / Z**2 / n
                values["q2"] = (state[f"{MOMENT}2"] ** 2).sum((-1, -2)) / Z**2 / n**2
        out: Labelled = {
            "T": Variable(("T",), T),
            "disorder": Variable(("disorder",), np.array(self.disorder)),
            "e_0": Variable(("disorder",), np.where(ready, state["E_0"] / n, np.nan)),
            "degeneracy": Variable(("disorder",), np.where(ready, state["degeneracy"], np.nan)),
        }
        for name, x in values.items():
            out[name] = Variable(("T", "disorder"), np.where(ready, x.T, np.nan))
        return out

    def combine(self, parts: Labelled) -> Labelled:
        """Disorder averages <obs>_mean and jackknife errors <obs>_err."""
        return averages(parts)
