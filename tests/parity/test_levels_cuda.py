"""levels.cu, run by the shim, against the Numba kernel: trajectories equal bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from parity import strict_cupy
from parity.cuda_shim import noticed
from parity.trajectories import RULES, K, T, different, start

from statmech import REM, MinimallyFrustrated, MonteCarlo, Tempering
from statmech.backend import gpu_problem, to_host
from statmech.kernels.levels_chains import LevelWalkers, LevelWalkersGPU
from statmech.problems import LevelProblem

PROBLEM = gpu_problem()
SIZES = (5, 30, 33, 62)


def problem(n: int) -> LevelProblem:
    """Two samples with a native state each, the second one where the chains start."""
    native = np.stack([np.resize([1, -1, -1], n), start(n)[1, 2, 1]]).astype(np.int8)
    return LevelProblem(n, np.array([77, 2**64 - 9], np.uint64), 0.01, native, -1500)


def trajectory(kind, n, rule, sweeps=(3, 2)):
    """Everything that a run leaves behind, after each of its pieces."""
    walkers = kind(problem(n), start(n))
    keys = np.array([[[11], [22], [33], [44]], [[55], [66], [77], [2**64 - 1]]], np.uint64)
    lanes = np.arange(K, dtype=np.uint64)[None, None, :] * np.uint64(65536) + np.uint64(3)
    out, begin = {"walkers": walkers}, 1000
    for piece, count in enumerate(sweeps):
        out[f"accepted {piece}"] = walkers.sweep(3.0 * T, keys, lanes, begin, count, *rule)
        begin += count
        out[f"energy {piece}"] = walkers.energy
        out[f"state {piece}"] = np.array(to_host(walkers.s))
        out[f"bits {piece}"] = np.array(to_host(walkers.fields))
    return out


def on_both(n, rule, **options):
    return trajectory(LevelWalkers, n, rule, **options), trajectory(LevelWalkersGPU, n, rule, **options)


@pytest.mark.parametrize("rule", RULES, ids="-".join)
@pytest.mark.parametrize("n", SIZES)
def test_levels(shim, n, rule):
    on_cpu, on_gpu = on_both(n, rule)
    assert different(on_cpu, on_gpu) == []
    assert {name for name, _ in shim("levels.cu").launches[-3:]} == {"levels_of", "sweep_levels"}
    s = on_gpu["state 1"]
    assert len(np.unique(s.reshape(-1, n), axis=0)) > 8, "witness: the chains went different ways"
    bits = ((s < 0) << np.arange(n, dtype=np.int64)).sum(-1)
    assert np.array_equal(bits.ravel(), on_gpu["bits 1"][:, 0])


@pytest.mark.gpu
@pytest.mark.skipif(PROBLEM is not None, reason=str(PROBLEM))
@pytest.mark.parametrize("rule", RULES, ids="-".join)
@pytest.mark.parametrize("n", SIZES)
def test_levels_on_a_real_gpu(n, rule):
    assert different(*on_both(n, rule)) == []


def test_the_native_state_is_seen(shim):
    walkers = LevelWalkersGPU(problem(20), start(20))
    assert walkers.energy[1, 2, 1] == -15.0 and (walkers.energy > -14).sum() == walkers.energy.size - 1


MUTANTS = [
    ("word >> CELL) + 1", "word >> CELL) + 0", "the search ends before it begins"),
    ("if (bits == native) return native_level;", "", "no native state"),
    ("LEVELS = 9", "LEVELS = 8", "another stream"),
    ("(u32)((u64)bits >> 32)", "0u", "the upper spins do not count"),
    ("bits ^= 1ll << i;", "", "the bit stays"),
    ("if (threadIdx.x == 0) s[i] = -s[i];", "", "the spin stays"),
    ("level(bits ^ (1ll << i)) - E", "level(bits ^ (1ll << i))", "the level instead of the difference"),
    ("level_keys[d], native[d], native_level}, s", "level_keys[0], native[d], native_level}, s", "one key"),
]


@pytest.mark.parametrize(("old", "new", "what"), MUTANTS, ids=[m[2] for m in MUTANTS])
def test_a_mutant_is_noticed(mutated_shim, old, new, what):
    mutated_shim("levels.cu", old, new)
    assert noticed(lambda: different(*on_both(62, ("metropolis", "random"), sweeps=(2,))))


@pytest.mark.parametrize("model", [REM(n=20), MinimallyFrustrated(n=16, gap=0.5)], ids=["rem", "native"])
def test_a_whole_task(shim, monkeypatch, model):
    """Device "gpu" end to end, resumed too."""

    def run(device, *pieces):
        task = MonteCarlo(model, Tempering(), (0.4, 0.9, 2.0), replicas=4, sweeps=16, disorder=(0, 3), device=device)
        state = task.start()
        for piece in pieces:
            state = task.advance(state, piece)
        return state

    on_cpu = run("cpu", 16)
    strict_cupy.install(monkeypatch)
    on_gpu = run("gpu", 6, 10)
    assert on_cpu.keys() == on_gpu.keys()
    assert [key for key in on_cpu if not np.array_equal(on_cpu[key], on_gpu[key])] == []
