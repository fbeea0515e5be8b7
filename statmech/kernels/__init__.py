"""Hot loops, one file per family of Hamiltonians and device.  `walkers` picks the right one."""

from __future__ import annotations

from typing import Literal

import numpy as np

from statmech.core import Problem, State, Walkers


def walkers(problem: Problem, s: np.ndarray, device: Literal["cpu", "gpu"], state: State | None = None) -> Walkers:
    """Walkers of a problem at configurations s (D, T, K, N), dispatched on (family, device).

    A problem given by its energy alone runs on the specification, on the CPU.
    """
    if problem.family == "custom":
        from statmech.spec import SpecWalkers

        return SpecWalkers(problem, s)
    if device == "gpu":
        from statmech.kernels import cuda

        return {"pairs": cuda.PairWalkersGPU, "fields": cuda.FieldWalkersGPU}[problem.family](problem, s, state)
    from statmech.kernels import cpu

    return {"pairs": cpu.PairWalkers, "fields": cpu.FieldWalkers}[problem.family](problem, s, state)
