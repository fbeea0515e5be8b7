"""Vectorised safeguarded Newton iteration: one bracketed root per array element."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def newton(
    fun: Callable[[Array, NDArray[np.intp]], tuple[Array, Array]],
    lo: Array,
    hi: Array,
    start: Array,
    *,
    rtol: float = 1e-14,
    max_iterations: int = 200,
) -> Array:
    """Roots of increasing functions, Newton's step where it stays in the bracket and bisection elsewhere.

    Args:
        fun: ``fun(x, index) -> (f, df/dx)`` for the elements ``index`` still in progress; f < 0 at lo and
            f > 0 at hi (the ends themselves are not evaluated).
        lo, hi, start: 1-d float64 arrays of equal length.
        rtol: an element is finished when its step or bracket is below rtol * |x|.

    Returns:
        float64 array like ``start``.

    Raises:
        ArithmeticError: an element is unfinished after ``max_iterations`` (not seen; a defence against NaN).

    Source: Press et al., Numerical Recipes, section 9.4 (rtsafe), element by element.

    Example:
        >>> one = np.ones(1)
        >>> newton(lambda x, i: (x * x - 2, 2 * x), 0 * one, 2 * one, one)
        array([1.41421356])
    """
    x, lo, hi = (np.array(v, dtype=float) for v in (start, lo, hi))
    last = hi - lo
    index = np.arange(x.size)
    for _ in range(max_iterations):
        if index.size == 0:
            return x
        f, df = fun(x[index], index)
        above = f > 0
        hi[index] = np.where(above, x[index], hi[index])
        lo[index] = np.where(above, lo[index], x[index])
        here = x[index]
        with np.errstate(divide="ignore", invalid="ignore"):
            step = -f / df
        mid = 0.5 * (lo[index] + hi[index]) - here
        # A Newton step that leaves the bracket, or that does not at least halve the last one, is replaced.
        newtonian = (here + step > lo[index]) & (here + step < hi[index]) & (2 * np.abs(step) <= last[index])
        step = np.where(f == 0, 0.0, np.where(newtonian, step, mid))
        x[index] = here + step
        last[index] = np.abs(step)
        index = index[np.abs(step) > rtol * np.abs(x[index])]
    raise ArithmeticError(
        f"no convergence of {index.size} roots in {max_iterations} iterations: {float(x[index[0]])!r}"
    )
