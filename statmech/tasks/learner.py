"""Task: a deterministic learning rule on the instances that Monte Carlo samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from statmech.core import Labelled, State, Variable
from statmech.models.perceptron import Perceptron
from statmech.names import describe
from statmech.rules.rule import Rule
from statmech.spec import identity
from statmech.tasks.samples import averages, check_samples

LARGE = 1 << 28
"""Inputs of one sample that are kept in double precision, 2 GiB: many times faster than converting them in blocks."""
@dataclass(frozen=True, eq=False)
class Learner:
    """Lets `rule` learn the examples of `model`, one student per disorder sample.

    model:      a Perceptron; its potential and its kind of weights play no part, the rule has its own
    rule:       Hebb(), Rosenblatt(), PseudoInverse(), Adaline(), Adatron(), AMP(...), GradientDescent(...) of
                statmech.rules
    iterations: at most so many; a rule may stop before
    history:    keep the observables after every iteration, timeseries/<observable>
    disorder:   indices of the disorder samples of this block
    seed:       the user's seed; samples are those of MonteCarlo with the same seed

    Results: eps_t, and with a teacher R, eps_g, gap, of the student normalised to |w|^2 = n (for AMP and averages the
    mean student); kappa_min, its smallest stability; iterations.

    Example: ``Learner(Perceptron(n=101, alpha=2.0), Hebb()).rule == Hebb()``
    """

    model: Perceptron
    rule: Rule
    iterations: int = 1000
    history: bool = False
    disorder: tuple[int, ...] = (0,)
    seed: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.model, Perceptron):
            raise TypeError(f"model = {self.model!r}: expected a Perceptron")
        if not isinstance(self.rule, Rule):
            raise TypeError(f"rule = {self.rule!r}: expected a learning rule such as Hebb()")
        steps = self.iterations
        if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 1:
            raise ValueError(f"iterations = {steps!r}: expected an integer >= 1")
        check_samples(self.disorder, self.seed)

    def identity(self) -> dict[str, Any]:
        """What decides the numbers."""
        return {
            "task": "Learner",
            "model": identity(self.model, source=True),
            "rule": identity(self.rule, source=True),
            "iterations": self.iterations,
            "history": self.history,
            "disorder": list(self.disorder),
            "seed": self.seed,
        }

    @cached_property
    def _keys(self) -> list[int]:
        return self.model.disorder_keys(self.disorder, self.seed)

    @cached_property
    def _samples(self) -> list[Mapping[str, np.ndarray]]:
        return [self.model.disorder([key]) for key in self._keys]

    @cached_property
    def _converted(self) -> dict[int, np.ndarray]:
        """The examples in double precision of the sample that was worked on last."""
        return {}

    def _examples(self, k: int) -> np.ndarray:
        """Signed examples (P, n) of sample k, variance 1: double precision up to LARGE inputs, else a smaller dtype."""
        xi, unit = self._samples[k]["xi"][0], self.model.unit
        if xi.size > LARGE:
            return xi if unit == 1 else xi.astype(np.float32) * np.float32(unit)
        if k not in self._converted:
            self._converted.clear()
            self._converted[k] = xi * unit
        return self._converted[k]

    def start(self) -> State:
        """State before the first iteration: that of the rule, per sample."""
        state: State = {"iteration": np.array(0)}
        for k, key in enumerate(self._keys):
            teacher = self._samples[k]["B"][0] if "B" in self._samples[k] else None
            state |= _prefixed(k, self.rule.start(self._examples(k), key, teacher))
        return state

    def progress(self, state: State) -> tuple[int, int]:
        """(iterations done, iterations asked for); all of them once every rule has stopped."""
        finished = all(self.rule.finished(_part(state, k)) for k in range(len(self.disorder)))
        return self.iterations if finished else int(state["iteration"]), self.iterations

    def advance(self, state: State, n: int) -> State:
        """n more iterations of every sample that has not stopped."""
        n = min(n, self.iterations - int(state["iteration"]))
        new: State = {"iteration": state["iteration"] + n}
        for k in range(len(self.disorder)):
            xi, part = self._examples(k), _part(state, k)
            own = {name: part.pop(name) for name in list(part) if name.startswith("path/")}
            if not self.history:
                part = self.rule.advance(xi, part, n)
            for _ in range(n if self.history else 0):
                if self.rule.finished(part):
                    break
                part = self.rule.advance(xi, part, 1)
                for name, value in self._observe(k, part).items():
                    before = own.get(f"path/{name}", np.empty(0))
                    own[f"path/{name}"] = np.append(before, value)
            new |= _prefixed(k, part) | _prefixed(k, own)
        return new

    def _observe(self, k: int, part: State) -> dict[str, float]:
        """Observables of the students of sample k."""
        w = self.rule.students_of(part)[None, None]
        out = {name: float(x.mean()) for name, x in self.model.observe(self._samples[k], w).items()}
        return out | self.rule.measure(self._examples(k), part)

    def results(self, state: State) -> Labelled:
        """Observables per sample, and their paths if `history`."""
        parts = [_part(state, k) for k in range(len(self.disorder))]
        rows = [self._observe(k, part) for k, part in enumerate(parts)]
        for k, (row, part) in enumerate(zip(rows, parts, strict=True)):
            w = self.rule.students_of(part)[None, None]
            row["kappa_min"] = float(self.model.fields(self._samples[k], w).min(-1).mean())
            row["iterations"] = float(part["iterations"])
        out: Labelled = {"disorder": Variable(("disorder",), np.array(self.disorder))}
        for name in rows[0]:
            out[name] = Variable(("disorder",), np.array([row[name] for row in rows]))
        if self.history:
            out["iteration"] = Variable(("iteration",), np.arange(1, self.iterations + 1))
            for name in [name for name in parts[0] if name.startswith("path/")]:
                path = np.empty((self.iterations, len(parts)))
                for k, part in enumerate(parts):
                    path[: len(part[name]), k] = part[name]
                    path[len(part[name]) :, k] = part[name][-1]  # a rule that has stopped stays where it is
                label = describe(name.removeprefix("path/")).long_name
                out[f"timeseries/{name.removeprefix('path/')}"] = Variable(
                    ("iteration", "disorder"), path, {"long_name": f"history of the {label}"}
                )
        return out

    def combine(self, parts: Labelled) -> Labelled:
        """Disorder averages <obs>_mean and jackknife errors <obs>_err."""
        return averages(parts)



def _prefixed(k: int, part: State) -> State:
    return {f"{k}/{name}": value for name, value in part.items()}


def _part(state: State, k: int) -> State:
    prefix = f"{k}/"
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
