"""A layer beside itself with its entries shuffled: what its spectrum owes to their order and not to their values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from statmech import backend
from statmech.random import derive_key
from statmech.spectra.spectrum import Cut, Spectrum, spectrum

Array = NDArray[np.float64]
FEWEST = 3  # shuffles


class Comparison(NamedTuple):
    """A number of the layer beside its shuffles.

    value: of the layer.  mean, sd: of the shuffles.  error: of that mean.  z = (value - mean)/sd, NaN where sd = 0.
    """

    value: float
    mean: float
    sd: float
    error: float
    z: float


@dataclass(frozen=True)
class Randomised:
    """A spectrum, the spectra of n shuffles of the same entries, and the distance between the two.

    distance: mean over the shuffles of `wasserstein` between the layer and one shuffle, eigenvalues in units of their
        mean, which shuffling keeps.  error: its standard error over the shuffles.
    null: (n,), the same for each shuffle and the n - 1 others: what distance is without any order in W.
    p_value: share of the n + 1 matrices that are at least as far from all others as the layer is, itself included;
        exact for a layer without order (all n + 1 are then exchangeable), at least 1/(n + 1).
    """

    spectrum: Spectrum
    shuffles: tuple[Spectrum, ...]
    distance: float
    error: float
    null: Array
    p_value: float

    @property
    def pooled(self) -> Array:
        """Eigenvalues of all shuffles, ascending (n M_total,): the density to draw beside that of the layer."""
        return np.sort(np.concatenate([s.eigenvalues for s in self.shuffles]))

    def compare(self, number: Callable[[Spectrum], float]) -> Comparison:
        """Any number of a spectrum, with error bars from the shuffles.

        Example: ``randomise(W).compare(lambda s: fit_marchenko_pastur(s).lambda_plus).error``
        """
        values = np.array([number(s) for s in self.shuffles], float)
        value, mean, sd = float(number(self.spectrum)), float(values.mean()), float(values.std(ddof=1))
        return Comparison(value, mean, sd, sd / len(values) ** 0.5, (value - mean) / sd if sd > 0 else np.nan)


def wasserstein(a: ArrayLike, b: ArrayLike) -> float:
    """Wasserstein-1 distance int |F_a - F_b| dx between the distributions of two sets of values.

    It is the mean shift that carries one density into the other, in the unit of the values; unlike the
    Jensen-Shannon distance it needs neither bins nor a bandwidth, and sees how far outliers lie.

    Example: ``wasserstein([0.0, 1.0], [1.0, 2.0]) == 1.0``
    """
    x, y = (np.sort(np.asarray(v, float).ravel()) for v in (a, b))
    if not x.size or not y.size or not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError(f"{x.size} and {y.size} values: expected at least one each, all finite")
    if x.size == y.size:
        return float(np.abs(x - y).mean())
    z = np.sort(np.concatenate([x, y]))
    F, G = (np.searchsorted(v, z[:-1], side="right") / v.size for v in (x, y))
    return float(np.abs(F - G) @ np.diff(z))


def shuffle(W: ArrayLike, seed: int, index: int) -> NDArray:
    """W with all its entries in random order (those of all slices of a kernel together); same seed, same order.

    Example: ``shuffle(np.eye(3), seed=0, index=0).sum() == 3``
    """
    rng = np.random.Generator(np.random.Philox(key=derive_key("spectra.shuffle", seed, index)))
    w = np.asarray(W)
    return rng.permutation(w.ravel()).reshape(w.shape)


def randomise(
    W: ArrayLike, shuffles: int = 20, seed: int = 0, slices: Cut = "slices", device: backend.Device = "cpu",
    name: str = "",
) -> Randomised:  # fmt: skip
    """The spectrum of W, those of `shuffles` shuffles of its entries, and the distance between them.

    A shuffle keeps the values, hence ||W||_F and heavy tails of the entries, and destroys correlations: what is left of
    a distance is what training wrote into the order.  Every shuffle costs one more singular value decomposition.

    shuffles: n >= 3; shuffle i is the same for any n.  The rest as in `spectrum`.

    Raises as `spectrum`, ValueError for fewer shuffles or for weights that are all zero.

    Source: Martin & Mahoney, JMLR 22(165), 2021, section 4, which compares with one shuffle.

    Example: ``randomise(W, shuffles=50, seed=1).p_value``
    """
    if shuffles < FEWEST:
        raise ValueError(f"shuffles = {shuffles}: expected at least {FEWEST}, the null distribution is made of pairs")
    layer = spectrum(W, slices, device, name)
    if layer.lambda_max == 0:
        raise ValueError("all weights are zero: there is nothing to shuffle")
    others = tuple(spectrum(shuffle(W, seed, i), slices, device, name) for i in range(shuffles))
    x = np.stack([s.eigenvalues for s in (layer, *others)]) * (layer.M_total / layer.norm2)
    d = np.array([np.abs(x - row).mean(axis=1) for row in x])  # sorted values of equal number: Wasserstein-1
    far = d.sum(axis=1) / shuffles
    null = (d[1:, 1:].sum(axis=1)) / (shuffles - 1)
    error = float(d[0, 1:].std(ddof=1)) / shuffles**0.5
    tie = 1e-12 * float(far.max())
    return Randomised(layer, others, float(far[0]), error, null, float(np.mean(far >= far[0] - tie)))
