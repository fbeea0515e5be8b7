"""The `pairs` kernel against the machine's own matrix product, on one SK instance, beta 0.1 .. 3.

An accepted flip changes N fields, 2 N operations, so the floor of an attempted update is 2 N x acceptance at the rate
of a single-precision matrix product (SGEMM) measured between the repetitions of the same run.  Printed: nanoseconds
per attempted update, best of many short repetitions in processor time of the threads; acceptance; the floor; and
time / floor.

    python benchmarks/pairs_kernel.py             one thread and two (a minute or two)
    python benchmarks/pairs_kernel.py 1           one thread
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from _report import Report, parser
from _threads import clock, process

from statmech import SK
from statmech.kernels import walkers

CASES = ((1000, 16, 10, 20), (4000, 64, 1, 6), (10_000, 64, 1, 2))  # N, chains, sweeps at a time, repetitions
TOY = ((100, 16, 1, 1),)


class Speed(NamedTuple):
    """Seconds per attempted update, accepted share, operations per second of SGEMM."""

    seconds: float
    accepted: float
    rate: float

    def floor(self, n: int) -> float:
        """Seconds of 2 N x acceptance operations."""
        return 2 * n * self.accepted / self.rate


def best(work, times: int) -> float:
    """Least time of some calls."""
    spent = []
    for _ in range(times):
        begin = clock()
        work()
        spent.append(clock() - begin)
    return min(spent)


def measure(n: int, betas: np.ndarray, sweeps: int, repetitions: int) -> Speed:
    """Sequential Metropolis of one sample with a chain at every beta, with as many threads as there are."""
    chains = len(betas)
    a, b = np.random.default_rng(0).random((2, 1024, 1024), np.float32)
    model = SK(n=n)
    disorder = model.disorder(model.disorder_keys((0,), 0))
    keys, lanes = np.full((1, chains, 1), 7, np.uint64), np.arange(chains, dtype=np.uint64)[None, :, None]
    T = 1 / betas[None, :, None]
    w = walkers(model.problem(disorder), model.start("random", disorder, keys, lanes), "cpu")
    done, accepted, seconds, product = 20, 0, np.inf, np.inf
    w.sweep(T, keys, lanes, 0, done, "metropolis", "sequential")  # compiles, and leaves the random start
    for _ in range(repetitions):
        product = min(product, best(lambda: a @ b, 4))
        for _ in range(4):
            begin = clock()
            accepted += int(w.sweep(T, keys, lanes, done, sweeps, "metropolis", "sequential").sum())
            seconds = min(seconds, clock() - begin)
            done += sweeps
    updates = n * chains
    return Speed(seconds / (sweeps * updates), accepted / ((done - 20) * updates), 2 * 1024**3 / product)


def main() -> None:
    """Print and store the tables."""
    options = parser(__doc__)
    options.add_argument("threads", nargs="*", type=int, default=(1, 2))
    options = options.parse_args()
    columns = {"N": "d", "chains": "d", "ns per update": ".2f", "accepted": ".3f", "SGEMM Gflop/s": ".0f",
               "floor ns": ".2f", "time / floor": ".2f"}  # fmt: skip
    with Report(__file__, __doc__, options) as report:
        for threads in options.threads:
            table = report.table(f"pairs, SK, {threads} thread(s)", columns)
            with process(threads) as call:
                for n, chains, *times in TOY if options.smoke else CASES:
                    s = call(measure, n, np.linspace(0.1, 3, chains), *times)
                    floor = s.floor(n)
                    table(n, chains, s.seconds * 1e9, s.accepted, s.rate / 1e9, floor * 1e9, s.seconds / floor)


if __name__ == "__main__":
    main()
