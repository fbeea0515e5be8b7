"""Retrieval state of the Hopfield model against replica theory: m, q and e from a pattern start, N = 4000.

    python sims/hopfield_retrieval.py run         (3 minutes on two cores)
"""

from pathlib import Path

import numpy as np

from statmech import Hopfield, MonteCarlo, Sweep


def figure(path: Path, out: Path) -> list[Path]:
    """Overlap, replica overlap and energy against T for every load, theory behind."""
    import matplotlib.pyplot as plt

    from statmech import plot

    with plot.style():
        fig, axes = plt.subplots(1, 3, figsize=(7.2, 2.6), layout="constrained")
        for ax, name in zip(axes, ("m_abs", "q_abs", "e")):
            plot.curves(path, name, ax=ax)
        return list(plot.save(fig, out / "hopfield_retrieval"))


sweep = Sweep(
    name="hopfield_retrieval",
    title="Retrieval state of the Hopfield model against replica theory",
    citation="Amit, Gutfreund & Sompolinsky, Ann. Phys. 173, 30 (1987)",
    task=MonteCarlo(
        Hopfield(n=4000, alpha=0.05),
        T=np.round(np.arange(0.05, 0.75, 0.05), 2),
        starts=("pattern",),
        replicas=2,
        sweeps=512,
        measure_every=4,
    ),
    grid={"model.alpha": [0.01, 0.03, 0.06, 0.1]},
    samples=16,
    smoke={"model.n": 200, "model.alpha": [0.02, 0.05], "T": [0.2, 0.4, 0.6], "sweeps": 128, "samples": 2},
    plot=figure,
)

if __name__ == "__main__":
    sweep.main()
