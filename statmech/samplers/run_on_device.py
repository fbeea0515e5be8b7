"""Samplers at work on a GPU: sweeps, exchanges and cooling one after the other, nothing read in between."""

from __future__ import annotations

from typing import Any

import numpy as np

from statmech.backend import to_host
from statmech.core import State
from statmech.samplers.annealing import Annealing
from statmech.samplers.run import Run
from statmech.samplers.single import SingleSpin
from statmech.samplers.tempering import Tempering


class TurnsThere(Run):
    """Tempering of single spins: what `Tempering.run` does, the temperatures exchanged on the device."""

    sampler: Tempering
    walkers: Any

    def __init__(
        self, sampler: Tempering, walkers: Any, state: State, T: np.ndarray, keys: np.ndarray, lanes: np.ndarray
    ):
        super().__init__(sampler, walkers, state, T, keys, lanes)
        assert isinstance(sampler.inner, SingleSpin)
        self.how = sampler.inner.criterion, sampler.inner.order
        self.ladder = np.array(T, float).reshape(-1)
        self.own_keys = np.array(np.broadcast_to(keys, (len(state["rung"]), 1, 1)), np.uint64).reshape(-1)
        self._there: Any = None  # the state on the device, from the first sweep until `close`

    def sweep(self, start: int, n: int) -> None:
        """See Run."""
        if self._there is None:
            self._there = self.walkers.exchanges(self.state, self.ladder, self.own_keys)
        end, every, there = start + n, self.sampler.every, self._there
        while start < end:
            stop = min(end, (start // every + 1) * every)
            chains = there.theta, there.accepted
            self.walkers.sweep_there(*chains, self.keys, self.lanes, start, stop - start, *self.how)
            there.exchange(stop // every, exchange=stop % every == 0)
            start = stop

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
        sampler, walkers, end = self.sampler, self.walkers, start + n
        assert isinstance(sampler.inner, SingleSpin)
        how, shape = (sampler.inner.criterion, sampler.inner.order), self.state["acc_flips"].shape
        put = walkers.launcher.put
        accepted = put(np.zeros(np.prod(shape), np.int64))
        while start < end:
            step = 1 if start < sampler.sweeps else end - start
            theta = np.broadcast_to(sampler.temperature(start, self.T) / walkers.scale, shape)
            walkers.sweep_there(put(theta.reshape(-1)), accepted, self.keys, self.lanes, start, step, *how)
            start += step
        self.state["acc_flips"] += to_host(accepted).reshape(shape)


def on_device(sampler: Any) -> type[Run] | None:
    """The run of a sampler around Metropolis or HeatBath whose walkers are on a GPU, if it has one."""
    return {Tempering: TurnsThere, Annealing: CoolingThere}.get(type(sampler))
