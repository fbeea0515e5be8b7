"""The transition of the Ising student to its teacher, from energies of theory and from a run."""

from __future__ import annotations

import numpy as np
import pytest

from statmech import Metropolis, MonteCarlo, Perceptron, Tempering
from statmech.phases.first_order import POOR, poor_energy, teacher_transition
from statmech.theory.perceptron import solve
from statmech.theory.perceptron_lines import alpha_th

LADDER = np.geomspace(0.55, 20, 40)


@pytest.mark.parametrize("T", [0.7, 1.0])
def test_energies_of_theory_lead_to_its_transition(T):
    alpha = float(alpha_th(T))
    e = solve(alpha, LADDER, 0.0, "ising", "poor").e
    found = teacher_transition(LADDER, [e, e], alpha / 2)
    assert found.at == pytest.approx(T, rel=2e-3) and found.error < 1e-9
    mutant = teacher_transition(LADDER, [1.03 * e, 1.03 * e], alpha / 2)
    assert abs(mutant.at / T - 1) > 0.02, "mutant: energies 3 % too high"


def test_chains_in_the_hole_are_left_out():
    alpha = float(alpha_th(0.8))
    e = solve(alpha, LADDER, 0.0, "ising", "poor").e
    rng = np.random.default_rng(0)
    away = np.clip(rng.uniform(0.2, 1.5, (20, LADDER.size)), 0, 1)
    found = teacher_transition(LADDER, poor_energy(away, away * e), alpha / 2)
    assert found.at == pytest.approx(0.8, rel=2e-3)
    naive = teacher_transition(LADDER, away * e, alpha / 2)
    assert not abs(naive.at / 0.8 - 1) < 0.02, "witness: the hole lowers the mean energy"
    lost = np.where(LADDER < 0.7, 0, away)
    some = np.where(np.arange(20)[:, None] < 5, lost, away)
    assert teacher_transition(LADDER, poor_energy(some, some * e), alpha / 2).at == pytest.approx(0.8, rel=2e-3)
    with pytest.raises(ValueError, match="one row a sample"):
        teacher_transition(LADDER, e, alpha / 2)


def transition(n, T, samples, sweeps, seed=1):
    """T at which a student at alpha_th(T) of theory changes over."""
    alpha = float(alpha_th(T))
    ladder = tuple(np.concatenate([T * np.array([0.85, 0.9, 0.95, 1.0, 1.05, 1.12]), np.geomspace(1.25 * T, 12, 12)]))
    e = []
    for begin in range(0, samples, 8):
        task = MonteCarlo(
            Perceptron(n=n, alpha=alpha), Tempering(Metropolis()), T=ladder, replicas=2, sweeps=sweeps, measure_every=8,
            observables=POOR, disorder=tuple(range(begin, min(begin + 8, samples))), seed=seed,
        )  # fmt: skip
        r = task.results(task.advance(task.start(), sweeps))
        e.append(poor_energy(r["away"].data[:, :, 0], r["away_e"].data[:, :, 0]).T)
    return teacher_transition(ladder, np.concatenate(e), alpha / 2)


def test_a_small_student():
    found = transition(31, 1.0, 8, 256)
    print("N = 31, theory 1.0:", found)
    assert abs(found.at - 1) < 0.12


@pytest.mark.slow
def test_transitions_within_three_percent():
    """N = 127 and 255, T = 0.6 and 1.0 of theory."""
    for T in (0.6, 1.0):
        for n, samples in ((127, 64), (255, 32)):
            found = transition(n, T, samples, 1024)
            print(f"N = {n}: T = {found.at:.4f} +- {found.error:.4f}, theory {T}")
        assert abs(found.at / T - 1) < 0.03 and found.error < 0.03 * T
