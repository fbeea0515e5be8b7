"""Pair form against pattern form of the Hopfield model: the same trajectory, which one is faster?

    python benchmarks/hopfield_forms.py

Printed, for several loads and temperatures: the time per proposed flip of both forms on one thread, and their ratio.
`models/hopfield.py` takes its rule from this table.
"""

from __future__ import annotations

import itertools

import numpy as np
from _report import Report, parser
from _threads import clock, process

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
        begin = clock()
        w.sweep(np.array(T), np.uint64(1), lanes, turn * sweeps, sweeps, "metropolis", "sequential")
        if turn:
            best = min(best, clock() - begin)
    return best / (sweeps * n * CHAINS) * 1e9


def main() -> None:
    """Print and store the table."""
    options = parser(__doc__).parse_args()
    grid = ((40,), (0.1,), (0.8,)) if options.smoke else (
        (500, 1000, 2000, 4000), (0.01, 0.02, 0.05, 0.1, 0.2), (0.3, 0.8, 1.3)
    )  # fmt: skip
    with Report(__file__, __doc__, options) as report, process(1) as call:
        table = report.table(
            f"Hopfield, {CHAINS} chains, one thread",
            {"N": "d", "alpha": ".2f", "T": ".1f", "pair ns": ".1f", "pattern ns": ".1f", "pair / pattern": ".2f"},
        )
        for n, alpha, T in itertools.product(*grid):
            pair, pattern = (call(nanoseconds, n, alpha, T, form) for form in ("pair", "pattern"))
            table(n, alpha, T, pair, pattern, pair / pattern)


if __name__ == "__main__":
    main()
