"""Spectra of students: traces, known Hessians, and overlaps from free to frozen."""

import numpy as np
import pytest

from statmech import Annealing, GreatCircles, Hopfield, Metropolis, Perceptron
from statmech.tasks.student_spectra import StudentSpectra

COOL = Annealing(Metropolis(), T_start=60.0, sweeps=16, schedule="geometric")
TURN = Annealing(GreatCircles(), T_start=60.0, sweeps=16, schedule="geometric")


def run(**fields):
    task = StudentSpectra(**({"T": (0.3, 50.0), "replicas": 10, "settle": 8, "disorder": (0, 1), "seed": 2} | fields))
    return task, task.results(task.advance(task.start(), 2))


def test_overlaps_of_replicas():
    _, found = run(model=Perceptron(n=51, alpha=3.0), sampler=COOL)
    x = found["overlaps"].data  # (T, level, disorder)
    np.testing.assert_allclose(x.sum(1), 10, atol=1e-9, err_msg="the trace: |w|^2 = n")
    assert (x >= -1e-9).all() and np.isnan(found["hessian"].data).all()
    np.testing.assert_array_less(1 + 9 * found["q"].data, x[:, -1] + 1e-9, "Rayleigh: the uniform vector")
    assert (found["q"].data[0] > 0.3).all() and (np.abs(found["q"].data[1]) < 0.1).all()


def test_the_hessian_of_the_quadratic_potential_is_known():
    model = Perceptron(n=20, alpha=2.0, weights="spherical", potential="quadratic", kappa=1.0)
    task, found = run(model=model, sampler=TURN)
    for d, key in enumerate(model.disorder_keys(task.disorder, task.seed)):
        xi = model.disorder([key])["xi"][0] * model.unit
        expected = np.linalg.eigvalsh(xi.T @ xi / 20)
        for t in range(2):
            np.testing.assert_allclose(found["hessian"].data[t, :, d], expected, atol=1e-6)
    _, other = run(model=Perceptron(n=20, alpha=2.0, weights="spherical", potential="logistic"), sampler=TURN)
    assert (other["hessian"].data.mean(1) < 0.5 + 1e-9).all(), "V'' <= 1/4, alpha = 2"
    assert (other["hessian"].data.mean(1) > 0.1).all()


def test_steps_and_averages():
    task, whole = run(model=Perceptron(n=21, alpha=2.0), sampler=COOL)
    state = task.start()
    for done in (1, 2):
        state = task.advance(state, 1)
        assert task.progress(state) == (done, 2)
    for name, value in task.results(state).items():
        np.testing.assert_array_equal(value.data, whole[name].data)
    means = task.combine(whole)
    np.testing.assert_allclose(means["q_mean"].data, whole["q"].data.mean(1))
    assert "overlaps_mean" not in means


@pytest.mark.parametrize(("fields", "error", "message"), [
    ({"model": Hopfield(n=20)}, TypeError, "expected a Perceptron"),
    ({"sampler": Metropolis()}, TypeError, "expected Annealing"),
    ({"replicas": 1}, ValueError, "replicas = 1: expected an integer >= 2"),
    ({"settle": 0}, ValueError, "settle = 0: expected an integer >= 1"),
])  # fmt: skip
def test_messages(fields, error, message):
    with pytest.raises(error, match=message):
        StudentSpectra(**({"model": Perceptron(n=21), "sampler": COOL} | fields))
