"""Task: the random energy model at large N, from its lowest levels alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from statmech.core import Labelled, State, Variable
from statmech.random import Stream, derive_key, rows
from statmech.tasks.samples import averages, check_samples, one_by_one, temperatures

LN2 = float(np.log(2))


@dataclass(frozen=True, eq=False)
class ExtremeLevels:
    r"""Random energy model of n spins, n as large as one likes: 2^n levels N(0, n/2), drawn from the bottom up.

    The order statistics of 2^n independent levels are those of a Poisson process (up to 2^-n): the expected number
    of levels below the k-th lowest is a sum of k exponential variables,

    .. math:: 2^n \Phi(x_k) = S_k = \xi_1 + ... + \xi_k, \quad E_k = \sqrt{n/2}\, x_k .

    `levels` of them are drawn; the levels above the last one enter Z, E and Y by their mean given where it lies (the
    annealed mean above a cut), so any T will do.  What is left out are their fluctuations, of standard deviation
    `neglected` relative to Z: largest near T_c, there 6e-4 with 4096 levels and 2e-3 with 512 (n = 500 or 1000; 2e-3
    and 4e-3 at n = 24), against fluctuations of ln Z of order one between samples.

    n:        spins, 24 or more
    T:        temperatures, increasing, 0 < T < inf, k_B = 1
    levels:   how many are drawn, from 16 on
    disorder: indices of the samples
    seed:     the user's seed

    Results per (T, disorder): e, f, s per spin; Y, the probability that two replicas are in the same level (below
    T_c its mean tends to 1 - T/T_c); neglected.  Per disorder: e_0.  With disorder averages and jackknife errors.

    Source: Derrida, Phys. Rev. B 24, 2613 (1981); Y: Derrida & Toulouse, J. Physique Lett. 46, L223 (1985).

    Example: ``statmech.Sweep("rem", ExtremeLevels(n=500, T=(0.3,)), samples=1000, block=1000).run()``
    """

    n: int = 500
    T: tuple[float, ...] = (0.3,)
    levels: int = 4096
    disorder: tuple[int, ...] = (0,)
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "T", temperatures(self.T))
        for name, low in (("n", 24), ("levels", 16)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < low:
                raise ValueError(f"{name} = {value!r}: expected an integer >= {low}" + SMALL[name])
        if np.log2(self.levels) > self.n / 2:
            raise ValueError(f"levels = {self.levels} of n = {self.n}: expected at most 2^(n/2) levels, the lowest few")
        check_samples(self.disorder, self.seed)

    def identity(self) -> dict[str, Any]:
        """What decides the numbers."""
        return {
            "task": "ExtremeLevels",
            "n": self.n,
            "T": list(self.T),
            "levels": self.levels,
            "disorder": list(self.disorder),
            "seed": self.seed,
        }

    def start(self) -> State:
        """No sample yet."""
        shape = (len(self.disorder), len(self.T))
        state: State = {name: np.full(shape, np.nan) for name in ("lnZ", "E", "Y", "neglected")}
        return state | {"E_0": np.full(len(self.disorder), np.nan), "done": np.array(0)}

    def progress(self, state: State) -> tuple[int, int]:
        """(samples done, samples asked for)."""
        return int(state["done"]), len(self.disorder)

    def advance(self, state: State, n: int) -> State:
        """n more samples."""
        return one_by_one(state, n, len(self.disorder), self._sample)

    def _sample(self, d: int) -> dict[str, np.ndarray]:
        E = self.draw(self.disorder[d])
        return {"E_0": E[0], **self._sums(E)}

    def draw(self, index: int) -> np.ndarray:
        """The lowest levels (levels,) of a sample, increasing.  More levels leave the first ones as they were.

        Example: ``ExtremeLevels(n=500).draw(0)[0]``
        """
        from scipy.special import ndtri_exp

        key = derive_key("disorder", "ExtremeLevels", {"n": self.n}, index, self.seed)
        gaps = -np.log(rows(key, Stream.LEVELS, range(1), self.levels)[0])
        return np.sqrt(self.n / 2) * ndtri_exp(np.log(np.cumsum(gaps)) - self.n * LN2)

    def _sums(self, E: np.ndarray) -> Mapping[str, np.ndarray]:
        """ln Z, <E>, Y and the relative fluctuation left out, arrays like T."""
        b = 1 / np.array(self.T)
        excess = E - E[0]
        w = np.exp(-b[:, None] * excess)
        mean_above, energy_above = self._above(E, b)
        squares_above, _ = self._above(E, 2 * b)
        Z = w.sum(1) + mean_above
        return {
            "lnZ": np.log(Z) - b * E[0],
            "E": E[0] + (w @ excess + mean_above * (energy_above - E[0])) / Z,
            "Y": ((w**2).sum(1) + squares_above) / Z**2,
            "neglected": np.sqrt(squares_above) / Z,
        }

    def _above(self, E: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Expectation of sum exp(-b(E - E_0)) over the levels above the last one drawn, and their mean energy."""
        from scipy.special import log_ndtr

        sigma = np.sqrt(self.n / 2)
        y = E[-1] / sigma + b * sigma
        log_q = log_ndtr(-y)  # the tilted Gaussian above the cut
        mean = np.exp(self.n * LN2 + 0.5 * (b * sigma) ** 2 + log_q + b * E[0])
        hazard = np.exp(-0.5 * y**2 - 0.5 * np.log(2 * np.pi) - log_q)
        return mean, sigma * hazard - b * self.n / 2

    def results(self, state: State) -> Labelled:
        """Values of every sample; NaN where not drawn yet."""
        T, n = np.array(self.T), self.n
        f, e = -T * state["lnZ"] / n, state["E"] / n
        out: Labelled = {
            "T": Variable(("T",), T),
            "disorder": Variable(("disorder",), np.array(self.disorder)),
            "e_0": Variable(("disorder",), state["E_0"] / n),
        }
        columns = {"e": e, "f": f, "s": (e - f) / T, "Y": state["Y"], "neglected": state["neglected"]}
        return out | {name: Variable(("T", "disorder"), x.T) for name, x in columns.items()}

    def combine(self, parts: Labelled) -> Labelled:
        """Disorder averages <obs>_mean and jackknife errors <obs>_err."""
        return averages(parts)


SMALL = {"n": "; Enumeration(REM(n=...)) is exact for fewer spins", "levels": ""}
