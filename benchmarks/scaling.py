"""Time of an attempted update against N, the number of chains and threads, beside the floor of the matrix product.

    python benchmarks/scaling.py            (3 minutes; --redraw: the figure of what is stored)

SK, beta = 0.1 .. 3 spread over the chains, sequential Metropolis, as in pairs_kernel.py: the floor is 2 N x acceptance
operations at the rate of a single-precision matrix product with as many threads.  dwave-samplers and OpenJij, where
they are installed, anneal 16 chains through the same betas.  One thread: its processor time; two: the time on the wall,
which needs a machine without other work.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from _annealers import ANNEALERS, Instance
from _report import Report, folder, load, parser
from _threads import process
from pairs_kernel import measure

SIZES, CHAINS, MANY = (100, 200, 500, 1000, 2000, 4000, 8000), (1, 2, 4, 8, 16, 32, 64, 128, 256), 64
PEER_SIZES, PEER_CHAINS, PEER_SWEEPS, ROUNDS = (100, 200, 500, 1000, 2000), 16, 50, 3
THREADS = (1, 2)
UPDATES = 1 << 21  # of one repetition: some ten milliseconds
COLUMNS = {"code": "", "against": "", "N": "d", "chains": "d", "threads": "d", "ns per update": ".2f",
           "floor ns": ".2f", "time / floor": ".2f"}  # fmt: skip


def run(report: Report, smoke: bool) -> None:
    """Measure everything into one table."""
    sizes, counts, many, repetitions = ((24, 48), (1, 4), 4, 1) if smoke else (SIZES, CHAINS, MANY, 5)
    updates, middle = (1, sizes[0]) if smoke else (UPDATES, 1000)
    table = report.table("SK, beta 0.1 .. 3", COLUMNS)

    def ours(call: Callable[..., Any], against: str, n: int, chains: int, threads: int) -> None:
        s = call(measure, n, chains, max(1, updates // (n * chains)), repetitions)
        floor = s.floor(n)
        table("statmech", against, n, chains, threads, 1e9 * s.seconds, 1e9 * floor, s.seconds / floor)

    with process(1) as call:
        for n in sizes:
            ours(call, "N", n, many, 1)
        for chains in counts:
            ours(call, "chains", middle, chains, 1)
        for package in ("openjij", "dwave-samplers"):
            if report.has(package):
                for n in sizes[:1] if smoke else PEER_SIZES:
                    betas = np.linspace(0.1, 3, 2 if smoke else PEER_SWEEPS)
                    answers = [call(ANNEALERS[package], Instance(n, 0), PEER_CHAINS, betas) for _ in range(ROUNDS)]
                    seconds = min(answer.seconds for answer in answers) / (n * PEER_CHAINS * betas.size)
                    table(package, "N", n, PEER_CHAINS, 1, 1e9 * seconds, np.nan, np.nan)
    for threads in THREADS[: 1 if smoke else None]:
        with process(threads) as call:
            for n in sizes[-1:] if smoke else (1000, 4000):
                ours(call, "threads", n, many, threads)


def figure(rows: list[dict[str, Any]], out: Path) -> Path:
    """Three panels: filled points are measured, dashed lines the floor."""
    import matplotlib.pyplot as plt

    from statmech import plot

    def take(axis: str, code: str = "statmech", **fixed: int) -> dict[str, np.ndarray]:
        chosen = [r for r in rows if r["against"] == axis and r["code"] == code and fixed.items() <= r.items()]
        return {name: np.array([r[name] for r in chosen]) for name in rows[0]}

    with plot.style("page"):
        fig, axes = plt.subplots(1, 3, figsize=(7.2, 3.0), layout="constrained")
        for ax, axis in zip(axes, ("N", "chains", "threads")):
            sizes = sorted({r["N"] for r in rows if r["against"] == "threads"}) if axis == "threads" else [None]
            for k, n in enumerate(sizes):
                found = take(axis) if n is None else take(axis, N=n)
                words = "statmech" if n is None else f"$N = {n}$"
                ax.plot(found[axis], found["ns per update"], "o-", ms=3.5, color=f"C{3 * k}", label=words)
                ax.plot(found[axis], found["floor ns"], "--", color=f"C{3 * k}" if k else "0.4", label="SGEMM floor")
            ax.set(xscale="log", yscale="log", xlabel={"N": "spins $N$"}.get(axis, axis))
        for k, (package, words) in enumerate((("openjij", "OpenJij"), ("dwave-samplers", "dwave-samplers")), 1):
            found = take("N", package)
            if found["N"].size:
                axes[0].plot(found["N"], found["ns per update"], "s-", ms=3, color=f"C{k}", label=words)
        threads = sorted({r["threads"] for r in rows})
        axes[2].set_xticks(threads, [str(t) for t in threads])
        axes[2].minorticks_off()
        fixed = take("chains")
        axes[0].set(ylabel="ns per attempted update", title=f"{take('N')['chains'][0]} chains")
        axes[1].set(title=f"$N = {fixed['N'][0]}$")
        axes[2].set(title=f"{take('threads')['chains'][0]} chains, wall clock")
        for ax in axes:
            ax.legend(fontsize=7)
        return plot.save(fig, out / "scaling", title="Time of an attempted update")[0]


def main() -> None:
    """Measure, print, store, draw."""
    options = parser(__doc__)
    options.add_argument("--redraw", action="store_true", help="the figure of what is stored")
    options = options.parse_args()
    if not options.redraw:
        with Report(__file__, __doc__, options) as report:
            run(report, options.smoke)
    stored = load(folder(options))
    if "scaling" not in stored:
        raise SystemExit(f"{folder(options)} holds no measurement of scaling: run without --redraw first")
    print(figure(stored["scaling"]["tables"][0]["rows"], folder(options)))


if __name__ == "__main__":
    main()
