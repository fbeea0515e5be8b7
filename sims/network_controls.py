"""Controls: what the spectra of a trained layer owe to the data, to feature learning, and to the size of the change.

784-300-100-10 networks, m = 5000, batch 32, trained to loss 0.1: as they are; lazy (a large output scale, so that the
weights hardly move); on pixels shuffled (all by one permutation); on Gaussian pictures of each class's mean and
covariance.  Every reading also has the spectra of the initial weights, of shuffled weights, and of the initial weights
plus the shuffled change, which has the same norm.

    python sims/network_controls.py run -o data.path=mnist.npz      (6 minutes on two cores; --smoke: digits, seconds)
"""

from pathlib import Path

import numpy as np

import statmech
from statmech import Sweep, Zip
from statmech.networks.architectures import MLP
from statmech.networks.data import Digits, Mnist
from statmech.tasks.training import Training

LAZY = 30.0
VARIANTS = ["plain", "lazy", "pixels shuffled", "Gaussian pictures"]


def figure(path: Path, out: Path) -> list[Path]:
    """Largest eigenvalue over the edge of the bulk, for layers and controls."""
    import matplotlib.pyplot as plt

    from statmech import plot
    from statmech.atlas.layers import reduced
    from statmech.stats.jackknife import jackknife

    kinds = ("eigenvalue", "eigenvalue_shuffled", "eigenvalue_displaced")
    r = reduced(statmech.load(path), kinds=kinds)
    readings = list(r["reading"].astype(str))
    at = readings.index("loss 0.1")
    with plot.style():
        fig, axes = plt.subplots(1, 2, figsize=(7.2, 3.0), sharey=True, layout="constrained")
        for ax, layer in zip(axes, ("fc1", "fc2")):
            for k, (kind, words) in enumerate(zip(kinds, ("trained", "entries shuffled", "start + shuffled change"))):
                values = r[f"spectra/{layer}/lambda_ratio{kind.removeprefix('eigenvalue')}"]  # (r, variant, d, reading)
                for share, face in zip(range(len(r["r"])), (f"C{k}", "white")):
                    mean, error = jackknife(values[share, ..., at], axis=1)
                    x = np.arange(len(VARIANTS)) + 0.15 * (k - 1) + 0.05 * share
                    ax.errorbar(x, mean, error, fmt="o", ms=3.5, color=f"C{k}", mfc=face,
                                label=f"{words}, $r={r['r'][share]:g}$")  # fmt: skip
            ax.axhline(1, color="0.6", lw=0.6)
            ax.set(xticks=range(len(VARIANTS)), title=layer)
            ax.set_xticklabels(VARIANTS, rotation=20, ha="right")
        axes[0].set(ylabel=r"$\lambda_{\max}/\lambda_+$ at training loss 0.1")
        axes[1].legend()
        return list(plot.save(fig, out / "network_controls"))


PLAIN = Mnist("mnist.npz")

sweep = Sweep(
    name="network_controls",
    title="Networks: lazy training and pictures without structure",
    citation="Chizat, Oyallon & Bach, NeurIPS (2019), arXiv:1812.07956",
    task=Training(
        MLP((784, 300, 100, 10)), PLAIN, m=5000, momentum=0.0, learning_rate=0.02, epochs=80.0, stop_loss=0.1,
        read_losses=(0.5, 0.1), controls=True,
    ),
    grid={
        "r": [0.0, 0.25],
        "variant": Zip(
            {
                "network.output_scale": [None, LAZY, None, None],
                "data.pixel_shuffle": [False, False, True, False],
                "data.gaussian": [False, False, False, True],
            }
        ),
    },
    samples=5,
    block=5,
    smoke={"data": Digits(), "network.widths": (64, 32, 24, 10), "m": 200, "samples": 2, "epochs": 20.0},
    plot=figure,
)

if __name__ == "__main__":
    sweep.main()
