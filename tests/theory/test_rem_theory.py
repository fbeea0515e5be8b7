"""The random energy model at finite size and its funnel."""

from __future__ import annotations

import numpy as np
import pytest

from statmech.theory import funnel, rem


def two_levels(T: float) -> tuple[float, float, float]:
    """f, e and E sum p^2 of N = 1 by quadrature over both levels."""
    z = np.arange(-180, 181) * 0.05
    w = np.exp(-0.5 * z * z) * 0.05 / np.sqrt(2 * np.pi)
    a, b = np.sqrt(0.5) * z[:, None], np.sqrt(0.5) * z
    A, B, W = np.exp(-a / T), np.exp(-b / T), w[:, None] * w
    Z = A + B
    return -T * (W * np.log(Z)).sum(), (W * (a * A + b * B) / Z).sum(), (W * (A**2 + B**2) / Z**2).sum()


@pytest.mark.parametrize("T", [0.25, 0.7, 3.0])
def test_one_spin(T):
    x = rem.finite(T, 1)
    np.testing.assert_allclose([x.f, x.e, x.Y], two_levels(T), atol=1e-10)


def test_sampled_levels():
    """N = 10, 4000 samples: e, f, Y within 4 standard errors; a variance wrong by 10 % is seen."""
    rng = np.random.default_rng(5)
    E = rng.normal(0, np.sqrt(5.0), (4000, 1024))
    x, T = rem.finite(0.5, 10), 0.5
    Z = np.exp(-E / T).sum(1)
    p = np.exp(-E / T) / Z[:, None]
    for got, want in (((p * E).sum(1) / 10, x.e), (-T * np.log(Z) / 10, x.f), ((p**2).sum(1), x.Y)):
        assert abs(got.mean() - want) < 4 * got.std() / np.sqrt(4000)
    wrong = (p * E).sum(1) / 10 * np.sqrt(1.1)
    assert abs(wrong.mean() - x.e) > 4 * wrong.std() / np.sqrt(4000)


def test_thermodynamics_and_the_limit():
    d = 1e-4
    x = rem.finite(0.8, 20)
    s = -(rem.finite(0.8 + d, 20).f - rem.finite(0.8 - d, 20).f) / (2 * d)
    assert x.s == pytest.approx(float(s), abs=1e-7) and x.f == pytest.approx(float(x.e - 0.8 * x.s), abs=1e-14)
    assert rem.finite(rem.T_C, 24).s == pytest.approx(0.178, abs=1e-3)  # far from 0, its limit
    gaps = [abs(float(rem.finite(0.3, N).f) - rem.E_0) for N in (20, 80, 320)]
    assert gaps[0] > gaps[1] > gaps[2] and gaps[2] < 0.01
    large = rem.finite(0.3, 320)
    assert pytest.approx(1 - 0.3 / rem.T_C, abs=6e-3) == large.Y
    hot = rem.finite(1.5, 60)
    np.testing.assert_allclose([hot.e, hot.s], [-1 / 3, np.log(2) - 1 / 9], atol=1e-6)


def test_limit():
    for T in (0.3, 1.0):
        s = -(rem.limit(T + 1e-6).f - rem.limit(T - 1e-6).f) / 2e-6
        assert rem.limit(T).s == pytest.approx(float(s), abs=1e-6)
    assert rem.complexity(rem.E_0) == pytest.approx(0, abs=1e-15) and np.isnan(rem.complexity(-0.9))


def test_rem_theory_speaks_as_the_simulation():
    theory = rem.REMTheory.of({"n": 20})
    assert theory == rem.REMTheory(20) and rem.REMTheory.of({"p": 3}) is None
    T = np.array([0.3, 1.0])
    assert np.isnan(theory.predict(T, "spin_glass")["e"]).tolist() == [False, True]
    assert np.isnan(theory.predict(T)["e"]).tolist() == [True, False]
    both = theory.predict(T, "finite")
    assert (both["q2"] >= 1 / 20 - 2**-19).all() and theory.reached("random") == ("finite",)
    assert rem.REMTheory().predict(0.3, "spin_glass")["q2"] == 1 - 0.3 / rem.T_C
    assert set(theory.branches) <= set(theory.words) and theory.lines()["T_c"](0.0) == rem.T_C


def test_funnel():
    """T_f where the free energies cross; no folding above the glass's ground state; T_f / T_g = r + sqrt(r^2 - 1)."""
    gap = np.array([0.84, 1.0, 2.0])
    T_f = funnel.T_f(gap)
    np.testing.assert_allclose(rem.limit(T_f).f, -gap, rtol=1e-13)
    np.testing.assert_allclose(funnel.gap_f(T_f), gap, rtol=1e-13)
    r = gap / funnel.GAP_MIN
    np.testing.assert_allclose(T_f / funnel.T_G, r + np.sqrt(r * r - 1), rtol=1e-12)
    assert np.isnan(funnel.T_f(0.8)) and (np.diff(T_f) > 0).all() and (T_f > funnel.T_G).all()
    words = funnel.phase([[0.8, 0.8], [2.0, 2.0]], [0.3, 1.0]).tolist()
    assert words == [["glass", "unfolded"], ["folded", "folded"]]
    x = funnel.equilibrium(1.0, [T_f[1] - 1e-9, T_f[1] + 1e-9])
    assert x.m.tolist() == [1, 0] and x.f[0] == pytest.approx(x.f[1], abs=1e-8)
    assert x.e[1] - x.e[0] == pytest.approx(1.0 - 1 / (2 * T_f[1]), abs=1e-8)  # latent heat
    theory = funnel.FunnelTheory.of({"gap": 1.0})
    assert theory is not None and theory.predict(1.0, "unfolded")["e"] == -0.5
    assert theory.reached("native")[0] == "folded" and theory.lines()["T_f"](1.0) == T_f[1]
    assert set(theory.branches) <= set(theory.words) and set(theory.lines()) <= set(theory.words)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: rem.limit(-1), "T >= 0"),
        (lambda: rem.finite(0.0, 10), "T > 0"),
        (lambda: rem.finite(1.0, 5000), "1 to 1000"),
        (lambda: rem.REMTheory().predict(1.0, "finite"), "needs a number of spins"),
        (lambda: rem.REMTheory().predict(1.0, "glass"), "not known"),
        (lambda: funnel.T_f(-1.0), "gap"),
        (lambda: funnel.FunnelTheory().predict(1.0, "native"), "not known"),
    ],
)
def test_refusals(call, says):
    with pytest.raises(ValueError, match=says):
        call()
