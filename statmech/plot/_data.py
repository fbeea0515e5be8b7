"""From a results file or Results to what a picture needs: one message for what is missing, selections, verdicts."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from statmech.names import STATUS
from statmech.results import Results

Source = str | Path | Results
Where = Mapping[str, Any]
Averages = tuple[np.ndarray, np.ndarray, tuple[str, ...]]
"""Average over disorder, its error, and the dimensions of both."""
INFORMED = ("pattern", "teacher", "planted", "mixture")  # classes of starts that know the answer
MOST_LINES = 6


def open_results(source: Source) -> Results:
    """Results as they are; a path through `statmech.load` (a results file or the directory of a sweep)."""
    if isinstance(source, Results):
        return source
    if isinstance(source, str | Path):
        from statmech.io.load import load

        return load(source)
    raise TypeError(f"source = {type(source).__name__}: expected the path of a results file, or Results")


def require(results: Results, name: str, hint: str = "") -> None:
    """ValueError that says what there is, unless the results hold `name`."""
    if name in results:
        return
    suffix = "_mean" if name.endswith("_mean") else ""
    if suffix:
        known = [n.removesuffix(suffix) for n in results if n.endswith(suffix)]
    else:
        known = [n for n in results if n.startswith(name.partition("/")[0] + "/")] or list(results)
    what = f"observable {name.removesuffix(suffix)!r}" if suffix else f"variable {name!r}"
    there = ", ".join(sorted(known)) or "none"
    raise ValueError(f"the results have no {what}{hint and f' ({hint})'}; they have {there}")


def coordinate(results: Results, dim: str, at: Mapping[str, int] | None = None) -> np.ndarray:
    """Values along a dimension: its coordinate, what stands for it where it varies over the grid, or an index."""
    other = f"{dim}_value"
    if other in results:
        values, dims = take(results, other, at or {})
        rows = values.reshape(-1, values.shape[-1])
        if dims[-1] != dim or not all(np.array_equal(rows[0], row, equal_nan=True) for row in rows[1:]):
            raise ValueError(f"{dim} differs along {', '.join(dims[:-1])}: choose one value each with where={{...}}")
        return rows[0]
    if dim in results:
        return results[dim]
    size = next(results[name].shape[results.dims(name).index(dim)] for name in results if dim in results.dims(name))
    return np.arange(size)


def position(results: Results, dim: str, value: Any) -> int:
    """Index of a coordinate value, the nearest for numbers; ValueError beyond half a step outside the grid."""
    values = coordinate(results, dim)
    if values.dtype.kind in "OUST":
        found = np.flatnonzero(values.astype(str) == str(value))
        if not len(found):
            raise ValueError(f"{dim} = {value!r}: the results have {', '.join(map(str, values))}")
        return int(found[0])
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{dim} = {value!r}: expected a number") from None
    distinct = np.unique(values)
    slack = 1e-9 * abs(distinct[0])
    low, *_, high = edges(distinct) if len(distinct) > 1 else (distinct[0] - slack, distinct[0] + slack)
    if not low <= number <= high:
        raise ValueError(f"{dim} = {value}: the results have {dim} from {values.min():.4g} to {values.max():.4g}")
    return int(np.abs(values - number).argmin())


def take(results: Results, name: str, at: Mapping[str, int]) -> tuple[np.ndarray, tuple[str, ...]]:
    """A variable at one index of each dimension in `at` that it has, and the dimensions that remain."""
    data, dims = results[name], results.dims(name)
    index = tuple(at.get(dim, slice(None)) for dim in dims)
    return data[index], tuple(dim for dim in dims if dim not in at)


def grid_values(results: Results, at: Mapping[str, int]) -> dict[str, Any]:
    """Values of the coordinates at one index of each dimension, those that vary together with it included, and of those
    that have been chosen already (`Results.at`)."""
    out = {name: results[name].item() for name in results if results.dims(name) == () and results[name].size == 1}
    for dim, i in at.items():
        for name in (dim, *(n for n in results if results.dims(n) == (dim,))):
            if name in results:
                value = results[name][i]
                out[name] = value.item() if isinstance(value, np.generic) else value
    return out


@dataclass(frozen=True)
class Line:
    """One line of a picture: the index in every dimension that it does not run along, and the same in words."""

    at: dict[str, int]
    start: str | None
    axis: str | None
    value: Any


def lines(results: Results, name: str, along: Sequence[str], where: Where | None = None) -> list[Line]:
    """The lines of a variable along some dimensions: one per class of starts and per value of one free grid axis.

    where: dimension -> value, or list of values, for the dimensions that the lines do not run along.  Of a free
    axis with more values than fit (six lines in all), evenly spaced ones are taken, the ends among them.

    Raises ValueError for a dimension the variable does not have, and if two axes stay free.
    """
    dims = results.dims(name)
    chosen: dict[str, list[int]] = {}
    for dim, values in (where or {}).items():
        if dim not in dims or dim in along:
            free = [d for d in dims if d not in along]
            raise ValueError(f"where has {dim!r}, but {name!r} can be chosen by {', '.join(free) or 'nothing'}")
        listed = values if isinstance(values, list | tuple | np.ndarray) else [values]
        chosen[dim] = list(dict.fromkeys(position(results, dim, v) for v in listed))
    open_dims = [d for d in dims if d not in along]
    sizes = {d: len(coordinate(results, d)) for d in open_dims}
    choice = {d: chosen.get(d, list(range(sizes[d]))) for d in open_dims}
    grid = [d for d in open_dims if d != "start" and len(choice[d]) > 1]
    if len(grid) > 1:
        text = ", ".join(f"{d!r}: {_text(coordinate(results, d)[0])}" for d in grid[1:])
        raise ValueError(f"{name!r} has the free axes {', '.join(grid)}: choose all but one, such as where={{{text}}}")
    axis = grid[0] if grid else None
    if axis is not None and axis not in chosen:
        most = max(1, MOST_LINES // len(choice.get("start", [0])))
        choice[axis] = [choice[axis][i] for i in _spread(len(choice[axis]), most)]
    out = []
    ordered = sorted(open_dims, key=lambda d: d == "start")
    for index in itertools.product(*(choice[d] for d in ordered)):
        at = dict(zip(ordered, index))
        start = str(coordinate(results, "start")[at["start"]]) if "start" in at else None
        out.append(Line(at, start, axis, None if axis is None else coordinate(results, axis)[at[axis]]))
    return out


def _spread(size: int, most: int) -> list[int]:
    """At most `most` evenly spaced indices of `size`, the ends among them."""
    return sorted(set(np.linspace(0, size - 1, min(size, most)).round().astype(int).tolist()))


def _text(value: Any) -> str:
    value = value.item() if isinstance(value, np.generic) else value
    return f"{value:.4g}" if isinstance(value, float) else repr(value)


def mean_and_error(results: Results, observable: str, at: Mapping[str, int]) -> Averages:
    """Disorder average, its error, and their dimensions; with one sample the error is the thermal one."""
    require(results, f"{observable}_mean")
    mean, dims = take(results, f"{observable}_mean", at)
    error = take(results, f"{observable}_err", at)[0] if f"{observable}_err" in results else np.full_like(mean, np.nan)
    thermal = f"{observable}_stderr"
    if thermal in results and "disorder" in results.dims(thermal):
        one, inner = take(results, thermal, at)
        if one.shape[inner.index("disorder")] == 1:
            one = np.take(one, 0, axis=inner.index("disorder"))
            error = np.where(np.isnan(error), one, error) if one.shape == error.shape else error
    return mean, error, dims


def over_disorder(results: Results, name: str, at: Mapping[str, int]) -> Averages:
    """Average of a variable over its disorder samples, its jackknife error (NaN for one sample), their dimensions."""
    from statmech.stats.jackknife import jackknife

    data, dims = take(results, name, at)
    axis = dims.index("disorder")
    mean, error = jackknife(data, axis=axis)
    return mean, error, tuple(d for d in dims if d != "disorder")


@dataclass(frozen=True)
class Verdicts:
    """What the samples of every point say together; boolean arrays over the dimensions asked for."""

    unequilibrated: np.ndarray
    restricted: np.ndarray


def verdicts(results: Results, shape: tuple[int, ...], dims: Sequence[str], at: Mapping[str, int]) -> Verdicts:
    """Unequilibrated: more than half of the samples that have run.  Restricted: of the other points, those where at
    least as many samples are restricted as are done.  Nowhere both; nothing is marked where nothing has run.
    """
    none = np.zeros(shape, bool)
    if "status" not in results:
        return Verdicts(none, none)
    status, inner = take(results, "status", at)
    if "disorder" in inner:
        status = np.moveaxis(status, inner.index("disorder"), -1)
        inner = tuple(d for d in inner if d != "disorder")
    else:
        status = status[..., None]
    count = {code: (status == STATUS[code]).sum(-1) for code in ("done", "unequilibrated", "restricted")}
    ran = sum(count.values())
    bad = 2 * count["unequilibrated"] > ran
    apart = ~bad & (count["restricted"] > 0) & (count["restricted"] >= count["done"])
    order = [inner.index(d) for d in dims if d in inner]
    gaps = tuple(slice(None) if d in inner else None for d in dims)
    fit = [np.broadcast_to(x.transpose(order)[gaps], shape) for x in (bad, apart)]
    return Verdicts(fit[0], fit[1])


def edges(values: np.ndarray, floor: float | None = None) -> np.ndarray:
    """Borders of the cells around grid values: midpoints, and at the ends half a step beyond; never below `floor`.

    Example: ``edges(np.array([0.1, 0.2, 0.4])).round(3).tolist() == [0.05, 0.15, 0.3, 0.5]``
    """
    values = np.asarray(values, float)
    if len(values) == 1:
        half = 0.5 * abs(values[0]) or 0.5
        out = np.array([values[0] - half, values[0] + half])
    else:
        middle = (values[1:] + values[:-1]) / 2
        out = np.concatenate([[1.5 * values[0] - 0.5 * values[1]], middle, [1.5 * values[-1] - 0.5 * values[-2]]])
    return out if floor is None else np.maximum(out, floor)


def informed(starts: np.ndarray) -> str:
    """The class of starts that knows the answer if there is one, otherwise the first."""
    names = [str(s) for s in starts]
    for kind in INFORMED:
        for name in names:
            if name.partition(":")[0] == kind:
                return name
    return names[0]

