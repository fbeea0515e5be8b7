"""Annealing of one SK instance against dwave-samplers and OpenJij: same couplings, same sweeps and chains, one thread.

    pip install dwave-samplers openjij
    python benchmarks/peers.py [N [chains [sweeps]]]       (N = 1000, 16 chains, 200 sweeps: two minutes)

Every chain is cooled through beta = 0.1 .. 3 in equal steps, one sweep each, by sequential Metropolis.  Printed:
nanoseconds of processor time per attempted update, best of three runs in turn, the lowest and the mean energy per spin
that the chains end at, and the time in units of ours.  Acceptance is printed where it is known (the peers do not
count).  A peer that is not installed is named and left out.
"""

from __future__ import annotations

import numpy as np
from _annealers import ANNEALERS, Instance
from _report import Report, installed, parser
from _threads import process

ROUNDS = 3  # the fastest counts


def main() -> None:
    """Print and store the table."""
    options = parser(__doc__)
    options.add_argument("size", nargs="*", type=int, metavar="N chains sweeps")
    options = options.parse_args()
    default = (30, 4, 10) if options.smoke else (1000, 16, 200)
    n, chains, sweeps = (*options.size, *default[len(options.size) :])[:3]
    betas = np.linspace(0.1, 3, sweeps)
    with Report(__file__, __doc__, options) as report, process(1) as call:
        names = [name for name in ANNEALERS if name == "statmech" or report.has(name)]
        rounds = [{name: call(ANNEALERS[name], Instance(n, 0), chains, betas) for name in names} for _ in range(ROUNDS)]
        table = report.table(
            f"SK N = {n}, {chains} chains, {sweeps} sweeps, beta 0.1 .. 3, one thread",
            {"code": "", "ns per update": ".1f", "accepted": ".3f", "lowest e": ".4f", "mean e": ".4f",
             "time / ours": ".1f"},
        )  # fmt: skip
        fastest = {name: min((found[name] for found in rounds), key=lambda answer: answer.seconds) for name in names}
        for name, (seconds, e, accepted) in fastest.items():
            table(f"{name} {installed(name) or ''}", 1e9 * seconds / (n * chains * sweeps), accepted, e.min(), e.mean(),
                  seconds / fastest["statmech"].seconds)  # fmt: skip


if __name__ == "__main__":
    main()
