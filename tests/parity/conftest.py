"""CUDA kernels without a GPU: compiled once per process, put in the place of the GPU's launcher."""

from __future__ import annotations

import functools

import pytest
from parity import cuda_shim
from parity.cuda_shim import KERNELS, ShimLauncher

from statmech import backend


@functools.cache
def launcher(source: str) -> ShimLauncher:
    return ShimLauncher(backend.cuda_source(source), KERNELS[source])


@pytest.fixture
def shim(monkeypatch):
    """statmech's GPU walkers on the shim; returns source -> launcher."""
    if cuda_shim.SKIP:
        pytest.skip(cuda_shim.SKIP)
    monkeypatch.setattr(backend, "cuda_launcher", launcher)
    return launcher


@pytest.fixture
def mutated_shim(monkeypatch):
    """Puts a source with one place changed in statmech's hands: mutated_shim(source, old, new)."""
    if cuda_shim.SKIP:
        pytest.skip(cuda_shim.SKIP)

    def mutate(source: str, old: str, new: str) -> None:
        text = cuda_shim.mutant(backend.cuda_source(source), old, new)
        compiled = ShimLauncher(text, KERNELS[source], "-O0")  # compiled for a few sweeps
        monkeypatch.setattr(backend, "cuda_launcher", lambda _: compiled)

    return mutate
