"""The eigenvalues of X = W^T W of a layer: dense matrices, embeddings, attention blocks, convolution kernels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from statmech import backend

Array = NDArray[np.float64]
Cut = Literal["slices", "flatten"]


@dataclass(frozen=True)
class Spectrum:
    """Eigenvalues of X = W^T W (no 1/N), those of all slices of a kernel pooled.

    eigenvalues: (m * slices,) float64, ascending, >= 0.
    n, m: larger and smaller side of one matrix.  slices: how many matrices.  name: of the layer.
    precision: machine epsilon of the stored weights, which says what is zero (see `floor`).

    Raises ValueError for values that are not finite, negative, unsorted, or not m per slice.

    Example: ``Spectrum([0.5, 2.0], n=3, m=2).Q == 1.5``
    """

    eigenvalues: Array
    n: int
    m: int
    slices: int = 1
    name: str = ""
    precision: float = float(np.finfo(np.float64).eps)

    def __post_init__(self) -> None:
        x = np.array(self.eigenvalues, dtype=np.float64)
        if not self.n >= self.m >= 1 or self.slices < 1:
            raise ValueError(f"n, m, slices = {self.n}, {self.m}, {self.slices}: expected n >= m >= 1 and slices >= 1")
        if x.shape != (self.m * self.slices,):
            raise ValueError(f"eigenvalues have shape {x.shape}: expected m per slice, ({self.m * self.slices},)")
        if not np.isfinite(x).all() or x.min() < 0 or (np.diff(x) < 0).any():
            raise ValueError("eigenvalues must be finite, >= 0 and ascending: np.sort(np.maximum(x, 0)) mends rounding")
        x.flags.writeable = False
        object.__setattr__(self, "eigenvalues", x)

    @property
    def Q(self) -> float:
        """n/m >= 1."""
        return self.n / self.m

    @property
    def M_total(self) -> int:
        """Number of eigenvalues, m * slices."""
        return self.m * self.slices

    @property
    def lambda_max(self) -> float:
        """Largest eigenvalue of X, the square of the spectral norm of W."""
        return float(self.eigenvalues[-1])

    @cached_property
    def norm2(self) -> float:
        """Sum of the eigenvalues, ||W||_F^2 summed over slices."""
        return float(self.eigenvalues.sum())

    @cached_property
    def floor(self) -> float:
        """Eigenvalues up to here are zero to the precision of the weights.

        Rounding to precision eps adds a matrix of entries of about eps w/2, whose norm is (sqrt n + sqrt m) eps/2
        times the rms weight; twice that, and the rounding of the SVD itself, is taken for zero.
        """
        weights = self.precision * (math.sqrt(self.n) + math.sqrt(self.m)) * math.sqrt(self.norm2 / self.slices)
        svd = np.finfo(np.float64).eps * self.n * math.sqrt(self.lambda_max)
        return max(weights / math.sqrt(self.n * self.m), svd) ** 2

    @property
    def rank(self) -> int:
        """Number of eigenvalues above `floor`, the hard rank (summed over slices)."""
        return int((self.eigenvalues > self.floor).sum())


def matrices(W: ArrayLike, slices: Cut = "slices") -> list[NDArray[Any]]:
    """The matrices of a layer, each n x m with n >= m (transposed where W is wide); views where possible.

    W: (out, in), or a kernel (out, in, k, ...): with "slices" its k * ... matrices (out, in), with "flatten" the one
    matrix (out, in * k * ...).  Real numbers of any precision.

    Raises ValueError for fewer than two axes, no entries, NaN or infinities, TypeError for other kinds of numbers.

    Example: ``[w.shape for w in matrices(np.ones((50, 20, 5, 5)))] == [(50, 20)] * 25``
    """
    array = np.asarray(W)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"weights have dtype {array.dtype}: expected real numbers, for example .astype(float)")
    if array.ndim < 2 or array.size == 0:
        raise ValueError(f"weights have shape {array.shape}: expected a matrix (out, in) or a kernel (out, in, k, k)")
    if slices not in ("slices", "flatten"):
        raise ValueError(f"slices = {slices!r}: expected 'slices' or 'flatten'")
    bad = ~np.isfinite(array)
    if bad.any():
        where = [int(i) for i in np.argwhere(bad)[0]]
        found = f"weights hold {int(bad.sum())} NaN or infinite values, the first at {where}"
        raise ValueError(f"{found}: did training diverge?")
    if slices == "flatten":
        stack = array.reshape(1, array.shape[0], -1)
    else:
        stack = np.moveaxis(array.reshape(*array.shape[:2], -1), -1, 0)
    return [w if w.shape[0] >= w.shape[1] else w.T for w in stack]


def spectrum(W: ArrayLike, slices: Cut = "slices", device: backend.Device = "cpu", name: str = "") -> Spectrum:
    """Eigenvalues of X = W^T W by singular values of W in float64, whatever the precision of W.

    W, slices: as in `matrices`.  device: "cpu", "gpu" or "auto".  name: kept in the result.

    WeightWatcher multiplies the eigenvalues of convolution slices by 1/2; here they stay as they are.

    Raises as `matrices`, RuntimeError if device = "gpu" and there is none.

    Example: ``spectrum(np.eye(4, 3)).eigenvalues.tolist() == [1.0, 1.0, 1.0]``
    """
    stack = matrices(W, slices)
    dtype = np.asarray(W).dtype
    on_gpu = backend.resolve(device) == "gpu"
    pieces = []
    for w in stack:  # one at a time: a kernel of many slices need not fit twice
        w64 = w.astype(np.float64)
        s = backend.to_device(w64) if on_gpu else w64
        pieces.append(backend.to_host(backend.namespace(s).linalg.svd(s, compute_uv=False)))
    with np.errstate(over="ignore"):
        values = np.sort(np.concatenate(pieces) ** 2)
    if not np.isfinite(values).all():
        largest = float(np.abs(np.asarray(W)).max())
        raise ValueError(f"the largest weight is {largest:.3g}: its square overflows, rescale the weights")
    n, m = stack[0].shape
    precision = np.finfo(dtype if dtype.kind == "f" else np.float64).eps
    return Spectrum(values, n, m, len(stack), name, max(float(precision), float(np.finfo(np.float64).eps)))
