"""Task: population annealing, replicas that are resampled while they cool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from statmech.backend import to_host
from statmech.core import Labelled, State, Variable
from statmech.names import STATUS, describe, status_flags
from statmech.random import Stream, log_words, uniform
from statmech.stats import population as stats
from statmech.tasks.cooling import Cooling
from statmech.tasks.measure import PAIR_OBSERVABLES, Q_BINS, count_overlaps, overlap_density, overlap_powers
from statmech.tasks.summary import derived

BLOCKS = 32  # blocks of families for errors
DIMS = ("T", "disorder")
RECORDS = ("lnZ", "rho_t", "S_f", "families", "lowest", "steps", "acceptance")
"""What is recorded once per temperature and sample, beside means over blocks of families and pairs."""


@dataclass(frozen=True, eq=False)
class PopulationAnnealing(Cooling):
    r"""R replicas of `model` cooled together from beta = 0, copied and deleted by their weights; ln Z comes with it.

    .. math:: w_j = e^{-(\beta' - \beta) E_j}, \qquad \ln Z(\beta') = \ln Z(\beta) + \ln \frac1R \sum_j w_j

    At every step replica j gets R w_j / sum_k w_k copies on average, the whole number below or above (systematic
    resampling), then all are swept.  With fixed steps E[Z] is exact for every R and any number of sweeps.  Sources:
    Hukushima & Iba, AIP Conf. Proc. 690, 200 (2003); Machta, Phys. Rev. E 82, 026704 (2010); families: Wang, Machta &
    Katzgraber, Phys. Rev. E 92, 063307 (2015); adaptive steps: Barash et al., Comput. Phys. Commun. 220, 341 (2017).

    model:           a Model of Ising spins, or of points on the sphere
    sampler:         a kernel: HeatBath(), Metropolis(), GreatCircles(), HamiltonianMonteCarlo(), ...  One with a step
                     is tuned all the way down by the acceptance of the population; its own `tuning` does not count
    T:               temperatures, increasing, 0 < T < inf: all are visited, hottest first, and reported
    replicas:        R, the population
    sweeps_per_step: sweeps after every resampling
    observables:     the user's own, as in MonteCarlo
    disorder, seed, device: as in MonteCarlo
    culling:         share of the population without a copy, per step: betas are put between those of T such that it is
                     met (1 minus it is the overlap of neighbouring energy distributions); the chosen ladder is part of
                     the state, and E[Z] is exact for large R only.  None: T is the ladder

    Results per (T, disorder): e, c, e_min, f, s per spin, lnZ, the observables of the model, replica overlaps q, q_abs,
    q2, ..., chi_SG and binder (of pairs from different families), overlap/P_q; <name>_stderr from a jackknife over 32
    blocks of families.  rho_t, the mean square family size, S_f, the entropy of the families, and `families`, their
    number; steps, taken so far; acceptance.  status is done where R >= 100 rho_t at this and every hotter temperature,
    else unequilibrated.  On a sphere Z is the mean of exp(-H/T) over its uniform measure.

    Example: ``statmech.Sweep("sk", PopulationAnnealing(SK(n=64), T=(0.3, 0.5, 1.0), replicas=1000), samples=16)``
    """

    culling: float | None = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.culling is not None:
            if isinstance(self.culling, bool) or not 0 < self.culling < 1:
                raise ValueError(f"culling = {self.culling!r}: expected a share in (0, 1) such as 0.1, or None")
            object.__setattr__(self, "culling", float(self.culling))

    @property
    def _blocks(self) -> int:
        return min(self.replicas, BLOCKS)

    @property
    def _names(self) -> tuple[str, ...]:
        return self._meter.chain_observables

    def start(self) -> State:
        """State at beta = 0: uniform configurations, every replica a family of its own."""
        D, R, B, temperatures = len(self.disorder), self.replicas, self._blocks, len(self.T)
        state = self._begin(self._uniform())
        state |= {
            "step": np.array(0),
            "beta": np.zeros((D, 0)),  # visited so far
            "reached": np.zeros(D, np.int64),  # how many of T, from the hottest
            "family": np.tile(np.arange(R, dtype=np.int64), (D, 1)),
            "lnZ": np.full(D, self.log_volume),
            "lnZ_without": np.full((D, B), self.log_volume),
            "lowest": np.full(D, np.inf),
            "at/lnZ_without": np.full((temperatures, D, B), np.nan),
            "at/size": np.full((temperatures, D, B), np.nan),
            "at/sums": np.full((len(self._names), temperatures, D, B), np.nan),
            "at/pairs": np.full((2, len(PAIR_OBSERVABLES), temperatures, D), np.nan),
            "at/P_q": np.zeros((temperatures, D, Q_BINS), np.int64),
        }
        return state | {f"at/{name}": np.full((temperatures, D), np.nan) for name in RECORDS}

    def progress(self, state: State) -> tuple[int, int]:
        """(steps done, steps asked for: at least as many more as there are temperatures not reached yet)."""
        done = int(state["step"])
        return done, done + len(self.T) - int(state["reached"].min())

    def advance(self, state: State, n: int) -> State:
        """n more steps (fewer at the end), as a new state; pieces add up to the same bits as one go."""
        state = {key: np.array(value) for key, value in state.items()}
        done, asked = self.progress(state)
        if n < 1 or done == asked:
            return state
        w = self._walkers(state)
        for _ in range(n):
            self._step(w, state)
            if len(self.T) == state["reached"].min():
                break
        self._keep(state, w)
        return state

    def _step(self, w: Any, state: State) -> None:
        """One temperature further: weights, copies, sweeps, and records where a requested temperature is reached."""
        beta = state["beta"][:, -1] if state["beta"].shape[1] else np.zeros(len(self.disorder))
        asked, reached = 1 / np.array(self.T[::-1]), state["reached"]
        target = asked[np.minimum(reached, len(asked) - 1)]
        energy, limit = self._energy(w), target - beta  # nothing left for samples that are at the end
        step = limit if self.culling is None else stats.step_to(energy, limit, self.culling)
        there = (step == limit) & (reached < len(asked))
        now = np.where(step == limit, target, beta + step)
        self._resample(w, state, energy, step)
        self._sweep(w, state, now)
        state["beta"] = np.concatenate([state["beta"], now[:, None]], 1)
        state["step"] = np.array(state["step"] + 1)
        state["lowest"] = np.minimum(state["lowest"], self._energy(w).min(1) / self.model.n)
        if there.any():
            self._record(w, state, np.flatnonzero(there))
            state["reached"] = reached + there

    def _resample(self, w: Any, state: State, energy: np.ndarray, step: np.ndarray) -> None:
        R, B, family = self.replicas, self._blocks, state["family"]
        W, gain = stats.boltzmann_weights(energy, step)
        state["lnZ"] = state["lnZ"] + gain
        block = family * B // R
        weight, size = (stats.block_sums(block, x, B) for x in (W, np.ones_like(W)))
        # what the gain would have been without each block of families
        with np.errstate(invalid="ignore"):
            ratio = stats.without_blocks(weight) / weight.sum(1, keepdims=True) / (stats.without_blocks(size) / R)
        alone = ~(ratio > 0)  # a block that is all there is
        state["lnZ_without"] += gain[:, None] + np.where(alone, np.nan, log_words(np.where(alone, 1.0, ratio)))
        u = uniform(self._keys[:, 0, 0], Stream.RESAMPLE, int(state["step"]), 0, 0)
        parent = stats.resample(W, u)
        state["family"] = np.take_along_axis(family, parent, 1)
        w.select(parent[:, None, :])

    def _record(self, w: Any, state: State, samples: np.ndarray) -> None:
        """Everything at the requested temperature that these samples have reached."""
        B, family = self._blocks, state["family"]
        block = family * B // self.replicas
        values = self._measured(w)
        sums = stats.block_sums(block, np.stack([values[name] for name in self._names]), B)
        size = stats.block_sums(block, np.ones(block.shape), B)
        found = {**stats.family_statistics(family), "lnZ": state["lnZ"], "lowest": state["lowest"],
                 "steps": np.full(len(block), float(state["step"])), "acceptance": self._acceptance(state)}  # fmt: skip
        half = self.replicas // 2
        s = w.s
        overlap = to_host(self.model.space.overlap(s[:, 0, :half], s[:, 0, half : 2 * half]))
        for d in samples:
            t = len(self.T) - 1 - int(state["reached"][d])
            for name in RECORDS:
                state[f"at/{name}"][t, d] = found[name][d]
            state["at/lnZ_without"][t, d], state["at/size"][t, d] = state["lnZ_without"][d], size[d]
            state["at/sums"][:, t, d] = sums[:, d]
            strangers = np.flatnonzero(family[d, :half] != family[d, half : 2 * half])
            q = overlap[d, strangers]
            found_pairs = stats.pair_errors(overlap_powers(q), block[d, strangers], block[d, half + strangers], B)
            state["at/pairs"][:, :, t, d] = np.stack(found_pairs)
            count_overlaps(state["at/P_q"][t, d][None, None], q[None, None], self.model.n)

    def results(self, state: State) -> Labelled:
        """Means and errors at every requested temperature; NaN where it has not been reached yet."""
        n, T, R = self.model.n, np.array(self.T)[:, None], self.replicas
        out, size = self._coordinates(), state["at/size"]
        means: dict[str, np.ndarray] = {}
        without: dict[str, np.ndarray] = {"lnZ": state["at/lnZ_without"]}
        with np.errstate(invalid="ignore", divide="ignore"):
            for name, sums in zip(self._names, state["at/sums"], strict=True):
                means[name] = sums.sum(-1) / R
                without[name] = stats.without_blocks(sums) / stats.without_blocks(size)
            square = means["e"] ** 2 - stats.block_error(without["e"]) ** 2  # a mean's square is too large
            means |= {"lnZ": state["at/lnZ"], "f": -T * state["at/lnZ"] / n,
                      "s": state["at/lnZ"] / n + means["e"] / T, "c": n * (means["e2"] - square) / T**2}  # fmt: skip
            without |= {"f": -T[..., None] * without["lnZ"] / n, "s": without["lnZ"] / n + without["e"] / T[..., None],
                        "c": n * (without["e2"] - without["e"] ** 2) / T[..., None] ** 2}  # fmt: skip
            errors = {name: stats.block_error(x) for name, x in without.items()}
            for name, (mean, error) in zip(PAIR_OBSERVABLES, state["at/pairs"].swapaxes(0, 1), strict=True):
                means[name], errors[name] = mean, error
            means["chi_SG"], errors["chi_SG"] = n * means["q2"], n * errors["q2"]
            for name, (inputs, function) in derived(self.model).items():
                if all(x in means for x in inputs):
                    means[name] = function(*(means[x] for x in inputs))
        means["e_min"] = state["at/lowest"]
        means |= {name: state[f"at/{name}"] for name in RECORDS if name not in ("lnZ", "lowest")}
        for name, x in means.items():
            out[name] = Variable(DIMS, x)
            if name in errors:
                label = f"standard error of the {describe(name).long_name}, from blocks of families"
                out[f"{name}_stderr"] = Variable(DIMS, errors[name], {"long_name": label})
        density = overlap_density(state["at/P_q"])
        out["overlap/P_q"] = Variable((*DIMS, "q_bin"), density, {"long_name": "distribution of the replica overlap q"})
        out["q_bin"] = Variable(("q_bin",), np.linspace(-1, 1, Q_BINS))
        return out | {"status": self._status(state)}

    def _status(self, state: State) -> Variable:
        """done where R >= 100 rho_t here and at every hotter temperature; else unequilibrated, or pending."""
        rho = state["at/rho_t"]
        worst = np.maximum.accumulate(np.nan_to_num(rho, nan=np.inf)[::-1])[::-1]
        status = np.where(self.replicas >= stats.SAFETY * worst, STATUS["done"], STATUS["unequilibrated"])
        status = np.where(np.isnan(rho), STATUS["pending"], status).astype(np.int8)
        words = f"verdict of the point: {stats.SAFETY} rho_t <= R = {self.replicas} so far, or not"
        return Variable(DIMS, status, {"long_name": words, **status_flags()})
