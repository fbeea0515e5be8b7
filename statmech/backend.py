"""The device file: which device runs a task, moving arrays, loading CUDA sources.  The only importer of CuPy."""

from __future__ import annotations

import functools
import importlib.util
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


def namespace(array: Any) -> Any:
    """The array library an array belongs to: numpy or cupy."""
    if type(array).__module__.partition(".")[0] == "cupy":
        import cupy

        return cupy
    return np


def to_host(array: Any) -> np.ndarray:
    """A NumPy array, copied from the device if need be."""
    return array.get() if hasattr(array, "get") and not isinstance(array, np.ndarray) else np.asarray(array)


def to_device(array: np.ndarray) -> Any:
    """A CuPy array on the current GPU."""
    import cupy

    return cupy.asarray(array)


@functools.cache
def cuda_module(source: str) -> Any:
    """A compiled CUDA source of kernels/ (for example "pairs.cu"), includes resolved against that folder."""
    import cupy

    text = (KERNELS / source).read_text()
    return cupy.RawModule(code=text, options=(*NVRTC_OPTIONS, f"-I{KERNELS}"))


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
