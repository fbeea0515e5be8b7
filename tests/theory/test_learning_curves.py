"""Learning curves: their own limits and identities, twins by other routes, bad input."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ndtr
from scipy.stats import norm

from statmech.theory import learning_curves as lc
from statmech.theory import linear_student, stability, state_evolution, version_space
from statmech.theory.quadrature import half_line, normal


@pytest.mark.parametrize("scale", [1.0, 1e-2, 1e-6])
def test_quadrature_sees_a_narrow_step(scale):
    z, w = normal(scale)
    expected = 0.5 - np.arctan(scale * np.sqrt(2 + scale**2)) / (2 * np.pi)  # the quadrant of two Gaussians
    assert w @ ndtr(z / scale) ** 2 == pytest.approx(expected, abs=1e-13)
    t, w = half_line(scale, 40.0)
    assert w @ np.exp(-t / scale) == pytest.approx(scale, rel=1e-12)
    assert w @ np.exp(-t) == pytest.approx(1.0, rel=1e-12)
    coarse_z, coarse_w = normal(1.0, h=0.5)
    if scale < 1e-3:  # witness: a grid blind to the scale is wrong
        assert abs(coarse_w @ ndtr(coarse_z / scale) ** 2 - expected) > 1e-3


@pytest.mark.parametrize(("kappa", "angle", "p"), [(0.3, 0.5, 0.0), (1.4, 1.2, 0.1), (9.0, 1.5, 0.2), (7.0, 1.5, 0.2)])
def test_misfit_against_adaptive_quadrature(kappa, angle, p):
    slope = 1 / np.tan(angle)

    def f(t):
        return norm.pdf(t) * ((1 - p) * ndtr(slope * t) + p * ndtr(-slope * t)) * (kappa - t) ** 2

    expected = quad(f, -12, min(kappa, 12), points=[0], epsabs=1e-13)[0]
    assert stability._misfit(kappa, np.log(np.tan(angle)), p) == pytest.approx(expected, rel=1e-10)


def test_every_rule_reaches_its_asymptote():
    amplitude = lc.asymptotics()
    alpha = 1e4
    for name in ("gibbs", "bayes", "max_stability"):
        curve = getattr(lc, name)(alpha)
        assert alpha * curve.eps_g == pytest.approx(amplitude[name], rel=2e-3)
    for name in ("hebb", "least_squares"):
        assert np.sqrt(alpha) * getattr(lc, name)(alpha).eps_g == pytest.approx(amplitude[name], rel=2e-3)
    figures = {"gibbs": 0.625, "bayes": 0.442, "hebb": 0.40, "max_stability": 0.5005}
    assert all(round(amplitude[k], len(str(v)) - 2) == v for k, v in figures.items())
    assert 1e3 * version_space.worst_student(1e3).eps_g == pytest.approx(1.5, rel=5e-3)


def test_small_loads_follow_hebb():
    alpha = 1e-4
    for curve in (lc.gibbs, lc.bayes, lc.max_stability, lc.least_squares):
        R = float(curve(alpha).R)
        first = np.sqrt(2 * alpha / np.pi)
        expected = first**2 if curve is lc.gibbs else first  # a typical student of the version space, q = R
        assert pytest.approx(expected, rel=0.01) == R


def test_bayes_is_best_and_the_worst_is_worst():
    alpha = np.array([0.3, 1.0, 3.0, 10.0, 30.0])
    bayes = lc.bayes(alpha).eps_g
    for rule in (lc.gibbs, lc.hebb, lc.max_stability, lc.least_squares):
        assert (rule(alpha).eps_g > bayes).all()
    worst = version_space.worst_student(alpha).eps_g
    for rule in (lc.gibbs, lc.max_stability):  # both inside the version space
        assert (rule(alpha).eps_g < worst).all()
    assert version_space.worst_student(2.0).eps_g == pytest.approx(0.5, abs=1e-12)


def test_bayes_is_the_fixed_point_of_state_evolution():
    for alpha in (0.5, 5.0, 50.0):
        x = state_evolution.fixed_point(alpha, prior="spherical")
        assert x.eps_g == pytest.approx(float(lc.bayes(alpha).eps_g), rel=1e-9)
        assert pytest.approx(float(lc.gibbs(alpha).R), rel=1e-11) == x.R


def test_noise_is_worse_and_random_labels_teach_nothing():
    for rule in (lc.hebb, lc.least_squares, lc.max_stability):
        eps_g = rule(1.5, [0.0, 0.05, 0.2, 0.5]).eps_g
        assert (np.diff(eps_g) > 0).all()
        assert eps_g[-1] == pytest.approx(0.5)


def test_max_stability_ends_where_zero_error_ends():
    end = lc.zero_error_load(0.1)
    last = lc.max_stability(end.alpha * (1 - 1e-9), 0.1)
    assert last.kappa == pytest.approx(0, abs=1e-7)
    assert pytest.approx(float(end.R), abs=1e-7) == last.R
    beyond = lc.max_stability(end.alpha * 1.001, 0.1)
    assert np.isnan([beyond.kappa, beyond.R, beyond.eps_g]).all()
    assert (np.diff(lc.zero_error_load([0.01, 0.05, 0.2, 0.5]).alpha) < 0).all()


def test_max_stability_satisfies_gardner_for_random_labels():
    alpha = np.array([0.2, 0.7, 1.9])
    k = lc.max_stability(alpha, 0.5).kappa
    np.testing.assert_allclose(1 / alpha, (1 + k**2) * norm.cdf(k) + k * norm.pdf(k), rtol=1e-11)


@pytest.mark.parametrize("p", [0.0, 0.1])
def test_adaline_goes_from_hebb_to_least_squares(p):
    for alpha in (0.5, 3.0):
        assert pytest.approx(float(lc.hebb(alpha, p).R), rel=1e-12) == lc.adaline(alpha, 0.0, p).R
        assert pytest.approx(float(lc.hebb(alpha, p).R), rel=1e-5) == lc.adaline(alpha, 1e-6, p).R
        assert pytest.approx(float(lc.least_squares(alpha, p).R), rel=1e-9) == lc.adaline(alpha, 1e4, p).R
        small = lc.adaline(alpha, 2.0, p, rate=1e-4).R
        assert small == pytest.approx(float(lc.adaline(alpha, 2.0, p).R), abs=1e-4)


def test_adaline_over_trains():
    t = np.geomspace(0.1, 1e3, 60)
    eps_g = lc.adaline(1.0, t, 0.1).eps_g
    best = int(np.argmin(eps_g))
    assert 0 < best < 59 and eps_g[-1] > eps_g[best] + 0.1
    # at alpha much above 1 the end is as good as any time
    assert np.ptp(lc.adaline(30.0, t[-10:], 0.0).eps_g) < 1e-10


def test_least_squares_training_error():
    eps_t = lc.least_squares_training_error([0.5, 1.0, 1.5, 4.0, 200.0], 0.1)
    assert (eps_t[:2] == 0).all() and (np.diff(eps_t[1:4]) > 0).all()
    R = float(lc.least_squares(200.0, 0.1).R)
    assert eps_t[-1] == pytest.approx(0.1 + 0.8 * np.arccos(R) / np.pi, abs=0.01)  # training is like new examples


def test_average_runs_from_one_student_to_bayes():
    x = state_evolution.fixed_point(2.0, 0.1, prior="spherical")
    errors = lc.average(x.R, x.q, [1, 2, 5, 1000, np.inf])
    assert errors[0] == pytest.approx(float(lc.angle(x.R)))
    assert (np.diff(errors) < 0).all()
    assert errors[-1] == pytest.approx(float(x.eps_g))


def test_linear_twin_of_least_squares_with_noise():
    for p in (0.0, 0.2):
        a = float(lc.signal(p))
        for alpha in (0.4, 2.5):
            x = linear_student.least_squares(alpha, 1 - a * a, a)
            assert x.r / np.sqrt(x.q) == pytest.approx(float(lc.least_squares(alpha, p).R), rel=1e-13)


@pytest.mark.parametrize(("call", "says"), [
    (lambda: lc.gibbs(0.0), "alpha = 0.0 is not valid, expected 0 < alpha < inf: the load"),
    (lambda: lc.bayes(np.nan), "alpha = nan"),
    (lambda: lc.hebb(1.0, 0.6), "p = 0.6 is not valid, expected 0 <= p <= 0.5: the probability that a label"),
    (lambda: lc.max_stability([1.0, -2.0]), "alpha = -2.0"),
    (lambda: lc.zero_error_load(0.0), "zero training error is possible at every load"),
    (lambda: lc.adaline(1.0, -1.0), "t = -1.0"),
    (lambda: version_space.worst_student(0), "alpha = 0.0"),
])  # fmt: skip
def test_bad_input_is_refused(call, says):
    with pytest.raises(ValueError, match=says.replace("(", r"\(")):
        call()


def test_words_are_refused():
    with pytest.raises(TypeError, match="alpha must be a number or an array of numbers, got 'many'"):
        lc.gibbs("many")
