"""Averages over the examples of a perceptron: what a replica-symmetric saddle point asks of its training set.

A student of overlap q between replicas and R with the teacher sees, for each example times its label, the local
field sqrt(q) z + sqrt(V) u, V = 1 - q, z and u ~ N(0, 1). An error (field <= kappa) costs 1, so with b = 1/T

    H(x) = d/dx ln[e^-b + (1 - e^-b) Phi(x)],   x = (sqrt(q) z - kappa) / sqrt(V),   g = H / sqrt(V)
    P(z) = (1 - p) Phi(R z / sigma) + p Phi(-R z / sigma),   sigma^2 = q - R^2
    A = 2 E P(z) g(sqrt(q) z)^2,   B = 2 (1 - 2p) / sqrt(2 pi) E g(sigma z),   qh = alpha A,   Rh = alpha B

By the heat equation the derivatives of A and B need no more than g, g' and g''.

The integrands have features on two scales besides that of z: around x = 0 and z = 0, where Phi and P turn, and at the
x < 0 with Phi(x) = e^-b, where the student gives up an example (poles at a distance pi / |x| from the real axis). The
integrals are therefore sums of Gauss-Legendre panels graded towards these points, for each element its own; from
T = 0 to T = infinity they are good to about 1e-13 (1 - q > 1e-9).

Source: Gyorgyi & Tishby, in Neural Networks and Spin Glasses (World Scientific, 1990); Seung, Sompolinsky & Tishby,
Phys. Rev. A 45, 6056 (1992); Gardner & Derrida, J. Phys. A 21, 271 (1988) for the storage of random labels (p = 1/2).
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx, log_ndtr, ndtr, ndtri_exp

Array = NDArray[np.float64]

_ORDER = 16
_LEVELS = 6
_FAR = 9.0  # |z| <= 9: the density there is 1e-18
_ROOT_2PI = np.sqrt(2 * np.pi)
_CHUNK = 128  # elements per block: keeps the temporaries inside the cache
_GIVEN_UP = np.array([-13.0, -4.0, -1.0, 1.0, 4.0, 13.0, 40.0])


class Point(NamedTuple):
    """Where the averages are taken: 1-d arrays of equal length. V = 1 - q and sigma^2 = q - R^2 keep their digits."""

    q: Array
    V: Array
    R: Array
    sigma: Array
    T: Array
    p: Array
    kappa: Array

    def part(self, index: slice) -> Point:
        return Point(*(field[index] for field in self))


class Averages(NamedTuple):
    """A and B of the module's text with their derivatives, and curvature = 2 E P g'^2 of the AT condition."""

    A: Array
    B: Array
    A_q: Array
    A_R: Array
    B_q: Array
    B_R: Array
    curvature: Array


@lru_cache
def _legendre(order: int) -> tuple[Array, Array]:
    return np.polynomial.legendre.leggauss(order)


def _mesh(slope: Array, shift: Array, turn: Array, T: Array, order: int, levels: int) -> tuple[Array, Array]:
    """Nodes z and weights (density included) for fields x = slope z - shift and a P(z) that turns at |z| ~ turn."""
    slope = np.maximum(slope, 1e-12)
    knee = ndtri_exp(-1 / np.maximum(T, 1e-5))  # colder than that it is at infinity for all that matters: see below
    knee = np.where(T >= 1e-5, knee, -np.sqrt(2 / T))
    width = np.pi / (1 + np.abs(knee))
    steps = np.arange(levels) / levels

    def graded(scale: Array) -> Array:
        scale = np.clip(scale, 1e-8, 1.0)[:, None]
        return scale * (_FAR / scale) ** steps

    centre = np.clip(shift / slope, -_FAR, _FAR)[:, None]
    moved = bool((shift != 0).any())
    around = graded(np.minimum(2 / slope, turn)) if not moved else graded(2 / slope)
    far = np.full_like(centre, _FAR)
    given_up = ((knee + shift)[:, None] + width[:, None] * _GIVEN_UP) / slope[:, None]
    parts = [-far, centre - around, centre, centre + around, np.nan_to_num(given_up, nan=-_FAR), far]
    if moved:
        near = graded(turn)
        parts += [-near, 0 * centre, near]
    edges = np.sort(np.clip(np.concatenate(parts, axis=1), -_FAR, _FAR), axis=1)
    t, w = _legendre(order)
    half = 0.5 * np.diff(edges, axis=1)[:, :, None]
    z = (edges[:, :-1, None] + half * (1 + t)).reshape(len(edges), -1)
    weight = (half * w).reshape(len(edges), -1)
    return z, weight * np.exp(-0.5 * z * z) / _ROOT_2PI


def _force(x: Array, T: Array) -> tuple[Array, Array, Array]:
    """H(x), d = x + H and -x d - 1, so that H' = -H d and H'' = H (2 d^2 - x d - 1).

    Numerator and denominator of H are divided by phi(x) against overflow; where x is far below zero d is small, and
    taken from the asymptotic series of Mills' ratio instead of a difference.
    """
    b = 1 / T[:, None]
    k = -np.expm1(-b)
    step, tail = np.exp(0.5 * x * x - b), 0.5 * k * erfcx(-x * np.sqrt(0.5))
    h = k / _ROOT_2PI / (step + tail)
    d = x + h
    e = -x * d - 1
    far = x < -100
    if far.any():
        v = x[far]
        s = 1 / (v * v)
        e_0 = s * (-2 + s * (10 - 74 * s))
        d_0 = -(1 + e_0) / v
        given_up = (d_0 - v) * (1 - tail[far] / (step[far] + tail[far]))
        d[far], e[far] = d_0 - given_up, e_0 + v * given_up
    return h, d, e


def _teacher(z: Array, at: Point) -> Array:
    """2 P(z)."""
    p = at.p[:, None]
    return 2 * (p + (1 - 2 * p) * ndtr(z * (at.R / np.maximum(at.sigma, 1e-150))[:, None]))


def _turn(at: Point) -> Array:
    return np.where(at.R > 0, 2 * at.sigma / np.maximum(at.R, 1e-150), np.inf)


def _averages(at: Point, order: int, levels: int) -> Array:
    root = np.sqrt(at.V)
    shift = at.kappa / root
    slope = np.sqrt(at.q) / root
    z, w = _mesh(slope, shift, _turn(at), at.T, order, levels)
    w *= _teacher(z, at)
    x = slope[:, None] * z - shift[:, None]
    h, d, _ = _force(x, at.T)
    h1, hh = -h * d, h * h
    A = (w * hh).sum(1) / at.V
    A_q = (w * (h1 * (h1 - 2 * hh))).sum(1) / at.V**2
    curvature = (w * (h1 * h1)).sum(1) / at.V**2
    slope = at.sigma / root
    z, w = _mesh(slope, shift, np.full_like(root, np.inf), at.T, order, levels)
    x = slope[:, None] * z - shift[:, None]
    h, d, e = _force(x, at.T)
    h1, h2 = -h * d, h * (2 * d * d + e)
    c = 2 * (1 - 2 * at.p) / _ROOT_2PI
    B = c * (w * h).sum(1) / root
    cross = c * (w * (h * h1)).sum(1) / (root * at.V)
    B_R = -at.R * c * (w * h2).sum(1) / (root * at.V)
    return np.stack([A, B, A_q, 2 * cross, -cross, B_R, curvature])


@np.errstate(divide="ignore", invalid="ignore", over="ignore")
def averages(at: Point, order: int = _ORDER, levels: int = _LEVELS) -> Averages:
    """A, B, their derivatives in q and R, and 2 E P g'^2, for 1-d arrays; order and levels set the grid.

    dA/dq = 2 E P (g'^2 - 2 g^2 g'), dA/dR = -2 dB/dq = 4 (1 - 2p)/sqrt(2 pi) E g g'(sigma z),
    dB/dR = -R 2 (1 - 2p)/sqrt(2 pi) E g''(sigma z): derivatives at fixed R or q, with V = 1 - q.

    Example:
        >>> one = np.ones(1)
        >>> averages(Point(0 * one, one, 0 * one, 0 * one, 0 * one, 0 * one, 0 * one)).A  # 2 / pi
        array([0.63661977])
    """
    size = at.q.size
    out = np.empty((7, size))
    for i in range(0, size, _CHUNK):
        out[:, i : i + _CHUNK] = _averages(at.part(slice(i, i + _CHUNK)), order, levels)
    return Averages(*out)


@np.errstate(divide="ignore", invalid="ignore", over="ignore")
def thermal(at: Point, order: int = _ORDER, levels: int = _LEVELS) -> tuple[Array, Array]:
    """Free-energy term G = 2 E P ln[e^-b + (1 - e^-b) Phi(x)] and training error eps_t = 2 E P e^-b (1 - Phi)/(...).

    At T = 0, where only students without errors count: G = 2 E P ln Phi and eps_t = 0.

    Example:
        >>> one = np.ones(1)
        >>> G, eps_t = thermal(Point(0 * one, one, 0 * one, 0 * one, one, 0 * one, 0 * one))
        >>> float(eps_t[0].round(6))  # 1 / (1 + e)
        0.268941
    """
    G, eps_t = np.empty(at.q.size), np.empty(at.q.size)
    for i in range(0, at.q.size, _CHUNK):
        part = at.part(slice(i, i + _CHUNK))
        slope, shift = np.sqrt(part.q / part.V), part.kappa / np.sqrt(part.V)
        z, w = _mesh(slope, shift, _turn(part), part.T, order, levels)
        w *= _teacher(z, part)
        x = slope[:, None] * z - shift[:, None]
        b = 1 / part.T[:, None]
        log = np.logaddexp(-b, np.log(-np.expm1(-b)) + log_ndtr(x))
        G[i : i + _CHUNK] = (w * log).sum(1)
        eps_t[i : i + _CHUNK] = (w * np.exp(log_ndtr(-x) - b - log)).sum(1)
    return G, eps_t
