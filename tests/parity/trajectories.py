"""Problems to run on two devices, and the comparison: equality of everything, bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np

import statmech
from statmech import random
from statmech.backend import to_host
from statmech.core import FieldProblem, PairProblem
from statmech.kernels import chains, cpu, cuda
from statmech.random import Stream
from statmech.tasks.montecarlo import MonteCarlo

D, K = 2, 2
T = np.array([0.0, 0.5, 2.0, np.inf])[None, :, None]  # in units of the local field
SIZES = (5, 33, 70)  # less than a warp, one lane more than a warp, whole packs and some
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
    return FieldProblem((2 * integers(D, patterns, n=n, low=0, high=1) - 1).astype(np.int8), 1 / n)


def start(n: int) -> np.ndarray:
    return (2 * integers(D, T.size, K, n=n, low=0, high=1) - 1).astype(np.int8)


def trajectory(
    kind: type, problem: Any, rule: tuple[str, str], sweeps: tuple[int, ...] = (3, 2)
) -> dict[str, Any]:
    """Everything that a run leaves behind, after each of its pieces."""
    n = (problem.J if isinstance(problem, PairProblem) else problem.xi).shape[-1]
    unit = problem.scale * (np.sqrt(n) * np.abs(problem.J).max() if isinstance(problem, PairProblem) else n)
    walkers = kind(problem, start(n))
    keys = np.array([[[11], [22], [33], [44]], [[55], [66], [77], [2**64 - 1]]], np.uint64)
    lanes = np.arange(K, dtype=np.uint64)[None, None, :] * np.uint64(65536) + np.uint64(3)
    out: dict[str, Any] = {"walkers": walkers}
    begin = 1000
    for piece, count in enumerate(sweeps):
        out[f"accepted {piece}"] = walkers.sweep(T * unit, keys, lanes, begin, count, *rule)
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
    pair = isinstance(problem, PairProblem)
    on_cpu = trajectory(cpu.PairWalkers if pair else cpu.FieldWalkers, problem, rule, **options)
    on_gpu = trajectory(cuda.PairWalkersGPU if pair else cuda.FieldWalkersGPU, problem, rule, **options)
    return on_cpu, on_gpu


def force_int32(monkeypatch) -> None:
    """Let small integers be stored in 32 bits."""
    monkeypatch.setattr(chains, "integer_type", lambda bound: np.dtype(np.int32))


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
