"""Theory of the p-spin glass under the observable names of a simulation: Ising or spherical, p >= 3.

The equations are in `statmech.theory.pspin_ising` and `statmech.theory.pspin_spherical`; below the Gardner
temperature of Ising spins the energies are those of full replica-symmetry breaking (`parisi_solution.k_step`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from statmech.theory import pspin_ising as ising
from statmech.theory import pspin_spherical as spherical
from statmech.theory.mixture import check_p, check_temperature
from statmech.theory.parisi_solution import Breaking, k_step
from statmech.theory.sk import SKTheory

Array = NDArray[np.float64]

BRANCHES = ("paramagnet", "spin_glass", "one_step", "threshold")
STEPS = 4  # of p = 3 below the Gardner temperature, where they settle f to 4e-8 and e to 4e-7; p = 4: 2 steps
MOST = 4  # beyond this p, T_G is below T_K / 8 and one step is left in place there: f is off by less than 1e-5
COLDEST = 0.01  # below, Ising branches are NaN; the energy has long settled


def finite_size(p: int, N: int) -> float:
    """prod_{k<p} (1 - k/N), the factor of every paramagnetic energy at N spins: Var H = (N/2) times it.

    Source: counting the p-tuples of N spins. Example: ``round(finite_size(3, 10), 2) == 0.72``
    """
    if check_p(p) > N:
        raise ValueError(f"N = {N} is less than p = {p}: there is no term, take N >= p")
    return float(np.prod([1 - k / N for k in range(p)]))


def _broken(p: int, T: float) -> Breaking:
    """Below T_G: STEPS steps, or as many as can be told apart (close to T_G they merge into one)."""
    for K in range(STEPS if p == 3 else 2, 1, -1):
        try:
            return k_step(p, T, K=K)
        except ArithmeticError:
            continue
    return k_step(p, T, K=1)


@dataclass(frozen=True)
class PSpinTheory:
    """Replica theory of the pure p-spin glass; spins: "ising" or "spherical".

    Source: Gardner, Nucl. Phys. B 257, 747 (1985); Crisanti & Sommers, Z. Phys. B 87, 341 (1992).

    Example:
        >>> float(PSpinTheory(3).predict(0.5, "spin_glass")["f"].round(6))
        -0.823136
    """

    p: int = 3
    spins: str = "ising"

    branches: ClassVar[tuple[str, ...]] = BRANCHES
    words: ClassVar[Mapping[str, str | tuple[str, str]]] = {
        "paramagnet": "paramagnet", "spin_glass": "spin glass", "one_step": "one step, unstable",
        "threshold": "threshold of aging", "T_d": (r"$T_d$", "metastable states below"),
        "T_K": (r"$T_K$", "spin glass below"), "T_G": (r"$T_G$", "states break up below"),
    }  # fmt: skip
    """Legend texts: of a branch, and (symbol, meaning) of a line."""

    def __post_init__(self) -> None:
        check_p(self.p, 3)
        if self.spins not in ("ising", "spherical"):
            raise ValueError(f"spins = {self.spins!r} is not known, expected 'ising' or 'spherical'")

    @property
    def citation(self) -> str:
        """The paper of the statics."""
        papers = {"ising": "Gardner, Nucl. Phys. B 257, 747 (1985)"}
        return papers.get(self.spins, "Crisanti & Sommers, Z. Phys. B 87, 341 (1992)")

    @classmethod
    def of(cls, model: Mapping[str, Any]) -> PSpinTheory | SKTheory | None:
        """The theory of a dense, pure model with these parameters (those not at their default), None for another.

        The law of the couplings does not matter for N -> infinity; p = 2 of Ising spins is the SK model.
        """
        p, spins = model.get("p", 3), model.get("spins", "ising")
        pure = isinstance(p, int) and not isinstance(p, bool)
        known = set(model) <= {"n", "p", "spins", "couplings"} and spins in ("ising", "spherical")
        if not pure or not known or p < 2:
            return None
        if p == 2:
            return SKTheory() if spins == "ising" else None
        return cls(p, spins)

    def temperatures(self) -> dict[str, float]:
        """T_d, T_K (spherical: T_s) and, for Ising spins, T_G (0 where it is below 0.002 T_K).

        Example: ``round(PSpinTheory(3).temperatures()["T_K"], 6) == 0.651385``
        """
        if self.spins == "spherical":
            return {"T_d": spherical.T_d(self.p), "T_K": spherical.T_s(self.p)}
        T_G = ising.coldest_threshold(self.p)
        return {"T_d": ising.dynamical(self.p).T, "T_K": ising.kauzmann(self.p).T, "T_G": T_G}

    def reached(self, start: str) -> tuple[str, ...]:
        """Branches on which a class of starts may end: a quench stays at the threshold, tempering leaves it."""
        return ("paramagnet", "spin_glass", "threshold")

    def predict(self, T: ArrayLike, branch: str = "paramagnet") -> dict[str, Array]:
        """Observables e, f, s, q, q_abs, q2, and q_EA inside a state, on a branch: arrays like T, NaN outside it.

        "paramagnet" above T_K; "spin_glass" below, the equilibrium (p > 4: with one step at every T); "one_step":
        Ising spins below T_G, where it is unstable; "threshold" below T_d (Ising: and above T_G), the marginal states
        (e: where a quench of an infinite system ends, for Ising spins roughly so; f counts them with the weight m).
        Overlaps: q = int q dx, q2 = int q^2 dx. Entropies of spherical spins count the sphere of radius sqrt N:
        (1 + ln 2 pi)/2 at T = infinity.

        Raises: ValueError for an unknown branch or T < 0; T = 0 gives NaN but for the spherical branches.

        Example: ``PSpinTheory(3, "spherical").predict([0.5, 0.7], "threshold")["e"]``
        """
        if branch not in BRANCHES:
            raise ValueError(f"branch = {branch!r} is not known, expected one of {', '.join(BRANCHES)}")
        t = check_temperature(T)
        e, f, s, q, m = self._spherical(t, branch) if self.spins == "spherical" else self._ising(t, branch)
        if branch == "spin_glass" and self.spins == "ising":
            mean, square = self._overlaps(t, q, m)
        else:
            mean, square = (1 - m) * q, (1 - m) * q * q
        return {"e": e, "f": f, "s": s, "q": mean, "q_abs": mean, "q2": square, "q_EA": q}

    def _spherical(self, t: Array, branch: str) -> Array:
        if branch == "paramagnet":
            hot = t > spherical.T_s(self.p)
            x = spherical.paramagnet(self.p, np.where(hot, t, 1.0))
        else:
            hot = np.full(t.shape, branch != "one_step")
            x = spherical.threshold(self.p, t) if branch == "threshold" else spherical.static(self.p, t)
        return np.where(hot, np.stack([x.e, x.f, x.s, x.q, x.m]), np.nan)

    def _ising(self, t: Array, branch: str) -> Array:
        at = self.temperatures()
        if branch == "paramagnet":
            hot = t > at["T_K"]
            b = 1 / np.where(hot, t, 1.0)
            s = np.log(2) - b * b / 4
            return np.where(hot, np.stack([-b / 2, -b / 2 - s / b, s, 0 * b, 0 * b + 1]), np.nan)
        out = np.full((5, *t.shape), np.nan)
        for i in np.ndindex(t.shape):
            x = float(t[i])
            at_i = (slice(None), *i)
            if x < COLDEST or x > at["T_d" if branch == "threshold" else "T_K"]:
                continue
            if branch == "threshold":
                if x < at["T_G"]:
                    continue
                y = ising.marginal(self.p, x)
            elif branch == "spin_glass" and x < at["T_G"] and self.p <= MOST:
                z = _broken(self.p, x)
                out[at_i] = z.e, z.f, z.s, z.q_EA, float(z.x[-1])
                continue
            elif branch == "one_step" and x >= at["T_G"]:
                continue
            else:
                y = ising.static(self.p, x)
            out[at_i] = y.e, y.f, y.s, y.q, y.m
        return out

    def _overlaps(self, t: Array, q: Array, m: Array) -> tuple[Array, Array]:
        mean, square = np.array((1 - m) * q), np.array((1 - m) * q * q)
        for i in np.ndindex(t.shape):
            if self.p <= MOST and COLDEST <= t[i] < self.temperatures()["T_G"]:
                z = _broken(self.p, float(t[i]))
                mean[i], square[i] = z.q_mean, z.q2_mean
        return mean, square

    def lines(self) -> dict[str, Callable[[ArrayLike], Array]]:
        """Transition temperatures as lines of a plane whose first axis the model does not know: constants in it.

        Example: ``PSpinTheory(3).lines()["T_K"](0.0)``
        """

        def constant(level: float) -> Callable[[ArrayLike], Array]:
            return lambda x: np.full(np.shape(x), level)

        return {name: constant(level) for name, level in self.temperatures().items() if level > 0}
