"""How the couplings of the family `tensor` lie in memory, on every device, and how much of it they take.

A flip of spin i changes the field of spin j by -2 s_i (J_i z)_j.  z holds, for every order p >= 2 of the mixture,
the products of all (p-2)-tuples of spins (1 for p = 2, s_k for p = 3, s_k s_l for p = 4), and J_i is an N x M matrix
that is zero where an index repeats.  J_i is stored in panels of COLUMNS spins j, inside a panel by pairs of entries
of z:

    J[d, i, j // COLUMNS, m // 2, 2 (j % COLUMNS) + m % 2]

A panel is read from its first byte to its last, by all chains that flip spin i, one vector of j after the other: no
sums across lanes, and two 16-bit products per 32-bit lane (what matrix units and their CPU forerunners take).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import comb

import numpy as np

from statmech import backend
from statmech.tuples import members

COLUMNS = 32  # spins j in a panel: two vectors of 512 bits, one warp
SHARE = 0.8  # of the memory may be filled with couplings


@dataclass(frozen=True)
class Layout:
    """n sites, and the orders p >= 2 of the mixture in increasing order."""

    n: int
    orders: tuple[int, ...]

    @property
    def blocks(self) -> dict[int, slice]:
        """Order -> its entries of z."""
        out, at = {}, 0
        for p in self.orders:
            out[p] = slice(at, at + comb(self.n, p - 2))
            at = out[p].stop
        return out

    @property
    def entries(self) -> int:
        """M, the length of z."""
        return sum(comb(self.n, p - 2) for p in self.orders)

    @property
    def pairs(self) -> int:
        """Pairs of entries of z, the last one perhaps with a zero."""
        return (self.entries + 1) // 2

    @property
    def tiles(self) -> int:
        """Panels of COLUMNS spins."""
        return -(-self.n // COLUMNS)

    def shape(self, samples: int) -> tuple[int, int, int, int, int]:
        """Of the array J of so many samples."""
        return samples, self.n, self.tiles, self.pairs, 2 * COLUMNS

    def bytes(self, samples: int, itemsize: int = 2) -> int:
        """That J takes for so many samples."""
        total = itemsize
        for length in self.shape(samples):
            total *= length
        return total

    def flips(self) -> tuple[np.ndarray, np.ndarray]:
        """The entries of z that change sign with spin i: index[starts[i] : starts[i + 1]], both int32."""
        sites = [np.zeros(0, np.int64)]
        entries = [np.zeros(0, np.int64)]
        for p, block in self.blocks.items():
            tuples = members(self.n, p - 2)
            sites.append(tuples.reshape(-1).astype(np.int64))
            entries.append(np.repeat(np.arange(block.start, block.stop), p - 2))
        site, entry = np.concatenate(sites), np.concatenate(entries)
        starts = np.concatenate([[0], np.cumsum(np.bincount(site, minlength=self.n))])
        return starts.astype(np.int32), entry[np.argsort(site, kind="stable")].astype(np.int32)


def require_memory(
    n: int, orders: Iterable[int], samples: int, available: int | None = None, itemsize: int = 2
) -> None:
    """Raises MemoryError if the couplings of dense models do not fit: what they take, what is there, the largest N.

    orders: every p of the mixture; available: bytes, default the memory of this machine.

    Example: ``require_memory(64, (3,), samples=4)``
    """
    orders = tuple(sorted(p for p in orders if p >= 2))
    there = backend.host_memory() if available is None else available
    limit = int(SHARE * there)
    need = Layout(n, orders).bytes(samples, itemsize)
    if need <= limit:
        return
    low, high = 0, n  # bytes(low) fit, bytes(high) do not
    while high - low > 1:
        middle = (low + high) // 2
        fits = Layout(middle, orders).bytes(samples, itemsize) <= limit
        low, high = (middle, high) if fits else (low, middle)
    one = Layout(n, orders).bytes(1, itemsize)
    fewer = f"use at most {limit // one} samples per block, " if one <= limit else ""
    p = " + ".join(map(str, orders))
    raise MemoryError(
        f"dense couplings with p = {p}, N = {n} and {samples} samples take {_size(need)}, and {_size(limit)} of "
        f"{_size(there)} memory may be used: N = {low} is the largest that fits; {fewer}lower N, or give the model a "
        "connectivity (diluted couplings take memory proportional to the number of terms)"
    )


def _size(count: int) -> str:
    for unit in ("bytes", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.3g} {unit}"
        count /= 1024  # type: ignore[assignment]
    return f"{count:.4g} GiB"
