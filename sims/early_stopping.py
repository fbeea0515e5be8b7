"""Is early stopping a temperature?  Gradient descent stopped at time t against Boltzmann students at temperature T.

Spherical students, alpha = 2, p = 0.1 of the labels flipped, smooth losses: quadratic (kappa = 1) and logistic.  T(t)
is chosen so that the energy of the stopped student equals that of the Boltzmann students of the same instance.  One
observable always defines such a T; the test is whether eps_g, R and the overlap q of two runs then agree as well.
The same for annealing stopped early: cooling from T = 20 in a given number of sweeps, looked at on the way.

    python sims/early_stopping.py run             (4 minutes on two cores; --smoke: seconds)
    python sims/early_stopping.py plot            (descents and annealings, 1 minute)
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.interpolate import PchipInterpolator

import statmech
from statmech import Annealing, GreatCircles, HamiltonianMonteCarlo, MonteCarlo, Perceptron, Sweep, Zip
from statmech.kernels import walkers
from statmech.rules import GradientDescent
from statmech.stats.jackknife import jackknife
from statmech.tasks.learner import Learner

NAMES = ("e", "eps_t", "eps_g", "R", "q")
SCHEDULES = (16, 256)


def descent(model: Perceptron, samples: tuple[int, ...]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Times (t,) and histories (sample, t) of gradient descents from four starts, thinned to equal steps of ln t."""
    rule = GradientDescent(model.potential, model.kappa, rate=0.02, t_max=20.0, students=4)
    task = Learner(model, rule, iterations=rule.steps, history=True, disorder=samples)
    done = task.results(task.advance(task.start(), rule.steps))
    keep = np.unique(np.geomspace(1, rule.steps, 28).astype(int)) - 1
    return rule.rate * (keep + 1), {name: done[f"timeseries/{name}"].data[keep].T for name in NAMES}


def annealing(model: Perceptron, samples: tuple[int, ...], sweeps: int) -> dict[str, np.ndarray]:
    """Histories (sample, t) on the way down: eight replicas cooled by great circles, linearly in ln T to T = 0.02."""
    disorder = model.disorder(model.disorder_keys(samples, 0))
    keys = np.array(model.disorder_keys(samples, 1), np.uint64)[:, None, None]
    lanes = np.arange(8, dtype=np.uint64)[None, None, :]
    start = model.space.random(np.broadcast_to(keys, (len(samples), 1, 8)), lanes, model.n)
    w, T = walkers(model.problem(disorder), start, "cpu", {}), np.full((1, 1, 1), 0.02)
    sampler = Annealing(GreatCircles(), T_start=20.0, sweeps=sweeps, schedule="geometric")
    state, rows = sampler.begin(start.shape[:3], T[0, :, 0]), []
    for sweep in range(sweeps):
        sampler.run(w, state, T, keys, lanes, sweep, 1)
        row = {k: v[:, 0].mean(1) for k, v in model.observe(disorder, w.s).items()}
        gram = np.einsum("dki,dli->dkl", w.s[:, 0], w.s[:, 0]) / model.n
        rows.append(row | {"e": w.energy[:, 0].mean(1) / model.n, "q": (gram.sum((1, 2)) - 8) / 56})
    keep = np.unique(np.linspace(1, sweeps, 12).astype(int)) - 1
    return {name: np.stack([rows[k][name] for k in keep], axis=-1) for name in NAMES}


def matched(history: dict, T: np.ndarray, bath: dict) -> tuple[np.ndarray, dict[str, tuple[np.ndarray, np.ndarray]]]:
    """T at which the bath has the energy of the history, (time,), and difference history - bath there with its error.

    history (sample, time), bath (sample, T).  NaN where the energy is outside that of the bath in some sample.
    """
    found = np.full(history["e"].shape, np.nan)
    differences = {name: found.copy() for name in NAMES}
    for k, e in enumerate(history["e"]):
        energy = np.maximum.accumulate(bath["e"][k]) + 1e-12 * np.arange(len(T))
        inside = (e > energy[0]) & (e < energy[-1])
        found[k, inside] = PchipInterpolator(energy, np.log(T))(e[inside])
    found[:, np.isnan(found).any(0)] = np.nan
    for k, x in enumerate(found):
        for name in NAMES:
            differences[name][k] = history[name][k] - PchipInterpolator(np.log(T), bath[name][k], extrapolate=False)(x)
    return np.exp(found.mean(0)), {name: jackknife(d, axis=0) for name, d in differences.items()}


def report(title: str, T: np.ndarray, differences: dict) -> None:
    """Residuals in numbers: largest, and how many standard errors it is."""
    for name in NAMES[1:]:
        mean, error = differences[name]
        k = np.nanargmax(np.abs(mean))
        z = abs(mean[k]) / error[k]
        print(f"{title:22s} {name:5s} largest residual {mean[k]:+.4f} +- {error[k]:.4f} ({z:.0f} errors), T={T[k]:.2f}")


def figure(path: Path, out: Path) -> list[Path]:
    """T(t), and what the stopped student has more or less than the Boltzmann students of equal energy."""
    import matplotlib.pyplot as plt

    from statmech import plot

    r = statmech.load(path)
    samples, T = tuple(int(d) for d in r["disorder"]), r["T"]
    n = int(r["n"][0])
    with plot.style():
        fig, axes = plt.subplots(2, 3, figsize=(7.2, 4.6), layout="constrained")
        for row, (potential, kappa) in enumerate(zip(r["potential"].astype(str), r["kappa"])):
            model = replace(sweep.task.model, n=n, potential=potential, kappa=float(kappa))
            bath = {name: r[name][row, :, :, 0].T for name in NAMES}
            status = r["status"][row]
            print(f"{potential}: {(status == 2).sum()} of {status.size} baths equilibrated")
            t, history = descent(model, samples)
            at, residual = matched(history, T, bath)
            report(f"{potential}, descent", at, residual)
            columns = (t, at, history["eps_g"].mean(0), *residual["eps_g"], *residual["R"], *residual["q"])
            print("  t, T(t), eps_g, then residual and error of eps_g, R, q:")
            for values in list(zip(*columns))[::3]:
                print("   ", " ".join(f"{x:8.4f}" for x in values))
            axes[row, 0].plot(t, at, "o-", ms=3)
            axes[row, 0].set(xscale="log", yscale="log", xlabel="training time $t$", ylabel="$T(t)$ of equal energy")
            axes[row, 0].set_xlim(t[0] / 1.3, t[-1] * 1.3)
            axes[row, 0].set_title(f"{potential} loss")
            for k, (name, label) in enumerate((("eps_g", r"$\epsilon_g$"), ("R", "$R$"), ("q", "$q$"))):
                axes[row, 1].errorbar(at, *residual[name], fmt="o-", ms=3, color=f"C{k}", label=label)
            for k, sweeps in enumerate(SCHEDULES):
                cooled, rest = matched(annealing(model, samples, sweeps), T, bath)
                report(f"{potential}, {sweeps} sweeps", cooled, rest)
                for name, fmt, fill in (("R", "o-", None), ("q", "s--", "white")):
                    style = {"fmt": fmt, "ms": 3, "mfc": fill, "color": f"C{k}", "label": f"${name}$, {sweeps} sweeps"}
                    axes[row, 2].errorbar(cooled, *rest[name], **style)
            for ax, title in ((axes[row, 1], "gradient descent"), (axes[row, 2], "annealing, stopped")):
                ax.axhline(0, color="k", lw=0.6)
                ax.set(xscale="log", xlabel="temperature of equal energy", ylabel="stopped - Boltzmann", title=title)
                ax.legend(fontsize=6)
        return list(plot.save(fig, out / "early_stopping"))


sweep = Sweep(
    name="early_stopping",
    title="Early stopping against temperature",
    citation="Boltzmann students: Seung, Sompolinsky & Tishby, Phys. Rev. A 45, 6056 (1992)",
    task=MonteCarlo(
        Perceptron(n=128, alpha=2.0, weights="spherical", r=0.2, potential="quadratic", kappa=1.0),
        HamiltonianMonteCarlo(),
        T=np.geomspace(0.02, 60, 20).round(4),
        replicas=2,
        sweeps=1024,
    ),
    grid={
        "loss": Zip({"model.potential": ["quadratic", "logistic"], "model.kappa": [1.0, 0.0], "model.n": [128, 128]})
    },
    samples=12,
    block=4,
    smoke={"model.n": 30, "T": [0.05, 0.5, 5.0, 50.0], "samples": 3},
    plot=figure,
)

if __name__ == "__main__":
    sweep.main()
