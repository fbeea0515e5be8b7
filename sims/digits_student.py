"""Real data: training and held-out error of an annealed student against temperature and redrawn labels.

A spherical perceptron tells 3 from 5.  At high T it underfits; on cooling the training error falls to zero whatever
the labels, and with redrawn labels the held-out error (clean labels) turns up again: over-training.

    python sims/digits_student.py run                                           (digits drawn by this script)
    python sims/digits_student.py run --out results/mnist -o model.inputs.inputs="mnist.npz:x_train" \
        -o model.inputs.labels="mnist.npz:y_train" -o model.inputs.test_inputs="mnist.npz:x_test" \
        -o model.inputs.test_labels="mnist.npz:y_test"                          (3 minutes on two cores)
"""

from pathlib import Path

import numpy as np

import statmech
from statmech import Annealing, Billiards, Data, MonteCarlo, Perceptron, Sweep

SIDE = 28
FONT = {3: "111001111001111", 5: "111100111001111"}  # 3 x 5, one row of bits after the other


def drawn_digits(count: int = 2400) -> tuple[np.ndarray, np.ndarray]:
    """Images (count, 28, 28) of 3 and 5 of random place, size and grey noise, and their labels; a fixed seed."""
    rng = np.random.default_rng(35)
    labels = rng.choice([3, 5], count)
    images = rng.normal(0, 0.7, (count, SIDE, SIDE))
    for image, label in zip(images, labels, strict=True):
        glyph = np.array(list(FONT[int(label)]), float).reshape(5, 3)
        height, width = rng.integers(15, 21), rng.integers(9, 14)
        rows, columns = np.arange(height) * 5 // height, np.arange(width) * 3 // width
        y, x = rng.integers(3, SIDE - height - 2), rng.integers(4, SIDE - width - 3)
        image[y : y + height, x : x + width] += glyph[np.ix_(rows, columns)]
    return images, labels


def figure(path: Path, out: Path) -> list[Path]:
    """eps_t (noisy labels) and eps_g (held-out, clean labels) against T, one colour per share of redrawn labels."""
    import matplotlib.pyplot as plt

    from statmech import plot

    r = statmech.load(path)
    with plot.style():
        fig, axes = plt.subplots(1, 2, figsize=(7.2, 2.9), sharex=True, layout="constrained")
        for ax, name, title in zip(axes, ("eps_t", "eps_g"), ("training, noisy labels", "held out, clean labels")):
            plot.curves(r, name, ax=ax)
            ax.set_title(title)
            ax.set_xscale("log")
            ax.set_ylim(0, 0.62)
        axes[0].set_ylabel(r"training error $\epsilon_t$")
        axes[1].set_ylabel(r"held-out error $\epsilon_g$")
        return list(plot.save(fig, out / "digits_student"))


images, labels = drawn_digits()
sweep = Sweep(
    name="digits_student",
    title="A perceptron tells 3 from 5, with redrawn labels",
    citation="Zhang, Bengio, Hardt, Recht & Vinyals, arXiv:1611.03530 (2017)",
    task=MonteCarlo(
        model=Perceptron(alpha=1.0, weights="spherical", inputs=Data(images, labels, classes=(3, 5))),
        sampler=Annealing(Billiards(), T_start=4.0, sweeps=64, schedule="geometric"),
        T=(0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2),
        replicas=2,
        sweeps=128,
        measure_every=4,
    ),
    grid={"model.r": [0.0, 0.1, 0.3, 0.5, 1.0]},
    samples=4,
    block=1,
    smoke={
        "model.alpha": 0.02, "model.r": [0.0, 0.5], "T": [0.1, 1.0], "sweeps": 64, "sampler.sweeps": 16, "samples": 2,
    },
    plot=figure,
)


if __name__ == "__main__":
    sweep.main()
