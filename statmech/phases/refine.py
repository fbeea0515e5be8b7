"""A phase diagram by adaptive refinement: cells are divided where the labels at their corners differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from statmech.core import Labelled, Variable

Array = NDArray[np.float64]
Labeller = Callable[[Sequence[tuple[float, float]]], tuple[Sequence[str], int]]
"""Points (x, y) -> their labels, and the sweeps they took.  Points of one level come in one call."""


@dataclass(frozen=True)
class Refined:
    """Labelled points of an adaptively refined grid.

    x, y: (point,) coordinates; label (point,) text; level (point,) the refinement that asked for the point; sweeps: the
    cost of all; boundary: (segment, 4), pairs of labelled neighbours (x1, y1, x2, y2) with different labels and no
    labelled point between them; full: number of points of the full grid of the finest level.
    """

    x: Array
    y: Array
    label: NDArray[np.str_]
    level: NDArray[np.intp]
    sweeps: int
    boundary: Array
    full: int

    def crossings(self, x: float) -> Array:
        """(y, half-width) of the changes of label along the column x, as far as they are bracketed.

        Example: ``refine(label, alpha, T, levels=3).crossings(0.05)``
        """
        b = self.boundary
        rows = b[(b[:, 0] == x) & (b[:, 2] == x)]
        return np.stack([(rows[:, 1] + rows[:, 3]) / 2, np.abs(rows[:, 3] - rows[:, 1]) / 2], -1)

    def variables(self, names: tuple[str, str] = ("alpha", "T")) -> Labelled:
        """The points as variables of a results file: refine/alpha, refine/T, refine/phase, refine/level (point)."""
        words, index = np.unique(self.label, return_inverse=True)
        meaning = {"flag_values": np.arange(len(words), dtype=np.int8), "flag_meanings": " ".join(words)}
        return {
            f"refine/{names[0]}": Variable(("point",), self.x),
            f"refine/{names[1]}": Variable(("point",), self.y),
            "refine/phase": Variable(("point",), index.reshape(-1).astype(np.int8), meaning),
            "refine/level": Variable(("point",), self.level.astype(np.int8)),
        }


def refine(label: Labeller, x: ArrayLike, y: ArrayLike, levels: int, budget: int | None = None) -> Refined:
    """Label the grid x times y, then halve the cells whose corners differ, `levels` times or until the budget is spent.

    x (X,), y (Y,): increasing, the coarse grid.  budget: sweeps to spend at most; a level that has begun is finished.

    A phase smaller than a coarse cell that touches none of its corners is missed.

    Raises ValueError for fewer than two values of x or y, not increasing, or levels < 0.

    Example: ``refine(lambda xy: ([str(a > b) for a, b in xy], len(xy)), [0, 1], [0, 1], levels=4).sweeps``
    """
    axes = [np.asarray(v, float) for v in (x, y)]
    if any(v.ndim != 1 or v.size < 2 or not (np.diff(v) > 0).all() for v in axes) or levels < 0:
        found = ", ".join(str(v.tolist()) for v in axes)
        raise ValueError(f"x, y = {found}, levels = {levels}: expected >= 2 increasing values each, and levels >= 0")
    fine = 2**levels  # fine steps of a coarse cell: points are pairs of whole numbers
    xs, ys = (np.interp(np.arange((v.size - 1) * fine + 1), np.arange(v.size) * fine, v) for v in axes)
    known: dict[tuple[int, int], tuple[str, int]] = {}
    sweeps = 0

    def ask(points: set[tuple[int, int]], level: int) -> None:
        nonlocal sweeps
        new = sorted(points - known.keys())
        if new:
            words, cost = label([(float(xs[i]), float(ys[j])) for i, j in new])
            sweeps += cost
            known.update(zip(new, ((str(w), level) for w in words), strict=True))

    cells = [(i * fine, j * fine) for i in range(axes[0].size - 1) for j in range(axes[1].size - 1)]
    ask({(i, j) for i in range(0, xs.size, fine) for j in range(0, ys.size, fine)}, 0)
    step = fine
    for level in range(1, levels + 1):
        if budget is not None and sweeps >= budget:
            break
        half = step // 2
        mixed = [c for c in cells if len({known[p][0] for p in _corners(c, step)}) > 1]
        ask({(i + a, j + b) for i, j in mixed for a in (0, half, step) for b in (0, half, step)}, level)
        cells = [(i + a, j + b) for i, j in mixed for a in (0, half) for b in (0, half)]
        step = half
    points = np.array(sorted(known))
    words = np.array([known[tuple(p)][0] for p in points.tolist()])  # type: ignore[index]
    return Refined(
        xs[points[:, 0]], ys[points[:, 1]], words, np.array([known[tuple(p)][1] for p in points.tolist()]),  # type: ignore[index]
        sweeps, _segments(known, xs, ys), xs.size * ys.size,
    )  # fmt: skip


def _corners(cell: tuple[int, int], step: int) -> list[tuple[int, int]]:
    i, j = cell
    return [(i + a, j + b) for a in (0, step) for b in (0, step)]


def _segments(known: dict[tuple[int, int], tuple[str, int]], xs: Array, ys: Array) -> Array:
    """Neighbours along x or y, with no labelled point between them, whose labels differ."""
    out = []
    for axis in (0, 1):
        lines: dict[int, list[tuple[int, int]]] = {}
        for p in sorted(known):
            lines.setdefault(p[1 - axis], []).append(p)
        for line in lines.values():
            for a, b in pairwise(line):
                if known[a][0] != known[b][0]:
                    out.append((xs[a[0]], ys[a[1]], xs[b[0]], ys[b[1]]))
    return np.array(out).reshape(-1, 4)
