"""Walkers where a task left them: couplings are laid out once, not at every call of `advance`."""

from __future__ import annotations

from typing import Any

import numpy as np

from statmech import backend
from statmech.backend import Device
from statmech.core import State
from statmech.problems import Problem


def walkers_at(left: dict[str, Any], name: str, problem: Problem, state: State, device: Device) -> Any:
    """Walkers at a state: those that were left under `name` if they are there, new ones if the state is another one.

    left: what the last call has left, name -> walkers; the ones that are taken are no longer in it.
    """
    from statmech.kernels import walkers

    found = left.pop(name, None)
    if found is not None and all(np.array_equal(state.get(key, ()), value) for key, value in found.state().items()):
        return found
    return walkers(problem, state["s"], backend.resolve(device), state)
