"""Walkers on the sphere on the GPU: the chains of sphere_chains.py around the kernels of sphere.cu and billiard.cu.

The random numbers are the CPU's, and sums of floats run in a fixed order of their own: the same bits for every batch
between two resynchronisations, the CPU's trajectories to rounding.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from statmech import backend
from statmech.backend import namespace
from statmech.core import State
from statmech.kernels.cuda import WARP
from statmech.kernels.sphere_chains import SphereChains
from statmech.kernels.sphere_potential import ERROR, HINGE, QUADRATIC, TABLE
from statmech.problems import SphereProblem

POTENTIALS = {ERROR: "error", HINGE: "hinge", QUADRATIC: "quadratic", TABLE: "table"}


def memory(limit: int, rows: Iterable[tuple[int, bool]]) -> tuple[int, int]:
    """(bytes of shared memory, bytes of workspace) of one chain: Rows of sphere.cuh.

    rows: (bytes, has a home in global memory) in the order in which the kernel takes them, each in shared memory if
    it still fits below `limit`.

    Example: ``memory(64, [(60, False), (30, True), (8, False)]) == (64, 16)``
    """
    shared = workspace = 0
    for size, at_home in rows:
        size = -(-size // 16) * 16
        if shared + size <= limit:
            shared += size
        elif not at_home:
            workspace += size
    return shared, workspace


class SphereWalkersGPU(SphereChains):
    """Family `sphere` on the GPU, one warp to a chain.  `looked`, on the device, as on the CPU.

    Example: ``SphereWalkersGPU(problem, w).circles(T, keys, lanes, 0, 10)``
    """

    def __init__(self, problem: SphereProblem, w: np.ndarray, state: State | None = None):
        self.launcher = backend.cuda_launcher("sphere.cu")
        super().__init__(problem, w, state)

    def _put(self, array: np.ndarray) -> Any:
        return self.launcher.put(array)

    def _form(self) -> tuple[np.float64, ...]:
        p = self.potential
        return np.float64(self.problem.kappa), np.float64(p.low), np.float64(1 / p.spacing)

    def _sizes(self) -> tuple[np.int32, ...]:
        return tuple(np.int32(x) for x in (self.w.shape[1], self.x.shape[-1], self.patterns))

    def _synchronise(self) -> tuple[Any, Any]:
        xp, chains = namespace(self.w), len(self.w)
        fields, energy = xp.empty((chains, self.x.shape[-1]), np.float64), xp.empty(chains, np.float64)
        args = (self.x, self.table, self.w, fields, energy, self.sample, *self._sizes(), *self._form())
        self.launcher.launch(f"synchronise_{POTENTIALS[self.potential.kind]}", chains, WARP, args)
        return fields, energy

    def _rotations(self, *args) -> None:
        self._planes(False, *args)

    def _circles(self, *args) -> None:
        self._planes(True, *args)

    def _planes(self, circles, keys, lanes, T, start, sweeps, size, accepted) -> None:
        n, width = self.w.shape[1], self.x.shape[-1]
        kind = self.potential.kind
        packed = -(-self.patterns // WARP) * WARP if kind in (ERROR, HINGE) else 0
        rows = (8 * n, False), (8 * n, True), (8 * width, True), (24 * packed, False)
        shared, workspace, stride = self._memory(self.launcher, rows)
        numbers = np.int32(circles), np.int32(shared), np.int32(stride)
        args = (
            self.x, self.table, self.w, self.fields, self.E, self.sample, keys, lanes, T, size, accepted,
            self._count(), workspace, np.uint32(start), np.int32(sweeps), *self._sizes(), *numbers, *self._form(),
        )  # fmt: skip
        self.launcher.launch(f"sweep_planes_{POTENTIALS[kind]}", len(self.w), WARP, args, shared)

    def _flights(self, keys, lanes, T, start, sweeps, size, accepted) -> None:
        n, width = self.w.shape[1], self.x.shape[-1]
        launcher = backend.cuda_launcher("billiard.cu")
        rows = (8 * n, False), (8 * self.patterns, False), (8 * n, True), (8 * width, True)
        shared, workspace, stride = self._memory(launcher, rows)
        args = (
            self.x, *self._geometry, self.w, self.fields, self.E, self.sample, keys, lanes, T, size, accepted,
            self._count(), workspace, np.uint32(start), np.int32(sweeps), *self._sizes(), np.int32(shared),
            np.int32(stride), np.float64(self.problem.kappa),
        )  # fmt: skip
        launcher.launch("sweep_flights", len(self.w), WARP, args, shared)

    def _memory(self, launcher, rows) -> tuple[int, Any, int]:
        """Bytes of shared memory, the workspace of all chains, and its bytes per chain."""
        shared, stride = memory(launcher.shared_limit, rows)
        return shared, namespace(self.w).empty(max(len(self.w) * stride, 16), np.uint8), stride

    def _count(self) -> Any:
        self.looked = namespace(self.w).zeros(len(self.w), np.int64)
        return self.looked
