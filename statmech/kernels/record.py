"""A measurement, compiled: overlaps of spins that are bits, energies, and their way into the binned series.

What tasks.measure.Meter does in plain array code.  Chains stay where the walkers have them: rows (D, T, K) says which
one belongs to every temperature.  An overlap takes N + 1 values, so its powers and its place in the histogram are read
from tables.
"""

from __future__ import annotations

import numpy as np

from statmech.kernels.bits import pack, popcount
from statmech.kernels.jit import njit

FEW = 8  # targets
TOGETHER = 8  # series that are written at once: each lies in a page of its own, and waits for memory alone


@njit
def overlaps(s, rows, targets, bits, M):
    """Bits (D, T, K, W) of the chains s (C, N) at rows (D, T, K), and M (D, T, K, X) = sum_i v_i s_i for X targets v,
    given as bits (D, W, X)."""
    D, T, K = rows.shape
    n = s.shape[1]
    pack(s, rows, bits)
    for d in range(D):
        for t in range(T):
            for k in range(K):
                here, sums = bits[d, t, k], M[d, t, k]
                if sums.size < FEW:
                    for x in range(sums.size):
                        apart = 0
                        for w in range(here.size):
                            apart += popcount(here[w] ^ targets[d, w, x])
                        sums[x] = n - 2 * apart
                else:  # a vector of targets at a time
                    sums[:] = n
                    for w in range(here.size):
                        word, row = here[w], targets[d, w]
                        for x in range(sums.size):
                            sums[x] -= 2 * popcount(word ^ row[x])


@njit
def record(bits, energy, rows, n, left, rest, slot, values, differing, lowest, histogram):
    """One measurement into the slot: values[slot, 0 and 1] = e, e^2 (D, T, K), differing[slot] = number of sites where
    the pairs (0, 1), (2, 3), ... of replicas differ; lowest e, and the histogram (D, T, bins) of overlaps.

    energy (D R K,) by walker; left, rest (N + 1,): bin of an overlap, and its counts out of n for the next bin.
    Returns whether no energy is NaN; if one is, nothing has changed."""
    D, T, K = rows.shape
    for row in rows.ravel():
        if np.isnan(energy[row]):
            return False
    for d in range(D):
        for t in range(T):
            counts = histogram[d, t]
            for k in range(K):
                e = energy[rows[d, t, k]] / n
                values[slot, 0, d, t, k], values[slot, 1, d, t, k] = e, e * e
                lowest[d, t, k] = min(lowest[d, t, k], e)
            for j in range(differing.shape[3]):
                a, b = bits[d, t, 2 * j], bits[d, t, 2 * j + 1]
                apart = 0
                for w in range(a.size):
                    apart += popcount(a[w] ^ b[w])
                differing[slot, d, t, j] = apart
                place, more = left[apart], rest[apart]
                counts[place] += n - more
                counts[min(place + 1, counts.size - 1)] += more
    return True


@njit
def add(values, differing, powers, first, count, length, chain, pair):
    """The measurements first, first + 1, ... in `count` slots, to the series chain (O, D, T, K, bins) and, their powers
    (5, N + 1) looked up, pair (5, D, T, K // 2, bins); `length` measurements per bin."""
    shape, bins = chain.shape, chain.shape[4]
    chains, pairs = shape[1] * shape[2] * shape[3], shape[1] * shape[2] * pair.shape[3]
    one, two = chain.reshape((shape[0], chains, bins)), pair.reshape((len(pair), pairs, bins))
    new, apart = values.reshape((len(values), shape[0], chains)), differing.reshape((len(differing), pairs))
    for o in range(shape[0]):
        for begin in range(0, chains, TOGETHER):
            for i in range(count):
                place = (first + i) // length
                for c in range(begin, min(begin + TOGETHER, chains)):
                    one[o, c, place] += new[i, o, c]
    for p in range(len(pair)):
        for begin in range(0, pairs, TOGETHER):
            for i in range(count):
                place = (first + i) // length
                for c in range(begin, min(begin + TOGETHER, pairs)):
                    two[p, c, place] += powers[p, apart[i, c]]
