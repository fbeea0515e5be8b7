"""Seeded random matrices with known spectra: what the laws, the fits and the phase label are tried on.

All matrices are float64 (n, m) with n >= m; X = W^T W.  Entries have variance 1 where they have one and nothing else is
said, so that X/n follows Marchenko-Pastur with sigma = 1 and edges (1 +- sqrt(m/n))^2.  Numbers come from NumPy's
Philox generator, keyed by the ensemble, the shape and the seed: same arguments, same matrix.

Sources: Baik, Ben Arous & Peche, Ann. Probab. 33, 1643 (2005) (spikes); Burda et al., Phys. Rev. E 75, 051126 (2007)
(Levy matrices); Martin & Mahoney, JMLR 22(165), 2021 (Pareto ensembles and their classes).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from statmech.random import derive_key

Matrix = NDArray[np.float64]


def gaussian(n: int, m: int, seed: int) -> Matrix:
    """Independent N(0, 1) entries: the Random-like phase.

    Example: ``gaussian(300, 200, seed=0).shape == (300, 200)``
    """
    return _generator("gaussian", n, m, seed).standard_normal((n, m))


def spiked(n: int, m: int, strengths: Sequence[float], seed: int) -> Matrix:
    """W = G + sqrt(n) sum_k S_k u_k v_k^T, orthonormal u_k and v_k drawn uniformly, G Gaussian.

    A spike is visible iff S > Q^(-1/4), Q = n/m, and then lies at (1/Q + S^2)(1 + 1/S^2) in the spectrum of X/n.
    strengths: S_k >= 0, at most m of them.

    Example: ``spiked(300, 200, [1.5, 2.0], seed=0)``
    """
    S = np.asarray(strengths, float)
    if S.ndim != 1 or len(S) > m or not (np.isfinite(S) & (S >= 0)).all():
        raise ValueError(f"strengths = {strengths!r}: expected at most m = {m} numbers >= 0")
    rng = _generator("spiked", n, m, seed)
    W = rng.standard_normal((n, m))
    return W + np.sqrt(n) * (_orthonormal(rng, n, len(S)) * S) @ _orthonormal(rng, m, len(S)).T


def pareto(n: int, m: int, mu: float, centred: bool, seed: int) -> Matrix:
    """Entries W >= 1 with density mu W^-(1+mu), hence P(W > x) = x^-mu; centred: minus the mean of the drawn entries.

    Uncentred, the mean mu/(mu-1) makes one eigenvalue of X near n m mean^2 on top of the tail's own.
    mu > 0; the variance mu/((mu-1)^2 (mu-2)) exists for mu > 2 and is not scaled to 1.

    Example: ``pareto(300, 200, 1.5, centred=True, seed=0)``
    """
    rng = _generator("pareto", n, m, seed)
    W = np.exp(rng.standard_exponential((n, m)) / _tail(mu))
    return W - W.mean() if centred else W


def symmetric_pareto(n: int, m: int, mu: float, seed: int) -> Matrix:
    """Entries of either sign, |W| = x - 1 with x as in `pareto` (Lomax): P(|W| > w) = (1 + w)^-mu.

    Example: ``symmetric_pareto(300, 200, 3.0, seed=0)``
    """
    rng = _generator("symmetric_pareto", n, m, seed)
    W = np.expm1(rng.standard_exponential((n, m)) / _tail(mu))
    return W * _signs(rng, (n, m))


def slash(n: int, m: int, mu: float, seed: int) -> Matrix:
    """Gaussian entries, each times a Pareto factor >= 1: P(|W| > x) ~ x^-mu, and N(0, 1) again for mu -> infinity.

    Source: Rogers & Tukey, Statistica Neerlandica 26, 211 (1972) (mu = 1).

    Example: ``slash(300, 200, 3.0, seed=0)``
    """
    rng = _generator("slash", n, m, seed)
    return rng.standard_normal((n, m)) * np.exp(rng.standard_exponential((n, m)) / _tail(mu))


def levy(n: int, m: int, mu: float, seed: int) -> Matrix:
    """Symmetric stable entries, characteristic function exp(-|k|^mu), 0 < mu < 2: P(|W| > x) ~ x^-mu.

    Source: Chambers, Mallows & Stuck, J. Am. Stat. Assoc. 71, 340 (1976), eq. 2.3.

    Example: ``levy(300, 200, 1.5, seed=0)``
    """
    if not 0 < mu < 2:
        raise ValueError(f"mu = {mu!r}: stable entries with a tail need 0 < mu < 2")
    rng = _generator("levy", n, m, seed)
    phi = np.pi * (rng.random((n, m)) - 0.5)
    wait = rng.standard_exponential((n, m))
    return np.sin(mu * phi) / np.cos(phi) ** (1 / mu) * (np.cos((1 - mu) * phi) / wait) ** (1 / mu - 1)


def rank_collapsed(n: int, m: int, rank: int, seed: int) -> Matrix:
    """A Gaussian (n, m) matrix projected on a uniformly drawn subspace of `rank` of its m columns' directions.

    m - rank eigenvalues of X are zero up to rounding; the others follow Marchenko-Pastur of shape (n, rank).

    Example: ``rank_collapsed(300, 200, 150, seed=0)``
    """
    if isinstance(rank, bool) or not 1 <= rank <= m:
        raise ValueError(f"rank = {rank!r}: expected a whole number from 1 to m = {m}")
    rng = _generator("rank_collapsed", n, m, seed)
    return rng.standard_normal((n, rank)) @ _orthonormal(rng, m, rank).T


def student_t(n: int, m: int, mu: float, seed: int) -> Matrix:
    """Student-t entries with mu degrees of freedom: smooth at 0, P(|W| > x) ~ x^-mu.

    Example: ``student_t(300, 200, 3.0, seed=0)``
    """
    return np.asarray(_generator("student_t", n, m, seed).standard_t(_tail(mu), (n, m)), np.float64)


def log_logistic(n: int, m: int, mu: float, seed: int) -> Matrix:
    """Entries with P(W > x) = 1/(1 + x^mu), minus their mean.

    Example: ``log_logistic(300, 200, 3.0, seed=0)``
    """
    u = _generator("log_logistic", n, m, seed).random((n, m))
    W = ((1 - u) / (u + 2.0**-60)) ** (1 / _tail(mu))
    return W - W.mean()


def signs(n: int, m: int, seed: int) -> Matrix:
    """Entries +-1 with equal probability: Marchenko-Pastur by universality, but no Gaussian anywhere.

    Example: ``signs(300, 200, seed=0)``
    """
    return _signs(_generator("signs", n, m, seed), (n, m))


def uniform(n: int, m: int, seed: int) -> Matrix:
    """Entries uniform on [-sqrt 3, sqrt 3], as in the usual initialisation of networks.

    Example: ``uniform(300, 200, seed=0)``
    """
    return _generator("uniform", n, m, seed).uniform(-(3**0.5), 3**0.5, (n, m))


def _tail(mu: float) -> float:
    if not 0 < mu < np.inf:
        raise ValueError(f"mu = {mu!r}: expected a tail exponent > 0")
    return float(mu)


def _generator(name: str, n: int, m: int, seed: int) -> np.random.Generator:
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise TypeError(f"seed = {seed!r}: expected an integer")
    if not 1 <= m <= n:
        raise ValueError(f"shape ({n}, {m}): expected n >= m >= 1; transpose the matrix")
    return np.random.Generator(np.random.Philox(key=derive_key("ensembles", name, n, m, seed)))


def _signs(rng: np.random.Generator, shape: tuple[int, int]) -> Matrix:
    return np.asarray(1 - 2 * rng.integers(0, 2, shape, dtype=np.int8), np.float64)


def _orthonormal(rng: np.random.Generator, size: int, count: int) -> Matrix:
    """`count` orthonormal columns (size, count), uniform: signs of R's diagonal make the QR factor Haar."""
    Q, R = np.linalg.qr(rng.standard_normal((size, count)))
    return np.asarray(Q * np.sign(np.diag(R)), np.float64)
