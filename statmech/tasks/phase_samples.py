"""Task: statistics of the spectra of random matrices whose phase is known, to fit the phase label and to try it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from statmech.core import Labelled, State, Variable
from statmech.random import derive_key
from statmech.spectra.phase import COLLAPSED
from statmech.spectra.phase_matrices import PHASES, Drawn, whole_range, within
from statmech.spectra.phase_statistics import NAMES, phase_statistics
from statmech.spectra.spectrum import Spectrum
from statmech.tasks.samples import check_samples, one_by_one

POPULATIONS = ("whole range", "margins", "second family")


@dataclass(frozen=True, eq=False)
class PhaseSamples:
    """Statistics of random matrices drawn from stated classes.

    classes:    the content of data/spectra/phase_classes.json
    population: "whole range" (any shape, between the margins too), "margins" (the six phases in turn, n = Q m), or
                "second family" (the same by the generators that calibration never sees)
    m, Q:       shape, but for "whole range"
    part:       another part has other matrices
    disorder:   indices of the matrices
    seed:       the user's seed

    Results per disorder: statistics (statistic, disorder), see `phase_statistics`, NaN but for zeros where a layer is
    Rank-collapse by its zeros; phase, index into PHASES; between, does it lie between the margins; rows and columns.

    Eigenvalues are those of W^T W, not squared singular values: several times faster, and exact to 1e-16 lambda_max,
    below which they count as zero here.

    Raises ValueError for an unknown population, m < 20 or Q < 1.

    Example: ``Sweep("phases", PhaseSamples(classes, "margins"), samples=600, block=60).run("out")``
    """

    classes: Mapping[str, Any] = field(default_factory=dict)
    population: str = "margins"
    m: int = 200
    Q: float = 1.5
    part: int = 0
    disorder: tuple[int, ...] = (0,)
    seed: int = 0

    def __post_init__(self) -> None:
        if self.population not in POPULATIONS:
            raise ValueError(f"population = {self.population!r}: expected one of {', '.join(POPULATIONS)}")
        if isinstance(self.m, bool) or not isinstance(self.m, int | np.integer) or self.m < 20:
            raise ValueError(f"m = {self.m!r}: expected an integer >= 20, the smallest that gets a label")
        if not 1 <= self.Q < np.inf:
            raise ValueError(f"Q = {self.Q!r}: expected n/m >= 1; transpose the matrix")
        check_samples(self.disorder, self.seed)

    def identity(self) -> dict[str, Any]:
        """What decides the numbers."""
        return {
            "task": "PhaseSamples",
            "classes": self.classes,
            "population": self.population,
            "shape": [int(self.m), float(self.Q)],
            "part": self.part,
            "disorder": list(self.disorder),
            "seed": self.seed,
        }

    def draw(self, index: int) -> Drawn:
        """Matrix number `index`."""
        key = derive_key("disorder", "PhaseSamples", self.population, self.part, index, self.seed)
        if self.population == "whole range":
            return whole_range(self.classes, key)
        phase, n = PHASES[index % len(PHASES)], round(self.Q * self.m)
        return within(self.classes, phase, n, int(self.m), key, second=self.population == "second family")

    def start(self) -> State:
        """No matrix yet."""
        count = len(self.disorder)
        state: State = {"statistics": np.full((count, len(NAMES)), np.nan), "done": np.array(0)}
        return state | {name: np.full(count, -1) for name in ("phase", "between", "rows", "columns")}

    def progress(self, state: State) -> tuple[int, int]:
        """(matrices done, matrices asked for)."""
        return int(state["done"]), len(self.disorder)

    def advance(self, state: State, n: int) -> State:
        """n more matrices."""
        return one_by_one(state, n, len(self.disorder), self._measure)

    def _measure(self, d: int) -> dict[str, Any]:
        drawn = self.draw(self.disorder[d])
        n, m = drawn.W.shape
        x = np.asarray(np.linalg.eigvalsh(drawn.W.T @ drawn.W), np.float64)
        x[x < m * np.finfo(float).eps * x[-1]] = 0
        spectrum = Spectrum(x, n, m)
        values = np.full(len(NAMES), np.nan)
        values[0] = 1 - spectrum.rank / m
        if values[0] <= COLLAPSED:
            values[:] = list(phase_statistics(spectrum).values())
        phase = PHASES.index(drawn.phase)
        return {"statistics": values, "phase": phase, "between": drawn.between, "rows": n, "columns": m}

    def results(self, state: State) -> Labelled:
        """Values of every matrix; NaN and -1 where not drawn yet."""
        out: Labelled = {
            "disorder": Variable(("disorder",), np.array(self.disorder)),
            "statistic": Variable(("statistic",), np.array(NAMES, object)),
            "statistics": Variable(("statistic", "disorder"), state["statistics"].T),
        }
        return out | {name: Variable(("disorder",), state[name]) for name in ("phase", "between", "rows", "columns")}
