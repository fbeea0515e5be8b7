"""Spectra of trained layers as numbers: six metrics and the probabilities of the phases at every reading of a sweep.

The metrics were fixed before any network was trained (data/atlas/predictions.json).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from statmech.core import Labelled, Variable
from statmech.results import Results
from statmech.spectra.analysis import analyse_spectrum
from statmech.spectra.phase import SMALLEST
from statmech.spectra.phase_matrices import PHASES
from statmech.spectra.spectrum import Spectrum

Array = NDArray[np.float64]

METRICS = {  # name: long name
    "lambda_ratio": "largest eigenvalue over the upper edge of the Marchenko-Pastur bulk",
    "num_spikes": "eigenvalues above the bulk",
    "stable_rank": "sum of the eigenvalues over the largest",
    "entropy": "entropy of the normalised eigenvalues over ln rank",
    "alpha": "exponent of the power-law tail",
    "log_norm": "log10 of the squared Frobenius norm",
}

def measure(spectrum: Spectrum) -> dict[str, float]:
    """The six METRICS, and p_0 .. p_5: probabilities of the phases in the order of PHASES (NaN where none is named).

    Example: ``measure(spectrum(np.random.default_rng(0).normal(size=(300, 100))))["num_spikes"]``
    """
    layer = analyse_spectrum(spectrum, resamples=0)
    row = layer.row()
    row["lambda_ratio"] = row["lambda_max"] / row["lambda_plus"]
    phase = layer.phase.probabilities if layer.phase else dict.fromkeys(PHASES, np.nan)
    return {name: float(row[name]) for name in METRICS} | {f"p_{k}": phase[name] for k, name in enumerate(PHASES)}


def layers(results: Results) -> list[str]:
    """Layers at least SMALLEST wide whose spectra are in results of a Training sweep, as they are or reduced.

    Example: ``layers(results) == ["fc1", "fc2"]``
    """
    for last in ("p", "eigenvalue"):
        found = [name for name in results if name.startswith("spectra/") and name.endswith(f"/{last}")]
        if found:
            return [name.split("/")[1] for name in found if int(results.variables[name].attrs["m"]) >= SMALLEST]
    raise ValueError("the results hold no spectra: expected those of a Training sweep")


def reduced(
    results: Results,
    keep: Sequence[str] = ("start", "end"),
    kinds: Sequence[str] = ("eigenvalue",),
    kept_kinds: Sequence[str] = ("eigenvalue",),
) -> Results:
    """Results of a Training sweep with every spectrum as its metrics and phase, in place of most eigenvalues.

    keep:       readings whose eigenvalues stay (`kept` names them), those of kept_kinds
    kinds:      "eigenvalue", and the controls "eigenvalue_shuffled", "eigenvalue_displaced" if they were taken

    New variables, float32: spectra/<layer>/<metric> (..., disorder, reading), for controls <metric>_shuffled and
    <metric>_displaced, and p (..., reading, phase_name); dimensions of the grid stay.

    A layer that grows along the grid has its own smaller side at every point; its larger side is that of the first
    point, or its smaller one if that is larger: right for square layers and for those behind a fixed input.

    Example: ``reduced(statmech.load("results/network_load")).to_hdf5("network_load.h5")``
    """
    out: Labelled = {name: v for name, v in results.variables.items() if not name.startswith("spectra/")}
    out.pop("predicted", None)
    out["phase_name"] = Variable(("phase_name",), np.array(PHASES, object), {"long_name": "spectral phase"})
    readings = results["reading"].astype(str).tolist()
    kept = [readings.index(name) for name in keep if name in readings]
    out["kept"] = Variable(("kept",), np.array([readings[i] for i in kept], object), {"long_name": "reading"})
    for kind in kinds:
        suffix = kind.removeprefix("eigenvalue")
        for layer in layers(results):
            variable = results.variables[f"spectra/{layer}/{kind}"]
            n, m, slices = (int(variable.attrs[x]) for x in ("n", "m", "slices"))
            data = np.asarray(variable.data)
            found = np.full((*data.shape[:-1], len(METRICS) + len(PHASES)), np.nan, np.float32)
            for cell in np.ndindex(data.shape[:-1]):
                x = data[cell][np.isfinite(data[cell])]  # layers that grow along the grid are padded with NaN
                if x.size:
                    side = x.size // slices
                    here = Spectrum(x, max(n, side), side, slices, layer, float(np.finfo(np.float32).eps))
                    found[cell] = list(measure(here).values())
            dims, words = variable.dims[:-1], {"long_name": f"phase of {layer}", "n": n, "m": m, "slices": slices}
            for k, (name, meaning) in enumerate(METRICS.items()):
                attrs = {"long_name": f"{meaning} of {layer}", "units": "1"}
                out[f"spectra/{layer}/{name}{suffix}"] = Variable(dims, found[..., k], attrs)
            out[f"spectra/{layer}/p{suffix}"] = Variable((*dims, "phase_name"), found[..., len(METRICS) :], words)
            if kind not in kept_kinds or not kept:
                continue
            axis = dims.index("reading")
            where = (*(("kept" if d == "reading" else d) for d in dims), variable.dims[-1])
            few = data.take(kept, axis=axis).astype(np.float32)
            out[f"spectra/{layer}/{kind}"] = Variable(where, few, variable.attrs)
    return Results(out, results.attrs)


def phase_index(results: Results, layer: str, suffix: str = "") -> Array:
    """Mean phase index sum_k k p_k (..., disorder, reading) of a layer: Random-like 0 ... Rank-collapse 5.

    results: as `reduced` makes them.

    Example: ``phase_index(statmech.load("data/spectra/network_temperature.h5"), "fc1")``
    """
    p = results[f"spectra/{layer}/p{suffix}"]
    return p @ np.arange(p.shape[-1])
