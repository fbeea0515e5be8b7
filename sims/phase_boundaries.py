"""Boundaries that find themselves: SK T_c, Hopfield T_g and T_M, the transition of the Ising student to its teacher.

Each is bisected with nested samples and compared with replica theory in units of its own error.  The numbers go to the
terminal and to results/phase_boundaries/phase_boundaries.csv; `plot` draws them over theory.

    python sims/phase_boundaries.py run             (5 minutes; of some: run glass retrieval student saving)
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from statmech import SK, Hopfield, Metropolis, MonteCarlo, Perceptron, Tempering
from statmech.phases import (
    POOR,
    Boundary,
    ScaledMoment,
    Survival,
    grid_boundary,
    poor_energy,
    teacher_transition,
    trace,
)
from statmech.theory.hopfield_lines import T_M
from statmech.theory.perceptron_lines import alpha_th

Row = tuple[str, Boundary, float]


def glass(smoke: bool) -> Iterator[Row]:
    """SK T_c and Hopfield T_g = 1 + sqrt alpha: N^(2/3) <q^2> of N = 64 and 256 is the same there."""
    sizes, samples, sweeps = ((16, 64), 256, 64) if smoke else ((64, 256), 128, 512)
    models = [("SK", SK(n=64), 1.0)]
    models += [(f"Hopfield, alpha = {a:g}", Hopfield(n=64, alpha=a), 1 + a**0.5) for a in (0.2, 0.5, 1.0)]
    for name, model, T in models:
        moment = ScaledMoment(model, sizes=sizes, sweeps=sweeps, measure_every=8)
        yield f"T_g of {name}", trace(moment, 0.7 * T, 1.4 * T, samples=samples), T


def retrieval(smoke: bool) -> Iterator[Row]:
    """T_M: half of the starts on a pattern are still there, after 1024 sweeps; see `Survival` for the bias."""
    n, samples, sweeps = (256, 16, 128) if smoke else (4000, 40, 1024)
    for a in (0.05, 0.1):
        T = float(T_M(a))
        start = Survival(Hopfield(n=n, alpha=a), sweeps=sweeps, replicas=1, measure_every=sweeps // 16)
        yield f"T_M at alpha = {a:g}", trace(start, 0.6 * T, 1.3 * T, samples=samples), T


def student(smoke: bool) -> Iterator[Row]:
    """The free energy of the poor branch, from beta = 0, meets that of the teacher: alpha_th(T) of theory at T."""
    n, samples, sweeps = (31, 8, 128) if smoke else (127, 64, 1024)
    for T in (0.6, 1.0):
        alpha = float(alpha_th(T))
        close, hot = T * np.array([0.85, 0.9, 0.95, 1.0, 1.05, 1.12]), np.geomspace(1.25 * T, 12, 12)
        ladder = tuple(np.concatenate([close, hot]))
        e = []
        for begin in range(0, samples, 8):
            task = MonteCarlo(Perceptron(n=n, alpha=alpha), Tempering(Metropolis()), T=ladder, replicas=2,
                              sweeps=sweeps, measure_every=8, observables=POOR, seed=1,
                              disorder=tuple(range(begin, begin + 8)))  # fmt: skip
            r = task.results(task.advance(task.start(), sweeps))
            e.append(poor_energy(r["away"].data[:, :, 0], r["away_e"].data[:, :, 0]).T)
        at, error = teacher_transition(ladder, np.concatenate(e), alpha / 2)
        cost = 2 * len(ladder) * samples * sweeps
        yield f"T_th at alpha = {alpha:.3f}", Boundary(at, error, cost, np.empty((0, 4))), T


def saving(smoke: bool) -> Iterator[Row]:
    """SK T_c by bisection and by a full grid from 0.5 to 1.5 with the same samples, and the ratio of their sweeps."""
    sizes, samples, sweeps = ((16, 64), 128, 64) if smoke else ((24, 96), 256, 256)
    moment = ScaledMoment(SK(n=24), sizes=sizes, sweeps=sweeps, measure_every=8)
    found = trace(moment, 0.5, 1.5, samples=samples)
    full = grid_boundary(moment, np.linspace(0.5, 1.5, 17), samples)
    yield "T_c of SK by bisection", found, 1.0
    yield f"T_c of SK by a full grid, {full.sweeps / found.sweeps:.1f} times the sweeps", full, 1.0


TABLE = "phase_boundaries.csv"
COLUMNS = ("boundary", "T", "error", "theory", "distance in errors", "sweeps")
PARTS = {"glass": glass, "retrieval": retrieval, "student": student, "saving": saving}


def run(parts: list[str], out: Path, smoke: bool, quiet: bool) -> None:
    """Measure, and write the table row by row."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / TABLE).open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for part in parts:
            for name, b, theory in PARTS[part](smoke):
                table.writerow([name, b.at, b.error, theory, b.distance(theory), b.sweeps])
                file.flush()
                if not quiet:
                    off = f"{b.distance(theory):+.1f} errors, {100 * (b.at / theory - 1):+.1f} %"
                    print(f"{name}: {b.at:.4f} +- {b.error:.4f}, theory {theory:.4f}: {off}; {b.sweeps:.2g} sweeps")


def figure(out: Path) -> None:
    """Measured over theory, with errors, one row per boundary."""
    import matplotlib.pyplot as plt

    from statmech import plot

    with (out / TABLE).open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if np.isfinite(float(row["T"]))]
    at, error, theory = (np.array([float(row[name]) for row in rows]) for name in ("T", "error", "theory"))
    with plot.style():
        fig, ax = plt.subplots(figsize=(5.6, 0.3 * len(rows) + 0.8), layout="constrained")
        ax.errorbar(at / theory, np.arange(len(rows)), xerr=error / theory, fmt="o", ms=3)
        ax.axvline(1, color="k", lw=0.8)
        ax.set_yticks(np.arange(len(rows)), [row["boundary"] for row in rows])
        ax.invert_yaxis()
        ax.set_xlabel("measured temperature / theory")
        for path in plot.save(fig, out / "phase_boundaries"):
            print(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("run", "plot"), help="measure, or draw what was measured")
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all without")
    parser.add_argument("--smoke", action="store_true", help="toy sizes, in seconds")
    parser.add_argument("--quiet", action="store_true", help="write the table only")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"unknown part {', '.join(unknown)}: expected {', '.join(PARTS)}")
    out = asked.out or Path("results") / ("phase_boundaries-smoke" if asked.smoke else "phase_boundaries")
    if asked.command == "run":
        run(asked.parts or list(PARTS), out, asked.smoke, asked.quiet)
    elif (out / TABLE).exists():
        figure(out)
    else:
        parser.error(f"{out / TABLE} does not exist: run first")


if __name__ == "__main__":
    main()
