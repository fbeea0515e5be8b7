"""The task of learning rules: pieces equal one go, resume through the store, results are what direct work gives."""

import dataclasses

import numpy as np
import pytest

from statmech import Perceptron, Sweep
from statmech.rules import (
    AMP,
    Adatron,
    Enumeration,
    GradientDescent,
    Hebb,
    LinearProgram,
    PseudoInverse,
    Rosenblatt,
)
from statmech.tasks import learner as module
from statmech.tasks.learner import Learner

MODEL = Perceptron(n=31, alpha=1.5, weights="spherical", r=0.2)
RULES = (Hebb(), Rosenblatt(max_epochs=20), PseudoInverse(), Adatron(max_iterations=25), AMP("spherical", 0.4),
         GradientDescent(rate=0.05, t_max=1.0, students=3), LinearProgram())  # fmt: skip


def finish(task, *pieces):
    state = task.start()
    for n in (*pieces, task.iterations):
        state = task.advance(state, n)
    return state


def same(a, b):
    return a.keys() == b.keys() and all(np.asarray(a[k]).tobytes() == np.asarray(b[k]).tobytes() for k in a)


@pytest.mark.parametrize("history", [False, True])
@pytest.mark.parametrize("rule", RULES, ids=lambda r: type(r).__name__)
def test_pieces_equal_one_go(rule, history):
    task = Learner(MODEL, rule, iterations=30, history=history, disorder=(0, 3))
    whole, pieces = finish(task), finish(task, 1, 4, 7)
    whole["iteration"] = pieces["iteration"]  # counts what was asked for
    assert same(whole, pieces)
    assert task.progress(whole)[0] == 30
    for name, variable in task.results(whole).items():
        np.testing.assert_array_equal(variable.data, task.results(pieces)[name].data)


def test_one_iteration_less_is_another_state():
    task = Learner(MODEL, PseudoInverse(), iterations=6)
    assert not same(task.advance(task.start(), 5), task.advance(task.start(), 6))


def test_samples_do_not_depend_on_their_block():
    together = Learner(MODEL, Rosenblatt(max_epochs=9), disorder=(0, 1, 2))
    alone = Learner(MODEL, Rosenblatt(max_epochs=9), disorder=(2,))
    a, b = together.results(finish(together)), alone.results(finish(alone))
    for name in ("R", "eps_t", "kappa_min"):
        assert a[name].data[2] == b[name].data[0] != a[name].data[0]


def test_results_are_those_of_the_rule_on_the_instance():
    task = Learner(MODEL, Hebb(), disorder=(4,), seed=3)
    out = task.results(finish(task))
    sample = MODEL.disorder(MODEL.disorder_keys((4,), 3))
    xi, B = sample["xi"][0].astype(float), sample["B"][0]
    w = xi.sum(0)
    R = w @ B / np.linalg.norm(w) / np.linalg.norm(B)
    fields = xi @ w / np.linalg.norm(w)
    assert out["R"].data[0] == pytest.approx(R, abs=1e-6)
    assert out["eps_g"].data[0] == pytest.approx(np.arccos(R) / np.pi, abs=1e-6)
    assert out["eps_t"].data[0] == np.mean(fields <= 0)
    assert out["kappa_min"].data[0] == pytest.approx(fields.min(), rel=1e-5)
    assert out["q"].data[0] == pytest.approx(w @ w / 31 / 31)


def test_history_ends_at_the_result_and_stays_there_after_the_rule_has_stopped():
    task = Learner(MODEL, PseudoInverse(tolerance=1e-3), iterations=60, history=True, disorder=(0, 1))
    out = task.results(finish(task, 2))
    path, steps = out["timeseries/R"].data, out["iterations"].data.astype(int)
    assert path.shape == (60, 2) and steps.max() < 60
    np.testing.assert_array_equal(path[-1], out["R"].data)
    for k, n in enumerate(steps):
        assert (path[n - 1 :, k] == path[-1, k]).all() and path[n - 2, k] != path[-1, k]


def test_descent_history_is_that_of_its_students():
    rule = GradientDescent(rate=0.05, t_max=0.5, students=3)
    task = Learner(MODEL, rule, iterations=10, history=True)
    state = finish(task)
    out = task.results(state)
    W, xi = state["0/W"], MODEL.disorder(MODEL.disorder_keys((0,), 0))["xi"][0].astype(float)
    np.testing.assert_allclose((W**2).sum(1), 31)
    gram = W @ W.T / 31
    assert out["q"].data[0] == pytest.approx((gram[0, 1] + gram[0, 2] + gram[1, 2]) / 3)
    assert out["e"].data[0] == pytest.approx(((xi @ W.T / np.sqrt(31) - 1) ** 2).sum(0).mean() / 2 / 31)
    assert (np.diff(out["timeseries/e"].data[:, 0]) < 0).all()


@pytest.mark.parametrize("potential", ["quadratic", "logistic"])
def test_descent_goes_along_the_gradient(potential):
    rule = GradientDescent(potential, kappa=0.5, rate=1e-6, t_max=1e-6, students=1)
    xi = MODEL.disorder(MODEL.disorder_keys((0,), 0))["xi"][0].astype(float)
    state = rule.start(xi, 5)
    w, moved = state["W"][0], rule.advance(xi, state, 1)["W"][0]
    step = (moved - w) / -1e-6

    def E(w):
        return rule.V.value(xi @ w / np.sqrt(31) - 0.5).sum()

    numeric = np.array([(E(w + 1e-5 * e) - E(w - 1e-5 * e)) / 2e-5 for e in np.eye(31)])
    numeric -= w * (numeric @ w) / 31
    np.testing.assert_allclose(step, numeric, atol=1e-3 * np.abs(numeric).max())
    assert np.abs(step @ w) < 1e-3 * np.linalg.norm(step) * np.linalg.norm(w)


def test_large_samples_in_a_smaller_dtype_give_the_same_student(monkeypatch):
    task = Learner(Perceptron(n=31, alpha=1.5, weights="spherical", inputs="gaussian"), PseudoInverse())
    double = task.results(finish(task))
    monkeypatch.setattr(module, "LARGE", 1)
    small = Learner(task.model, PseudoInverse())
    assert small._examples(0).dtype == np.float32 and task._examples(0).dtype == np.float32
    np.testing.assert_allclose(small.results(finish(small))["R"].data, double["R"].data, atol=1e-6)


def test_linear_program_and_enumeration_know_what_can_be_stored():
    model = Perceptron(n=9, alpha=2.0, weights="spherical", labels="random", inputs="gaussian")
    ising = Perceptron(n=9, alpha=0.8, labels="random")
    program = Learner(model, LinearProgram(), disorder=tuple(range(24)))
    margin = Learner(model, Adatron(max_iterations=300), disorder=tuple(range(24)))
    every = Learner(ising, Enumeration(), disorder=tuple(range(24)))
    stored = program.results(finish(program))["stored"].data
    assert 3 < stored.sum() < 21
    np.testing.assert_array_equal(stored, margin.results(finish(margin))["kappa_min"].data > 0)
    out, states = every.results(finish(every)), 2 * (np.arange(512)[:, None] >> np.arange(9) & 1) - 1
    xi = ising.disorder(ising.disorder_keys(tuple(range(24)), 0))["xi"]
    best = (states @ xi.transpose(0, 2, 1)).min(-1).max(-1)
    np.testing.assert_allclose(out["kappa_min"].data, best / 3, rtol=1e-6)
    np.testing.assert_array_equal(out["stored"].data, best > 0)
    assert 3 < out["stored"].data.sum() < 24


def test_a_stopped_sweep_goes_on_where_it_was(tmp_path):
    task = Learner(MODEL, Hebb(), iterations=40, history=True)
    sweep = Sweep("rules", task, grid={"rule": list(RULES[1:3])}, samples=3)
    whole = sweep.run(tmp_path / "whole", executor="serial", quiet=True)
    sweep.run(tmp_path / "parts", executor="serial", quiet=True, part=(1, 2))
    resumed = sweep.run(tmp_path / "parts", executor="serial", quiet=True)
    assert {"R_mean", "eps_g_err", "timeseries/R"} <= set(whole)
    for name in ("R", "eps_t", "R_mean", "eps_g_err", "timeseries/R"):
        np.testing.assert_array_equal(whole[name], resumed[name])
    assert whole.dims("timeseries/R")[0] == "rule" and (whole["status"] == 2).all()
    assert (whole["R"][0] != whole["R"][1]).all()


def test_a_checkpoint_is_arrays(tmp_path):
    """What the store writes between two pieces is enough: the state survives a round through a file."""
    task = Learner(MODEL, Adatron(max_iterations=30), iterations=30, history=True)
    state = task.advance(task.start(), 7)
    np.savez(tmp_path / "state.npz", **{k.replace("/", "|"): v for k, v in state.items()})
    with np.load(tmp_path / "state.npz") as file:
        read = {k.replace("|", "/"): file[k] for k in file}
    assert same(Learner(MODEL, task.rule, 30, True).advance(read, 23), task.advance(state, 23))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "perceptron"}, "expected a Perceptron"),
        ({"rule": Hebb}, "expected a learning rule such as"),
        ({"iterations": 0}, "iterations = 0: expected an integer >= 1"),
        ({"iterations": True}, "expected an integer >= 1"),
        ({"seed": -1}, "expected an integer >= 0"),
        ({"disorder": ()}, "at least one"),
        ({"disorder": (1, 1)}, "different sample indices"),
    ],
)
def test_bad_input(change, message):
    with pytest.raises((ValueError, TypeError), match=message):
        dataclasses.replace(Learner(MODEL, Hebb()), **change)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: GradientDescent("error"), "has no gradient"),
        (lambda: GradientDescent("cubic"), "expected one of"),
        (lambda: GradientDescent(rate=0.0), "rate = 0.0"),
        (lambda: GradientDescent(rate=0.5, t_max=0.1), "at least one step"),
        (lambda: GradientDescent(students=0), "at least 1 start"),
        (lambda: GradientDescent(rate=0.6, t_max=1.0).start(np.eye(3)), r"less than .* = 0.5 here"),
        (lambda: Enumeration().start(np.ones((2, 27))), "at most 26 weights"),
        (lambda: Hebb().start(np.full((2, 3), np.nan)), "NaN"),
    ],
)
def test_bad_rules(call, message):
    with pytest.raises(ValueError, match=message):
        call()
