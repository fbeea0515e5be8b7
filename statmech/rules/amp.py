"""Approximate message passing for the sign channel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from statmech.random import Stream, rows
from statmech.rules.rule import Array, Rule, State, back, check_number, fields
from statmech.theory.sign_channel import nishimori_temperature, output
from statmech.theory.state_evolution import FLOOR, check_prior, check_temperature


@dataclass(frozen=True)
class AMP(Rule):
    """Marginals of the students exp(-E/T), E the number of errors, as N -> infinity; at T_N the Bayes-optimal student.

    With m the means, V = 1 - |m|^2/N the variance, and g, g' of `statmech.theory.sign_channel.output` at (V, T)::

        omega = xi.m/sqrt N - V g_last,   g = g(omega),   A = -(1/N) sum_mu g'
        h = xi^T g/sqrt N + A m
        Ising:      m = tanh h          spherical:  m = V h,  V such that |m|^2/N + V = 1

    from m = 0 (or from a given start). R, q and eps_g recorded in `history` follow `statmech.theory.state_evolution`.
    `weights` is the averaged student m. Below the AT line it does not converge; it stops when the means move by less
    than `tolerance` (root mean square), at perfect recovery (Ising: V below 1/(10 N) or 1/(number of examples)^2) or V
    = 1e-13, or after max_iterations. Inputs must be independent, of mean 0 and variance 1.

    Attributes:
        prior: "ising" or "spherical". T: temperature of the 0/1 error, >= 0; `AMP.bayes(p)` takes that of flip
            probability p. tolerance: > 0. max_iterations: >= 1.

    Source: Kabashima, J. Phys. A 36, 11111 (2003); Donoho, Maleki & Montanari, PNAS 106, 18914 (2009); Rangan,
    arXiv:1010.5141 (2010); Barbier, Krzakala, Macris, Miolane & Zdeborova, PNAS 116, 5451 (2019).

    Example: ``AMP.bayes(0.1).T == 1 / np.log(9)``
    """

    prior: str = "ising"
    T: float = 0.0
    tolerance: float = 1e-9
    max_iterations: int = 500

    def __post_init__(self) -> None:
        check_prior(self.prior)
        check_temperature(self.T)
        check_number("tolerance", self.tolerance, 0 < self.tolerance < 1, "0 < tolerance < 1, for example 1e-9")
        check_number("max_iterations", self.max_iterations, self.max_iterations >= 1, "at least 1 iteration")

    @classmethod
    def bayes(cls, p: float = 0.0, prior: str = "ising", **others: float) -> AMP:
        """The Bayes-optimal one for labels flipped with probability 0 <= p < 1/2: T = 1/ln((1-p)/p)."""
        check_number("p", p, 0 <= p < 0.5, "0 <= p < 1/2: at 1/2 the labels say nothing")
        return cls(prior, float(nishimori_temperature(p)), **others)  # type: ignore[arg-type]

    def start_at(self, xi: NDArray, m: ArrayLike, teacher: ArrayLike | None = None) -> State:
        """As `start`, from means m (N,) with |m|^2 < N: an informed start is overlap times the teacher."""
        state = self.start(xi, teacher=teacher)
        m = np.array(m, dtype=float)
        q = float(m @ m) / len(m) if m.shape == state["w"].shape else np.nan
        check_number("|m|^2/N", q, 0 <= q < 1, f"below 1, for means of shape {state['w'].shape}")
        state["w"], state["V"] = m, np.array(max(1 - q, FLOOR))
        return state

    def _prepare(self, xi: NDArray, state: State) -> None:
        state["V"] = np.array(1.0)
        state["g"] = np.zeros(len(xi))

    def _iterate(self, xi: NDArray, state: State) -> None:
        n = xi.shape[1]
        m, V = state["w"], float(state["V"])
        _, g, dg = output(fields(xi, m) - V * state["g"], V, self.T)
        h = back(xi, g) - (dg.sum() / n) * m
        if self.prior == "ising":
            new = np.tanh(h)
            d = np.exp(-2 * np.abs(h))
            V = float(np.mean(4 * d / (1 + d) ** 2))  # E sech^2: 1 - |m|^2/N would lose its digits
        else:
            V = 2 / (1 + np.sqrt(1 + 4 * float(h @ h) / n))
            new = V * h
        moved = float(np.sqrt(np.mean((new - m) ** 2)))
        state["w"], state["g"], state["V"] = new, g, np.array(max(V, FLOOR))
        # Less than 1/10 weight is uncertain. The few examples left at fields below sqrt V fix the sign of A by chance,
        # and with none of them g vanishes everywhere: going on would turn the solution over, or forget it.
        recovered = V <= FLOOR or (self.prior == "ising" and V * min(10 * n, len(xi) ** 2) < 1)
        still = moved <= self.tolerance or recovered
        state["done"] = np.array(still or int(state["iterations"]) + 1 >= self.max_iterations)

    def sample(self, state: State, count: int, key: int = 0) -> Array:
        """`count` students (count, N) float64 drawn weight by weight from the marginals.

        Mutual overlap q and teacher overlap R as for Gibbs students, but the correlations between the weights, and so
        the training error, are not theirs.

        Example: ``AMP().sample({"w": np.zeros(4), "V": np.array(1.0)}, 2).shape == (2, 4)``
        """
        m, V = state["w"], float(state["V"])
        u = rows(key, Stream.INIT, range(count), len(m))
        if self.prior == "ising":
            return np.where(u < (1 + m) / 2, 1.0, -1.0)
        return m + np.sqrt(V) * ndtri(u)
