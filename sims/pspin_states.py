"""States of the p = 3 Ising glass: how long one lives, and how many there are.

A signal s* planted with strength 1/(2 T0) makes s* an equilibrium configuration at T0 (quiet planting: exact on the
Nishimori line, and for N -> infinity indistinguishable from the glass itself above T_K).  Left: the equilibrium
correlation C(t) = |<s(t).s*>|/N, with the plateau q_d that appears at T_d.  Middle: the time it takes C to fall to 1/2.
Right: the complexity, the entropy of the system less that of the state around s*, which is followed down to T = 0 and
integrated; extrapolated in 1/N it goes through zero at T_K.

    python sims/pspin_states.py run         (10 minutes on two cores)
"""

from pathlib import Path

import numpy as np
from scipy.interpolate import CubicSpline

import statmech
from statmech import Metropolis, MonteCarlo, Planted, Sweep
from statmech.stats.jackknife import jackknife
from statmech.stats.scaling import extrapolate
from statmech.theory import pspin_ising as theory
from statmech.theory.pspin import finite_size

STARTS = (0.6, 0.63, 0.66, 0.7, 0.76, 0.84)  # T0
COLDER = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55)
LEVEL = 0.5
INSIDE = (8, 128)  # sweeps in which a chain from s* sees the state and has not left it


def lifetime(C: np.ndarray, time: np.ndarray) -> float:
    """When C first falls to LEVEL, by interpolation; inf if it does not."""
    below = np.flatnonzero(C < LEVEL)
    if not below.size:
        return float("inf")
    k = below[0]
    if k == 0:
        return float(time[0])
    return float(np.interp(LEVEL, C[[k, k - 1]], time[[k, k - 1]]))


def state_energies(r: statmech.Results, k: int, i: int, cells: int) -> np.ndarray:
    """Energies (sample, T) of the state around s* at the coldest `cells` temperatures, of size k and signal i: late
    where it is stable, early where the chain may leave it."""
    e = np.array(r["e"][k, i, :cells, :, 0])
    early = (r["time"] > INSIDE[0]) & (r["time"] <= INSIDE[1])
    warm = r["T"][:cells] >= 0.55
    e[warm] = np.array(r["timeseries/e"][k, i, :cells, :, 0])[warm][..., early].mean(-1)
    return e.T


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
        found: dict[float, list[tuple[float, ...]]] = {}
        for k, n in enumerate(r["n"]):
            C = np.stack([r["timeseries/m_abs"][k, i, at[i], :, 0] for i in range(len(T0))]).mean(1)  # (T0, time)
            tau = [lifetime(c, time) for c in C]
            known = np.isfinite(tau)
            middle.plot(T0[known], np.array(tau)[known], ".-", color=f"C{k}", label=rf"$N={n}$")
            print(f"N = {n}: sweeps to C = {LEVEL}:", ", ".join(f"{x:.0f} at {t:.2f}" for x, t in zip(tau, T0)))
            if n == r["n"][-1]:
                for c, t in zip(C, T0):
                    left.plot(time, c, lw=1, label=rf"$T={t:.2f}$")
            for i, t in enumerate(T0):
                if t < T_d and n > 32:
                    total = np.log(2) - 0.25 * finite_size(3, int(n)) / t**2
                    entropy = state_entropy(T[: at[i] + 1], state_energies(r, k, i, at[i] + 1))
                    found.setdefault(t, []).append((n, *jackknife(total - entropy)))
                    label = rf"$N={n}$" if i == 0 else None
                    right.errorbar(t, *found[t][-1][1:], fmt=".", color=f"C{k}", label=label)
        for t, points in found.items():
            if len(points) > 1:
                x = extrapolate(*np.array(points).T, power=1)
                label = r"$N\to\infty$" if t == T0[0] else None
                right.errorbar(t, x.value, x.error, fmt="ks", ms=3, mfc="none", label=label)
                sizes = ", ".join(f"{y:.3f}({1e3 * d:.0f}) at N = {n:g}" for n, y, d in points)
                exact = theory.metastable(3, t).Sigma
                print(f"T = {t:.2f}: complexity {sizes}; 1/N -> 0: {x.value:.3f} +- {x.error:.3f}, theory {exact:.3f}")
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
