"""S(E) against enumeration, Legendre transforms, and two phases of a p = 4 mean-field ferromagnet."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar
from scipy.special import gammaln
from stats.boltzmann import LADDER, Instance, instance

from statmech.stats.blocks import histogram
from statmech.stats.mbar import mbar
from statmech.stats.microcanonical import (
    canonical_free_energy,
    concave_hull,
    entropy,
    legendre_entropy,
    legendre_free_energy,
    maxwell,
)


@cache
def ferromagnet(N: int) -> Instance:
    """H = -N m^4, m = (N - 2k)/N: levels and their multiplicities, both signs of m together."""
    k = np.arange(N // 2 + 1)
    m = 1 - 2 * k / N
    ln_g = gammaln(N + 1) - gammaln(k + 1) - gammaln(N - k + 1) + np.log(np.where(m > 0, 2.0, 1.0))
    order = np.argsort(-N * m**4)
    return Instance((-N * m**4)[order], ln_g[order])


@cache
def transition() -> tuple[float, float]:
    """(T, latent heat per spin) of the first-order transition, N -> infinity: f(m) = -m^4 - T s(m) equal to -T ln 2."""
    def s(m):
        return -((1 + m) / 2 * np.log((1 + m) / 2) + (1 - m) / 2 * np.log((1 - m) / 2))

    def lowest(T):
        return minimize_scalar(lambda m: -(m**4) - T * s(m), bounds=(0.5, 1 - 1e-12), method="bounded",
                               options={"xatol": 1e-12})  # fmt: skip

    T = brentq(lambda T: lowest(T).fun + T * np.log(2), 1.0, 3.0)
    return T, lowest(T).x ** 4


def test_entropy_against_the_number_of_states():
    exact = instance("hopfield")
    scores = []
    for seed in range(40):
        E = exact.draw(np.random.default_rng(seed), LADDER, 4, 100)
        found = entropy(LADDER, E, 12 * np.log(2), seed=seed, resamples=100)
        place = np.searchsorted(exact.E, found.E - 1e-9)
        good = found.error < 0.3  # levels met often enough
        scores.append(((found.S - exact.ln_g[place]) / found.error)[good])
    scores = np.concatenate(scores)
    assert 0.6 < (np.abs(scores) < 1).mean() < 0.76 and abs(scores.mean()) < 0.15
    assert (np.abs(scores - 1) < 1).mean() < 0.55, "mutant: S off by one error"


def test_bins_hold_the_same_states():
    E = instance("sk").draw(np.random.default_rng(0), LADDER, 4, 200)
    levels, binned = entropy(LADDER, E, 16 * np.log(2)), entropy(LADDER, E, 16 * np.log(2), bins=20)
    assert len(binned.S) <= 20 < len(levels.S)
    for found in (levels, binned):
        assert np.log(np.exp(found.S).sum()) == pytest.approx(16 * np.log(2), abs=1e-9)
    assert np.nanmedian(binned.error) < 0.5 * np.nanmedian(levels.error)
    with pytest.raises(ValueError, match=r"bins = 1.*>= 2"):
        entropy(LADDER, E, bins=1)


def test_free_energy_of_the_entropy_is_that_of_mbar():
    E = instance("hopfield").draw(np.random.default_rng(0), LADDER, 4, 200)
    found, T = entropy(LADDER, E, 12 * np.log(2)), LADDER[:-1]
    reference = mbar(LADDER, *histogram(E), 12 * np.log(2)).ln_z[:-1]
    np.testing.assert_allclose(canonical_free_energy(found.E, found.S, T), -T * reference, rtol=1e-10)
    below = legendre_free_energy(found.E, found.S, T) - canonical_free_energy(found.E, found.S, T)
    assert ((below >= 0) & (below <= T * np.log(len(found.E)))).all()


def test_legendre_transform_there_and_back_is_the_concave_hull():
    rng = np.random.default_rng(0)
    E = np.sort(rng.random(40))
    S = 5 * np.sqrt(E) + 0.3 * rng.random(40)
    hull = concave_hull(E, S)
    slopes = np.diff(S[hull]) / np.diff(E[hull])
    assert (np.diff(slopes) < 0).all()
    line = np.interp(E, E[hull], S[hull])
    assert (line >= S - 1e-12).all() and len(hull) < 40
    top = E[hull][np.append(True, slopes > 0)].max()
    rising = top >= E
    T = np.append(1 / slopes[slopes > 0], np.geomspace(1e-3, 1e6, 400))  # the slopes themselves: exact at the vertices
    back = legendre_entropy(T, legendre_free_energy(E, S, T), E)
    np.testing.assert_allclose(back[rising], line[rising], atol=1e-4)
    assert np.abs(back - S)[rising].max() > 0.01, "witness: S itself does not come back"


def test_maxwell_construction_of_the_exact_entropy():
    """Distances to the infinite system fall with N; m = 0 has the largest entropy, so E_high = 0 in the limit."""
    T, latent = transition()
    miss = []
    for N in (400, 1600, 6400):
        f = ferromagnet(N)
        best = maxwell(f.E, f.ln_g, least=0.5)[0]
        miss.append((best.T / T - 1, best.latent_heat / N / latent - 1))
    miss = np.abs(miss)
    assert (miss[-1] < [2e-3, 2e-3]).all() and (miss[1:] <= 0.5 * miss[:-1]).all()
    concave = maxwell(np.arange(50.0), np.sqrt(np.arange(50.0)))
    assert concave == [], "witness: one phase, no transition"


def test_two_phases_in_one_histogram_from_samples():
    """Sampled along a ladder through the transition, both peaks in one histogram: T and latent heat of the samples."""
    N, (T_c, latent) = 60, transition()
    exact = ferromagnet(N)
    T = np.append(np.linspace(0.94, 1.06, 7) * T_c, [1.3 * T_c, 2 * T_c, np.inf])
    E = exact.draw(np.random.default_rng(0), T, 4, 4000)
    at = E[np.abs(T / T_c - 1).argmin()]
    assert 0.05 < (at < -N / 2).mean() < 0.95 and (np.abs(at / N + 0.5) < 0.1).mean() < 0.02, "two peaks"
    found = entropy(T, E, N * np.log(2))
    best, truth = maxwell(found.E, found.S, found.error)[0], maxwell(exact.E, exact.ln_g, least=0.5)[0]
    assert abs(best.T / truth.T - 1) < 0.005 and abs(best.T / T_c - 1) < 0.06  # (ln N) / N
    assert best.latent_heat / N == pytest.approx(latent, rel=0.05)
    assert best.depth == pytest.approx(truth.depth, abs=0.3) and truth.depth > 2
    one = instance("hopfield").draw(np.random.default_rng(0), LADDER, 4, 4000)
    single = entropy(LADDER, one, 12 * np.log(2))
    exact_one = maxwell(instance("hopfield").E, instance("hopfield").ln_g, least=1.0)
    assert len(maxwell(single.E, single.S, single.error, least=5)) <= len(exact_one) + 1


@pytest.mark.parametrize(("call", "message"), [
    (lambda: maxwell([1.0, 0.0], [0.0, 0.0]), "E increasing"),
    (lambda: legendre_free_energy([0.0, 1.0], [0.0, 0.0], 0.0), "> 0"),
    (lambda: legendre_entropy([1.0, 2.0], [0.0], 0.0), "the same temperatures"),
])  # fmt: skip
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
