"""Entropy as a function of energy, its Legendre transforms, and two phases in one histogram."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from statmech.stats.blocks import cut
from statmech.stats.mbar import mbar, probabilities, resample

Array = NDArray[np.float64]


class Entropy(NamedTuple):
    """S(E) = ln(number of configurations) and its standard error at energies E, (X,) each."""

    E: Array
    S: Array
    error: Array


class Coexistence(NamedTuple):
    """Two phases with one tangent: at T = 1/S' their energies E_low < E_high, latent heat E_high - E_low, and by how
    much S lies below the tangent in between (the ln of the barrier)."""

    T: float
    E_low: float
    E_high: float
    latent_heat: float
    depth: float


def entropy(
    T: ArrayLike, E: ArrayLike, ln_z_hot: float = 0.0, *, bins: int | None = None, quantum: float | None = None,
    resamples: int = 400, seed: int = 0,
) -> Entropy:  # fmt: skip
    r"""Microcanonical entropy S(E) = ln g(E) from energies along a ladder, one disorder sample.

    .. math:: g(E) = \frac{n(E)}{\sum_k N_k e^{-\beta_k E}/Z_k}, \qquad Z(\beta) = \sum_E g(E) e^{-\beta E}

    T, E:     ladder (R,), increasing, and total energies (R, K, M)
    ln_z_hot: ln Z at the hottest rung (n ln 2 at T = inf for Ising spins); it shifts S
    bins:     None: one value per level, for discrete energies; else so many equal bins, empty ones left out
    error:    blocked bootstrap as in `reweighting.reweight`

    Raises ValueError for shapes that do not fit or bins < 2.

    Example: ``entropy([1.0, 2.0], np.random.default_rng(0).integers(0, 3, (2, 4, 100))).S.shape == (3,)``
    """
    blocks = cut(T, E, quantum)
    found = mbar(blocks.T, blocks.levels, blocks.rungs, ln_z_hot)
    if bins is None:
        centres, group = blocks.levels, np.arange(len(blocks.levels))
    else:
        if isinstance(bins, bool) or not isinstance(bins, int | np.integer) or bins < 2:
            raise ValueError(f"bins = {bins!r}: expected an integer >= 2, or None for one value per level")
        edges = np.linspace(blocks.levels[0], blocks.levels[-1], bins + 1)
        place = np.clip(np.searchsorted(edges, blocks.levels, side="right") - 1, 0, bins - 1)
        used, group = np.unique(place, return_inverse=True)
        centres = (edges[1:] + edges[:-1])[used] / 2
    X = len(centres)
    top = np.full(X, -np.inf)
    np.maximum.at(top, group, found.ln_g)
    relative = np.exp(found.ln_g - top[group])
    total = np.bincount(group, relative, X)
    pooled = blocks.pooled
    n = np.asarray(pooled.sum(axis=0), float).ravel()
    p, _ = probabilities(found.a, blocks.beta, blocks.levels - n @ blocks.levels / n.sum())
    drawn = blocks.multiplicities(resamples, seed)
    change = resample(found, blocks, drawn)
    slope = np.stack([np.bincount(group, relative * p_j, X) for p_j in p.T], 1) / total[:, None]
    table = pooled.tocoo()
    block, level = table.coords
    mass = np.zeros((blocks.size, X))
    np.add.at(mass, (block, group[level]), table.data * (relative / n)[level])
    # ln Z of the hottest rung is given: ln g moves with a of that rung, which `resample` holds, and with its ln N
    ln_n = np.log(drawn @ blocks.measurements[:, -1]) - np.log(blocks.measurements[:, -1].sum())
    with np.errstate(divide="ignore"):
        copies = np.log(drawn @ mass) - change @ slope.T - ln_n[:, None]
    seen = np.isfinite(copies).all(0)  # a level of very few blocks is missing from some draws: no error bar
    error = np.full(X, np.nan)
    error[seen] = blocks.spread(copies[:, seen])
    return Entropy(centres, top + np.log(total), error)


def canonical_free_energy(E: ArrayLike, S: ArrayLike, T: ArrayLike) -> Array:
    """F(T) = -T ln sum_E exp(S(E) - E/T), shape of T (finite, > 0).

    Example: ``round(float(canonical_free_energy([0.0], [np.log(2)], 1.0)), 4) == -0.6931``
    """
    e, s, t = _curve(E, S), np.asarray(S, float), _positive(T)
    exponent = s - e / t[..., None]
    top = exponent.max(-1)
    return -t * (top + np.log(np.exp(exponent - top[..., None]).sum(-1)))


def legendre_free_energy(E: ArrayLike, S: ArrayLike, T: ArrayLike) -> Array:
    """Legendre-Fenchel transform F(T) = min_E [E - T S(E)], shape of T (finite, > 0).

    It is the canonical free energy up to ln of the number of energies that count, and sees only the concave hull of S.

    Example: ``float(legendre_free_energy([0.0, 1.0], [0.0, 2.0], 1.0)) == -1.0``
    """
    e, s, t = _curve(E, S), np.asarray(S, float), _positive(T)
    return (e - t[..., None] * s).min(-1)


def legendre_entropy(T: ArrayLike, F: ArrayLike, E: ArrayLike) -> Array:
    """Legendre-Fenchel transform back, S(E) = min_T [E - F(T)] / T over the temperatures given, shape of E.

    S of `legendre_free_energy` comes back as its concave hull (with temperatures dense enough); a canonical F gives
    the canonical entropy at the mean energy.

    Example: ``float(legendre_entropy([0.5, 1.0], [-1.0, -1.5], 0.0)) == 1.5``
    """
    t, f = _positive(T), np.asarray(F, float)
    if t.ndim != 1 or f.shape != t.shape:
        raise ValueError(f"T, F have shapes {t.shape}, {f.shape}: expected the same temperatures, one axis")
    return ((np.asarray(E, float)[..., None] - f) / t).min(-1)


def concave_hull(E: ArrayLike, S: ArrayLike) -> NDArray[np.intp]:
    """Indices of the points of S(E) on its least concave majorant, both ends included.

    Example: ``concave_hull([0.0, 1.0, 2.0], [0.0, 0.1, 1.0]).tolist() == [0, 2]``
    """
    e, s = _curve(E, S), np.asarray(S, float)
    kept: list[int] = []
    for i in range(e.size):
        while len(kept) > 1:
            a, b = kept[-2], kept[-1]
            if (s[b] - s[a]) * (e[i] - e[b]) > (s[i] - s[b]) * (e[b] - e[a]):
                break
            kept.pop()
        kept.append(i)
    return np.array(kept, np.intp)


def maxwell(E: ArrayLike, S: ArrayLike, error: ArrayLike | None = None, *, least: float = 3.0) -> list[Coexistence]:
    """Maxwell construction: stretches of S(E) below its concave hull, the deepest first.

    error: standard errors of S; a dip counts if its deepest point lies more than `least` errors below the hull (noise
           makes many small ones).  Without errors: if it is more than `least` deep, in units of k_B.

    The slope of the common tangent is 1/T: phases of equal max_E [S - E/T], a difference of order (ln N)/N in T to the
    temperature of equal weights.  Dips where S falls (T < 0) count as well.

    Example: ``maxwell([0.0, 1.0, 2.0], [0.0, 0.1, 1.0], [1e-3] * 3)[0].T == 2.0``
    """
    e, s = _curve(E, S), np.asarray(S, float)
    noise = np.where(np.isfinite(error), error, np.inf) if error is not None else None
    hull = concave_hull(e, s)
    found = []
    for a, b in pairwise(hull):
        if b - a < 2:
            continue
        slope = (s[b] - s[a]) / (e[b] - e[a])
        below = s[a] + slope * (e[a + 1 : b] - e[a]) - s[a + 1 : b]
        # the ends of the tangent are noisy too
        unit = 1.0 if noise is None else np.hypot(noise[a + 1 : b], max(noise[a], noise[b]))
        if (below > least * unit).any():
            T = 1 / slope if slope else float("inf")
            found.append(Coexistence(float(T), float(e[a]), float(e[b]), float(e[b] - e[a]), float(below.max())))
    return sorted(found, key=lambda c: -c.depth)


def _curve(E: ArrayLike, S: ArrayLike) -> Array:
    e = np.asarray(E, float)
    if e.ndim != 1 or e.shape != np.shape(S) or not e.size or not (np.diff(e) > 0).all():
        raise ValueError(f"E, S have shapes {e.shape}, {np.shape(S)}: expected one axis, E increasing")
    return e


def _positive(T: ArrayLike) -> Array:
    t = np.asarray(T, float)
    if not ((t > 0) & np.isfinite(t)).all():
        raise ValueError(f"T = {t.tolist()}: expected finite temperatures > 0")
    return t
