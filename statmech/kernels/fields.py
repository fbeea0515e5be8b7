"""CPU kernel of the family `fields` with quadratic potential:  H = -(scale/2) sum_mu [(xi_mu . s)^2 - N].

Every chain keeps the P overlaps M_mu = sum_i xi_mu,i s_i.  A proposal costs P operations,
dE_i = 2 (s_i sum_mu xi_mu,i M_mu - P), the same integer as in pair form, hence the same trajectory.
"""

from __future__ import annotations

import numba
import numpy as np

from statmech.kernels.common import fill_sites, fill_thresholds
from statmech.kernels.jit import njit, njit_parallel


@njit
def update_fields(columns, patterns, s, M, sites, xi, theta):
    """Propose to flip sites[k] with threshold xi[k], in order; returns (sum of dE, accepted).  theta = T/scale."""
    total = np.int64(0)
    accepted = 0
    for k in range(sites.size):
        i = sites[k]
        column = columns[i]
        dot = np.int32(0)
        for mu in range(M.size):
            dot += np.int32(column[mu]) * np.int32(M[mu])
        dE = 2 * (np.int64(s[i]) * dot - patterns)
        if np.float64(dE) < theta * xi[k]:
            step = -2 * s[i]
            for mu in range(M.size):
                M[mu] += step * column[mu]
            s[i] = -s[i]
            total += dE
            accepted += 1
    return total, accepted


@njit_parallel
def sweep_fields(
    columns, patterns, s, M, energy, sample, keys, lanes, theta, start, sweeps, heatbath, random_order, accepted
):  # fmt: skip
    """As sweep_pairs.  Shapes: columns (D, N, Q) int16 zero-padded from P to Q, M (C, Q) int16 or int32."""
    n = s.shape[1]
    for c in numba.prange(s.shape[0]):
        words = np.empty((n + 3) // 4 * 4, np.uint64)
        xi = np.zeros(n)
        sites = np.arange(n).astype(np.int32)
        for t in range(sweeps):
            sweep = np.uint64(start + t)
            if theta[c] > 0.0:
                fill_thresholds(keys[c], sweep, lanes[c], heatbath, words, xi)
            if random_order:
                fill_sites(keys[c], sweep, lanes[c], words, sites)
            dE, flips = update_fields(columns[sample[c]], patterns, s[c], M[c], sites, xi, theta[c])
            energy[c] += dE
            accepted[c] += flips
            if theta[c] == 0.0 and flips == 0 and not random_order:
                break  # a one-flip minimum: nothing can happen any more
