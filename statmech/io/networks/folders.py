"""Networks that lie in several files of one folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from statmech.io.atomic import StoreError

LARGEST_INDEX = 16 * 2**20  # bytes
Read = Callable[[Path, int], dict[str, np.ndarray]]


def read_files(paths: Iterable[Path], read: Read, limit: int) -> dict[str, np.ndarray]:
    """The weights of several files in one dict.  read(path, limit in bytes): of one file.

    Raises StoreError if two files hold a layer of the same name.
    """
    found: dict[str, np.ndarray] = {}
    origin: dict[str, Path] = {}
    for path in paths:
        weights = read(path, limit)
        limit -= sum(array.nbytes for array in weights.values())
        for name in weights:
            if name in origin:
                raise StoreError(
                    f"layer {name!r} is in {origin[name]} and in {path}: expected the parts of one network in the "
                    f"folder; name one file, or move the others away"
                )
            origin[name] = path
        found |= weights
    return found


def indexed(path: Path) -> list[Path]:
    """The files that an index of shards names, as Hugging Face writes it: {"weight_map": {layer: file}}.

    Raises StoreError for anything else, a shard that is not there, and a name that leaves the folder.
    """
    if path.stat().st_size > LARGEST_INDEX:
        raise StoreError(f"{path} has more than {LARGEST_INDEX} bytes: expected an index of shards")
    index = json.loads(path.read_text(encoding="utf-8"))
    places = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(places, dict) or not places or not all(isinstance(file, str) for file in places.values()):
        raise StoreError(f'{path}: expected an index of shards, {{"weight_map": {{layer: file}}}}')
    shards = []
    for file in sorted(set(places.values())):
        if file in ("", ".", "..") or any(mark in file for mark in "/\\:\0"):
            raise StoreError(f"{path} names the shard {file!r:.80}: expected a file of the same folder")
        if not (path.parent / file).is_file():
            raise StoreError(f"{path} names the shard {file!r:.80}, which is not there: get it from the same source")
        shards.append(path.parent / file)
    return shards
