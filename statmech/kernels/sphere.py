"""CPU kernels of the family `sphere`:  E = sum_mu V(h_mu - kappa), h = xi w / sqrt(N), |w|^2 = N.

Every chain keeps its P fields h.  A move turns one pair of coordinates by an angle theta,

    w_i' = w_i cos theta - w_j sin theta,   w_j' = w_i sin theta + w_j cos theta,
    h_mu(theta) = c + a cos theta + b sin theta,   a = x_i w_i + x_j w_j,   b = x_j w_i - x_i w_j,   c = h - a,

x = xi / sqrt(N).  For the 0/1 error only the examples within sqrt(a^2 + b^2) of their wall can change sides: one pass
finds them (a few per cent), and an angle costs no more than those.  For the hinge, examples beyond the wall are one
sum; for the quadratic potential all of them are.  Other potentials come as cubics on a grid (sphere_potential.py).
"""

from __future__ import annotations

import math

import numba
import numpy as np

from statmech.kernels.common import fill_words
from statmech.kernels.jit import njit, njit_parallel, philox4x32
from statmech.random import Stream, exponential

ERROR, HINGE, QUADRATIC, TABLE = 0, 1, 2, 3
TRIES = 126  # angles of a slice move before it stays: four words to a block, 32 blocks to a plane, two for the level

_exponential = njit(exponential)
# sums of floats in whatever order fills the vector unit, the same for every chain and every number of threads
_summing = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "nsz"})
_LOW, _32, _2P32 = np.uint64(0xFFFFFFFF), np.uint64(32), 4294967296.0
_ACCEPT, _SITES = np.uint64(Stream.ACCEPT), np.uint64(Stream.SITES)
_BLOCKS = (TRIES + 2) // 4


@njit
def fill_order(key, sweep, lane, words, order):
    """A random order of the coordinates (Fisher & Yates, words of the stream SITES): planes are its pairs."""
    fill_words(key, _SITES, sweep, lane, words)
    for i in range(order.size):
        order[i] = i
    for i in range(order.size - 1, 0, -1):
        j = np.int64((words[i] * np.uint64(i + 1)) >> _32)
        order[i], order[j] = order[j], order[i]


@njit
def word_of(key, sweep, lane, draw):
    """One word of the stream ACCEPT."""
    w0, w1, w2, w3 = philox4x32(np.uint64(draw // 4), lane, sweep, _ACCEPT, key & _LOW, key >> _32)
    place = draw % 4
    return w0 if place == 0 else w1 if place == 1 else w2 if place == 2 else w3


@_summing
def near_wall(xi, xj, wi, wj, h, kappa, near):
    """near[mu] = 1 where example mu can reach u = 0 somewhere on the circle."""
    reach = (wi * wi + wj * wj) * (1 + 1e-9)
    for mu in range(h.size):
        u = h[mu] - (xi[mu] * wi + xj[mu] * wj) - kappa
        near[mu] = u * u <= reach * (xi[mu] * xi[mu] + xj[mu] * xj[mu])


@njit
def gather(xi, xj, wi, wj, h, kappa, near, a, b, c):
    """a, b and c - kappa of the examples near their wall, packed; returns how many.  near.size is a multiple of 8."""
    count = 0
    eights = near.view(np.uint64)
    for block in range(eights.size):
        if eights[block] != 0:
            for mu in range(8 * block, 8 * block + 8):
                if near[mu]:
                    a[count] = xi[mu] * wi + xj[mu] * wj
                    b[count] = xj[mu] * wi - xi[mu] * wj
                    c[count] = h[mu] - a[count] - kappa
                    count += 1
    return count


@_summing
def beyond_wall(xi, xj, wi, wj, h, kappa, near, e):
    """Hinge: the examples that cost -u all around the circle, as e[0] cos theta + e[1] sin theta."""
    first = second = 0.0
    for mu in range(h.size):
        a = xi[mu] * wi + xj[mu] * wj
        b = xj[mu] * wi - xi[mu] * wj
        far = h[mu] < kappa and near[mu] == 0
        first -= a if far else 0.0
        second -= b if far else 0.0
    e[0], e[1] = first, second


@_summing
def moments(xi, xj, wi, wj, h, kappa, e):
    """Quadratic: e[0] cos + e[1] sin + e[2] sin^2 + e[3] sin cos, but for a constant."""
    ca = cb = aa = bb = ab = 0.0
    for mu in range(h.size):
        a = xi[mu] * wi + xj[mu] * wj
        b = xj[mu] * wi - xi[mu] * wj
        c = h[mu] - a - kappa
        ca += c * a
        cb += c * b
        aa += a * a
        bb += b * b
        ab += a * b
    e[0], e[1], e[2], e[3] = ca, cb, 0.5 * (bb - aa), ab


@njit
def fill_all(xi, xj, wi, wj, h, kappa, a, b, c):
    """a, b and c - kappa of all examples."""
    for mu in range(h.size):
        a[mu] = xi[mu] * wi + xj[mu] * wj
        b[mu] = xj[mu] * wi - xi[mu] * wj
        c[mu] = h[mu] - a[mu] - kappa


@_summing
def cost(kind, table, low, inverse, a, b, c, count, cos, sin):
    """sum V(c + a cos + b sin) over the first `count` examples."""
    if kind == ERROR:
        errors = 0
        for k in range(count):
            errors += c[k] + a[k] * cos + b[k] * sin <= 0.0
        return np.float64(errors)
    total = 0.0
    if kind == HINGE:
        for k in range(count):
            u = c[k] + a[k] * cos + b[k] * sin
            total -= u if u < 0.0 else 0.0
    else:
        for k in range(count):
            x = (c[k] + a[k] * cos + b[k] * sin - low) * inverse
            knot = np.int64(x)
            t = x - knot
            total += table[knot, 0] + t * (table[knot, 1] + t * (table[knot, 2] + t * table[knot, 3]))
    return total


@njit
def prepare(kind, xi, xj, wi, wj, h, patterns, kappa, near, a, b, c, e):
    """Lay out one plane; returns how many examples `change` has to look at."""
    h, xi_, xj_ = h[:patterns], xi[:patterns], xj[:patterns]
    e[:] = 0.0
    if kind == QUADRATIC:
        moments(xi_, xj_, wi, wj, h, kappa, e)
        return 0
    if kind == TABLE:
        fill_all(xi_, xj_, wi, wj, h, kappa, a, b, c)
        return patterns
    near_wall(xi_, xj_, wi, wj, h, kappa, near)
    if kind == HINGE:
        beyond_wall(xi_, xj_, wi, wj, h, kappa, near, e)
    return gather(xi, xj, wi, wj, h, kappa, near, a, b, c)


@njit
def change(kind, table, low, inverse, a, b, c, count, e, here, cos, sin):
    """E(theta) - E(0); here = cost at theta = 0."""
    far = e[0] * (cos - 1.0) + sin * (e[1] + e[2] * sin + e[3] * cos)
    return far + (cost(kind, table, low, inverse, a, b, c, count, cos, sin) - here)


@njit
def turn(xi, xj, w, i, j, h, cos, sin):
    """Turn the coordinates i, j of w, and the fields with them."""
    wi, wj = w[i], w[j]
    w[i], w[j] = wi * cos - wj * sin, wi * sin + wj * cos
    di, dj = w[i] - wi, w[j] - wj
    for mu in range(h.size):
        h[mu] += xi[mu] * di + xj[mu] * dj


@njit
def slice_angle(kind, table, low, inverse, a, b, c, count, e, level, width, key, sweep, lane, first):
    """Shrink a bracket of `width`, placed at random around theta = 0, until E(theta) - E(0) <= level (Neal 2003).

    Words first, first + 1, ... of the stream ACCEPT; returns (theta, its energy change, angles looked at).
    """
    here = cost(kind, table, low, inverse, a, b, c, count, 1.0, 0.0)
    left = -width * ((word_of(key, sweep, lane, first) + 0.5) / _2P32)
    right = left + width
    for attempt in range(1, TRIES):
        theta = left + (right - left) * ((word_of(key, sweep, lane, first + attempt) + 0.5) / _2P32)
        dE = change(kind, table, low, inverse, a, b, c, count, e, here, math.cos(theta), math.sin(theta))
        if dE <= level:
            return theta, dE, attempt
        if theta < 0.0:
            left = theta
        else:
            right = theta
    return 0.0, 0.0, TRIES


@njit_parallel
def sweep_planes(
    x, patterns, w, h, energy, sample, keys, lanes, T, kappa, kind, table, low, inverse, start, sweeps, circles, size,
    accepted, looked,
):  # fmt: skip
    """Sweeps start .. start+sweeps-1 of every chain: a random matching of the coordinates, one move per plane.

    circles: slice moves with brackets of width size[c]; else Metropolis rotations by at most size[c].  Shapes: x
    (D, N, width) = xi / sqrt(N), w (C, N), h (C, width), the rest (C,).  looked counts energies that were computed.
    """
    n = w.shape[1]
    for chain in numba.prange(w.shape[0]):
        words = np.empty((n + 3) // 4 * 4, np.uint64)
        order = np.empty(n, np.int32)
        near = np.zeros(h.shape[1], np.uint8)
        a, b, c, e = np.empty(h.shape[1]), np.empty(h.shape[1]), np.empty(h.shape[1]), np.zeros(4)
        columns, key, lane = x[sample[chain]], keys[chain], lanes[chain]
        for t in range(sweeps):
            sweep = np.uint64(start + t)
            fill_order(key, sweep, lane, words, order)
            for plane in range(n // 2):
                i, j = order[2 * plane], order[2 * plane + 1]
                xi, xj = columns[i], columns[j]
                count = prepare(
                    kind, xi, xj, w[chain, i], w[chain, j], h[chain], patterns, kappa, near, a, b, c, e
                )  # fmt: skip
                first = 4 * _BLOCKS * plane
                level = T[chain] * _exponential(word_of(key, sweep, lane, first))
                if circles:
                    theta, dE, tries = slice_angle(
                        kind, table, low, inverse, a, b, c, count, e, level, size[chain], key, sweep, lane, first + 1
                    )  # fmt: skip
                    looked[chain] += tries
                else:
                    theta = size[chain] * (2.0 * ((word_of(key, sweep, lane, first + 1) + 0.5) / _2P32) - 1.0)
                    here = cost(kind, table, low, inverse, a, b, c, count, 1.0, 0.0)
                    dE = change(
                        kind, table, low, inverse, a, b, c, count, e, here, math.cos(theta), math.sin(theta)
                    )  # fmt: skip
                    looked[chain] += 1
                    if not dE <= level:
                        theta = 0.0
                if theta != 0.0:
                    turn(xi, xj, w[chain], i, j, h[chain], math.cos(theta), math.sin(theta))
                    energy[chain] += dE
                    accepted[chain] += 1


@njit_parallel
def fields_of(x, w, sample, h):
    """h = x w of every chain, summed over the coordinates in order: no chain's numbers depend on its batch."""
    for chain in numba.prange(w.shape[0]):
        columns = x[sample[chain]]
        h[chain] = 0.0
        for i in range(w.shape[1]):
            for mu in range(h.shape[1]):
                h[chain, mu] += w[chain, i] * columns[i, mu]


@njit_parallel
def energies_of(h, patterns, kappa, kind, table, low, inverse, energy):
    """E = sum_mu V(h_mu - kappa) of every chain."""
    for chain in numba.prange(h.shape[0]):
        u = h[chain, :patterns] - kappa
        if kind == QUADRATIC:
            total = 0.0
            for mu in range(patterns):
                total += 0.5 * u[mu] * u[mu]
            energy[chain] = total
        else:
            energy[chain] = cost(kind, table, low, inverse, u, u, u, patterns, 0.0, 0.0)
