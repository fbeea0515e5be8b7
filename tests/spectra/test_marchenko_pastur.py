"""The Marchenko-Pastur law, and its fit: known sigma and spikes, the rate of false ones, and what is no such law."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from spectra.samples import binomial_holds, generator, spiked, wishart

from statmech.spectra import tracy_widom
from statmech.spectra.marchenko_pastur import MarchenkoPastur, fit_marchenko_pastur
from statmech.spectra.spectrum import Spectrum, spectrum


def gaussian(n: int, m: int, rng: np.random.Generator, slices: int = 1) -> Spectrum:
    return Spectrum(np.sort(np.concatenate([wishart(n, m, rng) for _ in range(slices)])), n, m, slices)


@pytest.mark.parametrize("Q", [1.0, 1.5, 10.7, 500.0])
def test_the_distribution_function_is_the_integral_of_the_density(Q):
    law = MarchenkoPastur(1.3, Q)
    a, b = law.edges

    def at(t):  # x = a + (b - a) sin^2 t
        x = a + (b - a) * np.sin(t) ** 2
        return law.pdf(x) * (b - a) * np.sin(2 * t)

    for t in (0.3, 0.8, 1.4, np.pi / 2):
        below = quad(at, 1e-9, t, epsabs=1e-12)[0]
        assert law.cdf(a + (b - a) * np.sin(t) ** 2) == pytest.approx(below, abs=1e-7 if Q == 1 else 1e-11)
    p = np.linspace(0, 1, 21)
    np.testing.assert_allclose(law.cdf(law.ppf(p)), p, atol=1e-12)
    assert (law.mean, law.variance) == pytest.approx((law.moment(1), law.moment(2) - law.moment(1) ** 2))
    assert law.pdf([a - 0.1, b + 0.1]).tolist() == [0, 0]
    np.testing.assert_allclose(law.cdf([a - 1, b + 1]), [0, 1], atol=1e-12)


def test_eigenvalues_of_gaussian_matrices_follow_it():
    for n, m in ((300, 300), (450, 300)):
        x = wishart(n, m, generator("law", n)) / n
        steps = (np.arange(m) + 0.5) / m
        assert np.abs(MarchenkoPastur(1.0, n / m).cdf(x) - steps).max() < 4 / m
        assert np.abs(MarchenkoPastur(1.03, n / m).cdf(x) - steps).max() > 4 / m, "witness: sigma 3 % off"


@pytest.mark.parametrize("strengths", [[], [2.0] * 5, [1.2] * 5, [3.0] * 20, [3.0] * 30, [30.0, 1.2]])
def test_sigma_and_spikes_of_known_matrices(strengths):
    """sigma within 1 %, every spike and no other: five at 1.2, many equal ones, one that could hide another."""
    fit = fit_marchenko_pastur(spectrum(spiked(1000, 500, strengths, generator("truth", strengths))), 0.01)
    assert fit.sigma == pytest.approx(1, abs=0.005) and fit.status == "ok"
    assert len(fit.spikes) == len(fit.strengths) == len(fit.p_values) == len(strengths)
    np.testing.assert_allclose(fit.strengths, sorted(strengths, reverse=True), rtol=0.15)
    assert (fit.p_values < 0.01).all() and fit.D_bound > fit.D


def test_what_the_pieces_are_for():
    """The mean square of all entries, or of the bulk without what the spikes take, misses 1 %; strengths count too."""
    s = spectrum(spiked(600, 300, [3.0] * 20, generator("pieces")))
    x, n, m = s.eigenvalues, s.n, s.m
    assert (x.sum() / (n * m)) ** 0.5 * n**0.5 > 1.2
    assert (x[:-20].sum() / (n * m)) ** 0.5 * n**0.5 < 0.96
    assert fit_marchenko_pastur(s).sigma == pytest.approx(1, abs=0.005)
    weak = spectrum(spiked(600, 300, [1.4] * 25, generator("weak")))
    fit, k = fit_marchenko_pastur(weak), 25
    assert len(fit.spikes) == k and fit.sigma == pytest.approx(1, abs=0.005)
    left = (weak.eigenvalues[:-k].sum() / ((n - k) * (m - k))) ** 0.5 * n**0.5
    assert left < 0.992, "witness: spikes of finite strength take more than their rows and columns"


def test_the_p_value_is_that_of_a_scale_that_is_estimated():
    s = spectrum(spiked(100, 100, [1.8], generator("p")))
    fit, (mu, xi) = fit_marchenko_pastur(s), tracy_widom.wishart_edge(100, 100)
    t, v = (s.lambda_max * 1e4 / s.norm2 - mu) / xi, (mu / xi) ** 2 * 2e-4
    assert fit.p_values == pytest.approx(float(tracy_widom.tail(t, 1, v)))
    assert 0 < fit.p_values[0] < 0.7 * tracy_widom.tail(t), "witness: without it p is larger"


def test_square_matrices_with_a_spike():
    fit = fit_marchenko_pastur(spectrum(spiked(300, 300, [1.7], generator("square"))))
    assert len(fit.spikes) == 1 and fit.strengths[0] == pytest.approx(1.7, abs=0.15)
    assert fit.law.edges[0] == pytest.approx(0, abs=1e-4) and fit.soft_rank == fit.lambda_plus / fit.spikes[0]


def test_the_result_does_not_depend_on_the_scale_of_the_weights():
    W = spiked(200, 100, [2.0], generator("scale"))
    a, b = (fit_marchenko_pastur(spectrum(c * W)) for c in (1.0, 1e-9))
    assert b.sigma == pytest.approx(1e-9 * a.sigma) and len(a.spikes) == len(b.spikes) == 1
    np.testing.assert_allclose(a.strengths, b.strengths)


@pytest.mark.parametrize(("n", "m", "slices", "count"), [(40, 40, 1, 400), (90, 60, 1, 200), (30, 12, 9, 200)])
def test_false_spikes_come_at_the_stated_rate(n, m, slices, count):
    rng = generator("rate", n, m, slices)
    fits = [fit_marchenko_pastur(gaussian(n, m, rng, slices)) for _ in range(count)]
    hits = sum(f.spikes.size > 0 for f in fits)
    assert binomial_holds(hits, count, 0.05, 0.99) and not binomial_holds(hits, count, 0.15, 0.99)
    assert sum(f.D_bound < f.D for f in fits) <= 0.02 * count


@pytest.mark.slow
@pytest.mark.parametrize(("m", "count"), [(200, 1000), (500, 300)])
def test_false_spikes_of_square_matrices(m, count):
    rng = generator("square rate", m)
    hits = sum(fit_marchenko_pastur(gaussian(m, m, rng)).spikes.size > 0 for _ in range(count))
    assert binomial_holds(hits, count, 0.05)


def test_slices_share_one_sigma_and_one_rate():
    rng = generator("slices")
    stack = np.stack([rng.normal(size=(50, 20)) for _ in range(9)], axis=-1).reshape(50, 20, 3, 3)
    u, v = (x / np.linalg.norm(x) for x in (rng.normal(size=50), rng.normal(size=20)))
    stack[..., 0, 0] += 50**0.5 * 2 * np.outer(u, v)
    fit = fit_marchenko_pastur(spectrum(stack), 0.01)
    assert len(fit.spikes) == 1 and fit.status == "ok" and fit.sigma == pytest.approx(50**0.5, rel=0.02)


def test_one_huge_eigenvalue_does_not_drown_the_others():
    x = wishart(200, 200, generator("huge"))
    fit = fit_marchenko_pastur(Spectrum(np.append(x[:-1], 1e20), 200, 200))
    assert len(fit.spikes) == 1 and fit.status == "ok" and fit.sigma == pytest.approx(200**0.5, rel=0.02)
    assert abs((x[:-1].sum() + 1e20) - 1e20 - x[:-1].sum()) > 100, "witness: a difference of sums is 1 % off"


def test_zero_eigenvalues_are_counted_and_left_out():
    W = generator("rank").normal(size=(300, 100)) @ np.diag(np.arange(100) < 70)
    fit = fit_marchenko_pastur(spectrum(W.astype("f4")))
    assert fit.zeros == 30 and fit.status == "rank collapse: 30 of 100 eigenvalues are zero and left out"
    assert pytest.approx(300 / 70) == fit.law.Q and fit.sigma == pytest.approx(300**0.5, rel=0.02)
    assert fit.D_bound > fit.D and len(fit.spikes) == 0


@pytest.mark.parametrize("mu", [1.0, 2.0])
def test_heavy_tails_are_named(mu):
    rng = generator("heavy", mu)
    W = rng.pareto(mu, size=(300, 200)) * rng.choice([-1, 1], size=(300, 200))
    assert fit_marchenko_pastur(spectrum(W)).status.startswith("not Marchenko-Pastur: ")


def test_a_bulk_of_another_law_is_named():
    """Rows of unequal variance, no spike: D tells."""
    W = generator("rows").normal(size=(300, 150)) * np.repeat([0.3, 1.0, 1.6], 100)[:, None]
    status = fit_marchenko_pastur(spectrum(W)).status
    assert status.startswith("not Marchenko-Pastur: ")


def test_too_little_to_fit():
    for W in (np.zeros((20, 10)), np.diag(np.arange(1.0, 6))):
        fit = fit_marchenko_pastur(spectrum(W))
        assert fit.law is None and np.isnan(fit.lambda_plus) and "at least 8 are needed" in fit.status
    with pytest.raises(ValueError, match="false_alarm = 0"):
        fit_marchenko_pastur(spectrum(np.eye(9)), 0.0)
    with pytest.raises(ValueError, match="transpose"):
        MarchenkoPastur(1.0, 0.5)
    with pytest.raises(ValueError, match="sigma = nan"):
        MarchenkoPastur(np.nan, 2.0)


def test_p_values_are_uniform_on_gaussian_matrices():
    """The test is the Tracy-Widom law over the whole range, not at one quantile only."""
    rng, p = generator("uniform"), []
    for _ in range(300):
        x = wishart(60, 60, rng)
        mu, xi = tracy_widom.wishart_edge(60, 60)
        p.append(float(tracy_widom.tail((x[-1] * 3600 / x.sum() - mu) / xi, 1, (mu / xi) ** 2 * 2 / 3600)))
    assert np.abs(np.sort(p) - (np.arange(300) + 0.5) / 300).max() < 1.63 / 300**0.5
