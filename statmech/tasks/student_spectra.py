"""Task: spectra of students on the same examples: the overlaps of their replicas, and the Hessian where they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from statmech.core import Labelled, State, Variable
from statmech.models.perceptron import Perceptron
from statmech.random import derive_key
from statmech.samplers.annealing import Annealing
from statmech.spec import identity
from statmech.tasks.samples import averages, check_samples, one_by_one, temperatures

STEP = 1e-4  # of the difference quotient of V'


@dataclass(frozen=True, eq=False)
class StudentSpectra:
    r"""Replicas of a student, cooled independently to T: their overlap matrix and, with spherical weights, the Hessian.

    .. math:: q_{ab} = \frac1n w_a \cdot w_b, \qquad
              H_{ij} = \frac1n \sum_\mu V''(\Delta_\mu - \kappa)\, x_{\mu i} x_{\mu j}

    The overlap matrix of independent weights is W^T W/n of an n x K matrix, Marchenko-Pastur with Q = n/K.  H is that
    of the energy in all n directions, without the multiplier of the sphere, which shifts it.

    model:    a Perceptron; a potential without a gradient has no Hessian
    sampler:  Annealing of any kernel that fits the weights
    T:        temperatures, increasing
    replicas: K
    settle:   sweeps at every T after the cooling
    disorder: indices of the samples
    seed:     the user's seed; samples are those of MonteCarlo with the same seed

    Results per (T, disorder): overlaps, eigenvalues of q (replica); hessian, eigenvalues of H of the first replica
    (site), NaN without one; q, the mean overlap of two replicas; eps_t, and with a teacher R, of the replicas' mean.
    With averages and jackknife errors of q, eps_t and R.

    Example: ``Sweep("students", StudentSpectra(Perceptron(n=101, alpha=2.0)), samples=4).run("out")``
    """

    model: Perceptron
    sampler: Annealing = field(default_factory=Annealing)
    T: tuple[float, ...] = (1.0,)
    replicas: int = 32
    settle: int = 64
    disorder: tuple[int, ...] = (0,)
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "T", temperatures(self.T))
        if not isinstance(self.model, Perceptron):
            raise TypeError(f"model = {self.model!r}: expected a Perceptron")
        if not isinstance(self.sampler, Annealing):
            raise TypeError(f"sampler = {self.sampler!r}: expected Annealing(...) of a kernel for these weights")
        for name, low in (("replicas", 2), ("settle", 1)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < low:
                raise ValueError(f"{name} = {value!r}: expected an integer >= {low}")
        check_samples(self.disorder, self.seed)

    def identity(self) -> dict[str, Any]:
        """What decides the numbers."""
        return {
            "task": "StudentSpectra",
            "model": identity(self.model, source=True),
            "sampler": identity(self.sampler, source=True),
            "T": list(self.T),
            "replicas": int(self.replicas),
            "settle": int(self.settle),
            "disorder": list(self.disorder),
            "seed": self.seed,
        }

    def start(self) -> State:
        """No sample yet."""
        shape, sizes = (len(self.disorder), len(self.T)), {"overlaps": self.replicas, "hessian": self.model.n}
        state: State = {name: np.full((*shape, size), np.nan) for name, size in sizes.items()}
        return state | {name: np.full(shape, np.nan) for name in ("q", "eps_t", "R")} | {"done": np.array(0)}

    def progress(self, state: State) -> tuple[int, int]:
        """(samples done, samples asked for)."""
        return int(state["done"]), len(self.disorder)

    def advance(self, state: State, n: int) -> State:
        """n more samples."""
        return one_by_one(state, n, len(self.disorder), self._sample)

    def _sample(self, d: int) -> dict[str, np.ndarray]:
        from statmech.kernels import walkers

        model, K = self.model, int(self.replicas)
        (own,) = model.disorder_keys((self.disorder[d],), self.seed)
        disorder = model.disorder([own])
        keys = np.array([derive_key("dynamics", "StudentSpectra", self.seed, own, T) for T in self.T], np.uint64)
        keys, lanes = keys[None, :, None], np.arange(K, dtype=np.uint64)[None, None, :]
        shape, T = (1, len(self.T), K), np.array(self.T)[None, :, None]
        s = model.start("random", disorder, np.broadcast_to(keys, shape), np.broadcast_to(lanes, shape))
        w = walkers(model.problem(disorder), s, "cpu", {})
        extra = self.sampler.begin(shape, np.array(self.T))
        self.sampler.run(w, extra, T, keys, lanes, 0, self.sampler.transient + self.settle)
        students = np.asarray(w.s, float)[0]
        gram = students @ np.swapaxes(students, 1, 2) / model.n
        seen = model.observe(disorder, w.s)
        return {
            "overlaps": np.linalg.eigvalsh(gram),
            "hessian": self._hessian(disorder["xi"][0] * model.unit, students[:, 0]),
            "q": (gram.sum((1, 2)) - K) / (K * (K - 1)),
            "eps_t": seen["eps_t"][0].mean(1),
            "R": seen["R"][0].mean(1) if "R" in seen else np.full(len(self.T), np.nan),
        }

    def _hessian(self, xi: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Eigenvalues (T, n) at students (T, n) of examples xi (P, n) times their labels."""
        n, slope = self.model.n, self.model.V.derivative
        if self.model.weights != "spherical" or slope is None:
            return np.full((len(w), n), np.nan)
        u = w @ xi.T / np.sqrt(n) - self.model.kappa
        curvature = (np.asarray(slope(u + STEP)) - np.asarray(slope(u - STEP))) / (2 * STEP)
        return np.linalg.eigvalsh(np.einsum("tm,mi,mj->tij", curvature, xi, xi, optimize=True) / n)

    def results(self, state: State) -> Labelled:
        """Eigenvalues and means of every sample; NaN where not run yet."""
        out: Labelled = {
            "T": Variable(("T",), np.array(self.T)),
            "disorder": Variable(("disorder",), np.array(self.disorder)),
        }
        for name, dim in (("overlaps", "level"), ("hessian", "site")):
            out[name] = Variable(("T", dim, "disorder"), np.moveaxis(state[name], 0, -1))
        return out | {name: Variable(("T", "disorder"), state[name].T) for name in ("q", "eps_t", "R")}

    def combine(self, parts: Labelled) -> Labelled:
        """Disorder averages <name>_mean and jackknife errors <name>_err of q, eps_t and R."""
        return averages({name: parts[name] for name in ("q", "eps_t", "R")})
