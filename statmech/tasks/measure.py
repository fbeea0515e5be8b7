"""What is measured after every few sweeps, and how it is accumulated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

import numpy as np

from statmech.backend import to_host
from statmech.core import Disorder, State
from statmech.names import COORDINATES
from statmech.spec import Model
from statmech.tasks import series

Q_BINS = 65  # histogram of the replica overlap on [-1, 1]; centres -1, ..., 0, ..., 1
VALUE_BINS = 128  # histograms of a model's own quantities, equal bins over their range
PAIR_OBSERVABLES = ("q", "q_abs", "q2", "q3", "q4")
TAKEN = {*PAIR_OBSERVABLES, *COORDINATES, "c", "e_min", "chi_SG", "binder", "acceptance", "status", "reason"}
SUFFIXES = ("stderr", "tau", "ess", "rhat", "mean", "err")


class Meter:
    """Measures the observables of a model and adds them to the binned series of a state.

    Replica overlaps are taken over disjoint pairs of real replicas, (0, 1), (2, 3), ...: independent values.
    """

    def __init__(self, model: Model, disorder: Disorder, own: Mapping[str, Callable]):
        self.model, self.disorder, self.own = model, disorder, own
        for name in own:
            if name in TAKEN or name.rpartition("_")[2] in SUFFIXES or not name.isidentifier():
                raise ValueError(f"observable {name!r}: the name is taken, or not an identifier; choose another")

    @cached_property
    def chain_observables(self) -> tuple[str, ...]:
        """Names, in the order of the stored arrays; found by measuring one configuration."""
        s = np.ones((len(next(iter(self.disorder.values()))), 1, 1, self.model.n), self.model.space.dtype)
        known = ("e", "e2", *self.model.observe(self.disorder, s))
        for name, function in self.own.items():
            shape = np.shape(function(self.model, self.disorder, s))
            if name in known:
                raise ValueError(f"observable {name!r}: the model has one of this name; choose another")
            if shape != s.shape[:3]:
                raise ValueError(f"observable {name!r} has shape {shape}: expected {s.shape[:3]}, one value per chain")
        return (*known, *self.own)

    def begin(self, s: np.ndarray) -> State:
        """Empty accumulators for configurations s (D, T, K, N)."""
        D, T, K, _ = s.shape
        state = {
            "chain": np.zeros((len(self.chain_observables), D, T, K, series.BINS)),
            "lowest": np.full((D, T, K), np.inf),
        }
        if K >= 2:
            state["pair"] = np.zeros((len(PAIR_OBSERVABLES), D, T, K // 2, series.BINS))
            state["acc_P_q"] = np.zeros((D, T, Q_BINS), np.int64)
        for name in self.model.distributions:
            state[f"acc_P_{name}"] = np.zeros((D, T, VALUE_BINS + 1), np.int64)
        return state

    def values(self, s: np.ndarray, energy: np.ndarray) -> dict[str, np.ndarray]:
        """Every chain observable (D, T, K) on the host, of configurations s (D, T, K, N) with energies (D, T, K)."""
        e = energy / self.model.n
        found = {"e": e, "e2": e**2, **self.others(s)}
        return {name: to_host(found[name]) for name in self.chain_observables}

    def others(self, s: np.ndarray) -> dict[str, np.ndarray]:
        """Chain observables (D, T, K) beside the energy, of configurations s (D, T, K, N)."""
        found = self.model.observe(self.disorder, s)
        if self.own:
            here = to_host(s)
            found = found | {name: function(self.model, self.disorder, here) for name, function in self.own.items()}
        return found

    def measure(self, state: State, s: np.ndarray, energy: np.ndarray, index: int) -> None:
        """Add measurement number `index` of configurations s (D, T, K, N) with energies (D, T, K)."""
        if np.isnan(energy).any():
            raise ValueError(self.no_energy)
        values = self.values(s, energy)
        np.minimum(state["lowest"], values["e"], out=state["lowest"])
        series.add(state["chain"], np.stack(list(values.values())), index)
        if "pair" in state:
            half = s.shape[2] // 2 * 2
            q = to_host(self.model.space.overlap(s[:, :, 0:half:2], s[:, :, 1:half:2]))
            series.add(state["pair"], overlap_powers(q), index)
            count_overlaps(state["acc_P_q"], q, self.model.n)
        if self.due(index):
            self.spread(state, s)

    @property
    def no_energy(self) -> str:
        """What is wrong with an energy that is NaN."""
        return f"the energy of {type(self.model).__name__} is NaN: check its energy() and its couplings"

    def due(self, index: int) -> bool:
        """Do the model's own distributions take part in measurement `index`?  They are costly, and slow to change."""
        return bool(self.model.distributions) and (index < 32 or index % 16 == 0)

    def spread(self, state: State, s: np.ndarray) -> None:
        """Add to the histograms of the model's own distributions."""
        for name, found in self.model.distribution(self.disorder, s).items():
            _bin(state[f"acc_P_{name}"], to_host(found), *self.model.distributions[name])


def overlap_powers(q: np.ndarray) -> np.ndarray:
    """PAIR_OBSERVABLES (5, ...) of overlaps q (...)."""
    return np.stack([q, np.abs(q), q**2, q**3, q**4])


def overlap_density(counts: np.ndarray) -> np.ndarray:
    """P(q) at the bin centres (..., Q_BINS) from counts, zero where there are none."""
    density = counts / np.maximum(counts.sum(-1, keepdims=True), 1) * (Q_BINS - 1) / 2
    density[..., [0, -1]] *= 2  # the end bins reach one side only; the trapezoid rule integrates to 1
    return density


def shares(q: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Where overlaps q (...) of n spins lie between the centres of bins: the bin to the left, and how far to the right
    of it, in units of 1/n of a bin."""
    left, rest = np.divmod(np.rint((q + 1) / 2 * (Q_BINS - 1) * n).astype(np.int64), n)
    return left, rest


def count_overlaps(histogram: np.ndarray, q: np.ndarray, n: int) -> None:
    """Share every overlap between its two neighbouring bins, n counts in all, by distance: q takes N + 1 values,
    which whole bins would catch in unequal numbers.  In place, exact; histogram (D, T, Q_BINS), q (D, T, pairs)."""
    left, rest = shares(q, n)
    row = Q_BINS * np.arange(q.shape[0] * q.shape[1]).reshape(*q.shape[:2], 1)
    bins = np.stack([row + left, row + np.minimum(left + 1, Q_BINS - 1)])
    counts = np.bincount(bins.ravel(), np.stack([n - rest, rest]).ravel(), histogram.size)  # whole numbers: exact
    histogram += counts.astype(np.int64).reshape(histogram.shape)


def _bin(histogram: np.ndarray, values: np.ndarray, low: float, high: float) -> None:
    """Count values (D, T, K, X) in equal bins of [low, high), those outside in one more.  In place; histogram
    (D, T, VALUE_BINS + 1)."""
    D, T, bins = histogram.shape
    place = np.floor((values.reshape(D * T, -1) - low) * ((bins - 1) / (high - low)))
    inside = (place >= 0) & (place < bins - 1)
    place = np.where(inside, place, bins - 1).astype(np.int64) + bins * np.arange(D * T)[:, None]
    histogram += np.bincount(place.ravel(), minlength=D * T * bins).reshape(histogram.shape)
