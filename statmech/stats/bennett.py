"""Bennett's acceptance ratio between neighbouring rungs of a ladder."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from statmech.stats.blocks import Blocks, check_ladder

Array = NDArray[np.float64]
OUTSIDE = 50.0  # the root of a pair without overlap is looked for so far beyond its energies


class Bennett(NamedTuple):
    """ln Z (R,) at the temperatures T (R,), and per pair of neighbours the constant a (R - 1,) that was solved for."""

    T: Array
    ln_z: Array
    a: Array


def solve_ratio(x: ArrayLike, counts: ArrayLike, N_b: float) -> float:
    """The a for which sum_i counts_i / (1 + exp(-(a + x_i))) = N_b, x pooled from both sides.

    Raises ValueError unless 0 < N_b < sum of the counts.

    Example: ``solve_ratio([0.0], [2.0], 1.0) == 0.0``
    """
    y, n = np.asarray(x, float), np.asarray(counts, float)
    if not 0 < N_b < n.sum():
        raise ValueError(f"{N_b} of {n.sum()} samples are of one side: expected samples of both")
    shift = float(n @ y / n.sum())
    y = y - shift
    reach = OUTSIDE + np.abs(y).max() + np.log(n.sum())
    root = optimize.brentq(lambda a: float(n @ special.expit(a + y)) - N_b, -reach, reach, xtol=1e-12, rtol=1e-14)
    return float(root) - shift


def bennett(T: ArrayLike, levels: ArrayLike, counts: Any, ln_z_hot: float = 0.0) -> Bennett:
    r"""ln Z at the rungs from histograms of their energies, neighbours by neighbours.

    .. math:: \sum_{E} [n_c(E) + n_h(E)]\,\sigma(a + \Delta\beta E) = N_h, \quad
              \ln\frac{Z_c}{Z_h} = a - \ln\frac{N_h}{N_c}, \quad \Delta\beta = \beta_c - \beta_h

    T (R,), levels (L,), counts (R, L), ln_z_hot as for `mbar.mbar`, of which this is the case of two rungs.  Errors of
    the steps add up, and rungs further apart than neighbours are not used.

    Raises ValueError for shapes that do not fit or a rung without samples.
    Source: C. H. Bennett, J. Comput. Phys. 22, 245 (1976).

    Example: ``bennett([1.0, 2.0], [-1.0, 1.0], [[70, 30], [60, 40]]).ln_z[1] == 0``
    """
    t, E = check_ladder(T), np.asarray(levels, float)
    table = counts.toarray() if hasattr(counts, "toarray") else np.asarray(counts, float)
    if E.ndim != 1 or table.shape != (t.size, E.size) or (table < 0).any() or not (table.sum(1) > 0).all():
        raise ValueError(
            f"levels, counts have shapes {E.shape}, {table.shape}: expected (L,) and ({t.size}, L), with samples at "
            "every temperature"
        )
    beta, N = 1 / t, table.sum(1)
    a = np.empty(t.size - 1)
    for k in range(t.size - 1):
        n = table[k] + table[k + 1]
        a[k] = solve_ratio((beta[k] - beta[k + 1]) * E[n > 0], n[n > 0], N[k + 1])
    return Bennett(t, _ladder(a - np.log(N[1:] / N[:-1]), ln_z_hot), a)


def _ladder(steps: Array, ln_z_hot: float) -> Array:
    """ln Z (..., R) from the differences (..., R - 1) between neighbours."""
    sums = np.cumsum(steps[..., ::-1], axis=-1)[..., ::-1]
    return np.concatenate([sums, np.zeros((*sums.shape[:-1], 1))], axis=-1) + ln_z_hot


def replicates(found: Bennett, blocks: Blocks, multiplicity: Array) -> Array:
    """ln Z (resamples, R) of redrawn blocks: one Newton step per pair, as `mbar.resample`."""
    beta, N = 1 / found.T, multiplicity @ blocks.measurements
    steps = np.empty((len(multiplicity), len(beta) - 1))
    for k, a in enumerate(found.a):
        pair = blocks.counts[k] + blocks.counts[k + 1]
        s = special.expit(a + (beta[k] - beta[k + 1]) * blocks.levels)
        miss = multiplicity @ (pair @ s) - N[:, k + 1]
        slope = multiplicity @ (pair @ (s * (1 - s)))
        with np.errstate(divide="ignore", invalid="ignore"):
            step = np.where(slope > 0, miss / slope, np.nan)
        steps[:, k] = a - step - np.log(N[:, k + 1] / N[:, k])
    return _ladder(steps, found.ln_z[-1])
