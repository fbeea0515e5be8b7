"""Shuffled layers: the same values, no order, a distance with its error and its null distribution."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import wasserstein_distance
from spectra.samples import generator, spiked

from statmech.spectra.marchenko_pastur import fit_marchenko_pastur
from statmech.spectra.metrics import metrics
from statmech.spectra.randomised import randomise, shuffle, wasserstein


def test_shuffles_keep_the_values_and_the_seed():
    W = generator("shuffle").normal(size=(5, 4, 3, 3)).astype("f4")
    a = shuffle(W, 3, 0)
    assert a.dtype == W.dtype and a.shape == W.shape and (np.sort(a, None) == np.sort(W, None)).all()
    assert (a == shuffle(W, 3, 0)).all() and not (a == shuffle(W, 3, 1)).all() and not (a == shuffle(W, 4, 0)).all()
    few, many = (randomise(W, n, seed=3) for n in (3, 6))
    assert all((x.eigenvalues == y.eigenvalues).all() for x, y in zip(few.shuffles, many.shuffles))
    assert many.pooled.size == 6 * W[0].size // W.shape[1] * 4 and many.shuffles[0].slices == 9


def test_the_distance_is_wasserstein():
    rng = generator("w1")
    for size in (40, 57):
        a, b = rng.normal(size=40), rng.exponential(size=size)
        assert wasserstein(a, b) == pytest.approx(wasserstein_distance(a, b))
    with pytest.raises(ValueError, match="0 and 1 values"):
        wasserstein([], [1.0])


def test_spikes_are_far_from_their_shuffles():
    found = randomise(spiked(90, 60, [2.0, 2.0], generator("far")), 19, seed=1)
    assert found.p_value == 1 / 20 and found.distance > 3 * found.null.max()
    assert found.error < 0.1 * found.distance and found.null.shape == (19,)
    top = found.compare(lambda s: s.lambda_max)
    assert top.z > 8 and top.value == found.spectrum.lambda_max and top.error == pytest.approx(top.sd / 19**0.5)
    edge = found.compare(lambda s: fit_marchenko_pastur(s).lambda_plus)
    assert edge.mean == pytest.approx(found.spectrum.norm2 / 60 * (1 + (60 / 90) ** 0.5) ** 2, rel=0.02)
    assert found.compare(lambda s: metrics(s)["stable_rank"]).z < -8
    assert np.isnan(found.compare(lambda s: 1.0).z)


def test_distance_and_null_are_means_over_the_others():
    found = randomise(generator("means").pareto(2.5, size=(20, 12)), 4)
    unit = found.spectrum.norm2 / found.spectrum.M_total
    layer, *rest = (s.eigenvalues / unit for s in (found.spectrum, *found.shuffles))
    away = [wasserstein(layer, r) for r in rest]
    assert found.distance == pytest.approx(np.mean(away)) and found.error == pytest.approx(np.std(away, ddof=1) / 2)
    assert found.null[0] == pytest.approx(np.mean([wasserstein(rest[0], r) for r in rest[1:]]))


def test_p_values_are_uniform_without_order():
    """Heavy-tailed independent entries: far from Marchenko-Pastur, yet no order; p is uniform on k/(n + 1)."""
    p = [randomise(generator("null", i).standard_t(2.5, size=(20, 12)), 9, seed=i).p_value for i in range(150)]
    counts = np.bincount(np.round(np.array(p) * 10).astype(int), minlength=11)[1:]
    assert counts.sum() == 150 and ((counts - 15) ** 2 / 15).sum() < 27.9  # chi^2, 9 degrees of freedom: 0.1 %
    ordered = [randomise(np.sort(generator("o", i).normal(size=(20, 12)), axis=0), 9).p_value for i in range(10)]
    assert np.mean(ordered) == pytest.approx(0.1), "witness: sorted columns are always farthest"


def test_bad_arguments():
    with pytest.raises(ValueError, match="shuffles = 2"):
        randomise(np.eye(4), 2)
    with pytest.raises(ValueError, match="all weights are zero"):
        randomise(np.zeros((4, 4)))
