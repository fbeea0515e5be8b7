"""The measurements of a run: Meter.measure where spins lie in the memory of the host, as two compiled calls each."""

from __future__ import annotations

import numpy as np

from statmech.core import Disorder, State
from statmech.samplers.run import Run
from statmech.spaces.ising import Ising
from statmech.spec import Model
from statmech.tasks import series
from statmech.tasks.measure import PAIR_OBSERVABLES, Q_BINS, Meter, overlap_powers, shares

SLOTS = 8  # measurements that are held back: the series of a chain is a page of memory of its own


class Recorder:
    """Measures the walkers of a run again and again, into one state; `close` ends it.

    By definition `meter.measure(state, s, energy, index)`, of walkers arranged by temperature.
    """

    def __init__(self, meter: Meter, state: State, run: Run):
        self.meter, self.state, self.run, self.walkers = meter, state, run, run.walkers

    def measure(self, index: int) -> None:
        """Measurement number `index`."""
        s, energy = self.run.arrange(self.walkers.s), self.run.arrange(self.run.energy)
        self.meter.measure(self.state, s, energy, index)

    def close(self) -> None:
        """Everything measured stands in the state."""


class SpinRecorder(Recorder):
    """Ising spins on the host.  Bit for bit what a Recorder leaves."""

    def __init__(self, meter: Meter, state: State, run: Run):
        super().__init__(meter, state, run)
        from statmech.kernels import record

        model = meter.model
        self.compiled, self.n = record, model.n
        n = model.n
        self.names, (D, T, K) = meter.chain_observables[2:], state["lowest"].shape
        self.values, self.first, self.held = np.empty((SLOTS, 2 + len(self.names), D, T, K)), 0, 0
        q = (n - 2 * np.arange(n + 1)) / n  # by the number of sites where two replicas differ
        self.powers, (self.left, self.rest) = overlap_powers(q), shares(q, n)
        self.differing = np.empty((SLOTS, D, T, K // 2), np.int64)
        self.pair = state.get("pair", np.empty((len(PAIR_OBSERVABLES), D, T, 0, series.BINS)))
        self.histogram = state.get("acc_P_q", np.empty((D, T, Q_BINS), np.int64))
        self.bits = np.empty((D, T, K, -(-n // 64)), np.uint64)
        found = targets(model, meter.disorder) if not meter.own else None
        self.targets = bits_of(np.empty((D, 0, n), np.int8) if found is None else found)
        self.M = np.empty((D, T, K, self.targets.shape[2]), np.int64)
        self.plainly = bool(self.names) and found is None
        self.s = np.empty((D, T, K, n), np.int8)  # by temperature

    def measure(self, index: int) -> None:
        """See Recorder."""
        model, n, slot, rows = self.meter.model, self.n, self.held, self.run.chains
        s, energy = self.walkers.s.reshape(-1, n), self.run.energy.reshape(-1)
        self.compiled.overlaps(s, rows, self.targets, self.bits, self.M)
        spread = model.distributions and self.meter.due(index)
        if self.plainly or spread:
            s.take(rows.reshape(-1), 0, self.s.reshape(-1, n), "clip")
        if not self.compiled.record(
            self.bits, energy, rows, n, self.left, self.rest, slot, self.values, self.differing,
            self.state["lowest"], self.histogram,
        ):  # fmt: skip
            raise ValueError(self.meter.no_energy)
        if self.names:
            found = self.meter.others(self.s) if self.plainly else model.observe_overlaps(self.M)
            for k, name in enumerate(self.names):
                self.values[slot, 2 + k] = found[name]
        if spread:
            self.meter.spread(self.state, self.s)
        if not slot:
            self.first = index
        self.held = slot + 1
        if self.held == SLOTS or not (index + 1) % SLOTS:
            self.close()

    def close(self) -> None:
        """See Recorder."""
        if self.held:
            series.make_room(self.state["chain"], self.first)
            series.make_room(self.pair, self.first)
            length = series.bin_length(self.first + self.held)
            what = self.values, self.differing, self.powers
            self.compiled.add(*what, self.first, self.held, length, self.state["chain"], self.pair)
        self.held = 0


def recorder(meter: Meter, state: State, run: Run) -> Recorder:
    """The recorder of these walkers."""
    s = run.walkers.s
    bits = type(meter.model.space) is Ising and isinstance(s, np.ndarray) and s.dtype == np.int8
    return (SpinRecorder if bits else Recorder)(meter, state, run)


def bits_of(v: np.ndarray) -> np.ndarray:
    """Bits (D, W, X) of configurations v (D, X, N) of +-1, set where they are -1; N spins in W words of 64.

    Example: ``bits_of(np.array([[[1, -1, -1]]])).tolist() == [[[6]]]``
    """
    D, X, n = v.shape
    padded = np.zeros((D, X, -(-n // 64) * 64), bool)
    padded[..., :n] = v < 0
    packed = np.packbits(padded, axis=-1, bitorder="little").view(np.uint64)
    return np.ascontiguousarray(packed.transpose(0, 2, 1))


def targets(model: Model, disorder: Disorder) -> np.ndarray | None:
    """model.targets, unless a subclass has observables of its own."""
    owners = [next(c for c in type(model).__mro__ if name in vars(c)) for name in ("observe", "observe_overlaps")]
    return model.targets(disorder) if owners[0] is owners[1] else None
