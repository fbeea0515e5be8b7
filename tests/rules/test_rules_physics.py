"""Learning rules against their theory: error of the mean over instances within 3 standard errors + c/N.

Numbers in brackets: standard errors.  c, from the means at N = 150 (120 instances) and N = 300 (60), alpha = 1, 2, 5,
p = 0, 0.1: |c| <= 0.3 for every rule, but 0.9 for maximum stability with noise, which ends at alpha_c(p).  Message
passing is compared with state evolution at every iteration.
"""

from __future__ import annotations

import numpy as np
import pytest
from rules.instances import teacher_student

from statmech.rules import AMP, Adaline, Adatron, Hebb, PseudoInverse, training_error
from statmech.theory import learning_curves as lc
from statmech.theory import state_evolution as se

C_N = 0.4


def rules(alpha, p):
    """(rule, theory(alpha, p), c) of the rules that have a theory here."""
    out = [
        (Hebb(), lc.hebb(alpha, p), C_N),
        (Adaline(rate=0.05, t_max=2.0), lc.adaline(alpha, 2.0, p, rate=0.05), C_N),
    ]
    if abs(alpha - 1) >= 0.2:  # at alpha = 1 the pseudo-inverse fluctuates without bound
        out.append((PseudoInverse(tolerance=1e-6), lc.least_squares(alpha, p), C_N))
    if p == 0 or alpha < lc.zero_error_load(p).alpha - 0.5:
        out.append((Adatron(tolerance=1e-3), lc.max_stability(alpha, p), C_N if p == 0 else 1.0))
    return out


def z_score(values, theory, c, n):
    """How many standard errors of the mean remain beyond c/N; elementwise along axis 0."""
    values = np.asarray(values)
    error = values.std(0, ddof=1) / np.sqrt(len(values))
    return (np.abs(values.mean(0) - theory) - c / n) / error


def check_rules(n, instances, alpha, p, leave_out=(), dtype=np.float64):
    """Every rule but those left out on the same instances, one instance in memory at a time."""
    found: dict[str, list[float]] = {}
    chosen = [row for row in rules(alpha, p) if type(row[0]) not in leave_out]
    for seed in range(instances):
        xi, B = teacher_student(n, alpha, p, seed, dtype=dtype)
        for rule, _, _ in chosen:
            found.setdefault(type(rule).__name__, []).append(rule.run(xi, teacher=B)["history"][-1, 2])
    wrong = {type(rule).__name__: theory for rule, theory, _ in rules(1.5 * alpha, p)}
    for rule, theory, c in chosen:
        name = type(rule).__name__
        error = np.std(found[name], ddof=1) / np.sqrt(instances)
        print(f"{name} alpha={alpha} p={p} N={n}: eps_g {np.mean(found[name]):.5f}({error:.5f}) "
              f"theory {float(theory.eps_g):.5f}")  # fmt: skip
        assert z_score(found[name], float(theory.eps_g), c, n) < 3, name
        assert z_score(found[name], float(wrong[name].eps_g), c, n) > 3, name  # mutant: 1.5 times the load


def check_amp(n, instances, cases):
    for prior, alpha, p, teacher in cases:
        rule = AMP.bayes(p, prior, max_iterations=100)
        paths = []
        for seed in range(instances):
            xi, B = teacher_student(n, alpha, p, seed, teacher)
            paths.append(rule.run(xi, teacher=B)["history"])
        length = max(map(len, paths))
        paths = np.array([np.vstack([h, np.repeat(h[-1:], length - len(h), 0)]) for h in paths])  # fixed points stay
        theory = se.evolve(alpha, p, prior=prior, iterations=length)
        columns = np.stack([theory.R, theory.q, theory.eps_g], axis=1)
        # 3 columns, some 40 iterations: the bound on the largest of them is 4 standard errors
        z = z_score(paths, columns, 4.0, n)[theory.V > 1e-3]
        last = paths[:, -1].mean(0)
        print(f"AMP {prior} alpha={alpha} p={p} N={n}: {length} iterations, eps_g {last[2]:.5f} theory "
              f"{float(theory.eps_g[-1]):.5f}, largest |R, q, eps_g - state evolution| "
              f"{np.abs(paths.mean(0) - columns)[theory.V > 1e-3].max(0).round(4)}, z {z.max():.2f}")  # fmt: skip
        assert (z < 4).all(), (prior, alpha, p)
        late = theory.V <= 1e-3  # recovery: all are at the teacher, but for a weight or two at this N
        assert (paths[:, -1, 0] > 1 - 5 / n).all() if late.any() else True
        wrong = se.evolve(alpha, p + 0.05, prior=prior, iterations=length)  # mutant
        columns = np.stack([wrong.R, wrong.q, wrong.eps_g], axis=1)
        assert z_score(paths, columns, 4.0, n)[:8].max() > 6


@pytest.mark.parametrize(("alpha", "p"), [(1.0, 0.0), (1.5, 0.1), (4.0, 0.0)])
def test_rules_follow_their_learning_curves(alpha, p):
    check_rules(400, 14, alpha, p)


def test_message_passing_follows_state_evolution():
    check_amp(1000, 12, [("ising", 1.0, 0.1, "ising"), ("spherical", 2.0, 0.1, "spherical")])
    check_amp(1000, 8, [("ising", 4.0, 0.1, "ising")])  # finds the teacher


@pytest.mark.parametrize("T", [0.3, 0.8])
def test_message_passing_away_from_the_nishimori_line(T):
    """q, R and the training error of the replica-symmetric states at any T (p = 0.1, T_N = 0.455)."""
    n, alpha, p = 1000, 2.0, 0.1
    theory = se.fixed_point(alpha, p, T, "spherical")
    found = []
    for seed in range(10):
        xi, B = teacher_student(n, alpha, p, seed)
        found.append(AMP("spherical", T).run(xi, teacher=B)["history"][-1, :2])
    assert (z_score(found, [theory.R, theory.q], 2.0, n) < 3.5).all()
    wrong = se.fixed_point(alpha, p, 1.3 * T, "spherical")  # mutant
    assert z_score(found, [wrong.R, wrong.q], 2.0, n)[1] > 3.5
    assert abs(theory.q - theory.R) > 0.02


def test_least_squares_training_error():
    n, alpha = 400, 2.0
    for p in (0.0, 0.1):
        errors = []
        for seed in range(10):
            xi, _ = teacher_student(n, alpha, p, seed)
            errors.append(training_error(xi, PseudoInverse().run(xi)["w"]))
        assert z_score(errors, float(lc.least_squares_training_error(alpha, p)), 0.3, n) < 3
        assert z_score(errors, float(lc.least_squares_training_error(1.5 * alpha, p)), 0.3, n) > 3  # mutant


def test_stability_reached_is_the_theory():
    n = 400
    for alpha, p in ((2.0, 0.0), (1.5, 0.1)):
        kappa = []
        for seed in range(10):
            xi, _ = teacher_student(n, alpha, p, seed)
            kappa.append(Adatron(tolerance=1e-3).certificate(xi, Adatron(tolerance=1e-3).run(xi)).bound)
        assert z_score(kappa, float(lc.max_stability(alpha, p).kappa), 4.0, n) < 3
        assert z_score(kappa, float(lc.max_stability(1.2 * alpha, p).kappa), 4.0, n) > 3  # mutant


@pytest.mark.slow
@pytest.mark.parametrize("alpha", [1.0, 2.0, 5.0, 10.0])
def test_spherical_rules_at_4000(alpha):
    """Memory 4 N^2 alpha bytes (0.64 GB at alpha = 10)."""
    check_rules(4000, 20, alpha, 0.0, leave_out=() if alpha <= 2 else (Adatron,), dtype=np.float32)


@pytest.mark.slow
@pytest.mark.parametrize("alpha", [5.0, 10.0])
def test_maximum_stability_at_2000(alpha):
    """At N = 4000 fifty Newton steps on almost N support vectors take minutes per instance."""
    check_rules(2000, 20, alpha, 0.0, leave_out=(Hebb, Adaline, PseudoInverse), dtype=np.float32)


@pytest.mark.slow
@pytest.mark.parametrize("alpha", [1.0, 2.0, 5.0, 10.0])
def test_spherical_message_passing_at_4000(alpha):
    check_amp(4000, 20, [("spherical", alpha, 0.0, "spherical")])


@pytest.mark.slow
@pytest.mark.parametrize("alpha", [1.0, 2.0, 4.0])
def test_ising_message_passing_at_4000(alpha):
    check_amp(4000, 20, [("ising", alpha, 0.1, "ising")])
