"""Teacher and student, both spherical: what a learning curve is, and what one noisy label says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from statmech.theory.quadrature import check_flip

Array = NDArray[np.float64]


@dataclass(frozen=True)
class LearningCurve:
    """alpha, R and eps_g = arccos(R)/pi of one rule: float64 arrays of one shape, NaN where the rule has no answer."""

    alpha: Array
    R: Array
    eps_g: Array


def angle(R: ArrayLike) -> Array:
    """eps_g = arccos(R)/pi of a student of overlap R with its teacher, for isotropic examples; float64 like R.

    Example: ``angle(0.0) == 0.5``
    """
    return np.arccos(np.clip(np.asarray(R, dtype=float), -1, 1)) / np.pi


def signal(p: ArrayLike = 0.0) -> Array:
    """a = sqrt(2/pi) (1 - 2p) = E t B.x / |B|: what one label of flip probability p says of its field."""
    return np.sqrt(2 / np.pi) * (1 - 2 * check_flip(p))
