"""One-flip minima by quenches against their enumeration."""

from __future__ import annotations

import numpy as np
import pytest

from statmech import SK, Ising, Perceptron, PSpin
from statmech.tasks.minima import Minima


def exact(model, key):
    """All configurations that no flip improves, mirror images as one where H is even; and their lowest energy."""
    disorder, s = model.disorder([key]), Ising().enumerate(model.n)
    E = model.energy(disorder, s[None, None])[0, 0]
    flips = np.arange(len(s))[:, None] ^ (1 << np.arange(model.n))
    still = (E[flips] >= E[:, None] - 1e-9).all(1)
    even = np.allclose(E, E[::-1])
    return still.sum() / (2 if even else 1), E.min() / model.n


@pytest.mark.parametrize("model", [SK(n=10), PSpin(n=9, p=3), SK(n=9, h=0.3)], ids=["SK", "p = 3", "field"])
def test_many_quenches_find_all_minima(model):
    task = Minima(model, quenches=2000, disorder=(0, 1, 2), device="cpu")
    r = task.results(task.advance(task.start(), 3))
    for d, key in enumerate(model.disorder_keys((0, 1, 2), 0)):
        count, lowest = exact(model, key)
        assert r["minima"].data[d] == count
        assert r["total"].data[d] >= count
        assert r["e_min"].data[d] == pytest.approx(lowest, rel=1e-12)
    assert (r["coverage"].data > 0.99).all()
    assert np.ptp(r["minima"].data) > 0, "witness: samples differ"


def test_few_quenches_know_that_they_are_few():
    task = Minima(SK(n=48), quenches=64, disorder=(0, 1), device="cpu")
    r = task.results(task.advance(task.start(), 2))
    assert (r["coverage"].data < 0.6).all() and (r["total"].data > 1.5 * r["minima"].data).all()


def test_samples_one_by_one_equal_all_at_once():
    task = Minima(SK(n=12), quenches=50, disorder=(3, 5, 8), seed=2, device="cpu")
    whole = task.advance(task.start(), 3)
    pieces = task.start()
    for _ in range(3):
        pieces = task.advance(pieces, 1)
    assert all(np.array_equal(whole[k], pieces[k]) for k in whole)
    assert task.progress(pieces) == (3, 3)


def test_bad_input():
    with pytest.raises(ValueError, match=r"quenches = 1.*>= 2"):
        Minima(SK(n=8), quenches=1)
    with pytest.raises(TypeError, match="Ising"):
        Minima(Perceptron(n=9, weights="spherical"))
