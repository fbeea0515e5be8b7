"""Sample keys, data and comparisons that the tests of the perceptron share."""

from __future__ import annotations

import math

import numpy as np

from statmech import Data

RNG = np.random.default_rng(2)
X, Y = RNG.normal(size=(60, 9)), RNG.integers(0, 2, 60)
DATA = Data(X, Y)
KEYS = (11, 12, 2**63 + 5)


def share_error(share: float, expected: float, count: int) -> float:
    """Standard errors between a share of `count` and its expectation."""
    return abs(share - expected) / math.sqrt(expected * (1 - expected) / count)
