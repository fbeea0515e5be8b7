"""A task run to its end, in memory, and the exact values beside it."""

from __future__ import annotations

import dataclasses

import numpy as np

from statmech import Enumeration


def finish(task, *pieces):
    """The last state, reached in pieces of so much work, each by a task that knows nothing but the state."""
    state = task.start()
    for n in (*pieces, 10_000):
        state = dataclasses.replace(task).advance({k: np.array(v) for k, v in state.items()}, n)
    return state


def results(task):
    return {name: v.data for name, v in task.results(finish(task)).items()}


def enumerated(task, **options):
    """The same names by enumeration of the same samples."""
    exact = Enumeration(task.model, T=task.T, disorder=task.disorder, seed=task.seed, **options)
    return {name: v.data for name, v in exact.results(exact.advance(exact.start(), 10_000)).items()}
