"""Saddle point of the replica-symmetric Hopfield model along its branches, one noise width at a time.

With sigma = sqrt(alpha r) the width of the noise of the uncondensed patterns and n condensed ones of equal
overlap m (n = 1: retrieval), the equations of Amit, Gutfreund & Sompolinsky, Ann. Phys. 173, 30 (1987)

    m = (1/n) E k tanh b(k m + sigma z),   q = E tanh^2 b(k m + sigma z),   C = b (1 - q),   r = q / (1 - C)^2

(k: sum of n random signs) are explicit in alpha once sigma and T are given. The first has one positive root,
because its right side is concave in m; then alpha = sigma^2 (1 - C)^2 / q. At fixed T this load rises
from 0 at sigma = 0 to its maximum alpha_M(T), the end of the branch, so each (alpha, T) needs one bracketed
root in sigma and nothing depends on a starting point. T = 0 is no special case.
"""

from __future__ import annotations

from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from statmech.theory.gauss import response
from statmech.theory.roots import newton

Array = NDArray[np.float64]

SIGMA_0 = float(np.sqrt(2 / np.pi))  # width at which retrieval loses m at T = 0: C = sqrt(2/pi) / sigma = 1


class Curve(NamedTuple):
    """What `curve` knows at (sigma, T): order parameters and the slope of the load."""

    m: Array
    q: Array
    C: Array
    alpha: Array  # the load sigma^2 (1 - C)^2 / q
    rise: Array  # (1 - C) d ln alpha / d ln sigma: positive on the branch, zero at its end
    transverse: Array  # 1 - C - b Q: stability against unequal overlaps (n > 1), else 1 - C


def signs(n: int) -> tuple[Array, Array]:
    """Non-negative values k of a sum of n random signs and their probabilities (k and -k together)."""
    k = np.arange(n % 2, n + 1, 2)
    weight = np.array([comb(n, (n - v) // 2) * (2 if v else 1) / 2**n for v in k.tolist()])
    return k.astype(float), weight


def _respond(m: Array, sigma: Array, T: Array, n: int) -> tuple[Array, Array, Array]:
    k, weight = signs(n)
    shape = (k.size,) + (1,) * m.ndim
    return response(k.reshape(shape) * m, sigma, T), k.reshape(shape), weight.reshape(shape)


def overlap(sigma: Array, T: Array, n: int = 1, guess: Array | None = None) -> Array:
    """Positive root m of m = (1/n) E k tanh b(k m + sigma z), for 1-d arrays where it exists.

    Newton's method on a concave function converges monotonically, after one step, from any point where the
    function falls: the first guess (alpha = 0, T -> 1 unless given) only saves time, and a later step upwards
    is rounding.
    """
    m = np.minimum(1.0, np.sqrt(3 * (1 - T))) if guess is None else guess.copy()
    index = np.arange(m.size)
    for count in range(100):
        if index.size == 0:
            break
        rows, k, w = _respond(m[index], sigma[index], T[index], n)
        g = (w * k * rows[0]).sum(0) / n - m[index]
        slope = (w * k * k * rows[2]).sum(0) / n - 1
        # Outside (0, 1], or where the function rises, the guess was too low: restart from the safe side.
        new = np.where(slope < 0, m[index] - g / np.where(slope < 0, slope, -1.0), 1.0)
        new = np.where((new > 0) & (new <= 1), new, 1.0)
        unfinished = (m[index] - new > 2e-15 * new) | (count == 0)
        m[index] = new
        index = index[unfinished]
    return m


def curve(sigma: Array, T: Array, n: int = 1, guess: Array | None = None) -> Curve:
    """The branch at (sigma, T), 1-d arrays; see the module's text. n = 1 retrieval, n > 1 mixture."""
    m = overlap(sigma, T, n, guess)
    (_, q_k, chi, chi1, chi2), k, w = _respond(m, sigma, T, n)
    q, C = (w * q_k).sum(0), (w * chi).sum(0)
    C_m = (w * k * chi1).sum(0)
    dm = sigma * (C_m / n) / (1 - (w * k * k * chi).sum(0) / n)
    dC = C_m * dm + sigma * (w * chi2).sum(0)
    gap = 1 - C
    rise = 2 * gap - 2 * sigma * dC + sigma * T * dC * gap / q
    # For two condensed patterns E[xi_1 xi_2 | k] = (k^2 - n) / (n (n - 1)), and E xi_1 xi_2 = 0.
    pair = (k * k - n) / (n * (n - 1)) if n > 1 else 0 * k
    return Curve(m, q, C, sigma**2 * gap**2 / q, rise, 1 - (w * chi * (1 - pair)).sum(0))


def widest(T: Array) -> Array:
    """Width sigma at which m vanishes, b E sech^2(b sigma z) = 1, for 0 <= T < 1. The same for every n."""

    def fun(x: Array, i: NDArray[np.intp]) -> tuple[Array, Array]:
        _, _, chi, _, chi2 = response(0.0, x, T[i])
        return 1 - chi, -x * chi2

    lo = np.zeros_like(T)
    return newton(fun, lo, lo + SIGMA_0 * (1 + 1e-9), SIGMA_0 * np.sqrt(1 - T))


def spinodal(T: Array, n: int = 1) -> Array:
    """Width sigma of the end of the branch (largest load) at each T in [0, 1), 1-d; NaN if there is none."""
    from scipy.optimize import elementwise

    top = widest(T)
    # n = 1: between 0.567 (T = 0) and sqrt(9 - sqrt 33)/sqrt 8 = 0.638 (T -> 1) of `widest`. n > 1: the first
    # fall of the load, looked for from the left because beyond C = 1 the curve means nothing.
    grid = np.array([0.55, 0.65]) if n == 1 else np.geomspace(1e-3, 0.98, 60)
    sigma = (grid[:, None] * top).ravel()
    falls = curve(sigma, np.tile(T, grid.size), n).rise.reshape(grid.size, -1) < 0
    first = falls.argmax(0)
    ok = falls.any(0) & (first > 0)
    out = np.full_like(T, np.nan)
    if ok.any():
        lo, hi = grid[first[ok] - 1] * top[ok], grid[first[ok]] * top[ok]
        found = elementwise.find_root(
            lambda s, t: curve(s, t, n).rise, (lo, hi), args=(T[ok],), tolerances={"xrtol": 1e-13}
        )
        out[ok] = found.x
    return out


def at_load(alpha: Array, T: Array, n: int = 1) -> Array:
    """Width sigma of the branch at (alpha, T), 1-d arrays; NaN where it does not exist."""
    cold, which = np.unique(T, return_inverse=True)
    ends, tops = np.full_like(cold, np.nan), np.full_like(cold, np.nan)
    ends[cold < 1] = spinodal(cold[cold < 1], n)
    good = np.isfinite(ends)
    tops[good] = curve(ends[good], cold[good], n).alpha
    sigma = np.full_like(alpha, np.nan)
    # Rounding must not lose the branch at its very end.
    index = np.flatnonzero(alpha <= tops[which] * (1 + 1e-12))
    a, t, end = np.minimum(alpha, tops[which])[index], T[index], ends[which][index]
    m = np.ones_like(a)

    def fun(x: Array, i: NDArray[np.intp]) -> tuple[Array, Array]:
        c = curve(np.exp(x), t[i], n, m[i])
        m[i] = c.m
        return np.log(c.alpha / a[i]), c.rise / (1 - c.C)

    hi, start = np.log(end), 0.5 * np.log(a)
    lo = np.minimum(start, hi) - 7.0
    sigma[index] = np.exp(np.minimum(newton(fun, lo, hi + 1e-12, np.minimum(start, hi - 1e-3)), hi))
    return sigma


def inside_retrieval(alpha: Array, T: Array) -> Array:
    """`at_load` without its check: 1-d arrays of points that are known to have retrieval states.

    For n = 1 (not for mixtures) ln alpha is a concave function of ln sigma up to the end of the branch, and
    r >= 1/q because 1 - C <= q for T <= 1: Newton's method climbs from sqrt(alpha) without passing the root.
    """
    x = 0.5 * np.log(alpha)
    m = np.minimum(1.0, np.sqrt(3 * (1 - T)))
    index = np.arange(x.size)
    for _ in range(100):
        if index.size == 0:
            break
        c = curve(np.exp(x[index]), T[index], 1, m[index])
        m[index] = c.m
        climbing = c.rise > 0
        step = np.log(alpha[index] / c.alpha) * (1 - c.C) / np.where(climbing, c.rise, np.inf)
        x[index] += step
        index = index[climbing & (step > 1e-15 * np.abs(x[index]))]
    return np.exp(x)


def spin_glass(alpha: Array, T: Array) -> Array:
    """Width sigma > 0 of the spin-glass state (m = 0) at (alpha, T), 1-d arrays; NaN from T_g upwards."""
    sigma = np.full_like(alpha, np.nan)
    index = np.flatnonzero(1 + np.sqrt(alpha) > T)
    root, t = np.sqrt(alpha[index]), T[index]

    def fun(x: Array, i: NDArray[np.intp]) -> tuple[Array, Array]:
        _, q, C, _, chi2 = response(0.0, x, t[i])
        width = root[i] * np.sqrt(q)
        return x * (1 - C) - width, 1 - C - x * x * chi2 + width * t[i] * x * chi2 / (2 * q)

    hi = root + SIGMA_0  # (1 - C) sigma <= sqrt(alpha) and C <= sqrt(2/pi) / sigma; the root itself at T = 0
    sigma[index] = newton(fun, np.zeros_like(hi), hi * (1 + 1e-9), hi)
    return sigma
