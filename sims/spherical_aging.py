"""Ageing of the spherical p = 3 glass: a quench from infinite temperature, followed in real time.

Langevin dynamics at T = 0 and T = 0.5 < T_d = 0.612 against the dynamical equations of the infinite system, integrated
numerically: the energy, which falls towards the threshold e_th like t^(-2/3) (T = 0); the correlation C(t, t_w), which
the slower forgets the older the system is; the response chi against C, slope 1/T while the system looks as if it were
in equilibrium and X/T after that.  Sizes up to N = 128: differences from theory are of order 1/N, and what is left of
them after extrapolation is printed.

    python sims/spherical_aging.py run           (4 minutes on two cores; --smoke: seconds)
"""

from pathlib import Path

import numpy as np

import statmech
from statmech import Ageing, BrownianDynamics, PSpin, Sweep
from statmech.stats.jackknife import jackknife
from statmech.theory.pspin_spherical import e_threshold, threshold
from statmech.theory.spherical_dynamics import energy, relax

SHOWN = (1.0, 2.0, 5.0, 10.0, 30.0)  # times at which the energies are printed


def to_infinity(sizes: np.ndarray, values: np.ndarray, errors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values and errors (time,) at 1/N = 0 of (size, time), on a line in 1/N through the two largest sizes."""
    (a, b), (i, j) = 1 / sizes[np.argsort(sizes)[-2:]], np.argsort(sizes)[-2:]
    weight = a / (a - b)
    spread = np.sqrt((weight * errors[j]) ** 2 + ((weight - 1) * errors[i]) ** 2)
    return weight * values[j] - (weight - 1) * values[i], spread


def limit(t: np.ndarray, e: np.ndarray) -> tuple[float, float]:
    """(value at t = infinity, slope) of a line in t^(-2/3)."""
    slope, end = np.polyfit(t ** (-2 / 3), e, 1)
    return float(end), float(slope)


def figure(path: Path, out: Path) -> list[Path]:
    """Energy, correlation, and response against correlation."""
    import matplotlib.pyplot as plt

    from statmech import plot

    r = statmech.load(path)
    t, T, sizes, waits = r["time"], r["T"], r["n"], r["t_w"]
    e, error = r["e_mean"], r["e_err"]  # (n, T, time)
    cold, warm = int(T.argmin()), int(T.argmax())
    late = t >= 0.15 * t[-1]
    with plot.style():
        fig, (left, middle, right) = plt.subplots(1, 3, figsize=(9.6, 3.1), layout="constrained")
        for k, n in enumerate(sizes):
            left.errorbar(t[1:], e[k, cold, 1:], error[k, cold, 1:], fmt=".", ms=3, label=rf"$N={n}$")
        times, exact = energy(float(T[cold]), t_max=float(t[-1]), dt=0.1)
        left.plot(times[1:], exact[1:], "k-", lw=1, label=r"theory, $N=\infty$")
        left.axhline(e_threshold(3), color="k", ls=":", lw=0.8, label=r"threshold $e_{th}$")
        far, spread = to_infinity(sizes, e[:, cold], error[:, cold])
        left.errorbar(t[1:], far[1:], spread[1:], fmt="k.", ms=3, alpha=0.5, label=r"$1/N\to0$")
        for time in (x for x in SHOWN if x <= t[-1]):
            i = int(np.abs(t - time).argmin())
            at = ", ".join(f"N = {n}: {e[k, cold, i]:.4f}({error[k, cold, i] * 1e4:.0f})" for k, n in enumerate(sizes))
            print(f"T = {T[cold]:g}, t = {t[i]:.1f}: {at}; 1/N -> 0: {far[i]:.4f} +- {spread[i]:.4f}; "
                  f"theory {np.interp(t[i], times, exact):.4f}")  # fmt: skip
        own, _ = limit(t[late], far[late])
        theory, _ = limit(times[times >= 0.15 * t[-1]], exact[times >= 0.15 * t[-1]])
        per_sample = r["e"][:, cold]  # (n, time, disorder)
        big, small = np.argsort(sizes)[-1], np.argsort(sizes)[-2]
        weight = (1 / sizes[small]) / (1 / sizes[small] - 1 / sizes[big])
        ends = [
            [limit(t[late], per_sample[k, late, d])[0] for d in range(per_sample.shape[-1])] for k in (big, small)
        ]
        spread_end = np.hypot(weight * jackknife(ends[0])[1], (weight - 1) * jackknife(ends[1])[1])
        print(f"T = {T[cold]:g}, line in t^(-2/3) from t = {t[late][0]:.1f}: {own:.4f} +- {spread_end:.4f} at t = "
              f"infinity, of the theory {theory:.4f}, e_th = {e_threshold(3):.4f}")  # fmt: skip
        inset = left.inset_axes((0.5, 0.5, 0.47, 0.45))
        inset.plot(times[1:] ** (-2 / 3), exact[1:], "k-", lw=0.8)
        inset.errorbar(t[1:] ** (-2 / 3), far[1:], spread[1:], fmt="k.", ms=2, alpha=0.5)
        inset.axhline(e_threshold(3), color="k", ls=":", lw=0.8)
        inset.set(xlim=(0, 1), ylim=(e_threshold(3) - 0.03, -0.7), xlabel=r"$t^{-2/3}$")
        left.set(xlabel=r"time $t$", ylabel=rf"$e(t)$ at $T={T[cold]:g}$", xscale="log", xlim=(0.15, t[-1] * 1.1))

        infinite = relax(float(T[warm]), t_max=float(t[-1]), dt=0.1)
        response = infinite.integrated_response()
        states = threshold(3, float(T[warm]))
        q, X = float(states.q), float(states.m)
        C, C_err, chi, chi_err = (r[f"{name}_{kind}"][big, warm] for name in ("C", "chi") for kind in ("mean", "err"))
        for k, wait in enumerate(waits):
            after = t > wait
            line = middle.errorbar(t[after] - wait, C[k, after], C_err[k, after], fmt=".", ms=3,
                                   label=rf"$t_w={wait:g}$")  # fmt: skip
            colour, w = line.lines[0].get_color(), round(wait / infinite.t[1])
            middle.plot(infinite.t[w + 1 :] - wait, infinite.C[w + 1 :, w], color=colour, lw=0.8)
            right.errorbar(C[k, after], chi[k, after], chi_err[k, after], C_err[k, after], fmt=".", ms=3, color=colour)
            right.plot(infinite.C[w:, w], response[w:, w], color=colour, lw=0.8)
            i, j = -1, np.rint(t[-1] / infinite.t[1]).astype(int)
            print(f"T = {T[warm]:g}, N = {sizes[big]}, t_w = {wait:g}, t = {t[i]:g}: C = {C[k, i]:.3f} +- "
                  f"{C_err[k, i]:.3f} (theory {infinite.C[j, w]:.3f}), chi = {chi[k, i]:.3f} +- {chi_err[k, i]:.3f} "
                  f"(theory {response[j, w]:.3f}; 1/T line {(1 - C[k, i]) / T[warm]:.3f})")  # fmt: skip
        middle.axhline(q, color="k", ls=":", lw=0.8)
        middle.set(xlabel=r"$t-t_w$", ylabel=rf"$C(t,t_w)$ at $T={T[warm]:g}$", xscale="log", ylim=(0, 1.02))
        x = np.array([1.0, q, 0.0])
        y = np.array([0.0, (1 - q) / T[warm], (1 - q + X * q) / T[warm]])
        right.plot(x, y, "k--", lw=0.8, label=rf"slopes $1/T$, $X/T$, $X={X:.2f}$")
        right.plot([1, 0], [0, 1 / T[warm]], "k:", lw=0.8, label=r"equilibrium, $1/T$")
        right.set(xlabel=r"$C(t,t_w)$", ylabel=r"$\chi(t,t_w)$", xlim=(0, 1), ylim=(0, 1.05 / T[warm]))
        for ax in (left, middle, right):
            ax.legend(fontsize=6, loc="lower left", frameon=True, framealpha=0.9, edgecolor="none")
        return list(plot.save(fig, out / "spherical_aging"))


sweep = Sweep(
    name="spherical_aging",
    title="Ageing of the spherical p = 3 glass",
    citation="Cugliandolo & Kurchan, Phys. Rev. Lett. 71, 173 (1993)",
    task=Ageing(
        model=PSpin(128, 3, spins="spherical"),
        sampler=BrownianDynamics(dt=0.1, steps=2),
        T=(0.0, 0.5),
        t_w=(1.0, 4.0, 12.0),
        t_max=32.0,
        points=4,
        delta=0.01,
        replicas=8,
    ),
    grid={"model.n": [32, 64, 128]},
    samples=48,
    block=4,
    smoke={"model.n": [8, 16], "samples": 4, "t_max": 4.0, "t_w": (0.4, 2.0), "replicas": 2},
    plot=figure,
)

if __name__ == "__main__":
    sweep.main()
