"""One definition of the random numbers, three implementations: NumPy, Numba, the CUDA source on the shim."""

from __future__ import annotations

import math

import numba
import numpy as np
import pytest

from statmech import random
from statmech.kernels import check, common, jit
from statmech.random import KNOWN_ANSWERS, Stream

EDGES = (0, 1, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1)
COUNTERS = np.array([counter for counter, _, _ in KNOWN_ANSWERS], np.uint64)
KEYS = np.array([k0 | k1 << 32 for _, (k0, k1), _ in KNOWN_ANSWERS], np.uint64)
ANSWERS = np.array([answer for _, _, answer in KNOWN_ANSWERS], np.uint64)
LOG, METROPOLIS, HEATBATH = range(3)


@pytest.fixture(scope="module")
def sample() -> np.ndarray:
    """1e5 words, the edges among them."""
    drawn = random.words(2026, Stream.ACCEPT, 3, 5, np.arange(100_000 - len(EDGES)))
    return np.concatenate([np.array(EDGES, np.uint64), drawn])


@pytest.fixture(scope="module")
def expected(sample) -> np.ndarray:
    """ln(word + 1/2), Metropolis and heat-bath thresholds (count, 3) by NumPy."""
    return np.stack(
        [random.log_words(sample + 0.5), random.exponential(sample), random.logistic(sample)], axis=-1
    )


@numba.njit
def numba_thresholds(words, out):
    for k in range(words.size):
        out[k, 0] = random.log_words(np.float64(0.5) + words[k])
        out[k, 1] = common._exponential(words[k])
        out[k, 2] = common._logistic(words[k])


def differing(a: np.ndarray, b: np.ndarray) -> int:
    """How many values have other bits."""
    return np.count_nonzero(a.view(np.uint64) != b.view(np.uint64))


def test_known_answers_on_numpy_and_numba():
    assert {"numpy": True, "numba": True}.items() <= check.known_answers().items()
    assert check.philox_check()


def test_a_wrong_implementation_fails_the_check(monkeypatch):
    monkeypatch.setattr(jit, "philox4x32", lambda *c: random.philox4x32(*c[:5], c[5] ^ np.uint64(1)))
    with np.errstate(over="ignore"):
        assert not check.philox_check()


def test_known_answers_of_the_cuda_source(shim):
    assert np.array_equal(check.cuda_words(COUNTERS, KEYS), ANSWERS)


@pytest.mark.parametrize(
    ("old", "new"),
    [("0xD2511F53u", "0xD2511F55u"), ("k1 += 0xBB67AE85u", "k1 += 0xBB67AE87u"), ("< 10", "< 9")],
)
def test_a_changed_constant_fails_the_known_answers(mutated_shim, old, new):
    mutated_shim("philox.cu", old, new)
    assert (check.cuda_words(COUNTERS, KEYS) != ANSWERS).all()


def test_words_are_the_same_in_numpy_numba_and_cuda(shim):
    """The layout of the counter: (draw // 4, lane, sweep, stream), word draw % 4."""
    key, sweep, lane, draws = 0x9E3779B97F4A7C15, 7, 3 * 65536 + 2, 1000
    expected = random.words(key, Stream.SITES, sweep, lane, np.arange(draws))
    by_numba = np.empty(draws, np.uint64)
    common.fill_words(np.uint64(key), np.uint64(Stream.SITES), np.uint64(sweep), np.uint64(lane), by_numba)
    counters = np.array([(block, lane, sweep, Stream.SITES) for block in range(draws // 4)], np.uint64)
    by_cuda = check.cuda_words(counters, np.full(draws // 4, key, np.uint64)).reshape(-1)
    assert np.array_equal(expected, by_numba)
    assert np.array_equal(expected, by_cuda)


def test_thresholds_have_the_same_bits_in_numba(sample, expected):
    found = np.empty_like(expected)
    numba_thresholds(sample, found)
    assert differing(found, expected) == 0


def test_thresholds_have_the_same_bits_in_cuda(sample, expected, shim):
    assert differing(check.cuda_thresholds(sample), expected) == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        # what --fmad=false forbids
        (
            "(double)e * LN2 + (2.0 * t + t * (w * series))",
            "__builtin_fma(e, LN2, 2.0 * t + t * (w * series))",
        ),
        (
            "LN_2P32 - log_words(0.5 + (double)word)",
            "-log_words((0.5 + (double)word) / TWO_P32)",
        ),  # equal in algebra
        ("2.0 / 15", "2.0 / 17"),
    ],
)
def test_another_rounding_or_constant_shows_in_the_bits(sample, expected, mutated_shim, old, new):
    mutated_shim("philox.cu", old, new)
    assert differing(check.cuda_thresholds(sample), expected) > 100


def test_the_polynomial_is_the_logarithm(sample, expected):
    """Within 2e-14 of math.log for one logarithm; a heat-bath threshold is the difference of two."""
    x = [float(word) + 0.5 for word in sample]
    logarithm = np.array([math.log(v) for v in x])
    complement = np.array([math.log(2.0**32 - v) for v in x])
    worst = np.abs(
        expected - np.stack([logarithm, math.log(2.0**32) - logarithm, logarithm - complement], -1)
    ).max(0)
    assert worst[LOG] < 2e-14
    assert worst[METROPOLIS] < 2e-14
    assert worst[HEATBATH] < 4e-14
    assert np.abs(expected[:, LOG]).max() > 22  # the range was covered: ln 2^32 = 22.18


def test_small_arguments_too():
    x = np.concatenate([np.logspace(-9.9, 0, 1000), [2.0**-33, 0.5, 1.0, math.sqrt(0.5), math.sqrt(2.0)]])
    assert np.abs(random.log_words(x) - [math.log(v) for v in x]).max() < 2e-14
