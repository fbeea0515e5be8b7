"""The minimally frustrated random energy model: a native state below a glass of misfolded ones.

2^N levels of variance N/2 and one native level at -N g (g: gap parameter, energy per spin); k_B = 1. The native state
has no entropy, so it is the equilibrium wherever -g < f_REM(T)::

    T_f = [g + sqrt(g^2 - ln 2)] / (2 ln 2),  T_g = 1/(2 sqrt(ln 2)),  T_f/T_g = r + sqrt(r^2 - 1),  r = g/sqrt(ln 2)

It is thermodynamically stable at some T only for r > 1, and then T_f > T_g: the larger the ratio, the more of the
landscape is a funnel. T_f is the temperature of a first-order transition with latent heat g - 1/(2 T_f).

Source: Bryngelson & Wolynes, Proc. Natl. Acad. Sci. 84, 7524 (1987); Onuchic, Luthey-Schulten & Wolynes, Annu. Rev.
Phys. Chem. 48, 545 (1997). The same for correlated landscapes: `statmech.theory.planted_pspin.J0_f`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from statmech.theory import rem
from statmech.theory.mixture import check_temperature

Array = NDArray[np.float64]

T_G = rem.T_C
GAP_MIN = float(np.sqrt(np.log(2)))
"""The lowest level of the glass: a native state above it is never stable."""
PHASES = ("unfolded", "glass", "folded")
CITATION = "Bryngelson & Wolynes, Proc. Natl. Acad. Sci. 84, 7524 (1987)"


def _gap(gap: ArrayLike) -> Array:
    g = np.asarray(gap, dtype=float)
    if not np.isfinite(g).all() or (g < 0).any():
        raise ValueError(f"gap = {gap!r} is not valid, expected finite values >= 0, minus the native energy per spin")
    return g


def T_f(gap: ArrayLike) -> Array:
    """Folding temperature, NaN for gap <= sqrt(ln 2) (module's equation).

    Raises: ValueError for a gap that is negative or not finite.

    Source: Bryngelson & Wolynes, Proc. Natl. Acad. Sci. 84, 7524 (1987).

    Example: ``float(T_f(1.5).round(4)) == 1.9821``
    """
    g = _gap(gap)
    with np.errstate(invalid="ignore"):
        return np.where(g > GAP_MIN, (g + np.sqrt(g * g - np.log(2))) / (2 * np.log(2)), np.nan)


def gap_f(T: ArrayLike) -> Array:
    """The gap at which the native state is the equilibrium at T: minus the free energy of the glass; inverse of T_f.

    Raises: ValueError for T < 0. Source: as `T_f`. Example: ``float(gap_f(1.0).round(4)) == 0.9431``
    """
    return -rem.limit(T).f


def phase(gap: ArrayLike, T: ArrayLike) -> NDArray[np.str_]:
    """"folded", "unfolded" or "glass" at equilibrium, an array of words of the broadcast shape.

    Raises: ValueError for a gap < 0 or T < 0. Source: as `T_f`. Example: ``str(phase(1.5, 1.0)) == "folded"``
    """
    g, t = np.broadcast_arrays(_gap(gap), check_temperature(T))
    return np.where(g > gap_f(t), "folded", np.where(t > T_G, "unfolded", "glass"))


class Native(NamedTuple):
    """Arrays of the broadcast shape: native probability m, e, f, s per spin."""

    gap: Array
    T: Array
    m: Array
    e: Array
    f: Array
    s: Array


def equilibrium(gap: ArrayLike, T: ArrayLike) -> Native:
    """The equilibrium for N -> infinity: m = 1 and e = f = -gap where folded, else the random energy model.

    Raises: as `phase`. Source: as `T_f`. Example: ``float(equilibrium(1.5, 1.0).e) == -1.5``
    """
    g, t = np.broadcast_arrays(_gap(gap), check_temperature(T))
    x = rem.limit(t)
    folded = g > -x.f
    pairs = ((0 * g + 1, 0 * g), (-g, x.e), (-g, x.f), (0 * g, x.s))
    return Native(g, t, *(np.where(folded, native, other) for native, other in pairs))


@dataclass(frozen=True)
class FunnelTheory:
    """Theory under the observable names of a simulation, at a given gap.

    Example:
        >>> float(FunnelTheory(1.5).predict(1.0, "folded")["e"])
        -1.5
    """

    gap: float = 1.5

    branches: ClassVar[tuple[str, ...]] = PHASES
    citation: ClassVar[str] = CITATION
    words: ClassVar[Mapping[str, str | tuple[str, str]]] = {
        "unfolded": "unfolded", "glass": "misfolded glass", "folded": "native",
        "T_f": (r"$T_f$", "folded below"), "T_g": (r"$T_g$", "misfolded glass below"),
    }  # fmt: skip
    """Legend texts: of a branch, and (symbol, meaning) of a line."""

    def __post_init__(self) -> None:
        _gap(self.gap)

    @classmethod
    def of(cls, model: Mapping[str, object]) -> FunnelTheory | None:
        """The theory of a model with these parameters (those not at their default), None if it has another one."""
        gap = model.get("gap")
        gap = cls.gap if gap is None else gap  # None: an axis of the plane, whose lines need none
        return cls(float(gap)) if set(model) <= {"n", "gap"} and isinstance(gap, int | float) else None

    def reached(self, start: str) -> tuple[str, ...]:
        """Branches on which a class of starts may end, its own first: the native state has no way out, nor in."""
        return ("folded", "unfolded", "glass") if start.startswith("native") else ("unfolded", "glass")

    def predict(self, T: ArrayLike, branch: str = "folded") -> dict[str, Array]:
        """Observables e, f, s, m on a branch: arrays like T, NaN where it does not exist ("folded" always does).

        Raises: ValueError for an unknown branch. Example: ``FunnelTheory(1.5).predict([0.3, 1.0], "glass")["e"]``
        """
        if branch not in PHASES:
            raise ValueError(f"branch = {branch!r} is not known, expected one of {', '.join(PHASES)}")
        t = check_temperature(T)
        if branch == "folded":
            level = np.full(t.shape, -self.gap)
            return {"e": level, "f": level, "s": 0 * t, "m": 0 * t + 1}
        x = rem.limit(t)
        here = (t > T_G) == (branch == "unfolded")
        e, f, s, m = (np.where(here, v, np.nan) for v in (x.e, x.f, x.s, 0 * t))
        return {"e": e, "f": f, "s": s, "m": m}

    def lines(self) -> dict[str, Callable[[ArrayLike], Array]]:
        """Lines of the (gap, T) plane, each a function gap -> T; T_g is metastable where T_f lies above it.

        Example: ``FunnelTheory().lines()["T_f"](1.5)``
        """
        return {"T_f": T_f, "T_g": lambda gap: np.full(np.shape(gap), T_G)}
