"""The inner loop of the family `tensor`: f[c, j] -= step_c sum_m J_i[j, m] z[c, m] for a panel of spins j and a few
chains c at once, every sum in a register.

Written in LLVM's vector code because no compiler finds it from loops.  Pairs of 16-bit products that are summed in
32 bits are one instruction where the processor has it (VNNI), two (pmaddwd) or a few where it has not; the numbers are
integers, the same everywhere.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from statmech.kernels.jit import njit
from statmech.kernels.tensor_layout import COLUMNS

LANES = 16
VECTORS = COLUMNS // LANES
# sums of as many chains as the vector registers hold: 32 of 512 bits with AVX-512, half as many of 256 without
WIDE = 6 if llvmlite.binding.get_host_cpu_features().get("avx512bw") else 3
_I16, _I32, _I64 = ir.IntType(16), ir.IntType(32), ir.IntType(64)
_SUMS, _NARROW, _TERMS = ir.VectorType(_I32, LANES), ir.VectorType(_I16, 2 * LANES), ir.VectorType(_I32, 2 * LANES)
_EVEN, _ODD = (ir.Constant(_SUMS, [2 * x + odd for x in range(LANES)]) for odd in (0, 1))


def _splat(builder: Any, scalar: Any) -> Any:
    one = builder.insert_element(ir.Constant(_SUMS, ir.Undefined), scalar, _I32(0))
    return builder.shuffle_vector(one, ir.Constant(_SUMS, ir.Undefined), ir.Constant(_SUMS, [0] * LANES))


def _at(builder: Any, base: Any, offset: Any, kind: Any) -> Any:
    """Pointer to `kind` so many bytes behind base."""
    return builder.inttoptr(builder.add(builder.ptrtoint(base, _I64), offset), kind.as_pointer())


def _make_tile(chains: int) -> Any:
    """The loop for so many chains, as an intrinsic

    tile(panel (pairs, 2 COLUMNS) int16 or int32, z (C, 2 pairs) int16, f (C, width) int32, who, step, first, column)

    for chains who[first], who[first + 1], .. and their steps (both int32), and fields f[:, column : column + COLUMNS].
    """

    @intrinsic
    def tile(_context, panel, z, f, who, step, first, column):
        narrow = panel.dtype == types.int16

        def codegen(context, builder, signature, args):
            kinds = zip(signature.args[:5], args[:5], strict=True)
            panel, z, f, who, step = (context.make_array(kind)(context, builder, value) for kind, value in kinds)
            first, column = args[5:]
            z_row, f_row = builder.extract_value(z.strides, 0), builder.extract_value(f.strides, 0)
            places = [builder.add(first, _I64(q)) for q in range(chains)]
            rows = [builder.sext(builder.load(builder.gep(who.data, [at])), _I64) for at in places]
            spins = [_at(builder, z.data, builder.mul(row, z_row), _I32) for row in rows]
            couplings = builder.bitcast(panel.data, (_NARROW if narrow else _TERMS).as_pointer())
            zero = ir.Constant(_SUMS, None)
            sums = [[cgutils.alloca_once_value(builder, zero) for _ in range(VECTORS)] for _ in range(chains)]
            with cgutils.for_range(builder, builder.extract_value(panel.shape, 0)) as loop:
                at = builder.mul(loop.index, _I64(VECTORS))
                J = [builder.load(builder.gep(couplings, [builder.add(at, _I64(v))]), align=4) for v in range(VECTORS)]
                J = [builder.sext(x, _TERMS) for x in J] if narrow else J
                for pair, of_chain in zip(spins, sums, strict=True):
                    both = _splat(builder, builder.load(builder.gep(pair, [loop.index]), align=4))
                    both = builder.sext(builder.bitcast(both, _NARROW), _TERMS)
                    for x, total in zip(J, of_chain, strict=True):
                        # even plus odd products: the form that LLVM knows as pmaddwd
                        terms, none = builder.mul(x, both), ir.Constant(_TERMS, ir.Undefined)
                        even, odd = (builder.shuffle_vector(terms, none, which) for which in (_EVEN, _ODD))
                        builder.store(builder.add(builder.load(total), builder.add(even, odd)), total)
            for at, row, of_chain in zip(places, rows, sums, strict=True):
                change = _splat(builder, builder.load(builder.gep(step.data, [at])))
                offset = builder.add(builder.mul(row, f_row), builder.mul(column, _I64(4)))
                fields = _at(builder, f.data, offset, _SUMS)
                for v, total in enumerate(of_chain):
                    place = builder.gep(fields, [_I64(v)])
                    shift = builder.mul(change, builder.load(total))
                    builder.store(builder.sub(builder.load(place, align=4), shift), place, align=4)
            return context.get_dummy_value()

        return types.void(panel, z, f, who, step, types.int64, types.int64), codegen

    return tile


_wide, _three, _two, _one = (_make_tile(chains) for chains in (WIDE, 3, 2, 1))


@njit
def shift_fields(J, z, f, who, step, count):
    """f[who[a]] -= step[a] J_i z[who[a]] for a < count.  Shapes: J (tiles, pairs, 2 COLUMNS), z (C, 2 pairs) int16,
    f (C, tiles COLUMNS) int32, who and step int32."""
    for tile in range(J.shape[0]):
        panel, column, a = J[tile], tile * COLUMNS, 0
        while a + WIDE <= count:
            _wide(panel, z, f, who, step, a, column)
            a += WIDE
        if a + 3 <= count:
            _three(panel, z, f, who, step, a, column)
            a += 3
        if a + 2 <= count:
            _two(panel, z, f, who, step, a, column)
            a += 2
        if a < count:
            _one(panel, z, f, who, step, a, column)
