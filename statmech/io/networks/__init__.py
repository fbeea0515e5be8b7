"""Weights of trained networks, from files of strangers: no code in a file is ever run.

One format per file: numpy_files, hdf5_files (and Keras), safetensors, torch_files with pickles, folders of shards,
live modules.  limits holds what a file may ask for.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from statmech.io.atomic import StoreError
from statmech.io.networks.folders import indexed, read_files
from statmech.io.networks.hdf5_files import read_hdf5
from statmech.io.networks.limits import LIMIT, Budget, HoldsResults, reading
from statmech.io.networks.live import read_live
from statmech.io.networks.numpy_files import read_npy, read_npz
from statmech.io.networks.safetensors import read_safetensors
from statmech.io.networks.torch_files import read_torch

READERS: dict[str, Callable[[Budget], dict[str, np.ndarray]]] = {
    ".npz": read_npz, ".npy": read_npy, ".h5": read_hdf5, ".hdf5": read_hdf5, ".he5": read_hdf5, ".keras": read_hdf5,
    ".safetensors": read_safetensors,
    ".pt": read_torch, ".pth": read_torch, ".th": read_torch, ".ckpt": read_torch, ".bin": read_torch,
}  # fmt: skip
INDEX = ".index.json"

__all__ = ["READERS", "HoldsResults", "read_network"]


def read_network(source: Any, limit: int = LIMIT) -> dict[str, np.ndarray]:
    """The weight matrices and kernels of a network by layer name, in the order of the file.

    source: .npz, .npy, .h5/.hdf5 (also of Keras), .keras, .safetensors, .pt/.pth/.th/.ckpt/.bin of torch.save, an index
            of shards (*.index.json), a folder of such files, a torch module, or a mapping of names to arrays.
    limit:  bytes of weights beyond which a file is refused.

    Kept are floating-point arrays with two axes or more (biases and the vectors of batch normalisation are not), in
    their own precision; bfloat16 becomes float32.  Kernels are (out, in, k, ...).  torch is not needed.

    Raises StoreError for a file that is missing, damaged, hostile, too large, without weights, or whose weights are
    not finite (HoldsResults if it is a results file of statmech); TypeError for another object.

    Example: ``read_network("lenet.npz")["fc1.weight"].shape``
    """
    if not isinstance(source, str | os.PathLike):
        return _checked("the network", read_live(source))
    path = Path(source)
    if not path.exists():
        raise StoreError(f"{path} does not exist")
    with reading(path):
        return _checked(str(path), _read(path, limit))


def _read(path: Path, limit: int) -> dict[str, np.ndarray]:
    if path.is_dir():
        return read_files(_parts(path), _read_file, limit)
    if path.name.endswith(INDEX):
        return read_files(indexed(path), _read_file, limit)
    return _read_file(path, limit)


def _parts(folder: Path) -> list[Path]:
    """The files of a network in a folder: those that its one index names, otherwise all that can be read."""
    indices = sorted(folder.glob(f"*{INDEX}"))
    if len(indices) == 1:
        return indexed(indices[0])
    if indices:
        raise StoreError(
            f"{folder} has {len(indices)} indices of shards: name one of {', '.join(p.name for p in indices)}"
        )
    parts = sorted(path for path in folder.iterdir() if path.suffix.lower() in READERS and path.is_file())
    if not parts:
        raise StoreError(f"{folder} has no file that can be read: expected {', '.join(READERS)}")
    return parts


def _read_file(path: Path, limit: int) -> dict[str, np.ndarray]:
    suffix = path.suffix.lower()
    if suffix not in READERS:
        raise StoreError(
            f"{path}: expected a network in a file {', '.join(READERS)} or *{INDEX}, got suffix {suffix!r}"
        )
    if not path.is_file():
        raise StoreError(f"{path} is no regular file: expected a file or a folder")
    with reading(path):
        return READERS[suffix](Budget(path, limit))


def _checked(what: str, weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    if not weights:
        raise StoreError(f"{what} holds no weights: expected floating-point arrays with two axes or more")
    for name, array in weights.items():
        bad = int(array.size - np.count_nonzero(np.isfinite(array)))
        if bad:
            raise StoreError(
                f"{what}: layer {name!r} holds {bad} NaN or infinite values: training diverged or the file is damaged, "
                f"take an earlier checkpoint"
            )
    return weights
