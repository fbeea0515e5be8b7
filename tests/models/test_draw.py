"""Compiled signs are those of the definition in random.py, whatever the shape and the first lane."""

import numpy as np
import pytest

from statmech.kernels.draw import fill_signs
from statmech.random import Stream, rows


@pytest.mark.parametrize("n", [1, 4, 11])
@pytest.mark.parametrize("key", [0, 2**63 + 12345])
def test_same_bits(key, n):
    out = np.empty((7, n), np.int8)
    fill_signs(np.uint64(key), np.uint64(Stream.DISORDER), np.uint64(3), out)
    np.testing.assert_array_equal(out, np.where(rows(key, Stream.DISORDER, range(3, 10), n) < 0.5, 1, -1))


def test_large_samples_are_nested_in_small_draws(monkeypatch):
    from statmech.models import examples

    definition = examples.draw_inputs("binary", 5, 40, 23)
    monkeypatch.setattr(examples, "LARGE", 1)
    np.testing.assert_array_equal(examples.draw_inputs("binary", 5, 40, 23), definition)
    assert not np.array_equal(examples.draw_inputs("binary", 6, 40, 23), definition)
