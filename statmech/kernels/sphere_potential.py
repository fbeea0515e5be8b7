"""How a potential of spherical weights comes to the kernels: by name, or as cubics on a grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from statmech.potentials import POTENTIALS
from statmech.problems import SphereProblem

ERROR, HINGE, QUADRATIC, TABLE = 0, 1, 2, 3
BY_NAME = {"error": ERROR, "hinge": HINGE, "quadratic": QUADRATIC}
TOLERANCE = 1e-9
KNOTS = 1 << 17  # at most


@dataclass(frozen=True, eq=False)
class KernelPotential:
    """V(u) for the kernels: kind, and for TABLE the cubics table (L, 4) in t on [low + k spacing, low + (k+1) spacing].

    The 0/1 error, the hinge and the quadratic potential of potentials.POTENTIALS are recognised by the identity of
    their function and computed as they are.  Any other value function is laid out on |u| <= largest, which no field
    leaves: by cubic Hermite interpolation if there is a derivative, linearly if not, on a grid that is refined until
    the middle of every interval is within 1e-9 (1 + |V|) of V, or has KNOTS intervals: a kink or a step of the user's
    own function is then smeared over one spacing, largest / 65536.
    """

    kind: int
    table: np.ndarray
    low: float = 0.0
    spacing: float = 1.0

    def __call__(self, u: np.ndarray) -> np.ndarray:
        """V(u) as the kernels compute it (TABLE only)."""
        x = (np.asarray(u, float) - self.low) / self.spacing
        knot = x.astype(np.int64)
        t = x - knot
        c = self.table[knot]
        return c[..., 0] + t * (c[..., 1] + t * (c[..., 2] + t * c[..., 3]))


def kernel_potential(problem: SphereProblem, largest: float) -> KernelPotential:
    """V on |u| <= largest for the kernels.  Raises ValueError for values that are not finite there.

    Example: ``kernel_potential(SphereProblem(xi, POTENTIALS["error"].value), 9.0).kind == ERROR``
    """
    for name, kind in BY_NAME.items():
        if problem.value is POTENTIALS[name].value:
            return KernelPotential(kind, np.zeros((1, 4)))
    count = 256
    while True:
        found = _cubics(problem, largest, count)
        middle = -largest + (np.arange(count) + 0.5) * found.spacing
        exact = _evaluate(problem.value, middle)
        if (np.abs(found(middle) - exact) <= TOLERANCE * (1 + np.abs(exact))).all() or count >= KNOTS:
            return found
        count *= 2


def _cubics(problem: SphereProblem, largest: float, count: int) -> KernelPotential:
    """`count` intervals on [-largest, largest], and one more for rounding at the end."""
    spacing = 2 * largest / count
    knots = -largest + np.arange(count + 2) * spacing
    V = _evaluate(problem.value, knots)
    step = V[1:] - V[:-1]
    if problem.derivative is None:
        left = right = step
    else:
        slope = _evaluate(problem.derivative, knots) * spacing
        left, right = slope[:-1], slope[1:]
    table = np.stack([V[:-1], left, 3 * step - 2 * left - right, left + right - 2 * step], axis=-1)
    return KernelPotential(TABLE, np.ascontiguousarray(table), -largest, spacing)


def _evaluate(function, u: np.ndarray) -> np.ndarray:
    V = np.asarray(function(u), float)
    if V.shape != u.shape or not np.isfinite(V).all():
        raise ValueError(
            f"the potential gives shape {V.shape} with {np.size(V) - np.isfinite(V).sum()} values not finite for "
            f"{u.size} values of u in [{u[0]:.4g}, {u[-1]:.4g}]: expected one finite number each"
        )
    return V
