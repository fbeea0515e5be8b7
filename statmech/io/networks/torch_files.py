"""Weights in files of torch.save (.pt, .pth, .th), without torch and without running their pickle."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any, Literal, cast

import numpy as np
from numpy.lib.stride_tricks import as_strided

from statmech.io.atomic import StoreError
from statmech.io.networks.limits import Budget, bfloat16_to_float32
from statmech.io.networks.pickles import Machine, Refused, Storage, Tensor
from statmech.io.networks.zips import open_zip, read_member

MAGIC = 0x1950A86A20F9469CFC6C  # of the format before torch 1.6: pickles one after the other, then raw storages
PROTOCOL = 1001
WRAPPERS = ("state_dict", "model_state_dict", "model", "net")  # of training checkpoints, around the state dict
PARALLEL = "module."  # put before every name by torch.nn.DataParallel, which is no part of the network
DEEPEST, LARGEST, LONGEST = 50, 200_000, 1000  # nesting and entries of a checkpoint, characters of a name
Load = Callable[[Storage], np.ndarray]


def read_torch(budget: Budget) -> dict[str, np.ndarray]:
    """The weights of a state dict, bare or inside a training checkpoint; bfloat16 becomes float32.

    Optimiser states are left out, and the "module." that torch.nn.DataParallel puts before all names.

    Raises StoreError for everything that is not tensors in dicts: code, whole models, TorchScript.
    """
    with budget.path.open("rb") as file:
        head = file.read(265)
    with _refusals(budget):
        if head.startswith(b"PK"):
            return _read_zip(budget)
        if head[257:262] == b"ustar":
            raise Refused("it is a tar file of torch 0.1, of before 2018")
        return _read_stream(budget)


def _read_zip(budget: Budget) -> dict[str, np.ndarray]:
    """The format since torch 1.6: a zip of <name>/data.pkl, <name>/byteorder and <name>/data/<key>."""
    with open_zip(budget) as archive:
        names = set(archive.namelist())
        pickles = [name for name in names if name.endswith("/data.pkl") and name.count("/") == 1]
        if len(pickles) != 1:
            raise Refused("it is a zip file without a data.pkl")
        root = pickles[0].removesuffix("data.pkl")
        if f"{root}constants.pkl" in names:
            raise Refused("it is a TorchScript program")
        order = read_member(archive, f"{root}byteorder", budget) if f"{root}byteorder" in names else b"little"
        if order not in (b"little", b"big"):
            raise Refused(f"its byte order is {order[:20]!r}")
        value = Machine().run(io.BytesIO(read_member(archive, pickles[0], budget)))

        def load(storage: Storage) -> np.ndarray:
            data = read_member(archive, f"{root}data/{storage.key}", budget)
            if len(data) != storage.count * storage.dtype.itemsize:
                raise Refused(f"storage {storage.key!r:.40} has {len(data)} bytes for {storage.count} elements")
            return np.frombuffer(data, storage.dtype.newbyteorder("<" if order == b"little" else ">"))

        return _arrays(budget, value, load)


def _read_stream(budget: Budget) -> dict[str, np.ndarray]:
    """The format before torch 1.6: magic number, protocol, description of the machine, value, keys, raw storages."""
    with budget.path.open("rb") as file:
        bounded = cast(IO[bytes], _Bounded(file, budget.size))
        if Machine().run(bounded) != MAGIC or Machine().run(bounded) != PROTOCOL:
            raise Refused("it is no file of torch.save")
        machine = Machine().run(bounded)
        order: Literal["<", ">"] = "<" if isinstance(machine, dict) and machine.get("little_endian") is True else ">"
        content = Machine()
        value, storages = content.run(bounded), content.storages
        keys = Machine().run(bounded)
        if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
            raise Refused("its list of storages is no list of names")
        places: dict[str, int] = {}
        for key in keys:
            count = int.from_bytes(bounded.read(8), "little" if order == "<" else "big", signed=True)
            if key not in storages or key in places or count != storages[key].count:
                raise Refused(f"storage {key!r:.40} of {count} elements does not belong to the tensors")
            places[key] = bounded.tell()
            if (end := bounded.tell() + count * storages[key].dtype.itemsize) > budget.size:
                raise Refused(f"storage {key!r:.40} reaches beyond the end of the file")
            file.seek(end)
        if bounded.read(1):
            raise Refused("bytes are left over after its storages")

        def load(storage: Storage) -> np.ndarray:
            if storage.key not in places:
                raise Refused(f"storage {storage.key!r:.40} is not in the file")
            file.seek(places[storage.key])
            return np.frombuffer(file.read(storage.count * storage.dtype.itemsize), storage.dtype.newbyteorder(order))

        return _arrays(budget, value, load)


class _Bounded:
    """A file that never gives more than there is, whatever length a pickle declares."""

    def __init__(self, file: io.BufferedReader, size: int):
        self.file, self.size = file, size
        self.tell, self.readline = file.tell, file.readline

    def read(self, count: int) -> bytes:
        return self.file.read(max(0, min(count, self.size - self.tell())))


def _arrays(budget: Budget, value: Any, load: Load) -> dict[str, np.ndarray]:
    """The weights among the tensors of a checkpoint, each copied out of its storage."""
    loaded: dict[str, np.ndarray] = {}
    found = {}
    tensors = dict(_tensors(_state_dict(value)))
    parallel = bool(tensors) and all(name.startswith(PARALLEL) for name in tensors)
    for name, tensor in tensors.items():
        if not tensor.is_weight:
            continue
        storage = tensor.storage
        if storage.key not in loaded:
            loaded[storage.key] = load(storage)
        flat = loaded[storage.key]
        bfloat16 = storage.kind == "BFloat16Storage"
        budget.take(tensor.shape, 4 if bfloat16 else flat.dtype.itemsize, name)
        steps = [step * flat.dtype.itemsize for step in tensor.strides]
        array = as_strided(flat[tensor.offset :], tensor.shape, steps, writeable=False)
        array = bfloat16_to_float32(array) if bfloat16 else array.astype(flat.dtype.newbyteorder("="))
        found[name.removeprefix(PARALLEL) if parallel else name] = np.ascontiguousarray(array)
    return found


def _state_dict(value: Any) -> Any:
    """The state dict inside a training checkpoint, or the value itself."""
    for name in WRAPPERS if isinstance(value, dict) else ():
        inner = value.get(name)
        if isinstance(inner, dict) and any(True for _ in _tensors(inner)):
            return inner
    return value


def _tensors(value: Any) -> Iterator[tuple[str, Tensor]]:
    """(Dotted name, tensor) of nested dicts, lists and tuples; optimiser states are left out."""
    stack: list[tuple[str, Any, int]] = [("", value, 0)]
    for _ in range(LARGEST):
        if not stack:
            return
        name, item, depth = stack.pop()
        if isinstance(item, Tensor):
            yield name, item
        if not isinstance(item, dict | list | tuple):
            continue
        if depth >= DEEPEST or len(stack) + len(item) > LARGEST:
            raise Refused(f"it is nested deeper than {DEEPEST} levels or has more than {LARGEST} entries")
        pairs = item.items() if isinstance(item, dict) else ((str(i), inner) for i, inner in enumerate(item))
        inside = [(f"{name}.{key}" if name else key, i, depth + 1) for key, i in pairs if not key.startswith("optim")]
        if any(len(long) > LONGEST for long, _, _ in inside):
            raise Refused(f"a name has more than {LONGEST} characters")
        stack.extend(reversed(inside))
    raise Refused(f"it has more than {LARGEST} entries")


@contextmanager
def _refusals(budget: Budget) -> Iterator[None]:
    try:
        yield
    except Refused as error:
        raise StoreError(
            f"{budget.path} cannot be read as weights: {error}. Only tensors in dicts are read and no code is run: if "
            f"you trust the file, load it where it was made and save model.state_dict() alone"
        ) from None
