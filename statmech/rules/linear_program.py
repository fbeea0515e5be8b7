"""Is there a student without training errors? Linear programming answers exactly, yes or no."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from statmech.rules.rule import Rule, State, back


@dataclass(frozen=True)
class LinearProgram(Rule):
    """Separability: w, |w_i| <= 1, that maximises min_mu xi_mu.w/sqrt N, in one iteration (simplex, dense).

    The maximum is positive iff some student of spherical weights makes no error; the state then holds separable = True
    and w is that student (its stability is not the largest on the sphere: that is `Adatron`). Else separable = False,
    and w is the student of Hebb's rule, as an example of one with errors.

    Raises ArithmeticError where the linear program does not end.

    Source: Minsky & Papert, Perceptrons (1969); Cover, IEEE Trans. Electron. Comput. EC-14, 326 (1965) for the share of
    separable random labels, `statmech.theory.capacity_bounds`.

    Example: ``bool(LinearProgram().run(np.eye(3))["separable"])``
    """

    def _prepare(self, xi: NDArray, state: State) -> None:
        state["separable"] = np.array(False)

    def _iterate(self, xi: NDArray, state: State) -> None:
        from scipy.optimize import linprog

        m, n = xi.shape
        rows = np.hstack([-xi / np.sqrt(n), np.ones((m, 1))])  # margin - xi.w/sqrt N <= 0
        cost = np.append(np.zeros(n), -1.0)
        bounds = [(-1.0, 1.0)] * n + [(None, None)]
        found = linprog(cost, A_ub=rows, b_ub=np.zeros(m), bounds=bounds, method="highs-ds")
        if found.status != 0:
            raise ArithmeticError(f"the linear program of {m} examples and {n} weights stopped: {found.message}")
        w = found.x[:n]
        separable = bool((xi @ w > 1e-9 * np.sqrt(n)).all())
        state["separable"] = np.array(separable)
        state["w"] = w if separable else back(xi, np.ones(m))
        state["done"] = np.array(True)

    def measure(self, xi: NDArray, state: State) -> dict[str, float]:
        """stored: 1 if some student makes no error, else 0."""
        return {**super().measure(xi, state), "stored": float(state["separable"])}
