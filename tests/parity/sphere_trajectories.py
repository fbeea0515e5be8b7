"""Problems on the sphere to run on two devices, and the comparison: decisions are equal, numbers equal to rounding."""

from __future__ import annotations

from typing import Any

import numpy as np

from statmech import (
    Annealing,
    Billiards,
    GreatCircles,
    HamiltonianMonteCarlo,
    Langevin,
    Perceptron,
    Rotations,
    Tempering,
)
from statmech.backend import to_host
from statmech.kernels.sphere_cpu import SphereWalkers
from statmech.kernels.sphere_cuda import SphereWalkersGPU
from statmech.potentials import POTENTIALS, Potential
from statmech.problems import SphereProblem
from statmech.random import Stream
from statmech.spaces.sphere import Sphere, normals
from statmech.tasks.montecarlo import MonteCarlo

D, K = 2, 2
T = np.array([0.0, 0.5, 2.0, np.inf])[None, :, None]
KEYS = np.array([[[11], [22], [33], [44]], [[55], [66], [77], [2**64 - 1]]], np.uint64)
LANES = np.arange(K, dtype=np.uint64)[None, None, :] * np.uint64(65536) + np.uint64(3)
SIZES = ((2, 1), (5, 3), (33, 70))  # (N, P): less than a warp, more than one, an odd coordinate left over
MOVES = {"rotate": 0.4, "circles": 2 * np.pi}
V = {name: POTENTIALS[name] for name in ("error", "hinge", "quadratic", "logistic")} | {
    "user": Potential(lambda u: abs(u - 0.3))
}
TOLERANCE = 1e-10


def examples(n: int, patterns: int) -> np.ndarray:
    """Standard normals (D, P, N)."""
    return normals(np.uint64(9), Stream.DISORDER, 0, np.arange(D * patterns, dtype=np.uint64), n).reshape(D, -1, n)


def problem(name: str, n: int, patterns: int, kappa: float = 0.0, xi: np.ndarray | None = None) -> SphereProblem:
    xi = examples(n, patterns) if xi is None else xi
    return SphereProblem(xi, V[name].value, V[name].derivative, kappa)


def walls(kind: str) -> SphereProblem:
    """Examples in general position, and examples that share their walls: twins, opposites, multiples."""
    if kind == "many":
        return problem("error", 33, 70)
    if kind == "margin":
        return problem("error", 20, 70, -0.2)
    if kind == "few":
        return problem("error", 5, 3, 0.4)
    xi = examples(9, 40)
    if kind == "shared":
        xi[:, 1], xi[:, 35], xi[:, 39] = -2 * xi[:, 0], xi[:, 0], 0.5 * xi[:, 7]
        return problem("error", 9, 40, xi=xi)
    xi[:, 33], xi[:, 39] = xi[:, 0], xi[:, 7]  # kind == "shared at a margin"
    return problem("error", 9, 40, 0.3, xi=xi)


WALLS = ("many", "margin", "few", "shared", "shared at a margin")


def start(n: int) -> np.ndarray:
    return Sphere().random(np.broadcast_to(KEYS, (D, T.size, K)), np.broadcast_to(LANES, (D, T.size, K)), n)


def trajectory(
    kind: type, p: SphereProblem, move: str, sweeps: tuple[int, ...] = (2, 1), size: float | None = None
) -> dict[str, np.ndarray]:
    """Everything that a run leaves behind, after each of its pieces."""
    w = kind(p, start(p.xi.shape[-1]))
    temperature = np.where(T == 0, 0.2, T) if move == "fly" else T
    out = {"fields": np.array(to_host(w.fields)), "energy": w.energy}
    begin = 1000
    for piece, count in enumerate(sweeps):
        size = size or (1.0 if move == "fly" else MOVES[move])
        out[f"accepted {piece}"] = getattr(w, move)(temperature, KEYS, LANES, begin, count, size)
        begin += count
        out[f"looked {piece}"] = np.array(to_host(w.looked))
        out[f"energy {piece}"] = w.energy
        out |= {f"{name} {piece}": array for name, array in w.state().items() if name != "energy"}
    return out


def on_gpu(*args: Any, **options: Any) -> dict[str, np.ndarray]:
    return trajectory(SphereWalkersGPU, *args, **options)


def on_both(*args: Any, **options: Any) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The same trajectory on the CPU and on the (simulated) GPU."""
    return trajectory(SphereWalkers, *args, **options), on_gpu(*args, **options)


def different(a: dict[str, np.ndarray], b: dict[str, np.ndarray], tolerance: float = TOLERANCE) -> list[str]:
    """Names of what is not equal: counters exactly, numbers within tolerance (1 + |x|)."""
    assert a.keys() == b.keys()
    out = []
    for name, x in a.items():
        y = b[name]
        exact = x.dtype.kind != "f" or tolerance == 0
        same = np.array_equal(x, y, equal_nan=x.dtype.kind == "f") if exact else np.allclose(
            y, x, rtol=tolerance, atol=tolerance, equal_nan=True
        )  # fmt: skip
        if x.dtype != y.dtype or not same:
            out.append(name)
    return out


STUDENT: dict[str, Any] = {"n": 21, "alpha": 2.0, "weights": "spherical", "r": 0.1}
TASKS = {
    "great circles": (Perceptron(**STUDENT), GreatCircles()),
    "rotations, tempered": (Perceptron(**STUDENT, potential="hinge"), Tempering(Rotations(tuning=8))),
    "billiards, tempered": (Perceptron(**STUDENT, inputs="gaussian", kappa=0.2), Tempering(Billiards(time=0.5))),
    "great circles, annealed": (Perceptron(**STUDENT, potential="quadratic"), Annealing(GreatCircles(), sweeps=8)),
    "hamiltonian": (Perceptron(**STUDENT, potential="logistic"), HamiltonianMonteCarlo(steps=3, tuning=8)),
    "hamiltonian, probit": (
        Perceptron(**STUDENT, before=0.5, potential="probit"),
        HamiltonianMonteCarlo(steps=2, tuning=8),
    ),
    "langevin": (Perceptron(**STUDENT, potential="quadratic", kappa=1.0), Langevin(tuning=8)),
}


def run_task(name: str, device: str, *pieces: int) -> dict[str, np.ndarray]:
    """State of a whole task after pieces of so many sweeps."""
    model, sampler = TASKS[name]
    task = MonteCarlo(
        model, sampler, (0.2, 0.5, 0.9), replicas=2, sweeps=sum(pieces), disorder=(0, 2), device=device
    )  # fmt: skip
    state = task.start()
    for piece in pieces:
        state = task.advance(state, piece)
    return state
