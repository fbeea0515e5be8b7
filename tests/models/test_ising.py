"""The space of Ising spins: uniform starts, noisy copies, overlaps, enumeration."""

from __future__ import annotations

import numpy as np
import pytest

from statmech import Ising

KEYS, LANES = np.arange(40, dtype=np.uint64).reshape(8, 5, 1), np.arange(6, dtype=np.uint64)[None, None]


def deviations(s):
    """Standard errors that the mean, the overlaps of two chains and of two sites are away from uniform."""
    flat = s.reshape(-1, s.shape[-1]).astype(float)
    q = (flat @ flat.T)[np.triu_indices(len(flat), 1)] / np.sqrt(flat.shape[1])
    sites = flat[:, :-1] * flat[:, 1:]
    mean, variance = flat.mean() * flat.size**0.5, ((q**2).mean() - 1) * (q.size / 2) ** 0.5
    return np.abs([mean, variance, sites.mean() * sites.size**0.5])


def test_random_configurations_are_uniform_and_independent():
    s = Ising().random(KEYS, LANES, 501)
    assert s.shape == (8, 5, 6, 501) and s.dtype == np.int8 and set(np.unique(s)) == {-1, 1}
    assert (deviations(s) < 4).all()


def test_configurations_that_are_not_are_seen():
    s = Ising().random(KEYS, LANES, 501)
    biased = np.where(np.random.default_rng(0).random(s.shape) < 0.02, 1, s)
    assert deviations(biased)[0] > 6
    repeated = s.copy()
    repeated[4:] = repeated[:4]
    assert deviations(repeated)[1] > 6
    domains = np.where(np.random.default_rng(0).random(s.shape) < 0.05, np.roll(s, 1, -1), s)
    assert deviations(domains)[2] > 6


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_noisy_copies_reverse_the_asked_share(share):
    s = np.ones((8, 5, 6, 500), np.int8)
    reversed_ = (Ising().flip(s, share, KEYS, LANES) == -1).mean()
    assert abs(reversed_ - share) <= 4 * np.sqrt(share * (1 - share) / s.size)


def test_noise_is_nested_in_its_share():
    """A spin that is reversed at 10 % is reversed at 20 % too."""
    s = np.ones((8, 5, 6, 50), np.int8)
    few, more = (Ising().flip(s, share, KEYS, LANES) == -1 for share in (0.1, 0.2))
    assert (more | ~few).all() and more.sum() > few.sum()


def test_overlap_is_exact():
    a, b = Ising().random(KEYS, LANES, 99), Ising().random(KEYS + 100, LANES, 99)
    np.testing.assert_array_equal(Ising().overlap(a, b), (a.astype(int) * b).sum(-1) / 99)
    np.testing.assert_array_equal(Ising().overlap(a, a), 1.0)


def test_enumeration():
    s = Ising().enumerate(5)
    assert s.shape == (32, 5) and len(np.unique(s, axis=0)) == 32
    np.testing.assert_array_equal((s < 0) @ (1 << np.arange(5)), np.arange(32))
    with pytest.raises(ValueError, match=r"2\^25 configurations: at most n = 24"):
        Ising().enumerate(25)
