"""Planted p-spin models: the Nishimori line, the thresholds, thermodynamics."""

from __future__ import annotations

import numpy as np
import pytest

from statmech.theory import planted_pspin as planted
from statmech.theory import pspin_ising as ising

CASES = [(3, "ising"), (4, "ising"), (2, "ising"), (3, "spherical"), (2, "spherical")]


@pytest.mark.parametrize(("p", "spins"), CASES)
def test_nishimori_line(p, spins):
    """b = 2 J0: q = m, e = -b/2, and the Bayes-optimal overlap; off the line q differs from m."""
    T = 0.9 * planted.thresholds(p, spins).T_IT
    x = planted.ferromagnet(T, 0.5 / T, p, spins)
    assert x.q == pytest.approx(float(x.m), abs=1e-10) and x.e == pytest.approx(-0.5 / T, abs=1e-10)
    assert x.m == pytest.approx(float(planted.bayes(T, p, spins)), abs=1e-9) and x.m > 0.1
    off = planted.ferromagnet(T, 0.55 / T, p, spins)
    assert abs(off.q - off.m) > 1e-4


@pytest.mark.parametrize(("p", "spins"), CASES)
def test_thermodynamics(p, spins):
    """s = -df/dT, -m^p = df/dJ0, and f stationary in m and q."""
    T, J0, d = 0.5, 1.2, 1e-5
    x = planted.ferromagnet(T, J0, p, spins)
    up = planted.ferromagnet([T + d, T], [J0, J0 + d], p, spins)
    down = planted.ferromagnet([T - d, T], [J0, J0 - d], p, spins)
    slope = (up.f - down.f) / (2 * d)
    assert slope[0] == pytest.approx(-float(x.s), abs=1e-6) and slope[1] == pytest.approx(-float(x.m) ** p, abs=1e-6)

    def f(dm, dq):
        args = (np.asarray(v) for v in (T, J0, x.m + dm, x.q + dq))
        return float(planted.thermodynamics(*args, p, spins).f)

    assert abs(f(d, 0) - f(-d, 0)) / (2 * d) < 1e-7 and abs(f(0, d) - f(0, -d)) / (2 * d) < 1e-7
    assert abs(f(0, 0.01) - f(0, 0)) > 1e-6  # witness


def test_thresholds():
    """Below T_IT the optimal overlap jumps; the informed state lives up to T_d; p = 2 is continuous."""
    for spins in ("ising", "spherical"):
        edge = planted.thresholds(3, spins)
        mid = 0.5 * (edge.T_IT + edge.T_d)
        assert edge.T_easy < edge.T_IT < edge.T_d
        at = planted.bayes([edge.T_IT - 1e-6, edge.T_IT + 1e-6, mid], 3, spins)
        assert at[0] > 0.4 and at[1] == 0 and at[2] == 0
        assert planted.bayes(mid, 3, spins, informed=True) > 0.4
        assert planted.bayes(edge.T_d + 1e-6, 3, spins, informed=True) == 0
        assert planted.bayes(edge.T_d, 3, spins, informed=True) > 0.4
        assert planted.phase([0.4, 0.8], 3, spins).tolist() == ["hard", "impossible"]
        # the states cross in free energy exactly where inference becomes possible
        x = planted.ferromagnet(edge.T_IT, 0.5 / edge.T_IT, 3, spins)
        assert x.f == pytest.approx(planted.glass_free_energy(edge.T_IT, 3, spins), abs=1e-9)
        assert planted.J0_f(edge.T_IT, 3, spins) == pytest.approx(0.5 / edge.T_IT, abs=1e-8)
    q = planted.bayes([0.9, 0.999, 1.1], 2)
    assert q[0] > q[1] > 0 == q[2] and q[1] < 0.01
    assert planted.phase([0.9, 1.1], 2).tolist() == ["easy", "impossible"]


def test_spectral_method_is_optimal_for_spherical_p_2():
    T = np.array([0.3, 0.7, 0.99, 1.5])
    np.testing.assert_allclose(planted.bayes(T, 2, "spherical"), planted.spiked_wigner(1 / T).overlap2, atol=1e-14)


def test_folding_of_a_correlated_landscape():
    """The signal needed to fold rises with T above T_K, and below is set by the glass."""
    J0 = [planted.J0_f(T) for T in (0.4, 0.65, 1.0, 1.5)]
    assert (np.diff(J0[1:]) > 0).all() and J0[0] == pytest.approx(-ising.ground_state(3)[0], abs=0.05)
    assert planted.ferromagnet(1.0, 0.2).m == 0  # witness: a weak signal is lost


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: planted.ferromagnet(0.0, 1.0), "T > 0"),
        (lambda: planted.ferromagnet(1.0, -1.0), "signal"),
        (lambda: planted.bayes(1.0, 1), "from 2"),
        (lambda: planted.bayes(1.0, 3, "potts"), "spherical"),
        (lambda: planted.glass_free_energy(0.5, 2), "full_rsb"),
        (lambda: planted.J0_f(0.5, 2), "from 3"),
        (lambda: planted.spiked_wigner(-1.0), "strength"),
    ],
)
def test_refusals(call, says):
    with pytest.raises(ValueError, match=says):
        call()
