"""The Tracy-Widom law by two routes, and the edge of real Wishart matrices."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.special import airy
from spectra.samples import binomial_holds, generator, wishart

from statmech.spectra import tracy_widom as tw


def painleve(s: np.ndarray) -> np.ndarray:
    """F_1 = exp(-1/2 int_s (q + (x - s) q^2) dx), q'' = s q + 2 q^3, q ~ Ai: Tracy & Widom (1996)."""
    start = 6.0
    ai, slope = airy(start)[:2]
    ahead = np.linspace(start, 16, 20001)
    q = airy(ahead)[0]
    tails = [np.trapezoid(f, ahead) for f in (q, q * q, (ahead - start) * q * q)]

    def right(x, y):
        return [y[1], x * y[0] + 2 * y[0] ** 3, -y[0], -(y[0] ** 2), -y[3]]

    path = solve_ivp(right, (start, s.min()), [ai, slope, *tails], "DOP853", s[::-1], rtol=1e-12, atol=1e-18)
    return np.exp(-(path.y[2] + path.y[4]) / 2)[::-1]


def test_the_determinant_solves_painleve_ii():
    s = np.linspace(-3.5, 4, 16)
    np.testing.assert_allclose(tw.cdf(s), painleve(s), atol=1e-9)
    shifted = tw.cdf(s + 1e-6)
    assert np.abs(shifted - painleve(s)).max() > 1e-7, "witness: a shift of 1e-6 is seen"


def test_the_table_is_the_determinant():
    s = np.concatenate([np.linspace(-11.9, 8, 60), [15.0, 39.0]])
    F, log_sf = tw.determinant(s)
    np.testing.assert_allclose(tw.cdf(s), F, atol=1e-12)
    right = s > -1
    np.testing.assert_allclose(np.log(tw.sf(s[right])), log_sf[right], atol=1e-10)
    assert tw.cdf([-20, 50]).tolist() == [0, 1] and tw.sf([-20, 50]).tolist() == [1, 0]


def test_derivatives_are_those_of_the_table():
    s, h = np.linspace(-8, 12, 101), 1e-4
    np.testing.assert_allclose(tw.pdf(s), (tw.cdf(s + h) - tw.cdf(s - h)) / (2 * h), atol=1e-8)
    np.testing.assert_allclose(tw.slope(s), (tw.pdf(s + h) - tw.pdf(s - h)) / (2 * h), atol=1e-6)


def test_quantiles_invert_the_law():
    q = np.array([1e-70, 1e-12, 1e-3, 0.3, 0.5, 0.9, 1 - 1e-6])
    np.testing.assert_allclose(tw.sf(tw.isf(q)), q, rtol=1e-10)
    np.testing.assert_allclose(tw.cdf(tw.ppf(q[2:])), q[2:], rtol=1e-9)
    with pytest.raises(ValueError, match="between 0 and 1"):
        tw.isf(0.0)


def test_the_edge_of_wishart_matrices():
    """Share of largest eigenvalues above the 5 % and the 50 % point; without the halves they sit too high."""
    for n, m in ((30, 30), (400, 40), (50, 20)):
        rng = generator("edge", n, m)
        top = np.array([wishart(n, m, rng, top=1)[-1] for _ in range(800)])
        mu, xi = tw.wishart_edge(n, m)
        for rate in (0.05, 0.5):
            assert binomial_holds((top > mu + xi * tw.isf(rate)).sum(), top.size, rate, 0.99), (n, m, rate)
        mu, xi = tw.wishart_edge(n + 0.5, m + 0.5)
        assert not binomial_holds((top > mu + xi * tw.isf(0.5)).sum(), top.size, 0.5, 0.99), "witness: no halves"


def test_a_scale_that_is_estimated_makes_the_law_narrower():
    """Largest eigenvalue over the mean square entry: Nadler's correction is needed and is enough."""
    n = m = 30
    rng = generator("studentised")
    x = np.array([wishart(n, m, rng) for _ in range(2500)])
    mu, xi = tw.wishart_edge(n, m)
    s = (x[:, -1] / (x.sum(1) / (n * m)) - mu) / xi
    share = [(tw.tail(s, 1, v) < 0.05).sum() for v in ((mu / xi) ** 2 * 2 / (n * m), 0.0)]
    assert binomial_holds(share[0], 2500, 0.05, 0.99) and not binomial_holds(share[1], 2500, 0.05, 0.99)


@pytest.mark.parametrize("draws", [1, 7])
def test_the_correction_is_the_curvature_of_the_law(draws):
    """To first order in the variance 1 - G = 1 - F^J + (v/2) (F^J)''."""
    s, h, v = np.array([-2.0, 0.0, 1.5, 4.0]), 1e-2, 1e-5
    curvature = sum(w * tw.cdf(s + i * h) ** draws for i, w in ((-1, 1), (0, -2), (1, 1))) / h**2
    change = (tw.tail(s, draws, v) - tw.tail(s, draws)) / v
    np.testing.assert_allclose(change, curvature / 2, atol=1e-4)


def test_the_largest_of_many():
    s = tw.isf(np.array([1e-3, 0.2]))
    np.testing.assert_allclose(tw.tail(s, 25), 1 - (1 - np.array([1e-3, 0.2])) ** 25, rtol=1e-9)
    assert (tw.tail(np.array([-5.0, 3, 10, 60]), 5, 0.1) <= 1).all() and tw.tail(60.0) == 0


def test_samples_are_those_of_gaussian_matrices():
    """The bidiagonal form against matrices: first two moments of every eigenvalue."""
    rng = generator("bidiagonal")
    a = np.array([wishart(6, 3, rng) for _ in range(2500)])
    b = np.array([np.linalg.svd(rng.normal(size=(6, 3)), compute_uv=False)[::-1] ** 2 for _ in range(2500)])
    error = np.sqrt((a.var(0) + b.var(0)) / 2500)
    assert (np.abs(a.mean(0) - b.mean(0)) < 4 * error).all()
