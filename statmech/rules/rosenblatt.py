"""Rosenblatt's perceptron rule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from statmech.random import Stream, uniform
from statmech.rules.rule import Rule, State, check_number


@dataclass(frozen=True)
class Rosenblatt(Rule):
    """The perceptron: w <- w + xi_mu / sqrt N for every example with xi_mu.w / sqrt N <= kappa |w| / sqrt N, w(0) = 0.

    One iteration is an epoch: all examples once, in an order that is a function of (key, epoch). Stops at the first
    epoch without an update (all stabilities exceed kappa) or after max_epochs: with labels that no student fits it goes
    on for ever, at a length |w| that stays bounded (perceptron cycling).

    Attributes:
        kappa: stability asked for, >= 0. max_epochs: >= 1.

    Source: Rosenblatt, Psychol. Rev. 65, 386 (1958); Minsky & Papert, Perceptrons (1969); Krauth & Mezard, J. Phys. A
    20, L745 (1987) for kappa > 0.

    Example: ``Rosenblatt().run(np.eye(3))["iterations"] == 2``
    """

    kappa: float = 0.0
    max_epochs: int = 1000

    def __post_init__(self) -> None:
        check_number("kappa", self.kappa, 0 <= self.kappa < np.inf, "a stability >= 0")
        check_number("max_epochs", self.max_epochs, self.max_epochs >= 1, "at least 1 epoch")

    def _prepare(self, xi: NDArray, state: State) -> None:
        state["updates"] = np.zeros((), dtype=np.int64)

    def _iterate(self, xi: NDArray, state: State) -> None:
        m, n = xi.shape
        w, epoch = state["w"], int(state["iterations"])
        order = np.argsort(uniform(int(state["key"]), Stream.SITES, epoch, 0, np.arange(m)), kind="stable")
        root, length, updates = np.sqrt(n), float(np.linalg.norm(w)), 0
        for mu in order:
            row = xi[mu].astype(np.float64, copy=False)
            if row @ w <= self.kappa * length:
                w += row / root
                updates += 1
                if self.kappa:
                    length = float(np.linalg.norm(w))
        state["updates"] += updates
        state["done"] = np.array(updates == 0 or epoch + 1 >= self.max_epochs)
