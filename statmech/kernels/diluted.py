"""CPU kernel of the family `diluted`:  H = -scale sum_t J_t prod_{i in t} s_i over a list of terms t.

Every chain keeps the aligned fields a_i = sum_{t containing i} J_t prod_{j in t} s_j, so dE_i = 2 a_i.  A flip of
spin i turns the sign of its terms: of what they add to a_j for each of their members j, i among them.
"""

from __future__ import annotations

import numba
import numpy as np

from statmech.kernels.common import fill_sweep
from statmech.kernels.jit import njit, njit_parallel


@njit
def update_diluted(starts, terms, ends, members, J, s, a, sites, xi, theta):
    """Propose to flip sites[k] with threshold xi[k], in order; returns (sum of dE, accepted).  theta = T/scale.

    Spin i is in terms[starts[i] : starts[i + 1]], term t has the members[ends[t] : ends[t + 1]] and the coupling J[t].
    """
    total, accepted = np.int64(0), 0
    for k in range(sites.size):
        i = sites[k]
        dE = 2 * np.int64(a[i])
        if np.float64(dE) < theta * xi[k]:
            for at in range(starts[i], starts[i + 1]):
                t = terms[at]
                own = members[ends[t] : ends[t + 1]]
                twice = 2 * np.int64(J[t])
                for j in own:
                    twice *= s[j]
                for j in own:
                    a[j] -= twice
            s[i] = -s[i]
            total += dE
            accepted += 1
    return total, accepted


@njit_parallel
def sweep_diluted(
    starts, terms, ends, members, J, s, a, energy, sample, keys, lanes, theta, start, sweeps, heatbath, random_order,
    accepted,
):  # fmt: skip
    """As sweep_pairs.  Shapes: starts (D, N + 1), terms, members (D, sum of p), ends (M + 1,), J (D, M), a (C, ..)."""
    n = s.shape[1]
    for c in numba.prange(s.shape[0]):
        words = np.empty((n + 3) // 4 * 4, np.uint64)
        xi = np.zeros(n)
        sites = np.arange(n).astype(np.int32)
        d = sample[c]
        for t in range(sweeps):
            fill_sweep(keys[c], np.uint64(start + t), lanes[c], theta[c], heatbath, random_order, words, xi, sites)
            dE, flips = update_diluted(starts[d], terms[d], ends, members[d], J[d], s[c], a[c], sites, xi, theta[c])
            energy[c] += dE
            accepted[c] += flips
            if theta[c] == 0.0 and flips == 0 and not random_order:
                break  # a one-flip minimum: nothing can happen any more
