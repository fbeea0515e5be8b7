"""Hamiltonian moves keep |w|^2 = N where forces are strong: a rounding error off the sphere must not grow."""

import numpy as np

from statmech import HamiltonianMonteCarlo, MonteCarlo, Perceptron


def test_low_temperature_keeps_the_length():
    model = Perceptron(n=30, alpha=2.0, weights="spherical", r=0.2, potential="quadratic", kappa=1.0)
    task = MonteCarlo(model, HamiltonianMonteCarlo(tuning=16), T=(0.05, 1.0), replicas=2, sweeps=64, disorder=(0, 1))
    w = task.advance(task.start(), 64)["random/s"]
    np.testing.assert_allclose((w * w).mean(-1), 1.0, atol=1e-12)  # without the projection: 1e-3 after 33 sweeps
