"""What the figures of layer spectra show is what was measured."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.patches import StepPatch

import statmech
from statmech import plot
from statmech.spectra.ensembles import spiked

LAYERS = {
    "noise": np.random.default_rng(0).normal(size=(90, 60)),
    "spikes": spiked(120, 60, [3.0, 2.5], seed=1),
    "zeros": np.zeros((30, 20)),
}


@pytest.fixture(scope="module")
def results():
    return statmech.analyse(LAYERS, resamples=20)


def area(patch: StepPatch) -> float:
    density, edges, _ = patch.get_data()
    return float((density * np.diff(edges)).sum())


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_density_and_fits(results, scale):
    ax = plot.spectral_density(results, "spikes", scale=scale)
    (bars,) = [p for p in ax.patches if isinstance(p, StepPatch)]
    assert area(bars) == pytest.approx(
        1.0 if scale == "linear" else np.mean(values(results) > values(results)[-1] / 1e4)
    )
    bulk, edge, tail, spikes = ax.lines
    assert edge.get_xdata()[0] == results["spectra/lambda_plus"][1]
    weight = np.trapezoid(bulk.get_ydata(), bulk.get_xdata())
    assert weight == pytest.approx(58 / 60, rel=0.02)  # two of sixty are spikes
    assert tail.get_xdata()[0] == pytest.approx(results["spectra/xmin"][1])
    x, alpha = results["spectra/xmin"][1], results["spectra/alpha"][1]
    assert tail.get_ydata()[0] == pytest.approx(results["spectra/n_tail"][1] / 60 * (alpha - 1) / x)
    np.testing.assert_array_equal(spikes.get_xdata(), values(results)[-2:])
    assert ax.get_xscale() == ax.get_yscale() == scale
    assert "spikes, 120 × 60" in ax.get_title()
    ax.figure.canvas.draw()


def values(results):
    return results["spectra/eigenvalue"][60:120]


def test_exponents(results):
    ax = plot.layer_exponents(results)
    bars = [c for c in ax.containers if c.get_label().startswith("_")]
    drawn = {
        int(x): (y, segment)
        for bar in bars
        for x, y, segment in zip(*bar.lines[0].get_data(), bar.lines[2][0].get_segments())
    }
    assert sorted(drawn) == [0, 1]
    for i, (y, segment) in drawn.items():
        assert y == results["spectra/alpha"][i]
        ends = [results["spectra/alpha_low"][i], results["spectra/alpha_high"][i]]
        np.testing.assert_allclose(segment[:, 1], [min(y, ends[0]), max(y, ends[1])])
    assert [tick.get_text() for tick in ax.get_xticklabels()] == list(LAYERS)
    assert "no power law" in [text.get_text() for text in ax.figure.legends[0].get_texts()]


def test_page_with_the_network_before_training(results):
    before = statmech.analyse(
        {name: np.random.default_rng(1).normal(size=w.shape) for name, w in LAYERS.items()}, resamples=0
    )
    figure = plot.network_spectra(results, ["noise", "zeros"], before)
    assert len(figure.axes) == 6 and len(figure.legends) == 1
    old, new = figure.axes[2].patches[1], figure.axes[2].patches[0]
    assert area(old) == pytest.approx(1, abs=0.05) and not np.allclose(old.get_data()[0], new.get_data()[0])
    assert mpl.rcParams["font.family"] != ["STIXGeneral"]
    with pytest.raises(ValueError, match="layer 'fc9' is not known, expected one of noise, spikes, zeros"):
        plot.network_spectra(results, ["fc9"])
    with pytest.raises(ValueError, match="none: no spectra"):
        plot.spectral_density(statmech.Results({"layer": results.variables["layer"]}), "noise")


def test_before_and_after_on_one_layer(results):
    ax = plot.before_and_after(results, results, "spikes")
    bars = [p for p in ax.patches if isinstance(p, StepPatch)]
    assert len(bars) == 2 and area(bars[0]) == pytest.approx(area(bars[1])), "the same spectrum twice"
    with pytest.raises(ValueError, match="nowhere"):
        plot.before_and_after(results, results, "nowhere")
