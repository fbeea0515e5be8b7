"""Where the temperatures of a ladder go: equal rejection between neighbours, and as many rungs as pay.

The exchange of two rungs is rejected at a rate r that grows with their distance.  The communication barrier Lambda is
the additive distance behind it: the sum of r over ever finer ladders (Syed, Bouchard-Cote, Deligiannidis & Doucet,
JRSS B 84, 321 (2022)).  For Gaussian energies, as of large systems,

    r = erf(sqrt(pi) Lambda / 2),     Lambda = L / sqrt(pi),     L = int sqrt(Var E) dbeta  (thermal length)

and a ladder of n steps with rejections r_t makes 1 / (2 + 2 sum_t r_t / (1 - r_t)) round trips per exchange, if its
walkers forget their energy between exchanges (their theorem 3).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
MOST = 256
"""A tuned ladder has no more rungs."""
RELIABLE = 0.9
"""Above this rejection the thermal length decides: rates of rare exchanges say only that they are rare."""
LEAST = 1e-3
"""Two rungs are at least so far apart, also if no exchange between them was rejected."""
SHARES = (16, 16, 8, 4, 2)
"""Lengths of the rounds of tuning: total / share."""

Trial = Callable[[Array, int, int], tuple[Array, Array]]
"""(ladder, round, sweeps) -> (rejected share (R-1,), energies (samples, R)) of the second half of a run."""


def rejection(distance: ArrayLike) -> Array:
    """Rejected share of the exchanges of two rungs at a distance Lambda, Gaussian energies: erf(sqrt(pi) Lambda / 2).

    Example: ``round(float(rejection(0.5)), 3) == 0.469``
    """
    from scipy.special import erf

    return erf(np.sqrt(np.pi) / 2 * np.asarray(distance, float))


def distances(beta: ArrayLike, rejected: ArrayLike, energy: ArrayLike) -> Array:
    """Distance Lambda of neighbouring rungs (R-1,), from what was measured on them.

    From the rejected share r (R-1,) by the formula above up to r = 0.9.  Beyond, where exchanges are too rare to be
    counted, from the mean energies (samples, R): L^2 = (beta_a - beta_b)(E_b - E_a), the symmetric relative entropy of
    the two rungs, which also sees a latent heat between them; L averaged over samples.

    beta (R,): inverse temperatures of the ladder, coldest first.

    Example: ``distances([2.0, 1.0], [0.0], [[-1.0, -1.0]]).tolist() == [0.001]``
    """
    from scipy.special import erfinv

    r, E = np.asarray(rejected, float), np.asarray(energy, float)
    counted = 2 / np.sqrt(np.pi) * erfinv(np.minimum(r, RELIABLE))
    length = np.sqrt(np.maximum(-np.diff(np.asarray(beta, float)) * np.diff(E, axis=-1), 0)).mean(0)
    return np.maximum(np.where(r > RELIABLE, np.maximum(counted, length / np.sqrt(np.pi)), counted), LEAST)


def delay(steps: ArrayLike, gaps: ArrayLike) -> Array:
    """sum r / (1 - r) over gaps (J,) of given distance that are divided into `steps` (J,) equal steps, per gap (J,).

    Beyond a distance of 10, where it is above 10^30, it goes on as a power, so that it stays finite and increases.

    Example: ``round(float(delay(2, 1.0)), 3) == 1.767``
    """
    from scipy.special import erfc

    steps, d = np.asarray(steps), np.asarray(gaps) / np.asarray(steps)
    near = np.minimum(d, 10.0)
    return steps * rejection(near) / erfc(np.sqrt(np.pi) / 2 * near) * np.maximum(d / 10, 1.0) ** 64


def divide(gaps: ArrayLike, rungs: int | None = None) -> NDArray[np.int64]:
    """Steps per gap (J,) of a ladder whose fixed rungs are `gaps` (J,) apart, in units of Lambda.

    rungs:      their number in all, those at the ends of the gaps included; None takes the number that makes the most
                round trips per sweep of one walker, 1 / [R (1 + sum r / (1 - r))], at most 256.  Without fixed rungs
                inside that is about 3/2 Lambda + 1, r = 0.6 (their 2 Lambda + 1, r = 1/2, takes r = Lambda / (R-1))

    Every further rung goes where it shortens the delay most: the best ladder of each size, the delay being convex.

    Example: ``divide([2.0]).tolist() == [3] and divide([1.0, 2.0], 4).tolist() == [1, 2]``
    """
    gaps = np.asarray(gaps, float)
    steps = np.ones(gaps.size, np.int64)
    here, finer = delay(steps, gaps), delay(steps + 1, gaps)
    best, cost = steps.copy(), np.inf
    for R in range(gaps.size + 1, (rungs or MOST) + 1):
        if rungs is None and R * (1 + here.sum()) < cost:
            best, cost = steps.copy(), R * (1 + here.sum())
        if rungs == R:
            return steps
        j = int(np.argmax(here - finer))
        steps[j] += 1
        here[j], finer[j] = finer[j], delay(steps[j] + 1, gaps[j])
    return best


def place(anchors: ArrayLike, ladder: ArrayLike, distance: ArrayLike, rungs: int | None = None) -> Array:
    """A better ladder of temperatures, from the distances Lambda of the neighbouring rungs of one.

    anchors:    temperatures (J+1,) that stay rungs, increasing; part of the ladder, the first and the last its ends
    ladder:     temperatures (R,), increasing; inf allowed
    distance:   Lambda (R-1,) of its neighbours, > 0
    rungs:      number of rungs of the new ladder, or None: see `divide`

    New rungs divide the gaps between anchors into equal steps of Lambda, beta(Lambda) being interpolated by a monotone
    cubic.  They are rounded to six digits, so that the last bit of a machine's library decides nothing.

    Example: ``place([1.0, 2.0], [1.0, 2.0], [1.0], 3).tolist() == [1.0, 1.33333, 2.0]``
    """
    from scipy.interpolate import PchipInterpolator

    T, fixed = np.asarray(ladder, float), np.asarray(anchors, float)
    x = np.concatenate([[0.0], np.cumsum(distance)])
    inverse = PchipInterpolator(x, 1 / T)
    ends = x[np.searchsorted(T, fixed)]
    out = [fixed]
    for a, b, steps in zip(ends[:-1], ends[1:], divide(np.diff(ends), rungs)):
        out.append(np.array([float(f"{1 / inverse(a + (b - a) * k / steps):.6g}") for k in range(1, steps)]))
    new = np.unique(np.concatenate(out))
    return new[(new >= fixed[0]) & (new <= fixed[-1])]


def first_ladder(anchors: ArrayLike, rungs: int | None = None) -> Array:
    """The ladder that tuning begins with: rungs equally spaced in beta between the anchors, 16 at least.

    Example: ``first_ladder([1.0, 2.0], 3).tolist() == [1.0, 1.33333, 2.0]``
    """
    T = np.asarray(anchors, float)
    spacing = -np.diff(1 / T)
    return place(T, T, np.maximum(4 * spacing / spacing.sum(), LEAST), rungs or max(16, T.size))


def tune(anchors: ArrayLike, trial: Trial, sweeps: int, rungs: int | None = None) -> Array:
    """The ladder after five rounds of measuring and placing, on 1/16, 1/16, 1/8, 1/4 and 1/2 of the `sweeps`.

    anchors:    temperatures that must be rungs, increasing, at least two
    trial:      (ladder, round, sweeps) -> (rejected shares (R-1,), mean energies (samples, R))
    rungs:      number of rungs, or None for the best one

    Example: ``tune([1.0, 2.0], lambda T, k, n: (np.full(len(T) - 1, 0.5), np.zeros((1, len(T)))), 64, 3).size == 3``
    """
    ladder = first_ladder(anchors, rungs)
    for number, share in enumerate(SHARES):
        rejected, energy = trial(ladder, number, sweeps // share)
        ladder = place(anchors, ladder, distances(1 / ladder, rejected, energy), rungs)
    return ladder
