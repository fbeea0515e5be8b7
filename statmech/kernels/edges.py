"""CPU kernel of the family `fields` for the 0/1 error of ±1 patterns: V(M) = 1 for M <= threshold, else 0.

A flip moves every field by 2, so only fields at an edge can change sides: those just above the threshold (they fall to
an error if they go down) and those just below it (an error that is mended if they go up).  Every chain keeps the edges
as bits, one word for 64 patterns, and the patterns' signs are bits too, so a proposal counts bits,

    dE = |above and down| - |below and up|,

and only an accepted flip touches the P fields.  The same integer dE, hence the same trajectory, as fields.py.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from statmech.kernels.bits import popcount
from statmech.kernels.common import fill_sweep
from statmech.kernels.fields import STEP
from statmech.kernels.jit import njit, njit_parallel

WORD = 64  # patterns in a word
LARGEST = 2**14  # spins: with more, edges could reach the value that fills up M
_WORD, _FIELDS = ir.IntType(64), ir.VectorType(ir.IntType(16), WORD)


def counts_edges(xi: np.ndarray, kind: int, field_type: np.dtype) -> bool:
    """Is a potential (fields.STEP ..) of patterns xi (D, P, N) the 0/1 error of +-1 patterns with fields of 16 bits?"""
    return xi.dtype == np.int8 and kind == STEP and field_type == np.int16 and xi.shape[-1] <= LARGEST


def signs(xi: np.ndarray) -> np.ndarray:
    """Bits of patterns (D, P, N) of +-1, set where they are +1: uint64 (D, N, P / 64).

    Example: ``signs(np.ones((1, 3, 5), np.int8)).tolist() == [[[7]] * 5]``
    """
    samples, patterns, n = xi.shape
    bits = np.zeros((samples, n, -(-patterns // WORD) * WORD), np.uint8)
    bits[..., :patterns] = xi.transpose(0, 2, 1) > 0
    return np.packbits(bits, axis=-1, bitorder="little").view(np.uint64)


@intrinsic
def shift_and_mark(_context, M, column, step, threshold, above, below):
    """M += step column, and the edges after it: bits of M in (threshold, threshold + 2] and (threshold - 2, threshold].

    M, column (Q,) int16, step and threshold int16; above, below (Q / 64,) uint64.  step = 0 marks M as it is.
    """

    def codegen(context, builder, signature, args):
        arrays = [context.make_array(signature.args[a])(context, builder, args[a]) for a in (0, 1, 4, 5)]
        fields, couplings = (builder.bitcast(a.data, _FIELDS.as_pointer()) for a in arrays[:2])
        none = ir.Constant(_FIELDS, ir.Undefined)
        first = ir.Constant(ir.VectorType(ir.IntType(32), WORD), [0] * WORD)

        def splat(scalar: Any) -> Any:
            return builder.shuffle_vector(builder.insert_element(none, scalar, ir.IntType(32)(0)), none, first)

        def constant(value: int) -> Any:
            return ir.Constant(_FIELDS, [value] * WORD)

        step, threshold = splat(args[2]), splat(args[3])
        with cgutils.for_range(builder, builder.extract_value(arrays[2].shape, 0)) as loop:
            place = builder.gep(fields, [loop.index])
            change = builder.mul(step, builder.load(builder.gep(couplings, [loop.index]), align=2))
            M = builder.add(builder.load(place, align=2), change)
            builder.store(M, place, align=2)
            beyond = builder.sub(builder.sub(M, threshold), constant(1))  # 0 or 1 above, -1 or -2 below
            for array, edge in zip(arrays[2:], (beyond, builder.xor(beyond, constant(-1)))):
                near = builder.icmp_unsigned("<", edge, constant(2))
                builder.store(builder.bitcast(near, _WORD), builder.gep(array.data, [loop.index]))
        return context.get_dummy_value()

    return types.void(M, column, types.int16, types.int16, above, below), codegen


@njit
def difference(bits, above, below, turned):
    """dE of a flip; turned is all bits for a spin that points down, none for one that points up."""
    dE = np.int64(0)
    for w in range(bits.size):
        down = bits[w] ^ turned  # the fields that the flip lowers
        dE += popcount(above[w] & down) - popcount(below[w] & ~down)
    return dE


@njit
def update_edges(threshold, columns, bits, s, M, above, below, sites, xi, theta):
    """Propose to flip sites[k] with threshold xi[k], in order; theta = T/scale.  Returns (sum of dE, accepted); changes
    s, M and its edges (workspace)."""
    total, accepted = np.int64(0), 0
    shift_and_mark(M, columns[0], 0, threshold, above, below)
    for k in range(sites.size):
        i = sites[k]
        dE = difference(bits[i], above, below, np.uint64(0) if s[i] > 0 else ~np.uint64(0))
        if np.float64(dE) < theta * xi[k]:
            shift_and_mark(M, columns[i], -2 * s[i], threshold, above, below)
            s[i] = -s[i]
            total += dE
            accepted += 1
    return total, accepted


@njit_parallel
def sweep_edges(
    threshold, columns, bits, s, M, energy, sample, keys, lanes, theta, start, sweeps, heatbath, random_order, accepted
):  # fmt: skip
    """As sweep_fields.  Shapes: columns (D, N, Q) int16, bits (D, N, Q / 64), M (C, Q) int16."""
    n = s.shape[1]
    for c in numba.prange(s.shape[0]):
        words = np.empty((n + 3) // 4 * 4, np.uint64)
        xi = np.zeros(n)
        sites = np.arange(n).astype(np.int32)
        above, below = np.empty(bits.shape[2], np.uint64), np.empty(bits.shape[2], np.uint64)
        for t in range(sweeps):
            fill_sweep(keys[c], np.uint64(start + t), lanes[c], theta[c], heatbath, random_order, words, xi, sites)
            dE, flips = update_edges(
                threshold, columns[sample[c]], bits[sample[c]], s[c], M[c], above, below, sites, xi, theta[c]
            )  # fmt: skip
            energy[c] += dE
            accepted[c] += flips
            if theta[c] == 0.0 and flips == 0 and not random_order:
                break  # a one-flip minimum: nothing can happen any more
