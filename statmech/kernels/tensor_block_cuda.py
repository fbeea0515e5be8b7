"""Sweeps of dense p = 2 and 3 spin models on the GPU: matrix products on tensor cores around tensor_block.cu.

Couplings and products z are whole numbers up to 2048, exact in half precision; fields, and the couplings that a chain
has between two of its spins, are sums below 2^24, exact in single.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from statmech import backend
from statmech.kernels.blocks_cuda import CHAINS, FEWEST, LARGEST, TILE, Blocks
from statmech.kernels.lanes import LIMIT
from statmech.kernels.tensor_layout import COLUMNS, Layout


def needed(samples: int, n: int, chains: int) -> int:
    """Bytes on the device for so many samples of n sites, and chains of each."""
    rows = -(-n // TILE) * TILE
    per_chain = 2 * (rows + 16) * (TILE + 1) + 4 * (TILE * TILE + rows)
    return samples * (4 * rows**2 * (rows + 16) + (chains + CHAINS) * per_chain)


def expanded(J: Any, layout: Layout, rows: int) -> Any:
    """J of the tensor layout as (D, rows, rows, W) float16: J[d, i, j, m] couples spins i and j by the product z_m.
    Padded with zeros; W is a multiple of 8."""
    xp, samples, n = backend.namespace(J), len(J), layout.n
    out = xp.zeros((samples, rows, rows, -(-2 * layout.pairs // 8) * 8), np.float16)
    shape = samples, layout.tiles, layout.pairs, COLUMNS, 2
    for i in range(n):
        panel = J[:, i].reshape(shape).transpose(0, 1, 3, 2, 4).reshape(samples, layout.tiles * COLUMNS, -1)
        out[:, i, :n, : 2 * layout.pairs] = panel[:, :n]
    return out


def bound(J: Any, h: Any, layout: Layout) -> float:
    """No sum on the way to a field, or to the coupling of two spins, is larger; J as expanded, h (D, n)."""
    xp, total = backend.namespace(J), 0.0
    for d in range(len(J)):
        largest = xp.abs(h[d]).astype(np.float64)
        between = xp.zeros(J.shape[1:3])  # of two spins, over all z
        for p, block in layout.blocks.items():
            part = xp.abs(J[d][..., block]).sum(-1, dtype=np.float64)
            largest = largest + part[: layout.n].sum(-1) / (p - 1)
            between += part
        tiles = 2 * between.reshape(len(between), -1, TILE).sum(-1).max(-1)
        total = max(total, float((largest + tiles[: layout.n]).max()), 2 * float(between.max()))
    return total


def tensor_blocks(J: Any, h: Any, layout: Layout, chains: int) -> TensorBlocks | None:
    """The blocks of couplings J, as they are stored on the device, if they can be swept in tiles and it is worth it."""
    if set(layout.orders) not in ({3}, {2, 3}) or chains < FEWEST or int(abs(J).max()) > LARGEST:
        return None
    J = expanded(J, layout, -(-layout.n // TILE) * TILE)
    if bound(J, h, layout) >= LIMIT:
        return None
    return TensorBlocks(backend.cuda_launcher("tensor_block.cu"), J, layout, chains)


class TensorBlocks(Blocks):
    """Couplings J, as expanded, and chains of one set of walkers as tensor_block.cu takes them."""

    def __init__(self, launcher: Any, J: Any, layout: Layout, chains: int):
        super().__init__(launcher, len(J), chains, layout.n)
        put = launcher.put
        self.width, tiles = J.shape[-1], self.rows // TILE
        self.first = layout.blocks[3].start  # entry of z that is the first spin
        count = self.samples * chains
        self.J = J.reshape(self.samples, self.rows, self.rows * self.width)
        self.inside = put(np.zeros((self.samples, tiles, TILE * TILE, self.width), np.float16))
        self.cubes = put(np.zeros((self.samples, tiles, TILE, TILE, TILE), np.float32))
        for tile in range(tiles):
            own = slice(TILE * tile, TILE * tile + TILE)
            self.inside[:, tile] = J[:, own, own].reshape(self.samples, TILE * TILE, self.width)
            third = J[:, own, own, self.first + TILE * tile : min(self.first + TILE * tile + TILE, self.width)]
            self.cubes[:, tile, ..., : third.shape[-1]] = third
        self.z = put(np.zeros((self.samples, chains, self.width), np.float16))
        self.X = put(np.zeros((self.samples, chains, TILE * self.width), np.float16))
        self.G = put(np.zeros((self.samples, TILE * TILE, self.padded), np.float32))
        self.fields = put(np.zeros((self.samples, self.rows, self.padded), np.float32))
        self.down, self.turned = put(np.zeros((count, 2 * tiles), np.uint8)), put(np.zeros(count, np.uint32))

    def take(self, spins: Any, z: Any, fields: Any) -> None:
        """Spins (C, n), products (C, 2 pairs) and local fields (C, width) of the chains."""
        n, shape = self.n, (self.samples, self.chains, -1)
        self.z[..., : z.shape[1]] = z.reshape(shape)
        self.fields[:, :n, : self.chains] = fields[:, :n].reshape(shape).transpose(0, 2, 1)
        self.down[...] = self._bits(spins, self.rows)

    def give(self, spins: Any) -> None:
        """The spins, to where they are wanted."""
        spins[...] = self._spins.reshape(spins.shape)

    def has(self, spins: Any) -> bool:
        """Are these the spins?"""
        return bool((self._spins.reshape(spins.shape) == spins).all())

    @property
    def _spins(self) -> Any:
        return self.z[..., self.first : self.first + self.n]

    def _calls(self, heatbath: bool) -> list[Callable[[], Any]]:
        launcher, width = self.launcher, self.width
        chain = self.E, self.keys, self.lanes, self.theta, self.accepted, self.number
        arrays = self.cubes, self.G, self.fields, self.turned, self.down, *chain
        calls = []
        for tile in range(self.rows // TILE):
            numbers = self.n, self.rows, self.chains, self.padded, tile, heatbath
            args = (*arrays, *(np.int32(x) for x in numbers))
            spread = self.turned, self.z, self.X, np.int32(width), np.int32(self.first + TILE * tile)
            columns = self.J[..., TILE * tile * width : TILE * (tile + 1) * width]
            calls += [
                backend.half_products(self.inside[:, tile], self.z, self.G),
                launcher.prepare("settle_tensor", self.samples * self.padded // CHAINS, 32, args, 4 * TILE**3),
                launcher.prepare("spread_flips", self.samples * self.chains, 32, spread),
                backend.half_products(columns, self.X, self.fields, add=True),
            ]
        return [*calls, launcher.prepare("next_sweep", 1, 32, (self.number,))]
