"""What is read off the weights of a network: distances from the start, norms, entropies and spectra of every layer."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from statmech.networks.architectures import Network
from statmech.random import Stream, derive_key, uniform
from statmech.spectra.spectrum import spectrum

Weights = Mapping[str, np.ndarray]
SCALARS = ("update", "epoch", "loss_t", "eps_t", "eps_clean", "loss_g", "eps_g", "distance")
PATHS = ("loss_t", "eps_t", "distance")
LAYERS = ("layer_distance", "layer_norm", "entropy")
KINDS = {
    "eigenvalue": "eigenvalues of X = W^T W",
    "eigenvalue_shuffled": "eigenvalues of X of W with its entries shuffled",
    "eigenvalue_displaced": "eigenvalues of X of W_0 + (W - W_0) with its entries shuffled",
}


def kinds(controls: bool) -> list[str]:
    """Spectra that are taken, with or without the two controls."""
    return list(KINDS) if controls else ["eigenvalue"]


def layers(network: Network) -> list[str]:
    """Names of the layers with a weight matrix or kernel: "fc1", "conv1", ..."""
    return [name.removesuffix(".weight") for name, shape in network.shapes().items() if len(shape) > 1]


def sides(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """(N, M, slices) of a layer: larger and smaller side of one matrix, and how many; conv kernels give k x k slices.

    Example: ``sides((50, 20, 5, 5)) == (50, 20, 25)``
    """
    return max(shape[:2]), min(shape[:2]), int(np.prod(shape[2:], dtype=int))


def eigenvalues(w: np.ndarray) -> np.ndarray:
    """Eigenvalues of X = W^T W (without 1/N), ascending, those of all slices of a kernel together; NaN where training
    diverged."""
    if not np.isfinite(w).all():
        _, m, slices = sides(w.shape)
        return np.full(m * slices, np.nan)
    return spectrum(w).eigenvalues


def entropy(values: np.ndarray) -> float:
    """Matrix entropy S = -sum p ln p / ln R of p = lambda / sum lambda, R the rank (arXiv 1810.01075); the pooled
    eigenvalues of slices are taken as one spectrum, NaN stays NaN."""
    if np.isnan(values).any():
        return float("nan")
    p = values[values > values.max(initial=0.0) * 1e-12]
    if len(p) < 2:
        return 0.0
    p = p / p.sum()
    return float(-(p * np.log(p)).sum() / np.log(len(p)))


def distances(w: Weights, start: Weights, network: Network) -> tuple[float, list[float]]:
    """|w - w_0| of all parameters, and of the weights of every layer."""
    squares = {name: float(((w[name].astype(float) - start[name]) ** 2).sum()) for name in network.shapes()}
    return sum(squares.values()) ** 0.5, [squares[f"{layer}.weight"] ** 0.5 for layer in layers(network)]


def spectra(w: Weights, start: Weights, network: Network, key: int | None) -> dict[str, dict[str, np.ndarray]]:
    """Eigenvalues of every layer, {kind: {layer: values}} for the kinds of KINDS; without a key no controls."""
    out: dict[str, dict[str, np.ndarray]] = {kind: {} for kind in kinds(key is not None)}
    for layer in layers(network):
        now, first = w[f"{layer}.weight"], start[f"{layer}.weight"]
        out["eigenvalue"][layer] = eigenvalues(now)
        if key is not None:
            moved = first + shuffled(now - first, derive_key(key, layer, "displaced"))
            out["eigenvalue_shuffled"][layer] = eigenvalues(shuffled(now, derive_key(key, layer, "shuffled")))
            out["eigenvalue_displaced"][layer] = eigenvalues(moved)
    return out


def shuffled(w: np.ndarray, key: int) -> np.ndarray:
    """The entries of w in a random order, a function of the key."""
    order = np.argsort(uniform(key, Stream.DISORDER, 0, 0, np.arange(w.size)), kind="stable")
    return w.ravel()[order].reshape(w.shape)
