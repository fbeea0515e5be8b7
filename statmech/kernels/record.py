"""A measurement, compiled: overlaps of spins that are bits, energies, and their way into the binned series.

What tasks.measure.Meter does in plain array code.  Chains stay where the walkers have them: rows (D, T, K) says which
one belongs to every temperature.  An overlap takes N + 1 values, so its powers and its place in the histogram are read
from tables.
"""

from __future__ import annotations

import numpy as np

from statmech.kernels.bits import pack, popcount
from statmech.kernels.jit import njit


@njit
def overlaps(s, rows, targets, bits, M):
    """Bits (D, T, K, W) of the chains s (C, N) at rows (D, T, K), and M (D, T, K, X) = sum_i v_i s_i for X targets v,
    given as bits (D, W, X)."""
    D, T, K = rows.shape
    n = s.shape[1]
    for d in range(D):
        for t in range(T):
            for k in range(K):
                here, sums = bits[d, t, k], M[d, t, k]
                pack(s[rows[d, t, k]], here)
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
    for o, d, t, k in np.ndindex(chain.shape[:4]):
        series = chain[o, d, t, k]
        for i in range(count):
            series[(first + i) // length] += values[i, o, d, t, k]
    for p, d, t, j in np.ndindex(pair.shape[:4]):
        series = pair[p, d, t, j]
        for i in range(count):
            series[(first + i) // length] += powers[p, differing[i, d, t, j]]
