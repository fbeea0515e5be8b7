"""Walkers on the CPU: the chains of chains.py around the compiled kernels."""

from __future__ import annotations

import numba
import numpy as np

from statmech import backend
from statmech.kernels.chains import RESYNC, Chains, FieldChains, PairChains, integer_type
from statmech.kernels.diluted import sweep_diluted
from statmech.kernels.edges import counts_edges, signs, sweep_edges
from statmech.kernels.fields import sweep_fields
from statmech.kernels.pairs import sweep_pairs
from statmech.kernels.pairs_block import block_size, chain_groups, sweep_blocks
from statmech.kernels.tensor import sweep_tensor
from statmech.kernels.tensor_chains import DilutedChains, TensorChains


class OnCPU(Chains):
    """Arrays are NumPy's."""

    def _put(self, array: np.ndarray) -> np.ndarray:
        return array


class PairWalkers(OnCPU, PairChains):
    """Family `pairs` on the CPU.

    Example: ``PairWalkers(problem, s).sweep(T, keys, lanes, 0, 10, "metropolis", "sequential")``
    """

    def _prepare(self, problem) -> None:
        super()._prepare(problem)
        self.block = block_size(self.J, self.spins.shape[1], self.field_type, self.bound)

    def _coupling_type(self, J: np.ndarray) -> np.dtype:
        narrow = J.dtype.kind == "i" and max(J.max(), -J.min()) <= np.iinfo(np.int16).max
        return np.dtype(np.int16) if narrow else self.field_type

    def _kernel(self, keys, lanes, theta, start, sweeps, heatbath, random_order, accepted) -> None:
        samples, temperatures, replicas = self.shape
        groups = chain_groups(samples, temperatures * replicas, numba.get_num_threads())
        if self.block and len(groups) and not random_order:
            sweep_blocks(
                self.J, self.spins, self.fields, self.E, groups, self.sample, keys, lanes, theta,
                start, sweeps, heatbath, self.block, accepted,
            )  # fmt: skip
        else:
            sweep_pairs(
                self.J, self.spins, self.fields, self.E, self.sample, keys, lanes, theta,
                start, sweeps, heatbath, random_order, accepted,
            )  # fmt: skip


class FieldWalkers(OnCPU, FieldChains):
    """Family `fields` on the CPU.

    Example: ``FieldWalkers(problem, s).sweep(T, keys, lanes, 0, 10, "heatbath", "random")``
    """

    def _prepare(self, problem) -> None:
        super()._prepare(problem)
        xi = np.asarray(problem.xi)
        self.bits = signs(xi) if counts_edges(xi, self.form.kind, self.field_type) else None

    def _kernel(self, keys, lanes, theta, start, sweeps, heatbath, random_order, accepted) -> None:
        own = self.spins, self.fields, self.E, self.sample, keys, lanes, theta
        how = start, sweeps, heatbath, random_order, accepted
        if self.bits is not None:
            sweep_edges(self.form.threshold, self.columns, self.bits, *own, *how)
        else:
            sweep_fields(self.form, self.columns, *own, *how)


class TensorWalkers(OnCPU, TensorChains):
    """Family `tensor` on the CPU.

    Example: ``TensorWalkers(problem, s).sweep(T, keys, lanes, 0, 10, "metropolis", "sequential")``
    """

    def _memory(self) -> int:
        return backend.host_memory()

    def _kernel(self, keys, lanes, theta, start, sweeps, heatbath, random_order, accepted) -> None:
        groups = np.arange(len(self.spins) + 1) if random_order else self._groups(numba.get_num_threads())
        sweep_tensor(
            self.J, self.starts, self.index, groups, self.spins, self.z, self.fields, self.E, self.sample,
            keys, lanes, theta, start, sweeps, heatbath, random_order, accepted,
        )  # fmt: skip


class DilutedWalkers(OnCPU, DilutedChains):
    """Family `diluted` on the CPU.

    Example: ``DilutedWalkers(problem, s).sweep(T, keys, lanes, 0, 10, "heatbath", "random")``
    """

    def _kernel(self, keys, lanes, theta, start, sweeps, heatbath, random_order, accepted) -> None:
        starts, terms, ends, members, J = self.lists
        sweep_diluted(
            starts, terms, ends, members, J, self.spins, self.fields, self.E, self.sample, keys, lanes, theta,
            start, sweeps, heatbath, random_order, accepted,
        )  # fmt: skip


__all__ = ["RESYNC", "DilutedWalkers", "FieldWalkers", "PairWalkers", "TensorWalkers", "integer_type"]
