"""Boundaries that find themselves: SK T_c, Hopfield T_g and T_M, the transition of the Ising student to its teacher.

Each is bisected with nested samples and compared with replica theory in units of its own error.  The numbers go to the
terminal and to results/phase_boundaries/phase_boundaries.csv.

    python sims/phase_boundaries.py                 (all; --smoke: toy sizes, in seconds)
    python sims/phase_boundaries.py glass retrieval student saving
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


PARTS = {"glass": glass, "retrieval": retrieval, "student": student, "saving": saving}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=list(PARTS), help=f"of {', '.join(PARTS)}; all without")
    parser.add_argument("--smoke", action="store_true", help="toy sizes, in seconds")
    parser.add_argument("--out", type=Path, default=Path("results/phase_boundaries"))
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"unknown part {', '.join(unknown)}: expected {', '.join(PARTS)}")
    asked.out.mkdir(parents=True, exist_ok=True)
    with (asked.out / "phase_boundaries.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["boundary", "T", "error", "theory", "distance in errors", "sweeps"])
        for part in asked.parts:
            for name, b, theory in PARTS[part](asked.smoke):
                table.writerow([name, b.at, b.error, theory, b.distance(theory), b.sweeps])
                file.flush()
                print(f"{name}: {b.at:.4f} +- {b.error:.4f}, theory {theory:.4f}: {b.distance(theory):+.1f} errors, "
                      f"{100 * (b.at / theory - 1):+.1f} %; {b.sweeps:.2g} sweeps", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
