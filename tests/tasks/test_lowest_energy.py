"""The lowest energy that a run has seen."""

from __future__ import annotations

import numpy as np

from statmech import Hopfield, Ising, Metropolis, MonteCarlo, Tempering


def test_tempering_finds_the_ground_state_of_a_small_network():
    model = Hopfield(n=12, alpha=0.5)
    task = MonteCarlo(model, Tempering(Metropolis()), T=(0.1, 0.3, 0.6, 1.0), sweeps=256, disorder=(0, 1, 2))
    results = task.results(task.advance(task.start(), 256))
    e_min = results["e_min"].data[:, :, 0]
    s = np.broadcast_to(Ising().enumerate(12), (3, 1, 4096, 12))
    exact = model.energy(task._disorder, s)[:, 0].min(-1) / 12
    np.testing.assert_allclose(e_min[0], exact, rtol=1e-12)
    assert (e_min <= results["e"].data[:, :, 0]).all()
    assert (e_min[3] > exact).any() or (results["e"].data[3, :, 0] > exact + 0.1).all(), "witness: hot chains differ"


def test_it_covers_the_whole_run():
    """A chain that starts in the ground state of a ferromagnet and melts has seen it."""
    model = Hopfield(n=32, alpha=1 / 32)
    task = MonteCarlo(model, T=(3.0,), starts=("pattern",), sweeps=64)
    half = task.advance(task.start(), 8)
    assert half["pattern/lowest"].max() < 0
    done = task.advance(half, 56)
    assert (done["pattern/lowest"] <= half["pattern/lowest"]).all()
