"""The p = 3 Ising glass in equilibrium: energy, entropy and overlaps through its transitions.

Left: e(T) of three sizes, on the paramagnet with its exact finite-N factor and on the one-step solution.  Middle: the
entropy, by thermodynamic integration of those energies: at T_K it is still 0.104 per spin, because T_K is where the
number of states vanishes, not the number of configurations.  Right: below T_K P(q) has a second peak, near q_1, with
little between it and 0, unlike SK.

    python sims/pspin_transitions.py run         (3 minutes on two cores)
"""

from pathlib import Path

import numpy as np

import statmech
from statmech import Metropolis, MonteCarlo, PSpin, Sweep, Tempering, Zip
from statmech.stats.jackknife import jackknife
from statmech.stats.thermodynamics import integrate
from statmech.theory.pspin import PSpinTheory, finite_size

SHOWN = (0.5, 0.65, 0.8)  # temperatures of P(q)


def report(r: statmech.Results) -> None:
    """The exact identity between energy and overlaps, e and s against theory, journeys along the ladder."""
    T, N = r["T"], r["n"].astype(float)
    n, b = N[:, None, None], 1 / T[None, :, None]
    e, q, q3 = (r[k][:, :, :, 0] for k in ("e", "q", "q3"))  # (N, T, sample)
    identity = -0.5 * b * ((1 - 1 / n) * (1 - 2 / n) - (q3 - 3 * q / n + 2 * q / n**2))
    gap, error = jackknife(e - identity, axis=2)
    z = gap / error
    print(f"e + (b/2)[(1-1/N)(1-2/N) - <q^3 - 3q/N + 2q/N^2>]: largest |z| {np.abs(z).max():.1f}, "
          f"mean z^2 {(z**2).mean():.2f} of {z.size}")  # fmt: skip
    trips = r["tempering/round_trips"][..., 0].mean(axis=(1, 2))
    for k, size in enumerate(r["n"]):
        warm = T >= 0.8
        exact = -0.5 / T * finite_size(3, int(size))
        off = (r["e_mean"][k, warm, 0] / exact[warm] - 1) * 100
        bad = (r["status"][k] == 4).mean(1)
        print(f"N = {size}: e off -b/2 (1-1/N)(1-2/N) by {np.abs(off).max():.2f} % at most for T >= 0.8; "
              f"{trips[k]:.0f} journeys per replica; unequilibrated at the coldest T: {bad[0]:.0%}")  # fmt: skip


def figure(path: Path, out: Path) -> list[Path]:
    """Three panels; the numbers go to the terminal."""
    import matplotlib.pyplot as plt

    from statmech import plot

    r = statmech.load(path)
    report(r)
    T = r["T"]
    theory, at = PSpinTheory(3), PSpinTheory(3).temperatures()
    with plot.style():
        fig, (energy, entropy, overlap) = plt.subplots(1, 3, figsize=(7.2, 2.9), layout="constrained")
        grid = np.linspace(T.min(), T.max(), 120)
        for k, n in enumerate(r["n"]):
            colour, label = f"C{k}", rf"$N={n}$"
            energy.errorbar(T, r["e_mean"][k, :, 0], r["e_err"][k, :, 0], fmt=".", color=colour, label=label)
            energy.plot(grid, -0.5 / grid * finite_size(3, int(n)), ":", color=colour, lw=0.8)
            slope = -0.5 * finite_size(3, int(n))  # de/dbeta at beta = 0
            s, ds = jackknife(integrate(T, r["e"][k, :, :, 0].T, slope_inf=slope)[1], axis=0)
            entropy.errorbar(T, s, ds, fmt=".", color=colour, label=label)
            print(f"N = {n}: s = " + ", ".join(f"{x:.3f}({1e3 * d:.0f}) at T = {t:g}" for t, x, d in zip(T, s, ds)
                                              if 0.6 < t < 0.8))  # fmt: skip
        for j, cold in enumerate(int(np.abs(T - t).argmin()) for t in SHOWN):
            P, dP = jackknife(r["overlap/P_q"][-1, cold, :, 0], axis=0)
            overlap.plot(r["q_bin"], P, color=f"C{j + 3}", label=rf"$T={T[cold]:g}$")
            overlap.fill_between(r["q_bin"], P - dP, P + dP, color=f"C{j + 3}", alpha=0.3, lw=0)
        for ax, name in ((energy, "e"), (entropy, "s")):
            for branch, style in (("paramagnet", "k--"), ("spin_glass", "k-")):
                ax.plot(grid, theory.predict(grid, branch)[name], style, lw=1, label=theory.words[branch])
            for line in ("T_d", "T_K"):
                ax.axvline(at[line], color="0.5", lw=0.6, ls="-." if line == "T_d" else ":")
            ax.set_xlabel("temperature $T$")
        q1 = theory.predict(SHOWN[0], "spin_glass")["q_EA"]
        overlap.axvline(float(q1), color="C3", ls=":", lw=0.8)
        overlap.set(xlabel="overlap $q$", ylabel=rf"$P(q)$ at $N={r['n'][-1]}$")
        energy.set(ylabel="energy per spin $e$", ylim=(-0.9, -0.2), xlim=(0.35, 2.05))
        entropy.set(ylabel="entropy per spin $s$", ylim=(-0.02, 0.7), xlim=(0.35, 2.05))
        for ax in (energy, entropy, overlap):
            ax.legend(fontsize=7)
        return list(plot.save(fig, out / "pspin_transitions"))


sweep = Sweep(
    name="pspin_transitions",
    title="p = 3 Ising glass: energy, entropy, overlaps",
    citation="Gardner, Nucl. Phys. B 257, 747 (1985)",
    task=MonteCarlo(
        PSpin(n=32, p=3),
        Tempering(Metropolis()),
        T=(0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.9, 1.0, 1.15, 1.35, 1.6, 2.0, 2.6, 3.5, 5.0),
        replicas=4,
    ),
    grid={"size": Zip({"model.n": [16, 32, 64], "sweeps": [4096, 8192, 8192], "measure_every": [8, 8, 8]})},
    samples=48,
    block=8,
    smoke={"model.n": [8, 12, 16], "sweeps": [128, 128, 128], "measure_every": [2, 2, 2], "samples": 4, "block": 4},
    plot=figure,
)

if __name__ == "__main__":
    sweep.main()
