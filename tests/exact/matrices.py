"""Transition matrices of the production code, built by giving it its random thresholds.

A proposal is accepted or not according to one 32-bit word.  The share of the 2^32 words that accept is found by
bisection (the threshold xi is monotone in the word), so every matrix element is exact: a multiple of 2^-32.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from statmech import Ising
from statmech.kernels import walkers
from statmech.kernels.diluted import update_diluted
from statmech.kernels.edges import update_edges
from statmech.kernels.fields import update_fields
from statmech.kernels.levels import update_levels
from statmech.kernels.pairs import update_pairs
from statmech.kernels.tensor import update_in_step
from statmech.random import exponential, logistic

WORDS = 2**32
THRESHOLD = {"metropolis": exponential, "heatbath": logistic}


def share(accepts: Callable[[np.ndarray], np.ndarray], shape: tuple[int, ...], small_words: bool) -> np.ndarray:
    """Share of the words that `accepts(words)` takes, given that it takes the small ones only (or the large ones)."""
    low, high = np.zeros(shape, np.int64), np.full(shape, WORDS, np.int64)
    while (low < high).any():
        middle = np.minimum((low + high) // 2, WORDS - 1)
        below = accepts(middle.astype(np.uint64)) == small_words
        open_ = low < high
        low, high = np.where(open_ & below, middle + 1, low), np.where(open_ & ~below, middle, high)
    return (low if small_words else WORDS - low) / WORDS


class Moves:
    """One-spin moves of the production kernel of a problem, from every configuration of n spins."""

    def __init__(self, problem, n: int):
        self.n, self.states = n, Ising().enumerate(n)
        self.walkers = walkers(problem, self.states[None, None], "cpu")

    def accepted(self, site: int, xi: np.ndarray, T: float) -> np.ndarray:
        """Which of the configurations (2^n,) flip `site` at thresholds xi (2^n,)."""
        w = self.walkers
        if w.__class__.__name__ == "SpecWalkers":
            scale = w.problem.scale or 1.0
            w._s = self.states[None, None].copy()
            at = np.full((1, 1, len(xi), 1), site)
            return w._propose(at, xi[None, None], np.full((1, 1, len(xi)), T / scale), scale)[0, 0]
        sites = np.array([site], np.int32)
        return np.array([self._kernel(c, sites, xi[c : c + 1], T / w.scale)[2] for c in range(len(xi))]) > 0

    def _kernel(self, c: int, sites: np.ndarray, xi: np.ndarray, theta: float):
        """(sum of dE, spins and cached fields after the moves, accepted) of one chain."""
        w = self.walkers
        s, cache = w.spins[c].copy(), w.fields[c].copy()
        if hasattr(w, "z"):
            dE, flips = in_step(w, c, s, cache, sites, theta * xi)
        elif hasattr(w, "lists"):
            starts, terms, ends, members, J = w.lists
            dE, flips = update_diluted(starts[0], terms[0], ends, members[0], J[0], s, cache, sites, xi, theta)
        elif hasattr(w, "J"):
            dE, flips = update_pairs(w.J[0], s, cache, sites, xi, theta)
        elif hasattr(w, "level_keys"):
            own = w.steps, w.guide, w.level_keys[0], w.native[0], w.native_level
            dE, flips = update_levels(*own, s, cache, w.E[c], sites, xi, theta)
        elif getattr(w, "bits", None) is not None:
            edges = np.zeros((2, w.bits.shape[2]), np.uint64)
            dE, flips = update_edges(w.form.threshold, w.columns[0], w.bits[0], s, cache, *edges, sites, xi, theta)
        elif hasattr(w, "columns"):
            dE, flips = update_fields(w.form, w.columns[0], s, cache, w.E[c], sites, xi, theta)
        else:
            raise TypeError(f"{type(w).__name__}: say here how its kernel takes sites and thresholds")
        return dE, (s, cache), flips

    def probability(self, site: int, T: float, criterion: str, xi=None) -> np.ndarray:
        """Exact probability (2^n,) that a proposal to flip `site` is accepted; xi replaces the threshold."""
        xi = xi or THRESHOLD[criterion]
        return share(lambda w: self.accepted(site, xi(w), T), (2**self.n,), criterion == "metropolis")

    def site_matrices(self, T: float, criterion: str, xi=None) -> np.ndarray:
        """P_site (n, 2^n, 2^n), rows sum to 1."""
        return flip_matrices(np.stack([self.probability(i, T, criterion, xi) for i in range(self.n)]))


def in_step(w, c: int, s: np.ndarray, fields: np.ndarray, sites: np.ndarray, thresholds: np.ndarray):
    """(sum of dE, accepted) of a group of one chain; changes s and fields."""
    energy, flips, awake = np.zeros(1, np.int64), np.zeros(1, np.int64), np.ones(1, np.bool_)
    z = w.z[c : c + 1].copy()
    update_in_step(
        w.J[0], w.starts, w.index, s[None], z, fields[None], energy, sites, thresholds[:, None], awake, flips
    )  # fmt: skip
    return energy[0], flips[0]


def flip_matrices(probability: np.ndarray) -> np.ndarray:
    """P (n, 2^n, 2^n) from acceptance probabilities (n, 2^n); bit i of a row index is site i."""
    n, states = probability.shape
    P, here = np.zeros((n, states, states)), np.arange(states)
    for i in range(n):
        P[i, here, here] = 1 - probability[i]
        P[i, here, here ^ (1 << i)] += probability[i]
    return P


def sweep_matrix(sites: np.ndarray, order: str) -> np.ndarray:
    """One sweep of n proposals: sites in turn, or n independent random sites."""
    if order == "random":
        return np.linalg.matrix_power(sites.mean(0), len(sites))
    return np.linalg.multi_dot(sites) if len(sites) > 1 else sites[0]


def formula(energy: np.ndarray, n: int, T: float, criterion: str) -> np.ndarray:
    """Acceptance probabilities (n, 2^n) of the definition: min(1, e^-dE/T) or 1/(1 + e^dE/T)."""
    here = np.arange(2**n)
    dE = np.stack([energy[here ^ (1 << i)] - energy for i in range(n)])
    with np.errstate(over="ignore"):
        return np.exp(-np.maximum(dE, 0) / T) if criterion == "metropolis" else 1 / (1 + np.exp(dE / T))


def boltzmann(energy: np.ndarray, T: float) -> np.ndarray:
    """pi = exp(-E/T)/Z."""
    weight = np.exp(-(energy - energy.min()) / T)
    return weight / weight.sum()


def energies(model, n: int) -> tuple[np.ndarray, dict]:
    """Energies (2^n,) of all configurations by the model's definition, and the disorder."""
    disorder = model.disorder(model.disorder_keys((0,), seed=2))
    return model.energy(disorder, Ising().enumerate(n)[None, None])[0, 0], disorder


def defect(pi: np.ndarray, P: np.ndarray) -> float:
    """How far pi P is from pi."""
    return float(np.abs(pi @ P - pi).max())
