"""The Nishimori line of the Ising perceptron at finite N: <q> = <R> and eps_t = p for the disorder average.

The teacher is drawn from the student's prior, labels are flipped with probability p = r/2, and at
T_N = 1/ln((1-p)/p) the weight exp(-E/T) of the 0/1 energy is the posterior of the teacher: teacher and student are
two samples of one law, for any N and load (Nishimori, Statistical Physics of Spin Glasses and Information Processing,
2001).  A single sample of N = 11 may be off by 0.1.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from statmech import Ising, MonteCarlo, Perceptron, Tempering
from statmech.stats.jackknife import jackknife
from statmech.tasks import series
from statmech.tasks.measure import PAIR_OBSERVABLES

SAMPLES = 1600
POWER = 3 + norm.isf(0.01)  # a shift of so many standard errors fails "|z| <= 3" with probability 0.99
POINTS = {  # n, alpha, p, inputs
    "n=9, alpha=2, p=0.2": (9, 2.0, 0.2, "binary"),
    "n=11, alpha=1, p=0.1": (11, 1.0, 0.1, "binary"),
    "n=11, alpha=3, p=0.05": (11, 3.0, 0.05, "binary"),
    "n=11, alpha=1, p=0.1, gaussian": (11, 1.0, 0.1, "gaussian"),
    "n=10, alpha=2, p=0.2, gaussian": (10, 2.0, 0.2, "gaussian"),
}


def nishimori_temperature(p):
    return 1 / np.log((1 - p) / p)


def averages(model, T, samples=SAMPLES):
    """(q, R, eps_t) of every sample at every temperature, each (T, samples): thermal means over all 2^n students."""
    disorder = model.disorder(model.disorder_keys(tuple(range(samples)), seed=6))
    w = Ising().enumerate(model.n).astype(np.float32)
    beta = 1 / np.atleast_1d(T)[:, None]
    out = np.empty((3, len(beta), samples))
    for d, B in enumerate(disorder["B"]):
        E = (model.fields({"xi": disorder["xi"][d : d + 1]}, w[None, None])[0, 0] <= 0).sum(-1)
        weight = np.exp(-(E - E.min()) * beta)
        weight /= weight.sum(1, keepdims=True)
        mean = weight @ w
        out[:, :, d] = (mean**2).mean(1), mean @ B / model.n, weight @ E / model.P
    return out


def z_scores(q, R, eps_t, p):
    """z of <q> - <R> and of eps_t - p: jackknife of the differences over disorder samples."""
    differences = np.stack([q - R, eps_t - p], 1)
    value, error = jackknife(differences)
    return value / error


@pytest.mark.parametrize("point", POINTS)
def test_identities_by_enumeration(point):
    n, alpha, p, inputs = POINTS[point]
    q, R, eps_t = averages(Perceptron(n=n, alpha=alpha, r=2 * p, inputs=inputs), nishimori_temperature(p))[:, 0]
    z = z_scores(q, R, eps_t, p)
    print(f"{point}: q = {q.mean():.4f}, R = {R.mean():.4f}, eps_t = {eps_t.mean():.4f}, z = {z.round(2)}")
    assert np.abs(z).max() <= 3
    assert np.abs(q - R).max() > 0.1 and np.ptp(eps_t) > 0.1, "witness: one sample does not obey them"


def shift(wrong, right):
    """By how many of its own standard errors a mutant moves the differences q - R and eps_t, on the same samples."""
    q, R, eps_t = wrong
    moved = np.stack([q - R - (right[0] - right[1]), eps_t - right[2]]).mean(1)
    return moved / jackknife(np.stack([q - R, eps_t], 1))[1]


@pytest.mark.parametrize("point", ["n=11, alpha=1, p=0.1", "n=11, alpha=1, p=0.1, gaussian"])
def test_temperatures_wrong_by_five_percent_fail_with_power(point):
    n, alpha, p, inputs = POINTS[point]
    T_N = nishimori_temperature(p)
    out = averages(Perceptron(n=n, alpha=alpha, r=2 * p, inputs=inputs), [0.95 * T_N, T_N, 1.05 * T_N])
    for k, name in ((0, "T 5 % too low"), (2, "T 5 % too high")):
        moved = shift(out[:, k], out[:, 1])
        print(f"{point}: {name}: shifts of {moved.round(1)} standard errors")
        assert np.abs(moved).max() > POWER, name


MUTANTS = {
    "labels flipped with probability r, not r/2": {"r": 0.4},
    "labels flipped with probability r/4": {"r": 0.1},
    "a spherical teacher": {"teacher": "spherical"},
    "noise before the sign": {"r": 0.0, "before": np.tan(0.1 * np.pi)},
}


def test_other_teachers_and_labels_fail_with_power():
    model, T_N = Perceptron(n=11, alpha=1.0, r=0.2), nishimori_temperature(0.1)
    right = averages(model, T_N, samples=800)[:, 0]
    for name, change in MUTANTS.items():
        moved = shift(averages(replace(model, **change), T_N, samples=800)[:, 0], right)
        print(f"{name}: shifts of {moved.round(1)} standard errors")
        assert np.abs(moved).max() > POWER, name


def simulated(model, T, samples=400, sweeps=256):
    """(q, R, eps_t) of every sample at every temperature, each (T, samples), by tempering from random starts."""
    task = MonteCarlo(
        model, Tempering(), T, replicas=2, sweeps=sweeps, measure_every=4, disorder=tuple(range(samples)), seed=1,
        device="cpu",
    )  # fmt: skip
    state = task.advance(task.start(), sweeps)
    means = {}
    for key, names in (("chain", task._meter.chain_observables), ("pair", PAIR_OBSERVABLES)):
        window, _ = series.window(state[f"random/{key}"], sweeps // 4)
        means |= zip(names, window.mean((-1, -2)), strict=True)
    return [means[name].T for name in ("q", "R", "eps_t")]


def test_identities_and_mutants_by_tempering():
    n, alpha, p = 51, 1.0, 0.1
    factors = (0.95, 1.0, 1.05, 1.4, 2.0)
    ladder = tuple(f * nishimori_temperature(p) for f in factors)
    q, R, eps_t = simulated(Perceptron(n=n, alpha=alpha, r=2 * p), ladder)
    right = q[1], R[1], eps_t[1]
    z = z_scores(*right, p)
    print(f"q = {right[0].mean():.4f}, R = {right[1].mean():.4f}, eps_t = {right[2].mean():.4f}, z = {z.round(2)}")
    assert np.abs(z).max() <= 3
    moved = {f"T times {f}": shift((q[k], R[k], eps_t[k]), right) for k, f in enumerate(factors) if f != 1}
    wrong = simulated(Perceptron(n=n, alpha=alpha, r=4 * p), ladder, samples=150)
    moved["labels flipped with r, not r/2"] = shift([x[1] for x in wrong], [x[:150] for x in right])
    for name, by in moved.items():
        print(f"{name}: shifts of {by.round(1)} standard errors")
        assert np.abs(by).max() > POWER, name
