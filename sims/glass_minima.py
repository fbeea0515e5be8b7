"""How rough a landscape is: the number of one-flip minima of SK and p = 3, by many quenches, against an exact count.

The mean number over samples is known at every N (statmech.theory.local_minima).  Filled points: minima found; open
points: an estimate of how many there are from how often each was met, a lower bound; where the quenches no longer meet
the same minimum twice both stop rising.

    python sims/glass_minima.py run         (2 minutes on two cores)
"""

from pathlib import Path

import numpy as np

import statmech
from statmech import SK, Minima, PSpin, Sweep, Zip
from statmech.stats.jackknife import jackknife
from statmech.theory.local_minima import exponent, log_mean

SIZES = {2: [10, 16, 24, 32, 40, 48, 56], 3: [8, 12, 16, 20, 24, 30, 36]}


def figure(path: Path, out: Path) -> list[Path]:
    """ln of the mean number of minima against N."""
    import matplotlib.pyplot as plt

    from statmech import plot

    r = statmech.load(path)
    order = np.where(np.char.startswith(r["model"].astype(str), "SK"), 2, 3)
    size = np.array([int(words.split("n=")[1].split(",")[0]) for words in r["model"].astype(str)])
    with plot.style():
        fig, ax = plt.subplots(figsize=(3.6, 3.2), layout="constrained")
        for p, colour, name in ((2, "C0", "SK"), (3, "C1", "$p=3$")):
            here, both = order == p, np.log(2) * (p % 2 == 0)  # even p: mirror images count twice in theory
            n = size[here]
            found, error = jackknife(r["minima"][here], np.log, axis=1)
            total, spread = jackknife(r["total"][here], np.log, axis=1)
            ax.errorbar(n, found + both, error, fmt="o", color=colour, ms=3, label=name)
            ax.errorbar(n, total + both, spread, fmt="o", color=colour, mfc="none", ms=4.5)
            grid = np.arange(p + 1, n.max() + 1)
            ax.plot(grid, log_mean(grid, p), "-", color=colour, lw=1, label=rf"exact mean, $e^{{{exponent(p):.3f}N}}$")
            sure = r["coverage_mean"][here] > 0.999
            z = ((total + both - log_mean(n, p)) / spread)[sure]
            print(f"p = {p}: N up to {n[sure].max(initial=0)} with 99.9 % coverage, ln(mean count) off exact by "
                  f"{np.abs(z).max(initial=0):.1f} errors at most; {(r['e_mean'][here][-1]):.3f} where a quench ends, "
                  f"{r['e_min_mean'][here][-1]:.3f} the lowest")  # fmt: skip
        ax.set(xlabel="spins $N$", ylabel=r"$\ln$ (mean number of minima)")
        ax.legend(fontsize=7)
        return list(plot.save(fig, out / "glass_minima"))


sweep = Sweep(
    name="glass_minima",
    title="One-flip minima of spin glasses",
    citation="Bray & Moore, J. Phys. C 13, L469 (1980)",
    task=Minima(SK(n=16), quenches=20_000),
    grid={"glass": Zip({"model": [*(SK(n=n) for n in SIZES[2]), *(PSpin(n=n, p=3) for n in SIZES[3])]})},
    samples=32,
    block=8,
    smoke={"quenches": 200, "samples": 2},
    plot=figure,
)

if __name__ == "__main__":
    sweep.main()
