"""Finding a signal hidden in a p-spin glass: its overlap against its strength, from either start, next to theory.

Left: p = 2 (a spiked matrix).  The signal is found continuously, from random spins, as soon as it can be.  Right:
p = 3 (a spiked tensor).  The state around the signal appears at once, with m = 0.6, and is the equilibrium from 0.793
on; at this size both starts cross over there, the random one behind.  Both at T = 0.8, from where the Nishimori line,
signal = 1/(2T), is at 0.625: there <q> = <m> exactly, at any N, which the command prints.

    python sims/planted_signal.py run         (3 minutes on two cores)
"""

from pathlib import Path

import statmech
from statmech import Metropolis, MonteCarlo, Planted, Sweep, Tempering, Zip
from statmech.stats.jackknife import jackknife

T = 0.8
NISHIMORI = 0.5 / T


def figure(path: Path, out: Path) -> list[Path]:
    """|m| against the signal; <q> against <m> on the Nishimori line."""
    import matplotlib.pyplot as plt

    from statmech import plot

    r = statmech.load(path)
    with plot.style():
        fig, axes = plt.subplots(1, 2, figsize=(7.2, 3.2), sharey=True, layout="constrained")
        for k, ax in enumerate(axes):
            here = r.at(model=k)
            plot.curves(here, "m_abs", x="signal", where={"T": T}, ax=ax)
            ax.set_title(rf"$p={r['p'][k]}$, $N={r['n'][k]}$, $T={T}$")
            line = here.at(signal=NISHIMORI, T=T)
            difference, error = jackknife(line["q"] - line["m"], axis=0)
            for start, d, s in zip(r["start"].astype(str), difference, error):
                print(f"p = {r['p'][k]}, start {start}: <q> - <m> = {d:.4f} +- {s:.4f} on the Nishimori line")
        return list(plot.save(fig, out / "planted_signal"))


sweep = Sweep(
    name="planted_signal",
    title="A signal in a p-spin glass",
    citation="Lesieur et al., IEEE ISIT (2017)",
    task=MonteCarlo(
        Planted(n=64, p=3),
        {"random": Tempering(Metropolis("random")), "planted": Metropolis("random")},
        T=(T, 0.9, 1.05, 1.25, 1.5, 2.0),
        starts=("random", "planted"),
        replicas=4,
        sweeps=1024,
        measure_every=4,
    ),
    grid={
        "model": Zip({"model.p": [2, 3], "model.n": [256, 96]}),
        "model.signal": [0.0, 0.15, 0.3, 0.4, 0.5, 0.55, 0.6, NISHIMORI, 0.65, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5],
    },
    samples=16,
    block=4,
    smoke={"model.n": [24, 12], "sweeps": 64, "samples": 4, "model.signal": [0.0, NISHIMORI, 1.2]},
    plot=figure,
)

if __name__ == "__main__":
    sweep.main()
