"""The dense p = 3 kernel against the machine's own matrix product, in one run on one thread.

An accepted flip needs 2 N^2 operations (one row of the tensor against all spins).  Printed: nanoseconds per accepted
flip and their ratio to the time of 2 N^2 operations at the measured SGEMM rate.  In sequential order the
chains of a sample visit a spin together and the row is read once; in random order every chain reads its own.

    python benchmarks/tensor_kernel.py            (half a minute)
"""

import os

for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import time  # noqa: E402

import numpy as np  # noqa: E402

from statmech import PSpin  # noqa: E402
from statmech.kernels import walkers  # noqa: E402

CHAINS, SECONDS = 96, 1.0
T = np.linspace(0.5, 1.2, 24)[None, :, None]


def gemm_rate(n: int = 1024) -> float:
    """Operations per second of a single-precision matrix product."""
    a, b = np.random.default_rng(0).random((2, n, n), np.float32)
    a @ b
    best = min(_timed(lambda: a @ b) for _ in range(10))
    return 2 * n**3 / best


def _timed(work) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin


def flip_time(n: int, order: str) -> tuple[float, float]:
    """(seconds per accepted flip, accepted share) of one sample with 96 chains."""
    model = PSpin(n=n, p=3)
    disorder = model.disorder(model.disorder_keys((0,), 0))
    keys, lanes = np.arange(24, dtype=np.uint64)[None, :, None], np.arange(4, dtype=np.uint64)[None, None, :]
    w = walkers(model.problem(disorder), model.start("random", disorder, keys, lanes), "cpu")
    w.sweep(T, keys, lanes, 0, 20, "metropolis", order)  # compiles, and leaves the random start
    sweep, spent, flips = 20, 0.0, 0
    while spent < SECONDS:
        begin = time.process_time()
        flips += int(w.sweep(T, keys, lanes, sweep, 20, "metropolis", order).sum())
        spent, sweep = spent + time.process_time() - begin, sweep + 20
    return spent / flips, flips / ((sweep - 20) * n * CHAINS)


def main() -> None:
    """Print the table."""
    rate = gemm_rate()
    print(f"SGEMM: {rate / 1e9:.0f} Gflop/s")
    for n in (64, 128, 256):
        for order in ("sequential", "random"):
            seconds, share = flip_time(n, order)
            print(f"N = {n:3d}, {order:10s}: {seconds * 1e9:6.0f} ns per accepted flip, {share:.2f} accepted, "
                  f"{seconds * rate / (2 * n * n):5.2f} times 2 N^2 flops at the SGEMM rate")  # fmt: skip


if __name__ == "__main__":
    main()
