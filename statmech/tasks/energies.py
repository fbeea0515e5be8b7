"""Every measured energy of the measuring window, for free energies and reweighting.

A window begins at a power-of-two share of the run, and has as many measurements as came before it: what is kept is a
function of the history alone, so that a run that is extended keeps the same as one that was long from the start.
"""

from __future__ import annotations

import numpy as np

from statmech.core import State

KEY = "energies"


def window(index: int, sweeps: int, every: int) -> tuple[int, int]:
    """(First measurement, number of measurements) of the window of measurement `index` in a run of `sweeps` sweeps.

    Example: ``window(5, 64, 4) == (4, 4)``
    """
    first = sweeps
    while first % 2 == 0 and first // 2 % every == 0:
        first //= 2
    first //= every
    if index < first:
        return 0, first
    start = first << ((index // first).bit_length() - 1)
    return start, start


def begin(shape: tuple[int, int, int], sweeps: int, every: int) -> State:
    """Room for the first window of chains (D, T, K)."""
    return {KEY: np.full((*shape, window(0, sweeps, every)[1]), np.nan)}


def keep(state: State, energy: np.ndarray, index: int, sweeps: int, every: int) -> None:
    """Add the energies (D, T, K) of measurement `index`; in place."""
    start, size = window(index, sweeps, every)
    if index == start:
        state[KEY] = np.full((*energy.shape, size), np.nan)
    state[KEY][..., index - start] = energy
