"""A stack of networks on a device: steps of gradient descent on chosen batches, losses on whole sets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from statmech.networks import convolution, mlp
from statmech.networks.architectures import MLP, Network
from statmech.networks.descent import Descent
from statmech.networks.device import load_torch
from statmech.networks.mlp import Tensors

ROWS = 1000
"""Examples per pass where whole sets are evaluated: fixed, so that sums do not depend on anything else."""


@dataclass
class Examples:
    """Inputs x (count, ...) with labels (count,), and the outputs h(x; w_0) of the initial network, lazy ones only."""

    x: Any
    labels: Any
    anchor: Any = None

    def first(self, count: int) -> Examples:
        """The first `count` of them."""
        anchor = None if self.anchor is None else self.anchor[:count]
        return Examples(self.x[:count], self.labels[:count], anchor)


class Machine:
    """Networks of one architecture on one torch device ("cpu" or "cuda"); weights are dicts of tensors (S, ...).

    Example: ``Machine(MLP((4, 3, 2)), "cpu").tensors({"fc1.weight": np.zeros((1, 3, 4))})``
    """

    def __init__(self, network: Network, where: str):
        self.torch, self.network, self.where = load_torch(), network, where

    def tensor(self, array: np.ndarray) -> Any:
        """A copy in memory of torch's own, aligned alike for every network: results do not depend on neighbours."""
        return self.torch.tensor(array, device=self.where)

    def tensors(self, arrays: Mapping[str, np.ndarray]) -> Tensors:
        return {name: self.tensor(array) for name, array in arrays.items()}

    def examples(self, x: np.ndarray, labels: np.ndarray, initial: Mapping[str, np.ndarray] | None = None) -> Examples:
        """Examples on the device; `initial` (without the axis S) gives lazy networks their anchor."""
        out = Examples(self.tensor(x.reshape(len(x), *self.network.inputs)), self.tensor(labels))
        if self.network.output_scale is not None and initial is not None:
            w = {name: self.tensor(array)[None] for name, array in initial.items()}
            rows = range(0, len(x), ROWS)
            out.anchor = self.torch.cat([self._forward(w, out.x[i : i + ROWS][None])[0] for i in rows])
        return out

    def _forward(self, w: Tensors, x: Any, tape: list | None = None, masks: Any = None) -> Any:
        if isinstance(self.network, MLP):
            return mlp.forward(self.torch, self.network, w, x, tape, masks)
        return convolution.forward(self.torch, self.network, w, x, tape)

    def _backward(self, w: Tensors, tape: list, d: Any) -> Tensors:
        if isinstance(self.network, MLP):
            return mlp.backward(self.torch, self.network, w, tape, d)[0]
        return convolution.backward(self.torch, self.network, w, tape, d)

    def outputs(self, w: Tensors, examples: Examples, rows: slice) -> Any:
        """f(x) (count, classes) of a stack of one network."""
        h = self._forward(w, examples.x[rows][None])[0]
        scale = self.network.output_scale
        return h if scale is None else scale * (h - examples.anchor[rows])

    def gradient(self, w: Tensors, x: Any, labels: Any, anchor: Any = None, masks: Any = None) -> Tensors:
        """Gradient of the mean cross-entropy of batches x (S, B, ...), labels (S, B), over a^2 for lazy networks."""
        tape: list = []
        h = self._forward(w, x, tape, masks)
        count, scale = labels.shape[1], self.network.output_scale
        if scale is not None:
            h = scale * (h - anchor)
        d = self.torch.softmax(h, -1)
        d.scatter_add_(2, labels.unsqueeze(2), d.new_full((1, 1, 1), -1.0).expand(*labels.shape, 1))
        d.mul_(1.0 / (count * (scale or 1.0)))
        return self._backward(w, tape, d)

    def total(self, w: Tensors, examples: Examples) -> tuple[float, int, Tensors]:
        """Sum of the cross-entropies of all examples, number of errors, and the gradient of the sum, of a stack of one
        network that is not lazy."""
        tape: list = []
        h = self._forward(w, examples.x[None], tape)
        d = self.torch.log_softmax(h, -1)
        index = examples.labels[None, :, None]
        loss = -float(d.gather(2, index).sum(dtype=self.torch.float64))
        wrong = int((h[0].argmax(1) != examples.labels).sum())
        d.exp_().scatter_add_(2, index, d.new_full((1, 1, 1), -1.0).expand(*index.shape))
        gradient = self._backward(w, tape, d)
        return loss, wrong, {n: self.torch.bmm(g[0].transpose(1, 2), g[1]) if isinstance(g, tuple) else g
                             for n, g in gradient.items()}  # fmt: skip

    def descend(
        self, w: Tensors, v: Tensors, examples: Examples, rows: np.ndarray, descent: Descent,
        masks: Callable[[int], list[np.ndarray]] | None = None,
    ) -> None:  # fmt: skip
        """Steps k = 0, 1, ... on the batches rows[k] (S, B) of examples, in place.  masks(k): of the hidden layers."""
        index = self.torch.from_numpy(np.ascontiguousarray(rows)).to(self.where)
        labels, anchors = examples.labels[index], examples.anchor
        steps, stack, batch = index.shape
        for k in range(steps):
            flat = index[k].reshape(-1)
            x = examples.x.index_select(0, flat).view(stack, batch, *examples.x.shape[1:])
            anchor = None if anchors is None else anchors.index_select(0, flat).view(stack, batch, -1)
            silenced = None if masks is None else [self.tensor(mask) for mask in masks(k)]
            descent.step(w, v, self.gradient(w, x, labels[k], anchor, silenced))

    def evaluate(self, w: Tensors, examples: Examples, *others: Any) -> tuple[float, ...]:
        """Mean cross-entropy and error of a stack of one network, then its errors on other labels (count,)."""
        loss, errors, count = 0.0, [0] * (1 + len(others)), len(examples.labels)
        for begin in range(0, count, ROWS):
            rows = slice(begin, begin + ROWS)
            f, labels = self.outputs(w, examples, rows), examples.labels[rows]
            loss += float(self.torch.nn.functional.cross_entropy(f, labels, reduction="none").double().sum())
            guess = f.argmax(1)
            for i, other in enumerate((examples.labels, *others)):
                errors[i] += int((guess != other[rows]).sum())
        return (loss / count, *(e / count for e in errors))

    def guesses(self, w: Tensors, examples: Examples) -> np.ndarray:
        """The class (count,) int64 that a stack of one network gives every example."""
        begins = range(0, len(examples.labels), ROWS)
        guess = [self.outputs(w, examples, slice(i, i + ROWS)).argmax(1) for i in begins]
        return self.torch.cat(guess).cpu().numpy()
