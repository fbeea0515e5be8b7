"""Each rule against what it must satisfy exactly, on small instances: equations, optimality conditions, enumeration."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from rules.instances import teacher_student
from scipy.optimize import minimize

from statmech.rules import AMP, Adaline, Adatron, Hebb, PseudoInverse, Rosenblatt, average, overlaps, training_error
from statmech.theory.linear_student import gradient_flow
from statmech.theory.sign_channel import nishimori_temperature


def test_hebb_is_the_sum():
    xi, _ = teacher_student(20, 2.0)
    np.testing.assert_allclose(Hebb().run(xi)["w"], xi.sum(0) / np.sqrt(20), rtol=1e-12)


@pytest.mark.parametrize("alpha", [0.4, 3.0])
def test_pseudo_inverse_is_the_shortest_least_squares_solution(alpha):
    xi, B = teacher_student(40, alpha)
    y = xi @ B / np.sqrt(40) + 0.1
    for targets in (None, y):
        wanted = np.ones(len(xi)) if targets is None else y
        expected = np.linalg.pinv(xi / np.sqrt(40)) @ wanted
        w = PseudoInverse(tolerance=1e-13).run(xi, targets=targets)["w"]
        np.testing.assert_allclose(w, expected, atol=1e-9)
    if alpha < 1:
        np.testing.assert_allclose(xi @ PseudoInverse().run(xi)["w"] / np.sqrt(40), 1, atol=1e-7)


def test_adaline_filters_the_modes():
    xi, _ = teacher_student(30, 2.0)
    rule = Adaline(rate=0.05, t_max=1.5)
    value, mode = np.linalg.eigh(xi.T @ xi / 30)
    f = 1 - (1 - 0.05 * value) ** rule.steps
    expected = mode @ (f / value * (mode.T @ (xi.sum(0) / np.sqrt(30))))
    state = rule.run(xi)
    np.testing.assert_allclose(state["w"], expected, rtol=1e-9)
    assert rule.times(state)[-1] == pytest.approx(1.5)


def test_adaline_with_targets_follows_the_linear_student():
    n, sigma2 = 800, 0.5
    rng = np.random.default_rng(8)
    X, B = rng.standard_normal((n, n)), rng.standard_normal(n)
    B *= np.sqrt(n) / np.linalg.norm(B)
    y = X @ B / np.sqrt(n) + np.sqrt(sigma2) * rng.standard_normal(n)
    rule = Adaline(rate=0.1, t_max=8.0)
    state = rule.run(X, teacher=B, targets=y)
    R, q, _ = state["history"].T
    theory = gradient_flow(1.0, rule.times(state), sigma2, rate=0.1)
    np.testing.assert_allclose(R, theory.r, atol=0.05)
    np.testing.assert_allclose(1 - 2 * R + q, theory.eps_g, atol=0.05)
    best = np.argmin(1 - 2 * R + q)
    assert 0.5 < rule.times(state)[best] < 2.5  # over-training: theory has the minimum at 1.3
    assert (1 - 2 * R + q)[-1] > (1 - 2 * R + q)[best] + 0.2
    flow = gradient_flow(1.0, 2 * rule.times(state), sigma2, rate=0.1)  # witness
    assert np.abs(R - flow.r).max() > 0.1


def test_rosenblatt_stops_without_errors():
    xi, _ = teacher_student(50, 3.0)
    state = Rosenblatt().run(xi)
    assert training_error(xi, state["w"]) == 0
    # Novikoff: updates <= max |xi|^2 / (N kappa^2), kappa the largest stability
    kappa = Adatron().certificate(xi, Adatron().run(xi)).bound
    assert 0 < state["updates"] <= (np.linalg.norm(xi, axis=1).max() / kappa) ** 2
    stable = Rosenblatt(kappa=0.5 * kappa).run(xi)
    assert (xi @ stable["w"]).min() / np.linalg.norm(stable["w"]) > 0.5 * kappa


def test_rosenblatt_cycles_on_labels_that_nobody_fits():
    xi, _ = teacher_student(40, 6.0, 0.3)
    rule = Rosenblatt(max_epochs=80)
    state = rule.run(xi)
    assert state["iterations"] == 80 and training_error(xi, state["w"]) > 0
    lengths = np.sqrt(state["history"][:, 1])
    assert lengths[40:].max() < 1.3 * lengths[10:40].max()


@pytest.mark.parametrize("alpha", [0.5, 2.0, 8.0])
def test_adatron_is_the_largest_stability(alpha):
    xi, _ = teacher_student(60, alpha)
    rule = Adatron(tolerance=1e-8)
    state = rule.run(xi)
    assert rule.violation(xi, state) <= 1e-8
    reached, bound = rule.certificate(xi, state)
    assert reached == pytest.approx(bound, rel=1e-7) and reached <= bound * (1 + 1e-12)
    rng = np.random.default_rng(0)
    w = rule.weights(state)
    for _ in range(200):  # nobody near does better
        other = w + 0.05 * rng.standard_normal(60)
        assert (xi @ other).min() / np.linalg.norm(other) < reached
    hebb = Hebb().weights(Hebb().run(xi))
    assert (xi @ hebb).min() / np.linalg.norm(hebb) < reached - 0.05  # witness


def test_adatron_against_a_general_solver():
    xi, _ = teacher_student(8, 1.5, seed=5)
    w = Adatron(tolerance=1e-9).run(xi)["w"]
    found = minimize(
        lambda v: 0.5 * v @ v,
        w + 0.3,
        jac=lambda v: v,
        constraints={"type": "ineq", "fun": lambda v: xi @ v / np.sqrt(8) - 1, "jac": lambda v: xi / np.sqrt(8)},
        options={"ftol": 1e-14, "maxiter": 500},
    )
    np.testing.assert_allclose(w, found.x, atol=1e-5)


def test_soft_margin_is_the_minimum_of_hinge_loss_and_decay():
    xi, _ = teacher_student(30, 5.0, 0.2)
    C = 0.3
    rule = Adatron(ceiling=C, tolerance=1e-7)
    state = rule.run(xi)
    assert rule.violation(xi, state) <= 1e-7 and state["x"].max() <= C
    h = xi @ state["w"] / np.sqrt(30)
    primal = 0.5 * state["w"] @ state["w"] + C * np.maximum(0, 1 - h).sum()
    dual = state["x"].sum() - 0.5 * state["w"] @ state["w"]
    assert primal == pytest.approx(dual, rel=1e-6)  # strong duality: the optimum
    assert (h < 0).any()  # witness: not separable


def test_adatron_certifies_that_nobody_fits_noisy_labels():
    xi, _ = teacher_student(60, 5.0, 0.2)  # alpha_c = 2.39
    rule = Adatron(max_iterations=300)
    state = rule.run(xi)
    early = rule.advance(xi, rule.start(xi), 6)
    assert state["iterations"] == 300 and rule.violation(xi, state) > rule.tolerance
    assert state["x"].sum() > 3 * early["x"].sum()
    assert rule.certificate(xi, state).bound < 0.5 * rule.certificate(xi, early).bound
    assert rule.certificate(xi, state).reached < 0


def marginals(xi, T):
    """<w> by enumeration for Ising weights."""
    w = np.array(list(itertools.product((-1, 1), repeat=xi.shape[1])))
    errors = (w @ xi.T <= 0).sum(1)
    weight = np.exp(-(errors - errors.min()) / T)
    return weight @ w / weight.sum()


def test_amp_approaches_the_exact_marginals():
    """Mean-field marginals at N = 15 against enumeration: far closer than the best single-field guess."""
    T = float(nishimori_temperature(0.2))
    amp, naive = [], []
    for seed in range(12):
        xi, _ = teacher_student(15, 1.0, 0.2, seed, "ising")
        exact = marginals(xi, T)
        state = AMP(T=T).run(xi)
        amp.append(np.sqrt(np.mean((state["w"] - exact) ** 2)))
        first = AMP(T=T).advance(xi, AMP(T=T).start(xi), 1)  # Hebb's fields, no reaction
        naive.append(np.sqrt(np.mean((first["w"] - exact) ** 2)))
    assert np.mean(amp) < 0.12
    assert np.mean(amp) < 0.75 * np.mean(naive)


def test_amp_samples_have_the_overlaps_of_the_marginals():
    for prior in ("ising", "spherical"):
        xi, B = teacher_student(1000, 1.0, 0.1, 1, "ising")
        rule = AMP.bayes(0.1, prior)
        state = rule.run(xi, teacher=B)
        w = rule.sample(state, 12, key=4)
        q = overlaps(w)
        R, q_theory, eps_g = state["history"][-1]
        off = q[np.triu_indices(12, 1)]
        assert off.mean() == pytest.approx(q_theory, abs=0.03)
        assert not np.array_equal(w, rule.sample(state, 12, key=5))
        errors = [np.arccos(average(w[:K]) @ B / 1000) / np.pi for K in (1, 3, 12)]
        expected = np.arccos(R / np.sqrt(q_theory + (1 - q_theory) / np.array([1, 3, 12]))) / np.pi
        np.testing.assert_allclose(errors, expected, atol=0.02)
        assert errors[0] > errors[1] > errors[2] > eps_g - 0.01
        assert abs(expected[0] - expected[1]) > 0.03  # witness: K matters at this tolerance


def test_average_refuses_nonsense():
    with pytest.raises(ValueError, match=r"students have shape \(3,\), expected"):
        average(np.ones(3))
    with pytest.raises(ValueError, match="a student is zero"):
        average(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="the students cancel"):
        average([[1.0, 1.0], [-1.0, -1.0]])


def test_amp_stops_at_the_teacher():
    """Beyond the threshold every instance ends at the teacher itself, not at its reverse nor past it."""
    for seed in range(30):
        xi, B = teacher_student(300, 5.0, 0.1, seed, "ising")
        rule = AMP.bayes(0.1)
        state = rule.run(xi)
        assert np.array_equal(np.sign(state["w"]), B) and state["iterations"] < 40, seed
