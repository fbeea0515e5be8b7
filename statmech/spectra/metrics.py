"""Numbers of one spectrum (ranks, norms, entropy, det X) and of its singular vectors (localisation).

Source: Martin & Mahoney, JMLR 22(165), 2021 (arXiv:1810.01075), sections 3 to 5.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, digamma, xlogy

from statmech import backend
from statmech.spectra.marchenko_pastur import MarchenkoPasturFit, fit_marchenko_pastur
from statmech.spectra.spectrum import Spectrum, matrices

Array = NDArray[np.float64]
PORTER_THOMAS_95 = 1.15
"""D sqrt(N) that 95 % of random vectors stay below (the norm is fixed, so it is less than the 1.36 of free values)."""


class PowerLaw(Protocol):
    """What `metrics` reads of the fit of a tail."""

    @property
    def alpha(self) -> float: ...


def metrics(
    spectrum: Spectrum, fit: MarchenkoPasturFit | None = None, power_law: PowerLaw | None = None
) -> dict[str, float]:
    """Metrics of the eigenvalues lambda of X = W^T W, pooled slices taken as one spectrum; NaN where undefined.

    hard_rank          eigenvalues above `Spectrum.floor`
    stable_rank        ||W||_F^2 / ||W||_2^2 = sum lambda / lambda_max
    soft_rank          lambda_+ / lambda_max with the edge of the Marchenko-Pastur fit
    entropy            -sum p ln p / ln hard_rank, p = lambda / sum lambda: 1 if all are equal; 0 for rank 1
    norm2              ||W||_F^2 = sum lambda, and log_norm, its log10
    lambda_max         ||W||_2^2, and log_spectral_norm, its log10
    detX               see `det_x`
    num_spikes, sigma, mp_D, mp_D_bound: of the Marchenko-Pastur fit; mp_holds: 1 if its status is "ok", else 0
    alpha_weighted     alpha log10 lambda_max, and log_alpha_norm, log10 sum lambda^alpha, with `power_law`

    fit: made here when it is not given.  power_law: anything with alpha, such as a PowerLawFit; NaN stays NaN.

    WeightWatcher halves the eigenvalues of convolution slices: its log norms are lower by log10 2 there.

    Example: ``metrics(spectrum(np.eye(20)))["stable_rank"] == 20``
    """
    x, top = spectrum.eigenvalues, spectrum.lambda_max
    found = fit_marchenko_pastur(spectrum) if fit is None else fit
    some = top > 0
    out = {
        "hard_rank": float(spectrum.rank),
        "stable_rank": spectrum.norm2 / top if some else math.nan,
        "soft_rank": found.soft_rank,
        "entropy": entropy(spectrum),
        "norm2": spectrum.norm2,
        "log_norm": math.log10(spectrum.norm2) if some else math.nan,
        "lambda_max": top,
        "log_spectral_norm": math.log10(top) if some else math.nan,
        "detX": float(det_x(x)) if some else math.nan,
        "num_spikes": float(found.spikes.size),
        "sigma": found.sigma,
        "mp_D": found.D,
        "mp_D_bound": found.D_bound,
        "mp_holds": float(found.status == "ok"),
    }
    if power_law is not None:
        alpha = power_law.alpha
        out["alpha_weighted"] = alpha * out["log_spectral_norm"]
        powers = math.log10(((x / top) ** alpha).sum()) if some and alpha > 0 else math.nan
        out["log_alpha_norm"] = out["alpha_weighted"] + powers
    return out


def entropy(spectrum: Spectrum) -> float:
    """-sum p ln p / ln rank, p = lambda / sum lambda, in [0, 1]; NaN for zero weights.

    Example: ``round(entropy(spectrum(np.eye(5))), 12) == 1``
    """
    if spectrum.rank == 0:
        return math.nan
    p = spectrum.eigenvalues / spectrum.norm2
    return float(-xlogy(p, p).sum() / math.log(spectrum.rank)) if spectrum.rank > 1 else 0.0


def det_x(eigenvalues: ArrayLike) -> int:
    """How many of the largest eigenvalues, scaled to mean 1, have a product that first falls below 1.

    The condition det X = 1 of the effective correlation space: the tail found by a power law should hold about as many.
    By the inequality of the means the product of all is at most 1; all are counted when it is never below.

    eigenvalues: (count,), >= 0, not all zero; ValueError otherwise.

    Example: ``det_x([4.0, 2.0, 0.5, 0.25, 0.1]) == 4``
    """
    x = np.sort(np.asarray(eigenvalues, float))[::-1]
    if x.ndim != 1 or x.size == 0 or not np.isfinite(x).all() or x[-1] < 0 or x[0] == 0:
        raise ValueError(f"eigenvalues have shape {x.shape}: expected (count,), finite, >= 0 and not all zero")
    with np.errstate(divide="ignore"):
        below = np.cumsum(np.log(x * x.size / x.sum())) < -1e-13 * x.size
    return int(below.argmax()) + 1 if below.any() else x.size


class Localisation(NamedTuple):
    """Of k unit vectors v with N components, arrays (k,).

    ipr: inverse participation ratio sum v^4, 1/N if spread evenly, 1 on one component.
    z: how many standard deviations ipr is above that of random vectors (mean 3/(N + 2)).
    ratio: ||v||_1 / ||v||_inf, N if spread evenly, 1 on one component.
    entropy: -sum v^2 ln v^2, ln N if spread evenly, 0 on one component.
    D: Kolmogorov-Smirnov distance of the v^2 from the Porter-Thomas law of random vectors, Beta(1/2, (N - 1)/2); above
        PORTER_THOMAS_95 / sqrt N for one random vector in twenty.
    """

    ipr: Array
    z: Array
    ratio: Array
    entropy: Array
    D: Array


class SingularVectors(NamedTuple):
    """Localisation of the vectors on the side of n and on the side of m components; eigenvalues ascending (m,)."""

    eigenvalues: Array
    n: Localisation
    m: Localisation


def vector_localisation(vectors: ArrayLike) -> Localisation:
    """Localisation of the columns of an array (N, k), which are normalised first.

    Raises ValueError unless N >= 2 and every column is finite and not zero.

    Sources: Martin & Mahoney, section 5.4; Porter & Thomas, Phys. Rev. 104, 483 (1956).

    Example: ``vector_localisation(np.eye(4)).ipr.tolist() == [1.0, 1.0, 1.0, 1.0]``
    """
    v = np.asarray(vectors, float)
    if v.ndim != 2 or v.shape[0] < 2 or not np.isfinite(v).all() or not np.abs(v).max(axis=0, initial=0).all():
        raise ValueError(f"vectors have shape {v.shape}: expected columns (N, k), N >= 2, finite and not zero")
    v = np.abs(v) / np.linalg.norm(v, axis=0)
    N, p = len(v), v * v
    ipr = (p * p).sum(0)
    spread = math.sqrt((9 * N + 96) / ((N + 2) * (N + 4) * (N + 6)) - 9 / (N + 2) ** 2)
    F = betainc(0.5, (N - 1) / 2, np.sort(p, axis=0))
    steps = (np.arange(N + 1) / N)[:, None]
    D = np.maximum((F - steps[:-1]).max(0), (steps[1:] - F).max(0))
    return Localisation(ipr, (ipr - 3 / (N + 2)) / spread, v.sum(0) / v.max(0), -xlogy(p, p).sum(0), D)


def random_vector_entropy(N: int) -> float:
    """Mean of `Localisation.entropy` over random vectors of N components: psi(N/2 + 1) - psi(3/2).

    Example: ``round(random_vector_entropy(100), 4) == 3.8855``
    """
    return float(digamma(N / 2 + 1) - digamma(1.5))


def localisation(W: ArrayLike, device: backend.Device = "cpu") -> SingularVectors:
    """Localisation of the singular vectors of a matrix (for a kernel, of each of its `matrices`).

    W: two axes, both at least 2.  device: "cpu", "gpu" or "auto".  Raises as `matrices`, ValueError for other shapes.

    Example: ``localisation(np.random.default_rng(0).normal(size=(60, 40))).m.ipr.shape == (40,)``
    """
    if np.ndim(W) != 2 or min(np.shape(W)) < 2:
        raise ValueError(f"weights have shape {np.shape(W)}: expected a matrix; take a kernel apart with matrices(W)")
    w: Any = matrices(W)[0].astype(np.float64)
    if backend.resolve(device) == "gpu":
        w = backend.to_device(w)
    u, s, vt = (backend.to_host(a)[..., ::-1] for a in _svd(w))
    return SingularVectors(s**2, vector_localisation(u), vector_localisation(vt))


def _svd(w: Any) -> tuple[Any, Any, Any]:
    u, s, vt = backend.namespace(w).linalg.svd(w, full_matrices=False)
    return u, s, vt.T
