"""AdaTron: the student of maximum stability."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from statmech.rules.rule import Array, Rule, State, back, check_number, fields

PERIOD = 5
"""Of five iterations the first visits all examples, three those with x_mu > 0, the last is a Newton step on these."""


class Stability(NamedTuple):
    """reached <= largest possible <= bound: stabilities min_mu xi_mu.w/|w| in the units of an input."""

    reached: float
    bound: float


@dataclass(frozen=True)
class Adatron(Rule):
    """Maximum stability: w = sum_mu x_mu xi_mu/sqrt N, xi_mu.w/sqrt N = 1 where x_mu > 0 and >= 1 where x_mu = 0.

    Dual ascent on sum_mu x_mu - |w|^2/2, one example after the other:
    x_mu <- max(0, x_mu + rate (1 - xi_mu.w/sqrt N) N/|xi_mu|^2), which converges for 0 < rate < 2, slowly where there
    are almost N support vectors (x_mu > 0). So of every five iterations the first is a sweep through all examples,
    three are sweeps through the support vectors, and the last is a damped Newton step on these, taken as far as the
    dual rises. Stops when all conditions above hold to `tolerance` after a sweep through all, or after max_iterations.

    Labels that no student fits (noise, beyond alpha_c(p)): the x_mu then grow without end while w wanders in a bounded
    region without converging (`certificate(...).bound` -> 0 tells); a finite `ceiling` x_mu <= C gives the soft margin
    instead, the unique minimum of |w|^2/2 + C sum_mu max(0, 1 - xi_mu.w/sqrt N), the hinge loss with weight decay.

    Attributes:
        rate: over-relaxation, 0 < rate < 2. ceiling: C > 0, infinite for the hard margin. tolerance: > 0.
        max_iterations: >= 1.

    Theory: `statmech.theory.learning_curves.max_stability`. Source: Anlauf & Biehl, Europhys. Lett. 10, 687 (1989);
    Krauth & Mezard, J. Phys. A 20, L745 (1987); Cortes & Vapnik, Mach. Learn. 20, 273 (1995) for the soft margin.

    Example: ``np.allclose(Adatron().run(2 * np.eye(4))["w"], 1)``
    """

    rate: float = 1.5
    ceiling: float = np.inf
    tolerance: float = 1e-4
    max_iterations: int = 20_000

    def __post_init__(self) -> None:
        check_number("rate", self.rate, 0 < self.rate < 2, "0 < rate < 2")
        check_number("ceiling", self.ceiling, self.ceiling > 0, "C > 0, infinite for the hard margin")
        check_number("tolerance", self.tolerance, 0 < self.tolerance < 1, "0 < tolerance < 1, for example 1e-4")
        check_number("max_iterations", self.max_iterations, self.max_iterations >= 1, "at least 1 iteration")

    def _prepare(self, xi: NDArray, state: State) -> None:
        state["x"] = np.zeros(len(xi))
        state["damping"] = np.array(0.1)
        state["length2"] = np.array([np.sum(np.square(row, dtype=np.float64)) for row in xi]) / xi.shape[1]

    def _iterate(self, xi: NDArray, state: State) -> None:
        x, w, length2 = state["x"], state["w"], state["length2"]
        t = int(state["iterations"])
        done = False
        if t % PERIOD == PERIOD - 1:
            self._solve(xi, state)
        else:
            self._sweep(xi, x, w, length2, range(len(xi)) if t % PERIOD == 0 else np.flatnonzero(x > 0))
        if t % PERIOD == 0:
            w[:] = back(xi, x)  # rounding does not pile up
            done = self.violation(xi, state) <= self.tolerance
        state["done"] = np.array(done or t + 1 >= self.max_iterations)

    def _sweep(self, xi: NDArray, x: Array, w: Array, length2: Array, order: Iterable[int]) -> None:
        root = np.sqrt(xi.shape[1])
        for mu in order:
            if length2[mu] == 0:
                continue
            row = xi[mu].astype(np.float64, copy=False)
            gap = 1 - float(row @ w) / root
            new = min(max(x[mu] + self.rate * gap / length2[mu], 0.0), self.ceiling)
            if new != x[mu]:
                w += row * ((new - x[mu]) / root)
                x[mu] = new

    def _solve(self, xi: NDArray, state: State) -> None:
        """Newton step of the dual on the support vectors, damped by |x' - x|^2 damping/2 as Levenberg and Marquardt."""
        x, w, damping, n = state["x"], state["w"], float(state["damping"]), xi.shape[1]
        free = np.flatnonzero((x > 0) & (x < self.ceiling))
        if len(free) == 0:
            return
        rows = xi[free].astype(np.float64, copy=False)
        gap = 1 - fields(rows, w)
        wide = len(free) <= n  # the smaller of rows rows^T/n and rows^T rows/n is inverted
        matrix = (rows @ rows.T if wide else rows.T @ rows) / n
        matrix[np.diag_indices_from(matrix)] += damping
        factor = cho_factor(matrix, lower=True, overwrite_a=True, check_finite=False)
        if wide:
            step = cho_solve(factor, gap, check_finite=False)
        else:
            step = (gap - fields(rows, cho_solve(factor, back(rows, gap), check_finite=False))) / damping
        before = x[free]
        for share in (1.0, 0.5, 0.25, 0.1, 0.03):
            after = np.clip(before + share * step, 0.0, self.ceiling)
            moved = w + back(rows, after - before)
            rise = float(np.sum(after - before)) - 0.5 * float((moved - w) @ (moved + w))
            if rise > 0:
                x[free], w[:] = after, moved
                break
            share = 0.0
        state["damping"] = np.array(min(max(damping * (0.3 if share > 0.5 else 3.0), 1e-9), 1.0))

    def violation(self, xi: NDArray, state: State) -> float:
        """Largest violation of the conditions of the optimum, in units of the margin 1 (0 at the optimum)."""
        x, h = state["x"], fields(xi, state["w"])
        low = np.where(x < self.ceiling, np.maximum(1 - h, 0), 0)  # could grow
        high = np.where(x > 0, np.maximum(h - 1, 0), 0)  # could shrink
        return float(np.maximum(low, high).max())

    def certificate(self, xi: NDArray, state: State) -> Stability:
        """The stability reached, and the bound that no student can exceed (weak duality: |w|_dual / sum_mu x_mu)."""
        w, total = state["w"], float(state["x"].sum())
        length = float(np.linalg.norm(w))
        if total == 0 or length == 0:
            return Stability(-np.inf, np.inf)
        scale = np.sqrt(xi.shape[1])
        return Stability(float(fields(xi, w).min()) * scale / length, length * scale / total)
