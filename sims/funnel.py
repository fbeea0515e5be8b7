"""Minimal frustration: a native state with a gap, folded, unfolded or lost in the glass.

Above: overlap with the native state in the plane of gap and temperature, for the random energy model with one native
state, from random starts.  Left, equilibrium by tempering; right, single temperatures: of what is stable below T_f, a
random start has found within 4096 sweeps only what lies above the glass temperature T_g.
Below: energy against native overlap of all 2^n configurations of a sample, for independent levels, where nothing
points home, and for p = 3, where the mean energy falls as -g m^3: a funnel.  Same gap in both.

    python sims/funnel.py run          (2 minutes on two cores)
"""

import json
from pathlib import Path

import numpy as np

import statmech
from statmech import Enumeration, Metropolis, MinimallyFrustrated, MonteCarlo, Sweep, Tempering, Zip
from statmech.names import STATUS

GAP = 1.5  # of the scatter plots
SIZE = 16


def landscape(p: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Native overlap and energy per spin of all configurations of one sample."""
    model = MinimallyFrustrated(n=SIZE, gap=GAP, p=p)
    disorder = model.disorder(model.disorder_keys((0,), 0))
    s = model.space.enumerate(SIZE)[None, None]
    return model.observe(disorder, s)["m"].ravel(), model.energy(disorder, s).ravel() / SIZE


def figure(path: Path, out: Path) -> list[Path]:
    """The plane of gap and temperature twice, and two landscapes."""
    import matplotlib.pyplot as plt
    from matplotlib.colors import LogNorm

    from statmech import plot

    results = statmech.load(path)
    n = json.loads(results.attrs["spec"])["task"]["model"]["n"]
    with plot.style():
        fig, axes = plt.subplots(2, 2, figsize=(7.2, 6.2), layout="constrained")
        for k, (ax, title) in enumerate(zip(axes[0], ("tempering", "single temperatures"), strict=True)):
            plot.phase_diagram(results.at(moves=k), "m", "random", ax, limits=(0, 1), x="gap")
            ax.set(xlabel="gap $g$", title=f"$n={n}$, random start, {title}")
        edges = np.arange(-1 - 1 / SIZE, 1 + 2 / SIZE, 2 / SIZE)
        for ax, p, title in zip(axes[1], (None, 3), ("independent levels", "$p=3$")):
            m, e = landscape(p)
            *_, image = ax.hist2d(m, e, (edges, np.linspace(-1.7, 1.7, 69)), norm=LogNorm(), cmap="viridis")
            ax.plot(1, e[m == 1], "*", ms=9, color="C1", label="native state")
            if p:
                grid = np.linspace(-1, 1, 101)
                mean = -GAP * grid * (grid**2 - 3 / SIZE + 2 / SIZE**2)  # -g m^3 for large n
                ax.plot(grid, mean, "-", color="C1", lw=0.9, label="mean at $m$, exact")
            fig.colorbar(image, ax=ax, pad=0.03, aspect=28, label="configurations")
            ax.set(xlabel="native overlap $m$", ylabel="energy per spin $e$", ylim=(-1.7, 1.3))
            ax.set_title(f"{title}, $n={SIZE}$, $g={GAP}$")
            ax.legend(loc="lower left")
        report(results)
        return list(plot.save(fig, out / "funnel"))


def report(results) -> None:
    """Tempering against the enumeration of the same samples, where the verdict is "done", in numbers."""
    n, ladder = json.loads(results.attrs["spec"])["task"]["model"]["n"], tuple(results["T"])
    equilibrium, z = results.at(moves=0, start="random"), []
    for k, gap in enumerate(results["gap"]):
        task = Enumeration(MinimallyFrustrated(n=n, gap=float(gap)), ladder, tuple(map(int, results["disorder"])))
        exact = task.results(task.advance(task.start(), 10**9))["m"].data
        with np.errstate(divide="ignore", invalid="ignore"):
            row = (equilibrium["m"][k] - exact) / equilibrium["m_stderr"][k]
        # with several states visited often the error is Gaussian; in a single one there is none
        mixed = (exact > 0.05) & (exact < 0.95) & (equilibrium["m_stderr"][k] > 1e-3)
        z.append(row[(equilibrium["status"][k] == STATUS["done"]) & mixed])
    z = np.concatenate(z)
    share = (equilibrium["status"] == STATUS["done"]).mean()
    print(f"tempering: {share:.0%} of the points equilibrated; {z.size} of them with 0.05 < m < 0.95, <m> - exact:")
    if z.size:
        print(f"  mean z^2 = {(z**2).mean():.2f}, largest |z| = {np.abs(z).max():.1f}")


sweep = Sweep(
    name="funnel",
    title="Folding and glass of a minimally frustrated model",
    citation="Bryngelson & Wolynes, Proc. Natl. Acad. Sci. 84, 7524 (1987)",
    task=MonteCarlo(
        model=MinimallyFrustrated(n=12, gap=1.0),
        T=(0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.2, 2.4),
        starts=("random", "native"),
    ),
    grid={
        "moves": Zip(
            {"sampler": [Tempering(every=4), Metropolis()], "sweeps": [16384, 4096], "measure_every": [32, 8]}
        ),
        "model.gap": [0.7, 0.8, 0.9, 1.0, 1.15, 1.3, 1.45, 1.6],
    },
    samples=6,
    block=6,
    smoke={"model.gap": [0.8, 1.4], "T": [0.3, 0.6, 1.0, 2.0], "sweeps": [4096, 512], "samples": 2},
    plot=figure,
)

if __name__ == "__main__":
    sweep.main()
