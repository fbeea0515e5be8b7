r"""The Marchenko-Pastur law of X = W^T W for independent entries, and its fit to a spectrum with spikes.

Source: Marchenko & Pastur, Math. USSR Sb. 1, 457 (1967).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from statmech.spectra import tracy_widom
from statmech.spectra.spectrum import Spectrum
from statmech.spectra.spikes import spike_strength

Array = NDArray[np.float64]
_BISECTIONS = 54  # of an angle in [0, pi], to its last bit
_ANGLES = np.linspace(0, np.pi, 257)
FEWEST = 8  # eigenvalues above zero that a fit needs


@dataclass(frozen=True)
class MarchenkoPastur:
    r"""Law of the eigenvalues of X/n, X = W^T W, for W of n x m entries of variance sigma^2, n, m -> infinity at Q.

    .. math:: \rho(\lambda) = \frac{Q}{2\pi\sigma^2\lambda} \sqrt{(\lambda_+ - \lambda)(\lambda - \lambda_-)}, \quad
              \lambda_\pm = \sigma^2 (1 \pm 1/\sqrt Q)^2

    It is the law of X itself (no 1/n) with sigma = s sqrt n, s the standard deviation of the entries.

    sigma: > 0.  Q: n/m >= 1, so that no eigenvalue is zero by shape; at Q = 1 the density diverges at zero.

    Raises ValueError for other sigma or Q.

    Example: ``MarchenkoPastur(1.0, 1.0).edges == (0.0, 4.0)``
    """

    sigma: float
    Q: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.sigma) and self.sigma > 0):
            raise ValueError(f"sigma = {self.sigma}: expected a finite number > 0")
        if not (math.isfinite(self.Q) and self.Q >= 1):
            raise ValueError(f"Q = {self.Q}: expected n/m >= 1; transpose W")

    @property
    def edges(self) -> tuple[float, float]:
        """lambda_-, lambda_+."""
        root = 1 / math.sqrt(self.Q)
        return self.sigma**2 * (1 - root) ** 2, self.sigma**2 * (1 + root) ** 2

    @property
    def mean(self) -> float:
        """sigma^2."""
        return self.sigma**2

    @property
    def variance(self) -> float:
        """sigma^4 / Q."""
        return self.sigma**4 / self.Q

    def moment(self, k: int) -> float:
        """<lambda^k> = sigma^2k sum_r Q^-r C(k, r) C(k-1, r) / (r+1), Narayana numbers.

        Example: ``MarchenkoPastur(1.0, 2.0).moment(2) == 1.5``
        """
        terms = (math.comb(k, r) * math.comb(k - 1, r) / (r + 1) / self.Q**r for r in range(k))
        return self.sigma ** (2 * k) * sum(terms) if k else 1.0

    def pdf(self, x: ArrayLike) -> Array:
        """Density, 0 outside the edges; at Q = 1 infinite at 0."""
        a, b = self.edges
        x = np.asarray(x, float)
        y = np.clip(x, a, b)
        with np.errstate(divide="ignore", invalid="ignore"):
            out = self.Q / (2 * np.pi * self.sigma**2) * np.sqrt((b - y) * (y - a)) / y
        out = np.where(y == 0, np.inf, out)
        return np.where((x < a) | (x > b), 0.0, out)

    def cdf(self, x: ArrayLike) -> Array:
        r"""Distribution function in closed form, with R = (lambda_+ - x)(x - lambda_-) and sigma = 1:

        .. math:: \frac{Q}{2\pi} \Bigl[\sqrt R + 2(1 + \tfrac1Q) \arctan\sqrt{\tfrac{x-\lambda_-}{\lambda_+-x}}
                  - 2(1 - \tfrac1Q) \arctan\sqrt{\tfrac{\lambda_+(x-\lambda_-)}{\lambda_-(\lambda_+-x)}}\Bigr]
        """
        a, b = self.edges
        y = np.clip(np.asarray(x, float), a, b)
        low, high, c = np.sqrt(y - a), np.sqrt(b - y), 1 / self.Q
        angles = (1 + c) * np.arctan2(low, high) - (1 - c) * np.arctan2(math.sqrt(b) * low, math.sqrt(a) * high)
        return np.clip((low * high / self.sigma**2 + 2 * angles) * self.Q / (2 * np.pi), 0, 1)

    def ppf(self, p: ArrayLike) -> Array:
        """Quantiles, by bisection of the angle phi in lambda = sigma^2 (1 + 1/Q - 2 cos(phi)/sqrt Q).

        Example: ``MarchenkoPastur(1.0, 4.0).ppf([0.0, 1.0]).tolist() == [0.25, 2.25]``
        """
        p = np.asarray(p, float)
        if not ((p >= 0) & (p <= 1)).all():
            raise ValueError(f"p = {p.tolist()}: expected probabilities")
        low, high = np.zeros(p.shape), np.full(p.shape, np.pi)
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            below = self.cdf(self._at(middle)) < p
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return np.where(p == 1, self.edges[1], np.where(p == 0, self.edges[0], self._at((low + high) / 2)))

    def _at(self, phi: Array) -> Array:
        a, b = self.edges
        return a + (b - a) * np.sin(phi / 2) ** 2


@dataclass(frozen=True)
class MarchenkoPasturFit:
    """What `fit_marchenko_pastur` found; eigenvalues are those of X = W^T W, without 1/n.

    law: of the bulk, which is what remains of the noise when k spikes take one row and one column each, so that
        law.Q = (n - k)/(m - k); None where nothing could be fitted.
    sigma: s sqrt n, s the standard deviation of the noise in the entries of W.
    spikes: eigenvalues above the bulk, descending (k,).  strengths: S of each (k,), see `spike_eigenvalue`.
    p_values: of each (k,), when it and all below it are noise.
    D: Kolmogorov-Smirnov distance of the bulk from the law.  D_bound: what 99 % of Gaussian matrices stay below.
    zeros: eigenvalues that are zero to the precision of the weights, left out.
    soft_rank: lambda_plus / lambda_max, 1 for a random matrix.
    status: "ok", or what is wrong, in words; D and sigma then say what the best law is worth.
    """

    law: MarchenkoPastur | None
    sigma: float
    spikes: Array
    strengths: Array
    p_values: Array
    D: float
    D_bound: float
    zeros: int
    soft_rank: float
    false_alarm: float
    status: str

    @property
    def lambda_plus(self) -> float:
        """Upper edge of the bulk, NaN without a law."""
        return self.law.edges[1] if self.law else math.nan


def fit_marchenko_pastur(spectrum: Spectrum, false_alarm: float = 0.05) -> MarchenkoPasturFit:
    r"""sigma of the bulk and the spikes above it.

    sigma is the mean square entry of what is left of W without its k largest singular vectors:

    .. math:: s^2 = \sum_{i>k} \lambda_i / d_k, \quad d_k = (n - k)(m - k) \exp(-\sum_{i \le k} 1/(n S_i^2))

    (a spike of finite strength S takes m/S^2 s^2 of the noise with it).  Eigenvalue k + 1 is a spike if, in these
    units, it is above the 1 - false_alarm quantile of the largest eigenvalue of an (n - k) x (m - k) Gaussian matrix
    whose variance is estimated (`tracy_widom.tail`); for pooled slices, of the largest of all.  The smallest eigenvalue
    that passes makes all larger ones spikes, so that many equal spikes cannot hide each other.  Candidates are found
    with a sigma from the median.

    spectrum: Q = 1 and pooled slices (with one sigma) included; zero eigenvalues are counted and left out.
    false_alarm: probability that a Gaussian matrix gets any spike.

    Raises ValueError unless 0 < false_alarm < 1.  What is not Marchenko-Pastur is not an error: see `status`.

    Sources: Johnstone, Ann. Stat. 29, 295 (2001); Kritchman & Nadler, Chemom. Intell. Lab. Syst. 94, 19 (2008).

    Example: ``fit_marchenko_pastur(spectrum(np.random.default_rng(0).normal(size=(300, 200)))).spikes.size == 0``
    """
    if not 0 < false_alarm < 1:
        raise ValueError(f"false_alarm = {false_alarm}: expected a probability between 0 and 1, such as 0.05")
    x = spectrum.eigenvalues[spectrum.M_total - spectrum.rank :]
    zeros = spectrum.M_total - len(x)
    if len(x) < FEWEST:
        none, nan = np.zeros(0), math.nan
        status = f"no fit: {len(x)} of {spectrum.M_total} eigenvalues are above zero, at least {FEWEST} are needed"
        return MarchenkoPasturFit(None, nan, none, none, none, nan, nan, zeros, nan, false_alarm, status)
    noise = _Noise(x, float(spectrum.n), len(x) / spectrum.slices, spectrum.slices)
    k, s2, p = noise.separate(false_alarm)
    spikes, law = x[::-1][:k].copy(), noise.law(k, s2)
    D, bound = _distance(law, x[: len(x) - k]), noise.distance_bound(k)
    return MarchenkoPasturFit(
        law, math.sqrt(s2 * noise.n), spikes, noise.strengths(spikes, s2), p, D, bound, zeros,
        law.edges[1] / float(x[-1]), false_alarm, _status(D, bound, k, len(x), zeros),
    )  # fmt: skip


def _distance(law: MarchenkoPastur, x: Array) -> float:
    F, steps = law.cdf(x), np.arange(len(x) + 1) / len(x)
    return float(max((F - steps[:-1]).max(), (steps[1:] - F).max()))


def _status(D: float, bound: float, k: int, count: int, zeros: int) -> str:
    words = []
    if zeros:
        words.append(f"rank collapse: {zeros} of {count + zeros} eigenvalues are zero and left out")
    if k > count / 4:
        words.append(f"not Marchenko-Pastur: {k} of {count} eigenvalues are above the edge, a tail rather than spikes")
    elif bound < D:
        words.append(f"not Marchenko-Pastur: D = {D:.3g} where Gaussian matrices of this size stay below {bound:.3g}")
    return "; ".join(words) or "ok"


@dataclass(frozen=True)
class _Noise:
    """Positive eigenvalues x, ascending, of J matrices n x m of noise with spikes."""

    x: Array
    n: float
    m: float
    J: int

    def left(self, k: ArrayLike) -> tuple[Array, Array]:
        """Rows and columns of one matrix that k spikes in J matrices leave to the noise; at least one of each."""
        share = np.asarray(k) / self.J
        return np.maximum(self.n - share, 1.0), np.maximum(self.m - share, 1.0)

    def law(self, k: int, s2: float) -> MarchenkoPastur:
        n, m = self.left(k)
        return MarchenkoPastur(math.sqrt(s2 * n), max(1.0, float(n / m)))

    def strengths(self, spikes: Array, s2: float) -> Array:
        return spike_strength(spikes / (self.n * s2), max(1.0, self.n / self.m))

    def entries(self, inverse_squares: Array) -> Array:
        """d_k for k = 0 .. K, from 1/S_i^2 of K spikes."""
        share = np.arange(len(inverse_squares) + 1) / self.J
        left = self.J * (self.n - share) * (self.m - share)
        return left * np.exp(-np.append(0, np.cumsum(inverse_squares)) / (self.J * self.n))

    def candidates(self) -> tuple[int, float]:
        """How many eigenvalues may be spikes, and s^2 from the median of the others."""
        mu, xi = tracy_widom.wishart_edge(self.n, self.m)
        k = 0
        while True:
            law, bulk = self.law(k, 1.0), len(self.x) - k
            grid = law._at(_ANGLES)
            s2 = float(np.median(self.x[:bulk]) / np.interp(0.5, law.cdf(grid), grid))
            found = min(len(self.x) - int(np.searchsorted(self.x, s2 * (mu - 2 * xi))), len(self.x) // 2)
            if found <= k:
                return min(k + 2, len(self.x) - 1), s2
            k = found

    def separate(self, false_alarm: float) -> tuple[int, float, Array]:
        """Number of spikes, s^2 of the noise, p-values of the spikes."""
        K, s2 = self.candidates()
        top = self.x[::-1][:K]
        sums = np.cumsum(self.x)[::-1][: K + 1]  # from below: one huge eigenvalue would drown the others
        n, m = self.left(np.arange(K))
        mu, xi = tracy_widom.wishart_edge(n, m)
        for _ in range(2):  # the second time with strengths in units of the first sigma
            d = self.entries(self.strengths(top, s2) ** -2)
            p = tracy_widom.tail((top * d[:-1] / sums[:-1] - mu) / xi, self.J, (mu / xi) ** 2 * 2 / d[:-1])
            passed = np.flatnonzero(p < false_alarm)
            k = int(passed[-1]) + 1 if len(passed) else 0
            for _ in range(3):
                s2 = float(sums[k] / self.entries(self.strengths(top[:k], s2) ** -2)[-1])
        return k, s2, p[:k]

    def distance_bound(self, k: int) -> float:
        """D that 99 % of Gaussian matrices stay below: ln(m)/m for one matrix (rigidity), 1/m of bias for many."""
        m = float(self.left(k)[1])
        return ((0.9 + 0.45 * math.log(m)) / math.sqrt(self.J) + 0.3) / m
