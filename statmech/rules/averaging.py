"""The average of several students: towards the Bayes-optimal student."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def _students(students: ArrayLike) -> Array:
    w = np.asarray(students, dtype=float)
    if w.ndim < 2 or 0 in w.shape:
        raise ValueError(f"students have shape {w.shape}, expected (..., K, N): K students of N weights")
    norm = np.linalg.norm(w, axis=-1, keepdims=True)
    if not (np.isfinite(norm) & (norm > 0)).all():
        raise ValueError("a student is zero, infinite or NaN: expected weights with |w| > 0")
    return w * (np.sqrt(w.shape[-1]) / norm)


def average(students: ArrayLike) -> Array:
    """Mean of K students of equal length, normalised to |w|^2 = N: for K -> infinity their centre of mass.

    Its error is arccos(R / sqrt(q + (1-q)/K))/pi (`statmech.theory.learning_curves.average`) for students of overlap R
    with the teacher and q with each other: Bayes-optimal as K -> infinity when q = R.

    Args:
        students: (..., K, N), for example the replicas of a Monte Carlo run.

    Returns:
        float64 (..., N).

    Raises:
        ValueError: shape, or a student that is zero, infinite or NaN; students that cancel.

    Source: Watkin, Europhys. Lett. 21, 871 (1993); Opper & Haussler, Phys. Rev. Lett. 66, 2677 (1991).

    Example:
        >>> average([[1.0, 1.0], [1.0, -1.0]]).round(6)
        array([1.414214, 0.      ])
    """
    w = _students(students)
    mean = w.mean(axis=-2)
    norm = np.linalg.norm(mean, axis=-1, keepdims=True)
    if not (norm > 1e-12 * np.sqrt(w.shape[-1])).all():
        raise ValueError("the students cancel: their average is zero and has no direction")
    return mean * (np.sqrt(w.shape[-1]) / norm)


def overlaps(students: ArrayLike) -> Array:
    """Mutual overlaps w_a.w_b/N of normalised students, float64 (..., K, K).

    Example: ``overlaps(np.eye(2)) == np.eye(2)``
    """
    w = _students(students)
    return w @ np.swapaxes(w, -1, -2) / w.shape[-1]
