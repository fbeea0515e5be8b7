"""The inner loops of blocked `pairs` (pairs_block.py), in LLVM's vector code: no compiler finds them from loops.

`settle` decides the proposals of a block of sites for LANES chains at once, in order.  `add_rows` adds the rows of J
of all flips of a block to a stretch of one chain's fields, every sum in a register and in 16 bits, where twice as many
fit.  Which of the sites of a block flip, and which spins point down, are the bits of a word.  The numbers are integers
(in `settle` kept as float32, exact below 2^24): the same everywhere, fused or not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from statmech.kernels.lanes import LANES, splat, vector

STRIDE = 8  # sites whose fields `settle` holds in registers
WORD = 64  # sites of a block at most
VECTOR = 32  # 16-bit couplings in a vector
_I16, _I32, _I64, _F32 = ir.IntType(16), ir.IntType(32), ir.IntType(64), ir.FloatType()
_FLOATS, _INTS, _WORDS = vector(_F32), vector(_I32), vector(_I64)
_NARROW, _WIDE = ir.VectorType(_I16, VECTOR), ir.VectorType(_I32, VECTOR)


def _constant(kind: Any, value: Any) -> Any:
    return ir.Constant(kind, [value] * kind.count)


def _rows(builder: Any, array: Any, kind: Any) -> Any:
    """index -> pointer to the vector of that row of an array whose rows are one vector."""
    base = builder.bitcast(array.data, kind.as_pointer())
    return lambda index: builder.gep(base, [index])


def _range(builder: Any, start: Any, stop: Any, step: int) -> Any:
    return cgutils.for_range_slice(builder, start, stop, _I64(step), intp=_I64)


def _arrays(context: Any, builder: Any, kinds: Any, values: Any) -> list[Any]:
    return [context.make_array(kind)(context, builder, value) for kind, value in zip(kinds, values)]


@contextmanager
def _bits(builder: Any, word: Any) -> Iterator[Any]:
    """A loop over the places of the bits of a word that are set, from the lowest."""
    left = cgutils.alloca_once_value(builder, word)
    test, body, end = (builder.append_basic_block(name) for name in ("bits", "bit", "bits_end"))
    builder.branch(test)
    builder.position_at_end(test)
    now = builder.load(left)
    builder.cbranch(builder.icmp_unsigned("!=", now, _I64(0)), body, end)
    builder.position_at_end(body)
    yield builder.cttz(now, ir.IntType(1)(1))
    builder.store(builder.and_(now, builder.sub(now, _I64(1))), left)
    builder.branch(test)
    builder.position_at_end(end)


@intrinsic
def next_site(_context, word):
    """Place of the lowest bit of a word that is set (it has one)."""

    def codegen(context, builder, signature, args):
        return builder.cttz(args[0], ir.IntType(1)(1))

    return types.int64(types.uint64), codegen


def _transposed(builder: Any, rows: list[Any]) -> list[Any]:
    """LANES vectors as a matrix: blocks off the diagonal change places, half the matrix, then a quarter, ..."""
    rows, reach = list(rows), LANES // 2
    while reach:
        upper = ir.Constant(_INTS, [i if not i & reach else LANES + (i ^ reach) for i in range(LANES)])
        lower = ir.Constant(_INTS, [i ^ reach if not i & reach else LANES + i for i in range(LANES)])
        for a in (a for a in range(LANES) if not a & reach):
            pair = rows[a], rows[a | reach]
            rows[a], rows[a | reach] = (builder.shuffle_vector(*pair, which) for which in (upper, lower))
        reach //= 2
    return rows


@intrinsic
def gather(_context, f, first, fields):
    """fields (B, LANES) float32 = f[c, first + k] of the chains c = 0 .. LANES - 1 (past the last chain: of that)."""
    small = f.dtype == types.int16

    def codegen(context, builder, signature, args):
        f, fields = _arrays(context, builder, signature.args[::2], args[::2])
        last = builder.sub(builder.extract_value(f.shape, 0), _I64(1))
        kind = vector(_I16 if small else _I32)
        width, size = builder.extract_value(f.shape, 1), builder.extract_value(fields.shape, 0)
        chains = []
        for c in range(LANES):
            at = builder.select(builder.icmp_signed("<", _I64(c), last), _I64(c), last)
            chains.append(builder.gep(f.data, [builder.add(builder.mul(at, width), args[1])]))
        target = _rows(builder, fields, _FLOATS)
        with _range(builder, _I64(0), size, LANES) as (k, _):
            places = (builder.bitcast(builder.gep(chain, [k]), kind.as_pointer()) for chain in chains)
            rows = [builder.sitofp(builder.load(place, align=2), _FLOATS) for place in places]
            for q, row in enumerate(_transposed(builder, rows)):
                builder.store(row, target(builder.add(k, _I64(q))), align=4)
        return context.get_dummy_value()

    return types.void(f, types.int64, fields), codegen


@intrinsic
def settle(_context, J, fields, limits, down, flips, gains):
    """Propose to flip sites 0 .. B-1 of a block in order, in LANES chains: a flip is accepted iff 2 s f < limit.

    J (B, B) float32 couplings inside the block; fields, limits (B, LANES) float32.  Bit k of down (LANES,) uint64 says
    that s_k = -1.  Leaves in flips (LANES,) uint64 what was accepted, in gains (LANES,) int32 the sum of s f over it.
    B is a multiple of STRIDE.
    """

    def codegen(context, builder, signature, args):
        J, fields, limits, down, flips, gains = _arrays(context, builder, signature.args, args)
        size, zero = builder.extract_value(J.shape, 0), _I64(0)
        field, limit = _rows(builder, fields, _FLOATS), _rows(builder, limits, _FLOATS)
        start, none = builder.load(_rows(builder, down, _WORDS)(zero), align=8), ir.Constant(_FLOATS, None)

        def shifted(f, step, i, j):
            J_ij = builder.load(builder.gep(J.data, [builder.add(builder.mul(i, size), j)]))
            change = builder.fmul(step, splat(builder, J_ij), flags=("contract",))
            return builder.fadd(f, change, flags=("contract",))

        total = cgutils.alloca_once_value(builder, ir.Constant(_INTS, None))
        accepted = cgutils.alloca_once_value(builder, ir.Constant(_WORDS, None))
        with _range(builder, zero, size, STRIDE) as (first, _):
            here = [builder.add(first, _I64(q)) for q in range(STRIDE)]
            shift = splat(builder, first)
            spins = builder.trunc(builder.lshr(start, shift), _INTS)
            f, steps, flipped = [builder.load(field(k), align=4) for k in here], [], ir.Constant(_INTS, None)
            for q, k in enumerate(here):
                sign = builder.and_(builder.shl(spins, _constant(_INTS, 31 - q)), _constant(_INTS, -(2**31)))
                gained = builder.bitcast(builder.xor(builder.bitcast(f[q], _INTS), sign), _FLOATS)
                accept = builder.fcmp_ordered("<", builder.fadd(gained, gained), builder.load(limit(k), align=4))
                step = builder.xor(builder.bitcast(_constant(_FLOATS, -2.0), _INTS), sign)
                steps.append(builder.select(accept, builder.bitcast(step, _FLOATS), none))
                flipped = builder.select(accept, builder.or_(flipped, _constant(_INTS, 1 << q)), flipped)
                gained = builder.fptosi(builder.select(accept, gained, none), _INTS)
                builder.store(builder.add(builder.load(total), gained), total)
                for r in range(q + 1, STRIDE):
                    f[r] = shifted(f[r], steps[q], k, here[r])
            flipped = builder.shl(builder.zext(flipped, _WORDS), shift)
            builder.store(builder.or_(builder.load(accepted), flipped), accepted)
            with _range(builder, builder.add(first, _I64(STRIDE)), size, 1) as (m, _):
                rest = builder.load(field(m), align=4)
                for step, k in zip(steps, here):
                    rest = shifted(rest, step, k, m)
                builder.store(rest, field(m), align=4)
        builder.store(builder.load(accepted), _rows(builder, flips, _WORDS)(zero), align=8)
        builder.store(builder.load(total), _rows(builder, gains, _INTS)(zero), align=4)
        return context.get_dummy_value()

    return types.void(J, fields, limits, down, flips, gains), codegen


def _make_add_rows(vectors: int) -> Any:
    """The loop for so many vectors of fields, as an intrinsic

    add(J (B, width) int16, f (width,) int16 or int32, plus, minus, column): f += 2 (sum_plus - sum_minus) J

    from `column` on; bit k of the words plus and minus names row k.
    """

    @intrinsic
    def add(_context, J, f, plus, minus, column):
        narrow = f.dtype == types.int16

        def codegen(context, builder, signature, args):
            J, f = _arrays(context, builder, signature.args[:2], args[:2])
            column, stride = args[4], builder.extract_value(J.strides, 0)
            start = builder.ptrtoint(builder.gep(J.data, [column]), _I64)
            sums = [cgutils.alloca_once_value(builder, ir.Constant(_NARROW, None)) for _ in range(vectors)]
            for rows, change in zip(args[2:4], (builder.add, builder.sub)):
                with _bits(builder, rows) as k:
                    at = builder.inttoptr(builder.add(start, builder.mul(k, stride)), _NARROW.as_pointer())
                    for v, total in enumerate(sums):
                        couplings = builder.load(builder.gep(at, [_I64(v)]), align=2)
                        builder.store(change(builder.load(total), couplings), total)
            kind = _NARROW if narrow else _WIDE
            fields = builder.bitcast(builder.gep(f.data, [column]), kind.as_pointer())
            for v, total in enumerate(sums):
                place = builder.gep(fields, [_I64(v)])
                change = builder.load(total) if narrow else builder.sext(builder.load(total), kind)
                twice = builder.shl(change, _constant(kind, 1))
                builder.store(builder.add(builder.load(place, align=2), twice), place, align=2)
            return context.get_dummy_value()

        return types.void(J, f, types.uint64, types.uint64, types.int64), codegen

    return add


PANEL = 8  # vectors of fields that go together at most: 256 fields, and 32 kB of the rows of 64 sites
add_8, add_4, add_2, add_1 = (_make_add_rows(vectors) for vectors in (PANEL, 4, 2, 1))
