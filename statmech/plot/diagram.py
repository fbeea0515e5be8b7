"""The phase diagram: simulation as colour, replica theory as lines, verdicts as hatching."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection, QuadMesh
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.patheffects import withStroke

from statmech.names import describe
from statmech.plot import _theory
from statmech.plot._data import (
    Source,
    Verdicts,
    Where,
    coordinate,
    edges,
    grid_values,
    informed,
    lines,
    mean_and_error,
    open_results,
    verdicts,
)
from statmech.plot._marks import legend_below, start_words, symbol
from statmech.plot.styling import MAP, drawing, pin

NO_DATA = "0.88"
INK = "black"
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.8)), (0, (5, 1.5, 1, 1.5)), (0, (1, 1.2)), (0, (9, 2)), (0, (3, 1, 1, 1)))


def phase_diagram(
    source: Source,
    observable: str = "m_abs",
    start: str | None = None,
    ax: Axes | None = None,
    theory: Any = True,
    where: Where | None = None,
    limits: tuple[float, float] | None = None,
    x: str = "alpha",
) -> Axes:
    r"""The (alpha, T) plane: [<observable>] as colour, the lines of the theory over it.

    Every grid point is a cell that reaches to the midpoints between grid values.  Hatched: more than half of the
    disorder samples are unequilibrated.  Dot: of the other points, those whose classes of starts are each
    stationary but differ (restricted) in at least as many samples as they agree.  Grey: nothing known.

    source:     results file, sweep directory or Results with `<observable>_mean` over (alpha, T)
    start:      class of starts whose value is shown; default the informed one (pattern, ...), else the first
    theory:     True for the model's own, if the spec of the results says that it applies; False; or an object with
                `lines() -> {name: T(alpha)}`, such as HopfieldTheory() or PerceptronTheory("spherical")
    where:      value of every other axis of the results, {"n": 1000}
    limits:     ends of the colour scale; default the whole range of an observable that lies between 0 and a maximum,
                else that of the data
    x:          the axis beside T, if it is not the load: "gap", "signal", ...

    Returns the Axes.  Raises ValueError if the observable, the axes alpha and T, or the class of starts are missing,
    or if another axis is not fixed.

    Example: ``statmech.plot.phase_diagram("results/hopfield", "q_abs", start="random")``
    """
    results = open_results(source)
    grid = (x, "T")
    name = f"{observable}_mean"
    mean_and_error(results, observable, {})
    for dim in grid:
        if dim not in results.dims(name):
            there = ", ".join(results.dims(name))
            raise ValueError(f"a phase diagram needs the axes {x} and T, {name!r} has {there}: use plot.curves")
    choice = dict(where or {})
    if start is None and "start" in results.dims(name) and "start" not in choice:
        start = informed(coordinate(results, "start"))
    if start is not None:
        choice["start"] = start
    found = lines(results, name, grid, choice)
    if len(found) != 1:
        raise ValueError(f"{found[0].axis} has several values: choose one with where={{{found[0].axis!r}: ...}}")
    line = found[0]
    values, _, dims = mean_and_error(results, observable, line.at)
    marks = verdicts(results, values.shape, dims, line.at)
    across, y = (coordinate(results, dim, line.at) for dim in grid)
    right, up = np.argsort(across), np.argsort(y)
    turn = [dims.index("T"), dims.index(x)]
    planes = (values, marks.unequilibrated, marks.restricted)
    values, bad, apart = (plane.transpose(turn)[np.ix_(up, right)] for plane in planes)
    x_edges, y_edges = edges(across[right], 0.0), edges(y[up], 0.0)
    with drawing(ax, ratio=1.08, tallest=4.9) as axes:
        mesh = _cells(axes, x_edges, y_edges, values, observable, limits)
        drawn = _theory.theory_of(results, theory, grid_values(results, line.at))
        handles = _lines(axes, drawn, x_edges, y_edges)
        title = f"Lines: {_theory.citation(drawn)}" if handles else None
        handles += _verdict_marks(axes, mesh, x_edges, y_edges, across[right], y[up], Verdicts(bad, apart))
        if np.isnan(values).any():
            handles.append(Patch(facecolor=NO_DATA, edgecolor="0.5", linewidth=0.4, label="no data"))
        axes.set(xlabel=symbol(x), ylabel=symbol("T"), xlim=x_edges[[0, -1]], ylim=y_edges[[0, -1]])
        axes.tick_params(which="both", direction="out", top=False, right=False)  # ink on dark cells is not seen
        bar = axes.figure.colorbar(mesh, ax=axes, pad=0.03, aspect=28)
        bar.set_label(", ".join([symbol(observable), *([start_words(line.start)] if line.start else [])]))
        bar.outline.set_linewidth(0.5)
        bar.minorticks_off()
        pin(bar.ax)
        legend_below(axes, handles, title)
        return axes


def _cells(
    ax: Axes, x: np.ndarray, y: np.ndarray, values: np.ndarray, observable: str, limits: tuple[float, float] | None
) -> QuadMesh:
    """The colours.  An observable of a finite, non-negative range is shown on its whole range."""
    known = describe(observable)
    if limits is None and known.low == 0 and np.isfinite(known.high):
        limits = known.low, known.high
    low, high = limits or (None, None)
    ax.set_facecolor(NO_DATA)
    masked = np.ma.masked_invalid(values)
    return ax.pcolormesh(x, y, masked, cmap=MAP, shading="flat", rasterized=values.size > 10_000, vmin=low, vmax=high)


def _lines(ax: Axes, theory: Any, x: np.ndarray, y: np.ndarray) -> list[Artist]:
    """Lines of the theory inside the plane, with their legend entries."""
    if theory is None or not hasattr(theory, "lines"):
        return []
    handles: list[Artist] = []
    halo = [withStroke(linewidth=2.0, foreground="white")]
    box = [(float(borders[0]), float(borders[-1])) for borders in (x, y)]
    known = getattr(theory, "words", {})
    order = [name for name, text in known.items() if isinstance(text, tuple)]  # a line looks the same in every panel
    for name, (alpha, T) in _theory.phase_lines(theory, *box).items():
        text, meaning = _theory.words(theory, name)
        k = order.index(name) if name in order else 0
        if not np.any((alpha >= x[0]) & (alpha <= x[-1]) & ((T - y[0]) * (T - y[-1]) <= 0)):
            continue
        style: dict[str, Any] = {"color": INK, "linestyle": DASHES[k % len(DASHES)], "linewidth": 1.0}
        ax.plot(alpha, T, path_effects=halo, gid=name, scalex=False, scaley=False, **style)
        handles.append(Line2D([], [], label=f"{text}: {meaning}" if text else meaning, **style))
    return handles


def _verdict_marks(
    ax: Axes, mesh: QuadMesh, x_edges: np.ndarray, y_edges: np.ndarray, x: np.ndarray, y: np.ndarray, marks: Verdicts
) -> list[Artist]:
    """Hatched cells and dots, in an ink that can be seen on the colour under it; their legend entries."""
    colour = mesh.to_rgba(np.ma.asarray(mesh.get_array()).reshape(marks.restricted.shape))
    dark = colour[..., :3] @ np.array([0.2126, 0.7152, 0.0722]) < 0.45
    handles: list[Artist] = []
    for ink, chosen in (("0.85", dark), ("0.2", ~dark)):
        cells = [
            Rectangle((x_edges[i], y_edges[j]), x_edges[i + 1] - x_edges[i], y_edges[j + 1] - y_edges[j])
            for j, i in np.argwhere(marks.unequilibrated & chosen)
        ]
        if cells:
            ax.add_collection(
                PatchCollection(
                    cells, facecolor="none", edgecolor=ink, linewidth=0, hatch="/" * 5, gid="unequilibrated", zorder=1.5
                ),
                autolim=False,
            )
        j, i = np.nonzero(marks.restricted & chosen)
        if len(j):
            ax.plot(x[i], y[j], ".", color=ink, markersize=3, markeredgewidth=0, gid="restricted", zorder=1.5)
    if marks.unequilibrated.any():
        handles.append(Patch(facecolor="0.75", edgecolor="0.2", linewidth=0, hatch="/" * 5, label="not equilibrated"))
    if marks.restricted.any():
        dot: dict[str, Any] = {"marker": "o", "markersize": 2.5, "markeredgewidth": 0, "linestyle": "none"}
        handles.append(Line2D([], [], color="0.2", label="starts differ (metastable)", **dot))
    return handles


__all__ = ["phase_diagram"]
