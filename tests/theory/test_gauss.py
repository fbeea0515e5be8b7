"""Gaussian averages against adaptive quadrature, and the root finder against known roots."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from statmech.theory import gauss
from statmech.theory.gauss import response, thermal
from statmech.theory.roots import newton


def average(fun, a, sigma, T):
    """E fun((a + sigma z) / T), subdivided at the step of the tanh."""

    def integrand(z):
        return np.exp(-z * z / 2) / np.sqrt(2 * np.pi) * fun((a + sigma * z) / T)

    step = float(np.clip(-a / sigma, -9, 9))
    near = [np.clip(step + d * T / sigma, -9, 9) for d in (-20, -3, 0, 3, 20)]
    return quad(integrand, -9, 9, points=sorted(near), epsabs=1e-13, epsrel=1e-13, limit=400)[0]


@pytest.mark.parametrize("T", [0.02, 0.3, 0.49999, 0.5, 0.50001, 0.8, 3.0])
@pytest.mark.parametrize("a", [0.0, 0.3, -0.9])
def test_averages_equal_quadrature(a, T):
    sigma = 0.5
    t, q, chi, _, _ = response(a, sigma, T)
    sech4, lncosh, entropy = thermal(a, sigma, T)

    def ln2cosh(x):
        return np.logaddexp(x, -x)

    def sech2(x):
        return 1 - np.tanh(x) ** 2

    expected = {
        "t": (t, average(np.tanh, a, sigma, T)),
        "q": (q, average(lambda x: np.tanh(x) ** 2, a, sigma, T)),
        "chi": (chi, average(sech2, a, sigma, T) / T),
        "sech4": (sech4, average(lambda x: sech2(x) ** 2, a, sigma, T) / T),
        "lncosh": (lncosh, average(ln2cosh, a, sigma, T) * T),
        "entropy": (entropy, average(lambda x: ln2cosh(x) - x * np.tanh(x), a, sigma, T)),
    }
    for name, (got, wanted) in expected.items():
        assert got == pytest.approx(wanted, abs=5e-12), name


@pytest.mark.parametrize("T", [0.0, 0.1, 2.0])
def test_derivatives_equal_differences(T):
    a, sigma, h = 0.4, 0.6, 1e-3
    values = response(a + h * np.arange(-2, 3), sigma, T)
    slope = values @ np.array([1, -8, 0, 8, -1]) / (12 * h)
    assert slope[0] == pytest.approx(values[2, 2], abs=1e-10)
    assert slope[2] == pytest.approx(values[3, 2], abs=1e-10)
    assert slope[3] == pytest.approx(values[4, 2], abs=1e-9)
    # The heat equation: d/d sigma = sigma d^2/da^2.
    wide = response(a, sigma + h * np.arange(-2, 3), T) @ np.array([1, -8, 0, 8, -1]) / (12 * h)
    assert wide[0] == pytest.approx(sigma * values[3, 2], abs=1e-10)


def test_both_rules_agree_where_they_meet():
    a, sigma = np.linspace(-2, 2, 9), np.full(9, 0.7)
    smooth, sharp = gauss._smooth_response(a, sigma, sigma), gauss._sharp_response(a, sigma, sigma)
    np.testing.assert_allclose(smooth[:3], sharp[:3], atol=1e-14)
    smooth, sharp = gauss._smooth_thermal(a, sigma, sigma), gauss._sharp_thermal(a, sigma, sigma)
    np.testing.assert_allclose(smooth, sharp, atol=1e-14)
    # Witness: far from there one rule alone would not do.
    wide = np.full(9, 7.0)
    smooth, sharp = gauss._smooth_response(a, wide, sigma), gauss._sharp_response(a, wide, sigma)
    assert np.abs(smooth[0] - sharp[0]).max() > 1e-6


def test_frozen_spins_and_large_fields():
    t, q, chi, chi1, chi2 = response([50.0, -50.0, 0.0], 0.0, 1.0)
    np.testing.assert_allclose(t, [1, -1, 0])
    np.testing.assert_allclose(q, [1, 1, 0])
    np.testing.assert_allclose(chi[:2], 4 * np.exp(-100.0), rtol=1e-12)
    assert chi[2] == 1 and np.isfinite(chi1).all() and np.isfinite(chi2).all()


def test_newton_finds_every_root():
    rng = np.random.default_rng(1)
    root = rng.uniform(1e-6, 10, 200)

    def fun(x, i):
        return np.tanh(50 * (x - root[i])), 50 / np.cosh(np.clip(50 * (x - root[i]), -300, 300)) ** 2

    found = newton(fun, np.zeros(200), np.full(200, 11.0), np.full(200, 5.0))
    np.testing.assert_allclose(found, root, rtol=1e-12)


def test_newton_reports_failure():
    one = np.ones(1)
    with pytest.raises(ArithmeticError, match="no convergence of 1 roots in 3 iterations"):
        newton(lambda x, i: (x - 0.3, 0 * x), 0 * one, one, one, max_iterations=3)
