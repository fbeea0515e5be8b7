"""Blocked sweeps of `pairs` on the GPU: matrix products on tensor cores around the kernel of pairs_block.cu.

The spins are kept in half precision beside the int8 ones, where tensor cores take them.  J s of a block of sites is
one matrix product for all chains of a sample (all samples in one call), and exact: couplings up to 2048 are exact in
half precision, sums below 2^24 in single.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from statmech import backend
from statmech.kernels.lanes import LIMIT

TILE, CHAINS = 16, 32
BLOCK = 256  # sites between matrix products
LARGEST = 2048  # integers that are exact in half precision
FEWEST = 4  # chains of a sample that are worth a matrix product


def worth(J: np.ndarray, bound: float, chains: int) -> bool:
    """Can couplings J be swept in blocks, and is it worth it?  bound = max_i sum_j |J_ij| + |h_i|."""
    return (
        J.dtype.kind == "i" and 2 * bound < LIMIT and chains >= FEWEST and max(J.max(), -J.min(), key=int) <= LARGEST
    )


class PairBlocks:
    """Couplings and chains of one set of walkers as the blocked kernel takes them.

    J (D, N, width) and h (D, N) as in PairChains, on the device; `chains` of every sample.
    """

    def __init__(self, launcher: Any, J: Any, h: Any, chains: int):
        self.launcher, self.chains = launcher, chains
        self.n = n = h.shape[1]
        self.samples, self.rows = len(J), -(-n // TILE) * TILE
        self.width, self.padded = -(-n // 64) * 64, -(-chains // CHAINS) * CHAINS
        put = launcher.put
        self.J = put(np.zeros((self.samples, self.rows, self.width), np.float16))
        self.J[:, :n, :n] = J[:, :, :n]
        self.h = put(np.zeros((self.samples, self.rows), np.float32))
        self.h[:, :n] = h
        self.size = min(BLOCK, self.rows)
        tiles = self.size // TILE
        blocks = -(-self.rows // self.size)
        # couplings inside the blocks, as fragments a of mma.cuh, and those inside the tiles (D, rows / 16, 16, 16)
        self.inside = put(np.zeros((self.samples, blocks, tiles, tiles, 8, 4, 2, 2, 2), np.float16))
        self.diagonal = put(np.zeros((self.samples, self.rows // TILE, TILE, TILE), np.float32))
        for k in range(blocks):
            first = k * self.size
            here = min(self.size, self.rows - first) // TILE
            square = self.J[:, first : first + here * TILE, first : first + here * TILE]
            parts = square.reshape(self.samples, here, 2, 8, here, 2, 4, 2).transpose(0, 1, 4, 3, 6, 5, 2, 7)
            self.inside[:, k, :here, :here] = parts
            square = square.reshape(self.samples, here, TILE, here, TILE)
            for tile in range(here):
                self.diagonal[:, first // TILE + tile] = square[:, tile, :, tile]
        self.S = put(np.zeros((self.samples, chains, self.width), np.float16))
        self.words = blocks * -(-self.size // 32)
        self.down = put(np.zeros((self.samples * chains, 4 * self.words), np.uint8))
        self.fields = put(np.zeros((self.samples, self.size, self.padded), np.float32))
        count = self.samples * chains
        self.E, self.accepted = put(np.zeros(count, np.int64)), put(np.zeros(count, np.int64))
        self.keys, self.lanes = put(np.zeros(count, np.uint64)), put(np.zeros(count, np.uint64))
        self.theta, self.number = put(np.zeros(count)), put(np.zeros(1, np.uint32))
        self._prepared: dict[bool, list[Callable[[], Any]]] = {}  # by criterion

    def take(self, spins: Any) -> None:
        """Spins (C, N) int8 to half precision, and to bits that say which ones point down."""
        xp = backend.namespace(spins)
        self.S[..., : self.n] = spins.reshape(self.samples, self.chains, -1)
        down = xp.zeros((len(spins), 32 * self.words), bool)
        down[:, : self.n] = spins < 0
        self.down[...] = xp.packbits(down.reshape(-1), bitorder="little").reshape(self.down.shape)

    def give(self, spins: Any) -> None:
        """The other way."""
        spins[...] = self.S[..., : self.n].reshape(spins.shape)

    def sweep(
        self, E: Any, keys: Any, lanes: Any, theta: Any, start: int, sweeps: int, heatbath: bool, accepted: Any
    ) -> None:
        """As pairs.sweep_pairs, sites in turn, from the spins that were taken; changes E and accepted in place."""
        self.E[...], self.keys[...], self.lanes[...], self.theta[...] = E, keys, lanes, theta
        self.accepted[...], self.number[...] = accepted, start
        cold = not bool((theta > 0).any())
        flips = int(self.accepted.sum()) if cold else 0
        for _ in range(sweeps):
            for call in self._calls(heatbath):
                call()
            if cold:
                before, flips = flips, int(self.accepted.sum())
                if flips == before:
                    break  # one-flip minima: nothing can happen any more
        E[...], accepted[...] = self.E, self.accepted

    def _calls(self, heatbath: bool) -> list[Callable[[], Any]]:
        """One sweep of all chains: its products and launches, prepared once, for they take less time than that."""
        if heatbath not in self._prepared:
            launcher, size = self.launcher, self.size
            arrays = (
                self.inside, self.diagonal, self.h, self.fields, self.S, self.down, self.E, self.keys, self.lanes,
                self.theta, self.accepted, self.number,
            )  # fmt: skip
            grid = self.samples * self.padded // CHAINS
            shared = 4 * (TILE * 40 + TILE * TILE + size * CHAINS // 4)  # fields of a tile, its couplings, steps
            calls = []
            for first in range(0, self.rows, size):
                block = self.J[:, first : first + size]
                numbers = self.n, self.rows, self.width, self.words, self.chains, self.padded, size, first, heatbath
                calls.append(backend.half_products(block, self.S, self.fields[:, : block.shape[1]]))
                args = (*arrays, *(np.int32(x) for x in numbers))
                calls.append(launcher.prepare("settle_pairs", grid, 32, args, shared))
            calls.append(launcher.prepare("next_sweep", 1, 32, (self.number,)))
            self._prepared[heatbath] = calls
        return self._prepared[heatbath]
