"""What is missing is NaN with a status that says why; what differs between points gets its own values."""

import numpy as np
import pytest

from statmech.core import Variable
from statmech.io.merge import Axis, Block, merge_points
from statmech.names import STATUS

AXIS = [Axis("alpha", 2, {"alpha": Variable(("alpha",), np.array([0.1, 0.2]))})]


def results(samples, value, extra=()):
    n = len(samples)
    out = {
        "T": Variable(("T",), np.array([0.5, 1.0])),
        "disorder": Variable(("disorder",), np.array(samples)),
        "e": Variable(("T", "disorder"), np.full((2, n), value)),
        "count": Variable(("disorder",), np.full(n, 7)),
        "status": Variable(("T", "disorder"), np.full((2, n), 4, np.int8)),
    }
    return out | {name: Variable(("disorder",), np.ones(n)) for name in extra}


def test_missing_blocks():
    points = [
        [Block((0, 1), results((0, 1), 1.0)), Block((2,), None, "failed")],
        [Block((0, 1), None, "pending"), Block((2,), None, "running")],
    ]
    seen = []

    def combine(point, parts):
        seen.append(point)
        return {"e_mean": Variable(("T",), np.nanmean(parts["e"].data, 1))}

    out = merge_points(AXIS, points, combine)
    assert seen == [0]
    assert out["e"].dims == ("alpha", "T", "disorder")
    np.testing.assert_array_equal(out["e"].data[0], [[1, 1, np.nan]] * 2)
    assert np.isnan(out["e"].data[1]).all() and np.isnan(out["e_mean"].data[1]).all()
    assert out["count"].data.tolist() == [[7, 7, -1], [-1, -1, -1]]
    codes = [[4, 4, STATUS["failed"]], [STATUS["pending"], STATUS["pending"], STATUS["running"]]]
    assert out["status"].data[:, 0].tolist() == codes
    assert out["disorder"].data.tolist() == [0, 1, 2] and out["disorder"].dims == ("disorder",)


def test_nothing_done_yet():
    out = merge_points(AXIS, [[Block((0, 1), None)], [Block((0, 1), None, "failed")]], lambda i, p: {})
    assert out["status"].dims == ("alpha", "disorder") and out["status"].data.tolist() == [[0, 0], [3, 3]]


def test_variables_that_some_points_lack():
    points = [[Block((0,), results((0,), 1.0))], [Block((0,), results((0,), 2.0, ("m_3",)))]]
    out = merge_points(AXIS, points, lambda i, p: {})
    np.testing.assert_array_equal(out["m_3"].data, [[np.nan], [1]])


def test_no_disorder_and_no_grid():
    out = merge_points([], [[Block(None, {"f": Variable((), np.array(2.5))})]], lambda i, p: {})
    assert out["f"].dims == () and out["f"].data == 2.5 and out["status"].data == STATUS["done"]


def test_blocks_that_disagree_without_an_axis():
    first, second = results((0,), 1.0), results((1,), 1.0)
    first["x"], second["x"] = Variable((), np.array(1.0)), Variable((), np.array(2.0))
    with pytest.raises(ValueError, match="'x' has no dimension 'disorder' but differs"):
        merge_points([], [[Block((0,), first), Block((1,), second)]], lambda i, p: {})


def test_grid_axis_that_is_a_dimension_of_the_results():
    with pytest.raises(ValueError, match="grid axis 'T' is also a dimension"):
        merge_points([Axis("T", 1, {})], [[Block((0,), results((0,), 1.0))]], lambda i, p: {})
