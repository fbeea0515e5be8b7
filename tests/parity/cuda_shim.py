"""Compiles a CUDA source with a C++ compiler and cuda_shim.h, and runs its kernels on NumPy arrays."""

from __future__ import annotations

import ctypes
import functools
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from statmech import backend

HEADER = Path(__file__).with_name("cuda_shim.h")
OPTIONS = ("-std=c++17", "-ffp-contract=off", "-fPIC", "-shared", "-fvisibility=hidden")
KERNELS = {
    "pairs.cu": ("sweep_pairs_int16", "sweep_pairs_int32", "sweep_pairs_float64"),
    "pairs_block.cu": ("settle_pairs", "next_sweep"),
    "fields.cu": tuple(
        f"sweep_fields_{V}_{dtype}" for V in ("quadratic", "step", "lookup") for dtype in ("int16", "int32")
    ),
    "edges.cu": ("sweep_edges",),
    "exchange.cu": ("exchange_rungs",),
    "sphere.cu": tuple(
        f"{what}_{V}" for what in ("sweep_planes", "synchronise") for V in ("error", "hinge", "quadratic", "table")
    ),
    "billiard.cu": ("sweep_flights",),
    "levels.cu": ("sweep_levels", "levels_of"),
    "tensor.cu": ("sweep_tensor_int16_int32", "sweep_tensor_int32_int32"),
    "tensor_block.cu": ("settle_tensor", "spread_flips", "next_sweep"),
    "diluted.cu": ("sweep_diluted_int32",),
    "philox.cu": ("philox_words", "philox_thresholds"),
}


def compiler() -> str | None:
    """The C++ compiler: $CXX, g++ or clang++."""
    found = (shutil.which(name) for name in (os.environ.get("CXX"), "g++", "clang++") if name)
    return next((path for path in found if path), None)


SKIP = None if compiler() else "no C++ compiler: install g++ or clang++, or set CXX"


class ShimLauncher:
    """Stands for backend.CudaLauncher: NumPy arrays are the device arrays, fibres the threads."""

    def __init__(self, text: str, kernels: tuple[str, ...], optimise: str = "-O2"):
        self.shared_limit, self.tensor_cores = 48 * 1024, True
        self.launches: list[tuple[str, int]] = []  # (kernel, shared bytes): what tests look at
        exports = "\n".join(f"SHIM_EXPORT({name})" for name in kernels)
        with tempfile.TemporaryDirectory() as folder:
            source, library = Path(folder, "kernels.cpp"), Path(folder, "kernels.so")
            source.write_text(f'#include "{HEADER}"\n{text}\n{exports}\n')
            command = [compiler(), *OPTIONS, optimise, "-o", library, source]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise RuntimeError(done.stderr)
            self._library = ctypes.CDLL(str(library))
        self._library.shim_error.restype = ctypes.c_char_p

    def order(self, backwards: bool) -> None:
        """Let the fibres of a block run from the last thread to the first."""
        self._library.shim_order(int(backwards))

    def put(self, array: np.ndarray) -> np.ndarray:
        return np.array(array, order="C")

    def free_memory(self) -> int:
        return backend.host_memory()

    def prepare(self, *launch) -> functools.partial:
        return functools.partial(self.launch, *launch)

    def launch(self, kernel: str, grid: int, block: int, args: tuple, shared_bytes: int = 0) -> None:
        self.launches.append((kernel, shared_bytes))
        values = [ctypes.c_void_p(x.ctypes.data) if isinstance(x, np.ndarray) else _scalar(x) for x in args]
        pointers = (ctypes.c_void_p * len(values))(*(ctypes.addressof(value) for value in values))
        function = getattr(self._library, f"launch_{kernel}")
        if function(ctypes.c_uint(grid), ctypes.c_uint(block), ctypes.c_size_t(shared_bytes), pointers):
            raise RuntimeError(self._library.shim_error().decode())


@functools.cache
def compiled(text: str, kernels: tuple[str, ...]) -> ShimLauncher:
    """One launcher for every user of a text in this process."""
    return ShimLauncher(text, kernels)


def _scalar(x: np.generic) -> ctypes._SimpleCData:
    return np.ctypeslib.as_ctypes_type(x.dtype)(x.item())


def mutant(text: str, old: str, new: str) -> str:
    """The source with one place changed, for tests that must fail on it."""
    if len(re.findall(re.escape(old), text)) != 1:
        raise ValueError(f"{old!r} should occur exactly once in the source")
    return text.replace(old, new)


def noticed(compare: Callable[[], list[str]]) -> bool:
    """Does a mutant show: in names of what differs, or because the lanes of a warp went different ways?"""
    try:
        return compare() != []
    except RuntimeError as error:
        assert "lane" in str(error)
        return True


def without(text: str, kernel: str) -> str:
    """The source without the line that makes a kernel of a macro."""
    return re.sub(rf"^[A-Z_]+\({kernel}, .*\)$", "", text, flags=re.MULTILINE)
