"""Small helpers around h5py: files made in memory, opened with one clear error, text stored for every reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from statmech.io.atomic import StoreError, write_bytes

LARGEST_ATTRIBUTE = 60_000  # bytes; HDF5 refuses attributes above 64 kB


def write_hdf5(path: Path, fill: Callable[[h5py.File], None]) -> None:
    """Make an HDF5 file in memory with `fill` and write it atomically."""
    with h5py.File(str(path), "w", driver="core", backing_store=False) as file:
        fill(file)
        file.flush()
        image = file.id.get_file_image()
    write_bytes(path, image)


@contextmanager
def open_hdf5(path: Path, formats: tuple[str, ...], version: int) -> Iterator[h5py.File]:
    """Open one of our files for reading; raises StoreError if it is not ours, truncated or of a newer version."""
    check_hdf5(path)
    try:
        file = h5py.File(path, "r", locking=False)
    except OSError as error:
        raise StoreError(
            f"{path} is truncated or damaged ({first_line(error)}): restore it, or remove it and run again"
        ) from None
    with file:
        found = file.attrs.get("format")
        if found not in formats:
            raise StoreError(
                f"{path} was not written by statmech: its attribute 'format' is {found!r}, expected {formats[0]!r}"
            )
        check_version(path, file.attrs.get("format_version"), version, file.attrs.get("creator_version", "?"))
        yield file


def check_hdf5(path: Path) -> None:
    """Raise StoreError unless the path is a file that starts like HDF5."""
    if not path.exists():
        raise StoreError(f"{path} does not exist")
    if path.is_dir():
        raise StoreError(f"{path} is a directory, expected an HDF5 file")
    with path.open("rb") as file:
        if file.read(8) != b"\x89HDF\r\n\x1a\n":
            raise StoreError(f"{path} is not an HDF5 file: expected one written by statmech")


def check_version(path: Path, found: Any, version: int, creator: str) -> None:
    """Raise StoreError for a format version this code cannot read."""
    if not isinstance(found, int | np.integer) or found < 1:
        raise StoreError(f"{path} has format_version {found!r}, expected an integer from 1 to {version}")
    if found > version:
        raise StoreError(
            f"{path} has format_version {found} (written by statmech {creator}), this statmech reads up to {version}: "
            f"upgrade statmech"
        )


def first_line(error: BaseException) -> str:
    """The first line of an error's message."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def text_type() -> Any:
    """Variable-length UTF-8, which h5py, h5netcdf and netCDF4 all read."""
    return h5py.string_dtype("utf-8")


def put_attribute(target: Any, name: str, value: Any) -> None:
    """Set an attribute with a type that every reader knows."""
    if isinstance(value, bool | np.bool_):
        value = np.int8(value)
    elif isinstance(value, int):
        value = np.int64(value)
    elif isinstance(value, list | tuple):
        value = np.asarray(value)
        if value.dtype.kind == "U":
            value = value.astype(text_type())
    target.attrs[name] = value


def get_attribute(value: Any) -> Any:
    """An attribute as a Python or NumPy value: text as str, scalars as Python numbers."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray) and value.dtype.kind == "O":
        return value.astype(str)
    return value


def put_array(group: h5py.Group, name: str, data: np.ndarray) -> h5py.Dataset:
    """Store an array; text becomes variable-length UTF-8."""
    data = np.asarray(data)
    if data.dtype.kind in "US" or (data.dtype.kind == "O" and all(isinstance(x, str) for x in data.flat)):
        return group.create_dataset(name, data=data.astype(str).astype(object), dtype=text_type())
    if data.dtype.kind == "O":
        raise TypeError(f"{name!r} holds Python objects (dtype object): expected numbers, booleans or text")
    return group.create_dataset(name, data=data)


def get_array(dataset: h5py.Dataset) -> np.ndarray:
    """Load an array; text as NumPy text."""
    if h5py.check_string_dtype(dataset.dtype) is not None:
        values = dataset.asstr()[()]
        return np.asarray(values, dtype=str)
    return np.asarray(dataset[()])
