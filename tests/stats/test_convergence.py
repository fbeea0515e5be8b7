"""R-hat and effective size against arviz-stats, and the scores that the verdict uses."""

from __future__ import annotations

import doctest

import numpy as np
import pytest

import statmech.stats.convergence as convergence
from statmech.stats.convergence import drift_bound, effective_size, health, rhat, rhat_bound

SHAPES = [(2, 4), (2, 5), (3, 7), (5, 8), (3, 33), (4, 64), (4, 256), (2, 511)]


def _series(kind: str, rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    x = rng.standard_normal(shape)
    return {
        "white": x,
        "walk": np.cumsum(x, axis=-1),
        "ties": np.round(x),
        "two values": np.where(x > 0.3, 1.0, -1.0),
        "anticorrelated": x - 0.9 * np.roll(x, 1, axis=-1),
        "shifted": x + np.arange(shape[0])[:, None],
        "rare": (x > 1.8).astype(float),
    }[kind]


@pytest.mark.parametrize(
    "kind", ["white", "walk", "ties", "two values", "anticorrelated", "shifted", "rare"]
)
def test_equal_to_arviz(kind):
    arviz = pytest.importorskip("arviz_stats.base").array_stats
    rng = np.random.default_rng(11)
    compared = 0
    for shape in SHAPES:
        batch = np.stack([_series(kind, rng, shape) for _ in range(6)])
        for x, our_rhat, our_ess in zip(batch, rhat(batch), effective_size(batch), strict=True):
            if np.ptp(x) == 0.0 or np.all(np.ptp(x, axis=1) == 0.0):
                continue  # no variance: defined in our own way below
            with np.errstate(all="ignore"):
                their_rhat = arviz.rhat(x, chain_axis=0, draw_axis=1)
                their_ess = arviz.ess(x, chain_axis=0, draw_axis=1, method="mean")
            if np.isfinite(their_rhat):
                np.testing.assert_allclose(our_rhat, their_rhat, rtol=1e-12)
            if np.isfinite(their_ess):
                np.testing.assert_allclose(our_ess, their_ess, rtol=1e-12)
            compared += 1
    assert compared > 20


def test_series_without_variance():
    same = np.full((4, 64), -0.5)
    apart = np.array([[-0.5], [-0.5], [-0.4], [-0.5]]) * np.ones(64)
    assert rhat(same) == 1.0 and rhat(apart) == np.inf
    assert effective_size(same) == 256.0 and effective_size(apart) < 10.0
    jump = same.copy()
    jump[:, 32:] = 0.5  # every half stands still, the halves differ
    assert rhat(jump) == np.inf
    assert health(same).drift == 0.0 and health(same).ess == 256.0


def test_one_chain_compares_its_halves(ar1):
    x = ar1(np.random.default_rng(12), (1, 256), 1.0)
    assert rhat(x) < 1.05 and rhat(x[0]) == rhat(x)
    x[:, 128:] += 3.0
    assert rhat(x) > 1.5


def test_not_finite_gives_nan():
    x = np.random.default_rng(13).standard_normal((2, 4, 64))
    x[1, 2, 5] = np.nan
    assert np.isfinite(rhat(x)[0]) and np.isnan(rhat(x)[1])


def test_ranks_make_it_invariant_under_monotone_maps(ar1):
    x = ar1(np.random.default_rng(14), (3, 4, 128), 2.0)
    for one, two in zip(health(x), health(np.exp(3.0 * x)), strict=True):
        # the folded R-hat, about the median, is not invariant; it rarely is the larger one
        np.testing.assert_allclose(one, two, rtol=2e-2)


def test_within_ess_does_not_fall_when_chains_disagree(ar1):
    """Otherwise the bound on R-hat would widen just where R-hat must be refused."""
    rng = np.random.default_rng(15)
    x = ar1(rng, (200, 4, 256), 256 / 200)
    shifted = x + np.array([0.0, 0.0, 0.0, 1.0])[:, None]
    assert np.median(health(shifted).ess) > 0.8 * np.median(health(x).ess)
    assert np.median(effective_size(shifted)) < 0.2 * np.median(effective_size(x)), "witness"
    state = health(shifted)
    assert np.mean(state.rhat > rhat_bound(4, state.ess)) > 0.95
    assert np.mean(state.rhat > rhat_bound(4, effective_size(shifted))) < 0.05, "mutant: the usual ESS"


def test_drift_score_of_correct_chains_is_normal(ar1):
    score = health(ar1(np.random.default_rng(16), (3000, 4, 256), 256 / 200)).drift
    # the larger of two |z| that correlate at sqrt(3)/2
    z = np.random.default_rng(17).multivariate_normal([0, 0], [[1, 0.75**0.5], [0.75**0.5, 1]], 200_000)
    for q in (0.5, 0.9, 0.99):
        assert np.quantile(score, q) == pytest.approx(np.quantile(np.abs(z).max(axis=1), q), rel=0.1)


def test_a_trend_does_not_hide_in_the_noise(ar1):
    rng = np.random.default_rng(18)
    x = ar1(rng, (300, 4, 256), 256 / 200)
    drifting = x + np.linspace(0.0, 1.0, 256)
    assert np.median(health(drifting).ess) > 0.8 * np.median(health(x).ess)
    state = health(drifting)
    assert np.mean(state.drift > drift_bound(state.ess)) > 0.95


def test_rhat_bound_values():
    assert rhat_bound(4, 100.0) == pytest.approx(1.11, abs=0.005)  # 4 chains of 50 tau
    assert rhat_bound(4, 400.0) == pytest.approx(1.026, abs=0.003)  # 4 chains of 200 tau
    sizes = np.array([5.0, 20.0, 100.0, 1e4])
    assert np.all(np.diff(rhat_bound(4, sizes)) < 0) and rhat_bound(4, 1e8) < 1.0001
    assert rhat_bound(4, 100.0, 0.999) > rhat_bound(4, 100.0, 0.99)
    assert drift_bound(100.0, 0.999) > drift_bound(100.0, 0.99) > drift_bound(1e6, 0.99)


@pytest.mark.parametrize("arguments", [(0, 10.0), (4, 0.0), (4, 10.0, 1.0)])
def test_rhat_bound_refuses_nonsense(arguments):
    with pytest.raises(ValueError, match="expected chains >= 1, 0 < level < 1, ess > 0"):
        rhat_bound(*arguments)


def test_drift_bound_refuses_nonsense():
    with pytest.raises(ValueError, match="expected 0 < level < 1, ess > 0"):
        drift_bound(np.array([1.0, -1.0]))


def test_examples():
    assert doctest.testmod(convergence).failed == 0
