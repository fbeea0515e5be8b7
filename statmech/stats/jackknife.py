"""Delete-one jackknife: errors over disorder samples, also of non-linear functions of averages."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def _same(average: Array) -> Array:
    return average


def binder(q2: ArrayLike, q4: ArrayLike) -> Array:
    """Binder cumulant g = (3 - <q^4> / <q^2>^2) / 2 from the averages; 0 for a Gaussian, 1 for |q| fixed.

    NaN where <q^2> = 0. Source: K. Binder, Z. Phys. B 43, 119 (1981).

    >>> float(binder(1.0, 3.0))
    0.0
    """
    second, fourth = np.asarray(q2, dtype=np.float64), np.asarray(q4, dtype=np.float64)
    square = np.where(second == 0.0, np.nan, second) ** 2
    return np.asarray(0.5 * (3.0 - fourth / square))[()]


def jackknife(
    samples: ArrayLike | tuple[ArrayLike, ...],
    fn: Callable[..., Array] = _same,
    axis: int = 0,
    *,
    correct_bias: bool = False,
) -> tuple[Array, Array]:
    """Value and standard error of fn(<a>, <b>, ...), the averages being over `axis`, by delete-one jackknife.

    samples: an array, or a tuple of arrays of one shape, one for each argument of fn, such as (q2, q4) for
    `binder`. fn: a function of the averages that works elementwise on arrays; the default is the average.
    With n samples, theta = fn of all, theta_i = fn without sample i: error^2 = (n-1)/n sum_i (theta_i -
    mean theta)^2. The value is theta, with the bias of order 1/n of a non-linear fn; correct_bias=True gives
    n theta - (n-1) mean(theta_i), bias of order 1/n^2. Both have the shape of the samples without `axis`.
    A sample with a NaN in any array is left out, point by point. One sample: error NaN. None: value NaN too.
    Raises ValueError (shapes differ, no axis) and TypeError (complex).
    Source: B. Efron, The Jackknife, the Bootstrap and Other Resampling Plans (SIAM 1982), ch. 2-3.

    >>> [round(float(x), 3) for x in jackknife([1.0, 2.0, 3.0])]
    [2.0, 0.577]
    """
    raw = [np.asarray(a) for a in (samples if isinstance(samples, tuple) else (samples,))]
    if any(a.dtype.kind not in "fiub" for a in raw):
        raise TypeError(f"jackknife: got dtypes {[str(a.dtype) for a in raw]}, expected real numbers")
    shapes = {a.shape for a in raw}
    if len(shapes) != 1 or raw[0].ndim < 1 or not -raw[0].ndim <= axis < raw[0].ndim:
        raise ValueError(
            f"jackknife: got samples of shapes {sorted(shapes)} and axis={axis}, expected arrays of one "
            "shape that has this axis; broadcast them first"
        )
    arrays = [np.moveaxis(a.astype(np.float64), axis, 0) for a in raw]
    kept = np.all([~np.isnan(a) for a in arrays], axis=0)
    n = kept.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        averages, without = [], []
        for a in arrays:
            filled = np.where(kept, a, 0.0)
            average = np.where(n > 0, filled.sum(axis=0) / n, np.nan)
            averages.append(average)
            # <a> without sample i, written as a small shift so that no large sums cancel.
            without.append(np.where(kept, average + (average - filled) / (n - 1), average))
        value = np.asarray(fn(*averages))
        partial = np.where(kept, np.asarray(fn(*without)), 0.0)
        centre = partial.sum(axis=0) / n
        squares = np.where(kept, partial - centre, 0.0) ** 2
        error = np.where(n > 1, np.sqrt((n - 1) / n * squares.sum(axis=0)), np.nan)
        if correct_bias:
            value = np.where(n > 1, n * value - (n - 1) * centre, value)
    return value[()], error[()]
