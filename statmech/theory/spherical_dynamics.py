"""Langevin dynamics of the spherical p-spin model for N -> infinity, integrated numerically.

ds_i/dt = -mu(t) s_i - dH/ds_i + noise of variance 2T, on the sphere (C(t, t) = 1). With xi(q) = q^p/2, correlation C
and response R to a field, t > t', and a start in equilibrium at T_0 (b_0 = 1/T_0, 0 for a random start)::

    dC(t,t')/dt = -mu C + int_0^t ds xi''(C(t,s)) R(t,s) C(s,t') + int_0^t' ds xi'(C(t,s)) R(t',s)
                  + b_0 xi'(C(t,0)) C(t',0)
    dR(t,t')/dt = -mu R + int_t'^t ds xi''(C(t,s)) R(t,s) R(s,t'),     R(t+, t) = 1
    mu = T - p e,    e = -int_0^t ds xi'(C(t,s)) R(t,s) - b_0 xi(C(t,0))

The scheme is a Heun step with trapezoid memory integrals: second order in the time step.

Source: Crisanti, Horner & Sommers, Z. Phys. B 92, 257 (1993); Cugliandolo & Kurchan, Phys. Rev. Lett. 71, 173 (1993);
equilibrium starts: Barrat, Burioni & Mezard, J. Phys. A 29, L81 (1996).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from statmech.theory.mixture import check_p, check_temperature

Array = NDArray[np.float64]

_BYTES = 2**31


@dataclass(frozen=True)
class Relaxation:
    """t: times (n+1,); C, R: (n+1, n+1) lower triangles, [i, j] at t_i >= t_j, zero above; e, mu: (n+1,)."""

    p: int
    T: float
    t: Array
    C: Array
    R: Array
    e: Array
    mu: Array

    def integrated_response(self) -> Array:
        """chi(t, t_w) = int_{t_w}^t R(t, s) ds, shape like R: against C the fluctuation-dissipation plot, whose slope
        is -1/T in equilibrium and -X/T between ageing times."""
        h = self.t[1]
        R = self.R
        steps = 0.5 * h * (R[:, 1:] + R[:, :-1])
        steps = np.tril(steps, -1)
        out = np.zeros_like(R)
        out[:, :-1] = np.cumsum(steps[:, ::-1], axis=1)[:, ::-1]
        return out


def _trapezoid(n: int, dt: float) -> Array:
    w = np.full(n, dt)
    w[0] -= dt / 2
    w[-1] -= dt / 2
    return w


def relax(T: float, p: int = 3, t_max: float = 20.0, dt: float = 0.05, T_start: float = float("inf")) -> Relaxation:
    """Integrate the dynamical equations from a quench at t = 0 (module's equations).

    Args:
        T: temperature of the bath, >= 0. p: spins of a term, 2 to 60. t_max: last time. dt: time step; the error falls
            as dt^2 (at 0.05 it is 3e-3 in e; `energy` extrapolates it away). T_start: temperature of the
            equilibrium before the quench, inf for random spins; the start is a paramagnet, so T_start > T_s.

    Returns:
        Relaxation of float64 arrays; memory 16 n^2 bytes for n = t_max/dt steps, time of order n^3.

    Raises:
        ValueError: an argument out of range, or more than 2 GiB of memory.

    Source: Cugliandolo & Kurchan, Phys. Rev. Lett. 71, 173 (1993).

    Example: ``relax(0.5, t_max=5.0).e[-1]``
    """
    check_p(p)
    t = float(check_temperature(T))
    if not (np.isfinite(t_max) and np.isfinite(dt) and 0 < dt <= min(0.25, t_max)):
        raise ValueError(f"t_max = {t_max!r}, dt = {dt!r}: expected finite times with 0 < dt <= 0.25 and dt <= t_max")
    if not T_start > 0:
        raise ValueError(f"T_start = {T_start!r} is not valid, expected a temperature > 0, inf for random spins")
    n = max(1, round(t_max / dt))
    if 24 * (n + 1) ** 2 > _BYTES:
        most = int(np.sqrt(_BYTES / 24)) - 1
        raise ValueError(
            f"t_max/dt = {n} steps need {24 * (n + 1) ** 2 / 2**30:.1f} GiB, at most {most} fit in 2 GiB: "
            f"take dt >= {t_max / most:.3g} or a shorter time"
        )
    b0 = 1 / T_start
    C, R = np.zeros((n + 1, n + 1)), np.zeros((n + 1, n + 1))
    C[0, 0] = R[0, 0] = 1.0
    e = np.full(n + 1, -0.5 * b0)

    def energy_of(c: Array, r: Array) -> float:
        return -0.5 * p * float(_trapezoid(len(c), dt) @ (c ** (p - 1) * r)) - 0.5 * b0 * c[0] ** p

    def rates(i: int, c: Array, r: Array) -> tuple[Array, Array]:
        """dC/dt and dR/dt at time t_i for all t' <= t_i; c, r: the rows of C and R there, length i + 1."""
        w = _trapezoid(i + 1, dt)
        slope = 0.5 * p * c ** (p - 1)
        curve = 0.5 * p * (p - 1) * c ** (p - 2) * r
        strength = t - p * energy_of(c, r)
        first, past = C[:i, :i], R[:i, :i]  # the rows before
        K = w * curve
        dC, dR = -strength * c, -strength * r
        dC[:i] += K[:i] @ first + first @ K[:i] - K[:i] + K[i] * c[:i]  # C(s, t') on both sides of t', C(t', t') = 1
        dC[i] += K[:i] @ c[:i] + K[i] + w @ (slope * r)
        dC += b0 * slope[0] * np.append(C[:i, 0], c[0])
        if i:
            dC[:i] += dt * (past @ slope[:i] - 0.5 * past[:, 0] * slope[0] - 0.5 * slope[:i])
            dR[:i] += dt * (curve[:i] @ past - 0.5 * curve[:i] + 0.5 * curve[i] * r[:i])
        return dC, dR

    for i in range(n):
        c, r = C[i, : i + 1], R[i, : i + 1]
        dC, dR = rates(i, c, r)
        dC1, dR1 = rates(i + 1, np.append(c + dt * dC, 1.0), np.append(r + dt * dR, 1.0))
        C[i + 1, : i + 1] = c + 0.5 * dt * (dC + dC1[:-1])
        R[i + 1, : i + 1] = r + 0.5 * dt * (dR + dR1[:-1])
        C[i + 1, i + 1] = R[i + 1, i + 1] = 1.0
        e[i + 1] = energy_of(C[i + 1, : i + 2], R[i + 1, : i + 2])
    return Relaxation(p, t, np.arange(n + 1, dtype=np.float64) * dt, C, R, e, np.asarray(t - p * e))


def energy(
    T: float, p: int = 3, t_max: float = 20.0, dt: float = 0.1, T_start: float = float("inf")
) -> tuple[Array, Array]:
    """Times and the energy per spin after a quench, extrapolated from the steps dt and dt/2: (4 e_{dt/2} - e_dt)/3.

    Arguments, errors: as `relax`. Returns: float64 arrays (n+1,); the error of e is about 3e-4 at dt = 0.1.

    Source: as `relax`; Richardson's extrapolation.

    Example: ``t, e = energy(0.0, t_max=10.0)``
    """
    coarse = relax(T, p, t_max, dt, T_start)
    fine = relax(T, p, coarse.t[-1], dt / 2, T_start)
    return coarse.t, (4 * fine.e[::2] - coarse.e) / 3
