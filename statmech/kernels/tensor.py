"""CPU kernel of the family `tensor`:  H = -scale sum_p sum_{i1<..<ip} J_{i1..ip} s_i1 .. s_ip.

Every chain keeps its local fields f_i = -dH/ds_i / scale and the products z of its spins: a proposal costs O(1),
dE_i = 2 s_i f_i, and an accepted flip the product of the matrix J_i with z (tensor_layout.py).  In sequential order all
chains of a sample visit the same spin, so they go in step: J_i is read once for all chains that accept.
"""

from __future__ import annotations

import numba
import numpy as np

from statmech.kernels.common import fill_sites, fill_thresholds
from statmech.kernels.jit import njit, njit_parallel
from statmech.kernels.tensor_layout import COLUMNS
from statmech.kernels.tensor_tile import shift_fields


@njit
def expand(packed, p, n, offset, binomial, J, load):
    """Writes the couplings of all p-tuples, p >= 2, to J (N, tiles, pairs, 2 COLUMNS) at entries offset, offset + 1, ..
    of z, and adds the size of those of every site to load (N,) int64.  binomial (N + 1, p + 1)."""
    sites = np.arange(p)
    for b in range(packed.size):
        value = packed[b]
        for x in range(p):
            i = sites[x]
            load[i] += abs(np.int64(value))
            for y in range(p):
                if x != y:
                    m, rank = offset, 1  # the place of the other p - 2 among all (p-2)-tuples
                    for w in range(p):
                        if w not in (x, y):
                            m += binomial[sites[w], rank]
                            rank += 1
                    j = sites[y]
                    J[i, j // COLUMNS, m // 2, 2 * (j % COLUMNS) + m % 2] = value
        k = 0  # the next tuple in colexicographic order
        while k + 1 < p and sites[k] + 1 == sites[k + 1]:
            sites[k] = k
            k += 1
        sites[k] += 1


@njit
def turn(starts, index, s, z, i):
    """Flip spin i of one chain, with the products that contain it."""
    s[i] = -s[i]
    for at in range(starts[i], starts[i + 1]):
        z[index[at]] = -z[index[at]]


@njit
def sweep_in_step(J, starts, index, s, z, f, energy, theta, thresholds, awake, accepted):
    """One sweep in sequential order of all chains of a group that are awake; thresholds theta xi (N, G)."""
    who, step = np.empty(len(s), np.int32), np.empty(len(s), np.int32)
    flips = np.zeros(len(s), np.int64)
    for i in range(J.shape[0]):
        count = 0
        for c in range(len(s)):
            dE = 2 * np.int64(s[c, i]) * f[c, i]
            if awake[c] and np.float64(dE) < thresholds[i, c]:
                who[count], step[count] = c, 2 * s[c, i]
                count += 1
                energy[c] += dE
                flips[c] += 1
        if count:
            shift_fields(J[i], z, f, who, step, count)
            for a in range(count):
                turn(starts, index, s[who[a]], z[who[a]], i)
    for c in range(len(s)):
        accepted[c] += flips[c]
        if theta[c] == 0.0 and flips[c] == 0:
            awake[c] = False  # a one-flip minimum: nothing can happen any more


@njit
def update_tensor(J, starts, index, s, z, f, sites, xi, theta):
    """Propose to flip sites[k] of one chain with threshold xi[k], in order; returns (sum of dE, accepted).

    Shapes: J (N, tiles, pairs, 2 COLUMNS), s (1, N), z (1, 2 pairs), f (1, tiles COLUMNS).
    """
    total, accepted = np.int64(0), 0
    who, step = np.zeros(1, np.int32), np.empty(1, np.int32)
    for k in range(sites.size):
        i = sites[k]
        dE = 2 * np.int64(s[0, i]) * f[0, i]
        if np.float64(dE) < theta * xi[k]:
            step[0] = 2 * s[0, i]
            shift_fields(J[i], z, f, who, step, 1)
            turn(starts, index, s[0], z[0], i)
            total += dE
            accepted += 1
    return total, accepted


@njit_parallel
def sweep_tensor(
    J, starts, index, groups, s, z, f, energy, sample, keys, lanes, theta, start, sweeps, heatbath, random_order,
    accepted,
):  # fmt: skip
    """Sweeps start .. start+sweeps-1 of every chain; chains groups[g] .. groups[g+1]-1 share a sample and a core.

    Shapes: J (D, N, tiles, pairs, 2 COLUMNS), s (C, N), z (C, 2 pairs), f (C, tiles COLUMNS), the rest (C,).
    """
    n = s.shape[1]
    for g in numba.prange(groups.size - 1):
        first, last = groups[g], groups[g + 1]
        words = np.empty((n + 3) // 4 * 4, np.uint64)
        xi = np.zeros(n)
        sites = np.arange(n).astype(np.int32)
        couplings = J[sample[first]]
        if random_order:
            for c in range(first, last):
                own = slice(c, c + 1)
                for t in range(sweeps):
                    sweep = np.uint64(start + t)
                    if theta[c] > 0.0:
                        fill_thresholds(keys[c], sweep, lanes[c], heatbath, words, xi)
                    else:
                        xi[:] = 0.0
                    fill_sites(keys[c], sweep, lanes[c], words, sites)
                    dE, flips = update_tensor(couplings, starts, index, s[own], z[own], f[own], sites, xi, theta[c])
                    energy[c] += dE
                    accepted[c] += flips
        else:
            thresholds = np.zeros((n, last - first))
            awake = np.ones(last - first, np.bool_)
            own = slice(first, last)
            for t in range(sweeps):
                sweep = np.uint64(start + t)
                for c in range(first, last):
                    if theta[c] > 0.0:
                        fill_thresholds(keys[c], sweep, lanes[c], heatbath, words, xi)
                        for i in range(n):
                            thresholds[i, c - first] = theta[c] * xi[i]
                sweep_in_step(
                    couplings, starts, index, s[own], z[own], f[own], energy[own], theta[own], thresholds, awake,
                    accepted[own],
                )  # fmt: skip
                if not awake.any():
                    break
