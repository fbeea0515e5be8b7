"""What is random in a step of training: which examples are in its batch, which hidden units are silenced."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from statmech.random import Stream, rows


class Batches:
    """An endless row of random orders of `count` examples, cut into batches of `batch`: update t takes the places
    t B ... (t + 1) B - 1 of the row.  The order of an epoch is a function of (key, epoch).

    Example: ``Batches(key=1, count=10, batch=5).take(0, 2).shape == (2, 5)``
    """

    def __init__(self, key: int, count: int, batch: int):
        self.key, self.count, self.batch = key, count, batch
        self._orders: dict[int, np.ndarray] = {}

    def take(self, begin: int, end: int) -> np.ndarray:
        """Examples (end - begin, B) of the updates begin .. end - 1."""
        first, last = begin * self.batch, end * self.batch
        epochs = range(first // self.count, (last - 1) // self.count + 1)
        self._orders = {epoch: self._order(epoch) for epoch in epochs}
        offset = epochs[0] * self.count
        row = np.concatenate(list(self._orders.values()))
        return row[first - offset : last - offset].reshape(end - begin, self.batch)

    def _order(self, epoch: int) -> np.ndarray:
        if epoch in self._orders:
            return self._orders[epoch]
        return np.argsort(rows(self.key, Stream.DISORDER, [epoch], self.count)[0], kind="stable")


def dropout_masks(keys: Sequence[int], update: int, batch: int, units: Sequence[int], p: float) -> list[np.ndarray]:
    """Per hidden layer (S, B, units) float32, 0 with probability p (to 1/65536) and 1/(1 - p) otherwise; functions of
    (key, update), one key per network.

    Example: ``dropout_masks([1, 2], 0, 4, [3], 0.5)[0].shape == (2, 4, 3)``
    """
    count = batch * sum(units)
    raw = [np.random.Philox(key=np.array([key, update], np.uint64)).random_raw(-(-count // 4)) for key in keys]
    words = np.stack(raw).view(np.uint16)[:, :count].reshape(len(keys), batch, -1)
    kept = (words >= round(p * 2**16)).astype(np.float32) / np.float32(1 - p)
    return np.split(kept, np.cumsum(units)[:-1], axis=2)
