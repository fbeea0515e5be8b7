"""The Parisi functional: its gradient, its limits, and what must hold at its maximum."""

from __future__ import annotations

import numpy as np
import pytest

from statmech.theory import parisi, pspin_ising
from statmech.theory.mixture import Mixture
from statmech.theory.parisi_solution import full_rsb, k_step
from statmech.theory.sk import solve

SK = Mixture.of(2)


@pytest.mark.parametrize(
    ("p", "T", "h", "q"),
    [
        (2, 0.7, 0.0, [0.0, 0.2, 0.4]),
        (3, 0.2, 0.0, [0.0, 0.8, 0.97]),
        (2, 0.3, 0.3, [0.2, 0.5, 0.8]),
        (2, 0.0, 0.0, [0.0, 0.5, 1.0]),
        ({2: 1.0, 4: 0.5}, 0.5, 0.1, [0.1, 0.3, 0.6]),
    ],
)
def test_gradient(p, T, h, q):
    mix, q, Y = Mixture.of(p), np.array(q), np.array([0.4, 1.2])
    grid = parisi.grid_for(mix, q, Y, T, h)

    def f(q=q, Y=Y):
        return parisi.functional(mix, q, Y, T, h, grid).f

    value = parisi.functional(mix, q, Y, T, h)
    for i in range(int(h == 0), 2 + (T > 0)):
        d = 1e-5 * np.eye(3)[i]
        assert (f(q=q + d) - f(q=q - d)) / 2e-5 == pytest.approx(value.dq[i], abs=2e-8)
    for i in range(2):
        d = 1e-5 * np.eye(2)[i]
        assert (f(Y=Y + d) - f(Y=Y - d)) / 2e-5 == pytest.approx(value.dY[i], abs=2e-8)
    if h == 0:  # only half of the fields are kept then: the whole line gives the same
        half = grid
        whole = parisi.Grid(half.d * np.arange(1 - len(half.y), len(half.y)), half.d, False)
        assert parisi.functional(mix, q, Y, T, h, whole).f == pytest.approx(value.f, abs=1e-13)


def test_equal_overlaps_are_replica_symmetric():
    """All q_k equal: the functional is the replica-symmetric free energy, whatever the breakpoints."""
    x = solve(0.7, 0.3)
    q = x.q + np.array([0.0, 1e-5, 2e-5])
    value = parisi.functional(SK, q, np.array([0.3, 0.9]), 0.7, 0.3)
    assert value.f == pytest.approx(float(x.f), abs=1e-9) and value.m == pytest.approx(float(x.M), abs=1e-5)


def test_one_step_of_p_3_is_the_one_step_theory():
    a, b = k_step(3, 0.5, K=1), pspin_ising.static(3, 0.5)
    np.testing.assert_allclose([a.f, a.e, a.s, a.q_EA, a.x[0]], [b.f, b.e, b.s, b.q, b.m], rtol=3e-7)
    e0, y = pspin_ising.ground_state(3)
    cold = k_step(3, 0.0, K=1)
    np.testing.assert_allclose([cold.f, cold.Y[0]], [e0, y], rtol=3e-7)


@pytest.mark.parametrize(("p", "T", "h", "K"), [(2, 0.6, 0.0, 3), (2, 0.3, 0.3, 2), (3, 0.15, 0.0, 2)])
def test_thermodynamics(p, T, h, K):
    """s = -df/dT and m = -df/dh by differences at fixed K; f = e - T s; order; more steps raise f."""
    x = k_step(p, T, h, K)
    d = 1e-3
    s = -(k_step(p, T + d, h, K).f - k_step(p, T - d, h, K).f) / (2 * d)
    assert x.s == pytest.approx(s, abs=2e-6) and x.f == pytest.approx(x.e - T * x.s, abs=1e-14)
    if h:
        m = -(k_step(p, T, h + d, K).f - k_step(p, T, h - d, K).f) / (2 * d)
        assert x.m == pytest.approx(m, abs=2e-6)
    assert (np.diff(x.q) > 0).all() and (np.diff(x.x) > 0).all() and x.q_EA < 1 and x.x[-1] < 1
    assert x.weights.sum() == pytest.approx(1) and x.weights @ x.q == pytest.approx(x.q_mean)
    assert k_step(p, T, h, K - 1).f < x.f < k_step(p, T, h, K + 1).f
    wrong = parisi.functional(Mixture.of(p), 0.95 * x.q, x.Y, T, h)  # witness: the maximum is one
    assert wrong.f < x.f - 1e-6


def test_parisi_solution_of_sk():
    """int q dx = 1 - T (Sommers), q(x) and P(q); a convergence K^-4 of f."""
    x = full_rsb(2, 0.6)
    assert x.q_mean == pytest.approx(0.4, abs=3e-6) and x.error < 1e-8
    a, b, c = (abs(k_step(2, 0.6, 0.0, K).f - x.f) for K in (2, 3, 4))
    assert 3.5 < np.log(a / b) / np.log(1.5) < 6 and 3.5 < np.log(b / c) / np.log(4 / 3) < 6
    fine = x.finest
    u = np.linspace(0, 1, 4001)
    assert fine.q_of_x(1.0) == fine.q_EA and fine.q_of_x(u).mean() == pytest.approx(fine.q_mean, abs=5e-3)
    edges = np.linspace(-1, 1, 41)
    P = fine.P_q(edges)
    assert P @ np.diff(edges) == pytest.approx(1) and P[20] > 0.3 and np.allclose(P, P[::-1], atol=1e-3)
    assert edges[:-1][P.argmax()] <= fine.q_EA or edges[1:][P.argmax()] >= -fine.q_EA


def test_near_the_transition():
    """f - f_RS vanishes as (1 - T)^5; q_EA = tau + tau^2 with tau = 1 - T."""
    tau = 0.03
    x = full_rsb(2, 1 - tau)
    assert 0 < x.f - float(solve(1 - tau).f) < tau**5
    assert x.q_EA == pytest.approx(tau + tau**2, abs=3 * tau**3)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: k_step(2, -0.1), "T >= 0"),
        (lambda: k_step(2, 0.5, -1), "h >= 0"),
        (lambda: k_step(2, 0.5, K=0), "integer from 1 to 16"),
        (lambda: k_step(1, 0.5), "integer from 2"),
        (lambda: k_step({}, 0.5), "without terms"),
        (lambda: k_step({3: -1.0}, 0.5), "finite number > 0"),
        (lambda: k_step(2, 0.3, 0.3, 2).P_q([0, 1]), "field"),
    ],
)
def test_refusals(call, says):
    with pytest.raises(ValueError, match=says):
        call()
