"""Random and stored patterns: moments, order, binarisation."""

from __future__ import annotations

import numpy as np
import pytest

from statmech import Hopfield, RandomPatterns, StoredPatterns
from statmech.models.patterns import binarise

N, P = 2000, 40


def overlaps(xi):
    """xi_mu . xi_nu / N for mu < nu."""
    q = xi.astype(float) @ xi.T / xi.shape[1]
    return q[np.triu_indices(len(xi), 1)]


SAMPLES = 8


def moments(ensemble):
    """Mean of a site, of the overlap of two patterns, of two neighbouring sites; and their errors over samples."""
    drawn = [ensemble.draw(key=k, count=P, n=N).astype(float) for k in range(SAMPLES)]
    rows = np.array([[xi.mean(), overlaps(xi).mean(), (xi[:, 1:] * xi[:, :-1]).mean()] for xi in drawn])
    return rows.mean(0), rows.std(0, ddof=1) / np.sqrt(SAMPLES)


@pytest.mark.parametrize(("ensemble", "expected"), [
    (RandomPatterns(), (0, 0, 0)),
    (RandomPatterns(bias=-0.6), (-0.6, 0.36, 0.36)),
    (RandomPatterns(bias=0.3), (0.3, 0.09, 0.09)),
    (RandomPatterns(correlation=0.1), (0, 0.1, 0)),
    (RandomPatterns(correlation=0.5), (0, 0.5, 0)),
])  # fmt: skip
def test_moments_of_the_ensembles(ensemble, expected):
    """<xi> = bias; <xi_mu xi_nu> = bias^2 or the correlation; sites are independent.  Student's t, 7 degrees."""
    mean, error = moments(ensemble)
    assert (np.abs(mean - expected) < 6 * error).all()
    assert (error < 0.01).all()
    for shift in (0.05, -0.05):  # what a mutant with moments off by 0.05 would give
        assert (np.abs(mean - expected + shift) > 6 * error).all()


def test_overlaps_of_independent_patterns_have_variance_one_over_n():
    xi = RandomPatterns().draw(key=77, count=P, n=N)
    assert xi.shape == (P, N) and xi.dtype == np.int8 and set(np.unique(xi)) == {-1, 1}
    q = overlaps(xi)
    assert abs((N * q**2).mean() - 1) < 4 * np.sqrt(2 / q.size)
    wrong = overlaps(np.repeat(xi[:, ::2], 2, axis=1))  # every second site a copy: variance 2/N
    assert abs((N * wrong**2).mean() - 1) > 8 * np.sqrt(2 / q.size)


def test_patterns_are_functions_of_key_pattern_and_site():
    for ensemble in (RandomPatterns(), RandomPatterns(bias=0.5), RandomPatterns(correlation=0.4)):
        many = ensemble.draw(key=5, count=9, n=31)
        np.testing.assert_array_equal(ensemble.draw(key=5, count=4, n=31), many[:4])
        np.testing.assert_array_equal(ensemble.draw(key=5, count=9, n=17), many[:, :17])
        assert not np.array_equal(ensemble.draw(key=6, count=9, n=31), many)
        assert len(np.unique(many, axis=0)) == 9


def test_biased_samples_are_paired():
    """A larger bias turns sites to +1 and none back."""
    low, high = (RandomPatterns(bias=b).draw(key=3, count=5, n=300) for b in (0.0, 0.4))
    assert (high >= low).all() and (high > low).any()


def test_stored_patterns_of_all_kinds():
    signs = np.array([[1, -1, 1, 1], [-1, -1, 1, -1]])
    for array in (signs, signs.astype(float), (signs + 1) // 2, signs > 0, ((signs + 1) // 2).astype(np.uint8)):
        stored = StoredPatterns(array, shuffle=False)
        assert stored.array.dtype == np.int8 and stored.n == 4
        np.testing.assert_array_equal(stored.draw(key=1, count=2, n=4), signs)


def test_images_are_binarised_at_their_own_median():
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (5, 6, 7)).astype(np.uint8)
    images[2] //= 8  # a dark one
    xi = binarise(images)
    assert xi.shape == (5, 42)
    for image, pattern in zip(images.reshape(5, -1).astype(float), xi, strict=True):
        np.testing.assert_array_equal(pattern, np.where(image > np.median(image), 1, -1))
        assert abs(pattern.mean()) < 0.2, "about as many sites up as down"
    mostly_black = np.zeros((1, 10))
    mostly_black[0, :3] = 0.7
    np.testing.assert_array_equal(binarise(mostly_black)[0], [1] * 3 + [-1] * 7)


def test_samples_take_stored_patterns_in_their_own_order():
    array = binarise(np.random.default_rng(0).normal(size=(30, 16)))
    stored = StoredPatterns(array)
    orders = [stored.draw(key, 30, 16) for key in (1, 2, 2**63)]
    for order in orders:
        np.testing.assert_array_equal(np.sort(order.view("V16"), axis=0), np.sort(array.view("V16"), axis=0))
    assert not np.array_equal(orders[0], orders[1])
    np.testing.assert_array_equal(stored.draw(1, 7, 16), orders[0][:7])
    np.testing.assert_array_equal(StoredPatterns(array, shuffle=False).draw(1, 7, 16), array[:7])


def test_hopfield_takes_an_array_and_its_length():
    array = binarise(np.random.default_rng(0).normal(size=(6, 20)))
    model = Hopfield(alpha=0.3, patterns=array)
    assert model.n == 20 and model.P == 6 and isinstance(model.patterns, StoredPatterns)
    assert Hopfield(n=20, alpha=0.3, patterns=array).disorder_keys((0,), 1) == model.disorder_keys((0,), 1)
    with pytest.raises(ValueError, match=r"asks for 8 patterns, the array has 6: alpha <= 0.3 at n = 20"):
        Hopfield(alpha=0.4, patterns=array).disorder([1])
