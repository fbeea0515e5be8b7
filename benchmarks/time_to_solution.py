"""Time to the best known energy of 20 SK instances, N = 200: our annealing and tempering, dwave-samplers, OpenJij.

    pip install dwave-samplers openjij
    python benchmarks/time_to_solution.py            (15 minutes; --redraw: tables and figure of what is stored)

If a run of s sweeps ends at the best known energy with probability p, TTS = t ln(0.01)/ln(1 - p), and t at least, is
what it takes to see it with probability 0.99; t is counted in sweeps of one chain (N attempted updates) and in seconds
of one thread.  Annealing goes through T = 1 .. 0.05 in equal steps, the same for all programs, and counts the states
at the end of its chains.  Tempering has 16 rungs, T = 0.1 .. 1.4, a sweep of the ladder counts 16, and success is to
have passed the energy at the end of any sweep; one set of long runs gives p for every s.

The best known energies are the lowest of two sets of long tempering runs with different random numbers; whether the
sets agree is printed.  Points: median over instances.  Error bars: 16 % .. 84 % of 1000 bootstraps over instances, with
p of each drawn from its posterior.  Stored: counts and seconds of every instance in time_to_solution.h5.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from _annealers import ANNEALERS, Instance
from _report import Report, parser
from _threads import clock, process

import statmech
from statmech import SK, Tempering
from statmech.core import Variable
from statmech.io.labelled import write_labelled
from statmech.kernels import walkers

N, INSTANCES, SWEEPS = 200, 20, (16, 32, 64, 128, 256, 512, 1024, 2048)
BUDGET, MOST = 1 << 17, 2048  # sweeps of all runs of an instance together, and runs at most
LADDER, LADDERS = np.geomspace(0.1, 1.4, 16), 128
LONG = 4096, 4  # sweeps and ladders of the runs for the best known energy
SAME = 1e-7  # energies per spin that are equal: the least step is 1.4e-6
TEMPERING = "statmech, tempering"
NAMES = {"statmech": "statmech, annealing", "openjij": "OpenJij, annealing", "dwave-samplers": "dwave, annealing"}


def tempering(instance: Instance, key: int, ladders: int, sweeps: int) -> tuple[float, np.ndarray]:
    """Seconds of all ladders, and the lowest energy per spin that each has passed by every sweep (sweeps, ladders)."""
    model, disorder, R = SK(n=instance.n), instance.disorder(), len(LADDER)
    keys = np.full((1, 1, 1), key, np.uint64)
    lanes = np.arange(R * ladders, dtype=np.uint64).reshape(1, R, ladders)
    s = model.start("random", disorder, np.broadcast_to(keys, lanes.shape), lanes)
    w, sampler = walkers(model.problem(disorder), s, "cpu"), Tempering()
    state = sampler.begin(lanes.shape, LADDER)
    lowest = np.empty((sweeps, ladders))
    begin = clock()
    for t in range(sweeps):
        sampler.run(w, state, LADDER, keys, lanes, t, 1)
        lowest[t] = w.energy[0].min(0)
    seconds = clock() - begin
    return seconds, np.minimum.accumulate(lowest) / instance.n


def measure(report: Report, smoke: bool) -> Path:
    """Run everything, in turn for every instance; returns the file with the counts."""
    n, instances, grid, budget = (24, 2, (4, 8), 64) if smoke else (N, INSTANCES, SWEEPS, BUDGET)
    ladders, (long_sweeps, long_ladders) = (4, (16, 2)) if smoke else (LADDERS, LONG)
    packages = [name for name in ANNEALERS if name == "statmech" or report.has(name)]
    solvers = [TEMPERING, *(NAMES[package] for package in packages)]
    shape = len(solvers), len(grid), instances
    runs, best = np.array([min(budget // s, MOST) for s in grid]), np.empty((instances, 2))
    found: list[list[list[np.ndarray]]] = [[[] for _ in grid] for _ in solvers]
    seconds = np.empty(shape)
    with process(1) as call:
        call(tempering, Instance(n, 0), 1, 2, 2)  # compiles
        for i in range(instances):
            instance = Instance(n, i)
            best[i] = [call(tempering, instance, key, long_ladders, long_sweeps)[1].min() for key in (1, 2)]
            spent, lowest = call(tempering, instance, 3, ladders, max(grid))
            for j, s in enumerate(grid):
                found[0][j].append(lowest[s - 1])
                seconds[0, j, i] = spent * s / (max(grid) * ladders)
                for k, package in enumerate(packages, 1):
                    answer = call(ANNEALERS[package], instance, int(runs[j]), 1 / np.linspace(1, 0.05, s))
                    found[k][j].append(answer.e)
                    seconds[k, j, i] = answer.seconds / runs[j]
            print(f"  instance {i + 1} of {instances}: {best[i, 0]:.6f}, {best[i, 1]:.6f}", flush=True)
    lowest = np.array([min(best[i].min(), *(f[i].min() for grid in found for f in grid)) for i in range(instances)])
    hits = [[[np.count_nonzero(e <= lowest[i] + SAME) for i, e in enumerate(f)] for f in grid] for grid in found]
    labelled = {
        "solver": Variable(("solver",), np.array(solvers)),
        "sweeps": Variable(("sweeps",), np.array(grid)),
        "hits": Variable(("solver", "sweeps", "instance"), np.array(hits)),
        "runs": Variable(("solver", "sweeps"), np.array([np.full(len(grid), ladders)] + [runs] * len(packages))),
        "seconds": Variable(("solver", "sweeps", "instance"), seconds, {"long_name": "of one run", "units": "s"}),
        "chains": Variable(("solver",), np.array([len(LADDER)] + [1] * len(packages))),
        "e_best": Variable(("instance",), lowest),
        "e_tempering": Variable(("instance", "seed"), best),
    }
    attrs = {"title": f"SK, N = {n}", "n": n, "provenance": report.made()}
    return write_labelled(report.out / "time_to_solution.h5", labelled, attrs)


def to_solution(cost: np.ndarray, p: np.ndarray) -> np.ndarray:
    """TTS at 99 %: cost of a run times the number of runs, one at least; infinite at p = 0."""
    with np.errstate(divide="ignore"):
        return cost * np.maximum(np.log(0.01) / np.log1p(-np.minimum(p, 1 - 1e-12)), 1)


def summary(r: Any, unit: str) -> dict[str, dict[str, np.ndarray]]:
    """Of every solver: median TTS (sweeps,) with its interval (2, sweeps), the same of the best number of sweeps, and
    the share of hits.  The seconds of a run are the least of all instances: other work on the machine only adds."""
    rng, out = np.random.default_rng(0), {}
    for k, name in enumerate(r["solver"]):
        cost = r["seconds"][k].min(1) if unit == "seconds" else r["sweeps"] * r["chains"][k]
        hits, runs = r["hits"][k], r["runs"][k][:, None]
        every = to_solution(cost[:, None], hits / runs)
        drawn = rng.integers(0, hits.shape[1], (1000, hits.shape[1]))
        p = rng.beta(hits[:, drawn] + 0.5, (runs - hits)[:, drawn] + 0.5)
        medians = np.median(to_solution(cost[:, None, None], p), axis=-1)  # (sweeps, bootstraps)
        at = int(np.argmin(np.median(every, 1)))
        out[str(name)] = {
            "tts": np.median(every, 1), "interval": np.quantile(medians, (0.16, 0.84), axis=1),
            "best": np.quantile(medians.min(0), (0.16, 0.84)), "at": at, "every": every[at], "p": hits / runs,
        }  # fmt: skip
    return out


def tables(r: Any, report: Report) -> None:
    """The best number of sweeps of every solver, and what it takes."""
    agree, step = np.abs(np.diff(r["e_tempering"], axis=1))[:, 0] < SAME, r["e_tempering"].min(1) - r["e_best"]
    report.note(f"best known energies: two seeds of tempering agree on {agree.sum()} of {agree.size} instances, "
                f"another run is lower on {np.count_nonzero(step > SAME)}")  # fmt: skip
    for unit, form, scale in (("sweeps", ".0f", 1), ("seconds", ".1f", 1e3)):
        name = "ms" if unit == "seconds" else unit
        columns = {"code": "", "sweeps per run": "d", "p": ".3f", name: form, "from": form, "to": form,
                   "easiest 10 %": form, "hardest 10 %": form, "/ least": ".1f"}  # fmt: skip
        found = summary(r, unit)
        title = f"{r.attrs['title']}: {name} to the best known energy at 99 %, median of instances"
        table = report.table(title, columns)
        least = min(f["tts"][f["at"]] for f in found.values())
        for solver, f in found.items():
            easy, hard = np.quantile(f["every"], (0.1, 0.9), method="closest_observation")
            values = scale * np.array([f["tts"][f["at"]], *f["best"], easy, hard])
            table(solver, r["sweeps"][f["at"]], np.median(f["p"][f["at"]]), *values, f["tts"][f["at"]] / least)


def figure(r: Any, out: Path) -> None:
    """TTS against the sweeps of a run, in sweeps and in seconds."""
    import matplotlib.pyplot as plt

    from statmech import plot

    with plot.style("page"):
        fig, axes = plt.subplots(1, 2, figsize=(7.0, 3.1), layout="constrained")
        for ax, unit in zip(axes, ("sweeps", "seconds")):
            for k, (solver, f) in enumerate(summary(r, unit).items()):
                known = np.isfinite(f["tts"])
                x, y, (low, high) = r["sweeps"][known], f["tts"][known], f["interval"][:, known]
                # the interval need not hold the median: p of an instance without a hit is drawn above zero
                bars = np.maximum(np.array([y - low, high - y]), 0)
                ax.errorbar(x, y, bars, fmt="o-", ms=3, lw=0.9, color=f"C{k}", label=solver)
                if known.any():
                    ax.plot(r["sweeps"][f["at"]], f["tts"][f["at"]], "o", ms=8, mfc="none", color=f"C{k}")
            ax.set(xscale="log", yscale="log", xlabel="sweeps per run", ylabel=f"{unit} to solution")
            ax.set_xticks(r["sweeps"], [str(s) for s in r["sweeps"]])
            ax.tick_params(axis="x", which="minor", bottom=False, top=False)
            ax.yaxis.set_minor_formatter("")
        fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=8)
        print(plot.save(fig, out / "time_to_solution", title="Time to solution, SK")[0])


def main() -> None:
    """Measure, store, print, draw."""
    options = parser(__doc__)
    options.add_argument("--redraw", action="store_true", help="tables and figure of what is stored")
    options = options.parse_args()
    with Report(__file__, __doc__, options) as report:
        path = report.out / "time_to_solution.h5"
        r = statmech.load(path if options.redraw else measure(report, options.smoke))
        report.provenance = r.attrs["provenance"]
        tables(r, report)
        figure(r, report.out)


if __name__ == "__main__":
    main()
