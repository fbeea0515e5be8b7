"""Walkers on the GPU: the chains of chains.py around the kernels of pairs.cu, fields.cu,
tensor.cu and diluted.cu.

For integer couplings the numbers are those of the CPU, bit for bit; for floating-point couplings the kernels
round as the CPU's do, but the fields they start from come from another library's matrix product.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from statmech import backend
from statmech.core import Criterion, Order, State
from statmech.kernels.chains import Chains, FieldChains, PairChains
from statmech.kernels.edges import counts_edges, signs
from statmech.kernels.exchange_cuda import Exchanges
from statmech.kernels.fields import LOOKUP, QUADRATIC, STEP
from statmech.kernels.pairs_block_cuda import PairBlocks, worth
from statmech.kernels.tensor_chains import DilutedChains, TensorChains
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


class PairWalkersGPU(OnGPU, PairChains):
    """Family `pairs` on the GPU.

    Integer couplings whose sites go in turn are swept in blocks (pairs_block_cuda.py), which keep no fields: those, and
    the spins, are worked out when somebody asks for them.

    Example: ``PairWalkersGPU(problem, s).sweep(T, keys, lanes, 0, 10, "metropolis", "sequential")``
    """

    source = "pairs.cu"
    kernel = "sweep_pairs"
    blocked = True  # go in blocks where that is possible
    blocks: PairBlocks | None = None

    def _prepare(self, problem: PairProblem) -> None:
        super()._prepare(problem)
        self.exact_in = np.float64  # CUPY_TF32=1 would round float32 factors to 11 bits
        chains = self.shape[1] * self.shape[2]
        if self.blocked and self.launcher.tensor_cores and worth(np.asarray(problem.J), self.bound, chains):
            self.blocks = PairBlocks(backend.cuda_launcher("pairs_block.cu"), self.J, self.h, chains)

    def _kernel(self, keys, lanes, theta, start, sweeps, heatbath, random_order, accepted) -> None:
        if self.blocks is None or random_order:
            self._launch((self.J,), keys, lanes, theta, start, sweeps, heatbath, random_order, accepted)
            return
        if not self._ahead:
            self.blocks.take(self._spins)
        self.blocks.sweep(self.E, keys, lanes, theta, start, sweeps, heatbath, accepted)
        self._ahead = self._stale = True

    _ahead = False  # the blocks' spins are the latest
    _stale = False  # the fields are those of earlier spins

    @property
    def exact(self) -> bool:
        return self.field_type.kind == "i"

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


class FieldWalkersGPU(OnGPU, FieldChains):
    """Family `fields` on the GPU.

    Example: ``FieldWalkersGPU(problem, s).sweep(T, keys, lanes, 0, 10, "heatbath", "random")``
    """

    source = "fields.cu"

    def _prepare(self, problem: FieldProblem) -> None:
        super()._prepare(problem)
        self.exact_in = np.float64  # as for pairs: inputs may have more than 11 bits
        self.kernel = f"sweep_fields_{POTENTIALS[self.form.kind]}"
        self.table = self._put(self.form.table)
        xi, edges = np.asarray(problem.xi), backend.cuda_launcher("edges.cu")
        bytes_of_edges = 2 * self.columns.shape[-1] // 8
        worth = self.edges and counts_edges(xi, self.form.kind, self.field_type)
        self.bits = edges.put(signs(xi)) if worth and bytes_of_edges <= edges.shared_limit else None

    edges = True  # count bits at the edge of the 0/1 error where that is possible

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


class TensorWalkersGPU(OnGPU, TensorChains):
    """Family `tensor` on the GPU.

    Example: ``TensorWalkersGPU(problem, s).sweep(T, keys, lanes, 0, 10, "metropolis", "sequential")``
    """

    source = "tensor.cu"

    def _memory(self) -> int:
        return self.launcher.free_memory()

    def _prepare(self, problem: TensorProblem) -> None:
        super()._prepare(problem)
        self.kernel = f"sweep_tensor_{self.J.dtype.name}"

    def _kernel(self, *args) -> None:
        self._launch((self.J, self.z, self.starts, self.index), *args, self.layout.pairs)


class DilutedWalkersGPU(OnGPU, DilutedChains):
    """Family `diluted` on the GPU.

    Example: ``DilutedWalkersGPU(problem, s).sweep(T, keys, lanes, 0, 10, "heatbath", "random")``
    """

    source = "diluted.cu"
    kernel = "sweep_diluted"

    def _kernel(self, *args) -> None:
        _, terms, ends, _, _ = self.lists
        self._launch(self.lists, *args, terms.shape[1], ends.shape[0] - 1)
