"""Phase or regime?  Does the change of the spectral phase sharpen with the width of a network?

784-w-w-10 networks, w = 128, 256, 512, at a fixed number of examples per parameter, between six cells of batch and
noise at equal rate / batch; MNIST.  A phase transition sharpens with size, a crossover does not.

    python sims/network_size.py run -o data.path=mnist.npz      (8 minutes on two cores; --smoke: digits, seconds)
"""

from pathlib import Path

import numpy as np

import statmech
from statmech import Sweep, Zip
from statmech.networks.architectures import MLP
from statmech.networks.data import Digits, Mnist
from statmech.tasks.training import Training

WIDTHS = [128, 256, 512]
EXAMPLES = [1200, 2740, 6800]  # 1 for 98 parameters


def figure(path: Path, out: Path) -> list[Path]:
    """Mean phase index of the hidden layers against the batch, one panel per noise."""
    import matplotlib.pyplot as plt

    from statmech import plot
    from statmech.atlas.layers import phase_index, reduced
    from statmech.stats.jackknife import jackknife

    r = reduced(statmech.load(path))
    at = list(r["reading"].astype(str)).index("loss 0.1")
    with plot.style():
        fig, axes = plt.subplots(1, 2, figsize=(7.2, 3.0), sharey=True, layout="constrained")
        for layer, style in (("fc1", "-"), ("fc2", "--")):
            index = phase_index(r, layer)[..., at]  # (size, r, batch, disorder)
            for w, width in enumerate(r["m"]):
                for k, ax in enumerate(axes):
                    mean, error = jackknife(index[w, k], axis=1)
                    if not np.isfinite(mean).any():  # no run came to that loss
                        continue
                    ax.errorbar(r["batch"], mean, error, fmt="o" + style, ms=3, lw=0.9, color=f"C{w}",
                                label=rf"{layer}, $m={width}$")  # fmt: skip
        for ax, share in zip(axes, r["r"]):
            ax.set(xscale="log", xlabel="batch $B$", title=rf"$r={share:g}$, training loss 0.1")
        axes[0].set(ylabel="mean phase index")
        axes[1].legend()
        return list(plot.save(fig, out / "network_size"))


sweep = Sweep(
    name="network_size",
    title="Networks of three widths at equal examples per parameter",
    citation="Martin & Mahoney, arXiv:1810.01075 (2018)",
    task=Training(
        MLP((784, 128, 128, 10)), Mnist("mnist.npz"), m=1200, momentum=0.0, learning_rate=0.02, epochs=60.0,
        stop_loss=0.1, read_losses=(0.5, 0.1),
    ),
    grid={
        "size": Zip({"network.widths": [(784, w, w, 10) for w in WIDTHS], "m": EXAMPLES}),
        "r": [0.0, 0.25],
        "batch": [4, 16, 64],
    },
    samples=5,
    block=5,
    smoke={
        "data": Digits(), "network.widths": [(64, 24, 24, 10), (64, 28, 28, 10), (64, 32, 32, 10)],
        "m": [100, 150, 200], "samples": 2, "learning_rate": 0.1, "epochs": 100.0,
    },
    plot=figure,
)

if __name__ == "__main__":
    sweep.main()
