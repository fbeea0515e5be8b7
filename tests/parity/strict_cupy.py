"""Stands for CuPy where there is no GPU: NumPy arrays behind a wall, kernels run by the shim.

Only what CuPy allows is allowed: a device array never mixes with a NumPy array that has axes (TypeError),
and NumPy never reads it without .get().  Products of float32 matrices lose digits, as CUPY_TF32=1 lets them.
Code that passes here keeps its arrays on their side of the wall.
"""

from __future__ import annotations

import ctypes
import functools
import operator
import sys
import types
from typing import Any

import numpy as np
from parity import cuda_shim


class ndarray:
    """A device array."""

    __hash__ = None

    def __init__(self, data: np.ndarray):
        self._data = np.asarray(data)

    @property
    def data(self) -> types.SimpleNamespace:
        return types.SimpleNamespace(ptr=self._data.ctypes.data)

    def get(self) -> np.ndarray:
        return self._data.copy()

    def __array__(self, *_, **__):
        raise TypeError("Implicit conversion to a NumPy array is not allowed; use .get()")

    def __array_function__(self, function, _, args, kwargs):
        return _call(function, args, kwargs)

    def __array_ufunc__(self, ufunc, method, *args, **kwargs):
        return _call(getattr(ufunc, method), args, kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # __array_interface__ and its kin would be doors in the wall
            raise AttributeError(name)
        value = getattr(self._data, name)
        if callable(value):
            return lambda *args, **kwargs: _call(value, args, kwargs)
        return ndarray(value) if isinstance(value, np.ndarray) else value

    def __getitem__(self, index):
        return ndarray(self._data[_unwrap(index)])

    def __setitem__(self, index, value):
        self._data[_unwrap(index)] = _unwrap(value)

    def __len__(self) -> int:
        return len(self._data)

    def __float__(self) -> float:
        return float(self._data)

    def __int__(self) -> int:
        return int(self._data)

    def __bool__(self) -> bool:
        return bool(self._data)


def _unwrap(x: Any) -> Any:
    if isinstance(x, ndarray):
        return x._data
    if isinstance(x, np.ndarray) and x.ndim:
        raise TypeError("a NumPy array met a device array: transfer one of them")
    if isinstance(x, tuple | list):
        return type(x)(_unwrap(y) for y in x)
    return x


def _call(function, args, kwargs) -> Any:
    out = function(*_unwrap(tuple(args)), **{k: _unwrap(v) for k, v in kwargs.items()})
    return ndarray(np.asarray(out)) if isinstance(out, np.ndarray | np.generic) else out


def _tf32(x: Any) -> Any:
    """A float32 factor as CUPY_TF32=1 has it, rounded to 11 bits; anything else as it is."""
    if getattr(x, "dtype", None) != np.float32:
        return x
    bits = np.ascontiguousarray(_unwrap(x)).view(np.uint32)
    return ndarray(((bits + np.uint32(0xFFF) + (bits >> 13 & 1)) & np.uint32(0xFFFFE000)).view(np.float32))


def _matmul(self: ndarray, other: Any) -> ndarray:
    return _call(operator.matmul, (_tf32(self), _tf32(other)), {})


def _operator(name: str):
    function = getattr(operator, name)
    return lambda self, *others: _call(function, (self, *others), {})


def _reflected(name: str):
    function = getattr(operator, name)
    return lambda self, other: _call(function, (other, self), {})


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "rshift", "lshift"):
    setattr(ndarray, f"__{_name}__", _operator(_name))
    setattr(ndarray, f"__r{_name}__", _reflected(_name))
for _name in ("iadd", "isub", "imul", "lt", "le", "gt", "ge", "eq", "ne", "neg", "abs"):
    setattr(ndarray, f"__{_name}__", _operator(_name))
ndarray.__matmul__ = _matmul
ndarray.__module__ = "cupy"


class RawModule:
    """A CUDA source compiled for the shim; takes the options that statmech gives to NVRTC."""

    def __init__(self, code: str, options: tuple[str, ...]):
        kernels = next(names for names in cuda_shim.KERNELS.values() if all(name in code for name in names))
        self.options, self.launcher = options, cuda_shim.compiled(code, kernels)

    def get_function(self, name: str):
        def function(grid: tuple, block: tuple, args: tuple, shared_mem: int = 0) -> None:
            arrays = tuple(x._data if isinstance(x, ndarray) else x for x in args)
            for x in arrays:
                assert isinstance(x, np.ndarray | np.generic), f"{x!r}: the width of its C type is unsaid"
            self.launcher.launch(name, *grid, *block, arrays, shared_mem)

        return function


def _matrix(pointer: int, dtype: type, rows: int, columns: int, stride: int) -> np.ndarray:
    """Rows of numbers that lie `stride` numbers apart in memory."""
    raw = (ctypes.c_char * (((rows - 1) * stride + columns) * np.dtype(dtype).itemsize)).from_address(pointer)
    flat = np.frombuffer(raw, dtype)
    return np.lib.stride_tricks.as_strided(flat, (rows, columns), (stride * flat.itemsize, flat.itemsize))


def _products(_handle, transa, transb, m, n, k, _alpha, A, Atype, lda, step_a, B, Btype, ldb, step_b, beta, C, Ctype,
              ldc, step_c, count, _compute, _algorithm) -> None:  # fmt: skip
    """cublasGemmStridedBatchedEx: C^T = B A^T + beta C^T of row-major matrices, half to single: the one form used."""
    assert (transa, transb, Atype, Btype, Ctype) == (1, 0, 2, 2, 0)
    for i in range(count):
        a = _matrix(A + 2 * i * step_a, np.float16, m, k, lda).astype(np.float32)
        b = _matrix(B + 2 * i * step_b, np.float16, n, k, ldb).astype(np.float32)
        c = _matrix(C + 4 * i * step_c, np.float32, n, m, ldc)
        c[...] = b @ a.T + ctypes.c_float.from_address(beta).value * c


@functools.cache
def module() -> types.ModuleType:
    """A module to put in sys.modules as `cupy`."""
    cupy = types.ModuleType("cupy")
    cupy.ndarray, cupy.RawModule = ndarray, RawModule
    runtime = types.SimpleNamespace(memGetInfo=lambda: (2**31, 2**32))
    cublas = types.SimpleNamespace(CUBLAS_OP_N=0, CUBLAS_OP_T=1, gemmStridedBatchedEx=_products)
    device = types.SimpleNamespace(get_cublas_handle=lambda: None)
    ampere = types.SimpleNamespace(compute_capability="80")
    cupy.cuda = types.SimpleNamespace(runtime=runtime, cublas=cublas, device=device, Device=lambda: ampere)
    cupy.get_default_memory_pool = lambda: types.SimpleNamespace(free_bytes=lambda: 0)
    cupy.asarray = cupy.array = lambda x, dtype=None: ndarray(np.array(getattr(x, "_data", x), dtype=dtype))

    def attribute(name: str) -> Any:
        value = getattr(np, name)
        if isinstance(value, type) or not callable(value):
            return value
        return lambda *args, **kwargs: _call(value, args, kwargs)

    cupy.__getattr__ = attribute
    return cupy


@functools.cache
def special() -> types.ModuleType:
    """A module to put in sys.modules as `cupyx.scipy.special`."""
    import scipy.special

    module = types.ModuleType("cupyx.scipy.special")
    module.__getattr__ = lambda name: lambda *args: _call(getattr(scipy.special, name), args, {})
    return module


def install(monkeypatch) -> None:
    """Let statmech see one GPU, made of this module, until the test ends."""
    from statmech import backend

    monkeypatch.setitem(sys.modules, "cupy", module())
    monkeypatch.setitem(sys.modules, "cupyx.scipy.special", special())
    monkeypatch.setattr(backend, "gpu_problem", lambda: None)
    monkeypatch.setattr(backend, "cuda_launcher", functools.cache(backend.CudaLauncher))
