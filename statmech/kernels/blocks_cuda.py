"""Sweeps on the GPU that go through the sites in blocks, for all chains at once: what pairs and p = 3 share.

A sweep is a list of calls, matrix products on tensor cores and kernels between them, prepared once: they read and write
the arrays of this object.
"""

from __future__ import annotations

import abc
from collections.abc import Callable
from typing import Any

import numpy as np

from statmech import backend

TILE, CHAINS = 16, 32  # sites and chains that a warp takes at a time
LARGEST = 2048  # integers that are exact in half precision
FEWEST = 4  # chains of a sample that are worth a matrix product


class Blocks(abc.ABC):
    """Chains of `samples` samples, `chains` of each, their energies E and what they need for a sweep, on the device."""

    def __init__(self, launcher: Any, samples: int, chains: int, n: int):
        self.launcher, self.samples, self.chains, self.n = launcher, samples, chains, n
        self.rows, self.padded = -(-n // TILE) * TILE, -(-chains // CHAINS) * CHAINS
        put, count = launcher.put, samples * chains
        self.E, self.accepted = put(np.zeros(count, np.int64)), put(np.zeros(count, np.int64))
        self.keys, self.lanes = put(np.zeros(count, np.uint64)), put(np.zeros(count, np.uint64))
        self.theta, self.number = put(np.zeros(count)), put(np.zeros(1, np.uint32))
        self._prepared: dict[bool, list[Callable[[], Any]]] = {}  # by criterion

    @abc.abstractmethod
    def _calls(self, heatbath: bool) -> list[Callable[[], Any]]:
        """One sweep of all chains, number `number`, which it raises by one."""

    def _bits(self, spins: Any, width: int) -> Any:
        """Bytes (C, width / 8) whose bit k says that spin k of spins (C, n) points down."""
        xp = backend.namespace(spins)
        down = xp.zeros((len(spins), width), bool)
        down[:, : self.n] = spins < 0
        return xp.packbits(down.reshape(-1), bitorder="little").reshape(len(spins), -1)

    def sweep(
        self, E: Any, keys: Any, lanes: Any, theta: Any, start: int, sweeps: int, heatbath: bool, accepted: Any
    ) -> None:
        """As pairs.sweep_pairs, sites in turn; changes E and accepted in place."""
        self.E[...], self.keys[...], self.lanes[...], self.theta[...] = E, keys, lanes, theta
        self.accepted[...], self.number[...] = accepted, start & 0xFFFFFFFF
        if heatbath not in self._prepared:
            self._prepared[heatbath] = self._calls(heatbath)
        cold = sweeps > 1 and not bool((theta > 0).any())
        flips = int(self.accepted.sum()) if cold else 0
        for _ in range(sweeps):
            for call in self._prepared[heatbath]:
                call()
            if cold:
                before, flips = flips, int(self.accepted.sum())
                if flips == before:
                    break  # one-flip minima: nothing can happen any more
        E[...], accepted[...] = self.E, self.accepted
