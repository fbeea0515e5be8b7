"""The pseudo-inverse: least squares by conjugate gradients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from statmech.rules.rule import Rule, State, back, check_number, fields


@dataclass(frozen=True)
class PseudoInverse(Rule):
    """The shortest w that minimises sum_mu (y_mu - xi_mu.w/sqrt N)^2, y_mu = 1 or the given targets.

    Below alpha = 1 all examples get the field y_mu; above, it is where `Adaline` ends. One iteration is a step of
    conjugate gradients on the normal equations from w = 0, so that w stays in the span of the examples: about
    30 / |1 - 1/sqrt alpha| steps, two products with xi each and no matrix of its own; at alpha = 1 (lost student, where
    the error diverges) thousands. Stops when the gradient has fallen by `tolerance`.

    Attributes:
        tolerance: relative, > 0. max_iterations: >= 1.

    Source: Kohonen & Ruohonen, IEEE Trans. Comput. 22, 701 (1973); Personnaz, Guyon & Dreyfus, J. Phys. Lett. 46, L359
    (1985); Hestenes & Stiefel, J. Res. NBS 49, 409 (1952).

    Example: ``np.allclose(PseudoInverse().run(2 * np.eye(4))["w"], 1)``
    """

    targeted = True

    tolerance: float = 1e-9
    max_iterations: int = 20_000

    def __post_init__(self) -> None:
        check_number("tolerance", self.tolerance, 0 < self.tolerance < 1, "0 < tolerance < 1, for example 1e-9")
        check_number("max_iterations", self.max_iterations, self.max_iterations >= 1, "at least 1 iteration")

    def _prepare(self, xi: NDArray, state: State) -> None:
        gradient = back(xi, state["targets"])
        state["residual"] = state["targets"].copy()
        state["direction"] = gradient
        state["norm2"] = np.array(gradient @ gradient)
        state["first"] = state["norm2"].copy()

    def _iterate(self, xi: NDArray, state: State) -> None:
        norm2 = float(state["norm2"])
        image = fields(xi, state["direction"])
        length = float(image @ image)
        step = norm2 / length if length > 0 else 0.0
        state["w"] += step * state["direction"]
        state["residual"] -= step * image
        gradient = back(xi, state["residual"])
        new = float(gradient @ gradient)
        state["direction"] = gradient + (new / norm2 if norm2 > 0 else 0.0) * state["direction"]
        state["norm2"] = np.array(new)
        small = new <= self.tolerance**2 * float(state["first"])
        state["done"] = np.array(small or int(state["iterations"]) + 1 >= self.max_iterations)
