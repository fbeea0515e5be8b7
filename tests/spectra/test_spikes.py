"""Spikes: strengths and eigenvalues, and what matrices of a thousand rows show of both and of the overlaps."""

from __future__ import annotations

import numpy as np
import pytest
from spectra.samples import generator

from statmech.spectra import spikes


def test_strengths_invert_eigenvalues():
    Q = np.array([1.0, 1.5, 20.0])[:, None]
    S = spikes.threshold(Q) * np.array([1.0, 1.1, 3.0, 40.0])
    np.testing.assert_allclose(spikes.spike_strength(spikes.spike_eigenvalue(S, Q), Q), S, rtol=1e-7)
    edge = (1 + Q**-0.5) ** 2
    np.testing.assert_allclose(spikes.spike_eigenvalue(0.3 * spikes.threshold(Q), Q), edge, rtol=1e-14)
    np.testing.assert_allclose(spikes.spike_strength(0.9 * edge, Q), spikes.threshold(Q), rtol=1e-14)


def test_a_spiked_covariance_is_a_spike_of_strength_root_theta():
    theta, Q = 1.3, 2.5
    out = spikes.covariance_outlier(theta, 1 / Q)
    np.testing.assert_allclose(spikes.spike_eigenvalue(theta**0.5, Q), out.eigenvalue, rtol=1e-14)
    np.testing.assert_allclose(spikes.spike_overlaps(theta**0.5, Q).m, out.overlap2, rtol=1e-14)


@pytest.mark.parametrize(("n", "m", "S"), [(900, 450, 1.3), (500, 500, 1.6), (1500, 150, 0.9)])
def test_matrices_with_one_spike(n, m, S):
    """Eigenvalue and overlaps within five times their fluctuations of order n^-1/2; the sides are not exchanged."""
    W = generator("spike", n, m).normal(size=(n, m)) / n**0.5
    W[0, 0] += S
    u, s, v = np.linalg.svd(W, full_matrices=False)
    overlaps = spikes.spike_overlaps(S, n / m)
    assert s[0] ** 2 == pytest.approx(spikes.spike_eigenvalue(S, n / m), abs=5 * 2 / n**0.5)
    measured = np.array([u[0, 0] ** 2, v[0, 0] ** 2])
    np.testing.assert_allclose(measured, [overlaps.n, overlaps.m], atol=0.06)
    if n == 10 * m:
        assert np.abs(measured - [overlaps.m, overlaps.n]).min() > 0.2, "witness: sides exchanged"


def test_below_threshold_nothing_is_seen():
    assert spikes.spike_overlaps(0.8, 1.0) == (0.0, 0.0)
    assert spikes.covariance_outlier(0.5, 1.0).overlap2 == 0
    assert spikes.covariance_outlier(0.5, 1.0).eigenvalue == 4.0


@pytest.mark.parametrize("call", [lambda: spikes.spike_eigenvalue(-1, 2), lambda: spikes.spike_strength(3, 0.5),
                                  lambda: spikes.retarded_learning(np.nan)])  # fmt: skip
def test_bad_arguments(call):
    with pytest.raises(ValueError, match="expected"):
        call()
