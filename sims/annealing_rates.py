"""Residual energy against the time of cooling: SK, p = 3, Hopfield and perceptron in one figure.

Every model is cooled linearly from above its glass transition to T = 0 in 4 to 4096 sweeps, four times per sample; what
is left above the ground state is divided by the energy that random configurations have above it.  The ground state of
a sample is the lowest energy that any of its runs has seen, so the slowest runs are compared with themselves: their
points are a lower bound, drawn open.  SK and Hopfield lose their residual energy about as the square root of the time;
p = 3 and the perceptron, whose configurations of low energy are isolated, about as its fourth root.

    python sims/annealing_rates.py run         (3 minutes on two cores)
"""

from pathlib import Path

import numpy as np

import statmech
from statmech import SK, Annealing, Hopfield, Metropolis, MonteCarlo, Perceptron, PSpin, Sweep, Zip
from statmech.stats.jackknife import jackknife

COOLING = [4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096]


def cooling(times: list[int]) -> Zip:
    """Times of cooling, each with a run twice as long."""
    return Zip({"sampler.sweeps": times, "sweeps": [max(64, 2 * t) for t in times]})


MODELS = {  # words: (model, temperature above its transition, energy per spin of random configurations)
    r"SK, $N=128$": (SK(n=128), 1.6, 0.0),
    r"$p=3$, $N=64$": (PSpin(n=64, p=3), 1.2, 0.0),
    r"Hopfield, $N=128$, $\alpha=0.5$": (Hopfield(n=128, alpha=0.5), 2.5, 0.0),
    r"Ising perceptron, $N=127$, $\alpha=1.2$": (Perceptron(n=127, alpha=1.2, labels="random"), 1.5, 0.6),
}


def figure(path: Path, out: Path) -> list[Path]:
    """(e - e_0)/(e_random - e_0) against the sweeps of cooling, with errors over samples."""
    import matplotlib.pyplot as plt

    from statmech import plot

    r = statmech.load(path)
    time = r["sampler_sweeps"]
    e, lowest = (r[k][:, :, 0, :, 0] for k in ("e", "e_min"))  # (model, cooling, sample)
    with plot.style():
        fig, ax = plt.subplots(figsize=(3.6, 3.4), layout="constrained")
        for k, (words, (_, _, random)) in enumerate(MODELS.items()):
            ground = lowest[k].min(0)
            left, error = jackknife((e[k] - ground) / (random - ground), axis=1)
            sure = time <= time.max() / 4
            fit = sure & (time >= 8) & (left > 0)
            line = ax.errorbar(time[sure], left[sure], error[sure], fmt="o-", ms=3, label=words)[0]
            ax.errorbar(time[~sure], left[~sure], error[~sure], fmt="o--", ms=3, mfc="white", color=line.get_color())
            slope = np.polyfit(np.log(time[fit]), np.log(left[fit]), 1)[0] if fit.sum() > 1 else np.nan
            print(f"{words}: e_0 = {ground.mean():.4f} +- {ground.std() / np.sqrt(ground.size):.4f}; left after "
                  f"{time[0]} sweeps {left[0]:.3f}, after {time[-1]} {left[-1]:.4f}; slope {slope:.2f}")  # fmt: skip
        ax.set(xscale="log", yscale="log", xlabel="sweeps of cooling", ylabel=r"$(e-e_0)/(e_{random}-e_0)$")
        ax.legend(fontsize=7)
        return list(plot.save(fig, out / "annealing_rates"))


sweep = Sweep(
    name="annealing_rates",
    title="Residual energy against the time of cooling",
    citation="Grest, Soukoulis & Levin, Phys. Rev. Lett. 56, 1148 (1986)",
    task=MonteCarlo(SK(n=128), Annealing(Metropolis("random")), T=(0.0,), replicas=4, measure_every=4),
    grid={
        "glass": Zip(
            {"model": [m for m, _, _ in MODELS.values()], "sampler.T_start": [T for _, T, _ in MODELS.values()]}
        ),
        "cooling": cooling(COOLING),
    },
    samples=32,
    block=8,
    smoke={"cooling": cooling([4, 16, 64, 128]), "samples": 2, "block": 2},
    plot=figure,
)

if __name__ == "__main__":
    sweep.main()
