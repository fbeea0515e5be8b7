"""Walkers on the sphere on the CPU: the chains of sphere_chains.py around the compiled kernels."""

from __future__ import annotations

import numpy as np

from statmech.kernels.billiard import sweep_flights
from statmech.kernels.sphere import energies_of, fields_of, sweep_planes
from statmech.kernels.sphere_chains import SphereChains


class SphereWalkers(SphereChains):
    """Family `sphere` on the CPU.  `looked` counts, per chain, the angles whose energy the last call looked at, or the
    walls it hit.

    Example: ``SphereWalkers(problem, w).circles(T, keys, lanes, 0, 10)``
    """

    def _put(self, array: np.ndarray) -> np.ndarray:
        return array

    def _form(self) -> tuple:
        p = self.potential
        return self.problem.kappa * 1.0, p.kind, p.table, p.low, 1 / p.spacing

    def _synchronise(self) -> tuple[np.ndarray, np.ndarray]:
        fields, energy = np.empty((len(self.w), self.x.shape[-1])), np.empty(len(self.w))
        fields_of(self.x, self.w, self.sample, fields)
        energies_of(fields, self.patterns, *self._form(), energy)  # type: ignore[call-arg]
        return fields, energy

    def _rotations(self, *args) -> None:
        self._planes(False, *args)

    def _circles(self, *args) -> None:
        self._planes(True, *args)

    def _planes(self, circles, keys, lanes, T, start, sweeps, size, accepted) -> None:
        self.looked = np.zeros(len(self.w), np.int64)
        sweep_planes(  # type: ignore[call-arg]
            self.x, self.patterns, self.w, self.fields, self.E, self.sample, keys, lanes, T, *self._form(),
            start, sweeps, circles, size, accepted, self.looked,
        )  # fmt: skip

    def _flights(self, keys, lanes, T, start, sweeps, size, accepted) -> None:
        self.looked = np.zeros(len(self.w), np.int64)
        sweep_flights(
            self.x, *self._geometry, self.patterns, self.w, self.fields, self.E, self.sample, keys, lanes, T,
            self.problem.kappa * 1.0, size, start, sweeps, accepted, self.looked,
        )  # fmt: skip
