"""The linear student against finite matrices, its limits, the optimal decay and stopping time, bad input."""

from __future__ import annotations

import numpy as np
import pytest

from statmech.theory.linear_student import gradient_flow, least_squares, ridge, stopping_time


@pytest.fixture(scope="module")
def sample():
    """One large instance, alpha = 0.6 and 2: eigenvalues and modes are self-averaging to 1/N."""
    rng = np.random.default_rng(5)
    n = 600
    out = {}
    for alpha in (0.6, 2.0):
        X = rng.standard_normal((round(alpha * n), n))
        B = rng.standard_normal(n)
        B *= np.sqrt(n) / np.linalg.norm(B)
        noise = rng.standard_normal(len(X)) * np.sqrt(0.5)
        out[alpha] = X, B, 1.3 * (X @ B) / np.sqrt(n) + noise
    return out


def measured(X, B, y, w):
    n = X.shape[1]
    r, q = w @ B / n, w @ w / n
    return r, q, q - 2.6 * r + 1.69, np.mean((y - X @ w / np.sqrt(n)) ** 2)


@pytest.mark.parametrize("alpha", [0.6, 2.0])
def test_against_matrices(sample, alpha):
    X, B, y = sample[alpha]
    n = X.shape[1]
    A, b = X.T @ X / n, X.T @ y / np.sqrt(n)
    for lam in (0.1, 1.0):
        w = np.linalg.solve(A + lam * np.eye(n), b)
        np.testing.assert_allclose(measured(X, B, y, w), ridge(alpha, lam, 0.5, 1.3), atol=0.12, rtol=0.06)
    w = np.linalg.lstsq(X / np.sqrt(n), y, rcond=None)[0]
    np.testing.assert_allclose(measured(X, B, y, w), least_squares(alpha, 0.5, 1.3), atol=0.12, rtol=0.08)
    value, mode = np.linalg.eigh(A)
    for t, rate in ((0.7, 0.0), (3.0, 0.0), (3.0, 0.15)):
        f = -np.expm1(-value * t) if rate == 0 else 1 - (1 - rate * value) ** round(t / rate)
        w = mode @ (f / np.maximum(value, 1e-12) * (mode.T @ b) * (value > 1e-9))
        theory = gradient_flow(alpha, t, 0.5, 1.3, rate)
        np.testing.assert_allclose(measured(X, B, y, w), theory, atol=0.05, rtol=0.05)
        mutant = gradient_flow(alpha, 1.5 * t, 0.5, 1.3, rate)  # witness: time matters at this tolerance
        assert not np.allclose(measured(X, B, y, w), mutant, atol=0.05, rtol=0.05)


def test_limits_join():
    alpha = np.array([0.3, 0.9, 1.2, 5.0])
    for a, b in zip(ridge(alpha, 1e-9, 0.5), least_squares(alpha, 0.5)):
        np.testing.assert_allclose(a, b, atol=2e-6)
    for a, b in zip(gradient_flow(alpha, 1e5, 0.5), least_squares(alpha, 0.5)):
        np.testing.assert_allclose(a, b, atol=1e-9)
    for a, b in zip(gradient_flow(alpha, 3.0, 0.5, rate=1e-5), gradient_flow(alpha, 3.0, 0.5)):
        np.testing.assert_allclose(a, b, atol=1e-3)
    r, q, eps_g, eps_t = gradient_flow(2.0, 0.0, 0.5)
    assert (r, q, eps_g) == (0, 0, 1) and eps_t == pytest.approx(1.5)


def test_training_error_is_the_expected_one():
    # exactly known: least squares leaves sigma^2 (1 - 1/alpha), nothing below alpha = 1
    np.testing.assert_allclose(least_squares([0.5, 4.0], 0.5).eps_t, [0, 0.5 * 0.75], atol=1e-15)
    t = np.geomspace(0.01, 100, 40)
    assert (np.diff(gradient_flow(2.0, t, 0.5).eps_t) < 0).all()


def test_the_best_decay_is_the_noise():
    lam = np.geomspace(0.05, 5, 2001)
    for sigma2, strength in ((0.5, 1.0), (0.3, 0.7)):
        best = lam[np.argmin(ridge(1.5, lam, sigma2, strength).eps_g)]
        assert best == pytest.approx(sigma2 / strength**2, rel=0.003)


def test_stopping_time_is_a_minimum():
    for alpha, sigma2 in ((0.5, 0.1), (1.0, 0.5), (3.0, 2.0)):
        t, x = stopping_time(alpha, sigma2)
        around = gradient_flow(alpha, t * np.array([0.9, 0.99, 1.01, 1.1]), sigma2).eps_g
        assert (around > x.eps_g).all()
        # stopped in time, gradient flow is worse than the best decay, and not by much
        best = float(ridge(alpha, sigma2, sigma2).eps_g)
        assert best < x.eps_g < 1.05 * best


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match=r"lam = 0.0 is not valid, expected 0 < lam < inf: .*least_squares"):
        ridge(1.0, 0.0)
    with pytest.raises(ValueError, match=r"sigma2 = -1\.0"):
        least_squares(1.0, -1.0)
    with pytest.raises(ValueError, match=r"rate = 0.9 is not valid, expected 0 <= rate < 2/\(1 \+ sqrt alpha"):
        gradient_flow(1.0, 1.0, rate=0.9)
    with pytest.raises(ValueError, match="without noise more training is better"):
        stopping_time(1.0, 0.0)
