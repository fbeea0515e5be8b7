"""The models' own spectra beside the laws of random matrices, with the tools that layers of networks are measured with.

Above: the Hebb matrix of random patterns (Marchenko-Pastur), of correlated ones (the same law with variance 1 - c, and
one spike along the common ancestor), and SK couplings (semicircle).  Below: the matrix of overlaps of 32 replicas of an
Ising student, of a teacher and of random labels, from independent weights (Marchenko-Pastur, Q = n/K) to one state; and
the Hessian of a spherical student, logistic loss, against Marchenko-Pastur with the mean curvature.

    python sims/model_spectra.py run          (2 minutes on two cores)
"""

from pathlib import Path

import numpy as np

import statmech
from statmech import SK, Annealing, GreatCircles, Hopfield, Metropolis, Perceptron, Sweep, Zip
from statmech.models.patterns import RandomPatterns
from statmech.spectra.marchenko_pastur import MarchenkoPastur, fit_marchenko_pastur
from statmech.spectra.phase import spectral_phase
from statmech.spectra.semicircle import Semicircle
from statmech.spectra.spectrum import Spectrum, spectrum
from statmech.spectra.spikes import spike_eigenvalue
from statmech.tasks.student_spectra import StudentSpectra

CORRELATIONS = (0.0, 0.05, 0.2)
STUDENTS = ("Ising, teacher", "Ising, random labels", "spherical logistic, teacher")


def distance(law: MarchenkoPastur | Semicircle, x: np.ndarray) -> float:
    """Kolmogorov-Smirnov distance of eigenvalues from a law."""
    x = np.sort(x)
    F, steps = law.cdf(x), np.arange(len(x) + 1) / len(x)
    return float(max((F - steps[:-1]).max(), (steps[1:] - F).max()))


def with_error(values: list[float]) -> str:
    """Mean over samples with its standard error."""
    return f"{np.mean(values):.4f} +- {np.std(values, ddof=1) / np.sqrt(len(values)):.4f}"


def hebb(n: int, alpha: float, c: float, samples: int) -> list[Spectrum]:
    """Spectra of sum_mu xi_mu xi_mu^T, its zero eigenvalues left out: those of W^T W, W (N, P) of the patterns."""
    model = Hopfield(n=n, alpha=alpha, patterns=RandomPatterns(correlation=c))
    keys = model.disorder_keys(tuple(range(samples)), 0)
    return [spectrum(xi.T) for xi in model.disorder(keys)["xi"]]


def couplings(n: int, samples: int) -> list[np.ndarray]:
    """Eigenvalues of J of the SK model."""
    model = SK(n=n)
    J = model.disorder(model.disorder_keys(tuple(range(samples)), 0))["J"] * model.quantum
    return [np.linalg.eigvalsh(x) for x in J]


def draw(ax, law: MarchenkoPastur | Semicircle, values: list[np.ndarray], color: str, label: str, bins=40) -> None:
    """Density of the pooled eigenvalues as steps, `bins` over the support of the law, and the law as a line."""
    x = np.concatenate(values)
    low, high = law.edges
    width = (high - low) / bins
    count, edges = np.histogram(x, np.arange(low - 3 * width, max(x.max(), high) + 2 * width, width))
    ax.stairs(count / (len(x) * width), edges, color=color, lw=0.8, label=label)
    grid = np.linspace(low, high, 400)[1:-1]
    ax.plot(grid, law.pdf(grid), "-", color=color, lw=0.6)


def figure(path: Path, out: Path) -> list[Path]:
    """Six spectra beside their laws; distances with errors over samples go to the terminal."""
    import matplotlib.pyplot as plt

    from statmech import plot

    r = statmech.load(path)
    smoke = r["overlaps"].shape[-1] < 4
    n, samples = (100, 2) if smoke else (1000, 8)
    with plot.style("page"):
        fig, axes = plt.subplots(2, 3, figsize=(7.2, 4.6), layout="constrained")
        for k, c in enumerate(CORRELATIONS):
            spectra = hebb(n, 0.5, c, samples)
            Q, law = spectra[0].Q, MarchenkoPastur(np.sqrt(1 - c), spectra[0].Q)
            bulk = [s.eigenvalues[: -1 if c else None] / n for s in spectra]
            draw(axes[0, int(k > 0)], law, bulk, f"C{k}", f"$c={c:g}$")
            far = [float(s.lambda_max) / n for s in spectra]
            S = np.sqrt(c * spectra[0].m / (1 - c))
            expected = (1 - c) * float(spike_eigenvalue(S, Q)) if c else law.edges[1]
            fits, labels = [fit_marchenko_pastur(s) for s in spectra], [spectral_phase(s).label for s in spectra]
            D, words = with_error([distance(law, x) for x in bulk]), ", ".join(sorted(set(labels)))
            print(f"Hebb, N = {n}, P = {spectra[0].m}, c = {c:g}: D = {D}, "
                  f"sigma^2 = {with_error([f.sigma**2 / n for f in fits])}, largest {with_error(far)} "
                  f"(theory {expected:.4f}), spikes {[len(f.spikes) for f in fits]}, {words}")  # fmt: skip
        J = couplings(n, samples)
        draw(axes[0, 2], Semicircle(1.0), J, "C0", f"SK, $N={n}$")
        print(f"SK, N = {n}: D = {with_error([distance(Semicircle(1.0), x) for x in J])}, "
              f"largest {with_error([x[-1] for x in J])}")  # fmt: skip
        students(r, list(axes[1]))
        for ax, title in zip(axes.flat, ("Hebb, random patterns", "Hebb, correlated", "SK couplings", *STUDENTS)):
            ax.set(title=title if ax is not axes[1, 2] else "Hessian, spherical logistic", ylabel="density")
            ax.set_xlabel("eigenvalue")
            ax.legend(fontsize=6)
        return list(plot.save(fig, out / "model_spectra"))


def students(r: statmech.Results, axes: list) -> None:
    """Overlap matrices of the two Ising students and the Hessian of the spherical one, at three temperatures."""
    T, n, K = r["T"], int(r["n"][0]), r["overlaps"].shape[2]
    shown = np.unique([0, len(T) // 2, len(T) - 1])
    for k, name in enumerate(STUDENTS):
        for t in range(len(T)):
            q = float(r["q"][k, t].mean())
            # the bulk is that of the weights around their mean: variance 1 - q, one column less
            law = MarchenkoPastur(np.sqrt(max(1 - q, 1e-6)), n / (K - 1) if q > 0.05 else n / K)
            eigenvalues = [x[: -1 if q > 0.05 else None] for x in r["overlaps"][k, t].T]
            pooled = [Spectrum(np.maximum(x, 0) * n, n, K) for x in r["overlaps"][k, t].T]
            spikes = [len(fit_marchenko_pastur(s).spikes) for s in pooled]
            largest = with_error([float(x[-1]) for x in r["overlaps"][k, t].T])
            means = ", ".join(f"{x} = {r[x][k, t].mean():.3f}" for x in ("q", "R", "eps_t"))
            D = with_error([distance(law, x) for x in eigenvalues])
            print(f"{name}, T = {T[t]:g}: {means}, D = {D}, largest {largest}, spikes {np.mean(spikes):.1f}")
            if k < 2 and t in shown:
                draw(axes[k], law, eigenvalues, f"C{list(shown).index(t)}", f"$T={T[t]:g}$, $q={q:.2f}$", 14)
            if k == 2:
                H = list(r["hessian"][k, t].T)
                Q, curvature = float(r["alpha"][k]), np.mean([x.mean() for x in H]) / float(r["alpha"][k])
                law = MarchenkoPastur(np.sqrt(curvature * Q), Q)
                print(f"  Hessian: mean curvature {curvature:.4f}, D = {with_error([distance(law, x) for x in H])}, "
                      f"ends {with_error([x[0] for x in H])} and {with_error([x[-1] for x in H])} "
                      f"(law {law.edges[0]:.3f}, {law.edges[1]:.3f})")  # fmt: skip
                if t in shown:
                    draw(axes[2], law, H, f"C{list(shown).index(t)}", f"$T={T[t]:g}$")


sweep = Sweep(
    name="model_spectra",
    title="Spectra of the models beside the laws of random matrices",
    citation="Marchenko & Pastur, Math. USSR Sb. 1, 457 (1967); Wigner, Ann. Math. 67, 325 (1958)",
    task=StudentSpectra(
        Perceptron(n=127, alpha=4.0),
        Annealing(Metropolis(), T_start=40.0, sweeps=128, schedule="geometric"),
        T=(0.2, 0.5, 1.0, 2.0, 5.0, 20.0),
    ),
    grid={
        "student": Zip({
            "model.weights": ["ising", "ising", "spherical"],
            "model.labels": ["teacher", "random", "teacher"],
            "model.potential": ["error", "error", "logistic"],
            "model.alpha": [4.0, 4.0, 4.0],
            "model.n": [127, 127, 127],
            "sampler.inner": [Metropolis(), Metropolis(), GreatCircles()],
        })
    },
    samples=8,
    block=2,
    smoke={"samples": 2, "T": [0.5, 20.0], "replicas": 12, "settle": 8, "model.n": [31, 31, 31]},
    plot=figure,
)  # fmt: skip

if __name__ == "__main__":
    sweep.main()
