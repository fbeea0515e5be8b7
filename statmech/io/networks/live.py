"""Weights of a network in memory: a torch module, a state dict, or arrays by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from statmech.io.networks.limits import is_weight


def read_live(source: Any) -> dict[str, np.ndarray]:
    """The weights of an object with `state_dict()`, or of a mapping of tensors or arrays; copies on the CPU.

    torch is not imported: tensors are known by their methods.  bfloat16 becomes float32.

    Raises TypeError for another object.
    """
    tensors = source.state_dict() if callable(getattr(source, "state_dict", None)) else source
    if not isinstance(tensors, Mapping):
        raise TypeError(
            f"{type(source).__name__} is no network: expected a path, a torch module, or a mapping of names to arrays"
        )
    arrays = {str(name): _array(value) for name, value in tensors.items()}
    return {name: array for name, array in arrays.items() if is_weight(array.shape, array.dtype)}


def _array(value: Any) -> np.ndarray:
    if callable(getattr(value, "detach", None)):
        value = value.detach().cpu()
        value = (value.float() if str(value.dtype) == "torch.bfloat16" else value).numpy()
    return np.array(value)
