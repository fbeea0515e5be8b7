"""A network at a known temperature: losses, errors and norms of 784-256-10 networks sampled by Hamiltonian Monte Carlo.

Weight exp(-m L/T) times the Gaussian law of the initial weights, m L the sum of the losses; MNIST, m = 500 and 1000,
r = 0 and 0.25 of the labels redrawn.  Random and trained starts must agree.  The curves calibrate the two thermometers
of the atlas.

    python sims/network_langevin.py run -o training.data.path=mnist.npz      (15 minutes on two cores; --smoke: digits)
"""

from pathlib import Path

import statmech
from statmech import Sweep
from statmech.networks.architectures import MLP
from statmech.networks.data import Digits, Mnist
from statmech.tasks.langevin_network import LangevinNetwork
from statmech.tasks.training import Training


def figure(path: Path, out: Path) -> list[Path]:
    """Training loss, test loss and error, and norm of the weights against T; open: not equilibrated."""
    import matplotlib.pyplot as plt

    from statmech import plot

    r = statmech.load(path)
    T, bad = r["T"], (r["status"] == 4).mean(-1) > 0.5
    panels = (("loss_t", "training loss"), ("loss_g", "test loss"), ("eps_g", r"test error $\epsilon_g$"),
              ("norm", r"$|W|_F$"))  # fmt: skip
    with plot.style():
        fig, axes = plt.subplots(1, 4, figsize=(7.2, 2.4), layout="constrained")
        for ax, (name, words) in zip(axes, panels):
            for i, m in enumerate(r["m"]):
                for j, share in enumerate(r["r"]):
                    for s, start in enumerate(r["start"].astype(str)):
                        mean, error = r[f"{name}_mean"][i, j, :, s], r[f"{name}_err"][i, j, :, s]
                        colour, marker = f"C{2 * i + j}", "o" if start == "random" else "^"
                        ax.errorbar(T, mean, error, fmt=marker, ms=3, lw=0.8, color=colour, mfc="none",
                                    label=f"$m={m}$, $r={share:g}$" if s == 0 else None)  # fmt: skip
                        fine = ~bad[i, j]
                        ax.plot(T[fine], mean[fine], marker, ms=3, color=colour)
            ax.set(xscale="log", xlabel="temperature $T$", title=words)
        axes[3].legend()
        return list(plot.save(fig, out / path.stem))


sweep = Sweep(
    name="network_langevin",
    title="A network at known temperatures",
    citation="Duane et al., Phys. Lett. B 195, 216 (1987)",
    task=LangevinNetwork(
        Training(MLP((784, 256, 10)), Mnist("mnist.npz"), m=500, momentum=0.0, learning_rate=0.02, epochs=100.0,
                 stop_loss=0.01),
        T=(0.05, 0.15, 0.4, 1.0, 2.5), trajectories=128, tune=32, leapfrog=8,
    ),
    grid={"training.m": [500, 1000], "training.r": [0.0, 0.25]},
    samples=3,
    block=3,
    smoke={
        "training.data": Digits(), "training.network.widths": (64, 16, 10), "training.m": [50, 100], "samples": 2,
        "trajectories": 32, "tune": 8, "T": [0.1, 1.0],
    },
    plot=figure,
)  # fmt: skip

if __name__ == "__main__":
    sweep.main()
