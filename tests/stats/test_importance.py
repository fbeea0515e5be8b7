"""Weights of annealed runs whose Z is known: Gaussian work obeys Crooks' theorem exactly."""

from __future__ import annotations

import numpy as np
import pytest

from statmech.stats.importance import annealed, sandwich

RATIO = 3.0


def works(seed, runs, dissipated=0.5):
    """Log-weights forward and reverse: w_F ~ N(ratio - d, 2d), w_R ~ N(-ratio - d, 2d)."""
    rng = np.random.default_rng(seed)
    forward = rng.normal(RATIO - dissipated, np.sqrt(2 * dissipated), runs)
    return forward, rng.normal(-RATIO - dissipated, np.sqrt(2 * dissipated), runs)


@pytest.mark.parametrize("estimate", ["forward", "both"])
def test_bias_and_coverage(estimate):
    scores = []
    for k in range(200):
        f, r = works(k, 200)
        found = annealed(f, 1.0, resamples=100) if estimate == "forward" else sandwich(f, r, 1.0, resamples=60)
        scores.append((found.ln_z - 1 - RATIO) / found.error)
    scores = np.array(scores)
    assert 0.60 <= (np.abs(scores) < 1).mean() <= 0.76 and abs(scores.mean()) < 0.25
    assert (np.abs(scores) < 0.7).mean() < 0.60, "mutant: errors 30 % too small"


def test_bounds_hold_on_average_and_close_with_less_dissipation():
    for dissipated in (2.0, 0.1):
        found = [sandwich(*works(k, 50, dissipated), resamples=2) for k in range(100)]
        low, high = np.mean([s.lower for s in found]), np.mean([s.upper for s in found])
        if dissipated == 2.0:
            assert low < RATIO - 0.1 and high > RATIO + 0.1
        else:
            assert abs(low - RATIO) < 0.02 and abs(high - RATIO) < 0.02
    both = [sandwich(*works(k, 50, 2.0), resamples=2).ln_z for k in range(100)]
    one = [annealed(works(k, 50, 2.0)[0], resamples=2).ln_z for k in range(100)]
    assert np.std(both) < 0.8 * np.std(one) and abs(np.mean(both) - RATIO) < abs(np.mean(one) - RATIO)


def test_too_much_dissipation_is_flagged():
    bad = sandwich(*works(0, 400, 20.0), resamples=20)
    assert not bad.converged and not annealed(works(0, 400, 20.0)[0]).converged
    good = sandwich(*works(0, 400, 0.5), resamples=50)
    assert good.converged and annealed(works(0, 400)[0]).converged
    wrong = sandwich(works(0, 400)[0], works(0, 400)[1] + 2, resamples=50)
    assert not wrong.converged, "reverse runs of another Z do not agree"


def test_samples_along_leading_axes_and_unequal_numbers():
    f = np.stack([works(k, 80)[0] for k in range(3)])
    r = np.stack([works(k, 50)[1] for k in range(3)])
    found = sandwich(f, r, np.zeros(3), resamples=30)
    assert found.ln_z.shape == found.error.shape == found.lower.shape == (3,)
    alone = sandwich(f[1], r[1], resamples=30)
    assert found.ln_z[1] == pytest.approx(float(alone.ln_z)) and np.all(found.ln_z > found.lower.min() - 1)
    sizes = annealed(np.append(np.zeros(9), 50.0))
    assert sizes.ess == pytest.approx(1) and sizes.share == pytest.approx(1)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: annealed([0.0]), "at least two runs"), (lambda: annealed([0.0, np.nan]), "finite"),
    (lambda: sandwich(np.zeros((2, 5)), np.zeros(5)), "the same samples"),
])  # fmt: skip
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
