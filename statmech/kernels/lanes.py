"""Random numbers of LANES chains at once: the functions of random.py, traced into LLVM's vector instructions.

Those functions are plain arithmetic, so they also run on a `Lanes`, whose every operation writes the vector instruction
that does it.  The text stays the only definition, and the bits are the same; compilers left to themselves find the
vectors in one caller and miss them in the next.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from statmech.random import Stream, exponential, logistic, philox4x32

LANES = 16  # chains that go at once: two vectors of 512 bits in double precision, one in single
LIMIT = float(2**24)  # whole numbers up to it are exact in float32
_I32, _I64, _F32, _F64 = ir.IntType(32), ir.IntType(64), ir.FloatType(), ir.DoubleType()
_VIEWS = {np.dtype(np.int64): _I64, np.dtype(np.float64): _F64}


def vector(kind: Any) -> ir.VectorType:
    """LANES numbers of a kind."""
    return ir.VectorType(kind, LANES)


def splat(builder: Any, scalar: Any) -> Any:
    """The same number in all lanes."""
    none = ir.Constant(vector(scalar.type), ir.Undefined)
    one = builder.insert_element(none, scalar, _I32(0))
    return builder.shuffle_vector(one, none, ir.Constant(vector(_I32), [0] * LANES))


class Lanes:
    """A vector of 64-bit integers or doubles; `signed` tells int64 from uint64.  Numbers beside it fill all lanes."""

    __array_ufunc__ = None  # NumPy's numbers leave the operation to us

    def __init__(self, builder: Any, value: Any, signed: bool = False):
        self.builder, self.value, self.signed = builder, value, signed

    @property
    def real(self) -> bool:
        return self.value.type.element == _F64

    def _float(self) -> Lanes:
        if self.real:
            return self
        convert = self.builder.sitofp if self.signed else self.builder.uitofp
        return Lanes(self.builder, convert(self.value, vector(_F64)))

    def _pair(self, other: Any) -> tuple[Lanes, Lanes]:
        """Both in one type: a double if one of them is."""
        if not isinstance(other, Lanes):
            real = isinstance(other, float | np.floating)
            value = ir.Constant(vector(_F64 if real else _I64), [float(other) if real else int(other)] * LANES)
            other = Lanes(self.builder, value, isinstance(other, np.signedinteger))
        return (self._float(), other._float()) if self.real or other.real else (self, other)

    def _apply(self, other: Any, integer: str, real: str = "", swap: bool = False) -> Lanes:
        a, b = self._pair(other)
        a, b = (b, a) if swap else (a, b)
        name = real if a.real else integer
        return Lanes(self.builder, getattr(self.builder, name)(a.value, b.value), a.signed)

    def __add__(self, other: Any) -> Lanes:
        return self._apply(other, "add", "fadd")

    def __sub__(self, other: Any) -> Lanes:
        return self._apply(other, "sub", "fsub")

    def __rsub__(self, other: Any) -> Lanes:
        return self._apply(other, "sub", "fsub", swap=True)

    def __mul__(self, other: Any) -> Lanes:
        return self._apply(other, "mul", "fmul")

    def __truediv__(self, other: Any) -> Lanes:
        return self._apply(other, "", "fdiv")

    def __and__(self, other: Any) -> Lanes:
        return self._apply(other, "and_")

    def __xor__(self, other: Any) -> Lanes:
        return self._apply(other, "xor")

    def __lshift__(self, other: Any) -> Lanes:
        return self._apply(other, "shl")

    def __rshift__(self, other: Any) -> Lanes:
        return self._apply(other, "ashr" if self.signed else "lshr")

    __radd__, __rmul__ = __add__, __mul__

    def view(self, dtype: Any) -> Lanes:
        """The same bits as another type."""
        kind = _VIEWS[np.dtype(dtype)]
        return Lanes(self.builder, self.builder.bitcast(self.value, vector(kind)), kind == _I64)


def _whole(builder: Any, threshold: Any) -> Any:
    """float32 with the same integers below it: the next whole number, and beyond LIMIT every number is as good."""
    kind = vector(_F64)
    low, high = (ir.Constant(kind, [limit] * LANES) for limit in (-LIMIT, LIMIT))
    ceil = cgutils.get_or_insert_function(builder.module, ir.FunctionType(kind, [kind]), f"llvm.ceil.v{LANES}f64")
    x = builder.call(ceil, [threshold])
    x = builder.select(builder.fcmp_ordered("<", x, high), x, high)
    x = builder.select(builder.fcmp_ordered(">", x, low), x, low)
    return builder.fptrunc(x, vector(_F32))


def _make_limits(threshold: Any) -> Any:
    @intrinsic
    def limits(_context, keys, lanes, theta, sweep, draw, out):
        """Four rows of thresholds for draws 4 draw .. 4 draw + 3: out (4, LANES) float32 = theta xi, whole numbers.

        keys and lanes (LANES,) uint64, theta (LANES,) float64; sweep and draw uint64.
        """

        def codegen(context, builder, signature, args):
            sources = zip(signature.args[:3], args[:3])
            arrays = [context.make_array(kind)(context, builder, value) for kind, value in sources]
            target = context.make_array(signature.args[5])(context, builder, args[5])

            def load(array, kind):
                return Lanes(builder, builder.load(builder.bitcast(array.data, vector(kind).as_pointer()), align=8))

            low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
            key, lane, scale = load(arrays[0], _I64), load(arrays[1], _I64) & low, load(arrays[2], _F64)
            stream = Lanes(builder, ir.Constant(vector(_I64), [int(Stream.ACCEPT)] * LANES))
            t, block = (Lanes(builder, splat(builder, x)) & low for x in args[3:5])
            words = philox4x32(block, lane, t, stream, key & low, key >> half)
            rows = builder.bitcast(target.data, vector(_F32).as_pointer())
            for q, word in enumerate(words):
                limit = _whole(builder, (scale * threshold(word)).value)
                builder.store(limit, builder.gep(rows, [_I64(q)]), align=4)
            return context.get_dummy_value()

        return types.void(keys, lanes, theta, sweep, draw, out), codegen

    return limits


metropolis_limits, heatbath_limits = _make_limits(exponential), _make_limits(logistic)
