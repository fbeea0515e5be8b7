"""Is each randomised labelling another minimum?  Students of independent relabellings of the same inputs.

Every sample has one set of inputs, one teacher and three independent redraws of a share r of the labels, each learned
by students of its own (tempering).  Overlaps of two students of one labelling and of two against T, with theory; the
training error that a path between the coldest students must climb; whether a student of another labelling sits in a
minimum; all valleys of the energy for N <= 17; the Rademacher complexity 1 - 2 e_gs of random labels.

    python sims/relabelling.py run                (3 minutes on two cores)
    python sims/relabelling.py plot               (prints the table)
"""

from pathlib import Path

import numpy as np

import statmech
from statmech import Billiards, Metropolis, Perceptron, Sweep, Tempering, Zip
from statmech.tasks.relabelled import Relabelled
from statmech.theory.perceptron import solve
from statmech.theory.perceptron_ground import rademacher
from statmech.theory.perceptron_relabelled import relabelled_overlap

FLIPS, FLIGHTS = Metropolis(), Billiards()
OVERLAPS = [("spherical", 64, 2.0, r, FLIGHTS) for r in (0.2, 0.5, 1.0)] + [
    ("ising", 101, 1.0, r, FLIPS) for r in (0.2, 0.5, 1.0)
]
VALLEYS = [("ising", n, 1.0, r, FLIPS) for r in (0.0, 1.0) for n in (9, 11, 13, 15, 17)]
LOADS = [("ising", 17, a, 1.0, FLIPS) for a in (0.5, 1.5, 2.0, 3.0, 4.0, 6.0)]
LOADS += [("ising", 51, a, 1.0, FLIPS) for a in (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)]
LOADS += [("spherical", 32, a, 1.0, FLIGHTS) for a in (1.0, 2.0, 3.0, 4.0, 6.0)]

CLIMBS = (
    ("climb_same", "C0", "climb, one labelling"),
    ("climb_other", "C1", "climb, two labellings"),
    ("eps_foreign", "C4", r"$\epsilon_t$ on the other labels"),
    ("eps_own", "k", r"$\epsilon_t$ on its own"),
)


def rows(results: statmech.Results, /, **where: object) -> np.ndarray:
    """Numbers of the sets with these parameters."""
    keep = np.ones(len(results["r"]), bool)
    for name, value in where.items():
        held = results[name]
        keep &= held.astype(str) == value if isinstance(value, str) else np.isclose(held.astype(float), value)
    return np.flatnonzero(keep)


def report(r: statmech.Results) -> None:
    """The numbers of docs/label_noise.md."""
    def text(name: str, k: int, *at: int) -> str:
        return f"{r[f'{name}_mean'][(k, *at)]:.3f} +- {r[f'{name}_err'][(k, *at)]:.3f}"

    for k in np.flatnonzero((r["valleys_mean"] != r["valleys_mean"]) & (r["r"] < 1.1)):
        if (r["weights"].astype(str)[k], r["n"][k]) not in (("ising", OVERLAPS[-1][1]), ("spherical", OVERLAPS[0][1])):
            continue
        t, weights = int(np.abs(r["T"] - 0.55).argmin()), r["weights"].astype(str)[k]
        at = (r["alpha"][k], r["T"][t], r["r"][k] / 2, weights)
        print(f"{weights} r = {r['r'][k]:g}, T = {r['T'][t]:g}: "
              f"q_same {text('q_same', k, t)} ({float(solve(*at).q):.3f}), "
              f"q_other {text('q_other', k, t)} ({float(relabelled_overlap(*at)):.3f}); coldest: eps_own "
              f"{text('eps_own', k)}, eps_foreign {text('eps_foreign', k)}, climb_same {text('climb_same', k)}, "
              f"climb_other {text('climb_other', k)}, foreign minima {text('minimum', k)}")  # fmt: skip
    for share in (0.0, 1.0):
        k = rows(r, weights="ising", r=share, alpha=1.0)
        k = k[np.isfinite(r["valleys_mean"][k])]
        rate = r["ln_valleys"][k]
        slope = [np.polyfit(r["n"][k], np.delete(rate, i, 1).mean(1), 1)[0] for i in range(rate.shape[1])]
        error = np.sqrt((len(slope) - 1) * np.var(slope))
        print(f"valleys, r = {share:g}: {dict(zip(r['n'][k].tolist(), r['valleys_mean'][k].round(1).tolist()))}, "
              f"d <ln number> / dN = {np.polyfit(r['n'][k], rate.mean(1), 1)[0]:.3f} +- {error:.3f}")  # fmt: skip


def overlaps(ax, r: statmech.Results, weights: str, n: int, T: np.ndarray) -> None:
    """q of one labelling (discs, full lines) and of two (squares, dashes) against T."""
    for colour, k in zip(("C0", "C1", "C2"), rows(r, weights=weights, n=n)):
        fine = (r["status"][k] != 4).mean(-1) >= 0.5
        at = (r["alpha"][k], T, r["r"][k] / 2, weights)
        ax.plot(T, solve(*at).q, color=colour, lw=1.0)
        ax.plot(T, relabelled_overlap(*at), color=colour, lw=1.0, ls="--")
        for name, marker in (("q_same", "o"), ("q_other", "s")):
            for chosen, face in ((fine, colour), (~fine, "white")):
                ax.errorbar(r["T"][chosen], r[f"{name}_mean"][k, chosen], r[f"{name}_err"][k, chosen], fmt=marker,
                            ms=3.2, color=colour, mfc=face, elinewidth=0.8)  # fmt: skip
        ax.plot([], [], "-", color=colour, label=f"$r={r['r'][k]:g}$")
    ax.set(xscale="log", xlabel=r"temperature $T$", ylabel="overlap")
    ax.set_xticks([0.1, 0.3, 1, 3], ["0.1", "0.3", "1", "3"], minor=False)
    ax.minorticks_off()
    ax.set_title(rf"{weights.capitalize()}, $\alpha={r['alpha'][k]:g}$, $N={n}$")


def figure(path: Path, out: Path) -> list[Path]:
    """Overlaps, their distribution, climbs, valleys and the Rademacher complexity."""
    import matplotlib.pyplot as plt

    from statmech import plot

    r = statmech.load(path)
    report(r)
    sphere, ising = (int(r["n"][rows(r, weights=w)[0]]) for w in ("spherical", "ising"))
    T = np.geomspace(0.2, 3.2, 9)
    with plot.style():
        fig, ((a, b, c), (d, e, f)) = plt.subplots(2, 3, figsize=(7.2, 4.8), layout="constrained")
        overlaps(a, r, "spherical", sphere, T)
        overlaps(b, r, "ising", ising, T)
        a.plot([], [], "ko-", ms=3.2, label="one labelling")
        a.plot([], [], "ks--", ms=3.2, label="two labellings")
        a.legend(title="open: not equilibrated\nlines: replica theory", title_fontsize=5.5, fontsize=6)
        t = int(np.abs(r["T"] - 0.55).argmin())
        for colour, k in zip(("C0", "C1", "C2"), rows(r, weights="ising", n=ising)):
            for name, dash in (("P_same", "-"), ("P_other", "--")):
                c.step(r["overlap_bin"], r[f"{name}_mean"][k, t], color=colour, ls=dash, lw=1.0, where="mid")
        c.set(xlabel="overlap $q$", ylabel="$P(q)$", title=f"Ising, $T={r['T'][t]:g}$", xlim=(-0.5, 1.0))
        for weights, n, marker in (("ising", ising, "o"), ("spherical", sphere, "^")):
            k = rows(r, weights=weights, n=n)
            for name, colour, label in CLIMBS:
                d.errorbar(r["r"][k], r[f"{name}_mean"][k], r[f"{name}_err"][k], fmt=marker + "-", ms=3.2, lw=0.7,
                           color=colour, label=label if weights == "ising" else None)  # fmt: skip
        d.set(xlabel="share of labels redrawn $r$", ylabel="share of examples", ylim=(0, None),
              title="coldest (discs Ising, triangles sph.)")  # fmt: skip
        d.legend(fontsize=5.5)
        for colour, share in (("C0", 0.0), ("C2", 1.0)):
            k = rows(r, weights="ising", r=share, alpha=1.0)
            k = k[np.isfinite(r["valleys_mean"][k])]
            rate = r["ln_valleys"][k]
            error = rate.std(1, ddof=1) / np.sqrt(rate.shape[1])
            e.errorbar(r["n"][k], rate.mean(1), error, fmt="o-", ms=3.2, lw=0.7, color=colour, label=f"$r={share:g}$")
        e.set(xlabel="$N$", ylabel=r"$\langle\ln$ number of valleys$\rangle$", title=r"Ising, $\alpha=1$, all students")
        e.legend()
        load = np.linspace(0.3, 6, 20)
        for weights, colour, dash in (("ising", "C0", "-"), ("spherical", "C1", "-")):
            f.plot(load, rademacher(load, weights), color=colour, ls=dash, lw=1.0, label=f"{weights}, theory")
        for weights, n, name, mark in (("ising", 17, "eps_exact", "C0s"), ("ising", 51, "eps_least", "C0o"),
                                       ("spherical", 32, "eps_least", "C1o")):  # fmt: skip
            k = rows(r, weights=weights, n=n, r=1.0)
            k = k[np.argsort(r["alpha"][k])]
            how = "exact" if name == "eps_exact" else "least met"
            f.errorbar(r["alpha"][k], 1 - 2 * r[f"{name}_mean"][k], 2 * r[f"{name}_err"][k], fmt=mark[2], ms=3.2,
                       color=mark[:2], label=f"{weights}, $N={n}$, {how}")  # fmt: skip
        f.set(xlabel=r"load $\alpha$", ylabel=r"$1-2e_\mathrm{gs}$", title="Rademacher complexity")
        f.legend(fontsize=5.5)
        return list(plot.save(fig, out / "relabelling"))


def sets(kinds: list[tuple]) -> Zip:
    """One set per (weights, n, alpha, r, kernel)."""
    names = ("model.weights", "model.n", "model.alpha", "model.r", "sampler.inner")
    return Zip(dict(zip(names, map(list, zip(*kinds)))))


sweep = Sweep(
    name="relabelling",
    title="Students of independent relabellings of the same inputs",
    citation="Martin & Mahoney, arXiv:1710.09553 (2017); Gardner & Derrida, J. Phys. A 21, 271 (1988)",
    task=Relabelled(
        Perceptron(n=64, weights="spherical", inputs="gaussian"),
        sampler=Tempering(FLIGHTS),
        T=(0.1, 0.15, 0.2, 0.28, 0.4, 0.55, 0.75, 1.0, 1.5, 2.2, 3.2),
        sweeps=512,
        enumerate_up_to=17,
    ),
    grid={"set": sets(OVERLAPS + VALLEYS + LOADS)},
    samples=12,
    block=4,
    smoke={"set": sets(OVERLAPS + VALLEYS[:2] + VALLEYS[5:7]), "T": [0.2, 0.55, 1.0], "sweeps": 64, "samples": 2},
    plot=figure,
)

if __name__ == "__main__":
    sweep.main()
