"""CUDA kernels without a GPU: compiled once per process, put in the place of the GPU's launcher."""

from __future__ import annotations

import pytest
from parity import cuda_shim
from parity.cuda_shim import KERNELS, ShimLauncher, compiled

from statmech import backend


def launcher(source: str) -> ShimLauncher:
    return compiled(backend.cuda_source(source), KERNELS[source])


@pytest.fixture
def shim(monkeypatch):
    """statmech's GPU walkers on the shim; returns source -> launcher."""
    if cuda_shim.SKIP:
        pytest.skip(cuda_shim.SKIP)
    monkeypatch.setattr(backend, "cuda_launcher", launcher)
    return launcher


@pytest.fixture
def mutated_shim(monkeypatch):
    """Puts a source with one place changed in statmech's hands: mutated_shim(source, old, new, kernels), with no other
    kernels than those named (default: all); also: a second place (old, new)."""
    if cuda_shim.SKIP:
        pytest.skip(cuda_shim.SKIP)

    def mutate(
        source: str, old: str, new: str, kernels: tuple[str, ...] | None = None, also: tuple[str, str] | None = None
    ) -> None:
        text = cuda_shim.mutant(backend.cuda_source(source), old, new)
        if also:
            text = cuda_shim.mutant(text, *also)
        kernels = kernels or KERNELS[source]
        for name in set(KERNELS[source]) - set(kernels):
            text = cuda_shim.without(text, name)
        changed = ShimLauncher(text, kernels, "-O0")  # compiled for a few sweeps
        monkeypatch.setattr(backend, "cuda_launcher", lambda name: changed if name == source else launcher(name))

    return mutate
