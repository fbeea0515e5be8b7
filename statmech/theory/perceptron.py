"""Replica-symmetric theory of the perceptron at finite temperature: teacher and student, label noise, random labels.

N weights w with |w|^2 = N (Ising: +-1, spherical: any direction) learn m = alpha N examples: inputs of zero mean and
unit variance, labels sign(teacher . x), each flipped with probability p = r/2, where r is the share of labels redrawn
at random (p = 1/2: nothing but random labels). The energy E is the number of training errors, the weight exp(-E/T)
with k_B = 1, b = 1/T. With R the overlap with the teacher, q that of two students, and the averages of
`perceptron_channel`

    Ising:      -b f = -qh (1 - q)/2 - Rh R + E ln 2cosh(sqrt(qh) z + Rh) + alpha G
    spherical:  -b f = ln(1 - q)/2 + (q - R^2)/(2 (1 - q)) + alpha G        (0 at alpha = 0: uniform measure)
    G = 2 E P(z) ln[e^-b + (1 - e^-b) Phi(sqrt(q/(1 - q)) z)]

Source: Gyorgyi, Phys. Rev. A 41, 7097 (1990); Sompolinsky, Tishby & Seung, Phys. Rev. Lett. 65, 1683 (1990); Seung,
Sompolinsky & Tishby, Phys. Rev. A 45, 6056 (1992); label noise: Gyorgyi & Tishby (1990).
Lines of the phase diagram: `perceptron_lines` and `perceptron_temperatures`; capacities: `perceptron_storage`; ground
states: `perceptron_ground`; noise as a smaller load: `perceptron_load`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from statmech.theory import gauss
from statmech.theory import perceptron_saddle as saddle
from statmech.theory.perceptron_channel import Point, averages, thermal

Array = NDArray[np.float64]

WEIGHTS = saddle.WEIGHTS
BRANCHES = ("poor", "perfect")
CITATION = "Seung, Sompolinsky & Tishby, Phys. Rev. A 45, 6056 (1992)"


@dataclass(frozen=True)
class OrderParameters:
    """Solution on one branch; every array has the broadcast shape of (alpha, T, p), NaN where `exists` is False.

    R: overlap with the teacher. q: overlap of two students at one set of examples. qh, Rh: their conjugates.
    eps_t: share of training errors (noisy labels). e = alpha eps_t: energy per weight. eps_g = arccos(R)/pi:
    generalisation error against the clean teacher. gap = p + (1 - 2p) eps_g - eps_t: noisy test error less eps_t.
    eps_avg = arccos(R/sqrt(q))/pi: error of the averaged student. f, s: free energy and entropy per weight (spherical:
    s = 0 for the whole sphere); at T = 0 f = e and s is the log volume of the students without errors.
    at: de Almeida-Thouless margin 1 - alpha 2 E P g'^2 (Ising: E sech^4, spherical: (1 - q)^2), > 0 where the
    replica-symmetric state is stable. exists: bool.
    """

    alpha: Array
    T: Array
    p: Array
    R: Array
    q: Array
    qh: Array
    Rh: Array
    e: Array
    eps_t: Array
    eps_g: Array
    gap: Array
    eps_avg: Array
    f: Array
    s: Array
    at: Array
    exists: NDArray[np.bool_]


_RULES = {
    "alpha": "finite alpha = m/N > 0",
    "T": "finite T >= 0 (T = 0 is allowed)",
    "p": "a flip probability 0 <= p <= 1/2 (p = r/2 for a share r of redrawn labels)",
    "r": "a share of redrawn labels 0 <= r <= 1",
    "kappa": "a finite stability",
    "eps_g": "an error 0 < eps_g <= 1/2",
}


def check(**values: ArrayLike) -> tuple[Array, ...]:
    """Broadcast named parameters as float64; ValueError or TypeError in one sentence when they make no sense."""
    out = []
    for name, value in values.items():
        try:
            array = np.asarray(value, dtype=float) + 0.0  # no negative zeros
        except (TypeError, ValueError):
            raise TypeError(f"{name} must be a number or an array of numbers, got {value!r}") from None
        low, high = {"p": (0, 0.5), "r": (0, 1), "kappa": (-np.inf, np.inf), "eps_g": (0, 0.5)}.get(name, (0, np.inf))
        bad = ~np.isfinite(array) | (array < low) | (array > high)
        if name in ("alpha", "eps_g"):
            bad |= array <= 1e-100  # the squares must stay in the floating-point range
        if bad.any():
            raise ValueError(f"{name} = {float(array[bad].flat[0])!r} is not valid, expected {_RULES[name]}")
        out.append(array)
    try:
        return tuple(np.broadcast_arrays(*out))
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in zip(values, out))
        raise ValueError(f"shapes do not broadcast: {shapes}; for a grid pass alpha[:, None] and T[None, :]") from None


def check_weights(weights: str) -> str:
    """The kind of weights; ValueError if there is no such kind."""
    if weights not in WEIGHTS:
        raise ValueError(f"weights = {weights!r} is not known, expected one of {', '.join(WEIGHTS)}")
    return weights


def solve(
    alpha: ArrayLike, T: ArrayLike, p: ArrayLike = 0.0, weights: str = "ising", branch: str = "poor"
) -> OrderParameters:
    """Order parameters and thermodynamics on one branch, vectorised over alpha, T and p.

    Equations: qh = alpha 2 E P g^2, Rh = alpha 2 (1 - 2p)/sqrt(2 pi) E g(sqrt(q - R^2) z) with
    R = E tanh, q = E tanh^2 of sqrt(qh) z + Rh (Ising) or R = (1 - q) Rh, q - R^2 = (1 - q)^2 qh (spherical);
    eps_t = 2 E P e^-b (1 - Phi)/(e^-b + (1 - e^-b) Phi), s = b (e - f).

    Args:
        alpha: load m/N > 0, array-like. T: temperature >= 0. p: flip probability, 0 to 1/2. Broadcast together.
        weights: "ising" or "spherical".
        branch: "poor" (R < 1; for Ising weights up to the spinodal, for T = 0 as far as students without errors
            exist) or "perfect" (Ising weights only: the teacher itself, R = q = 1, e = alpha p, s = 0).

    Returns:
        OrderParameters of float64 arrays with the broadcast shape, NaN where the branch does not exist.

    Raises:
        ValueError, TypeError: a parameter out of range or not finite, shapes that do not broadcast, unknown weights
            or branch.

    Source: Gyorgyi, Phys. Rev. A 41, 7097 (1990); Seung, Sompolinsky & Tishby, Phys. Rev. A 45, 6056 (1992).

    Example:
        >>> float(solve(1.0, 0.5).eps_g.round(6))
        0.361623
    """
    if branch not in BRANCHES:
        raise ValueError(f"branch = {branch!r} is not known, expected one of {', '.join(BRANCHES)}")
    check_weights(weights)
    a, t, flip = check(alpha=alpha, T=T, p=p)
    shape, a, t, flip = a.shape, a.ravel(), t.ravel(), flip.ravel()
    values = np.full((12, a.size), np.nan)
    if branch == "perfect":
        exists = (flip < 0.5) & (weights == "ising")
        one, zero = np.ones_like(a), np.zeros_like(a)
        perfect = [one, one, np.inf * one, np.inf * one, a * flip, flip, zero, zero, zero, a * flip, zero, one]
        values[:, exists] = np.stack(perfect)[:, exists]
    else:
        y, u = saddle.at_load(a, t, flip, np.zeros_like(a), weights)
        exists = np.isfinite(y)
        x = saddle.prior(weights)(y[exists], u[exists])
        values[:, exists] = thermodynamics(x, a[exists], t[exists], flip[exists], weights)
    return OrderParameters(*(v.reshape(shape) for v in (a, t, flip, *values, exists)))


def thermodynamics(
    x: saddle.Field, alpha: Array, T: Array, p: Array, weights: str, kappa: Array | float = 0.0
) -> Array:
    """Rows R, q, qh, Rh, e, eps_t, eps_g, gap, eps_avg, f, s, at of weights in the field x, for 1-d arrays."""
    point = saddle.point(x, T, p, kappa + np.zeros_like(T))
    G, eps_t = thermal(point)
    if weights == "ising":
        weight = -x.qh * x.V / 2 - x.Rh * x.R + gauss.thermal(x.Rh, np.sqrt(x.qh), 1.0)[1]
    else:
        weight = np.log(x.V) / 2 + x.sigma**2 / (2 * x.V)
    e = alpha * eps_t
    minus_bf = weight + alpha * G
    with np.errstate(divide="ignore", invalid="ignore"):
        s = minus_bf + np.where(T > 0, e / T, 0.0)
    f = np.where(T > 0, -T * minus_bf, e)
    at = 1 - alpha * averages(point).curvature * x.sech4
    # arccos R and arccos(R/sqrt q) through sines: no digits lost where R is near 1.
    eps_g = np.arctan2(np.sqrt(x.V + x.sigma**2), x.R) / np.pi
    eps_avg = np.arctan2(x.sigma, x.R) / np.pi
    return np.stack([x.R, x.q, x.qh, x.Rh, e, eps_t, eps_g, p + (1 - 2 * p) * eps_g - eps_t, eps_avg, f, s, at])


def free_energy(
    q: ArrayLike,
    R: ArrayLike,
    alpha: ArrayLike,
    T: ArrayLike,
    p: ArrayLike = 0.0,
    weights: str = "ising",
    qh: ArrayLike = 0.0,
    Rh: ArrayLike = 0.0,
) -> Array:
    """Replica-symmetric free energy per weight as a function of the order parameters (module's equations).

    Stationary in q and R (Ising: and in qh and Rh) at every solution of `solve`: the test of the saddle point.

    Args:
        q, R: overlaps, R^2 <= q < 1. alpha > 0, T > 0, p. weights. qh, Rh: read for Ising weights only.

    Returns:
        float64 array, an energy per weight (k_B = 1).

    Raises:
        ValueError: T = 0 or an argument out of range.

    Source: Seung, Sompolinsky & Tishby, Phys. Rev. A 45, 6056 (1992).

    Example:
        >>> x = solve(1.0, 0.5)
        >>> bool(abs(free_energy(x.q, x.R, 1.0, 0.5, 0.0, "ising", x.qh, x.Rh) - x.f) < 1e-12)
        True
    """
    check_weights(weights)
    a, t, flip = check(alpha=alpha, T=T, p=p)
    if (t == 0).any():
        raise ValueError("T = 0 is not valid here, expected T > 0; solve knows the entropy at T = 0")
    q, R, qh, Rh, a, t, flip = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (q, R, qh, Rh)), a, t, flip)
    if ((q >= 1) | (q < R * R)).any():
        raise ValueError("expected R^2 <= q < 1, got overlaps outside that range")
    square = q - R * R
    flat = [v.ravel() for v in (q, 1 - q, R, np.sqrt(square), t, flip, 0 * q)]
    G = thermal(Point(*flat))[0].reshape(q.shape)
    if weights == "ising":
        weight = -qh * (1 - q) / 2 - Rh * R + gauss.thermal(Rh, np.sqrt(qh), 1.0)[1]
    else:
        weight = np.log1p(-q) / 2 + square / (2 * (1 - q))
    return -t * (weight + a * G)


@dataclass(frozen=True)
class PerceptronTheory:
    """Replica theory under the observable names of a simulation, for overlays without a mapping.

    Equations as in `solve`. weights: "ising" or "spherical"; r: share of redrawn labels (p = r/2). Both are what
    `lines` is drawn for and the defaults of `predict`.
    Source: Seung, Sompolinsky & Tishby, Phys. Rev. A 45, 6056 (1992).

    Example:
        >>> float(PerceptronTheory("spherical", r=0.2).predict(5.0, 1.0)["eps_g"].round(6))
        0.26381
    """

    weights: str = "ising"
    r: float = 0.0

    branches: ClassVar[tuple[str, ...]] = BRANCHES
    citation: ClassVar[str] = CITATION
    words: ClassVar[Mapping[str, str | tuple[str, str]]] = {
        "perfect": "perfect generalisation", "poor": "poor generalisation",
        "T_th": (r"$T_{th}$", "perfect generalisation below"), "T_sp": (r"$T_{sp}$", "no poor branch below"),
        "T_s0": (r"$T_{s=0}$", "freezing below"), "T_AT": (r"$T_{AT}$", "replica symmetry broken below"),
        "T_opt": (r"$T_{opt}$", "over-training below"), "T_N": (r"$T_N$", "memorising below"),
    }  # fmt: skip
    """Legend texts: of a branch, and (symbol, meaning) of a line."""

    def __post_init__(self) -> None:
        check_weights(self.weights)
        check(r=self.r)

    @classmethod
    def of(cls, model: Mapping[str, Any]) -> PerceptronTheory | None:
        """The theory of a Perceptron with these parameters (those not at their default), None if it has another one:
        another potential, a margin, the user's data, or a teacher that is not of the student's kind."""
        weights, random = model.get("weights", "ising"), model.get("labels") == "random"
        known = {"n", "alpha", "weights", "r", "labels", "inputs", "teacher", "relabelling"}
        own = model.get("inputs", "gaussian") in ("binary", "gaussian") and model.get("teacher", weights) == weights
        if not set(model) <= known or not own:
            return None
        return cls(weights, 1.0 if random else float(model.get("r", 0.0)))

    def reached(self, start: str) -> tuple[str, ...]:
        """Branches on which a class of starts may end, its own first."""
        return ("perfect", "poor") if start.startswith("teacher") and self.weights == "ising" else ("poor",)

    def predict(
        self,
        alpha: ArrayLike,
        T: ArrayLike,
        r: ArrayLike | None = None,
        weights: str | None = None,
        branch: str = "poor",
    ) -> dict[str, Array]:
        """Observables e, eps_t, eps_g, R, q, gap, eps_avg, f, s on a branch: arrays of the broadcast shape.

        r, weights: instead of the fields of this theory. Raises: as `solve`.

        Example: ``PerceptronTheory().predict([0.5, 1.0], 0.5)["R"]``
        """
        a, t, share = check(alpha=alpha, T=T, r=self.r if r is None else r)
        x = solve(a, t, share / 2, self.weights if weights is None else weights, branch)
        return {k: getattr(x, k) for k in ("e", "eps_t", "eps_g", "R", "q", "gap", "eps_avg", "f", "s")}

    def lines(self) -> dict[str, Callable[[ArrayLike], Array]]:
        """Lines of the (alpha, T) plane, each a function alpha -> T (NaN where the line has ended).

        Ising: T_th (perfect generalisation below), T_sp (the poor branch is gone below), T_s0 (its entropy is negative
        below), T_AT, T_N; spherical: T_AT, T_opt, T_N. T_opt and T_N need noisy labels.

        Example: ``PerceptronTheory().lines()["T_th"](1.5)``
        """
        from statmech.theory import perceptron_temperatures as at

        return at.named(self.weights, self.r / 2)

    def loads(self) -> dict[str, Callable[[ArrayLike], Array]]:
        """Lines that are functions T -> alpha as well: cheaper to draw, and whole where they lean back at low T.

        Example: ``PerceptronTheory().loads()["T_sp"](1.0)``
        """
        from statmech.theory import perceptron_temperatures as at

        return at.named_loads(self.weights, self.r / 2)
