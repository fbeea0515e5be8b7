"""State evolution and the sign channel: identities, limits, thresholds, two grids, bad input."""

from __future__ import annotations

import numpy as np
import pytest

from statmech.theory import state_evolution as se
from statmech.theory.sign_channel import nishimori_temperature, output


@pytest.mark.parametrize("T", [0.0, 0.01, 0.3, 2.0])
@pytest.mark.parametrize("V", [1.0, 0.01])
def test_channel_derivatives(T, V):
    omega = np.linspace(-4, 6, 41) * np.sqrt(V)
    h = 1e-5 * np.sqrt(V)
    low, mid, high = output(omega - h, V, T), output(omega, V, T), output(omega + h, V, T)
    np.testing.assert_allclose((high.logz - low.logz) / (2 * h), mid.g, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose((high.g - low.g) / (2 * h), mid.dg, rtol=1e-5, atol=1e-5 / V)


def test_channel_far_in_the_tail():
    x = output(np.array([-60.0, -30.0, 40.0]), 1.0, 0.0)
    assert np.isfinite([x.logz, x.g, x.dg]).all()
    assert x.g[0] == pytest.approx(60.0, rel=1e-3)
    cold = output(np.array([-3.0, 0.0, 3.0]), 1.0, 1e-3)  # e^-1000 underflows
    np.testing.assert_allclose(cold.g, output(np.array([-3.0, 0.0, 3.0]), 1.0, 0.0).g, rtol=1e-12)


def test_nishimori_temperature_makes_the_weight_the_likelihood():
    p, V = 0.1, 0.4
    omega = np.linspace(-2, 2, 9)
    T = float(nishimori_temperature(p))
    from scipy.special import ndtr

    likelihood = p + (1 - 2 * p) * ndtr(omega / np.sqrt(V))
    ratio = np.exp(output(omega, V, T).logz) / likelihood
    np.testing.assert_allclose(ratio, 1 / (1 - p), rtol=1e-13)
    assert nishimori_temperature(0.0) == 0 and np.isinf(nishimori_temperature(0.5))


@pytest.mark.parametrize("prior", se.PRIORS)
@pytest.mark.parametrize(("alpha", "p"), [(0.7, 0.0), (1.0, 0.1), (4.0, 0.2)])
def test_nishimori_line(prior, alpha, p):
    path = se.evolve(alpha, p, prior=prior, iterations=30)
    np.testing.assert_allclose(path.q, path.R, atol=1e-12)
    np.testing.assert_allclose(path.q, 1 - path.V, atol=1e-12)
    assert (np.diff(path.q) > -1e-13).all()
    T = float(nishimori_temperature(p))
    off = se.fixed_point(alpha, p, T + 0.4, prior)
    assert abs(off.q - off.R) > 1e-3  # witness
    # no other temperature gives a better average
    assert off.eps_g > se.fixed_point(alpha, p, prior=prior).eps_g
    if T > 0:
        assert se.fixed_point(alpha, p, T - 0.1, prior).eps_g > se.fixed_point(alpha, p, prior=prior).eps_g


def test_grids_agree():
    for overlap in (0.0, 0.3, 0.9, 0.9999):
        for p, T in ((0.0, 0.0), (0.1, 0.455), (0.2, 0.3), (0.1, 0.05)):
            x = se.informed(overlap)
            np.testing.assert_allclose(se.messages(x, 2.0, p, T), se.messages(x, 2.0, p, T, h=0.01), rtol=1e-11)


def test_first_iteration_by_hand():
    # q = 0: qh = Rh^2 / alpha at p = 0 with Rh = 2 alpha/sqrt(2 pi) g(0), g(0) = sqrt(2/pi)
    qh, Rh = se.messages(se.informed(0.0), 1.5, 0.0, 0.0)
    assert qh == pytest.approx(1.5 * 2 / np.pi, rel=1e-13)
    assert Rh == pytest.approx(1.5 * 2 / np.pi, rel=1e-13)


def test_threshold_of_message_passing():
    """Uninformed starts stay poor below the spinodal (2.1985 at p = 0.05) and find the teacher above."""
    assert se.fixed_point(2.15, 0.05).q < 0.9
    assert se.fixed_point(2.25, 0.05).q == 1.0
    assert se.fixed_point(2.15, 0.05, start=0.999).q > 1 - 1e-9


def test_random_labels():
    x = se.fixed_point(1.0, 0.5, 1.0, "spherical")
    assert x.R == 0 and x.eps_g == 0.5
    assert x.q == pytest.approx(0.1121290127, abs=1e-9)  # replica-symmetric storage at T = 1


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="prior = 'binary' is not known, expected one of ising, spherical"):
        se.evolve(1.0, prior="binary")
    with pytest.raises(ValueError, match="no Nishimori temperature"):
        se.evolve(1.0, 0.5)
    with pytest.raises(ValueError, match=r"T = -1\.0"):
        se.fixed_point(1.0, 0.1, -1.0)
    with pytest.raises(ArithmeticError, match="still moves after 3 iterations"):
        se.fixed_point(1.4, max_iterations=3)
