"""States of the p = 3 Ising glass: how long one lives, and how many there are.

A signal s* planted with strength 1/(2 T0) makes s* an equilibrium configuration at T0 (quiet planting: exact on the
Nishimori line, and indistinguishable from the glass itself above T_K).  Left: the equilibrium correlation
C(t) = |<s(t).s*>|/N, with the plateau q_d that appears at T_d.  Middle: the time it takes C to fall to 0.3: finite at
every N, and growing with N below T_d.  Right: the complexity, the entropy of the system less that of the state around
s*, which is followed down to T = 0 and integrated: it vanishes at T_K.

    python sims/pspin_states.py run         (4 minutes on two cores)
"""

from pathlib import Path

import numpy as np
from scipy.interpolate import CubicSpline

import statmech
from statmech import Metropolis, MonteCarlo, Planted, Sweep
from statmech.stats.jackknife import jackknife
from statmech.theory import pspin_ising as theory
from statmech.theory.pspin import finite_size

STARTS = (0.6, 0.63, 0.66, 0.7, 0.76, 0.84)  # T0
COLDER = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55)
LEVEL = 0.3


def lifetime(C: np.ndarray, time: np.ndarray) -> float:
    """When C first falls to LEVEL, by interpolation; inf if it does not."""
    below = np.flatnonzero(C < LEVEL)
    if not below.size:
        return float("inf")
    k = below[0]
    if k == 0:
        return float(time[0])
    return float(np.interp(LEVEL, C[[k, k - 1]], time[[k, k - 1]]))


def state_entropy(T: np.ndarray, e: np.ndarray) -> np.ndarray:
    """Entropy at T[-1] of a state with energies e (..., T) from T = 0 on: (e - e_0)/T + int (e - e_0)/T^2 dT."""
    rise = e - e[..., :1]  # nothing moves at the coldest temperature
    integrand = CubicSpline(np.append(0.0, T), np.concatenate([0 * rise[..., :1], rise / T**2], -1), axis=-1)
    return rise[..., -1] / T[-1] + integrand.integrate(0.0, T[-1])


def figure(path: Path, out: Path) -> list[Path]:
    """Three panels; the numbers go to the terminal."""
    import matplotlib.pyplot as plt

    from statmech import plot

    r = statmech.load(path)
    T, T0, time = r["T"], 0.5 / r["signal"], r["time"].astype(float)
    at = [int(np.abs(T - t).argmin()) for t in T0]
    T_d, q_d, T_K = theory.dynamical(3).T, theory.dynamical(3).q, theory.kauzmann(3).T
    with plot.style():
        fig, (left, middle, right) = plt.subplots(1, 3, figsize=(7.2, 2.8), layout="constrained")
        for k, n in enumerate(r["n"]):
            C = np.stack([r["timeseries/m_abs"][k, i, at[i], :, 0] for i in range(len(T0))])  # (T0, sample, time)
            tau = [lifetime(c, time) for c in C.mean(1)]
            known = np.isfinite(tau)
            middle.plot(T0[known], np.array(tau)[known], ".-", label=rf"$N={n}$")
            print(f"N = {n}: time to C = {LEVEL}:", ", ".join(f"{x:.0f} at {t:.2f}" for x, t in zip(tau, T0)))
            if n == r["n"][-1]:
                for c, t in zip(C.mean(1), T0):
                    left.plot(time, c, lw=1, label=rf"$T={t:.2f}$")
            for i, t in enumerate(T0):
                if theory.kauzmann(3).T - 0.06 < t < T_d + 0.04 and n > r["n"][0]:
                    e = np.moveaxis(r["e"][k, i, : at[i] + 1, :, 0], 0, -1)
                    total = np.log(2) - 0.25 * finite_size(3, int(n)) / t**2
                    complexity, error = jackknife(total - state_entropy(T[: at[i] + 1], e))
                    right.errorbar(t, complexity, error, fmt=".", color=f"C{k}", label=rf"$N={n}$" if i == 1 else None)
                    print(f"N = {n}, T = {t:.2f}: complexity {complexity:.4f} +- {error:.4f}")
        left.axhline(q_d, color="k", ls=":", lw=0.8)
        left.set(xscale="log", xlabel="sweeps $t$", ylabel="$C(t)$", ylim=(0, 1.02))
        middle.axvline(T_d, color="k", ls="-.", lw=0.8)
        middle.axvline(T_K, color="k", ls=":", lw=0.8)
        middle.set(yscale="log", xlabel="temperature $T$", ylabel=rf"sweeps to $C={LEVEL}$")
        grid = np.linspace(0.6, T_d, 40)
        right.plot(grid, [theory.metastable(3, t).Sigma for t in grid], "k-", lw=1, label=r"theory")
        right.axhline(0, color="k", lw=0.6)
        right.axvline(T_K, color="k", ls=":", lw=0.8)
        right.set(xlabel="temperature $T$", ylabel=r"complexity $\Sigma$")
        for ax in (left, middle, right):
            ax.legend(fontsize=7)
        return list(plot.save(fig, out / "pspin_states"))


sweep = Sweep(
    name="pspin_states",
    title="States of the p = 3 Ising glass by quiet planting",
    citation="Krzakala & Zdeborova, Phys. Rev. Lett. 102, 238701 (2009)",
    task=MonteCarlo(
        Planted(n=64, p=3), Metropolis("random"), T=(*COLDER, *STARTS), starts=("planted",), replicas=4, sweeps=4096
    ),
    grid={"model.n": [32, 64, 128, 192], "model.signal": [0.5 / t for t in STARTS]},
    samples=16,
    block=4,
    smoke={"model.n": [16, 24], "sweeps": 64, "samples": 2, "block": 2},
    plot=figure,
)

if __name__ == "__main__":
    sweep.main()
