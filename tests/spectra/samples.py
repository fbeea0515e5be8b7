"""Exact spectra of random matrices without the matrices."""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigvalsh_tridiagonal
from scipy.stats import binomtest

from statmech.random import derive_key


def generator(*parts) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=derive_key("tests", *parts)))


def wishart(n: int, m: int, rng: np.random.Generator, top: int | None = None) -> np.ndarray:
    """Eigenvalues of W^T W, W of n x m independent N(0, 1), ascending, or the `top` largest of them.

    Householder reflections make W bidiagonal, with chi-distributed entries of n, n-1, ... and m-1, m-2, ... degrees
    of freedom (Dumitriu & Edelman, J. Math. Phys. 43, 5830 (2002)): m^2 operations in place of n m^2.
    """
    d = np.sqrt(rng.chisquare(n - np.arange(m)))
    e = np.sqrt(rng.chisquare(np.arange(m - 1, 0, -1))) if m > 1 else np.zeros(0)
    diagonal = d**2 + np.append(0, e**2) if m > 1 else d**2
    if top is None:
        return np.sort(np.maximum(eigvalsh_tridiagonal(diagonal, d[:-1] * e), 0))
    return eigvalsh_tridiagonal(diagonal, d[:-1] * e, select="i", select_range=(m - top, m - 1))


def goe(n: int, rng: np.random.Generator) -> np.ndarray:
    """Eigenvalues of a symmetric Gaussian matrix, off-diagonal variance 1/n, in its tridiagonal form."""
    d, e = rng.normal(scale=2**0.5, size=n), np.sqrt(rng.chisquare(np.arange(n - 1, 0, -1)))
    return eigvalsh_tridiagonal(d, e) / n**0.5


def spiked(n: int, m: int, strengths, rng: np.random.Generator) -> np.ndarray:
    """W with entries of variance 1/n plus spikes on random orthonormal vectors."""
    u = np.linalg.qr(rng.normal(size=(n, len(strengths))))[0]
    v = np.linalg.qr(rng.normal(size=(m, len(strengths))))[0]
    return rng.normal(size=(n, m)) / n**0.5 + (u * np.asarray(strengths)) @ v.T


def binomial_holds(hits: int, trials: int, rate: float, level: float = 0.95) -> bool:
    """The exact (Clopper-Pearson) binomial interval of hits contains the rate."""
    interval = binomtest(hits, trials).proportion_ci(level, "exact")
    return bool(interval.low <= rate <= interval.high)
