"""The 0/1 error by its edges (edges.py) against the count over all fields (fields.py), bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from parity.trajectories import RULES, binary, different, trajectory

from statmech.kernels import cpu
from statmech.problems import FieldProblem, Step


class ByCounting(cpu.FieldWalkers):
    """Every proposal looks at all fields."""

    def _prepare(self, problem):
        super()._prepare(problem)
        self.bits = None


@pytest.mark.parametrize("rule", RULES, ids="-".join)
@pytest.mark.parametrize("threshold", (0, 3, -6))
@pytest.mark.parametrize(("n", "patterns"), ((17, 9), (33, 64), (50, 301)))
def test_edges_give_the_trajectory_of_counting(n, patterns, threshold, rule):
    problem = FieldProblem(binary(n, patterns), 1.0, potential=Step(threshold))
    a, b = (trajectory(kind, problem, rule) for kind in (cpu.FieldWalkers, ByCounting))
    assert a["walkers"].bits is not None and different(a, b) == []
    assert (a["accepted 0"][:, 1:3] > 0).all(), "witness: spins have flipped"


def test_who_goes_by_edges():
    """+-1 patterns, the 0/1 error, 16-bit fields."""
    s = np.ones((2, 1, 1, 9), np.int8)
    assert cpu.FieldWalkers(FieldProblem(binary(9, 5), potential=Step()), s).bits is not None
    assert cpu.FieldWalkers(FieldProblem(binary(9, 5)), s).bits is None
    assert cpu.FieldWalkers(FieldProblem(binary(9, 5).astype(np.int16), potential=Step()), s).bits is None
