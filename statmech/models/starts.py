"""Starts near a known configuration: a pattern, a teacher, a hidden signal, a native state."""

from __future__ import annotations

import numpy as np

from statmech.spaces.ising import Ising


def share(name: str) -> float:
    """The number behind the colon of a class of starts, the share of reversed signs: "pattern:0.1"; 0 without one.

    Raises ValueError unless it is a number from 0 to 1.

    Example: ``share("teacher:0.25") == 0.25``
    """
    argument = name.partition(":")[2]
    try:
        value = float(argument or 0)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise ValueError(f"start {name!r}: got {argument!r}, expected 0 <= share of reversed signs <= 1")
    return value


def near(target: np.ndarray, name: str, keys: np.ndarray, lanes: np.ndarray) -> np.ndarray:
    """Copies (D, T, K, N) of configurations target (D, N), each sign reversed with the probability that `name` gives;
    for keys and lanes that broadcast to (D, T, K), in the dtype of target.

    Example: ``near(np.ones((1, 4)), "teacher:1", 7, np.zeros((1, 1, 1))).sum() == -4``
    """
    shape = (*np.broadcast_shapes(np.shape(keys), np.shape(lanes)), target.shape[-1])
    kept = Ising().flip(np.ones(shape, np.int8), share(name), keys, lanes)
    return np.asarray(target[:, None, None, :] * kept, dtype=target.dtype)
