"""Averaged Gibbs students, exact storage counts, and early stopping against the Boltzmann law."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from scipy.optimize import brentq

from statmech import Annealing, GreatCircles, HamiltonianMonteCarlo, MonteCarlo, Perceptron
from statmech.rules import Adatron, Enumeration, GradientDescent, LinearProgram
from statmech.stats.jackknife import jackknife
from statmech.tasks.learner import Learner
from statmech.theory import learning_curves as lc
from statmech.theory.linear_student import ridge
from statmech.theory.perceptron import solve
from statmech.theory.perceptron_lines import T_N
from statmech.theory.perceptron_storage import kappa_max


def learned(task):
    return task.results(task.advance(task.start(), task.iterations))


# --- the average of K students ---------------------------------------------------------------------------------


def error_of_average(count):
    """Observable: error of the average of `count` replicas, the mean over disjoint groups of them."""

    def observable(model, disorder, s):
        D, T, K, n = s.shape
        k = min(count, K)
        w = s.reshape(D, T, K // k, k, n).mean(3)
        R = np.einsum("dtgi,di->dtg", w, disorder["B"]) / n / np.sqrt((w * w).mean(-1))
        return np.repeat(np.arccos(R) / np.pi, k, axis=2)

    return observable


def check_averages(n, alpha, p, samples, sweeps, c):
    """arccos(R / sqrt(q + (1 - q)/K))/pi of K Gibbs students at T_N: R and q of replica theory, then R and q measured.

    The second is the sharper test, because samples that differ in R and q are compared with themselves.
    """
    T, K = float(T_N(p)), (1, 2, 4, 8)
    task = MonteCarlo(
        Perceptron(n=n, alpha=alpha, weights="spherical", r=2 * p), GreatCircles(), (T,), ("random",), 8, sweeps,
        observables={f"K{k}": error_of_average(k) for k in K}, disorder=tuple(range(samples)),
    )  # fmt: skip
    out = task.results(task.advance(task.start(), sweeps))
    x, R, q = solve(alpha, T, p, "spherical"), out["R"].data[0, :, 0], out["q"].data[0, :, 0]
    for k in K:
        mean, error = jackknife(out[f"K{k}"].data[0, :, 0], axis=0)
        theory = float(lc.average(x.R, x.q, k))
        print(f"N={n} alpha={alpha} p={p} K={k}: {mean:.5f} +- {error:.5f}, theory {theory:.5f}")
        assert abs(mean - theory) < 3 * error + c / n
        own = out[f"K{k}"].data[0, :, 0] - lc.average(R, q, k)
        shift, error = jackknife(own, axis=0)
        wrong = shift + np.mean(lc.average(R, q, k) - lc.average(R, q, 2 * k))
        print(f"  less that of the measured R and q: {shift:+.5f} +- {error:.5f}")
        assert abs(shift) < 3 * error + 0.1 / n < abs(wrong)  # mutant: twice as many students


def test_average_of_gibbs_students():
    check_averages(64, 2.0, 0.1, 12, 192, 0.5)


@pytest.mark.slow
@pytest.mark.parametrize("alpha", [1.0, 2.0, 5.0])
def test_average_of_gibbs_students_large(alpha):
    check_averages(256, alpha, 0.1, 24, 2048, 0.5)


# --- storage ---------------------------------------------------------------------------------------------------


def share_of_cover(P, N):
    return 2 * sum(comb(P - 1, k) for k in range(N)) / 2**P


@pytest.mark.parametrize("P", [22, 26])
def test_separable_share_is_covers_count(P):
    model = Perceptron(n=12, alpha=P / 12, weights="spherical", labels="random", inputs="gaussian")
    hits = learned(Learner(model, LinearProgram(), disorder=tuple(range(200))))["stored"].data
    exact, wrong = share_of_cover(P, 12), share_of_cover(P + 4, 12)
    assert abs(hits.mean() - exact) < 3.3 * np.sqrt(exact * (1 - exact) / 200)
    assert abs(hits.mean() - wrong) > 3.3 * np.sqrt(wrong * (1 - wrong) / 200)  # mutant: four examples more


def test_ising_storage_is_below_the_first_moment():
    """P(some of 2^N students stores P labels) <= 2^(N - P), and falls with the load."""
    share = []
    for P in (7, 11, 14):
        model = Perceptron(n=11, alpha=P / 11, labels="random")
        share.append(learned(Learner(model, Enumeration(), disorder=tuple(range(200))))["stored"].data.mean())
    assert share[0] > 0.8 and share[0] > share[1] > share[2]
    assert share[2] < 2.0**-3 + 3 * np.sqrt(0.125 * 0.875 / 200)


@pytest.mark.parametrize("alpha", [0.5, 1.5])
def test_largest_stability_of_random_labels(alpha):
    model = Perceptron(n=120, alpha=alpha, weights="spherical", labels="random")
    found = learned(Learner(model, Adatron(), iterations=2000, disorder=tuple(range(30))))["kappa_min"].data
    mean, error = jackknife(found, axis=0)
    assert abs(mean - float(kappa_max(alpha))) < 3 * error + 3 / 120
    assert abs(mean - float(kappa_max(1.2 * alpha))) > 3 * error + 3 / 120  # mutant


# --- early stopping --------------------------------------------------------------------------------------------


def boltzmann(alpha, T, p):
    """(e, R, q) of the quadratic loss, kappa = 1, on the sphere as N -> infinity.

    The sphere is a weight decay lam with |mean|^2 + T g = 1, g = int rho/(l + lam): the mean is the ridge student of a
    linear teacher of strength a = sqrt(2/pi) (1 - 2p) with noise 1 - a^2, the fluctuations are T/(l + lam).
    """
    a = float(lc.signal(p))

    def at(log_lam):
        lam = np.exp(log_lam)
        b = lam + alpha - 1
        g = 2 / (b + np.sqrt(b * b + 4 * lam))
        return lam, g, ridge(alpha, lam, 1 - a * a, a)

    log_lam = brentq(lambda x: float(at(x)[2].q) + T * at(x)[1] - 1, -12, 12)
    lam, g, x = at(log_lam)
    return alpha * float(x.eps_t) / 2 + T / 2 * (1 - lam * g), float(x.r), float(x.q)


MODEL = Perceptron(n=100, alpha=2.0, weights="spherical", r=0.2, potential="quadratic", kappa=1.0)
SAMPLES = tuple(range(12))


@pytest.mark.parametrize("T", [0.3, 1.5])
def test_boltzmann_students_of_the_quadratic_loss(T):
    task = MonteCarlo(MODEL, HamiltonianMonteCarlo(tuning=128), (T,), ("random",), 2, 256, disorder=SAMPLES)
    out = task.results(task.advance(task.start(), 256))
    for name, theory, wrong in zip(("e", "R", "q"), boltzmann(2.0, T, 0.1), boltzmann(2.0, 1.3 * T, 0.1), strict=True):
        mean, error = jackknife(out[name].data[0, :, 0], axis=0)
        assert abs(mean - theory) < 3.5 * error + 0.5 / MODEL.n, name
        assert name != "q" or abs(mean - wrong) > 3.5 * error + 0.5 / MODEL.n  # mutant: T wrong by 30 %


def residuals(e, R, q):
    """Mean and error of R and q less those of the Boltzmann students of energy e."""
    log_T = brentq(lambda x: boltzmann(2.0, np.exp(x), 0.1)[0] - e, -6, 6)
    _, bath_R, bath_q = boltzmann(2.0, np.exp(log_T), 0.1)
    return jackknife(R - bath_R, axis=0), jackknife(q - bath_q, axis=0)


def test_early_stopping_is_no_temperature_and_the_test_can_tell():
    """Stopped descent of the energy of T = 1.5 has a smaller q than students at that T; slow annealing does not."""
    rule = GradientDescent(rate=0.02, t_max=1.0, students=4)
    out = learned(Learner(MODEL, rule, iterations=50, history=True, disorder=SAMPLES))
    wanted = boltzmann(2.0, 1.5, 0.1)[0]
    at = np.abs(out["timeseries/e"].data.mean(1) - wanted).argmin()
    e, R, q = (out[f"timeseries/{name}"].data[at] for name in ("e", "R", "q"))
    (dR, error_R), (dq, error_q) = residuals(e.mean(), R, q)
    print(f"descent: R {dR:+.4f} +- {error_R:.4f}, q {dq:+.4f} +- {error_q:.4f}")
    assert dq < -5 * error_q and dR < -3 * error_R
    task = MonteCarlo(  # witness: the same test passes where there is a temperature
        MODEL, Annealing(GreatCircles(), T_start=5.0, sweeps=64), (1.5,), ("random",), 4, 256, disorder=SAMPLES
    )
    cooled = task.results(task.advance(task.start(), 256))
    e, R, q = (cooled[name].data[0, :, 0] for name in ("e", "R", "q"))
    (dR, error_R), (dq, error_q) = residuals(e.mean(), R, q)
    print(f"annealing: R {dR:+.4f} +- {error_R:.4f}, q {dq:+.4f} +- {error_q:.4f}")
    assert abs(dq) < 3.5 * error_q and abs(dR) < 3.5 * error_R
