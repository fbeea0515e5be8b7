"""What tasks with disorder samples share: which samples, at which temperatures, and averages over them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from statmech.core import Labelled, State, Variable
from statmech.names import describe
from statmech.stats.jackknife import jackknife


def temperatures(T: Any) -> tuple[float, ...]:
    """Increasing temperatures, 0 < T < inf, as a tuple; else ValueError."""
    array = np.atleast_1d(np.asarray(T, dtype=float))
    if array.ndim != 1 or not array.size or not (np.isfinite(array) & (array > 0)).all():
        raise ValueError(f"T = {T}: expected finite temperatures > 0 (the ground state is in the results as e_0)")
    if (np.diff(array) <= 0).any():
        raise ValueError(f"T = {array.tolist()}: expected strictly increasing temperatures; use sorted(set(T))")
    return tuple(array.tolist())


def check_samples(disorder: tuple[int, ...], seed: int) -> None:
    """Raises ValueError for sample indices that are not different integers >= 0, or a seed that is not one."""

    def integer(x: Any) -> bool:
        return isinstance(x, int | np.integer) and not isinstance(x, bool) and bool(x >= 0)

    if not disorder or len(set(disorder)) != len(disorder) or not all(integer(i) for i in disorder):
        raise ValueError(f"disorder = {disorder!r}: expected different sample indices >= 0, at least one")
    if not integer(seed):
        raise ValueError(f"seed = {seed!r}: expected an integer >= 0")


def averages(parts: Labelled) -> Labelled:
    """Means over the dimension "disorder" of all variables that have it, with jackknife errors."""
    out: Labelled = {}
    for name, variable in parts.items():
        if "disorder" not in variable.dims or name == "disorder":
            continue
        mean, error = jackknife(variable.data, axis=variable.dims.index("disorder"))
        dims, label = tuple(d for d in variable.dims if d != "disorder"), describe(name).long_name
        out[f"{name}_mean"] = Variable(dims, mean, {"long_name": f"disorder average of the {label}"})
        out[f"{name}_err"] = Variable(dims, error, {"long_name": f"jackknife error over disorder of the {label}"})
    return out


def one_by_one(state: State, n: int, count: int, values: Callable[[int], Mapping[str, Any]]) -> State:
    """The state after n more of `count` samples, of which `done` are done; values(d) goes to place d of the arrays."""
    state = {name: np.array(value) for name, value in state.items()}
    begin = int(state["done"])
    end = min(begin + n, count)
    for d in range(begin, end):
        for name, value in values(d).items():
            state[name][d] = value
    state["done"] = np.array(end)
    return state
