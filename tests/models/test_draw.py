"""Compiled signs and normals are those of their definitions in NumPy, whatever the shape and the lanes."""

import numpy as np
import pytest

from statmech.kernels.draw import fill_signs, normals
from statmech.random import Stream, rows
from statmech.spaces import sphere


@pytest.mark.parametrize("n", [1, 4, 11])
@pytest.mark.parametrize("key", [0, 2**63 + 12345])
def test_same_bits(key, n):
    out = np.empty((7, n), np.int8)
    fill_signs(np.uint64(key), np.uint64(Stream.DISORDER), np.uint64(3), out)
    np.testing.assert_array_equal(out, np.where(rows(key, Stream.DISORDER, range(3, 10), n) < 0.5, 1, -1))


@pytest.mark.parametrize("n", [1, 2, 3, 4, 11])
def test_same_normals(n):
    keys, lanes = np.array([0, 2**63 + 12345], np.uint64)[:, None, None], np.arange(6, dtype=np.uint64).reshape(1, 2, 3)
    found = normals(keys, Stream.SITES, 2**31, lanes, n)
    np.testing.assert_array_equal(found, sphere.normals(keys, Stream.SITES, 2**31, lanes, n))
    assert found.shape == (2, 2, 3, n) and len(np.unique(found)) == found.size


def test_large_samples_are_nested_in_small_draws(monkeypatch):
    from statmech.models import examples

    definition = examples.draw_inputs("binary", 5, 40, 23)
    monkeypatch.setattr(examples, "LARGE", 1)
    np.testing.assert_array_equal(examples.draw_inputs("binary", 5, 40, 23), definition)
    assert not np.array_equal(examples.draw_inputs("binary", 6, 40, 23), definition)
