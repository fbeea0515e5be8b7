"""Hot loops, one file per family of Hamiltonians and device.  `walkers` picks the right one."""

from __future__ import annotations

import importlib
from typing import Any, Literal

import numpy as np

from statmech import backend
from statmech.core import State
from statmech.problems import CustomProblem, Problem

WALKERS = {  # family of the problem -> its walkers on (the CPU, the GPU)
    "pairs": ("cpu.PairWalkers", "cuda.PairWalkersGPU"),
    "fields": ("cpu.FieldWalkers", "cuda.FieldWalkersGPU"),
    "levels": ("levels_chains.LevelWalkers", "levels_chains.LevelWalkersGPU"),
    "sphere tensor": ("sphere_tensor.SphereTensorWalkers", "sphere_tensor.SphereTensorWalkersGPU"),
    "tensor": ("cpu.TensorWalkers", "cuda.TensorWalkersGPU"),
    "diluted": ("cpu.DilutedWalkers", "cuda.DilutedWalkersGPU"),
    "sphere": ("sphere_cpu.SphereWalkers", "sphere_cuda.SphereWalkersGPU"),
}


def walkers(problem: Problem, s: np.ndarray, device: Literal["cpu", "gpu"], state: State | None = None) -> Any:
    """Walkers of a problem at configurations s (D, T, K, N), dispatched on (family, device): core.SphereWalkers for
    points on the sphere, else core.Walkers.

    A problem given by its energy alone runs on the specification, on the CPU.  Raises MemoryError where the GPU has no
    room for the couplings and the chains.
    """
    if isinstance(problem, CustomProblem):
        from statmech.spec import SpecWalkers

        return SpecWalkers(problem, s)
    module, _, name = WALKERS[problem.family][device == "gpu"].partition(".")
    kind = getattr(importlib.import_module(f"statmech.kernels.{module}"), name)
    try:
        return kind(problem, s, state)
    except Exception as error:
        if type(error).__name__ != "OutOfMemoryError":  # CuPy's, which is known where CuPy is
            raise
        D, T, K, n = s.shape
        free = backend.gpu_memory() / 2**30
        smaller = f"smaller blocks (block = {D // 2}), " if D > 1 else ""
        raise MemoryError(
            f"{D} samples with {T} x {K} chains of {n} spins do not fit in the memory of the GPU ({free:.1f} GiB are "
            f"free): use {smaller}fewer replicas or temperatures, a smaller N, or device = 'cpu'"
        ) from error
