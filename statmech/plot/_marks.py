"""Words and marks that several pictures share."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.transforms import ScaledTranslation

from statmech.names import describe
from statmech.plot._data import Line, coordinate
from statmech.plot.styling import COLOURS, MAP, SIZES
from statmech.results import Results

DASHES = ("-", (0, (4, 1.5)), (0, (1, 1.2)), (0, (5, 1.5, 1, 1.5)))
_shared: MutableMapping[Legend, tuple[list[Artist], list[str]]] = WeakKeyDictionary()
"""What the legends under figures hold, so that the next panel adds to them."""
ONLY = 3.6  # size of the marker where there is one class of starts
SYMBOLS = {"T": r"$T$", "alpha": r"$\alpha$", "n": r"$N$", "kappa": r"$\kappa$", "p": r"$p$"}


def symbol(name: str) -> str:
    """LaTeX of a parameter or an observable."""
    return SYMBOLS.get(name) or describe(name).latex


def words(dim: str, value: Any) -> str:
    """ "alpha = 0.05" with its symbol."""
    number = isinstance(value, int | float | np.integer | np.floating)
    return f"{symbol(dim)} = {value:.4g}" if number else f"{dim}: {value}"


def start_words(start: str | None) -> str:
    """ "pattern start"."""
    return "" if start is None else f"{start} start"


def colours(all_lines: Sequence[Line]) -> list[Any]:
    """One colour per line: by the value of the free axis if there is one (light to dark), otherwise by the start."""
    if any(line.axis is not None for line in all_lines):
        values = list(dict.fromkeys(line.at[str(line.axis)] for line in all_lines))
        shades = mpl.colormaps[MAP](np.linspace(0.0, 0.82, len(values)))
        return [shades[values.index(line.at[str(line.axis)])] for line in all_lines]
    starts = list(dict.fromkeys(line.start for line in all_lines))
    return [COLOURS[starts.index(line.start) % len(COLOURS)] for line in all_lines]


def markers(all_lines: Sequence[Line]) -> list[str]:
    """One marker per class of starts."""
    starts = list(dict.fromkeys(line.start for line in all_lines))
    shapes = list(SIZES)
    return [shapes[starts.index(line.start) % len(shapes)] for line in all_lines]


def sizes(all_lines: Sequence[Line], count: int) -> list[float]:
    """Marker sizes of the lines, smaller where many points stand close together."""
    shapes = markers(all_lines)
    crowd = min(1.0, (16 / max(count, 1)) ** 0.5)
    return [crowd * (SIZES[shape] if len(set(shapes)) > 1 else ONLY) for shape in shapes]


def key(all_lines: Sequence[Line], points: bool = True) -> list[Artist]:
    """Legend entries: colours of the free axis and classes of starts (markers, or dashes without points) apart; both
    in one where no axis is free."""
    tints, shapes, strokes = colours(all_lines), markers(all_lines), dashes(all_lines)
    free = all_lines[0].axis is not None
    out: dict[str, Artist] = {}
    for line, tint in zip(all_lines, tints):
        if free:
            text = words(str(line.axis), line.value)
            out.setdefault(text, Line2D([], [], color=tint, linewidth=2.5, label=text))
    for line, tint, shape, stroke in zip(all_lines, tints, shapes, strokes):
        if line.start is not None:
            dot = {"marker": shape, "markersize": SIZES[shape] if len(set(shapes)) > 1 else ONLY, "linestyle": "none"}
            look: dict[str, Any] = dot if points else {"linestyle": stroke}
            text = start_words(line.start)
            out.setdefault(text, Line2D([], [], color="0.3" if free else tint, label=text, **look))
    return list(out.values())


def dashes(all_lines: Sequence[Line]) -> list[Any]:
    """One dash pattern per class of starts where colours show a free axis, otherwise full lines."""
    starts = list(dict.fromkeys(line.start for line in all_lines))
    return [DASHES[starts.index(line.start) % len(DASHES)] if line.axis else "-" for line in all_lines]


def fixed_words(results: Results, line: Line) -> str:
    """What all lines of a picture have in common, for its title: "alpha = 0.05, T = 0.3"."""
    fixed = [words(d, coordinate(results, d)[i]) for d, i in line.at.items() if d not in ("start", line.axis)]
    return ", ".join(fixed)


def legend_below(ax: Axes, handles: Sequence[Artist], title: str | None = None) -> None:
    """A legend where it hides no data: one under the figure for all its panels, or, in a figure without constrained
    layout, one under the axes."""
    figure = ax.figure
    if not handles:
        return
    if not isinstance(figure.get_layout_engine(), ConstrainedLayoutEngine):
        _as_many_columns_as_fit(partial(ax.legend, **_under(ax)), handles, title, ax.get_window_extent().width)
        return
    shared = next((legend for legend in figure.legends if legend in _shared), None)
    before, titles = _shared.pop(shared, ([], [])) if shared else ([], [])
    if shared:
        shared.remove()
    merged = {_look(handle): handle for handle in [*before, *handles]}
    titles = list(dict.fromkeys([*titles, *([title] if title else [])]))
    draw = partial(figure.legend, loc="outside lower center")
    legend = _as_many_columns_as_fit(draw, list(merged.values()), "; ".join(titles) or None, figure.bbox.width)
    _shared[legend] = (list(merged.values()), titles)


def _look(handle: Artist) -> tuple[str, ...]:
    """Handles that look the same and say the same are one."""
    properties = ("label", "color", "facecolor", "marker", "linestyle", "hatch")
    return tuple(str(getattr(handle, f"get_{name}", str)()) for name in properties)


def _under(ax: Axes) -> dict[str, Any]:
    """The place under the axis label, measured in the sizes of its text."""
    sizes = (mpl.rcParams["xtick.labelsize"], mpl.rcParams["axes.labelsize"])
    points = sum(FontProperties(size=size).get_size_in_points() for size in sizes)
    down = 1.3 * points + mpl.rcParams["xtick.major.pad"] + mpl.rcParams["axes.labelpad"]
    below = ax.transAxes + ScaledTranslation(0, -down / 72, ax.figure.dpi_scale_trans)
    return {"loc": "upper center", "bbox_to_anchor": (0.5, 0), "bbox_transform": below}


def _as_many_columns_as_fit(
    draw: Callable[..., Legend], handles: Sequence[Artist], title: str | None, room: float
) -> Legend:
    for columns in range(min(6, len(handles)), 1, -1):
        legend = draw(handles=list(handles), title=title, ncols=columns)
        if legend.get_window_extent().width <= room:
            return legend
        legend.remove()
    return draw(handles=list(handles), title=title, ncols=1)
