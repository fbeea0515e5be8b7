"""Time series in a fixed number of bins: when they are full, neighbours merge and the bin length doubles.

The content of a bin is a function of its own history only, never of the length that the run will have, so a
run that is extended holds the same bins, bit for bit, as one that was long from the start.
"""

from __future__ import annotations

import numpy as np

BINS = 512
MINIMUM_MEASUREMENTS = 8  # four bins in the measuring window


def bin_length(measurements: int) -> int:
    """Measurements per bin after so many measurements: 1, 2, 4, ... so that at most BINS bins are open."""
    length = 1
    while measurements > BINS * length:
        length *= 2
    return length


def make_room(bins: np.ndarray, index: int) -> None:
    """Merge neighbouring bins (..., BINS), in place, where measurement number `index` needs it."""
    if index and bin_length(index + 1) != bin_length(index):
        bins[..., : BINS // 2] = bins[..., 0::2] + bins[..., 1::2]
        bins[..., BINS // 2 :] = 0


def add(bins: np.ndarray, values: np.ndarray, index: int) -> None:
    """Add measurement number `index` (from 0), shape (...), to the sums (..., BINS), in place."""
    make_room(bins, index)
    bins[..., index // bin_length(index + 1)] += values


def window(bins: np.ndarray, measurements: int) -> tuple[np.ndarray, int]:
    """Bin means of the last half of the run (..., n) and the measurements per bin."""
    length = bin_length(measurements)
    full = measurements // length
    return bins[..., full // 2 : full] / length, length


def history(bins: np.ndarray, measurements: int) -> np.ndarray:
    """Bin means of the whole run (..., n)."""
    length = bin_length(measurements)
    return bins[..., : measurements // length] / length
