"""Tiny instances with exact reference values: an SK and a p = 3 model with given couplings."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar

import numpy as np

from statmech import Ising, Model
from statmech.models.couplings import contract, matrix
from statmech.problems import PairProblem, TensorProblem
from statmech.tuples import members

DATA = Path(__file__).parents[2] / "data" / "reference"
STEP = 2.0**-15  # of the couplings of the simulated instances


def rows(name: str) -> list[dict[str, str]]:
    """Lines of a reference file."""
    return list(csv.DictReader(line for line in (DATA / name).read_text().splitlines() if not line.startswith("#")))


@cache
def references(p: int, N: int) -> dict[tuple[float, str], float]:
    """(T, quantity) -> value of data/reference/tiny_pspin.csv."""
    found = (r for r in rows("tiny_pspin.csv") if (int(r["p"]), int(r["N"])) == (p, N))
    return {(float(r["T"]), r["quantity"]): float(r["value"]) for r in found}


def couplings(p: int) -> np.ndarray:
    """J of every p-tuple, the order of `tuples.members`."""
    if p == 2:
        i, j = members(10, 2).T.astype(float)
        return np.sin(1 + 3 * i + 7 * j + i * j) / np.sqrt(10)
    i, j, k = members(9, 3).T.astype(float)
    return np.sin(1 + 2 * i + 5 * j + 11 * k) * np.sqrt(6) / 9


@dataclass(frozen=True)
class Tiny(Model):
    """The instance of p = 2 (N = 10) or p = 3 (N = 9), its couplings rounded to multiples of 2^-15."""

    p: int = 2
    space: ClassVar[Ising] = Ising()
    ensemble: ClassVar[tuple[str, ...]] = ("p",)

    @property
    def n(self) -> int:
        return {2: 10, 3: 9}[self.p]

    @property
    def quantum(self) -> float:
        return STEP

    def disorder(self, keys):
        J = np.rint(couplings(self.p) / STEP).astype(np.int16)
        return {"J": np.broadcast_to(J, (len(keys), len(J)))}

    def energy(self, disorder, s):
        return -STEP * contract(self.n, {self.p: disorder["J"]}, s)

    def problem(self, disorder):
        if self.p == 2:
            return PairProblem(matrix(disorder["J"], 10), np.zeros((len(disorder["J"]), 10), np.int32), STEP)
        return TensorProblem(self.n, {self.p: disorder["J"]}, STEP)


def means(E: np.ndarray, T: float, n: int) -> dict[str, float]:
    """Exact means over all 2^n configurations, in the order of Ising().enumerate, of energies E (2^n,)."""
    s = Ising().enumerate(n).astype(int)
    w = np.exp(-(E - E.min()) / T)
    Z = w.sum()
    w /= Z
    return {
        "ln Z": float(np.log(Z) - E.min() / T), "<E>": float(w @ E), "<E^2>": float(w @ E**2),
        "<q^2>": float(w @ ((s @ s.T) / n) ** 2 @ w),
    }  # fmt: skip
