"""Simulation of the Hopfield model against replica theory.  Fast: one point each.  Slow: the whole statement."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import statmech
from statmech import Hopfield, Metropolis, Quench, Tempering
from statmech.theory.hopfield import solve

SIMS = Path(__file__).parents[2] / "sims"
POINTS = [(0.01, 0.5), (0.02, 0.2), (0.02, 0.5), (0.03, 0.3), (0.03, 0.4), (0.05, 0.3), (0.05, 0.4), (0.08, 0.2),
          (0.08, 0.3), (0.1, 0.2)]  # fmt: skip


def script(name: str):
    spec = importlib.util.spec_from_file_location(name, SIMS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def retrieval(alpha: float, T: float, n: int, samples: int, seed: int) -> statmech.Results:
    model = Hopfield(n=n, alpha=alpha)
    return statmech.simulate(
        model, [T], starts="pattern", sweeps=256, measure_every=4, samples=samples, replicas=2, seed=seed
    )


def z_scores(point: int, sizes: tuple[int, int], samples: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """z of m, q, e at one point after the 1/N term is removed by two sizes; the same against theory at 1.05 T."""
    alpha, T = POINTS[point]
    small, large = (retrieval(alpha, T, n, samples, seed=10 * point + k) for k, n in enumerate(sizes))
    weight = sizes[1] / (sizes[1] - sizes[0])  # x_inf = weight x_large - (weight - 1) x_small
    out = []
    for factor in (1.0, 1.05):
        theory = solve(alpha, T * factor, "retrieval")
        row = []
        for name in ("m", "q", "e"):
            value = weight * large[f"{name}_mean"][0, 0] - (weight - 1) * small[f"{name}_mean"][0, 0]
            error = np.hypot(weight * large[f"{name}_err"][0, 0], (weight - 1) * small[f"{name}_err"][0, 0])
            row.append((value - float(getattr(theory, name))) / error)
        out.append(np.array(row))
    relative = np.array([large[f"{n}_err"][0, 0] / abs(large[f"{n}_mean"][0, 0]) for n in ("m", "q", "e")])
    return out[0], out[1], relative


def bonferroni(tests: int) -> float:
    return float(stats.norm.isf(0.5e-3 / tests))


def test_retrieval_at_one_point():
    z, mutant, relative = z_scores(2, (500, 1000), samples=16)
    assert (relative < 0.005).all()
    assert np.abs(z).max() < bonferroni(3)
    assert np.abs(mutant).max() > bonferroni(3)  # theory at a temperature wrong by 5 %


@pytest.mark.slow
def test_retrieval_at_ten_points():
    scores = [z_scores(k, (2000, 4000), samples=48) for k in range(len(POINTS))]
    z, mutant, relative = (np.array(column) for column in zip(*scores, strict=True))
    print("z:\n", z.round(2), "\nmean z^2", (z**2).mean(), "max", np.abs(z).max(), "mutant", np.abs(mutant).max())
    assert (relative < 0.005).all()
    assert np.abs(z).max() < bonferroni(z.size)
    # m, q and e of a point come from the same runs: only the points count as independent
    low, high = stats.chi2.ppf([0.005, 0.995], len(POINTS)) / len(POINTS)
    assert low < (z**2).mean() < high
    assert np.abs(mutant).max() > bonferroni(z.size)


def test_paramagnet_energy():
    alpha, T, n = 0.5, 2.0, 1000
    r = statmech.simulate(Hopfield(n=n, alpha=alpha), [T], sweeps=128, samples=8, seed=3)
    mean, error = r["e_mean"][0, 0], r["e_err"][0, 0]
    assert error < 0.005 * abs(mean)
    assert abs(mean - float(solve(alpha, T, "paramagnet").e)) < 3 * error + 1 / n
    assert abs(mean - float(solve(alpha, 1.05 * T, "paramagnet").e)) > 3 * error + 1 / n
    assert (r["status"] == 2).all()


def test_metastable_retrieval_reads_restricted():
    """Pattern start above the first-order line: stationary, unlike equilibrium.  Neither hatched nor plain."""
    r = statmech.simulate(
        Hopfield(n=300, alpha=0.08),
        np.round(np.arange(0.2, 1.41, 0.08), 3),
        {"random": Tempering(), "pattern": Metropolis()},
        sweeps=2048,
        starts=("random", "pattern"),
        samples=4,
        seed=2,
    )
    assert (r["status"][0] == 5).sum() >= 3  # the fourth may be told that its random chains have not met yet
    assert not (r["status"][0] == 2).any()
    assert (r["status"][-2:] == 2).all()
    assert (r.sel("m_abs", T=0.2, start="pattern") > 0.95).all()


def test_quench_stays_on_the_pattern_below_capacity():
    low, high = (
        statmech.simulate(
            Hopfield(n=1000, alpha=a, form="pattern"), [0.0], Quench(), 256, starts="pattern", replicas=1, samples=16
        )["m"].ravel()
        for a in (0.1, 0.22)
    )
    assert (low > 0.9).all()
    assert (high < 0.9).mean() > 0.8


@pytest.mark.slow
def test_capacity_at_zero_temperature():
    capacity = script("hopfield_capacity")
    alpha = np.array([0.1, 0.12, 0.135, 0.145, 0.15, 0.155, 0.16, 0.17])
    halves = {}
    for n in (2000, 4000):
        m = np.array([
            statmech.simulate(
                Hopfield(n=n, alpha=a, form="pattern"), [0.0], Quench(), 512, starts="pattern", replicas=1,
                samples=64, measure_every=64, seed=7,
            )["m"][0, :, 0]
            for a in alpha
        ])  # fmt: skip
        halves[n], error = capacity.half_load(alpha, m > 0.9)
        print(n, "half", halves[n], "+-", error, "P", (m > 0.9).mean(1), "failed m", m[m < 0.9].mean())
    for k in (0, 1):
        retrieved = m[k][m[k] > 0.9]
        assert abs(retrieved.mean() - float(solve(alpha[k], 0.0).m)) < 0.005
    hits = (m > 0.9).mean(1)
    assert hits[2] >= 0.9
    assert hits[-1] <= 0.1
    assert abs(halves[4000] - 0.152) <= 0.005
    assert halves[4000] < halves[2000]
    assert abs(m[m < 0.9].mean() - 0.3) < 0.08


@pytest.mark.slow
def test_three_mixture_at_zero_temperature():
    """The symmetric mixture survives a quench below alpha = 0.030 and not above, ever more sharply with N."""
    share = {}
    for n in (2000, 8000):
        share[n] = [
            (statmech.simulate(Hopfield(n=n, alpha=a, form="pattern"), [0.0], Quench(), 256, starts="mixture",
                               replicas=1, samples=24, measure_every=16)["m_3"] > 0.35).mean()
            for a in (0.02, 0.04)
        ]  # fmt: skip
    print(share)
    assert share[8000][0] >= 0.95
    assert share[8000][1] <= 0.05
    assert np.diff(share[8000]) <= np.diff(share[2000])


@pytest.mark.slow
def test_three_mixture_temperature():
    """Curvature of the free energy at the mixture from its fluctuations, against theory (0.460 where it vanishes)."""
    mixture = script("hopfield_mixture")
    n, T = 32000, [0.28, 0.32, 0.36]
    r = statmech.simulate(
        Hopfield(alpha=3 / n, patterns=mixture.balanced(n)), T, starts="mixture", sweeps=1024, samples=8,
        observables={"asymmetry": mixture.asymmetry},
    )  # fmt: skip
    d2, error = r["asymmetry_mean"][:, 0], r["asymmetry_err"][:, 0]
    measured = np.array(T) / (np.array(T) + n * d2)
    z = (measured - [mixture.curvature(t) for t in T]) / (measured**2 / T * n * error)
    print(measured, z)
    assert np.abs(z).max() < bonferroni(3) + 1
    mutant = (measured - [mixture.curvature(1.05 * t) for t in T]) / (measured**2 / T * n * error)
    assert np.abs(mutant).max() > bonferroni(3) + 1


def test_images_hebb_fails_where_the_pseudo_inverse_holds():
    digits = script("hopfield_digits")
    images = digits.drawn_digits(40)
    share = {}
    for rule in ("hebb", "pseudoinverse"):
        r = statmech.simulate(
            Hopfield(alpha=20 / digits.SIDE**2, patterns=images, rule=rule), [0.0], Quench(), 64, starts="pattern:0.1",
            replicas=1, samples=8, measure_every=8, observables={"recalled": digits.recalled},
        )  # fmt: skip
        share[rule] = r["recalled_mean"].item()
    assert share == {"hebb": 0.0, "pseudoinverse": 1.0}
