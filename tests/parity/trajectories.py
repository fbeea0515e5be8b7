"""Problems to run on two devices, and the comparison: equality of everything, bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from math import comb
from typing import Any

import numpy as np

import statmech
from statmech import random
from statmech.backend import to_host
from statmech.kernels import chains, cpu, cuda
from statmech.problems import DilutedProblem, FieldProblem, Lookup, PairProblem, Quadratic, Step, TensorProblem
from statmech.random import Stream
from statmech.tasks.montecarlo import MonteCarlo

D, K = 2, 2
T = np.array([0.0, 0.5, 2.0, np.inf])[None, :, None]  # in units of the local field
SIZES = (5, 33, 70)  # less than a warp, one lane more than a warp, whole packs and some
KINDS: dict[str, tuple[type, type]] = {
    "pairs": (cpu.PairWalkers, cuda.PairWalkersGPU),
    "fields": (cpu.FieldWalkers, cuda.FieldWalkersGPU),
    "tensor": (cpu.TensorWalkers, cuda.TensorWalkersGPU),
    "diluted": (cpu.DilutedWalkers, cuda.DilutedWalkersGPU),
}
RULES = [(criterion, order) for criterion in ("metropolis", "heatbath") for order in ("sequential", "random")]


def integers(*lanes: int, n: int, low: int, high: int) -> np.ndarray:
    """Uniform integers low .. high, shape (*lanes, n), a pure function of their place."""
    u = random.rows(20, Stream.DISORDER, range(int(np.prod(lanes))), n)
    return (low + np.floor(u * (high - low + 1))).astype(np.int64).reshape(*lanes, n)


def pair_problem(n: int, size: int = 3, dtype: Any = np.int64) -> PairProblem:
    """Symmetric J with |J_ij| <= size, fields up to size, two samples."""
    J = np.triu(integers(D, n, n=n, low=-size, high=size), 1)
    h = integers(D, n=n, low=-size, high=size)
    J = J + J.transpose(0, 2, 1)
    if dtype == np.float64:
        return PairProblem(J / 7, h / 7, 1.0, np.array([0.25, -1.0]))
    return PairProblem(J, h, 0.7, np.array([0.25, -1.0]))


def field_problem(n: int, patterns: int) -> FieldProblem:
    return FieldProblem(binary(n, patterns), 1 / n)


def tensor_problem(n: int, orders: tuple[int, ...], size: int = 600) -> TensorProblem:
    """Every tuple coupled with |J| <= size, two samples."""
    couplings = {p: integers(D, n=comb(n, p), low=-size, high=size) for p in orders}
    return TensorProblem(n, couplings, 0.01, np.array([0.25, -1.0]))


def diluted_problem(n: int, counts: dict[int, int], size: int = 600) -> DilutedProblem:
    """So many terms of every order, their members drawn without repetition; two samples."""
    terms = {}
    for p, count in counts.items():
        u = random.rows(21 + p, Stream.DISORDER, range(D * count + 1), n)[1:].reshape(D, count, n)
        terms[p] = (np.argsort(u, -1)[..., :p], integers(D, n=count, low=-size, high=size))
    return DilutedProblem(n, terms, 0.01, np.array([0.25, -1.0]))


def binary(n: int, patterns: int) -> np.ndarray:
    return (2 * integers(D, patterns, n=n, low=0, high=1) - 1).astype(np.int8)


def wild(n: int, shift: int) -> Lookup:
    """Values all over 32 bits: slopes of both signs that need 33, sums that need more."""
    count = (2 * n >> shift) + 2
    return Lookup(integers(n=count, low=-(2**31) + 1, high=2**31 - 1).astype(np.int32), -n, shift)


def perceptron(**parameters: Any) -> FieldProblem:
    """The problem of an Ising perceptron with two samples."""
    model = statmech.Perceptron(**parameters)
    return model.problem(model.disorder([31, 32]))


def gaussian(**parameters: Any) -> FieldProblem:
    return perceptron(inputs="gaussian", **parameters)


# name -> (problem, kernel); 256 patterns are one round of a warp
POTENTIALS: dict[str, tuple[Callable[[], FieldProblem], str]] = {
    "error, binary": (lambda: perceptron(n=33, alpha=18, r=0.2), "step_int16"),
    "error at a margin": (lambda: FieldProblem(binary(33, 256), potential=Step(3)), "step_int16"),
    "all are errors": (lambda: FieldProblem(binary(17, 9), potential=Step(10**12)), "step_int16"),
    "none is an error": (lambda: FieldProblem(binary(17, 9), potential=Step(-(10**12))), "step_int16"),
    "error, gaussian": (lambda: gaussian(n=50, alpha=6.02, labels="random", kappa=0.3), "step_int16"),
    "error, large gaussian": (lambda: gaussian(n=201, alpha=0.2), "step_int32"),
    "hinge, binary": (lambda: perceptron(n=33, alpha=9, r=0.4, potential="hinge", kappa=0.2), "lookup_int16"),
    "hinge, gaussian": (lambda: gaussian(n=5, alpha=0.6, potential="hinge"), "lookup_int16"),
    "logistic": (lambda: gaussian(n=50, alpha=2, potential="logistic"), "lookup_int16"),
    "quadratic": (lambda: gaussian(n=201, alpha=0.2, potential="quadratic", kappa=1.0), "lookup_int32"),
    "matched": (lambda: perceptron(n=33, alpha=1, before=0.5, potential="probit"), "lookup_int16"),
    "wild": (lambda: FieldProblem(binary(50, 301), 2.0**-31, potential=wild(50, 3)), "lookup_int16"),
    "wild at every integer": (lambda: FieldProblem(binary(33, 40), 2.0**-31, potential=wild(33, 0)), "lookup_int16"),
}


def unit(problem: Any) -> float:
    """A temperature at which some flips are accepted and some are not."""
    if isinstance(problem, TensorProblem):
        # the root mean square of a local field
        return problem.scale * np.sqrt(sum((J**2).sum(-1).max() * p for p, J in problem.couplings.items()) / problem.n)
    if isinstance(problem, DilutedProblem):
        return problem.scale * max(np.abs(J).max(initial=1) for _, J in problem.terms.values())
    if isinstance(problem, PairProblem):
        return problem.scale * np.sqrt(problem.J.shape[-1]) * np.abs(problem.J).max()
    _, patterns, n = problem.xi.shape
    if isinstance(problem.potential, Quadratic):
        return problem.scale * n
    return 0.3 * np.sqrt(patterns)  # V is of order one


def size(problem: Any) -> int:
    """Spins of a configuration."""
    if isinstance(problem, TensorProblem | DilutedProblem):
        return problem.n
    return (problem.J if isinstance(problem, PairProblem) else problem.xi).shape[-1]


def start(n: int) -> np.ndarray:
    return (2 * integers(D, T.size, K, n=n, low=0, high=1) - 1).astype(np.int8)


def trajectory(
    kind: type, problem: Any, rule: tuple[str, str], sweeps: tuple[int, ...] = (3, 2)
) -> dict[str, Any]:
    """Everything that a run leaves behind, after each of its pieces."""
    n = size(problem)
    walkers = kind(problem, start(n))
    keys = np.array([[[11], [22], [33], [44]], [[55], [66], [77], [2**64 - 1]]], np.uint64)
    lanes = np.arange(K, dtype=np.uint64)[None, None, :] * np.uint64(65536) + np.uint64(3)
    out: dict[str, Any] = {"walkers": walkers}
    begin = 1000
    for piece, count in enumerate(sweeps):
        out[f"accepted {piece}"] = walkers.sweep(T * unit(problem), keys, lanes, begin, count, *rule)
        begin += count
        out[f"energy {piece}"] = walkers.energy
        out[f"state {piece}"] = np.array(to_host(walkers.s))
        out[f"fields {piece}"] = np.array(to_host(walkers.fields))
    return out


def different(a: dict[str, Any], b: dict[str, Any]) -> list[str]:
    """Names of what is not equal, bit for bit."""
    names = [name for name in a if name != "walkers"]
    return [name for name in names if a[name].dtype != b[name].dtype or not np.array_equal(a[name], b[name])]


def on_both(problem: Any, rule: tuple[str, str], **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The same trajectory on the CPU and on the (simulated) GPU."""
    here, there = KINDS[problem.family]
    return trajectory(here, problem, rule, **options), trajectory(there, problem, rule, **options)


def force_int32(monkeypatch) -> None:
    """Let small integers be stored in 32 bits."""
    monkeypatch.setattr(chains, "integer_type", lambda bound: np.dtype(np.int32))


WIDE = statmech.Data(  # inputs of up to 12 bits
    integers(60, n=41, low=-3000, high=3000) / 256, np.arange(60) % 2, standardise=False
)
J = np.triu(integers(24, n=24, low=-3, high=3), 1)
TASKS = {
    "pair form": (statmech.Hopfield(n=40, alpha=0.1, form="pair"), statmech.Metropolis()),
    "pattern form": (statmech.Hopfield(n=40, alpha=0.1, form="pattern"), statmech.HeatBath(order="random")),
    "tempering": (
        statmech.Hopfield(n=40, alpha=0.1, form="pattern"),
        statmech.Tempering(statmech.Metropolis()),
    ),
    "annealing": (statmech.Hopfield(n=40, alpha=0.2, rule="pseudoinverse"), statmech.Annealing(sweeps=8)),
    "integer couplings": (statmech.Pairs(J + J.T), statmech.Tempering(statmech.HeatBath())),
    "perceptron": (statmech.Perceptron(n=41, alpha=2.0, r=0.1), statmech.Tempering(statmech.Metropolis())),
    "data": (
        statmech.Perceptron(inputs=WIDE, alpha=1.0, potential="hinge", kappa=1.0),
        statmech.HeatBath(order="random"),
    ),
    "dense p-spin": (statmech.PSpin(n=24, p={2: 1.0, 3: 1.0}), statmech.Tempering(statmech.Metropolis())),
    "diluted p-spin": (statmech.PSpin(n=24, p=3, connectivity=3), statmech.HeatBath(order="random")),
    "real couplings": (statmech.Pairs((J + J.T) / 7), statmech.Tempering(statmech.HeatBath())),
}


def run_task(name: str, device: str, *pieces: int) -> dict[str, np.ndarray]:
    """State of a whole task after pieces of so many sweeps."""
    model, sampler = TASKS[name]
    T = (0.2, 0.5, 0.9)
    task = MonteCarlo(model, sampler, T, replicas=4, sweeps=sum(pieces), disorder=(0, 3), device=device)
    state = task.start()
    for piece in pieces:
        state = task.advance(state, piece)
    return state
