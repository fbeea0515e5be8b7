"""The random energy model: the limit, and every finite N without sampling.

2^N independent levels of variance N/2; k_B = 1, per spin. T_c = 1/(2 sqrt(ln 2)); above, e = -b/2 and s = ln 2 - b^2/4;
below, the system sits in the lowest levels: e = f = -sqrt(ln 2), s = 0, and two replicas share a level with
probability E sum p_i^2 = 1 - T/T_c. For finite N, with X = exp(u + sigma z), sigma = b sqrt(N/2), M = 2^N and
L(u) = E exp(-X), the mean over samples is exact::

    E ln Z = int du [exp(-e^u) - L^M],   E <E> = -sqrt(N/2) M int du L^(M-1) E[z X exp(-X)],
    E sum p_i^2 = M int du L^(M-1) E[X^2 exp(-X)]

Source: Derrida, Phys. Rev. Lett. 45, 79 (1980); Phys. Rev. B 24, 2613 (1981); participation: Derrida & Toulouse, J.
Physique Lett. 46, L223 (1985).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from statmech.theory.mixture import check_temperature

Array = NDArray[np.float64]

T_C = 1 / (2 * np.sqrt(np.log(2)))
E_0 = -np.sqrt(np.log(2))
BRANCHES = ("paramagnet", "spin_glass", "finite")
CITATION = "Derrida, Phys. Rev. B 24, 2613 (1981)"
_CHUNK = 2_000_000  # elements of a block of exponentials


class Levels(NamedTuple):
    """e, f, s per spin and Y = E sum p_i^2, arrays like T."""

    T: Array
    e: Array
    f: Array
    s: Array
    Y: Array


def limit(T: ArrayLike) -> Levels:
    """N -> infinity, at any T >= 0.

    Raises: ValueError for T < 0. Source: Derrida, Phys. Rev. B 24, 2613 (1981).

    Example: ``float(limit(2.0).s.round(4)) == 0.6306``
    """
    t = check_temperature(T)
    b = 1 / np.maximum(t, T_C)
    frozen = t <= T_C
    e = np.where(frozen, E_0, -b / 2)
    s = np.where(frozen, 0.0, np.log(2) - b * b / 4)
    return Levels(t, e, e - t * s, s, np.where(frozen, 1 - t / T_C, 0.0))


def complexity(e: ArrayLike) -> Array:
    """ln of the number of levels over N at the energy e per spin: ln 2 - e^2, NaN where there are none.

    Source: Derrida, Phys. Rev. B 24, 2613 (1981). Example: ``float(complexity(0.0)) == math.log(2)``
    """
    value = np.log(2) - np.asarray(e, float) ** 2
    return np.where(value >= -1e-15, value, np.nan)


@lru_cache(maxsize=1024)
def _finite(T: float, N: int) -> tuple[float, float, float]:
    """E ln Z, E <E>, Y of N spins."""
    sigma = np.sqrt(N / 2) / T
    hz = min(0.2, 0.3 / sigma)  # exp(-exp) is tame for |Im sigma z| < pi/2
    reach = np.sqrt(2 * N * np.log(2)) + 10
    z = np.arange(-int(9 / hz), int(reach / hz) + 1) * hz
    weight = np.exp(-0.5 * z * z) * hz / np.sqrt(2 * np.pi)
    bulk = N * np.log(2) + 0.5 * sigma**2
    low = -min(bulk, sigma * reach + N * np.log(2)) - 40
    hu = 0.2
    u = np.arange(int(low / hu), int((9 * sigma + 5) / hu) + 1) * hu
    lnM = N * np.log(2)
    out = np.zeros(3)
    rows = max(1, _CHUNK // len(z))
    for i in range(0, len(u), rows):
        v = u[i : i + rows]
        ln_x = v[:, None] + sigma * z
        X = np.exp(np.minimum(ln_x, 50.0))
        D = -np.expm1(-X) @ weight  # 1 - L, with its digits where it is 2^-N
        alive = np.where(X < 745, X * np.exp(-X), 0.0)
        lnL = np.log1p(-np.minimum(D, 1 - 1e-16))
        with np.errstate(over="ignore", under="ignore"):
            power = np.exp(np.maximum(lnL * np.exp(lnM), -745.0))
            many = np.exp(np.clip(lnL * (np.exp(lnM) - 1) + lnM, -745.0, 709.0))
        first = (alive * z) @ weight
        second = (alive * X) @ weight
        out += hu * np.array([(np.exp(-np.exp(np.minimum(v, 7.0))) - power).sum(), many @ first, many @ second])
    return float(out[0]), float(-np.sqrt(N / 2) * out[1]), float(out[2])


def finite(T: ArrayLike, N: int) -> Levels:
    """The mean over samples of N spins, exact (two nested trapezoid rules, about 1e-10).

    Args: T: array-like, > 0. N: 1 to 1000.

    Raises: ValueError for T <= 0 or N out of range.

    Source: Derrida, Phys. Rev. B 24, 2613 (1981), appendix.

    Example: ``float(finite(T_C, 24).s.round(2)) == 0.18``
    """
    t = check_temperature(T, zero=False)
    if isinstance(N, bool) or not isinstance(N, int | np.integer) or not 1 <= N <= 1000:
        raise ValueError(f"N = {N!r} is not valid, expected an integer from 1 to 1000, the spins of 2^N levels")
    lnZ, E, Y = np.array([_finite(float(x), int(N)) for x in t.ravel()]).reshape(-1, 3).T.reshape(3, *t.shape)
    f, e = -t * lnZ / N, E / N
    return Levels(t, e, f, (e - f) / t, Y)


@dataclass(frozen=True)
class REMTheory:
    """Theory under the observable names of a simulation; n > 0 adds the branch "finite" of n spins.

    Example:
        >>> float(REMTheory().predict(0.3, "spin_glass")["q2"].round(6))
        0.500467
    """

    n: int = 0

    branches: ClassVar[tuple[str, ...]] = BRANCHES
    citation: ClassVar[str] = CITATION
    words: ClassVar[Mapping[str, str | tuple[str, str]]] = {
        "paramagnet": "paramagnet", "spin_glass": "frozen", "finite": "exact at this size",
        "T_c": (r"$T_c$", "frozen below"),
    }  # fmt: skip
    """Legend texts: of a branch, and (symbol, meaning) of a line."""

    @classmethod
    def of(cls, model: Mapping[str, Any]) -> REMTheory | None:
        """The theory of a model with these parameters (those not at their default), None if it has another one."""
        return cls(int(model.get("n") or 0)) if set(model) <= {"n", "form"} else None

    def reached(self, start: str) -> tuple[str, ...]:
        """Branches on which a class of starts may end."""
        return ("finite",) if self.n else ("paramagnet", "spin_glass")

    def predict(self, T: ArrayLike, branch: str = "paramagnet") -> dict[str, Array]:
        """Observables e, f, s, q, q_abs, q2 on a branch: arrays like T, NaN where it does not exist.

        "paramagnet" above T_c, "spin_glass" below; "finite": n spins at T > 0. Two replicas have overlap 1 in a common
        level and 0 otherwise: q = q_abs = q2 = E sum p_i^2 (on "finite": q2 alone, with what unequal levels
        add, about 1/n).

        Raises: ValueError for an unknown branch, or "finite" without n.

        Example: ``REMTheory(n=24).predict(0.6, "finite")["s"]``
        """
        if branch not in BRANCHES:
            raise ValueError(f"branch = {branch!r} is not known, expected one of {', '.join(BRANCHES)}")
        if branch == "finite":
            if not self.n:
                raise ValueError("the branch 'finite' needs a number of spins: REMTheory(n=24)")
            x = finite(T, self.n)
            other = (1 / self.n - 0.5**self.n) / (1 - 0.5**self.n)  # mean square overlap of two different levels
            return {"e": x.e, "f": x.f, "s": x.s, "q2": x.Y + (1 - x.Y) * other}
        x = limit(T)
        here = (x.T > T_C) == (branch == "paramagnet")
        e, f, s, Y = (np.where(here, v, np.nan) for v in x[1:])
        return {"e": e, "f": f, "s": s, "q": Y, "q_abs": Y, "q2": Y}

    def lines(self) -> dict[str, Callable[[ArrayLike], Array]]:
        """Lines of a plane whose first axis the model does not know: constants in it.

        Example: ``REMTheory().lines()["T_c"](0.0)``
        """
        return {"T_c": lambda x: np.full(np.shape(x), T_C)}
