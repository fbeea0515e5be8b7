"""Extrapolation in the size, and crossings."""

from __future__ import annotations

import numpy as np
import pytest

from statmech.stats.jackknife import binder
from statmech.stats.scaling import crossing, extrapolate

SIZES = np.array([32, 64, 128, 256])


def test_a_law_is_found_again():
    limit = extrapolate(SIZES, -0.7632 + 0.7 * SIZES ** (-2 / 3), np.full(4, 1e-3))
    assert limit.value == pytest.approx(-0.7632, abs=1e-12)
    assert limit.slope == pytest.approx(0.7, abs=1e-10)
    assert limit.chi2 < 1e-12 and limit.freedom == 2


def test_the_error_of_the_limit_is_that_of_repeated_fits():
    rng = np.random.default_rng(2)
    sigma = np.array([1e-3, 2e-3, 3e-3, 4e-3])
    fits = [extrapolate(SIZES, rng.normal(0, sigma), sigma) for _ in range(2000)]
    z = np.array([x.value / x.error for x in fits])
    assert np.std(z) == pytest.approx(1, abs=0.06)
    assert np.mean([x.chi2 for x in fits]) == pytest.approx(2, abs=0.2)
    wrong = extrapolate(SIZES, SIZES**-1.0, np.full(4, 1e-5))
    assert wrong.chi2 > 100, "witness: another power does not fit"


T = np.linspace(0.8, 1.2, 9)


def noisy(slope, samples, rng):
    """Samples of a curve through (1, 1)."""
    return 1 - slope * (T - 1) + rng.normal(0, 0.2, (samples, 1)) + rng.normal(0, 0.2, (samples, T.size))


def test_a_crossing_and_its_error():
    rng = np.random.default_rng(3)
    found = [crossing(T, noisy(1.0, 200, rng), noisy(3.0, 200, rng), resamples=60, seed=k) for k in range(60)]
    z = np.array([(x.at - 1) / x.error for x in found])
    assert np.std(z) == pytest.approx(1, abs=0.3) and abs(z.mean()) < 0.5
    moved = crossing(T, noisy(1.0, 200, rng), noisy(3.0, 200, rng), scale=(1.2, 1.0))
    assert moved.at < 0.98, "witness: a wrong scale moves it"


def test_of_a_ratio():
    x = np.linspace(-1, 1, 9)[None] * np.array([[1.0], [-1.0]])
    q2, q4 = 1 + 0 * x, 2 + 0.1 * x
    got = crossing(T, (q2[:1], q4[:1]), (q2[1:], q4[1:]), binder)
    assert got.at == pytest.approx(1.0)


def test_no_crossing_is_nan():
    assert np.isnan(crossing([1.0, 2.0], [[1.0, 1.0]], [[2.0, 2.0]]).at)


def test_bad_input():
    with pytest.raises(ValueError, match="errors > 0"):
        extrapolate([1, 2], [1.0, 1.0], [0.0, 1.0])
    with pytest.raises(ValueError, match="one row a sample"):
        crossing([1.0, 2.0], [[1.0]], [[1.0, 2.0]])
