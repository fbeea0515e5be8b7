"""CPU kernel of the family `fields`:  H = scale sum_mu V(xi_mu . s) with integer V and integer fields.

Every chain keeps the P fields M_mu = sum_i xi_mu,i s_i and its energy in units of scale.  A proposal costs P
operations: a flip of spin i changes field mu by -2 s_i xi_mu,i, and the energy becomes

    quadratic   E + dE,  dE = 2 (s_i sum_mu xi_mu,i M_mu - P): the same integer as in pair form
    step        the number of fields at or below the threshold
    lookup      sum_mu V(M_mu - 2 s_i xi_mu,i), V by table
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from statmech.kernels.common import fill_sweep
from statmech.kernels.jit import njit, njit_parallel
from statmech.problems import FieldProblem, Lookup, Quadratic, Step

QUADRATIC, STEP, LOOKUP = 0, 1, 2
BLOCK = 4096  # fields counted in one 16-bit number
VECTOR = 32  # 16-bit fields in a vector


class Form(NamedTuple):
    """The potential as the kernels take it; `patterns` are the fields that are not padding."""

    kind: int
    patterns: int
    threshold: int
    table: np.ndarray
    low: int
    shift: int


def form(problem: FieldProblem, largest: int) -> Form:
    """The Form of a problem whose fields are at most `largest` in size."""
    V, patterns = problem.potential, problem.xi.shape[1]
    empty = np.zeros(1, np.int32)
    if isinstance(V, Quadratic):
        return Form(QUADRATIC, patterns, 0, empty, 0, 0)
    if isinstance(V, Step):  # beyond the largest field a threshold is as good as at it
        return Form(STEP, patterns, int(np.clip(V.threshold, -largest - 1, largest)), empty, 0, 0)
    if isinstance(V, Lookup):
        table = np.ascontiguousarray(V.table)
        last = V.low + ((table.size - 1) << V.shift) - (V.shift > 0)
        if table.dtype != np.int32 or V.low > -largest or last < largest:
            raise ValueError(
                f"the table of the potential, {table.dtype}, is for fields {V.low} to {last}, and fields reach "
                f"+-{largest}: expected int32 and knots for all of them"
            )
        return Form(LOOKUP, patterns, 0, table, V.low, V.shift)
    raise TypeError(f"potential = {V!r}: expected Quadratic(), Step(...) or Lookup(...)")


@njit
def _count_block(column, M, step, threshold):
    # narrow sums and no index arithmetic (a slice of its own): up to 32 examples per vector instruction
    narrow = M.dtype.type
    part = narrow(0)
    for mu in range(M.size):
        part = narrow(part + narrow(narrow(M[mu] + narrow(step * column[mu])) <= threshold))
    return part


@njit
def count_errors(column, M, step, threshold):
    """Number of mu with M_mu + step column_mu <= threshold."""
    total = np.int64(0)
    step, threshold = M.dtype.type(step), M.dtype.type(threshold)
    for b in range(0, M.size, BLOCK):
        total += _count_block(column[b : b + BLOCK], M[b : b + BLOCK], step, threshold)
    return total


@njit
def sum_table(column, M, step, form):
    """sum_mu V(M_mu + step column_mu), V linear between the knots of the table."""
    total = np.int64(0)
    table, low, shift = form.table, form.low, form.shift
    if shift == 0:
        for mu in range(form.patterns):
            total += table[M[mu] + step * column[mu] - low]
        return total
    rest = (1 << shift) - 1
    for mu in range(form.patterns):
        at = M[mu] + step * column[mu] - low
        knot = at >> shift
        left = np.int64(table[knot])
        total += left + ((table[knot + 1] - left) * (at & rest) >> shift)
    return total


@intrinsic
def product(_context, column, M):
    """sum_mu xi_mu M_mu, in 32 bits; whole vectors: both are padded with zeros to multiples of 64."""
    terms, sums = ir.VectorType(ir.IntType(32), VECTOR), ir.VectorType(ir.IntType(32), VECTOR // 2)
    even, odd = (ir.Constant(sums, [2 * x + one for x in range(VECTOR // 2)]) for one in (0, 1))

    def codegen(context, builder, signature, args):
        arrays = [context.make_array(kind)(context, builder, value) for kind, value in zip(signature.args, args)]
        total = cgutils.alloca_once_value(builder, ir.Constant(sums, None))
        vectors = builder.udiv(builder.extract_value(arrays[0].shape, 0), ir.IntType(64)(VECTOR))
        with cgutils.for_range(builder, vectors) as loop:
            factors = []
            for array in arrays:
                kind = ir.VectorType(array.data.type.pointee, VECTOR)
                place = builder.gep(builder.bitcast(array.data, kind.as_pointer()), [loop.index])
                factors.append(builder.sext(builder.load(place, align=2), terms))
            both = builder.mul(*factors)
            # even plus odd products: the form that LLVM knows as pmaddwd
            pairs = [builder.shuffle_vector(both, ir.Constant(terms, ir.Undefined), which) for which in (even, odd)]
            builder.store(builder.add(builder.load(total), builder.add(*pairs)), total)
        result = ir.IntType(32)(0)
        for x in range(VECTOR // 2):
            result = builder.add(result, builder.extract_element(builder.load(total), ir.IntType(32)(x)))
        return result

    return types.int32(column, M), codegen


@njit
def shift_fields(column, M, step):
    """M += step column."""
    for mu in range(M.size):
        M[mu] += step * column[mu]


@njit
def update_fields(form, columns, s, M, energy, sites, xi, theta):
    """Propose to flip sites[k] with threshold xi[k], in order, from `energy` in units of scale; theta = T/scale.

    Returns (sum of dE, accepted); changes s and M.
    """
    total = np.int64(0)
    accepted = 0
    for k in range(sites.size):
        i = sites[k]
        column = columns[i]
        step = -2 * s[i]
        if form.kind == STEP:
            dE = count_errors(column, M, step, form.threshold) - (energy + total)
        elif form.kind == LOOKUP:
            dE = sum_table(column, M, step, form) - (energy + total)
        else:
            dE = 2 * (np.int64(s[i]) * product(column, M) - form.patterns)
        if np.float64(dE) < theta * xi[k]:
            shift_fields(column, M, step)
            s[i] = -s[i]
            total += dE
            accepted += 1
    return total, accepted


@njit_parallel
def sweep_fields(
    form, columns, s, M, energy, sample, keys, lanes, theta, start, sweeps, heatbath, random_order, accepted
):  # fmt: skip
    """As sweep_pairs.  Shapes: columns (D, N, Q) int8 or int16 zero-padded from P to Q, M (C, Q) int16 or int32."""
    n = s.shape[1]
    for c in numba.prange(s.shape[0]):
        words = np.empty((n + 3) // 4 * 4, np.uint64)
        xi = np.zeros(n)
        sites = np.arange(n).astype(np.int32)
        for t in range(sweeps):
            fill_sweep(keys[c], np.uint64(start + t), lanes[c], theta[c], heatbath, random_order, words, xi, sites)
            dE, flips = update_fields(form, columns[sample[c]], s[c], M[c], energy[c], sites, xi, theta[c])
            energy[c] += dE
            accepted[c] += flips
            if theta[c] == 0.0 and flips == 0 and not random_order:
                break  # a one-flip minimum: nothing can happen any more
