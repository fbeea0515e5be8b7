"""Overlap of replicas of a network in what they say: independent starts, same examples and labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def agreement(first: ArrayLike, second: ArrayLike) -> NDArray[np.float64]:
    """Share of test examples (...) that two networks give the same class; NaN where one has not ended.

    first, second: classes (..., examples), -1 before the end (`predicted` of a Training).

    Example: ``agreement([0, 1, 2, 3], [0, 1, 2, 4]) == 0.75``
    """
    a, b = np.asarray(first), np.asarray(second)
    return np.where((a < 0).any(-1) | (b < 0).any(-1), np.nan, (a == b).mean(-1))
