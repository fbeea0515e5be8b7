"""The kernel of `fields` against plain Numba loops with int16 fields, alternately in one run on one thread.

    python benchmarks/perceptron_loop.py          (a minute)

Printed: nanoseconds per pattern and proposal of both, best of many rounds in processor time, and their ratio: for the
0/1 error of the Ising student, and for the Hopfield model in pattern form.
"""

from __future__ import annotations

import numba
import numpy as np
from _report import Report, parser
from _threads import clock, process

from statmech import Hopfield, Model, Perceptron
from statmech.kernels import walkers

ALPHA, T, CHAINS, ROUNDS = 4.0, 2.0, 16, 12
CASES, TOY = ((255, 10), (1001, 1)), ((15, 1),)  # N, sweeps at a time


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


def measure(model: Model, sweeps: int) -> tuple[float, float, float]:
    """Nanoseconds per pattern and proposal: ours, plain; accepted share of ours."""
    n, loop = model.n, hopfield_loop if isinstance(model, Hopfield) else errors_loop
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
        begin = clock()
        flips = w.sweep(temperature, keys, lanes, turn * sweeps, sweeps, "metropolis", "sequential")
        middle = clock()
        loop(xi, mine, M, E, T / problem.scale, sweeps)
        end = clock()
        if turn > 1:
            best = [min(best[0], middle - begin), min(best[1], end - middle)]
            accepted += int(flips.sum())
    proposals = sweeps * CHAINS * n
    unit = 1e-9 * proposals * xi.shape[1]
    return best[0] / unit, best[1] / unit, accepted / (ROUNDS * proposals)


def main() -> None:
    """Print and store the table."""
    options = parser(__doc__).parse_args()
    with Report(__file__, __doc__, options) as report, process(1) as call:
        table = report.table(
            f"ns per pattern and proposal, alpha = {ALPHA:g}, T = {T:g}, {CHAINS} chains, one thread",
            {"model": "", "N": "d", "accepted": ".3f", "statmech": ".4f", "plain loop": ".4f", "ratio": ".1f"},
        )
        for title in ("Ising student, 0/1 error", "Hopfield, pattern form"):
            for n, sweeps in TOY if options.smoke else CASES:
                student = Perceptron(n=n, alpha=ALPHA, r=0.2)
                model = student if title.startswith("Ising") else Hopfield(n=n, alpha=ALPHA, form="pattern")
                ours, plain, accepted = call(measure, model, sweeps)
                table(title, n, accepted, ours, plain, plain / ours)


if __name__ == "__main__":
    main()
