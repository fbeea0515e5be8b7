"""Histories: how observables relax from every class of starts."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from statmech.names import COORDINATES
from statmech.plot._data import Source, coordinate, lines, open_results, require, take
from statmech.plot._marks import colours, dashes, fixed_words, key, legend_below, symbol
from statmech.plot.styling import drawing

MOST_SAMPLES = 32  # thin lines; more of them are a smear
BINS_PER_DECADE = 24


def history(
    source: Source,
    observable: str = "e",
    T: float | None = None,
    alpha: float | None = None,
    start: str | None = None,
    ax: Axes | None = None,
    **where: object,
) -> Axes:
    """The time series of an observable in logarithmic time: disorder samples thin, their average thick.

    The measuring window, the last half of the run, is shaded.  A value is the average over the real replicas and
    over one bin of time, and stands at the end of the bin; late times are averaged further, to 24 bins a decade.

    source:     results file, sweep directory or Results with `timeseries/<observable>` (e, m_abs, q_abs)
    T, alpha:   grid point, the nearest is taken; one of them may stay free (up to six values are drawn then)
    start:      class of starts; default all
    where:      values of other axes of the results, n=1000

    Returns the Axes.  Raises ValueError if the series or the grid point is missing, or if two axes stay free.

    Example: ``statmech.plot.history("results/hopfield", "m_abs", T=0.3, alpha=0.1)``
    """
    results = open_results(source)
    name = f"timeseries/{observable}"
    require(results, name)
    chosen = {"T": T, "alpha": alpha, "start": start, **where}
    found = lines(results, name, ("time", "disorder"), {k: v for k, v in chosen.items() if v is not None})
    with drawing(ax) as axes:
        for line, colour, stroke in zip(found, colours(found), dashes(found)):
            each, dims = take(results, name, line.at)
            time, each = log_bins(coordinate(results, "time", line.at), np.moveaxis(each, dims.index("disorder"), 0))
            if len(each) > 1:
                for one in each[:MOST_SAMPLES]:
                    axes.plot(time, one, color=colour, linewidth=0.4, alpha=0.4, zorder=1, gid="sample")
            run = each[np.isfinite(each).all(-1)]
            if len(run):
                axes.plot(time, run.mean(0), color=colour, linestyle=stroke, linewidth=1.2, zorder=3, gid="mean")
        end = float(np.nanmax(coordinate(results, "time", found[0].at)))
        axes.axvspan(end / 2, end, color="0.9", linewidth=0, zorder=0, gid="window")
        axes.set_xscale("log")
        axes.set(
            xlabel=f"time [{COORDINATES['time'][0]}]", ylabel=symbol(observable), title=fixed_words(results, found[0]),
            xlim=(float(np.nanmin(coordinate(results, "time", found[0].at))), end),
        )  # fmt: skip
        legend_below(axes, [*key(found, points=False), Patch(color="0.9", label="measuring window")])
        return axes


def log_bins(time: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Averages over bins of equal width in log time: ends of the bins (n,), values (..., n).

    time: increasing ends of equal bins (t,).  values: (..., t).

    Example: ``log_bins(np.arange(1.0, 4.0), np.ones(3))[0].tolist() == [1.0, 2.0, 3.0]``
    """
    slot = np.floor(np.log10(time / time[-1]) * BINS_PER_DECADE + 1e-9)
    first = np.flatnonzero(np.diff(slot, prepend=-np.inf))
    count = np.diff(np.append(first, len(time)))
    return time[first + count - 1], np.add.reduceat(values, first, axis=-1) / count
