"""Does randomising labels lower the load?  The equivalent clean load a*(alpha, p, T), measured, against the claim.

Martin & Mahoney (arXiv:1710.09553): labels of which a share r is redrawn act like a load alpha (1 - r), alpha (1 - 2p).
a* is the load of clean examples at which a student of the same temperature has the same generalisation error.  Left:
a*/alpha against T with replica theory, the claim 1 - 2p, (1 - 2p)^2 and 1 - h2(p).  Right, the control: removing the
redrawn examples gives the claimed load by construction; randomising them costs more.  All loads share their examples,
so the errors (jackknife over disorder, through the interpolation) are those of paired differences.

    python sims/effective_load.py run             (4 minutes on two cores)
    python sims/effective_load.py plot            (prints the table)
"""

from pathlib import Path

import numpy as np
from scipy.interpolate import PchipInterpolator

import statmech
from statmech import Billiards, MonteCarlo, Perceptron, Sweep, Tempering, Zip
from statmech.theory.perceptron import solve
from statmech.theory.perceptron_lines import T_N
from statmech.theory.perceptron_load import equivalent_bayes_load, equivalent_load, kept_information

ALPHA = 3.0
NOISE = (0.2, 0.4)  # shares of labels redrawn; p = 0.1, 0.2
CLEAN = (0.75, 1.2, 1.8, 2.4, 3.0)  # 2.4 and 1.8 are alpha (1 - r): the redrawn examples removed
COLD = 0.1  # no clean student errs here: T = 0


def equal_load(loads: np.ndarray, errors: np.ndarray, wanted: float) -> float:
    """Load at which eps_g(load) = wanted: monotone cubic interpolation, with eps_g = 1/2 at no load."""
    eps = np.minimum.accumulate(np.append(0.5, errors)) - 1e-12 * np.arange(len(errors) + 1)
    return float(PchipInterpolator(eps[::-1], np.append(0.0, loads)[::-1], extrapolate=False)(wanted))


def with_error(function, *samples: np.ndarray) -> tuple[float, float]:
    """function(means of the samples) and its jackknife error; the last axis of every array is disorder."""
    n = samples[0].shape[-1]
    one_out = [function(*(np.delete(x, k, axis=-1).mean(-1) for x in samples)) for k in range(n)]
    return function(*(x.mean(-1) for x in samples)), float(np.sqrt((n - 1) * np.var(one_out)))


def averaged(R: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Error of the averaged student, arccos(R/sqrt q)/pi."""
    return np.arccos(np.clip(R / np.sqrt(q), -1, 1)) / np.pi


def measure(path: Path) -> dict[float, dict[str, np.ndarray]]:
    """Per share r: T; ratio, error (T,) of a*/alpha; settled: are both students in equilibrium in most samples;
    penalty (T, 2): eps_g of randomising less that of removing, with its error; bayes (2,)."""
    r = statmech.load(path)
    load, share, T = r["alpha"], r["r"], r["T"]
    eps, R, q = (r[name][:, :, :, 0] for name in ("eps_g", "R", "q"))  # (set, T, disorder)
    fine = (r["status"] != 4).mean(-1) >= 0.5
    clean = np.flatnonzero(share == 0)
    out = {}
    for noise in np.unique(share[share > 0]):
        noisy = int(np.flatnonzero(share == noise)[0])
        removed = clean[np.abs(load[clean] - load[noisy] * (1 - noise)).argmin()]
        rows, settled, penalty = [], [], []
        for t in range(len(T)):
            rows.append(with_error(lambda e, w: equal_load(load[clean], e, w), eps[clean, t], eps[noisy, t]))
            settled.append(fine[noisy, t] and fine[clean, t].mean() > 0.7)
            penalty.append(with_error(lambda a, b: a - b, eps[noisy, t], eps[removed, t]))
        cold, matched = np.abs(T - COLD).argmin(), np.abs(T - T_N(noise / 2)).argmin()
        bayes = with_error(
            lambda Rc, qc, Rn, qn: equal_load(load[clean], averaged(Rc, qc), averaged(Rn, qn)),
            R[clean, cold], q[clean, cold], R[noisy, matched], q[noisy, matched],
        )  # fmt: skip
        ratio, error = np.array(rows).T / load[noisy]
        out[float(noise)] = {"T": T, "ratio": ratio, "error": error, "settled": np.array(settled),
                             "penalty": np.array(penalty), "bayes": np.array(bayes) / load[noisy]}  # fmt: skip
    return out


def figure(path: Path, out: Path) -> list[Path]:
    """a*/alpha against T; eps_g of students of clean, randomised and removed labels."""
    import matplotlib.pyplot as plt

    from statmech import plot

    r, found = statmech.load(path), measure(path)
    T = np.geomspace(COLD, 10, 60)
    with plot.style():
        fig, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.3), layout="constrained")
        for colour, (noise, x) in zip(("C0", "C1"), found.items()):
            p = noise / 2
            theory = equivalent_load(ALPHA, p, T) / ALPHA
            left.plot(T, theory, color=colour, lw=1.0, label=rf"replica theory, $p={p:g}$")
            for name, dash in zip(kept_information(p), ((0, (5, 2)), (0, (1, 1.2)), (0, (5, 1.5, 1, 1.5)))):
                left.axhline(float(kept_information(p)[name]), color=colour, ls=dash, lw=0.6)
            for ok, face in ((x["settled"], colour), (~x["settled"], "white")):
                left.errorbar(x["T"][ok], x["ratio"][ok], x["error"][ok], fmt="o", ms=3.5, color=colour, mfc=face)
            bayes = float(equivalent_bayes_load(ALPHA, p)) / ALPHA
            left.errorbar([0.075], x["bayes"][0], x["bayes"][1], fmt="*", ms=6, color=colour)
            left.plot([0.065, 0.088], [bayes, bayes], color=colour, lw=1.0)
            print(f"p = {p:g}: Bayes {x['bayes'][0]:.3f} +- {x['bayes'][1]:.3f}, theory {bayes:.3f}")
            for t, a, e, s, d in zip(x["T"], x["ratio"], x["error"], x["settled"], x["penalty"]):
                line = float(equivalent_load(ALPHA, p, t)) / ALPHA
                note = "" if s else "  (not equilibrated)"
                print(f"  T = {t:.3f}: a*/alpha {a:.3f} +- {e:.3f}, theory {line:.3f}, claim {1 - noise:.2f}; "
                      f"randomising costs {d[0]:.4f} +- {d[1]:.4f} in eps_g{note}")  # fmt: skip
        sets = [(ALPHA, 0.0, "C2", "clean"), (ALPHA, max(found), "C1", "randomised"),
                (ALPHA * (1 - max(found)), 0.0, "k", "removed")]  # fmt: skip
        for load, noise, colour, label in sets:
            k = int(np.hypot(r["alpha"] - load, r["r"] - noise).argmin())
            ok = (r["status"][k] != 4).mean(-1) >= 0.5
            for chosen, face in ((ok, colour), (~ok, "white")):
                right.errorbar(r["T"][chosen], r["eps_g_mean"][k, chosen, 0], r["eps_g_err"][k, chosen, 0], fmt="o",
                               ms=3.5, color=colour, mfc=face)  # fmt: skip
            theory = solve(load, T, noise / 2, "spherical").eps_g
            right.plot(T, theory, color=colour, lw=1.0, label=rf"{label}: $\alpha={load:g}$, $p={noise / 2:g}$")
        for name, dash in zip(("1-2p", "(1-2p)^2", "1-h_2(p)"), ("--", ":", "-.")):
            left.plot([], [], color="0.4", ls=dash, lw=0.6, label=f"${name}$")
        left.plot([], [], "*", color="0.4", ms=6, label="Bayes against Bayes")
        left.set(ylabel=r"equivalent clean load $a^*/\alpha$", ylim=(0.2, 1.0), title=rf"$\alpha={ALPHA:g}$")
        right.set(ylabel=r"generalisation error $\epsilon_g$", title="control: remove instead of randomise")
        for ax in (left, right):
            ax.set(xscale="log", xlabel=r"temperature $T$")
        left.legend(ncols=2, fontsize=5.5, loc="upper left")
        right.legend(title="lines: Gyorgyi & Tishby 1990; open: not equilibrated", title_fontsize=5.5, loc="upper left")
        return list(plot.save(fig, out / "effective_load"))


sweep = Sweep(
    name="effective_load",
    title="The clean load that equals a load of noisy labels",
    citation="Martin & Mahoney, arXiv:1710.09553 (2017); Gyorgyi & Tishby (1990)",
    task=MonteCarlo(
        Perceptron(n=128, weights="spherical", inputs="gaussian"),
        sampler=Tempering(Billiards()),
        T=(COLD, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.4551, 0.57, 0.7213, 1.0, 1.5, 2.5, 6.0),
        replicas=2,
        sweeps=512,
        measure_every=1,
    ),
    grid={"set": Zip({"model.alpha": [ALPHA] * len(NOISE) + list(CLEAN), "model.r": [*NOISE, *[0.0] * len(CLEAN)]})},
    samples=32,
    block=4,
    smoke={"model.n": 24, "T": [COLD, 0.4, 0.4551, 0.7213, 1.0, 3.0], "sweeps": 64, "samples": 3},
    plot=figure,
)

if __name__ == "__main__":
    sweep.main()
