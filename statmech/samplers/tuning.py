"""Steps that tune themselves towards an acceptance, sweep by sweep, and then stay as they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np


class Tuned:
    """A kernel with one step per chain, tuned during the first `tuning` sweeps towards the acceptance `target`."""

    tuning: int
    target: float
    gain: ClassVar[float]
    largest: ClassVar[float]
    """Largest step that makes sense."""

    def __post_init__(self) -> None:
        if isinstance(self.tuning, bool) or not isinstance(self.tuning, int | np.integer) or self.tuning < 1:
            raise ValueError(f"tuning = {self.tuning!r}: expected an integer number of sweeps >= 1")
        if not 0 < self.target < 1:
            raise ValueError(f"target = {self.target!r}: expected an acceptance between 0 and 1")

    def pieces(self, start: int, n: int) -> Iterator[tuple[int, int]]:
        """Sweeps start .. start+n-1 as (first, count): one by one while the step is tuned, the rest at once."""
        for sweep in range(start, min(start + n, self.tuning)):
            yield sweep, 1
        rest = max(start, self.tuning)
        if rest < start + n:
            yield rest, start + n - rest

    def tune(self, step: np.ndarray, acceptance: np.ndarray, sweep: int) -> None:
        """log step += gain (acceptance - target), in place; the gain falls to 0 over the last quarter."""
        if sweep < self.tuning:
            gain = self.gain * min(1.0, 4 * (1 - sweep / self.tuning))
            step *= np.exp(gain * (acceptance - self.target))
            np.minimum(step, self.largest, out=step)
