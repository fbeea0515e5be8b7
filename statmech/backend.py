"""The device file: which device runs a task, moving arrays, loading CUDA sources.  The only importer of CuPy."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np

Device = Literal["auto", "cpu", "gpu"]
KERNELS = Path(__file__).parent / "kernels"
NVRTC_OPTIONS = ("--std=c++17", "--fmad=false")  # a fused multiply-add would break equality with the CPU


@functools.cache
def gpu_problem() -> str | None:
    """None if a GPU can be used, otherwise one sentence that says what is missing and how to mend it."""
    if importlib.util.find_spec("cupy") is None:
        return "CuPy is not installed; pip install 'statmech[cuda12]' or 'statmech[cuda13]'"
    try:
        import cupy

        if cupy.cuda.runtime.getDeviceCount() == 0:
            return "CuPy is installed but the CUDA driver shows no device"
    except Exception as error:  # a broken driver raises many types, none of them public
        return f"CuPy is installed but cannot reach a GPU: {type(error).__name__}: {error}"
    return None


def resolve(device: Device) -> Literal["cpu", "gpu"]:
    """The device that will run: "auto" takes the GPU when there is one.

    Example: ``resolve("cpu") == "cpu"``
    """
    if device not in ("auto", "cpu", "gpu"):
        raise ValueError(f"device = {device!r}: expected 'auto', 'cpu' or 'gpu'")
    if device == "cpu":
        return "cpu"
    problem = gpu_problem()
    if problem is None:
        return "gpu"
    if device == "gpu":
        raise RuntimeError(f"device = 'gpu' was asked for: {problem}; or use --device cpu")
    return "cpu"


def host_memory() -> int:
    """Bytes of physical memory of this machine.

    Example: ``host_memory() > 2**28``
    """
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def gpu_memory() -> int:
    """Bytes that are free on the current GPU, those that CuPy holds without using them included."""
    import cupy

    return cupy.cuda.runtime.memGetInfo()[0] + cupy.get_default_memory_pool().free_bytes()


def namespace(array: Any) -> Any:
    """The array library an array belongs to: numpy or cupy."""
    if type(array).__module__.partition(".")[0] == "cupy":
        import cupy

        return cupy
    return np


def special(array: Any) -> Any:
    """scipy.special, or its twin for arrays on the GPU."""
    name = "cupyx.scipy.special" if namespace(array) is not np else "scipy.special"
    return importlib.import_module(name)


def to_host(array: Any) -> np.ndarray:
    """A NumPy array, copied from the device if need be."""
    return array.get() if hasattr(array, "get") and not isinstance(array, np.ndarray) else np.asarray(array)


def to_device(array: np.ndarray) -> Any:
    """A CuPy array on the current GPU."""
    import cupy

    return cupy.asarray(array)


def cuda_source(name: str) -> str:
    """Text of a CUDA source of kernels/ (for example "pairs.cu") with its own headers put in, each once.

    CuPy caches compiled modules under a hash of the text it is given: a header it had to look up could change
    without its noticing.

    Example: ``"philox4x32" in cuda_source("pairs.cu")``
    """
    seen = set()

    def text_of(name: str) -> str:
        if name in seen:
            return ""
        seen.add(name)
        text = (KERNELS / name).read_text().replace("#pragma once\n", "")
        return re.sub(r'#include "(.*)"', lambda match: text_of(match[1]), text)

    return text_of(name)


class CudaLauncher:
    """Puts arrays on the current GPU and runs the kernels of one CUDA source there."""

    shared_limit = 48 * 1024  # bytes of shared memory per block that every CUDA device has

    def __init__(self, source: str):
        import cupy

        self._module = cupy.RawModule(code=cuda_source(source), options=NVRTC_OPTIONS)

    def put(self, array: np.ndarray) -> Any:
        """The array on the device."""
        return to_device(array)

    @property
    def tensor_cores(self) -> bool:
        """Does the device multiply 16 x 16 x 8 matrices in half precision (Ampere and later)?"""
        import cupy

        return int(cupy.cuda.Device().compute_capability) >= 80

    def free_memory(self) -> int:
        """Bytes that are free where arrays are put."""
        return gpu_memory()

    def launch(self, kernel: str, grid: int, block: int, args: tuple, shared_bytes: int = 0) -> None:
        """Run `kernel` on `grid` blocks of `block` threads.  args: device arrays, NumPy scalars."""
        self.prepare(kernel, grid, block, args, shared_bytes)()

    def prepare(self, kernel: str, grid: int, block: int, args: tuple, shared_bytes: int = 0) -> Callable[[], Any]:
        """The same launch as a call without arguments, for launches that are made often."""
        function = self._module.get_function(kernel)
        return functools.partial(function, (grid,), (block,), args, shared_mem=shared_bytes)


@functools.cache
def cuda_launcher(source: str) -> CudaLauncher:
    """The launcher of a CUDA source of kernels/, compiled once per process (and cached on disk by CuPy)."""
    return CudaLauncher(source)


def half_products(J: Any, S: Any, out: Any, add: bool = False) -> Callable[[], Any]:
    """A call that does  out[d] = J[d] S[d]^T  (add: +=)  from half to single precision, on tensor cores, as often as it
    is made.

    Exact for integers up to 2048 whose sums stay below 2^24.  J (D, b, W) and S (D, C, W) float16, out (D, b, C) or
    wider float32; arrays on one device, which may be slices of larger ones.
    """
    (samples, b, width), chains = J.shape, S.shape[1]
    if namespace(J) is np:
        part = out[..., :chains]

        def product() -> None:
            part[...] = add * part + J.astype(np.float32) @ S.astype(np.float32).transpose(0, 2, 1)

        return product
    import cupy

    cublas, handle = cupy.cuda.cublas, cupy.cuda.device.get_cublas_handle()
    half, single, compute, algorithm = 2, 0, 68, -1  # CUDA_R_16F, CUDA_R_32F, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT
    # column by column, as cuBLAS reads: out^T = S J^T
    return functools.partial(
        cublas.gemmStridedBatchedEx, handle, cublas.CUBLAS_OP_T, cublas.CUBLAS_OP_N, chains, b, width,
        _ONE.ctypes.data, S.data.ptr, half, _row(S), S.strides[0] // 2, J.data.ptr, half, _row(J), J.strides[0] // 2,
        (_ONE if add else _ZERO).ctypes.data, out.data.ptr, single, _row(out), out.strides[0] // 4, samples, compute,
        algorithm,
    )  # fmt: skip


_ONE, _ZERO = np.ones(1, np.float32), np.zeros(1, np.float32)


def _row(array: Any) -> int:
    """Items from one row of a matrix to the next."""
    return array.strides[-2] // array.itemsize


def describe() -> dict[str, str]:
    """Device names and memory for provenance and `statmech doctor`."""
    problem = gpu_problem()
    if problem is not None:
        return {"gpu": f"none ({problem})"}
    import cupy

    properties = cupy.cuda.runtime.getDeviceProperties(cupy.cuda.runtime.getDevice())
    free, total = cupy.cuda.runtime.memGetInfo()
    return {
        "gpu": properties["name"].decode(),
        "gpu_memory": f"{free / 2**30:.1f} of {total / 2**30:.1f} GiB free",
        "cupy": cupy.__version__,
    }
