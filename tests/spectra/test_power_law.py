"""Power-law fits: the reference package, the direct search, exact inputs, and what is said when there is no fit."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from spectra.tails import ROWS, SAMPLES

from statmech.kernels.tails import best_ends
from statmech.spectra.power_law import PowerLaw, fit_power_law, lower_ends


def direct(x, minimum_tail=2, both_sides=False):
    """(alpha, xmin, D, n_tail) of the definition, one lower end after the other."""
    best = (np.inf,)
    for xmin in np.unique(x)[:-1]:
        z = np.sort(x[x >= xmin])
        if z.size >= minimum_tail:
            alpha = 1 + z.size / np.log(z / xmin).sum()
            F, below = 1 - (z / xmin) ** (1 - alpha), np.searchsorted(z, z) / z.size
            D = np.abs(F - below).max()
            if both_sides:
                D = max(D, np.abs(F - np.searchsorted(z, z, "right") / z.size).max())
            if best[0] > D:
                best = (D, alpha, xmin, z.size)
    D, alpha, xmin, n_tail = best
    return alpha, xmin, D, n_tail


def found(fit):
    return fit.alpha, fit.xmin, fit.D, fit.n_tail


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['sample']}-{row['xmax']}")
def test_equals_powerlaw(row):
    x = SAMPLES[row["sample"]]
    fit = fit_power_law(x, xmax=x.max() if row["xmax"] == "max" else None)
    expected = [float(row[k]) for k in ("alpha", "xmin", "D", "n_tail", "sigma")]
    assert [*found(fit), fit.stderr] == pytest.approx(expected, rel=1e-9)


def test_two_sided_distance_would_not():
    """The witness: D read on both sides of the steps, as in the textbook statistic, selects another tail."""
    row = next(r for r in ROWS if (r["sample"], r["xmax"]) == ("lenet_fc1", "none"))
    assert abs(direct(SAMPLES["lenet_fc1"], both_sides=True)[0] - float(row["alpha"])) > 1e-3


def tails(count, seed=3):
    """Small samples of every kind: heavy and steep, tied, rounded, with a bulk, without a tail."""
    rng = np.random.default_rng(seed)
    for k in range(count):
        n, alpha = int(rng.integers(12, 90)), rng.uniform(1.1, 20)
        x = PowerLaw(alpha, 1.0).ppf(rng.random(n))
        yield [x, rng.choice(x, n), np.round(x, 2), np.append(x, rng.random(n)), rng.chisquare(3, n)][k % 5]


def test_kernel_and_curves_equal_the_definition():
    for x in tails(40):
        alpha, xmin, D, n_tail = direct(x)
        assert found(fit_power_law(x, minimum_tail=2)) == pytest.approx((alpha, xmin, D, n_tail), rel=1e-11)
        ends = lower_ends(x)
        i = int(np.flatnonzero(ends.xmin == xmin)[0])
        assert (ends.alpha[i], ends.D[i], ends.n_tail[i]) == pytest.approx((alpha, D, n_tail), rel=1e-11)
        assert ends.D.min() == pytest.approx(D, rel=1e-11)
        assert found(fit_power_law(x, minimum_tail=12)) == pytest.approx(direct(x, 12), rel=1e-11)


def test_rows_of_the_kernel_are_single_fits():
    x = np.sort([np.random.default_rng(k).pareto(1.5, 60) + 1 for k in range(4)], axis=1)
    index, D = best_ends(np.log(x), 5)
    for k in range(4):
        fit = fit_power_law(x[k], minimum_tail=5)
        assert (x[k, index[k]], D[k]) == pytest.approx((fit.xmin, fit.D), rel=1e-12)


@pytest.mark.parametrize("alpha", [1.2, 2.0, 3.5, 8.0, 20.0])
def test_steep_tails_are_found(alpha):
    """No bound on alpha: a search within bounds, as in powerlaw 2.0.0, is wrong above 3."""
    fit = fit_power_law(PowerLaw(alpha, 2.0).ppf((np.arange(3000) + 0.5) / 3000), xmin=2.0)
    assert fit.alpha == pytest.approx(alpha, rel=2e-3)
    assert fit.stderr == pytest.approx((fit.alpha - 1) / np.sqrt(3000))


def test_scale_does_not_matter():
    x = SAMPLES["lenet_fc1"]
    plain = fit_power_law(x)
    for scale in (1e-12, 1e9):
        fit = fit_power_law(scale * x)
        assert (fit.alpha, fit.D, fit.n_tail) == pytest.approx((plain.alpha, plain.D, plain.n_tail), rel=1e-9)
        assert fit.xmin == pytest.approx(scale * plain.xmin)


@pytest.mark.parametrize("law", [PowerLaw(2.5, 0.3), PowerLaw(4.0, 2.0, 5.0), PowerLaw(1.3, 1.0, 7.0)])
def test_law(law):
    top = min(law.xmax, 50 * law.xmin)
    for x in np.linspace(law.xmin, top, 5)[1:]:
        assert quad(law.pdf, law.xmin, x)[0] == pytest.approx(law.cdf(x), abs=1e-9)
        assert law.ppf(law.cdf(x)) == pytest.approx(x)
    assert law.cdf(law.xmax) == pytest.approx(1) and law.pdf(law.xmin / 2) == 0
    assert (law.sample(5, seed=1) == law.sample(5, seed=1)).all() and law.sample(5).min() >= law.xmin


@pytest.mark.parametrize(("x", "options", "says"), [
    ([1.0, 2.0, 3.0], {}, "3 positive values in range, fewer than minimum_tail = 10"),
    ([2.0] * 20, {}, "all 20 positive values in range are equal"),
    ([1.0] + [2.0] * 10, {"xmin": 1.5}, "all 10 positive values"),
    ([1.0] + [2.0] * 8, {"minimum_tail": 5, "xmax": 1.5}, "1 positive values in range"),
    ([0.0] * 30, {}, "0 positive values"),
])  # fmt: skip
def test_status_says_why_there_is_no_fit(x, options, says):
    fit = fit_power_law(x, **options)
    assert says in fit.status and not fit.ok and np.isnan(fit.alpha) and fit.n_tail == 0
    with pytest.raises(ValueError, match="no fitted power law"):
        _ = fit.law


@pytest.mark.parametrize(("x", "options", "says"), [
    ([[1.0, 2.0]], {}, "one axis"),
    ([1.0, np.nan], {}, "1 of 2 values are not finite"),
    ([1.0, -2.0], {}, "smallest value is -2"),
    ([1.0, 2.0], {"minimum_tail": 1}, "minimum_tail = 1"),
    ([1.0, 2.0], {"xmin": 3.0, "xmax": 2.0}, "xmin < xmax"),
    ([1.0, 2.0], {"xmax": -1.0}, "xmax = -1"),
])  # fmt: skip
def test_bad_input(x, options, says):
    with pytest.raises(ValueError, match=says):
        fit_power_law(x, **options)


def test_zeros_belong_to_no_tail():
    x = SAMPLES["lenet_fc1"]
    assert found(fit_power_law(np.append(x, np.zeros(9)))) == found(fit_power_law(x))
