"""Hamiltonian Monte Carlo and Langevin moves on the sphere, for smooth potentials: all N weights at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from statmech.backend import namespace, to_host
from statmech.core import Invariant, SphereWalkers, State
from statmech.random import Stream, exponential, words
from statmech.samplers.kernel import Kernel
from statmech.samplers.tuning import Tuned

Force = Callable[[Any], Any]
"""Points w (..., N) to minus the gradient of E/T, same shape, in the space around the sphere."""


def tangent(w: Any, v: Any) -> Any:
    """The part of v (..., N) along the sphere at w."""
    return v - w * ((v * w).sum(-1) / w.shape[-1])[..., None]


def leapfrog(force: Force, w: Any, v: Any, step: Any, steps: int) -> tuple[Any, Any]:
    """`steps` steps of length `step` (...,) from w with velocity v, both (..., N): half kick, great circle, half kick.

    w' = w cos(omega step) + (v/omega) sin(omega step), omega = |v|/sqrt(N).  Keeps the volume and is undone by itself
    from (w', -v'), to rounding (Byrne & Girolami, Scand. J. Stat. 40, 825 (2013); Lan, Zhou & Shahbaba, ICML 2014).

    Example: ``leapfrog(lambda w: -w, w, v, np.array(0.1), 8)[0].shape == w.shape``
    """
    xp, step = namespace(w), step[..., None]
    push = tangent(w, force(w))
    for _ in range(steps):
        v = v + 0.5 * step * push
        omega = xp.sqrt((v * v).mean(-1))[..., None]
        cos, sin = xp.cos(omega * step), xp.sin(omega * step)
        w, v = w * cos + v * (sin / omega), v * cos - w * (omega * sin)
        w = w / xp.sqrt((w * w).mean(-1))[..., None]  # strong forces amplify a rounding off the sphere
        push = tangent(w, force(w))
        v = v + 0.5 * step * push
    return w, v


@dataclass(frozen=True)
class HamiltonianMonteCarlo(Tuned, Kernel):
    """One trajectory of `steps` leapfrog steps per sweep, with a new velocity, accepted as a whole.

    H = E/T + |v|^2/2, v Gaussian along the sphere; the end is taken with probability min(1, exp(-dH)) (Duane et al.,
    Phys. Lett. B 195, 216 (1987); on the sphere: see leapfrog).  The step of every chain starts at 0.1 and is tuned
    during the first `tuning` sweeps towards an acceptance of `target`, then it stays.  Needs a potential with a
    derivative, and T > 0.  Array code on either device: bitwise equal for the same batch only.

    Example: ``HamiltonianMonteCarlo(steps=4).proposals(100) == 1``
    """

    steps: int = 8
    tuning: int = 256
    target: float = 0.8
    invariant: ClassVar[Invariant] = "boltzmann"
    needs: ClassVar[frozenset[str]] = frozenset({"gradient"})
    gain: ClassVar[float] = 0.2
    largest: ClassVar[float] = np.pi / 2

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.steps, bool) or not isinstance(self.steps, int | np.integer) or self.steps < 1:
            raise ValueError(f"steps = {self.steps!r}: expected an integer number of leapfrog steps >= 1")

    def proposals(self, n: int) -> int:
        """Trajectories per sweep."""
        return 1

    def begin(self, shape: tuple[int, int, int], T: np.ndarray) -> State:
        """Counters of accepted trajectories, and the step of every chain.  Raises ValueError for T = 0."""
        if T.min() <= 0:
            name = type(self).__name__
            raise ValueError(f"{name} moves by forces over T: expected T > 0, got {T.min()}; GreatCircles take T = 0")
        return {**super().begin(shape, T), "step": np.full(shape, 0.1)}

    def run(
        self, walkers: SphereWalkers, state: State, T: np.ndarray, keys: np.ndarray, lanes: np.ndarray, start: int,
        n: int,
    ) -> None:  # fmt: skip
        """n sweeps numbered from `start`; T broadcasts to (D, T, K).  Changes walkers and state in place."""
        for sweep in range(start, start + n):
            accepted = self._trajectory(walkers, state["step"], T, keys, lanes, sweep)
            state["acc_flips"] += accepted
            self.tune(state["step"], accepted, sweep)

    def _trajectory(self, walkers: SphereWalkers, step, T, keys, lanes, sweep: int) -> np.ndarray:
        """One trajectory of every chain; returns which were accepted, (D, T, K)."""
        from statmech.kernels.draw import normals

        w = walkers.s
        xp, shape = namespace(w), w.shape[:3]
        beta = xp.asarray(np.broadcast_to(1.0 / T, shape))
        z = normals(np.broadcast_to(keys, shape), Stream.SITES, sweep, np.broadcast_to(lanes, shape), w.shape[-1])
        v = tangent(w, xp.asarray(z))
        before = beta * walkers.gradient(w)[0] + 0.5 * (v * v).sum(-1)
        end, v = leapfrog(lambda x: -beta[..., None] * walkers.slope(x), w, v, xp.asarray(step), self.steps)
        after = beta * walkers.gradient(end)[0] + 0.5 * (v * v).sum(-1)
        xi = exponential(words(np.broadcast_to(keys, shape), Stream.ACCEPT, sweep, np.broadcast_to(lanes, shape), 0))
        accepted = to_host(after - before) <= xi
        walkers.place(end, accepted)
        return accepted


@dataclass(frozen=True)
class Langevin(HamiltonianMonteCarlo):
    """One leapfrog step per sweep: the Metropolis-adjusted Langevin move (Roberts & Tweedie, Bernoulli 2, 341 (1996)).

    Example: ``Langevin(tuning=64).transient == 64``
    """

    steps: ClassVar[int] = 1  # type: ignore[misc]
    target: float = 0.574
