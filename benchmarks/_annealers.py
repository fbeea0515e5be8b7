"""Annealing of one SK instance by our kernel and by other programs: the same couplings, schedule and number of chains.

Every chain is cooled through the betas, one sweep each, by sequential Metropolis.  Each function returns the seconds
of one thread, building its own form of the instance not counted, and the energies per spin at which the chains end.
The others' time is that of their loops alone where they report less than the call took.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from _threads import clock

from statmech import SK
from statmech.kernels import walkers


class Instance(NamedTuple):
    """A sample of SK with N spins, by its number."""

    n: int
    number: int

    def disorder(self) -> dict[str, np.ndarray]:
        """Integer couplings J (1, N, N)."""
        model = SK(n=self.n)
        return model.disorder(model.disorder_keys((self.number,), 0))

    def couplings(self) -> np.ndarray:
        """J (N, N) of H = -1/2 s J s."""
        return self.disorder()["J"][0] * SK(n=self.n).quantum

    def energies(self, s: np.ndarray) -> np.ndarray:
        """Energy per spin of configurations (chains, N)."""
        s = s.astype(float)
        return -0.5 * ((s @ self.couplings()) * s).sum(-1) / self.n


class Answer(NamedTuple):
    """Seconds of all chains together, energies per spin (chains,), accepted share (nan where it is not counted)."""

    seconds: float
    e: np.ndarray
    accepted: float = math.nan


def ours(instance: Instance, chains: int, betas: np.ndarray) -> Answer:
    """The kernel of `pairs`, a sweep at a time."""
    n, model, disorder = instance.n, SK(n=instance.n), instance.disorder()
    keys, lanes = np.full((1, 1, chains), 7, np.uint64), np.arange(chains, dtype=np.uint64)[None, None]
    w = walkers(model.problem(disorder), model.start("random", disorder, keys, lanes), "cpu")
    w.sweep(np.full((1, 1, 1), np.inf), keys, lanes, 0, 1, "metropolis", "sequential")  # compiles
    begin, accepted = clock(), 0
    for t, beta in enumerate(betas):
        accepted += w.sweep(np.full((1, 1, 1), 1 / beta), keys, lanes, t + 1, 1, "metropolis", "sequential").sum()
    seconds = clock() - begin
    assert np.allclose(instance.energies(w.s[0, 0]), w.energy[0, 0] / n)
    return Answer(seconds, w.energy[0, 0] / n, accepted / (n * chains * len(betas)))


def dwave(instance: Instance, chains: int, betas: np.ndarray) -> Answer:
    """SimulatedAnnealingSampler: C++, adjacency lists, reads one after the other."""
    import dimod
    from dwave.samplers import SimulatedAnnealingSampler

    J, (i, j) = instance.couplings(), np.triu_indices(instance.n, 1)
    bqm = dimod.BinaryQuadraticModel.from_numpy_vectors(np.zeros(instance.n), (i, j, -J[i, j]), 0.0, "SPIN")
    begin = clock()
    answer = SimulatedAnnealingSampler().sample(
        bqm, num_reads=chains, beta_schedule_type="custom", beta_schedule=betas, num_sweeps_per_beta=1,
        seed=instance.number + 1,
    )  # fmt: skip
    seconds = clock() - begin
    loops = answer.info["timing"]["sampling_ns"] * 1e-9
    return Answer(min(seconds, loops), instance.energies(answer.record.sample[:, np.argsort(answer.variables)]))


def openjij(instance: Instance, chains: int, betas: np.ndarray) -> Answer:
    """SASampler with dense couplings: C++ and Eigen, double precision.

    It gives all reads of a call the same random numbers if it is given a seed, so it runs without one.
    """
    import openjij as oj

    J, (i, j) = instance.couplings(), np.triu_indices(instance.n, 1)
    pairs = dict(zip(zip(i.tolist(), j.tolist()), (-J[i, j]).tolist()))
    bqm = oj.BinaryQuadraticModel(dict.fromkeys(range(instance.n), 0.0), pairs, 0.0, "SPIN", sparse=False)
    schedule = [(float(beta), 1) for beta in betas]
    begin = clock()
    answer = oj.SASampler().sample(bqm, schedule=schedule, num_reads=chains, sparse=False)
    seconds = clock() - begin
    loops = float(np.sum(answer.info["list_exec_times"])) * 1e-6
    e = instance.energies(answer.record.sample[:, np.argsort(answer.variables)])
    return Answer(min(seconds, loops), np.repeat(e, answer.record.num_occurrences))


ANNEALERS: dict[str, Callable[[Instance, int, np.ndarray], Answer]] = {  # by package
    "statmech": ours, "openjij": openjij, "dwave-samplers": dwave,
}  # fmt: skip
