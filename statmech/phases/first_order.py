"""The first-order transition of the Ising student to its teacher, from the free energy of the poor branch.

The teacher is a golf hole: one configuration, no path of falling energy to it, and no histogram with two peaks.  So
ln Z of all other students is integrated from beta = 0, where they are all but one of 2^N, with chains that sit in the
hole left out; the transition is where its disorder mean equals that of the teacher, -beta E(teacher).
Gyorgyi, PRA 41, 7097 (1990); Sompolinsky, Tishby & Seung, PRL 65, 1683 (1990).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from statmech.core import Disorder
from statmech.spec import Model
from statmech.stats.scaling import Crossing
from statmech.stats.thermodynamics import integrate

Array = NDArray[np.float64]
TEACHER = 0.9  # overlap that counts as the teacher's: between it and 1 there is next to nothing
RESAMPLES = 400


def _away(model: Model, disorder: Disorder, s: np.ndarray) -> np.ndarray:
    return (np.asarray(model.observe(disorder, s)["R"]) < TEACHER).astype(float)


def _away_energy(model: Model, disorder: Disorder, s: np.ndarray) -> np.ndarray:
    return _away(model, disorder, s) * np.asarray(model.energy(disorder, s)) / model.n


POOR: Mapping[str, Callable[..., np.ndarray]] = {"away": _away, "away_e": _away_energy}
"""Observables of a MonteCarlo run of a Perceptron: is the student elsewhere than the teacher, and its energy there."""


def poor_energy(away: ArrayLike, away_e: ArrayLike) -> Array:
    """Energy per weight of the students that are not the teacher, <away e>/<away>; NaN where all chains are in it.

    Example: ``poor_energy(results["away"], results["away_e"])``
    """
    share, energy = np.asarray(away, float), np.asarray(away_e, float)
    return energy / np.where(share > 0, share, np.nan)


def teacher_transition(T: ArrayLike, e: ArrayLike, e_inf: float, e_teacher: ArrayLike = 0.0, seed: int = 0) -> Crossing:
    """Temperature where the mean free energies of the poor branch and of the teacher meet, with its bootstrap error.

    f_poor(T) = -T ln 2 + T int_0^beta e dbeta' is compared with e_teacher: 0 without label noise.

    T (T,): increasing; the hottest so high that e is linear in beta beyond.  e (samples, T): energies of the poor
    branch, see `poor_energy`; NaN ends the sample there and below.  e_inf: energy at beta = 0, alpha/2.  e_teacher: one
    number, or (samples,).

    Raises ValueError if e has another shape; NaN where the curves do not meet.

    Example: ``teacher_transition([0.5, 1.0, 4.0], [[0.1, 0.5, 0.8]], e_inf=1.0)``
    """
    t, energy = np.asarray(T, float), np.asarray(e, float)
    if energy.ndim != 2 or energy.shape[1] != t.size:
        raise ValueError(f"e has shape {energy.shape}: expected (samples, {t.size}), one row a sample")
    known = np.flip(np.cumprod(np.flip(np.isfinite(energy), 1), 1), 1) > 0
    gap = np.full(energy.shape, np.nan)
    target = np.broadcast_to(np.asarray(e_teacher, float), energy.shape[:1])
    for row, values, keep, level in zip(gap, energy, known, target):
        if keep.sum() >= 3:
            row[keep] = integrate(t[keep], values[keep], e_inf=e_inf)[0] - level

    def root(rows: NDArray[np.intp]) -> float:
        chosen = gap[rows]
        count = np.isfinite(chosen).sum(0)
        y = np.where(count > 0, np.nansum(chosen, 0) / np.maximum(count, 1), np.nan)
        ok = count > len(rows) / 2
        cold, x = y[ok], t[ok]
        change = np.flatnonzero((cold[:-1] > 0) & (cold[1:] <= 0))  # f_poor falls with T
        if not change.size:
            return float("nan")
        k = int(change[0])
        return float(x[k] + cold[k] * (x[k + 1] - x[k]) / (cold[k] - cold[k + 1]))

    S = len(energy)
    rng = np.random.default_rng(seed)
    repeats = [root(rng.integers(0, S, S)) for _ in range(RESAMPLES)]
    error = float(np.nanstd(repeats)) if np.isfinite(repeats).any() else float("nan")
    return Crossing(root(np.arange(S)), error)
