"""A convolutional network small enough for many runs."""

from dataclasses import dataclass

from statmech.networks.architectures import Convolution, ConvolutionalNetwork


@dataclass(frozen=True)
class Small(ConvolutionalNetwork):
    """Two convolutions on 14 x 14 pictures of two channels, five classes."""

    inputs, convolutions, hidden, classes = (2, 14, 14), (Convolution(3, 3), Convolution(4, 3)), (6,), 5
