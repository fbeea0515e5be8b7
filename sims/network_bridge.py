"""Trained twins of the networks at known temperature: 784-256-10 networks trained at three batches, read at equal loss.

Same examples, labels and initial weights as in network_langevin.py.  Each reading has a training loss, a test loss
and a norm: three thermometers, by the curves sampled there.

    python sims/network_bridge.py run -o data.path=mnist.npz      (3 minutes on two cores; --smoke: digits, seconds)
"""

from pathlib import Path

import statmech
from statmech import Sweep
from statmech.networks.architectures import MLP
from statmech.networks.data import Digits, Mnist
from statmech.tasks.training import Training
from statmech.tasks.training_results import mean_of_present


def figure(path: Path, out: Path) -> list[Path]:
    """Test loss against training loss along the runs."""
    import matplotlib.pyplot as plt

    from statmech import plot

    r = statmech.load(path)
    with plot.style():
        fig, axes = plt.subplots(1, len(r["r"]), figsize=(7.2, 3.0), sharey=True, layout="constrained")
        for j, ax in enumerate(axes):
            for i, m in enumerate(r["m"]):
                for b, batch in enumerate(r["batch"]):
                    x, y = (mean_of_present(r[name][i, j, b])[0][1:] for name in ("loss_t", "loss_g"))
                    ax.plot(x, y, "osD"[b] + "-", ms=3, lw=0.8, color=f"C{i}", label=f"$m={m}$, $B={batch}$")
            ax.set(xscale="log", xlabel="training loss", title=f"$r={r['r'][j]:g}$")
        axes[0].set(ylabel="test loss")
        axes[-1].legend()
        return list(plot.save(fig, out / path.stem))


sweep = Sweep(
    name="network_bridge",
    title="Trained twins of networks at known temperature",
    citation="Martin & Mahoney, arXiv:1710.09553 (2017)",
    task=Training(
        MLP((784, 256, 10)), Mnist("mnist.npz"), m=500, momentum=0.0, learning_rate=0.02, epochs=300.0, stop_loss=0.01,
        read_losses=(1.0, 0.5, 0.2, 0.1, 0.01),
    ),
    grid={"m": [500, 1000], "r": [0.0, 0.25], "batch": [8, 32, 128]},
    samples=5,
    block=5,
    smoke={"data": Digits(), "network.widths": (64, 16, 10), "m": [50, 100], "batch": [4, 8, 16], "samples": 2},
    plot=figure,
)

if __name__ == "__main__":
    sweep.main()
