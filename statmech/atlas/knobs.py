"""Knobs of training as load and temperature of a student: does the map of the student foretell that of the network?

    alpha = A,    ln T = t_0 + t . knobs,    eps_g = a + b eps_replica(alpha, T, p),   b >= 0

is fitted to half of the cells of a network; on the other half only the sign of the change of eps_g between neighbouring
cells is predicted, from the knobs.  Agreement is Cohen's kappa; the rival is a smooth regression on the share of noisy
labels and the training loss, without physics.

Sources: load and temperature of a network: C. H. Martin & M. W. Mahoney, arXiv:1710.09553 (2017); eps_replica:
H. S. Seung, H. Sompolinsky & N. Tishby, Phys. Rev. A 45, 6056 (1992); kappa: J. Cohen, Educ. Psychol. Meas. 20, 37
(1960).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import RectBivariateSpline
from scipy.optimize import least_squares

from statmech.theory.perceptron import solve

Array = NDArray[np.float64]

LOADS = (0.3, 20.0)
TEMPERATURES = (0.03, 30.0)


@cache
def replica_table(p: float) -> RectBivariateSpline:
    """eps_g of the spherical student, replica symmetric, as a spline of (ln alpha, ln T) over LOADS x TEMPERATURES."""
    alpha, T = np.geomspace(*LOADS, 24), np.geomspace(*TEMPERATURES, 40)
    eps = solve(alpha[:, None], T[None, :], p, "spherical").eps_g
    return RectBivariateSpline(np.log(alpha), np.log(T), eps, kx=3, ky=3)


@dataclass(frozen=True)
class KnobMap:
    """A fitted map from knobs to (alpha, T) and to the error of the network.

    ln_alpha, ln_T0, slopes: alpha = exp(ln_alpha), ln T = ln_T0 + slopes . knobs.  a, b: eps_g = a + b eps_replica.
    """

    ln_alpha: float
    ln_T0: float
    slopes: tuple[float, ...]
    a: float
    b: float

    def temperature(self, knobs: ArrayLike) -> Array:
        """T of cells with knobs (n, k), kept inside TEMPERATURES."""
        ln_T = self.ln_T0 + np.asarray(knobs, float) @ np.array(self.slopes)
        return np.exp(np.clip(ln_T, *np.log(TEMPERATURES)))

    def predict(self, p: ArrayLike, knobs: ArrayLike) -> Array:
        """eps_g of cells with flip probabilities p (n,) and knobs (n, k)."""
        return self.a + self.b * _replica(self.ln_alpha, np.log(self.temperature(knobs)), np.asarray(p, float))


def fit_map(eps: ArrayLike, error: ArrayLike, p: ArrayLike, knobs: ArrayLike) -> KnobMap:
    """Weighted least squares over A, t_0, t, with a and b solved exactly inside; the best of several starts.

    eps, error: (n,) measured mean errors of cells and their standard errors > 0.  p: (n,) flip probabilities of the
    student, half the share of redrawn labels.  knobs: (n, k), logarithms.

    Example: ``fit_map(eps, error, r / 2, np.log([[lr / batch, updates]])).slopes``
    """
    y, w = np.asarray(eps, float), 1 / np.asarray(error, float)
    flips, K = np.asarray(p, float), np.asarray(knobs, float)
    if not len(y) == len(w) == len(flips) == len(K):
        raise ValueError(f"eps, error, p, knobs have lengths {len(y)}, {len(w)}, {len(flips)}, {len(K)}: expected one")
    low = np.array([np.log(LOADS[0]), -6.0, *[-2.0] * K.shape[1]])
    high = np.array([np.log(LOADS[1]), 6.0, *[2.0] * K.shape[1]])
    centre = K.mean(0)

    def curve(x: Array) -> Array:
        ln_T = np.clip(x[1] + (K - centre) @ x[2:], *np.log(TEMPERATURES))
        return _replica(x[0], ln_T, flips)

    def affine(x: Array) -> tuple[float, float]:
        c = curve(x)
        design = np.stack([w, w * c], 1)
        a, b = np.linalg.lstsq(design, w * y, rcond=None)[0]
        return (float(a), float(b)) if b >= 0 else (float((w**2 * y).sum() / (w**2).sum()), 0.0)

    def misfit(x: Array) -> Array:
        a, b = affine(x)
        return w * (a + b * curve(x) - y)

    best: Any = None
    for ln_alpha in (0.0, 1.0, 2.0):
        for slope in (0.3, -0.3):
            start = np.array([ln_alpha, -1.0, *[slope * (-1) ** k for k in range(K.shape[1])]])
            found = least_squares(misfit, start, bounds=(low, high), x_scale=0.5)
            if best is None or found.cost < best.cost:
                best = found
    x = best.x
    a, b = affine(x)
    return KnobMap(float(x[0]), float(x[1] - centre @ x[2:]), tuple(x[2:].tolist()), a, b)


def fit_smooth(eps: ArrayLike, error: ArrayLike, r: ArrayLike, loss: ArrayLike) -> Callable[[Array, Array], Array]:
    """The rival: weighted quadratic regression of eps on r and ln(training loss); returns f(r, loss).

    Example: ``fit_smooth(eps, error, r, loss)(r, loss)``
    """

    def design(r: Array, loss: Array) -> Array:
        L = np.log(loss)
        return np.stack([np.ones_like(L), r, L, L * L, r * L, r * L * L], 1)

    w = 1 / np.asarray(error, float)
    x = design(np.asarray(r, float), np.asarray(loss, float))
    beta = np.linalg.lstsq(w[:, None] * x, w * np.asarray(eps, float), rcond=None)[0]
    return lambda r, loss: design(np.asarray(r, float), np.asarray(loss, float)) @ beta


def kappa(truth: ArrayLike, predicted: ArrayLike) -> float:
    """Cohen's kappa of two sets of labels: agreement beyond chance, 1 if all agree; NaN if both hold one label only.

    Example: ``kappa([1, -1, 1], [1, -1, 1]) == 1.0``
    """
    a, b = np.asarray(truth), np.asarray(predicted)
    labels = np.union1d(a, b)
    chance = float(sum((a == x).mean() * (b == x).mean() for x in labels))
    return float(((a == b).mean() - chance) / (1 - chance)) if chance < 1 else np.nan


def permutation_p(
    truth: ArrayLike, predicted: ArrayLike, pairs: ArrayLike, permutations: int = 10_000, seed: int = 0
) -> float:
    """Share of permuted maps whose kappa reaches that of the map.

    truth: (k,) signs of the measured changes.  predicted: (n,) predicted errors of the cells.  pairs: (k, 2) the cells
    of each change.  A permuted map gives every cell the prediction of another one.

    Example: ``permutation_p(signs, eps, pairs)``
    """
    eps, (i, j), t = np.asarray(predicted, float), np.asarray(pairs).T, np.asarray(truth)
    found = kappa(t, np.sign(eps[j] - eps[i]))
    rng = np.random.default_rng(np.random.Philox(key=seed))
    reached = 0
    for _ in range(permutations):
        other = rng.permutation(eps)
        reached += not kappa(t, np.sign(other[j] - other[i])) < found
    return (1 + reached) / (1 + permutations)


def _replica(ln_alpha: float, ln_T: Array, p: Array) -> Array:
    out = np.empty(len(ln_T))
    for flip in np.unique(p):
        here = p == flip
        out[here] = replica_table(float(flip)).ev(ln_alpha, ln_T[here])
    return out
