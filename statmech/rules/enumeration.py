"""The best Ising student, by trying all 2^N of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from statmech.rules.rule import Rule, State, check_number

LARGEST = 26
"""Most weights: 2^26 students, a minute."""


@dataclass(frozen=True)
class Enumeration(Rule):
    """Ising weights of largest stability min_mu xi_mu.w/sqrt N, in one iteration: the exact answer for N <= 26.

    The maximum is positive iff some w = +-1 makes no error. Of equal students the first in the order of the binary
    numbers wins.

    Source: exact finite-size study of this capacity: Krauth & Opper, J. Phys. A 22, L519 (1989).

    Example: ``Enumeration().run(np.eye(3))["w"].tolist() == [1, 1, 1]``
    """

    def _prepare(self, xi: NDArray, state: State) -> None:
        n = xi.shape[1]
        check_number("N", n, n <= LARGEST, f"at most {LARGEST} weights, or the enumeration takes hours")

    def _iterate(self, xi: NDArray, state: State) -> None:
        m, n = xi.shape
        low = min(n, 12)  # fields = those of the low weights + those of the high ones
        bits = np.arange(1 << low)[:, None] >> np.arange(low) & 1
        inner = (2 * bits - 1).astype(np.float64) @ xi[:, :low].T  # (2^low, m)
        best, winner = -np.inf, 0
        for high in range(1 << (n - low)):
            outer = (2 * (high >> np.arange(n - low) & 1) - 1) @ xi[:, low:].T
            worst = inner[:, 0] + outer[0]
            for mu in range(1, m):
                np.minimum(worst, inner[:, mu] + outer[mu], out=worst)
            k = int(worst.argmax())
            if worst[k] > best:
                best, winner = float(worst[k]), (high << low) + k
        state["w"] = (2 * (winner >> np.arange(n) & 1) - 1).astype(np.float64)
        state["done"] = np.array(True)

    def measure(self, xi: NDArray, state: State) -> dict[str, float]:
        """stored: 1 if some student makes no error, else 0."""
        return {**super().measure(xi, state), "stored": float((xi @ state["w"]).min() > 0)}
