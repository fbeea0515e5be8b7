"""Where patterns xi_mu,i = +-1 come from: drawn at random (biased, correlated) or the user's own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from statmech.random import Stream, derive_key, rows, uniform


@dataclass(frozen=True)
class RandomPatterns:
    """Independent sites with E xi = bias, or patterns correlated through a common ancestor.

    With correlation c every pattern is a copy of one random ancestor in which each site is reversed with
    probability (1 - sqrt c)/2, so that E (xi_mu . xi_nu)/N = c for mu != nu.  Only one of the two may be set.
    Pattern mu is a function of (key, mu, site) alone: loads are nested.

    Example: ``RandomPatterns(bias=0.2).draw(key=1, count=3, n=50).shape == (3, 50)``
    """

    bias: float = 0.0
    correlation: float = 0.0

    def __post_init__(self) -> None:
        if not -1 < self.bias < 1:
            raise ValueError(f"bias = {self.bias}: expected -1 < bias < 1 (mean of a pattern site)")
        if not 0 <= self.correlation < 1:
            raise ValueError(f"correlation = {self.correlation}: expected 0 <= correlation < 1 (mean pattern overlap)")
        object.__setattr__(self, "bias", float(self.bias))
        object.__setattr__(self, "correlation", float(self.correlation))
        if self.bias and self.correlation:
            raise ValueError("bias and correlation are both set: choose one ensemble of patterns")

    def draw(self, key: int, count: int, n: int) -> np.ndarray:
        """Patterns (count, n) int8 of the sample with this key."""
        u = rows(key, Stream.DISORDER, range(count), n)
        xi = np.where(u < (1 + self.bias) / 2, 1, -1).astype(np.int8)
        if self.correlation:
            ancestor = np.where(rows(key, Stream.ANCESTOR, [0], n) < 0.5, 1, -1).astype(np.int8)
            keep = np.where(u < (1 + np.sqrt(self.correlation)) / 2, 1, -1).astype(np.int8)
            xi = ancestor * keep
        return xi


@dataclass(frozen=True, eq=False)
class StoredPatterns:
    """The user's own patterns, an array (count, n): +-1, or 0/1, or images binarised at their own median.

    Every disorder sample takes them in another order (nested in the load), so that error bars over samples are
    errors over the choice of stored patterns.  `shuffle=False` keeps the order of the file in every sample.

    Example: ``StoredPatterns(np.eye(4)).draw(key=1, count=2, n=4).shape == (2, 4)``
    """

    array: np.ndarray
    shuffle: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "array", binarise(self.array))

    @property
    def n(self) -> int:
        """Number of sites of a pattern."""
        return self.array.shape[1]

    def draw(self, key: int, count: int, n: int) -> np.ndarray:
        """The first `count` patterns (count, n) int8 in the order of this sample."""
        stored = len(self.array)
        if count > stored:
            raise ValueError(
                f"alpha * n asks for {count} patterns, the array has {stored}: alpha <= {stored / n:.4g} at n = {n}"
            )
        if not self.shuffle:
            return self.array[:count]
        order = np.argsort(uniform(derive_key(key, "order"), Stream.DISORDER, 0, 0, np.arange(stored)), kind="stable")
        return self.array[order[:count]]


def binarise(array: np.ndarray) -> np.ndarray:
    """Patterns (count, n) int8 of +-1 from an array of +-1, of 0/1 or of images (count, ...).

    A value above the median of its own image becomes +1, any other -1.  Raises ValueError for NaN, for fewer than
    two axes and for an image whose pixels are all equal.
    """
    array = np.asarray(array)
    if array.ndim < 2 or 0 in array.shape:
        raise ValueError(f"patterns have shape {array.shape}: expected (count, n) or (count, height, width)")
    if array.dtype.kind not in "iufb":
        raise ValueError(f"patterns have dtype {array.dtype}: expected numbers")
    flat = array.reshape(len(array), -1).astype(float)
    bad = ~np.isfinite(flat)
    if bad.any():
        mu, i = np.argwhere(bad)[0]
        raise ValueError(f"pattern {mu}, site {i} is {flat[mu, i]}: remove the {bad.sum()} NaN or infinite values")
    values = np.unique(flat)
    if np.isin(values, (-1, 1)).all():
        return flat.astype(np.int8)
    if np.isin(values, (0, 1)).all():
        return (2 * flat - 1).astype(np.int8)
    above = flat > np.median(flat, axis=1, keepdims=True)
    blank = np.flatnonzero(above.all(1) | ~above.any(1))
    if len(blank):
        raise ValueError(f"image {blank[0]} has no pixel above its median and cannot be binarised: remove it")
    return np.where(above, 1, -1).astype(np.int8)
