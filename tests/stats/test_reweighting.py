"""Observables between the rungs against enumeration."""

from __future__ import annotations

import numpy as np
import pytest
from stats.boltzmann import LADDER, instance

from statmech.stats import reweighting
from statmech.stats.mbar import resample
from statmech.stats.reweighting import reweight

BETWEEN = np.array([0.4, 0.47, 0.7, 1.0, 1.6, 3.0])
WHAT = {"e": lambda E: E / 12, "e2": lambda E: E**2 / 144, "low": lambda E: (E < -3.0).astype(float)}


def draw(seed, size=(4, 100), T=LADDER):
    return instance("hopfield").draw(np.random.default_rng(seed), T, *size)


def z(what, seed, **options):
    E = draw(seed)
    found = reweight(LADDER, E, WHAT[what](E), BETWEEN, seed=seed, resamples=100, **options)
    exact = instance("hopfield").mean(WHAT[what](instance("hopfield").E), BETWEEN)
    return (found.mean - exact) / found.error


@pytest.mark.parametrize("what", WHAT)
def test_error_bars_between_the_rungs(what):
    """Chance of |z| < 1 over 100 repetitions, and no bias."""
    scores = np.array([z(what, k) for k in range(100)])
    inside = (np.abs(scores) < 1).mean(0)
    assert inside.min() >= 0.58 and inside.max() <= 0.79
    assert np.abs(scores.mean(0)).max() < 0.4


def test_the_error_of_ln_z_is_part_of_it(monkeypatch):
    """Mutant: weights whose Z_k are taken for exact give another error bar."""
    E = draw(0)
    full = reweight(LADDER, E, E, BETWEEN).error
    monkeypatch.setattr(reweighting, "resample", lambda *a: 0 * resample(*a))
    assert np.abs(reweight(LADDER, E, E, BETWEEN).error / full - 1).max() > 0.05


def test_a_rung_of_its_own_and_the_effective_size():
    """With all rungs at hand a mean is known better than from its rung alone; far from them, worse."""
    E = draw(1, (4, 400))
    found = reweight(LADDER, E, E, LADDER)
    alone = E.reshape(len(E), -1).std(1) / np.sqrt(1600)
    assert (found.error < 0.7 * alone).all() and (found.ess > 2 * 1600).all()
    sparse = reweight(LADDER[[0, -1]], E[[0, -1]], E[[0, -1]], [0.4, 1.0, np.inf])
    assert sparse.error[1] > 2 * found.error[np.abs(LADDER - 0.8).argmin()] and sparse.ess[1] < 0.3 * found.ess[2]
    slow = np.repeat(E[..., :80], 5, axis=-1)
    assert reweight(LADDER, slow, slow, [1.0]).ess[0] == pytest.approx(found.ess[3] / 5, rel=0.4)


def test_one_level_has_one_weight():
    """An observable that is not a function of the energy: its mean per level is what counts."""
    E = draw(2)
    noise = np.random.default_rng(0).normal(size=E.shape)
    found = reweight(LADDER, E, noise + E, BETWEEN)
    plain = reweight(LADDER, E, E, BETWEEN)
    assert (np.abs(found.mean - plain.mean) < 4 / np.sqrt(found.ess)).all()
    assert (found.error > plain.error).any()


@pytest.mark.parametrize(("T_new", "shape", "message"), [
    ([0.3], (7, 4, 9), "inside the ladder, 0.4 to inf"), ([1.0], (7, 4, 8), "that of the energies"),
])  # fmt: skip
def test_bad_input(T_new, shape, message):
    with pytest.raises(ValueError, match=message):
        reweight(LADDER, np.zeros((7, 4, 9)), np.zeros(shape), T_new)
