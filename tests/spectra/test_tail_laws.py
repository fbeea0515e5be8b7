"""Laws of a tail: normalisation, inverses, likeliest parameters, and their limits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.special import expn, gammaincc
from scipy.special import gamma as gamma_function
from spectra.tails import SAMPLES

from statmech.spectra.exponential import Exponential
from statmech.spectra.lognormal import Lognormal
from statmech.spectra.power_law import PowerLaw
from statmech.spectra.stretched_exponential import StretchedExponential
from statmech.spectra.truncated_power_law import TruncatedPowerLaw, fit_truncated_power_law
from statmech.spectra.upper_gamma import ln_integral, moments

LAWS = (
    PowerLaw(2.5, 0.3),
    Exponential(2.0, 0.7),
    Lognormal(0.3, 0.8, 1.2),
    Lognormal(-40.0, 3.0, 1.0),  # far out: 13 standard deviations above the mean
    Lognormal(5.0, 0.2, 1.0),  # hardly cut
    StretchedExponential(0.4, 3.0, 0.5),
    StretchedExponential(1.7, 0.8, 2.0),
    TruncatedPowerLaw(2.3, 0.1, 0.8),
    TruncatedPowerLaw(1.0, 2.0, 0.5),
    TruncatedPowerLaw(-4.0, 3.0, 0.5),
    TruncatedPowerLaw(3.0, 0.0, 1.0),
)


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_density_and_its_integral(law):
    p = np.array([0.05, 0.3, 0.7, 0.95])
    x = law.ppf(p)
    assert law.cdf(x) == pytest.approx(p, abs=1e-11) and (np.diff(x) > 0).all()
    for end, share in zip(x, p):
        assert quad(law.pdf, law.xmin, end, epsabs=1e-12, limit=200)[0] == pytest.approx(share, abs=1e-9)
    assert law.ppf(0.0) == pytest.approx(law.xmin) and law.cdf(law.xmin) == pytest.approx(0, abs=1e-14)
    assert law.pdf(0.99 * law.xmin) == 0 and law.cdf(0.5 * law.xmin) == pytest.approx(0, abs=1e-14)
    assert law.logpdf(np.full((2, 3), 2 * law.xmin)).shape == (2, 3)


def test_likeliest_laws_of_their_own_quantiles():
    p = (np.arange(1500) + 0.5) / 1500
    for law in LAWS[1:3] + LAWS[4:9]:
        options = {"alpha_minimum": -np.inf} if isinstance(law, TruncatedPowerLaw) else {}
        fit = type(law).fit(law.ppf(p), law.xmin, **options)
        for name in set(law.__dataclass_fields__) - {"xmin"}:
            assert getattr(fit, name) == pytest.approx(getattr(law, name), rel=0.06, abs=1e-2), (law, fit)


@pytest.mark.parametrize("law", [Lognormal, StretchedExponential, TruncatedPowerLaw, Exponential])
def test_no_other_parameters_are_likelier(law):
    """A general optimiser started at the fit finds nothing better, and something worse when it is pushed away."""
    x = SAMPLES["resnet20_layer3"]
    xmin = 0.5161907634250648
    fit = law.fit(x, xmin)
    names = [k for k in law.__dataclass_fields__ if k != "xmin"]
    best = fit.log_likelihood(x)

    def loss(theta):
        value = dict(zip(names, theta))
        bad = any(value.get(k, 1.0) <= 0 for k in ("sigma", "beta", "k", "Lambda")) or value.get("alpha", 1.0) < 1
        return 1e9 if bad else -law(**value, xmin=xmin).log_likelihood(x)

    start = np.array([getattr(fit, k) for k in names])
    assert -minimize(loss, start, method="Nelder-Mead").fun <= best + 1e-7
    for k in range(len(start)):
        assert loss(start * np.where(np.arange(len(start)) == k, 1.05, 1)) > -best + 1e-3


def test_heavier_than_a_power_law_gives_the_power_law():
    w = np.array([0.1, 0.2, 0.3, 5.0])  # <w^2> > 2 <w>^2
    x = np.exp(w)
    for law in (Lognormal, StretchedExponential):
        assert law.fit(x, 1.0) == PowerLaw.fit(x, 1.0)
    less = np.exp(np.array([0.1, 0.2, 0.3, 0.4]))
    assert isinstance(Lognormal.fit(less, 1.0), Lognormal)


def test_no_cutoff_where_the_tail_is_heavier():
    x = PowerLaw(3.5, 1.0).ppf((np.arange(400) + 0.5) / 400)
    heavier = np.append(x, 2000.0)
    fit = fit_truncated_power_law(heavier, xmin=1.0)
    assert fit.status.startswith("no cutoff") and fit.Lambda == 0
    assert fit.alpha == pytest.approx(PowerLaw.fit(heavier, 1.0).alpha, rel=1e-12)
    law = TruncatedPowerLaw(fit.alpha, 1e-4, 1.0)  # any cutoff is worse
    assert law.log_likelihood(heavier) < fit.law.log_likelihood(heavier)


@pytest.mark.parametrize("z", [1e-6, 0.03, 1.0, 40.0])
def test_incomplete_gamma_function(z):
    for alpha in (-6.3, -0.5, 0.4):  # orders that SciPy has: 1 - alpha > 0, and whole alpha
        s = 1 - alpha
        known = np.log(gamma_function(s) * gammaincc(s, z)) + (alpha - 1) * np.log(z) + z
        assert ln_integral(alpha, z) == pytest.approx(known, rel=1e-10)
    for alpha in (1, 2, 5):
        assert ln_integral(alpha, z) == pytest.approx(np.log(expn(alpha, z)) + z, rel=1e-11, abs=1e-13)


def test_moments_are_derivatives():
    alpha, z, h = np.array([2.2, 1.0, -3.0]), np.array([0.1, 0.5, 2.0]), 1e-4
    m = moments(alpha, z)
    up, down = moments(alpha + h, z), moments(alpha - h, z)
    assert m.u == pytest.approx((down.ln - up.ln) / (2 * h), rel=1e-6)
    assert m.uu == pytest.approx((down.u - up.u) / (2 * h), rel=1e-6)
    assert m.uw == pytest.approx((down.w - up.w) / (2 * h), rel=1e-6)
    assert m.ww == pytest.approx((moments(alpha, z - h * z).w - moments(alpha, z + h * z).w) / (2 * h * z), rel=1e-6)


@pytest.mark.parametrize("minimum", [1.0, -np.inf])
def test_joint_search_equals_one_lower_end_after_the_other(minimum):
    x = np.sort(np.random.default_rng(1).choice(SAMPLES["lenet_fc1"], 60))  # with ties
    best = (np.inf, None)
    for xmin in np.unique(x)[:-1]:
        if (x >= xmin).sum() >= 12:
            law = TruncatedPowerLaw.fit(x, xmin, minimum)
            best = min(best, (law.distance(x), law), key=lambda pair: pair[0])
    fit = fit_truncated_power_law(x, minimum_tail=12, alpha_minimum=minimum)
    D, law = best
    found = fit.D, fit.alpha, fit.Lambda, fit.xmin
    assert found == pytest.approx((D, law.alpha, law.Lambda, law.xmin), rel=1e-6)


def test_errors_of_the_truncated_law():
    """The quoted error is the spread of fits to fresh samples."""
    law = TruncatedPowerLaw(1.8, 0.2, 1.0)
    fits = [fit_truncated_power_law(law.sample(300, seed), xmin=1.0, alpha_minimum=-np.inf) for seed in range(30)]
    spread = np.std([f.alpha for f in fits], ddof=1), np.std([f.Lambda for f in fits], ddof=1)
    quoted = np.median([f.stderr for f in fits], axis=0)
    assert spread == pytest.approx(quoted, rel=0.4)


def test_status_of_the_truncated_law():
    assert "fewer than minimum_tail = 10" in fit_truncated_power_law([1.0, 2.0]).status
    at_bound = fit_truncated_power_law(SAMPLES["resnet20_layer3"], xmin=0.5161907634250648)
    assert at_bound.status == "alpha at its smallest allowed value 1" and at_bound.ok and at_bound.alpha == 1
    with pytest.raises(ValueError, match="no fitted truncated power law"):
        _ = fit_truncated_power_law([1.0, 2.0]).law
    with pytest.raises(ValueError, match="xmin = -1"):
        fit_truncated_power_law([1.0, 2.0], xmin=-1.0)
    with pytest.raises(ValueError, match="lower xmin"):
        Exponential.fit([1.0, 2.0], 1.5)
