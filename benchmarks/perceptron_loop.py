"""The Ising student's 0/1 kernel against a plain Numba loop with int16 fields, alternately in one run.

    python benchmarks/perceptron_loop.py

Prints nanoseconds per example and proposal of both, and their ratio (best of three rounds each).
"""

from __future__ import annotations

import time

import numba
import numpy as np

from statmech import Perceptron
from statmech.kernels import walkers

ALPHA, T, CHAINS = 4.0, 0.5, 16


@numba.njit(parallel=True)
def plain(xi, s, M, E, T, sweeps):
    """Metropolis sweeps: fields M (C, P) int16, inputs xi (N, P) int16, errors E (C,)."""
    chains, n = s.shape
    for c in numba.prange(chains):
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


def measure(n: int, sweeps: int) -> tuple[float, float]:
    """Nanoseconds per example and proposal: ours, plain."""
    model = Perceptron(n=n, alpha=ALPHA, r=0.2)
    disorder = model.disorder([1])
    keys, lanes = np.full((1, 1, CHAINS), 7, np.uint64), np.arange(CHAINS, dtype=np.uint64)[None, None]
    s = model.start("random", disorder, keys, lanes)
    w = walkers(model.problem(disorder), s, "cpu")
    xi = np.ascontiguousarray(disorder["xi"][0].T.astype(np.int16))
    mine = s[0, 0].copy()
    M = (mine.astype(np.int16) @ xi).astype(np.int16)
    E = (M <= 0).sum(1)
    temperature = np.full((1, 1, 1), T)
    best = [np.inf, np.inf]
    for turn in range(4):  # the first turn compiles
        begin = time.perf_counter()
        w.sweep(temperature, keys, lanes, turn * sweeps, sweeps, "metropolis", "sequential")
        middle = time.perf_counter()
        plain(xi, mine, M, E, T, sweeps)
        end = time.perf_counter()
        if turn:
            best = [min(best[0], middle - begin), min(best[1], end - middle)]
    unit = 1e-9 * sweeps * CHAINS * n * model.P
    return best[0] / unit, best[1] / unit


if __name__ == "__main__":
    print(f"Ising student, alpha = {ALPHA:g}, 0/1 error, T = {T:g}, {CHAINS} chains, {numba.get_num_threads()} threads")
    for n, sweeps in ((255, 40), (1001, 4)):
        ours, loop = measure(n, sweeps)
        print(f"  N = {n:5d}: statmech {ours:.4f} ns, plain loop {loop:.4f} ns, ratio {loop / ours:.2f}")
