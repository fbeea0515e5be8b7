"""Autocorrelation times and errors against programs of others: pyerrors (Wolff's method) and emcee (Sokal's window)."""

from __future__ import annotations

import numpy as np
import pytest

from statmech.stats.autocorrelation import WINDOW_FACTOR, integrated_time, mean_error


def chains(rho, count=4, n=8192):
    """AR(1) chains (count, n) of variance 1; tau = (1/2)(1 + rho)/(1 - rho)."""
    noise = np.random.default_rng(9).normal(0, np.sqrt(1 - rho**2), (n, count))
    x = np.empty((n, count))
    x[0] = np.random.default_rng(10).normal(size=count)
    for t in range(1, n):
        x[t] = rho * x[t - 1] + noise[t]
    return x.T


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_pyerrors(rho):
    pe = pytest.importorskip("pyerrors")
    x = chains(rho)
    one = pe.Obs([x[0]], ["run"])
    one.gamma_method(S=WINDOW_FACTOR)
    mean, error = mean_error(x[:1])
    assert mean == pytest.approx(one.value, rel=1e-12)
    assert error == pytest.approx(one.dvalue, rel=1e-6), "one chain: the same window, the same bias correction"
    assert integrated_time(x[:1]).tau == pytest.approx(one.e_tauint["run"], rel=0.01)
    four = pe.Obs(list(x), [f"run|r{k}" for k in range(4)])
    four.gamma_method(S=WINDOW_FACTOR)
    assert mean_error(x)[1] == pytest.approx(four.dvalue, rel=0.02), "four replicas: about the common mean"


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_emcee(rho):
    emcee = pytest.importorskip("emcee")
    x = chains(rho)
    ours = integrated_time(x)
    theirs = emcee.autocorr.integrated_time(x.T, quiet=True)[0] / 2  # its tau is 1 + 2 sum rho
    assert ours.tau == pytest.approx(theirs, abs=max(3 * ours.error, 0.02))
    assert ours.tau == pytest.approx(0.5 * (1 + rho) / (1 - rho), abs=4 * max(ours.error, 0.01))
    assert abs(integrated_time(chains(0.95)).tau - theirs) > 3 * ours.error, "witness: other chains have another tau"
