"""From the results of many tasks to dense labelled arrays over the grid.  Sums run in grid order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from statmech.core import Labelled, Variable
from statmech.io.labelled import is_coordinate
from statmech.names import STATUS

SAMPLE = "disorder"


@dataclass(frozen=True)
class Axis:
    """One grid dimension: its coordinate and, where several fields vary together, variables along it."""

    name: str
    size: int
    variables: Labelled


@dataclass(frozen=True)
class Block:
    """One task of a grid point: its samples (None: the task has no disorder), its results or its status without."""

    samples: tuple[int, ...] | None
    results: Labelled | None
    status: str = "pending"


@dataclass
class _Name:
    """What is known of a variable over all grid points."""

    dims: tuple[str, ...]
    dtype: np.dtype
    attrs: dict = field(default_factory=dict)


def merge_points(
    axes: Sequence[Axis], points: Sequence[Sequence[Block]], combine: Callable[[int, Labelled], Labelled]
) -> Labelled:
    """Concatenate blocks along "disorder", add what `combine` makes of them, and put the grid in front.

    points: blocks of every grid point, in C order of the axes.  combine(point, parts) returns the variables made
    from all samples of a point.  Missing samples are NaN (-1 for integers, "" for text) and their status says why.

    Example: ``merge_points([], [[Block(None, {"e": Variable((), np.array(1.0))})]], lambda i, parts: {})``
    """
    joined: list[Labelled | None] = []
    for number, blocks in enumerate(points):
        parts = _join(blocks)
        if parts is not None:
            parts = parts | combine(number, parts)
        joined.append(parts)
    names, sizes = _survey(joined)
    if points and points[0] and points[0][0].samples is not None:
        sizes.setdefault(SAMPLE, sum(len(b.samples or ()) for b in points[0]))
    if "status" not in names:
        names["status"] = _Name((SAMPLE,) if SAMPLE in sizes else (), np.dtype(np.int8))
    out: Labelled = {}
    for axis in axes:
        if axis.name in sizes:
            raise ValueError(f"grid axis {axis.name!r} is also a dimension of the results: rename it with Zip")
        out |= axis.variables
    shared = {name for name in names if names[name].dims == (name,)}
    grid = tuple(axis.name for axis in axes)
    shape = tuple(axis.size for axis in axes)
    for name, known in names.items():
        if name in shared:
            out |= _coordinate(name, known, joined, sizes[name], grid, shape)
            continue
        inner = tuple(sizes[d] for d in known.dims)
        data = empty((len(points), *inner), known.dtype)
        for number, parts in enumerate(joined):
            if parts is not None and name in parts:
                value = np.asarray(parts[name].data)
                data[number, ...][tuple(slice(0, n) for n in value.shape)] = value
            elif name == "status":
                _fill_status(data[number, ...], known.dims, points[number])
        out[name] = Variable(grid + known.dims, data.reshape(shape + inner), known.attrs)
    return out


def _join(blocks: Sequence[Block]) -> Labelled | None:
    """The blocks of one point as one labelled set, with missing samples filled; None if there is nothing yet."""
    have = [b for b in blocks if b.results is not None]
    if not have:
        return None
    first: Labelled = {}
    for block in have:
        first = dict(block.results or {}) | first
    out: Labelled = {}
    for name, variable in first.items():
        if SAMPLE not in variable.dims:
            values = [b.results[name].data for b in have if b.results is not None and name in b.results]
            if not all(equal(values[0], v) for v in values[1:]):
                raise ValueError(f"{name!r} has no dimension 'disorder' but differs between blocks of samples")
            out[name] = variable
            continue
        if is_coordinate(name, variable):
            continue
        axis = variable.dims.index(SAMPLE)
        pieces = []
        for block in blocks:
            if block.results is not None and name in block.results:
                pieces.append(np.asarray(block.results[name].data))
                continue
            shape = list(np.shape(variable.data))
            shape[axis] = len(block.samples or ())
            piece = empty(tuple(shape), np.asarray(variable.data).dtype)
            if name == "status":
                piece[...] = STATUS[block.status]
            pieces.append(piece)
        out[name] = Variable(variable.dims, np.concatenate(pieces, axis=axis), variable.attrs)
    if blocks[0].samples is not None:
        out[SAMPLE] = Variable((SAMPLE,), np.array([i for b in blocks for i in b.samples or ()], np.int64))
        if "status" not in out:
            codes = [STATUS["done" if b.results is not None else b.status] for b in blocks for _ in b.samples or ()]
            out["status"] = Variable((SAMPLE,), np.array(codes, np.int8))
    elif "status" not in out:
        out["status"] = Variable((), np.array(STATUS["done"], np.int8))
    return out


def _survey(joined: Sequence[Labelled | None]) -> tuple[dict[str, _Name], dict[str, int]]:
    """Dims, common dtype and attributes of every name, and the greatest length of every dimension."""
    names: dict[str, _Name] = {}
    sizes: dict[str, int] = {}
    for parts in joined:
        for name, variable in (parts or {}).items():
            data = np.asarray(variable.data)
            known = names.setdefault(name, _Name(variable.dims, data.dtype, dict(variable.attrs)))
            if known.dims != variable.dims:
                raise ValueError(f"{name!r} has dims {known.dims} at one grid point and {variable.dims} at another")
            known.dtype = np.promote_types(known.dtype, data.dtype)
            for dim, size in zip(variable.dims, data.shape):
                sizes[dim] = max(size, sizes.get(dim, 0))
    return names, sizes


def _coordinate(
    name: str, known: _Name, joined: Sequence[Labelled | None], size: int, grid: tuple[str, ...], shape: tuple[int, ...]
) -> Labelled:
    """A coordinate as it is if all points agree; otherwise an index, and <name>_value over the grid."""
    values = [np.asarray(parts[name].data) if parts and name in parts else None for parts in joined]
    present = [v for v in values if v is not None]
    if all(equal(present[0], v) for v in present[1:]):
        return {name: Variable((name,), present[0], known.attrs)}
    data = empty((len(joined), size), known.dtype)
    for number, value in enumerate(values):
        if value is not None:
            data[number, : len(value)] = value
    return {
        name: Variable((name,), np.arange(size), {"long_name": f"index of {name}", "units": "1"}),
        f"{name}_value": Variable((*grid, name), data.reshape(*shape, size), known.attrs),
    }


def _fill_status(data: np.ndarray, dims: tuple[str, ...], blocks: Sequence[Block]) -> None:
    """Status of a point without results, in place."""
    codes = [STATUS[b.status] for b in blocks for _ in (b.samples if b.samples is not None else (0,))]
    if SAMPLE in dims:
        np.moveaxis(data, dims.index(SAMPLE), -1)[...] = codes
    else:
        data[...] = codes[0]


def empty(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """What stands where nothing is known."""
    if dtype.kind in "fc":
        return np.full(shape, np.nan, dtype)
    if dtype.kind in "iub":
        return np.full(shape, -1, np.promote_types(dtype, np.int8) if dtype.kind != "u" else np.int64)
    return np.full(shape, "", dtype)


def equal(a: np.ndarray, b: np.ndarray) -> bool:
    """The same shape and values, NaN being equal to NaN."""
    a, b = np.asarray(a), np.asarray(b)
    return a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
