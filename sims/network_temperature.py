"""Batch size as a temperature: spectra and errors of networks against the batch, in three protocols.

784-300-100-10 networks on 5000 examples of MNIST, r = 0 and 0.25 of the labels redrawn, batches 2 .. 1000.  A small
batch at equal epochs also means more updates and larger |w - w_0|; so the claims are compared at equal epochs, equal
updates and equal learning rate / batch, and read at equal training loss.

    python sims/network_temperature.py run -o data.path=mnist.npz      (25 minutes on two cores; --smoke: digits)
"""

from pathlib import Path

import statmech
from statmech import Sweep, Zip
from statmech.networks.architectures import MLP
from statmech.networks.data import Digits, Mnist
from statmech.tasks.training import Training

BATCHES = [2, 4, 8, 16, 32, 64, 128, 250, 500, 1000]
RATE, EPOCHS, UPDATES, PER_EXAMPLE = 0.02, 30.0, 4000, 2e-4
LONG = 10**6
PROTOCOLS = ("equal epochs", "equal updates", "equal rate / batch")


def protocols(batches: list[int]) -> Zip:
    """Batch, learning rate and length of every run, protocol after protocol."""
    n = len(batches)
    return Zip(
        {
            "batch": batches * 3,
            "learning_rate": [RATE] * 2 * n + [PER_EXAMPLE * b for b in batches],
            "epochs": [EPOCHS] * n + [float(LONG)] * n + [EPOCHS] * n,
            "updates": [LONG] * n + [UPDATES] * n + [LONG] * n,
        }
    )


def figure(path: Path, out: Path) -> list[Path]:
    """Test error at equal loss and at the end, and the mean phase index of the first layer, against the batch."""
    import matplotlib.pyplot as plt

    from statmech import plot
    from statmech.atlas.layers import phase_index, reduced
    from statmech.stats.jackknife import jackknife

    r = reduced(statmech.load(path))
    reading = list(r["reading"].astype(str))
    index = phase_index(r, "fc1")  # (r, run, disorder, reading)
    n = len(r["batch"]) // 3
    with plot.style():
        fig, axes = plt.subplots(2, 3, figsize=(7.2, 4.6), sharex=True, sharey="row", layout="constrained")
        for p, name in enumerate(PROTOCOLS):
            rows = slice(p * n, (p + 1) * n)
            batch = r["batch"][rows]
            for k, share in enumerate(r["r"]):
                for level, marker in (("loss 0.5", "^"), ("loss 0.1", "s"), ("end", "o")):
                    at = reading.index(level)
                    for ax, values in ((axes[0, p], r["eps_g"][k, rows, :, at]), (axes[1, p], index[k, rows, :, at])):
                        mean, error = jackknife(values, axis=1)
                        ax.errorbar(batch, mean, error, fmt=marker + "-", ms=3, lw=0.8, color=f"C{k}",
                                    mfc="white" if level == "end" else f"C{k}",
                                    label=f"$r={share:g}$, {level}")  # fmt: skip
            axes[0, p].set(title=name, xscale="log")
            axes[1, p].set(xlabel="batch $B$")
        axes[0, 0].set(ylabel=r"test error $\epsilon_g$")
        axes[1, 0].set(ylabel="mean phase index, fc1")
        axes[1, 2].legend()
        return list(plot.save(fig, out / "network_temperature"))


sweep = Sweep(
    name="network_temperature",
    title="Networks: batch size in three protocols",
    citation="Martin & Mahoney, arXiv:1810.01075 (2018)",
    task=Training(
        MLP((784, 300, 100, 10)), Mnist("mnist.npz"), m=5000, momentum=0.0, updates=LONG, epochs=EPOCHS, stop_loss=0.01,
        read_epochs=(1.0, 2.0, 4.0, 8.0, 16.0), controls=True,
    ),
    grid={"r": [0.0, 0.25], "run": protocols(BATCHES)},
    samples=5,
    block=5,
    smoke={
        "data": Digits(), "network.widths": (64, 32, 24, 10), "m": 200, "samples": 2, "read_epochs": (1.0, 2.0),
        "batch": [2, 4, 8, 16, 20, 32, 40, 50, 100, 200] * 3, "updates": [LONG] * 10 + [50] * 10 + [LONG] * 10,
        "epochs": [3.0] * 10 + [float(LONG)] * 10 + [3.0] * 10,
    },
    plot=figure,
)

if __name__ == "__main__":
    sweep.main()
