"""Hebb's rule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from statmech.rules.rule import Rule, State, back


@dataclass(frozen=True)
class Hebb(Rule):
    """w = sum_mu xi_mu / sqrt N, in one iteration.

    Theory: `statmech.theory.learning_curves.hebb`. Source: Hebb, The Organization of Behavior (1949); Vallet, Europhys.
    Lett. 8, 747 (1989).

    Example: ``Hebb().weights(Hebb().run(np.ones((2, 4)))) == np.ones(4)``
    """

    def _iterate(self, xi: NDArray, state: State) -> None:
        state["w"] = back(xi, np.ones(len(xi)))
        state["done"] = np.array(True)
