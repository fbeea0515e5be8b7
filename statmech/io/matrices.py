"""The user's own arrays: patterns, couplings, QUBOs, from .npy, .npz or HDF5."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from statmech.io.atomic import StoreError
from statmech.io.hdf5 import check_hdf5, first_line
from statmech.models.pairs import Pairs

HDF5_SUFFIXES = (".h5", ".hdf5", ".he5")


def read_arrays(path: Path | str) -> dict[str, np.ndarray]:
    """All arrays of a .npy (under the name ""), .npz or HDF5 file.

    Raises StoreError if the file is missing, damaged, of another kind, or needs pickle.

    Example: ``read_arrays("patterns.npz")["xi"]``
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in (".npy", ".npz", *HDF5_SUFFIXES):
        raise StoreError(f"{path}: expected a .npy, .npz or .h5 file, got suffix {suffix!r}")
    if not path.is_file():
        raise StoreError(f"{path} does not exist or is not a file")
    if suffix in HDF5_SUFFIXES:
        return _read_hdf5(path)
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return {"": loaded}
        with loaded:
            return {name: loaded[name] for name in loaded.files}
    except Exception as error:  # numpy and zipfile raise many types for a damaged file
        hint = "save it as numbers, not objects" if "pickle" in str(error) else "the file is truncated or damaged"
        raise StoreError(f"{path} cannot be read ({first_line(error)}): {hint}") from None


def read_patterns(path: Path | str, key: str | None = None) -> np.ndarray:
    """Patterns (count, n) or images (count, height, width) as stored; Hopfield binarises images at their median.

    key: name of the array in a .npz or HDF5 file, may be left out if there is only one.

    Raises StoreError for a missing or ambiguous key, fewer than two axes, values that are no numbers, or NaN.

    Example: ``Hopfield(alpha=0.02, patterns=read_patterns("digits.npz", "images"))``
    """
    arrays = read_arrays(path)
    array = _choose(path, arrays, key)
    if array.ndim < 2 or 0 in array.shape:
        raise StoreError(f"{path}: patterns have shape {array.shape}, expected (count, n) or (count, height, width)")
    return _numbers(path, "patterns", array)


def read_reference(text: str) -> np.ndarray:
    """An array of numbers named on a command line: PATH, PATH:KEY, and [:COUNT] after either for its first COUNT rows.

    The model that gets it checks its shape.  Raises StoreError for a missing or ambiguous key, values that are no
    numbers, or NaN.

    Example: ``read_reference("mnist.npz:x_train[:500]")``
    """
    match = re.fullmatch(r"(?P<path>.+?\.(?:npy|npz|h5|hdf5|he5))(?::(?P<key>[^\[\]]+))?(?:\[:(?P<count>\d+)\])?", text)
    if not match:
        raise StoreError(f"{text!r}: expected FILE.npy, FILE.npz:KEY or FILE.h5:KEY, with [:COUNT] for the first")
    path = match["path"]
    array = _numbers(path, "the array", _choose(path, read_arrays(path), match["key"]))
    return array[: int(match["count"])] if match["count"] else array


def read_pairs(path: Path | str) -> Pairs:
    """The model Pairs from couplings J and optional fields h, or from a QUBO matrix Q.

    A .npy file, or a file with a single unnamed matrix, is taken as J.  Otherwise the arrays are called "J" (with
    or without "h") or "Q".  Raises StoreError for anything else, ValueError for a J that is not symmetric.

    Example: ``simulate(read_pairs("couplings.npz"), T=[1.0])``
    """
    arrays = read_arrays(path)
    if "Q" in arrays and "J" not in arrays:
        return Pairs.from_qubo(_numbers(path, "Q", arrays["Q"]))
    if "J" in arrays and "Q" not in arrays:
        unknown = sorted(set(arrays) - {"J", "h"})
        if unknown:
            raise StoreError(f"{path} holds {', '.join(unknown)} beside J: expected J and optionally h, or Q")
        h = _numbers(path, "h", arrays["h"]) if "h" in arrays else None
        return Pairs(_numbers(path, "J", arrays["J"]), h)
    if set(arrays) == {""}:
        return Pairs(_numbers(path, "J", arrays[""]))
    raise StoreError(f"{path} holds {', '.join(sorted(arrays)) or 'nothing'}: expected J and optionally h, or Q alone")


def _choose(path: Any, arrays: dict[str, np.ndarray], key: str | None) -> np.ndarray:
    names = ", ".join(sorted(arrays)) or "nothing"
    if key is not None and "" not in arrays:
        if key not in arrays:
            raise StoreError(f"{path} has no array {key!r}: it holds {names}")
        return arrays[key]
    if len(arrays) != 1:
        raise StoreError(
            f"{path} holds {len(arrays)} arrays ({names}): say which one with key= (FILE:KEY on a command line)"
        )
    return next(iter(arrays.values()))


def _numbers(path: Any, what: str, array: np.ndarray) -> np.ndarray:
    if array.dtype.kind not in "iufb":
        raise StoreError(f"{path}: {what} has dtype {array.dtype}, expected numbers")
    bad = ~np.isfinite(array) if array.dtype.kind == "f" else np.zeros(array.shape, bool)
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        found = f"{what}{list(where)} is {array[where]}"
        raise StoreError(f"{path}: {found}: remove the {bad.sum()} NaN or infinite values")
    return array


def _read_hdf5(path: Path) -> dict[str, np.ndarray]:
    check_hdf5(path)
    arrays: dict[str, np.ndarray] = {}

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and item.dtype.kind in "iufb":
            arrays[name] = np.asarray(item[()])

    try:
        with h5py.File(path, "r", locking=False) as file:
            file.visititems(visit)
    except OSError as error:
        raise StoreError(f"{path} is truncated or damaged ({first_line(error)})") from None
    return arrays
