"""Memory of images: recall accuracy against the load, Hebb rule and pseudo-inverse rule.

Digits resemble each other.  The Hebb rule adds up what they share and fails after a few images; the
pseudo-inverse rule removes the overlaps and holds up to a large share of N.  Every recall starts from an image
with 10 % of its pixels reversed and quenches to a minimum.

    python sims/hopfield_digits.py run                                          (digits drawn by this script)
    python sims/hopfield_digits.py run -o model.patterns="mnist.npz:x_train[:500]" --out results/mnist
"""

from pathlib import Path

import numpy as np

import statmech
from statmech import Hopfield, MonteCarlo, Quench, StoredPatterns, Sweep

SIDE = 28
FONT = (  # 3 x 5 digits, one row of bits per line
    "111101101101111", "010110010010111", "111001111100111", "111001111001111", "101101111001001",
    "111100111001111", "111100111101111", "111001010010010", "111101111101111", "111101111001111",
)  # fmt: skip


def drawn_digits(count: int = 500) -> np.ndarray:
    """Images (count, 28, 28): digits of random stroke, place and size, drawn with a fixed seed."""
    rng = np.random.default_rng(28)
    images = np.zeros((count, SIDE, SIDE))
    for image in images:
        glyph = np.array(list(FONT[rng.integers(10)]), float).reshape(5, 3)
        height, width = rng.integers(15, 21), rng.integers(9, 14)
        rows, columns = np.arange(height) * 5 // height, np.arange(width) * 3 // width
        y, x = rng.integers(2, SIDE - height - 1), rng.integers(3, SIDE - width - 2)
        image[y : y + height, x : x + width] = glyph[np.ix_(rows, columns)]
    return images


def recalled(model, disorder, s):
    """1 where the image is recalled with at most 1 % of its pixels wrong, m >= 0.98."""
    return (model.observe(disorder, s)["m"] >= 0.98).astype(float)


def figure(path: Path, out: Path) -> list[Path]:
    """Recall accuracy and overlap against the number of images stored."""
    import matplotlib.pyplot as plt

    from statmech import plot

    r = statmech.load(path)
    stored = r["alpha"] * int(r.attrs.get("n", SIDE**2))
    with plot.style():
        fig, (left, right) = plt.subplots(1, 2, figsize=(7.2, 2.8), layout="constrained")
        for k, rule in enumerate(r["rule"].astype(str)):
            for ax, name in ((left, "recalled"), (right, "m")):
                ax.errorbar(stored, r[f"{name}_mean"][k, :, 0, 0], r[f"{name}_err"][k, :, 0, 0], fmt="o-", label=rule)
        left.set_ylabel("share of images recalled")
        right.set_ylabel("overlap with the image")
        for ax in (left, right):
            ax.set_xlabel(f"images stored, N = {round(stored[0] / r['alpha'][0])} pixels")
            ax.set_xscale("log")
            ax.set_ylim(-0.03, 1.03)
            ax.legend()
        return list(plot.save(fig, out / "hopfield_digits"))


LOADS = (1, 2, 3, 5, 7, 10, 20, 30, 40, 60, 100, 150, 200, 300, 400)
sweep = Sweep(
    name="hopfield_digits",
    title="Recall of images, Hebb rule and pseudo-inverse rule",
    citation="Personnaz, Guyon & Dreyfus, J. Physique Lett. 46, L359 (1985)",
    task=MonteCarlo(
        Hopfield(alpha=0.05, patterns=StoredPatterns(drawn_digits())),
        sampler=Quench(),
        T=(0.0,),
        starts=("pattern:0.1",),
        replicas=1,
        sweeps=256,
        measure_every=32,
        observables={"recalled": recalled},
    ),
    grid={"model.rule": ["hebb", "pseudoinverse"], "model.alpha": [round(P / SIDE**2, 5) for P in LOADS]},
    samples=60,
    block=20,
    smoke={"model.alpha": [0.00128, 0.0128, 0.0765], "samples": 8},
    plot=figure,
)

if __name__ == "__main__":
    sweep.main()
