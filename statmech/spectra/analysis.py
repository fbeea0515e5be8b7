"""All that is measured on the layers of one network, and its place among labelled results (group `spectra`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from statmech import backend
from statmech.core import Labelled, Variable
from statmech.spectra.bootstrap import bootstrap_power_law
from statmech.spectra.marchenko_pastur import MarchenkoPasturFit, fit_marchenko_pastur
from statmech.spectra.metrics import metrics
from statmech.spectra.phase import PhaseLabel, spectral_phase
from statmech.spectra.phase_matrices import PHASES
from statmech.spectra.power_law import PowerLawFit, fit_power_law
from statmech.spectra.spectrum import Cut, Spectrum, spectrum

LEVEL = 0.9
"""Share of the bootstrap exponents inside [alpha_low, alpha_high]."""
NO_PHASE = -1
COLUMNS: dict[str, tuple[str, str]] = {  # name: (unit, long name)
    "n": ("1", "larger side N of one matrix"),
    "m": ("1", "smaller side M of one matrix"),
    "slices": ("1", "matrices whose eigenvalues are pooled"),
    "Q": ("1", "N/M"),
    "precision": ("1", "machine epsilon of the stored weights"),
    "hard_rank": ("1", "eigenvalues that are not zero to the precision of the weights"),
    "stable_rank": ("1", "sum of the eigenvalues over the largest"),
    "entropy": ("1", "entropy of the normalised eigenvalues over ln hard_rank"),
    "norm2": ("1", "squared Frobenius norm of W, the sum of the eigenvalues"),
    "log_norm": ("1", "log10 of the squared Frobenius norm"),
    "lambda_max": ("1", "largest eigenvalue of X"),
    "log_spectral_norm": ("1", "log10 of the largest eigenvalue"),
    "detX": ("1", "largest eigenvalues, scaled to mean 1, whose product first falls below 1"),
    "sigma": ("1", "s sqrt N of the Marchenko-Pastur bulk of X, s the standard deviation of the noise in W"),
    "mp_Q": ("1", "N/M of the bulk, without a row and a column per spike"),
    "lambda_plus": ("1", "upper edge of the Marchenko-Pastur bulk of X"),
    "soft_rank": ("1", "lambda_plus over the largest eigenvalue"),
    "num_spikes": ("1", "eigenvalues above the bulk"),
    "zeros": ("1", "eigenvalues that are zero to the precision of the weights"),
    "mp_D": ("1", "Kolmogorov-Smirnov distance of the bulk from Marchenko-Pastur"),
    "mp_D_bound": ("1", "distance that 99 % of Gaussian matrices stay below"),
    "mp_status": ("", "what is wrong with the Marchenko-Pastur fit, or ok"),
    "alpha": ("1", "exponent of the power-law tail, density ~ lambda^-alpha"),
    "alpha_stderr": ("1", "(alpha - 1)/sqrt(n_tail), at fixed xmin"),
    "alpha_low": ("1", f"lower end of the {LEVEL:.0%} bootstrap interval of alpha"),
    "alpha_high": ("1", f"upper end of the {LEVEL:.0%} bootstrap interval of alpha"),
    "xmin": ("1", "lower end of the power-law tail"),
    "n_tail": ("1", "eigenvalues in the tail"),
    "D": ("1", "Kolmogorov-Smirnov distance of the tail from the power law"),
    "tail_status": ("", "why there is no power-law fit, or ok"),
    "phase_status": ("", "why there is no label of the phase, or ok"),
    "alpha_weighted": ("1", "alpha log10 lambda_max"),
    "log_alpha_norm": ("1", "log10 of the sum of lambda^alpha"),
}


@dataclass(frozen=True)
class Layer:
    """The spectrum of one layer with its fits; what each field holds stands with its class.

    interval: bootstrap interval of tail.alpha at LEVEL, NaN without one.
    """

    spectrum: Spectrum
    metrics: Mapping[str, float]
    bulk: MarchenkoPasturFit
    tail: PowerLawFit
    interval: tuple[float, float]
    phase: PhaseLabel

    def row(self) -> dict[str, Any]:
        """One row of the table: every name of COLUMNS."""
        s, b, t = self.spectrum, self.bulk, self.tail
        own = {
            "n": s.n, "m": s.m, "slices": s.slices, "Q": s.Q, "precision": s.precision,
            "sigma": b.sigma, "mp_Q": b.law.Q if b.law else np.nan, "lambda_plus": b.lambda_plus,
            "num_spikes": len(b.spikes), "zeros": b.zeros, "mp_D": b.D, "mp_D_bound": b.D_bound, "mp_status": b.status,
            "alpha": t.alpha, "alpha_stderr": t.stderr, "alpha_low": self.interval[0], "alpha_high": self.interval[1],
            "xmin": t.xmin, "n_tail": t.n_tail, "D": t.D, "tail_status": t.status,
            "phase_status": self.phase.status,
        }  # fmt: skip
        return {name: own[name] if name in own else self.metrics[name] for name in COLUMNS}


def analyse_spectrum(measured: Spectrum, resamples: int = 100, seed: int = 0) -> Layer:
    """Metrics, Marchenko-Pastur bulk, power-law tail and phase of the eigenvalues of one layer.

    resamples: of the bootstrap of alpha; 0 for none.  Fits leave out the eigenvalues that are zero to the precision of
    the weights, and those that fail say so in their status.

    Example: ``analyse_spectrum(spectrum(np.random.default_rng(0).normal(size=(300, 200)))).bulk.spikes.size == 0``
    """
    positive = measured.eigenvalues[measured.M_total - measured.rank :]
    tail = fit_power_law(positive)
    interval = (np.nan, np.nan)
    if resamples and tail.ok:
        interval = bootstrap_power_law(positive, resamples, seed=seed).interval(LEVEL)
    bulk = fit_marchenko_pastur(measured)
    return Layer(measured, metrics(measured, bulk, tail), bulk, tail, interval, spectral_phase(measured))


def analyse_layers(
    weights: Mapping[str, ArrayLike],
    slices: Cut = "slices",
    min_size: int = 1,
    resamples: int = 100,
    seed: int = 0,
    device: backend.Device = "cpu",
) -> list[Layer]:
    """The layers of a network, in the order of `weights`; those with fewer than min_size eigenvalues are left out.

    weights: name -> matrix or kernel (out, in, k, ...).  slices, device: as in `spectrum`.

    Raises ValueError with the name of a layer whose weights are not finite.

    Example: ``analyse_layers({"fc1": np.random.default_rng(0).normal(size=(50, 20))})[0].spectrum.Q == 2.5``
    """
    found = []
    for name, W in weights.items():
        if eigenvalue_count(np.shape(W), slices) < min_size:
            continue
        try:
            found.append(analyse_spectrum(spectrum(W, slices, device, name), resamples, seed))
        except (ValueError, TypeError) as error:
            raise type(error)(f"layer {name!r}: {error}") from None
    return found


def eigenvalue_count(shape: Sequence[int], slices: Cut = "slices") -> int:
    """Eigenvalues that a layer of this shape has: M per slice, or those of the flattened kernel.

    Example: ``eigenvalue_count((50, 20, 5, 5)) == 500``
    """
    cells = int(np.prod(shape[2:], dtype=int))
    return min(shape[0], shape[1] * cells) if slices == "flatten" else min(shape[:2]) * cells


def labelled(layers: Sequence[Layer]) -> Labelled:
    """Named arrays of the group `spectra`: one entry per layer, and the eigenvalues of all layers in one flat array.

    The eigenvalues of layer i are spectra/eigenvalue[row[i] : row[i + 1]] with row = spectra/row.

    Raises ValueError without a layer, or if two have one name.

    Example: ``labelled(analyse_layers(weights))["spectra/alpha"].data``
    """
    names = [layer.spectrum.name for layer in layers]
    if not names or len(set(names)) != len(names):
        raise ValueError(f"layers are called {names}: expected one or more, with names of their own")
    counts = [layer.spectrum.M_total for layer in layers]
    rows = [layer.row() for layer in layers]
    values = np.concatenate([layer.spectrum.eigenvalues for layer in layers])
    out: Labelled = {
        "layer": _column("layer", np.array(names, object), "", "layer of the network"),
        "phase_name": _column("phase_name", np.array(PHASES, object), "", "spectral phase"),
        "entry": _column("entry", np.arange(len(values)), "1", "position in spectra/eigenvalue"),
        "border": _column("border", np.arange(len(names) + 1), "1", "border between layers"),
        "spectra/eigenvalue": _column("entry", values, "1", "eigenvalues of X = W^T W, ascending in every layer"),
        "spectra/row": _column(
            "border", np.cumsum([0, *counts]), "1", "where the eigenvalues of a layer begin; last: their number"
        ),
    }
    for name, (unit, words) in COLUMNS.items():
        data = np.array([row[name] for row in rows])
        out[f"spectra/{name}"] = _column("layer", data, unit, words)
    return out | _phases(layers)


def _column(dim: str, data: np.ndarray, unit: str, words: str) -> Variable:
    return Variable((dim,), data, {"units": unit, "long_name": words})


def _phases(layers: Sequence[Layer]) -> Labelled:
    labels = [layer.phase for layer in layers]
    probability = [[x.probabilities[name] for name in PHASES] for x in labels]
    index = [PHASES.index(x.label) if x else NO_PHASE for x in labels]
    flags = np.arange(NO_PHASE, len(PHASES), dtype=np.int8)
    meaning = {"flag_values": flags, "flag_meanings": " ".join(("none", *PHASES))}
    return {
        "spectra/phase": Variable(
            ("layer",), np.array(index, np.int8), {"units": "1", "long_name": "most probable spectral phase", **meaning}
        ),
        "spectra/phase_probability": Variable(
            ("layer", "phase_name"), np.array(probability), {"units": "1", "long_name": "probability of the phase"}
        ),
    }
