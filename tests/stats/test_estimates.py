"""Estimates made together are those made one by one, bit for bit; ranks and medians against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

from statmech.stats import convergence
from statmech.stats import verdict as module
from statmech.stats.autocorrelation import integrated_time, mean_error
from statmech.stats.convergence import effective_size, rhat
from statmech.stats.verdict import estimates


def series():
    """Observables of two shapes, smooth, with ties, and standing still."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(3, 2, 5, 4, 64)).cumsum(-1)
    names = {"a": x[0], "b": x[1], "ties": np.rint(x[2]), "still": np.ones((2, 5, 4, 64))}
    return names | {"pairs": x[0, :, :, ::2] ** 2, "more": x[1, :, :, ::2] ** 3}


def equal(found):
    for name, x in series().items():
        mean, error = mean_error(x)
        tau = integrated_time(x)
        right = (mean, error, 6 * tau.tau, 6 * tau.error, effective_size(x), rhat(x))
        if not all(np.array_equal(a, b) for a, b in zip(found[name], right, strict=True)):
            return False
    return True


@pytest.mark.parametrize("block", [1, 3000, 2**18])
def test_together_or_alone(block, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", block)
    assert equal(estimates(series(), 6.0))


def test_a_mix_up_is_noticed():
    found = estimates(series(), 6.0)
    assert not equal(found | {"a": found["b"]})


def test_scores_are_those_of_mean_ranks_and_medians_are_medians():
    rng = np.random.default_rng(0)
    for split in (rng.normal(size=(5, 4, 8)), rng.integers(0, 4, (5, 4, 8)).astype(float), np.zeros((1, 2, 2))):
        scores, median = convergence._scores(split)
        flat = split.reshape(len(split), -1)
        rank = np.array([stats.rankdata(row) for row in flat])
        expected = special.ndtri((rank - 0.375) / (flat.shape[1] + 0.25))
        np.testing.assert_array_equal(scores.reshape(flat.shape), expected)
        np.testing.assert_array_equal(median, np.median(flat, axis=1))
    broken = np.array([[[1.0, 2.0], [np.nan, 3.0]]])
    assert np.isnan(convergence._scores(broken)[1]).all()
