"""The p-spin glass: random interactions of p spins at a time, Ising or spherical, dense or diluted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import comb, sqrt
from typing import ClassVar, Literal

import numpy as np

from statmech.core import Disorder, Space
from statmech.models import couplings as draws
from statmech.problems import DilutedProblem, PairProblem, Problem, SphereTensorProblem, TensorProblem
from statmech.spaces.ising import Ising
from statmech.spaces.sphere import Sphere
from statmech.spec import Derived, Model


@dataclass(frozen=True, eq=False)
class PSpin(Model):
    r"""n spins, every p of them (or some of these) with a random coupling.

    .. math:: H = -\sum_{i_1 < .. < i_p} J_{i_1..i_p} s_{i_1} .. s_{i_p}, \qquad J \sim N(0, p!/(2 n^{p-1}))

    so that Var H = (n/2) prod_{k<p} (1 - k/n); energies in units of k_B = 1.  Derrida, Phys. Rev. Lett. 45, 79 (1980);
    Gardner, Nucl. Phys. B 257, 747 (1985); spherical: Crisanti & Sommers, Z. Phys. B 87, 341 (1992).

    n:            number of spins, at least p
    p:            spins of a term, 2 to 8; or a mixture {p: squared strength}: {2: 1.0, 3: 0.5} adds to SK a p = 3 part
                  of half the variance
    spins:        "ising" (s_i = +-1) or "spherical" (sum_i s_i^2 = n)
    couplings:    "gaussian", or "binary": +- the standard deviation
    connectivity: None for all p-tuples; c for round(c n/p) different ones, uniformly drawn for every p: a spin is in c
                  terms on average, and J has variance p/(2c), so that Var H = n/2 (Franz, Mezard, Ricci-Tersenghi,
                  Weigt & Zecchina, Europhys. Lett. 55, 465 (2001))

    Couplings are whole multiples of sigma/256 (variance changed by 1.3e-6); in a mixture, of one quantum with at least
    256 steps per sigma, fewer where the widest couplings would not fit in 16 bits (`models.couplings.grids`).  Ising
    spins run in exact arithmetic; dense p = 2 is SK(n), the same instance.  Spherical spins see the same couplings in
    floating point.  Sample d shares its normal numbers between all mixtures, laws and spins, and fewer terms are the
    first of more.

    Start: "random".

    Raises ValueError or TypeError for p out of range or above n, strengths <= 0, c <= 0 or c > binomial(n-1, p-1), and
    diluted spherical spins; `disorder` MemoryError where the couplings do not fit.

    Example: ``statmech.simulate(PSpin(n=32, p=3), T=[0.8, 1.2], sweeps=64)``
    """

    n: int
    p: int | Mapping[int, float] = 3
    spins: Literal["ising", "spherical"] = "ising"
    couplings: Literal["gaussian", "binary"] = "gaussian"
    connectivity: float | None = None

    ensemble: ClassVar[tuple[str, ...]] = ("n",)

    def __post_init__(self) -> None:
        object.__setattr__(self, "p", _mixture(self.p))
        object.__setattr__(self, "n", draws.check_spins(self.n, max(self.strengths)))
        draws.check_choice("spins", self.spins, "ising", "spherical")
        draws.check_choice("couplings", self.couplings, "gaussian", "binary")
        if self.connectivity is None:
            return
        c = draws.check_number("connectivity", self.connectivity, 0.0, open_end=True)
        object.__setattr__(self, "connectivity", c)
        if self.spins == "spherical":
            raise ValueError(
                f"connectivity = {c:g} with spherical spins: the length sqrt n gathers on the few spins of one strong "
                "term; take Ising spins, or leave the connectivity out"
            )
        for p in self.strengths:
            most = comb(self.n - 1, p - 1)
            if c > most:
                raise ValueError(f"connectivity = {c:g}: n = {self.n}, p = {p} have {most} terms per spin at most")
            if self._count(p) < 1:
                raise ValueError(f"connectivity = {c:g} gives no term of p = {p}: take at least {p / self.n:.3g}")

    @property
    def strengths(self) -> dict[int, float]:
        """p -> squared strength."""
        return dict(self.p) if isinstance(self.p, Mapping) else {self.p: 1.0}

    @property
    def space(self) -> Space:  # type: ignore[override]
        """Where the spins live."""
        return Ising() if self.spins == "ising" else Sphere()

    @property
    def offers(self) -> frozenset[str]:  # type: ignore[override]
        """What a sampler may ask: spin flips, or the gradient on the sphere."""
        return frozenset({"spin flips" if self.spins == "ising" else "gradient"})

    def _count(self, p: int) -> int:
        return comb(self.n, p) if self.connectivity is None else round(self.connectivity * self.n / p)

    @cached_property
    def _grids(self) -> tuple[float, dict[int, float]]:
        sigmas = {p: sqrt(g) * draws.sigma(self.n, p, self.connectivity) for p, g in self.strengths.items()}
        return draws.grids(sigmas, self.couplings)

    @property
    def exact_identity(self) -> Derived | None:  # type: ignore[override]
        """e + sum_p sigma_p^2 (binomial(n, p) - <E_p>)/(n T) = 0, dense Gaussian couplings, Ising spins, p <= 4.

        E_p is the sum over all p-tuples of the products of the n numbers s_i s'_i, whose sum is S = n q:
        E_2 = (S^2 - n)/2, E_3 = (S^3 - (3n - 2) S)/6, E_4 = (S^4 - (6n - 8) S^2 + 3n^2 - 6n)/24.
        """
        dense = self.couplings == "gaussian" and self.connectivity is None and self.spins == "ising"
        if not dense or not set(self.strengths) <= {2, 3, 4}:
            return None
        n = self.n
        variance = {p: g * draws.sigma(n, p) ** 2 for p, g in self.strengths.items()}

        def f(T: np.ndarray, e: np.ndarray, q: np.ndarray, q2: np.ndarray, q3: np.ndarray, q4: np.ndarray):
            products = {
                2: (n**2 * q2 - n) / 2,
                3: (n**3 * q3 - (3 * n - 2) * n * q) / 6,
                4: (n**4 * q4 - (6 * n - 8) * n**2 * q2 + 3 * n**2 - 6 * n) / 24,
            }
            return e + sum(v * (comb(n, p) - products[p]) for p, v in variance.items()) / (n * T)

        return ("e", "q", "q2", "q3", "q4"), f

    @property
    def quantum(self) -> float | None:
        """Unit of the integer couplings; None for spherical spins."""
        return self._grids[0] if self.spins == "ising" else None

    def disorder_keys(self, indices: tuple[int, ...], seed: int) -> list[int]:
        return draws.sample_keys(self.n, indices, seed)

    def disorder(self, keys: list[int]) -> Disorder:
        """For every p: J<p> (D, M) int16 in units of `quantum`, in the order of `tuples.members` (spherical: float64),
        and for diluted models sites<p> (D, M, p) int32."""
        quantum, grids = self._grids
        out = {}
        if self.connectivity is None:
            advice = "" if self.spins == "spherical" else ", diluted couplings (connectivity=)"
            every = " and ".join(map(str, grids))
            draws.check_memory(
                self.n, lambda n: draws.dense_bytes(n, tuple(grids), len(keys), self.spins),
                f"the couplings of every p-tuple (p = {every}; samples: {len(keys)})",
                f"{advice} or fewer samples per block",
            )  # fmt: skip
        for p, grid in grids.items():
            J = draws.draw(keys, p, self._count(p), self.couplings, grid)
            out[f"J{p}"] = J * quantum if self.spins == "spherical" else J
            if self.connectivity is not None:
                out[f"sites{p}"] = np.stack([draws.draw_sites(key, self.n, p, self._count(p)) for key in keys])
        return out

    def _dense(self, disorder: Disorder) -> dict[int, np.ndarray]:
        return {p: disorder[f"J{p}"] for p in self.strengths}

    def _terms(self, disorder: Disorder) -> dict[int, tuple[np.ndarray, np.ndarray]]:
        return {p: (disorder[f"sites{p}"], disorder[f"J{p}"]) for p in self.strengths}

    def energy(self, disorder: Disorder, s: np.ndarray) -> np.ndarray:
        """H (D, T, K), by definition."""
        if self.connectivity is not None:
            total = draws.contract_terms(self._terms(disorder), s)
        else:
            total = draws.contract(self.n, self._dense(disorder), s)
        return -(self.quantum or 1.0) * total

    def problem(self, disorder: Disorder) -> Problem:
        """Pairs for dense p = 2 of Ising spins, else tensors or a list of terms."""
        if self.spins == "spherical":
            return SphereTensorProblem(self.n, self._dense(disorder))
        scale = self._grids[0]
        if self.connectivity is not None:
            return DilutedProblem(self.n, self._terms(disorder), scale)
        if self.p == 2:
            J = draws.matrix(disorder["J2"], self.n)
            return PairProblem(J, np.zeros((len(J), self.n), np.int32), scale)
        return TensorProblem(self.n, self._dense(disorder), scale)


def _mixture(p: object) -> int | dict[int, float]:
    """p, or a sorted mixture; one part of strength 1 is the pure model."""
    if not isinstance(p, Mapping):
        return draws.check_p(p)
    if not p:
        raise ValueError("p = {}: a mixture needs at least one term, for example {2: 1.0, 3: 0.5}")
    parts = {draws.check_p(k): v for k, v in p.items()}
    out = {k: draws.check_number(f"squared strength of p = {k}", parts[k], 0.0, open_end=True) for k in sorted(parts)}
    return next(iter(out)) if list(out.values()) == [1.0] else out
