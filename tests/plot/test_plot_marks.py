"""Marks on the cells of a map."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from statmech import plot


def test_marks_stand_where_the_condition_holds_and_nowhere_else():
    _, ax = plt.subplots(layout="constrained")
    x, y = np.array([0.5, 1.0, 2.0]), np.array([0.1, 0.3])
    where = np.array([[True, False], [False, True], [False, False]])
    plot.mark_cells(ax, x, y, {"glass": ("x", where), "perfect": ("*", ~where), "nowhere": ("v", where & ~where)})
    drawn = {line.get_marker(): set(zip(*line.get_data(), strict=True)) for line in ax.lines}
    assert drawn["x"] == {(0.5, 0.1), (1.0, 0.3)}
    assert len(drawn["*"]) == 4 and "v" not in drawn
    texts = [text.get_text() for legend in ax.figure.legends for text in legend.get_texts()]
    assert texts == ["glass", "perfect"]
