"""Task: the tails of spectra of heavy-tailed random matrices, sample by sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from statmech.core import Labelled, State, Variable
from statmech.random import derive_key
from statmech.spectra import ensembles
from statmech.spectra.power_law import MINIMUM_TAIL, fit_power_law
from statmech.tasks.samples import averages, check_samples, one_by_one


def _lomax(n: int, m: int, mu: float, seed: int) -> np.ndarray:
    return ensembles.pareto(n, m, mu, centred=False, seed=seed) - 1


def _signed(n: int, m: int, mu: float, seed: int) -> np.ndarray:
    W = ensembles.symmetric_pareto(n, m, mu, seed)
    return W + np.sign(W)


ENSEMBLES: dict[str, Callable[..., np.ndarray]] = {
    "pareto": partial(ensembles.pareto, centred=False),
    "lomax": _lomax,
    "centred": partial(ensembles.pareto, centred=True),
    "signed": _signed,
    "symmetric": ensembles.symmetric_pareto,
    "student": ensembles.student_t,
    "levy": ensembles.levy,
}
"""Entries with tails P(|W| > w) ~ w^-mu.  With x >= 1 Pareto: x as drawn; x - 1; either minus its mean; x and x - 1 of
either sign.  Student's t; stable (mu < 2)."""
VALUES = ("alpha", "D", "xmin", "n_tail", "alpha_rest", "lambda_max", "lambda_2")


@dataclass(frozen=True, eq=False)
class RandomMatrices:
    """Power laws of the eigenvalues of X = W^T W, W an n x m random matrix with heavy-tailed entries, n = Q m.

    ensemble:     "pareto", "lomax", "centred", "signed", "symmetric", "student" or "levy"; see ENSEMBLES
    mu:           tail exponent of the entries
    m:            columns, the number of eigenvalues
    Q:            rows per column, >= 1
    minimum_tail: fewest eigenvalues in a tail, see `fit_power_law`
    disorder:     indices of the matrices
    seed:         the user's seed

    Results per disorder: alpha, D, xmin, n_tail of the power law (NaN and 0 without a fit); alpha_rest, its exponent
    without the largest eigenvalue; lambda_max and lambda_2, the two largest eigenvalues of X (not X/n).  With averages
    and jackknife errors over matrices.

    Raises ValueError for an unknown ensemble, mu <= 0, m < 2, Q < 1, and as the ensemble does.

    Example: ``Sweep("tails", RandomMatrices("centred", m=100), grid={"mu": [1.0, 3.0]}, samples=8).run("out")``
    """

    ensemble: str = "centred"
    mu: float = 1.0
    m: int = 100
    Q: float = 1.0
    minimum_tail: int = MINIMUM_TAIL
    disorder: tuple[int, ...] = (0,)
    seed: int = 0

    def __post_init__(self) -> None:
        if self.ensemble not in ENSEMBLES:
            raise ValueError(f"ensemble = {self.ensemble!r}: expected one of {', '.join(ENSEMBLES)}")
        if not 0 < self.mu < np.inf or (self.ensemble == "levy" and self.mu >= 2):
            raise ValueError(f"mu = {self.mu!r}: expected a number > 0, below 2 for stable entries")
        if isinstance(self.m, bool) or not isinstance(self.m, int | np.integer) or self.m < 2:
            raise ValueError(f"m = {self.m!r}: expected an integer >= 2")
        if not 1 <= self.Q < np.inf:
            raise ValueError(f"Q = {self.Q!r}: expected n/m >= 1; transpose the matrix")
        check_samples(self.disorder, self.seed)

    @property
    def n(self) -> int:
        """Rows."""
        return round(self.Q * self.m)

    def identity(self) -> dict[str, Any]:
        """What decides the numbers."""
        return {
            "task": "RandomMatrices",
            "ensemble": self.ensemble,
            "mu": float(self.mu),
            "shape": [self.n, int(self.m)],
            "minimum_tail": int(self.minimum_tail),
            "disorder": list(self.disorder),
            "seed": self.seed,
        }

    def draw(self, index: int) -> np.ndarray:
        """Matrix number `index`, (n, m).

        Example: ``RandomMatrices(m=50, Q=2.0).draw(0).shape == (100, 50)``
        """
        key = derive_key("disorder", "RandomMatrices", index, self.seed)
        return ENSEMBLES[self.ensemble](self.n, int(self.m), float(self.mu), seed=key)

    def start(self) -> State:
        """No matrix yet."""
        state: State = {name: np.full(len(self.disorder), np.nan) for name in VALUES}
        return state | {"done": np.array(0)}

    def progress(self, state: State) -> tuple[int, int]:
        """(matrices done, matrices asked for)."""
        return int(state["done"]), len(self.disorder)

    def advance(self, state: State, n: int) -> State:
        """n more matrices."""
        return one_by_one(state, n, len(self.disorder), self._measure)

    def _measure(self, d: int) -> dict[str, float]:
        x = np.linalg.svd(self.draw(self.disorder[d]), compute_uv=False)[::-1] ** 2
        fit = fit_power_law(x, minimum_tail=self.minimum_tail)
        rest = fit_power_law(x[:-1], minimum_tail=self.minimum_tail)
        values = {name: getattr(fit, name) for name in ("alpha", "D", "xmin", "n_tail")}
        return {**values, "alpha_rest": rest.alpha, "lambda_max": x[-1], "lambda_2": x[-2]}

    def results(self, state: State) -> Labelled:
        """Values of every matrix; NaN where not drawn yet."""
        out: Labelled = {"disorder": Variable(("disorder",), np.array(self.disorder))}
        return out | {name: Variable(("disorder",), state[name]) for name in VALUES}

    def combine(self, parts: Labelled) -> Labelled:
        """Averages <name>_mean and jackknife errors <name>_err over the matrices."""
        return averages(parts)
