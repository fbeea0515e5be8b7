"""Stability of the symmetric three-pattern mixture as the load vanishes: it ends at T = 0.460.

The overlap difference d = (m_1 - m_2)/sqrt 2 fluctuates around the mixture with N <d^2> = T (1 - lambda)/lambda,
where lambda is the smallest curvature of the free energy f(m) = m^2/2 - T E ln 2cosh(xi.m/T) (Hubbard-Stratonovich:
the overlap is a Gaussian field of covariance T/(N lambda) less one of covariance T/N).  So a simulation measures
lambda = T / (T + N <d^2>).  The temperature where it vanishes is read off by a scale factor of the temperature axis,
the one fit parameter: lambda(T) = lambda_theory(T / x), end of stability at 0.460 x.  Three patterns in which the
eight sign classes are equally frequent: random ones differ by 1/sqrt N, enough to tip a mixture this soft.

    python sims/hopfield_mixture.py run           (3 minutes on two cores)
"""

from pathlib import Path

import numpy as np
from scipy.optimize import brentq, curve_fit

import statmech
from statmech import Hopfield, Metropolis, MonteCarlo, StoredPatterns, Sweep
from statmech.theory.hopfield_lines import T_mixture

N = 128000
CLASSES = np.array([[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, 1, -1]])  # up to a global sign that a gauge removes


def balanced(n: int) -> StoredPatterns:
    """Three exactly orthogonal patterns (3, n), n a multiple of 4."""
    return StoredPatterns(np.tile(CLASSES, n // 4), shuffle=False)


def asymmetry(model, disorder, s):
    """d^2 of the three overlaps, averaged over their three pairs."""
    m = np.einsum("dmi,dtki->dtkm", disorder["xi"].astype(np.float32), s.astype(np.float32)) / model.n
    return 0.5 * ((m[..., 0] - m[..., 1]) ** 2 + (m[..., 1] - m[..., 2]) ** 2 + (m[..., 2] - m[..., 0]) ** 2) / 3


def curvature(T: float) -> float:
    """Smallest curvature of f at the mixture, 1 - (1 - q + Q)/T, q = E tanh^2, Q = |E xi_1 xi_2 tanh^2|."""
    def field(m):
        return CLASSES.sum(0) * m / T

    m = brentq(lambda m: (CLASSES[0] * np.tanh(field(m))).mean() - m, 0.2, 0.9)
    t = np.tanh(field(m)) ** 2
    return 1 - (1 - t.mean() + abs((CLASSES[0] * CLASSES[1] * t).mean())) / T


def figure(path: Path, out: Path) -> list[Path]:
    """Measured curvature against T with theory; the extrapolated end of stability."""
    import matplotlib.pyplot as plt

    from statmech import plot

    r = statmech.load(path)
    T = r["T"]
    # every sample has the same patterns, so the error is thermal: the scatter of four samples would be a poor one
    thermal = r["asymmetry_stderr"][:, :, 0]
    d2, error = r["asymmetry_mean"][:, 0], np.sqrt((thermal**2).sum(1)) / thermal.shape[1]
    n = int(r["n"]) if "n" in r else N
    measured = T / (T + n * d2)
    spread = measured**2 / T * n * error
    model = np.vectorize(lambda t, x: curvature(t / x))
    (x,), covariance = curve_fit(model, T, measured, p0=[1.0], sigma=spread, absolute_sigma=True)
    end, end_error = x * T_mixture(3), np.sqrt(covariance[0, 0]) * T_mixture(3)
    z = (measured - [curvature(t) for t in T]) / spread
    print(f"the mixture loses stability at T = {end:.4f} +- {end_error:.4f}; theory {T_mixture(3):.4f}")
    print("lambda against theory, in errors:", " ".join(f"{v:.2f}" for v in z))
    with plot.style():
        fig, ax = plt.subplots(figsize=(3.4, 2.6), layout="constrained")
        ax.errorbar(T, measured, spread, fmt="o", label=rf"$N={n}$: $T={end:.4f}({round(end_error * 1e4):d})$")
        grid = np.linspace(T.min(), T_mixture(3), 100)
        ax.plot(grid, [curvature(t) for t in grid], "k-", label=rf"theory: $T={T_mixture(3):.3f}$")
        ax.axhline(0, color="k", lw=0.6)
        ax.set_xlabel(r"temperature $T$")
        ax.set_ylabel(r"curvature $\lambda$ of $f$ at the 3-mixture")
        ax.legend()
        return list(plot.save(fig, out / "hopfield_mixture"))


sweep = Sweep(
    name="hopfield_mixture",
    title="Stability of the symmetric three-pattern mixture",
    citation="Amit, Gutfreund & Sompolinsky, Phys. Rev. A 32, 1007 (1985)",
    task=MonteCarlo(
        Hopfield(alpha=3 / N, patterns=balanced(N)),
        sampler=Metropolis(),
        T=(0.3, 0.33, 0.36, 0.39, 0.41, 0.42),
        starts=("mixture",),
        replicas=4,
        sweeps=1024,
        observables={"asymmetry": asymmetry},
    ),
    samples=4,
    block=1,
    smoke={"sweeps": 64, "samples": 2, "T": [0.3, 0.36, 0.42], "replicas": 2},
    plot=figure,
)

if __name__ == "__main__":
    sweep.main()
