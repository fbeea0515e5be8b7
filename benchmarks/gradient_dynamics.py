"""Moves by gradients on the sphere against the matrix products that their gradients need, in one run on one thread.

A gradient of the spherical p = 3 model is one product, N x N(N-1)/2 with N(N-1)/2 x C for C chains of a sample; one of
the perceptron is two, C x N with N x P (the fields) and C x P with P x N.  The least that a sweep needs: two gradients
a step for BrownianDynamics, a new one for every leapfrog step of Langevin and HamiltonianMonteCarlo.  Printed: the time
of a sweep as a multiple of these products, measured alternately, and of their operations at the rate of a large product
of the same precision (float64).

    python benchmarks/gradient_dynamics.py        (a minute)
"""

import os

for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import time  # noqa: E402
from collections.abc import Callable  # noqa: E402

import numpy as np  # noqa: E402

from statmech import Perceptron, PSpin  # noqa: E402
from statmech.kernels import walkers  # noqa: E402
from statmech.samplers.hamiltonian import HamiltonianMonteCarlo, Langevin  # noqa: E402
from statmech.samplers.overdamped import BrownianDynamics  # noqa: E402

TEMPERATURES, REPLICAS = 8, 4
CHAINS = TEMPERATURES * REPLICAS
T = np.linspace(0.8, 1.5, TEMPERATURES)[None, :, None]
MODELS = {
    "p = 3, N = 128": PSpin(n=128, p=3, spins="spherical"),
    "p = 3, N = 256": PSpin(n=256, p=3, spins="spherical"),
    "perceptron, N = 256, P = 1024": Perceptron(n=256, alpha=4.0, weights="spherical", potential="logistic"),
}
SAMPLERS = {  # sampler -> gradients that a sweep needs
    BrownianDynamics(dt=0.05, steps=4): 10,  # two at a step, and two for the half steps at both ends
    Langevin(tuning=1): 1,
    HamiltonianMonteCarlo(steps=8, tuning=1): 8,
}
SECONDS = 2.0
DONE = 1 << 20  # sweeps before these: the steps are tuned


def seconds(work: Callable[[], object]) -> float:
    """Processor time of a call."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def gemm_rate(n: int = 1024) -> float:
    """Operations per second of a matrix product in double precision."""
    a, b = np.random.default_rng(0).random((2, n, n))
    return 2 * n**3 / min(seconds(lambda: a @ b) for _ in range(10))


def products(n: int, patterns: int) -> tuple[Callable[[], object], int]:
    """The products of one gradient, of the p = 3 model if there are no patterns; and their operations."""
    rng = np.random.default_rng(1)
    if patterns:
        w, x, slope = rng.random((CHAINS, n)), rng.random((n, patterns)), rng.random((CHAINS, patterns))
        return lambda: (w @ x, slope @ x.T), 4 * n * patterns * CHAINS
    pairs = n * (n - 1) // 2
    A, z = rng.random((n, pairs)), rng.random((pairs, CHAINS))
    return lambda: A @ z, 2 * n * pairs * CHAINS


def main() -> None:
    """Print the table."""
    rate = gemm_rate()
    print(f"DGEMM: {rate / 1e9:.0f} Gflop/s; {CHAINS} chains of one sample")
    keys, lanes = (np.arange(k, dtype=np.uint64) for k in (TEMPERATURES, REPLICAS))
    keys, lanes = keys[None, :, None], lanes[None, None, :]
    for name, model in MODELS.items():
        disorder = model.disorder(model.disorder_keys((0,), 0))
        start = model.start("random", disorder, keys, lanes)
        problem = model.problem(disorder)
        reference, operations = products(model.n, problem.xi.shape[1] if problem.family == "sphere" else 0)
        for sampler, gradients in SAMPLERS.items():
            w = walkers(problem, start, "cpu")
            state = sampler.begin(w.shape, T)

            def sweep(sampler=sampler, w=w, state=state, at=DONE):
                sampler.run(w, state, T, keys, lanes, at, 1)

            moves, floors, begin = [], [], time.process_time()
            seconds(sweep), seconds(reference)
            while time.process_time() - begin < SECONDS:
                moves.append(seconds(sweep))
                floors.extend(seconds(reference) for _ in range(gradients))
            move, floor = np.median(moves), np.median(floors) * gradients
            print(f"{name}, {type(sampler).__name__}: {move * 1e3:.2f} ms per sweep, {move / floor:.2f} times the "
                  f"{gradients} gradients' products, {move * rate / (operations * gradients):.2f} times their work "
                  "at the DGEMM rate")  # fmt: skip


if __name__ == "__main__":
    main()
