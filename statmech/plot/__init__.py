"""Pictures of results: every function takes a results file (or Results) and an optional `ax`, and returns the Axes.

    from statmech import plot
    with plot.style("page"):
        ax = plot.phase_diagram("results/hopfield/hopfield.h5")
        plot.save(ax.figure, "figures/hopfield")

Nothing here calls `plt.show` or leaves the global settings of matplotlib changed.  matplotlib is imported when
the first of these names is used.
"""

from __future__ import annotations

import importlib
from typing import Any

_PUBLIC = {
    "phase_diagram": "diagram",
    "curves": "curve",
    "mark_cells": "marks",
    "overlap_distribution": "overlap",
    "history": "timeline",
    "tempering_flow": "tempering",
    "swap_rates": "tempering",
    "spectral_density": "spectra",
    "layer_exponents": "spectra",
    "before_and_after": "spectra",
    "network_spectra": "spectra",
    "save": "output",
    "style": "styling",
}

__all__ = [*_PUBLIC]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(importlib.import_module(f"statmech.plot.{_PUBLIC[name]}"), name)
    raise AttributeError(f"module 'statmech.plot' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
