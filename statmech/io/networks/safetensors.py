"""Weights in .safetensors files: 8 bytes of header length, a JSON header, raw little-endian buffers.

The format: https://github.com/huggingface/safetensors (README, "Format").
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

import numpy as np

from statmech.io.atomic import StoreError
from statmech.io.networks.limits import Budget, bfloat16_to_float32, is_weight

LONGEST_HEADER = 16 * 2**20  # bytes, about 100,000 tensors
BFLOAT16 = "BF16"
TYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", BFLOAT16: "<u2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?", "C64": "<c8",
}  # fmt: skip


def read_safetensors(budget: Budget) -> dict[str, np.ndarray]:
    """The weights by name, in the order of the header; BF16 becomes float32.

    Raises StoreError for layers in F8 or another type without exact arithmetic in NumPy, and for entries that overlap,
    leave gaps or leave the file.
    """
    found = {}
    with budget.path.open("rb") as file:
        start = file.read(8)
        length = int.from_bytes(start, "little")
        if len(start) < 8 or not 2 <= length <= min(LONGEST_HEADER, budget.size - 8):
            _damaged(budget, f"its header declares {length} bytes, the file has {budget.size}")
        header = json.loads(file.read(length).decode("utf-8"), object_pairs_hook=_unique)
        if not isinstance(header, dict):
            _damaged(budget, "its header is no JSON object")
        header.pop("__metadata__", None)
        entries = {name: _entry(budget, name, entry) for name, entry in header.items()}
        _check_layout(budget, entries, budget.size - 8 - length)
        for name, (code, shape, begin, _) in entries.items():
            if code not in TYPES and len(shape) >= 2:
                raise StoreError(
                    f"{budget.path}: layer {name!r:.80} is stored as {code}: expected F64, F32, F16 or BF16: convert "
                    f"it, as with tensor.float() and safetensors.torch.save_file"
                )
            if not is_weight(shape, np.dtype("f4" if code == BFLOAT16 else TYPES.get(code, "u1"))):
                continue
            stored = np.dtype(TYPES[code])
            count = budget.take(shape, 4 if code == BFLOAT16 else stored.itemsize, name)
            file.seek(8 + length + begin)
            flat = np.frombuffer(file.read(count * stored.itemsize), stored)
            flat = bfloat16_to_float32(flat) if code == BFLOAT16 else flat.astype(stored.newbyteorder("="))
            found[name] = flat.reshape(shape)
    return found


def _entry(budget: Budget, name: str, entry: Any) -> tuple[str, tuple[int, ...], int, int]:
    """(type, shape, begin, end) of one tensor, checked."""
    if not isinstance(entry, dict) or not {"dtype", "shape", "data_offsets"} <= entry.keys():
        _damaged(budget, f"entry {name!r:.80} lacks dtype, shape or data_offsets")
    code, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(code, str) or not _lengths(shape) or not _lengths(offsets) or len(offsets) != 2:
        _damaged(
            budget, f"entry {name!r:.80} has dtype {code!r:.40}, shape {shape!r:.80}, data_offsets {offsets!r:.80}"
        )
    begin, end = offsets
    if code in TYPES and end - begin != math.prod(shape) * np.dtype(TYPES[code]).itemsize:
        _damaged(budget, f"entry {name!r:.80} has shape {shape} of {code} in bytes {begin} to {end}")
    return code, tuple(shape), begin, end


def _lengths(numbers: Any) -> bool:
    return isinstance(numbers, list) and all(type(n) is int and n >= 0 for n in numbers)


def _check_layout(budget: Budget, entries: dict[str, tuple[str, tuple[int, ...], int, int]], size: int) -> None:
    """Every byte of the buffer belongs to exactly one tensor."""
    position = 0
    for _, _, begin, end in sorted(entries.values(), key=lambda entry: entry[2:]):
        if begin != position or end < begin:
            _damaged(budget, f"its tensors overlap or leave gaps at byte {position}")
        position = end
    if position != size:
        _damaged(budget, f"its tensors take {position} bytes, and {size} follow the header")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice in the header")
    return found


def _damaged(budget: Budget, why: str) -> NoReturn:
    raise StoreError(f"{budget.path} is no whole .safetensors file: {why}: truncated or damaged, get it again")
