"""Hot loops, one file per family of Hamiltonians and device.  `walkers` picks the right one."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from statmech.core import CustomProblem, PairProblem, Problem, SphereProblem, State


def walkers(
    problem: Problem, s: np.ndarray, device: Literal["cpu", "gpu"], state: State | None = None
) -> Any:
    """Walkers of a problem at configurations s (D, T, K, N), dispatched on (family, device): core.SphereWalkers for
    points on the sphere, else core.Walkers.

    A problem given by its energy alone runs on the specification, on the CPU.
    """
    if isinstance(problem, CustomProblem):
        from statmech.spec import SpecWalkers

        return SpecWalkers(problem, s)
    if isinstance(problem, SphereProblem):
        if device == "gpu":
            from statmech.kernels.sphere_cuda import SphereWalkersGPU as SphereWalkers
        else:
            from statmech.kernels.sphere_cpu import SphereWalkers  # type: ignore[assignment]
        return SphereWalkers(problem, s, state)
    if device == "gpu":
        from statmech.kernels.cuda import FieldWalkersGPU as FieldWalkers
        from statmech.kernels.cuda import PairWalkersGPU as PairWalkers
    else:
        from statmech.kernels.cpu import FieldWalkers, PairWalkers  # type: ignore[assignment]
    if isinstance(problem, PairProblem):
        return PairWalkers(problem, s, state)
    return FieldWalkers(problem, s, state)
