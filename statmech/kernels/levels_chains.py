"""Walkers of the family `levels` on both devices: the only cached fields are the bits of the configuration."""

from __future__ import annotations

from typing import Any

import numpy as np

from statmech.backend import namespace
from statmech.kernels.chains import Chains
from statmech.kernels.cpu import OnCPU
from statmech.kernels.cuda import WARP, OnGPU
from statmech.kernels.levels import NOWHERE, levels_of, sweep_levels, tables
from statmech.problems import LevelProblem

BITS = 62  # of an int64 that stays positive


class LevelChains(Chains):
    """Bits (C, 1) int64, bit i set where s_i = -1; energies int64 in units of scale."""

    def _prepare(self, problem: LevelProblem) -> None:
        if problem.n > BITS:
            raise ValueError(f"n = {problem.n}: a configuration of the family `levels` has at most {BITS} spins")
        self.power = self._put(np.int64(1) << np.arange(problem.n, dtype=np.int64))
        native = np.full(self.shape[0], NOWHERE, np.int64)
        if problem.native is not None:
            native = ((problem.native < 0) << np.arange(problem.n)).sum(-1)
        self.native, self.native_level = self._put(native), np.int64(problem.native_level)
        self.level_keys = self._put(np.array(problem.keys, np.uint64))
        self.steps, self.guide = (self._put(table) for table in tables())

    def _synchronise(self) -> tuple[Any, Any]:
        xp = namespace(self.spins)
        bits, energy = xp.zeros((len(self.spins), 1), np.int64), xp.zeros(len(self.spins), np.int64)
        for i, power in enumerate(self.power):
            bits[:, 0] += (self.spins[:, i] < 0) * power
        self._levels(bits, energy)
        return bits, energy

    def _levels(self, bits: Any, out: Any) -> None:
        """out = levels k of the configurations `bits`."""
        raise NotImplementedError

    @property
    def _constants(self) -> tuple[Any, ...]:
        return self.steps, self.guide, self.level_keys, self.native, self.native_level


class LevelWalkers(OnCPU, LevelChains):
    """Family `levels` on the CPU.

    Example: ``LevelWalkers(problem, s).sweep(T, keys, lanes, 0, 10, "metropolis", "sequential")``
    """

    def _levels(self, bits, out) -> None:
        levels_of(
            self.steps, self.guide, self.level_keys, self.native, self.native_level, self.sample, bits[:, 0], out
        )

    def _kernel(self, keys, lanes, theta, start, sweeps, heatbath, random_order, accepted) -> None:
        sweep_levels(
            self.steps, self.guide, self.level_keys, self.native, self.native_level, self.spins, self.fields, self.E,
            self.sample, keys, lanes, theta, start, sweeps, heatbath, random_order, accepted,
        )  # fmt: skip


class LevelWalkersGPU(OnGPU, LevelChains):
    """Family `levels` on the GPU.

    Example: ``LevelWalkersGPU(problem, s).sweep(T, keys, lanes, 0, 10, "metropolis", "sequential")``
    """

    source = "levels.cu"
    kernel = "sweep_levels"

    def _levels(self, bits, out) -> None:
        count = len(bits)
        args = (*self._constants, self.sample, bits, out, np.int32(count))
        self.launcher.launch("levels_of", -(-count // WARP), WARP, args)

    def _kernel(self, keys, lanes, theta, start, sweeps, heatbath, random_order, accepted) -> None:
        numbers = (np.int32(x) for x in (sweeps, self.spins.shape[1], heatbath, random_order))
        args = (
            *self._constants, self.spins, self.fields, self.E, self.sample, keys, lanes, theta, accepted,
            np.uint32(start), *numbers,
        )  # fmt: skip
        self.launcher.launch(self.kernel, len(self.spins), WARP, args)
