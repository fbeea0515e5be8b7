"""Any observable at any temperature inside a ladder, from the samples of all rungs together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from statmech.stats.blocks import cut
from statmech.stats.mbar import mbar, probabilities, resample

Array = NDArray[np.float64]


class Reweighted(NamedTuple):
    """Mean (X,) at temperatures T (X,), its standard error, and the effective number of independent samples."""

    T: Array
    mean: Array
    error: Array
    ess: Array


def reweight(
    T: ArrayLike, E: ArrayLike, values: ArrayLike, T_new: ArrayLike, *, quantum: float | None = None,
    resamples: int = 400, seed: int = 0,
) -> Reweighted:  # fmt: skip
    r"""Thermal mean of an observable at temperatures between the rungs, one disorder sample.

    .. math:: \langle A \rangle_T = \frac{\sum_i w_i A_i}{\sum_i w_i}, \quad
              w_i = \frac{e^{-E_i/T}}{\sum_k N_k e^{-E_i/T_k} / Z_k}

    T:      ladder (R,), increasing;  E: total energies (R, K, M) of K chains and M measurements
    values: the observable in the same configurations (R, K, M)
    T_new:  temperatures (X,), T[0] <= T_new <= T[-1]
    error:  blocked bootstrap (blocks of >= 10 tau, all rungs together), with the error of the Z_k to first order
    ess:    (sum w)^2 / sum w^2 over 2 tau, tau of the energy averaged over the rungs by their weight

    Raises ValueError for temperatures outside the ladder or shapes that do not fit.
    Source: Ferrenberg & Swendsen, Phys. Rev. Lett. 63, 1195 (1989); Kish, Survey Sampling (1965), for ess.

    Example: ``reweight([1.0, 2.0], E := np.random.default_rng(0).normal(size=(2, 4, 100)), E, [1.5]).error[0] > 0``
    """
    blocks = cut(T, E, quantum)
    A, new = np.asarray(values, float), np.atleast_1d(np.asarray(T_new, float))
    if A.size != blocks.level.size or A.shape != np.shape(E):
        raise ValueError(f"values have shape {A.shape}: expected that of the energies, {np.shape(E)}")
    if new.ndim != 1 or not ((new >= blocks.T[0]) & (new <= blocks.T[-1])).all():
        raise ValueError(
            f"T_new = {new.tolist()}: expected temperatures inside the ladder, {blocks.T[0]:g} to {blocks.T[-1]:g}"
        )
    A = A.reshape(blocks.level.shape)
    found = mbar(blocks.T, blocks.levels, blocks.rungs)
    drawn = blocks.multiplicities(resamples, seed)
    change = resample(found, blocks, drawn)
    pooled = np.asarray(blocks.pooled.sum(axis=0), float).ravel()
    p, _ = probabilities(found.a, blocks.beta, blocks.levels - pooled @ blocks.levels / pooled.sum())
    per_sample = np.bincount(blocks.level.ravel(), A.ravel(), len(blocks.levels))  # sum of A over a level
    by_block = np.broadcast_to(blocks.block, A.shape).ravel()
    out = []
    with np.errstate(divide="ignore"):
        ln_weight = found.ln_g - np.log(pooled)  # of one sample
    for t in new:
        w = ln_weight - blocks.levels / t
        w = np.exp(w - w.max())
        here = w[blocks.level].ravel()
        W = np.bincount(by_block, here, blocks.size)
        WA = np.bincount(by_block, here * A.ravel(), blocks.size)
        mean = WA.sum() / W.sum()
        slope = -((w * (per_sample - mean * pooled)) @ p) / W.sum()  # d mean / d a_j = -cov_w(A, p_j)
        copies = (drawn @ WA) / (drawn @ W) + change @ slope
        share = w[blocks.level].sum((1, 2)) / W.sum()
        kish = W.sum() ** 2 / (pooled @ w**2)
        out.append((mean, blocks.spread(copies), kish / max(1.0, 2 * share @ blocks.tau)))
    return Reweighted(new, *(np.array(column) for column in zip(*out, strict=True)))
