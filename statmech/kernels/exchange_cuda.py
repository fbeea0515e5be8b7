"""Tempering on the GPU: sweeps and exchanges of temperatures one after the other, nothing read until the end."""

from __future__ import annotations

from typing import Any

import numpy as np

from statmech import backend
from statmech.core import State

OURS = ("rung", "visited", "acc_flips", "acc_attempts", "acc_swaps", "acc_trips", "acc_from_cold", "acc_from_hot")
"""Arrays of a tempering state in the order of the kernel's arguments."""


class Exchanges:
    """The arrays of one tempering state on the device.

    state: of samplers.Tempering; ladder (R,); keys (D,) uint64; chains (C,) of shape (D, R, K); E (C,) int64 their
    energies in units of scale, offset (D,).
    """

    def __init__(
        self, state: State, ladder: np.ndarray, keys: np.ndarray, E: Any, scale: float, offset: np.ndarray
    ) -> None:
        self.launcher = backend.cuda_launcher("exchange.cu")
        put = self.launcher.put
        self.D, self.R, self.K = state["rung"].shape
        self.state = {name: put(state[name]) for name in OURS}
        self.theta = put((ladder[state["rung"]] / scale).reshape(-1))  # of the chains, T / scale
        self.accepted = put(np.zeros(state["rung"].size, np.int64))
        constants = E, put(offset.astype(float)), put(1 / ladder), put(ladder / scale), put(keys)
        self._arrays = (*constants, *self.state.values(), self.accepted, self.theta)
        self._scale = np.float64(scale)

    def exchange(self, turn: int, exchange: bool = True) -> None:
        """Round number `turn` (without exchange only the accepted flips are added to those of the rungs)."""
        numbers = np.uint32(turn & 0xFFFFFFFF), np.int32(self.R), np.int32(self.K), np.int32(exchange)
        threads = min(-(-self.R // 32) * 32, 256)
        args = (*self._arrays, self._scale, *numbers)
        self.launcher.launch("exchange_rungs", self.D * self.K, threads, args, 4 * self.R)

    def give(self, state: State) -> None:
        """The arrays, to where the state has them."""
        for name, array in self.state.items():
            state[name][...] = backend.to_host(array)
