"""The style of the figures, and the axes that a plot function draws on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import matplotlib.style
from matplotlib.axes import Axes

STYLE = Path(__file__).with_name("statmech.mplstyle")
WIDTHS = {"column": 3.4, "page": 7.0}  # inches: one and two columns of a journal
RATIO = 0.85  # height over width where nothing asks for another: the legend stands below the axes
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe & Ito, Color Universal Design (2008): distinct to colour-blind eyes, in the order of use."""
MAP = "viridis"
"""S. van der Walt & N. Smith (2015): perceptually uniform, monotone in lightness, fit for colour-blind eyes."""
SIZES = {"o": 5.0, "s": 3.3, "^": 3.4, "D": 2.6, "v": 3.4, "P": 3.4}
"""Markers of the classes of starts and their sizes in points: where values are equal, the smaller one shows on top."""

_format: ContextVar[tuple[float, float | None] | None] = ContextVar("_format", default=None)


@contextmanager
def style(width: str | float = "column", ratio: float | None = None) -> Iterator[None]:
    """The look of statmech figures, for as long as the context lasts; the global settings come back afterwards.

    width: "column" (3.4 in), "page" (7 in) or inches.  ratio: height over width of new figures; left out, each plot
    function takes the one that suits it (0.85 elsewhere).  Colours: Okabe & Ito (2008); map: viridis.

    Raises ValueError for an unknown width, or one that is not positive.

    Example: ``with statmech.plot.style("page"): ax = statmech.plot.curves("results.h5", "e")``
    """
    inches = WIDTHS.get(width) if isinstance(width, str) else float(width)
    if inches is None or not inches > 0:
        raise ValueError(f"width = {width!r}: expected 'column', 'page' or a positive number of inches")
    if ratio is not None and not ratio > 0:
        raise ValueError(f"ratio = {ratio!r}: expected a positive height over width")
    token = _format.set((inches, ratio))
    try:
        with mpl.rc_context():
            matplotlib.style.use(STYLE)
            mpl.rcParams["figure.figsize"] = (inches, inches * (ratio or RATIO))
            yield
    finally:
        _format.reset(token)


@contextmanager
def drawing(ax: Axes | None, ratio: float = RATIO, tallest: float = 4.2) -> Iterator[Axes]:
    """The given axes in the caller's own style, or new ones in ours; a half-made figure goes away with its error.

    ratio, tallest: height over width, and the height in inches that it does not exceed, if the style leaves it open.
    """
    if ax is not None:
        yield ax
        return
    with style() if _format.get() is None else nullcontext():
        inches, wanted = _format.get() or (WIDTHS["column"], None)
        height = min(inches * ratio, tallest) if wanted is None else inches * wanted
        figure, new = plt.subplots(figsize=(inches, height))
        pin(new)
        try:
            yield new
        except BaseException:
            plt.close(figure)
            raise


def pin(ax: Any) -> None:
    """Fix the size of the tick labels: left to matplotlib, their number follows the settings at the time of drawing."""
    ax.tick_params(axis="x", labelsize=mpl.rcParams["xtick.labelsize"])
    ax.tick_params(axis="y", labelsize=mpl.rcParams["ytick.labelsize"])
