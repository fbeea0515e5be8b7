"""False alarms on correct chains: the verdict and the null quantiles behind it.

`pytest -s -m slow tests/stats/test_calibration.py` prints the table from which the constants of `rhat_bound`,
`drift_bound` and the factor of the 50-tau rule were taken.
"""

from __future__ import annotations

import numpy as np
import pytest

from statmech.stats.autocorrelation import integrated_time
from statmech.stats.convergence import drift_bound, health, rhat_bound
from statmech.stats.verdict import MIN_TIMES, REASONS, _short_factor, class_verdict


@pytest.mark.parametrize("times", [50, 200, 1000])
def test_false_alarms_of_ar1_are_at_most_two_per_cent(ar1, times):
    trials = 3000
    found = class_verdict({"e": ar1(np.random.default_rng(51), (trials, 4, 512), 512 / times)})
    rate = 1.0 - found.stationary.mean()
    counts = dict(zip(REASONS, np.bincount(found.reason, minlength=len(REASONS)).tolist(), strict=True))
    assert rate <= 0.02, counts
    # Mutants: fixed bounds of 1.01 and 1.05, and the 50-tau rule without the error of tau.
    if times == 50:
        assert np.mean(found.rhat_max < 1.01) < 0.05 and np.mean(found.rhat_max < 1.05) < 0.8
        assert np.mean(found.tau_max > 512 / MIN_TIMES) > 0.3


def test_false_alarms_are_shared_among_observables(ar1):
    x = ar1(np.random.default_rng(52), (3, 1500, 4, 256), 256 / 50)
    found = class_verdict(dict(zip("abc", x, strict=True)))
    assert 1.0 - found.stationary.mean() <= 0.02
    related = class_verdict({"m": x[0], "m2": x[0] ** 2, "w": np.exp(x[0])})
    assert 1.0 - related.stationary.mean() <= 0.02


@pytest.mark.parametrize("law", ["telegraph", "long bins", "few bins"])
def test_false_alarms_of_other_laws(ar1, law):
    rng = np.random.default_rng(53)
    if law == "telegraph":  # two states, 50 tau
        flips = rng.random((1500, 4, 256)) < 1.0 / (2.0 * 256 / 50 + 1.0)
        flips[..., 0] = rng.random((1500, 4)) < 0.5
        x = np.cumsum(flips, axis=-1) % 2 * 1.0
    elif law == "long bins":  # a bin is many tau
        x = ar1(rng, (1500, 4, 64 * 32), 2.0).reshape(1500, 4, 64, 32).mean(axis=-1)
    else:
        x = ar1(rng, (1500, 4, 32), 0.5)
    assert 1.0 - class_verdict({"x": x}).stationary.mean() <= 0.02


@pytest.mark.slow
def test_calibration_table(ar1):
    rng = np.random.default_rng(54)
    print("\n in %:               | above rhat_bound at level  | above drift_bound at  | above 50-tau rule")
    print(" chains   taus  bins |   0.99  0.997              |  0.996  0.999         |  0.997")
    for chains in (1, 2, 4, 8, 16, 32):
        for times in (50, 100, 200, 1000):
            for bins in (32, 128, 512):
                if bins / times < 0.5:
                    continue
                trials = 20_000 if chains < 8 else 6000
                x = ar1(rng, (trials, chains, bins), bins / times)
                state = health(x)
                above = [100 * np.mean(state.rhat > rhat_bound(chains, state.ess, q)) for q in (0.99, 0.997)]
                drift = [100 * np.mean(state.drift > drift_bound(state.ess, q)) for q in (0.996, 0.999)]
                short = 100 * np.mean(integrated_time(x).tau * 50 > bins * _short_factor(chains, 0.997))
                print(
                    f"{chains:7d} {times:6d} {bins:5d} | {above[0]:6.2f} {above[1]:6.2f} {'':12s} |"
                    f" {drift[0]:6.2f} {drift[1]:6.2f} {'':7s} | {short:6.2f}"
                )
                assert above[0] < (1.4 if chains > 1 else 2.0)
                assert drift[0] < 1.1 and short < (0.6 if times == 50 else 0.2)
