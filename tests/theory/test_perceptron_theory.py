"""Replica theory of the perceptron: its own thermodynamics, the Nishimori line, limits, bad input."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import ndtr

from statmech.theory import perceptron_channel as channel
from statmech.theory import perceptron_lines as lines
from statmech.theory import perceptron_saddle as saddle
from statmech.theory.perceptron import BRANCHES, WEIGHTS, PerceptronTheory, free_energy, solve

STENCIL = np.array([1, -8, 0, 8, -1]) / 12
FIELDS = ("R", "q", "qh", "Rh", "e", "eps_t", "eps_g", "gap", "eps_avg", "f", "s", "at")


def grid(weights: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Loads, temperatures and flip probabilities inside the branch, cold and hot."""
    T = np.array([0.1, 0.5, 2.0])
    p = np.array([0.0, 0.1, 0.5])[:, None] + 0 * T
    T = T + 0 * p
    if weights == "spherical":
        return np.array([0.3, 3.0, 8.0]) * np.ones((3, 1)), T, p
    return 0.9 * np.minimum(lines.alpha_sp(T, p), 4.0), T, p


# --- the averages ------------------------------------------------------------------------------------------


def points(size: int = 120) -> channel.Point:
    """Overlaps from 0 to 1 - 1e-4, temperatures from 0 to 100."""
    rng = np.random.default_rng(1)
    q = 1 - 10 ** rng.uniform(-4, -0.01, size)
    sine = rng.uniform(0.02, 1, size)
    T = np.where(np.arange(size) % 6 == 0, 0.0, 10 ** rng.uniform(-2, 2, size))
    p, kappa = rng.choice([0.0, 0.1, 0.5], size), np.zeros(size)
    return channel.Point(q, 1 - q, np.sqrt(q * (1 - sine**2)), np.sqrt(q) * sine, T, p, kappa)


@pytest.mark.parametrize("kappa", [0.0, 0.7])
def test_averages_agree_on_two_grids(kappa):
    at = points()._replace(kappa=np.full(120, kappa))
    coarse, fine = channel.averages(at), channel.averages(at, order=32, levels=10)
    np.testing.assert_allclose(coarse.A, fine.A, rtol=1e-11)
    np.testing.assert_allclose(coarse.B, fine.B, rtol=1e-11)
    np.testing.assert_allclose(coarse.curvature, fine.curvature, rtol=1e-8)
    for x, y in zip(channel.thermal(at), channel.thermal(at, order=32, levels=10)):
        np.testing.assert_allclose(x, y, rtol=1e-11, atol=1e-13)
    poor = channel.averages(at, order=3)  # witness: the grid does matter
    assert np.abs(poor.A / fine.A - 1).max() > 1e-4


def test_averages_against_a_plain_sum():
    """A and B by the trapezoid rule at a mild point, and the derivatives by differences."""
    q, R, T, p = 0.6, 0.4, 0.5, 0.1
    z = np.linspace(-10, 10, 40001)
    weight = np.exp(-z * z / 2) / np.sqrt(2 * np.pi) * (z[1] - z[0])

    def force(w, V):
        x = w / np.sqrt(V)
        phi = np.exp(-x * x / 2) / np.sqrt(2 * np.pi)
        return (1 - np.exp(-1 / T)) * phi / (np.exp(-1 / T) + (1 - np.exp(-1 / T)) * ndtr(x)) / np.sqrt(V)

    sigma = np.sqrt(q - R * R)
    teacher = (1 - p) * ndtr(R * z / sigma) + p * ndtr(-R * z / sigma)
    A = 2 * np.sum(weight * teacher * force(np.sqrt(q) * z, 1 - q) ** 2)
    B = 2 * (1 - 2 * p) / np.sqrt(2 * np.pi) * np.sum(weight * force(sigma * z, 1 - q))

    def at(dq=0.0, dR=0.0):
        a, b = np.array([q + dq]), np.array([R + dR])
        rest = (np.array([v]) for v in (T, p, 0.0))
        return channel.averages(channel.Point(a, 1 - a, b, np.sqrt(a - b * b), *rest))

    here = at()
    assert pytest.approx(A, rel=1e-12) == here.A and pytest.approx(B, rel=1e-12) == here.B
    h = 1e-4 * np.arange(-2, 3)
    for name in ("A", "B"):
        by_q = np.concatenate([getattr(at(dq=v), name) for v in h]) @ STENCIL / 1e-4
        by_R = np.concatenate([getattr(at(dR=v), name) for v in h]) @ STENCIL / 1e-4
        assert getattr(here, name + "_q") == pytest.approx(by_q, rel=1e-8)
        assert getattr(here, name + "_R") == pytest.approx(by_R, rel=1e-8)


def test_the_curve_knows_its_slope():
    y = np.linspace(-3, 1, 9)
    one = np.ones_like(y)
    for weights in WEIGHTS:
        h = 1e-4 * np.arange(-2, 3)
        around = [saddle.curve(y + v, 0.3 * one, 0.1 * one, 0.2 * one, weights) for v in h]
        by_y = np.stack([np.log(c.alpha) for c in around], axis=1) @ STENCIL / 1e-4
        np.testing.assert_allclose(around[2].rise, by_y, rtol=1e-7)


# --- thermodynamics ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("weights", WEIGHTS)
def test_thermodynamics(weights):
    alpha, T, p = grid(weights)
    x = solve(alpha, T, p, weights)
    assert x.exists.all()
    np.testing.assert_allclose(x.f, x.e - T * x.s, atol=1e-12)
    np.testing.assert_allclose(x.e, alpha * x.eps_t, rtol=1e-14)
    np.testing.assert_allclose(x.gap, p + (1 - 2 * p) * np.arccos(x.R) / np.pi - x.eps_t, atol=1e-12)
    np.testing.assert_allclose(x.eps_avg, np.arccos(x.R / np.sqrt(x.q)) / np.pi, atol=1e-12)
    np.testing.assert_allclose(x.f, free_energy(x.q, x.R, alpha, T, p, weights, x.qh, x.Rh), atol=1e-11)
    around = 1 + 1e-3 * np.arange(-2, 3)  # e = d(beta f)/d beta and s = -df/dT
    a, t, flip = (v[..., None] for v in (alpha, T, p))
    beta = around / t
    bf = beta * solve(a, 1 / beta, flip, weights).f
    np.testing.assert_allclose(bf @ STENCIL / (1e-3 / T), x.e, atol=1e-8)
    f = solve(a, t * around, flip, weights).f
    np.testing.assert_allclose(-f @ STENCIL / (1e-3 * T), x.s, atol=1e-8)
    mutant = bf @ STENCIL / (1e-3 / (0.95 * T))  # the temperature wrong by 5 %
    assert np.abs(mutant / x.e - 1).min() > 0.04


@pytest.mark.parametrize("weights", WEIGHTS)
def test_free_energy_is_stationary(weights):
    alpha, T, p = 1.1, 0.4, 0.1
    x = solve(alpha, T, p, weights)
    names = ("q", "R", "qh", "Rh") if weights == "ising" else ("q", "R")

    def slopes(shift: float, T: float = T) -> np.ndarray:
        at = {name: getattr(x, name) for name in names} | {"q": x.q + shift}
        out = []
        for name in names:
            steps = [at | {name: at[name] + v} for v in 1e-4 * np.arange(-2, 3)]
            out.append(np.array([free_energy(**v, alpha=alpha, T=T, p=p, weights=weights) for v in steps]))
        return np.stack(out) @ STENCIL / 1e-4

    assert np.abs(slopes(0.0)).max() < 1e-9
    assert np.abs(slopes(1e-3)).max() > 1e-5 and np.abs(slopes(0.0, 0.42)).max() > 1e-4  # witnesses


@pytest.mark.parametrize("weights", WEIGHTS)
def test_entropy_and_energy_rise_with_temperature(weights):
    T = np.geomspace(0.02, 20, 13)
    x = solve(1.2, T, np.array([[0.0], [0.1], [0.5]]), weights)
    assert x.exists.all()
    for value in (x.s, x.e):
        change = np.diff(value, axis=1)
        assert (change > -1e-13).all() and (change[:, 4:] > 0).all()
    np.testing.assert_allclose(x.eps_t[:, -1], 0.5, atol=0.03)
    assert (x.s[:, -1] < (np.log(2) if weights == "ising" else 0)).all()


def iterate(alpha: float, T: float, p: float, weights: str, rounds: int = 400) -> tuple[float, float]:
    """q and R by plain iteration of the equations on a fine trapezoid grid."""
    z = np.linspace(-9, 9, 4001)
    weight = np.exp(-z * z / 2)
    weight /= weight.sum()
    b = 1 / T
    q, R = 0.1, 0.1
    for _ in range(rounds):

        def force(w, V):
            x = w / np.sqrt(V)
            phi = np.exp(-x * x / 2) / np.sqrt(2 * np.pi)
            return -np.expm1(-b) * phi / (np.exp(-b) - np.expm1(-b) * ndtr(x)) / np.sqrt(V)

        sigma = np.sqrt(q - R * R)
        teacher = (1 - p) * ndtr(R * z / sigma) + p * ndtr(-R * z / sigma)
        qh = 2 * alpha * weight @ (teacher * force(np.sqrt(q) * z, 1 - q) ** 2)
        Rh = 2 * alpha * (1 - 2 * p) / np.sqrt(2 * np.pi) * weight @ force(sigma * z, 1 - q)
        if weights == "ising":
            t = np.tanh(np.sqrt(qh) * z + Rh)
            q, R = weight @ (t * t), weight @ t
        else:
            V = 1 / (0.5 + np.sqrt(0.25 + qh + Rh * Rh))  # q = V^2 (qh + Rh^2), q = 1 - V
            q, R = 1 - V, V * Rh
    return q, R


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize(("alpha", "T", "p"), [(1.0, 0.5, 0.0), (2.0, 0.6, 0.15), (0.7, 1.5, 0.05)])
def test_independent_iteration(alpha, T, p, weights):
    x = solve(alpha, T, p, weights)
    np.testing.assert_allclose([x.q, x.R], iterate(alpha, T, p, weights), rtol=1e-10)


# --- the Nishimori line ------------------------------------------------------------------------------------


@pytest.mark.parametrize("weights", WEIGHTS)
def test_nishimori_line(weights):
    p = np.array([0.02, 0.1, 0.2, 0.35])[:, None]
    T = lines.T_N(p)
    alpha = np.array([0.2, 1.0, 1.4])
    x = solve(alpha, T, p, weights)
    np.testing.assert_allclose(x.q, x.R, rtol=1e-11)
    np.testing.assert_allclose(x.eps_t, np.broadcast_to(p, x.eps_t.shape), rtol=1e-11)
    hot = solve(alpha, 1.05 * T, p, weights)  # mutant
    assert (np.abs(hot.q - hot.R) > 1e-4).all() and (np.abs(hot.eps_t - p) > 1e-4).all()
    # Memorising is T < T_N, and the averaged student is best at T_N.
    cold = solve(alpha, 0.95 * T, p, weights)
    assert (cold.eps_t < p).all() and (hot.eps_t > p).all()
    assert (x.eps_avg < cold.eps_avg).all() and (x.eps_avg < hot.eps_avg).all()


# --- branches and limits -----------------------------------------------------------------------------------


def test_perfect_branch():
    x = solve([1.0, 3.0], 0.5, 0.1, branch="perfect")
    for name, value in {"R": 1, "q": 1, "eps_t": 0.1, "eps_g": 0, "eps_avg": 0, "gap": 0, "s": 0}.items():
        np.testing.assert_allclose(getattr(x, name), value, atol=1e-15)
    np.testing.assert_allclose(x.f, [0.1, 0.3], atol=1e-15)
    assert not solve(1.0, 0.5, 0.1, "spherical", "perfect").exists
    assert not solve(1.0, 0.5, 0.5, branch="perfect").exists


@pytest.mark.parametrize(("T", "p"), [(0.0, 0.0), (0.3, 0.0), (1.0, 0.0), (0.3, 0.1), (0.7213475204444817, 0.2)])
def test_branch_ends_at_the_spinodal(T, p):
    top = float(lines.alpha_sp(T, p))
    inside, outside = solve(top * (1 - 1e-11), T, p), solve(top * (1 + 1e-9), T, p)
    assert inside.exists and not outside.exists and np.isnan(outside.R)
    near = solve(top * (1 - np.array([1e-2, 1e-4, 1e-6])), T, p)
    step = np.diff(near.R)
    assert (step > 0).all() and step[1] / step[0] == pytest.approx(0.1, rel=0.3)  # a square root


@pytest.mark.parametrize("weights", WEIGHTS)
def test_low_temperature_joins_zero_temperature(weights):
    alpha, p = 0.6, np.array([[0.0], [0.1], [0.5]])
    x = solve(alpha, [0.0, 1e-6, 1e-3, 0.02, 0.2], p, weights)
    for name in ("R", "q", "e", "f", "s"):
        value = getattr(x, name)
        np.testing.assert_allclose(value[:, 1], value[:, 0], atol=3e-6)
        np.testing.assert_allclose(value[:, 2], value[:, 0], atol=3e-3)
    np.testing.assert_array_equal(x.eps_t[:, 0], 0)
    assert np.abs(x.q[:, 4] - x.q[:, 0]).min() > 1e-2  # witness: temperature does matter
    np.testing.assert_allclose(x.q[0, 0], x.R[0, 0], rtol=1e-12)  # the version space holds the teacher
    capacity = {"spherical": 2.992, "ising": np.inf}[weights]
    if weights == "spherical":
        assert solve(0.999 * capacity, 0, 0.1, weights).exists and not solve(1.001 * capacity, 0, 0.1, weights).exists


def test_high_temperature_depends_on_alpha_over_T_alone():
    """f/T = x arccos(R)/pi - s(R) at T -> infinity: R = tanh(x / (pi sqrt(1 - R^2))) for Ising weights."""
    T = 1e5
    for x in (0.5, 1.2, 2.0):
        R = brentq(lambda R, x=x: np.arctanh(R) - x / np.pi / np.sqrt(1 - R * R), 1e-6, 0.83)
        assert pytest.approx(R, rel=1e-4) == solve(x * T, T).R
        assert pytest.approx(R, rel=1e-4) == solve(x * T / 0.6, T, 0.2).R  # noise: x (1 - 2p)
    assert lines.alpha_sp(T) / T == pytest.approx(2.0820698573078764, rel=1e-4)
    assert lines.alpha_th(T) / T == pytest.approx(1.6959326430673884, rel=1e-4)


def test_small_loads():
    """R = alpha B(0), q = alpha A(0) + ...: B = 2(1 - 2p)/pi tanh(b/2), A = (2/pi) tanh^2(b/2)."""
    T, p, alpha = np.array([0.0, 0.3, 2.0]), 0.1, 1e-6
    with np.errstate(divide="ignore"):
        th = np.tanh(1 / (2 * T))
    for weights in WEIGHTS:
        x = solve(alpha, T, p, weights)
        np.testing.assert_allclose(x.R, alpha * 2 * (1 - 2 * p) / np.pi * th, rtol=1e-5)
        np.testing.assert_allclose(x.q, alpha * 2 / np.pi * th**2, rtol=1e-4)
        np.testing.assert_allclose(x.at, 1, atol=1e-4)


def test_random_labels_know_no_teacher():
    x = solve([0.5, 2.0], [[0.3], [1.0]], 0.5)
    np.testing.assert_allclose(x.R, 0, atol=1e-15)
    np.testing.assert_allclose(x.eps_g, 0.5, atol=1e-15)
    assert solve(1.0, 1.0, 0.5, "spherical").q.round(3) == 0.112  # q > 0 in a replica-symmetric phase
    assert solve(1.0, 1.0, 0.5, "spherical").at > 0


# --- shapes and bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize("weights", WEIGHTS)
def test_vectorised_equals_scalar(weights):
    alpha, T, p = np.array([0.1, 1.3, 3.0]), np.array([0.0, 0.25, 1.0]), np.array([0.0, 0.2])
    grid = solve(alpha[:, None, None], T[:, None], p, weights)
    assert grid.exists.shape == (3, 3, 2) and grid.exists.any()
    assert grid.exists.all() == False or weights == "spherical"  # noqa: E712
    for i in np.ndindex(3, 3, 2):
        one = solve(alpha[i[0]], T[i[1]], p[i[2]], weights)
        assert one.exists == grid.exists[i]
        for name in FIELDS:
            got, wanted = getattr(grid, name)[i], float(getattr(one, name))
            assert got == pytest.approx(wanted, rel=1e-9, abs=1e-12, nan_ok=True)
            assert np.isnan(got) != grid.exists[i]


def test_extreme_and_empty_input():
    x = solve([[1e-9], [1e-3], [30.0]], [1e-6, 1e-3, 1e3], 0.1, "spherical")
    assert x.exists.all() and (x.q < 1).all() and (x.q >= x.R**2).all()
    for name in FIELDS:
        assert np.isfinite(getattr(x, name)).all(), name
    assert solve([], 0.5).R.shape == (0,)


def test_predictions_carry_the_names_of_a_simulation():
    from statmech.names import OBSERVABLES

    theory = PerceptronTheory("spherical", r=0.2)
    values = theory.predict([1.0, 2.0], 0.5)
    assert set(values) <= set(OBSERVABLES)
    assert set(values) >= {"e", "eps_t", "eps_g", "R", "q", "gap", "eps_avg", "s"}
    np.testing.assert_array_equal(values["R"], solve([1.0, 2.0], 0.5, 0.1, "spherical").R)
    clean = theory.predict(1.0, 0.5, r=0.0, weights="ising")
    assert clean["R"] == solve(1.0, 0.5).R
    assert set(theory.branches) == set(BRANCHES) and "45" in theory.citation
    assert np.isnan(theory.predict(1.0, 0.5, branch="perfect")["R"])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: solve(0, 0.5), r"alpha = 0\.0 is not valid, expected finite alpha = m/N > 0"),
        (lambda: solve([1.0, -0.2], 0.5), r"alpha = -0\.2"),
        (lambda: solve(np.nan, 0.5), "alpha = nan"),
        (lambda: solve(1.0, -1), r"T = -1\.0 is not valid, expected finite T >= 0"),
        (lambda: solve(1.0, np.inf), "T = inf"),
        (lambda: solve(1.0, 1.0, 0.6), r"p = 0\.6 is not valid, expected a flip probability"),
        (lambda: solve(1.0, 1.0, -0.1), r"p = -0\.1"),
        (lambda: solve(1.0, 0.5, 0.1, "binary"), "weights = 'binary' is not known, expected one of ising, spherical"),
        (lambda: solve(1.0, 0.5, branch="glass"), "branch = 'glass' is not known, expected one of poor, perfect"),
        (lambda: solve("much", 0.5), "alpha must be a number or an array of numbers, got 'much'"),
        (lambda: solve([1.0, 2.0], [0.1, 0.2, 0.3]), r"shapes do not broadcast: alpha \(2,\), T \(3,\)"),
        (lambda: free_energy(0.5, 0.5, 1.0, 0.0), "T = 0 is not valid here"),
        (lambda: free_energy(0.1, 0.5, 1.0, 1.0), r"expected R\^2 <= q < 1"),
        (lambda: PerceptronTheory("spherical", r=1.2), r"r = 1\.2 is not valid, expected a share of redrawn labels"),
        (lambda: PerceptronTheory("sphere"), "weights = 'sphere' is not known"),
        (lambda: lines.alpha_th(-0.1), r"T = -0\.1"),
        (lambda: lines.T_N(0.7), r"p = 0\.7"),
        (lambda: lines.glass_end(0.5), r"p = 0\.5 is not valid, expected p < 1/2"),
    ],
)
def test_bad_input_is_one_clear_message(call, message):
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
