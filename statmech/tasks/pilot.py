"""Trial runs before a Monte Carlo run, which place the rungs of a ladder that tunes itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from statmech import backend
from statmech.backend import Device
from statmech.core import Sampler, State
from statmech.random import derive_key
from statmech.samplers.ladder import tune
from statmech.samplers.tempering import Tempering
from statmech.spec import Model, identity

Array = NDArray[np.float64]
SAMPLES = 4  # disorder samples of a trial run, the first of the seed
REPLICAS = 2  # ladders per sample


def tuned_ladder(
    model: Model, T: Sequence[float], sampler: Sampler, start: str = "random", seed: int = 0, device: Device = "auto"
) -> Array:
    """Temperatures of all rungs: T itself, or T and the rungs that `sampler` adds to it.

    A function of its arguments alone (not of the block of samples that will be run, nor of the device for discrete
    spins): two ladders of each of the samples 0 .. 3 of the seed run for `sampler.tuning` sweeps from the class of
    starts `start`, in five rounds of growing length; after each round the rungs are placed anew from the exchange rates
    and energies of its second half (`samplers.ladder.tune`), and the walkers go on from the nearest rung.  So all
    samples of a grid point have the same ladder, and the law of a sample is exact: its own run begins after this.

    T:        temperatures asked for (T,), increasing, k_B = 1
    Returns float64 (R,), increasing.  Raises ValueError if T and sampler.T_hot are no ladder.

    Example: ``tuned_ladder(Hopfield(n=64, alpha=0.1), [0.3, 1.0], Tempering(rungs=5, tuning=64)).size == 5``
    """
    if not isinstance(sampler, Tempering) or sampler.rungs == "given":
        return np.asarray(T, float)
    key = derive_key(identity(model, source=True), identity(sampler, source=True), list(T), start, seed)
    if key not in _known:
        rungs = None if isinstance(sampler.rungs, str) else sampler.rungs
        trial = _Trial(model, tuple(T), sampler, start, seed, device)
        _known[key] = tune(sampler.anchors(T), trial, sampler.tuning, rungs)
    return _known[key].copy()


_known: dict[int, Array] = {}
"""Ladders that this process has tuned: all blocks of samples of a grid point ask for the same one."""


class _Trial:
    """The trial runs of one ladder, one round per call."""

    def __init__(
        self, model: Model, T: tuple[float, ...], sampler: Tempering, start: str, seed: int, device: Device
    ):
        self.model, self.sampler, self.start, self.device = model, sampler, start, device
        fields = {"class": type(model).__name__, **model.parameters()}
        self.common = ("ladder", fields, identity(sampler), start, list(T))
        self.samples = model.disorder_keys(tuple(range(SAMPLES)), seed)
        self.disorder = model.disorder(self.samples)
        self.problem = model.problem(self.disorder)
        self.s: np.ndarray | None = None  # configurations by rung, at the end of the last round
        self.beta = np.empty(0)

    def __call__(self, ladder: Array, number: int, sweeps: int) -> tuple[Array, Array]:
        """Rejected shares (R-1,) and mean energies (samples, R) of the second half of so many sweeps."""
        from statmech.kernels import walkers

        sampler, shape = self.sampler, (SAMPLES, ladder.size, REPLICAS)
        keys = np.array([derive_key(*self.common, number, key) for key in self.samples], np.uint64)[:, None, None]
        lanes = np.arange(ladder.size * REPLICAS, dtype=np.uint64).reshape(1, ladder.size, REPLICAS)
        if self.s is None:
            s = self.model.start(self.start, self.disorder, np.broadcast_to(keys, shape), lanes)
        else:
            s = self.s[:, np.abs(1 / ladder[:, None] - self.beta).argmin(1)]
        w = walkers(self.problem, np.ascontiguousarray(s), backend.resolve(self.device))
        state: State = sampler.begin(shape, ladder)
        T, half = ladder[None, :, None], sweeps // 2 // sampler.every * sampler.every
        sampler.run(w, state, T, keys, lanes, 0, half)
        state["acc_swaps"][...] = state["acc_attempts"][...] = 0
        total, count = np.zeros(shape), 0
        for sweep in range(half, sweeps - sampler.every + 1, sampler.every):
            sampler.run(w, state, T, keys, lanes, sweep, sampler.every)
            total += sampler.by_rung(state, w.energy)
            count += 1
        self.s, self.beta = backend.to_host(sampler.by_rung(state, w.s)), 1 / ladder
        share = state["acc_swaps"].sum((0, 2)) / state["acc_attempts"].sum((0, 2))
        return 1 - share, total.mean(-1) / count
