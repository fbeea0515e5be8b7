"""Integrated autocorrelation time and the error of the mean."""

from __future__ import annotations

import doctest

import numpy as np
import pytest

import statmech.stats.autocorrelation as autocorrelation
from statmech.stats.autocorrelation import integrated_time, mean_error


@pytest.mark.parametrize("tau", [0.5, 1.0, 3.0, 10.0])
def test_tau_of_ar1_is_the_analytic_one(ar1, tau):
    x = ar1(np.random.default_rng(1), (400, 4, 512), tau)
    found = integrated_time(x)
    scatter = found.tau.std(ddof=1)
    bias = found.tau.mean() / tau - 1.0
    assert abs(bias) < 0.05, "the window cuts a few per cent off the tail of an exponential"
    # White noise mostly stops at W = 1, the smallest window, whose error is the smallest one.
    assert 0.75 < np.sqrt(np.mean(found.error**2)) / scatter < 1.35, "the error is the scatter between runs"


def test_tau_of_a_long_chain(ar1):
    found = integrated_time(ar1(np.random.default_rng(2), (1, 200_000), 20.0))
    assert abs(found.tau - 20.0) < 4.0 * found.error
    assert 0.0 < found.error < 1.5 and 60 < found.window < 400


def test_tau_is_invariant_under_scale_and_shift(ar1):
    x = ar1(np.random.default_rng(3), (5, 3, 200), 4.0)
    np.testing.assert_allclose(integrated_time(7.0 - 1e-3 * x).tau, integrated_time(x).tau, rtol=1e-9)


def test_autocovariance_is_the_direct_sum():
    x = np.random.default_rng(4).standard_normal((2, 3, 37))
    gamma = autocorrelation.autocovariance(x)
    direct = [(x[..., : 37 - t] * x[..., t:]).sum(axis=(-2, -1)) / (3 * (37 - t)) for t in range(18)]
    np.testing.assert_allclose(gamma, np.stack(direct, axis=-1), atol=1e-13)


def test_leading_axes_give_what_single_calls_give(ar1):
    x = ar1(np.random.default_rng(5), (40, 3, 4, 600), 3.0)  # more values than one block holds
    whole = integrated_time(x)
    value, error = mean_error(x)
    assert whole.tau.shape == value.shape == (40, 3)
    for i in (0, 17, 39):
        one = integrated_time(x[i, 1])
        np.testing.assert_allclose([whole.tau[i, 1], whole.error[i, 1]], [one.tau, one.error], rtol=1e-12)
        assert whole.window[i, 1] == one.window
        np.testing.assert_allclose([value[i, 1], error[i, 1]], mean_error(x[i, 1]), rtol=1e-12)


@pytest.mark.parametrize("times", [50, 200, 500])
def test_mean_and_error_cover_the_truth(ar1, times):
    trials = 3000
    value, error = mean_error(ar1(np.random.default_rng(6), (trials, 4, 256), 256 / times))
    inside = np.mean(np.abs(value) < error)
    band = 3.0 * np.sqrt(0.683 * 0.317 / trials)
    assert 0.683 - band - 0.02 < inside < 0.683 + band
    # Witness: the error of independent values, without tau, does not cover.
    naive = np.sqrt(0.5 * times / 256) * error
    assert times > 256 or np.mean(np.abs(value) < naive) < 0.683 - band - 0.02


def test_constant_series_is_flagged_without_nan():
    still = integrated_time(np.full((2, 4, 64), 0.3))
    assert np.all(still.tau == 0.5) and np.all(still.error == 0.0) and np.all(still.window == 0)
    value, error = mean_error(np.full((4, 64), 0.3))
    assert error == 0.0 and abs(value - 0.3) < 1e-15
    rounding = 1.0 + 1e-15 * np.random.default_rng(7).integers(0, 3, (4, 64))
    assert integrated_time(rounding).window == 0, "rounding is not a fluctuation"
    assert integrated_time(1.0 + 1e-6 * np.random.default_rng(7).standard_normal((4, 64))).window > 0


def test_disagreeing_chains_lengthen_tau_about_the_common_mean_only(ar1):
    x = ar1(np.random.default_rng(8), (4, 256), 1.0) + np.array([[0.0], [0.0], [0.0], [3.0]])
    assert integrated_time(x).tau > 10.0
    assert integrated_time(x, mean="chain").tau < 2.0


def test_anticorrelated_series_has_a_positive_tau():
    x = np.tile([1.0, -1.0], (4, 100))
    found = integrated_time(x)
    assert 0.0 < found.tau < 0.5 and mean_error(x)[1] > 0.0


def test_bad_input_is_one_clear_error():
    with pytest.raises(ValueError, match=r"shape \(4, 3\), expected \(\.\.\., chains, bins\)"):
        integrated_time(np.zeros((4, 3)))
    with pytest.raises(ValueError, match="expected 'common' or 'chain'"):
        integrated_time(np.zeros((4, 30)), mean="median")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="complex128, expected real"):
        integrated_time(np.zeros((4, 30), dtype=complex))


def test_empty_leading_axis():
    assert integrated_time(np.zeros((0, 4, 30))).tau.shape == (0,)


def test_examples():
    assert doctest.testmod(autocorrelation).failed == 0
