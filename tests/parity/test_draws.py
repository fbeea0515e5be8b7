"""Signs and Gaussian integers drawn in bulk have the bits of their definitions in random.py."""

from __future__ import annotations

import numpy as np
import pytest

from statmech import Ising
from statmech.kernels.draw import line_of_normals
from statmech.random import Stream, normals, words

KEYS = np.array([3, 2**64 - 1], np.uint64)[:, None, None]
LANES = np.array([[0, 1, 2**32 - 1], [5, 7, 9]], np.uint64)[None]


@pytest.mark.parametrize("n", [1, 2, 3, 64, 101])
def test_random_spins_are_the_top_bits_of_their_words(n):
    word = words(KEYS[..., None], Stream.INIT, 0, LANES[..., None], np.arange(n))
    expected = np.where(word < 2**31, 1, -1)
    found = Ising().random(KEYS, LANES, n)
    assert found.dtype == np.int8
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(Ising().random(3, 1, n), expected[0, 0, 1])
    others = words(KEYS[..., None], Stream.INIT, 0, LANES[..., None], np.arange(64))
    assert len(np.unique(others < 2**31, axis=-2).reshape(-1, 64)) > 3, "witness: lanes and keys make a difference"


@pytest.mark.parametrize(("grid", "mean"), [(256, 0.0), (256, 0.3), (1, 0.0), (3000.5, 0.0), (100, -20.0), (5000, 3.0)])
def test_gaussian_integers_are_those_of_the_definition(grid, mean):
    for key, lane, n in ((7, 2, 300_001), (2**64 - 1, 5, 3), (0, 0, 0)):
        found, expected = line_of_normals(key, Stream.DISORDER, lane, n, grid, mean), normals(
            key, Stream.DISORDER, [lane], n, grid, mean
        )[0]  # fmt: skip
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)
    one, other = (line_of_normals(7, Stream.DISORDER, 2, 1000, grid, m) for m in (mean, mean + 1 / grid))
    assert (one != other).any(), "witness: a step further, other numbers"


def test_words_at_the_ends_and_at_every_step():
    """The count of steps is the binary search of the definition, at each of them and one word before."""
    from statmech.kernels.draw import GUIDES, _guide
    from statmech.random import normal_steps

    steps, guide = _guide(256, 0.0)
    at = np.unique(np.concatenate([steps, steps - 1, [0, 2**32 - 1]]).clip(0, 2**32 - 1))
    first = guide[at >> (32 - GUIDES)]
    exact = np.searchsorted(normal_steps(256, 0.0), at, "right")
    assert (first <= exact).all() and (first < exact).any(), "the guide never points beyond"
