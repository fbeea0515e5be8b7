"""Moves by gradients on the sphere against the matrix products that their gradients need, in one run on one thread.

A gradient of the spherical p = 3 model is one product, N x N(N-1)/2 with N(N-1)/2 x C for C chains of a sample; one of
the perceptron is two, C x N with N x P (the fields) and C x P with P x N.  The least that a sweep needs: two gradients
a step for BrownianDynamics, a new one for every leapfrog step of Langevin and HamiltonianMonteCarlo.  Printed: the time
of a sweep as a multiple of these products, measured alternately, and of their operations at the rate of a large product
of the same precision (float64).

    python benchmarks/gradient_dynamics.py        (a minute)
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from _report import Report, parser
from _threads import clock, process

from statmech import BrownianDynamics, HamiltonianMonteCarlo, Langevin, Perceptron, PSpin
from statmech.kernels import walkers

TEMPERATURES, REPLICAS = 8, 4
CHAINS = TEMPERATURES * REPLICAS
T = np.linspace(0.8, 1.5, TEMPERATURES)[None, :, None]
SAMPLERS = {  # sampler -> gradients that a sweep needs
    BrownianDynamics(dt=0.05, steps=4): 10,  # two at a step, and two for the half steps at both ends
    Langevin(tuning=1): 1,
    HamiltonianMonteCarlo(steps=8, tuning=1): 8,
}
DONE = 1 << 20  # sweeps before these: the steps are tuned


def models(smoke: bool) -> dict[str, PSpin | Perceptron]:
    """What is moved."""
    if smoke:
        return {"p = 3": PSpin(n=12, p=3, spins="spherical")}
    return {
        "p = 3, N = 128": PSpin(n=128, p=3, spins="spherical"),
        "p = 3, N = 256": PSpin(n=256, p=3, spins="spherical"),
        "perceptron, N = 256, P = 1024": Perceptron(n=256, alpha=4.0, weights="spherical", potential="logistic"),
    }


def seconds(work: Callable[[], object]) -> float:
    """Processor time of a call."""
    begin = clock()
    work()
    return clock() - begin


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


def measure(name: str, smoke: bool, least: float) -> list[tuple[str, int, float, float, int]]:
    """Of every sampler: its name, gradients, seconds of a sweep and of its products, and their operations."""
    model, out = models(smoke)[name], []
    keys, lanes = (np.arange(k, dtype=np.uint64) for k in (TEMPERATURES, REPLICAS))
    keys, lanes = keys[None, :, None], lanes[None, None, :]
    disorder = model.disorder(model.disorder_keys((0,), 0))
    start, problem = model.start("random", disorder, keys, lanes), model.problem(disorder)
    reference, operations = products(model.n, problem.xi.shape[1] if problem.family == "sphere" else 0)
    for sampler, gradients in SAMPLERS.items():
        w = walkers(problem, start, "cpu")
        state = sampler.begin(w.shape, T)

        def sweep(sampler=sampler, w=w, state=state):
            sampler.run(w, state, T, keys, lanes, DONE, 1)

        sweep(), reference()
        moves, floors, begin = [], [], clock()
        while not moves or clock() - begin < least:
            moves.append(seconds(sweep))
            floors += [seconds(reference) for _ in range(gradients)]
        out.append((type(sampler).__name__, gradients, np.median(moves), np.median(floors) * gradients, operations))
    return out


def main() -> None:
    """Print and store the table."""
    options = parser(__doc__).parse_args()
    least = 1e-3 if options.smoke else 2.0
    with Report(__file__, __doc__, options) as report, process(1) as call:
        rate = call(gemm_rate)
        table = report.table(
            f"{CHAINS} chains of one sample, one thread, DGEMM {rate / 1e9:.0f} Gflop/s",
            {"model": "", "sampler": "", "gradients": "d", "ms per sweep": ".2f", "time / products": ".2f",
             "time / large products": ".2f"},
        )  # fmt: skip
        for name in models(options.smoke):
            for sampler, gradients, move, floor, operations in call(measure, name, options.smoke, least):
                table(name, sampler, gradients, move * 1e3, move / floor, move * rate / (operations * gradients))


if __name__ == "__main__":
    main()
