"""The spectra of the layers of a network, from its weights to labelled results."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from statmech import backend
from statmech.io.networks import read_network
from statmech.results import Results
from statmech.spectra.analysis import analyse_layers, analyse_spectrum, eigenvalue_count, labelled
from statmech.spectra.spectrum import Cut, Spectrum

MIN_SIZE = 20
"""Eigenvalues of a layer below which there is nothing to fit."""


def analyse(
    network: Any,
    slices: Cut = "slices",
    min_size: int = MIN_SIZE,
    resamples: int = 100,
    seed: int = 0,
    device: backend.Device = "cpu",
) -> Results:
    """Eigenvalues of X = W^T W of every layer, with metrics, fits and spectral phase, as the group `spectra`.

    network:   file, folder, torch module or mapping of names to arrays, see `read_network`
    slices:    "slices" pools the k x k matrices of a convolution kernel, "flatten" takes it as one matrix
    min_size:  layers with fewer eigenvalues are left out; their names stand in the attribute left_out
    resamples: of the bootstrap interval of alpha; 0 for none
    device:    "cpu", "gpu" or "auto", for the singular values

    Returns Results with a row per layer (see docs/spectra.md); `to_hdf5` writes them.

    Raises StoreError for a file that cannot be used, ValueError if no layer has min_size eigenvalues.

    Example: ``statmech.analyse("lenet.npz")["spectra/alpha"]``
    """
    weights = read_network(network)
    small = [name for name, W in weights.items() if eigenvalue_count(W.shape, slices) < min_size]
    layers = analyse_layers(weights, slices, min_size, resamples, seed, device)
    if not layers:
        sizes = ", ".join(f"{name} {eigenvalue_count(W.shape, slices)}" for name, W in list(weights.items())[:5])
        raise ValueError(f"no layer has min_size = {min_size} eigenvalues ({sizes}): choose a smaller one")
    attrs = {
        "title": "spectra of the layers of a network", "slices": slices, "min_size": min_size, "resamples": resamples,
        "seed": seed, "left_out": ", ".join(small), "provenance": _provenance(network),
    }  # fmt: skip
    return Results(labelled(layers), attrs)


def refit(results: Results, resamples: int = 100, seed: int = 0) -> Results:
    """The eigenvalues of results of `analyse` with metrics, fits and phases of this version; no weights are needed.

    Example: ``refit(statmech.load("data/spectra/lenet.h5")).to_hdf5("data/spectra/lenet.h5")``
    """
    layers = [analyse_spectrum(spectrum_of(results, str(name)), resamples, seed) for name in results["layer"]]
    return Results(labelled(layers), {**results.attrs, "resamples": resamples, "seed": seed})


def spectrum_of(results: Results, layer: str) -> Spectrum:
    """The spectrum of a layer that stands in results of `analyse`, for other laws and metrics.

    Raises ValueError for an unknown layer.

    Example: ``fit_truncated_power_law(spectrum_of(statmech.load("lenet.h5"), "fc1.weight").eigenvalues)``
    """
    names = [str(name) for name in results["layer"]]
    if layer not in names:
        raise ValueError(f"layer {layer!r} is not known, expected one of {', '.join(names)}")
    i = names.index(layer)
    start, stop = results["spectra/row"][i : i + 2]
    n, m, slices = (int(results[f"spectra/{name}"][i]) for name in ("n", "m", "slices"))
    precision = float(results["spectra/precision"][i])
    return Spectrum(results["spectra/eigenvalue"][start:stop], n, m, slices, layer, precision)


def _provenance(network: Any) -> dict[str, str]:
    """Name and SHA-256 of the file that the weights came from."""
    from statmech import __version__

    about = {"statmech": __version__, "source": type(network).__name__}
    if isinstance(network, str | os.PathLike):
        path = Path(network)
        about["source"] = path.name
        if path.is_file():
            with path.open("rb") as file:
                about["sha256"] = hashlib.file_digest(file, "sha256").hexdigest()
    return about
