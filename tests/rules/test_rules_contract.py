"""What every learning rule promises: pieces equal the whole bit for bit, arguments untouched, dtypes, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from rules.instances import teacher_student

from statmech.rules import AMP, Adaline, Adatron, Hebb, PseudoInverse, Rosenblatt, training_error
from statmech.rules.rule import back, fields

RULES = [
    Hebb(),
    Rosenblatt(),
    Rosenblatt(kappa=0.2, max_epochs=60),
    PseudoInverse(),
    Adaline(rate=0.1, t_max=3.0),
    Adatron(),
    Adatron(ceiling=0.5),
    AMP(),
    AMP("spherical", 0.4),
]
IDS = [f"{type(r).__name__}{i}" for i, r in enumerate(RULES)]


@pytest.fixture(scope="module")
def instance():
    return teacher_student(60, 1.5, 0.05, seed=3)


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_pieces_equal_the_whole(rule, instance):
    xi, B = instance
    whole = rule.advance(xi, rule.start(xi, 7, B), 13)
    pieces = rule.start(xi, 7, B)
    for n in (1, 0, 4, 6, 2):
        pieces = rule.advance(xi, pieces, n)
    assert whole.keys() == pieces.keys()
    for name in whole:
        assert whole[name].tobytes() == pieces[name].tobytes(), name
    if not isinstance(rule, Hebb):  # witness: one iteration less is another state
        shorter = rule.advance(xi, rule.start(xi, 7, B), 2)
        assert not np.array_equal(shorter["w"], whole["w"])


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_state_is_arrays_and_the_argument_is_untouched(rule, instance):
    xi, B = instance
    state = rule.start(xi, 7, B)
    before = {name: array.copy() for name, array in state.items()}
    after = rule.advance(xi, state, 3)
    assert all(isinstance(a, np.ndarray) and a.dtype != object for a in after.values())
    assert all(np.array_equal(state[name], before[name], equal_nan=True) for name in before)
    w = rule.weights(after)
    assert np.sum(w**2) == pytest.approx(len(w)) and w.shape == B.shape
    R, q, eps_g = after["history"][-1]
    assert eps_g == pytest.approx(np.arccos(w @ B / len(B)) / np.pi)
    assert q == pytest.approx(after["w"] @ after["w"] / len(B))
    assert pytest.approx(after["w"] @ B / len(B)) == R
    assert len(after["history"]) == after["iterations"]
    assert rule.advance(xi, rule.run(xi, key=7), 5)["iterations"] == rule.run(xi, key=7)["iterations"]


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_dtypes_agree(rule):
    rng = np.random.default_rng(2)
    xi = rng.choice([-1, 1], (45, 30)) * np.where(rng.random((45, 1)) < 0.5, 1, -1)  # +-1 inputs: exact in all
    data = [xi.astype(t) for t in (np.float64, np.float32, np.int8)]
    results = [rule.advance(x, rule.start(x, 1), 6)["w"] for x in data]
    np.testing.assert_allclose(results[1], results[0], rtol=1e-9, atol=1e-10)
    np.testing.assert_array_equal(results[1], results[2])


def test_products_by_blocks(monkeypatch):
    from statmech.rules import rule

    rng = np.random.default_rng(4)
    xi = rng.standard_normal((57, 10)).astype(np.float32)
    w, g = rng.standard_normal(10), rng.standard_normal(57)
    monkeypatch.setattr(rule, "_ROWS", 80)
    np.testing.assert_allclose(fields(xi, w), xi.astype(float) @ w / np.sqrt(10), rtol=1e-13)
    np.testing.assert_allclose(back(xi, g), g @ xi.astype(float) / np.sqrt(10), rtol=1e-12)


def test_without_teacher_only_the_length_is_recorded(instance):
    xi, _ = instance
    history = Hebb().run(xi)["history"]
    assert np.isnan(history[0, [0, 2]]).all() and history[0, 1] > 0


def test_key_matters_where_numbers_are_drawn(instance):
    xi, _ = instance
    a, b = (Rosenblatt(max_epochs=2).run(xi, key=k)["w"] for k in (1, 2))
    assert not np.array_equal(a, b)
    a, b = (Adatron(max_iterations=6).run(xi, key=k)["w"] for k in (1, 2))
    assert np.array_equal(a, b)


def test_training_error():
    xi = np.array([[1.0, 0.0], [-1.0, 0.5], [0.0, 1.0], [0.0, 0.0]])
    assert training_error(xi, [1.0, 1.0]) == 0.5  # the field 0 is an error


@pytest.mark.parametrize(("call", "error", "says"), [
    (lambda xi: Hebb().start(xi[0]), ValueError, r"xi has shape \(60,\), expected \(m, N\)"),
    (lambda xi: Hebb().start(xi[:0]), ValueError, "m >= 1 examples"),
    (lambda xi: Hebb().start(xi.astype(complex)), TypeError, "xi has dtype complex128, expected real"),
    (lambda xi: Adatron().start(np.where(xi > 2, np.nan, xi)), ValueError, "xi holds NaN or infinity"),
    (lambda xi: AMP().start(xi, teacher=np.ones(3)), ValueError, r"teacher has shape \(3,\), expected \(60,\)"),
    (lambda xi: AMP().start(xi, teacher=np.zeros(60)), ValueError, "a vector that is not zero"),
    (lambda xi: Hebb().start(xi, targets=np.ones(90)), ValueError, "Hebb takes no targets"),
    (lambda xi: Adaline().start(xi, targets=np.ones(3)), ValueError, r"targets has shape \(3,\), expected \(90,\)"),
    (lambda xi: Adaline(rate=0.8).start(xi), ValueError, r"rate = 0.8 .* less than 2/\(1 \+ sqrt alpha\)\^2 = 0.4"),
    (lambda xi: Hebb().weights(Hebb().start(xi)), ValueError, "the weights are zero after 0 iterations"),
    (lambda xi: Hebb().advance(xi, Hebb().start(xi), -1), ValueError, "iterations = -1"),
    (lambda xi: Hebb().advance(xi[:, :9], Hebb().start(xi), 1), ValueError, "xi has 9 inputs, the state .* 60"),
    (lambda xi: AMP().advance(xi[:9], AMP().start(xi), 1), ValueError, "xi has 9 examples, the state .* 90"),
    (lambda xi: AMP("binary"), ValueError, "prior = 'binary' is not known"),
    (lambda xi: AMP(T=-0.1), ValueError, r"T = -0\.1 is not valid"),
    (lambda xi: AMP.bayes(0.5), ValueError, "at 1/2 the labels say nothing"),
    (lambda xi: AMP().start_at(xi, np.ones(60)), ValueError, r"\|m\|\^2/N = 1.0 is not valid, expected below 1"),
    (lambda xi: Adatron(rate=2.0), ValueError, r"rate = 2\.0 is not valid, expected 0 < rate < 2"),
    (lambda xi: Adatron(ceiling=0.0), ValueError, r"ceiling = 0\.0"),
    (lambda xi: Rosenblatt(kappa=-1.0), ValueError, r"kappa = -1\.0"),
    (lambda xi: PseudoInverse(tolerance=0.0), ValueError, r"tolerance = 0\.0"),
])  # fmt: skip
def test_bad_input_is_refused(call, error, says, instance):
    with pytest.raises(error, match=says):
        call(instance[0])
