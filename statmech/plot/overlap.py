"""The distribution of the replica overlap."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from statmech.plot._data import Source, coordinate, lines, open_results, over_disorder, require, take
from statmech.plot._marks import colours, fixed_words, key, legend_below, symbol
from statmech.plot.styling import drawing

MOST_SAMPLES = 32  # thin lines; more of them are a smear


def overlap_distribution(
    source: Source,
    T: float | None = None,
    alpha: float | None = None,
    start: str | None = None,
    ax: Axes | None = None,
    samples: bool = False,
    **where: object,
) -> Axes:
    r"""P(q), the disorder average of the distribution of q = (1/N) sum_i s_i^a s_i^b, with a band of its error.

    The band is one jackknife standard error over disorder, bin by bin (none for a single sample).

    source:     results file, sweep directory or Results with `overlap/P_q` (runs with at least two real replicas)
    T, alpha:   grid point, the nearest is taken; one of them may stay free (up to six values are drawn then)
    start:      class of starts; default all
    samples:    the distributions of the samples too, as thin lines (at most 32)
    where:      values of other axes of the results, n=1000

    Returns the Axes.  Raises ValueError if P(q) or the grid point is missing, or if two axes stay free.
    Definition: Parisi, Phys. Rev. Lett. 50, 1946 (1983).

    Example: ``statmech.plot.overlap_distribution("results/hopfield", T=0.3, alpha=0.1, samples=True)``
    """
    results = open_results(source)
    name = "overlap/P_q"
    require(results, name, "runs with at least two real replicas have it")
    chosen = {"T": T, "alpha": alpha, "start": start, **where}
    found = lines(results, name, ("q_bin", "disorder"), {k: v for k, v in chosen.items() if v is not None})
    q = coordinate(results, "q_bin")
    with drawing(ax) as axes:
        for line, colour in zip(found, colours(found)):
            density, error, _ = over_disorder(results, name, line.at)
            if samples:
                each, dims = take(results, name, line.at)
                for one in np.moveaxis(each, dims.index("disorder"), 0)[:MOST_SAMPLES]:
                    axes.plot(q, one, color=colour, linewidth=0.4, alpha=0.45, zorder=1, gid="sample")
            if np.isfinite(error).any():
                axes.fill_between(
                    q, density - error, density + error, color=colour, alpha=0.3, linewidth=0, zorder=2, gid="error"
                )
            axes.plot(q, density, color=colour, linewidth=1.2, zorder=3, gid="mean")
        axes.set(xlabel=symbol("q"), ylabel=symbol("P_q"), xlim=(-1.02, 1.02), title=fixed_words(results, found[0]))
        axes.set_ylim(bottom=0)
        legend_below(axes, key(found, points=False))
        return axes
