"""The spherical p = 3 glass: equilibrium above T_d; ageing against the dynamical equations of the infinite system."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from statmech import Ageing, BrownianDynamics, HamiltonianMonteCarlo, MonteCarlo, PSpin
from statmech.stats.jackknife import jackknife
from statmech.theory.pspin_spherical import T_d, e_threshold, threshold
from statmech.theory.spherical_dynamics import energy, relax


def covariance(model, disorder, s):
    """(1/N) [Var H - Cov(H, H')] of a point and another of the same sample, over the couplings:
    sigma^2 sum_{i<j<k} x_i x_j x_k = (sigma^2/6) (S_1^3 - 3 S_1 S_2 + 2 S_3), x_i = w_i w'_i, sigma^2 = 3/N^2."""

    def of(a, b):
        first, second, third = (((a * b) ** k).sum(-1) for k in (1, 2, 3))
        return (first**3 - 3 * first * second + 2 * third) / (2 * model.n**3)

    return of(s, s) - of(s, np.roll(s, 1, 2))


def equilibrium(n: int, T: float, samples: int = 96):
    task = MonteCarlo(PSpin(n, 3, spins="spherical"), HamiltonianMonteCarlo(steps=6, tuning=24), T=(T,), replicas=8,
                      sweeps=128, observables={"v": covariance}, disorder=tuple(range(samples)), device="cpu")
    return task.results(task.advance(task.start(), 128))


@pytest.mark.parametrize(("n", "T"), [(32, 0.9), pytest.param(64, 0.8, marks=pytest.mark.slow)])
def test_energy_in_equilibrium(n, T):
    """Gaussian couplings: E<e> = -(1/T) E<v> at any N and T (partial integration).  With uniform points v = 1/2 (N - 1)
    (N - 2)/((N + 2)(N + 4)), the factor that prod (1 - k/N) is for Ising spins: what is left is of order 1/N^2."""
    r = equilibrium(n, T)
    e, v = r["e"].data[0, :, 0], r["v"].data[0, :, 0]
    difference, error = jackknife(e + v / T)
    assert abs(difference) < 3.5 * error and error < 0.008 * abs(e.mean())
    wrong, error = jackknife(e + v / (1.05 * T))
    assert abs(wrong) > 5 * error, "witness: a temperature wrong by 5 % is seen"
    mean, error = jackknife(e)
    first = -0.5 / T * (n - 1) * (n - 2) / ((n + 2) * (n + 4))
    assert abs(mean - first) < 3 * error + 20 / (T * n) ** 2
    assert T_d(3) < T
    assert r["numerics/drift"].data.max() < 1e-10 and r["numerics/drift"].data.max() > 0


@cache
def quench(n: int, T: float, t_max: float, samples: int = 24):
    task = Ageing(PSpin(n, 3, spins="spherical"), BrownianDynamics(dt=0.1, steps=2), T=(T,), t_w=(1.0, 3.0),
                  t_max=t_max, delta=0.01, replicas=8, disorder=tuple(range(samples)), device="cpu")  # fmt: skip
    state = task.advance(task.start(), 10_000)
    drift = max(value.max() for name, value in state.items() if name.endswith("drift"))
    assert 0 < drift < 1e-10, "the constraint"
    r = task.results(state)
    return r["time"].data, {name: jackknife(r[name].data[0], axis=-1) for name in ("e", "C", "chi")}


def extrapolated(T: float, t_max: float, samples: int = 24):
    """Times, e of N = 32 and of N = 64, and (value, error) on the line in 1/N through both."""
    (t, small), (_, large) = quench(32, T, t_max, samples), quench(64, T, t_max, samples)
    (a, da), (b, db) = small["e"], large["e"]
    return t, a, b, (2 * b - a, np.hypot(2 * db, da))


@pytest.mark.parametrize("T", [0.0, 0.5])
def test_a_quench_follows_the_dynamical_equations(T):
    """Energies of finite systems lie above by c/N: the line through two sizes meets theory up to order 1/N^2."""
    t, a, b, (e, de) = extrapolated(T, 6.0)
    times, exact = energy(T, t_max=12.0, dt=0.1)
    theory = np.interp(t, times, exact)
    here = (t >= 0.4) & (t <= 6.0)
    assert (np.abs(e - theory)[here] < 3.5 * de[here] + 25 / 64**2).all(), np.abs(e - theory)[here]
    assert (de[here] < 0.025).all()
    c = 64 * (b - theory)[here], 32 * (a - theory)[here]
    assert (c[0] > 1.5).all() and (c[0] < 9).all() and np.abs(c[0] / c[1] - 1).max() < 0.5
    for wrong in (0.5, 2.0):  # another unit of time
        early = here & (t < 2.0)
        miss = np.abs(e - np.interp(wrong * t, times, exact))[early]
        assert (miss > 3.5 * de[early] + 25 / 64**2).any(), "witness"


def test_correlation_and_response_age():
    t, found = quench(64, 0.5, 6.0)
    infinite = relax(0.5, t_max=6.0, dt=0.05)
    chi = infinite.integrated_response()
    for k, wait in enumerate((1.0, 3.0)):
        after = t > wait
        row, w = np.rint(t[after] / 0.05).astype(int), round(wait / 0.05)
        for name, theory in (("C", infinite.C[row, w]), ("chi", chi[row, w])):
            value, error = (x[k, after] for x in found[name])
            assert (np.abs(value - theory) < 3.5 * error + 3 / 64).all(), (name, value - theory, error)
    younger, older = (found["C"][0][k, np.abs(t - wait - 2.0).argmin()] for k, wait in enumerate((1.0, 3.0)))
    assert older > younger + 0.03, "the older it is, the slower it forgets"


@pytest.mark.slow
def test_the_quench_ends_at_the_threshold():
    """T = 0: lines in t^(-2/3), of N = 64 and 128 extrapolated in 1/N and of theory, end at the same place, e_th."""
    (t, small), (_, large) = quench(64, 0.0, 12.0, 32), quench(128, 0.0, 12.0, 32)
    times, exact = energy(0.0, t_max=12.0, dt=0.1)
    late, later = t >= 2.0, times >= 2.0
    found = np.polyfit(t[late] ** (-2 / 3), (2 * large["e"][0] - small["e"][0])[late], 1)[1]
    of_theory = np.polyfit(times[later] ** (-2 / 3), exact[later], 1)[1]
    assert abs(of_theory - e_threshold(3)) < 0.01
    assert abs(found - of_theory) < 0.03 and abs(found - e_threshold(3)) < 0.04
    alone = np.polyfit(t[late] ** (-2 / 3), large["e"][0][late], 1)[1]
    assert alone > e_threshold(3) + 0.03, "witness: N = 128 by itself ends higher"


@pytest.mark.slow
def test_effective_temperature():
    """T = 0.5: chi against C starts with the slope 1/T, and is flatter, near X/T, below the plateau."""
    _, found = quench(64, 0.5, 12.0, 96)
    states = threshold(3, 0.5)
    C, chi, error = found["C"][0][0], found["chi"][0][0], found["chi"][1][0]
    first = C > 0.85
    slope = np.polyfit(C[first], chi[first], 1)[0]
    assert -slope * 0.5 == pytest.approx(1.0, abs=0.1)
    old = (float(states.q) - 0.05 > C) & (C > 0.25)
    X = -0.5 * np.polyfit(C[old], chi[old], 1, w=1 / error[old])[0]
    assert 0.2 < X < 0.9 and float(states.m) == pytest.approx(0.565, abs=0.01)
