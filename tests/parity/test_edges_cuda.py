"""edges.cu, run by the shim, against the CPU: trajectories equal bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from parity import trajectories
from parity.cuda_shim import noticed
from parity.trajectories import POTENTIALS, RULES, binary, different, on_both

from statmech.kernels import cuda
from statmech.problems import FieldProblem, Step

NAMES = ["error, binary", "error at a margin", "all are errors", "none is an error"]


@pytest.mark.parametrize("rule", RULES, ids="-".join)
@pytest.mark.parametrize("name", NAMES)
def test_equal_trajectories(shim, name, rule):
    on_cpu, on_gpu = on_both(POTENTIALS[name][0](), rule)
    assert different(on_cpu, on_gpu) == []
    assert shim("edges.cu").launches[-1][0] == "sweep_edges"


@pytest.mark.parametrize("threshold", [0, -6])
def test_more_patterns_than_a_warp_has_words(shim, threshold):
    on_cpu, on_gpu = on_both(FieldProblem(binary(17, 2500), potential=Step(threshold)), RULES[0], sweeps=(2,))
    assert different(on_cpu, on_gpu) == []
    assert (on_gpu["accepted 0"][:, 1:3] > 0).all(), "witness: spins have flipped"


def test_a_quench_stops_at_its_minimum(shim):
    on_cpu, on_gpu = on_both(FieldProblem(binary(17, 60), potential=Step(1)), RULES[0], sweeps=(8, 2))
    assert different(on_cpu, on_gpu) == []
    assert (on_gpu["accepted 1"][:, 0] == 0).all() and on_gpu["accepted 0"][:, 0].max() > 4


def test_the_order_of_the_lanes_does_not_matter(shim):
    problem = POTENTIALS["error, binary"][0]()
    forwards = on_both(problem, RULES[3])[1]
    shim("edges.cu").order(backwards=True)
    try:
        assert different(forwards, on_both(problem, RULES[3])[1]) == []
    finally:
        shim("edges.cu").order(backwards=False)


def test_who_goes_by_edges(shim, monkeypatch):
    """+-1 patterns, the 0/1 error, 16-bit fields, edges that fit in shared memory."""

    def bits(problem):
        return cuda.FieldWalkersGPU(problem, trajectories.start(9)).bits is not None

    error = FieldProblem(binary(9, 5), potential=Step())
    assert bits(error)
    assert not bits(FieldProblem(binary(9, 5)))
    assert not bits(FieldProblem(binary(9, 5).astype(np.int16), potential=Step()))
    monkeypatch.setattr(shim("edges.cu"), "shared_limit", 8)
    assert not bits(error)
    monkeypatch.setattr(shim("edges.cu"), "shared_limit", 48 * 1024)
    trajectories.force_int32(monkeypatch)
    assert not bits(error)


MUTANTS = [
    ("fields.x[e] - threshold - 1", "fields.x[e] - threshold", "the edge is off by one"),
    ("(u32)~beyond < 2", "(u32)~beyond < 1", "half the edge below"),
    ("s[i] > 0 ? 0 : ~0ull", "s[i] < 0 ? 0 : ~0ull", "the fields move the other way"),
    ("- __popcll(below[w] & ~down)", "", "no error is ever mended"),
    ("return warp_sum(sum);", "return sum;", "a lane's own words"),
    ("const int step = -2 * s[i];", "const int step = -s[i];", "half the change of the fields"),
    ("chain.shift(0, 0);", "", "the edges are not marked"),
    ("bits + sample[c] * n * words", "bits", "the signs of the first sample"),
]


@pytest.mark.parametrize(("old", "new", "what"), MUTANTS, ids=[m[2] for m in MUTANTS])
def test_a_mutant_is_noticed(mutated_shim, old, new, what):
    mutated_shim("edges.cu", old, new)
    problems = [FieldProblem(binary(33, 2500), potential=Step(threshold)) for threshold in (0, 1)]
    assert any(noticed(lambda p=p: different(*on_both(p, RULES[1], sweeps=(2,)))) for p in problems)
