"""Observables with error bars against temperature or load, the branches of the theory behind them."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from statmech.plot import _theory
from statmech.plot._data import (
    Line,
    Source,
    Where,
    coordinate,
    grid_values,
    lines,
    mean_and_error,
    open_results,
    verdicts,
)
from statmech.plot._marks import colours, fixed_words, key, legend_below, markers, sizes, symbol
from statmech.plot.styling import drawing
from statmech.results import Results

DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.2)), (0, (5, 1.5, 1, 1.5)))  # in the order of theory.branches
OPEN: dict[str, Any] = {"marker": "o", "markerfacecolor": "white", "color": "0.3", "linestyle": "none"}


def curves(
    source: Source,
    observable: str,
    x: str = "T",
    ax: Axes | None = None,
    theory: Any = True,
    where: Where | None = None,
) -> Axes:
    """[<observable>] with its error against T (or another axis), a set of points per class of starts and grid value.

    Error bars: jackknife over disorder (with one sample: the thermal error), one standard error.  Open points: more
    than half of the disorder samples unequilibrated.  Lines: theory, on the branches that the starts may end on
    (pattern: retrieval; mixture: mixture; all: spin glass, or paramagnet above it).

    source:     results file, sweep directory or Results with `<observable>_mean`
    x:          a numerical axis of the results: "T", "alpha", ...
    theory:     True for the model's own, if the spec of the results says that it applies; False; or an object with
                `predict(alpha, T, branch) -> {observable: values}`, such as HopfieldTheory()
    where:      value, or list of values, of other axes: {"alpha": [0.05, 0.1], "start": "pattern"}.  One axis may
                stay free; at most six sets are drawn then, at evenly spaced values

    Returns the Axes.  Raises ValueError if the observable or an axis is missing, or if two axes stay free.

    Example: ``statmech.plot.curves("results/hopfield", "m_abs", where={"alpha": 0.05})``
    """
    results = open_results(source)
    name = f"{observable}_mean"
    mean_and_error(results, observable, {})
    if x not in results.dims(name):
        raise ValueError(f"x = {x!r} is no axis of {name!r}: it has {', '.join(results.dims(name))}")
    if coordinate(results, x).dtype.kind not in "fiu":
        raise ValueError(f"x = {x!r} holds text, expected a numerical axis: choose one of its values with where")
    found = lines(results, name, (x,), where)
    with drawing(ax) as axes:
        handles = key(found)
        poor = False
        size = sizes(found, len(coordinate(results, x)))
        for line, colour, marker, points in zip(found, colours(found), markers(found), size):
            poor |= _points(axes, results, observable, x, line, (colour, marker, points))
        if poor:
            handles.append(Line2D([], [], label="not equilibrated", **OPEN))
        drawn = [_theory.theory_of(results, theory, grid_values(results, line.at)) for line in found]
        branches = _branches(axes, drawn, results, observable, x, found)
        axes.set(xlabel=symbol(x), ylabel=symbol(observable))
        axes.set_title(fixed_words(results, found[0]))
        title = f"Lines: {_theory.citation(drawn[0])}" if branches else None
        legend_below(axes, handles + branches, title)
        return axes


def _points(ax: Axes, results: Results, observable: str, x: str, line: Line, look: tuple[Any, str, float]) -> bool:
    """One set of points with error bars, open where not equilibrated; returns whether any is."""
    colour, marker, size = look
    mean, error, dims = mean_and_error(results, observable, line.at)
    values = coordinate(results, x, line.at)
    bad = verdicts(results, mean.shape, dims, line.at).unequilibrated
    order = np.argsort(values)
    for kind, chosen, face in (("points", ~bad, colour), ("unequilibrated", bad, "white")):
        i = order[(chosen & np.isfinite(mean))[order]]
        if len(i):
            ax.errorbar(
                values[i], mean[i], error[i], fmt=marker, color=colour, markerfacecolor=face,
                markeredgecolor="white" if kind == "points" else colour, markersize=size,
                markeredgewidth=0.4 if kind == "points" else 0.8, elinewidth=0.8, capsize=1.5, zorder=3, gid=kind,
            )  # fmt: skip
    return bool((bad & np.isfinite(mean)).any())


def _branches(
    ax: Axes, theories: list[Any], results: Results, observable: str, x: str, found: list[Line]
) -> list[Artist]:
    """The theory of every set of points behind them, over their range, and the legend entries."""
    drawn: dict[tuple[Any, str], Any] = {}
    single = found[0].axis is None
    done = []
    for line, theory, colour in zip(found, theories, colours(found)):
        fixed = _fixed(results, theory, x, line)
        if fixed is None:
            continue
        low, high = (f(coordinate(results, x, line.at)) for f in (np.min, np.max))
        for branch in _theory.branches(theory, line.start):
            own = branch not in _theory.branches(theory, None)
            this = (theory, branch, fixed, line.start if own else None)
            if this in done:
                continue
            values = partial(_values, theory, observable, branch, line.start, x, fixed)
            if values(np.array([low])) is None:
                continue
            grid, y = _theory.sample(values, low, high, power=1)
            if not np.isfinite(y).any():
                continue
            done.append(this)
            ink = colour if own or not single else "0.45"
            ax.plot(grid, y, color=ink, linestyle=_dash(theory, branch), linewidth=1.0, zorder=1, gid=branch)
            drawn[_dash(theory, branch), _theory.words(theory, branch)[1]] = ink if single else "0.3"
    return [
        Line2D([], [], color=ink, linestyle=dash, linewidth=1.0, label=text) for (dash, text), ink in drawn.items()
    ]


def _dash(theory: Any, branch: str) -> Any:
    return DASHES[theory.branches.index(branch) % len(DASHES)]


def _values(
    theory: Any, observable: str, branch: str, start: str | None, x: str, fixed: dict[str, float], grid: np.ndarray
) -> np.ndarray | None:
    return _theory.predict(theory, observable, branch, start, **fixed, **{x: grid})


def _fixed(results: Results, theory: Any, x: str, line: Line) -> dict[str, float] | None:
    """What the theory needs beside x, for one set of points: coordinates, a single temperature, or parameters in the
    spec of the results.  None if something is not known, or if it predicts nothing along x."""
    if theory is None or not hasattr(theory, "predict") or x not in _theory.arguments(theory):
        return None
    out = {}
    for name in _theory.arguments(theory):
        if name == x:
            continue
        value = None
        if name in line.at:
            value = float(coordinate(results, name)[line.at[name]])
        elif name != "T":
            value = _theory.parameter(results, name)
        elif "T" in results and len(results["T"]) == 1:
            value = float(results["T"][0])
        if value is None:
            return None
        out[name] = value
    return out
