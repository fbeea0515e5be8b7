"""The dense p = 3 kernel against the machine's own matrix product, in one run on one thread.

    python benchmarks/tensor_kernel.py            (half a minute)

An accepted flip needs 2 N^2 operations (one row of the tensor against all spins).  Printed: nanoseconds per accepted
flip and their ratio to the time of 2 N^2 operations at the measured SGEMM rate.  In sequential order the
chains of a sample visit a spin together and the row is read once; in random order every chain reads its own.
"""

from __future__ import annotations

import numpy as np
from _report import Report, parser
from _threads import clock, process

from statmech import PSpin
from statmech.kernels import walkers

CHAINS, SECONDS = 96, 1.0
T = np.linspace(0.5, 1.2, 24)[None, :, None]


def gemm_rate(n: int = 1024) -> float:
    """Operations per second of a single-precision matrix product."""
    a, b = np.random.default_rng(0).random((2, n, n), np.float32)
    a @ b
    best = min(_timed(lambda: a @ b) for _ in range(10))
    return 2 * n**3 / best


def _timed(work) -> float:
    begin = clock()
    work()
    return clock() - begin


def flip_time(n: int, order: str, least: float) -> tuple[float, float]:
    """(seconds per accepted flip, accepted share) of one sample with 96 chains."""
    model = PSpin(n=n, p=3)
    disorder = model.disorder(model.disorder_keys((0,), 0))
    keys, lanes = np.arange(24, dtype=np.uint64)[None, :, None], np.arange(4, dtype=np.uint64)[None, None, :]
    w = walkers(model.problem(disorder), model.start("random", disorder, keys, lanes), "cpu")
    w.sweep(T, keys, lanes, 0, 20, "metropolis", order)  # compiles, and leaves the random start
    sweep, spent, flips = 20, 0.0, 0
    while spent < least:
        begin = clock()
        flips += int(w.sweep(T, keys, lanes, sweep, 20, "metropolis", order).sum())
        spent, sweep = spent + clock() - begin, sweep + 20
    return spent / flips, flips / ((sweep - 20) * n * CHAINS)


def main() -> None:
    """Print and store the table."""
    options = parser(__doc__).parse_args()
    sizes, least = ((12,), 1e-3) if options.smoke else ((64, 128, 256), SECONDS)
    with Report(__file__, __doc__, options) as report, process(1) as call:
        rate = call(gemm_rate)
        table = report.table(
            f"p = 3, {CHAINS} chains, one thread, SGEMM {rate / 1e9:.0f} Gflop/s",
            {"order": "", "N": "d", "ns per flip": ".0f", "accepted": ".2f", "time / floor": ".2f"},
        )
        for n in sizes:
            for order in ("sequential", "random"):
                seconds, share = call(flip_time, n, order, least)
                table(order, n, seconds * 1e9, share, seconds * rate / (2 * n * n))


if __name__ == "__main__":
    main()
