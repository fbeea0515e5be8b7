"""Thermodynamic integration against a partition function that is known."""

from __future__ import annotations

import numpy as np
import pytest

from statmech.stats.jackknife import jackknife
from statmech.stats.thermodynamics import integrate

T = 1 / np.linspace(0.1, 3, 30)[::-1]


def spins(h):
    """e, c, f, s of free spins in a field h."""
    b = 1 / T
    e, c = -h * np.tanh(b * h), (b * h) ** 2 / np.cosh(b * h) ** 2
    f = -T * np.log(2 * np.cosh(b * h))
    return e, c, f, (e - f) / T


@pytest.mark.parametrize("way", ["spline", "slope", "heat"])
def test_free_spins(way):
    e, c, f, s = spins(1.0)
    options = {"spline": {}, "slope": {"slope_inf": -1.0}, "heat": {"slope_inf": -1.0, "c": c}}[way]
    got = integrate(T, e, **options)
    np.testing.assert_allclose(got[0], f, atol=1e-4)
    np.testing.assert_allclose(got[1], s, atol=1e-4)
    wrong = integrate(T, 1.05 * e, **options)
    assert np.abs(wrong[1] - s).max() > 1e-2, "witness: energies 5 % off are seen"


def test_the_error_falls_with_the_fourth_power_of_the_spacing():
    errors = []
    for n in (15, 30, 60):
        t = 1 / np.linspace(3 / n, 3, n)[::-1]
        e, c = -np.tanh(1 / t), 1 / (t * np.cosh(1 / t)) ** 2
        errors.append(abs(integrate(t, e, c=c, slope_inf=-1.0)[0][0] + t[0] * np.log(2 * np.cosh(1 / t[0]))))
    assert errors[0] / errors[1] > 10 and errors[1] / errors[2] > 10


def test_samples_along_leading_axes_and_their_errors():
    rng = np.random.default_rng(1)
    fields = rng.uniform(0.5, 1.5, 8)
    e = np.stack([spins(h)[0] for h in fields])
    f, s = integrate(T, e)
    assert f.shape == e.shape
    np.testing.assert_allclose(f[3], integrate(T, e[3])[0], rtol=1e-12)
    mean, error = jackknife(s)
    assert mean.shape == T.shape and (error > 0).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0, 2.0], [0.0, 0.0]), "at least three"),
        (([0.0, 1.0, 2.0], [0.0] * 3), "temperatures > 0"),
        (([1.0, 2.0, 3.0], [0.0, 0.0]), "last axis"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        integrate(*arguments)


def test_specific_heats_need_the_slope_at_infinity():
    with pytest.raises(ValueError, match="slope_inf"):
        integrate([1.0, 2.0, 3.0], [0.0] * 3, c=[1.0] * 3)
