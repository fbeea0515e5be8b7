"""Blocks, ladder and fluctuation-dissipation: what they pass, what they catch, how often they err."""

from __future__ import annotations

import numpy as np
import pytest

import statmech.stats.evidence as module
from statmech.stats.evidence import (
    Evidence,
    block_drift,
    enough,
    flow,
    fluctuation_dissipation,
    no_gap,
    round_trips,
)
from statmech.stats.verdict import BLOCKS, DISAGREE, FEW_BINS, GAP, OK, TRIPS, class_verdict


@pytest.mark.parametrize("times", [50, 200, 1000])
@pytest.mark.parametrize("chains", [1, 4])
def test_false_alarms_of_blocks(ar1, times, chains):
    x = ar1(np.random.default_rng(61), (3000, chains, 1024), 512 / times)
    assert np.mean(block_drift([x]).passed == 0) <= 0.003  # 0.1 % wanted, 3 of 3000
    pair = ar1(np.random.default_rng(62), (3000, max(chains // 2, 1), 1024), 512 / times)
    found = block_drift([x, pair**2], lambda e, q2: e + 0.7 * (1 - q2))
    assert np.mean(found.passed == 0) <= 0.003


def test_whole_verdict_with_blocks_keeps_two_per_cent(ar1):
    for times in (50, 200, 1000):
        x = ar1(np.random.default_rng(63), (1500, 4, 1024), 512 / times)
        found = class_verdict({"e": x[..., 512:]}).with_evidence({BLOCKS: ("blocks", block_drift([x]))})
        assert 1 - found.stationary.mean() <= 0.02


def test_a_logarithmic_relaxation_is_caught_by_blocks_alone(ar1):
    """e falls by the same amount in every block: the trend inside the window is smaller."""
    rng = np.random.default_rng(64)
    x = ar1(rng, (1000, 4, 1024), 512 / 1000)
    slow = x - 0.3 * np.log(np.arange(1, 1025))
    caught = block_drift([slow]).passed == 0
    assert caught.mean() >= 0.95
    assert np.mean(block_drift([x]).passed) > 0.99, "witness"
    mutant = [slow[..., 512:]]  # the window alone holds less of it
    assert np.mean(block_drift(mutant).passed == 0) < 0.97


def test_a_relaxation_that_ends_early_passes(ar1):
    x = ar1(np.random.default_rng(65), (1000, 4, 1024), 1.0) + 50 * np.exp(-np.arange(1024) / 12)
    assert np.mean(block_drift([x]).passed) > 0.99


def test_nothing_moves_or_nothing_is_known():
    still = np.full((3, 4, 64), -0.5)
    assert (block_drift([still]).passed == -1).all()
    noise = np.random.default_rng(66).standard_normal((3, 4, 64))
    assert (block_drift([noise], lambda x: x * np.nan).passed == -1).all()
    with pytest.raises(ValueError, match="got 8 bins, expected at least 16"):
        block_drift([noise[..., :8]])


def test_ladder():
    assert no_gap([[5, 1], [0, 0]], [[9, 9], [9, 9]]).passed == 0
    assert no_gap([[5, 1], [0, 1]], [[9, 9], [9, 9]]).passed == 1
    reached = np.array([[0] * 4, [4] * 4, [9] * 4])
    reached[1, 1] = 0
    cold = np.array([[9] * 4, [6] * 4, [2] * 4])
    for trips, passed in (([3, 3, 3, 3], [1, 1, 1]), ([12, 0, 1, 5], [0, 0, 1]), ([2, 2, 2, 2], [0, 0, 1])):
        assert round_trips(trips, reached, cold).passed.tolist() == passed
    assert round_trips([2] * 4, reached, 20 + cold).passed.tolist() == [0, 0, 0], "few, and none fresh from the hot end"


def test_flow_rises_or_not():
    """Binomial shares of a linear profile: an unbiased walker's; three errors are rarely exceeded."""
    rng = np.random.default_rng(67)
    rungs, journeys = 8, 60
    share = np.linspace(0, 1, rungs)
    hot = rng.binomial(2 * journeys + 1, share, (4000, rungs))
    cold = 2 * journeys + 1 - hot
    trips = np.full((4000, 1), journeys)
    assert np.mean(flow(hot[..., None], cold[..., None], trips).passed) > 0.99
    assert np.mean(flow(hot[:, ::-1, None], cold[:, ::-1, None], trips).passed) == 0, "upside down"
    hot[:, 3] = 2 * journeys * 9 // 10
    cold[:, 3] = 2 * journeys + 1 - hot[:, 3]
    assert np.mean(flow(hot[..., None], cold[..., None], trips).passed) < 0.05, "a rung that walkers enter from above"


def levels(rng, T, chains, bins, energies, weights, hotter=1.0):
    """Independent energies of a system of known density of states, series (R, K, bins)."""
    out = []
    for t in T:
        p = weights * np.exp(-(energies - energies.min()) / (t * hotter))
        out.append(rng.choice(energies, (chains, bins), p=p / p.sum()))
    return np.stack(out)


@pytest.mark.parametrize("trial", range(3))
def test_fluctuations_say_how_the_energy_changes(trial):
    """64 independent spins in a field: exact energies; temperatures wrong by a tenth are seen."""
    from scipy.special import comb

    n = 64
    k = np.arange(n + 1)
    energies, weights = (2.0 * k - n) / n * 1.0, comb(n, k)
    T = np.linspace(0.6, 1.5, 10)
    rng = np.random.default_rng(680 + trial)
    e = levels(rng, T, 4, 256, energies * n, weights) / n
    found = fluctuation_dissipation(T, e, e**2, n)
    assert (found.passed == 1).all(), found.value
    wrong = levels(rng, T, 4, 4096, energies * n, weights, hotter=1.25) / n
    # temperatures that are off by a factor scale de/dbeta and the fluctuations differently
    assert (fluctuation_dissipation(T, wrong, wrong**2, n).passed == 0).mean() > 0.5


def test_false_alarms_of_fluctuation_dissipation():
    """Gaussian energies with Var e / N independent of beta (a random energy model above freezing): no curvature."""
    rng = np.random.default_rng(69)
    n, T = 64, np.linspace(0.8, 2.0, 8)
    mean = (-1 / T)[:, None, None]
    e = mean + rng.standard_normal((1500, 8, 4, 64)) / np.sqrt(n)
    found = fluctuation_dissipation(T, e, e**2, n)
    assert np.mean(found.passed == 0) <= 0.002
    wider = mean + rng.standard_normal((300, 8, 4, 64)) * 1.5 / np.sqrt(n)
    assert np.mean(fluctuation_dissipation(T, wider, wider**2, n).passed[:, :4] == 0) > 0.9, "witness: too wide"
    single = e[:200] - 5.0 * (T > 1.4)[:, None, None]  # a latent heat between two temperatures
    assert np.mean(fluctuation_dissipation(T, single, single**2, n).passed == 0) <= 0.02


def test_fluctuation_dissipation_leaves_alone_what_it_cannot_judge():
    x = np.random.default_rng(70).standard_normal((3, 4, 64))
    assert (fluctuation_dissipation([0.5, 1.0], x[:2], x[:2] ** 2, 8).passed == -1).all()
    found = fluctuation_dissipation([0.0, 0.5, 1.0, 1.5], np.concatenate([x[:1] * 0, x]), np.ones((4, 4, 64)), 8)
    assert found.passed[0] == -1 and (found.passed[1:] >= 0).all()
    still = np.zeros((3, 4, 64))
    assert (fluctuation_dissipation([0.5, 1.0, 1.5], still, still, 8).passed == -1).all()


def test_causes_come_before_what_they_bring_about(ar1):
    x = ar1(np.random.default_rng(71), (4, 256), 1.0)
    gap, found = no_gap([[0]], [[9]]), round_trips([0], [[0]], [[0]])
    few = Evidence(*(x[0] for x in found))
    apart = class_verdict({"e": x + 5 * np.arange(4)[:, None]})
    assert apart.reason == DISAGREE
    assert apart.with_evidence({TRIPS: ("round_trips", few)}).reason == DISAGREE
    both = apart.with_evidence({TRIPS: ("round_trips", few), GAP: ("swaps", gap)})
    assert both.reason == GAP and not both.stationary and set(both.evidence) >= {"rhat", "drift", "times", "swaps"}
    assert class_verdict({"e": x}).with_evidence({TRIPS: ("round_trips", few)}).reason == TRIPS
    assert class_verdict({"e": x}).with_evidence({GAP: ("swaps", no_gap([[1]], [[9]]))}).reason == OK
    assert class_verdict({"e": x[:, :20]}).with_evidence({GAP: ("swaps", gap)}).reason == FEW_BINS


def test_parts_of_a_class_are_those_of_its_worst_observable(ar1):
    rng = np.random.default_rng(72)
    good, bad = ar1(rng, (4, 256), 1.0), ar1(rng, (2, 256), 1.0) + np.array([[0.0], [3.0]])
    found = class_verdict({"e": good, "q2": bad}).evidence
    assert found["rhat"].passed == 0 and found["rhat"].value > found["rhat"].bound
    assert found["rhat"].value == class_verdict({"q2": bad}).evidence["rhat"].value
    assert class_verdict({"e": good}).evidence["times"].value > 50


def test_enough_samples():
    assert enough(1.0, 1.0, module.MIN_SAMPLES) and not enough(1.0, 1.0, module.MIN_SAMPLES - 1)
    assert enough(0.004, 1.0, 32) and not enough(0.004, 1.0, 31)
