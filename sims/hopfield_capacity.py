"""Capacity of the Hopfield model at T = 0: how often does a quench from a pattern stay on it?

Draws the share of retrieved samples, m > 0.9, against the load for three sizes, with the load at which half of
them are retrieved; it falls with N towards the replica value 0.138.  The overlap of the retrieved samples lies on
the replica-symmetric curve.

    python sims/hopfield_capacity.py run          (2 minutes on two cores)
"""

from pathlib import Path

import numpy as np
from scipy.optimize import minimize

import statmech
from statmech import Hopfield, MonteCarlo, Quench, Sweep
from statmech.theory.hopfield import solve
from statmech.theory.hopfield_lines import alpha_c


def retrieved(model, disorder, s):
    """1 where the condensed overlap exceeds 0.9."""
    return (model.observe(disorder, s)["m"] > 0.9).astype(float)


def half_load(alpha: np.ndarray, hits: np.ndarray) -> tuple[float, float]:
    """Load at which half of the samples are retrieved, by logistic regression, with its jackknife error.

    hits (alpha, sample): 0 or 1.
    """

    def fit(columns: np.ndarray) -> float:
        trials, wins = columns.shape[1], columns.sum(1)

        def loss(p):
            x = (p[0] - alpha) * np.exp(p[1])
            return (trials * np.logaddexp(0, x) - wins * x).sum()

        return minimize(loss, (alpha.mean(), 5.0), method="Nelder-Mead").x[0]

    leave_out = [fit(np.delete(hits, k, axis=1)) for k in range(hits.shape[1])]
    n = len(leave_out)
    return fit(hits), float(np.sqrt((n - 1) / n * ((leave_out - np.mean(leave_out)) ** 2).sum()))


def wilson(share: np.ndarray, trials: int) -> np.ndarray:
    """Half-width of the 68 % interval of a share (Wilson, JASA 22, 209 (1927)): not zero where all or none succeed."""
    return np.sqrt(share * (1 - share) * trials + 0.25) / (trials + 1)


def figure(path: Path, out: Path) -> list[Path]:
    """Retrieved share, and overlap of the retrieved samples, against the load."""
    import matplotlib.pyplot as plt

    from statmech import plot

    results = statmech.load(path)
    alpha, sizes = results["alpha"], results["n"]
    hits, m = results["retrieved"][:, :, 0, :, 0], results["m"][:, :, 0, :, 0]
    with plot.style():
        fig, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.0), layout="constrained")
        for k, n in enumerate(sizes):
            half, error = half_load(alpha, hits[k])
            share = hits[k].mean(1)
            spread = wilson(share, hits.shape[2])
            label = rf"$N={n}$, half at ${half:.4f}({round(error * 1e4):d})$"
            left.errorbar(alpha, share, spread, fmt="o-", label=label)
            with np.errstate(invalid="ignore"):
                mean = np.where(hits[k].sum(1) > 2, (m[k] * hits[k]).sum(1) / hits[k].sum(1), np.nan)
            right.plot(alpha, mean, "o", label=rf"$N={n}$")
            failed = m[k][hits[k] == 0]
            where = f"failed samples: m = {failed.mean():.3f}" if len(failed) else "no failed sample"
            print(f"N = {n}: P(m > 0.9) = 1/2 at alpha = {half:.4f} +- {error:.4f}; {where}")
        grid = np.linspace(alpha.min(), alpha_c().alpha, 200)
        right.plot(grid, solve(grid, 0.0).m, "k-", label="replica theory (RS)")
        for ax in (left, right):
            ax.axvline(alpha_c().alpha, color="k", ls=":", lw=0.8)
            ax.set_xlabel(r"load $\alpha$")
            ax.legend()
        left.set_ylabel(r"$P(m>0.9)$ after a quench")
        right.set_ylabel(r"$m$ of retrieved samples")
        return list(plot.save(fig, out / "hopfield_capacity"))


sweep = Sweep(
    name="hopfield_capacity",
    title="Zero-temperature capacity of the Hopfield model",
    citation="Amit, Gutfreund & Sompolinsky, Phys. Rev. Lett. 55, 1530 (1985)",
    task=MonteCarlo(
        model=Hopfield(n=4000, alpha=0.14, form="pattern"),
        sampler=Quench(),
        T=(0.0,),
        starts=("pattern",),
        replicas=1,
        sweeps=512,
        measure_every=64,
        observables={"retrieved": retrieved},
    ),
    grid={
        "model.n": [1000, 2000, 4000],
        "model.alpha": [0.1, 0.11, 0.12, 0.13, 0.135, 0.14, 0.145, 0.15, 0.155, 0.16, 0.165, 0.17, 0.18],
    },
    samples=64,
    block=16,
    smoke={"model.n": [100, 200], "model.alpha": [0.1, 0.14, 0.18], "samples": 8},
    plot=figure,
)

if __name__ == "__main__":
    sweep.main()
