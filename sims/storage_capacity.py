"""Storage of random labels: the share of instances that some student stores without error, against the load.

Spherical weights: linear programming decides every instance exactly; Cover's count C(P, N)/2^P is exact at every N and
passes 1/2 at alpha = 2, Gardner's capacity.  With a margin kappa = 1 the capacity is 0.5196: maximum stability
(adatron) tells.  Ising weights: all 2^N students are tried; above N = 21 tempering looks for one without error, which
gives a lower bound.  The entropy of the solutions vanishes at alpha = 0.833.

    python sims/storage_capacity.py run           (5 minutes on two cores; --smoke: seconds)
    python sims/storage_capacity.py plot          (runs the tempering first, 1 minute)
"""

import json
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

import statmech
from statmech import Metropolis, MonteCarlo, Perceptron, Sweep, Tempering, Zip
from statmech.rules import Adatron, Enumeration, LinearProgram
from statmech.tasks.learner import Learner
from statmech.theory.capacity_bounds import cover
from statmech.theory.perceptron_storage import binary_capacity, gardner_capacity, kappa_max

WIDE, NARROW = (1.4, 1.6, 1.8, 1.9, 2.0, 2.1, 2.2, 2.4, 2.6), (1.8, 1.9, 2.0, 2.1, 2.2)
MARGIN = (0.3, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 1.0, 1.25, 1.5)
ISING = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 1.0, 1.1)
CURVES = (
    *(("spherical", LinearProgram(), WIDE if n < 200 else NARROW, n) for n in (20, 50, 100, 200)),
    *(("spherical", Adatron(max_iterations=1000), MARGIN, n) for n in (50, 100, 200)),
    *(("ising", Enumeration(), ISING, n) for n in (11, 15, 21)),
)
POINTS = [
    {
        "model.weights": weights, "rule": rule, "model.alpha": a, "model.n": n,
        "model.inputs": "gaussian" if weights == "spherical" else "binary",  # Cover: examples in general position
    }
    for weights, rule, loads, n in CURVES
    for a in loads
]  # fmt: skip


def half_load(alpha: np.ndarray, hits: np.ndarray) -> tuple[float, float]:
    """Load at which half are stored, from hits (alpha, sample) of 0 and 1: logistic fit, jackknife error."""

    def fit(h: np.ndarray) -> float:
        def loss(p):
            x = (p[0] - alpha) * np.exp(p[1])
            return (h.shape[1] * np.logaddexp(0, x) - h.sum(1) * x).sum()

        return minimize(loss, (alpha.mean(), 2.5), method="Nelder-Mead").x[0]

    groups = np.array_split(np.arange(hits.shape[1]), min(20, hits.shape[1]))
    left = np.array([fit(np.delete(hits, g, axis=1)) for g in groups])
    return fit(hits), float(np.sqrt((len(left) - 1) * left.var()))


def stored(model, disorder, s):
    """1 where the student makes no error."""
    return (model.observe(disorder, s)["eps_t"] == 0).astype(float)


tempered = Sweep(
    name="tempered",
    task=MonteCarlo(
        Perceptron(n=41, labels="random"), Tempering(Metropolis()), sweeps=1024,
        T=(0.15, 0.2, 0.25, 0.3, 0.36, 0.44, 0.55, 0.7, 1.0), observables={"stored": stored},
    ),
    grid={"model.n": [31, 41], "model.alpha": [0.6, 0.7, 0.75, 0.8, 0.85, 0.9]},
    samples=50, block=25,
    smoke={"sweeps": 256, "samples": 4, "model.n": [15]},
)  # fmt: skip


def figure(path: Path, out: Path) -> list[Path]:
    """Stored shares of both kinds of weights, and the largest stability; prints capacities with errors."""
    import matplotlib.pyplot as plt

    from statmech import plot

    r = statmech.load(path)
    full = json.loads(r.attrs["spec"])["samples"] > sweep.smoke["samples"]
    search = tempered.resolve(smoke=not full).run(Path(path).parent / "tempered", quiet=True)
    rule = np.array([str(x).partition("(")[0] for x in r["rule"].astype(str)])
    with plot.style():
        fig, axes = plt.subplots(1, 3, figsize=(7.2, 2.9), layout="constrained")
        for ax, kind, margin in zip(axes, ("LinearProgram", "Enumeration", "Adatron"), (0.0, 0.0, 1.0)):
            chi2, style = [], "o" if kind == "LinearProgram" else "o-"
            for k, n in enumerate(np.unique(r["n"][rule == kind])):
                at = np.flatnonzero((rule == kind) & (r["n"] == n))
                alpha = np.round(r["alpha"][at] * n) / n  # P is a whole number
                hits = (r["kappa_min"][at] >= margin).astype(float) if margin else r["stored"][at]
                share, trials = hits.mean(1), hits.shape[1]
                half, error = half_load(alpha, hits)
                spread = np.sqrt(share * (1 - share) * trials + 0.25) / (trials + 1)
                ax.errorbar(alpha, share, spread, fmt=style, ms=4, color=f"C{k}", label=f"$N={n}$")
                print(f"{kind:13s} kappa={margin:g} N={n:<4} half of {trials} at alpha = {half:.4f} +- {error:.4f}")
                if kind == "LinearProgram":
                    P = np.arange(n, 3 * n)
                    ax.plot(P / n, [cover(int(p), int(n)) / 2 ** int(p) for p in P], "-", color=f"C{k}", lw=1)
                    exact = np.array([cover(round(a * n), int(n)) / 2 ** round(a * n) for a in alpha])
                    chi2 += list((share - exact) ** 2 / (exact * (1 - exact) / trials))
                if kind == "Adatron":
                    for a in (0.5, 1.0, 1.5):
                        i = at[np.abs(alpha - a).argmin()]
                        m, e, t = r["kappa_min_mean"][i], r["kappa_min_err"][i], float(kappa_max(a))
                        print(f"  N={n:<4} alpha={a}: kappa_max {m:.4f} +- {e:.4f}, theory {t:.4f}")
            if chi2:
                z = f"mean z^2 = {np.mean(chi2):.2f} over {len(chi2)} points, largest |z| = {max(chi2) ** 0.5:.2f}"
                print("against Cover's count:", z)
        for k, n in enumerate(search["n"]):
            found = (search["stored"][k, :, :, :, 0] > 0).any(1).mean(-1)
            axes[1].plot(search["alpha"], found, "^", mfc="white", color=f"C{k + 3}", label=f"$N={n}$, found")
            print(f"tempering     N={n:<4} found:", *(f"{a:g}: {x:.2f}," for a, x in zip(search["alpha"], found)))
        lines = (float(gardner_capacity(0.0)), float(binary_capacity().alpha), float(gardner_capacity(1.0)))
        names = ("spherical", "Ising", r"spherical, $\kappa=1$")
        for ax, line, name in zip(axes, lines, names):
            ax.axvline(line, color="k", ls=":", lw=0.9, label=rf"$\alpha_c={line:.4g}$")
            ax.set_title(name)
            ax.set_xlabel(r"load $\alpha$")
            ax.legend(fontsize=6)
        axes[2].set_xlim(0.25, 0.8)
        axes[0].set_xlim(1.3, 2.7)
        axes[0].set_ylabel("share of instances stored")
        return list(plot.save(fig, out / "storage_capacity"))


sweep = Sweep(
    name="storage_capacity",
    title="Storage capacity of the perceptron",
    citation="Cover (1965); Gardner, J. Phys. A 21, 257 (1988); Krauth & Mezard, J. Phys. France 50, 3057 (1989)",
    task=Learner(Perceptron(n=20, labels="random"), Adatron(), iterations=1000),
    grid={"point": Zip({key: [point[key] for point in POINTS] for key in POINTS[0]})},
    samples=100,
    block=25,
    smoke={"samples": 4, "block": 4},
    plot=figure,
)

if __name__ == "__main__":
    sweep.main()
