"""Boundaries by bisection with nested samples, and diagrams by refinement, on indicators whose answer is known."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from statmech import SK, Hopfield
from statmech.phases import Boundary, ScaledMoment, Survival, grid_boundary, refine, trace

SWEEPS = 100
TRUE = 0.937


class Made:
    """Root at TRUE + spread over samples; disorder noise common to all x, thermal noise of its own."""

    def __init__(self, seed=0, disorder=0.5, thermal=0.5, sharp=1.0):
        self.seed, self.disorder, self.thermal, self.sharp = seed, disorder, thermal, sharp
        self.asked = []

    def __call__(self, x, first, count):
        self.asked.append((x, first, count))
        index = np.arange(first, first + count)
        common = np.random.default_rng(self.seed).standard_normal(1024)[index]
        own = np.random.default_rng([self.seed, round(x * 1e6)]).standard_normal(1024)[index]
        return np.tanh(self.sharp * 3 * (TRUE - x)) + self.disorder * common + self.thermal * own, SWEEPS * count


def test_trace_finds_the_root_within_its_error():
    found = [trace(Made(seed), 0.3, 2.1, samples=64) for seed in range(60)]
    z = np.array([b.distance(TRUE) for b in found])
    print(f"z: mean {z.mean():.2f}, rms {np.sqrt((z**2).mean()):.2f}, error {np.mean([b.error for b in found]):.4f}")
    assert np.sqrt((z**2).mean()) < 1.35 and np.abs(z).max() < 4
    mutant = np.array([b.distance(1.1 * TRUE) for b in found])
    assert (np.abs(mutant) > 2).mean() > 0.8, "mutant: a boundary 10 % off"


def test_samples_are_nested_and_counted_once():
    made = Made()
    b = trace(made, 0.3, 2.1, samples=64)
    for x in {x for x, _, _ in made.asked}:
        pieces = [(first, count) for y, first, count in made.asked if y == x]
        assert [first for first, _ in pieces] == np.cumsum([0, *(c for _, c in pieces)])[:-1].tolist()
    assert b.sweeps == SWEEPS * sum(count for *_, count in made.asked)
    assert b.points[0, 1] < 64 and b.points[-1, 1] < 64, "the ends cost few samples"
    assert b.points[:, 1].max() == 64, "the points next to the boundary have all"


def test_a_quarter_of_the_sweeps_of_a_full_grid():
    """Full grid: all samples everywhere, half the distance of the final points apart, line through four of them."""
    errors, cost = {"trace": [], "grid": []}, {"trace": 0, "grid": 0}
    for seed in range(30):
        b = trace(Made(seed), 0.3, 2.1, samples=256)
        half = np.diff(b.points[b.points[:, 1] == 256, 0]).max() / 2
        g = grid_boundary(Made(seed), np.arange(0.3, 2.1 + half / 2, half), samples=256)
        for name, x in (("trace", b), ("grid", g)):
            errors[name].append(x.at - TRUE)
            cost[name] += x.sweeps
    rms = {k: np.sqrt(np.mean(np.square(v))) for k, v in errors.items()}
    print("rms error", rms, "ratio of sweeps", cost["grid"] / cost["trace"])
    assert rms["trace"] < 1.25 * rms["grid"] and cost["grid"] > 4 * cost["trace"]


def test_the_budget_holds():
    free = trace(Made(), 0.3, 2.1, samples=512)
    small = trace(Made(), 0.3, 2.1, samples=512, budget=free.sweeps // 4)
    assert small.sweeps <= free.sweeps // 4 + SWEEPS * 512
    assert small.sweeps < free.sweeps and small.error > free.error


def test_survival_has_steps_and_no_noise_far_away():
    """Shares 0 and 1 have an error too: eight of eight is no certainty, but it decides."""

    def survive(x, first, count):
        shift = np.random.default_rng(5).standard_normal(1024)[first : first + count]
        return np.where(x < TRUE + 0.02 * shift, 0.5, -0.5), SWEEPS * count

    b = trace(survive, 0.3, 2.1, samples=64)
    assert abs(b.distance(TRUE)) < 4 and 0.001 < b.error < 0.01


def test_refuses_what_has_no_boundary():
    with pytest.raises(ValueError, match="different signs"):
        trace(Made(), 1.2, 2.1, samples=64)
    with pytest.raises(ValueError, match="change of sign"):
        grid_boundary(Made(thermal=0.0, disorder=0.0), np.linspace(1.2, 2.1, 4), 8)
    with pytest.raises(ValueError, match="low < high"):
        trace(Made(), 2.1, 0.3, samples=64)
    with pytest.raises(ValueError, match="path"):
        Survival(Hopfield(n=64), path="alpha")
    assert Boundary(1.1, 0.05, 0, np.empty((0, 4))).distance(1.0) == pytest.approx(2)


def circle(points):
    return ["in" if x * x + y * y < 0.5 else "out" for x, y in points], SWEEPS * len(points)


def test_refinement_follows_the_line():
    grid = np.linspace(0, 1, 5)
    r = refine(circle, grid, grid, levels=4)
    middle = (r.boundary[:, :2] + r.boundary[:, 2:]) / 2
    length = np.abs(r.boundary[:, :2] - r.boundary[:, 2:]).sum(1)
    assert length.max() == pytest.approx(0.25 / 16), "no coarse segment is left"
    assert np.abs(np.hypot(*middle.T) - 0.5**0.5).max() < 0.25 / 16
    assert r.full > 10 * len(r.x) and r.sweeps == SWEEPS * len(r.x)
    at = r.crossings(0.25)
    assert len(at) == 1 and abs(at[0, 0] - np.sqrt(0.5 - 0.0625)) <= at[0, 1]
    coarse = refine(circle, grid, grid, levels=4, budget=1)
    assert coarse.sweeps == SWEEPS * 25 and (coarse.level == 0).all()
    assert set(r.variables()) == {"refine/alpha", "refine/T", "refine/phase", "refine/level"}
    with pytest.raises(ValueError, match="increasing"):
        refine(circle, [1, 0], grid, 1)


def test_sk_boundary_on_small_sizes():
    b = trace(ScaledMoment(SK(n=16), sizes=(16, 48), sweeps=256), 0.5, 1.8, samples=64)
    print("SK T_c from N = 16, 48:", b.at, b.error, b.sweeps)
    assert abs(b.at - 1) < 0.1 + 3 * b.error and b.error < 0.15
    assert abs(b.at - 2) > 3 * b.error, "mutant: couplings twice as strong"


def test_hopfield_survival_on_a_small_size():
    """N = 256: half of the starts survive near T_M = 0.717 of alpha = 0.02; in alpha at T = 0.4 near 0.08."""
    b = trace(Survival(Hopfield(n=256, alpha=0.02), sweeps=128, replicas=1), 0.3, 1.2, samples=16)
    assert abs(b.at - 0.7165) < 0.12 and b.error < 0.06
    a = trace(Survival(Hopfield(n=256), T=0.4, path="alpha", sweeps=128, replicas=1), 0.01, 0.3, samples=16)
    assert abs(a.at - 0.08) < 0.04


def script():
    path = Path(__file__).parents[2] / "sims" / "phase_boundaries.py"
    spec = importlib.util.spec_from_file_location("phase_boundaries", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.parametrize(("part", "errors", "share"), [("glass", 3, 0.03), ("retrieval", None, 0.05)])
def test_boundaries_against_theory(part, errors, share):
    """T_M has a bias that no statistical error knows: half-survival after 1024 sweeps, N = 4000."""
    for name, b, theory in getattr(script(), part)(smoke=False):
        print(f"{name}: {b.at:.4f} +- {b.error:.4f}, theory {theory:.4f}, {b.distance(theory):+.1f} errors")
        assert b.error < 0.03 * b.at
        assert abs(b.at / theory - 1) < share
        assert errors is None or abs(b.distance(theory)) < errors


@pytest.mark.slow
def test_the_saving_on_sk():
    (_, found, _), (_, full, _) = script().saving(smoke=False)
    print(found[:3], full[:3])
    assert full.sweeps > 4 * found.sweeps and found.error < 1.1 * full.error
    assert abs(found.distance(1.0)) < 3 and abs(full.distance(1.0)) < 3
