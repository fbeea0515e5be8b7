"""Where a perceptron generalises, memorises, over-trains or freezes: the (alpha, T) plane of two students.

Ising and spherical students learn from a teacher of their own kind; 20 % of the labels are redrawn (p = 0.1).  Where
random and teacher starts agree the value is equilibrium; where only the teacher's stays at R = 1, perfect and poor
generalisation coexist.  Ising weights flip one by one; random starts exchange temperatures, teacher starts do not (that
would melt a metastable state).  Spherical weights fly among the walls of the 0/1 error.  Colour: generalisation error
from random starts.

    python sims/generalization_map.py run         (4 minutes on two cores; --smoke: seconds)
"""

from pathlib import Path

import statmech
from statmech import Billiards, Metropolis, MonteCarlo, Perceptron, Sweep, Tempering, Zip
from statmech.phases import learner_phases
from statmech.theory.perceptron import PerceptronTheory

R_LABELS = 0.2
MARKS = {  # phase: (marker, words)
    "over_training": ("v", r"over-training: $d\epsilon_g/dT < 0$ (3 errors)"),
    "memorising": ("_", r"memorising: $\epsilon_t < p$ (3 errors)"),
    "coexistence": ("o", "teacher start keeps $R = 1$"),
    "perfect": ("*", "perfect generalisation found"),
    "glass": ("x", "glass"),
}


def figure(path: Path, out: Path) -> list[Path]:
    """One panel per student: error as colour, the lines of replica theory, the measured phases as marks."""
    import matplotlib.pyplot as plt

    from statmech import plot

    results = statmech.load(path)
    with plot.style():
        fig, axes = plt.subplots(1, 2, figsize=(7.2, 3.9), sharey=True, layout="constrained")
        for ax, weights in zip(axes, results["weights"].astype(str), strict=True):
            here = results.at(student=list(results["weights"].astype(str)).index(weights))
            theory = PerceptronTheory(weights, R_LABELS)
            plot.phase_diagram(here, "eps_g", start="random", ax=ax, theory=theory, limits=(0, 0.5))
            phases = learner_phases(here, R_LABELS / 2, theory)
            plot.mark_cells(ax, phases.alpha, phases.T, {w: (m, getattr(phases, k)) for k, (m, w) in MARKS.items()})
            ax.set_title(f"{'Ising' if weights == 'ising' else weights} student")
        return list(plot.save(fig, out / "generalization_map"))


sweep = Sweep(
    name="generalization_map",
    title="Phases of perceptron students, label noise p = 0.1",
    citation="Seung, Sompolinsky & Tishby, PRA 45, 6056 (1992)",
    task=MonteCarlo(
        model=Perceptron(n=255, alpha=1.0, r=R_LABELS),
        T=(0.2, 0.235, 0.27, 0.31, 0.355, 0.4, 0.4551, 0.52, 0.6, 0.7, 0.8, 0.92, 1.05, 1.2, 1.4, 1.7, 2.1),
        starts=("random", "teacher"),
        replicas=2,
    ),
    grid={
        "student": Zip(
            {
                "model.weights": ["ising", "spherical"],
                "model.n": [255, 129],
                "sampler": [{"random": Tempering(Metropolis(), every=4), "teacher": Metropolis()}, Billiards()],
                "sweeps": [4096, 256],
                "measure_every": [16, 2],
            }
        ),
        "model.alpha": [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0],
    },
    samples=4,
    block=2,
    smoke={
        "model.n": [31, 21], "model.alpha": [0.5, 3.0], "T": [0.3, 0.6, 1.0, 2.0], "sweeps": [128, 64], "samples": 2,
    },
    plot=figure,
)


if __name__ == "__main__":
    sweep.main()
