"""Gaussian integers on any grid, drawn in pieces; one quantum for whole-number couplings."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtri

from statmech import random
from statmech.models import couplings as draws
from statmech.random import Stream, normals, rows, to_normals

WORDS = np.concatenate([np.arange(0, 2**32, 2**14 + 1), [2**32 - 1]]).astype(np.int64)


GRIDS = [(256, 0.0), (256, 0.37), (227.3, 0.0), (4095.9, -0.2), (1.5, 0.0), (256, 150.0)]


@pytest.mark.parametrize(("grid", "mean"), GRIDS)
def test_integers_are_rounded_normal_quantiles(grid, mean):
    z = ndtri((WORDS + 0.5) / 2**32)
    k = to_normals(WORDS, grid, mean)
    away = np.abs(k - grid * (z + mean))
    # the steps are words, rounded: where words are sparse an integer may be passed over
    assert (away <= 0.5 + 1e-9 + grid / 2**32 / np.exp(-(z**2) / 2) * 2.6).all()
    assert (np.diff(k.astype(int)) >= 0).all() and np.abs(k - round(grid * mean)).max() < 8 * grid
    assert k.dtype == (np.int32 if abs(grid * mean) + 8 * grid > 2**15 else np.int16)
    assert np.abs(to_normals(WORDS, 1.01 * grid, mean) - grid * (z + mean)).max() > 0.52, "witness: another grid"


def test_pieces_are_one_sequence(monkeypatch):
    whole = normals(7, Stream.DISORDER, range(3), 1001)
    uniforms = rows(7, Stream.DISORDER, range(3), 1001)
    np.testing.assert_array_equal(rows(7, Stream.DISORDER, range(3), 501, first=500), uniforms[:, 500:])
    monkeypatch.setattr(random, "_BLOCK", 100)
    np.testing.assert_array_equal(normals(7, Stream.DISORDER, range(3), 1001), whole)
    monkeypatch.setattr(draws, "_SIGNS", 64)
    signs = draws.draw([7], 2, 1001, "binary", 1)[0]
    np.testing.assert_array_equal(signs, np.where(whole[2] > 0, 1, np.where(whole[2] < 0, -1, signs)))
    assert normals(7, Stream.DISORDER, range(3), 0).shape == (3, 0)


def test_pairs_fill_a_matrix_in_the_order_of_tuples():
    J = draws.matrix(np.arange(1, 7)[None], 4)[0]
    assert [J[i, j] for i, j in ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))] == [1, 2, 3, 4, 5, 6]
    np.testing.assert_array_equal(J, J.T)
