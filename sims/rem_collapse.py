"""Entropy collapse of the random energy model: a transition that only the limit has.

Entropy, energy and participation ratio Y = sum_s p_s^2 against T.  Points: all 2^N configurations of every sample,
N = 12 .. 24, and the lowest levels of N = 1000 as a Poisson process; thin lines: the exact mean over samples at that N;
black: N = infinity, where s vanishes at T_c = 1/(2 sqrt(ln 2)) = 0.6006 and Y = 1 - T/T_c below.

    python sims/rem_collapse.py run          (2 minutes on two cores)
"""

from pathlib import Path

import numpy as np

import statmech
from statmech import REM, Enumeration, ExtremeLevels, Sweep
from statmech.theory import rem

T = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, float(rem.T_C), 0.65, 0.7, 0.75, 0.8, 0.9, 1.0, 1.1, 1.2)
LARGE = 1000
PANELS = {"s": "entropy per spin $s$", "e": "energy per spin $e$", "Y": r"participation $Y=\sum_s p_s^2$"}


def lowest_levels(samples: int) -> dict:
    """Disorder averages and errors from the lowest levels of N = LARGE."""
    task = ExtremeLevels(LARGE, T, levels=1024, disorder=tuple(range(samples)))
    return {k: v.data for k, v in task.combine(task.results(task.advance(task.start(), samples))).items()}


def figure(path: Path, out: Path) -> list[Path]:
    """s, e and Y against T, one panel each."""
    import matplotlib.pyplot as plt

    from statmech import plot

    results = statmech.load(path)
    sizes, temperatures = results["n"], results["T"]
    samples = 100 * results["s"].shape[-1]
    large = lowest_levels(samples)
    grid = np.linspace(temperatures[0], temperatures[-1], 45)
    with plot.style():
        fig, axes = plt.subplots(1, 3, figsize=(7.2, 2.8), layout="constrained")
        colours = plt.get_cmap("viridis")(np.linspace(0.8, 0.1, len(sizes)))
        for k, (n, colour) in enumerate(zip(sizes, colours)):
            exact = rem.finite(grid, int(n))
            for ax, name in zip(axes, PANELS):
                ax.plot(grid, getattr(exact, name), color=colour, lw=0.8)
                mean, error = results[f"{name}_mean"][k], results[f"{name}_err"][k]
                ax.errorbar(temperatures, mean, error, fmt="o", ms=2.5, color=colour, label=f"$N={n}$")
        limit = rem.limit(np.sort([*grid, rem.T_C]))
        for ax, (name, label) in zip(axes, PANELS.items()):
            ax.errorbar(T, large[f"{name}_mean"], large[f"{name}_err"], fmt="D", ms=3, mfc="none", color="C3",
                        label=f"lowest levels, $N={LARGE}$", zorder=3)  # fmt: skip
            ax.plot(limit.T, getattr(limit, name), "k-", lw=1.2, label=r"$N=\infty$ (Derrida 1981)")
            ax.axvline(rem.T_C, color="k", ls=":", lw=0.8)
            ax.set(xlabel="$T$", ylabel=label)
        axes[0].annotate("$T_c$", (rem.T_C, 0.5), xytext=(3, 0), textcoords="offset points")
        axes[2].legend(fontsize=6.5)
        report(results, large)
        return list(plot.save(fig, out / "rem_collapse"))


def report(results, large) -> None:
    """s(T_c), and the largest deviations from the exact means, in numbers."""
    temperatures = results["T"]
    at = int(np.abs(temperatures - rem.T_C).argmin())
    for k, n in enumerate(results["n"]):
        exact = rem.finite(temperatures, int(n))
        z = np.array([(results[f"{x}_mean"][k] - getattr(exact, x)) / results[f"{x}_err"][k] for x in PANELS])
        z[2, temperatures > rem.T_C] = 0  # there the mean of Y is made by a few samples: its error is not Gaussian
        s, error = results["s_mean"][k, at], results["s_err"][k, at]
        worst = np.abs(z).max()
        print(f"N = {n}: s(T_c) = {s:.4f} +- {error:.4f}, exact mean {exact.s[at]:.4f}; largest |z| {worst:.1f}")
    below = np.array(T) < rem.T_C
    off = (large["Y_mean"] - rem.limit(T).Y)[below]
    print(f"N = {LARGE}: s(T_c) = {large['s_mean'][at]:.4f} +- {large['s_err'][at]:.5f}")
    print(f"  below T_c, Y - (1 - T/T_c) is at most {np.abs(off).max():.4f} +- {large['Y_err'][below].max():.4f}")


sweep = Sweep(
    name="rem_collapse",
    title="Entropy collapse of the random energy model",
    citation="Derrida, Phys. Rev. B 24, 2613 (1981)",
    task=Enumeration(REM(n=12), T),
    grid={"model.n": [12, 16, 20, 24]},
    samples=128,
    block=16,
    smoke={"model.n": [8, 10], "samples": 8},
    plot=figure,
)

if __name__ == "__main__":
    sweep.main()
