"""Replica-symmetric theory of the Hopfield model: order parameters, energy, free energy and entropy.

The model is H = -(1/2N) sum_{i != j} sum_mu xi_i^mu xi_j^mu s_i s_j with P = alpha N random +-1 patterns and
k_B = 1; energies are per spin. Keeping i = j would lower e and f by alpha / 2. With b = 1/T, C = b (1 - q)
and n condensed patterns of equal overlap m::

    f = alpha/2 + n m^2/2 + (alpha b/2) r (1 - q) + (alpha/2b) [ln(1 - C) - b q/(1 - C)]
        - T E ln 2cosh b(k m + sqrt(alpha r) z)

Source: Amit, Gutfreund & Sompolinsky, Phys. Rev. Lett. 55, 1530 (1985); Ann. Phys. 173, 30 (1987).
The lines of the phase diagram are in `statmech.theory.hopfield_lines`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from statmech.theory import hopfield_saddle as saddle
from statmech.theory.gauss import response, thermal

Array = NDArray[np.float64]

BRANCHES = ("retrieval", "spin_glass", "paramagnet", "mixture")
CITATION = "Amit, Gutfreund & Sompolinsky, Ann. Phys. 173, 30 (1987)"


@dataclass(frozen=True)
class OrderParameters:
    """Solution on one branch; every array has the broadcast shape of (alpha, T), NaN where `exists` is False.

    m: overlap with each condensed pattern. q: Edwards-Anderson overlap. C: susceptibility (1 - q) / T, finite
    at T = 0. r: (1/alpha) times the summed squares of the *thermal means* of the other overlaps, AGS's
    q / (1 - C)^2. e, f, s: energy, free energy, entropy per spin (k_B = 1); s < 0 marks replica symmetry at
    fault. at: de Almeida-Thouless margin (1 - C)^2 - alpha b^2 E sech^4, > 0 where the replica-symmetric
    state is stable, -inf at T = 0. transverse: smallest curvature of f against the overlaps (for a mixture,
    against unequal ones), > 0 where locally stable. exists: bool.
    """

    alpha: Array
    T: Array
    m: Array
    q: Array
    r: Array
    C: Array
    e: Array
    f: Array
    s: Array
    at: Array
    transverse: Array
    exists: NDArray[np.bool_]

    @property
    def r_chain(self) -> Array:
        """(1/alpha) <sum of m_mu^2 over the uncondensed patterns> = r + (1 - q)/(1 - C).

        This is what one simulated chain measures: to r it adds the thermal variance of the overlaps.
        """
        return self.r + self.T * self.C / (1 - self.C)


def check(alpha: ArrayLike, T: ArrayLike, *, zero_load: bool = False) -> tuple[Array, Array]:
    """Broadcast (alpha, T) as float64; ValueError or TypeError in one sentence when they make no sense."""
    out = []
    for name, value in (("alpha", alpha), ("T", T)):
        try:
            array = np.asarray(value, dtype=float)
        except (TypeError, ValueError):
            raise TypeError(f"{name} must be a number or an array of numbers, got {value!r}") from None
        bad = ~np.isfinite(array) | (array < 0)
        if name == "alpha" and not zero_load:
            bad |= array < 1e-100  # below that the squares of the widths leave the floating-point range
        if bad.any():
            rule = {"T": "T >= 0 (T = 0 is allowed)", "alpha": "alpha = P/N >= 0"}[name]
            if name == "alpha" and not zero_load:
                rule = "alpha = P/N > 0; for a finite number of patterns take a small load such as 1e-9"
            raise ValueError(f"{name} = {float(array[bad].flat[0])!r} is not valid, expected finite {rule}")
        out.append(array)
    try:
        a, t = np.broadcast_arrays(*out)
    except ValueError:
        shapes = f"{out[0].shape} and {out[1].shape}"
        raise ValueError(
            f"alpha and T of shapes {shapes} do not broadcast; for a grid pass alpha[:, None] and T[None, :]"
        ) from None
    return a, t


def check_mixture(n: int) -> int:
    """n as int; ValueError unless it is an odd number of mixed patterns, 3 to 99."""
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or not 3 <= n <= 99 or n % 2 == 0:
        raise ValueError(
            f"n = {n!r} is not valid, expected an odd integer from 3 to 99, the number of mixed patterns: "
            "mixtures of an even number are stable nowhere"
        )
    return int(n)


def solve(alpha: ArrayLike, T: ArrayLike, branch: str = "retrieval", n: int = 3) -> OrderParameters:
    """Order parameters and thermodynamics on one branch, vectorised over alpha and T.

    Equations: m = (1/n) E k tanh b(k m + sqrt(alpha r) z), q = E tanh^2, C = b(1 - q), r = q/(1 - C)^2, and
    e = -n m^2/2 + (alpha/2) [1 - (1 - q)/(1 - C) - r],
    s = E[ln 2cosh x - x tanh x] - (alpha/2) [ln(1 - C) + C/(1 - C)], x = b(k m + sqrt(alpha r) z).

    Args:
        alpha: load P/N > 0, array-like. T: temperature >= 0, array-like; broadcast against alpha.
        branch: "retrieval" (one overlap m > 0; exists up to the line T_M), "spin_glass" (m = 0, q > 0; below
            T_g), "paramagnet" (m = q = 0; exists for T > 1, is stable (at > 0) above T_g), or "mixture" (n
            equal overlaps m > 0; locally stable where `transverse` > 0).
        n: number of mixed patterns, odd (even mixtures are stable nowhere); read by "mixture" only.

    Returns:
        OrderParameters of float64 arrays with the broadcast shape, NaN where the branch does not exist.

    Raises:
        ValueError, TypeError: alpha <= 0, T < 0, not finite, shapes that do not broadcast, unknown branch
            or bad n.

    Source: Amit, Gutfreund & Sompolinsky, Ann. Phys. 173, 30 (1987).

    Example:
        >>> float(solve(0.05, 0.3).m.round(6))
        0.991165
    """
    if branch not in BRANCHES:
        raise ValueError(f"branch = {branch!r} is not known, expected one of {', '.join(BRANCHES)}")
    a, t = check(alpha, T)
    shape, a, t = a.shape, a.ravel(), t.ravel()
    copies = {"retrieval": 1, "mixture": check_mixture(n)}.get(branch, 1)
    m = np.zeros_like(a)
    if branch == "paramagnet":
        sigma = np.where(t > 1, 0.0, np.nan)
    elif branch == "spin_glass":
        sigma = saddle.spin_glass(a, t)
    else:
        sigma = saddle.at_load(a, t, copies)
    exists = np.isfinite(sigma)
    if branch in ("retrieval", "mixture"):
        m[exists] = saddle.overlap(sigma[exists], t[exists], copies)
    values = np.full((9, a.size), np.nan)
    values[:, exists] = thermodynamics(m[exists], sigma[exists], a[exists], t[exists], copies)
    return OrderParameters(*(v.reshape(shape) for v in (a, t, *values, exists)))


def thermodynamics(m: Array, sigma: Array, alpha: Array, T: Array, n: int = 1) -> Array:
    """Rows m, q, r, C, e, f, s, at, transverse at a saddle point, for 1-d arrays."""
    k, w = saddle.signs(n)
    k, w = k[:, None], w[:, None]
    _, q_k, chi, _, _ = response(k * m, sigma, T)
    q, C = (w * q_k).sum(0), (w * chi).sum(0)
    sech4, lncosh, binary = (w * thermal(k * m, sigma, T)).sum(1)
    # At a saddle point sigma^2 = alpha r and sigma (1 - C) = sqrt(alpha q): no digits lost where C is near 1.
    r = sigma**2 / alpha
    gap = np.divide(np.sqrt(alpha * q), sigma, out=1 - C, where=sigma > 0)
    e = -n * m**2 / 2 + (alpha / 2) * (1 - T * C / gap - r)
    # d/dT of f at fixed order parameters: nothing divides by T, so the T = 0 value comes out too.
    s = binary - (alpha / 2) * (np.log(gap) + C / gap)
    f = alpha / 2 + n * m**2 / 2 + (alpha / 2) * (r * C - q / gap + T * np.log(gap)) - lncosh
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        at = np.where(T > 0, gap**2 - alpha * sech4 / T, -np.inf)
    pair = (k * k - n) / (n * (n - 1)) if n > 1 else 0 * k
    return np.stack([m, q, r, C, e, f, s, at, 1 - (w * chi * (1 - pair)).sum(0)])


def free_energy(
    m: ArrayLike, q: ArrayLike, r: ArrayLike, alpha: ArrayLike, T: ArrayLike, n: int = 1
) -> Array:
    """Replica-symmetric free energy per spin as a function of the order parameters (module's first equation).

    Stationary in m, q and r at every solution of `solve`: the test of the saddle-point equations.

    Args:
        m, q, r: order parameters, q < 1, T > 1 - q. alpha > 0, T > 0. All broadcast. n: condensed patterns.

    Returns:
        float64 array, an energy per spin (k_B = 1); NaN where C = (1 - q)/T >= 1.

    Raises:
        ValueError: alpha <= 0 or T <= 0.

    Source: Amit, Gutfreund & Sompolinsky, Ann. Phys. 173, 30 (1987).

    Example:
        >>> x = solve(0.05, 0.3)
        >>> bool(abs(free_energy(x.m, x.q, x.r, 0.05, 0.3) - x.f) < 1e-14)
        True
    """
    a, t = check(alpha, T)
    if (t == 0).any():
        raise ValueError("T = 0 is not valid here, expected T > 0; solve knows C = (1 - q)/T at T = 0")
    m, q, r, a, t = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (m, q, r)), a, t)
    k, w = saddle.signs(n)
    k, w = (v.reshape((-1,) + (1,) * m.ndim) for v in (k, w))
    C = (1 - q) / t
    lncosh = (w * thermal(k * m, np.sqrt(a * r), t)[1]).sum(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        noise = r * C - q / (1 - C) + t * np.log1p(-C)
    return np.where(C < 1, a / 2 + n * m**2 / 2 + (a / 2) * noise - lncosh, np.nan)


@dataclass(frozen=True)
class HopfieldTheory:
    """Replica theory under the observable names of a simulation, for overlays without a mapping.

    Equations as in `solve`; n is the number of patterns of the branch "mixture".
    Source: Amit, Gutfreund & Sompolinsky, Ann. Phys. 173, 30 (1987).

    Example:
        >>> float(HopfieldTheory().predict(0.05, 0.3)["e"].round(6))
        -0.494278
    """

    n: int = 3

    branches: ClassVar[tuple[str, ...]] = BRANCHES
    citation: ClassVar[str] = CITATION
    words: ClassVar[Mapping[str, str | tuple[str, str]]] = {
        "spin_glass": "spin glass", "paramagnet": "paramagnet", "retrieval": "retrieval", "mixture": "mixture",
        "T_g": (r"$T_g$", "spin glass below"), "T_M": (r"$T_M$", "retrieval states below"),
        "T_c": (r"$T_c$", "retrieval stable below"), "T_R": (r"$T_R$", "replica symmetry broken below"),
    }  # fmt: skip
    """Legend texts: of a branch, and (symbol, meaning) of a line."""

    def __post_init__(self) -> None:
        check_mixture(self.n)

    @classmethod
    def of(cls, model: Mapping[str, Any]) -> HopfieldTheory | None:
        """The theory of a model with these parameters (those not at their default), None if it has another one."""
        return cls() if set(model) <= {"n", "alpha", "form"} else None

    def reached(self, start: str) -> tuple[str, ...]:
        """Branches on which a class of starts may end, its own first."""
        own = {"pattern": ("retrieval",), "mixture": ("mixture",)}.get(start.partition(":")[0], ())
        return (*own, "spin_glass", "paramagnet")

    def predict(self, alpha: ArrayLike, T: ArrayLike, branch: str = "retrieval") -> dict[str, Array]:
        """Observables m, m_abs, q, q_abs, r, e, f, s on a branch: arrays of the broadcast (alpha, T) shape.

        "r" is the observable of that name, the thermal mean of the summed squared overlaps over alpha: AGS's
        order parameter plus (1 - q)/(1 - C). The order parameter itself is ``solve(...).r``.

        Raises: as `solve`.

        Example: ``HopfieldTheory().predict(0.05, [0.1, 0.3])["m"]``
        """
        x = solve(alpha, T, branch, self.n)
        return {"m": x.m, "m_abs": x.m, "q": x.q, "q_abs": x.q, "r": x.r_chain, "e": x.e, "f": x.f, "s": x.s}

    def lines(self) -> dict[str, Callable[[ArrayLike], Array]]:
        """Lines of the (alpha, T) plane, each a function alpha -> T (NaN where the line has ended).

        Example: ``HopfieldTheory().lines()["T_g"](0.04)``
        """
        from statmech.theory import hopfield_lines as at

        return {"T_g": at.T_g, "T_M": at.T_M, "T_c": at.T_c, "T_R": at.T_R}

    def loads(self) -> dict[str, Callable[[ArrayLike], Array]]:
        """Lines that are functions T -> alpha as well: cheaper to draw, and whole where they lean back at low T.

        Example: ``HopfieldTheory().loads()["T_M"](0.0)``
        """
        from statmech.theory import hopfield_lines as at

        return {"T_M": at.alpha_M, "T_c": at.alpha_first_order}
