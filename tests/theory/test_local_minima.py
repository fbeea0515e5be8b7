"""The number of one-flip minima: the exact mean against enumeration, its exponent against the literature."""

from __future__ import annotations

import numpy as np
import pytest

from statmech import SK, Ising, PSpin
from statmech.theory.local_minima import exponent, log_mean


@pytest.mark.parametrize("model", [SK(n=9), PSpin(n=8, p=3), PSpin(n=8, p=4)], ids=["p = 2", "p = 3", "p = 4"])
def test_mean_over_samples(model):
    s = Ising().enumerate(model.n)
    flips = np.arange(len(s))[:, None] ^ (1 << np.arange(model.n))
    counts = []
    for key in model.disorder_keys(tuple(range(1200)), 5):
        E = model.energy(model.disorder([key]), s[None, None])[0, 0]
        counts.append((E[flips] > E[:, None]).all(1).sum())
    p = getattr(model, "p", 2)
    mean, error = np.mean(counts), np.std(counts) / np.sqrt(len(counts))
    exact = np.exp(log_mean(model.n, p))
    print(f"p = {p}, N = {model.n}: {mean:.3f} +- {error:.3f}, exact {exact:.3f}")
    assert abs(mean - exact) < 3 * error
    assert abs(mean - np.exp(log_mean(model.n + 1, p))) > 3 * error, "mutant: one spin more"


def test_exponents():
    assert exponent(2) == pytest.approx(0.19923, abs=1e-5)
    sizes = np.array([1000, 2000])
    for p in (2, 3, 5):
        slope = np.diff(log_mean(sizes, p))[0] / 1000
        assert slope == pytest.approx(exponent(p), abs=2e-4)
    assert exponent(3) < exponent(10) < np.log(2)


def test_one_term_of_all_spins():
    assert np.exp(log_mean(3, 3)) == pytest.approx(4) and np.exp(log_mean(2, 2)) == pytest.approx(2)


def test_bad_input():
    with pytest.raises(ValueError, match="expected integers >= p = 3"):
        log_mean(2, 3)
