"""MiniAlexNet on CIFAR-10 pictures: spectral phases of its layers at batches of 4, 32 and 250.

The network of Martin & Mahoney (arXiv:1810.01075), 28 x 28 crops, SGD with learning rate 0.01 and momentum 0.9, on 2000
pictures and a fixed number of updates.  The paper trains on all 50 000 for 100 epochs, which needs a GPU.

    python sims/mini_alexnet.py run -o data.path=cifar10.zip      (8 minutes on two cores; --smoke: digits, seconds)
"""

from pathlib import Path

import numpy as np

import statmech
from statmech import Sweep
from statmech.networks.architectures import MLP, MiniAlexNet
from statmech.networks.data import Cifar10, Digits
from statmech.tasks.training import Training


def figure(path: Path, out: Path) -> list[Path]:
    """Mean phase index of every layer and the errors against the batch."""
    import matplotlib.pyplot as plt

    from statmech import plot
    from statmech.atlas.layers import layers, phase_index, reduced
    from statmech.stats.jackknife import jackknife

    r = reduced(statmech.load(path))
    last = list(r["reading"].astype(str)).index("end")
    with plot.style():
        fig, (a, b) = plt.subplots(1, 2, figsize=(7.2, 3.0), layout="constrained")
        for k, layer in enumerate(layers(r)):
            mean, error = jackknife(phase_index(r, layer)[..., last], axis=1)
            a.errorbar(r["batch"], mean, error, fmt="o-", ms=3, lw=0.9, color=f"C{k}", label=layer)
        for name, words in (("eps_t", "training"), ("eps_g", "test")):
            mean, error = jackknife(r[name][..., last], axis=1)
            b.errorbar(r["batch"], mean, error, fmt="o-", ms=3, lw=0.9, label=words)
            print(f"{words} error: " + ", ".join(f"B = {B}: {m:.3f}({1e3 * e:.0f})" for B, m, e in
                                                 zip(r["batch"], mean, np.nan_to_num(error))))  # fmt: skip
        a.set(xscale="log", xlabel="batch $B$", ylabel="mean phase index")
        b.set(xscale="log", xlabel="batch $B$", ylabel="error", ylim=(0, 1))
        a.legend()
        b.legend()
        return list(plot.save(fig, out / "mini_alexnet"))


sweep = Sweep(
    name="mini_alexnet",
    title="MiniAlexNet: batch size at equal updates",
    citation="Martin & Mahoney, arXiv:1810.01075 (2018)",
    task=Training(
        MiniAlexNet(), Cifar10("cifar10.zip", crop=28), m=2000, learning_rate=0.01, momentum=0.9, updates=200, check=2,
        read_losses=(1.5, 0.5),
    ),
    grid={"batch": [4, 32, 250]},
    samples=3,
    block=1,
    smoke={"data": Digits(), "network": MLP((64, 32, 24, 10)), "m": 300, "samples": 2, "updates": 20},
    plot=figure,
)

if __name__ == "__main__":
    sweep.main()
