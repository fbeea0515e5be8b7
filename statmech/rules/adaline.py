"""Adaline: gradient descent on the squared error, stopped in time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from statmech.rules.rule import Rule, State, back, check_number, fields


@dataclass(frozen=True)
class Adaline(Rule):
    """w <- w + rate sum_mu (y_mu - xi_mu.w/sqrt N) xi_mu/sqrt N from w = 0, outputs y_mu = 1 or the given targets.

    One iteration is a pass through all examples (batch gradient descent on sum_mu (y - xi.w/sqrt N)^2 / 2) and lasts
    `rate` units of the time t of `statmech.theory.linear_student.gradient_flow`; the flow is the limit of small rates.
    The generalisation error passes through a minimum: stop early or over-train. The end is `PseudoInverse`.

    Attributes:
        rate: step, 0 < rate < 2/(1 + sqrt alpha)^2 for convergence. t_max: training time, >= rate.

    Source: Widrow & Hoff, IRE WESCON Conv. Rec. 4, 96 (1960); Krogh & Hertz, J. Phys. A 25, 1135 (1992).

    Example: ``Adaline(rate=0.5, t_max=1.0).run(np.eye(3))["iterations"] == 2``
    """

    targeted = True

    rate: float = 0.05
    t_max: float = 100.0

    def __post_init__(self) -> None:
        check_number("rate", self.rate, 0 < self.rate < 2, "0 < rate < 2/(1 + sqrt alpha)^2, or it diverges")
        check_number("t_max", self.t_max, self.rate <= self.t_max < np.inf, f"a time of at least one step {self.rate}")

    @property
    def steps(self) -> int:
        """Iterations in all: t_max / rate."""
        return round(self.t_max / self.rate)

    def times(self, state: State) -> NDArray:
        """Training time t after each recorded iteration, (iterations,) float64."""
        return self.rate * np.arange(1, len(state["history"]) + 1)

    def _prepare(self, xi: NDArray, state: State) -> None:
        alpha = len(xi) / xi.shape[1]
        limit = 2 / (1 + np.sqrt(alpha)) ** 2
        check_number("rate", self.rate, self.rate < limit, f"less than 2/(1 + sqrt alpha)^2 = {limit:.4g} here")

    def _iterate(self, xi: NDArray, state: State) -> None:
        state["w"] += self.rate * back(xi, state["targets"] - fields(xi, state["w"]))
        state["done"] = np.array(int(state["iterations"]) + 1 >= self.steps)
