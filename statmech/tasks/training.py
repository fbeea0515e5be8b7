"""Task: training a neural network by stochastic gradient descent, with readings on the way."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from statmech.backend import Device
from statmech.core import Labelled, State
from statmech.networks.architectures import MLP, LeNet5, MiniAlexNet
from statmech.networks.data import AnyData, Digits, chosen, redrawn
from statmech.networks.descent import Descent
from statmech.networks.initial import initial_parameters
from statmech.random import derive_key
from statmech.spec import identity
from statmech.tasks import network_readings as reading
from statmech.tasks.network_batches import Batches, dropout_masks
from statmech.tasks.network_schedule import Schedule
from statmech.tasks.samples import check_samples
from statmech.tasks.training_results import combine, summarise

BLOCK = 1 << 20  # examples whose order is drawn at a time
NEAR = 1.5  # the full training loss is computed where its estimate is below this times the level that is waited for


@dataclass(frozen=True, eq=False)
class Training:
    """Trains `network` on m examples of `data` by SGD on the mean cross-entropy; one run per disorder sample.

    network:       MLP(...), LeNet5() or MiniAlexNet()
    data:          Digits(), Mnist(path), Cifar10(path) or Teacher()
    m:             training examples
    r:             fraction of their labels that are redrawn uniformly among all K classes, so that a share
                   c = r (1 - 1/K) becomes wrong; test labels are never touched
    remove:        those examples are left out instead
    batch:         B, examples per update
    learning_rate, momentum, weight_decay, max_norm: see statmech.networks.descent.Descent
    updates, epochs: the end, whichever comes first; at least one of them
    stop_loss:     a run ends when the training loss has come down to this level
    read_losses, read_epochs, read_updates: when a reading is taken, besides "start" and "end"
    check:         levels of the training loss are looked for at checks, `check` to 2 `check` of them per doubling of
                   the number of updates (every update at first).  A level counts as reached at the first check where
                   the loss of all examples is at or below it; that is computed where an estimate, the loss of the
                   first 1000 examples, is below 1.5 times the level
    controls:      also the spectra of shuffled W and of W_0 + shuffled (W - W_0)
    disorder, seed: indices of the samples and the user's seed: examples, their order, redrawn labels, initial weights
                   and dropout differ between indices
    replica:       number of a real replica: replicas of a sample learn the same examples and labels, from other
                   initial weights, in another order, with other dropout
    device:        "cpu" (one thread, one run after the other: bitwise the same in any block), "gpu" (the runs of a
                   block at once) or "auto"

    Updates take batches from an endless row of random orders of the examples, so each has exactly B of them and epoch
    = updates B / m.  Example mu, its redrawn label (iff u_mu < r) and the initial weights do not depend on r, m, B or
    the learning rate: sizes are nested and noise levels paired.

    Results (disorder, reading): update, epoch, loss_t, eps_t (on the noisy labels), eps_clean (same examples, true
    labels), loss_g, eps_g (test set), distance |w - w_0|; per layer layer_distance, layer_norm |W|_F, entropy; and
    spectra/<layer>/eigenvalue of X = W^T W.  NaN where a run never came to a reading.  At the checks
    timeseries/distance, and loss_t and eps_t of the first 1000 examples.  At the end predicted, the class given to
    every test example, for overlaps of replicas.

    Example: ``Training(MLP((64, 20, 10)), m=500, batch=32, epochs=3).total == 47``
    """

    network: MLP | LeNet5 | MiniAlexNet
    data: AnyData = Digits()
    m: int = 1000
    r: float = 0.0
    remove: bool = False
    batch: int = 32
    learning_rate: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 0.0
    max_norm: float | None = None
    updates: int | None = None
    epochs: float | None = None
    stop_loss: float | None = None
    read_losses: tuple[float, ...] = (0.5, 0.1, 0.01)
    read_epochs: tuple[float, ...] = ()
    read_updates: tuple[int, ...] = ()
    check: int = 8
    controls: bool = False
    disorder: tuple[int, ...] = (0,)
    seed: int = 0
    replica: int = 0
    device: Device = "auto"

    def __post_init__(self) -> None:
        for name, low in (("m", 1), ("batch", 1), ("check", 1), ("replica", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < low:
                raise ValueError(f"{name} = {value!r}: expected an integer >= {low}")
        if not 0 <= self.r <= 1 or (self.remove and self.r == 1):
            raise ValueError(f"r = {self.r}: expected a fraction, 0 <= r <= 1 (r < 1 where examples are removed)")
        if self.batch > self.m:
            raise ValueError(f"batch = {self.batch} is larger than m = {self.m}: take batch <= m")
        if not 0 < self.learning_rate < math.inf:
            raise ValueError(f"learning_rate = {self.learning_rate}: expected a finite number > 0")
        if not 0 <= self.momentum < 1:
            raise ValueError(f"momentum = {self.momentum}: expected 0 <= momentum < 1")
        if not 0 <= self.weight_decay < math.inf:
            raise ValueError(f"weight_decay = {self.weight_decay}: expected a finite number >= 0")
        for name in ("max_norm", "stop_loss", "updates", "epochs"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ValueError(f"{name} = {value!r}: expected a finite number > 0, or None")
        if self.updates is None and self.epochs is None:
            raise ValueError("updates and epochs are both None: say when the run ends, for example epochs=20")
        for name in ("read_losses", "read_epochs", "read_updates"):
            values = getattr(self, name)
            if len(set(values)) != len(values) or not all(v > 0 for v in values):
                raise ValueError(f"{name} = {values!r}: expected different numbers > 0")
        check_samples(self.disorder, self.seed)

    def identity(self) -> dict[str, Any]:
        """What decides the numbers; data by a hash of their contents.  Raises ValueError if data do not fit."""
        self._fits()
        return identity(self, leave_out=("data", "device")) | {"task": "Training", "data": self.data.identity()}

    def _fits(self) -> None:
        arrays = self.data.arrays
        if math.prod(self.network.inputs) != arrays.x[0].size:
            shape = " x ".join(map(str, arrays.x.shape[1:]))
            raise ValueError(f"{self.network} takes {self.network.inputs} inputs, the data have {shape} = "
                             f"{arrays.x[0].size}: change widths[0], or crop the pictures")  # fmt: skip
        if self.network.classes < arrays.classes:
            raise ValueError(f"{self.network} has {self.network.classes} outputs, the data {arrays.classes} classes")
        if self.m > len(arrays.labels):
            raise ValueError(f"m = {self.m}: the data have {len(arrays.labels)} examples to train on")

    @cached_property
    def _schedule(self) -> Schedule:
        examples = self.m * (1 - self.r) if self.remove else self.m
        return Schedule(examples, self.batch, self.updates, self.epochs, self.check,
                        self.read_losses, self.read_epochs, self.read_updates)  # fmt: skip

    @property
    def total(self) -> int:
        """Updates of a run that is not stopped."""
        return self._schedule.total

    @property
    def readings(self) -> tuple[str, ...]:
        """Names of the readings: "start", "loss 0.5", ..., "epoch 10", ..., "update 100", ..., "end"."""
        return self._schedule.readings

    @cached_property
    def _keys(self) -> list[int]:
        return [derive_key("disorder", "Training", index, self.seed) for index in self.disorder]

    @cached_property
    def _run_keys(self) -> list[int]:
        """Keys of what differs between replicas; the first replica has those of its sample."""
        return [derive_key(key, "replica", self.replica) if self.replica else key for key in self._keys]

    @cached_property
    def _initial(self) -> list[dict[str, np.ndarray]]:
        return [initial_parameters(self.network, key) for key in self._run_keys]

    def _sample(self, s: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(indices into the data, labels to learn, true labels) of the examples of sample s."""
        index = chosen(self.data, self._keys[s], self.m)
        true = self.data.arrays.labels[index]
        changed, new = redrawn(self._keys[s], self.m, self.r, self.network.classes)
        if not self.remove:
            return index, np.where(changed, new, true), true
        if changed.all():
            raise ValueError(f"all m = {self.m} examples of a sample are removed at r = {self.r}: take a larger m")
        return index[~changed], true[~changed], true[~changed]

    @cached_property
    def _samples(self) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        self._fits()
        return [self._sample(s) for s in range(len(self.disorder))]

    @cached_property
    def _batches(self) -> list[Batches]:
        return [Batches(derive_key(key, "batches"), len(sample[1]), self.batch)
                for key, sample in zip(self._keys, self._samples)]  # fmt: skip

    @cached_property
    def _bench(self) -> Any:
        from statmech.tasks.network_bench import Bench

        return Bench(self.network, self.data, self._samples, self._initial, self.device)

    def start(self) -> State:
        """The initial networks, read."""
        count, r = len(self.disorder), len(self.readings)
        state: State = {"update": np.array(0), "ended": np.full(count, -1)}
        for name in self._initial[0]:
            state[f"w/{name}"] = np.stack([w[name] for w in self._initial])
            if self.momentum and name in self.network.shapes():
                state[f"v/{name}"] = np.zeros_like(state[f"w/{name}"])
        state |= {f"path/{name}": np.full((count, len(self._schedule.checks)), np.nan) for name in reading.PATHS}
        state |= {f"reading/{name}": np.full((count, r), np.nan) for name in reading.SCALARS}
        state["predicted"] = np.full((count, len(self.data.arrays.test_labels)), -1, np.int16)
        names = reading.layers(self.network)
        state |= {f"layer/{name}": np.full((count, r, len(names)), np.nan) for name in reading.LAYERS}
        for layer in names:
            _, m, slices = reading.sides(self.network.shapes()[f"{layer}.weight"])
            for kind in reading.kinds(self.controls):
                state[f"spectrum/{layer}/{kind}"] = np.full((count, r, m * slices), np.nan)
        with self._bench.ready():
            for s in range(count):
                self._look(state, s, 0, self._bench.take(state, [s])[0])
        return state

    def progress(self, state: State) -> tuple[int, int]:
        """(updates done, updates asked for); all of them once every run has ended."""
        return self.total if (state["ended"] >= 0).all() else int(state["update"]), self.total

    def advance(self, state: State, n: int) -> State:
        """n more updates of every run that has not ended."""
        state = {name: np.array(value) for name, value in state.items()}
        begin = int(state["update"])
        end = min(begin + n, self.total)
        with self._bench.ready():
            for group in self._bench.groups(np.flatnonzero(state["ended"] < 0)):
                self._train(state, group, begin, end)
        state["update"] = np.array(end)
        if (state["ended"] >= 0).all():  # what the next update would need
            state = {name: value for name, value in state.items() if not name.startswith("v/")}
        return state

    def _train(self, state: State, group: list[int], begin: int, end: int) -> None:
        """Updates begin .. end - 1 of the runs of a group, which share a stack; in place."""
        stops = sorted({*self._schedule.checks, *self._schedule.timed, end})
        descent = Descent(self.learning_rate, self.momentum, self.weight_decay, self.max_norm)
        w, v = self._bench.take(state, group)
        t = begin
        while t < end and group:
            stop = min(next(x for x in stops if x > t), t + max(1, BLOCK // (self.batch * len(group))))
            batches = np.stack([self._batches[s].take(t, stop) for s in group], 1)
            self._bench.descend(w, v, group, batches, descent, self._masks(group, t))
            t = stop
            if t in self._schedule.timed or t in self._schedule.checks:
                for k, s in enumerate(group):
                    self._look(state, s, t, {name: value[k : k + 1] for name, value in w.items()})
            if (state["ended"][group] >= 0).any():
                self._bench.put(state, group, w, v)
                group = [s for s in group if state["ended"][s] < 0]
                w, v = self._bench.take(state, group)
        self._bench.put(state, group, w, v)

    def _masks(self, group: list[int], begin: int) -> Callable[[int], list[np.ndarray]] | None:
        """Dropout masks of update begin + k, per hidden layer."""
        if not (isinstance(self.network, MLP) and self.network.dropout):
            return None
        keys = [derive_key(self._keys[s], "dropout") for s in group]
        units, p = self.network.widths[1:-1], self.network.dropout
        return lambda k: dropout_masks(keys, begin + k, self.batch, units, p)

    def _look(self, state: State, s: int, t: int, w: Any) -> None:
        """What is due after update t of run s: check, readings, the end; in place."""
        due, pending = list(self._schedule.timed.get(t, [])), {}
        if t in self._schedule.checks:
            estimate, error = self._bench.probe(w, s)
            place = self._schedule.checks.index(t)
            for name, value in zip(reading.PATHS, (estimate, error, self._bench.distance(w, s))):
                state[f"path/{name}"][s, place] = value
            taken = dict(zip(self.readings, state["reading/update"][s]))
            pending = {f"loss {x:g}": x for x in self.read_losses if np.isnan(taken[f"loss {x:g}"])}
            if self.stop_loss is not None:
                pending["end"] = self.stop_loss
            if t == self.total:
                pending["end"] = math.inf
            if not due and estimate > NEAR * max(pending.values(), default=0.0):
                return
        loss, error, clean = self._bench.training(w, s)
        due += [name for name, level in pending.items() if loss <= level]
        if "end" in due:
            state["ended"][s] = t
            state["predicted"][s] = self._bench.guesses(w, s)
        if not due:
            return
        loss_g, eps_g = self._bench.test(w, s)
        arrays = self._bench.host(w)
        distance, by_layer = reading.distances(arrays, self._initial[s], self.network)
        epoch = t * self.batch / len(self._samples[s][1])
        key = derive_key(self._keys[s], "controls", t) if self.controls else None
        spectra = reading.spectra(arrays, self._initial[s], self.network, key)
        for r in [self.readings.index(name) for name in due]:
            for name, value in zip(reading.SCALARS, (t, epoch, loss, error, clean, loss_g, eps_g, distance)):
                state[f"reading/{name}"][s, r] = value
            for l, layer in enumerate(reading.layers(self.network)):
                values = spectra["eigenvalue"][layer]
                state["layer/layer_distance"][s, r, l] = by_layer[l]
                state["layer/layer_norm"][s, r, l] = values.sum() ** 0.5
                state["layer/entropy"][s, r, l] = reading.entropy(values)
                for kind in spectra:
                    state[f"spectrum/{layer}/{kind}"][s, r] = spectra[kind][layer]

    def results(self, state: State) -> Labelled:
        """Readings, histories and spectra of every run."""
        return summarise(self, state)

    def combine(self, parts: Labelled) -> Labelled:
        """Means over the runs that came to a reading, with jackknife errors, and `reached`, their share."""
        return combine(parts)
