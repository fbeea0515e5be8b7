"""Every move on the sphere samples exp(-E/T): N = 3 against quadrature, from uniform starts, one value per chain."""

from __future__ import annotations

import numpy as np
import pytest
from contract.discovery import sphere_samplers
from exact.spheres import deviations, law, observables, problem, sample, uniform

from statmech import Billiards, GreatCircles, HamiltonianMonteCarlo, Langevin, Rotations, Tempering
from statmech.samplers import hamiltonian

LADDER = np.array([0.3, 0.9])
CHAINS, SWEEPS = 10_000, 8
BOUND = 4.6  # of the largest of 300 |z|: Bonferroni at 1e-3
KERNELS = {  # sampler, its step if it has one, potentials
    "circles": (GreatCircles(), None, ("error", "hinge", "quadratic", "logistic")),
    "narrow circles": (GreatCircles(width=2.0), None, ("error",)),
    "rotations": (Rotations(tuning=10), 1.5, ("error", "hinge", "quadratic", "logistic")),
    "billiards": (Billiards(), None, ("error",)),
    "hmc": (HamiltonianMonteCarlo(steps=2, tuning=10), 0.35, ("hinge", "quadratic", "logistic")),
    "langevin": (Langevin(tuning=10), 0.5, ("quadratic", "logistic")),
}
CASES = [(kernel, potential) for kernel, (_, _, potentials) in KERNELS.items() for potential in potentials]
SENSITIVE = [case for case in CASES if case not in (("hmc", "quadratic"), ("langevin", "quadratic"))]


def starts(potential, kappa=0.0, chains=CHAINS, ladder=LADDER):
    return np.stack([law(potential, float(T), chains, kappa) for T in ladder])


def test_every_sampler_with_a_law_on_the_sphere_is_tested_here():
    tested = {type(sampler).__name__ for sampler, _, _ in KERNELS.values()} | {"Tempering"}
    assert {type(s).__name__ for s in sphere_samplers("boltzmann", "joint").values()} == tested


@pytest.mark.parametrize("kappa", [0.0, 0.4])
@pytest.mark.parametrize(("kernel", "potential"), CASES)
def test_the_law_stays_what_it_is(kernel, potential, kappa):
    sampler, step, _ = KERNELS[kernel]
    start = starts(potential, kappa)
    points = sample(sampler, problem(potential, kappa), start, LADDER, SWEEPS, step)
    z = deviations(points, potential, LADDER, kappa)
    assert np.abs(z).max() < BOUND, z
    assert (np.abs(points - start).max(-1) > 0.1).mean() > 0.7, "witness: the points moved"


@pytest.mark.parametrize(("kernel", "potential"), SENSITIVE)
def test_a_temperature_wrong_by_5_percent_is_seen(kernel, potential):
    """One temperature and many chains: |z| is about 8."""
    ladder, sampler = np.array([0.5]), KERNELS[kernel][0]
    start = starts(potential, chains=150_000 if potential == "quadratic" else 60_000, ladder=ladder)
    points = sample(sampler, problem(potential), start, 1.05 * ladder, SWEEPS, KERNELS[kernel][1])
    assert np.abs(deviations(points, potential, ladder)).max() > BOUND


@pytest.mark.parametrize("kernel", ["circles", "rotations", "billiards"])
def test_uniform_starts_reach_the_law(kernel):
    ladder, start = np.array([0.6]), uniform((1, 1, CHAINS))[0]
    points = sample(KERNELS[kernel][0], problem("error"), start, ladder, 100, KERNELS[kernel][1])
    assert np.abs(deviations(points, "error", ladder)).max() < BOUND
    assert np.abs(deviations(start, "error", ladder)).max() > 10, "witness: they were far from it"


@pytest.mark.parametrize("inner", ["circles", "rotations", "billiards"])
def test_tempering_keeps_the_law_of_every_rung(inner):
    kernel, step, _ = KERNELS[inner]
    ladder, chains = np.array([0.4, 0.6, 0.9]), 20_000
    start = starts("error", chains=chains, ladder=ladder)
    points = sample(Tempering(kernel), problem("error"), start, ladder, SWEEPS, step)
    assert np.abs(deviations(points, "error", ladder)).max() < BOUND
    wrong = sample(Tempering(kernel), problem("error"), start, ladder[[0, 0, 0]] * [1, 1.01, 1.02], SWEEPS, step)
    assert np.abs(deviations(wrong, "error", ladder)).max() > BOUND, "witness: rungs have their own temperatures"


def test_moves_without_metropolis_correction_are_seen(monkeypatch):
    start, kernel = starts("quadratic"), HamiltonianMonteCarlo(steps=2, tuning=1)
    right = deviations(sample(kernel, problem("quadratic"), start, LADDER, SWEEPS, 0.5), "quadratic", LADDER)
    assert np.abs(right).max() < BOUND
    monkeypatch.setattr(hamiltonian, "exponential", lambda word: np.full(word.shape, np.inf))
    wrong = deviations(sample(kernel, problem("quadratic"), start, LADDER, SWEEPS, 0.5), "quadratic", LADDER)
    assert np.abs(wrong).max() > BOUND


@pytest.mark.parametrize("kernel", ["circles", "rotations", "billiards"])
def test_infinite_temperature_is_uniform(kernel):
    start = np.broadcast_to(np.array([1.0, 1.0, 1.0]), (1, CHAINS, 3))
    points = sample(KERNELS[kernel][0], problem("error"), start, np.array([np.inf]), 30, KERNELS[kernel][1])[0]
    second = points.T @ points / CHAINS
    assert np.abs(points.mean(0)).max() < 5 * CHAINS**-0.5
    assert np.abs(second - np.eye(3)).max() < 5 * CHAINS**-0.5


@pytest.mark.parametrize("kernel", ["circles", "rotations"])
@pytest.mark.parametrize("potential", ["error", "hinge"])
def test_zero_temperature_never_goes_uphill(kernel, potential):
    p, ladder, path = problem(potential), np.array([0.0]), [uniform((1, 1, 200))[0]]
    for _ in range(20):
        path.append(sample(KERNELS[kernel][0], p, path[-1], ladder, 1, KERNELS[kernel][1]))
    E = observables(p, np.stack(path))[0]
    assert (np.diff(E, axis=0) <= 1e-9).all() and E[-1].mean() < E[0].mean() - 0.3


@pytest.mark.parametrize("sampler", [Billiards(), HamiltonianMonteCarlo(), Langevin()])
def test_moves_by_velocities_refuse_zero_temperature(sampler):
    with pytest.raises(ValueError, match="T > 0"):
        sampler.begin((1, 1, 1), np.array([0.0]))
