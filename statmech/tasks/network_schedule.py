"""When a training ends, and at which updates it is looked at: checks of the loss, and readings."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Schedule:
    """Fields as in Training; `examples` is the mean over samples, so that all runs have one length.

    Example: ``Schedule(examples=500, batch=32, epochs=3).total == 47``
    """

    examples: float
    batch: int
    updates: int | None = None
    epochs: float | None = None
    check: int = 8
    read_losses: tuple[float, ...] = ()
    read_epochs: tuple[float, ...] = ()
    read_updates: tuple[int, ...] = ()

    @property
    def total(self) -> int:
        """Updates of a run that is not stopped."""
        ends = [] if self.updates is None else [self.updates]
        return min([*ends, *([] if self.epochs is None else [self.update_of(self.epochs)])])

    def update_of(self, epochs: float) -> int:
        """The first update by which so many epochs are over."""
        return max(1, math.ceil(round(epochs * self.examples / self.batch, 6)))

    @cached_property
    def checks(self) -> list[int]:
        """Updates after which the training loss is computed."""
        out = [0]
        while out[-1] < self.total:
            spacing = 1 << max(out[-1] // self.check, 1).bit_length() - 1
            out.append(min(out[-1] + spacing, self.total))
        return out

    @property
    def readings(self) -> tuple[str, ...]:
        """Names of the readings: "start", "loss 0.5", ..., "epoch 10", ..., "update 100", ..., "end"."""
        losses = [f"loss {loss:g}" for loss in sorted(self.read_losses, reverse=True)]
        epochs = [f"epoch {epoch:g}" for epoch in sorted(self.read_epochs)]
        return ("start", *losses, *epochs, *(f"update {update}" for update in sorted(self.read_updates)), "end")

    @cached_property
    def timed(self) -> dict[int, list[str]]:
        """Update -> readings that fall due there."""
        out: dict[int, list[str]] = {0: ["start"]}
        for epoch in self.read_epochs:
            out.setdefault(self.update_of(epoch), []).append(f"epoch {epoch:g}")
        for update in self.read_updates:
            out.setdefault(update, []).append(f"update {update}")
        return out
