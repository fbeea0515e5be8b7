"""Perceptron students against replica theory.  Fast: one point each.  Slow: 48 points, and the Ising transition.

Every point is run at two sizes and its 1/N term removed; eps_t, eps_g, R and q are compared.  A standard error is at
most 0.5 % of the value, or 0.002 where overlaps are small.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import statmech
from statmech import Billiards, Metropolis, Perceptron
from statmech.theory.perceptron import solve

NAMES = ("eps_t", "eps_g", "R", "q")
ISING = [(alpha, r) for alpha in (1.0, 1.5, 2.0, 2.5) for r in (0.0, 0.1, 0.2, 0.4)]
SPHERICAL = [(alpha, r) for alpha in (1.0, 3.0) for r in (0.0, 0.1, 0.2, 0.4)]
COLDER = {1.0: 1.2, 1.5: 1.6, 2.0: 1.6, 2.5: 2.0}  # T at load alpha at which single flips forget in ten sweeps


def temperatures(weights: str, alpha: float) -> tuple[float, float]:
    """Where the students are compared: flights forget in three sweeps at any of these T, flips need it hotter."""
    return (COLDER[alpha], COLDER[alpha] + 0.5) if weights == "ising" else (0.5, 1.0)


def run(weights: str, alpha: float, r: float, n: int, samples: int, seed: int) -> statmech.Results:
    ising = weights == "ising"
    model = Perceptron(n=n, alpha=alpha, r=r, weights=weights, inputs="binary" if ising else "gaussian")
    return statmech.simulate(
        model, temperatures(weights, alpha), Metropolis() if ising else Billiards(), sweeps=128 if ising else 64,
        measure_every=4 if ising else 2, replicas=4 if ising else 2, samples=samples, seed=seed,
    )  # fmt: skip


def compare(weights: str, alpha: float, r: float, sizes, samples, seed: int, wrong: float = 1.05):
    """z (T, 4) against theory, z against theory at `wrong` T, standard errors over what is allowed, the 1/N term."""
    small, large = (run(weights, alpha, r, n, k, 2 * seed + i) for i, (n, k) in enumerate(zip(sizes, samples)))
    weight = sizes[1] / (sizes[1] - sizes[0])  # x_inf = weight x_large - (weight - 1) x_small
    z, mutant, quality, slope = [], [], [], []
    for t, hot in enumerate(temperatures(weights, alpha)):
        values = [np.array([x[f"{k}_mean"][t, 0] for k in NAMES]) for x in (small, large)]
        errors = [np.array([x[f"{k}_err"][t, 0] for k in NAMES]) for x in (small, large)]
        value = weight * values[1] - (weight - 1) * values[0]
        error = np.hypot(weight * errors[1], (weight - 1) * errors[0])
        for scores, factor in ((z, 1.0), (mutant, wrong)):
            theory = solve(alpha, hot * factor, r / 2, weights, "poor")
            scores.append((value - np.array([float(getattr(theory, k)) for k in NAMES])) / error)
        quality.append(errors[1] / np.maximum(0.005 * values[1], 0.002))
        slope.append((values[0] - values[1]) / (1 / sizes[0] - 1 / sizes[1]))
    return tuple(np.array(x) for x in (z, mutant, quality, slope))


def bonferroni(tests: int) -> float:
    return float(stats.norm.isf(0.5e-3 / tests))


@pytest.mark.parametrize(("weights", "sizes"), [("ising", (63, 127)), ("spherical", (32, 64))])
def test_one_point(weights, sizes):
    samples = (256, 256) if weights == "ising" else (128, 128)
    z, mutant, _, _ = compare(weights, 2.0, 0.2, sizes, samples, seed=5, wrong=1.2)
    print(weights, z.round(1), mutant.round(1))
    assert np.abs(z).max() < bonferroni(z.size)
    assert (np.abs(mutant).max(1) > bonferroni(z.size)).all()


@pytest.mark.slow
@pytest.mark.parametrize("weights", ["ising", "spherical"])
def test_all_points(weights):
    points, sizes, samples = {
        "ising": (ISING, (255, 511), (512, 384)),
        "spherical": (SPHERICAL, (128, 256), (448, 288)),
    }[weights]
    rows = [compare(weights, *point, sizes, samples, seed=k) for k, point in enumerate(points)]
    z, mutant, quality, slope = (np.array(column) for column in zip(*rows, strict=True))
    for point, *row in zip(points, z, mutant, slope, strict=True):
        print(point, *(x.round(1).tolist() for x in row))
    print("max |z|", np.abs(z).max(), "mean z^2", (z**2).mean(), "mutant", np.abs(mutant).max(), "error", quality.max())
    assert (quality <= 1).all()
    assert np.abs(z).max() < bonferroni(z.size)
    # temperatures and observables of a run share its samples: only the runs count as independent
    low, high = stats.chi2.ppf([0.005, 0.995], len(points)) / len(points)
    assert low < (z**2).mean() < high
    assert (np.abs(mutant).max((1, 2)) > bonferroni(z.size)).mean() > 0.9


@pytest.mark.slow
@pytest.mark.parametrize("n", [256, 512])
def test_spherical_starts_agree(n):
    """Random and teacher starts meet within 0.01 at alpha = 5 and the Nishimori temperature; theory says 0.801."""
    model = Perceptron(n=n, alpha=5.0, r=0.2, weights="spherical", inputs="gaussian")
    starts, samples = ("random", "teacher"), 8 if n == 256 else 4
    r = statmech.simulate(
        model, [1 / np.log(9)], Billiards(), sweeps=256, starts=starts, replicas=2, samples=samples, seed=3
    )
    (random, informed), (error, _) = r["R_mean"][0], r["R_err"][0]
    print("N", n, "R from random and teacher starts", random, informed, "error", error)
    assert abs(random - informed) < 0.01
    assert abs((random + informed) / 2 - 0.801) < 3 * error + 2 / n


@pytest.mark.slow
def test_ising_transition_from_random_starts():
    """p = 0, T = 1, N = 255: random starts stay poor up to the transition alpha = 2.33 and find the teacher at 3.2."""
    found = {}
    for alpha in (2.0, 2.33, 3.2):
        r = statmech.simulate(
            Perceptron(n=255, alpha=alpha), [1.0], Metropolis(), sweeps=16384, measure_every=64, replicas=2, samples=8,
            seed=4,
        )  # fmt: skip
        found[alpha] = float((r["R"][0, :, 0] > 0.9).mean())
        print(alpha, "share of samples with R > 0.9:", found[alpha], "largest R", r["R"].max())
        if alpha <= 2.33:
            assert r["R"].max() < 0.9
    assert found[3.2] > 0.5


def test_freezing_is_never_a_clean_value():
    """Deep below the zero-entropy line an Ising student reads unequilibrated, not as a value."""
    r = statmech.simulate(
        Perceptron(n=101, alpha=2.0, r=0.2), [0.05, 0.1], Metropolis(), sweeps=256, replicas=4, samples=4, seed=1
    )
    assert (r["status"] == 4).all()
