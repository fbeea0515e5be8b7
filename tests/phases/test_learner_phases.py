"""Phases of a learner, on results made by hand where every answer is known, and on a run."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import statmech
from statmech import GreatCircles, Perceptron, Tempering
from statmech.core import Variable
from statmech.phases import learner_phases
from statmech.results import Results

ALPHA, T = np.array([1.0, 2.0]), np.array([0.2, 0.5, 1.0, 2.0])
DIMS = ("alpha", "T", "disorder", "start")
P = 0.1


class Lines:
    """A theory with a glass below T = 0.3 and R = 0.8 everywhere on the poor branch."""

    def lines(self):
        return {"T_AT": lambda a: np.full(len(a), 0.3), "T_N": lambda a: np.full(len(a), 9.0)}

    def predict(self, alpha, T, branch):
        return {"R": np.full(np.broadcast_shapes(np.shape(alpha), np.shape(T)), 0.8)}


def made(samples=8, noise=0.002, status=2, **means) -> Results:
    """R, q, eps_t, eps_g with given means over T (both loads), plus a small spread between samples."""
    rng = np.random.default_rng(4)
    shared = rng.normal(0, 0.05, samples)  # what all temperatures of a sample have in common
    known = {"R": 0.8, "q": 0.7, "eps_t": 0.2, "eps_g": 0.3} | means
    variables = {
        "alpha": Variable(("alpha",), ALPHA),
        "T": Variable(("T",), T),
        "start": Variable(("start",), np.array(["random", "teacher"])),
        "status": Variable(DIMS[:3], np.broadcast_to(np.reshape(status, (-1, 1)), (2, 4, samples)).astype(np.int8)),
    }
    for name, mean in known.items():
        x = np.broadcast_to(np.asarray(mean, float), (4,))[None, :, None, None] + np.zeros((2, 4, samples, 2))
        if name != "R" or np.max(mean) < 0.99:
            x = x + rng.normal(0, noise, (2, 4, samples, 1)) + shared[:, None] * (name == "eps_g")
        variables[name] = Variable(DIMS, x)
    return Results(variables)


def with_teacher_at(results: Results, R: float) -> Results:
    x = results["R"].copy()
    x[..., 1] = R
    return Results({**results.variables, "R": Variable(DIMS, x)})


def test_poor_coexistence_and_perfect_exclude_each_other():
    poor = learner_phases(made(), P)
    assert poor.poor.all() and not (poor.perfect | poor.coexistence | poor.glass | poor.unequilibrated).any()
    both = learner_phases(with_teacher_at(made(status=5), 1.0), P)
    assert both.coexistence.all() and not both.poor.any()
    found = learner_phases(made(R=1.0, q=1.0), P)
    assert found.perfect.all() and not (found.coexistence | found.poor).any()
    assert (found.label() == "perfect").all() and (both.label() == "coexistence").all()


def test_over_training_is_a_paired_slope_at_three_errors():
    rising, falling = (0.30, 0.31, 0.32, 0.33), (0.33, 0.32, 0.31, 0.33)
    assert not learner_phases(made(eps_g=rising), P).over_training.any()
    hot = learner_phases(made(eps_g=falling), P).over_training
    # at T = 1 the neighbours are 0.5 and 2.0: 0.32 to 0.33, no fall
    np.testing.assert_array_equal(hot, [[True, True, False, False]] * 2)
    # samples differ by 0.05, fifty times the slope's error: only the pairing shows the slope
    unpaired = made(eps_g=falling)
    shuffled = unpaired["eps_g"].copy()
    rng = np.random.default_rng(0)
    for i in range(4):
        shuffled[:, i] = shuffled[:, i, rng.permutation(8)]
    broken = Results({**unpaired.variables, "eps_g": Variable(DIMS, shuffled)})
    assert not learner_phases(broken, P).over_training.any()
    assert not learner_phases(made(eps_g=falling, noise=0.05), P).over_training.any()


def test_memorising_and_over_averaged_are_lines_of_their_own():
    x = learner_phases(made(eps_t=(0.05, 0.1, 0.15, 0.2), eps_g=(0.3, 0.31, 0.32, 0.33)), P)
    np.testing.assert_array_equal(x.memorising, [[True, False, False, False]] * 2)
    assert not x.over_training.any() and (x.label()[:, 0] == "memorising").all()
    averaged = learner_phases(made(R=(0.6, 0.7, 0.6, 0.5), q=(0.6, 0.6, 0.6, 0.6)), P).over_averaged
    np.testing.assert_array_equal(averaged, [[True, False, False, False]] * 2)


def test_glass_needs_the_line_and_a_sign_of_it():
    restless = made(status=(4, 2, 2, 4))
    x = learner_phases(restless, P, Lines())
    np.testing.assert_array_equal(x.glass, [[True, False, False, False]] * 2)
    np.testing.assert_array_equal(x.unequilibrated, [[False, False, False, True]] * 2)
    assert not learner_phases(restless, P).glass.any()  # no theory, no glass
    low = learner_phases(made(R=(0.7, 0.7, 0.8, 0.8)), P, Lines())  # below the RS value, at rest
    np.testing.assert_array_equal(low.glass, [[True, False, False, False]] * 2)
    assert not learner_phases(made(q=0.9), P, Lines()).glass.any()  # q > 0 alone says nothing


def test_bad_input_names_what_is_missing():
    with pytest.raises(ValueError, match=r"no .eps_g..*perceptron"):
        learner_phases(Results({k: v for k, v in made().variables.items() if k != "eps_g"}), P)
    only = Results({**made().variables, "start": Variable(("start",), np.array(["teacher", "teacher:0.1"]))})
    with pytest.raises(ValueError, match=r"starts teacher, teacher.*random starts"):
        learner_phases(only, P)


def test_on_a_run_and_through_a_selection():
    """A small spherical student at p = 0.1: poor everywhere, memorising at low T only."""
    task = statmech.MonteCarlo(
        Perceptron(n=41, alpha=1.0, weights="spherical", r=0.2), Tempering(GreatCircles()),
        T=(0.25, 0.4, 0.7, 1.2, 2.0), starts=("random", "teacher"), replicas=2, sweeps=256,
    )  # fmt: skip
    parts = []
    for alpha in (1.0, 2.0):
        one = dataclasses.replace(task, model=dataclasses.replace(task.model, alpha=alpha), disorder=tuple(range(12)))
        state = one.start()
        parts.append(one.results(one.advance(state, 256)))
    names = ("R", "q", "eps_t", "eps_g", "status")
    stack = {n: Variable(("alpha", *parts[0][n].dims), np.stack([p[n].data for p in parts])) for n in names}
    stack |= {n: parts[0][n] for n in ("T", "disorder", "start")}
    x = learner_phases(Results({**stack, "alpha": Variable(("alpha",), np.array([1.0, 2.0]))}), P)
    assert not (x.perfect | x.coexistence).any()
    assert (x.memorising | x.unequilibrated)[:, 0].all() and not x.memorising[:, 3:].any()
