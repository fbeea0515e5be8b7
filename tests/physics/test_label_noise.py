"""Noisy labels: the load they are worth, the overlaps between relabellings, and the landscape of the training error."""

from __future__ import annotations

import importlib.util
import itertools
from pathlib import Path

import numpy as np
import pytest

import statmech
from statmech import Billiards, Metropolis, Perceptron
from statmech.tasks.landscape import descend, errors, path, valleys
from statmech.tasks.relabelled import Relabelled
from statmech.theory.perceptron import solve
from statmech.theory.perceptron_lines import T_N
from statmech.theory.perceptron_load import equivalent_load
from statmech.theory.perceptron_relabelled import relabelled_overlap

SIMS = Path(__file__).parents[2] / "sims"


def script(name: str):
    spec = importlib.util.spec_from_file_location(name, SIMS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def examples(n: int, alpha: float, sample: int, inputs: str = "binary") -> np.ndarray:
    model = Perceptron(n=n, alpha=alpha, r=1.0, inputs=inputs)
    return model.disorder(model.disorder_keys((sample,), 0))["xi"][0].astype(int)


def valleys_by_walking(xi: np.ndarray) -> tuple[int, int]:
    """The definition: walk on the level from every student, look for a flip that leads lower."""
    E = {s: int(errors(xi, np.array(s))) for s in itertools.product((1, -1), repeat=xi.shape[1])}
    seen: set = set()
    count = 0
    for first in E:
        if first in seen:
            continue
        seen.add(first)
        stack, closed = [first], True
        while stack:
            s = stack.pop()
            for i in range(len(s)):
                t = (*s[:i], -s[i], *s[i + 1 :])
                closed &= E[t] >= E[s]
                if E[t] == E[s] and t not in seen:
                    seen.add(t)
                    stack.append(t)
        count += closed
    return count, min(E.values())


@pytest.mark.parametrize("inputs", ["binary", "gaussian"])
def test_valleys_are_those_found_by_walking(inputs):
    found = [valleys(examples(n, 1.0, k, inputs)) for n in (5, 7, 9) for k in range(3)]
    assert found == [valleys_by_walking(examples(n, 1.0, k, inputs)) for n in (5, 7, 9) for k in range(3)]
    assert len({count for count, _ in found}) > 2, "witness: the numbers differ between samples"
    with pytest.raises(ValueError, match="N <= 22"):
        valleys(np.ones((2, 23)))


def test_descent_ends_in_a_minimum_and_paths_at_their_ends():
    rng = np.random.default_rng(1)
    xi = examples(21, 2.0, 0)
    lower = 0
    for _ in range(8):
        a, b = rng.choice([-1, 1], (2, 21))
        s = descend(xi, a)
        assert errors(xi, s * (1 - 2 * np.eye(21))).min() >= errors(xi, s)
        lower += errors(xi, s) < errors(xi, a)
        for ising in (True, False):
            E = path(xi, a.astype(float), b.astype(float), ising)
            assert E[0] == errors(xi, a) and E[-1] == errors(xi, b)
        assert len(path(xi, a, b, True)) == (a != b).sum() + 1
    assert lower > 4, "witness: descents go down"


def test_overlap_of_relabellings_in_its_limits():
    for weights in ("spherical", "ising"):
        x = solve(1.0, [0.4, 1.0], 0.0, weights)
        assert np.allclose(relabelled_overlap(1.0, [0.4, 1.0], 0.0, weights), x.q, atol=1e-8)  # one labelling
        assert relabelled_overlap(1.0, 0.4, 0.5, weights) == 0  # nothing in common
        x, q12 = solve(1.0, 0.4, 0.1, weights), relabelled_overlap(1.0, 0.4, 0.1, weights)
        assert x.R**2 + 0.05 < q12 < x.q - 0.05  # the common inputs count, and the labels differ
    with pytest.raises(ValueError, match="T > 0"):
        relabelled_overlap(1.0, 0.0, 0.1)


def relabelled(**changes) -> Relabelled:
    base = {"model": Perceptron(n=101, alpha=1.0, r=0.2), "sampler": Metropolis(), "T": (1.0,), "sweeps": 128}
    return Relabelled(**{**base, "labellings": 2, **changes})


def test_overlap_of_relabellings_is_measured():
    task = relabelled(disorder=tuple(range(32)), labellings=3, sweeps=256)
    out = task.combine(task.results(task.advance(task.start(), 256)))
    x, q12 = solve(1.0, 1.0, 0.1), float(relabelled_overlap(1.0, 1.0, 0.1, "ising"))
    mean, error = out["q_other_mean"].data[0], out["q_other_err"].data[0]
    assert abs(mean - q12) < 3 * error + 0.5 / 101
    for mutant in (float(x.R) ** 2, float(x.q)):  # students that share the teacher alone; that share the labels too
        assert abs(mean - mutant) > 3 * error + 0.5 / 101
    same = out["q_same_mean"].data[0]
    assert abs(same - float(x.q)) < 3 * out["q_same_err"].data[0] + 0.5 / 101
    assert out["eps_foreign_mean"].data > out["eps_own_mean"].data + 0.05


def test_relabelled_in_pieces_is_in_one_go():
    task = relabelled(disorder=(0, 1), model=Perceptron(n=13, alpha=1.0, r=0.5), enumerate_up_to=13)
    whole = task.advance(task.start(), 128)
    pieces = relabelled(disorder=(0, 1), model=task.model, enumerate_up_to=13)
    state = pieces.start()
    while state["sweep"] < 128:
        state = pieces.advance(state, 20)
    assert whole.keys() == state.keys() and all(np.array_equal(whole[k], state[k]) for k in whole)
    one, two = task.results(whole), pieces.results(state)
    assert all(np.array_equal(one[k].data, two[k].data, equal_nan=one[k].data.dtype.kind == "f") for k in one)
    assert (one["eps_exact"].data <= one["eps_least"].data).all() and (one["valleys"].data >= 1).all()
    first, second = (t._disorder["xi"] for t in task.tasks)
    assert np.array_equal(np.abs(first), np.abs(second)) and not np.array_equal(first, second)  # inputs, labels
    with pytest.raises(ValueError, match="at least 2 labellings"):
        relabelled(labellings=1)


def test_equal_load_recovers_theory():
    equal_load = script("effective_load").equal_load
    loads = np.array(script("effective_load").CLEAN)
    for T, p in ((0.4, 0.1), (0.4, 0.2), (1.0, 0.2)):
        clean = solve(loads, T, 0.0, "spherical").eps_g
        found = equal_load(loads, clean, float(solve(3.0, T, p, "spherical").eps_g)) / 3
        assert abs(found - float(equivalent_load(3.0, p, T)) / 3) < 2e-3
        assert abs(found - (1 - 2 * p)) > 0.03  # the claim is another number


def test_randomising_costs_more_than_removing():
    """alpha = 3, p = 0.2 at T_N: the student equals a clean one at a*, not at alpha (1 - 2p); eps_t = p."""
    T, star = float(T_N(0.2)), float(equivalent_load(3.0, 0.2, T_N(0.2)))
    sets = {"noisy": (3.0, 0.4), "equal": (star, 0.0), "removed": (1.8, 0.0)}
    runs = {}
    for name, (alpha, r) in sets.items():
        model = Perceptron(n=64, alpha=alpha, weights="spherical", inputs="gaussian", r=r)
        runs[name] = statmech.simulate(model, [T], sampler=Billiards(), sweeps=128, samples=64, replicas=2)

    def difference(other: str) -> tuple[float, float]:
        d = (runs["noisy"]["eps_g"] - runs[other]["eps_g"])[0, :, 0]  # the samples share teacher and examples
        return d.mean(), d.std(ddof=1) / np.sqrt(len(d))

    mean, error = difference("equal")
    assert abs(mean) < 3 * error + 0.3 / 64
    mean, error = difference("removed")
    assert mean > 3 * error  # the claim, as a mutant
    eps_t = runs["noisy"]["eps_t"][0, :, 0]
    assert abs(eps_t.mean() - 0.2) < 3 * eps_t.std(ddof=1) / np.sqrt(len(eps_t))
