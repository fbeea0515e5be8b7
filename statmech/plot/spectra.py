"""Eigenvalues of the layers of a network with the laws that were fitted to them, and what the layers have in common."""

from __future__ import annotations

from typing import Any, Literal

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from statmech.plot._data import Source, open_results
from statmech.plot._marks import legend_below
from statmech.plot.styling import COLOURS, SIZES, WIDTHS, drawing, pin, style
from statmech.results import Results
from statmech.spectra.marchenko_pastur import MarchenkoPastur
from statmech.spectra.power_law import PowerLaw

Scale = Literal["linear", "log"]
BULK, TAIL, BEFORE, SPIKE = COLOURS[:4]
BAR = "0.82"
EDGE: Any = (0, (4, 1.5))  # dashes of lambda_+
DECADES = 4  # below the largest eigenvalue, that logarithmic axes show
PHASE_MARKERS = dict(zip(SIZES, COLOURS))  # one marker and one colour per spectral phase, in their order
SURE = 0.5  # probability of the phase from which a marker is drawn in full
ROW = 2.0  # inches per layer on a page


def spectral_density(source: Source, layer: str, ax: Axes | None = None, scale: Scale = "linear") -> Axes:
    """Density of the eigenvalues of X = W^T W of a layer, with its Marchenko-Pastur bulk and its power-law tail.

    The bulk is weighted by the share of eigenvalues in it, the tail by n_tail/count.  Dashed: the edge lambda_+.
    Triangles: the eigenvalues above it that were found to be spikes.  A fit that failed is not drawn.  Logarithmic axes
    show the four decades below the largest eigenvalue.

    source: results of `analyse`, or their file.  scale: "linear" in both axes, or "log" in both.

    Raises ValueError for an unknown layer.

    Example: ``statmech.plot.spectral_density("lenet.h5", "fc1.weight", scale="log")``
    """
    found = _Layer(open_results(source), layer)
    with drawing(ax) as axes:
        legend_below(axes, _density(axes, found, scale))
        axes.set_title(found.title())
        return axes


def layer_exponents(source: Source, ax: Axes | None = None) -> Axes:
    """Exponent alpha of the power-law tail of every layer, with its bootstrap interval; marker and colour by phase.

    Layers stand in the order of the network.  Pale: the most probable phase has probability below 1/2.
    Layers without a fit have a cross on the axis.

    Example: ``statmech.plot.layer_exponents("resnet20.h5")``
    """
    results = open_results(source)
    names = [str(name) for name in results["layer"]]
    alpha, low, high = (np.asarray(results[f"spectra/{x}"], float) for x in ("alpha", "alpha_low", "alpha_high"))
    phases = [str(name) for name in results["phase_name"]]
    phase, probability = results["spectra/phase"], np.asarray(results["spectra/phase_probability"])
    with drawing(ax) as axes:
        handles: list[Artist] = []
        looks = list(PHASE_MARKERS.items())
        for index in sorted(set(phase.tolist())):
            marker, colour = looks[index] if index >= 0 else ("x", "0.4")
            chosen = np.flatnonzero((phase == index) & np.isfinite(alpha))
            sure = probability[chosen].max(axis=1, initial=0) >= SURE if index >= 0 else np.ones(len(chosen), bool)
            for mine, strength in ((chosen[sure], 1.0), (chosen[~sure], 0.45)):
                if len(mine):
                    bars = np.abs(np.nan_to_num([alpha[mine] - low[mine], high[mine] - alpha[mine]]))
                    axes.errorbar(
                        mine, alpha[mine], bars, fmt=marker, color=colour, markersize=SIZES.get(marker, 4.0),
                        elinewidth=0.8, capsize=1.5, alpha=strength,
                    )  # fmt: skip
            label = phases[index] if index >= 0 else "too small for a label"
            handles.append(
                Line2D(
                    [],
                    [],
                    marker=marker,
                    color=colour,
                    linestyle="none",
                    markersize=SIZES.get(marker, 4.0),
                    label=label,
                )
            )
        if ((probability.max(axis=1) < SURE) & (phase >= 0)).any():
            handles.append(
                Line2D([], [], marker="o", color="0.7", linestyle="none", label=f"pale: probability < {SURE}")
            )
        failed = np.flatnonzero(~np.isfinite(alpha))
        if len(failed):
            axes.plot(
                failed, np.zeros(len(failed)), "x", color="0.4", transform=axes.get_xaxis_transform(), clip_on=False
            )
            handles.append(Line2D([], [], marker="x", color="0.4", linestyle="none", label="no power law"))
        axes.set_xticks(range(len(names)), names, rotation=90 if len(names) > 6 else 0)
        axes.tick_params(axis="x", which="minor", bottom=False, top=False)
        axes.set(ylabel=r"$\alpha$", xlim=(-0.6, len(names) - 0.4))
        legend_below(axes, handles)
        return axes


def before_and_after(before: Source, after: Source, layer: str, ax: Axes | None = None, scale: Scale = "log") -> Axes:
    """Density of the eigenvalues of one layer before (line) and after training (bars), with the edge of either bulk.

    before, after: results of `analyse`, or their files, with the layer in both.

    Raises ValueError for an unknown layer.

    Example: ``statmech.plot.before_and_after("start.h5", "trained.h5", "fc1.weight")``
    """
    first, last = _Layer(open_results(before), layer), _Layer(open_results(after), layer)
    with drawing(ax) as axes:
        legend_below(axes, _change(axes, first, last, scale))
        axes.set_title(last.name)
        return axes


def network_spectra(source: Source, layers: list[str] | None = None, before: Source | None = None) -> Figure:
    """A page with a row per layer: its density in linear axes and in logarithmic ones, and before training.

    layers: names of the rows, all if left out.  before: results of the network before training, for a third column.

    Example: ``statmech.plot.save(statmech.plot.network_spectra("lenet.h5"), "figures/lenet")``
    """
    results = open_results(source)
    found = [_Layer(results, name) for name in layers or map(str, results["layer"])]
    first = None if before is None else open_results(before)
    with style("page"):
        size = (WIDTHS["page"], ROW * len(found) + 0.5)
        figure, grid = plt.subplots(len(found), 2 if first is None else 3, figsize=size, squeeze=False)
        try:
            handles: list[Artist] = []
            for row, layer in zip(grid, found):
                for axes in row:
                    pin(axes)
                row[0].set_title(layer.title(), loc="left")
                handles += _density(row[0], layer, "linear") + _density(row[1], layer, "log")
                if first is not None:
                    handles += _change(row[2], _Layer(first, layer.name), layer, "log")
            legend_below(grid[0, 0], list({handle.get_label(): handle for handle in handles}.values()))
        except BaseException:
            plt.close(figure)
            raise
    return figure


class _Layer:
    """The eigenvalues of one layer and the numbers of its row."""

    def __init__(self, results: Results, name: str):
        names = [str(layer) for layer in results["layer"]] if "spectra/row" in results else []
        if name not in names:
            raise ValueError(f"layer {name!r} is not known, expected one of {', '.join(names) or 'none: no spectra'}")
        self.name, self.results, self.index = name, results, names.index(name)
        start, stop = results["spectra/row"][self.index : self.index + 2]
        self.values = np.asarray(results["spectra/eigenvalue"][start:stop], float)
        self.lambda_plus, self.spikes = self["lambda_plus"], int(self["num_spikes"])

    def __getitem__(self, name: str) -> Any:
        return self.results[f"spectra/{name}"][self.index]

    def title(self) -> str:
        """Name, size and phase."""
        index = int(self["phase"])
        words = f"{self.name}, {self['n']} × {self['m']}" + (f", {self['slices']} slices" if self["slices"] > 1 else "")
        if index < 0:
            return words
        probability = self["phase_probability"][index]
        return f"{words}: {self.results['phase_name'][index]} ({probability:.2f})"

    def bins(self, scale: Scale, more: np.ndarray | tuple[()] = ()) -> np.ndarray:
        """Edges of bars over all eigenvalues, equal on the scale."""
        values = np.concatenate([self.values, np.asarray(more, float)])
        positive = values[values > values.max() * 10.0**-DECADES]
        if not positive.size:  # a layer of zeros
            positive = np.ones(1)
        count = int(np.clip(2.5 * len(self.values) ** 0.5, 12, 80))
        if scale == "linear":
            return np.linspace(0.0, positive.max() * 1.02, count)
        return np.geomspace(positive.min() / 1.1, positive.max() * 1.1, count // 2 + 8)


def _density(axes: Axes, found: _Layer, scale: Scale) -> list[Artist]:
    """Bars and fits of one layer; returns the legend entries."""
    edges = found.bins(scale)
    top = _bars(axes, found.values, edges, color=BAR)
    handles: list[Artist] = [Patch(color=BAR, label="eigenvalues"), *_fits(axes, found, edges)]
    _frame(axes, edges, top, scale)
    return handles


def _change(axes: Axes, first: _Layer, last: _Layer, scale: Scale) -> list[Artist]:
    """Bars of the last, line of the first, both edges; returns the legend entries."""
    edges = last.bins(scale, first.values)
    top = _bars(axes, last.values, edges, color=BAR)
    top = np.append(top, _bars(axes, first.values, edges, fill=False, color=BEFORE, linewidth=1.0))
    handles: list[Artist] = [
        Patch(color=BAR, label="eigenvalues"),
        Line2D([], [], color=BEFORE, label="before training"),
    ]
    for found, colour, words in ((first, BEFORE, r"$\lambda_+$ before"), (last, BULK, r"$\lambda_+$")):
        if np.isfinite(found.lambda_plus):
            handles.append(_edge(axes, found.lambda_plus, colour, words))
    _frame(axes, edges, top, scale)
    return handles


def _bars(axes: Axes, values: np.ndarray, edges: np.ndarray, fill: bool = True, **look: Any) -> np.ndarray:
    counts, _ = np.histogram(values, edges)
    density = counts / (len(values) * np.diff(edges))
    axes.stairs(density, edges, fill=fill, **look)
    return density


def _edge(axes: Axes, position: float, colour: str, label: str) -> Artist:
    look: dict[str, Any] = {"color": colour, "linestyle": EDGE, "linewidth": 0.8}
    axes.axvline(position, **look)
    return Line2D([], [], label=label, **look)


def _fits(axes: Axes, found: _Layer, edges: np.ndarray) -> list[Artist]:
    handles: list[Artist] = []
    count = len(found.values)
    if np.isfinite(found.lambda_plus):
        Q = float(found["mp_Q"])
        law = MarchenkoPastur(float(found.lambda_plus) ** 0.5 / (1 + Q**-0.5), Q)
        share = 1 - (found.spikes + int(found["zeros"])) / count
        low, high = law.edges
        start = max(low, high * 10.0**-DECADES / 4)
        grid = np.sort(
            np.concatenate([start + (high - start) * np.linspace(0, 1, 200), np.geomspace(start, high, 200)])
        )
        axes.plot(grid, share * law.pdf(grid), color=BULK, linewidth=1.2)
        handles.append(Line2D([], [], color=BULK, linewidth=1.2, label="Marchenko-Pastur"))
        handles.append(_edge(axes, found.lambda_plus, BULK, r"$\lambda_+$"))
    if np.isfinite(found["alpha"]):
        tail = PowerLaw(float(found["alpha"]), float(found["xmin"]))
        grid = np.geomspace(tail.xmin, edges[-1], 200)
        axes.plot(grid, found["n_tail"] / count * tail.pdf(grid), color=TAIL, linewidth=1.2)
        handles.append(Line2D([], [], color=TAIL, linewidth=1.2, label=r"power law, from $x_{\min}$"))
    if found.spikes:
        look: dict[str, Any] = {"marker": "v", "color": SPIKE, "linestyle": "none", "markersize": 3.0}
        spikes = found.values[count - found.spikes :]
        axes.plot(spikes, np.full(len(spikes), 0.04), transform=axes.get_xaxis_transform(), **look)
        handles.append(Line2D([], [], label="spikes", **look))
    return handles


def _frame(axes: Axes, edges: np.ndarray, density: np.ndarray, scale: Scale) -> None:
    some = density[density > 0]
    if not some.size:  # a layer of zeros
        some = np.ones(1)
    elif scale == "log":
        axes.set(xscale="log", yscale="log")
    axes.set_ylim((some.min() / 3, some.max() * 3) if scale == "log" else (0, some.max() * 1.15))
    axes.set(xlim=(edges[0], edges[-1]), xlabel=r"$\lambda$", ylabel=r"$\rho(\lambda)$")
