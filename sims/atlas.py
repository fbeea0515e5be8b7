"""The atlas: simulated phases of learners and memories next to measured networks, on one page.

(a) (alpha, T) of two perceptron students, Hopfield and a planted p = 3 glass, with theory lines; made by the three
scripts named below.  (b) Networks on the axes effective load m (1 - r)/parameters and training loss ("loss level": the
thermometers disagree, docs/atlas.md), coloured by generalisation gap and by spectral phase.  (c) Spectra of equal
shape: a trained first layer beside its twin sampled at the temperature that its training loss reads, and the controls.

    python sims/atlas.py            after: hopfield_phases.py, generalization_map.py and pspin_map.py run
    python sims/atlas.py --smoke    from the toy sweeps results/*-smoke; networks as measured, data/spectra/
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pspin_map
from atlas_tests import at, opened
from generalization_map import R_LABELS
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure
from matplotlib.lines import Line2D

import statmech
from statmech import plot
from statmech.atlas.layers import layers
from statmech.atlas.thermometer import read
from statmech.results import Results
from statmech.spectra.phase_matrices import PHASES
from statmech.tasks.training_results import mean_of_present
from statmech.theory.perceptron import PerceptronTheory

LEVELS = {"loss 0.5": 0.5, "loss 0.1": 0.1, "loss 0.01": 0.01}
PARAMETERS = {"network_load": 669_706, "network_temperature": 266_610}
TWIN = "loss 0.2"  # reading at which trained and sampled networks are laid beside one another
CELLS = ((1000, 0.0, 8), (1000, 0.25, 8), (500, 0.25, 128))  # (m, r, batch) whose spectra are shown
COLOURS = ("#0072B2", "#56B4E9", "#009E73", "#E69F00", "#D55E00", "#000000")


def simulated(axes: np.ndarray, smoke: bool) -> None:
    """Row (a)."""

    def results(name: str) -> Results:
        return statmech.load(Path("results") / (f"{name}-smoke" if smoke else name) / f"{name}.h5")

    students = results("generalization_map")
    for ax, weights in zip(axes, students["weights"].astype(str)):
        here = students.at(student=list(students["weights"].astype(str)).index(weights))
        theory = PerceptronTheory(weights, R_LABELS)
        plot.phase_diagram(here, "eps_g", start="random", ax=ax, theory=theory, limits=(0, 0.5))
        ax.set_title(f"{'Ising' if weights == 'ising' else weights} student, $r={R_LABELS:g}$")
    plot.phase_diagram(results("hopfield_phases"), "m_abs", start="pattern", ax=axes[2])
    axes[2].set_title("Hopfield, start on a pattern")
    pspin_map.draw(axes[3], results("pspin_map"))
    for ax in axes[1:]:
        ax.set_ylabel("")


def networks(axes: np.ndarray) -> None:
    """Row (b): every network of the load and temperature sweeps at three loss levels."""
    rows = []
    for name, count in PARAMETERS.items():
        r = opened(name, smoke=False)
        first = layers(r)[0]
        for level, loss in LEVELS.items():
            p = r[f"spectra/{first}/p"][..., list(r["reading"].astype(str)).index(level), :]
            gap = at(r, "eps_g", level) - at(r, "eps_t", level)
            for cell in np.ndindex(gap.shape[:-1]):
                m = r["m"][cell[0]] if name == "network_load" else 5000
                share = r["r"][cell[1]] if name == "network_load" else r["r"][cell[0]]
                mean = mean_of_present(p[cell])[0]
                if np.isfinite(mean).all():
                    mean_gap = mean_of_present(gap[cell])[0]
                    rows.append((m * (1 - share) / count, loss, mean_gap, int(mean.argmax()), mean.max()))
    load, loss, gap, phase, sure = (np.array(x) for x in zip(*rows))
    spread = np.exp(np.random.default_rng(0).uniform(-0.25, 0.25, len(loss)))  # else equal levels hide one another
    shown = np.maximum(load, 2e-4)  # r = 1 has no load
    points = axes[0].scatter(shown, loss * spread, c=gap, s=9, cmap="viridis", vmin=0)
    axes[0].figure.colorbar(points, ax=axes[0], label=r"gap $\epsilon_g-\epsilon_t$")
    axes[1].scatter(shown, loss * spread, c=[COLOURS[k] for k in phase], s=9, alpha=np.clip(sure, 0.3, 1))
    look = {"marker": "o", "ls": "none", "ms": 3.5}
    handles = [Line2D([], [], color=COLOURS[k], label=PHASES[k], **look) for k in np.unique(phase)]
    axes[1].legend(handles=handles, loc="center", bbox_to_anchor=(0.45, 0.33), ncols=len(handles))
    for ax, title in zip(axes, ("networks: generalisation gap", "networks: spectral phase of fc1 (pale: unsure)")):
        ax.set(xscale="log", yscale="log", xlabel=r"effective load $m(1-r)/$parameters", title=title)
        ax.axvline(3e-4, color="0.7", lw=0.6, ls=":")
    axes[0].set_ylabel("training loss (loss level)")


def twins(axes: np.ndarray) -> None:
    """Row (c): fc1 of trained networks beside the network sampled at the temperature of equal training loss."""
    trained, sampled = opened("network_bridge", smoke=False), opened("network_langevin", smoke=False)
    kept = list(trained["kept"].astype(str)).index(TWIN)
    for ax, (m, share, batch) in zip(axes, CELLS):
        i, j, b = (int(np.abs(trained[x] - v).argmin()) for x, v in (("m", m), ("r", share), ("batch", batch)))
        here = sampled.at(m=m, r=share)
        T = read(sampled["T"], here["loss_t"].mean(-1), at(trained, "loss_t", TWIN)[i, j, b]).T
        nearest = int(np.abs(np.log(sampled["T"] / T)).argmin())
        own = trained["spectra/fc1/eigenvalue"][i, j, b, :, kept]
        twin = here["spectra/fc1/eigenvalue_end"][nearest]
        start = trained["spectra/fc1/eigenvalue"][i, j, b, :, list(trained["kept"].astype(str)).index("start")]
        density(ax, {"trained": own, rf"sampled, $T={sampled['T'][nearest]:g}$": twin, "start": start})
        ax.set_title(f"$m={m}$, $r={share:g}$, $B={batch}$: {TWIN}, $T_1={T:.2g}$")
    axes[0].set_ylabel(r"density of $\lambda$")


def controls(ax: Axes) -> None:
    """The last panel of row (c): what is left of the spectrum of fc1 where structure or learning is taken away."""
    r = opened("network_controls", smoke=False)
    plain = r["spectra/fc1/eigenvalue"][1, :, :, 0]  # (variant, disorder, index)
    names = ("plain", "lazy", "pixels shuffled", "Gaussian pictures")
    shown = {name: plain[k] for k, name in enumerate(names)}
    shown["start + shuffled change"] = r["spectra/fc1/eigenvalue_displaced"][1, 0, :, 0]
    density(ax, shown)
    ax.set_title("controls, $m=5000$, $r=0.25$, $B=32$")


def density(ax: Axes, spectra: dict[str, np.ndarray]) -> None:
    """Densities of eigenvalues of X = W^T W, pooled over seeds; what has none (never came to the loss) is left out."""
    values = {name: x[np.isfinite(x)].ravel() for name, x in spectra.items()}
    values = {name: x for name, x in values.items() if x.size}
    top = max(x.max() for x in values.values())
    edges = np.linspace(0, top * 1.02, 50)
    for k, (name, x) in enumerate(values.items()):
        counts, _ = np.histogram(x, edges)
        height = np.where(counts, counts / (x.size * np.diff(edges)), np.nan)
        ax.stairs(height, edges, color=f"C{k}", lw=0.9, label=name)
    ax.set(yscale="log", xlabel=r"$\lambda$")
    ax.legend(fontsize=5)


def page(out: Path, smoke: bool) -> list[Path]:
    """Draw the page; returns its files."""
    with plot.style():
        fig = plt.figure(figsize=(10.5, 9.2), layout="constrained")
        rows: list[SubFigure] = list(fig.subfigures(3, 1, height_ratios=(1.1, 0.9, 0.9)))
        simulated(rows[0].subplots(1, 4), smoke)
        networks(rows[1].subplots(1, 2))
        below = rows[2].subplots(1, 4)
        twins(below[:3])
        controls(below[3])
        for row, letter in zip(rows, "abc"):
            row.text(0.002, 0.98, f"({letter})", va="top", fontsize=10)
        return list(plot.save(fig, out / "atlas", title="The atlas"))


if __name__ == "__main__":
    smoke = "--smoke" in sys.argv[1:]
    for path in page(Path("results") / ("atlas-smoke" if smoke else "atlas"), smoke):
        print(path)
