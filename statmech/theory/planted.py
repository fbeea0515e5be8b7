"""Theory of the planted p-spin model under the observable names of a simulation.

The state around the signal (`statmech.theory.planted_pspin`), and beside it the glass without signal (m = 0), whose
energies are those of `statmech.theory.pspin` (p >= 3), `statmech.theory.sk` (p = 2 of Ising spins) or, for p = 2 of
spherical spins::

    T >= 1: q = 0, e = -b/2;    T < 1: q = 1 - T, e = -1 + T/2.

Source: Nishimori, Statistical Physics of Spin Glasses and Information Processing (2001); Lesieur, Miolane, Lelarge,
Krzakala & Zdeborova, arXiv:1701.08010; spherical p = 2: Kosterlitz, Thouless & Jones, Phys. Rev. Lett. 36, 1217 (1976).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from statmech.theory import planted_pspin as planted
from statmech.theory.mixture import check_p, check_temperature
from statmech.theory.pspin import PSpinTheory
from statmech.theory.sk import SKTheory

Array = NDArray[np.float64]

BRANCHES = ("signal", "paramagnet", "spin_glass")
NAMES = ("e", "f", "s", "m", "m_abs", "q", "q_abs", "q2")
FOUND = 1e-6  # an overlap below is no state around the signal


@dataclass(frozen=True)
class PlantedTheory:
    """Theory at any signal and temperature; spins: "ising" or "spherical".

    Example:
        >>> float(PlantedTheory(3).predict(1.0, 0.5)["m"].round(6))
        0.974064
    """

    p: int = 3
    spins: str = "ising"

    branches: ClassVar[tuple[str, ...]] = BRANCHES
    citation: ClassVar[str] = "Nishimori, Statistical Physics of Spin Glasses (2001)"
    words: ClassVar[Mapping[str, str | tuple[str, str]]] = {
        "signal": "around the signal", "paramagnet": "paramagnet", "spin_glass": "spin glass",
        "T_N": (r"$T_N$", "Nishimori line"), "T_f": (r"$T_f$", "signal is the equilibrium below"),
    }  # fmt: skip
    """Legend texts: of a branch, and (symbol, meaning) of a line."""

    def __post_init__(self) -> None:
        check_p(self.p)
        if self.spins not in ("ising", "spherical"):
            raise ValueError(f"spins = {self.spins!r} is not known, expected 'ising' or 'spherical'")

    @classmethod
    def of(cls, model: Mapping[str, Any]) -> PlantedTheory | None:
        """The theory of a model with these parameters (those not at their default), None if it has another one."""
        p, spins = model.get("p", 3), model.get("spins", "ising")
        known = set(model) <= {"n", "p", "spins", "signal"} and isinstance(p, int) and isinstance(spins, str)
        return cls(p, spins) if known else None

    def reached(self, start: str) -> tuple[str, ...]:
        """Branches on which a class of starts may end, its own first: for p >= 3 only one in it finds the signal."""
        if start.startswith("planted"):
            return ("signal", "paramagnet", "spin_glass")
        glass = ("paramagnet", "spin_glass")
        return (*glass, "signal") if self.p == 2 else glass

    def predict(self, signal: ArrayLike, T: ArrayLike, branch: str = "signal") -> dict[str, Array]:
        """Observables e, f, s, m, m_abs, q, q_abs, q2 on a branch: arrays of the broadcast shape, NaN outside it.

        "signal": the state reached from m = 1, replica-symmetric (on the Nishimori line T = 1/(2 signal) exact, below
        it an approximation); "paramagnet" and "spin_glass": m = 0, metastable where the signal is the equilibrium, and
        for p = 2 gone where 2 signal > max(1, T). Entropies of spherical spins count the sphere of radius sqrt N.

        Args:
            signal: J0 >= 0. T: temperature > 0, k_B = 1.

        Raises: ValueError, TypeError for an unknown branch or arguments out of range.

        Example: ``PlantedTheory(3).predict(1.0, [0.5, 1.0], "paramagnet")["e"]``
        """
        if branch not in BRANCHES:
            raise ValueError(f"branch = {branch!r} is not known, expected one of {', '.join(BRANCHES)}")
        t, J0 = check_temperature(T, zero=False), np.asarray(signal, dtype=float)
        if not np.isfinite(J0).all() or (J0 < 0).any():
            raise ValueError(f"signal = {signal!r} is not valid, expected finite values >= 0")
        J0, t = np.broadcast_arrays(J0, t)
        if branch == "signal":
            x = planted.ferromagnet(t, J0, self.p, self.spins)
            rows = np.stack([x.e, x.f, x.s, x.m, x.m, x.q, x.q, x.q**2])
            here = x.m > FOUND
        else:
            y = self._glass(t, branch)
            rows = np.stack([y["e"], y["f"], y["s"], 0 * y["q"], 0 * y["q"], y["q"], y["q_abs"], y["q2"]])
            here = (np.maximum(t, 1.0) >= 2 * J0) if self.p == 2 else np.full(t.shape, True)
        return dict(zip(NAMES, np.where(here, rows, np.nan)))

    def _glass(self, t: Array, branch: str) -> dict[str, Array]:
        """Without signal."""
        if self.p > 2:
            return PSpinTheory(self.p, self.spins).predict(t, branch)
        if self.spins == "ising":
            return SKTheory().predict(t, branch)
        q = np.where(t < 1, 1 - t, 0.0)
        x = planted.thermodynamics(t, 0 * t, 0 * t, q, 2, self.spins)
        here = (t < 1) == (branch == "spin_glass")
        values = {"e": x.e, "f": x.f, "s": x.s, "q": q, "q_abs": q, "q2": q * q}
        return {name: np.where(here, v, np.nan) for name, v in values.items()}

    def lines(self) -> dict[str, Callable[[ArrayLike], Array]]:
        """Lines of the (signal, T) plane, each a function signal -> T.

        T_N = 1/(2 signal): Bayes-optimal inference. T_f: below, the state around the signal is the equilibrium; NaN for
        signals below its vertical part, which ends at the crossing with T_N.

        Example: ``float(PlantedTheory(3).lines()["T_N"](1.0)) == 0.5``
        """

        def nishimori(signal: ArrayLike) -> Array:
            with np.errstate(divide="ignore"):
                return 0.5 / np.asarray(signal, dtype=float)

        return {"T_N": nishimori, "T_f": self._equilibrium}

    def _equilibrium(self, signal: ArrayLike) -> Array:
        J0 = np.asarray(signal, dtype=float)
        if self.p == 2:  # continuous: the paramagnet is unstable at T = 2 J0
            return np.where(J0 >= 0.5, 2 * J0, np.nan)
        low = planted.thresholds(self.p, self.spins).T_IT
        out = np.full(J0.shape, np.nan)
        for i in np.ndindex(J0.shape):
            target = float(J0[i])
            if target > 0.5 / low:
                high = 2.0 + 2 * target

                def miss(T: float, target: float = target) -> float:
                    return planted.J0_f(T, self.p, self.spins) - target

                out[i] = brentq(miss, low * (1 + 1e-9), high, xtol=1e-9)
        return out
