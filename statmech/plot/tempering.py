"""How well parallel tempering exchanges: the flow of walkers along the ladder and the swap rates."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from statmech.plot._data import Line, Source, Where, coordinate, lines, open_results, over_disorder, require, take
from statmech.plot._marks import colours, fixed_words, key, legend_below, markers, sizes, symbol
from statmech.plot.styling import drawing, pin
from statmech.results import Results

HINT = "runs with the sampler Tempering have it"


def tempering_flow(source: Source, ax: Axes | None = None, where: Where | None = None) -> Axes:
    """Flow f: the share of the walkers on a rung that came last from the hottest rung, against the rung's index.

    0 at the coldest rung, 1 at the hottest.  On a ladder without bottleneck it is the straight line (dashed); a step
    shows the temperatures that walkers hardly pass.  Average over disorder, with its jackknife error.

    source:     results file, sweep directory or Results of a run with Tempering (`tempering/flow`)
    where:      value, or list of values, of other axes: {"alpha": 0.1, "start": "random"}; one axis may stay free

    Returns the Axes; the upper axis shows the temperatures.  Raises ValueError if the run had no tempering, or if two
    axes stay free.  Source: Katzgraber, Trebst, Huse & Troyer, J. Stat. Mech. P03018 (2006).

    Example: ``statmech.plot.tempering_flow("results/hopfield", where={"alpha": 0.1})``
    """
    results = open_results(source)
    require(results, "tempering/flow", HINT)
    found = _exchanging(results, "tempering/flow", lines(results, "tempering/flow", ("T", "disorder"), where))
    with drawing(ax) as axes:
        last = len(coordinate(results, "T", found[0].at)) - 1
        axes.plot([0, last], [0, 1], color="0.5", linestyle=(0, (4, 2)), zorder=1, gid="ideal")
        _points(axes, results, "tempering/flow", [np.arange(last + 1)] * len(found), found)
        axes.set(xlabel="rung", ylabel=r"flow $f$", ylim=(-0.05, 1.05))
        _temperatures(axes, coordinate(results, "T", found[0].at), fixed_words(results, found[0]))
        ideal = Line2D([], [], color="0.5", linestyle=(0, (4, 2)), label="no bottleneck")
        legend_below(axes, [*key(found), ideal])
        return axes


def swap_rates(source: Source, ax: Axes | None = None, where: Where | None = None) -> Axes:
    """Accepted share of the exchanges between neighbouring rungs, against the temperature half-way between them.

    Average over disorder, with its jackknife error.  Arguments, result and errors as in `tempering_flow`
    (`tempering/swap_acceptance`).  Source: Hukushima & Nemoto, J. Phys. Soc. Jpn. 65, 1604 (1996).

    Example: ``statmech.plot.swap_rates("results/hopfield", where={"alpha": 0.1})``
    """
    results = open_results(source)
    name = "tempering/swap_acceptance"
    require(results, name, HINT)
    found = _exchanging(results, name, lines(results, name, ("rung", "disorder"), where))
    with drawing(ax) as axes:
        ladders = [_ladder(results, line) for line in found]
        _points(axes, results, name, [(T[1:] + T[:-1]) / 2 for T in ladders], found)
        axes.set(xlabel=symbol("T"), ylabel="swap acceptance", ylim=(0, 1.02), title=fixed_words(results, found[0]))
        legend_below(axes, key(found))
        return axes


def _ladder(results: Results, line: Line) -> np.ndarray:
    """Temperatures of all rungs: those of a tuned ladder, or T."""
    tuned = take(results, "tempering/ladder", line.at)[0] if "tempering/ladder" in results else np.array(np.nan)
    return coordinate(results, "T", line.at) if np.isnan(tuned).all() else tuned


def _exchanging(results: Results, name: str, found: list[Line]) -> list[Line]:
    """The lines that hold numbers: a class of starts may have run without exchange."""
    return [line for line in found if np.isfinite(take(results, name, line.at)[0]).any()] or found


def _points(ax: Axes, results: Results, name: str, at: list[np.ndarray], found: list[Line]) -> None:
    """Averages over disorder with error bars, joined by thin lines; `at`: the abscissae of every line."""
    for line, x, colour, marker, size in zip(found, at, colours(found), markers(found), sizes(found, len(at[0]))):
        mean, error, _ = over_disorder(results, name, line.at)
        ax.errorbar(
            x, mean, error, fmt=marker, color=colour, linestyle="-", linewidth=0.6, elinewidth=0.8, capsize=1.5,
            markersize=size, zorder=3, gid="points",
        )  # fmt: skip


def _temperatures(ax: Axes, T: np.ndarray, where: str) -> None:
    """An upper axis with the temperatures of some rungs, and what is fixed as its label's end."""
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.minorticks_off()
    ax.tick_params(top=False)
    rungs = np.unique(np.linspace(0, len(T) - 1, min(len(T), 6)).round().astype(int))
    upper = ax.secondary_xaxis("top")
    upper.set_xticks(rungs, [f"{T[i]:.3g}" for i in rungs])
    upper.minorticks_off()
    pin(upper)
    upper.set_xlabel(symbol("T") + (f" at {where}" if where else ""))
