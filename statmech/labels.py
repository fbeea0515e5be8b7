"""Words for grid values: names of tasks and files, coordinates of the grid."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from statmech.core import Variable
from statmech.names import COORDINATES
from statmech.random import canonical


def task_id(values: Mapping[str, Any], block: tuple[int, ...] | None, identity: Mapping[str, Any]) -> str:
    """Readable prefix and hash of the identity; names the files of a task."""
    words = [f"{path.rpartition('.')[2]}{_label(v)}" for path, v in values.items()]
    if block is not None:
        words.append(f"s{block[0]}-{block[-1]}" if len(block) > 1 else f"s{block[0]}")
    prefix = re.sub(r"[^A-Za-z0-9._-]+", "", "_".join(words))[:60]
    return f"{prefix}_{short_hash(identity)}" if prefix else f"task_{short_hash(identity)}"


def short_hash(value: Any) -> str:
    """12 hexadecimal digits of blake2b of the canonical JSON."""
    text = json.dumps(canonical(value), separators=(",", ":"), sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def plain(value: Any) -> Any:
    """NumPy scalars as Python numbers."""
    return value.item() if isinstance(value, np.generic) else value


def _label(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.12g}"
    if dataclasses.is_dataclass(value):
        return type(value).__name__
    return str(value)


def label(value: Any) -> str:
    """A grid value in words, on one line: arrays by shape and hash, dataclasses by their fields.

    Example: ``label(HeatBath()) == "HeatBath(order='sequential')"``
    """
    if isinstance(value, np.ndarray):
        return f"array{value.shape}#{short_hash(value)}"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        inner = ", ".join(f"{f.name}={label(getattr(value, f.name))}" for f in dataclasses.fields(value) if f.repr)
        return f"{type(value).__name__}({inner})"
    return " ".join(repr(plain(value)).split())


def coordinate(name: str, dims: tuple[str, ...], values: Sequence) -> Variable:
    """A grid axis as a labelled variable: numbers and text as they are, anything else in words."""
    values = [plain(v) for v in values]
    simple = all(isinstance(v, int | float | bool | str) for v in values)
    data = np.array(values if simple else [label(v) for v in values])
    unit, long_name = COORDINATES.get(name, ("1", name.replace("_", " ")))
    return Variable(dims, data, {"units": unit, "long_name": long_name})
