"""Pair form against pattern form of the Hopfield model: the same trajectory, which one is faster?

Prints, for several loads and temperatures, the time per proposed flip of both forms on one thread, and their
ratio.  `models/hopfield.py` takes its rule from this table.  Run: make bench
"""

from __future__ import annotations

import os
import time

os.environ.setdefault("NUMBA_NUM_THREADS", "1")

import numpy as np

from statmech import Hopfield
from statmech.kernels import walkers

CHAINS = 8


def nanoseconds(n: int, alpha: float, T: float, form: str) -> float:
    """Time per proposal after equilibration from a pattern, best of five."""
    model = Hopfield(n=n, alpha=alpha, form=form)
    disorder = model.disorder(model.disorder_keys((0,), 0))
    lanes = np.arange(CHAINS)[None, None, :]
    w = walkers(model.problem(disorder), model.start("pattern", disorder, np.zeros((1, 1, 1)), lanes), "cpu")
    sweeps = max(4, 20000 // n)
    best = np.inf
    for turn in range(6):  # the first compiles and equilibrates
        begin = time.perf_counter()
        w.sweep(np.array(T), np.uint64(1), lanes, turn * sweeps, sweeps, "metropolis", "sequential")
        if turn:
            best = min(best, time.perf_counter() - begin)
    return best / (sweeps * n * CHAINS) * 1e9


def main() -> None:
    print(f"{'N':>6} {'alpha':>6} {'T':>4} {'pair ns':>8} {'pattern ns':>10} {'pair/pattern':>12}")
    for n in (500, 1000, 2000, 4000):
        for alpha in (0.01, 0.02, 0.05, 0.1, 0.2):
            for T in (0.3, 0.8, 1.3):
                pair, pattern = (nanoseconds(n, alpha, T, form) for form in ("pair", "pattern"))
                print(f"{n:>6} {alpha:>6} {T:>4} {pair:8.1f} {pattern:10.1f} {pair / pattern:12.2f}")


if __name__ == "__main__":
    main()
