"""Initial parameters: a pure function of a key."""

from __future__ import annotations

import math

import numpy as np

from statmech.networks.architectures import Network
from statmech.random import Stream, derive_key, normals

GRID = 4096
"""Gaussian numbers are whole multiples of 1/4096 of their standard deviation: the same bits on every machine."""


def initial_parameters(network: Network, key: int) -> dict[str, np.ndarray]:
    """All parameters and running statistics of a network, float32: Gaussian weights, biases 0.

    Weight (i, j, ...) is a function of (key, name, i, j, ...): narrower networks share the weights of wider ones.

    Example: ``initial_parameters(MLP((4, 3, 2)), key=1)["fc1.weight"].shape == (3, 4)``
    """
    out: dict[str, np.ndarray] = {}
    for name, shape in network.shapes().items():
        if len(shape) > 1:
            fan_in = math.prod(shape[1:])
            z = normals(derive_key(key, "init", name), Stream.INIT, range(shape[0]), fan_in, GRID) / GRID
            out[name] = (z * math.sqrt(network.variance(shape))).astype(np.float32).reshape(shape)
        else:
            one = name.startswith("bn") and name.endswith(".weight")
            out[name] = np.full(shape, 1.0 if one else 0.0, np.float32)
    for name, shape in network.statistics().items():
        out[name] = np.full(shape, 1.0 if name.endswith("variance") else 0.0, np.float32)
    return out
