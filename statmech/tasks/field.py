"""A small field added to a problem: what a response is measured by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from statmech.problems import (
    CustomProblem,
    DilutedProblem,
    PairProblem,
    Problem,
    SphereTensorProblem,
    TensorProblem,
)


def with_field(problem: Problem, signs: np.ndarray, size: float) -> tuple[Problem, float]:
    """H - size' sum_i signs_i s_i for signs (D, N) of +-1, and size', the field that the arithmetic of H allows.

    Integer couplings take a whole number of their unit `scale`: size' = scale round(size/scale).  Raises ValueError if
    that is 0, TypeError for a family without fields.

    Example: ``with_field(SphereTensorProblem(3, {3: np.ones((1, 1))}), np.ones((1, 3)), 0.1)[1] == 0.1``
    """
    if isinstance(problem, CustomProblem):
        energy = problem.energy
        return CustomProblem(lambda s: energy(s) - size * np.einsum("dtki,di->dtk", s, signs)), size
    if isinstance(problem, SphereTensorProblem):
        couplings = _added(problem.couplings, size * signs)
        return replace(problem, couplings=couplings), size
    if isinstance(problem, PairProblem):
        step = _steps(problem.scale, size, np.asarray(problem.h).dtype)
        return replace(problem, h=problem.h + step * signs.astype(type(step))), float(step * problem.scale)
    if isinstance(problem, TensorProblem):
        step = _steps(problem.scale, size, np.result_type(*problem.couplings.values()))
        added = _added(problem.couplings, step * signs.astype(type(step)))
        return replace(problem, couplings=added), float(step * problem.scale)
    if isinstance(problem, DilutedProblem):
        step = _steps(problem.scale, size, np.result_type(*(J for _, J in problem.terms.values())))
        here, J = np.arange(problem.n)[None, :, None].repeat(len(signs), 0), step * signs.astype(type(step))
        if 1 in problem.terms:
            sites, before = problem.terms[1]
            here, J = np.concatenate([sites, here], 1), np.concatenate([before, J], 1)
        return replace(problem, terms={**problem.terms, 1: (here, J)}), float(step * problem.scale)
    raise TypeError(
        f"{type(problem).__name__} takes no field: use a model of couplings, such as Hopfield(form='pair'), or no "
        "response (delta = 0)"
    )


def _steps(scale: float, size: float, dtype: np.dtype) -> Any:
    """The field in units of scale: a whole number for integer couplings."""
    if dtype.kind == "f":
        return np.float64(size / scale)
    steps = np.int32(round(size / scale))
    if steps == 0:
        raise ValueError(f"delta = {size} is below half a step of the integer couplings: take delta >= {scale:.3g}")
    return steps


def _added(couplings: Mapping[int, np.ndarray], field: np.ndarray) -> dict[int, np.ndarray]:
    return {**couplings, 1: couplings[1] + field if 1 in couplings else field}
