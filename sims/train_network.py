"""Training a network: batch size and label noise on the 8 x 8 digits, the plain example of a Training task.

64-100-50-10 networks learn 1000 digits until the training loss is 0.01, for batches of 4 to 256 and a share r of
redrawn labels.  Left: test error against batch size; right: eigenvalues of the first layer, before and after training
with the smallest batch, with those of the same weights in random order.

    python sims/train_network.py run            (3 minutes on two cores; --smoke: seconds)
    python sims/train_network.py plot
"""

from pathlib import Path

import numpy as np

import statmech
from statmech import Sweep
from statmech.networks.architectures import MLP
from statmech.networks.data import Digits
from statmech.tasks.training import Training


def figure(path: Path, out: Path) -> list[Path]:
    """Test error against batch size, and the spectrum of the first layer; prints the means."""
    import matplotlib.pyplot as plt

    from statmech import plot

    r = statmech.load(path)
    batch, share, reading = r["batch"], r["r"], list(r["reading"].astype(str))
    end = reading.index("end")
    with plot.style():
        fig, (a, b) = plt.subplots(1, 2, figsize=(7.2, 3.2), layout="constrained")
        for j, x in enumerate(share):
            mean, error = r["eps_g_mean"][:, j, end], r["eps_g_err"][:, j, end]
            a.errorbar(batch, mean, error, fmt="o-", ms=3, label=f"$r={x:g}$")
            print(f"r = {x:g}: " + ", ".join(f"B = {B}: {m:.4f} +- {e:.4f}" for B, m, e in zip(batch, mean, error)))
        a.set(xscale="log", xlabel="batch size $B$", ylabel=r"test error $\epsilon_g$")
        a.legend()
        values = r["spectra/fc1/eigenvalue"][0, 0]  # (disorder, reading, index) of the smallest batch, true labels
        bins = np.linspace(0, np.nanmax(values), 40)
        for label, x in (
            ("start", values[:, 0]), ("end", values[:, end]),
            ("end, entries shuffled", r["spectra/fc1/eigenvalue_shuffled"][0, 0][:, end]),
        ):  # fmt: skip
            b.hist(x[np.isfinite(x)], bins, density=True, histtype="step", label=label)
        b.set(yscale="log", xlabel=r"eigenvalue $\lambda$ of $W^T W$, first layer", ylabel=r"density $\rho(\lambda)$")
        b.legend()
        return list(plot.save(fig, out / "train_network"))


sweep = Sweep(
    name="train_network",
    title="Digits: batch size and label noise",
    citation="Martin & Mahoney, arXiv:1810.01075 (2018)",
    task=Training(MLP((64, 100, 50, 10)), Digits(), m=1000, epochs=400, stop_loss=0.01, controls=True),
    grid={"batch": [4, 16, 64, 256], "r": [0.0, 0.25]},
    samples=6,
    block=3,
    smoke={"m": 200, "batch": [8, 64], "epochs": 20, "samples": 2},
    plot=figure,
)

if __name__ == "__main__":
    sweep.main()
