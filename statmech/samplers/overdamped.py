"""Overdamped Langevin dynamics on the sphere in real time: the dynamics of ageing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from statmech.backend import namespace
from statmech.core import Invariant, SphereWalkers, State
from statmech.random import Stream
from statmech.samplers.hamiltonian import Force, tangent
from statmech.samplers.kernel import Kernel
from statmech.spaces.sphere import Sphere


def descend(force: Force, w: Any, dt: float) -> Any:
    """dw/dt = force along the sphere, one step from points w (..., N): Heun's method, projected; error O(dt^3).

    Example: ``descend(lambda w: -w, w, 0.1).shape == w.shape``
    """
    project = Sphere().project
    first = tangent(w, force(w))
    ahead = project(w + dt * first)
    return project(w + 0.5 * dt * (first + tangent(ahead, force(ahead))))


def diffuse(w: Any, z: Any, variance: Any) -> Any:
    """Brownian motion on the sphere from points w (..., N), N >= 3, by normals z (..., N): `variance` (...,) is that of
    every component along the sphere, 2 T dt.

    A turn towards the part of z along the sphere, z', by the angle of cos = 1 - (1 - exp(-b x))/(2b), x = variance
    |z'|^2/N, b = (N - 1)/(2 (N + 1)).  The mean of cos is then exp(-variance (N-1)/(2N)) to second order, and so is
    that of every spherical harmonic: weak error O(dt^3) of one step.

    Example: ``diffuse(w, z, np.array(0.02)).shape == w.shape``
    """
    xp, n = namespace(w), w.shape[-1]
    z = tangent(w, z)
    length = (z * z).mean(-1)
    b = (n - 1) / (2 * (n + 1))
    cos = 1 + xp.expm1(-b * variance * length) / (2 * b)
    sin = xp.sqrt(xp.maximum(1 - cos * cos, 0.0))
    return w * cos[..., None] + z * (sin / xp.sqrt(xp.maximum(length, 1e-300)))[..., None]


@dataclass(frozen=True)
class BrownianDynamics(Kernel):
    """dw = -grad H dt + sqrt(2T) dB along the sphere |w|^2 = N, `steps` steps of length `dt` per sweep.

    In other words dw_i/dt = -mu(t) w_i - dH/dw_i + noise of variance 2T (theory/spherical_dynamics), T >= 0; at T = 0
    gradient descent.  One step is half a step of descent, a step of Brownian motion and another half, where two halves
    meet inside a sweep one whole: two gradients and two more per sweep.  Errors are O(dt^2) at a fixed time (for p = 3
    at T = 1, 0.2 dt^2 in e), so that the law it leaves invariant is exp(-H/T) up to O(dt^2) only ("nothing").  Every
    step counts as an accepted move.  Array code on either device: bitwise equal for the same batch only.

    Source: splitting, Leimkuhler & Matthews, Appl. Math. Res. eXpress 2013, 34; p-spin dynamics, Crisanti, Horner &
    Sommers, Z. Phys. B 92, 257 (1993).

    Example: ``BrownianDynamics(dt=0.05, steps=4).duration == 0.2``
    """

    dt: float = 0.05
    steps: int = 4
    invariant: ClassVar[Invariant] = "nothing"
    needs: ClassVar[frozenset[str]] = frozenset({"gradient"})

    def __post_init__(self) -> None:
        if isinstance(self.steps, bool) or not isinstance(self.steps, int | np.integer) or self.steps < 1:
            raise ValueError(f"steps = {self.steps!r}: expected an integer number of steps per sweep >= 1")
        if isinstance(self.dt, bool) or not isinstance(self.dt, int | float | np.number) or not 0 < self.dt <= 1:
            raise ValueError(f"dt = {self.dt!r}: expected a time step in (0, 1], such as 0.1")
        object.__setattr__(self, "dt", float(self.dt))

    @property
    def duration(self) -> float:
        """Time per sweep."""
        return self.dt * self.steps

    def proposals(self, n: int) -> int:
        """Steps per sweep."""
        return self.steps

    def begin(self, shape: tuple[int, int, int], T: np.ndarray) -> State:
        """Counters of steps.  Raises ValueError for T = infinity."""
        if not np.isfinite(T).all():
            raise ValueError(f"T = {T.max()}: expected finite temperatures; a random start is a quench from infinity")
        return super().begin(shape, T)

    def run(
        self, walkers: SphereWalkers, state: State, T: np.ndarray, keys: np.ndarray, lanes: np.ndarray, start: int,
        n: int,
    ) -> None:  # fmt: skip
        """n sweeps numbered from `start`; T broadcasts to (D, T, K).  Changes walkers and state in place."""
        from statmech.kernels.draw import normals

        w = walkers.s
        shape, size = w.shape[:3], w.shape[-1]
        if size < 3:
            raise ValueError(f"n = {size}: Brownian motion on a sphere needs n >= 3")
        xp = namespace(w)
        variance = xp.asarray(np.ascontiguousarray(np.broadcast_to(2 * np.asarray(T, float) * self.dt, shape)))
        cold = not np.any(np.asarray(T) > 0)
        keys, lanes = np.broadcast_to(keys, shape), np.broadcast_to(lanes, shape)
        everywhere = np.ones(shape, bool)

        def force(x: Any) -> Any:
            return -walkers.slope(x)

        for sweep in range(start, start + n):
            w = walkers.s
            if cold:
                for _ in range(self.steps):
                    w = descend(force, w, self.dt)
            else:
                w = descend(force, w, 0.5 * self.dt)
                for step in range(self.steps):
                    if step:
                        w = descend(force, w, self.dt)  # the halves that meet
                    z = xp.asarray(normals(keys, Stream.SITES, sweep * self.steps + step, lanes, size))
                    w = diffuse(w, z, variance)
                w = descend(force, w, 0.5 * self.dt)
            walkers.place(w, everywhere)
        state["acc_flips"] += n * self.steps
