"""The statistics of the atlas on planted data: what is there is found, and what is not there is not."""

import numpy as np
import pytest

from statmech.atlas.added_value import gain
from statmech.atlas.knobs import fit_map, fit_smooth, kappa, permutation_p
from statmech.atlas.load import load_test, log_curve
from statmech.atlas.order import holm, page
from statmech.atlas.slow import drift
from statmech.atlas.thermometer import agree, read
from statmech.theory.perceptron import solve

M, R = np.repeat([1000.0, 2500, 5000, 10000], 4), np.tile([0.0, 0.1, 0.25, 0.5], 4)
CANDIDATES = {"1": np.ones(16), "1 - r": 1 - R, "(1 - r)^2": (1 - R) ** 2}


def planted_load(f, seed=0, noise=0.05):
    rng = np.random.default_rng(seed)
    truth = log_curve(M * f, [0.2, 0.1, -0.3], 0.9, 3000.0)
    return np.exp(truth[:, None] + noise * rng.normal(size=(16, 5)))


@pytest.mark.parametrize("name", CANDIDATES)
def test_the_planted_load_is_found(name):
    found = load_test(planted_load(CANDIDATES[name]), M, CANDIDATES, resamples=10)
    assert found.best == name
    assert found.misfit[name] < 1.5 * found.scatter < min(v for k, v in found.misfit.items() if k != name)
    assert all(high < 0 for other, (_, _, high) in found.behind.items() if other != name)


def test_without_noisy_labels_no_load_is_better():
    clean = {name: np.ones(16) for name in ("a", "b")}
    found = load_test(planted_load(np.ones(16)), M, clean, resamples=5)
    assert found.behind["b"][0] == pytest.approx(found.behind["a"][0])


@pytest.mark.parametrize(("eps", "m", "says"), [
    (np.ones((3, 2)), np.ones(2), "of each cell"),
    (np.zeros((16, 2)), M, "larger test set"),
    (np.ones((16, 2)), np.ones(16), "at least three"),
])  # fmt: skip
def test_bad_loads_are_refused(eps, m, says):
    with pytest.raises(ValueError, match=says):
        load_test(eps, m, {"1": np.ones(len(m))})


def test_a_trend_has_its_exact_p():
    assert page([[1, 2, 3], [1, 2, 3], [1, 2, 3]]).p == pytest.approx(1 / 6**3)
    assert page([[3, 2, 1], [3, 2, 1], [3, 2, 1]]).p == 1
    assert np.isnan(page([[1, 2, 3]]).p)
    gaps = page([[1, np.nan, 2, 3], [1, np.nan, 2, 3], [1, 5, 2, np.nan]])
    assert (gaps.rows, gaps.columns) == (2, 3)


def test_trends_of_noise_are_uniform():
    rng = np.random.default_rng(1)
    p = [page(rng.normal(size=(4, 4))).p for _ in range(200)]
    assert 0.01 < np.mean(np.array(p) < 0.05) < 0.1
    slope = 1.2 * np.arange(4)
    assert np.mean([page(slope + rng.normal(size=(4, 4))).p < 0.05 for _ in range(50)]) > 0.9, "witness: power"


def test_holm():
    assert np.allclose(holm([0.01, 0.04, 0.03, np.nan]), [0.03, 0.06, 0.06, np.nan], equal_nan=True)


def networks(strength, seed=2):
    rng = np.random.default_rng(seed)
    n = 120
    block, seeds = np.arange(n) % 6, np.arange(n) // 24
    base, metrics = rng.normal(size=(n, 3)), rng.normal(size=(n, 6))
    y = block + base @ [0.5, 0.2, 0.1] + strength * metrics[:, 0] + 0.3 * rng.normal(size=n)
    return y, base, metrics, block, seeds


def test_added_value_is_found_only_where_it_is():
    there, absent = (gain(*networks(s), permutations=200) for s in (0.4, 0.0))
    assert there.p < 0.01 and there.gain > 0.02
    assert absent.p > 0.05 and absent.gain < 0.005


def test_a_student_with_a_temperature_is_foretold():
    rng = np.random.default_rng(3)
    knobs = np.stack([g.ravel() for g in np.meshgrid(np.linspace(-2, 2, 8), [0.0, 1.0, 2.0])], 1)
    knobs, p = np.tile(knobs, (2, 1)), np.repeat([0.0, 0.125], 24)
    T = np.exp(-1.2 + 0.8 * knobs[:, 0] - 0.3 * knobs[:, 1])
    clean = 0.02 + 0.3 * solve(3.0, T, p, "spherical").eps_g
    eps = clean + 2e-4 * rng.normal(size=48)
    half = np.arange(48) % 2 == 0
    error = np.full(24, 2e-4)
    found = fit_map(eps[half], error, p[half], knobs[half])
    assert found.slopes == pytest.approx((0.8, -0.3), abs=0.1)
    predicted = found.predict(p, knobs)
    pairs = np.array([(i, i + 2) for i in range(1, 47, 2) if knobs[i, 1] == knobs[i + 2, 1] and p[i] == p[i + 2]])
    truth = np.sign(clean[pairs[:, 1]] - clean[pairs[:, 0]])
    assert (truth < 0).any() and (truth > 0).any(), "witness: over-training is in the data"
    assert kappa(truth, np.sign(predicted[pairs[:, 1]] - predicted[pairs[:, 0]])) > 0.7
    assert permutation_p(truth, predicted, pairs, 500) < 0.01
    shuffled = rng.permutation(predicted)
    assert permutation_p(truth, shuffled, pairs, 500) > 0.02, "witness: a wrong map is not foretelling"


def test_the_rival_is_a_quadratic():
    rng = np.random.default_rng(4)
    r, loss = rng.choice([0, 0.25], 40), np.exp(rng.normal(size=40))
    eps = 0.1 + r - 0.02 * np.log(loss) + 0.01 * r * np.log(loss) ** 2
    assert np.allclose(fit_smooth(eps, np.ones(40), r, loss)(r, loss), eps)


def test_kappa():
    assert kappa([1, 1, -1, -1], [1, -1, 1, -1]) == 0
    assert np.isnan(kappa([1, 1], [1, 1]))


def test_logarithm_and_power_are_told_apart():
    t, rng = np.geomspace(10, 1000, 12), np.random.default_rng(5)
    noise = 0.02 * rng.normal(size=(5, 12))
    slow, fast = drift(t, 1 + np.log(t) + noise), drift(t, t**0.6 + noise)
    assert slow.mean > 3 * slow.error and fast.mean < -3 * fast.error
    assert slow.slope == pytest.approx(1, abs=0.05) and fast.exponent == pytest.approx(0.6, abs=0.01)
    assert np.isnan(drift(t[:3], np.ones((1, 3))).mean)


def test_thermometers():
    rng = np.random.default_rng(6)
    T = np.geomspace(0.125, 8, 7)
    loss, error = T / (1 + T), 0.5 - 0.4 / (1 + T)
    noisy = [x[:, None] + 0.002 * rng.normal(size=(7, 4)) for x in (loss, error)]
    ones = 0.002 * rng.normal(size=(2, 5))
    a = read(T, noisy[0], 2 / 3 + ones[0])
    b = read(T, noisy[1], 0.5 - 0.4 / 3 + ones[1])
    assert a.low < 2 < a.high and agree(a, b)
    wrong = read(T, noisy[1], 0.5 - 0.4 / 5 + ones[1])
    assert agree(a, wrong) is False, "witness: another temperature"
    assert np.isnan(read(T, noisy[0], np.array([2.0])).T) and agree(a, read(T, noisy[0], np.array([2.0]))) is None
    falling = read(T, -noisy[0], -2 / 3 - ones[0])
    assert pytest.approx(a.T) == falling.T
