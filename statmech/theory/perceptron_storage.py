"""Storage of random labels by a perceptron: capacities, overlap and entropy of the solutions, finite temperature.

Every example asks for label * w . x > kappa sqrt(N); the energy is the number of those that do not get it. Random
labels are the case p = 1/2 of `perceptron`: R = 0, one order parameter q. At T = 0 the state holds the solutions, and

    spherical:  s = ln(1 - q)/2 + q/(2 (1 - q)) + alpha E ln Phi((sqrt(q) z - kappa)/sqrt(1 - q))
    Ising:      s = -qh (1 - q)/2 + E ln 2cosh(sqrt(qh) z) + alpha E ln Phi((sqrt(q) z - kappa)/sqrt(1 - q))

The spherical volume vanishes at q -> 1 (Gardner), that of Ising weights at s = 0 with q < 1 (Krauth and Mezard).

Source: Gardner, J. Phys. A 21, 257 (1988); Gardner & Derrida, J. Phys. A 21, 271 (1988); Krauth & Mezard, J. Phys.
France 50, 3057 (1989).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from statmech.theory import perceptron_saddle as saddle
from statmech.theory.perceptron import check, check_weights, thermodynamics

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Storage:
    """Random labels at (alpha, T, kappa); arrays of the broadcast shape, NaN where `exists` is False.

    q: overlap of two solutions (of two students, T > 0). e = alpha eps_t: energy per weight, eps_t the share of
    examples below kappa. f, s: free energy and entropy per weight, for spherical weights 0 at alpha = 0; at T = 0
    f = e = 0 and s is the log of the volume or the number of solutions. at: de Almeida-Thouless margin. exists: bool.
    """

    alpha: Array
    T: Array
    kappa: Array
    q: Array
    e: Array
    eps_t: Array
    f: Array
    s: Array
    at: Array
    exists: NDArray[np.bool_]


class Capacity(NamedTuple):
    """A capacity and the overlap of the solutions there."""

    alpha: Array
    q: Array


def storage(alpha: ArrayLike, T: ArrayLike = 0.0, kappa: ArrayLike = 0.0, weights: str = "ising") -> Storage:
    """Replica-symmetric state of random labels: q = E tanh^2(sqrt(qh) z) (Ising) or q/(1 - q)^2 = qh (spherical),
    qh = alpha E g^2 (module's text; g as in `perceptron_channel`).

    Args: alpha = m/N > 0, T >= 0, kappa: array-like, broadcast. weights: "ising" or "spherical".

    Returns:
        Storage of float64 arrays. At T = 0 it exists up to q -> 1: for spherical weights the capacity, for Ising
        weights far beyond it (s < 0 says so).

    Raises:
        ValueError, TypeError: a parameter out of range, unknown weights.

    Source: Gardner & Derrida (1988); Krauth & Mezard (1989).

    Example:
        >>> float(storage(0.5).s.round(6))
        0.31439
    """
    check_weights(weights)
    a, t, k = check(alpha=alpha, T=T, kappa=kappa)
    shape, a, t, k = a.shape, a.ravel(), t.ravel(), k.ravel()
    half = np.full_like(a, 0.5)
    y, u = saddle.at_load(a, t, half, k, weights)
    exists = np.isfinite(y)
    values = np.full((12, a.size), np.nan)
    x = saddle.prior(weights)(y[exists], u[exists])
    values[:, exists] = thermodynamics(x, a[exists], t[exists], half[exists], weights, k[exists])
    a, t, k, q, e, eps_t, f, s, at = (v.reshape(shape) for v in (a, t, k, *values[[1, 4, 5, 9, 10, 11]]))
    return Storage(a, t, k, q, e, eps_t, f, s, at, exists.reshape(shape))


def gardner_capacity(kappa: ArrayLike = 0.0) -> Array:
    """Capacity of spherical weights, 1/alpha_c = int_-kappa^inf Dt (t + kappa)^2 = (1 + k^2) Phi(k) + k u(k).

    Args: kappa, array-like; for kappa < 0 replica symmetry is broken and this is an upper bound. Returns: float64.
    Raises: ValueError if not finite. Source: Gardner, J. Phys. A 21, 257 (1988).

    Example:
        >>> float(gardner_capacity(0.0))
        2.0
    """
    (k,) = check(kappa=kappa)
    with np.errstate(divide="ignore"):
        return 1 / ((1 + k * k) * ndtr(k) + k * np.exp(-0.5 * k * k) / np.sqrt(2 * np.pi))


def kappa_max(alpha: ArrayLike) -> Array:
    """Largest stability that spherical weights reach on random labels: inverse of `gardner_capacity`.

    Args: alpha > 0, array-like; kappa < 0 beyond alpha = 2 (replica symmetry broken). Returns: float64.
    Raises: ValueError. Source: Gardner, J. Phys. A 21, 257 (1988).

    Example:
        >>> float(kappa_max(1.5).round(6))
        0.186108
    """
    from scipy.optimize import elementwise

    (a,) = check(alpha=alpha)
    # kappa <= alpha^(-1/2); below kappa = -8 the sum of `gardner_capacity` has lost its digits
    if (a > 1e14).any():
        raise ValueError(f"alpha = {float(a.max())!r} is not valid, expected alpha <= 1e14")

    def excess(k: Array, wanted: Array) -> Array:
        return np.log(gardner_capacity(k) / wanted)

    found = elementwise.find_root(excess, (-7.5 + 0 * a, a**-0.5 + 1e-9), args=(a,), tolerances={"xrtol": 1e-14})
    return found.x


def binary_capacity(kappa: ArrayLike = 0.0) -> Capacity:
    """Capacity of Ising weights: the load at which the entropy of the solutions vanishes, and q there.

    Args: kappa, array-like. Returns: Capacity of float64 arrays, which unpacks to (alpha, q).
    Raises: ValueError if kappa is not finite or below -1.5 (at lower stabilities replica symmetry breaks first).
    Source: Krauth & Mezard, J. Phys. France 50, 3057 (1989).

    Example:
        >>> alpha, q = binary_capacity()
        >>> float(alpha.round(6))
        0.833079
    """
    from scipy.optimize import elementwise

    (k,) = check(kappa=kappa)
    if (k < -1.5).any():
        raise ValueError(f"kappa = {float(k.min())!r} is not valid, expected kappa >= -1.5 (replica symmetry ends)")
    shape, k = k.shape, k.ravel()

    def entropy(y: Array, kappa: Array) -> Array:
        zero = np.zeros_like(y)
        c = saddle.curve(y, zero, zero + 0.5, kappa, "ising")
        return thermodynamics(c.field, c.alpha, zero, zero + 0.5, "ising", kappa)[10]

    found = elementwise.find_root(entropy, (np.full_like(k, -6.0), np.full_like(k, 4.0)), args=(k,))
    if not found.success.all():
        raise ArithmeticError(f"no zero of the entropy at kappa = {k[~found.success].tolist()}")
    zero = np.zeros_like(k)
    c = saddle.curve(found.x, zero, zero + 0.5, k, "ising")
    return Capacity(c.alpha.reshape(shape), c.field.q.reshape(shape))
