"""Data collapse on curves whose exponents are known."""

from __future__ import annotations

import numpy as np
import pytest

from statmech.stats.collapse import collapse, spread

N = np.array([32, 64, 128, 256])
T = np.linspace(0.8, 1.2, 9)
TRUE = {"T_c": 1.0, "a": 1 / 3, "b": 2 / 3}


def curves(rng=None, relative=0.01):
    """y = N^-b f((T - T_c) N^a) with 1 % errors."""
    x = (T - TRUE["T_c"]) * (N ** TRUE["a"])[:, None]
    y = N[:, None] ** -TRUE["b"] * np.exp(-1.5 * x)
    dy = relative * y
    return (y if rng is None else y + dy * rng.standard_normal(y.shape)), dy


def test_parameters_are_found_again_within_their_errors():
    rng = np.random.default_rng(4)
    z = []
    for k in range(6):
        y, dy = curves(rng)
        found = collapse(N, T, y, dy, start={"T_c": 1.03, "a": 0.4, "b": 0.6}, resamples=12, seed=k)
        z += [(value - TRUE[name]) / e for name, value, e in zip(TRUE, found[:3], found.errors, strict=True)]
        assert found.S < 2
    z = np.array(z)
    print(f"z: largest {np.abs(z).max():.1f}, mean square {(z**2).mean():.2f} of {z.size}")
    assert np.abs(z).max() < 5 and 0.3 < (z**2).mean() < 2.5


def test_wrong_exponents_do_not_collapse():
    y, dy = curves(np.random.default_rng(5))
    assert spread(N, T, y, dy, **TRUE) < 2
    for wrong in ({"T_c": 0.95}, {"a": 0.5}, {"b": 0.6}):
        assert spread(N, T, y, dy, **TRUE | wrong) > 10


def test_known_parameters_stay():
    y, dy = curves(np.random.default_rng(6))
    found = collapse(N, T, y, dy, start={"T_c": 1.05}, fixed={"a": 1 / 3, "b": 2 / 3}, resamples=8)
    assert (found.a, found.b) == (1 / 3, 2 / 3) and found.errors[1:] == (0.0, 0.0)
    assert found.T_c == pytest.approx(1.0, abs=4 * found.errors[0]) and found.errors[0] < 0.01


def test_bad_input():
    y, dy = curves()
    with pytest.raises(ValueError, match="S >= 2 sizes"):
        collapse(N[:1], T, y[:1], dy[:1], start=TRUE)
    with pytest.raises(ValueError, match="start has no b"):
        collapse(N, T, y, dy, start={"T_c": 1.0, "a": 0.3})
