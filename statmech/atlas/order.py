"""Do the spectral phases of layers come in a given order along a knob of training?

Page's trend test: rows are seeds, columns the values of the knob in the predicted order, entries the mean phase index.
Its null law is exact; several layers are judged together by Holm's rule.

Sources: E. B. Page, J. Am. Stat. Assoc. 58, 216 (1963); S. Holm, Scand. J. Stat. 6, 65 (1979).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import page_trend_test

Array = NDArray[np.float64]


class Trend(NamedTuple):
    """Page's statistic L, its exact p-value for a rising trend, rows and columns used."""

    L: float
    p: float
    rows: int
    columns: int


def page(scores: ArrayLike) -> Trend:
    """Page's test that the columns of `scores` (seeds, knob values) rise from left to right.

    Columns where more than half of the seeds are missing (NaN) are left out, then rows that still miss one.  p is NaN
    if fewer than two rows or three columns remain.

    Example: ``page([[0, 1, 2], [0, 1, 2], [0, 2, 3]]).p < 0.05``
    """
    table = np.asarray(scores, dtype=float)
    if table.ndim != 2:
        raise ValueError(f"scores have shape {table.shape}: expected (seeds, knob values)")
    table = table[:, np.isfinite(table).mean(0) > 0.5]
    table = table[np.isfinite(table).all(1)]
    rows, columns = table.shape
    if rows < 2 or columns < 3:
        return Trend(np.nan, np.nan, rows, columns)
    found = page_trend_test(table, method="exact")
    return Trend(float(found.statistic), float(found.pvalue), rows, columns)


def holm(p: ArrayLike) -> Array:
    """p-values adjusted by Holm's step-down rule; NaN stays NaN and does not count.

    Example: ``holm([0.01, 0.04]).tolist() == [0.02, 0.04]``
    """
    raw = np.asarray(p, dtype=float)
    out = np.full(raw.shape, np.nan)
    known = np.flatnonzero(np.isfinite(raw))
    ranked = known[np.argsort(raw[known], kind="stable")]
    steps = raw[ranked] * np.arange(len(ranked), 0, -1)
    out[ranked] = np.minimum(np.maximum.accumulate(steps), 1.0) if len(ranked) else steps
    return out
