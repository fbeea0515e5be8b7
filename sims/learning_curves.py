"""Learning curves: the generalisation error of every rule against the load, on the same examples, with theory.

Three panels: spherical teacher without noise and with p = 0.1 of the labels flipped, Ising teacher with p = 0.1.
N = 1001, 10 instances; maximum stability beyond alpha = 2 N = 301, open points.  The pseudo-inverse loses the student
at alpha = 1, where it has as many equations as weights.  (N = 4000: make test-slow, tests/rules/test_rules_physics.py.)

    python sims/learning_curves.py run            (4 minutes on two cores; --smoke: seconds)
    python sims/learning_curves.py plot           (draws, and prints every point beside theory)
"""

from pathlib import Path

import numpy as np

import statmech
from statmech import Perceptron, Sweep, Zip
from statmech.rules import AMP, Adatron, Hebb, PseudoInverse, Rosenblatt
from statmech.tasks.learner import Learner
from statmech.theory import learning_curves as theory
from statmech.theory import state_evolution
from statmech.theory.perceptron import solve
from statmech.theory.perceptron_lines import T_N

LOADS = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0)
PEAK = (0.75, 0.9, 1.1, 1.25)  # more points of the pseudo-inverse
CURVES = (  # weights, p, rule, loads
    ("spherical", 0.0, Hebb(), LOADS),
    ("spherical", 0.0, PseudoInverse(tolerance=1e-5), (*LOADS, *PEAK)),
    ("spherical", 0.0, Rosenblatt(), (0.5, 1.0, 2.0, 3.0)),
    ("spherical", 0.0, Adatron(tolerance=1e-2), LOADS),
    ("spherical", 0.0, AMP.bayes(0.0, prior="spherical", tolerance=1e-5), LOADS),
    ("spherical", 0.1, Hebb(), LOADS),
    ("spherical", 0.1, PseudoInverse(tolerance=1e-5), (0.25, 0.5, 0.75, 0.9, 1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)),
    ("spherical", 0.1, Adatron(tolerance=1e-2), (0.25, 0.5, 1.0, 1.5, 2.0)),  # zero errors are possible up to 2.99
    ("spherical", 0.1, AMP.bayes(0.1, prior="spherical", tolerance=1e-5), LOADS),
    ("ising", 0.1, Hebb(), (0.25, 0.5, 1.0, 2.0, 4.0, 7.0)),
    ("ising", 0.1, AMP.bayes(0.1, prior="ising", tolerance=1e-5), (0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 3.5, 4.0)),
)
POINTS = [
    {"model.weights": w, "model.r": 2 * p, "rule": rule, "model.alpha": a,
     "model.n": 301 if isinstance(rule, Adatron) and a > 2 else 1001}
    for w, p, rule, loads in CURVES
    for a in loads
]  # fmt: skip


def predicted(rule: str, weights: str, p: float, alpha: np.ndarray) -> np.ndarray | None:
    """eps_g of the theory of a rule as N -> infinity; None if it has none."""
    if rule == "AMP":
        return np.array([state_evolution.fixed_point(a, p, prior=weights, tolerance=1e-11).eps_g for a in alpha])
    curves = {"Hebb": theory.hebb, "PseudoInverse": theory.least_squares, "Adatron": theory.max_stability}
    return np.asarray(curves[rule](alpha, p).eps_g) if rule in curves else None


NAMES = {"PseudoInverse": "pseudo-inverse", "Adatron": "maximum stability", "AMP": "message passing (Bayes)"}
COLOURS = {"Hebb": "C0", "PseudoInverse": "C1", "Rosenblatt": "C2", "Adatron": "C3", "AMP": "C4"}


def figure(path: Path, out: Path) -> list[Path]:
    """eps_g against alpha; prints measured values, theory and their difference in standard errors."""
    import matplotlib.pyplot as plt

    from statmech import plot

    r = statmech.load(path)
    rule = np.array([str(x).partition("(")[0] for x in r["rule"].astype(str)])
    panels = (("spherical", 0.0), ("spherical", 0.1), ("ising", 0.1))
    with plot.style():
        fig, axes = plt.subplots(1, 3, figsize=(7.2, 3.2), sharey=True, layout="constrained")
        for ax, (weights, p) in zip(axes, panels):
            here = (r["weights"].astype(str) == weights) & (np.abs(r["r"] / 2 - p) < 1e-9)
            for name in [name for name in COLOURS if (here & (rule == name)).any()]:
                chosen = np.flatnonzero(here & (rule == name))
                alpha, n = r["alpha"][chosen], r["n"][chosen]
                mean, error = r["eps_g_mean"][chosen], r["eps_g_err"][chosen]
                for size, fill in ((n == r["n"].max(), None), (n < r["n"].max(), "white")):
                    ax.errorbar(alpha[size], mean[size], error[size], fmt="o", ms=3.5, mfc=fill, color=COLOURS[name])
                line = np.geomspace(0.2, 10, 60)
                if name == "PseudoInverse":
                    line = np.sort(np.append(line, 1 + np.array([-0.1, -0.03, -0.003, 0, 0.003, 0.03, 0.1])))
                curve = predicted(name, weights, p, line)
                ax.plot([], [], "o-" if curve is not None else "o", color=COLOURS[name], label=NAMES.get(name, name))
                if curve is not None:
                    ax.plot(line, curve, "-", color=COLOURS[name], lw=1)
                    z2 = ((mean - predicted(name, weights, p, alpha)) / error)[np.abs(alpha - 1) > 0.2] ** 2
                    print(f"{name}: mean z^2 = {z2.mean():.2f}, largest |z| = {z2.max() ** 0.5:.2f}, {z2.size} loads")
                    for a, m, e, N, t in zip(alpha, mean, error, n, predicted(name, weights, p, alpha)):
                        z = f"({m - t:+.5f} = {(m - t) / e:+5.2f} errors)" if e > 0 else ""
                        head = f"{weights:9s} p={p:<4} {name:14s} N={N:<5} alpha={a:<5}"
                        print(head, f"{m:.5f} +- {e:.5f}  theory {t:.5f} {z}")
            line = np.geomspace(0.2, 10, 60)
            gibbs = theory.gibbs(line).eps_g if p == 0 else solve(line, T_N(p), p, weights).eps_g
            ax.plot(line, gibbs, "k--", lw=1, label="Gibbs (theory)")
            ax.set_title(f"{weights}, $p={p:g}$")
            ax.set_xscale("log")
            ax.set_xlabel(r"load $\alpha$")
            ax.set_ylim(0, 0.52)
        axes[0].set_ylabel(r"generalisation error $\epsilon_g$")
        axes[0].legend(fontsize=6, loc="lower left")
        return list(plot.save(fig, out / "learning_curves"))


sweep = Sweep(
    name="learning_curves",
    title="Learning curves of the rules of the perceptron",
    citation="Opper, Kinzel, Kleinz & Nehl, J. Phys. A 23, L581 (1990); Opper & Haussler, PRL 66, 2677 (1991)",
    task=Learner(Perceptron(n=1001, weights="spherical"), Hebb(), iterations=3000),
    grid={"point": Zip({key: [point[key] for point in POINTS] for key in POINTS[0]})},
    samples=10,
    block=2,
    smoke={"model.n": 61, "samples": 2},
    plot=figure,
)

if __name__ == "__main__":
    sweep.main()
