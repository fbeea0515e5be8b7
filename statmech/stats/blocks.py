"""Energies along a ladder of temperatures, sorted into levels and cut into blocks of time: what a bootstrap redraws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from statmech.stats.autocorrelation import integrated_time

Array = NDArray[np.float64]
BLOCK_TIMES = 10.0  # a block is at least so many tau long: its mean then has 0.9 of the variance that it should have
MANY_BLOCKS = 200  # blocks grow beyond 10 tau where there would be more: the error of an error is 5 %
SAME_LEVEL = 1e-11  # energies closer than this, relative to the largest, are one level


@dataclass(frozen=True, eq=False)
class Blocks:
    """Energies E (R, K, M) of R temperatures, K chains, M measurements as counts of levels in B blocks.

    T, beta: (R,), T increasing.  levels: (L,) increasing.  level: (R, K, M), the level of every measurement.
    block: (K, M), its block, the same at all temperatures: exchange correlates the rungs, and blocks keep that.
    counts: R sparse tables (B, L).  tau: (R,), autocorrelation times of the energy in measurements.
    """

    T: Array
    levels: Array
    level: NDArray[np.intp]
    block: NDArray[np.intp]
    counts: tuple[Any, ...]
    tau: Array

    @property
    def beta(self) -> Array:
        return 1 / self.T

    @property
    def size(self) -> int:
        """Number of blocks B."""
        return int(self.block.max()) + 1

    @property
    def rungs(self) -> Any:
        """Histograms (R, L) of the rungs, sparse."""
        from scipy.sparse import csr_array

        ones = np.ones(self.size)
        return csr_array(np.stack([ones @ c for c in self.counts]))

    @property
    def pooled(self) -> Any:
        """Counts (B, L) of all rungs together, sparse."""
        total = self.counts[0]
        for c in self.counts[1:]:
            total = total + c
        return total

    @property
    def measurements(self) -> Array:
        """Measurements (B, R) of every block at every rung."""
        sizes = np.bincount(self.block.ravel(), minlength=self.size).astype(float)
        return np.repeat(sizes[:, None], len(self.T), axis=1)

    def multiplicities(self, resamples: int, seed: int) -> Array:
        """How often each of B blocks is drawn, (resamples, B): B draws with replacement."""
        B = self.size
        return np.random.default_rng(seed).multinomial(B, np.full(B, 1 / B), resamples).astype(float)

    def spread(self, replicates: Array) -> Array:
        """Standard error from replicates (resamples, ...): B draws of B blocks scatter by sqrt((B-1)/B) too little."""
        B = self.size
        if B < 2:
            return np.full(replicates.shape[1:], np.nan)
        return np.asarray(replicates.std(axis=0, ddof=1) * np.sqrt(B / (B - 1)))


def check_ladder(T: ArrayLike) -> Array:
    """Increasing temperatures, 0 < T <= infinity, at least two; else ValueError."""
    t = np.asarray(T, float)
    if t.ndim != 1 or t.size < 2 or np.isnan(t).any() or not (t > 0).all() or not (t[1:] > t[:-1]).all():
        raise ValueError(f"T = {t.tolist()}: expected at least two increasing temperatures > 0 (inf is beta = 0)")
    return t


def sort_levels(E: ArrayLike, quantum: float | None = None) -> tuple[Array, NDArray[np.intp]]:
    """Different energies (L,) in increasing order, and which of them each one is, of shape of E.

    quantum: energies are this far apart or multiples of it; found by counting, without sorting.

    Example: ``sort_levels([3.0, 1.0, 3.0])[1].tolist() == [1, 0, 1]``
    """
    energy = np.asarray(E, float)
    if not energy.size or not np.isfinite(energy).all():
        raise ValueError(f"energies of shape {energy.shape}: expected finite numbers, at least one")
    low, high = energy.min(), energy.max()
    if quantum is not None and (high - low) / quantum < 4 * energy.size + 1024:
        k = np.rint((energy - low) / quantum).astype(np.intp)
        seen = np.bincount(k.ravel()) > 0
        return low + quantum * np.flatnonzero(seen), (np.cumsum(seen) - 1)[k]
    found = np.unique(energy)
    width = SAME_LEVEL * max(abs(low), abs(high))
    levels = found[np.append(True, np.diff(found) > width)]
    return levels, np.searchsorted(levels, energy, side="right") - 1


def histogram(E: ArrayLike, quantum: float | None = None) -> tuple[Array, NDArray[np.int64]]:
    """Levels (L,) and counts (R, L) of energies E (R, ...), one row per temperature.

    Example: ``histogram([[3.0, 1.0, 3.0]])[1].tolist() == [[1, 2]]``
    """
    levels, index = sort_levels(E, quantum)
    rows = index.reshape(len(index), -1)
    return levels, np.stack([np.bincount(row, minlength=len(levels)) for row in rows])


def cut(T: ArrayLike, E: ArrayLike, quantum: float | None = None) -> Blocks:
    """Blocks of at least 10 tau of total energies E (R, K, M), or (R, M) for one chain; tau: the largest of all rungs.

    Raises ValueError for shapes that do not fit, fewer than four measurements, or energies that are not finite.

    Example: ``cut([1.0, 2.0], np.random.default_rng(0).normal(size=(2, 4, 100))).size == 40``
    """
    from scipy.sparse import csr_array

    t, energy = check_ladder(T), np.asarray(E, float)
    if energy.ndim == 2:
        energy = energy[:, None]
    if energy.ndim != 3 or energy.shape[0] != t.size or energy.shape[1] < 1 or energy.shape[2] < 4:
        raise ValueError(
            f"energies have shape {np.shape(E)}: expected ({t.size} temperatures, chains, measurements), 4 or more"
        )
    levels, level = sort_levels(energy, quantum)
    tau = np.atleast_1d(integrated_time(energy).tau)
    _, K, M = energy.shape
    per_chain = min(M / (BLOCK_TIMES * tau.max()), MANY_BLOCKS / K)
    per_chain = max(1 if K > 1 else 2, int(per_chain))
    place = np.arange(M) * per_chain // M
    block = np.arange(K)[:, None] * per_chain + place
    shape = (K * per_chain, len(levels))
    ones = np.ones(K * M)
    counts = tuple(csr_array((ones, (block.ravel(), row.ravel())), shape) for row in level)
    return Blocks(t, levels, level, block, counts, tau)
