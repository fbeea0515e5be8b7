"""A model written in a user's script, by its energy alone: ten lines, no kernel."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import ClassVar

import numpy as np
import pytest

import statmech
from statmech import HeatBath, Hopfield, Ising, Metropolis, Model, MonteCarlo, Pairs, Tempering, simulate
from statmech.stats.autocorrelation import mean_error
from statmech.tasks import series


@dataclass(frozen=True)
class Ferromagnet(statmech.Model):
    """H = -(1/2N) (sum_i s_i)^2."""

    n: int = 10
    space: ClassVar = statmech.Ising()

    def disorder(self, keys):
        return {"none": np.zeros((len(keys), 1))}

    def energy(self, disorder, s):
        return -0.5 * s.sum(-1, dtype=float) ** 2 / self.n

    def observe(self, disorder, s):
        return {"M2": s.mean(-1, dtype=float) ** 2}


def exact(T, n=10):
    M = np.arange(-n, n + 1, 2)
    weight = np.array([comb(n, k) for k in range(n + 1)]) * np.exp(M**2 / (2 * n * T))
    return (weight * (M / n) ** 2).sum() / weight.sum()


def test_samples_its_law_under_every_sampler_that_takes_energies():
    T = (0.5, 1.0, 2.0)
    for sampler in (HeatBath("random"), Tempering(HeatBath())):
        task = MonteCarlo(Ferromagnet(), sampler, T=T, replicas=128, sweeps=256, device="cpu")
        state = task.advance(task.start(), 256)
        bins, _ = series.window(state["random/chain"][task._meter.chain_observables.index("M2"), 0], 256)
        value, error = mean_error(bins)
        z = (value - [exact(t) for t in T]) / error
        assert (np.abs(z) < 3.5).all() and (error < 0.01).all(), z
        wrong = (value - [exact(1.05 * t) for t in T]) / error
        assert np.abs(wrong).max() > 6, "witness: T wrong by 5 % is seen"


def test_is_the_model_of_uniform_couplings():
    """Pairs with J = 1 is n times this model, up to a constant."""
    n = 10
    pairs = Pairs(np.ones((n, n), int) - np.eye(n, dtype=int))
    disorder = pairs.disorder([0])
    s = np.random.default_rng(0).choice(np.array([-1, 1], np.int8), (1, 2, 3, n))
    ours = Ferromagnet(n)
    difference = ours.energy({}, s) * n - pairs.energy(disorder, s)
    np.testing.assert_allclose(difference, -n / 2, atol=1e-12)


def test_user_observables_are_measured_beside_those_of_the_model():
    def first(model, disorder, s):
        return s[..., 0].astype(float)

    task = MonteCarlo(Ferromagnet(), HeatBath(), replicas=3, sweeps=8, observables={"s_0": first}, device="cpu")
    assert task._meter.chain_observables == ("e", "e2", "M2", "s_0")
    state = task.advance(task.start(), 1)
    np.testing.assert_array_equal(state["random/chain"][3, ..., 0], state["random/s"][..., 0])
    assert state["random/chain"].shape[:4] == (4, 1, 1, 3) and state["random/pair"].shape[3] == 1


def test_nan_energy_is_named():
    @dataclass(frozen=True)
    class Broken(Model):
        n: int = 8
        space: ClassVar[Ising] = Ising()

        def disorder(self, keys):
            return {"none": np.zeros((len(keys), 1))}

        def energy(self, disorder, s):
            return np.full(s.shape[:3], np.nan)

    with pytest.raises(ValueError, match="the energy of Broken is NaN"):
        simulate(Broken(), T=[1.0], sweeps=64)


def test_a_sampler_that_needs_more_than_the_model_offers_is_refused():
    @dataclass(frozen=True)
    class Langevin(Metropolis):
        needs: ClassVar[frozenset[str]] = frozenset({"gradient"})

    with pytest.raises(ValueError, match="Langevin needs gradient, which Hopfield does not offer"):
        MonteCarlo(Hopfield(n=8, alpha=0.25), Langevin(), sweeps=64)
