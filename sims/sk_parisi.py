"""The Sherrington-Kirkpatrick spin glass next to Parisi's solution: e(T), P(q), and where the glass begins.

Top left: energies of four sizes and their limit in N^(-2/3) on Parisi's curve (above T_c in 1/N).  Top right: the
distribution of the replica overlap at T = 0.4.  Bottom: N^(2/3) <q^2> of all sizes crosses at T_c = 1; the crossings of
the Binder cumulant are still on their way there, a known effect of these sizes.

    python sims/sk_parisi.py run         (4 minutes on two cores)
"""

from pathlib import Path

import numpy as np

import statmech
from statmech import SK, Metropolis, MonteCarlo, Sweep, Tempering, Zip
from statmech.stats.jackknife import binder, jackknife
from statmech.stats.scaling import crossing, extrapolate
from statmech.theory.parisi_solution import full_rsb
from statmech.theory.sk import SKTheory, finite_size

COLD = 0.4  # temperature of P(q)


def report(r: statmech.Results) -> None:
    """The numbers: the exact identity, energies in the limit against theory, crossings."""
    T, N, b = r["T"], r["n"], 1 / r["T"]
    e, q2, q4 = (np.asarray(r[k][:, :, :, 0]) for k in ("e", "q2", "q4"))  # (N, T, sample)
    gap, error = jackknife(e + 0.5 * b[None, :, None] * (1 - q2), axis=2)
    z = gap / error
    print(f"e = -(1 - <q^2>)/(2T): largest |z| {np.abs(z).max():.1f}, mean z^2 {(z**2).mean():.2f} of {z.size}")
    parisi = SKTheory().predict(T, "spin_glass")["e"]
    for k, t in enumerate(T):
        if t <= 1:
            x = extrapolate(N, r["e_mean"][:, k, 0], r["e_err"][:, k, 0], 2 / 3)
            exact = parisi[k] if t < 1 else -0.5
            print(f"T = {t:.2f}: e = {x.value:.4f} +- {x.error:.4f}, theory {exact:.4f}, chi2 {x.chi2:.1f}/{x.freedom}")
        elif t >= 1.2:
            miss = (r["e_mean"][:, k, 0] - [finite_size(t, n) for n in N]) / r["e_err"][:, k, 0]
            print(f"T = {t:.2f}: e against -(b/2)[1 - 1/(N(1-b^2))], z =", *np.round(miss, 1))
    near = (T > 0.65) & (T < 1.25)
    q2, q4 = ([of_size[near].T for of_size in x] for x in (q2, q4))
    for i, j in [*zip(range(len(N) - 1), range(1, len(N))), (0, len(N) - 1)]:
        scaled = crossing(T[near], q2[i], q2[j], scale=(N[i] ** (2 / 3), N[j] ** (2 / 3)))
        ratio = crossing(T[near], (q2[i], q4[i]), (q2[j], q4[j]), binder)
        print(f"N = {N[i]}, {N[j]}: N^(2/3) <q^2> crosses at T = {scaled.at:.3f} +- {scaled.error:.3f}, "
              f"Binder at {ratio.at:.3f} +- {ratio.error:.3f}")  # fmt: skip


def figure(path: Path, out: Path) -> list[Path]:
    """Four panels; the numbers go to the terminal."""
    import matplotlib.pyplot as plt

    from statmech import plot

    r = statmech.load(path)
    report(r)
    T, N = r["T"], r["n"]
    cold = int(np.abs(T - COLD).argmin())
    with plot.style():
        fig, axes = plt.subplots(2, 2, figsize=(7.2, 5.4), layout="constrained")
        (energy, overlap), (scaled, ratio) = axes
        for k, n in enumerate(N):
            label = rf"$N={n}$"
            energy.errorbar(T, r["e_mean"][k, :, 0], r["e_err"][k, :, 0], fmt=".", label=label)
            P, dP = jackknife(r["overlap/P_q"][k, cold, :, 0], axis=0)
            if n >= 64:  # smaller sizes have fewer values of q than there are bins
                overlap.plot(r["q_bin"], P, color=f"C{k}", label=label)
                overlap.fill_between(r["q_bin"], P - dP, P + dP, color=f"C{k}", alpha=0.3, lw=0)
            near = (T > 0.65) & (T < 1.25)
            up = n ** (2 / 3)
            scaled.errorbar(T[near], up * r["q2_mean"][k, near, 0], up * r["q2_err"][k, near, 0], fmt=".-", label=label)
            ratio.errorbar(T[near], r["binder_mean"][k, near, 0], r["binder_err"][k, near, 0], fmt=".-", label=label)
        glass = T <= 1
        limit = [extrapolate(N, r["e_mean"][:, k, 0], r["e_err"][:, k, 0]) for k in np.flatnonzero(glass)]
        energy.errorbar(T[glass], [x.value for x in limit], [x.error for x in limit], fmt="ks", ms=3, mfc="none",
                        label=r"$N\to\infty$")  # fmt: skip
        grid = np.linspace(T.min(), 1, 17)
        parisi = np.append(SKTheory().predict(grid[:-1], "spin_glass")["e"], -0.5)
        energy.plot(grid, parisi, "k-", lw=1, label="Parisi")
        hot = np.linspace(1, T.max(), 50)
        energy.plot(hot, -0.5 / hot, "k--", lw=1, label="paramagnet")
        edges = np.linspace(-1, 1, 26)
        solution = full_rsb(2, float(T[cold]))
        middle = solution.finest.P_q(edges)
        inside = np.abs(edges[1:] + edges[:-1]) / 2 < 0.9 * solution.q_EA
        overlap.plot((edges[1:] + edges[:-1])[inside] / 2, middle[inside], "k-", lw=1, label="Parisi")
        for sign in (-1, 1):
            overlap.axvline(sign * solution.q_EA, color="k", ls=":", lw=0.8)
        overlap.set(xlabel="overlap $q$", ylabel=rf"$P(q)$ at $T={T[cold]:g}$")
        energy.set(xlabel="temperature $T$", ylabel="energy per spin $e$")
        for ax, text in ((scaled, r"$N^{2/3}\,[\langle q^2\rangle]$"), (ratio, "Binder cumulant $g$")):
            ax.axvline(1, color="k", ls=":", lw=0.8)
            ax.set(xlabel="temperature $T$", ylabel=text)
        scaled.set_yscale("log")
        for ax in axes.flat:
            ax.legend(fontsize=7)
        return list(plot.save(fig, out / "sk_parisi"))


sweep = Sweep(
    name="sk_parisi",
    title="Sherrington-Kirkpatrick model: energy, overlap, transition",
    citation="Parisi, Phys. Rev. Lett. 50, 1946 (1983)",
    task=MonteCarlo(
        SK(n=64),
        Tempering(Metropolis()),
        T=(0.4, 0.5, 0.6, 0.7, 0.78, 0.86, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.35, 1.5, 1.75, 2.0),
        replicas=4,
    ),
    grid={
        "size": Zip(
            {"model.n": [32, 64, 128, 256], "sweeps": [1024, 1024, 2048, 2048], "measure_every": [2, 2, 4, 4]}
        ),
    },
    samples=400,
    block=25,
    smoke={"model.n": [16, 24, 32, 40], "sweeps": [128, 128, 128, 128], "samples": 8, "block": 8},
    plot=figure,
)

if __name__ == "__main__":
    sweep.main()
