"""What a file of a stranger may ask for: no more bytes than it can hold, and one error for all that goes wrong."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from statmech.io.atomic import StoreError
from statmech.io.hdf5 import first_line

LIMIT = 8 * 2**30
"""Bytes of weights that a network may have if the caller does not say."""
SMALL = 64 * 2**20
"""Bytes that a file of any size may unfold to."""
RATIO = 200
"""How far a larger one may unfold: compressed weights take a third of their size or more, zeros 1/1000."""


class HoldsResults(StoreError):
    """A results file of statmech where weights were expected."""


class Budget:
    """The bytes that one file may still unfold to.

    path: the file.  limit: the caller's own bound in bytes.

    A file may unfold to RATIO times its size (at least SMALL): compressed archives, chunks that were never written
    and strides of zero declare more than they hold.
    """

    def __init__(self, path: Path, limit: int = LIMIT):
        self.path, self.limit = path, limit
        self.size = path.stat().st_size
        self.left = min(limit, max(SMALL, RATIO * self.size))

    def take(self, shape: Sequence[int], itemsize: int, what: str) -> int:
        """Count an array before memory is asked for; returns its number of entries.

        Raises StoreError for a negative length, or if the file would unfold to too much.
        """
        if any(n < 0 for n in shape):
            raise StoreError(f"{self.path}: {what} has shape {tuple(shape)}, expected lengths >= 0: it is damaged")
        count = math.prod(shape)
        self.fits(count * itemsize, what)
        self.left -= count * itemsize
        return count

    def fits(self, count: int, what: str) -> None:
        """Raise StoreError unless so many bytes are left."""
        if count > self.left:
            mend = "pass a larger limit=" if self.left + count <= RATIO * self.size else "it is damaged or hostile"
            raise StoreError(
                f"{self.path}: {what} takes {count} bytes, {self.left} are left to a file of {self.size} bytes "
                f"(limit {self.limit}): {mend}"
            )


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Whatever a damaged file makes the readers raise becomes one StoreError."""
    try:
        yield
    except StoreError:
        raise
    except Exception as error:  # zipfile, zlib, json, struct, numpy and h5py raise many types
        mend = "get it again from its source"
        raise StoreError(f"{path} cannot be read ({first_line(error)}): truncated or damaged, {mend}") from None


def is_weight(shape: Sequence[int], dtype: np.dtype) -> bool:
    """Is this a layer's weight: floating point, two axes or more, not empty?"""
    return dtype.kind == "f" and len(shape) >= 2 and 0 not in shape


def bfloat16_to_float32(words: np.ndarray) -> np.ndarray:
    """bfloat16, held as uint16, as float32: the upper half of its bits, so the value is exact."""
    return (words.astype(np.uint32) << 16).view(np.float32)
