"""What every test of a picture shares."""

from __future__ import annotations

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import pytest
from plot_results import STARTS, handmade, stacked

import statmech
from statmech.results import Results


@pytest.fixture(scope="session")
def real() -> Results:
    """A small run of the Hopfield model with exchange."""
    alphas = [0.05, 0.1, 0.2]
    parts = [
        statmech.simulate(
            statmech.Hopfield(n=40, alpha=a), T=[0.2, 0.5, 0.8, 1.3], sampler=statmech.Tempering(), sweeps=64,
            starts=STARTS, samples=3, replicas=2,
        )
        for a in alphas
    ]  # fmt: skip
    return stacked(alphas, parts)


@pytest.fixture(autouse=True)
def closed_figures(monkeypatch):
    """No figure outlives its test, nothing is shown, and the global settings stay as they were."""

    def show(*_args, **_options):
        raise AssertionError("a plot function called plt.show")

    monkeypatch.setattr(plt, "show", show)
    before = dict(matplotlib.rcParams)
    yield
    plt.close("all")
    assert dict(matplotlib.rcParams) == before


@pytest.fixture
def known() -> Results:
    """A sweep over (alpha, T) with known means, errors and verdicts."""
    return handmade()
