"""Time of an attempted update against N, the number of chains and threads, beside the floor of the matrix product.

    python benchmarks/scaling.py            (5 minutes; --redraw: the figure of what is stored)

SK, sequential Metropolis, chains at beta = 0.1 .. 3; against the number of chains at beta = 1, whose acceptance does
not depend on it.  The floor is that of pairs_kernel.py: 2 N x acceptance operations at the rate of a single-precision
matrix product with as many threads, the best rate of the run.  dwave-samplers and OpenJij, where they are installed,
anneal 16 chains, one after the other, through the same betas.  The least of three rounds, in which all take turns.  One
thread: its processor time.  Two: time on the wall of many short pieces, of which other work on the machine leaves some
alone; a note says so if it did not, which shows in the matrix product.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from _annealers import ANNEALERS, Instance
from _report import Report, folder, load, parser
from _threads import process
from pairs_kernel import Speed, measure


class Plan(NamedTuple):
    """What is measured.  A piece is what one call does: number of updates, and how many pieces."""

    sizes: tuple[int, ...] = (100, 200, 500, 1000, 2000, 4000, 8000)
    many: int = 64  # chains
    peer_sizes: tuple[int, ...] = (100, 200, 500, 1000, 2000)
    peer_sweeps: int = 50
    counts: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64, 128, 256)  # of chains, at N = middle
    middle: int = 1000
    threads: tuple[int, ...] = (1, 2)
    thread_sizes: tuple[int, ...] = (1000, 4000)
    long: tuple[int, int] = (1 << 21, 4)  # some ten milliseconds
    short: tuple[int, int] = (1 << 17, 100)  # about one
    rounds: int = 3


TOY = Plan((24, 48), 4, (24,), 2, (1, 4), 24, (1,), (48,), (1, 1), (1, 1), 1)
PEERS, PEER_CHAINS = {"openjij": "OpenJij", "dwave-samplers": "dwave-samplers"}, 16
Point = tuple[str, str, int, int, int]  # the first columns of the table
COLUMNS = {"code": "", "against": "", "N": "d", "chains": "d", "threads": "d", "ns per update": ".2f",
           "accepted": ".3f", "floor ns": ".2f", "time / floor": ".2f"}  # fmt: skip


def run(report: Report, plan: Plan) -> None:
    """Measure everything into one table."""
    packages = [package for package in PEERS if report.has(package)]
    speeds: dict[Point, list[Speed]] = defaultdict(list)

    def ours(call: Callable[..., Any], against: str, n: int, betas: np.ndarray, threads: int = 1) -> None:
        updates, pieces = plan.short if against == "threads" else plan.long
        speed = call(measure, n, betas, max(1, updates // (n * betas.size)), pieces)
        speeds["statmech", against, n, betas.size, threads].append(speed)

    betas, slow = np.linspace(0.1, 3, plan.many), np.linspace(0.1, 3, plan.peer_sweeps)
    for _ in range(plan.rounds):
        with process(1) as call:
            for n in plan.sizes:
                ours(call, "N", n, betas)
            for chains in plan.counts:
                ours(call, "chains", plan.middle, np.ones(chains))
            for package in packages:
                for n in plan.peer_sizes:
                    seconds = call(ANNEALERS[package], Instance(n, 0), PEER_CHAINS, slow).seconds
                    speed = Speed(seconds / (n * PEER_CHAINS * slow.size), np.nan, np.nan)
                    speeds[package, "N", n, PEER_CHAINS, 1].append(speed)
        for threads in plan.threads:
            with process(threads) as call:
                for n in plan.thread_sizes:
                    ours(call, "threads", n, betas, threads)
    table = report.table("SK, one sample", COLUMNS)
    rates = {p[-1]: max(s.rate for q, found in speeds.items() for s in found if q[-1] == p[-1] and q[0] == "statmech")
             for p in speeds}  # fmt: skip
    for point, found in speeds.items():
        fastest = min(found)._replace(rate=rates[point[-1]])
        floor = fastest.floor(point[2])
        table(*point, 1e9 * fastest.seconds, fastest.accepted, 1e9 * floor, fastest.seconds / floor)
    for threads, rate in rates.items():
        if rate < 0.75 * threads * rates[1]:
            report.note(f"{threads} threads: the matrix product gains no more than {rate / rates[1]:.2f}, so other "
                        "work was running: judge by time / floor")  # fmt: skip


def figure(rows: list[dict[str, Any]], out: Path) -> Path:
    """Three panels: points are measured, dashed lines the floor."""
    import matplotlib.pyplot as plt

    from statmech import plot

    def take(axis: str, code: str = "statmech", **fixed: int) -> dict[str, np.ndarray]:
        chosen = [r for r in rows if r["against"] == axis and r["code"] == code and fixed.items() <= r.items()]
        return {name: np.array([r[name] for r in chosen]) for name in rows[0]}

    with plot.style("page"):
        fig, axes = plt.subplots(1, 3, figsize=(7.2, 3.0), layout="constrained")
        size, count, threads = axes
        for ax, axis in ((size, "N"), (count, "chains")):
            found = take(axis)
            ax.plot(found[axis], found["ns per update"], "o-", ms=3.5, color="C0", label="statmech")
            ax.plot(found[axis], found["floor ns"], "--", color="0.4", label="SGEMM floor")
            ax.set(xscale="log", yscale="log")
        for k, (package, words) in enumerate(PEERS.items(), 1):
            found = take("N", package)
            if found["N"].size:
                size.plot(found["N"], found["ns per update"], "s-", ms=3, color=f"C{k}", label=words)
        for k, n in enumerate(np.unique(take("threads")["N"])):
            found = take("threads", N=int(n))
            threads.plot(found["threads"], found["ns per update"], "o-", ms=3.5, color=f"C{3 * k}", label=f"$N = {n}$")
            threads.plot(found["threads"], found["floor ns"], "--", color=f"C{3 * k}", label="its floor")
        threads.set_xticks(np.unique(take("threads")["threads"]))
        threads.minorticks_off()
        threads.set_ylim(0, 1.35 * take("threads")["ns per update"].max())
        count.set_yticks([5, 10, 20, 40], ["5", "10", "20", "40"])
        count.yaxis.set_minor_formatter("")
        size.set(xlabel="spins $N$", ylabel="ns per attempted update", title=f"{take('N')['chains'][0]} chains")
        count.set(xlabel="chains", title=rf"$N = {take('chains')['N'][0]}$, $\beta = 1$")
        threads.set(xlabel="threads", title=f"{take('threads')['chains'][0]} chains, on the wall")
        for ax in axes:
            ax.legend(fontsize=7, ncols=1 + (ax is threads), columnspacing=1)
        return plot.save(fig, out / "scaling", title="Time of an attempted update")[0]


def main() -> None:
    """Measure, print, store, draw."""
    options = parser(__doc__)
    options.add_argument("--redraw", action="store_true", help="the figure of what is stored")
    options = options.parse_args()
    if not options.redraw:
        with Report(__file__, __doc__, options) as report:
            run(report, TOY if options.smoke else Plan())
    stored = load(folder(options))
    if "scaling" not in stored:
        raise SystemExit(f"{folder(options)} holds no measurement of scaling: run without --redraw first")
    print(figure(stored["scaling"]["tables"][0]["rows"], folder(options)))


if __name__ == "__main__":
    main()
