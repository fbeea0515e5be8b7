"""Gradient descent on the sphere: the dynamics whose early stopping is compared with a temperature."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from statmech.potentials import POTENTIALS, Potential
from statmech.random import Stream, normals
from statmech.rules.rule import Array, Rule, State, back, check_number, fields

CURVATURE = {"quadratic": 1.0, "logistic": 0.25}
"""Largest V'': it bounds the step."""


@dataclass(frozen=True)
class GradientDescent(Rule):
    r"""Projected gradient descent of E(w) = sum_mu V(xi_mu.w/sqrt N - kappa) on the sphere |w|^2 = N, no noise.

    .. math:: w \leftarrow \sqrt N\, (w - \eta\, g_\perp)/|w - \eta\, g_\perp|, \qquad
              g_\perp = g - w\,(g \cdot w)/N, \quad g = \nabla E

    from `students` independent uniform starts (functions of the key). An iteration lasts `rate` units of the time of
    the flow dw/dt = -g_perp. Stops at t_max, or when the root mean square of g_perp is below `tolerance` in all.

    Attributes:
        potential: name of a smooth potential, "quadratic", "logistic" or "hinge", or a Potential with a derivative.
        kappa: margin. rate: step eta > 0, below 2/V''/(1 + sqrt alpha)^2 (checked for "quadratic" and
            "logistic").
        t_max: training time, >= rate. students: number of starts >= 1. tolerance: >= 0.

    Source: the energies are those of Griniasty & Gutfreund, J. Phys. A 24, 715 (1991).

    Example: ``GradientDescent(rate=0.5, t_max=1.0).run(np.eye(3))["iterations"] == 2``
    """

    potential: str | Potential = "quadratic"
    kappa: float = 1.0
    rate: float = 0.05
    t_max: float = 100.0
    students: int = 2
    tolerance: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.potential, Potential) and self.potential not in POTENTIALS:
            raise ValueError(f"potential = {self.potential!r}: expected one of {', '.join(POTENTIALS)} or a Potential")
        if self.V.derivative is None:
            raise ValueError(f"potential = {self.potential!r} has no gradient: take a smooth one, such as 'logistic'")
        check_number("kappa", self.kappa, bool(np.isfinite(self.kappa)), "a finite margin")
        check_number("rate", self.rate, 0 < self.rate < np.inf, "a step > 0")
        check_number("t_max", self.t_max, self.rate <= self.t_max < np.inf, f"a time of at least one step {self.rate}")
        check_number("students", self.students, self.students >= 1, "at least 1 start")
        check_number("tolerance", self.tolerance, 0 <= self.tolerance < np.inf, "a gradient >= 0")

    @property
    def V(self) -> Potential:
        """The potential V(u)."""
        return self.potential if isinstance(self.potential, Potential) else POTENTIALS[self.potential]

    @property
    def steps(self) -> int:
        """Iterations in all: t_max / rate."""
        return round(self.t_max / self.rate)

    def _prepare(self, xi: NDArray, state: State) -> None:
        m, n = xi.shape
        if self.potential in CURVATURE:  # type: ignore[comparison-overlap]
            limit = 2 / (CURVATURE[str(self.potential)] * (1 + np.sqrt(m / n)) ** 2)
            check_number("rate", self.rate, self.rate < limit, f"less than 2/V''/(1 + sqrt alpha)^2 = {limit:.4g} here")
        start = normals(int(state["key"]), Stream.INIT, range(self.students), n).astype(float)
        state["W"] = start * np.sqrt(n / (start**2).sum(1))[:, None]
        state["w"] = state["W"][0].copy()

    def _iterate(self, xi: NDArray, state: State) -> None:
        slope = self.V.derivative
        assert slope is not None
        n, largest = xi.shape[1], 0.0
        for w in state["W"]:
            g = back(xi, np.asarray(slope(fields(xi, w) - self.kappa), dtype=float))
            g -= w * (g @ w / n)
            largest = max(largest, float(np.sqrt(g @ g / n)))
            w -= self.rate * g
            w *= np.sqrt(n / (w @ w))
        state["w"] = state["W"][0].copy()
        state["done"] = np.array(largest < self.tolerance or int(state["iterations"]) + 1 >= self.steps)

    def students_of(self, state: State) -> Array:
        """All students (students, N), |w|^2 = N."""
        return state["W"]

    def measure(self, xi: NDArray, state: State) -> dict[str, float]:
        """e = E/N, averaged over the students, and q, their mean mutual overlap (with one student: |w|^2/N = 1)."""
        W = state["W"]
        K, n = W.shape
        e = np.mean([np.sum(self.V.value(fields(xi, w) - self.kappa)) for w in W]) / n
        q = 1.0 if K == 1 else ((W @ W.T).sum() - n * K) / (n * K * (K - 1))
        return {"e": float(e), "q": float(q)}
