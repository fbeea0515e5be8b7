"""The Hopfield model: patterns stored in the couplings of a fully connected network of Ising spins."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np

from statmech.backend import namespace
from statmech.core import Disorder
from statmech.models.patterns import RandomPatterns, StoredPatterns
from statmech.models.starts import near
from statmech.problems import FieldProblem, PairProblem, Problem
from statmech.spaces.ising import Ising
from statmech.spec import Model

# The pattern form costs about P operations a proposal, the pair form about N an accepted flip: over a ladder from
# T = 0.3 to 1.3 they break even at alpha = 8e-5 N (measured: benchmarks/hopfield_forms.py, docs/hopfield.md).
BREAK_EVEN = 8e-5
PINV_BITS = 13  # pseudo-inverse couplings are multiples of 2^-13; |J_ij| <= 1/2


@dataclass(frozen=True)
class Hopfield(Model):
    r"""Hopfield network of n spins with P = round(alpha n) patterns xi_mu,i = +-1.

    .. math:: H = -\frac12 \sum_{i \ne j} J_{ij} s_i s_j

    Hebb: J_ij = (1/N) sum_mu xi_mu,i xi_mu,j (Hopfield, PNAS 79, 2554 (1982); Amit, Gutfreund & Sompolinsky,
    Ann. Phys. 173, 30 (1987)).  Pseudo-inverse: J = xi^T (xi xi^T)^{-1} xi, the projector on the patterns
    (Personnaz, Guyon & Dreyfus, J. Physique Lett. 46, L359 (1985); Kanter & Sompolinsky, PRA 35, 380 (1987)),
    rounded to multiples of 2^-13.  No self-coupling in either.  Energies in units of k_B = 1.

    n:        number of spins; with stored patterns it may be left out
    alpha:    load P / n
    rule:     "hebb" or "pseudoinverse"
    patterns: RandomPatterns(bias, correlation), StoredPatterns(array), or an array (count, n)
    form:     "pair" keeps the couplings (n x n), "pattern" the patterns (P x n), "auto" the cheaper one; the
              trajectory is the same bit for bit.  The pseudo-inverse has pair form only.

    Starts: "random"; "pattern" (on pattern 0), "pattern:0.1" (10 % of the spins reversed); "mixture" (majority
    of patterns 0, 1, 2), "mixture:5".  Observables: m, m_abs, m_max, m_3, r.

    Raises ValueError for alpha <= 0, alpha n < 1/2, n < 2, or stored patterns of another length.

    Example: ``statmech.simulate(Hopfield(n=200, alpha=0.05), T=[0.2], starts=("pattern",), sweeps=64)``
    """

    n: int = 0
    alpha: float = 0.1
    rule: Literal["hebb", "pseudoinverse"] = "hebb"
    patterns: RandomPatterns | StoredPatterns | np.ndarray = field(default=RandomPatterns())
    form: Literal["auto", "pair", "pattern"] = "auto"

    space: ClassVar[Ising] = Ising()
    ensemble: ClassVar[tuple[str, ...]] = ("n", "patterns")
    verdict: ClassVar[tuple[str, ...]] = ("e", "m_max", "q2")
    neutral: ClassVar[tuple[str, ...]] = ("form",)
    starts: ClassVar[tuple[str, ...]] = ("random", "pattern", "mixture")

    def __post_init__(self) -> None:
        if isinstance(self.patterns, np.ndarray):
            object.__setattr__(self, "patterns", StoredPatterns(self.patterns))
        if not isinstance(self.patterns, RandomPatterns | StoredPatterns):
            raise TypeError(f"patterns = {self.patterns!r}: expected RandomPatterns, StoredPatterns or an array")
        if isinstance(self.patterns, StoredPatterns):
            if self.n not in (0, self.patterns.n):
                raise ValueError(f"n = {self.n}, but the stored patterns have {self.patterns.n} sites: leave n out")
            object.__setattr__(self, "n", self.patterns.n)
        if isinstance(self.n, bool) or not isinstance(self.n, int | np.integer) or self.n < 2:
            raise ValueError(f"n = {self.n!r}: expected an integer number of spins >= 2")
        if isinstance(self.alpha, bool) or not isinstance(self.alpha, int | float | np.number):
            raise TypeError(f"alpha = {self.alpha!r}: expected a number, the load alpha = P/n > 0")
        if not np.isfinite(self.alpha) or self.alpha <= 0:
            raise ValueError(f"alpha = {self.alpha}: expected a load alpha = P/n > 0")
        object.__setattr__(self, "alpha", float(self.alpha))  # 1 and 1.0 are one load, and one key
        if round(self.alpha * self.n) < 1:
            raise ValueError(f"alpha * n = {self.alpha * self.n:.3g} gives no pattern: take alpha >= {1 / self.n:.3g}")
        if self.rule not in ("hebb", "pseudoinverse"):
            raise ValueError(f"rule = {self.rule!r}: expected 'hebb' or 'pseudoinverse'")
        if self.form not in ("auto", "pair", "pattern"):
            raise ValueError(f"form = {self.form!r}: expected 'auto', 'pair' or 'pattern'")
        if self.rule == "pseudoinverse":
            if self.form == "pattern":
                raise ValueError("rule = 'pseudoinverse' has no pattern form: use form='pair' or form='auto'")
            if self.n < self.P:
                stored = f"the pseudo-inverse rule stores at most n = {self.n} patterns"
                raise ValueError(f"{stored}, alpha asks for {self.P}: take alpha <= 1")

    @property
    def P(self) -> int:
        """Number of patterns."""
        return round(self.alpha * self.n)

    def disorder(self, keys: list[int]) -> Disorder:
        """xi (D, P, N) int8, and for the pseudo-inverse rule J (D, N, N) int32 in units of `quantum`."""
        assert not isinstance(self.patterns, np.ndarray)  # __post_init__ wrapped it
        xi = np.stack([self.patterns.draw(key, self.P, self.n) for key in keys])
        if self.rule == "hebb":
            return {"xi": xi}
        J = np.stack([projector(x) for x in xi])
        # one power of two for the whole model, so that the scale depends on no other sample of the block
        return {"xi": xi, "J": np.rint(J / self.quantum).astype(np.int32)}

    @property
    def quantum(self) -> float:
        """Unit of the integer couplings: 1/N (Hebb), 2^-13 (pseudo-inverse, |J_ij| <= 1/2)."""
        return 1 / self.n if self.rule == "hebb" else 2.0**-PINV_BITS

    def energy(self, disorder: Disorder, s: np.ndarray) -> np.ndarray:
        """H (D, T, K), by definition."""
        s = s.astype(float)
        if self.rule == "hebb":
            M = np.einsum("dmi,dtki->dtkm", disorder["xi"].astype(float), s)
            return -0.5 / self.n * ((M**2).sum(-1) - self.n * self.P)
        return -0.5 * self.quantum * np.einsum("dtki,dij,dtkj->dtk", s, disorder["J"].astype(float), s)

    def problem(self, disorder: Disorder) -> Problem:
        """Pair form or pattern form; same integers, same trajectory."""
        xi, n = disorder["xi"], self.n
        pattern_form = self.form == "pattern" or (self.form == "auto" and self.alpha < BREAK_EVEN * n)
        if self.rule == "hebb" and pattern_form:
            return FieldProblem(xi, self.quantum)
        h = np.zeros((len(xi), n), np.int32)
        return PairProblem(disorder["J"] if "J" in disorder else hebb(xi), h, self.quantum)

    def start(self, name: str, disorder: Disorder, keys: np.ndarray, lanes: np.ndarray) -> np.ndarray:
        """Configurations (D, T, K, N) of a class of starts."""
        kind, _, argument = name.partition(":")
        if kind == "pattern":
            return near(disorder["xi"][:, 0], name, keys, lanes)
        if kind != "mixture":
            return super().start(name, disorder, keys, lanes)
        count = self._mixed(name, argument)
        mixture = np.sign(disorder["xi"][:, :count].sum(1, dtype=np.int32)).astype(np.int8)
        return near(mixture, kind, keys, lanes)

    def _mixed(self, name: str, argument: str) -> int:
        """How many patterns a start mixes."""
        count = int(argument or 3) if argument.isdecimal() or not argument else 0
        if count % 2 == 0 or not 3 <= count <= self.P:
            expected = f"odd number of patterns, 3 <= number <= P = {self.P}"
            raise ValueError(f"start {name!r}: got {argument or 3!r}, expected {expected}")
        return count

    def observe(self, disorder: Disorder, s: np.ndarray) -> dict[str, np.ndarray]:
        """Overlaps m_mu = (1/N) sum_i xi_mu,i s_i: the condensed one (mu = 0), the largest, the rest."""
        xp = namespace(s)
        M = xp.empty((*s.shape[:3], self.P), xp.float32)
        for d, xi in enumerate(disorder["xi"]):
            M[d] = s[d].astype(xp.float32) @ xp.asarray(xi.T, dtype=xp.float32)
        M = M.astype(xp.float64)  # integers, |M| <= n < 2^24: exact in float32, and so are the sums below
        size = xp.abs(M)
        out = {"m": M[..., 0] / self.n, "m_abs": size[..., 0] / self.n, "m_max": size.max(-1) / self.n}
        if self.P >= 3:
            out["m_3"] = xp.partition(size, self.P - 3, axis=-1)[..., self.P - 3] / self.n
        out["r"] = (M[..., 1:] ** 2).sum(-1) / (self.n * self.P)
        return out

    def targets(self, disorder: Disorder) -> np.ndarray:
        """The patterns."""
        return disorder["xi"]

    def observe_overlaps(self, M: np.ndarray) -> dict[str, np.ndarray]:
        """m, m_abs, m_max, m_3 and r."""
        size = np.abs(M).astype(np.int32)  # half the time to order
        out = {"m": M[..., 0] / self.n, "m_abs": size[..., 0] / self.n, "m_max": size.max(-1) / self.n}
        if self.P >= 3:
            out["m_3"] = np.partition(size, self.P - 3, axis=-1)[..., self.P - 3] / self.n
        rest = M[..., 1:]
        out["r"] = np.einsum("dtkx,dtkx->dtk", rest, rest) / (self.n * self.P)
        return out


def hebb(xi: np.ndarray) -> np.ndarray:
    """N J_ij = sum_mu xi_mu,i xi_mu,j for i != j, exact integers (D, N, N) int32 from xi (D, P, N)."""
    J = np.empty((len(xi), xi.shape[2], xi.shape[2]), np.int32)
    for d, x in enumerate(xi.astype(np.float32)):
        J[d] = x.T @ x
        np.fill_diagonal(J[d], 0)
    return J


def projector(xi: np.ndarray) -> np.ndarray:
    """Projector on the span of the patterns (N, N), diagonal removed; xi (P, N) of any rank."""
    _, singular, vt = np.linalg.svd(xi.astype(float), full_matrices=False)
    basis = vt[singular > 1e-10 * singular[0]]
    J = basis.T @ basis
    np.fill_diagonal(J, 0)
    return J
