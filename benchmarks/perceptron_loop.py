"""The kernel of `fields` against plain Numba loops with int16 fields, alternately in one run on one thread.

    python benchmarks/perceptron_loop.py          (a minute)

Prints nanoseconds per pattern and proposal of both, best of many rounds in processor time, and their ratio: for the
0/1 error of the Ising student, and for the Hopfield model in pattern form.
"""

from __future__ import annotations

import os

for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import time  # noqa: E402

import numba  # noqa: E402
import numpy as np  # noqa: E402

from statmech import Hopfield, Perceptron  # noqa: E402
from statmech.kernels import walkers  # noqa: E402

ALPHA, CHAINS, ROUNDS = 4.0, 16, 12


@numba.njit
def errors_loop(xi, s, M, E, T, sweeps):
    """Metropolis sweeps: fields M (C, P) int16, inputs xi (N, P) int16, errors E (C,)."""
    chains, n = s.shape
    for c in range(chains):
        for _ in range(sweeps):
            for i in range(n):
                step = np.int16(2 * s[c, i])
                errors = 0
                for mu in range(M.shape[1]):
                    errors += M[c, mu] - step * xi[i, mu] <= 0
                if errors - E[c] < -T * np.log(np.random.random()):  # noqa: NPY002  what a first loop would do
                    for mu in range(M.shape[1]):
                        M[c, mu] -= step * xi[i, mu]
                    s[c, i] = -s[c, i]
                    E[c] = errors


@numba.njit
def hopfield_loop(xi, s, M, E, T, sweeps):
    """The same for H = -sum_mu (M_mu^2 - N)/2."""
    chains, n = s.shape
    for c in range(chains):
        for _ in range(sweeps):
            for i in range(n):
                dot = 0
                for mu in range(M.shape[1]):
                    dot += xi[i, mu] * M[c, mu]
                dE = 2 * (s[c, i] * dot - M.shape[1])
                if dE < -T * np.log(np.random.random()):  # noqa: NPY002
                    step = np.int16(2 * s[c, i])
                    for mu in range(M.shape[1]):
                        M[c, mu] -= step * xi[i, mu]
                    s[c, i] = -s[c, i]
                    E[c] += dE


def measure(model, T: float, loop, sweeps: int) -> tuple[float, float, float]:
    """Nanoseconds per pattern and proposal: ours, plain; accepted share of ours."""
    n = model.n
    disorder = model.disorder([1])
    keys, lanes = np.full((1, 1, CHAINS), 7, np.uint64), np.arange(CHAINS, dtype=np.uint64)[None, None]
    s = model.start("random", disorder, keys, lanes)
    problem = model.problem(disorder)
    w = walkers(problem, s, "cpu")
    xi = np.ascontiguousarray(problem.xi[0].T.astype(np.int16))
    mine = s[0, 0].copy()
    M = (mine.astype(np.int16) @ xi).astype(np.int16)
    E = (M <= 0).sum(1)
    temperature = np.full((1, 1, 1), T)
    best, accepted = [np.inf, np.inf], 0
    for turn in range(ROUNDS + 2):  # the first turn compiles
        begin = time.thread_time()
        flips = w.sweep(temperature, keys, lanes, turn * sweeps, sweeps, "metropolis", "sequential")
        middle = time.thread_time()
        loop(xi, mine, M, E, T / problem.scale, sweeps)
        end = time.thread_time()
        if turn > 1:
            best = [min(best[0], middle - begin), min(best[1], end - middle)]
            accepted += int(flips.sum())
    proposals = sweeps * CHAINS * n
    unit = 1e-9 * proposals * xi.shape[1]
    return best[0] / unit, best[1] / unit, accepted / (ROUNDS * proposals)


if __name__ == "__main__":
    print(f"alpha = {ALPHA:g}, {CHAINS} chains, one thread")
    cases = ("Ising student, 0/1 error", 2.0, errors_loop), ("Hopfield, pattern form", 2.0, hopfield_loop)
    for title, T, loop in cases:
        for n, sweeps in ((255, 10), (1001, 1)):
            student = Perceptron(n=n, alpha=ALPHA, r=0.2)
            model = student if loop is errors_loop else Hopfield(n=n, alpha=ALPHA, form="pattern")
            ours, plain, accepted = measure(model, T, loop, sweeps)
            print(f"  {title:25s} N = {n:5d}, accepted {accepted:.3f}: statmech {ours:.4f} ns, "
                  f"plain loop {plain:.4f} ns, ratio {plain / ours:.1f}", flush=True)  # fmt: skip
