"""The machine of a Training task with its examples: which runs share a stack, and their data on the device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from statmech.backend import Device
from statmech.core import State
from statmech.networks.architectures import Network
from statmech.networks.data import AnyData
from statmech.networks.descent import Descent
from statmech.networks.device import one_thread, place
from statmech.networks.machine import ROWS, Examples, Machine


class Bench:
    """Examples of all samples on the device of a task.

    On a CPU every run is a stack of its own: as fast as a common one (its weights stay in the cache), and what it
    computes cannot depend on the others.  On a GPU all runs are one stack.
    """

    def __init__(
        self, network: Network, data: AnyData, samples: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]],
        initial: Sequence[dict[str, np.ndarray]], device: Device, together: bool | None = None,
    ):  # fmt: skip
        where, arrays = place(device), data.arrays
        self.machine = Machine(network, where)
        self.together = where != "cpu" if together is None else together
        self.samples, self.initial, self.arrays = samples, initial, arrays
        with self.ready():
            self.train = [
                self.machine.examples(arrays.x[index], noisy, initial[s])
                for s, (index, noisy, _) in enumerate(samples)
            ]
            trained = network.shapes()
            self.first = [self.machine.tensors({name: w[name] for name in trained}) for w in initial]
            self.true = [self.machine.tensor(true) for _, _, true in samples]
            self._test: dict[int, Examples] = {}
            self.begin = np.cumsum([0, *(len(noisy) for _, noisy, _ in samples)])
            self.joint = self._join() if self.together else None

    def ready(self) -> AbstractContextManager[None]:
        """What computing needs around it."""
        return one_thread()

    def _join(self) -> Examples:
        cat = self.machine.torch.cat
        anchors = [e.anchor for e in self.train if e.anchor is not None]
        return Examples(
            cat([e.x for e in self.train]), cat([e.labels for e in self.train]), cat(anchors) if anchors else None
        )

    def groups(self, runs: np.ndarray) -> list[list[int]]:
        """Runs that are trained together."""
        return [runs.tolist()] if self.together else [[s] for s in runs.tolist()]

    def take(self, state: State, group: list[int]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Weights and momentum buffers of a group, on the device."""
        return tuple(  # type: ignore[return-value]
            self.machine.tensors({name[2:]: x[group] for name, x in state.items() if name.startswith(prefix)})
            for prefix in ("w/", "v/")
        )

    def put(self, state: State, group: list[int], w: dict[str, Any], v: dict[str, Any]) -> None:
        """Weights and momentum buffers back into the state."""
        for prefix, tensors in (("w/", w), ("v/", v)):
            for name, tensor in tensors.items():
                state[prefix + name][group] = tensor.cpu().numpy()

    def host(self, w: dict[str, Any]) -> dict[str, np.ndarray]:
        """Weights of a stack of one as arrays."""
        return {name: tensor[0].cpu().numpy() for name, tensor in w.items()}

    def descend(
        self, w: dict[str, Any], v: dict[str, Any], group: list[int], batches: np.ndarray, descent: Descent,
        masks: Callable[[int], list[np.ndarray]] | None,
    ) -> None:  # fmt: skip
        """Updates on the batches (updates, len(group), B) of a group, in place."""
        if self.joint is not None:
            self.machine.descend(w, v, self.joint, batches + self.begin[group][:, None], descent, masks)
        else:
            self.machine.descend(w, v, self.train[group[0]], batches, descent, masks)

    def probe(self, w: dict[str, Any], s: int) -> tuple[float, ...]:
        """Loss and error of run s on the first examples it learns."""
        return self.machine.evaluate(w, self.train[s].first(ROWS))

    def distance(self, w: dict[str, Any], s: int) -> float:
        """|w - w_0| of run s."""
        double, first = self.machine.torch.float64, self.first[s]
        return sum(float((w[name][0] - first[name]).square().sum(dtype=double)) for name in first) ** 0.5

    def training(self, w: dict[str, Any], s: int) -> tuple[float, ...]:
        """Loss and error of run s on the labels it learns, and its error on the true ones."""
        return self.machine.evaluate(w, self.train[s], self.true[s])

    def test(self, w: dict[str, Any], s: int) -> tuple[float, ...]:
        """Loss and error of run s on the test set."""
        return self.machine.evaluate(w, self._tested(s))

    def guesses(self, w: dict[str, Any], s: int) -> np.ndarray:
        """Class (count,) that run s gives every test example."""
        return self.machine.guesses(w, self._tested(s))

    def _tested(self, s: int) -> Examples:
        """The test set; only lazy networks have one of their own, with their anchor."""
        lazy = self.machine.network.output_scale is not None
        own = s if lazy else 0
        if own not in self._test:
            self._test[own] = self.machine.examples(self.arrays.test_x, self.arrays.test_labels, self.initial[s])
        return self._test[own]
