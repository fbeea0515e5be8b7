"""Marks on the cells of a phase diagram: where something measured holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from statmech.plot._marks import legend_below

SIZE = 3.0


def mark_cells(ax: Axes, x: np.ndarray, y: np.ndarray, marks: Mapping[str, tuple[str, np.ndarray]]) -> None:
    """Draw a small marker on every cell of a map where a condition holds, with legend entries for those that occur.

    x (X,), y (Y,): cell centres; marks: words of the legend -> (marker, boolean map (X, Y)).

    Example: ``plot.mark_cells(ax, alpha, T, {"over-training": ("v", phases.over_training)})``
    """
    handles = []
    for words, (marker, where) in marks.items():
        i, j = np.nonzero(where)
        if not len(i):
            continue
        edge = "black" if marker in "_x|+" else "white"
        look: dict[str, Any] = {"marker": marker, "markersize": SIZE, "markeredgewidth": 0.6, "markeredgecolor": edge}
        look |= {"linestyle": "none", "color": "black"}
        ax.plot(x[i], y[j], scalex=False, scaley=False, zorder=2, **look)
        handles.append(Line2D([], [], label=words, **look))
    legend_below(ax, handles)
