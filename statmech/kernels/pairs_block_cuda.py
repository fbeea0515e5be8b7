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
from statmech.kernels.blocks_cuda import CHAINS, FEWEST, LARGEST, TILE, Blocks
from statmech.kernels.lanes import LIMIT

BLOCK = 256  # sites between matrix products


def worth(J: np.ndarray, bound: float, chains: int) -> bool:
    """Can couplings J be swept in blocks, and is it worth it?  bound = max_i sum_j |J_ij| + |h_i|."""
    return (
        J.dtype.kind == "i" and bound < LIMIT and chains >= FEWEST and max(int(J.max()), -int(J.min())) <= LARGEST
    )


def needed(samples: int, n: int, chains: int) -> int:
    """Bytes on the device for so many samples of n sites, and chains of each."""
    width = -(-n // 64) * 64
    return samples * (2 * width * (width + BLOCK + chains) + 4 * BLOCK * (chains + CHAINS))


class PairBlocks(Blocks):
    """Couplings and chains of one set of walkers as the blocked kernel takes them.

    J (D, N, width) and h (D, N) as in PairChains, on the device; `chains` of every sample.
    """

    def __init__(self, launcher: Any, J: Any, h: Any, chains: int):
        super().__init__(launcher, len(J), chains, h.shape[1])
        n, put = self.n, launcher.put
        self.width = -(-n // 64) * 64
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

    def take(self, spins: Any) -> None:
        """Spins (C, N) int8 to half precision, and to bits that say which ones point down."""
        self.S[..., : self.n] = spins.reshape(self.samples, self.chains, -1)
        self.down[...] = self._bits(spins, 32 * self.words)

    def give(self, spins: Any) -> None:
        """The other way."""
        spins[...] = self.S[..., : self.n].reshape(spins.shape)

    def _calls(self, heatbath: bool) -> list[Callable[[], Any]]:
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
            shape = self.n, self.rows, self.width, self.words, self.chains, self.padded, size, first, heatbath
            calls.append(backend.half_products(block, self.S, self.fields[:, : block.shape[1]]))
            args = (*arrays, *(np.int32(x) for x in shape))
            calls.append(launcher.prepare("settle_pairs", grid, 32, args, shared))
        return [*calls, launcher.prepare("next_sweep", 1, 32, (self.number,))]
