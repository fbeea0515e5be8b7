"""The dynamical equations of the spherical p-spin model: equilibrium, short times, aging and the threshold."""

from __future__ import annotations

import numpy as np
import pytest

from statmech.theory import pspin_spherical as statics
from statmech.theory.spherical_dynamics import energy, relax


def test_equilibrium_stays():
    """Started in equilibrium at the bath's temperature: e = -b/2, C depends on t - t', chi = (1 - C)/T."""
    T = 0.8
    _, e = energy(T, t_max=10.0, T_start=T)
    np.testing.assert_allclose(e, -0.5 / T, atol=4e-4)
    x = relax(T, t_max=8.0, dt=0.02, T_start=T)
    n, w = 400, 200
    assert x.C[n, w] == pytest.approx(x.C[n - w, 0], abs=2e-3)
    assert x.integrated_response()[n, w] == pytest.approx((1 - x.C[n, w]) / T, abs=3e-3)
    assert np.ptp(relax(T, t_max=5.0, dt=0.05).e) > 0.3  # witness: a random start does move


def test_free_relaxation():
    """At high T the interaction drops out: C = R = exp(-T (t - t')) from any start."""
    x = relax(50.0, t_max=0.2, dt=0.002)
    np.testing.assert_allclose(x.C[-1], np.exp(-50 * (x.t[-1] - x.t)), atol=3e-3)
    np.testing.assert_allclose(x.R[-1], np.exp(-50 * (x.t[-1] - x.t)), atol=3e-3)


def test_short_times():
    """de/dt = -p at t = 0 after a quench from random spins to T = 0: minus the mean squared gradient per spin,
    2 xi'(1)/2 = p/2 each for e."""
    t, e = energy(0.0, t_max=0.1, dt=0.01)
    assert (e[1] - e[0]) / t[1] == pytest.approx(-1.5, rel=0.05)


def test_second_order_and_the_constraint():
    e = {dt: relax(0.5, t_max=4.0, dt=dt).e[-1] for dt in (0.1, 0.05, 0.025)}
    assert 3.2 < (e[0.1] - e[0.05]) / (e[0.05] - e[0.025]) < 5.0
    x = relax(0.5, t_max=4.0, dt=0.05)
    assert (np.diagonal(x.C) == 1).all() and (np.abs(np.tril(x.C)) <= 1 + 1e-12).all()
    assert (np.triu(x.C, 1) == 0).all() and x.mu == pytest.approx(0.5 - 3 * x.e)


def test_memory_is_lost_above_the_dynamical_transition():
    x = relax(1.2, t_max=16.0, dt=0.1)
    assert abs(x.C[-1, 0]) < 1e-3 and x.C[-1, -2] > 0.8


@pytest.mark.slow
def test_quench_ends_at_the_threshold():
    """e(t) = e_th + c t^(-2/3) at T = 0: the exponent, and the limit above the ground state."""
    t, e = energy(0.0, t_max=60.0, dt=0.12)
    late = t > 12
    slope, limit = np.polyfit(t[late] ** (-2 / 3), e[late], 1)
    assert limit == pytest.approx(statics.e_threshold(3), abs=4e-3) and slope > 0
    assert limit > statics.e_ground(3) + 5e-3
    power = np.polyfit(np.log(t[late]), np.log(e[late] - statics.e_threshold(3)), 1)[0]
    assert power == pytest.approx(-2 / 3, abs=0.05)


@pytest.mark.slow
def test_aging():
    """T = 0.5 < T_d: the correlation at t = 2 t_w stays above 0, falls below the plateau q, and the slope of
    chi against C is flatter than 1/T (X < 1), near X = 0.565."""
    x = relax(0.5, t_max=60.0, dt=0.06)
    n, w = len(x.t) - 1, len(x.t) // 3
    plateau = float(statics.threshold(3, 0.5).q)
    assert 0.2 < x.C[n, w] < plateau
    chi, C = x.integrated_response()[n], x.C[n]
    old = (plateau - 0.15 > C) & (C > 0.2)
    X = -0.5 * np.polyfit(C[old], chi[old], 1)[0]
    assert 0.4 < X < 0.75
    again = x.C[2 * n // 3, w * 2 // 3]  # the same ratio of times: full aging
    assert again == pytest.approx(x.C[n, w], abs=0.03)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: relax(-1.0), "T >= 0"),
        (lambda: relax(1.0, 1), "integer from 2"),
        (lambda: relax(1.0, dt=1.0), "dt <= 0.25"),
        (lambda: relax(1.0, t_max=1e5), "GiB"),
        (lambda: relax(1.0, T_start=0.0), "T_start"),
    ],
)
def test_refusals(call, says):
    with pytest.raises(ValueError, match=says):
        call()
