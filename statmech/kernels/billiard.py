"""CPU kernel of flights among walls: Hamiltonian dynamics for the 0/1 error on the sphere, event by event, exact.

E = #{mu: h_mu <= kappa} is constant but for jumps of 1 at the walls h_mu = kappa.  A point of unit mass with velocity
v, |v|^2/2 + E/T conserved, flies along great circles,

    w' = w cos phi + (v/omega) sin phi,   v' = v cos phi - w omega sin phi,   omega = |v|/sqrt(N),

and at a wall only the component of v along the wall's normal n = x_mu - (kappa/N) w changes: v_n' = -v_n where
v_n^2/2 does not pay for the step up, else v_n'^2 = v_n^2 -+ 2/T (reflection and refraction: Mohasel Afshar & Domke,
NIPS 2015).  Fields h = x w and their velocities g = x v follow by the Gram matrix x x^T, O(P) for an event.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from statmech.kernels.common import fill_words
from statmech.kernels.draw import normal_pair
from statmech.kernels.jit import njit, njit_parallel
from statmech.random import Stream

_SITES = np.uint64(Stream.SITES)
_CHUNK = 128
PARALLEL = 1 - 1e-12  # cosine squared of two examples that have one wall
NEAR, STEP = 1e-12, 2.0**-52
_largest = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "nsz", "nnan"})


@njit
def fill_velocity(key, sweep, lane, words, w, v):
    """v standard normal in the directions along the sphere at w."""
    n = w.size
    fill_words(key, _SITES, sweep, lane, words)
    for k in range(n // 2):
        v[2 * k], v[2 * k + 1] = normal_pair(words[2 * k], words[2 * k + 1])
    if n % 2:
        v[n - 1] = normal_pair(words[n - 1], words[n])[0]
    along = 0.0
    for i in range(n):
        along += v[i] * w[i]
    for i in range(n):
        v[i] -= along / n * w[i]


@_largest
def _keys_at_zero(h, g, key):
    """cot phi of the next crossing of h cos phi + g/omega sin phi = 0, times omega: -g/h.  Returns the largest."""
    best = -np.inf
    for mu in range(h.size):
        key[mu] = -g[mu] / h[mu]
        best = key[mu] if key[mu] > best else best
    return best


@_largest
def _keys(h, g, kappa, omega, key):
    """cot(phi/2) of the next crossing of h cos phi + g/omega sin phi = kappa; 0 for none.  Returns the largest."""
    best = 0.0
    for mu in range(h.size):
        slope = g[mu] / omega
        u = h[mu] - kappa
        reach = slope * slope + (h[mu] - kappa) * (h[mu] + kappa)
        q = abs(slope) + math.sqrt(max(reach, 0.0))
        towards = (u > 0.0) == (slope < 0.0)
        sign = 1.0 if slope > 0.0 else -1.0
        top = q if towards else sign * (h[mu] + kappa)
        bottom = abs(u) if towards else q
        found = top / bottom
        key[mu] = found if reach > 0.0 and found > 0.0 else 0.0
        best = key[mu] if key[mu] > best else best
    return best


@njit
def next_wall(h, g, kappa, omega, key):
    """(mu, angle) of the first wall ahead, or (-1, pi/2) if there is none within that angle."""
    first, best = -1, -np.inf
    for begin in range(0, h.size, _CHUNK):
        end = min(begin + _CHUNK, h.size)
        if kappa == 0.0:
            top = _keys_at_zero(h[begin:end], g[begin:end], key[begin:end])
        else:
            top = _keys(h[begin:end], g[begin:end], kappa, omega, key[begin:end])
        if top > best:
            best, first = top, begin
    if kappa == 0.0:
        phi = math.atan2(omega, best)
    else:
        phi = 2.0 * math.atan2(1.0, best)
    if not phi < 0.5 * math.pi:
        return -1, 0.5 * math.pi
    while key[first] != best:
        first += 1
    return first, phi


@njit
def fly(w, v, h, g, cos, sin, omega):
    """Along the great circle by an angle: w and v, their fields h and g."""
    for i in range(w.size):
        w[i], v[i] = w[i] * cos + v[i] * (sin / omega), v[i] * cos - w[i] * (omega * sin)
    for mu in range(h.size):
        h[mu], g[mu] = h[mu] * cos + g[mu] * (sin / omega), g[mu] * cos - h[mu] * (omega * sin)


@njit
def parallel(mu, nu, gram):
    """Do the examples have one wall, x_nu = +-c x_mu?"""
    return gram[mu, nu] * gram[mu, nu] >= PARALLEL * gram[mu, mu] * gram[nu, nu]


@njit
def bounce(mu, shared, rows, gram, w, v, h, g, kappa, beta):
    """At the wall of mu: reflection or refraction.  Returns (change of |v|^2, crossed).

    shared: some examples have one wall (at kappa = 0, or alike): it is crossed for all of them or for none.
    """
    n = w.size
    normal = gram[mu, mu] - kappa * kappa / n
    speed = g[mu] / math.sqrt(normal)
    jump = 1.0 if speed < 0.0 else -1.0
    if shared:
        for nu in range(h.size):
            if nu != mu and parallel(mu, nu, gram) and (kappa == 0.0 or abs(h[nu] - kappa) < NEAR):
                jump += 1.0 if g[nu] < 0.0 else -1.0
    square = speed * speed - 2.0 * beta * jump
    crossed = square > 0.0
    after = math.copysign(math.sqrt(square), speed) if crossed else -speed
    kick = (after - speed) / math.sqrt(normal)
    if kick != 0.0:
        row, of = rows[mu], gram[mu]
        for i in range(n):
            v[i] += kick * (row[i] - kappa / n * w[i])
        for nu in range(h.size):
            g[nu] += kick * (of[nu] - kappa / n * h[nu])
    settle(mu, h, g, kappa)
    if shared:
        for nu in range(h.size):
            if nu != mu and parallel(mu, nu, gram) and (kappa == 0.0 or abs(h[nu] - kappa) < NEAR):
                settle(nu, h, g, kappa)
    return after * after - speed * speed, crossed


@njit
def settle(mu, h, g, kappa):
    """On the wall, on the side that g leads to."""
    h[mu] = math.copysign(0.0, g[mu]) if kappa == 0.0 else kappa * (1.0 + math.copysign(STEP, kappa * g[mu]))


@njit
def flight(shared, rows, gram, w, v, h, g, kappa, beta, time, key):
    """Fly for `time` among the walls, changing w, v, h, g in place; returns (walls crossed, walls hit)."""
    n, crossings, events, left = w.size, 0, 0, time
    square = 0.0
    for i in range(n):
        square += v[i] * v[i]
    while True:
        omega = math.sqrt(square / n)
        mu, phi = next_wall(h, g, kappa, omega, key)
        last = phi >= omega * left
        if last:
            phi = omega * left
        fly(w, v, h, g, math.cos(phi), math.sin(phi), omega)
        if last:
            return crossings, events
        left -= phi / omega
        if mu >= 0:
            change, crossed = bounce(mu, shared, rows, gram, w, v, h, g, kappa, beta)
            square += change
            crossings += crossed
            events += 1


@njit_parallel
def sweep_flights(
    x, rows, gram, shared, patterns, w, h, energy, sample, keys, lanes, T, kappa, time, start, sweeps, crossings, events
):  # fmt: skip
    """Flights start .. start+sweeps-1 of every chain, each of `time` with a new velocity.

    Shapes: x (D, N, width) and rows (D, P, N) both hold xi / sqrt(N), gram (D, P, P) = rows rows^T, shared (D,),
    w (C, N), h (C, width), the rest (C,).
    crossings counts flights in which a wall was crossed, events the walls that were hit.
    """
    n = w.shape[1]
    for c in numba.prange(w.shape[0]):
        words = np.empty((n + 4) // 4 * 4, np.uint64)
        v, g, key = np.empty(n), np.empty(patterns), np.empty(patterns)
        columns, fields = x[sample[c]], h[c, :patterns]
        for t in range(sweeps):
            fill_velocity(keys[c], np.uint64(start + t), lanes[c], words, w[c], v)
            g[:] = 0.0
            for i in range(n):
                for mu in range(patterns):
                    g[mu] += v[i] * columns[i, mu]
            crossed, hit = flight(
                shared[sample[c]], rows[sample[c]], gram[sample[c]], w[c], v, fields, g, kappa, 1.0 / T[c], time[c], key
            )  # fmt: skip
            errors = 0
            for mu in range(patterns):
                errors += fields[mu] <= kappa
            energy[c] = errors
            crossings[c] += crossed > 0
            events[c] += hit
