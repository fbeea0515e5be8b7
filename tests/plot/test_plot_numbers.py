"""The numbers in the pictures: cells, hatching, error bars, bands, lines of the theory."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from matplotlib.container import ErrorbarContainer
from plot_results import ALPHA, SPEC, STARTS, T, handmade

from statmech import plot
from statmech.core import Variable
from statmech.names import STATUS
from statmech.plot import _data, _theory
from statmech.plot.timeline import log_bins
from statmech.results import Results
from statmech.theory.hopfield import HopfieldTheory, solve

COLUMNS = [0.005, 0.035, 0.075, 0.11, 0.13]  # midpoints of ALPHA, half a step beyond at the ends
ROWS = [0.05, 0.15, 0.3, 0.6, 1.0, 1.4]


def with_status(results: Results, **points: list[tuple[int, int, int]]) -> Results:
    """A copy with the verdict of some points (alpha index, T index, number of samples) changed."""
    status = results["status"].copy()
    for name, chosen in points.items():
        for a, t, count in chosen:
            status[a, t, :count] = STATUS[name.replace("_", " ")]
    return Results(results.variables | {"status": Variable(("alpha", "T", "disorder"), status)}, results.attrs)


def hatched(ax) -> set[tuple[float, ...]]:
    """Lower left and upper right corner of every hatched cell."""
    found = set()
    for collection in ax.collections:
        if collection.get_gid() == "unequilibrated":
            assert collection.get_hatch()
            for path in collection.get_paths():
                (x0, y0), (x1, y1) = path.get_extents().get_points()
                found.add(tuple(round(float(v), 9) for v in (x0, y0, x1, y1)))
    return found


def cell(a: int, t: int) -> tuple[float, ...]:
    return tuple(round(v, 9) for v in (COLUMNS[a], ROWS[t], COLUMNS[a + 1], ROWS[t + 1]))


def dots(ax) -> set[tuple[float, float]]:
    return {
        (float(x), float(y)) for line in ax.lines if line.get_gid() == "restricted" for x, y in line.get_xydata()
    }


def texts(ax) -> list[str]:
    return [t.get_text() for legend in ax.figure.legends for t in legend.get_texts()]


def bars(ax, gid: str | None = None) -> list[ErrorbarContainer]:
    return [c for c in ax.containers if isinstance(c, ErrorbarContainer) and gid in (None, c[0].get_gid())]


def test_cells_reach_to_the_midpoints(known):
    mesh = plot.phase_diagram(known, theory=False).collections[0]
    corners = mesh.get_coordinates()
    np.testing.assert_allclose(corners[0, :, 0], COLUMNS)
    np.testing.assert_allclose(corners[:, 0, 1], ROWS)
    np.testing.assert_allclose(mesh.get_array().reshape(5, 4), known["m_abs_mean"][..., 1].T)  # the pattern start
    assert mesh.get_clim() == (0, 1)
    random = plot.phase_diagram(known, start="random", theory=False).collections[0]
    np.testing.assert_allclose(random.get_array().reshape(5, 4), known["m_abs_mean"][..., 0].T)


def test_cells_in_any_order_of_the_grid(known):
    order = [2, 0, 3, 1]
    turned = {
        name: Variable(v.dims, v.data[order], v.attrs) if v.dims[0] == "alpha" else v
        for name, v in with_status(known, unequilibrated=[(2, 1, 4)]).variables.items()
    }
    ax = plot.phase_diagram(Results(turned), theory=False)
    np.testing.assert_allclose(ax.collections[0].get_array().reshape(5, 4), known["m_abs_mean"][..., 1].T)
    assert hatched(ax) == {cell(2, 1)}


def test_edges():
    np.testing.assert_allclose(_data.edges(np.array([0.1, 0.2, 0.4])), [0.05, 0.15, 0.3, 0.5])
    np.testing.assert_allclose(_data.edges(np.array([0.0, 1.0]), 0.0), [0.0, 0.5, 1.5])
    np.testing.assert_allclose(_data.edges(np.array([0.1])), [0.05, 0.15])


def test_hatching_exactly_where_most_samples_are_unequilibrated(known):
    # 4 samples: 3 or 4 are more than half, 2 are not
    status = with_status(known, unequilibrated=[(0, 0, 4), (1, 2, 3), (3, 4, 2)], restricted=[(2, 2, 4)])
    ax = plot.phase_diagram(status, theory=False)
    assert hatched(ax) == {cell(0, 0), cell(1, 2)}
    assert {"not equilibrated", "starts differ (metastable)"} <= set(texts(ax))
    # witness: one sample more, and only that, adds the cell
    ax = plot.phase_diagram(with_status(status, unequilibrated=[(3, 4, 3)]), theory=False)
    assert hatched(ax) == {cell(0, 0), cell(1, 2), cell(3, 4)}
    ax = plot.phase_diagram(known, theory=False)
    assert hatched(ax) == set() and dots(ax) == set() and texts(ax) == []


def test_samples_that_have_not_run_have_no_vote(known):
    pending = with_status(known, pending=[(0, 0, 4), (1, 1, 4)], unequilibrated=[(0, 0, 1)])
    assert hatched(plot.phase_diagram(pending, theory=False)) == {cell(0, 0)}


def test_restricted_cells_have_a_dot_and_no_hatching(known):
    # restricted in at least as many samples as done; not where most are unequilibrated
    status = with_status(known, restricted=[(0, 1, 4), (1, 1, 2), (2, 1, 1)])
    assert dots(plot.phase_diagram(status, theory=False)) == {(ALPHA[0], T[1]), (ALPHA[1], T[1])}
    both = with_status(with_status(status, restricted=[(3, 3, 4)]), unequilibrated=[(3, 3, 3)])
    ax = plot.phase_diagram(both, theory=False)
    assert hatched(ax) == {cell(3, 3)} and (ALPHA[3], T[3]) not in dots(ax)


def test_cells_without_data_stay_empty(known):
    mean = known["m_abs_mean"].copy()
    mean[1, 3] = np.nan
    holes = Results(known.variables | {"m_abs_mean": Variable(("alpha", "T", "start"), mean)})
    ax = plot.phase_diagram(holes, theory=False)
    mask = np.ma.getmaskarray(ax.collections[0].get_array()).reshape(5, 4)
    assert np.argwhere(mask).tolist() == [[3, 1]] and texts(ax) == ["no data"]


def test_error_bars_are_the_errors(known):
    ax = plot.curves(known, "e", theory=False, where={"alpha": 0.05})
    for k, container in enumerate(bars(ax)):
        points, (caps_low, caps_high), _ = container
        np.testing.assert_allclose(points.get_xdata(), T)
        np.testing.assert_allclose(points.get_ydata(), known["e_mean"][1, :, k])
        np.testing.assert_allclose(caps_high.get_ydata() - caps_low.get_ydata(), 2 * known["e_err"][1, :, k])
    assert len(bars(ax)) == len(STARTS)


def test_one_sample_shows_the_thermal_error():
    one = handmade(samples=1)
    points, (low, high), _ = bars(plot.curves(one, "e", theory=False, where={"alpha": 0.05, "start": "random"}))[0]
    np.testing.assert_allclose(high.get_ydata() - low.get_ydata(), 2 * 0.0123)
    assert len(points.get_ydata()) == len(T)


def test_unequilibrated_points_are_open(known):
    status = with_status(known, unequilibrated=[(1, 0, 4), (1, 3, 4), (1, 2, 2)], restricted=[(1, 4, 4)])
    ax = plot.curves(status, "e", theory=False, where={"alpha": 0.05, "start": "pattern"})
    (poor,) = bars(ax, "unequilibrated")
    (good,) = bars(ax, "points")
    np.testing.assert_allclose(poor[0].get_xdata(), T[[0, 3]])
    np.testing.assert_allclose(good[0].get_xdata(), T[[1, 2, 4]])
    assert poor[0].get_markerfacecolor() == "white" and good[0].get_markerfacecolor() != "white"
    assert texts(ax)[-1] == "not equilibrated"
    assert not bars(plot.curves(known, "e", theory=False), "unequilibrated")


def test_overlap_distribution_with_its_band(known):
    ax = plot.overlap_distribution(known, T=0.4, alpha=0.1, start="random", samples=True)
    density = known["overlap/P_q"][2, 2, :, 0]
    mean = next(line for line in ax.lines if line.get_gid() == "mean")
    np.testing.assert_allclose(mean.get_ydata(), density.mean(0))
    assert sum(line.get_gid() == "sample" for line in ax.lines) == 4
    (band,) = [c for c in ax.collections if c.get_gid() == "error"]
    error = density.std(0, ddof=1) / 2
    heights = band.get_paths()[0].vertices[:, 1]
    low, high = density.mean(0) - error, density.mean(0) + error
    np.testing.assert_allclose([heights.min(), heights.max()], [low.min(), high.max()])
    assert not any(c.get_gid() == "error" for c in plot.overlap_distribution(handmade(1), T=0.4, alpha=0.1).collections)


def test_history_in_log_time(known):
    ax = plot.history(known, T=0.4, alpha=0.1, start="random")
    assert ax.get_xscale() == "log" and ax.get_xlim() == (1, 128)
    (window,) = [p for p in ax.patches if p.get_gid() == "window"]
    assert (window.get_x(), window.get_x() + window.get_width()) == (64, 128)
    series = known["timeseries/e"][2, 2, :, 0]
    time, binned = log_bins(np.arange(1, 129), series)
    mean = next(line for line in ax.lines if line.get_gid() == "mean")
    np.testing.assert_allclose(mean.get_xdata(), time)
    np.testing.assert_allclose(mean.get_ydata(), binned.mean(0))


def test_log_bins_keep_early_times_and_the_total():
    x = np.random.default_rng(2).normal(size=(3, 512))
    time, binned = log_bins(np.arange(1, 513), x)
    assert time[0] == 1 and time[-1] == 512 and 40 < len(time) < 70
    np.testing.assert_allclose((binned * np.diff(time, prepend=0)).sum(-1), x.sum(-1))
    np.testing.assert_array_equal(binned[:, :5], x[:, :5])


def test_flow_and_swap_rates(known):
    ax = plot.tempering_flow(known, where={"alpha": 0.1})
    ideal = next(line for line in ax.lines if line.get_gid() == "ideal")
    assert ideal.get_xydata().tolist() == [[0, 0], [4, 1]]
    np.testing.assert_allclose(bars(ax)[0][0].get_ydata(), [0, 0.25, 0.5, 0.75, 1])
    ax = plot.swap_rates(known, where={"alpha": 0.1, "start": "random"})
    rates = known["tempering/swap_acceptance"][2, :, :, 0]
    points, (low, high), _ = bars(ax)[0]
    np.testing.assert_allclose(points.get_xydata(), np.stack([(T[1:] + T[:-1]) / 2, rates.mean(1)], 1))
    np.testing.assert_allclose(high.get_ydata() - low.get_ydata(), rates.std(1, ddof=1))  # 2 sigma / sqrt 4


def test_a_start_without_exchange_is_left_out(known):
    flow = known["tempering/flow"].copy()
    flow[..., 1] = np.nan
    part = Results(known.variables | {"tempering/flow": Variable(("alpha", "T", "disorder", "start"), flow)})
    assert texts(plot.tempering_flow(part, where={"alpha": 0.1})) == ["random start", "no bottleneck"]


# --- theory ------------------------------------------------------------------------------------------------


def test_lines_of_the_phase_diagram(known):
    ax = plot.phase_diagram(known)
    drawn = {line.get_gid(): line.get_xydata() for line in ax.lines if line.get_gid()}
    assert set(drawn) == {"T_g", "T_M", "T_c"}  # T_R stays below 0.02: outside
    np.testing.assert_allclose(drawn["T_g"][:, 1], 1 + np.sqrt(drawn["T_g"][:, 0]))
    assert ax.figure.legends[0].get_title().get_text() == "Lines: Amit, Gutfreund & Sompolinsky 1987"
    assert texts(ax)[0] == "$T_g$: spin glass below"
    # the retrieval line reaches the lower border, close to alpha_c = 0.138, and retrieval ends on it
    load, temperature = drawn["T_M"][np.isfinite(drawn["T_M"][:, 0])].T
    assert temperature.min() == pytest.approx(0.05) and load.max() == pytest.approx(0.138, abs=1e-3)
    assert np.nanmax(np.abs(np.diff(temperature))) < 0.05
    inside = solve(load[1:-1] * 0.999, temperature[1:-1]).exists
    assert inside.all() and not solve(load[1:-1] * 1.001, temperature[1:-1]).exists.any()


def test_branches_belong_to_the_starts(known):
    ax = plot.curves(known, "m_abs", where={"alpha": 0.05})
    drawn = {line.get_gid(): line for line in ax.lines if line.get_gid() in HopfieldTheory.branches}
    assert set(drawn) == {"retrieval", "spin_glass"}  # T_g = 1.22 is above the highest temperature
    x, y = drawn["retrieval"].get_xydata().T
    np.testing.assert_allclose(y, solve(0.05, x).m)
    assert drawn["retrieval"].get_zorder() < bars(ax)[0][0].get_zorder()
    only = plot.curves(known, "m_abs", where={"alpha": 0.05, "start": "random"})
    assert "retrieval" not in {line.get_gid() for line in only.lines}


def test_paramagnet_only_above_the_spin_glass(known):
    x = np.linspace(0.9, 1.5, 61)
    y = _theory.predict(HopfieldTheory(), "e", "paramagnet", "random", alpha=0.04, T=x)
    np.testing.assert_array_equal(np.isfinite(y), x >= 1.2 - 1e-12)


def test_theory_against_the_load(known):
    ax = plot.curves(known, "m_abs", x="alpha", where={"T": 0.4})
    x, y = next(line for line in ax.lines if line.get_gid() == "retrieval").get_xydata().T
    np.testing.assert_allclose(y, solve(x, 0.4).m)


@pytest.mark.parametrize(
    ("model", "grid", "applies"),
    [
        ({"class": "Hopfield", "n": 32}, {"alpha": {"model.alpha": ["0.1"]}}, True),
        ({"class": "Hopfield", "n": 32, "alpha": "0.05"}, {}, True),
        ({"class": "Hopfield", "n": 32, "rule": "pseudoinverse"}, {}, False),
        ({"class": "Hopfield", "n": 32}, {"rule": {"model.rule": ["hebb", "pseudoinverse"]}}, False),
        ({"class": "Hopfield", "n": 32, "patterns": {"class": "RandomPatterns", "bias": "0.2"}}, {}, False),
        ({"class": "Ferromagnet", "n": 32}, {}, False),
    ],
)
def test_theory_is_drawn_only_where_it_applies(model, grid, applies):
    results = handmade(spec={"task": {"model": model}, "grid": grid})
    assert (_theory.theory_of(results, True) is not None) == applies
    assert _theory.theory_of(results, False) is None
    assert isinstance(_theory.theory_of(results, HopfieldTheory()), HopfieldTheory)


def test_no_spec_no_theory():
    assert _theory.theory_of(handmade(spec=None), True) is None
    assert _theory.theory_of(Results({}, {"spec": json.dumps({"joined": [SPEC, SPEC]})}), True) == HopfieldTheory()


def test_load_of_a_run_without_a_load_axis():
    assert _theory.parameter(Results({}, {"spec": SPEC | {"grid": {}}}), "alpha") == 0.1  # the model's default
    fixed = {"task": {"model": {"class": "Hopfield", "alpha": "0.07"}}}
    assert _theory.parameter(Results({}, {"spec": fixed}), "alpha") == 0.07
    assert _theory.parameter(Results({}, {"spec": SPEC}), "alpha") is None  # the grid varies it


def test_mixture_of_the_start():
    assert _theory.branches(HopfieldTheory(), "mixture:5") == ("mixture", "spin_glass", "paramagnet")
    got = _theory.predict(HopfieldTheory(), "m", "mixture", "mixture:5", alpha=0.001, T=np.array([0.1]))
    np.testing.assert_allclose(got, solve(0.001, 0.1, "mixture", 5).m)
    assert got != _theory.predict(HopfieldTheory(), "m", "mixture", "mixture:3", alpha=0.001, T=np.array([0.1]))


@dataclasses.dataclass
class OwnTheory:
    """Not hashable, without citation, with a line that ends."""

    def lines(self):
        return {"own": lambda a: np.where(np.asarray(a) <= 0.06, 1 - np.sqrt(np.asarray(a) / 0.06), np.nan)}


def test_a_parameter_that_has_been_chosen_reaches_the_theory():
    """Of a grid over p, the results at one p have the theory of that p."""
    spec = {"task": {"model": {"class": "Planted"}}, "grid": {"model": {"model.p": [2, 3], "model.n": [8, 8]}}}
    variables = {"p": Variable(("model",), np.array([2, 3])), "model": Variable(("model",), np.arange(2))}
    both = Results(variables, {"spec": json.dumps(spec)})
    here = both.at(model=0)
    assert _theory.theory_of(here, True, _data.grid_values(here, {})).p == 2
    assert _theory.theory_of(both, True, _data.grid_values(both, {})) is None


def test_a_theory_of_the_user(known):
    ax = plot.phase_diagram(known, theory=OwnTheory())
    x, y = next(line for line in ax.lines if line.get_gid() == "own").get_xydata().T
    assert x[np.isfinite(y)].max() == pytest.approx(0.06, abs=2e-4)  # refined at its end
    assert texts(ax) == ["own"]


def test_citations():
    class Cited:
        citation = "Hukushima & Nemoto, J. Phys. Soc. Jpn. 65, 1604 (1996)"

    assert _theory.citation(Cited) == "Hukushima & Nemoto 1996"
    assert _theory.citation(HopfieldTheory()) == "Amit, Gutfreund & Sompolinsky 1987"
    Cited.citation = "private note"
    assert _theory.citation(Cited) == "private note"
