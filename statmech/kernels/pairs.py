"""CPU kernel of the family `pairs`:  H = scale (-1/2 s.J s - h.s).

Every chain keeps its local fields f_i = sum_j J_ij s_j + h_i, so a proposal costs O(1), dE_i = 2 s_i f_i, and
only an accepted flip touches a row of J.  Integers throughout: no drift, any order of summation.  One chain at a time,
in either order and for numbers of any size; pairs_block.py is the fast way for ladders of chains.
"""

from __future__ import annotations

import numba
import numpy as np

from statmech.kernels.common import fill_sweep
from statmech.kernels.jit import njit, njit_parallel


@njit
def update_pairs(J, s, f, sites, xi, theta):
    """Propose to flip sites[k] with threshold xi[k], in order; returns (sum of dE, accepted).  theta = T/scale."""
    total = f[0] * 0  # the zero of the field's type
    accepted = 0
    for k in range(sites.size):
        i = sites[k]
        dE = 2 * s[i] * f[i]
        if np.float64(dE) < theta * xi[k]:
            row = J[i]
            if s[i] > 0:
                for j in range(f.size):
                    f[j] -= 2 * row[j]
            else:
                for j in range(f.size):
                    f[j] += 2 * row[j]
            s[i] = -s[i]
            total += dE
            accepted += 1
    return total, accepted


@njit_parallel
def sweep_pairs(J, s, f, energy, sample, keys, lanes, theta, start, sweeps, heatbath, random_order, accepted):
    """Sweeps start .. start+sweeps-1 of every chain.  Shapes: J (D, N, P), s (C, N), f (C, P), the rest (C,)."""
    n = s.shape[1]
    for c in numba.prange(s.shape[0]):
        words = np.empty((n + 3) // 4 * 4, np.uint64)
        xi = np.zeros(n)
        sites = np.arange(n).astype(np.int32)
        for t in range(sweeps):
            fill_sweep(keys[c], np.uint64(start + t), lanes[c], theta[c], heatbath, random_order, words, xi, sites)
            dE, flips = update_pairs(J[sample[c]], s[c], f[c], sites, xi, theta[c])
            energy[c] += dE
            accepted[c] += flips
            if theta[c] == 0.0 and flips == 0 and not random_order:
                break  # a one-flip minimum: nothing can happen any more
