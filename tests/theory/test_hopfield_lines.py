"""Lines of the Hopfield phase diagram: limits, agreement with the branches they end, mixtures."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.special import erf

from statmech.theory import hopfield_lines as lines
from statmech.theory import hopfield_saddle as saddle
from statmech.theory.hopfield import HopfieldTheory, solve


def test_lines_end_at_one():
    for name, value in {"T_M": 1.0, "T_c": 1.0, "T_R": 0.0, "T_g": 1.0}.items():
        assert HopfieldTheory().lines()[name](0) == value
    for load in (1e-18, 1e-8):
        scale, near = np.sqrt(load), 1e-2 if load < 1e-13 else 1e-3
        assert (1 - lines.T_M(load)) / scale == pytest.approx(1.954, abs=near)
        assert (1 - lines.T_c(load)) / scale == pytest.approx(2.596, abs=near)
    small = 0.02
    asymptote = np.sqrt(8 * small / (9 * np.pi)) * np.exp(-0.5 / small)
    assert lines.T_R(small) == pytest.approx(asymptote, rel=1e-6)
    assert lines.T_R(5e-4) == 0


def test_branches_change_at_their_lines():
    alpha = np.array([1e-4, 0.01, 0.06, 0.12, 0.1378, 0.1381])
    top = lines.T_M(alpha)
    assert solve(alpha, top * (1 - 1e-9)).exists.all() and not solve(alpha, top * (1 + 1e-9)).exists.any()
    np.testing.assert_allclose(lines.alpha_M(top), alpha, rtol=1e-12)
    loaded, broken = alpha[2:], lines.T_R(alpha[2:])
    assert (solve(loaded, broken * 1.0001).at > 0).all() and (solve(loaded, broken * 0.9999).at < 0).all()
    alpha = np.array([1e-4, 0.01, 0.04, 0.0525])
    first = lines.T_c(alpha)

    def excess(T):
        return solve(alpha, T).f - solve(alpha, T, "spin_glass").f

    assert (excess(first * (1 - 1e-6)) < 0).all() and (excess(first * (1 + 1e-6)) > 0).all()
    np.testing.assert_allclose(lines.alpha_first_order(first), alpha, rtol=1e-8)


def test_lines_stop_where_they_stop():
    beyond = np.array([0.139, 0.5])
    for name in ("T_M", "T_c", "T_R"):
        assert np.isnan(HopfieldTheory().lines()[name](beyond)).all()
    assert np.isnan(lines.T_c(0.054)) and np.isfinite(lines.T_c(0.053))
    assert np.isnan(lines.alpha_M(1.1)) and lines.alpha_M(1.0) == 0 and np.isnan(lines.alpha_first_order(1.0))
    # Re-entrance: a load above alpha_c with retrieval states between two temperatures only.
    assert list(solve(0.1380, [0.0, 0.02, 0.05]).exists) == [False, True, False]
    assert lines.alpha_c().alpha < 0.1380 < lines.alpha_M(0.02)


def test_end_of_the_branch_is_bracketed():
    T = np.append(np.linspace(0, 0.999, 300), 1 - 1e-6)
    top = saddle.widest(T)
    assert (saddle.curve(0.55 * top, T).rise > 0).all() and (saddle.curve(0.65 * top, T).rise < 0).all()


@pytest.mark.parametrize("n", [1, 3, 7])
def test_every_load_of_the_branch_is_reached(n):
    rng = np.random.default_rng(3)
    T = rng.choice(np.linspace(0, 0.98, 15), 600)
    top = saddle.curve(saddle.spinodal(T, n), T, n).alpha
    alpha = top * np.concatenate([rng.uniform(1e-6, 1, 500), 1 - 10 ** rng.uniform(-11, -3, 100)])
    found = saddle.curve(saddle.at_load(alpha, T, n), T, n)
    np.testing.assert_allclose(found.alpha, alpha, rtol=1e-9)
    assert (found.rise > -1e-6).all() and (found.C < 1).all()
    if n == 1:
        away = slice(500)
        sigma = saddle.inside_retrieval(alpha[away], T[away])
        np.testing.assert_allclose(sigma, saddle.at_load(alpha[away], T[away]), rtol=1e-9)


def unequal_overlaps(T: float, start: np.ndarray) -> np.ndarray:
    """Iterate m = E xi tanh(m . xi / T) for three patterns and no others."""
    xi = np.array(list(product([-1, 1], repeat=3)))
    m = start
    for _ in range(4000):
        m = xi.T @ np.tanh(xi @ m / T) / 8
    return m


def test_mixture_of_three_is_stable_below_its_temperature():
    limit = lines.T_mixture(3)
    for T, stable in ((limit - 0.01, True), (limit + 0.01, False)):
        symmetric = unequal_overlaps(T, np.full(3, 0.5))
        disturbed = unequal_overlaps(T, symmetric + np.array([1e-3, -1e-3, 0]))
        assert (np.ptp(disturbed) < 1e-6) == stable
        x = solve(1e-7, T, "mixture")
        assert x.m == pytest.approx(symmetric[0], abs=1e-4)
        assert (x.transverse > 0) == stable


def test_mixture_of_three_ends_at_its_load():
    for alpha, exists in ((0.0298, True), (0.0301, False)):
        m, sigma = 0.5, np.sqrt(alpha)
        for _ in range(3000):  # T = 0: q = 1
            C = sum(w * 2 * np.exp(-((k * m / sigma) ** 2) / 2) for k, w in ((1, 0.75), (3, 0.25)))
            C /= np.sqrt(2 * np.pi) * sigma
            m = sum(w * k / 3 * erf(k * m / (np.sqrt(2) * sigma)) for k, w in ((1, 0.75), (3, 0.25)))
            sigma = np.sqrt(alpha) / (1 - C) if C < 1 else 1.0
        x = solve(alpha, 0, "mixture")
        assert (m > 0.4) == exists == x.exists
        if exists:
            assert x.m == pytest.approx(m, abs=1e-9)
    ends = np.array([lines.alpha_mixture(n) for n in (3, 5, 7)])
    assert (np.diff(ends) < 0).all()
    assert lines.alpha_mixture(3, 0.47) == 0 < lines.alpha_mixture(3, 0.45) < lines.alpha_mixture(3, 0.2)


def test_lines_keep_the_shape():
    alpha = np.array([[0.03], [0.2]])
    for line in HopfieldTheory().lines().values():
        values = line(alpha)
        assert values.shape == (2, 1)
        np.testing.assert_allclose(values, [[float(line(a)) for a in row] for row in alpha], rtol=1e-9)
