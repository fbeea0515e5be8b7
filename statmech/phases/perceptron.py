"""The phases of a learner, each defined by what a simulation can measure.

    perfect         every random start found the teacher: R = 1
    coexistence     teacher starts stay at R = 1, random starts stay below: both branches are metastable, and which one
                    is stable is decided by free energies, not by this run
    poor            both starts agree on R < 1
    memorising      eps_t < p: the student fits noisy labels better than the teacher does (T < T_N)
    over_training   d eps_g / dT < 0: hotter students generalise better (T < T_opt)
    over_averaged   d eps_avg / dT < 0: so do their averages (T < T_N in equilibrium)
    glass           below the AT or the zero-entropy line of the theory, and R below its replica-symmetric value or
                    chains that do not come to rest; never from q > 0 alone
    unequilibrated  no rest, and no theory says why

The first three exclude each other; memorising, over-training and over-averaged are different lines and may all hold.
Inequalities count at three standard errors over disorder; a slope is that between the two neighbouring temperatures,
sample by sample (all temperatures share their samples).  Seung, Sompolinsky & Tishby, PRA 45, 6056 (1992); Opper,
Kinzel, Kleinz & Nehl, J. Phys. A 23, L581 (1990); Engel & Van den Broeck (2001), ch. 4-7.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from statmech.core import Variable
from statmech.names import STATUS
from statmech.phases.labels import PhaseMap
from statmech.results import Results
from statmech.stats.jackknife import jackknife

PERFECT = 0.99  # overlap with the teacher that counts as found
ORDER = ("poor", "memorising", "over_training", "coexistence", "perfect", "unequilibrated", "glass")
WORDS = tuple(name.replace("_", "-") for name in ORDER)  # of a label; later ones win
USED = ("alpha", "T", "start", "disorder", "status", "R", "q", "eps_t", "eps_g")


@dataclass(frozen=True)
class LearnerPhases:
    """Boolean maps over (alpha, T), axes as named in `dims`; see the module for their meaning."""

    alpha: np.ndarray
    T: np.ndarray
    perfect: np.ndarray
    coexistence: np.ndarray
    poor: np.ndarray
    memorising: np.ndarray
    over_training: np.ndarray
    over_averaged: np.ndarray
    glass: np.ndarray
    unequilibrated: np.ndarray
    dims: tuple[str, str] = field(default=("alpha", "T"))

    def label(self) -> np.ndarray:
        """One word per cell (alpha, T), the most telling one: glass before perfect before over-training before poor."""
        out = np.full(self.poor.shape, "", dtype=object)
        for name, word in zip(ORDER, WORDS, strict=True):
            out[getattr(self, name)] = word
        return out


def learner_phases(results: Results, p: float, theory: Any = None, sigmas: float = 3.0) -> LearnerPhases:
    """Phases of a perceptron student from results over (alpha, T, disorder, start), other axes of length one or none.

    p: flip probability of the labels.  theory: a PerceptronTheory for the glass, None leaves it out.  The class of
    starts "random" decides; "teacher", if it was run, tells coexistence from poor generalisation.

    Raises ValueError if R, eps_t, eps_g or an axis is missing.

    Example: ``learner_phases(statmech.load("results/map.h5"), p=0.1).over_training``
    """
    return _decide(results, p, *_lines(results, theory), sigmas)


def learner_map(
    results: Results, p: float, theory: Any = None, sigmas: float = 3.0, resamples: int = 100, seed: int = 0
) -> PhaseMap:
    """The words of `LearnerPhases.label` with their probabilities over (alpha, T), by bootstrap over samples.

    Arguments as for `learner_phases`.  A repeat draws the samples with replacement, the same for all cells; its thermal
    noise is that of the samples.  With one sample only every probability is 0 or 1.

    Example: ``learner_map(results, p=0.1).where("poor", least=0.9)``
    """
    lines = _lines(results, theory)
    count = _ordered(results, "status", None).shape[-1]
    rng = np.random.default_rng(seed)
    votes = np.zeros((len(results["alpha"]), len(results["T"]), len(WORDS)))
    for _ in range(resamples):
        rows = rng.integers(0, count, count)
        drawn = {
            name: Variable(v.dims, np.take(v.data, rows, v.dims.index("disorder")), v.attrs)
            if "disorder" in v.dims else v
            for name, v in results.variables.items() if name in USED
        }  # fmt: skip
        votes += _decide(Results(drawn), p, *lines, sigmas).label()[..., None] == np.array(WORDS, dtype=object)
    return PhaseMap(WORDS, votes / resamples, {"alpha": results["alpha"], "T": results["T"]})


def _lines(results: Results, theory: Any) -> tuple[np.ndarray | None, np.ndarray | None]:
    """What theory says of every cell: R of the poor branch, and whether a glass may be there."""
    if theory is None:
        return None, None
    alpha, T = results["alpha"], results["T"]
    return _expected(theory, alpha, T), _below_glass_lines(theory, alpha, T)


def _decide(
    results: Results, p: float, expected: np.ndarray | None, below: np.ndarray | None, sigmas: float
) -> LearnerPhases:
    alpha, T = results["alpha"], results["T"]
    random, informed = _start(results, "random"), _start(results, "teacher")
    R, eps_t, eps_g = (_samples(results, name, random) for name in ("R", "eps_t", "eps_g"))
    status = _ordered(results, "status", None)
    resting = ((status == STATUS["done"]) | (status == STATUS["restricted"])).mean(-1) > 0.5
    mean_R = R.mean(-1)
    found = np.asarray((R > PERFECT).all(-1))
    held = found if informed is None else (_samples(results, "R", informed) > PERFECT).all(-1)
    glass = np.zeros(found.shape, bool)
    if expected is not None and below is not None:
        glass = below & ~found & (~resting | _below(R - expected, sigmas))
    rest = resting & ~glass
    averaged = [_samples(results, name, random) for name in ("R", "q")]
    return LearnerPhases(
        alpha=alpha,
        T=T,
        perfect=found,
        coexistence=rest & held & ~found,
        poor=rest & ~held,
        memorising=rest & ~found & _below(eps_t - p, sigmas),
        over_training=rest & _falling(eps_g[None], lambda x: x, sigmas),
        over_averaged=rest & (mean_R > 0) & _falling(np.stack(averaged), lambda R, q: -R / np.sqrt(np.abs(q)), sigmas),
        glass=glass,
        unequilibrated=~resting & ~glass & ~found,
    )


def _start(results: Results, name: str) -> int | None:
    kinds = [str(s).partition(":")[0] for s in results["start"]]
    if name == "random" and name not in kinds:
        raise ValueError(f"the results have the starts {', '.join(kinds)}: expected one class of random starts")
    return kinds.index(name) if name in kinds else None


def _ordered(results: Results, name: str, start: int | None) -> np.ndarray:
    """A variable as (alpha, T, disorder); other axes must have length one."""
    if name not in results:
        raise ValueError(f"the results have no {name!r}: expected those of a perceptron with a teacher")
    data, dims = results[name], results.dims(name)
    if start is not None:
        data = np.take(data, start, dims.index("start"))
        dims = tuple(d for d in dims if d != "start")
    for dim in ("alpha", "T", "disorder"):
        if dim not in dims:
            raise ValueError(f"{name!r} has the axes {', '.join(dims)}: expected alpha, T and disorder")
    long = [d for d in dims if d not in ("alpha", "T", "disorder") and data.shape[dims.index(d)] > 1]
    if long:
        raise ValueError(f"{name!r} varies along {', '.join(long)}: choose one value with results.sel")
    order = [dims.index(d) for d in ("alpha", "T", "disorder")]
    rest = [k for k in range(data.ndim) if k not in order]
    return data.transpose(order + rest).reshape([data.shape[k] for k in order])


def _samples(results: Results, name: str, start: int | None) -> np.ndarray:
    return _ordered(results, name, start).astype(float)


def _below(difference: np.ndarray, sigmas: float) -> np.ndarray:
    """Is the average over samples (last axis) below zero by so many standard errors?"""
    mean, error = jackknife(difference, axis=-1)
    return mean < -sigmas * np.where(np.isnan(error), np.inf, error)


def _falling(parts: np.ndarray, function: Any, sigmas: float) -> np.ndarray:
    """Does function(averages of the parts) fall with T, between the neighbouring temperatures, significantly?

    parts (k, alpha, T, disorder).  At the ends of the ladder the slope is that to the one neighbour.
    """
    T = parts.shape[2]
    low, high = np.maximum(np.arange(T) - 1, 0), np.minimum(np.arange(T) + 1, T - 1)

    def step(*averages: np.ndarray) -> np.ndarray:
        k = len(averages) // 2
        return function(*averages[k:]) - function(*averages[:k])

    both = (*(x[:, low] for x in parts), *(x[:, high] for x in parts))
    mean, error = jackknife(both, step, axis=-1)
    return mean < -sigmas * np.where(np.isnan(error), np.inf, error)


def _expected(theory: Any, alpha: np.ndarray, T: np.ndarray) -> np.ndarray:
    """Replica-symmetric R (alpha, T, 1) of the poor branch; 1 where it does not exist."""
    R = theory.predict(alpha[:, None], T[None, :], branch="poor")["R"]
    return np.where(np.isnan(R), 1.0, R)[..., None]


def _below_glass_lines(theory: Any, alpha: np.ndarray, T: np.ndarray) -> np.ndarray:
    """Below the AT or the zero-entropy line, whichever is higher (alpha, T)."""
    lines = [line(alpha) for name, line in theory.lines().items() if name in ("T_AT", "T_s0")]
    highest = np.nanmax(np.where(np.isnan(lines), -np.inf, lines), axis=0) if lines else np.full(len(alpha), -np.inf)
    return T[None, :] < highest[:, None]
