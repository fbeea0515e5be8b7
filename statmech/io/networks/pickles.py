"""A pickle of PyTorch as plain data, without running it.

A pickle is a program for a stack machine that may call anything by name, so loading one runs its author's code.  The
machine here knows the operations that state dicts are made of and nothing else: names are compared with a list and
never imported, "calls" of the few listed ones are written down as tensors, every other name ends the reading.
(The same idea as torch.load(weights_only=True), but no class is looked up at all.)
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import IO, Any

import numpy as np

from statmech.io.networks.limits import is_weight

STORAGES = {  # element type of a storage; bfloat16 as its 16 bits
    "DoubleStorage": "f8", "FloatStorage": "f4", "HalfStorage": "f2", "BFloat16Storage": "u2", "LongStorage": "i8",
    "IntStorage": "i4", "ShortStorage": "i2", "CharStorage": "i1", "ByteStorage": "u1", "BoolStorage": "?",
    "ComplexFloatStorage": "c8", "ComplexDoubleStorage": "c16",
}  # fmt: skip
TENSORS = ("_rebuild_tensor", "_rebuild_tensor_v2")
PARAMETERS = ("_rebuild_parameter", "_rebuild_parameter_with_state")
PLAIN = {  # values beside the weights of a checkpoint, such as a best accuracy: their place is kept, they are not built
    *(("torch", name) for name in ("device", "Size", "float16", "float32", "float64", "bfloat16", "int32", "int64")),
    *((f"numpy.{core}.multiarray", "scalar") for core in ("core", "_core")),
    ("numpy", "dtype"), ("_codecs", "encode"),
}  # fmt: skip
ALLOWED = {
    ("collections", "OrderedDict"),
    *(("torch._utils", name) for name in (*TENSORS, *PARAMETERS)),
    *(("torch", name) for name in STORAGES),
    *PLAIN,
}
LONGEST = 2_000_000  # operations; a state dict takes about 35 per tensor


class Refused(ValueError):
    """A pickle that asks for more than tensors."""


@dataclass(frozen=True)
class Name:
    """A listed (module, name) pair: a word, not the object of that name."""

    module: str
    name: str


@dataclass(frozen=True)
class Storage:
    """A flat buffer that tensors look into: its key in the file, its element type, its number of elements."""

    key: str
    kind: str
    count: int

    @property
    def dtype(self) -> np.dtype:
        """Of the stored elements, without byte order."""
        return np.dtype(STORAGES[self.kind])


@dataclass(frozen=True)
class Tensor:
    """A strided view of a storage, all numbers in elements; checked to lie inside."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def __post_init__(self) -> None:
        numbers = (self.offset, *self.shape, *self.strides)
        if not all(type(n) is int for n in numbers):
            raise Refused("the offset, shape and strides of a tensor are no integers")
        if len(self.shape) != len(self.strides) or min(numbers) < 0:
            raise Refused(f"a tensor has offset {self.offset}, shape {self.shape} and strides {self.strides}")
        last = self.offset + sum((n - 1) * step for n, step in zip(self.shape, self.strides))
        if 0 not in self.shape and last >= self.storage.count:
            raise Refused(f"a tensor of shape {self.shape} reaches element {last} of a storage of {self.storage.count}")

    @property
    def is_weight(self) -> bool:
        """Is it floating point with two axes or more?"""
        floating = self.storage.kind == "BFloat16Storage" or self.storage.dtype.kind == "f"
        return is_weight(self.shape, np.dtype("f4") if floating else self.storage.dtype)


@dataclass
class Machine:
    """One pickle: run(file) returns its value, made of dicts, lists, tuples, numbers, text, None and Tensors."""

    stack: list[Any] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)
    storages: dict[str, Storage] = field(default_factory=dict)

    def run(self, file: IO[bytes]) -> Any:
        """Read up to and including the end of one pickle.

        file: with read(n) and readline() that never give more than there is.  Raises Refused for anything but tensors
        and plain values, ValueError, IndexError or KeyError for a damaged pickle.
        """
        for opcode, argument, _ in islice(pickletools.genops(file), LONGEST):
            if opcode.name == "STOP":
                return self.stack.pop()
            if opcode.name in VALUES:
                self.stack.append(argument)
            elif opcode.name in CONSTANTS:
                self.stack.append(CONSTANTS[opcode.name]())
            elif opcode.name in STEPS:
                STEPS[opcode.name](self, argument)
            else:
                raise Refused(f"it uses the pickle operation {opcode.name}, which weights do not need")
        raise Refused(f"its pickle has more than {LONGEST} operations")

    def since_mark(self) -> list[Any]:
        """Take what was put on the stack since the last mark."""
        start = self.marks.pop()
        taken = self.stack[start:]
        del self.stack[start:]
        return taken

    def find(self, module: Any, name: Any) -> None:
        """Put a listed name on the stack as a word."""
        if not isinstance(module, str) or not isinstance(name, str):
            raise Refused("it asks for something that has no name")
        if (module, name) not in ALLOWED:
            raise Refused(f"it asks for {module:.80}.{name:.80}")
        self.stack.append(Name(module, name))

    def call(self) -> None:
        """Write down what a call of a listed name would build."""
        arguments, name = self.stack.pop(), self.stack.pop()
        if not isinstance(name, Name) or not isinstance(arguments, tuple):
            raise Refused("it calls something that has no name")
        self.stack.append(_build(name, arguments))

    def store(self, index: int) -> None:
        self.memo[index] = self.stack[-1]

    def load_storage(self) -> None:
        """A reference ("storage", type, key, place, count) to a buffer of the file."""
        match self.stack.pop():
            case ("storage", Name("torch", kind), str(key), str(), int(count), *rest) if kind in STORAGES:
                if count < 0 or any(view is not None for view in rest):
                    raise Refused(f"storage {key!r:.40} of {count} elements is a view")
                storage = self.storages.setdefault(key, Storage(key, kind, count))
                if storage != Storage(key, kind, count):
                    raise Refused(f"storage {key!r:.40} is used with two types or lengths")
                self.stack.append(storage)
            case _:
                raise Refused("it refers to something that is no storage of numbers")

    def set_items(self, pairs: list[Any]) -> None:
        target = self.stack[-1]
        if not isinstance(target, dict) or len(pairs) % 2:
            raise Refused("it sets items of something that is no dict")
        target.update(zip(map(_key, pairs[::2]), pairs[1::2]))

    def extend(self, items: list[Any]) -> None:
        if not isinstance(self.stack[-1], list):
            raise Refused("it appends to something that is no list")
        self.stack[-1].extend(items)

    def tuple_of(self, count: int) -> None:
        if len(self.stack) < count:
            raise Refused("its stack is empty")
        items = tuple(self.stack[-count:])
        self.stack[-count:] = [items]

    def set_state(self) -> None:
        """The state of an ordered dict (versions of its modules) or of a plain value: dropped."""
        self.stack.pop()
        if not isinstance(self.stack[-1], dict | None):
            raise Refused("it sets the state of something that is no dict")


def _build(name: Name, arguments: tuple[Any, ...]) -> Any:
    if name.name in TENSORS:
        match arguments:
            case (Storage() as storage, offset, tuple(shape), tuple(strides), *_):
                return Tensor(storage, offset, shape, strides)
        raise Refused("a tensor is not made of a storage, an offset, a shape and strides")
    if name.name in PARAMETERS:
        if arguments and isinstance(arguments[0], Tensor):
            return arguments[0]
        raise Refused("a parameter is not made of a tensor")
    if name == Name("collections", "OrderedDict"):
        match arguments:
            case ():
                return {}
            case (list(pairs),) if all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in pairs):
                return {_key(key): value for key, value in pairs}
        raise Refused("an OrderedDict is not made of pairs")
    if (name.module, name.name) in PLAIN:
        return arguments[0] if name.name == "Size" and len(arguments) == 1 else None
    raise Refused(f"it calls {name.module}.{name.name}")


def _key(key: Any) -> str:
    if not isinstance(key, str | int):
        raise Refused(f"a dict has a key of type {type(key).__name__}, expected text or an integer")
    return str(key)


VALUES = {
    "BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8",
    "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BINSTRING", "SHORT_BINSTRING",
}  # fmt: skip
CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None, "NEWTRUE": lambda: True, "NEWFALSE": lambda: False, "EMPTY_TUPLE": tuple, "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
}  # fmt: skip
STEPS: dict[str, Callable[[Machine, Any], None]] = {
    "PROTO": lambda m, x: None,
    "FRAME": lambda m, x: None,
    "MARK": lambda m, x: m.marks.append(len(m.stack)),
    "BINPUT": lambda m, x: m.store(x),
    "LONG_BINPUT": lambda m, x: m.store(x),
    "MEMOIZE": lambda m, x: m.store(len(m.memo)),
    "BINGET": lambda m, x: m.stack.append(m.memo[x]),
    "LONG_BINGET": lambda m, x: m.stack.append(m.memo[x]),
    "TUPLE": lambda m, x: m.stack.append(tuple(m.since_mark())),
    "TUPLE1": lambda m, x: m.tuple_of(1),
    "TUPLE2": lambda m, x: m.tuple_of(2),
    "TUPLE3": lambda m, x: m.tuple_of(3),
    "APPEND": lambda m, x: m.extend([m.stack.pop()]),
    "APPENDS": lambda m, x: m.extend(m.since_mark()),
    "SETITEM": lambda m, x: m.set_items([m.stack.pop(-2), m.stack.pop()]),
    "SETITEMS": lambda m, x: m.set_items(m.since_mark()),
    "GLOBAL": lambda m, x: m.find(*x.split(" ", 1)),
    "STACK_GLOBAL": lambda m, x: m.find(m.stack.pop(-2), m.stack.pop()),
    "REDUCE": lambda m, x: m.call(),
    "BUILD": lambda m, x: m.set_state(),
    "BINPERSID": lambda m, x: m.load_storage(),
}
