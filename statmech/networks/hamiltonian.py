"""Hamiltonian Monte Carlo of all weights of a network, on all examples at once, accepted or rejected as a whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from statmech.networks.machine import Examples, Machine
from statmech.networks.mlp import Tensors


@dataclass
class Point:
    """Where a chain is: weights, -ln of their probability (up to a constant) with its gradient by w/s, the sum of the
    training losses and the number of training errors."""

    w: Tensors
    potential: float
    force: Tensors
    loss: float
    wrong: int


@dataclass(frozen=True)
class Canonical:
    """The law of weights: exp(-loss/T - sum_i w_i^2 / (2 s_i^2)), with loss the sum over examples.

    scales: name of a parameter -> s, its standard deviation without examples

    Moves are leapfrog steps of theta = w/s with unit masses.  Duane et al., Phys. Lett. B 195, 216 (1987); Neal,
    arXiv 1206.1901.
    """

    machine: Machine
    examples: Examples
    T: float
    scales: dict[str, float]

    def at(self, w: Tensors) -> Point:
        """The point with weights w (a stack of one)."""
        loss, wrong, gradient = self.machine.total(w, self.examples)
        prior, force = 0.0, {}
        for name, s in self.scales.items():
            theta = w[name] / s
            prior += 0.5 * float(theta.square().sum(dtype=self.machine.torch.float64))
            force[name] = theta.add_(gradient[name], alpha=s / self.T)
        return Point(w, loss / self.T + prior, force, loss, wrong)

    def move(self, point: Point, step: float, steps: int, velocity: Tensors, log_u: float) -> tuple[Point, float]:
        """One trajectory of `steps` leapfrog steps from velocities N(0, 1), which are used up: (where the chain is
        next, acceptance probability).  It is accepted where log_u, the logarithm of a uniform number, is below the
        energy lost; a trajectory that overflows is rejected."""
        before = point.potential + self._kinetic(velocity)
        end = Point({n: x.clone() for n, x in point.w.items()}, 0.0, point.force, 0.0, 0)
        for k in range(steps):
            for name, s in self.scales.items():
                velocity[name].add_(end.force[name], alpha=-step * (0.5 if k == 0 else 1.0))
                end.w[name].add_(velocity[name], alpha=step * s)
            end = self.at(end.w)
        for name in self.scales:
            velocity[name].add_(end.force[name], alpha=-0.5 * step)
        gained = end.potential + self._kinetic(velocity) - before
        if not np.isfinite(gained):
            return point, 0.0
        return end if log_u < -gained else point, float(np.exp(min(0.0, -gained)))

    def _kinetic(self, velocity: Tensors) -> float:
        double = self.machine.torch.float64
        return 0.5 * sum(float(u.square().sum(dtype=double)) for u in velocity.values())
