"""Weights in HDF5 files and in Keras files (.keras, .weights.h5, whole models of Keras 1 and 2 in .h5)."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import h5py
import numpy as np

from statmech.io.atomic import StoreError
from statmech.io.hdf5 import check_hdf5
from statmech.io.labelled import FORMAT
from statmech.io.networks.isolated import MEMORY, answer, complain, read_isolated, restrict
from statmech.io.networks.limits import Budget, HoldsResults, is_weight, reading
from statmech.io.networks.zips import open_zip, read_member

KERAS_WEIGHTS = "model.weights.h5"  # inside a .keras archive
OPTIMISER = ("optimizer", "optimizer_weights")  # groups of Keras 3 and of Keras 1 and 2


def read_hdf5(budget: Budget) -> dict[str, np.ndarray]:
    """The weights by their paths in the file, digits in names sorted as numbers.

    Keras stores convolution kernels as (k, ..., in, out); they are returned as (out, in, k, ...).
    """
    if budget.path.suffix.lower() != ".keras":
        check_hdf5(budget.path)
    return read_isolated(budget)


def weights(budget: Budget) -> dict[str, np.ndarray]:
    """The same in this process.  Of a .keras archive only the weights are read, not the configuration beside them."""
    if budget.path.suffix.lower() != ".keras":
        with h5py.File(budget.path, "r", locking=False) as file:
            return _weights(file, budget)
    with open_zip(budget) as archive:
        if KERAS_WEIGHTS not in archive.namelist():
            raise StoreError(f"{budget.path} has no {KERAS_WEIGHTS}: expected an archive of model.save('x.keras')")
        data = read_member(archive, KERAS_WEIGHTS, budget)
    with h5py.File(io.BytesIO(data), "r") as file:
        return _weights(file, budget)


def child() -> None:
    """Answer the parent of `read_isolated`, whose arguments are path, limit in bytes, seconds."""
    path, limit, seconds = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    budget = Budget(path, limit)
    restrict(seconds, MEMORY + 3 * budget.left)
    try:
        with reading(path):
            found = weights(budget)
    except StoreError as error:
        return complain(str(error), isinstance(error, HoldsResults))
    return answer(found)


def _weights(file: h5py.File, budget: Budget) -> dict[str, np.ndarray]:
    if file.attrs.get("format") == FORMAT:
        raise HoldsResults(f"{budget.path} holds results of statmech, not weights: statmech.load reads it")
    names: list[str] = []
    file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
    keras = _is_keras(file, names)
    found = {}
    for name in sorted(names, key=_natural):
        dataset = file[name]
        if dataset.shape is None or not is_weight(dataset.shape, dataset.dtype):
            continue
        if keras and name.split("/")[0] in OPTIMISER:
            continue
        if dataset.is_virtual or dataset.external:
            raise StoreError(f"{budget.path}: {name} lies in another file: copy it into this one, as with h5repack")
        budget.fits(int(np.prod(dataset.chunks or (), dtype=object)) * dataset.dtype.itemsize, f"a chunk of {name}")
        budget.take(dataset.shape, dataset.dtype.itemsize, name)
        array = np.asarray(dataset[()])
        array = array.astype(array.dtype.newbyteorder("="), copy=False)
        found[name] = np.ascontiguousarray(_torch_order(array) if keras and array.ndim > 2 else array)
    return found


def _is_keras(file: h5py.File, names: list[str]) -> bool:
    """Keras 1 and 2 mark the group with the layers; Keras 3 keeps every layer's weights in a group `vars`."""
    model = file.get("model_weights")
    marked = [file.attrs, model.attrs if isinstance(model, h5py.Group) else {}]
    return any("keras_version" in a or "layer_names" in a for a in marked) or (
        bool(names) and all(re.search(r"(^|/)vars/\d+$", name) for name in names)
    )


def _torch_order(kernel: np.ndarray) -> np.ndarray:
    """(k, ..., in, out) as (out, in, k, ...)."""
    return np.moveaxis(kernel, (-1, -2), (0, 1))


def _natural(name: str) -> list[tuple[str, int]]:
    """conv2d_2 before conv2d_10."""
    return [(text, int(digits or -1)) for text, digits in re.findall(r"([^0-9]*)([0-9]*)", name)]
