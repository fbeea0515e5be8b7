"""Disorder of the perceptron: inputs, teachers and labels, nested in the load and paired in the noise."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from models.perceptron_samples import DATA, KEYS, X, share_error

from statmech import Data, Perceptron
from statmech.models.examples import draw_inputs

LABELS = {
    "teacher": {},
    "spherical teacher": {"teacher": "spherical"},
    "given teacher": {"teacher": [3.0, -1, 0.5, 2, -2, 1, 1, 0, 7]},
    "noisy teacher": {"r": 0.3},
    "noise before the sign": {"before": 0.7},
    "both kinds of noise": {"before": 0.7, "r": 0.3, "teacher": "spherical"},
    "random": {"labels": "random"},
    "other random": {"labels": "random", "relabelling": 2},
}


def labels(model, key):
    """(t, x): the labels of a sample, found by dividing its examples by their inputs."""
    x = draw_inputs(model.inputs, key, model.P, model.n).astype(int)
    xi = model.disorder([key])["xi"][0]
    t = np.where((xi == x).all(1), 1, -1)
    np.testing.assert_array_equal(xi, t[:, None] * x)
    return t, x


@pytest.mark.parametrize("inputs", ["binary", "gaussian"])
@pytest.mark.parametrize("name", LABELS)
def test_loads_are_nested(name, inputs):
    few, many = (Perceptron(n=9, alpha=P / 9, inputs=inputs, **LABELS[name]).disorder(KEYS) for P in (5, 14))
    assert few["xi"].shape == (3, 5, 9) and many["xi"].shape == (3, 14, 9)
    np.testing.assert_array_equal(few["xi"], many["xi"][:, :5])
    assert ("B" in few) == ("random" not in name)
    if "B" in few:
        np.testing.assert_array_equal(few["B"], many["B"])
    assert len({x.tobytes() for x in many["xi"]}) == 3, "witness: samples differ"


@pytest.mark.parametrize("inputs", ["binary", "gaussian", DATA])
def test_samples_do_not_depend_on_their_block(inputs):
    model = Perceptron(n=9, alpha=2.0, inputs=inputs, r=0.2)
    together = model.disorder(KEYS)
    for d, key in enumerate(KEYS):
        for name, value in model.disorder([key]).items():
            np.testing.assert_array_equal(value[0], together[name][d], err_msg=name)


def test_one_sample_serves_all_parameters_but_n_and_the_inputs():
    base = Perceptron(n=9)
    keys = base.disorder_keys((0, 1), 3)
    for change in (
        {"alpha": 3.0}, {"weights": "spherical"}, {"labels": "random"}, {"teacher": "spherical"}, {"r": 0.5},
        {"before": 1.0}, {"potential": "hinge"}, {"kappa": 1.0}, {"relabelling": 4},
    ):  # fmt: skip
        model = replace(base, **change)
        assert model.disorder_keys((0, 1), 3) == keys
        labels(replace(model, alpha=2.0), keys[0])  # the same inputs, up to the sign of the label
    for change in ({"inputs": "gaussian"}, {"n": 11}):
        assert replace(base, **change).disorder_keys((0, 1), 3) != keys
    same = [replace(base, **change).disorder(keys)["B"] for change in ({}, {"r": 0.5}, {"alpha": 3.0}, {"before": 1.0})]
    assert len({B.tobytes() for B in same}) == 1


@pytest.mark.parametrize("inputs", ["binary", "gaussian"])
@pytest.mark.parametrize("base", [{"r": 0.0}, {"before": 0.5}])
def test_noise_levels_are_paired(inputs, base):
    model = Perceptron(n=9, alpha=300.0, inputs=inputs, **base)
    clean, _ = labels(model, 5)
    wrong = [labels(replace(model, r=r), 5)[0] != clean for r in (0.1, 0.2, 0.6, 1.0)]
    for few, more, r in zip(wrong, wrong[1:], (0.2, 0.6, 1.0), strict=False):
        assert (more | ~few).all() and more.sum() > few.sum(), f"a label wrong below r = {r} is wrong there too"
    again, _ = labels(replace(model, r=0.6), 5)
    np.testing.assert_array_equal(again != clean, wrong[2])


@pytest.mark.parametrize("inputs", ["binary", "gaussian"])
def test_share_of_wrong_labels(inputs):
    model = Perceptron(n=51, alpha=8000 / 51, inputs=inputs, weights="spherical")
    clean, x = labels(model, 5)
    B = model.disorder([5])["B"][0]
    np.testing.assert_array_equal(clean, np.sign(x @ B))
    for r in (0.1, 0.5, 1.0):
        noisy = replace(model, r=r)
        wrong = (labels(noisy, 5)[0] != clean).mean()
        assert noisy.p == r / 2 and share_error(wrong, r / 2, 8000) < 4
        if r < 1:
            assert share_error(wrong, r, 8000) > 4, "mutant: flipped, not redrawn"
    for sigma in (0.3, 1.0):
        wrong = (labels(replace(model, before=sigma), 5)[0] != clean).mean()
        assert share_error(wrong, math.atan(sigma) / math.pi, 8000) < 4  # of a Gaussian field
        assert share_error(wrong, math.atan(1.2 * sigma) / math.pi, 8000) > 4
    random, _ = labels(Perceptron(n=51, alpha=8000 / 51, inputs=inputs, labels="random"), 5)
    assert share_error((random == 1).mean(), 0.5, 8000) < 4 and share_error((random == clean).mean(), 0.5, 8000) < 4


@pytest.mark.parametrize("kind", [{"labels": "random"}, {"r": 1.0}, {"before": 2.0}])
def test_relabelling_redraws_labels_of_the_same_inputs(kind):
    models = [Perceptron(n=9, alpha=400.0, relabelling=k, **kind) for k in (0, 1, 2)]
    drawn = np.array([labels(model, 5)[0] for model in models])
    if "labels" not in kind:
        assert len({model.disorder([5])["B"].tobytes() for model in models}) == 1
    agree = (drawn[0] == drawn[1]).mean(), (drawn[0] == drawn[2]).mean(), (drawn[1] == drawn[2]).mean()
    assert all(0.4 < a < 0.8 for a in agree) and len(set(agree)) == 3
    if kind != {"before": 2.0}:  # that leaves some information in the labels
        assert all(share_error(a, 0.5, 3600) < 4 for a in agree)


def test_teachers_lie_on_the_sphere_and_decide_the_labels():
    for name in ("teacher", "spherical teacher", "given teacher"):
        for inputs in ("binary", "gaussian"):
            for weights in ("ising", "spherical"):
                model = Perceptron(n=9, alpha=20.0, inputs=inputs, weights=weights, **LABELS[name])
                disorder = model.disorder(KEYS)
                np.testing.assert_allclose((disorder["B"] ** 2).sum(1), 9, rtol=1e-14)
                assert ((disorder["xi"] * disorder["B"][:, None]).sum(-1) > 0).all(), "no example is wrong at r = 0"
                ising = (np.abs(disorder["B"]) == 1).all()
                assert ising == (name == "teacher" and weights == "ising")
    given = np.array(LABELS["given teacher"]["teacher"])
    np.testing.assert_allclose(disorder["B"], np.tile(given * 3 / np.linalg.norm(given), (3, 1)), rtol=1e-14)


def test_data_train_test_and_their_labels():
    own = Perceptron(inputs=DATA, alpha=3.0)
    assert own.n == 9 and own.P == 27 and own.labelled_by == "data" and own.starts == ("random",)
    disorder = own.disorder(KEYS)
    assert disorder["xi"].shape == (3, 27, 9) and disorder["test"].shape == (3, 15, 9) and "B" not in disorder
    for d, key in enumerate(KEYS):
        x, t, held, theirs = DATA.draw(key, 27)
        np.testing.assert_array_equal(disorder["xi"][d], x * t[:, None])
        np.testing.assert_array_equal(disorder["test"][d], held * theirs[:, None])
    noisy = replace(own, r=0.6).disorder(KEYS)
    np.testing.assert_array_equal(noisy["test"], disorder["test"])  # held-out labels stay clean
    wrong = (noisy["xi"] != disorder["xi"]).any(-1)
    assert 0.1 < wrong.mean() < 0.5
    taught = replace(own, teacher="spherical", before=0.5).disorder(KEYS)
    assert ((taught["test"] * taught["B"][:, None]).sum(-1) > 0).all(), "the teacher's own error is zero"
    assert ((taught["xi"] * taught["B"][:, None]).sum(-1) < 0).any(), "but not on noisy training labels"
    random = Perceptron(inputs=DATA, alpha=3.0, labels="random")
    np.testing.assert_array_equal(random.disorder(KEYS)["test"], disorder["test"])
    assert random.p == 0.5
    assert "test" not in Perceptron(inputs=Data(X), alpha=3.0, labels="random").disorder(KEYS)
