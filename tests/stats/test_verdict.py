"""What the verdict must get right, on chains of known law and on the Hopfield model."""

from __future__ import annotations

import doctest
import functools

import numpy as np
import pytest

import statmech.stats.verdict as module
from statmech.stats.verdict import (
    DISAGREE,
    DONE,
    DRIFT,
    FEW_BINS,
    FROZEN,
    NOT_FINITE,
    OK,
    RESTRICTED,
    SHORT,
    UNEQUILIBRATED,
    class_verdict,
    verdict,
)


def _one(x, **more):
    return class_verdict({"energy": x, **more})


def test_one_shifted_chain_of_four_is_detected(ar1):
    for times in (200, 1000):
        x = ar1(np.random.default_rng(31), (1000, 4, 512), 512 / times)
        assert np.mean(_one(x).stationary) > 0.97, "witness: without the shift they pass"
        x[:, 2] += 1.0
        found = _one(x)
        assert np.mean(found.stationary) <= 0.05
        assert np.mean(found.reason == DISAGREE) > 0.9


def test_ten_tau_is_too_short(ar1):
    for bins in (64, 256):
        found = _one(ar1(np.random.default_rng(32), (1000, 4, bins), bins / 10))
        assert np.mean(found.stationary) <= 0.05
        assert np.mean(found.reason == SHORT) > 0.9


@pytest.mark.parametrize(("times", "size"), [(50, 2.0), (200, 1.0), (1000, 0.5)])
def test_slow_drift_is_detected(ar1, times, size):
    x = ar1(np.random.default_rng(33), (500, 4, 512), 512 / times) + size * np.linspace(0.0, 1.0, 512)
    found = _one(x)
    assert np.mean(found.stationary) <= 0.05 and np.mean(found.reason == DRIFT) > 0.9


def test_relaxation_of_a_late_start_is_detected(ar1):
    x = ar1(np.random.default_rng(34), (200, 4, 256), 1.0) + 2.0 * np.exp(-np.arange(256) / 60)
    assert not _one(x).stationary.any()


def test_a_chain_that_leaves_its_state_is_detected(ar1):
    x = 0.1 * ar1(np.random.default_rng(35), (50, 4, 256), 1.0)
    x[:, 1, 150:] -= 0.6  # one retrieval state decays in the window
    assert not _one(x).stationary.any()


def test_frozen_chains():
    rng = np.random.default_rng(36)
    locked = _one(np.broadcast_to(rng.standard_normal((5, 4, 1)), (5, 4, 256)))
    assert np.all(locked.reason == FROZEN) and np.all(verdict({"random": locked}) == UNEQUILIBRATED)
    same = np.full((5, 4, 256), -0.5)
    found = _one(same)
    assert np.all(found.reason == OK) and np.all(found.rhat_max == 1.0)
    assert np.all(found.estimates["energy"].error == 0.0)
    rattling = 0.01 * rng.standard_normal((50, 4, 256)) + rng.standard_normal((50, 4, 1))
    assert not _one(rattling).stationary.any()
    rare = same.copy()
    rare[:, 0, 100] += 0.01  # a single excitation is noise, not disagreement
    assert np.all(_one(rare).stationary)


def test_too_few_bins_and_values_that_are_not_finite(ar1):
    x = ar1(np.random.default_rng(37), (3, 4, 24), 0.5)
    assert np.all(_one(x).reason == FEW_BINS)
    x = ar1(np.random.default_rng(37), (3, 4, 256), 0.5)
    x[1, 0, 7] = np.nan
    found = _one(x)
    assert found.reason.tolist() == [OK, NOT_FINITE, OK]
    assert np.isnan(found.estimates["energy"].mean[1]) and np.isnan(found.rhat_max[1])
    assert verdict({"a": found, "b": _one(np.zeros((3, 4, 256)))})[1] == UNEQUILIBRATED


def test_one_bad_observable_decides(ar1):
    rng = np.random.default_rng(38)
    good = ar1(rng, (20, 4, 256), 1.0)
    pairs = ar1(rng, (20, 2, 256), 1.0) + np.array([0.0, 2.0])[:, None]  # another number of chains
    found = _one(good, q2=pairs)
    assert np.all(found.reason == DISAGREE) and np.all(_one(good).stationary)
    assert np.all(found.rhat_max == found.estimates["q2"].rhat)
    assert np.all(found.ess_min == found.estimates["q2"].ess)


def test_tau_is_in_sweeps(ar1):
    x = ar1(np.random.default_rng(39), (20, 4, 256), 2.0)
    one, many = class_verdict({"e": x}), class_verdict({"e": x}, bin_length=8)
    np.testing.assert_allclose(many.tau_max, 8.0 * one.tau_max)
    np.testing.assert_allclose(many.estimates["e"].tau_error, 8.0 * one.estimates["e"].tau_error)
    np.testing.assert_array_equal(many.estimates["e"].error, one.estimates["e"].error)
    np.testing.assert_array_equal(many.stationary, one.stationary)


def test_leading_axes_give_what_single_calls_give(ar1):
    x = ar1(np.random.default_rng(40), (3, 5, 4, 128), 4.0)
    x[0, :, 1] += 3.0
    whole = _one(x)
    for index in np.ndindex(3, 5):
        one = _one(x[index])
        assert one.reason == whole.reason[index]
        np.testing.assert_allclose(one.rhat_max, whole.rhat_max[index], rtol=1e-13)
        np.testing.assert_allclose(one.tau_max, whole.tau_max[index], rtol=1e-12)


def test_classes_that_agree_or_not(ar1):
    rng = np.random.default_rng(41)
    a, b = (_one(ar1(rng, (2000, 4, 256), 256 / 50)) for _ in range(2))
    both = a.stationary & b.stationary
    status = verdict({"pattern": a, "random": b})
    assert status.dtype == np.int8 and np.all(status[~both] == UNEQUILIBRATED)
    assert np.mean(status[both] == RESTRICTED) < 0.005 and np.mean(status == DONE) > 0.96
    shifted = _one(ar1(rng, (2000, 4, 256), 256 / 50) + 1.5)
    both = a.stationary & shifted.stationary
    assert np.mean(verdict({"pattern": a, "random": shifted})[both] == RESTRICTED) > 0.99
    assert np.array_equal(verdict({"pattern": a}), np.where(a.stationary, DONE, UNEQUILIBRATED))


def test_any_observable_and_any_pair_of_classes_can_tell_them_apart():
    zero, one = np.zeros((4, 64)), np.ones((4, 64))
    same = class_verdict({"e": zero, "m": zero})
    assert verdict({"a": same, "b": same, "c": same}) == DONE
    for other in ({"e": zero, "m": one}, {"e": one, "m": zero}):
        assert verdict({"a": same, "b": class_verdict(other)}) == RESTRICTED
        assert verdict({"a": class_verdict(other), "b": same, "c": same}) == RESTRICTED
        assert verdict({"a": same, "b": same, "c": class_verdict(other)}) == RESTRICTED


def test_exact_constants_agree_or_not():
    a, b = _one(np.full((4, 64), 0.5)), _one(np.full((4, 64), np.nextafter(0.5, 1.0)))
    assert a.estimates["energy"].mean != b.estimates["energy"].mean
    assert verdict({"a": a, "b": b}) == DONE, "rounding"
    assert verdict({"a": a, "b": _one(np.full((4, 64), 0.51))}) == RESTRICTED


def test_means_and_errors_of_the_caller_are_used():
    a = _one(np.zeros((4, 64)))
    means = {"x": {"m": 0.5}, "y": {"m": 0.6}}
    assert verdict({"x": a, "y": a}, means, {"x": {"m": 0.1}, "y": {"m": 0.1}}) == DONE
    assert verdict({"x": a, "y": a}, means, {"x": {"m": 0.01}, "y": {"m": 0.01}}) == RESTRICTED
    means["y"]["m"] = np.nan
    assert verdict({"x": a, "y": a}, means, {"x": {"m": 0.1}, "y": {"m": 0.1}}) == RESTRICTED


def test_bad_input_is_one_clear_error():
    x = np.zeros((3, 4, 64))
    with pytest.raises(ValueError, match="got no observable"):
        class_verdict({})
    with pytest.raises(ValueError, match="got bin_length=0"):
        class_verdict({"e": x}, bin_length=0)
    with pytest.raises(ValueError, match="expected the same for all observables"):
        class_verdict({"e": x, "m": x[:2]})
    with pytest.raises(ValueError, match=r"e: got shape \(4, 2\)"):
        class_verdict({"e": np.zeros((4, 2))})
    with pytest.raises(ValueError, match="got no class of starts"):
        verdict({})
    with pytest.raises(ValueError, match="expected the same for all classes"):
        verdict({"a": class_verdict({"e": x}), "b": class_verdict({"e": x[:2]})})
    with pytest.raises(ValueError, match="expected the same names"):
        verdict({"a": class_verdict({"e": x}), "b": class_verdict({"m": x})})


@functools.cache
def _metropolis():
    @pytest.importorskip("numba").njit
    def chain(couplings, spins, target, temperature, bins, bin_length, rng):
        n = len(spins)
        field = couplings @ spins
        energy, overlap, states = np.zeros(bins), np.zeros(bins), np.zeros((bins, n))
        for b in range(bins):
            for _ in range(bin_length):
                for i in range(n):
                    cost = 2.0 * spins[i] * field[i]
                    if cost <= 0.0 or rng.random() < np.exp(-cost / temperature):
                        spins[i] = -spins[i]
                        for j in range(n):
                            field[j] += 2.0 * spins[i] * couplings[i, j]
                energy[b] -= 0.5 * np.sum(spins * field) / n / bin_length
                overlap[b] += abs(np.sum(target * spins)) / n / bin_length
            states[b] = spins
        return energy, overlap, states

    return chain


def _hopfield(n, patterns, temperature, sweeps, start, seed, bin_length=8):
    """Energy, |m_0| and q^2 of 4 Metropolis chains, second half of the run: a small simulation of its own."""
    rng = np.random.default_rng(seed)
    xi = rng.choice([-1.0, 1.0], (patterns, n))
    couplings = xi.T @ xi / n  # n is a power of two: exact
    np.fill_diagonal(couplings, 0.0)
    runs, bins = [], sweeps // bin_length
    for k in range(4):
        first = xi[0].copy() if start == "pattern" else rng.choice([-1.0, 1.0], n)
        dynamics = np.random.default_rng([seed, k, start == "pattern"])
        runs.append(_metropolis()(couplings, first, xi[0], temperature, bins, bin_length, dynamics))
    energy, overlap, states = (np.stack(parts)[:, bins // 2 :] for parts in zip(*runs, strict=True))
    q2 = np.mean(states[::2] * states[1::2], axis=-1) ** 2
    return class_verdict({"energy": energy, "m": overlap, "q2": q2}, bin_length)


@pytest.mark.parametrize(
    ("temperature", "expected"),
    [(0.5, RESTRICTED), (1.4, DONE)],
    ids=["metastable retrieval", "paramagnet"],
)
def test_hopfield_retrieval_from_a_pattern_against_random_starts(temperature, expected):
    starts = ("pattern", "random")
    classes = {s: _hopfield(1024, 51, temperature, 512, s, seed=6, bin_length=4) for s in starts}
    assert all(one.stationary for one in classes.values())
    assert verdict(classes) == expected
    m = {start: float(one.estimates["m"].mean) for start, one in classes.items()}
    assert m["random"] < 0.1 and (m["pattern"] > 0.9) == (expected == RESTRICTED)


def test_hopfield_glass_is_unequilibrated():
    assert verdict({"random": _hopfield(256, 64, 0.1, 1024, "random", seed=1)}) == UNEQUILIBRATED


def test_examples():
    assert doctest.testmod(module).failed == 0
