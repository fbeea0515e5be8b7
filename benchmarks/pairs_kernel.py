"""The `pairs` kernel against the machine's own matrix product, on one SK instance, beta 0.1 .. 3.

An accepted flip changes N fields, 2 N operations, so the floor of an attempted update is 2 N x acceptance at the rate
of a single-precision matrix product (SGEMM) measured between the repetitions of the same run.  Printed: nanoseconds
per attempted update, best of many short repetitions in processor time of the threads; acceptance; the floor; and
time / floor.

    python benchmarks/pairs_kernel.py             one thread and two (a minute or two)
    python benchmarks/pairs_kernel.py 1           one thread
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

THREADS = int(os.environ.get("PAIRS_KERNEL_THREADS", "0"))
if THREADS:
    for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(THREADS)

import numpy as np  # noqa: E402

from statmech import SK  # noqa: E402
from statmech.kernels import walkers  # noqa: E402

CASES = ((1000, 16, 10, 20), (4000, 64, 1, 6), (10_000, 64, 1, 2))  # N, chains, sweeps at a time, repetitions
# one thread: its own processor time, which other work on the machine does not enter; two: the time on the wall
CLOCK = time.thread_time if THREADS == 1 else time.perf_counter


def best(work, times: int) -> float:
    """Least time of some calls."""
    spent = []
    for _ in range(times):
        begin = CLOCK()
        work()
        spent.append(CLOCK() - begin)
    return min(spent)


def measure(n: int, chains: int, sweeps: int, repetitions: int) -> tuple[float, float, float]:
    """(seconds per attempted update, accepted share, operations per second of SGEMM)."""
    a, b = np.random.default_rng(0).random((2, 1024, 1024), np.float32)
    model = SK(n=n)
    disorder = model.disorder(model.disorder_keys((0,), 0))
    keys, lanes = np.full((1, chains, 1), 7, np.uint64), np.arange(chains, dtype=np.uint64)[None, :, None]
    T = 1 / np.linspace(0.1, 3, chains)[None, :, None]
    w = walkers(model.problem(disorder), model.start("random", disorder, keys, lanes), "cpu")
    done, accepted, seconds, product = 20, 0, np.inf, np.inf
    w.sweep(T, keys, lanes, 0, done, "metropolis", "sequential")  # compiles, and leaves the random start
    for _ in range(repetitions):
        product = min(product, best(lambda: a @ b, 4))
        for _ in range(4):
            begin = CLOCK()
            accepted += int(w.sweep(T, keys, lanes, done, sweeps, "metropolis", "sequential").sum())
            seconds = min(seconds, CLOCK() - begin)
            done += sweeps
    updates = n * chains
    return seconds / (sweeps * updates), accepted / ((done - 20) * updates), 2 * 1024**3 / product


def main() -> None:
    """Print the table for this number of threads."""
    print(f"{THREADS} thread(s):   N  chains      ns  accepted   SGEMM Gflop/s   floor ns   time / floor")
    for n, chains, sweeps, repetitions in CASES:
        seconds, accepted, rate = measure(n, chains, sweeps, repetitions)
        floor = 2 * n * accepted / rate
        print(f"{n:16d} {chains:7d} {seconds * 1e9:7.2f} {accepted:9.3f} {rate / 1e9:15.0f} {floor * 1e9:10.2f} "
              f"{seconds / floor:14.2f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    if THREADS:
        main()
    else:
        for threads in sys.argv[1:] or ("1", "2"):
            subprocess.run([sys.executable, __file__], env=os.environ | {"PAIRS_KERNEL_THREADS": threads}, check=True)
