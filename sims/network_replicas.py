"""Do networks that learn the same examples from different starts agree, and do their weights creep like ln t?

Two real replicas of 784-512-512-10 networks, m = 2500 examples of MNIST, a share r of the labels redrawn, trained to
loss 0.01.  Left: agreement on test images, of replicas and with the truth, against r.  Right: |w - w_0| against the
number of updates.

    python sims/network_replicas.py run -o data.path=mnist.npz      (4 minutes on two cores; --smoke: digits, seconds)
"""

from pathlib import Path

import numpy as np

import statmech
from statmech import Sweep, Zip
from statmech.networks.architectures import MLP
from statmech.networks.data import Digits, Mnist
from statmech.tasks.training import Training


def figure(path: Path, out: Path) -> list[Path]:
    """Agreement and distances."""
    import matplotlib.pyplot as plt

    from statmech import plot
    from statmech.atlas.replicas import agreement
    from statmech.stats.jackknife import jackknife

    r = statmech.load(path)
    end = list(r["reading"].astype(str)).index("end")
    with plot.style():
        fig, (a, b) = plt.subplots(1, 2, figsize=(7.2, 3.0), layout="constrained")
        both = agreement(r["predicted"][:, 0], r["predicted"][:, 1])
        for values, words in ((both, "replicas"), (1 - r["eps_g"][:, 0, :, end], "with the true labels")):
            mean, error = jackknife(values, axis=1)
            a.errorbar(r["r"], mean, error, fmt="o-", ms=3.5, lw=0.9, label=words)
            print(f"agreement, {words}: " + ", ".join(f"r = {x:g}: {m:.3f}({1e3 * e:.0f})"
                                                      for x, m, e in zip(r["r"], mean, error)))  # fmt: skip
        for k, share in enumerate(r["r"]):
            path_ = r["timeseries/distance"][k, 0]
            fine = np.isfinite(path_).all(0) & (r["step"] > 0)
            b.plot(r["step"][fine], path_[:, fine].mean(0), lw=1.0, label=f"$r={share:g}$")
        a.axhline(0.1, color="0.6", lw=0.6)
        a.set(xlabel="share of labels redrawn $r$", ylabel="agreement on test images", ylim=(0, 1.02))
        b.set(xscale="log", xlabel="updates $t$", ylabel=r"$|w_t-w_0|$")
        a.legend()
        b.legend()
        return list(plot.save(fig, out / "network_replicas"))


sweep = Sweep(
    name="network_replicas",
    title="Replicas of networks that learn noisy labels",
    citation="Hoffer, Hubara & Soudry, NeurIPS (2017), arXiv:1705.08741",
    task=Training(MLP((784, 512, 512, 10)), Mnist("mnist.npz"), m=2500, epochs=60, stop_loss=0.01),
    grid={"r": [0.0, 0.1, 0.25, 0.5, 1.0], "twin": Zip({"replica": [0, 1]})},
    samples=5,
    block=5,
    smoke={"data": Digits(), "network.widths": (64, 32, 32, 10), "m": 200, "epochs": 20, "samples": 2},
    plot=figure,
)

if __name__ == "__main__":
    sweep.main()
