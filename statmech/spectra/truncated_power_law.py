r"""Power law with an exponential cutoff; exponent, cutoff and lower end are fitted together.

.. math:: p(x) = \frac{1}{x_{min} I(\alpha, \Lambda x_{min})} \Big(\frac{x}{x_{min}}\Big)^{-\alpha}
          e^{-\Lambda (x - x_{min})}, \quad I(\alpha, z) = z^{\alpha - 1} e^z \Gamma(1 - \alpha, z)

An exponential family of ln x and x: at given xmin the likelihood is concave in (alpha, Lambda), and the fits of all
lower ends are made together.  Source: Clauset, Shalizi & Newman, SIAM Rev. 51, 661 (2009), table 2.1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from statmech.spectra.law import Array, Law, positive_values, tail
from statmech.spectra.power_law import MINIMUM_TAIL, _impossible
from statmech.spectra.upper_gamma import Moments, ln_integral, moments

STEPS, TOLERANCE = 200, 1e-19
"""Newton steps, and the rise of the log-likelihood per value that the last one still promises."""
PROBES = 12  # values of each tail at which its distance is bounded from below first


@dataclass(frozen=True)
class TruncatedPowerLaw(Law):
    """x^-alpha exp(-Lambda x) on x >= xmin; Lambda > 0 with any alpha, or Lambda = 0 with alpha > 1.

    Example: ``TruncatedPowerLaw(2.0, 0.5, xmin=1.0).cdf(1.0) == 0``
    """

    alpha: float
    Lambda: float
    xmin: float

    @classmethod
    def fit(cls, x: ArrayLike, xmin: float, alpha_minimum: float = 1.0) -> TruncatedPowerLaw:
        """The likeliest law with alpha >= alpha_minimum for the values x >= xmin.  Raises as `law.tail` does.

        Lambda = 0 where no cutoff is likelier than the pure power law.
        """
        ratio = tail(x, xmin) / xmin
        mean_u, mean_w = np.log(ratio).mean(), (ratio - 1).mean()
        alpha, z, converged = _likeliest(np.array([mean_u]), np.array([mean_w]), alpha_minimum)
        if not converged[0]:
            raise ValueError(
                f"the likelihood has no maximum among laws with alpha >= {alpha_minimum:g}: too few values"
            )
        return cls(float(alpha[0]), float(z[0] / xmin), float(xmin))

    def logpdf(self, x: ArrayLike) -> Array:
        x = np.asarray(x, dtype=np.float64)
        ratio, z = np.where(x >= self.xmin, x, self.xmin) / self.xmin, self.Lambda * self.xmin
        value = -self.alpha * np.log(ratio) - z * (ratio - 1) - np.log(self.xmin) - ln_integral(self.alpha, z)
        return np.where(x >= self.xmin, value, -np.inf)

    def cdf(self, x: ArrayLike) -> Array:
        ratio = np.maximum(np.asarray(x, dtype=np.float64), self.xmin) / self.xmin
        return -np.expm1(_ln_above(self.alpha, self.Lambda * self.xmin, ratio))

    def ppf(self, p: ArrayLike) -> Array:
        """By Newton steps from above on ln P(> x), concave in u = ln(x/xmin) with slope -1/I(alpha, z e^u)."""
        p = np.asarray(p, dtype=np.float64)
        z, target = self.Lambda * self.xmin, np.log1p(-np.minimum(p, 1 - 1e-16))
        u = np.ones(p.shape)
        while (short := _ln_above(self.alpha, z, np.exp(u)) > target).any():
            u = np.where(short, 2 * u, u)
        for _ in range(STEPS):
            ratio = np.exp(u)
            step = (_ln_above(self.alpha, z, ratio) - target) * np.exp(ln_integral(self.alpha, z * ratio))
            u = np.maximum(u + step, 0.0)
            if (np.abs(step) < 1e-14 * np.maximum(u, 1.0)).all():
                break
        return np.where(p < 1, self.xmin * np.exp(u), np.inf)


def _ln_above(alpha: ArrayLike, z: ArrayLike, ratio: Array) -> Array:
    """ln of the probability of x > ratio xmin, z = Lambda xmin."""
    a, x = np.asarray(alpha, float), np.asarray(z, float)
    value = (1 - a) * np.log(ratio) - x * (ratio - 1)
    return np.minimum(value + ln_integral(a, x * ratio) - ln_integral(a, x), 0.0)


@dataclass(frozen=True)
class TruncatedPowerLawFit:
    """A fitted tail, or why there is none.

    alpha, Lambda, xmin, D: as in `TruncatedPowerLaw`, and the distance; NaN without a fit.  n_tail: values >= xmin.
    stderr: of alpha and Lambda at fixed xmin, from the curvature of the likelihood; NaN on the border of the laws.
    status: "ok"; "no cutoff: ..." or "alpha at ..." where the likeliest law lies on that border; else why no fit.
    """

    alpha: float
    Lambda: float
    xmin: float
    D: float
    n_tail: int
    stderr: tuple[float, float]
    status: str

    @property
    def ok(self) -> bool:
        """Is there a fit?"""
        return bool(np.isfinite(self.alpha))

    @property
    def law(self) -> TruncatedPowerLaw:
        """The fitted law.  Raises ValueError if there is none."""
        if not self.ok:
            raise ValueError(f"there is no fitted truncated power law: {self.status}")
        return TruncatedPowerLaw(self.alpha, self.Lambda, self.xmin)


def fit_truncated_power_law(
    x: ArrayLike, xmin: float | None = None, minimum_tail: int = MINIMUM_TAIL, alpha_minimum: float = 1.0
) -> TruncatedPowerLawFit:
    """Truncated power law of the upper tail of x (n,): alpha and Lambda by maximum likelihood, xmin by smallest D.

    xmin:          lower end; None: the value of x, not the largest, at which D (see `Law.distance`) is smallest
    minimum_tail:  fewest values in the tail, at least 2
    alpha_minimum: smallest exponent; -inf for any, which lets the law bend as a gamma law does

    Raises ValueError for values that are negative or not finite, xmin <= 0, or minimum_tail < 2.

    Example: ``fit_truncated_power_law(TruncatedPowerLaw(2.0, 0.1, 1.0).sample(500)).status == "ok"``
    """
    if minimum_tail < 2:
        raise ValueError(f"minimum_tail = {minimum_tail!r}: expected an integer >= 2")
    values = positive_values(x)
    if xmin is not None:
        if not xmin > 0:
            raise ValueError(f"xmin = {xmin!r}: expected a positive number")
        values = values[values >= xmin]
    nothing = _impossible(values, minimum_tail)
    if nothing:
        return TruncatedPowerLawFit(np.nan, np.nan, np.nan, np.nan, 0, (np.nan, np.nan), nothing)
    if xmin is None:
        ends, first = np.unique(values, return_index=True)
        ends = ends[:-1][values.size - first[:-1] >= minimum_tail]
    else:
        ends = np.array([xmin])
    rest = values.size - np.searchsorted(values, ends)
    ln_sum, sum_ = (np.cumsum(v[::-1])[rest - 1] for v in (np.log(values), values))
    alpha, z, converged = _likeliest(ln_sum / rest - np.log(ends), sum_ / rest / ends - 1, alpha_minimum)
    keep = np.flatnonzero(converged)
    if not keep.size:
        reason = f"no tail of at least {minimum_tail} different values has a likeliest law"
        return TruncatedPowerLawFit(np.nan, np.nan, np.nan, np.nan, 0, (np.nan, np.nan), reason)
    i, D = _closest(values, ends[keep], alpha[keep], z[keep])
    i = int(keep[i])
    return _described(alpha[i], z[i], ends[i], D, int(rest[i]), alpha_minimum)


def _described(alpha: float, z: float, xmin: float, D: float, n: int, alpha_minimum: float) -> TruncatedPowerLawFit:
    status, stderr = "ok", (np.nan, np.nan)
    if z == 0:
        status = "no cutoff: the pure power law is the likeliest, Lambda = 0"
    elif alpha == alpha_minimum:
        status = f"alpha at its smallest allowed value {alpha_minimum:g}"
    else:
        m = moments(np.array([alpha]), np.array([z]))
        det = (m.uu * m.ww - m.uw**2)[0]
        stderr = (float(np.sqrt(m.ww[0] / det / n)), float(np.sqrt(m.uu[0] / det / n) / xmin))
    return TruncatedPowerLawFit(float(alpha), float(z / xmin), float(xmin), float(D), n, stderr, status)


def _likeliest(mean_u: Array, mean_w: Array, alpha_minimum: float) -> tuple[Array, Array, np.ndarray]:
    """(alpha, z = Lambda xmin, converged) for samples with means of u = ln(x/xmin) and w = x/xmin - 1, arrays (K,).

    By `_newton`.  Lambda = 0 is the likeliest iff the pure power law has a mean, and one below the
    sample's; an alpha below its bound goes onto it, as the likelihood is concave.
    """
    pure = 1 + 1 / mean_u
    alpha, z = np.maximum(pure, alpha_minimum), 1 / (1 + mean_w)
    with np.errstate(divide="ignore"):
        none = (pure > 2) & (mean_w >= 1 / np.maximum(pure - 2, 0.0))
    done = none.copy()
    alpha[none], z[none] = pure[none], 0.0
    free = np.ones(alpha.size, dtype=bool)
    converged = done.copy()
    for _ in range(2):
        active = np.flatnonzero(~converged)
        if active.size:
            a, b, ok = _newton(alpha[active], z[active], mean_u[active], mean_w[active], free[active])
            alpha[active], z[active], converged[active] = a, b, ok
        outside = (alpha < alpha_minimum) & free
        alpha[outside], z[outside] = alpha_minimum, 1 / (1 + mean_w[outside])
        free[outside], converged[outside] = False, False
    return alpha, z, converged


def _newton(alpha: Array, z: Array, mean_u: Array, mean_w: Array, free: np.ndarray) -> tuple[Array, Array, np.ndarray]:
    """Maxima of -alpha <u> - z <w> - ln I(alpha, z), a concave function; where not free, at fixed alpha.

    A step changes z by at most a factor of ten, and alpha by what is best for that change: else steps stick to z = 0.
    """
    alpha, z, converged = alpha.copy(), z.copy(), np.zeros(alpha.size, dtype=bool)
    damping, active = np.ones(alpha.size), np.arange(alpha.size)
    m = moments(alpha, z)
    height = -alpha * mean_u - z * mean_w - m.ln
    for _ in range(STEPS):
        g_alpha, g_z = m.u - mean_u[active], m.w - mean_w[active]
        slope = np.where(free[active], m.uw / m.uu, 0.0)
        spread = np.maximum(m.ww - slope * m.uw, 1e-300)  # of w at the best alpha
        full = (g_z - slope * g_alpha) / spread
        promise = full**2 * spread + np.where(free[active], g_alpha**2 / m.uu, 0.0)
        converged[active] = promise < TOLERANCE
        go = ~converged[active]
        if not go.any():
            break
        active, full, slope, g_alpha, uu = active[go], full[go], slope[go], g_alpha[go], m.uu[go]
        step_z = np.clip(damping[active] * full, -0.9 * z[active], 9 * z[active])
        step_alpha = np.where(free[active], damping[active] * g_alpha / uu - slope * step_z, 0.0)
        a, b = alpha[active] + step_alpha, z[active] + step_z
        new = moments(a, b)
        rise = -a * mean_u[active] - b * mean_w[active] - new.ln - height[active]
        better = rise > -1e-13
        damping[active] = np.where(better, 1.0, damping[active] / 4)
        alpha[active] = np.where(better, a, alpha[active])
        z[active] = np.where(better, b, z[active])
        height[active] += np.where(better, rise, 0.0)
        m = Moments(*(np.where(better, after, before[go]) for after, before in zip(new, m)))
    return alpha, z, converged


def _closest(values: Array, ends: Array, alpha: Array, z: Array) -> tuple[int, float]:
    """Index and D of the lower end with the smallest distance.

    The distance at a few values of a tail is a lower bound of its D: tails are read in full in the order of their
    bounds, until the next bound is above the smallest D.
    """
    start = np.searchsorted(values, ends)
    last = values.size - 1
    probe = start[:, None] + np.round(np.linspace(0, 1, PROBES) * (last - start)[:, None]).astype(int)
    x = values[probe]
    F = -np.expm1(_ln_above(alpha[:, None], z[:, None], x / ends[:, None]))
    below = (np.searchsorted(values, x) - start[:, None]) / (values.size - start)[:, None]
    bound = np.abs(F - below).max(axis=1)
    best, smallest = -1, np.inf
    for i in np.argsort(bound, kind="stable"):
        if bound[i] > smallest:
            break
        D = TruncatedPowerLaw(alpha[i], z[i] / ends[i], ends[i]).distance(values)
        if (D, i) < (smallest, best):
            best, smallest = int(i), D
    return best, smallest
