"""Data collapse: the transition temperature and exponents that bring curves of several sizes onto one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
NAMES = ("T_c", "a", "b")


class Collapse(NamedTuple):
    """N^b y is one function of (T - T_c) N^a.  errors: by bootstrap, 0 for what was given.

    S: chi^2 per degree of freedom of the points about the common curve; about 1 if the collapse is good.
    """

    T_c: float
    a: float
    b: float
    errors: tuple[float, float, float]
    S: float


def collapse(
    N: ArrayLike, T: ArrayLike, values: ArrayLike, errors: ArrayLike, start: Mapping[str, float],
    fixed: Mapping[str, float] | None = None, degree: int = 5, resamples: int = 40, seed: int = 0,
) -> Collapse:  # fmt: skip
    """Fit T_c, a and b so that N^b values(N, T) against (T - T_c) N^a is one curve.

    The common curve is a polynomial of degree `degree` in the scaled temperature, fitted to all points by their errors;
    chi^2 is minimised over the parameters (the principle: Bhattacharjee & Seno, J. Phys. A 34, 6375 (2001)).  Errors:
    the scatter of fits to values redrawn within their errors; that the law holds without corrections is assumed.

    N:      sizes (S,); T: temperatures (R,), increasing; values, errors (S, R), errors > 0
    start:  first guesses of T_c, a and b; fixed: those that are known

    Raises ValueError for fewer than two sizes, shapes that do not fit, or a parameter without a value.

    Example: ``collapse([32, 64], T, y, dy, start={"T_c": 1.0}, fixed={"a": 1 / 3, "b": 2 / 3}).T_c``
    """
    from scipy.optimize import minimize

    n, t, y, dy = (np.asarray(x, float) for x in (N, T, values, errors))
    if n.ndim != 1 or n.size < 2 or y.shape != (n.size, t.size) or dy.shape != y.shape or t.size < 3:
        raise ValueError(
            f"N, T, values, errors have shapes {n.shape}, {t.shape}, {y.shape}, {dy.shape}: expected (S,), (R,), "
            "(S, R) and (S, R), S >= 2 sizes, R >= 3 temperatures"
        )
    if not (dy > 0).all() or not np.isfinite(y).all():
        raise ValueError("expected finite values and errors > 0")
    known = dict(fixed or {})
    free = [name for name in NAMES if name not in known]
    if missing := [name for name in free if name not in start]:
        raise ValueError(f"start has no {', '.join(missing)}: give a first guess, or its value in fixed")

    def parameters(p: Array) -> dict[str, float]:
        return {**known, **dict(zip(free, p, strict=True))}

    def fit(curve: Array) -> tuple[dict[str, float], float]:
        guess = np.array([start[name] for name in free], float)
        steps = np.array([0.05 * max(abs(g), 0.2) for g in guess])
        simplex = np.vstack([guess, guess + np.diag(steps)])
        options = {"initial_simplex": simplex, "xatol": 1e-5, "fatol": 1e-6}
        found = minimize(lambda p: spread(n, t, curve, dy, **parameters(p), degree=degree), guess, method="Nelder-Mead",
                         options=options)  # fmt: skip
        return parameters(found.x), float(found.fun)

    best, S = fit(y)
    rng = np.random.default_rng(seed)
    again = [fit(y + dy * rng.standard_normal(y.shape))[0] for _ in range(resamples)]
    scatter = tuple(float(np.std([x[name] for x in again])) if name in free else 0.0 for name in NAMES)
    return Collapse(best["T_c"], best["a"], best["b"], scatter, S)  # type: ignore[arg-type]


def spread(
    N: Array, T: Array, values: Array, errors: Array, T_c: float, a: float, b: float, degree: int = 5
) -> float:
    """chi^2 per degree of freedom of N^b values about the best polynomial in (T - T_c) N^a.

    Example: ``spread(N, T, y, dy, T_c=1.0, a=1 / 3, b=2 / 3)``
    """
    up = (N**b)[:, None]
    x = ((T - T_c) * (N**a)[:, None]).ravel()
    weight = 1 / (up * errors).ravel()
    design = np.polynomial.chebyshev.chebvander(x / np.abs(x).max(), degree) * weight[:, None]
    target = (up * values).ravel() * weight
    rest = target - design @ np.linalg.lstsq(design, target, rcond=None)[0]
    return float(rest @ rest / max(1, x.size - degree - 1))
