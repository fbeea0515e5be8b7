"""Tempering on the device (exchange.cu, run by the shim) against Tempering on the CPU: everything equal bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from parity import strict_cupy
from parity.cuda_shim import noticed
from parity.trajectories import KINDS, POTENTIALS, pair_problem, run_task, size, start, tensor_problem, unit

from statmech import Annealing, HeatBath, Metropolis, Tempering
from statmech.backend import to_host
from statmech.samplers import run_on_device
from statmech.samplers.run import Run
from statmech.samplers.run_on_device import CoolingThere, TurnsThere

PROBLEMS = {
    "pairs": lambda: pair_problem(33, 2000),
    "fields": lambda: POTENTIALS["error, binary"][0](),
    "tensor": lambda: tensor_problem(20, (3,)),
}
KEYS = np.array([[[11]], [[2**64 - 1]]], np.uint64)
LANES = np.arange(4, dtype=np.uint64)[None, :, None] + np.uint64(65536) * np.arange(2, dtype=np.uint64)
PIECES = ((0, 7), (7, 30))


def ladder_of(problem: Any) -> np.ndarray:
    return unit(problem) * np.linspace(0.5, 1.2, 4)


def on_cpu(problem: Any, sampler: Tempering) -> dict[str, np.ndarray]:
    walkers, ladder = KINDS[problem.family][0](problem, start(size(problem))), ladder_of(problem)
    state = sampler.begin(walkers.shape, ladder)
    for a, b in PIECES:
        sampler.run(walkers, state, ladder[None, :, None], KEYS, LANES, a, b - a)
    return state | {"energy": walkers.energy, "s": walkers.s}


def on_gpu(problem: Any, sampler: Tempering) -> dict[str, np.ndarray]:
    walkers, ladder = KINDS[problem.family][1](problem, start(size(problem))), ladder_of(problem)
    state = sampler.begin(walkers.shape, ladder)
    run = TurnsThere(sampler, walkers, state, ladder[None, :, None], KEYS, LANES)
    for a, b in PIECES:
        run.sweep(a, b - a)
    run.close()
    return state | {"energy": walkers.energy, "s": to_host(walkers.s)}


def different(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> list[str]:
    assert a.keys() == b.keys()
    return [name for name in a if a[name].dtype != b[name].dtype or not np.array_equal(a[name], b[name])]


@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("inner", [Metropolis(), HeatBath(order="random")], ids=["metropolis", "heat bath"])
@pytest.mark.parametrize("family", PROBLEMS)
def test_equal_to_the_cpu(shim, family, inner, every):
    sampler = Tempering(inner, every=every)
    here, there = (run(PROBLEMS[family](), sampler) for run in (on_cpu, on_gpu))
    assert different(here, there) == []
    assert 0 < here["acc_swaps"].sum() < here["acc_attempts"].sum()
    assert every > 1 or here["acc_trips"].sum() > 0


def test_a_ladder_of_more_rungs_than_threads(shim, monkeypatch):
    """300 rungs, 256 threads at most: the exchange kernel alone, on energies that are given."""
    from statmech.kernels.exchange_cuda import Exchanges

    ladder, sampler = np.linspace(0.5, 2, 300), Tempering()
    state = sampler.begin((1, 300, 2), ladder)
    E = np.arange(600) * 7919 % 601
    mine, keys = {k: v.copy() for k, v in state.items()}, np.full((1, 1, 1), 5, np.uint64)
    there = Exchanges(mine, ladder, keys.reshape(1), E, 0.5, np.array([0.25]))
    for turn in range(6):
        sampler.exchange(state, (E * 0.5 + 0.25).reshape(1, 300, 2), ladder, keys, turn)
        there.exchange(turn)
    there.give(mine)
    assert np.array_equal(state["rung"], mine["rung"]) and np.array_equal(state["acc_swaps"], mine["acc_swaps"])
    assert state["acc_swaps"].sum() > 300
    assert np.array_equal(there.theta, (ladder[mine["rung"]] / 0.5).reshape(-1))


MUTANTS = [
    ("-(gap * (E_a - E_b)) < xi", "gap * (E_a - E_b) < xi", "the sign of the exchange"),
    ("turn % 2 + 2 * threadIdx.x", "2 * threadIdx.x", "even pairs alone"),
    ("(u32)k, turn, SWAP", "0, turn, SWAP", "all replicas draw the same numbers"),
    ("turn, SWAP, keys[d]", "turn, ACCEPT, keys[d]", "another stream"),
    ("theta[a] = rung_theta[low + 1];", "", "a walker keeps its temperature"),
    ("__syncthreads();  // the rungs are there", "//", "no barrier before rungs are read"),
    ("accepted[c] = 0;", "", "flips are counted twice"),
    ("visited[c] = -1;", "", "who came from the cold end is forgotten"),
]


@pytest.mark.parametrize(("old", "new", "what"), MUTANTS, ids=[m[2] for m in MUTANTS])
def test_a_mutant_is_noticed(mutated_shim, old, new, what):
    mutated_shim("exchange.cu", old, new)
    problem = PROBLEMS["pairs"]()
    assert noticed(lambda: different(on_cpu(problem, Tempering()), on_gpu(problem, Tempering())))


@pytest.mark.parametrize("name", ["tempering", "integer couplings", "annealing", "perceptron", "dense p-spin"])
def test_a_task_takes_the_run_on_the_device(monkeypatch, shim, name):
    """Which one it takes; that the numbers are those of the CPU is the business of test_walkers_cuda."""
    strict_cupy.install(monkeypatch)
    taken = []
    real = run_on_device.on_device
    monkeypatch.setattr(run_on_device, "on_device", lambda sampler: taken.append(real(sampler)) or taken[-1])
    run_task(name, "gpu", 16)
    assert taken and set(taken) == {CoolingThere if name == "annealing" else TurnsThere}


@pytest.mark.parametrize("schedule", ["linear", "geometric"])
def test_cooling_equals_the_cpu(shim, schedule):
    problem, sampler = (
        PROBLEMS["pairs"](),
        Annealing(T_start=9.0 * unit(PROBLEMS["pairs"]()), sweeps=9, schedule=schedule),
    )
    ladder, out = ladder_of(problem), []
    for kind, run_of in zip(KINDS["pairs"], (Run, CoolingThere)):
        walkers = kind(problem, start(33))
        state = sampler.begin(walkers.shape, ladder)
        run = run_of(sampler, walkers, state, ladder[None, :, None], KEYS, LANES)
        for a, b in ((0, 4), (4, 14)):
            run.sweep(a, b - a)
        out.append(state | {"energy": walkers.energy, "s": to_host(walkers.s)})
    assert different(*out) == []
    assert out[0]["acc_flips"].min() > 0
