"""Label noise: does it push a student into over-training, and do temperature or margin bring it back?

A share r of the labels is redrawn (flip probability p = r/2).  Error against temperature for spherical students,
training error, the Ising student for contrast, and the least error over temperature and margin against r, with
replica theory.  Over-training: eps_g rises as T falls below T_opt.  Memorising: eps_t < p, below T_N.

    python sims/label_noise.py run                (10 minutes on two cores)
    python sims/label_noise.py plot               (prints the table)
"""

from pathlib import Path

import numpy as np
from scipy.interpolate import PchipInterpolator

import statmech
from statmech import Billiards, Metropolis, MonteCarlo, Perceptron, Sweep, Tempering, Zip
from statmech.theory.perceptron import solve
from statmech.theory.perceptron_lines import T_N
from statmech.theory.perceptron_load import least_error, least_error_with_margin
from statmech.theory.perceptron_temperatures import T_opt, T_th

ALPHA = 2.5
SHARES = (0.0, 0.05, 0.1, 0.2, 0.4)
WITH_MARGIN = (0.0, 0.1)
MARGIN = 0.25  # near the best one for every r
GAUSSIAN, BINARY = "gaussian", "binary"


def paired(samples: np.ndarray, function=np.mean) -> tuple[float, float]:
    """function(mean over samples) with its jackknife error; disorder is the last axis."""
    n = samples.shape[-1]
    one_out = [function(np.delete(samples, k, axis=-1).mean(-1)) for k in range(n)]
    return float(function(samples.mean(-1))), float(np.sqrt((n - 1) * np.var(one_out)))


def row(r: statmech.Results, weights: str, share: float, kappa: float = 0.0) -> int:
    """Number of the set of runs."""
    match = (r["weights"].astype(str) == weights) & np.isclose(r["r"], share) & np.isclose(r["kappa"], kappa)
    return int(np.flatnonzero(match)[0])


def settled(r: statmech.Results, k: int) -> np.ndarray:
    """Temperatures at which most samples are in equilibrium."""
    return (r["status"][k] != 4).mean(-1) >= 0.5


def best(r: statmech.Results, k: int) -> tuple[float, float, float]:
    """(least eps_g over the temperatures in equilibrium, its error, where)."""
    eps = np.where(settled(r, k), r["eps_g_mean"][k, :, 0], np.inf)
    t = int(eps.argmin())
    return float(eps[t]), float(r["eps_g_err"][k, t, 0]), float(r["T"][t])


def report(r: statmech.Results) -> None:
    """The numbers of docs/label_noise.md."""
    T = r["T"]
    for share in np.unique(r["r"]):
        k, p = row(r, "spherical", share), share / 2
        eps, fine = r["eps_g"][k, :, :, 0], settled(r, row(r, "spherical", share))
        coldest = int(np.flatnonzero(fine)[0]) if fine.any() else len(T) - 1
        warm = int(np.abs(np.log(T / max(float(T_opt(ALPHA, p)), T[0]))).argmin())
        rise = paired(eps[coldest] - eps[warm]) if coldest < warm else (np.nan, np.nan)
        low, error, where = best(r, k)
        frozen = paired(eps[0] - eps[warm])
        theory = least_error(ALPHA, share)
        text = f"r = {share:g}: least eps_g {low:.4f} +- {error:.4f} at T = {where:g}"
        text += f" (theory {float(theory.eps_g):.4f} at {float(theory.T):.3f})"
        if share in WITH_MARGIN:
            text += ", with margin {:.4f} +- {:.4f}".format(*best(r, row(r, "spherical", share, MARGIN)))
        text += f"; eps_g({T[coldest]:g}) - eps_g({T[warm]:g}) = {rise[0]:.4f} +- {rise[1]:.4f}"
        text += f", eps_g({T[0]:g}) - eps_g({T[warm]:g}) = {frozen[0]:.4f} +- {frozen[1]:.4f} (in equilibrium or not)"
        if share:
            def crossing(e: np.ndarray, target: float = p) -> float:
                return float(PchipInterpolator(np.maximum.accumulate(e) + 1e-9 * np.arange(len(e)), T)(target))

            line = paired(r["eps_t"][k, :, :, 0], crossing)
            text += f"; eps_t = p at T = {line[0]:.3f} +- {line[1]:.3f}, T_N = {float(T_N(p)):.3f}"
        print(text)


def figure(path: Path, out: Path) -> list[Path]:
    """eps_g and eps_t against T, the Ising student, and the least error against r."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    from statmech import plot

    r = statmech.load(path)
    report(r)
    T, grid = r["T"], np.geomspace(r["T"].min(), r["T"].max(), 80)
    shares = np.unique(r["r"])
    with plot.style():
        fig, ((a, b), (c, d)) = plt.subplots(2, 2, figsize=(7.2, 5.4), layout="constrained")
        for colour, share in zip(mpl.colormaps["viridis"](np.linspace(0, 0.85, len(shares))), shares):
            for ax, weights, name in ((a, "spherical", "eps_g"), (b, "spherical", "eps_t"), (c, "ising", "eps_g")):
                k = row(r, weights, share)
                theory = getattr(solve(ALPHA, grid, share / 2, weights), name)
                ax.plot(grid, theory, color=colour, lw=1.0)
                for chosen, face in ((settled(r, k), colour), (~settled(r, k), "white")):
                    ax.errorbar(T[chosen], r[f"{name}_mean"][k, chosen, 0], r[f"{name}_err"][k, chosen, 0], fmt="o",
                                ms=3.2, color=colour, mfc=face, elinewidth=0.8)  # fmt: skip
            a.plot([], [], "o-", ms=3.2, lw=1.0, color=colour, label=f"$r={share:g}$")
            if share:
                low = least_error(ALPHA, share)
                a.plot(low.T, low.eps_g, "|", color=colour, ms=11, mew=1.4)
                b.plot(T_N(share / 2), share / 2, "|", color=colour, ms=11, mew=1.4)
            if np.isfinite(T_th(ALPHA, share / 2)):
                c.axvline(float(T_th(ALPHA, share / 2)), color=colour, ls=":", lw=0.9)
        fine = np.linspace(0.005, max(shares), 40)
        clean = solve(ALPHA * (1 - fine), 0.0, 0.0, "spherical")
        d.plot(fine, least_error(ALPHA, fine).eps_g, "C0-", lw=1.0)
        some = np.linspace(0.01, max(shares), 8)
        d.plot(some, least_error_with_margin(ALPHA, some).eps_g, "C1-", lw=1.0)
        d.plot(fine, solve(ALPHA, T_N(fine / 2), fine / 2, "spherical").eps_avg, "C2-", lw=1.0)
        d.plot(fine, clean.eps_g, "k--", lw=0.9, label=r"$r\,m$ examples removed, $T=0$ (theory)")
        margin = rf"best $T$, margin ${MARGIN}$ (line: best margin)"
        for colour, kappa, label, own in (("C0", 0.0, "best $T$", shares), ("C1", MARGIN, margin, WITH_MARGIN)):
            points = np.array([best(r, row(r, "spherical", s, kappa)) for s in own])
            d.errorbar(own, points[:, 0], points[:, 1], fmt="o", ms=3.5, color=colour, label=label)
        noisy = [s for s in shares if s and np.abs(T / T_N(s / 2) - 1).min() < 0.01]
        at = [(row(r, "spherical", s), int(np.abs(T - T_N(s / 2)).argmin())) for s in noisy]
        d.errorbar(noisy, [r["eps_avg_mean"][k, t, 0] for k, t in at], [r["eps_avg_err"][k, t, 0] for k, t in at],
                   fmt="s", ms=3.5, color="C2", label=r"average of students at $T_N$ (Bayes)")  # fmt: skip
        a.set(title=r"spherical student, bars: $T_\mathrm{opt}$", ylabel=r"$\epsilon_g$")
        b.set(title=r"spherical student, bars: $\epsilon_t=p$ at $T_N$", ylabel=r"$\epsilon_t$", ylim=(0, 0.45))
        b.set_yscale("symlog", linthresh=0.02)
        c.set(title=r"Ising student, dots: $T_\mathrm{th}$, curves: $R<1$", ylabel=r"$\epsilon_g$")
        for ax in (a, b, c):
            ax.set(xscale="log", xlabel=r"temperature $T$")
        d.set(title="least error", xlabel="share of labels redrawn $r$", ylabel=r"$\min\,\epsilon_g$", ylim=(0, None))
        a.legend(title="open: not equilibrated", title_fontsize=6)
        d.legend(loc="lower right", title="lines: replica theory", title_fontsize=6)
        fig.suptitle(rf"$\alpha={ALPHA:g}$; lines: Gyorgyi & Tishby 1990; Seung, Sompolinsky & Tishby 1992", fontsize=7)
        return list(plot.save(fig, out / "label_noise"))


def sets(*kinds: tuple) -> Zip:
    """Every kind (shares of redrawn labels, weights, n, inputs, kernel, margin) at each of its shares."""
    names = ("model.r", "model.weights", "model.n", "model.inputs", "sampler.inner", "model.kappa")
    rows = [(share, *kind) for shares, *kind in kinds for share in shares]
    return Zip(dict(zip(names, map(list, zip(*rows)))))


sweep = Sweep(
    name="label_noise",
    title="Students of noisy labels: over-training, memorising and the least error",
    citation="Martin & Mahoney, arXiv:1710.09553 (2017); Gyorgyi & Tishby (1990); Seung et al., PRA 45, 6056 (1992)",
    task=MonteCarlo(
        Perceptron(n=64, alpha=ALPHA, weights="spherical", inputs=GAUSSIAN),
        sampler=Tempering(Billiards()),
        T=(0.05, 0.07, 0.1, 0.13, 0.17, 0.22, 0.2729, 0.3396, 0.4551, 0.57, 0.7213, 1.0, 1.5, 2.2, 3.2),
        replicas=2,
        sweeps=1024,
    ),
    grid={
        "set": sets(
            (SHARES, "spherical", 64, GAUSSIAN, Billiards(), 0.0),
            (WITH_MARGIN, "spherical", 64, GAUSSIAN, Billiards(), MARGIN),
            (SHARES, "ising", 63, BINARY, Metropolis(), 0.0),
        )
    },
    samples=48,
    block=4,
    smoke={"T": [0.1, 0.2, 0.4551, 0.7213, 1.5], "sweeps": 64, "samples": 2},
    plot=figure,
)

if __name__ == "__main__":
    sweep.main()
