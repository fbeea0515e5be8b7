"""Lines of the (alpha, T) diagram of the perceptron read as temperatures, and the best temperature to learn at.

T_th, T_sp, T_s0, T_AT: the lines of `perceptron_lines` as functions of (alpha, p), the upper of two crossings where a
line leans back (with noisy labels alpha_th and alpha_sp are least at T_N), NaN where there is none. T_opt: eps_g is
least; over-training below.

Source: Gyorgyi, Phys. Rev. A 41, 7097 (1990); Seung, Sompolinsky & Tishby, Phys. Rev. A 45, 6056 (1992).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from statmech.theory import perceptron_lines as lines
from statmech.theory import perceptron_saddle as saddle
from statmech.theory.perceptron import check, check_weights, solve
from statmech.theory.perceptron_channel import averages

Array = NDArray[np.float64]

_COLDEST = 5e-3


@lru_cache(maxsize=64)
def _table(kind: str, p: float, weights: str, hottest: float) -> Array:
    """Rows T, strength, load along a line, up to the point where it stops."""

    def line(T: Array) -> Array:
        return np.stack([T, *lines.crossing(T, np.full_like(T, p), weights, kind)])

    table = line(np.geomspace(_COLDEST, hottest, int(3 * np.log(hottest / _COLDEST))))
    good = np.isfinite(table[2])
    stops = np.flatnonzero(good[:-1] & ~good[1:])
    if stops.size:
        lo, hi = table[0, stops[-1]], table[0, stops[-1] + 1]
        while hi - lo > 1e-5 * lo:
            more = line(np.linspace(lo, hi, 9)[1:-1])
            kept = np.append(np.isfinite(more[2]), False).argmin()
            lo, hi = np.concatenate([[lo], more[0], [hi]])[kept : kept + 2]
            table = np.concatenate([table, more[:, :kept]], axis=1)
    table = table[:, np.isfinite(table[2])]
    return table[:, table[0].argsort()]


def _temperature(kind: str, alpha: ArrayLike, p: ArrayLike, weights: str = "ising") -> Array:
    """Highest temperature at which a line has a load: Newton's method in (T, y) between two rows of a table."""
    a, flip = check(alpha=alpha, p=p)
    out = np.full(a.size, np.nan)
    for share in np.unique(flip):
        chosen = np.flatnonzero(flip.ravel() == share)
        loads = a.ravel()[chosen]
        T, y, line = _table(kind, float(share), weights, 2.0 ** np.ceil(np.log2(2 + float(loads.max()))))
        if T.size < 2:
            continue
        above = line[:, None] > loads
        change = above[1:] != above[:-1]
        found = np.flatnonzero(change.any(0))
        k = change.shape[0] - 1 - change[::-1, found].argmax(0)
        weight = np.log(loads[found] / line[k]) / np.log(line[k + 1] / line[k])
        t, strength = (v[k] + weight * (v[k + 1] - v[k]) for v in (np.log(T), y))
        out[chosen[found]] = _newton(t, strength, loads[found], np.full(t.size, share), weights, kind)
    return out.reshape(a.shape)


def _newton(t: Array, y: Array, alpha: Array, p: Array, weights: str, kind: str) -> Array:
    """T of the point of a line with load alpha, from a guess ln T = t and y."""
    guess = saddle.curve(y, np.exp(t), p, 0 * y, weights).u

    def residual(t: Array, y: Array) -> tuple[Array, Array]:
        load, value = lines.along(y, np.exp(t), p, weights, kind, guess)
        return np.log(load / alpha), value

    h = 1e-5
    for _ in range(30):
        (f, g), at_t, at_y = residual(t, y), residual(t + h, y), residual(t, y + h)
        f_t, g_t, f_y, g_y = (at_t[0] - f) / h, (at_t[1] - g) / h, (at_y[0] - f) / h, (at_y[1] - g) / h
        det = f_t * g_y - f_y * g_t
        steps = np.array([g * f_y - f * g_y, f * g_t - g * f_t]) / det
        steps *= np.minimum(1, 0.2 / np.maximum(np.abs(steps).max(0), 1e-300))
        t, y = t + steps[0], y + steps[1]
        if not (np.abs(steps[0]) > 1e-11).any():
            break
    return np.where((np.abs(f) < 1e-9) & (np.abs(g) < 1e-7), np.exp(t), np.nan)


def T_th(alpha: ArrayLike, p: ArrayLike = 0.0) -> Array:
    """Temperature of the first-order transition of Ising weights: perfect generalisation is stable below.

    Args: alpha > 0 and p, array-like, broadcast. Returns: float64 of that shape, NaN where there is none; the higher
    of two where the line leans back. Raises: ValueError out of range. Source: as `perceptron_lines`.

    Example:
        >>> float(T_th(1.4415117).round(4))
        0.4
    """
    return _temperature("T_th", alpha, p)


def T_sp(alpha: ArrayLike, p: ArrayLike = 0.0) -> Array:
    """Temperature of the spinodal of Ising weights: the branch R < 1 is gone below. As `T_th`.

    Example:
        >>> float(T_sp(2.8456201).round(4))
        1.0
    """
    return _temperature("T_sp", alpha, p)


def T_s0(alpha: ArrayLike, p: ArrayLike = 0.0) -> Array:
    """Temperature at which the entropy of Ising weights vanishes on the branch R < 1: frozen below. As `T_th`.

    Example:
        >>> bool(T_s0(1.0, 0.5) > 0)
        True
    """
    return _temperature("T_s0", alpha, p)


def T_AT(alpha: ArrayLike, p: ArrayLike = 0.0, weights: str = "ising") -> Array:
    """Temperature below which replica symmetry is broken on the branch R < 1. As `T_th`.

    Example:
        >>> float(T_AT(8.0, 0.1, "spherical").round(6))
        0.201497
    """
    return _temperature("T_AT", alpha, p, check_weights(weights))


def _heating(c: saddle.Curve, T: Array, p: Array) -> Array:
    """dR / d ln T of the branch at a fixed load: ln(qh/A) and ln(Rh/B) both stay ln alpha."""
    h = 1e-4
    hot, cold = (averages(saddle.point(c.field, T * np.exp(v), p, np.zeros_like(T))) for v in (h, -h))
    rows = []
    for k in (0, 1):
        q, R, qh, Rh = (c.field.slopes[name][k] for name in ("q", "R", "qh", "Rh"))
        A = (c.mean.A_q * q + c.mean.A_R * R) / c.mean.A
        B = (c.mean.B_q * q + c.mean.B_R * R) / c.mean.B
        rows.append((qh / c.field.qh - A, Rh / c.field.Rh - B, R))
    (a_y, b_y, R_y), (a_u, b_u, R_u) = rows
    a, b = (np.log(x / y) / (2 * h) for x, y in ((hot.A, cold.A), (hot.B, cold.B)))
    return (R_y * (a * b_u - b * a_u) + R_u * (b * a_y - a * b_y)) / (a_y * b_u - b_y * a_u)


def T_opt(alpha: ArrayLike, p: ArrayLike = 0.0, weights: str = "spherical") -> Array:
    """Temperature at which eps_g is least on the branch R < 1 (over-training below it), a root of dR/dT.

    Args: alpha > 0 and p, array-like, broadcast. weights.

    Returns:
        float64 of the broadcast shape; 0 where eps_g falls all the way to T = 0 (as at p = 0), NaN where the branch
        ends before eps_g turns, and for random labels.

    Raises:
        ValueError: a parameter out of range.

    Source: Gyorgyi & Tishby, in Neural Networks and Spin Glasses (World Scientific, 1990): learning with noise.

    Example:
        >>> float(T_opt(5.0, 0.1).round(3))
        0.217
    """
    check_weights(weights)
    a, flip = check(alpha=alpha, p=p)
    shape, a, flip = a.shape, a.ravel(), flip.ravel()
    out = np.where(flip == 0, 0.0, np.nan)
    rows = np.flatnonzero((flip > 0) & (flip < 0.5))
    log_T = np.linspace(np.log(0.02), 0.0, 15)[None, :] + np.log(lines.T_N(flip[rows]))[:, None]
    errors = solve(a[rows, None], np.exp(log_T), flip[rows, None], weights).eps_g
    if rows.size == 0:
        return out.reshape(shape)
    best = np.where(np.isfinite(errors), errors, np.inf).argmin(1)
    out[rows[best == 0]] = 0.0
    inner = np.flatnonzero((best > 0) & (best < log_T.shape[1] - 1))
    left, right = best[inner] - 1, best[inner] + 1
    inner = inner[np.isfinite(errors[inner, left]) & np.isfinite(errors[inner, right])]
    k, i = best[inner], rows[inner]

    # Between neighbours of the grid the branch is followed from a point of it: no spinodal has to be looked for.
    y, _ = saddle.at_load(a[i], np.exp(log_T[inner, k]), flip[i], 0 * a[i], weights)
    log_T = log_T[inner]

    def slope(x: Array, index: Array) -> Array:
        n = index.astype(int)
        y[n], c = saddle.follow(y[n], a[i[n]], np.exp(x), flip[i[n]], np.zeros_like(x), weights)
        return _heating(c, np.exp(x), flip[i[n]])

    order = np.arange(i.size)
    out[i] = np.exp(lines.root(slope, log_T[order, k - 1], log_T[order, k + 1], order.astype(float)))
    return out.reshape(shape)


def named(weights: str, p: float) -> dict[str, Callable[[ArrayLike], Array]]:
    """Lines T(alpha) of a phase diagram by name; see `PerceptronTheory.lines`."""
    out: dict[str, Callable[[ArrayLike], Array]] = {}
    if weights == "ising":
        if p < 0.5:
            out.update({"T_th": partial(T_th, p=p), "T_sp": partial(T_sp, p=p)})
        out["T_s0"] = partial(T_s0, p=p)
    out["T_AT"] = partial(T_AT, p=p, weights=weights)
    if 0 < p < 0.5:
        out["T_N"] = lambda alpha: np.full(np.shape(alpha), float(lines.T_N(p)))
        if weights == "spherical":
            out["T_opt"] = partial(T_opt, p=p)
    return out


def named_loads(weights: str, p: float) -> dict[str, Callable[[ArrayLike], Array]]:
    """Lines alpha(T) of a phase diagram by name; see `PerceptronTheory.loads`."""
    known: dict[str, Callable[..., Array]] = {"T_th": lines.alpha_th, "T_sp": lines.alpha_sp, "T_s0": lines.alpha_s0}
    known["T_AT"] = partial(lines.alpha_AT, weights=weights)
    return {name: partial(known[name], p=p) for name in named(weights, p) if name in known}
