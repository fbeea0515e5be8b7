"""Do spectra of the weights tell more about generalisation than loss, updates and distance do?

Cross-validated R^2 of a linear regression with and without the spectral metrics, an offset for each block (m, r); one
seed is left out at a time.  The null law shuffles the rows of the metrics inside each block.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


class Gain(NamedTuple):
    """R2 without and with the metrics, their difference, and its p-value under permutations inside blocks."""

    without: float
    with_metrics: float
    gain: float
    p: float


def gain(
    y: ArrayLike, base: ArrayLike, metrics: ArrayLike, block: ArrayLike, seeds: ArrayLike,
    permutations: int = 1000, seed: int = 0,
) -> Gain:  # fmt: skip
    """Gain in cross-validated R^2 of y (n,) from metrics (n, k) beyond base (n, j).

    block: (n,) label of the block (m, r) of a network, whose mean is always fitted.  seeds: (n,) seed of a network;
    networks of one seed are left out together.  Rows with NaN are dropped.

    Raises ValueError if lengths differ or fewer than two seeds remain.

    Example: ``gain(y, base, metrics, block, seeds).p``
    """
    target, B, M = np.asarray(y, float), np.asarray(base, float), np.asarray(metrics, float)
    rows = {len(target), len(B), len(M), len(np.asarray(block)), len(np.asarray(seeds))}
    if len(rows) != 1:
        raise ValueError(f"y, base, metrics, block and seeds have lengths {sorted(rows)}: expected one length")
    fine = np.isfinite(target) & np.isfinite(B).all(1) & np.isfinite(M).all(1)
    target, B, M = target[fine], B[fine], M[fine]
    _, blocks = np.unique(np.asarray(block)[fine], return_inverse=True)
    _, fold = np.unique(np.asarray(seeds)[fine], return_inverse=True)
    if fold.size == 0 or fold.max() < 1:
        raise ValueError("fewer than two seeds are complete: expected at least two, one is left out at a time")
    offsets = np.eye(blocks.max() + 1)[blocks]
    B, M = _standard(B), _standard(M)
    without = _r2(target, np.hstack([offsets, B]), fold)
    found = _r2(target, np.hstack([offsets, B, M]), fold)
    rng = np.random.default_rng(np.random.Philox(key=seed))
    null = np.empty(permutations)
    for i in range(permutations):
        order = np.lexsort((rng.random(len(target)), blocks))
        shuffled = np.empty_like(M)
        shuffled[np.argsort(blocks, kind="stable")] = M[order]
        null[i] = _r2(target, np.hstack([offsets, B, shuffled]), fold) - without
    p = (1 + (null >= found - without).sum()) / (1 + permutations)
    return Gain(without, found, found - without, float(p))


def _standard(x: Array) -> Array:
    spread = x.std(0)
    return (x - x.mean(0)) / np.where(spread > 0, spread, 1.0)


def _r2(y: Array, x: Array, fold: NDArray[np.intp]) -> float:
    """1 - (squared error of predictions for the seed left out) / (variance about the mean of the others)."""
    error = total = 0.0
    for k in range(fold.max() + 1):
        out = fold == k
        inside, outside = x[~out], x[out]
        # a ridge far below the data's own scale: blocks that lost all their members in a fold stay determined
        weights = np.linalg.solve(inside.T @ inside + 1e-6 * len(inside) * np.eye(x.shape[1]), inside.T @ y[~out])
        error += float(((outside @ weights - y[out]) ** 2).sum())
        total += float(((y[out] - y[~out].mean()) ** 2).sum())
    return 1 - error / total
