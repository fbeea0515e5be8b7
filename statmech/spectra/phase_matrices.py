"""Random matrices of known spectral phase, drawn from stated classes: what the phase label is fitted to and tried on.

The classes, their margins, densities and generators are data (data/spectra/phase_classes.json, passed in as a mapping);
here is how a matrix is made of them.  The second family shares no generator with the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from statmech.random import derive_key
from statmech.spectra import ensembles
from statmech.spectra.ensembles import Matrix

PHASES = ("Random-like", "Bleeding-out", "Bulk+Spikes", "Bulk-decay", "Heavy-Tailed", "Rank-collapse")
"""In the order of Martin & Mahoney: the signal in W = W_rand + Delta_sig grows along the list."""


@dataclass(frozen=True)
class Drawn:
    """A matrix W (n, m) with its true phase.

    what: the parameters it was drawn with, in words.  between: do they lie between the margins?
    """

    W: Matrix
    phase: str
    what: str
    between: bool = False


def within(classes: Mapping[str, Any], phase: str, n: int, m: int, seed: int, second: bool = False) -> Drawn:
    """A matrix within the margins of a phase; second: by the generators that calibration never sees.

    classes: the content of phase_classes.json.

    Example: ``within(classes, "Bleeding-out", 300, 200, seed=0).W``
    """
    if phase not in PHASES:
        raise ValueError(f"phase = {phase!r}: expected one of {', '.join(PHASES)}")
    margins, rng = classes["classes"][phase], _generator("within", phase, n, m, seed, second)
    if "mu" in margins:
        mu = rng.uniform(*margins["mu"])
        return Drawn(_tail(rng, n, m, mu, second), phase, f"mu={mu:.3f}")
    if "rank" in margins:
        rank = int(rng.uniform(*margins["rank"]) * m)
        return Drawn(_collapsed(rng, n, m, max(rank, 1), second), phase, f"rank={rank / m:.3f}")
    t = np.empty(0)
    if "spikes" in margins:
        fewest, most = margins["spikes"]
        low, high = margins["t"]
        t = rng.random(rng.integers(fewest, min(most, max(m // 20, fewest)) + 1))
        t = low * (high / low) ** t if phase == "Bulk+Spikes" else low + (high - low) * t
    return Drawn(_spiked(rng, n, m, t, second), phase, f"t={np.round(t, 3).tolist()}")


def between(classes: Mapping[str, Any], n: int, m: int, seed: int) -> Drawn:
    """A matrix between the margins, from one of the rows of `classes`; its phase is the side of the row's boundary."""
    rng = _generator("between", n, m, seed)
    rows = classes["between"]["rows"]
    k = int(rng.integers(len(rows)))
    row, (low, high) = rows[k], rows[k]["range"]
    if row["parameter"] == "mu":
        x = 1 / rng.uniform(1 / high, 1 / low) if low >= 4 else rng.uniform(low, high)
        W = ensembles.slash(n, m, x, _seed(rng)) if low >= 4 else _tail(rng, n, m, x, False)
        text = f"mu={x:.3f}"
    elif row["parameter"] == "rank":
        rank = int(rng.integers(int(low * m), m))
        x, W, text = rank / m, _collapsed(rng, n, m, rank, False), f"rank={rank / m:.3f}"
    else:
        ladder = low >= 2  # one strong spike with any others beneath it
        x = np.exp(rng.uniform(*np.log((low, high)))) if ladder else rng.uniform(low, high)
        count = int(rng.integers(2, max(2, min(10, m // 20)) + 1)) if ladder else int(rng.integers(1, 4))
        floor = 1 if low >= 1 else 0
        others = rng.uniform(size=count - 1)
        t = np.append(x, x**others if ladder else floor + (x - floor) * others)
        W, text = _spiked(rng, n, m, np.sort(t)[::-1], False), f"t={np.round(t, 3).tolist()}"
    return Drawn(W, row["below"] if x < row["boundary"] else row["above"], text, between=True)


def whole_range(classes: Mapping[str, Any], seed: int) -> Drawn:
    """A matrix of the population that probabilities are calibrated on: any shape, within the margins or between.

    Example: ``whole_range(classes, seed=0).phase``
    """
    rng, shapes = _generator("whole range", seed), classes["shapes"]["calibration"]
    while True:
        m, Q = (float(np.exp(rng.uniform(*np.log(shapes[name])))) for name in ("M", "Q"))
        n, columns = round(Q * round(m)), round(m)
        if n * columns <= shapes["largest"]:
            break
    if rng.random() < classes["between"]["share"]:
        return between(classes, n, columns, seed)
    return within(classes, PHASES[rng.integers(len(PHASES))], n, columns, seed)


def _generator(*parts: Any) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=derive_key("phase matrices", *parts)))


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**62))


def _spiked(rng: np.random.Generator, n: int, m: int, t: Matrix, second: bool) -> Matrix:
    """Noise plus spikes of strengths t in units of the visible one, Q^(-1/4)."""
    S = t * (m / n) ** 0.25
    if not second:
        return ensembles.spiked(n, m, S, _seed(rng)) if len(S) else ensembles.gaussian(n, m, _seed(rng))
    W = (ensembles.signs, ensembles.uniform)[rng.integers(2)](n, m, _seed(rng))
    left, right = (("signs", "signs"), ("sparse", "sparse"), ("cosine", "signs"))[rng.integers(3)]
    u, v = _vectors(rng, n, len(S), left), _vectors(rng, m, len(S), right)
    return np.asarray(W + np.sqrt(n) * (u * S) @ v.T, np.float64)


def _vectors(rng: np.random.Generator, size: int, count: int, kind: str) -> Matrix:
    """`count` structured vectors (size, count), then made orthonormal so that their strengths are the stated ones."""
    if kind == "cosine":
        v = np.cos(np.pi * np.outer(np.arange(size) + 0.5, np.arange(1, count + 1)) / size)
    else:
        v = 1.0 - 2.0 * rng.integers(0, 2, (size, count))
        if kind == "sparse":
            v *= np.argsort(rng.random((size, count)), axis=0) < max(size // 10, 1)
    return np.asarray(np.linalg.qr(v)[0], np.float64)


def _tail(rng: np.random.Generator, n: int, m: int, mu: float, second: bool) -> Matrix:
    """Entries with tail exponent mu by one of the family's generators."""
    seed = _seed(rng)
    if not second:
        kind = rng.integers(6 if mu < 1.8 else 5)
        if kind < 2:
            return ensembles.pareto(n, m, mu, kind == 0, seed)
        symmetric = ensembles.symmetric_pareto
        return (symmetric, symmetric, ensembles.slash, ensembles.levy)[kind - 2](n, m, mu, seed)
    return (ensembles.student_t, ensembles.log_logistic)[rng.integers(2)](n, m, mu, seed)


def _collapsed(rng: np.random.Generator, n: int, m: int, rank: int, second: bool) -> Matrix:
    """A matrix of the given rank."""
    if not second:
        return ensembles.rank_collapsed(n, m, rank, _seed(rng))
    kind = rng.integers(3)
    W = ensembles.gaussian(n, m, _seed(rng))
    if kind == 0:
        return rng.standard_normal((n, rank)) @ W[:rank]
    if kind == 1:
        W[:, rank:] = 0
    else:
        W[:, rank:] = W[:, rng.integers(0, rank, m - rank)]
    return W[:, rng.permutation(m)]
