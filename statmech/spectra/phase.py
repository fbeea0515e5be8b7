r"""The spectral phase of a layer: one of the 5+1 phases of training, with probabilities, from stated statistics.

A layer of whose eigenvalues more than a tenth are zero is Rank-collapse, by definition.  Between the other five phases
c a multinomial logistic regression on the standardised statistics z_k of `phase_statistics` and their squares decides:

.. math:: P(c) = \exp(a_c / \tau) / \sum_{c'} \exp(a_{c'} / \tau), \quad a_c = b_c + \sum_k (w_{ck} z_k + v_{ck} z_k^2)

Coefficients, standardisation and the temperature tau are in phase.json, fitted to random matrices whose phase is known
(`phase_matrices`; sims/spectral_calibration.py): a probability of 0.8 is right in 80 % of such matrices.

Source of the phases: Martin & Mahoney, JMLR 22(165), 2021 (arXiv:1810.01075).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from statmech.spectra.phase_matrices import PHASES
from statmech.spectra.phase_statistics import phase_statistics
from statmech.spectra.spectrum import Spectrum

SMALLEST = 20
"""Smaller side of the smallest matrix that gets a label: below, a spectrum says too little."""
COLLAPSED = 0.1
"""Share of zero eigenvalues above which a layer is Rank-collapse: the middle between the margin 0.2 and full rank."""
REACH = 5.0
"""Standardised statistics are clipped here: nothing is extrapolated far outside the matrices of the calibration."""


@dataclass(frozen=True)
class PhaseLabel:
    """The spectral phase of a layer; false in a condition where there is none.

    label: one of PHASES, the most probable; "" where status says why there is none.
    probabilities: of all PHASES, summing to 1; NaN without a label.
    statistics: what they were read from (`phase_statistics`; zeros alone if that decided).
    status: "ok", or why there is no label.
    """

    label: str
    probabilities: dict[str, float]
    statistics: dict[str, float]
    status: str = "ok"

    def __bool__(self) -> bool:
        return bool(self.label)


def spectral_phase(spectrum: Spectrum) -> PhaseLabel:
    """Phase of a layer from its eigenvalues; the same for W, c W, W^T and W with its rows and columns permuted.

    Pooled slices count as one layer: the edge is that of the largest of all, numbers of spikes are per slice.
    A layer whose smaller side is below SMALLEST gets no label, and a status that says so.

    Example: ``spectral_phase(spectrum(np.random.default_rng(0).normal(size=(300, 200)))).label == "Random-like"``
    """
    if spectrum.m < SMALLEST:
        status = f"too small: the smaller side is {spectrum.m}, a label needs at least {SMALLEST}"
        return PhaseLabel("", dict.fromkeys(PHASES, float("nan")), {}, status)
    zeros = 1 - spectrum.rank / spectrum.M_total
    if zeros > COLLAPSED:
        certain = {phase: float(phase == "Rank-collapse") for phase in PHASES}
        return PhaseLabel("Rank-collapse", certain, {"zeros": zeros})
    statistics = phase_statistics(spectrum)
    p = probabilities(np.array([list(statistics.values())]), list(statistics), coefficients())[0]
    return PhaseLabel(PHASES[int(p.argmax())], dict(zip(PHASES, p.tolist(), strict=True)), statistics)


def probabilities(values: NDArray[np.float64], names: list[str], fitted: Mapping[str, Any]) -> NDArray[np.float64]:
    """Probabilities (count, 6) of PHASES for statistics (count, k) in the order `names`; Rank-collapse gets 0.

    fitted: the content of phase.json, or what `phase_fit.fit_phases` returns.

    Raises ValueError if a statistic of the fit is not among the names.
    """
    missing = [name for name in fitted["statistics"] if name not in names]
    if missing:
        raise ValueError(f"statistics {', '.join(missing)} are missing: calibrate again with these ones")
    columns = [names.index(name) for name in fitted["statistics"]]
    z = terms(values[:, columns], fitted)
    a = (np.array(fitted["intercept"]) + z @ np.array(fitted["weights"]).T) / fitted["temperature"]
    p = np.exp(a - a.max(1, keepdims=True))
    return np.hstack([p / p.sum(1, keepdims=True), np.zeros((len(p), 1))])


def terms(values: NDArray[np.float64], fitted: Mapping[str, Any]) -> NDArray[np.float64]:
    """z = (value - centre)/spread, clipped to +-REACH, and z^2: (count, 2 k)."""
    z = np.clip((values - np.array(fitted["centre"])) / np.array(fitted["spread"]), -REACH, REACH)
    return np.hstack([z, z**2])


@lru_cache(maxsize=1)
def coefficients() -> dict[str, Any]:
    """The content of phase.json."""
    return json.loads(resources.files("statmech.spectra").joinpath("phase.json").read_text())
