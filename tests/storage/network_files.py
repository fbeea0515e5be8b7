"""Small files of networks in every format, put together byte by byte, without the libraries that write them."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from statmech.io.networks import hdf5_files, read_network
from statmech.io.networks.limits import Budget, reading

RNG = np.random.default_rng(7)
WEIGHTS = {
    "conv1.weight": RNG.normal(size=(4, 3, 2, 2)).astype(np.float32),
    "conv1.bias": RNG.normal(size=4).astype(np.float32),
    "fc.weight": RNG.normal(size=(5, 6)).astype(np.float32),
    "steps": np.arange(6).reshape(2, 3),
}
LAYERS = ("conv1.weight", "fc.weight")
STORAGE = {"float32": "FloatStorage", "float64": "DoubleStorage", "float16": "HalfStorage", "int64": "LongStorage"}
CODES = {"float32": "F32", "float64": "F64", "float16": "F16", "int64": "I64"}


@dataclass
class Global:
    """A name that a pickle asks for."""

    module: str
    name: str


@dataclass
class Call:
    """A call of a name."""

    function: Global
    arguments: tuple


@dataclass
class Persistent:
    """A reference to a storage."""

    reference: tuple


def opcodes(value: Any) -> bytes:
    """A value as pickle operations of protocol 2, without memo."""
    if isinstance(value, Global):
        return f"c{value.module}\n{value.name}\n".encode()
    if isinstance(value, Call):
        return opcodes(value.function) + opcodes(value.arguments) + b"R"
    if isinstance(value, Persistent):
        return opcodes(value.reference) + b"Q"
    if value is None or isinstance(value, bool):
        return {None: b"N", True: b"\x88", False: b"\x89"}[value]
    if isinstance(value, str):
        return b"X" + struct.pack("<I", len(value.encode())) + value.encode()
    if isinstance(value, int) and abs(value) >= 2**31:
        return b"\x8a\x0a" + value.to_bytes(10, "little", signed=True)
    if isinstance(value, int):
        return b"J" + struct.pack("<i", value)
    if isinstance(value, dict):
        return b"}(" + b"".join(opcodes(k) + opcodes(v) for k, v in value.items()) + b"u"
    if isinstance(value, list):
        return b"](" + b"".join(map(opcodes, value)) + b"e"
    assert isinstance(value, tuple)
    return b"(" + b"".join(map(opcodes, value)) + b"t"


def pickled(value: Any) -> bytes:
    return b"\x80\x02" + opcodes(value) + b"."


def tensor(key: str, array: np.ndarray, shape=None, strides=None, offset=0, kind=None, count=None) -> Call:
    """What torch.save writes for a tensor that fills its storage, with anything put wrong that is asked for."""
    own = tuple(step // array.itemsize for step in array.strides)
    storage = Global("torch", kind or STORAGE[str(array.dtype)])
    reference = Persistent(("storage", storage, key, "cpu", array.size if count is None else count))
    view = (reference, offset, array.shape if shape is None else shape, own if strides is None else strides)
    return Call(Global("torch._utils", "_rebuild_tensor_v2"), (*view, False, Call(ORDERED, ())))


ORDERED = Global("collections", "OrderedDict")


def state_dict(weights: dict[str, np.ndarray]) -> dict[str, Call]:
    return {name: tensor(str(i), array) for i, (name, array) in enumerate(weights.items())}


def write_torch_zip(path: Path, value: Any, storages: list[np.ndarray], extra: dict[str, bytes] | None = None) -> None:
    """The format since torch 1.6."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickled(value))
        archive.writestr("archive/byteorder", "little")
        for key, array in enumerate(storages):
            archive.writestr(f"archive/data/{key}", array.tobytes())
        for name, content in (extra or {}).items():
            archive.writestr(name, content)


def write_torch_stream(path: Path, value: Any, storages: list[np.ndarray]) -> None:
    """The format before torch 1.6."""
    head = [0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}}]
    with path.open("wb") as file:
        for part in (*head, value, [str(i) for i in range(len(storages))]):
            file.write(pickled(part))
        for array in storages:
            file.write(struct.pack("<q", array.size) + array.tobytes())


def write_safetensors(path: Path, header: dict[str, Any] | bytes, buffers: bytes) -> None:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + buffers)


def safetensors_header(weights: dict[str, np.ndarray]) -> dict[str, Any]:
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    position = 0
    for name, array in weights.items():
        entry = {"dtype": CODES[str(array.dtype)], "shape": list(array.shape)}
        header[name] = entry | {"data_offsets": [position, position + array.nbytes]}
        position += array.nbytes
    return header


def write_keras(target: Any, old: bool) -> None:
    """Groups and marks as Keras 2 (whole model) and Keras 3 (weights) leave them; kernels (kh, kw, in, out)."""
    kernel = np.transpose(WEIGHTS["conv1.weight"], (2, 3, 1, 0))
    with h5py.File(target, "w") as file:
        if old:
            model = file.create_group("model_weights")
            model.attrs["layer_names"] = np.array([b"conv", b"dense"])
            model.attrs["keras_version"] = b"2.15.0"
            model["conv/conv/kernel:0"], model["conv/conv/bias:0"] = kernel, WEIGHTS["conv1.bias"]
            model["dense/dense/kernel:0"] = WEIGHTS["fc.weight"].T
            file["optimizer_weights/Adam/m/dense/kernel:0"] = WEIGHTS["fc.weight"].T
        else:
            file["layers/conv2d/vars/0"], file["layers/conv2d/vars/1"] = kernel, WEIGHTS["conv1.bias"]
            file["layers/dense/vars/0"] = WEIGHTS["fc.weight"].T
            file["optimizer/vars/1"] = WEIGHTS["fc.weight"].T


def write(kind: str, path: Path) -> Path:
    """WEIGHTS in one of the formats of FORMATS; returns the file."""
    arrays = list(WEIGHTS.values())
    if kind in ("npz", "npz compressed"):
        path = path.with_suffix(".npz")
        (np.savez if kind == "npz" else np.savez_compressed)(path, **WEIGHTS)
    elif kind in ("h5", "h5 compressed"):
        path = path.with_suffix(".h5")
        with h5py.File(path, "w") as file:
            for name, array in WEIGHTS.items():
                file.create_dataset(name, data=array, compression=None if kind == "h5" else "gzip")
    elif kind == "safetensors":
        path = path.with_suffix(".safetensors")
        write_safetensors(path, safetensors_header(WEIGHTS), b"".join(a.tobytes() for a in arrays))
    elif kind == "torch zip":
        path = path.with_suffix(".pt")
        write_torch_zip(path, state_dict(WEIGHTS), arrays)
    elif kind == "torch stream":
        path = path.with_suffix(".th")
        write_torch_stream(path, {"best": 3, "state_dict": state_dict(WEIGHTS)}, arrays)
    elif kind == "keras":
        path = path.with_suffix(".keras")
        buffer = io.BytesIO()
        write_keras(buffer, old=False)
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("config.json", "{}")
            archive.writestr("model.weights.h5", buffer.getvalue())
    else:
        assert kind == "keras 2"
        path = path.with_suffix(".h5")
        write_keras(path, old=True)
    return path


FORMATS = (
    "npz",
    "npz compressed",
    "h5",
    "h5 compressed",
    "safetensors",
    "torch zip",
    "torch stream",
    "keras",
    "keras 2",
)


def read_here(path: Path) -> dict[str, np.ndarray]:
    """read_network with HDF5 read in this process: a child for each of hundreds of files would take minutes."""
    if path.suffix in (".h5", ".keras"):
        with reading(path):
            return hdf5_files.weights(Budget(path))
    return read_network(path)
