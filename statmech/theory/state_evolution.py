"""State evolution: the overlaps of message passing for the sign channel, iteration by iteration, as N -> infinity.

The estimate m of the weights has q = |m|^2/N, R = m.B/N and variance V = 1 - q. One iteration::

    qh = 2 alpha E P(z) g(sqrt q z)^2,   Rh = 2 alpha (1-2p)/sqrt(2 pi) E g(sqrt(q - R^2) z)
    P(z) = (1-p) Phi(R z/sqrt(q-R^2)) + p Phi(-R z/sqrt(q-R^2)),   g from `statmech.theory.sign_channel` at (V, T)
    Ising:      R = E tanh(sqrt qh z + Rh),   q = E tanh^2
    spherical:  R = V Rh,   q = V^2 (qh + Rh^2) = 1 - V

and its fixed points are the replica-symmetric states of the 0/1 energy at T. At the Nishimori temperature R = q: the
Bayes-optimal estimate, whose error is arccos(sqrt q)/pi (a single Gibbs student: arccos(q)/pi).

Source: Kabashima, J. Phys. A 36, 11111 (2003); Bayati & Montanari, IEEE Trans. Inf. Theory 57, 764 (2011); Barbier,
Krzakala, Macris, Miolane & Zdeborova, PNAS 116, 5451 (2019).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from statmech.theory.gauss import response
from statmech.theory.quadrature import H, check_flip, check_load, check_range, normal
from statmech.theory.sign_channel import nishimori_temperature, output

Array = NDArray[np.float64]
PRIORS = ("ising", "spherical")
FLOOR = 1e-13
"""A variance V = 1 - q below which the weights are known to the last digit: perfect recovery."""


@dataclass(frozen=True)
class Overlaps:
    """R = m.B/N, q = |m|^2/N, V = 1 - q (kept apart: exact near 0) and the error eps_g = arccos(R/sqrt q)/pi of m.

    Floats, or float64 arrays with one entry per iteration.
    """

    R: float | Array
    q: float | Array
    V: float | Array

    @property
    def eps_g(self) -> float | Array:
        """Generalisation error of the estimate m (the averaged student); 1/2 where q = 0."""
        q = np.asarray(self.q)
        cosine = np.divide(np.asarray(self.R), np.sqrt(q), out=np.zeros_like(q), where=q > 0)
        return np.arccos(np.clip(cosine, -1, 1)) / np.pi


def check_prior(prior: str) -> str:
    """`prior`, if it is one of PRIORS; ValueError otherwise."""
    if prior not in PRIORS:
        raise ValueError(f"prior = {prior!r} is not known, expected one of {', '.join(PRIORS)}")
    return prior


def check_temperature(T: float) -> float:
    """T as float; ValueError or TypeError unless it is a number >= 0."""
    return float(check_range("T", T, 0.0, np.inf, "the temperature of the 0/1 training error (k_B = 1)"))


def _spacing(T: float) -> float:
    """At low T > 0 the student gives up examples at Phi(x) = e^-1/T, with poles pi/|x| away, x ~ -sqrt(2/T)."""
    return max(min(H, 0.3 * T), 0.002) if T > 0 else H


def messages(x: Overlaps, alpha: float, p: float, T: float, h: float | None = None) -> tuple[float, float]:
    """(qh, Rh) of the module's equations at the overlaps x."""
    V, q, R = float(x.V), float(x.q), float(x.R)
    h = h or _spacing(T)
    transverse = max(q - R * R, 0.0)
    z, w = normal(min(np.sqrt(V / q), np.sqrt(transverse) / abs(R)) if q > 0 and R != 0 else 1.0, h)
    with np.errstate(divide="ignore"):
        slope = np.divide(R, np.sqrt(transverse)) if R else 0.0
    P = (1 - p) * _step(slope * z) + p * _step(-slope * z)
    g = output(np.sqrt(q) * z, V, T).g
    qh = 2 * alpha * float(w @ (P * g * g))
    z, w = normal(np.sqrt(V / transverse) if transverse > 0 else 1.0, h)
    g = output(np.sqrt(transverse) * z, V, T).g
    return qh, 2 * alpha * (1 - 2 * p) / np.sqrt(2 * np.pi) * float(w @ g)


def _step(x: Array) -> Array:
    return ndtr(np.nan_to_num(x, nan=0.0))


def estimate(qh: float, Rh: float, prior: str) -> Overlaps:
    """Overlaps of the estimate from fields sqrt(qh) z + Rh B_i."""
    if prior == "ising":
        R, q, V, _, _ = response(Rh, np.sqrt(qh), 1.0)
        return Overlaps(float(R), float(q), float(V))
    b = qh + Rh * Rh
    V = 2 / (1 + np.sqrt(1 + 4 * b))  # V^2 b = 1 - V
    return Overlaps(V * Rh, V * V * b, V)


def informed(overlap: float) -> Overlaps:
    """A start that knows the teacher to R = q = overlap < 1 (0: uninformed)."""
    overlap = float(check_range("overlap", overlap, 0.0, 1.0, "the overlap R = q of the start with the teacher"))
    return Overlaps(overlap, overlap, max(1 - overlap, FLOOR))


def step(x: Overlaps, alpha: float, p: float, T: float, prior: str) -> Overlaps:
    """One iteration of the equations of the module; a state of variance below FLOOR stays (perfect recovery)."""
    if x.V <= FLOOR:
        return x
    y = estimate(*messages(x, alpha, p, T), prior)
    return Overlaps(1.0, 1.0, FLOOR) if y.V <= FLOOR and prior == "ising" else y


def evolve(
    alpha: float,
    p: float = 0.0,
    T: float | None = None,
    prior: str = "ising",
    iterations: int = 20,
    start: float = 0.0,
) -> Overlaps:
    """Overlaps after iterations 1, 2, ... of message passing; entry k is what `statmech.rules.AMP` records there.

    Args:
        alpha: load m/N > 0. p: flip probability of the labels in [0, 1/2]. T: temperature >= 0 of the student;
            None: the Nishimori temperature of p (Bayes-optimal). prior: "ising" or "spherical".
        iterations: number of entries. start: overlap R = q with the teacher before the first iteration.

    Returns:
        Overlaps of float64 arrays (iterations,).

    Raises:
        ValueError, TypeError: an argument out of range.

    Source: module docstring.

    Example:
        >>> evolve(1.0, prior="spherical", iterations=3).q.round(4)
        array([0.3891, 0.4665, 0.4824])
    """
    alpha, p, T = _check(alpha, p, T, prior)
    x, path = informed(start), []
    for _ in range(iterations):
        x = step(x, alpha, p, T, prior)
        path.append((x.R, x.q, x.V))
    return Overlaps(*np.array(path).reshape(-1, 3).T)


def fixed_point(
    alpha: float,
    p: float = 0.0,
    T: float | None = None,
    prior: str = "ising",
    start: float = 0.0,
    tolerance: float = 1e-13,
    max_iterations: int = 100_000,
) -> Overlaps:
    """Where `evolve` ends from `start` (0: uninformed; close to 1: informed, finds perfect recovery if it is stable).

    Other arguments as in `evolve`. tolerance: largest last change of q and R.

    Returns:
        Overlaps of floats.

    Raises:
        ValueError, TypeError: an argument out of range. ArithmeticError: not converged (at a spinodal, or where the
            replica-symmetric state is unstable).

    Source: module docstring.

    Example:
        >>> round(fixed_point(2.0, 0.1).q, 6)
        0.603991
    """
    alpha, p, T = _check(alpha, p, T, prior)
    x = informed(start)
    for _ in range(max_iterations):
        y = step(x, alpha, p, T, prior)
        if max(abs(float(y.q - x.q)), abs(float(y.R - x.R))) <= tolerance:
            return y
        x = y
    raise ArithmeticError(
        f"state evolution at alpha = {alpha}, p = {p}, T = {T} still moves after {max_iterations} iterations "
        f"(q = {x.q!r}): close to a spinodal, raise max_iterations or tolerance = {tolerance}"
    )


def _check(alpha: float, p: float, T: float | None, prior: str) -> tuple[float, float, float]:
    check_prior(prior)
    p = float(check_flip(p))
    if T is None:
        if p == 0.5:
            raise ValueError("p = 0.5 has no Nishimori temperature, its labels say nothing: give T")
        T = float(nishimori_temperature(p))
    return float(check_load(alpha)), p, check_temperature(T)
