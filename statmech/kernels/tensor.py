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
def update_in_step(J, starts, index, s, z, f, energy, sites, thresholds, awake, flips):
    """All chains of a group that are awake propose to flip sites[k], in order, with thresholds[k] = theta xi (G,).

    Changes s, z, f, energy and flips, the number that every chain accepted.  Shapes: J (N, tiles, pairs, 2 COLUMNS),
    s (G, N), z (G, 2 pairs), f (G, tiles COLUMNS).
    """
    who, step = np.empty(len(s), np.int32), np.empty(len(s), np.int32)
    for k in range(sites.size):
        i, count = sites[k], 0
        for c in range(len(s)):
            dE = 2 * np.int64(s[c, i]) * f[c, i]
            if awake[c] and np.float64(dE) < thresholds[k, c]:
                who[count], step[count] = c, 2 * s[c, i]
                count += 1
                energy[c] += dE
                flips[c] += 1
        if count:
            shift_fields(J[i], z, f, who, step, count)
        for a in range(count):
            c = who[a]
            s[c, i] = -s[c, i]
            for at in range(starts[i], starts[i + 1]):
                z[c, index[at]] = -z[c, index[at]]


@njit_parallel
def sweep_tensor(
    J, starts, index, groups, s, z, f, energy, sample, keys, lanes, theta, start, sweeps, heatbath, random_order,
    accepted,
):  # fmt: skip
    """Sweeps start .. start+sweeps-1 of every chain.  Chains groups[g] .. groups[g+1]-1 go in step, on one core: they
    share a sample, and in random order a group is one chain.

    Shapes: J (D, N, tiles, pairs, 2 COLUMNS), s (C, N), z (C, 2 pairs), f (C, tiles COLUMNS), the rest (C,).
    """
    n = s.shape[1]
    for g in numba.prange(groups.size - 1):
        first, last = groups[g], groups[g + 1]
        own, count = slice(first, last), last - first
        words = np.empty((n + 3) // 4 * 4, np.uint64)
        xi, sites = np.zeros(n), np.arange(n).astype(np.int32)
        thresholds, awake = np.zeros((n, count)), np.ones(count, np.bool_)
        for t in range(sweeps):
            sweep, flips = np.uint64(start + t), np.zeros(count, np.int64)
            for c in range(first, last):
                if theta[c] > 0.0:
                    fill_thresholds(keys[c], sweep, lanes[c], heatbath, words, xi)
                    for k in range(n):
                        thresholds[k, c - first] = theta[c] * xi[k]
            if random_order:
                fill_sites(keys[first], sweep, lanes[first], words, sites)
            update_in_step(
                J[sample[first]], starts, index, s[own], z[own], f[own], energy[own], sites, thresholds, awake, flips
            )  # fmt: skip
            asleep = not random_order
            for c in range(first, last):
                accepted[c] += flips[c - first]
                if theta[c] == 0.0 and flips[c - first] == 0 and not random_order:
                    awake[c - first] = False  # a one-flip minimum: nothing can happen any more
                asleep = asleep and not awake[c - first]
            if asleep:
                break
