"""Task: students of several independent relabellings of the same inputs and teacher."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from statmech.core import Labelled, Sampler, State, Variable
from statmech.models.perceptron import Perceptron
from statmech.samplers.tempering import Tempering
from statmech.spec import identity
from statmech.stats.jackknife import jackknife
from statmech.tasks.landscape import descend, errors, path, valleys
from statmech.tasks.montecarlo import MonteCarlo

BINS = np.linspace(-1.025, 1.025, 42)


@dataclass(frozen=True, eq=False)
class Relabelled:
    """Students of `labellings` relabellings of the examples of `model`, sampled by `sampler` on the ladder T.

    model:      a Perceptron with teacher or random labels; its `relabelling` runs from 0 to labellings - 1
    sampler:    one that reaches equilibrium, such as Tempering(); two students (replicas) per labelling
    T, sweeps, disorder, seed: as in MonteCarlo.  Snapshots of the last half, `every` sweeps apart, give the overlaps
    enumerate_up_to: all 2^N Ising students are visited for N up to this, for every labelling

    Results, per temperature: q_same, q_other, overlaps of two students of one labelling and of two, P_same, P_other
    their distributions, status (the worst of the labellings).  Per sample, averaged over the labellings, for students
    of the coldest rung (Ising: after a descent to a one-flip minimum), as shares of the examples: climb_same,
    climb_other, how far E of a student's own labelling rises above the lower end on a path to a student of the same or
    of another labelling; eps_own, eps_foreign, training error on its own and on another labelling; minimum, share of
    the students of another labelling that sit in a one-flip minimum (Ising); eps_least, least error met; valleys,
    ln_valleys, eps_exact: see `landscape.valleys`.

    Example: ``Relabelled(Perceptron(n=21, alpha=1.0, r=1.0), T=(0.5, 1.0)).labellings == 3``
    """

    model: Perceptron
    sampler: Sampler = Tempering()
    T: tuple[float, ...] = (0.5, 1.0)
    labellings: int = 3
    sweeps: int = 512
    every: int = 4
    enumerate_up_to: int = 0
    disorder: tuple[int, ...] = (0,)
    seed: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.model, Perceptron):
            raise TypeError(f"model = {self.model!r}: expected a Perceptron")
        if self.labellings < 2 or self.every < 1:
            raise ValueError(
                f"labellings = {self.labellings}, every = {self.every}: expected at least 2 labellings, every >= 1"
            )
        self.tasks  # noqa: B018  refuse a ladder, a sampler or a length that does not fit before anything runs

    @cached_property
    def tasks(self) -> list[MonteCarlo]:
        """The sampling of every labelling."""
        return [
            MonteCarlo(replace(self.model, relabelling=k), self.sampler, self.T, replicas=2, sweeps=self.sweeps,
                       measure_every=self.every, disorder=self.disorder, seed=self.seed)
            for k in range(self.labellings)
        ]  # fmt: skip

    def identity(self) -> dict[str, Any]:
        """What decides the numbers."""
        names = ("model", "sampler", "T", "labellings", "every", "enumerate_up_to", "disorder", "seed")
        return {"task": "Relabelled"} | {k: identity(getattr(self, k), source=True) for k in names}

    def start(self) -> State:
        """States of all labellings, and empty histograms."""
        state = {f"{k}/{name}": v for k, task in enumerate(self.tasks) for name, v in task.start().items()}
        shape = (len(self.T), len(self.disorder), len(BINS) - 1)
        least = np.full((len(self.disorder), self.labellings), np.inf)
        return state | {"same": np.zeros(shape), "other": np.zeros(shape), "sums": np.zeros((2, *shape[:2])),
                        "least": least, "sweep": np.array(0)}  # fmt: skip

    def progress(self, state: State) -> tuple[int, int]:
        """(sweeps done, sweeps asked for)."""
        return int(state["sweep"]), self.sweeps

    def parts(self, state: State) -> list[State]:
        """The state of every labelling."""
        return [{name.removeprefix(f"{k}/"): v for name, v in state.items() if name.startswith(f"{k}/")}
                for k in range(self.labellings)]  # fmt: skip

    def students(self, part: State) -> np.ndarray:
        """Weights (D, T, K, N) by temperature."""
        own = {name.removeprefix("random/sampler/"): v for name, v in part.items() if "/sampler/" in name}
        return np.asarray(self.sampler.arrange(own, part["random/s"]), float)

    def advance(self, state: State, n: int) -> State:
        """n more sweeps of every labelling, at least one snapshot."""
        state = {name: np.array(value) for name, value in state.items()}
        end = min(int(state["sweep"]) + max(n, self.every), self.sweeps)
        parts = self.parts(state)
        while (done := int(state["sweep"])) + self.every <= end:
            parts = [task.advance(part, self.every) for task, part in zip(self.tasks, parts)]
            state["sweep"] = np.array(done + self.every)
            if 2 * done >= self.sweeps:
                self.snapshot(state, [self.students(part) for part in parts])
        return state | {f"{k}/{name}": v for k, part in enumerate(parts) for name, v in part.items()}

    def snapshot(self, state: State, s: list[np.ndarray]) -> None:
        """Add the overlaps of students of one labelling and of two; keep the least number of errors met."""
        def q(a, b):
            return (a * b).mean(-1).T  # (T, D)

        same = [q(x[:, :, 0], x[:, :, 1]) for x in s]
        other = [q(s[k][:, :, i], s[j][:, :, i]) for k in range(len(s)) for j in range(k) for i in (0, 1)]
        for row, (name, values) in enumerate((("same", same), ("other", other))):
            state["sums"][row] += np.mean(values, 0)
            for value in values:
                t, d = np.indices(value.shape)
                np.add.at(state[name], (t, d, np.clip(np.digitize(value, BINS) - 1, 0, len(BINS) - 2)), 1.0)
        for k, (x, task) in enumerate(zip(s, self.tasks)):
            low = task.model.energy(task._disorder, x).min((1, 2))
            state["least"][:, k] = np.minimum(state["least"][:, k], low)

    def results(self, state: State) -> Labelled:
        """Overlaps per temperature, and per sample what the coldest students and the landscape say."""
        snapshots = max(1, (self.sweeps // 2) // self.every)
        parts = self.parts(state)
        own = [task.results(part) for task, part in zip(self.tasks, parts)]
        status = np.max([x["status"].data for x in own], 0)
        out = {
            "T": Variable(("T",), np.array(self.T)),
            "disorder": Variable(("disorder",), np.array(self.disorder)),
            "overlap_bin": Variable(("overlap_bin",), (BINS[1:] + BINS[:-1]) / 2),
            "status": replace(own[0]["status"], data=status),
        }
        for row, name in enumerate(("same", "other")):
            out[f"q_{name}"] = Variable(("T", "disorder"), state["sums"][row] / snapshots)
            total = np.maximum(state[name].sum(-1, keepdims=True), 1)
            out[f"P_{name}"] = Variable(("T", "disorder", "overlap_bin"), state[name] / total / (BINS[1] - BINS[0]))
        cold = [self.students(part)[:, 0] for part in parts]
        rows = [self.sample(d, [x[d] for x in cold], state["least"][d]) for d in range(len(self.disorder))]
        return out | {name: Variable(("disorder",), np.array([row[name] for row in rows])) for name in rows[0]}

    def sample(self, d: int, cold: list[np.ndarray], least: np.ndarray) -> dict[str, float]:
        """Paths between the quenched students cold[labelling] (K, N) of one sample, shares of examples."""
        ising, P = self.model.weights == "ising", self.model.P
        xi = [np.asarray(task._disorder["xi"][d], float) for task in self.tasks]
        if ising:
            cold = [np.array([descend(x, s) for s in w]) for x, w in zip(xi, cold)]
        out: dict[str, list] = {name: [] for name in ("climb_same", "climb_other", "eps_own", "eps_foreign", "minimum")}
        for k, x in enumerate(xi):
            out["eps_own"] += [errors(x, cold[k][0]) / P]
            for name, ends in (("same", [cold[k][1]]), ("other", [cold[j][0] for j in range(len(xi)) if j != k])):
                for end in ends:
                    E = path(x, cold[k][0], end, ising)
                    out[f"climb_{name}"] += [(E.max() - min(E[0], E[-1])) / P]
                    if name == "other":
                        out["eps_foreign"] += [E[-1] / P]
                        out["minimum"] += [float(ising and errors(x, descend(x, end)) == E[-1])]
        row = {name: float(np.mean(values)) for name, values in out.items()}
        row["eps_least"] = float(np.mean([min(low, *errors(x, w)) for low, x, w in zip(least, xi, cold)]) / P)
        enumerated = ising and self.model.n <= self.enumerate_up_to
        exact = np.array([valleys(x) for x in xi] if enumerated else [(np.nan, np.nan)])
        row["valleys"], row["eps_exact"] = float(exact[:, 0].mean()), float(exact[:, 1].mean() / P)
        return row | {"ln_valleys": float(np.log(exact[:, 0]).mean())}

    def combine(self, parts: Labelled) -> Labelled:
        """Disorder averages <obs>_mean and jackknife errors <obs>_err."""
        out: Labelled = {}
        for name, v in parts.items():
            if "disorder" in v.dims and name not in ("disorder", "status"):
                mean, error = jackknife(v.data, axis=v.dims.index("disorder"))
                dims = tuple(dim for dim in v.dims if dim != "disorder")
                out[f"{name}_mean"], out[f"{name}_err"] = Variable(dims, mean), Variable(dims, error)
        return out
