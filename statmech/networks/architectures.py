"""Networks as descriptions: layers, options, names and shapes of the parameters.  No torch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

Activation = Literal["relu", "tanh", "selu", "linear"]
Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class MLP:
    """Fully connected network: h_l = phi(W_l h_{l-1} + b_l), no phi after the last layer.

    widths:       inputs, hidden layers, classes; parameters are "fc1.weight" (out, in), "fc1.bias" (out,), "fc2..."
    activation:   phi: relu, tanh, selu (Klambauer et al., NeurIPS 2017) or linear
    batch_norm:   normalise every hidden unit before phi over the batch (Ioffe & Szegedy, ICML 2015), with gain and
                  shift "bn1.weight", "bn1.bias"; running averages of its mean and variance serve new examples
    dropout:      probability with which a hidden unit is silenced in training; the others are divided by 1 - dropout
    output_scale: lazy training (Chizat, Oyallon & Bach, NeurIPS 2019): f(x) = a [h(x; w) - h(x; w_0)] is trained on
                  loss(f) / a^2, so that weights move by O(1/a).  None is the plain network f = h

    Weights start Gaussian with variance 2/fan_in (relu) or 1/fan_in, biases at zero.

    Example: ``MLP((784, 300, 100, 10)).shapes()["fc1.weight"] == (300, 784)``
    """

    widths: tuple[int, ...] = (784, 300, 100, 10)
    activation: Activation = "relu"
    batch_norm: bool = False
    dropout: float = 0.0
    output_scale: float | None = None

    def __post_init__(self) -> None:
        if len(self.widths) < 2 or any(isinstance(w, bool) or w < 1 for w in self.widths):
            raise ValueError(f"widths = {self.widths}: expected at least (inputs, classes), integers >= 1")
        if self.activation not in ("relu", "tanh", "selu", "linear"):
            raise ValueError(f"activation = {self.activation!r}: expected 'relu', 'tanh', 'selu' or 'linear'")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout = {self.dropout}: expected a probability, 0 <= dropout < 1")
        if self.output_scale is not None and not 0 < self.output_scale < math.inf:
            raise ValueError(f"output_scale = {self.output_scale}: expected a finite number > 0, or None")
        if self.output_scale is not None and (self.batch_norm or self.dropout):
            raise ValueError("output_scale needs outputs h(x; w_0) that are fixed: leave out batch_norm and dropout")

    @property
    def inputs(self) -> tuple[int, ...]:
        """Shape of one example; images are flattened."""
        return (self.widths[0],)

    @property
    def classes(self) -> int:
        return self.widths[-1]

    @property
    def depth(self) -> int:
        """Number of weight matrices."""
        return len(self.widths) - 1

    def variance(self, shape: tuple[int, ...]) -> float:
        """Variance of the initial weights of a layer with this shape."""
        return (2.0 if self.activation == "relu" else 1.0) / shape[1]

    def shapes(self) -> Shapes:
        """Parameters in order, with the shape of each."""
        out: Shapes = {}
        for l, (a, b) in enumerate(zip(self.widths, self.widths[1:]), 1):
            out |= {f"fc{l}.weight": (b, a), f"fc{l}.bias": (b,)}
            if self.batch_norm and l < self.depth:
                out |= {f"bn{l}.weight": (b,), f"bn{l}.bias": (b,)}
        return out

    def statistics(self) -> Shapes:
        """Arrays that are carried along but not trained: running mean and variance of batch norm."""
        hidden = enumerate(self.widths[1:-1], 1) if self.batch_norm else ()
        return {f"bn{l}.{name}": (w,) for l, w in hidden for name in ("mean", "variance")}


@dataclass(frozen=True)
class Convolution:
    """One convolutional layer without padding, then relu, then the maximum over windows of `pool` x `pool` pixels."""

    channels: int
    size: int
    pool: int = 2

    def after(self, pixels: int) -> int:
        """Side of the picture that comes out."""
        return (pixels - self.size + 1) // self.pool


class ConvolutionalNetwork:
    """Convolutions, then fully connected layers, relu between them: "conv1.weight" (out, in, k, k), ..., "fc1.weight".

    Weights start Gaussian with variance 2/(fan_in + fan_out) (Glorot & Bengio, AISTATS 2010), biases at zero.
    """

    inputs: ClassVar[tuple[int, ...]]
    convolutions: ClassVar[tuple[Convolution, ...]]
    hidden: ClassVar[tuple[int, ...]]
    classes: ClassVar[int] = 10
    output_scale: ClassVar[None] = None

    @property
    def head(self) -> MLP:
        """The fully connected layers."""
        side = self.inputs[1]
        for layer in self.convolutions:
            side = layer.after(side)
        return MLP((self.convolutions[-1].channels * side * side, *self.hidden, self.classes))

    def shapes(self) -> Shapes:
        """Parameters in order, with the shape of each."""
        out: Shapes = {}
        channels = self.inputs[0]
        for l, c in enumerate(self.convolutions, 1):
            out |= {f"conv{l}.weight": (c.channels, channels, c.size, c.size), f"conv{l}.bias": (c.channels,)}
            channels = c.channels
        return out | self.head.shapes()

    def statistics(self) -> Shapes:
        """None."""
        return {}

    def variance(self, shape: tuple[int, ...]) -> float:
        """Variance of the initial weights of a layer with this shape."""
        return 2.0 / ((shape[0] + shape[1]) * math.prod(shape[2:]))


@dataclass(frozen=True)
class LeNet5(ConvolutionalNetwork):
    """The LeNet of the spectra literature, for 28 x 28 pictures: conv 5x5x20, pool 2, conv 5x5x50, pool 2, 800-500-10.

    Example: ``LeNet5().shapes()["fc1.weight"] == (500, 800)``
    """

    inputs = (1, 28, 28)
    convolutions = (Convolution(20, 5), Convolution(50, 5))
    hidden = (500,)


@dataclass(frozen=True)
class MiniAlexNet(ConvolutionalNetwork):
    """MiniAlexNet of Martin & Mahoney, arXiv 1810.01075, for 28 x 28 crops of CIFAR-10.

    conv 5x5x96, pool 2, conv 5x5x256, pool 2, then 4096-384-192-10.

    Example: ``MiniAlexNet().shapes()["fc1.weight"] == (384, 4096)``
    """

    inputs = (3, 28, 28)
    convolutions = (Convolution(96, 5), Convolution(256, 5))
    hidden = (384, 192)


Network = MLP | LeNet5 | MiniAlexNet
