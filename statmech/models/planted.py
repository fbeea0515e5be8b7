"""The planted p-spin model: a signal hidden in the couplings, for Bayes-optimal inference to find."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb, factorial
from typing import ClassVar, Literal

import numpy as np

from statmech.backend import namespace
from statmech.core import Disorder, Space
from statmech.models import couplings as draws
from statmech.models.examples import draw_weights
from statmech.models.starts import near
from statmech.problems import PairProblem, Problem, SphereTensorProblem, TensorProblem
from statmech.spaces.ising import Ising
from statmech.spaces.sphere import Sphere
from statmech.spec import Derived, Model
from statmech.tuples import products


@dataclass(frozen=True)
class Planted(Model):
    r"""A signal s* of n spins hidden in a p-spin glass (spiked tensor).

    .. math:: H = -\sum_{i_1<..<i_p} \Big(J_{i_1..i_p} + \frac{J_0\, p!}{n^{p-1}} s^*_{i_1}..s^*_{i_p}\Big)
                  s_{i_1} .. s_{i_p}, \qquad J \sim N(0, p!/(2 n^{p-1}))

    The signal adds -n J0 m^p at large n, m = s*.s/n, and exactly -n J0 prod_{k<p}(1 - k/n) at s = s*.  Energies in
    units of k_B = 1.  The Nishimori line T = 1/(2 J0) is Bayes-optimal inference of Ising spins: there, at every n and
    on the mean over samples, <q> = <m> and e = -J0 prod_{k<p}(1 - k/n).  Sourlas, Nature 339, 693 (1989); Nishimori,
    Statistical Physics of Spin Glasses and Information Processing (2001); Lesieur et al., arXiv:1701.08010.

    n:      number of spins, at least p
    p:      spins of a term, 2 to 8
    spins:  "ising" (s* uniform on +-1) or "spherical" (uniform on |s*|^2 = n)
    signal: its strength J0 >= 0

    Ising couplings are whole multiples of sigma/256 (variance changed by 1.3e-6), of the mean
    J0 p!/n^{p-1} s*..s* to 1e-6 sigma; spherical ones are real numbers.  Sample d has the same s* and the same normal
    numbers at every signal, those of PSpin(n, p) gauged by s*.

    Starts: "random"; "planted" (on the signal), "planted:0.1" (10 % of its spins reversed).  Observables: m, m_abs.

    Raises ValueError or TypeError for p out of range or above n, or a signal < 0; `disorder` MemoryError where the
    couplings do not fit.

    Example: ``statmech.simulate(Planted(n=32, p=3, signal=1.0), T=[0.5], starts=("planted",), sweeps=64)``
    """

    n: int
    p: int = 3
    spins: Literal["ising", "spherical"] = "ising"
    signal: float = 1.0

    starts: ClassVar[tuple[str, ...]] = ("random", "planted")

    def __post_init__(self) -> None:
        object.__setattr__(self, "p", draws.check_p(self.p))
        object.__setattr__(self, "n", draws.check_spins(self.n, self.p))
        draws.check_choice("spins", self.spins, "ising", "spherical")
        object.__setattr__(self, "signal", draws.check_number("signal", self.signal, 0.0))

    @property
    def space(self) -> Space:  # type: ignore[override]
        """Where the spins live."""
        return Ising() if self.spins == "ising" else Sphere()

    @property
    def offers(self) -> frozenset[str]:  # type: ignore[override]
        """What a sampler may ask: spin flips, or the gradient on the sphere."""
        return frozenset({"spin flips" if self.spins == "ising" else "gradient"})

    @property
    def verdict(self) -> tuple[str, ...]:  # type: ignore[override]
        """Observables that judge equilibration; for even p the spins may be reversed."""
        return ("e", "m_abs" if self.p % 2 == 0 else "m", "q2")

    @property
    def exact_identity(self) -> Derived | None:  # type: ignore[override]
        """On the Nishimori line T = 1/(2 J0): <q> = <m>; for even p, where both have two signs, Ising spins have
        e = -J0 prod_{k<p}(1 - k/n)."""
        line = 2 * self.signal
        if not line or (self.p % 2 == 0 and self.spins == "spherical"):
            return None
        if self.p % 2:
            return ("q", "m"), lambda T, q, m: np.where(np.isclose(line * T, 1, rtol=1e-6), q - m, np.nan)
        exact = -self.signal * np.prod(1 - np.arange(self.p) / self.n)
        return ("e",), lambda T, e: np.where(np.isclose(line * T, 1, rtol=1e-6), e - exact, np.nan)

    @property
    def mean(self) -> float:
        """J0 p!/n^{p-1}, the mean coupling where the spins of the signal agree."""
        return self.signal * factorial(self.p) / self.n ** (self.p - 1)

    @property
    def quantum(self) -> float | None:
        """Unit of the integer couplings; None for spherical spins."""
        return draws.sigma(self.n, self.p) / draws.GRID if self.spins == "ising" else None

    def disorder_keys(self, indices: tuple[int, ...], seed: int) -> list[int]:
        return draws.sample_keys(self.n, indices, seed)

    def disorder(self, keys: list[int]) -> Disorder:
        """J (D, binomial(N, p)), signal included, in the order of `tuples.members`: int16 or int32 in units of
        `quantum` (spherical: float64); signal (D, N), int8 or float64."""
        draws.check_memory(
            self.n, lambda n: draws.dense_bytes(n, (self.p,), len(keys), self.spins),
            f"the couplings of every p-tuple (p = {self.p}; samples: {len(keys)})", " or fewer samples per block",
        )  # fmt: skip
        count, sigma = comb(self.n, self.p), draws.sigma(self.n, self.p)
        target = np.stack([draw_weights(self.spins, key, self.n) for key in keys])
        if self.spins == "ising":
            J = draws.draw(keys, self.p, count, "gaussian", draws.GRID, self.mean / sigma)
            target = target.astype(np.int8)
            for d, s in enumerate(target):
                J[d] *= products(s, self.p)
            return {"J": J, "signal": target}
        J = draws.draw(keys, self.p, count, "gaussian", draws.GRID) * (sigma / draws.GRID)
        for d, w in enumerate(target):
            J[d] += self.mean * products(w, self.p)
        return {"J": J, "signal": target}

    def energy(self, disorder: Disorder, s: np.ndarray) -> np.ndarray:
        """H (D, T, K), by definition."""
        return -(self.quantum or 1.0) * draws.contract(self.n, {self.p: disorder["J"]}, s)

    def problem(self, disorder: Disorder) -> Problem:
        """Pairs for p = 2 of Ising spins, else tensors."""
        if self.quantum is None:
            return SphereTensorProblem(self.n, {self.p: disorder["J"]})
        if self.p == 2:
            J = draws.matrix(disorder["J"], self.n)
            return PairProblem(J, np.zeros((len(J), self.n), np.int32), self.quantum)
        return TensorProblem(self.n, {self.p: disorder["J"]}, self.quantum)

    def start(self, name: str, disorder: Disorder, keys: np.ndarray, lanes: np.ndarray) -> np.ndarray:
        """Configurations (D, T, K, N) of a class of starts."""
        if name.partition(":")[0] != "planted":
            return super().start(name, disorder, keys, lanes)
        return near(disorder["signal"].astype(self.space.dtype), name, keys, lanes)

    def observe(self, disorder: Disorder, s: np.ndarray) -> dict[str, np.ndarray]:
        """Overlap m = s*.s/N with the signal and its modulus."""
        xp = namespace(s)
        target = xp.asarray(disorder["signal"])
        m = xp.einsum("dtki,di->dtk", s.astype(xp.float64), target.astype(xp.float64)) / self.n
        return {"m": m, "m_abs": xp.abs(m)}

    def targets(self, disorder: Disorder) -> np.ndarray | None:
        """s*, of Ising spins."""
        return disorder["signal"][:, None] if self.spins == "ising" else None

    def observe_overlaps(self, M: np.ndarray) -> dict[str, np.ndarray]:
        """m and its modulus."""
        m = M[..., 0] / self.n
        return {"m": m, "m_abs": np.abs(m)}
