"""Paramagnet, glass, and a signal that can be found or only kept: the (signal, T) plane of a planted p = 3 model.

A signal of strength J0 hides in a p = 3 glass.  Colour: overlap with it from random starts, by tempering.  Marks:
measured phases, from two sizes.  Lines: where the state of the signal appears (dashed) and where it becomes the
equilibrium (solid), T_d and T_K of the glass without signal, and the Nishimori line T = 1/(2 J0).  At these sizes
random starts cross the barrier to the signal, which no start does in the limit of large N.

    python sims/pspin_map.py run         (3 minutes on two cores)
"""

from pathlib import Path

import numpy as np

import statmech
from statmech import Metropolis, MonteCarlo, Planted, Sweep, Tempering
from statmech.phases.glass import glass_phases
from statmech.theory.planted_pspin import ferromagnet
from statmech.theory.pspin import PSpinTheory

MARKS = {  # phase: (marker, words)
    "glass": ("D", "glass"),
    "dynamical_glass": ("o", "signal kept, not found"),
    "partly_recovered": ("v", "signal found in part of the samples"),
    "recovered": ("^", "signal found"),
    "unequilibrated": ("x", "not equilibrated"),
}


def lines(T: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Signals J0 (T,) from which the state around the signal exists, and from which it has the lower free energy."""
    theory, T_K = PSpinTheory(3), PSpinTheory(3).temperatures()["T_K"]
    branch = np.where(T > T_K, "paramagnet", "spin_glass")
    rest = np.array([float(theory.predict(t, b)["f"]) for t, b in zip(T, branch)])
    ends = []
    for holds in (lambda x: x.m > 0.1, lambda x: (x.m > 0.1) & (x.f < rest)):
        low, high = np.zeros_like(T), np.full_like(T, 4.0)
        for _ in range(30):
            middle = 0.5 * (low + high)
            there = holds(ferromagnet(T, middle))
            low, high = np.where(there, low, middle), np.where(there, middle, high)
        ends.append(high)
    return ends[0], ends[1]


def draw(ax, r: statmech.Results) -> None:
    """The map on given axes."""
    from statmech import plot

    largest = r.at(n=float(r["n"].max()))
    J0, T = r["signal"], r["T"]
    start = list(r["start"].astype(str)).index("random")
    m_abs = largest["m_abs_mean"][:, :, start].T
    colour = ax.pcolormesh(J0, T, m_abs, vmin=0, vmax=1, shading="nearest", cmap="viridis", rasterized=True)
    ax.figure.colorbar(colour, ax=ax, label=r"$|m|$, random starts")
    phases = glass_phases(r, ("signal", "T"), p=3)
    marks = {words: (marker, phases.where(name, least=0.5)) for name, (marker, words) in MARKS.items()}
    plot.mark_cells(ax, J0, T, marks)
    fine = np.linspace(max(T.min(), 0.3), T.max(), 40)
    exists, equilibrium = lines(fine)
    ax.plot(exists, fine, "w--", lw=1.0)
    ax.plot(equilibrium, fine, "w-", lw=1.0)
    inside = 0.5 / fine < J0.max()
    ax.plot(0.5 / fine[inside], fine[inside], "w:", lw=1.0)
    at = PSpinTheory(3).temperatures()
    for name in ("T_d", "T_K"):
        ax.axhline(at[name], color="0.8", lw=0.6)
        ax.annotate(rf"${name}$", (J0.min() + 0.02, at[name]), color="0.9", fontsize=7,
                    va="bottom" if name == "T_d" else "top")  # fmt: skip
    ax.set(xlabel="signal $J_0$", ylabel="temperature $T$", xlim=(J0.min(), J0.max()), ylim=(T.min(), T.max()),
           title=rf"planted $p=3$, $N={r['n'].max()}$")  # fmt: skip


def figure(path: Path, out: Path) -> list[Path]:
    """The map with its lines."""
    import matplotlib.pyplot as plt

    from statmech import plot

    with plot.style():
        fig, ax = plt.subplots(figsize=(4.4, 4.0), layout="constrained")
        draw(ax, statmech.load(path))
        return list(plot.save(fig, out / "pspin_map"))


sweep = Sweep(
    name="pspin_map",
    title="A signal in a p = 3 glass: phases",
    citation="Nishimori, Statistical Physics of Spin Glasses (2001); Lesieur et al., arXiv:1701.08010 (2017)",
    task=MonteCarlo(
        Planted(n=48, p=3),
        {"random": Tempering(Metropolis("random")), "planted": Metropolis("random")},
        T=(0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.76, 0.84, 0.94, 1.06, 1.2, 1.4),
        starts=("random", "planted"),
        replicas=2,
        sweeps=4096,
        measure_every=8,
    ),
    grid={"model.n": [24, 48], "model.signal": [0.0, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5]},
    samples=8,
    block=4,
    smoke={"model.n": [12, 16], "sweeps": 64, "samples": 2, "model.signal": [0.0, 0.7, 1.5]},
    plot=figure,
)

if __name__ == "__main__":
    sweep.main()
