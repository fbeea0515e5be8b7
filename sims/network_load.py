"""What noisy labels cost a network: error against examples, with labels randomised and with examples removed.

784-512-512-10 networks on m examples of MNIST.  A share r of the training labels is redrawn uniformly (never a test
label), or those examples are removed; both use the same examples, redraws and initial weights, so that differences are
paired.  Every run stops at training loss 0.01.  Left: test error against m; right: what randomising costs more than
removing, early (training loss 0.5) and late (0.01).

    python sims/network_load.py run -o data.path=mnist.npz      (15 minutes on two cores; --smoke: digits, seconds)
"""

from pathlib import Path

import numpy as np

import statmech
from statmech import Sweep, Zip
from statmech.networks.architectures import MLP
from statmech.networks.data import Digits, Mnist
from statmech.stats.jackknife import jackknife
from statmech.tasks.training import Training

SHARES = [0.0, 0.1, 0.25, 0.5, 1.0]
REMOVED = [0.1, 0.25, 0.5]


def figure(path: Path, out: Path) -> list[Path]:
    """Errors and paired differences."""
    import matplotlib.pyplot as plt

    from statmech import plot

    r = statmech.load(path)
    m, share, removed = r["m"], r["r"], r["remove"].astype(bool)
    reading = list(r["reading"].astype(str))
    eps = r["eps_g"]  # (m, case, disorder, reading)
    with plot.style():
        fig, (a, b) = plt.subplots(1, 2, figsize=(7.2, 3.2), layout="constrained")
        colours = plt.colormaps["viridis"](np.linspace(0, 0.85, len(SHARES)))
        for k, colour in zip(np.flatnonzero(~removed), colours):
            mean, error = jackknife(eps[:, k, :, reading.index("end")], axis=1)
            a.errorbar(m, mean, error, fmt="o-", ms=3, lw=0.9, color=colour, label=f"$r={share[k]:g}$")
        for k in np.flatnonzero(removed):
            colour = colours[SHARES.index(round(float(share[k]), 3))]
            mean, error = jackknife(eps[:, k, :, reading.index("end")], axis=1)
            a.errorbar(m, mean, error, fmt="s--", ms=3, lw=0.9, color=colour, mfc="white")
            noisy = int(np.flatnonzero(~removed & (share == share[k]))[0])
            for name, marker, style in (("loss 0.5", "^", ":"), ("end", "o", "-")):
                mean, error = jackknife((eps[:, noisy] - eps[:, k])[..., reading.index(name)], axis=1)
                words = f"$r={share[k]:g}$, {'late' if name == 'end' else 'early'}"
                b.errorbar(m, mean, error, fmt=marker + style, ms=3, lw=0.9, color=colour, label=words)
                print(f"{words}: " + ", ".join(f"{x:.4f}({1e4 * e:.0f})" for x, e in zip(mean, error)))
        a.plot([], [], "ks--", ms=3, mfc="white", lw=0.9, label=r"$r\,m$ removed")
        a.set(xscale="log", yscale="log", xlabel="examples $m$", ylabel=r"test error $\epsilon_g$")
        b.axhline(0, color="0.6", lw=0.6)
        b.set(xscale="log", xlabel="examples $m$", ylabel=r"$\epsilon_g$ randomised $-$ removed")
        a.legend(loc="lower left", ncols=2)
        b.set_ylim(top=0.38)
        b.legend(loc="upper left", ncols=3)
        return list(plot.save(fig, out / "network_load"))


sweep = Sweep(
    name="network_load",
    title="Networks: labels randomised and examples removed",
    citation="Martin & Mahoney, arXiv:1710.09553 (2017); Zhang et al., ICLR (2017), arXiv:1611.03530",
    task=Training(MLP((784, 512, 512, 10)), Mnist("mnist.npz"), m=1000, epochs=150, stop_loss=0.01),
    grid={
        "m": [1000, 2500, 5000, 10000],
        "case": Zip({"r": SHARES + REMOVED, "remove": [False] * len(SHARES) + [True] * len(REMOVED)}),
    },
    samples=5,
    block=5,
    smoke={"data": Digits(), "network.widths": (64, 32, 32, 10), "m": [200, 400], "epochs": 20, "samples": 2},
    plot=figure,
)

if __name__ == "__main__":
    sweep.main()
