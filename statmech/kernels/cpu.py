"""Walkers on the CPU: the chains of chains.py around the compiled kernels."""

from __future__ import annotations

import numpy as np

from statmech.kernels.chains import RESYNC, Chains, FieldChains, PairChains, integer_type
from statmech.kernels.fields import sweep_fields
from statmech.kernels.pairs import sweep_pairs


class OnCPU(Chains):
    """Arrays are NumPy's."""

    def _put(self, array: np.ndarray) -> np.ndarray:
        return array


class PairWalkers(OnCPU, PairChains):
    """Family `pairs` on the CPU.

    Example: ``PairWalkers(problem, s).sweep(T, keys, lanes, 0, 10, "metropolis", "sequential")``
    """

    def _kernel(self, keys, lanes, theta, start, sweeps, heatbath, random_order, accepted) -> None:
        sweep_pairs(
            self.J, self.spins, self.fields, self.E, self.sample, keys, lanes, theta,
            start, sweeps, heatbath, random_order, accepted,
        )  # fmt: skip


class FieldWalkers(OnCPU, FieldChains):
    """Family `fields` on the CPU.

    Example: ``FieldWalkers(problem, s).sweep(T, keys, lanes, 0, 10, "heatbath", "random")``
    """

    def _kernel(self, keys, lanes, theta, start, sweeps, heatbath, random_order, accepted) -> None:
        sweep_fields(
            self.form, self.columns, self.spins, self.fields, self.E, self.sample, keys, lanes, theta,
            start, sweeps, heatbath, random_order, accepted,
        )  # fmt: skip


__all__ = ["RESYNC", "FieldWalkers", "PairWalkers", "integer_type"]
