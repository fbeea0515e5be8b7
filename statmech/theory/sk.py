"""The Sherrington-Kirkpatrick model: replica-symmetric theory in a field, and the exact solution below the AT line.

H = -sum_{i<j} J_ij s_i s_j - sum_i (h + h_r z_i) s_i with J_ij ~ N(J0/N, 1/N), z_i ~ N(0, 1); k_B = 1, per spin.
With x = J0 m + h + sqrt(q + h_r^2) z and b = 1/T::

    m = E tanh b x,  q = E tanh^2 b x,  f = -b (1 - q)^2 / 4 + J0 m^2 / 2 - T E ln 2cosh b x
    e = -(b/2)(1 - q^2) - J0 m^2 / 2 - h m - b h_r^2 (1 - q)

Replica symmetry holds where b^2 E sech^4 b x < 1 (de Almeida & Thouless); elsewhere the solution is Parisi's
(`statmech.theory.parisi_solution`), with the exact relations int q dx = 1 - T and e = -(b/2)(1 - int q^2 dx) at h = 0.

Source: Sherrington & Kirkpatrick, Phys. Rev. Lett. 35, 1792 (1975); Phys. Rev. B 17, 4384 (1978).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from statmech.theory.gauss import response, thermal
from statmech.theory.mixture import check_temperature
from statmech.theory.parisi_solution import full_rsb
from statmech.theory.roots import newton

Array = NDArray[np.float64]

BRANCHES = ("paramagnet", "spin_glass", "replica_symmetric")
CITATION = "Sherrington & Kirkpatrick, Phys. Rev. B 17, 4384 (1978)"
ROUNDING = -1e-12  # of the margin at T_c
GROUND_STATE = -0.763166726566547
"""e at T = 0 (Oppermann, Schmidt & Sherrington, Phys. Rev. Lett. 98, 127201 (2007)): the test of `full_rsb(2, 0)`."""


@dataclass(frozen=True)
class OrderParameters:
    """Replica-symmetric solution; arrays of the broadcast shape of T and the fields.

    q: overlap, M: magnetisation, C = (1 - q)/T, finite at T = 0; e, f, s per spin; at: margin 1 - b^2 E sech^4, > 0
    where replica symmetry holds, -inf at T = 0.
    """

    T: Array
    q: Array
    M: Array
    C: Array
    e: Array
    f: Array
    s: Array
    at: Array


def _number(name: str, value: ArrayLike) -> Array:
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number or an array of numbers, got {value!r}") from None
    if (~np.isfinite(array) | (array < 0)).any():
        raise ValueError(f"{name} = {value!r} is not valid, expected finite values >= 0")
    return array


def _overlap(a: Array, noise: Array, T: Array) -> Array:
    """q at the mean field a and the variance `noise` of the random field: E tanh^2 / q falls with q (Guerra)."""
    q = np.where(T > 0, 0.0, 1.0)
    free = (a == 0) & (noise == 0)
    active = np.flatnonzero((T > 0) & ~(free & (T >= 1)))
    if active.size:
        A, D, t = a[active], noise[active], T[active]

        def fun(x: Array, i: NDArray[np.intp]) -> tuple[Array, Array]:
            _, square, _, _, chi2 = response(A[i], np.sqrt(x + D[i]), t[i])
            return 1 - square / x, square / x**2 + 0.5 * t[i] * chi2 / x

        one = np.ones(active.size)
        q[active] = newton(fun, 1e-300 * one, one, np.clip(1 - t, 0.05, 0.95), rtol=1e-15)
    return q


def _field(h: Array, J0: Array, noise: Array, T: Array) -> Array:
    """The mean field a = J0 m(a) + h on the ferromagnetic side, 0 where there is none."""
    low, high = np.full(T.shape, 1e-9), h + J0
    tried = np.maximum(low, h)
    pulls = J0 * response(tried, np.sqrt(_overlap(tried, noise, T) + noise), T)[0] + h > tried
    low, high = np.where(pulls, tried, 0.0), np.where(pulls, high, 0.0)
    for _ in range(60):
        a = 0.5 * (low + high)
        at = np.where(pulls, a, 1.0)
        up = J0 * response(at, np.sqrt(_overlap(at, noise, T) + noise), T)[0] + h > at
        low, high = np.where(up, a, low), np.where(up, high, a)
    return np.where(pulls, 0.5 * (low + high), h)


def solve(T: ArrayLike, h: ArrayLike = 0.0, J0: ArrayLike = 0.0, h_random: ArrayLike = 0.0) -> OrderParameters:
    """The replica-symmetric solution (module's equations), on the ferromagnetic side where J0 magnetises.

    Args:
        T: temperature >= 0. h: uniform field, J0: mean of N J_ij, h_random: standard deviation of a Gaussian field; all
            >= 0 and broadcast together (k_B = 1).

    Returns:
        OrderParameters of float64 arrays.

    Raises:
        ValueError, TypeError: an argument negative, not finite, no number; shapes that do not broadcast.

    Source: Sherrington & Kirkpatrick, Phys. Rev. B 17, 4384 (1978).

    Example:
        >>> float(solve(0.7, 0.8).e.round(6))
        -0.928613
    """
    t = check_temperature(T)
    inputs = [t, *(_number(n, v) for n, v in (("h", h), ("J0", J0), ("h_random", h_random)))]
    t, field, ferro, random = np.broadcast_arrays(*inputs)
    shape = t.shape
    t, field, ferro, random = (np.ravel(v) for v in (t, field, ferro, random))
    noise = random**2
    a = field.copy()
    pulled = ferro > 0
    a[pulled] = _field(field[pulled], ferro[pulled], noise[pulled], t[pulled])
    q = _overlap(a, noise, t)
    sigma = np.sqrt(q + noise)
    frozen = (sigma == 0) & (a == 0)  # the free paramagnet: any width below T gives the same averages
    M, _, C, _, _ = response(a, np.where(frozen, 1e-30, sigma), t)
    sech4, lncosh, binary = thermal(a, np.where(frozen, 1e-30, sigma), t)
    C = np.where(t > 0, (1 - q) / np.where(t > 0, t, 1), C)
    f = -t * C**2 / 4 + ferro * M**2 / 2 - lncosh
    e = -C * (1 + q) / 2 - ferro * M**2 / 2 - field * M - noise * C
    with np.errstate(divide="ignore"):
        at = np.where(t > 0, 1 - sech4 / t, -np.inf)
    s = -(C**2) / 4 + binary
    return OrderParameters(*(v.reshape(shape) for v in (t, q, M, C, e, f, s, at)))


def h_AT(T: ArrayLike, kind: str = "uniform") -> Array:
    """The de Almeida-Thouless line: the field above which replica symmetry holds at temperature T (NaN for T >= 1).

    b^2 E sech^4 b(h + sqrt q z) = 1 (kind "uniform"), or with h^2 added to the variance q (kind "gaussian").

    Returns: float64 array like T. Raises: ValueError for T <= 0 or another kind.

    Source: de Almeida & Thouless, J. Phys. A 11, 983 (1978).

    Example:
        >>> float(h_AT(0.8).round(6))
        0.117581
    """
    t = check_temperature(T, zero=False)
    if kind not in ("uniform", "gaussian"):
        raise ValueError(f"kind = {kind!r} is not known, expected 'uniform' or 'gaussian'")
    flat = t.ravel()
    on = np.flatnonzero(flat < 1)
    tt = flat[on]
    low, high = np.full(on.shape, -40.0), np.log(5 + 3 / tt)  # ln h
    for _ in range(70):
        mid = 0.5 * (low + high)
        x = solve(tt, np.exp(mid)) if kind == "uniform" else solve(tt, h_random=np.exp(mid))
        low, high = np.where(x.at < 0, mid, low), np.where(x.at < 0, high, mid)
    out = np.full(flat.shape, np.nan)
    out[on] = np.exp(0.5 * (low + high))
    return out.reshape(t.shape)


def T_AT(h: ArrayLike, J0: ArrayLike = 0.0) -> Array:
    """The temperature below which replica symmetry is broken in the uniform field h (1 at h = 0, J0 <= 1).

    Returns: float64 array of the broadcast shape. Raises: as `solve`.

    Source: de Almeida & Thouless, J. Phys. A 11, 983 (1978).

    Example:
        >>> float(T_AT(0.0))
        1.0
    """
    field, ferro = np.broadcast_arrays(_number("h", h), _number("J0", J0))
    low, high = np.zeros(field.shape), np.ones(field.shape)
    for _ in range(52):
        mid = 0.5 * (low + high)
        broken = solve(mid, field, ferro).at < 0
        low, high = np.where(broken, mid, low), np.where(broken, high, mid)
    return np.where((field == 0) & (ferro <= 1), 1.0, 0.5 * (low + high))


def finite_size(T: ArrayLike, N: int) -> Array:
    """Energy per spin above T_c with its first correction: -(b/2) [1 - 1/(N (1 - b^2))].

    Returns: float64 array like T. Raises: ValueError for T <= 1 or N < 2.

    Source: the 1/N loop of the paramagnet; with the exact identity e = -(b/2)(1 - E<q^2>).

    Example: ``finite_size(1.5, 100)``
    """
    t = check_temperature(T, zero=False)
    if (t <= 1).any() or N < 2:
        raise ValueError(f"T = {T!r}, N = {N!r}: expected T > 1, where the expansion holds, and N >= 2")
    return -(1 / (2 * t)) * (1 - 1 / (N * (1 - 1 / t**2)))


@dataclass(frozen=True)
class SKTheory:
    """Theory under the observable names of a simulation: h, h_random fields, J0 the mean of N J_ij.

    Example:
        >>> float(SKTheory().predict(0.5, "spin_glass")["e"].round(6))
        -0.711461
    """

    h: float = 0.0
    J0: float = 0.0
    h_random: float = 0.0

    branches: ClassVar[tuple[str, ...]] = BRANCHES
    citation: ClassVar[str] = CITATION
    words: ClassVar[Mapping[str, str | tuple[str, str]]] = {
        "paramagnet": "paramagnet", "spin_glass": "spin glass (Parisi)", "replica_symmetric": "replica symmetric",
        "T_AT": (r"$T_{AT}$", "replica symmetry broken below"),
    }  # fmt: skip
    """Legend texts: of a branch, and (symbol, meaning) of a line."""

    def __post_init__(self) -> None:
        for name in ("h", "J0", "h_random"):
            _number(name, getattr(self, name))

    @classmethod
    def of(cls, model: Mapping[str, Any]) -> SKTheory | None:
        """The theory of a model with these parameters (those not at their default), None if it has another one."""
        if not set(model) <= {"n", "h", "J0", "couplings", "h_random"}:
            return None
        values = {k: float(model[k]) for k in ("h", "J0", "h_random") if k in model}
        return cls(**values) if all(v >= 0 for v in values.values()) else None

    def reached(self, start: str) -> tuple[str, ...]:
        """Branches on which a class of starts may end: the glass is connected to the paramagnet."""
        return ("paramagnet", "spin_glass")

    def predict(self, T: ArrayLike, branch: str = "paramagnet") -> dict[str, Array]:
        """Observables e, f, s, q, q_abs, q2, M on a branch: arrays like T.

        "paramagnet": the replica-symmetric solution where it holds; "replica_symmetric": the same everywhere;
        "spin_glass": Parisi's solution below T_AT (NaN above; NaN too where a magnetisation would have to be found
        with it: J0 > 0 with a field, J0 > 1, or a random field). q and q_abs are int q dx, q2 is int q^2 dx.

        Raises: as `solve`; ValueError for an unknown branch.

        Example: ``SKTheory(h=0.3).predict([0.5, 1.0])["q"]``
        """
        if branch not in BRANCHES:
            raise ValueError(f"branch = {branch!r} is not known, expected one of {', '.join(BRANCHES)}")
        x = solve(T, self.h, self.J0, self.h_random)
        if branch != "spin_glass":
            values = np.stack([x.e, x.f, x.s, x.q, x.q**2, x.M])
            if branch == "paramagnet":
                values = np.where(x.at >= ROUNDING, values, np.nan)
        else:
            values = np.full((6, x.T.size), np.nan)
            known = self.h_random == 0 and (self.J0 == 0 or (self.h == 0 and self.J0 <= 1))
            for i, (t, at) in enumerate(zip(x.T.flat, x.at.flat)):
                if known and at < -1e-5:
                    y = full_rsb(2, float(t), self.h)
                    values[:, i] = y.e, y.f, y.s, y.q_mean, y.q2_mean, y.m
                elif known and at < ROUNDING:  # so close to the line that the two solutions agree to 1e-8
                    values[:, i] = [v.flat[i] for v in (x.e, x.f, x.s, x.q, x.q**2, x.M)]
            values = values.reshape((6, *x.T.shape))
        e, f, s, q, q2, M = values
        return {"e": e, "f": f, "s": s, "q": q, "q_abs": q, "q2": q2, "M": M}

    def lines(self) -> dict[str, Callable[[ArrayLike], Array]]:
        """Lines of the (h, T) plane, each a function h -> T.

        Example: ``SKTheory().lines()["T_AT"](0.5)``
        """
        return {"T_AT": lambda h: T_AT(h, self.J0)}
