"""The (alpha, T) phase diagram of the Hopfield model, simulated, with the replica lines over it.

Two classes of starts at every point: `pattern` begins on a stored pattern and moves by local flips, so it shows
where retrieval is (meta)stable; `random` begins anywhere and exchanges temperatures, so it shows equilibrium.

    python sims/hopfield_phases.py run            (2 minutes on two cores; --smoke: seconds)
"""

from pathlib import Path

import numpy as np

from statmech import Hopfield, Metropolis, MonteCarlo, Sweep, Tempering


def figure(path: Path, out: Path) -> list[Path]:
    """Retrieval overlap from a pattern start beside the spin-glass order of the equilibrium state."""
    import matplotlib.pyplot as plt

    from statmech import plot

    with plot.style():
        fig, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.1), sharey=True, layout="constrained")
        plot.phase_diagram(path, "m_abs", start="pattern", ax=left)
        plot.phase_diagram(path, "q_abs", start="random", ax=right)
        left.set_title("start on a pattern")
        right.set_title("random start, tempering")
        return list(plot.save(fig, out / "hopfield_phases"))


sweep = Sweep(
    name="hopfield_phases",
    title="Phase diagram of the Hopfield model",
    citation="Amit, Gutfreund & Sompolinsky, Ann. Phys. 173, 30 (1987)",
    task=MonteCarlo(
        model=Hopfield(n=300, alpha=0.1),
        sampler={"random": Tempering(), "pattern": Metropolis()},
        T=np.round(np.arange(0.05, 1.5, 0.05), 2),
        starts=("random", "pattern"),
        replicas=4,
        sweeps=1024,
        measure_every=2,
    ),
    grid={"model.alpha": np.round(np.arange(0.01, 0.2, 0.0125), 4)},
    samples=6,
    block=3,
    smoke={"model.n": 60, "model.alpha": [0.05, 0.15], "T": [0.2, 0.6, 1.0, 1.4], "sweeps": 128, "samples": 2},
    plot=figure,
)


if __name__ == "__main__":
    sweep.main()
