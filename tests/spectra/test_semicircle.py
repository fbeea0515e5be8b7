"""The semicircle law and its fit."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from spectra.samples import binomial_holds, generator, goe

from statmech.spectra import tracy_widom
from statmech.spectra.semicircle import Semicircle, fit_semicircle


def test_the_law():
    law = Semicircle(1.5, 0.3)
    for x in (-2.0, 0.3, 2.9, 3.3):
        assert law.cdf(x) == pytest.approx(quad(law.pdf, law.edges[0], x)[0], abs=1e-8)
    p = np.linspace(0, 1, 11)
    np.testing.assert_allclose(law.cdf(law.ppf(p)), p, atol=1e-13)
    assert quad(lambda x: law.pdf(x) * (x - law.mean) ** 2, *law.edges)[0] == pytest.approx(law.variance, rel=1e-6)


def test_outliers_on_both_sides_are_found():
    """Strengths 3, -2, 1.5 in a shifted matrix: at J + 1/J; sigma and centre of the rest."""
    n, J, rng = 500, np.array([3.0, -2.0, 1.5]), generator("wigner spikes")
    G = rng.normal(size=(n, n))
    u = np.linalg.qr(rng.normal(size=(n, 3)))[0]
    fit = fit_semicircle(np.linalg.eigvalsh((G + G.T) / (2 * n) ** 0.5 + (u * J) @ u.T + 0.7 * np.eye(n)))
    np.testing.assert_allclose(fit.outliers, 0.7 + J + 1 / J, atol=0.2)
    assert fit.status == "ok" and fit.law.sigma == pytest.approx(1, abs=0.01)
    assert fit.law.centre == pytest.approx(0.7, abs=0.01)


def spiked_goe(n: int, strengths, rng: np.random.Generator) -> np.ndarray:
    G, u = rng.normal(size=(n, n)), np.linalg.qr(rng.normal(size=(n, len(strengths))))[0]
    return np.linalg.eigvalsh((G + G.T) / (2 * n) ** 0.5 + (u * np.asarray(strengths)) @ u.T)


def test_outliers_of_finite_strength_take_more_than_their_rows():
    n, k = 400, 20
    x = spiked_goe(n, [1.8, -1.8] * (k // 2), generator("many outliers"))
    fit = fit_semicircle(x)
    assert fit.outliers.size == k and fit.law.sigma == pytest.approx(1, abs=0.005)
    rest = x[k // 2 : -k // 2]
    assert (rest.var() * n / (n - k + 1)) ** 0.5 < fit.law.sigma - 0.007, "witness: rows alone"


def test_the_p_value_is_that_of_a_scale_and_a_centre_that_are_estimated():
    n = 100
    x = spiked_goe(n, [1.9], generator("goe p"))
    s, edge, scale = (x.var() * n / (n + 1)) ** 0.5, (4 - 2 / n) ** 0.5, n ** (-2 / 3)
    t, v = ((x[-1] - x.mean()) / s - edge) / scale, ((edge / scale) ** 2 / (n + 1) + 2 / (n * scale**2)) / n
    found = fit_semicircle(x).p_values
    assert found == pytest.approx(float(tracy_widom.tail(t, 2, v)))
    assert found[0] < 0.7 * tracy_widom.tail(t, 2), "witness: without it p is larger"


def test_false_outliers_come_at_the_stated_rate():
    rng = generator("goe rate")
    fits = [fit_semicircle(goe(60, rng), 0.1) for _ in range(250)]
    assert binomial_holds(sum(f.outliers.size > 0 for f in fits), 250, 0.1, 0.99)
    assert sum(f.D_bound < f.D for f in fits) <= 5
    beyond = sum((np.abs(goe(60, rng)) > 2).any() for _ in range(250))
    assert not binomial_holds(beyond, 250, 0.1, 0.99), "witness: beyond the edge of the law is no test"


def test_what_is_no_semicircle():
    x = np.sort(generator("uniform law").uniform(-1, 1, size=300))
    assert fit_semicircle(x).status.startswith("not a semicircle: D = ")
    for bad in (np.zeros(20), np.ones((3, 3)), [1.0, np.nan] * 8):
        with pytest.raises(ValueError, match="expected"):
            fit_semicircle(bad)
