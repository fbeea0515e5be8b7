"""Blocks of one grid point whose runs have different lengths: their histories share one index instead of a clock."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from statmech.core import Labelled, Variable
from statmech.io.merge import SAMPLE, Block, empty, equal


def level(points: Sequence[Sequence[Block]]) -> list[list[Block]]:
    """The same blocks, with a coordinate that differs between blocks of one point replaced by an index everywhere, its
    values put into <name>_value (disorder, name), and arrays along it filled with NaN to one length.

    points: blocks of every grid point.  Where all blocks of each point agree, they come back as they are.

    Example: ``level([[Block((0,), {"time": Variable(("time",), np.arange(4))})]])``
    """
    odd = {name for blocks in points for name in _different(blocks)}
    out = [list(blocks) for blocks in points]
    for name in sorted(odd):
        have = [b.results[name].data for blocks in out for b in blocks if b.results is not None and name in b.results]
        size = max(len(x) for x in have)
        out = [[_indexed(block, name, size) for block in blocks] for blocks in out]
    return out


def _different(blocks: Sequence[Block]) -> set[str]:
    """Coordinates on which the blocks of a point disagree."""
    seen: dict[str, np.ndarray] = {}
    found: set[str] = set()
    for block in blocks:
        for name, variable in (block.results or {}).items():
            if variable.dims != (name,) or name == SAMPLE:
                continue
            if not equal(seen.setdefault(name, np.asarray(variable.data)), variable.data):
                found.add(name)
    return found


def _indexed(block: Block, name: str, size: int) -> Block:
    if block.results is None:
        return block
    results: Labelled = {}
    for key, variable in block.results.items():
        if name not in variable.dims:
            results[key] = variable
            continue
        data = np.asarray(variable.data)
        shape = tuple(size if dim == name else n for dim, n in zip(variable.dims, data.shape))
        filled = empty(shape, data.dtype if variable.dims != (name,) else np.dtype(float))
        filled[tuple(slice(0, n) for n in data.shape)] = data
        if variable.dims == (name,):
            results[name] = Variable((name,), np.arange(size), {"long_name": f"index of {name}", "units": "1"})
            samples = len(block.samples or ())
            results[f"{name}_value"] = Variable(
                (SAMPLE, name), np.broadcast_to(filled, (samples, size)).copy(), variable.attrs
            )
        else:
            results[key] = Variable(variable.dims, filled, variable.attrs)
    return dataclasses.replace(block, results=results)
