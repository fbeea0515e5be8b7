"""The results file: plain HDF5 with dimension scales, read by h5py alone, opened by xarray with all dimensions named.

All scales stand in the root, where every group sees them: an unscaled dimension would silently take the name of
another scale of equal length, and a group that defined a dimension again with another length would break the tree.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from statmech.core import Labelled, Variable
from statmech.io.atomic import StoreError
from statmech.io.hdf5 import (
    LARGEST_ATTRIBUTE,
    get_array,
    get_attribute,
    open_hdf5,
    put_array,
    put_attribute,
    text_type,
    write_hdf5,
)
from statmech.names import COORDINATES, OBSERVABLES, describe, status_flags

FORMAT, VERSION = "statmech-sweep", 1
PROVENANCE = "provenance"
SUFFIXES = {  # what a suffix adds to the meaning of an observable: (long name, unit or None for that of the observable)
    "stderr": ("standard error (thermal) of", None),
    "err": ("jackknife error over disorder of", None),
    "mean": ("disorder average of", None),
    "tau": ("integrated autocorrelation time of", "sweeps"),
    "ess": ("effective sample size of", "1"),
    "rhat": ("rank-R-hat of", "1"),
}


def is_coordinate(name: str, variable: Variable) -> bool:
    """Is this the coordinate of a dimension: a variable named like its only dimension?"""
    return variable.dims == (name,)


def write_labelled(path: Path | str, labelled: Labelled, attrs: Mapping[str, Any]) -> Path:
    """Write named arrays as one HDF5 file, atomically; returns its path.

    labelled: name -> Variable; a name "group/x" makes a group; a variable named like its only dimension is a
              coordinate.  Dimensions without a coordinate get an index.
    attrs:    attributes of the root; "provenance" may be a mapping, and becomes a group of its own that
              comparisons leave out.  Text over 60 kB becomes a dataset.

    Raises StoreError if a file stands there that statmech did not write, OSError if the disk is full.

    Example: ``write_labelled("x.h5", {"e": Variable(("T",), np.zeros(2))}, {"title": "energies"})``
    """
    path = Path(path)
    refuse_foreign(path)
    sizes = dimension_sizes(labelled)
    coordinates = {d: labelled.get(d) for d in sizes}
    for name in sizes:
        if (v := coordinates[name]) is not None and not is_coordinate(name, v):
            raise ValueError(f"{name!r} is a dimension and a variable with dims {v.dims}: rename one of them")

    def fill(file: h5py.File) -> None:
        from statmech import __version__

        head = {"format": FORMAT, "format_version": VERSION, "creator_version": __version__}
        root: dict[str, Any] = {**head, **attrs}
        provenance = root.pop(PROVENANCE, {})
        for name, value in root.items():
            _put_root(file, name, value)
        for name, size in sizes.items():
            _put_scale(file, name, size, coordinates[name])
        for name, variable in labelled.items():
            if name in sizes:
                continue
            dataset = _put_variable(file, name, variable)
            for axis, dim in enumerate(variable.dims):
                dataset.dims[axis].attach_scale(file[dim])
        group = file.create_group(PROVENANCE)
        for name, value in provenance.items():
            put_attribute(group, name, str(value))

    write_hdf5(path, fill)
    return path


def read_labelled(path: Path | str) -> tuple[Labelled, dict[str, Any]]:
    """Read a file of `write_labelled`: (name -> Variable, root attributes with "provenance" as a mapping).

    Raises StoreError if the file is not ours, truncated or of a newer format version.

    Example: ``labelled, attrs = read_labelled("results/hopfield/hopfield.h5")``
    """
    labelled: Labelled = {}
    with open_hdf5(Path(path), (FORMAT,), VERSION) as file:
        attrs = {name: get_attribute(value) for name, value in file.attrs.items()}
        attrs[PROVENANCE] = {}
        if PROVENANCE in file:
            attrs[PROVENANCE] = {k: get_attribute(v) for k, v in file[PROVENANCE].attrs.items()}

        def visit(name: str, item: Any) -> None:
            if not isinstance(item, h5py.Dataset):
                return
            if name.startswith("attribute_"):
                attrs[name.removeprefix("attribute_")] = item.asstr()[()]
                return
            labelled[name] = Variable(_dims(name, item), get_array(item), _attrs(item))

        file.visititems(visit)
    return labelled, attrs


def read_attributes(path: Path | str) -> dict[str, Any]:
    """Root attributes of a results file, without its arrays."""
    with open_hdf5(Path(path), (FORMAT,), VERSION) as file:
        long = {k.removeprefix("attribute_"): v.asstr()[()] for k, v in file.items() if k.startswith("attribute_")}
        return {name: get_attribute(value) for name, value in file.attrs.items()} | long


def dimension_sizes(labelled: Labelled) -> dict[str, int]:
    """Name and length of every dimension; raises ValueError if two variables disagree."""
    sizes: dict[str, int] = {}
    for name, variable in labelled.items():
        for dim, size in zip(variable.dims, np.shape(variable.data)):
            if sizes.setdefault(dim, size) != size:
                raise ValueError(f"dimension {dim!r} has length {sizes[dim]}, but {size} in {name!r}")
    return sizes


def refuse_foreign(path: Path) -> None:
    """Raise StoreError if something stands at `path` that statmech did not write, or wrote in a newer format."""
    if path.exists():
        try:
            with open_hdf5(path, (FORMAT,), VERSION):
                pass
        except StoreError as error:
            raise StoreError(f"{error}; it is not overwritten: move it away or choose another --out") from None


def _put_root(file: h5py.File, name: str, value: Any) -> None:
    if isinstance(value, Mapping):
        value = json.dumps(value, sort_keys=True)
    if isinstance(value, str) and len(value.encode()) > LARGEST_ATTRIBUTE:
        file.create_dataset(f"attribute_{name}", data=value, dtype=text_type())
    else:
        put_attribute(file, name, value)


def _put_scale(file: h5py.File, name: str, size: int, coordinate: Variable | None) -> None:
    data = np.arange(size) if coordinate is None else coordinate.data
    unit, long_name = COORDINATES.get(name, ("1", name if coordinate is not None else f"index of {name}"))
    dataset = put_array(file, name, data)
    for key, value in ({"units": unit, "long_name": long_name} | dict(coordinate.attrs if coordinate else {})).items():
        put_attribute(dataset, key, value)
    dataset.make_scale(name)


def _put_variable(file: h5py.File, name: str, variable: Variable) -> h5py.Dataset:
    data = np.asarray(variable.data)
    if data.dtype.kind == "b":
        data = data.astype(np.int8)
    elif data.dtype == np.float16:  # unknown to netCDF
        data = data.astype(np.float32)
    dataset = put_array(file, name, data)
    for key, value in (described(name) | dict(variable.attrs)).items():
        put_attribute(dataset, key, value)
    return dataset


def described(name: str) -> dict[str, Any]:
    """Unit and long name of a variable, from the vocabulary."""
    leaf = name.rpartition("/")[2]
    if leaf == "status":
        return {
            "long_name": "state of the task and verdict on equilibration",
            "units": "1",
            **status_flags(),
        }
    if leaf in COORDINATES and leaf not in OBSERVABLES:
        unit, long_name = COORDINATES[leaf]
        return {"long_name": long_name, "units": unit}
    stem, _, suffix = leaf.rpartition("_")
    if leaf not in OBSERVABLES and suffix in SUFFIXES and stem:
        prefix, unit_of = SUFFIXES[suffix]
        inner = described(stem)
        return {"long_name": f"{prefix} {inner['long_name']}", "units": inner["units"] if unit_of is None else unit_of}
    return {"long_name": describe(leaf).long_name, "units": describe(leaf).unit}


def _dims(name: str, dataset: h5py.Dataset) -> tuple[str, ...]:
    if dataset.is_scale:
        return (name,)
    out = []
    for axis, dim in enumerate(dataset.dims):
        if not len(dim):
            raise StoreError(f"{dataset.file.filename}: axis {axis} of {name!r} has no dimension scale: file damaged")
        out.append(dim[0].name.lstrip("/"))
    return tuple(out)


def _attrs(dataset: h5py.Dataset) -> dict[str, Any]:
    internal = {"CLASS", "NAME", "REFERENCE_LIST", "DIMENSION_LIST", "_Netcdf4Dimid", "_Netcdf4Coordinates"}
    return {k: get_attribute(v) for k, v in dataset.attrs.items() if k not in internal}
