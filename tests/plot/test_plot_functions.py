"""Every plot function: from a file and from Results, on its own axes and on given ones, and its complaints."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
from matplotlib.axes import Axes
from plot_results import handmade

import statmech
from statmech import plot

CALLS = {
    "phase_diagram": lambda source, **o: plot.phase_diagram(source, theory=False, **o),
    "curves": lambda source, **o: plot.curves(source, "e", theory=False, **o),
    "overlap_distribution": lambda source, **o: plot.overlap_distribution(source, T=0.2, samples=True, **o),
    "history": lambda source, **o: plot.history(source, "e", T=0.2, **o),
    "tempering_flow": lambda source, **o: plot.tempering_flow(source, **o),
    "swap_rates": lambda source, **o: plot.swap_rates(source, **o),
}
LABELS = {
    "phase_diagram": (r"$\alpha$", "$T$"),
    "curves": ("$T$", "$e$"),
    "overlap_distribution": ("$q$", "$P(q)$"),
    "history": ("time [sweeps]", "$e$"),
    "tempering_flow": ("rung", r"flow $f$"),
    "swap_rates": ("$T$", "swap acceptance"),
}


def labels(ax: Axes) -> tuple[str, str]:
    return ax.get_xlabel(), ax.get_ylabel()


def test_every_public_function_has_a_case():
    without_source = {"save", "style", "mark_cells"}
    of_layers = {"spectral_density", "layer_exponents", "before_and_after", "network_spectra"}
    assert set(CALLS) == set(plot.__all__) - without_source - of_layers
    elsewhere = Path(__file__).with_name("test_plot_spectra.py").read_text()
    assert all(f"plot.{name}(" in elsewhere for name in of_layers), "spectra of layers have their cases there"


@pytest.mark.parametrize("name", CALLS)
def test_from_a_file_and_from_results(real, tmp_path, name):
    path = real.to_hdf5(tmp_path / "run.h5")
    for source in (real, path, str(path)):
        ax = CALLS[name](source)
        assert isinstance(ax, Axes) and ax.figure.get_figwidth() == 3.4
        assert labels(ax) == LABELS[name]
    ax.figure.canvas.draw()


@pytest.mark.parametrize("name", CALLS)
def test_on_given_axes(real, name):
    figure, (left, right) = plt.subplots(1, 2)
    before = mpl.rcParams["font.family"]
    assert CALLS[name](real, ax=right) is right
    assert right.has_data() and not left.has_data() and labels(left) == ("", "")
    assert right.xaxis.label.get_fontfamily() == list(before)  # the caller's own style
    assert plt.get_fignums() == [figure.number]


@pytest.mark.parametrize("name", CALLS)
def test_one_grid_point_without_a_load_axis(name):
    result = statmech.simulate(
        statmech.Hopfield(n=24, alpha=0.1), T=[0.3, 0.6], sampler=statmech.Tempering(), sweeps=32, replicas=2
    )
    if name == "phase_diagram":
        with pytest.raises(ValueError, match=r"axes alpha and T, 'm_abs_mean' has T, start: use plot\.curves"):
            CALLS[name](result)
    else:
        assert labels(CALLS[name](result)) == LABELS[name]


def test_a_sweep_directory(tmp_path):
    sweep = statmech.Sweep(
        "tiny", statmech.MonteCarlo(statmech.Hopfield(n=20), T=(0.3, 0.9, 2.0), sweeps=32, replicas=2),
        grid={"model.alpha": [0.1, 0.2]}, samples=2,
    )  # fmt: skip
    sweep.run(tmp_path / "out", executor="serial", quiet=True)
    ax = plot.curves(tmp_path / "out", "e", where={"alpha": 0.2})
    assert {line.get_gid() for line in ax.lines} >= {"spin_glass", "paramagnet"}  # the spec names the model


def test_results_plot(known):
    assert labels(known.plot(theory=False)) == LABELS["phase_diagram"]
    assert labels(known.plot("e", theory=False)) == LABELS["curves"]


def test_labels_of_fixed_and_free_axes(known):
    assert plot.history(known, T=0.2, alpha=0.05).get_title() == r"$\alpha$ = 0.05, $T$ = 0.2"
    ax = plot.curves(known, "e", theory=False, where={"alpha": [0.02, 0.12]})
    texts = [t.get_text() for t in ax.figure.legends[0].get_texts()]
    assert texts == [r"$\alpha$ = 0.02", r"$\alpha$ = 0.12", "random start", "pattern start"]


def test_panels_share_one_legend(known):
    with plot.style("page"):
        figure, axes = plt.subplots(1, 2)
        for ax in axes:
            plot.curves(known, "e", theory=False, where={"alpha": 0.05}, ax=ax)
        plot.curves(known, "m_abs", theory=False, where={"start": "pattern"}, ax=axes[1])
    (legend,) = figure.legends
    texts = [t.get_text() for t in legend.get_texts()]
    assert texts[:2] == ["random start", "pattern start"] and texts.count("random start") == 1
    assert r"$\alpha$ = 0.02" in texts and all(ax.get_legend() is None for ax in axes)


def test_legends_hide_no_data(real):
    for name, call in CALLS.items():
        ax = call(real)
        ax.figure.canvas.draw()
        (legend,) = ax.figure.legends
        boxes = [a.get_tightbbox() for a in ax.figure.axes]
        assert not any(legend.get_window_extent().overlaps(box) for box in boxes), name
        inside = ax.figure.bbox.padded(0.5)
        assert all(inside.contains(x, y) for x, y in legend.get_window_extent().corners()), name


def test_legend_under_the_axes_without_constrained_layout(known):
    _, ax = plt.subplots()
    plot.curves(known, "e", theory=False, ax=ax)
    ax.figure.canvas.draw()
    assert ax.get_legend().get_window_extent().y1 <= ax.xaxis.get_tightbbox().y0


def test_missing_observable_names_those_there_are(known):
    with pytest.raises(ValueError, match=r"no observable 'energy'; they have e, m_abs"):
        plot.curves(known, "energy")
    with pytest.raises(ValueError, match=r"no observable 'q'; they have e, m_abs"):
        plot.phase_diagram(known, "q")
    with pytest.raises(ValueError, match=r"no variable 'timeseries/m'; they have timeseries/e"):
        plot.history(known, "m")
    assert plt.get_fignums() == []


def test_missing_group_says_where_it_comes_from():
    result = statmech.simulate(statmech.Hopfield(n=24, alpha=0.1), T=[0.3, 0.6], sweeps=32, replicas=1)
    for call, what in ((plot.tempering_flow, "Tempering"), (plot.swap_rates, "Tempering"),
                       (plot.overlap_distribution, "two real replicas")):  # fmt: skip
        with pytest.raises(ValueError, match=rf"{what} have it\); they have .*e_mean"):
            call(result)


def test_wrong_choices(known):
    with pytest.raises(ValueError, match="start = 'teacher': the results have random, pattern"):
        plot.phase_diagram(known, start="teacher")
    with pytest.raises(ValueError, match=r"T = 3: the results have T from 0\.1 to 1\.2"):
        plot.overlap_distribution(known, T=3)
    with pytest.raises(TypeError, match="T = 'cold': expected a number"):
        plot.history(known, T="cold")
    with pytest.raises(ValueError, match=r"where has 'kappa', but 'e_mean' can be chosen by alpha, start"):
        plot.curves(known, "e", where={"kappa": 1})
    with pytest.raises(ValueError, match=r"free axes alpha, T: choose all but one, such as where=\{'T': 0\.1\}"):
        plot.history(known)
    with pytest.raises(ValueError, match="x = 'n' is no axis of 'e_mean'"):
        plot.curves(known, "e", x="n")
    with pytest.raises(TypeError, match="source = dict: expected the path of a results file"):
        plot.curves({}, "e")
    with pytest.raises(TypeError, match="theory = 'AGS'"):
        plot.curves(known, "e", theory="AGS")
    with pytest.raises(ValueError, match="width = 'wide'"), plot.style("wide"):
        pass
    assert plt.get_fignums() == []  # a half-made figure goes with its error


def test_at_most_six_lines_with_the_ends(known):
    wide = handmade()
    ax = plot.curves(wide, "e", x="alpha", theory=False)
    texts = [t.get_text() for t in ax.figure.legends[0].get_texts()]
    assert texts == ["$T$ = 0.1", "$T$ = 0.4", "$T$ = 1.2", "random start", "pattern start"]


def test_style_comes_and_goes():
    before = dict(mpl.rcParams)
    with plot.style("page", ratio=0.5):
        assert mpl.rcParams["figure.figsize"] == [7.0, 3.5] and mpl.rcParams["font.family"] == ["STIXGeneral"]
    assert dict(mpl.rcParams) == before
    with plot.style(5.0):
        assert plot.curves(handmade(), "e", theory=False).figure.get_size_inches().tolist() == [5.0, 4.2]


def test_the_package_is_lazy():
    code = "import statmech.plot as p, sys; assert p.__all__; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    with pytest.raises(AttributeError, match="no attribute 'show'"):
        plot.show  # noqa: B018
