"""Samplers at work on a GPU: sweeps, exchanges and cooling one after the other, nothing read in between."""

from __future__ import annotations

from typing import Any

import numpy as np

from statmech.backend import to_host
from statmech.samplers.annealing import Annealing
from statmech.samplers.run import Run, TemperingRun
from statmech.samplers.single import SingleSpin
from statmech.samplers.tempering import Tempering


class TurnsThere(TemperingRun):
    """What `Tempering.run` does, the temperatures exchanged on the device."""

    walkers: Any
    _there: Any = None  # the state on the device, from the first sweep until `close`

    def sweep(self, start: int, n: int) -> None:
        """See Run."""
        if self._there is None:
            self._there = self.walkers.exchanges(self.state, self.ladder, self.own_keys)
        every, there = self.sampler.every, self._there
        for first, stop in self.sampler.pieces(start, n):
            chains = there.theta, there.accepted
            self.walkers.sweep_there(*chains, self.keys, self.lanes, first, stop - first, *self.how)
            there.exchange(stop // every, exchange=stop % every == 0)

    def arrange(self, values: np.ndarray) -> np.ndarray:
        """See Run."""
        if self._there is not None:
            self.state["rung"][...] = to_host(self._there.state["rung"])
        return super().arrange(values)

    def close(self) -> None:
        """See Run."""
        if self._there is not None:
            self._there.give(self.state)
        self._there = None


class CoolingThere(Run):
    """Annealing with single spins: what `Annealing.run` does."""

    sampler: Annealing
    walkers: Any

    def sweep(self, start: int, n: int) -> None:
        """See Run."""
        sampler, walkers = self.sampler, self.walkers
        assert isinstance(sampler.inner, SingleSpin)
        how, shape = (sampler.inner.criterion, sampler.inner.order), self.state["acc_flips"].shape
        put = walkers.launcher.put
        accepted = put(np.zeros(np.prod(shape), np.int64))
        for first, step in sampler.steps(start, n):
            theta = np.broadcast_to(sampler.temperature(first, self.T) / walkers.scale, shape)
            walkers.sweep_there(put(theta.reshape(-1)), accepted, self.keys, self.lanes, first, step, *how)
        self.state["acc_flips"] += to_host(accepted).reshape(shape)


def on_device(sampler: Any) -> type[Run] | None:
    """The run of a sampler around Metropolis or HeatBath whose walkers are on a GPU, if it has one."""
    return {Tempering: TurnsThere, Annealing: CoolingThere}.get(type(sampler))
