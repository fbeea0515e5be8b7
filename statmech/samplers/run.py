"""A sampler at work: what it asks for at every sweep, laid out once."""

from __future__ import annotations

import numpy as np

from statmech.core import Sampler, State, Walkers
from statmech.samplers.single import HeatBath, Metropolis, SingleSpin
from statmech.samplers.tempering import Tempering, by_its_rule, by_its_words


class Run:
    """A sampler with its walkers, its state and the random keys of one run."""

    def __init__(
        self, sampler: Sampler, walkers: Walkers, state: State, T: np.ndarray, keys: np.ndarray, lanes: np.ndarray
    ):
        self.sampler, self.walkers, self.state = sampler, walkers, state
        self.T, self.keys, self.lanes = T, keys, lanes

    def sweep(self, start: int, n: int) -> None:
        """n sweeps numbered from `start`."""
        self.sampler.run(self.walkers, self.state, self.T, self.keys, self.lanes, start, n)

    def arrange(self, values: np.ndarray) -> np.ndarray:
        """Values by walker to values by temperature."""
        return self.sampler.arrange(self.state, values)

    def close(self) -> None:
        """Everything stands in the state, which may be changed before the next sweep."""

    @property
    def energy(self) -> np.ndarray:
        """Energies (D, R, K) by walker, on the host."""
        return self.walkers.energy

    @property
    def chains(self) -> np.ndarray:
        """Which of the flattened walkers is at every temperature, (D, T, K)."""
        shape = self.walkers.s.shape[:3]
        return np.ascontiguousarray(self.arrange(np.arange(np.prod(shape)).reshape(shape)))


class TemperingRun(Run):
    """Tempering of single spins: the ladder (R,), a key (D,) of every sample, and how its spins are swept."""

    sampler: Tempering

    def __init__(
        self, sampler: Tempering, walkers: Walkers, state: State, T: np.ndarray, keys: np.ndarray, lanes: np.ndarray
    ):
        super().__init__(sampler, walkers, state, T, keys, lanes)
        assert isinstance(sampler.inner, SingleSpin)
        self.ladder, self.how = np.array(T, float).reshape(-1), (sampler.inner.criterion, sampler.inner.order)
        self.own_keys = np.array(np.broadcast_to(keys, (len(state["rung"]), 1, 1)), np.uint64).reshape(-1)


class Turns(TemperingRun):
    """On the host: what `Tempering.run` does, with one compiled call per exchange."""

    def __init__(
        self, sampler: Tempering, walkers: Walkers, state: State, T: np.ndarray, keys: np.ndarray, lanes: np.ndarray
    ):
        super().__init__(sampler, walkers, state, T, keys, lanes)
        from statmech.kernels import exchange

        self.turn, rung = exchange.turn, state["rung"]
        self.temperature, self.walker = self.ladder[rung], exchange.places(rung)[1]
        names = "attempts", "swaps", "trips", "from_cold", "from_hot", "flips"
        attempts, swaps, *journeys = (state[f"acc_{name}"] for name in names)
        self.arrays = rung, attempts, swaps, state["visited"], *journeys, self.temperature, self.walker
        self._energy: np.ndarray | None = None

    def sweep(self, start: int, n: int) -> None:
        """See Run."""
        walkers = self.walkers
        for first, stop in self.sampler.pieces(start, n):
            flips = walkers.sweep(self.temperature, self.keys, self.lanes, first, stop - first, *self.how)
            self._energy = energy = walkers.energy
            number, rest = divmod(stop, self.sampler.every)
            if rest:
                self.state["acc_flips"] += flips.take(self.walker)
            else:
                self.turn(self.own_keys, number, self.ladder, energy, flips, *self.arrays)

    @property
    def energy(self) -> np.ndarray:
        """See Run."""
        return self.walkers.energy if self._energy is None else self._energy

    @property
    def chains(self) -> np.ndarray:
        """See Run."""
        if "asked" in self.state:
            return np.ascontiguousarray(self.walker[:, self.state["asked"]])
        return self.walker


def prepared(
    sampler: Sampler, walkers: Walkers, state: State, T: np.ndarray, keys: np.ndarray, lanes: np.ndarray
) -> Run:
    """The run of a sampler: a faster one where nothing of it is the user's own or a test's."""
    plain = type(getattr(sampler, "inner", None)) in (Metropolis, HeatBath)
    if plain and (not isinstance(sampler, Tempering) or (by_its_rule(sampler) and by_its_words())):
        if isinstance(walkers.s, np.ndarray):
            if type(sampler) is Tempering:
                return Turns(sampler, walkers, state, T, keys, lanes)
        elif getattr(walkers, "exact", False) and hasattr(walkers, "sweep_there"):
            from statmech.samplers.run_on_device import on_device

            kind = on_device(sampler)
            if kind:
                return kind(sampler, walkers, state, T, keys, lanes)
    return Run(sampler, walkers, state, T, keys, lanes)
