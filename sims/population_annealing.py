"""Population annealing against parallel tempering, SK and the p = 3 glass: ln Z, and the families that are left.

Left: difference of ln Z of every sample to that of a parallel tempering run (all rungs together, MBAR), for three
populations, in standard errors of both.  Right: mean square family size rho_t; above R/100 (grey) a point counts as not
equilibrated.

    python sims/population_annealing.py run         (2 minutes on one core)
"""

from pathlib import Path

import numpy as np

import statmech
from statmech import HeatBath, PopulationAnnealing, PSpin, Sweep, Tempering, log_z, simulate

T = (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8, 0.9, 1.05, 1.25, 1.6, 2.2, 4.0)
NAMES = {2: "SK", 3: "p = 3"}


def tempering(n: int, p: int, samples: int, sweeps: int) -> tuple[np.ndarray, np.ndarray]:
    """ln Z and its error (T, sample) of the same samples, by parallel tempering over T and T = infinity."""
    run = simulate(PSpin(n, p), [*T, np.inf], Tempering(HeatBath()), sweeps, samples=samples, energies=True)
    found = log_z(run)
    print(f"{NAMES[p]}, N = {n}: tempering, {sweeps} sweeps, {int(np.sum(found.converged))} of {samples} converged")
    return found.ln_z[:, :-1].T, found.error[:, :-1].T


def figure(path: Path, out: Path) -> list[Path]:
    """Two models, two panels each; the numbers go to the terminal."""
    import matplotlib.pyplot as plt

    from statmech import plot

    r = statmech.load(path)
    orders, populations, n = r["p"], r["replicas"], int(r["n"][0])
    samples = r["disorder"].size
    sweeps = 8192 if n > 16 else 512
    with plot.style():
        fig, axes = plt.subplots(len(orders), 2, figsize=(7.2, 5.0), layout="constrained", sharex=True)
        for k, p in enumerate(orders):
            exact, spread = tempering(n, int(p), samples, sweeps)
            left, right = axes[k]
            for j, R in enumerate(populations):
                lnZ, error = (r[name][0, k, j] for name in ("lnZ", "lnZ_stderr"))
                rho, done = r["rho_t"][0, k, j], r["status"][0, k, j] == 2
                z = (lnZ - exact) / np.hypot(error, spread)
                line = left.plot(r["T"] * 1.01**j, np.where(done, z, np.nan), ".", color=f"C{j}")[0]
                left.plot(r["T"] * 1.01**j, np.where(done, np.nan, z), "x", ms=3, color=line.get_color(), alpha=0.5)
                right.plot(r["T"], rho.mean(1), "o-", ms=3, color=line.get_color(), label=f"$R={R}$")
                right.axhline(R / 100, color=line.get_color(), ls=":", lw=0.8)
                print(f"{NAMES[int(p)]}, N = {n}, R = {R}: ln Z minus that of tempering at T = {r['T'][0]}: mean "
                      f"{(lnZ - exact)[0].mean():+.3f}, errors {error[0].mean():.3f}, {spread[0].mean():.3f}; all T: "
                      f"mean z^2 {np.nanmean(z**2):.2f}, largest |z| {np.nanmax(np.abs(z)):.1f}; cold: rho_t "
                      f"{rho[0].mean():.0f}, families {r['families'][0, k, j, 0].mean():.0f}, done "
                      f"{done[0].mean():.0%}, steps {r['steps'][0, k, j, 0].mean():.0f}")  # fmt: skip
            left.axhline(0, color="k", lw=0.5)
            left.set(ylabel=rf"{NAMES[int(p)]}: $(\ln Z-\ln Z_{{PT}})/\sigma$", ylim=(-5, 5))
            right.set(ylabel=r"$\rho_t$", xscale="log", yscale="log")
            right.legend(fontsize=7)
        for ax in axes[-1]:
            ax.set(xlabel="temperature $T$", xticks=(0.3, 0.5, 1, 2, 4), xticklabels=("0.3", "0.5", "1", "2", "4"))
            ax.minorticks_off()
        return list(plot.save(fig, out / "population_annealing"))


sweep = Sweep(
    name="population_annealing",
    title="Population annealing: ln Z and families",
    citation="Machta, Phys. Rev. E 82, 026704 (2010)",
    task=PopulationAnnealing(PSpin(32, 2), HeatBath(), T=T, sweeps_per_step=5),
    grid={"model.n": [32], "model.p": [2, 3], "replicas": [256, 1024, 4096]},
    samples=8,
    block=2,
    smoke={"model.n": [10], "replicas": [64, 128], "samples": 2},
    plot=figure,
)

if __name__ == "__main__":
    sweep.main()
