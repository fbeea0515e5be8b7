"""Metrics of spectra on matrices where they are known, and the localisation of vectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from spectra.samples import generator, spiked, wishart

from statmech.spectra.metrics import (
    PORTER_THOMAS_95,
    det_x,
    entropy,
    localisation,
    metrics,
    random_vector_entropy,
    vector_localisation,
)
from statmech.spectra.spectrum import Spectrum, matrices, spectrum


@dataclass
class Tail:
    alpha: float


def test_metrics_of_a_known_spectrum():
    x = np.array([0.0, 1.0, 1.0, 2.0])
    m = metrics(Spectrum(x, n=6, m=4), power_law=Tail(2.5))
    p = np.array([0.25, 0.25, 0.5])
    expected = {"hard_rank": 3, "stable_rank": 2, "entropy": -(p * np.log(p)).sum() / np.log(3), "norm2": 4,
                "log_norm": np.log10(4), "lambda_max": 2, "log_spectral_norm": np.log10(2), "detX": 4,
                "alpha_weighted": 2.5 * np.log10(2), "log_alpha_norm": np.log10(2 + 2**2.5), "mp_holds": 0}  # fmt: skip
    assert {k: m[k] for k in expected} == pytest.approx(expected)
    assert np.isnan(m["soft_rank"]) and np.isnan(m["sigma"]), "four eigenvalues are too few for a law"
    assert "alpha_weighted" not in metrics(Spectrum(x, n=6, m=4))


def test_metrics_of_zero_and_of_rank_one():
    zero = metrics(spectrum(np.zeros((20, 10))))
    assert zero["hard_rank"] == 0 and all(np.isnan(zero[k]) for k in ("stable_rank", "entropy", "log_norm", "detX"))
    one = metrics(spectrum(np.outer(np.arange(1, 21), np.ones(10))))
    assert one["hard_rank"] == 1 and one["stable_rank"] == pytest.approx(1) and one["entropy"] == pytest.approx(0)
    assert np.isnan(metrics(spectrum(np.eye(9)), power_law=Tail(np.nan))["log_alpha_norm"])


def test_metrics_do_not_depend_on_the_scale_but_norms():
    W = spiked(120, 80, [2.0], generator("metrics"))
    a, b = metrics(spectrum(W)), metrics(spectrum(10 * W))
    for k in ("hard_rank", "stable_rank", "soft_rank", "entropy", "detX", "num_spikes", "mp_D"):
        assert a[k] == pytest.approx(b[k])
    assert b["log_norm"] - a["log_norm"] == pytest.approx(2) and b["sigma"] == pytest.approx(10 * a["sigma"])
    assert a["mp_holds"] == 1 and a["num_spikes"] == 1 and a["soft_rank"] < 0.8


def test_entropy_of_equal_eigenvalues_is_one():
    assert entropy(spectrum(np.eye(30, 12))) == pytest.approx(1)
    assert entropy(Spectrum(np.sort(wishart(60, 60, generator("entropy"))), 60, 60)) < 0.95


def test_det_x_by_products():
    """Against products taken one by one, on the scaled values; scale and order of the input do not matter."""
    x = generator("det").pareto(2.0, size=60) + 1
    scaled = np.sort(x / x.mean())[::-1]
    counts = [k for k in range(1, 61) if np.prod(scaled[:k]) < 1]
    assert det_x(x) == det_x(7 * x[::-1]) == counts[0]
    raw = np.sort(x)[::-1]
    assert not [k for k in range(1, 61) if np.prod(raw[:k]) < 1], "witness: without scaling, no tail at all"
    assert det_x(np.full(5, 0.1)) == 5 and det_x([4.0, 2.0, 0.5, 0.25, 0.1]) == 4 and det_x([0.0, 1.0]) == 2
    with pytest.raises(ValueError, match="not all zero"):
        det_x([0.0, 0.0])


def test_localisation_of_vectors_that_are_known():
    v = vector_localisation(np.column_stack([np.eye(100)[0], np.ones(100), 3 * np.repeat([1.0, 0], [25, 75])]))
    np.testing.assert_allclose(v.ipr, [1, 1 / 100, 1 / 25])
    np.testing.assert_allclose(v.ratio, [1, 100, 25])
    np.testing.assert_allclose(v.entropy, [0, np.log(100), np.log(25)], atol=1e-12)
    assert v.z[0] > 50 and v.z[1] < -3


def test_random_vectors_are_porter_thomas():
    """Mean and spread of the participation ratio, entropy, and the share of distances above the bound."""
    v = vector_localisation(generator("vectors").normal(size=(200, 2000)))
    assert abs(v.z.mean()) < 0.09 and v.z.std() == pytest.approx(1, abs=0.09)
    assert v.entropy.mean() == pytest.approx(random_vector_entropy(200), abs=4 * v.entropy.std() / 2000**0.5)
    assert np.mean(v.D > PORTER_THOMAS_95 / 200**0.5) == pytest.approx(0.05, abs=0.015)
    flat = vector_localisation(generator("flat").choice([-1.0, 1.0], size=(200, 50)) + 0.1)
    assert (flat.D > 2 * PORTER_THOMAS_95 / 200**0.5).all(), "witness: vectors of equal components"


def test_a_localised_spike_is_seen_on_its_side():
    W = generator("localised").normal(size=(120, 80)) / 120**0.5
    W[:, 7] += 0.4  # one input, all outputs: strength 0.4 sqrt(120)
    found = localisation(W)
    assert found.m.ipr[-1] > 0.8 and found.m.z[-1] > 20 and found.n.z[-1] < 3
    assert (found.m.ipr[:-1] < 0.2).all() and found.m.ratio[-1] < 10
    np.testing.assert_allclose(found.eigenvalues, spectrum(W).eigenvalues, rtol=1e-12)
    turned = localisation(W.T)
    np.testing.assert_allclose(turned.m.ipr, found.m.ipr, rtol=1e-9)


def test_bad_arguments():
    with pytest.raises(ValueError, match=r"matrices\(W\)"):
        localisation(np.ones((4, 3, 2, 2)))
    assert localisation(matrices(generator("k").normal(size=(4, 3, 2, 2)))[0]).m.ipr.shape == (3,)
    with pytest.raises(ValueError, match="not zero"):
        vector_localisation(np.zeros((5, 2)))
