"""High temperature, the annealed bound, counting: identities and brute force, bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import gammaln, logsumexp

from statmech.theory import capacity_bounds as cb
from statmech.theory import high_temperature as ht
from statmech.theory import state_evolution as se


@pytest.mark.parametrize("prior", ["ising", "spherical"])
def test_high_temperature_is_the_limit_of_state_evolution(prior):
    x, p = 1.3, 0.1
    limit = float(ht.overlap(x, prior, p))
    far = [se.fixed_point(x * T, p, T, prior).R - limit for T in (200.0, 400.0)]
    assert abs(far[1]) < 5e-3
    assert far[0] / far[1] == pytest.approx(2, rel=0.02)  # vanishes like 1/T
    assert abs(float(ht.overlap(x, prior)) - limit) > 0.05  # witness: the noise counts


def test_randomised_labels_only_lower_the_load():
    for prior in ("ising", "spherical"):
        assert ht.overlap(1.5, prior, 0.2) == pytest.approx(float(ht.overlap(1.5 * 0.6, prior)), rel=1e-13)


@pytest.mark.parametrize("prior", ["ising", "spherical"])
def test_overlap_is_a_minimum_of_the_free_energy(prior):
    for x in (0.3, 1.0, 1.9):
        R = float(ht.overlap(x, prior))
        here = ht.free_energy(R, x, prior)
        assert here < min(ht.free_energy(R - 1e-3, x, prior), ht.free_energy(R + 1e-3, x, prior))


def test_transition_precedes_the_spinodal():
    t, s = ht.transition(), ht.spinodal()
    assert ht.free_energy(t.R, t.x) == pytest.approx(0, abs=1e-13)
    assert t.x < s.x and t.R < s.R
    assert ht.overlap(s.x * (1 + 1e-9)) == 1 and ht.overlap(s.x * (1 - 1e-9)) < s.R


def test_annealed_bound_lies_above_the_quenched_transition():
    bound = ht.annealed_bound().x
    assert bound > 1.2446839898
    assert ht.annealed_log_number(bound - 0.01).x > 0 > ht.annealed_log_number(bound + 0.01).x
    # first moment by direct sum over overlaps at finite N
    n, alpha = 2000, 1.2
    k = np.arange(1, n)
    R = 1 - 2 * k / n
    number = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1) + alpha * n * np.log1p(-np.arccos(R) / np.pi)
    poor = R < 0.95
    assert logsumexp(number[poor]) / n == pytest.approx(ht.annealed_log_number(alpha).x, abs=0.004)


def test_cover_counts_dichotomies():
    rng = np.random.default_rng(1)
    for P, N in ((4, 2), (5, 3), (6, 3)):
        X = rng.standard_normal((P, N))
        labels = rng.standard_normal((200_000, N)) @ X.T > 0  # every cone of weights is hit
        assert len(np.unique(labels @ (1 << np.arange(P)))) == cb.cover(P, N)
    assert cb.cover(3, 7) == 8  # all of 2^P
    assert cb.cover(3000, 1500) == 2**2999  # half of them at alpha = 2, exactly
    assert math.log(cb.cover(9000, 3000)) / 3000 == pytest.approx(float(cb.growth(3.0)), abs=2e-3)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match=r"P = 0 is not valid, expected an integer >= 1"):
        cb.cover(0, 3)
    with pytest.raises(ValueError, match=r"N = 2\.5"):
        cb.cover(3, 2.5)
    with pytest.raises(ValueError, match=r"R = 1\.5"):
        ht.entropy(1.5)
    with pytest.raises(ValueError, match=r"tau = -1\.0"):
        cb.effective_vc_curve(-1)
