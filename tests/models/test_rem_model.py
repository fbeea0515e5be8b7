"""The random energy model and its native state: levels by definition, their law, starts."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2, norm

from statmech import REM, MinimallyFrustrated, Planted
from statmech.kernels import walkers
from statmech.kernels.levels import HIGHEST, NOWHERE, count_levels, level, tables
from statmech.random import Stream, normal_steps, to_normals, words


def spectrum(n, key):
    """All levels of a sample, in units of the quantum."""
    model = REM(n=n)
    return np.rint(model.energy(model.disorder([key]), model.space.enumerate(n)[None, None])[0, 0] / model.quantum)


def test_a_level_is_the_normal_integer_of_its_counter():
    """Written out with the draws of random.words: counter (low bits, high bits, 0, stream)."""
    rng = np.random.default_rng(1)
    model = REM(n=30)
    s = rng.choice(np.array([-1, 1], np.int8), (2, 1, 40, 30))
    keys = [7, 2**64 - 3]
    found = model.energy(model.disorder(keys), s)
    for d, key in enumerate(keys):
        for c in range(40):
            bits = sum(1 << i for i in range(30) if s[d, 0, c, i] < 0)
            word = words(key, Stream.LEVELS, 0, 0, 4 * bits)  # word 0 of the block `bits`, lane 0
            assert found[d, 0, c] == model.quantum * int(to_normals(word.astype(np.int64)))


def test_the_search_finds_every_step():
    """At every step and on both sides of it, in the tails too."""
    steps, guide = tables()
    near = np.unique(np.concatenate([normal_steps() + d for d in (-1, 0, 1)] + [[0, 2**32 - 1]]))
    near = near[(near >= 0) & (near < 2**32)]

    def search(word):
        low, high = guide[word >> 20], guide[(word >> 20) + 1]
        return low + np.searchsorted(steps[low:high], word, side="right") - HIGHEST

    assert np.array_equal([search(w) for w in near], to_normals(near))
    assert (np.diff(guide) > 100).any() and (np.diff(guide) == 0).any(), "witness: crowded and empty cells"


@pytest.mark.parametrize("n", [12, 16])
def test_levels_are_normal_and_independent_of_their_neighbours(n):
    k = np.concatenate([spectrum(n, key) for key in range(20)])
    z = k / 256
    cells = np.floor(20 * norm.cdf(z)).astype(int).clip(0, 19)
    counts = np.bincount(cells, minlength=20)
    edges = np.searchsorted(np.floor(20 * norm.cdf(np.arange(-2047, 2048) / 256)).clip(0, 19), np.arange(21)) - 2047.5
    p = np.diff(norm.cdf(edges / 256))
    statistic = ((counts - len(z) * p) ** 2 / (len(z) * p)).sum()
    assert chi2.ppf(0.001, 19) < statistic < chi2.ppf(0.999, 19)
    table = z.reshape(20, -1)
    for i in range(n):  # correlation with the level one flip away
        other = table[:, np.arange(2**n) ^ (1 << i)]
        assert abs((table * other).mean()) < 4.5 * np.sqrt(2 / z.size)


def test_the_tail_ends_where_the_words_end():
    steps = normal_steps()
    assert (steps == 0).sum() - HIGHEST == to_normals(np.array([0]))[0]
    assert -6.35 < to_normals(np.array([0]))[0] / 256 < -6.33  # the quantile of 2^-33
    # expected number of levels below the 2^-24 quantile, from rounded steps: right to 2^(n - 33)
    k = to_normals(np.array([2**8]))[0]
    exact = norm.cdf((k + 0.5) / 256) * 2**24
    assert abs(steps[k + HIGHEST] / 2**8 - exact) < 2.0**-8


def test_what_the_end_of_the_words_does_to_the_ground_state():
    """Mean of the lowest of 2^n levels, from the steps and from the normal law: the figures of the docstring of REM."""
    k = np.arange(-HIGHEST, HIGHEST + 1)
    drawn, exact = np.append(normal_steps(), 2**32) / 2**32, norm.cdf((k + 0.5) / 256)

    def e_0(below, n):
        none = np.exp(2.0**n * np.log1p(-np.minimum(below, 1 - 1e-16)))  # no level at k or lower
        return -np.diff(none, prepend=1.0) @ k * np.sqrt(n / 2) / 256 / n

    raised = {n: e_0(drawn, n) - e_0(exact, n) for n in (24, 28, 30)}
    assert 3e-5 < raised[24] < 4e-5 and 4e-4 < raised[28] < 5e-4 and 1.5e-3 < raised[30] < 2e-3


def test_samples_differ_and_stay_the_same():
    a, b = spectrum(10, 5), spectrum(10, 6)
    assert np.array_equal(a, spectrum(10, 5)) and np.abs(np.corrcoef(a, b)[0, 1]) < 0.2
    model = REM(n=10)
    assert len(set(model.disorder_keys((0, 1, 2), 0))) == 3


def test_counting_levels_equals_drawing_them():
    model = MinimallyFrustrated(n=12, gap=1.0)
    disorder = model.disorder([9])
    native = int(((disorder["native"][0] < 0) << np.arange(12)).sum())
    counts = np.zeros((3, 2 * HIGHEST + 1), np.int64)
    count_levels(*tables(), np.uint64(9), native, 0, 2**12, 1500, counts)
    k = spectrum(12, 9).astype(int)
    assert np.array_equal(counts.sum(0), np.bincount(np.delete(k, native) + HIGHEST, minlength=2 * HIGHEST + 1))
    assert level(*tables(), np.uint64(9), native, native, -12345) == -12345
    assert level(*tables(), np.uint64(9), native, NOWHERE, -12345) == k[native]


def test_native_state():
    model = MinimallyFrustrated(n=14, gap=0.9)
    disorder = model.disorder([3, 4])
    s = np.repeat(disorder["native"][:, None, None], 3, axis=2)
    s[:, :, 1, 5] *= -1
    s[:, :, 2] *= -1
    energy = model.energy(disorder, s)
    assert np.abs(energy[..., 0] / 14 + 0.9).max() < model.quantum / 14
    assert np.array_equal(energy[..., 1:], REM(n=14).energy({"key": disorder["key"]}, s)[..., 1:])
    assert np.array_equal(walkers(model.problem(disorder), s, "cpu").energy, energy)
    assert np.allclose(model.observe(disorder, s)["m"], [1, 1 - 2 / 14, -1])
    assert not np.array_equal(disorder["native"][0], disorder["native"][1])


def test_with_p_it_is_the_planted_model():
    for p in (2, 3):
        model, planted = MinimallyFrustrated(n=20, gap=0.8, p=p), Planted(n=20, p=p, signal=0.8)
        keys = model.disorder_keys((0, 4), 3)
        assert keys == planted.disorder_keys((0, 4), 3)
        disorder, other = model.disorder(keys), planted.disorder(keys)
        s = np.random.default_rng(0).choice(np.array([-1, 1], np.int8), (2, 3, 5, 20))
        assert np.array_equal(model.energy(disorder, s), planted.energy(other, s))
        assert np.array_equal(model.observe(disorder, s)["m"], planted.observe(other, s)["m"])
        assert type(model.problem(disorder)) is type(planted.problem(other)) and model.quantum == planted.quantum


def test_the_native_energy_of_the_correlated_landscape():
    """H(s*)/n = -g prod(1 - k/n) + a Gaussian number of variance prod(1 - k/n)/(2n), over samples."""
    model = MinimallyFrustrated(n=30, gap=1.2, p=3)
    disorder = model.disorder(model.disorder_keys(tuple(range(300)), 0))
    e = model.energy(disorder, disorder["native"][:, None, None])[:, 0, 0] / 30
    size = (1 - 1 / 30) * (1 - 2 / 30)
    assert abs(e.mean() + 1.2 * size) < 4 * np.sqrt(size / 60 / 300)
    assert abs(e.var() / (size / 60) - 1) < 4 * np.sqrt(2 / 300)


def test_gaps_share_their_levels():
    a, b = MinimallyFrustrated(n=14, gap=0.2), MinimallyFrustrated(n=14, gap=2.0)
    assert a.disorder_keys((0,), 1) == b.disorder_keys((0,), 1)


def test_starts():
    model = MinimallyFrustrated(n=20)
    disorder = model.disorder([3])
    keys, lanes = np.full((1, 1, 200), 5, np.uint64), np.arange(200, dtype=np.uint64)[None, None]
    at = {name: model.start(name, disorder, keys, lanes) for name in ("random", "native", "native:0.1")}
    m = {name: model.observe(disorder, s)["m"] for name, s in at.items()}
    assert (m["native"] == 1).all()
    assert abs(m["native:0.1"].mean() - 0.8) < 0.05 and abs(m["random"].mean()) < 0.1
