"""Annealing of one SK instance against dwave-samplers and OpenJij: same couplings, same sweeps and chains, one thread.

    pip install dwave-samplers openjij
    python benchmarks/peers.py [N [chains [sweeps]]]       (N = 1000, 16 chains, 200 sweeps: two minutes)

Every chain is cooled through beta = 0.1 .. 3 in equal steps, one sweep each, by sequential Metropolis.  Printed:
nanoseconds of processor time per attempted update, best of three runs, the lowest and the mean energy per spin that
the chains end at, and the time in units of ours.  Acceptance is printed where it is known (the peers do not count).
OpenJij gives all reads of a call the same random numbers if it is given a seed, so it runs without one.  A peer that
is not installed is left out.
"""

from __future__ import annotations

import os

for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from importlib.metadata import version  # noqa: E402

import numpy as np  # noqa: E402

from statmech import SK  # noqa: E402
from statmech.kernels import walkers  # noqa: E402

ROUNDS = 3  # the fastest counts
Result = tuple[float, np.ndarray, float]  # seconds, energies per spin of the chains, accepted share


def ours(n: int, J: np.ndarray, chains: int, betas: np.ndarray) -> Result:
    """The kernel of `pairs`, a sweep at a time."""
    model = SK(n=n)
    disorder = model.disorder(model.disorder_keys((0,), 0))
    keys, lanes = np.full((1, 1, chains), 7, np.uint64), np.arange(chains, dtype=np.uint64)[None, None]
    w = walkers(model.problem(disorder), model.start("random", disorder, keys, lanes), "cpu")
    w.sweep(np.full((1, 1, 1), np.inf), keys, lanes, 0, 1, "metropolis", "sequential")  # compiles
    begin, accepted = time.thread_time(), 0
    for t, beta in enumerate(betas):
        accepted += w.sweep(np.full((1, 1, 1), 1 / beta), keys, lanes, t + 1, 1, "metropolis", "sequential").sum()
    seconds = time.thread_time() - begin
    assert np.allclose(energies(J, w.s[0, 0]), w.energy[0, 0] / n)
    return seconds, w.energy[0, 0] / n, accepted / (n * chains * len(betas))


def dwave(n: int, J: np.ndarray, chains: int, betas: np.ndarray) -> Result:
    """SimulatedAnnealingSampler: C++, adjacency lists, reads one after the other."""
    import dimod
    from dwave.samplers import SimulatedAnnealingSampler

    i, j = np.triu_indices(n, 1)
    bqm = dimod.BinaryQuadraticModel.from_numpy_vectors(np.zeros(n), (i, j, -J[i, j]), 0.0, "SPIN")
    begin = time.process_time()
    answer = SimulatedAnnealingSampler().sample(
        bqm, num_reads=chains, beta_schedule_type="custom", beta_schedule=betas, num_sweeps_per_beta=1, seed=1
    )
    seconds = time.process_time() - begin
    return seconds, energies(J, answer.record.sample[:, np.argsort(answer.variables)]), np.nan


def openjij(n: int, J: np.ndarray, chains: int, betas: np.ndarray) -> Result:
    """SASampler with dense couplings: C++ and Eigen, double precision."""
    import openjij as oj

    i, j = np.triu_indices(n, 1)
    pairs = dict(zip(zip(i.tolist(), j.tolist()), (-J[i, j]).tolist()))
    bqm = oj.BinaryQuadraticModel(dict.fromkeys(range(n), 0.0), pairs, 0.0, "SPIN", sparse=False)
    schedule = [(float(beta), 1) for beta in betas]
    begin = time.process_time()
    answer = oj.SASampler().sample(bqm, schedule=schedule, num_reads=chains, sparse=False)
    seconds = time.process_time() - begin
    kernel = float(np.sum(answer.info["list_exec_times"])) * 1e-6  # its loops alone: what it reports in its favour
    e = energies(J, answer.record.sample[:, np.argsort(answer.variables)])
    return min(seconds, kernel), np.repeat(e, answer.record.num_occurrences), np.nan


def energies(J: np.ndarray, s: np.ndarray) -> np.ndarray:
    """-1/2 s.J s / N of configurations (chains, N)."""
    s = s.astype(float)
    return -0.5 * ((s @ J) * s).sum(-1) / len(J)


def main(n: int = 1000, chains: int = 16, sweeps: int = 200) -> None:
    """Print the table."""
    model = SK(n=n)
    J = model.disorder(model.disorder_keys((0,), 0))["J"][0] * model.quantum
    betas = np.linspace(0.1, 3, sweeps)
    peers: tuple[tuple[str, Callable[..., Result]], ...] = (
        ("statmech", ours), ("openjij", openjij), ("dwave-samplers", dwave)
    )  # fmt: skip
    print(f"SK N = {n}, {chains} chains, {sweeps} sweeps, beta 0.1 .. 3, one thread")
    print(f"{'':24s} ns per update  accepted  lowest e   mean e   time / ours")
    unit = None
    for name, run in peers:
        try:
            label = f"{name} {version(name)}"
            seconds, e, accepted = min((run(n, J, chains, betas) for _ in range(ROUNDS)), key=lambda result: result[0])
        except ImportError:
            print(f"{name}: not installed (pip install {name})")
            continue
        unit = unit or seconds
        share = f"{accepted:9.3f}" if np.isfinite(accepted) else f"{'':9s}"
        print(f"{label:24s} {1e9 * seconds / (n * chains * sweeps):13.1f} {share} {e.min():9.4f} {e.mean():8.4f} "
              f"{seconds / unit:13.1f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
