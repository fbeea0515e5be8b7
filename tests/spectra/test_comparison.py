"""Likelihood-ratio tests against the reference package, and on tails whose law is known."""

from __future__ import annotations

import numpy as np
import pytest
from spectra.tails import ROWS, SAMPLES

from statmech.spectra.comparison import compare_tail, likelihood_ratio
from statmech.spectra.exponential import Exponential
from statmech.spectra.lognormal import Lognormal
from statmech.spectra.power_law import PowerLaw

COMPARED = [row for row in ROWS if row["R_lognormal"]]


@pytest.mark.parametrize("row", COMPARED, ids=lambda row: f"{row['sample']}-{row['xmax']}")
def test_equals_powerlaw_where_its_search_arrived(row):
    """R to 2e-4 and p to 1e-4 where both rivals are equally likely; elsewhere ours is the likelier one."""
    x = SAMPLES[row["sample"]]
    xmin = float(x[np.abs(x - float(row["xmin"])).argmin()])
    agreed = 0
    for name, ours in compare_tail(x, xmin).items():
        gain = ours.second.log_likelihood(x) - float(row[f"lnL_{name}"])
        assert gain > -1e-8
        if gain < 1e-5:
            agreed += 1
            assert pytest.approx(float(row[f"R_{name}"]), abs=2e-4) == ours.R
            assert pytest.approx(float(row[f"p_{name}"]), abs=1e-4) == ours.p
        else:
            assert float(row[f"R_{name}"]) > ours.R  # the package is short of the rival's maximum
    assert agreed >= 2


def test_most_rivals_agree():
    gains = []
    for row in COMPARED:
        x = SAMPLES[row["sample"]]
        xmin = float(x[np.abs(x - float(row["xmin"])).argmin()])
        gains += [r.second.log_likelihood(x) - float(row[f"lnL_{k}"]) for k, r in compare_tail(x, xmin).items()]
    assert sum(g < 1e-5 for g in gains) == 12 and len(gains) == 16


def test_the_law_that_made_the_tail_wins():
    seeds = range(6)
    pareto = [compare_tail(PowerLaw(2.5, 1.0).sample(400, s), 1.0) for s in seeds]
    assert all(r["exponential"].R > 2.5 and r["exponential"].p < 0.01 for r in pareto)
    assert sum(r["truncated_power_law"].p < 0.1 for r in pareto) <= 2
    bent = [compare_tail(Lognormal(1.0, 0.5, 1.0).sample(400, s), 1.0) for s in seeds]
    assert all(r["lognormal"].R < -3 and r["truncated_power_law"].p < 1e-6 for r in bent)
    flat = [compare_tail(Exponential(1.0, 1.0).sample(400, s), 1.0) for s in seeds]
    assert all(r["exponential"].R < -3 for r in flat)


@pytest.mark.slow
def test_p_of_the_cutoff_is_on_the_safe_side():
    """Lambda = 0 is a border, so p < t in t/2 of large samples, and in no more than t of finite ones."""
    p = [compare_tail(PowerLaw(6.0, 1.0).sample(300, s), 1.0)["truncated_power_law"].p for s in range(400)]
    for t in (0.05, 0.1, 0.3):
        error = np.sqrt(t * (1 - t) / 400)
        assert t / 2 - 2.5 * error < np.mean(np.array(p) < t) < t + 2.5 * error


def test_exchange_and_identity():
    x = SAMPLES["lenet_fc1"]
    a, b = PowerLaw.fit(x, 0.7), Exponential.fit(x, 0.7)
    forth, back = likelihood_ratio(x, a, b), likelihood_ratio(x, b, a)
    assert (forth.R, forth.p) == pytest.approx((-back.R, back.p))
    assert likelihood_ratio(x, a, a)[:3] == (0.0, 1.0, 0.0)
    with pytest.raises(ValueError, match="same tail"):
        likelihood_ratio(x, a, Exponential.fit(x, 0.8))
