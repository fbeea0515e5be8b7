"""Walkers on the GPU: the chains of chains.py around the kernels of pairs.cu, fields.cu,
tensor.cu and diluted.cu.

For integer couplings the numbers are those of the CPU, bit for bit; for floating-point couplings the kernels
round as the CPU's do, but the fields they start from come from another library's matrix product.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from statmech import backend
from statmech.core import State
from statmech.kernels.chains import Chains, FieldChains, PairChains
from statmech.kernels.fields import LOOKUP, QUADRATIC, STEP
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


class PairWalkersGPU(OnGPU, PairChains):
    """Family `pairs` on the GPU.

    Example: ``PairWalkersGPU(problem, s).sweep(T, keys, lanes, 0, 10, "metropolis", "sequential")``
    """

    source = "pairs.cu"
    kernel = "sweep_pairs"

    def _prepare(self, problem: PairProblem) -> None:
        super()._prepare(problem)
        self.exact_in = np.float64  # CUPY_TF32=1 would round float32 factors to 11 bits

    def _kernel(self, *args) -> None:
        self._launch((self.J,), *args)


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

    def _kernel(self, *args) -> None:
        form = self.form
        self._launch((self.columns, self.table), *args, form.patterns, form.threshold, form.low, form.shift)


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
