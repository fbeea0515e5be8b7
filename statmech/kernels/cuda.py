"""Walkers on the GPU: the chains of chains.py around the kernels of pairs.cu, fields.cu, edges.cu, tensor.cu and
diluted.cu, and the blocks of pairs_block_cuda.py and tensor_block_cuda.py.

For integer couplings the numbers are those of the CPU, bit for bit; for floating-point couplings the kernels
round as the CPU's do, but the fields they start from come from another library's matrix product.
"""

from __future__ import annotations

import abc
from typing import Any, ClassVar

import numpy as np

from statmech import backend
from statmech.core import Criterion, Order, State
from statmech.kernels import pairs_block_cuda, tensor_block_cuda
from statmech.kernels.chains import Chains, FieldChains, PairChains
from statmech.kernels.edges import counts_edges, signs
from statmech.kernels.exchange_cuda import Exchanges
from statmech.kernels.fields import LOOKUP, QUADRATIC, STEP
from statmech.kernels.tensor_chains import DilutedChains, TensorChains
from statmech.kernels.tensor_layout import SHARE
from statmech.problems import DilutedProblem, FieldProblem, PairProblem, TensorProblem

WARP = 32  # threads per block: one warp runs one chain
POTENTIALS = {QUADRATIC: "quadratic", STEP: "step", LOOKUP: "lookup"}


class OnGPU(Chains):
    """Arrays live on the device; one warp runs a chain, with its fields in shared memory if they fit."""

    source: ClassVar[str]
    kernel: str  # its name without the type of the fields

    def __init__(
        self, problem: PairProblem | FieldProblem | TensorProblem | DilutedProblem, s: np.ndarray,
        state: State | None = None,
    ):  # fmt: skip
        self.launcher = backend.cuda_launcher(self.source)
        super().__init__(problem, s, state)

    def _put(self, array: np.ndarray) -> Any:
        return self.launcher.put(array)

    def _launch(
        self, constants, keys, lanes, theta, start, sweeps, heatbath, random_order, accepted, *more
    ) -> None:  # fmt: skip
        width, dtype = self.fields.shape[1], self.fields.dtype
        row = width * dtype.itemsize
        in_shared = row <= self.launcher.shared_limit
        numbers = (self.spins.shape[1], width, heatbath, random_order, in_shared, *more)
        args = (
            *constants, self.spins, self.fields, self.E, self.sample, keys, lanes, theta, accepted,
            np.uint32(start), np.int32(sweeps), *(np.int32(x) for x in numbers),
        )  # fmt: skip
        name = f"{self.kernel}_{dtype.name}"
        self.launcher.launch(name, len(self.spins), WARP, args, row if in_shared else 0)

    def sweep_there(
        self, theta: Any, accepted: Any, keys: np.ndarray, lanes: np.ndarray, start: int, sweeps: int,
        criterion: Criterion, order: Order,
    ) -> None:  # fmt: skip
        """As `sweep`, for exact numbers, with theta = T / scale and the count of accepted flips (C,) on the device:
        what nobody reads between sweeps stays there."""
        keys, lanes = self._numbers(keys, lanes)
        self._kernel(keys, lanes, theta, start, sweeps, criterion == "heatbath", order == "random", accepted)

    def exchanges(self, state: State, ladder: np.ndarray, keys: np.ndarray) -> Exchanges:
        """The exchange of temperatures of these walkers, state and ladder (R,) as in samplers.Tempering, keys (D,)."""
        return Exchanges(state, ladder, keys, self.E, self.scale, self.offset)


class InBlocks(OnGPU):
    """Walkers that sweep in blocks where that is possible (blocks_cuda.py) if sites go in turn, else chain by chain.

    After sweeps in blocks the spins, and what is cached beside them, are worked out when somebody asks for them.
    """

    blocked = True  # go in blocks where that is possible
    blocks: Any = None
    _ahead = False  # the blocks' spins are the latest
    _stale = False  # the fields are those of earlier spins

    @property
    def _count(self) -> int:
        """Chains of a sample."""
        return self.shape[1] * self.shape[2]

    def _may_block(self, needed: int) -> bool:
        """Is it wanted, and are there the cores for it and the memory?"""
        return self.blocked and self.launcher.tensor_cores and needed <= SHARE * self.launcher.free_memory()

    @abc.abstractmethod
    def _take(self) -> None:
        """Let the blocks have the spins, and what they cache."""

    def _sweep_in_blocks(self, keys, lanes, theta, start, sweeps, heatbath, accepted) -> None:
        if not self._ahead:
            self._take()
        self.blocks.sweep(self.E, keys, lanes, theta, start, sweeps, heatbath, accepted)
        self._ahead = self._stale = True

    @property
    def spins(self) -> Any:
        """Configurations (C, N) int8; whoever asks may change them."""
        if self._ahead:
            self.blocks.give(self._spins)
            self._ahead = False
        return self._spins

    @spins.setter
    def spins(self, spins: Any) -> None:
        self._spins, self._ahead = spins, False

    @property
    def fields(self) -> Any:
        """Local fields (C, width)."""
        if self._stale:
            self._fields, self._stale = self._synchronise()[0], False
        return self._fields

    @fields.setter
    def fields(self, fields: Any) -> None:
        self._fields, self._stale = fields, False

    @property
    def per_chain(self) -> tuple[str, ...]:  # type: ignore[override]
        return ("spins", "E") if self._stale else super().per_chain


class PairWalkersGPU(InBlocks, PairChains):
    """Family `pairs` on the GPU; the blocks of integer couplings keep no fields (pairs_block_cuda.py).

    Example: ``PairWalkersGPU(problem, s).sweep(T, keys, lanes, 0, 10, "metropolis", "sequential")``
    """

    source = "pairs.cu"
    kernel = "sweep_pairs"

    def _prepare(self, problem: PairProblem) -> None:
        super()._prepare(problem)
        self.exact_in = np.float64  # CUPY_TF32=1 would round float32 factors to 11 bits
        room = pairs_block_cuda.needed(len(self.J), self.spins.shape[1], self._count)
        if self._may_block(room) and pairs_block_cuda.worth(np.asarray(problem.J), self.bound, self._count):
            launcher = backend.cuda_launcher("pairs_block.cu")
            self.blocks = pairs_block_cuda.PairBlocks(launcher, self.J, self.h, self._count)

    def _take(self) -> None:
        self.blocks.take(self._spins)

    def _kernel(self, keys, lanes, theta, start, sweeps, heatbath, random_order, accepted) -> None:
        if self.blocks is None or random_order:
            self._launch((self.J,), keys, lanes, theta, start, sweeps, heatbath, random_order, accepted)
        else:
            self._sweep_in_blocks(keys, lanes, theta, start, sweeps, heatbath, accepted)

    @property
    def exact(self) -> bool:
        return self.field_type.kind == "i"


class FieldWalkersGPU(OnGPU, FieldChains):
    """Family `fields` on the GPU.

    Example: ``FieldWalkersGPU(problem, s).sweep(T, keys, lanes, 0, 10, "heatbath", "random")``
    """

    source = "fields.cu"
    edges = True  # count bits at the edge of the 0/1 error where that is possible

    def _prepare(self, problem: FieldProblem) -> None:
        super()._prepare(problem)
        self.exact_in = np.float64  # as for pairs: inputs may have more than 11 bits
        self.kernel = f"sweep_fields_{POTENTIALS[self.form.kind]}"
        self.table = self._put(self.form.table)
        xi, self.bits = np.asarray(problem.xi), None
        if self.edges and counts_edges(xi, self.form.kind, self.field_type):
            bytes_of_edges = 2 * self.columns.shape[-1] // 8
            if bytes_of_edges <= backend.cuda_launcher("edges.cu").shared_limit:
                self.bits = self._put(signs(xi))

    def _kernel(self, *args) -> None:
        form = self.form
        if self.bits is None:
            self._launch((self.columns, self.table), *args, form.patterns, form.threshold, form.low, form.shift)
            return
        keys, lanes, theta, start, sweeps, heatbath, random_order, accepted = args
        words = self.bits.shape[-1]
        numbers = sweeps, self.spins.shape[1], words, heatbath, random_order, form.threshold
        arrays = self.columns, self.bits, self.spins, self.fields, self.E, self.sample, keys, lanes, theta, accepted
        args = (*arrays, np.uint32(start), *(np.int32(x) for x in numbers))
        backend.cuda_launcher("edges.cu").launch("sweep_edges", len(self.spins), WARP, args, 16 * words)


class TensorWalkersGPU(InBlocks, TensorChains):  # type: ignore[misc,override]
    """Family `tensor` on the GPU; terms of two and three spins go in blocks (tensor_block_cuda.py).

    Example: ``TensorWalkersGPU(problem, s).sweep(T, keys, lanes, 0, 10, "metropolis", "sequential")``
    """

    source = "tensor.cu"

    def _memory(self) -> int:
        return self.launcher.free_memory()

    def _prepare(self, problem: TensorProblem) -> None:
        super()._prepare(problem)
        self.kernel = f"sweep_tensor_{self.J.dtype.name}"
        samples, n = self.h.shape
        if self._may_block(tensor_block_cuda.needed(samples, n, self._count)):
            self.blocks = tensor_block_cuda.tensor_blocks(self.J, self.h, self.layout, self._count)

    def _take(self) -> None:
        if self._stale and self.blocks.has(self._spins):
            return  # they were only looked at: the fields of the blocks hold, and new ones cost a hundred sweeps
        fields = self.fields  # with the products z: both are worked out together if they are not up to date
        self.blocks.take(self._spins, self.z, fields)

    def _kernel(self, keys, lanes, theta, start, sweeps, heatbath, random_order, accepted) -> None:
        if self.blocks is None or random_order:
            _ = self.fields  # as above
            own = keys, lanes, theta, start, sweeps, heatbath, random_order, accepted
            self._launch((self.J, self.z, self.starts, self.index), *own, self.layout.pairs)
        else:
            self._sweep_in_blocks(keys, lanes, theta, start, sweeps, heatbath, accepted)

    @property
    def exact(self) -> bool:
        return True


class DilutedWalkersGPU(OnGPU, DilutedChains):
    """Family `diluted` on the GPU.

    Example: ``DilutedWalkersGPU(problem, s).sweep(T, keys, lanes, 0, 10, "heatbath", "random")``
    """

    source = "diluted.cu"
    kernel = "sweep_diluted"

    def _kernel(self, *args) -> None:
        _, terms, ends, _, _ = self.lists
        self._launch(self.lists, *args, terms.shape[1], ends.shape[0] - 1)
