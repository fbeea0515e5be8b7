"""Task: the one-flip minima of the energy, counted by many quenches."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from statmech import backend
from statmech.backend import Device, to_host
from statmech.core import Disorder, Labelled, State, Variable
from statmech.random import derive_key
from statmech.spec import Model, identity
from statmech.tasks.samples import averages, check_samples, one_by_one

WORDS = {
    "minima": "different one-flip minima found",
    "total": "estimated number of one-flip minima, a lower bound (Chao)",
    "coverage": "estimated share of quenches that end in a minimum already found (Good & Turing)",
    "e": "mean energy per spin where a quench ends",
    "e_min": "lowest energy per spin met",
}


@dataclass(frozen=True, eq=False)
class Minima:
    r"""Quenches at T = 0 from random starts, and what can be said of the number of places where they end.

    A quench accepts flips of dE < 0 in sequential order until there is none.  With F_1 minima seen once and F_2 seen
    twice in Q quenches that ended in F different ones:

    .. math:: C = 1 - F_1/Q, \qquad F_{total} \ge F + \frac{F_1 (F_1 - 1)}{2 (F_2 + 1)}

    Minima that a quench seldom reaches are undercounted: read `total` where `coverage` is near 1, and as a bound
    elsewhere.  Where H(s) = H(-s) a minimum and its mirror image count as one.

    model:    a Model of Ising spins
    quenches: Q, per sample
    disorder, seed, device: as in MonteCarlo

    Results per sample, with averages and jackknife errors: minima F, total, coverage, e, e_min, log_minima = ln F.
    Source: Chao, Scand. J. Stat. 11, 265 (1984); Good, Biometrika 40, 237 (1953).

    Raises TypeError for a model without Ising spins, ValueError for quenches < 2.

    Example: ``Minima(Hopfield(n=32, alpha=0.2), quenches=64)``
    """

    model: Model
    quenches: int = 1024
    disorder: tuple[int, ...] = (0,)
    seed: int = 0
    device: Device = "auto"

    def __post_init__(self) -> None:
        if not isinstance(self.model, Model) or getattr(self.model.space, "name", "") != "ising":
            raise TypeError(f"model = {self.model!r}: expected a statmech.Model of Ising spins such as SK(n=32)")
        if isinstance(self.quenches, bool) or not isinstance(self.quenches, int | np.integer) or self.quenches < 2:
            raise ValueError(f"quenches = {self.quenches!r}: expected an integer >= 2")
        check_samples(self.disorder, self.seed)

    def identity(self) -> dict[str, Any]:
        """What decides the numbers."""
        return {
            "task": "Minima", "model": identity(self.model, source=True), "quenches": self.quenches,
            "disorder": list(self.disorder), "seed": self.seed,
        }  # fmt: skip

    @cached_property
    def _keys(self) -> list[int]:
        return self.model.disorder_keys(self.disorder, self.seed)

    def start(self) -> State:
        """No sample done."""
        D = len(self.disorder)
        return {"done": np.array(0), **{name: np.full(D, np.nan) for name in WORDS}}

    def progress(self, state: State) -> tuple[int, int]:
        """(samples done, samples asked for)."""
        return int(state["done"]), len(self.disorder)

    def advance(self, state: State, n: int) -> State:
        """The quenches of n more samples."""
        return one_by_one(state, n, len(self.disorder), lambda d: self._sample(self._keys[d]))

    def _sample(self, key: int) -> dict[str, float]:
        from statmech.kernels import walkers

        disorder: Disorder = self.model.disorder([key])
        own = np.full((1, 1, self.quenches), derive_key("minima", key), np.uint64)
        lanes = np.arange(self.quenches, dtype=np.uint64)[None, None, :]
        s = self.model.start("random", disorder, own, lanes)
        w = walkers(self.model.problem(disorder), s, backend.resolve(self.device))
        sweep = 0
        while w.sweep(np.zeros((1, 1, 1)), own, lanes, sweep, 16, "metropolis", "sequential").any():
            sweep += 16
        ends, energy = to_host(w.s)[0, 0], w.energy[0, 0] / self.model.n
        mirrored = self.model.energy(disorder, -ends[None, None, :1])[0, 0, 0] / self.model.n
        if np.isclose(mirrored, energy[0], rtol=1e-9, atol=1e-12):
            ends = ends * ends[:, :1]
        _, counts = np.unique(np.packbits(ends > 0, axis=1), axis=0, return_counts=True)
        once, twice = int((counts == 1).sum()), int((counts == 2).sum())
        return {
            "minima": len(counts), "total": len(counts) + once * (once - 1) / (2 * (twice + 1)),
            "coverage": 1 - once / self.quenches, "e": energy.mean(), "e_min": energy.min(),
        }  # fmt: skip

    def results(self, state: State) -> Labelled:
        """Counts and energies per sample."""
        out = {"disorder": Variable(("disorder",), np.array(self.disorder))}
        for name, words in WORDS.items():
            out[name] = Variable(("disorder",), state[name], {"long_name": words})
        words = "logarithm of the number of minima found"
        out["log_minima"] = Variable(("disorder",), np.log(state["minima"]), {"long_name": words})
        return out

    def combine(self, parts: Labelled) -> Labelled:
        """Disorder averages <name>_mean and jackknife errors <name>_err."""
        return averages(parts)
