"""Free energy and entropy from energies along a ladder of temperatures: thermodynamic integration from beta = 0."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def integrate(
    T: ArrayLike, e: ArrayLike, *, c: ArrayLike | None = None, e_inf: float = 0.0, s_inf: float = float(np.log(2)),
    slope_inf: float | None = None,
) -> tuple[Array, Array]:  # fmt: skip
    """(f, s) per spin at the temperatures of a ladder, shape of e.

    beta f(beta) = -s_inf + int_0^beta e dbeta',   s = beta (e - f)

    T:          increasing temperatures (T,), the hottest so high that e is smooth from there to beta = 0
    e:          energies per spin, temperatures along the last axis; any axes before it (samples: the function is linear
                in e, so that a jackknife over samples of f or s is that of e)
    c:          specific heats like e, if known: de/dbeta = -T^2 c, and the integrand is a Hermite cubic; else a cubic
                spline through e(beta).  The error of either falls with the fourth power of the spacing in beta
    e_inf:      energy at beta = 0; s_inf: entropy there, ln 2 per Ising spin; slope_inf: de/dbeta there, -Var(H)/N of
                random configurations (needed with c; a spline without it starts freely)

    Raises ValueError for fewer than three temperatures, T <= 0 or not increasing, or shapes that do not fit.

    Example: ``integrate([0.5, 1.0, 2.0], [-1.0, -0.5, -0.25])[1].shape == (3,)``
    """
    from scipy.interpolate import CubicHermiteSpline, CubicSpline

    t, energy = np.asarray(T, float), np.asarray(e, float)
    if t.ndim != 1 or t.size < 3 or not (t > 0).all() or not (np.diff(t) > 0).all():
        raise ValueError(f"T = {t.tolist()}: expected at least three increasing temperatures > 0")
    if energy.shape[-1:] != t.shape:
        raise ValueError(f"e has shape {energy.shape}: expected its last axis to be the {t.size} temperatures")
    beta = np.append(0.0, 1 / t[::-1])
    start = np.full((*energy.shape[:-1], 1), float(e_inf))
    y = np.concatenate([start, energy[..., ::-1]], -1)
    if c is not None:
        if slope_inf is None:
            raise ValueError("with c the slope at beta = 0 must be known: pass slope_inf = -Var(H)/N")
        slope = -np.broadcast_to(np.asarray(c, float), energy.shape) * t**2
        dy = np.concatenate([np.full_like(start, slope_inf), slope[..., ::-1]], -1)
        area = CubicHermiteSpline(beta, y, dy, axis=-1).antiderivative()(beta)
    else:
        shape = energy.shape[:-1]
        ends = "not-a-knot" if slope_inf is None else ((1, np.full(shape, slope_inf)), (2, np.zeros(shape)))
        area = CubicSpline(beta, y, axis=-1, bc_type=ends).antiderivative()(beta)
    beta_f = (area - s_inf)[..., :0:-1]
    f = beta_f * t
    return f, (energy - f) / t
