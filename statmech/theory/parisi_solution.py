"""Full replica-symmetry breaking: the K-step Parisi functional at its maximum, extrapolated in K.

Because the functional is stationary, f and e = d(bf)/db carry errors of order K^-4 only; int q dx and q_EA converge
as K^-2. Three values of K give the limit: f to about 1e-8 at T >= 0.1 and 1e-7 at T = 0.

Source: Parisi, J. Phys. A 13, 1101 (1980); Crisanti & Rizzo, Phys. Rev. E 65, 046137 (2002); order K^-4: Oppermann,
Schmidt & Sherrington, Phys. Rev. Lett. 98, 127201 (2007).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from statmech.theory.mixture import Mixture, check_temperature
from statmech.theory.parisi import functional
from statmech.theory.parisi_newton import climb

Array = NDArray[np.float64]

STEPS = {"warm": (3, 4, 6), "cold": (6, 8, 12)}  # from T = 0.3 of the scale of the couplings on, fewer steps do


@dataclass(frozen=True)
class Breaking:
    """A solution with K steps. q: (K+1,) overlaps, q[0] = 0 without a field; Y: (K,) breakpoints over T.

    f, e, s: free energy, energy, entropy per spin (k_B = 1; s = 0 at T = 0, where e = f). m: magnetisation.
    q_mean, q2_mean: int q dx, int q^2 dx. residual: largest logarithmic derivative of f left.
    """

    T: float
    h: float
    q: Array
    Y: Array
    f: float
    e: float
    s: float
    m: float
    q_mean: float
    q2_mean: float
    residual: float

    @property
    def x(self) -> Array:
        """Breakpoints x_1 .. x_K."""
        return self.T * self.Y

    @property
    def q_EA(self) -> float:
        """Largest overlap, that of two replicas in one state."""
        return float(self.q[-1])

    @property
    def weights(self) -> Array:
        """P(q): the weights (K+1,) of the overlaps q, which sum to 1."""
        return np.diff(np.concatenate([[0.0], self.x, [1.0]]))

    def q_of_x(self, x: ArrayLike) -> Array:
        """The continuous order parameter q(x), 0 <= x <= 1, drawn through the middles of the steps.

        Example: ``full_rsb(2, 0.5).finest.q_of_x(1.0)``
        """
        at = np.concatenate([[0.0], 0.5 * (self.x[:-1] + self.x[1:]), [1.5 * self.x[-1] - 0.5 * self.x[-2:].min()]])
        return np.interp(np.asarray(x, float), at, self.q)

    def P_q(self, edges: ArrayLike) -> Array:
        """Density of the overlap in bins, as a simulation without a field measures it: even in q.

        Args: edges: (B+1,) increasing, within [-1, 1]. Returns: float64 (B,). Raises: ValueError with a field.

        Example: ``full_rsb(2, 0.5).finest.P_q(np.linspace(-1, 1, 41))``
        """
        if self.h != 0:
            raise ValueError(f"h = {self.h}: the sign of q is fixed in a field; take q_of_x and weights")
        edge = np.asarray(edges, float)
        x = np.linspace(0, 1, 20001)
        q = np.concatenate([self.q_of_x(x), -self.q_of_x(x)])
        return np.histogram(q, edge)[0] / (len(q) * np.diff(edge))


@dataclass(frozen=True)
class FullRSB:
    """The limit K -> infinity of f, e, s, m, q_mean, q2_mean, q_EA (fields as in Breaking), and the finest solution.

    error: change of f by the last extrapolation step, an upper bound of its error in practice.
    """

    T: float
    h: float
    f: float
    e: float
    s: float
    m: float
    q_mean: float
    q2_mean: float
    q_EA: float
    error: float
    finest: Breaking


def _state(mix: Mixture, q: Array, Y: Array, T: float, h: float, residual: float) -> Breaking:
    value = functional(mix, q, Y, T, h)
    dY = np.diff(np.concatenate([[0.0], Y]))

    def mean(g: Array) -> float:  # int g(q(x)) dx
        return float(g[-1] + T * (dY @ g[:-1] - Y[-1] * g[-1]))

    s = 0.0
    if T > 0:  # -df/dT at fixed q and Y: less sensitive to what is left of the derivatives than e - f
        d = 1e-4 * T
        s = -(functional(mix, q, Y, T + d, h).f - functional(mix, q, Y, T - d, h).f) / (2 * d)
    return Breaking(T, h, q, Y, value.f, value.f + T * s, s, value.m, mean(q), mean(q * q), residual)


def _inputs(p: int | Mapping[int, float] | Mixture, T: float, h: float) -> tuple[Mixture, float, float]:
    t = check_temperature(T)
    if t.ndim or not np.isfinite(h) or h < 0:
        raise ValueError(f"T = {T!r}, h = {h!r}: expected one temperature T >= 0 and one field h >= 0")
    return Mixture.of(p), float(t), float(h)


@lru_cache(maxsize=512)
def _solve(mix: Mixture, T: float, h: float, steps: tuple[int, ...]) -> tuple[Breaking, ...]:
    return tuple(_state(mix, q, Y, T, h, r) for q, Y, r in climb(mix, T, h, steps).values())


def k_step(p: int | Mapping[int, float] | Mixture, T: float, h: float = 0.0, K: int = 6) -> Breaking:
    """Replica symmetry broken K times, Ising spins: the maximum of the Parisi functional.

    Args:
        p: 2 for SK, p for a pure p-spin, {p: squared strength} for a mixture. T >= 0 below the instability of the
            replica-symmetric solution, h >= 0 uniform field (k_B = 1). K: steps, 1 to 16.

    Raises:
        ValueError: arguments out of range. ArithmeticError: no such solution found (above a transition).

    Source: Parisi, J. Phys. A 13, L115 (1980).

    Example:
        >>> round(k_step(2, 0.5, K=2).f, 8)
        -0.79118822
    """
    mix, t, field = _inputs(p, T, h)
    if isinstance(K, bool) or not isinstance(K, int | np.integer) or not 1 <= K <= 16:
        raise ValueError(f"K = {K!r} is not valid, expected an integer from 1 to 16, the steps of symmetry breaking")
    return _solve(mix, t, field, (int(K),))[0]


def _limit(steps: tuple[int, ...], values: list[float], powers: tuple[int, ...]) -> float:
    A = np.array([[1.0, *(float(K) ** -p for p in powers)] for K in steps])
    return float(np.linalg.solve(A, values)[0])


def full_rsb(p: int | Mapping[int, float] | Mixture, T: float, h: float = 0.0) -> FullRSB:
    """Full replica-symmetry breaking for Ising spins: three K up to 12 extrapolated with K^-4, K^-5 (q: K^-2, K^-4).

    Arguments, errors: as `k_step`. T must lie below the transition to full breaking (SK: the AT line; p >= 3: the
    Gardner temperature). Takes a second or two; results are kept.

    Source: Crisanti & Rizzo, Phys. Rev. E 65, 046137 (2002).

    Example:
        >>> round(full_rsb(2, 0.5).f, 7)
        -0.7911776
    """
    mix, t, field = _inputs(p, T, h)
    steps = STEPS["warm" if t * t > 0.18 * mix.xi(1.0) else "cold"]
    b = _solve(mix, t, field, steps)
    out = {n: _limit(steps, [getattr(x, n) for x in b], (4, 5)) for n in ("f", "e", "s", "m", "q2_mean")}
    out |= {n: _limit(steps, [getattr(x, n) for x in b], (2, 4)) for n in ("q_mean", "q_EA")}
    rough = _limit(steps[1:], [x.f for x in b[1:]], (4,))
    return FullRSB(t, field, **out, error=abs(out["f"] - rough), finest=b[-1])
