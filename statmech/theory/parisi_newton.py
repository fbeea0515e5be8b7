"""Where the K-step Parisi functional is largest: its variables, Newton's method, and the way from few steps to many.

The variables are logarithms of the increments of q and x, relative to what is left up to 1, so that every real
vector is an ordered solution. As functions of a step's index they are smooth: a solution with few steps, resampled,
starts the next one close to its maximum.

Source: Parisi, J. Phys. A 13, 1101 (1980); Newton and symmetric rank-one updates: Nocedal & Wright, Numerical
Optimization (2006), section 6.2.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline

from statmech.theory.mixture import Mixture
from statmech.theory.parisi import functional

Array = NDArray[np.float64]

_STEP = 1e-4  # of the difference quotient of the gradient, in logarithms of increments
_ROUNDS = 60
LADDER = (1, 2, 3, 4, 6, 8, 12)


def _shares(u: Array) -> Array:
    """Cumulated shares of 1 from logarithms relative to what is left over."""
    top = max(0.0, u.max(initial=0.0))
    w = np.exp(u - top)
    return np.cumsum(w) / (w.sum() + np.exp(-top))


def unpack(u: Array, K: int, T: float, field: bool) -> tuple[Array, Array]:
    """Overlaps and breakpoints from unconstrained logarithms of their increments."""
    n = len(u) - K
    q = _shares(u[:n])
    q = q if field else np.concatenate([[0.0], q])
    if T == 0:
        return np.concatenate([q, [1.0]]), np.cumsum(np.exp(u[n:]))
    return q, _shares(u[n:]) / T


def pack(q: Array, Y: Array, T: float, field: bool) -> Array:
    def logs(a: Array, whole: float) -> Array:
        d = np.diff(np.concatenate([[0.0], a]))
        return np.log(d / (whole - a[-1]) if whole and len(a) else d)

    q = q if field else q[1:]
    q = q if T > 0 else q[:-1]
    return np.concatenate([logs(q, 1.0), logs(T * Y, 1.0) if T > 0 else logs(Y, 0.0)])


def gradient(mix: Mixture, u: Array, K: int, T: float, h: float) -> tuple[float, Array]:
    """f and its derivative in the variables of `unpack`: d a_k / d u_j = (a_j - a_{j-1}) (1 [j <= k] - a_k)."""
    first = int(h == 0)
    q, Y = unpack(u, K, T, not first)
    value = functional(mix, q, Y, T, h)

    def pull(a: Array, g: Array, whole: float) -> Array:
        return np.diff(np.concatenate([[0.0], a])) * (np.cumsum(g[::-1])[::-1] - whole * (g @ a))

    free = slice(first, K + (T > 0))
    return value.f, np.concatenate([pull(q[free], value.dq[free], 1.0), pull(Y, value.dY, T)])


def maximise(fun: Callable[[Array], tuple[float, Array]], u: Array, tol: float) -> tuple[Array, float]:
    """Newton's method for a maximum: the Hessian from differences of the gradient, updated by Broyden in between."""
    f, g = fun(u)
    H = np.zeros((len(u), len(u)))
    fresh, damping = False, 0.0
    age = 99
    for _ in range(_ROUNDS):
        if np.abs(g).max() < tol:
            break
        if age > 5:
            for i in range(len(u)):
                d = np.zeros_like(u)
                d[i] = _STEP
                H[i] = (fun(u + d)[1] - fun(u - d)[1]) / (2 * _STEP)
            H = 0.5 * (H + H.T)
            fresh, age = True, 0
        w, V = np.linalg.eigh(H)
        curve = np.maximum(np.abs(w), damping)
        step = V @ ((V.T @ g) / np.maximum(curve, 1e-13))
        step *= min(1.0, 1.0 / np.abs(step).max())
        try:
            f_new, g_new = fun(u + step)
        except ArithmeticError:
            f_new, g_new = -np.inf, g
        slack = 1e-13 * max(1.0, abs(f))
        if f_new < f - slack or (f_new < f + slack and np.abs(g_new).max() > 2 * np.abs(g).max()):
            if not fresh:
                age = 99
            damping = max(10 * damping, 1e-3 * np.abs(w).max())
            if damping > 1e6 * np.abs(w).max():
                break
            continue
        y = g_new - g
        miss = y - H @ step
        if abs(miss @ step) > 1e-8 * np.linalg.norm(miss) * np.linalg.norm(step):
            H = H + np.outer(miss, miss) / (miss @ step)
        slow = np.abs(g_new).max() > 0.3 * np.abs(g).max()
        u, f, g = u + step, f_new, g_new
        fresh, age, damping = False, age + 1 + 5 * slow, damping / 10 if damping > 1e-9 else 0.0
    return u, float(np.abs(g).max())


def start(mix: Mixture, T: float, h: float) -> tuple[Array, Array]:
    """A rough one-step solution to begin with."""
    scale = float(np.sqrt(2 * mix.xi(1.0)))
    t = T / scale
    top = 1 - t * t if t < 0.5 else max(1.2 * (1 - t), 0.02)
    if mix.least > 2:
        top = 1 - 0.5 * t
    q = np.array([0.0, min(top, 0.98)]) if T > 0 else np.array([0.0, 1.0])
    if h != 0:
        low = min(0.7, (h / scale) ** (2 / 3) * 0.8)
        q[0] = low
        q[1] = q[1] if T == 0 else low + max(0.02, (q[1] - low) * 0.8) if q[1] > low else low + 0.3 * (1 - low)
    Y = min(1.2, 0.5 / t) if t > 0 else 1.2
    return q, np.array([Y / scale if mix.least == 2 else min(1.4, 0.95 / max(t, 1e-9)) / scale])


def refine(u: Array, old: int, new: int, mix: Mixture, T: float, field: bool) -> Array:
    """The start for `new` steps: logarithms of increments are smooth functions of the step's index."""

    def stretch(a: Array, at: Array, to: Array) -> Array:
        if len(a) < 2:
            return np.full(len(to), a[0]) + np.log(len(at) / max(len(to), 1))
        curve = make_interp_spline(at, a, k=min(3, len(a) - 1))
        return curve(np.clip(to, at[0] - 0.5 / old, at[-1] + 0.5 / old)) + np.log(old / new)

    jump = mix.least > 2  # the first overlap and the first breakpoint are no small increments
    n = len(u) - old
    head, dq, dY = u[: int(field)], u[int(field) : n], u[n:].copy()
    at, to = (np.arange(1, k + 1) / k for k in (old, new))
    if T == 0:
        at_q, to_q = at[:-1], to[:-1]
        if old == 1:
            even = np.zeros(new - 1)
            return np.concatenate([head, even, np.full(new, dY[0] - np.log(new))])
    else:
        at_q, to_q = at, to
    if jump:
        dq_new = np.concatenate([dq[:1], stretch(dq[1:], at_q[1:], to_q[1:]) if old > 1 else np.full(new - 1, -3.0)])
        dY_new = np.concatenate([dY[:1], stretch(dY[1:], at[1:], to[1:]) if old > 1 else dY[0] - np.full(new - 1, 2.0)])
        return np.concatenate([head, dq_new, dY_new])
    dY[0] += np.log(2.0)  # the first step is half a step from x = 0
    if old == 1:
        dY[0] -= np.log(2.0)
    dq_new, dY_new = stretch(dq, at_q, to_q), stretch(dY, at, to)
    dY_new[0] -= np.log(2.0)
    return np.concatenate([head, dq_new, dY_new])


def _slope(mix: Mixture, K: int, T: float, h: float, u: Array) -> tuple[float, Array]:
    return gradient(mix, u, K, T, h)


def _split(slope: Callable[[Array], tuple[float, Array]], u: Array, n: int, tol: float) -> tuple[Array, float]:
    """Two steps from one where the overlap jumps: the new step may be of any size, the deepest maximum is taken."""
    found = []
    for dq, dY in ((-3.0, -2.0), (-0.5, 0.0), (1.5, 0.0)):
        begin = u.copy()
        begin[n + 1], begin[n + 3] = dq, begin[n + 2] + dY
        try:
            end, residual = maximise(slope, begin, tol)
        except ArithmeticError:
            continue
        found.append((residual < 1e-5, slope(end)[0], residual, end))
    if not found:
        raise ArithmeticError("two steps of replica symmetry breaking cannot be told apart here: take one")
    best = max(found, key=lambda x: x[:2])
    return best[3], best[2]


def climb(mix: Mixture, T: float, h: float, steps: tuple[int, ...]) -> dict[int, tuple[Array, Array, float]]:
    """(q, Y, largest derivative left) at the maximum for every K in `steps`, each started from the one before.

    Raises: ArithmeticError if a maximum is not found to 1e-5 in the derivatives (f: about its square).
    """
    q, Y = start(mix, T, h)
    u, last = pack(q, Y, T, h != 0), 1
    out = {}
    for k in sorted({*(j for j in LADDER if j < max(steps)), *steps}):
        slope = partial(_slope, mix, k, T, h)
        if k > 1:
            u = refine(u, last, k, mix, T, h != 0)
        tol = 1e-10 if k in steps else 1e-7
        if k == 2 and mix.least > 2 and T > 0:
            u, residual = _split(slope, u, int(h != 0), tol)
        else:
            u, residual = maximise(slope, u, tol)
        last = k
        if k in steps:
            if residual > 1e-5:
                raise ArithmeticError(
                    f"{k} steps of replica symmetry breaking at T = {T:g}, h = {h:g} were not found "
                    f"(derivative left: {residual:.1e}): take fewer steps, or a T farther from the transition"
                )
            out[k] = (*unpack(u, k, T, h != 0), residual)
    return out
