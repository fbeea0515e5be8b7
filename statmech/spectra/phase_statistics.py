r"""The statistics that the spectral phase is read from: numbers of the eigenvalues alone that no scale of W changes.

Zero eigenvalues are left out after they have been counted; what follows is said of the others, M of them per slice,
against the Marchenko-Pastur law of `fit_marchenko_pastur` and the law of the largest eigenvalue of Gaussian matrices.
With s^2 the variance of the noise, mu and xi the centre and scale of `tracy_widom.wishart_edge`, and lambda_1 the
largest eigenvalue,

.. math:: x_j = (\lambda_j / s^2 - \mu) / \xi, \quad t_j = S(\lambda_j / n s^2) / Q^{-1/4}

are the distance from the edge in Tracy-Widom units and the strength of a spike there in units of the smallest visible
one, 1 inside the bulk.  Of pooled slices the largest eigenvalues are first lowered by as much as they lie higher in
Gaussian slices than in one Gaussian matrix.

Sources: Johnstone, Ann. Stat. 29, 295 (2001) (x); Baik, Ben Arous & Peche, Ann. Probab. 33, 1643 (2005) (t); Bai &
Silverstein, Ann. Probab. 32, 553 (2004) (fluctuations of tr X^2); Hill, Ann. Stat. 3, 1163 (1975) (tail).
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from statmech.spectra import tracy_widom
from statmech.spectra.marchenko_pastur import FEWEST, fit_marchenko_pastur
from statmech.spectra.spectrum import Spectrum
from statmech.spectra.spikes import spike_strength, threshold

TOP = 4
"""Largest eigenvalues looked at one by one."""
LEVELS = (0.05, 0.25, 0.5, 0.9, 0.97)
"""Quantiles of the bulk compared with the law's."""
STRONG = 1.7
"""Strength in units of the visible one from which a spike is far from the bulk."""
NAMES = (
    "zeros", *(f"edge_{j + 1}" for j in range(TOP)), *(f"strength_{j + 1}" for j in range(TOP)), "spikes", "strong",
    "mass", "distance", "fourth", "fourth_all", *(f"bulk_{round(100 * level):02d}" for level in LEVELS), "range",
    "tail", *(f"gap_{j + 1}" for j in range(TOP - 1)), "size", "aspect",
)  # fmt: skip
"""Of all statistics, in order."""


def phase_statistics(spectrum: Spectrum) -> dict[str, float]:
    """Statistics of a spectrum by name.

    zeros             share of zero eigenvalues, 1 - rank/M
    edge_1 .. edge_4  asinh(x_j / 2)
    strength_1 .. 4   ln t_j
    spikes            ln(1 + number of spikes of the Marchenko-Pastur fit)
    strong            ln(1 + number with t > 1.7)
    mass              ln(0.001 + share of tr X above the edge)
    distance          ln of the Kolmogorov-Smirnov distance of the bulk from the law, over its bound for Gaussian W
    fourth            asinh of M (m_2/m_1^2 - 1 - 1/Q - 1/N) Q/2, m_k the moments of the bulk: the excess of tr X^2 in
                      units of its fluctuations, half the excess kurtosis of the entries; fourth_all: with all spikes
    bulk_05 .. bulk_97  asinh(M/4 ln(quantile / that of the law)) at these levels of the bulk
    range             ln(lambda_1 / median)
    tail              ln(0.001 + mean of ln(lambda / lambda_k) over the upper tenth); Hill: 1/(alpha - 1)
    gap_1 .. gap_3    ln(lambda_j / lambda_{j+1})
    size, aspect      ln(M / 200), ln(Q / 2)

    Raises ValueError for fewer than FEWEST eigenvalues above zero, where nothing can be fitted.

    Example: ``phase_statistics(spectrum(np.eye(30)))["zeros"] == 0``
    """
    x = spectrum.eigenvalues[spectrum.M_total - spectrum.rank :]
    if len(x) < FEWEST:
        raise ValueError(f"{len(x)} of {spectrum.M_total} eigenvalues are above zero: expected at least {FEWEST}")
    fit = fit_marchenko_pastur(spectrum)
    assert fit.law is not None
    n, m, J = spectrum.n, len(x) / spectrum.slices, spectrum.slices
    Q, s2 = n / m, fit.sigma**2 / n
    mu, xi = tracy_widom.wishart_edge(n, m)
    excess = _excess(J)
    top = x[::-1][:TOP] - s2 * xi * excess
    strengths = spike_strength(x / (n * s2), Q) / threshold(Q)
    bulk = x[: len(x) - len(fit.spikes)]
    out = {"zeros": 1 - len(x) / spectrum.M_total}
    out |= {f"edge_{j + 1}": math.asinh((top[j] / s2 - mu) / xi / 2) for j in range(TOP)}
    out |= {f"strength_{j + 1}": math.log(spike_strength(top[j] / (n * s2), Q) / threshold(Q)) for j in range(TOP)}
    out["spikes"] = math.log1p(len(fit.spikes) / J)
    out["strong"] = math.log1p((strengths > STRONG).sum() / J)
    out["mass"] = math.log(1e-3 + x[x > s2 * (mu + xi * excess[0])].sum() / x.sum())
    out["distance"] = math.log(fit.D / fit.D_bound)
    out["fourth"] = _fourth(bulk, n - len(fit.spikes) / J, fit.law.Q, J)
    out["fourth_all"] = _fourth(x, n, Q, J)
    levels = np.array(LEVELS)
    at = np.interp(levels, (np.arange(len(bulk)) + 0.5) / len(bulk), bulk)
    shift = np.arcsinh(np.log(at / fit.law.ppf(levels)) * m / 4)
    out |= {f"bulk_{round(100 * level):02d}": float(value) for level, value in zip(LEVELS, shift, strict=True)}
    out["range"] = math.log(top[0] / np.median(x))
    k = max(len(x) // 10, 3)
    out["tail"] = math.log(1e-3 + float(np.log(x[-k:] / x[-k - 1]).mean()))
    out |= {f"gap_{j + 1}": math.log(top[j] / top[j + 1]) for j in range(TOP - 1)}
    return out | {"size": math.log(m / 200), "aspect": math.log(Q / 2)}


def _fourth(x: np.ndarray, n: float, Q: float, J: int) -> float:
    y = x / x.mean()
    return math.asinh(len(x) / math.sqrt(J) * (float((y**2).mean()) - 1 - 1 / Q - 1 / n) * Q / 2)


@lru_cache(maxsize=256)
def _excess(J: int) -> np.ndarray:
    """How much higher the TOP largest eigenvalues of J Gaussian matrices lie than those of one, in Tracy-Widom units.

    Where the mean number of eigenvalues above s, near the edge sf(s) and below it 2/(3 pi) |s|^(3/2), is (j - 1/2)/J.
    """
    s = np.linspace(20, -20, 4001)
    above = np.maximum(tracy_widom.sf(s), 2 / (3 * np.pi) * np.maximum(-s, 0) ** 1.5)
    count = np.arange(TOP) + 0.5
    return np.interp(np.log(count / J), np.log(above), s) - np.interp(np.log(count), np.log(above), s)
