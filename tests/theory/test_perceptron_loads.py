"""Lines of the perceptron's phase diagram, capacities, ground states, and label noise as a smaller load."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr

from statmech.theory import perceptron_ground as ground
from statmech.theory import perceptron_lines as lines
from statmech.theory import perceptron_load as load
from statmech.theory import perceptron_storage as store
from statmech.theory import perceptron_temperatures as cool
from statmech.theory.perceptron import PerceptronTheory, solve

# --- lines -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("T", "p"), [(0.2, 0.0), (0.8, 0.0), (0.3, 0.1), (0.6, 0.1)])
def test_free_energies_cross_at_alpha_th(T, p):
    alpha = float(lines.alpha_th(T, p))
    near = alpha * np.array([1 - 1e-6, 1, 1 + 1e-6])
    poor, perfect = solve(near, T, p), solve(near, T, p, branch="perfect")
    excess = poor.f - perfect.f
    assert excess[0] < 0 < excess[2] and abs(excess[1]) < 1e-12
    assert alpha < lines.alpha_sp(T, p)


def test_entropy_and_stability_vanish_on_their_lines():
    for p, T in ((0.0, 0.25), (0.1, 0.3), (0.5, 0.4)):
        x = solve(lines.alpha_s0(T, p) * np.array([0.999, 1, 1.001]), T, p)
        assert x.s[0] > 0 > x.s[2] and abs(x.s[1]) < 1e-10
        if p:
            x = solve(lines.alpha_AT(T, p) * np.array([0.999, 1, 1.001]), T, p)
            assert x.at[0] > 0 > x.at[2] and abs(x.at[1]) < 1e-9
    x = solve(lines.alpha_AT(0.3, 0.2, "spherical") * np.array([0.999, 1, 1.001]), 0.3, 0.2, "spherical")
    assert x.at[0] > 0 > x.at[2] and abs(x.at[1]) < 1e-9


def test_where_the_teacher_is_typical_the_at_line_is_the_spinodal():
    """State evolution and the replicon are one condition where q = R."""
    for p in (0.0, 0.1):
        T = lines.T_N(p)
        assert lines.alpha_AT(T, p) == pytest.approx(float(lines.alpha_sp(T, p)), rel=1e-10)
    assert np.isnan(lines.alpha_AT(0.3, 0.0)) and lines.alpha_AT(0.2, 0.1) < lines.alpha_sp(0.2, 0.1)


def test_lines_with_noise_are_least_at_the_nishimori_temperature():
    T = lines.T_N(0.1) * np.array([0.8, 1.0, 1.25])
    for line in (lines.alpha_th, lines.alpha_sp):
        a = line(T, 0.1)
        assert a[1] < a[0] and a[1] < a[2]


def test_temperatures_invert_loads():
    alpha = np.array([1.3, 1.55, 2.5, 3.5])
    for name, p in (("th", 0.0), ("sp", 0.0), ("s0", 0.0), ("AT", 0.5), ("s0", 0.5), ("th", 0.1)):
        T = getattr(cool, f"T_{name}")(alpha, p)
        found = np.isfinite(T)
        assert found.any()
        back = getattr(lines, f"alpha_{name}")(T[found], p)
        np.testing.assert_allclose(back, alpha[found], rtol=1e-9)
    upper = float(cool.T_th(2.8, 0.1))  # the line leans back: 0.3 and more
    assert lines.alpha_th(0.9 * upper, 0.1) < 2.8 < lines.alpha_th(1.1 * upper, 0.1)
    assert np.isnan(cool.T_th([0.5, 1.2])).all() and np.isnan(cool.T_s0(2.0))


def test_glass_ends_on_the_spinodal():
    T, alpha = lines.glass_end()
    assert alpha == pytest.approx(float(lines.alpha_sp(T)), rel=1e-12)
    assert lines.alpha_s0(T * 0.999) == pytest.approx(alpha, rel=1e-2) and np.isnan(lines.alpha_s0(T * 1.001))
    assert abs(float(solve(alpha * (1 - 1e-12), T).s)) < 1e-6


def test_nishimori_temperature():
    np.testing.assert_allclose(lines.T_N([0.1, 0.2]), 1 / np.log([9.0, 4.0]), rtol=1e-14)
    assert lines.T_N(0) == 0 and np.isinf(lines.T_N(0.5))


def test_best_temperature():
    """T_opt/T_N = 0.35, 0.50, 0.55 and T_AT/T_N = 0, 0.35, 0.45 at alpha = 2, 5, 10, p = 0.1, to the grid of 0.05."""
    alpha = np.array([2.0, 5.0, 10.0])
    T = cool.T_opt(alpha, 0.1)
    np.testing.assert_allclose(T / lines.T_N(0.1), [0.35, 0.50, 0.55], atol=0.026)
    np.testing.assert_allclose(cool.T_AT(alpha[1:], 0.1, "spherical") / lines.T_N(0.1), [0.35, 0.45], atol=0.026)
    assert np.isnan(cool.T_AT(2.0, 0.1, "spherical")) and solve(2.0, 0.0, 0.1, "spherical").at > 0
    best = solve(alpha, T, 0.1, "spherical").eps_g
    for factor in (0.99, 1.01):
        assert (solve(alpha, factor * T, 0.1, "spherical").eps_g > best).all()
    assert (cool.T_opt(alpha, 0.0) == 0).all()  # no over-training without noise
    eps_g = solve(5.0, [0.0, 0.1, 0.3, 1.0], 0.0, "spherical").eps_g
    assert (np.diff(eps_g) > 0).all()
    frozen, best = cool.T_s0([1.5, 2.5], 0.1), cool.T_opt([1.5, 2.5], 0.1, "ising")
    assert (frozen > best).all()  # Ising weights freeze before they over-train
    assert np.isnan(cool.T_opt(4.0, 0.1, "ising")) and np.isnan(cool.T_opt(3.0, 0.5))


def test_named_lines():
    ising, noisy = PerceptronTheory(), PerceptronTheory("spherical", r=0.2)
    assert set(ising.lines()) == {"T_th", "T_sp", "T_s0", "T_AT"}
    assert set(noisy.lines()) == {"T_AT", "T_opt", "T_N"}
    assert set(PerceptronTheory("ising", r=1.0).lines()) == {"T_s0", "T_AT"}
    assert set(ising.loads()) == set(ising.lines()) and set(noisy.loads()) == {"T_AT"}
    assert ising.lines()["T_th"](1.4415116976369475) == pytest.approx(0.4, rel=1e-9)
    assert ising.loads()["T_sp"](1.0) == lines.alpha_sp(1.0)
    np.testing.assert_allclose(noisy.lines()["T_N"]([1.0, 2.0]), lines.T_N(0.1))
    assert noisy.loads()["T_AT"](0.2) == lines.alpha_AT(0.2, 0.1, "spherical")


# --- storage and ground states -----------------------------------------------------------------------------


def test_capacities_are_where_the_solutions_end():
    for kappa in (0.0, 0.5, 1.0):
        alpha = float(store.gardner_capacity(kappa))
        x = store.storage(alpha * np.array([0.9, 0.99, 0.999]), 0.0, kappa, "spherical")
        assert x.exists.all() and (np.diff(x.q) > 0).all() and x.q[2] > 0.99 and (np.diff(x.s) < 0).all()
        assert not store.storage(1.001 * alpha, 0.0, kappa, "spherical").exists
        assert store.kappa_max(alpha) == pytest.approx(kappa, abs=1e-12)
        capacity, q = store.binary_capacity(kappa)
        y = store.storage(capacity * np.array([0.99, 1, 1.01]), 0.0, kappa)
        assert y.s[0] > 0 > y.s[2] and abs(y.s[1]) < 1e-12 and y.q[1] == pytest.approx(float(q), rel=1e-10)
        assert capacity < alpha
        assert ground.noisy_capacity(0.5, kappa).alpha == pytest.approx(alpha, rel=1e-12)


def test_storage_is_the_case_of_random_labels():
    x, y = store.storage(1.2, 0.4), solve(1.2, 0.4, 0.5)
    for name in ("q", "e", "f", "s", "at"):
        assert getattr(x, name) == pytest.approx(float(getattr(y, name)), rel=1e-13)
    beta = (1 + 1e-3 * np.arange(-2, 3)) / 0.4  # a margin too: e = d(beta f)/d beta
    bf = beta * store.storage(1.2, 1 / beta, 0.6).f
    energy = bf @ np.array([1, -8, 0, 8, -1]) / 12 * 0.4 / 1e-3
    assert store.storage(1.2, 0.4, 0.6).e == pytest.approx(energy, abs=1e-9)
    assert store.storage(1.2, 0.4, 0.6).e > 1.1 * x.e


def test_maximum_stability_without_noise():
    """kappa and R of maximum stability: Opper, Kinzel, Kleinz & Nehl, J. Phys. A 23, L581 (1990)."""
    state = ground.noisy_capacity(0.0, [1.256380339, 0.454577561, 0.196709612])
    np.testing.assert_allclose(state.alpha, [0.5, 2.0, 5.0], rtol=1e-8)
    np.testing.assert_allclose(state.R, [0.512148469, 0.829757643, 0.956870080], atol=1e-8)


def test_ground_states_are_the_limit_of_low_temperature():
    for p in (0.1, 0.5):
        x = ground.ground_state(6.0, p)
        cold = solve(6.0, [1e-4, 1e-5], p, "spherical")
        np.testing.assert_allclose(cold.eps_t, x.eps_t, atol=1e-4)
        assert abs(cold.eps_t[1] - x.eps_t) < 0.2 * abs(cold.eps_t[0] - x.eps_t)  # linear in T
        np.testing.assert_allclose(cold.R[1], x.R, atol=1e-4)
    # Random labels in closed form: 1 = alpha int_-a^0 Dz z^2, eps_t = Phi(-a)
    a = 0.8
    alpha = 1 / (ndtr(0) - ndtr(-a) - a * np.exp(-a * a / 2) / np.sqrt(2 * np.pi))
    assert ground.ground_state(alpha).eps_t == pytest.approx(ndtr(-a), rel=1e-10)
    below = ground.ground_state([1.0, 2.0], 0.5)
    np.testing.assert_array_equal(below.eps_t, 0)


def test_frozen_ising_ground_states():
    x = ground.ground_state([0.5, 2.0], 0.5, "ising")
    assert x.eps_t[0] == 0 and x.eps_t[1] > ground.ground_state(2.0).eps_t + 0.05  # fewer students, more errors
    T = cool.T_s0(2.0, 0.5)
    assert solve(2.0, T, 0.5).f == pytest.approx(2 * x.eps_t[1], rel=1e-9)  # s = 0: f = e
    noisy = ground.ground_state([2.0, 5.0], 0.1, "ising")
    assert 0 < noisy.eps_t[0] < 0.1 and noisy.R[0] < 1
    assert noisy.eps_t[1] == 0.1 and noisy.R[1] == 1  # the teacher


def test_rademacher_complexity():
    alpha = np.array([1.0, 2.0, 4.0, 100.0, 1e5])
    x = ground.rademacher(alpha)
    assert (x[:2] == 1).all() and (np.diff(x[1:]) < 0).all() and x[-1] < 0.1
    assert ground.rademacher(2.0, "ising") < 1
    assert ground.rademacher(0.83, "ising") == 1 and ground.rademacher(0.84, "ising") < 1


# --- label noise as a load ---------------------------------------------------------------------------------


def test_equivalent_load_of_the_issue():
    """alpha = 3, spherical, Gibbs against Gibbs at one temperature: 0.54, 0.46 (p = 0.2), 0.76, 0.70 (p = 0.1); the
    averaged students at T_N(p) and at T = 0 (Bayes): 0.30 and 0.53."""
    ratio = load.equivalent_load(3.0, [[0.2], [0.1]], [1.0, 0.4]) / 3
    np.testing.assert_allclose(ratio, [[0.54, 0.46], [0.76, 0.70]], atol=0.005)
    bayes = load.equivalent_bayes_load(3.0, [0.2, 0.1]) / 3
    np.testing.assert_allclose(bayes, [0.30, 0.53], atol=0.005)
    ising = load.equivalent_load(3.0, 0.2, 0.4, "ising") / 3
    assert abs(ising - 0.46) > 0.02  # witness: the student of these figures is the spherical one


def test_equivalent_load_limits():
    alpha, T, p = np.array([0.5, 2.0, 8.0]), np.array([0.0, 0.3, 1.0])[:, None], 0.15
    np.testing.assert_allclose(load.equivalent_load(alpha, 0.0, T), np.broadcast_to(alpha, (3, 3)), rtol=1e-9)
    hot = load.equivalent_load(3e4, p, 1e4) / 3e4
    assert hot == pytest.approx(1 - 2 * p, rel=1e-3)
    ratio = load.equivalent_load(3.0, p, [0.2, 0.4, 1.0, 3.0, 10.0]) / 3
    assert (np.diff(ratio) > 0).all() and (ratio < 1 - 2 * p).all()  # it fails on cooling
    a = load.equivalent_load(3.0, p, 0.5)
    assert solve(a, 0.5, 0.0, "spherical").eps_g == pytest.approx(float(solve(3.0, 0.5, p, "spherical").eps_g))
    assert load.equivalent_load(3.0, 0.5, 1.0) == 0
    assert load.clean_load(0.24031159407266983, 0.0) == pytest.approx(2, rel=1e-9)
    assert np.isnan(load.clean_load(0.01, 0.5, "ising"))  # no such state before the spinodal
    assert np.isnan(load.equivalent_load(9.0, 0.1, 0.5, "ising"))


def test_small_bayes_loads_keep_the_square():
    """q = alpha (2/pi) (1 - 2p)^2 for small loads."""
    ratio = load.equivalent_bayes_load(1e-3, 0.2) / 1e-3
    kept = load.kept_information(0.2)
    assert ratio == pytest.approx(float(kept["(1 - 2p)^2"]), rel=1e-2)
    assert kept["1 - 2p"] == pytest.approx(0.6) and kept["1 - h2(p)"].round(4) == 0.2781
    end = load.kept_information([0.0, 0.5])
    for value in end.values():
        np.testing.assert_allclose(value, [1, 0], atol=1e-15)


def test_least_error_grows_with_noise():
    x = load.least_error(5.0, [0.0, 0.1, 0.2, 0.4, 1.0])
    assert (np.diff(x.eps_g) > 0).all() and x.eps_g[-1] == 0.5 and x.T[0] == 0
    clean = float(x.eps_g[0])
    assert x.eps_g[1] > 1.2 * clean  # no temperature mends 10 % random labels
    margin = load.least_error_with_margin(5.0, 0.1)
    bayes = solve(5.0, lines.T_N(0.05), 0.05, "spherical").eps_avg
    assert bayes < margin.eps_g < x.eps_g[1] and margin.kappa > 0 and margin.eps_g > 1.1 * clean
    again = load._errors(5.0, 0.05, np.array([float(x.T[1])]), np.zeros(1))
    assert again[0] == pytest.approx(float(x.eps_g[1]), rel=1e-10)  # kappa = 0 is the same student


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: store.gardner_capacity(np.nan), "kappa = nan is not valid, expected a finite stability"),
        (lambda: store.binary_capacity(-3), r"kappa = -3\.0 is not valid, expected kappa >= -1\.5"),
        (lambda: store.kappa_max(1e20), r"alpha = 1e\+20 is not valid"),
        (lambda: store.storage(1.0, 0.1, 0.0, "real"), "weights = 'real' is not known"),
        (lambda: ground.noisy_capacity(0.0), "p = 0 at kappa = 0 is not valid"),
        (lambda: ground.noisy_capacity(0.1, -0.5), r"kappa = -0\.5 is not valid, expected kappa >= 0"),
        (lambda: ground.ground_state(1.0, 0.0), "p = 0 is not valid, expected 0 < p <= 1/2"),
        (lambda: load.clean_load(0.7, 0.1), r"eps_g = 0\.7 is not valid, expected an error 0 < eps_g <= 1/2"),
        (lambda: load.least_error(1.0, -0.1), r"r = -0\.1 is not valid"),
        (lambda: load.least_error_with_margin(1.0, 1.0), r"r = 1\.0 is not valid, expected r < 1"),
        (lambda: load.equivalent_bayes_load(1.0, 0.5), r"p = 0\.5 is not valid, expected p < 1/2"),
        (lambda: cool.T_opt(1.0, 0.1, "soft"), "weights = 'soft' is not known"),
    ],
)
def test_bad_input_is_one_clear_message(call, message):
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
