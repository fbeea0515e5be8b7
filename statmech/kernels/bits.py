"""Spins as bits: 64 of them in a word, so that an overlap is a count of the bits in which two words differ.

    a.b = N - 2 d,   d = number of sites where a and b differ
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from statmech.kernels.jit import njit

WORD = 64  # spins in a word


@intrinsic
def popcount(_context, word):
    """Number of bits that are set."""

    def codegen(context, builder, signature, args):
        return builder.ctpop(args[0])

    return types.int64(types.uint64), codegen


@intrinsic
def word_of(_context, s, first):
    """Bits k = 0 .. 63, set where spin s[first + k] of s (N,) int8 is -1."""

    def codegen(context, builder, signature, args):
        kind = ir.VectorType(ir.IntType(8), WORD)
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        spins = builder.load(builder.bitcast(builder.gep(data, [args[1]]), kind.as_pointer()), align=1)
        negative = builder.icmp_signed("<", spins, ir.Constant(kind, [0] * WORD))
        return builder.bitcast(negative, ir.IntType(WORD))

    return types.uint64(s, types.int64), codegen


@njit
def pack(s, rows, bits):
    """Bits (D, T, K, W) of the chains s (C, N) int8 at rows (D, T, K): set where a spin is -1, none beyond the last."""
    n, chains, width = s.shape[1], rows.ravel(), bits.shape[3]
    out, whole, rest = bits.reshape((rows.size, width)), n // WORD, n % WORD
    for c in range(rows.size):
        row = s[chains[c]]
        for w in range(whole):
            out[c, w] = word_of(row, WORD * w)
        if rest and whole:  # the last 64 spins, without those that are in a word already
            out[c, whole] = word_of(row, n - WORD) >> np.uint64(WORD - rest)
        elif rest:
            word = np.uint64(0)
            for k in range(rest):
                word |= np.uint64(row[k] < 0) << np.uint64(k)
            out[c, 0] = word
