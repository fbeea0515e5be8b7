"""One task on disk: its state (what a run continues from) and, once it is finished, its results."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from statmech.core import Labelled, State, Variable
from statmech.io.atomic import StoreError
from statmech.io.hdf5 import get_array, open_hdf5, put_array, write_hdf5
from statmech.random import RNG_SCHEME

FORMAT, VERSION = "statmech-shard", 1


@dataclass(frozen=True)
class Shard:
    """Contents of a shard or a checkpoint: state, results (None in a checkpoint) and the work done and asked for."""

    state: State
    results: Labelled | None
    done: int
    asked: int


def write_shard(path: Path, identity: dict[str, Any], shard: Shard) -> None:
    """Write a shard or a checkpoint atomically."""

    def fill(file: h5py.File) -> None:
        from statmech import __version__

        file.attrs["format"] = FORMAT
        file.attrs["format_version"] = np.int64(VERSION)
        file.attrs["creator_version"] = __version__
        file.attrs["rng_scheme"] = RNG_SCHEME
        file.attrs["done"], file.attrs["asked"] = np.int64(shard.done), np.int64(shard.asked)
        file.create_dataset("identity", data=json.dumps(identity, sort_keys=True))
        state = file.create_group("state")
        for name, value in shard.state.items():
            put_array(state, name, value)
        if shard.results is not None:
            results = file.create_group("results")
            for name, variable in shard.results.items():
                put_array(results, name, variable.data)
            # one text for all: attributes of every dataset would double the time of a merge
            index = {name: [list(v.dims), dict(v.attrs)] for name, v in shard.results.items()}
            file.create_dataset("index", data=json.dumps(index, default=_plain))

    write_hdf5(path, fill)


def read_shard(path: Path, identity: dict[str, Any] | None = None, *, state: bool = True) -> Shard:
    """Read a shard or a checkpoint; raises StoreError if it is damaged or belongs to another task.

    state=False leaves the state out (a merge needs the results alone).
    """
    with open_hdf5(path, (FORMAT,), VERSION) as file:
        if file.attrs.get("rng_scheme") != RNG_SCHEME:
            raise StoreError(
                f"{path} was made with random numbers {file.attrs.get('rng_scheme')!r}, this statmech has "
                f"{RNG_SCHEME!r}: continue with statmech {file.attrs.get('creator_version')} or start a new directory"
            )
        if identity is not None:
            found = json.loads(file["identity"][()])
            if found != json.loads(json.dumps(identity)):
                raise StoreError(f"{path} belongs to another task ({found}): remove it and run again")
        arrays = _read_group(file["state"]) if state else {}
        results = None
        if "results" in file:
            group = file["results"]
            index = json.loads(file["index"][()])
            results = {k: Variable(tuple(dims), get_array(group[k]), attrs) for k, (dims, attrs) in index.items()}
        return Shard(arrays, results, int(file.attrs["done"]), int(file.attrs["asked"]))


def shard_length(path: Path) -> tuple[int, int]:
    """(work done, work asked for) of a shard or a checkpoint, without its arrays."""
    with open_hdf5(path, (FORMAT,), VERSION) as file:
        return int(file.attrs["done"]), int(file.attrs["asked"])


def write_states(path: Path, identity: dict[str, Any], state: State, done: int) -> None:
    """A snapshot of configurations after `done` units of work."""
    write_shard(path, identity, Shard(state, None, done, done))


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"attribute {value!r} of type {type(value).__name__} cannot be stored")


def _datasets(group: h5py.Group) -> list[tuple[str, h5py.Dataset]]:
    found: list[tuple[str, h5py.Dataset]] = []

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found.append((name, item))

    group.visititems(visit)
    return found


def _read_group(group: h5py.Group) -> State:
    return {name: get_array(dataset) for name, dataset in _datasets(group)}
