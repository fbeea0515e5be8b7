"""Finite sizes: extrapolation to N = infinity, and the temperature at which curves of two sizes cross."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


class Limit(NamedTuple):
    """value(N) = value + slope N^-power; standard errors, and chi^2 of the fit with its degrees of freedom."""

    value: float
    error: float
    slope: float
    chi2: float
    freedom: int


def extrapolate(N: ArrayLike, values: ArrayLike, errors: ArrayLike, power: float = 2 / 3) -> Limit:
    """The limit N -> infinity by a weighted straight line in N^-power.

    N, values, errors (sizes,), errors > 0 independent.  Raises ValueError for fewer than two sizes or errors <= 0.

    Example: ``extrapolate([64, 125], [0.25, 0.2], [0.01, 0.01], power=1).value < 0.2``
    """
    n, y, sigma = (np.asarray(v, float) for v in (N, values, errors))
    if n.ndim != 1 or n.size < 2 or y.shape != n.shape or sigma.shape != n.shape:
        raise ValueError(f"N, values, errors have shapes {n.shape}, {y.shape}, {sigma.shape}: expected (sizes,), >= 2")
    if not (sigma > 0).all() or not np.isfinite(y).all():
        raise ValueError(f"errors = {sigma.tolist()}, values = {y.tolist()}: expected finite values and errors > 0")
    design = np.stack([np.ones(n.size), n**-power], 1) / sigma[:, None]
    covariance = np.linalg.inv(design.T @ design)
    value, slope = covariance @ design.T @ (y / sigma)
    rest = y / sigma - design @ np.array([value, slope])
    return Limit(float(value), float(np.sqrt(covariance[0, 0])), float(slope), float(rest @ rest), n.size - 2)


class Crossing(NamedTuple):
    """Temperature where two curves cross, and its standard error; NaN where they do not (error: where any does)."""

    at: float
    error: float


def _mean(x: Array) -> Array:
    return x


def crossing(
    T: ArrayLike, a: Sequence[ArrayLike] | ArrayLike, b: Sequence[ArrayLike] | ArrayLike,
    fn: Callable[..., Array] = _mean, scale: tuple[float, float] = (1.0, 1.0), resamples: int = 400, seed: int = 0,
) -> Crossing:  # fmt: skip
    """Where scale[0] fn(<a>) = scale[1] fn(<b>), by linear interpolation in T; its error by bootstrap over samples.

    T (T,) increasing; a, b: samples (S, T) of two sizes, or tuples of such arrays, one for each argument of fn, such as
    (q2, q4) for the Binder ratio.  Samples of one size are drawn with replacement, all temperatures together.  Of
    several crossings the hottest counts.

    Raises ValueError for shapes that do not fit.

    Example: ``crossing([0.9, 1.1], [[2.0, 0.0]], [[1.0, 1.0]]).at == 1.0``
    """
    t = np.asarray(T, float)
    sides = [tuple(np.asarray(x, float) for x in (s if isinstance(s, tuple) else (s,))) for s in (a, b)]
    for side in sides:
        if any(x.ndim != 2 or x.shape != side[0].shape or x.shape[1] != t.size for x in side):
            raise ValueError(f"samples have shapes {[x.shape for x in side]}: expected (S, {t.size}), one row a sample")

    def difference(pick: Sequence[NDArray[np.intp] | slice]) -> Array:
        curves = (k * fn(*(x[rows].mean(0) for x in side)) for k, side, rows in zip(scale, sides, pick, strict=True))
        one, two = curves
        return one - two

    value = _root(t, difference((slice(None), slice(None))))
    rng = np.random.default_rng(seed)
    count = [side[0].shape[0] for side in sides]
    found = [_root(t, difference([rng.integers(0, n, n) for n in count])) for _ in range(resamples)]
    return Crossing(value, float(np.nanstd(found)) if np.isfinite(found).any() else float("nan"))


def _root(t: Array, y: Array) -> float:
    """The hottest change of sign of y(t), by linear interpolation; NaN if there is none."""
    i = np.flatnonzero(np.signbit(y[1:]) != np.signbit(y[:-1]))
    if not i.size:
        return float("nan")
    k = i[-1]
    return float(t[k] - y[k] * (t[k + 1] - t[k]) / (y[k + 1] - y[k]))
