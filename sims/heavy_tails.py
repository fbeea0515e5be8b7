"""Exponents of the spectra of heavy-tailed random matrices: alpha(mu) and lambda_max(N) for five ways to draw entries.

Entries with P(|W| > w) ~ w^-mu: Pareto (x >= 1) and Lomax (x - 1) as drawn, minus their mean, and of either sign.
For mu < 2 all give alpha = mu/2 + 1.  For mu > 2 the spectrum becomes Marchenko-Pastur as N grows, and the alpha that a
fit finds is a number of that N; without centring most of it is the one eigenvalue of the mean.

    python sims/heavy_tails.py run         (2 minutes on two cores)
"""

from pathlib import Path

import numpy as np

import statmech
from statmech import Sweep
from statmech.stats.jackknife import jackknife
from statmech.tasks.random_matrices import RandomMatrices

WORDS = {
    "pareto": "Pareto",
    "lomax": "Lomax",
    "centred": "minus the mean",
    "signed": r"$\pm$ Pareto",
    "symmetric": r"$\pm$ Lomax",
}


def typical(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Median over the last axis, and its standard error from 400 resamples."""
    drawn = np.random.default_rng(0).integers(0, values.shape[-1], (400, values.shape[-1]))
    return np.median(values, axis=-1), np.median(values[..., drawn], axis=-1).std(axis=-1)


def growth(lambda_max: np.ndarray, m: np.ndarray) -> tuple[float, float]:
    """Exponent of lambda_max in N at fixed Q, and its error: one slope for all Q; lambda_max is (m, Q, sample)."""
    x = np.log(m) - np.log(m).mean()
    slopes = (np.log(lambda_max) * x[:, None, None]).sum(0) / (x**2).sum()  # (Q, sample)
    value, error = jackknife(slopes.mean(0))
    return float(value), float(error)


def table(r: statmech.Results) -> None:
    """What the documentation quotes: medians over the matrices."""
    names, mus, m, Q = list(r["ensemble"]), r["mu"], r["m"], r["Q"]
    big, middle = len(m) - 1, min(1, len(Q) - 1)
    print(
        f"alpha at {Q[middle] * m[big]:g} x {m[big]}, and without the largest eigenvalue (...); eigenvalues in the tail"
    )
    for j, mu in enumerate(mus):
        words = []
        for i, _ in enumerate(names):
            (value, error), (rest, _) = (typical(r[k][i, j, big, middle]) for k in ("alpha", "alpha_rest"))
            words.append(f"{value:6.2f} +- {error:.2f} ({rest:5.2f}) {np.median(r['n_tail'][i, j, big, middle]):4.0f}")
        print(f"  mu = {mu:4g}: " + "; ".join(words))
    print("  in the order: " + ", ".join(names))
    centred = names.index("centred")
    print("centred, alpha by shape N x M:")
    for j, mu in enumerate(mus):
        cells = [typical(r["alpha"][centred, j, k, q]) for k in range(len(m)) for q in range(len(Q))]
        print(f"  mu = {mu:4g}: " + " ".join(f"{value:.2f}({100 * error:.0f})" for value, error in cells))
    print("  in the order: " + ", ".join(f"{q * size:g} x {size}" for size in m for q in Q))
    print("lambda_max of X ~ N^b at fixed Q:")
    for j, mu in enumerate(mus):
        rates = ", ".join("{:.2f} +- {:.2f}".format(*growth(r["lambda_max"][i, j], m)) for i in range(len(names)))
        print(f"  mu = {mu:4g}, 4/mu = {4 / mu:.2f}: {rates}")


def figure(path: Path, out: Path) -> list[Path]:
    """alpha(mu), its change with size, and the exponent of lambda_max; the numbers go to the terminal."""
    import matplotlib.pyplot as plt

    from statmech import plot

    r = statmech.load(path)
    table(r)
    names, mu, m, Q = list(r["ensemble"]), r["mu"], r["m"], r["Q"]
    big, middle = len(m) - 1, min(1, len(Q) - 1)
    line = np.linspace(mu.min(), mu.max(), 200)
    with plot.style("page"):
        fig, (left, centre, right) = plt.subplots(1, 3, figsize=(7.2, 3.2), layout="constrained")
        for i, name in enumerate(names):
            value, error = typical(r["alpha"][i, :, big, middle])
            left.errorbar(mu, value, error, fmt="o-", ms=2.5, lw=0.8, color=f"C{i}", label=WORDS[name])
            rate = np.array([growth(r["lambda_max"][i, j], m) for j in range(len(mu))])
            right.errorbar(mu + 0.04 * (i - 2), *rate.T, fmt="o", ms=2.5, color=f"C{i}")
        rest, _ = typical(r["alpha_rest"][names.index("lomax"), :, big, middle])
        left.plot(mu, rest, "kx", ms=4, mew=0.8, label="Lomax without its largest eigenvalue", zorder=5)
        centred = names.index("centred")
        for k, size in enumerate(m):
            value, error = typical(r["alpha"][centred, :, k, middle])
            centre.errorbar(mu, value, error, fmt="o-", ms=2.5, lw=0.8, color=plt.get_cmap("viridis")(k / len(m)),
                            label=rf"${Q[middle] * size:g} \times {size}$")  # fmt: skip
        for ax in (left, centre):
            ax.plot(line[line <= 2], line[line <= 2] / 2 + 1, "k-", lw=1, label=r"$\mu/2+1$")
        right.plot(line, 4 / line, "k-", lw=1, label=r"tail: $4/\mu$")
        right.axhline(1, color="0.5", ls="--", lw=0.8, label="bulk edge: 1")
        right.axhline(2, color="0.5", ls=":", lw=0.8, label="mean: 2")
        left.set(yscale="log", ylabel=r"$\alpha$", title=rf"$N \times M = {Q[middle] * m[big]:g} \times {m[big]}$")
        centre.set(yscale="log", ylabel=r"$\alpha$", title="minus the mean, by size")
        right.set(yscale="log", ylabel=r"$b$ in $\lambda_{\max}(X) \sim N^b$", title="growth with size")
        for ax, ticks in ((left, (1, 2, 3, 5, 10, 15)), (centre, (1, 2, 3, 5, 10, 15)), (right, (0.5, 1, 2, 4, 8))):
            ax.set_xlabel(r"tail exponent of the entries $\mu$")
            ax.set_yticks(ticks, [f"{t:g}" for t in ticks])
            ax.minorticks_off()
            ax.axvline(2, color="0.7", lw=0.5, zorder=0)
        centre.legend(fontsize=7, loc="upper left")
        right.legend(fontsize=7)
        fig.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=7.5)
        return list(plot.save(fig, out / "heavy_tails"))


sweep = Sweep(
    name="heavy_tails",
    title="Power laws in the spectra of heavy-tailed random matrices",
    citation="Martin & Mahoney, J. Mach. Learn. Res. 22, 165 (2021); Burda et al., Phys. Rev. E 75, 051126 (2007)",
    task=RandomMatrices(),
    grid={
        "ensemble": list(WORDS),
        "mu": [0.5, 1.0, 1.5, 1.75, 2.0, 2.25, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0],
        "m": [50, 100, 200, 500],
        "Q": [1.0, 2.0, 4.0],
    },
    samples=16,
    block=16,
    smoke={"mu": [1.0, 3.0], "m": [20, 40], "Q": [1.0, 2.0], "samples": 4, "block": 4},
    plot=figure,
)

if __name__ == "__main__":
    sweep.main()
