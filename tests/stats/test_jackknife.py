"""Delete-one jackknife."""

from __future__ import annotations

import doctest

import numpy as np
import pytest

import statmech.stats.jackknife as module
from statmech.stats.jackknife import binder, jackknife


def test_of_the_mean_is_the_textbook_formula():
    x = 1e6 + np.random.default_rng(21).standard_normal((20, 3, 5))
    value, error = jackknife(x)
    np.testing.assert_allclose(value, x.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(error, x.std(axis=0, ddof=1) / np.sqrt(20), rtol=1e-8)
    corrected, _ = jackknife(x, correct_bias=True)
    np.testing.assert_allclose(corrected, value, rtol=1e-13)


def test_of_a_ratio_is_the_explicit_loop():
    rng = np.random.default_rng(22)
    q2, q4 = rng.uniform(0.5, 1.0, (2, 12))
    value, error = jackknife((q2, q4), binder)
    without = [binder(np.delete(q2, i).mean(), np.delete(q4, i).mean()) for i in range(12)]
    assert value == pytest.approx(binder(q2.mean(), q4.mean()), rel=1e-14)
    assert error == pytest.approx(np.sqrt(11 / 12 * np.sum((without - np.mean(without)) ** 2)), rel=1e-12)
    corrected, _ = jackknife((q2, q4), binder, correct_bias=True)
    assert corrected == pytest.approx(12 * value - 11 * np.mean(without), rel=1e-12)


def test_the_axis_is_any():
    x = np.random.default_rng(23).standard_normal((3, 8, 4))
    for one, two in zip(jackknife(x, np.exp, axis=1), jackknife(np.moveaxis(x, 1, 0), np.exp), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-13)
    for one, two in zip(jackknife(x, np.exp, axis=-2), jackknife(x, np.exp, axis=1), strict=True):
        np.testing.assert_array_equal(one, two)


def test_covers_the_truth():
    """Binder cumulant of a uniform q is 0.6; a mutant that takes the scatter of the theta_i fails."""
    q = np.random.default_rng(24).uniform(-1.0, 1.0, (100, 4000))
    corrected, error = jackknife((q**2, q**4), binder, correct_bias=True)
    z = (corrected - 0.6) / error
    assert 0.62 < np.mean(np.abs(z) < 1.0) < 0.74
    assert np.mean(np.abs(z * np.sqrt(99)) < 1.0) < 0.2, "mutant"


def test_bias_correction_of_a_square_is_exact():
    x = np.random.default_rng(26).standard_normal(9) + 1.0
    value, _ = jackknife(x, np.square)
    corrected, _ = jackknife(x, np.square, correct_bias=True)
    assert value == pytest.approx(x.mean() ** 2, rel=1e-14)
    assert corrected == pytest.approx(x.mean() ** 2 - x.var(ddof=1) / 9, rel=1e-13)


def test_nan_samples_are_left_out_point_by_point():
    x = np.random.default_rng(25).uniform(1.0, 2.0, (6, 2))
    y = x**2
    x[2, 0] = np.nan
    y[4, 0] = np.nan
    value, error = jackknife((x, y), binder)
    keep = [0, 1, 3, 5]
    expected = jackknife((x[keep, 0], y[keep, 0]), binder)
    np.testing.assert_allclose([value[0], error[0]], expected, rtol=1e-13)
    np.testing.assert_allclose([value[1], error[1]], jackknife((x[:, 1], y[:, 1]), binder), rtol=1e-13)


def test_one_sample_has_no_error_and_none_no_value():
    value, error = jackknife([[3.0, np.nan]])
    assert value[0] == 3.0 and np.isnan(error[0]) and np.isnan(value[1]) and np.isnan(error[1])
    value, error = jackknife(np.zeros((0, 2)))
    assert np.isnan(value).all() and np.isnan(error).all()
    value, _ = jackknife([[3.0]], correct_bias=True)
    assert value[0] == 3.0


def test_bad_input_is_one_clear_error():
    with pytest.raises(ValueError, match=r"shapes \[\(3,\), \(4,\)\].*broadcast them first"):
        jackknife((np.zeros(3), np.zeros(4)), binder)
    with pytest.raises(ValueError, match="axis=1"):
        jackknife(np.zeros(3), axis=1)
    with pytest.raises(TypeError, match="complex128"):
        jackknife(np.zeros(3, dtype=complex))


def test_binder_limits():
    assert binder(1.0, 1.0) == 1.0 and binder(1.0, 3.0) == 0.0 and np.isnan(binder(0.0, 0.0))


def test_examples():
    assert doctest.testmod(module).failed == 0
