"""Weights in .npy and .npz files, without pickle."""

from __future__ import annotations

import io
from typing import IO

import numpy as np
from numpy.lib import format as npy

from statmech.io.atomic import StoreError
from statmech.io.networks.limits import Budget, is_weight
from statmech.io.networks.zips import open_zip, read_member


def read_npy(budget: Budget) -> dict[str, np.ndarray]:
    """The one array, under the name of the file without its suffix."""
    with budget.path.open("rb") as file:
        array = _array(file, budget.size, budget, budget.path.name)
    return {} if array is None else {budget.path.stem: array}


def read_npz(budget: Budget) -> dict[str, np.ndarray]:
    """The weights by their names in the archive, in its order."""
    found = {}
    with open_zip(budget) as archive:
        for member in archive.infolist():
            if not member.filename.endswith(".npy"):
                continue
            name = member.filename.removesuffix(".npy")
            with archive.open(member) as stream:
                shape, _, dtype = _header(stream, budget, name)
                if not is_weight(shape, dtype):
                    continue
            data = read_member(archive, member.filename, budget)
            array = _array(io.BytesIO(data), len(data), budget, name)
            if array is not None:
                found[name] = array
    return found


def _array(file: IO[bytes], size: int, budget: Budget, what: str) -> np.ndarray | None:
    """The array that the file holds from here, None if it is no weight."""
    shape, fortran, dtype = _header(file, budget, what)
    if not is_weight(shape, dtype):
        return None
    count = budget.take(shape, dtype.itemsize, what)
    if count * dtype.itemsize != size - file.tell():
        raise StoreError(
            f"{budget.path}: {what} declares shape {shape} of {dtype}, and {size - file.tell()} bytes follow: the file "
            f"is truncated or damaged, get it again"
        )
    flat = np.frombuffer(file.read(count * dtype.itemsize), dtype).astype(dtype.newbyteorder("="))
    return flat.reshape(shape, order="F" if fortran else "C")


def _header(file: IO[bytes], budget: Budget, what: str) -> tuple[tuple[int, ...], bool, np.dtype]:
    """(shape, Fortran order, dtype): NumPy evaluates a literal of at most 10,000 characters, never code."""
    version = npy.read_magic(file)  # type: ignore[arg-type]
    if version not in ((1, 0), (2, 0), (3, 0)):
        raise StoreError(f"{budget.path}: {what} has version {version} of the .npy format, expected 1 to 3")
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, fortran, dtype = read(file)  # type: ignore[arg-type]
    if dtype.hasobject:
        raise StoreError(
            f"{budget.path}: {what} holds Python objects, which need pickle: expected numbers; save every layer as an "
            f"array of its own, np.savez(path, **weights)"
        )
    return shape, fortran, dtype
