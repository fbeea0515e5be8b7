"""Labels with probabilities: how sure is the phase of a cell, given the samples and the thermal errors?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from statmech.core import Labelled, Variable
from statmech.results import Results

Array = NDArray[np.float64]
Means = Mapping[str, Array]
Decision = Callable[[Means], NDArray[np.intp]]
"""From disorder averages, name -> array, the index of the label of every cell."""

UNEQUILIBRATED = "unequilibrated"
SURE = 0.9


@dataclass(frozen=True)
class PhaseMap:
    """Phase labels over the cells of a grid.

    names:        the labels there are, "unequilibrated" among them
    probability:  (*cells, names): share of the bootstrap repeats of the experiment that led to the label
    coordinates:  dimension -> values, in the order of the axes
    """

    names: tuple[str, ...]
    probability: Array
    coordinates: Mapping[str, np.ndarray]

    @property
    def dims(self) -> tuple[str, ...]:
        """Dimensions of the cells."""
        return tuple(self.coordinates)

    def label(self) -> np.ndarray:
        """The most probable word of every cell, an array of text."""
        return np.array(self.names)[self.probability.argmax(-1)]

    def where(self, name: str, least: float = 0.0) -> NDArray[np.bool_]:
        """Cells with this label, at a probability of at least `least`.

        Example: ``phases.where("retrieval", least=SURE)``
        """
        if name not in self.names:
            raise ValueError(f"phase {name!r} is not known, expected one of {', '.join(self.names)}")
        return (self.label() == name) & (self.probability.max(-1) >= least)

    def variables(self) -> Labelled:
        """`phase` (cells) int8, its words as flag_meanings, and `phase_probability` (cells, phase_name)."""
        flags = np.arange(len(self.names), dtype=np.int8)
        meaning = {"flag_values": flags, "flag_meanings": " ".join(self.names)}
        share = "share of bootstrap repeats with this label"
        return {
            "phase_name": Variable(("phase_name",), np.array(self.names, dtype=object)),
            "phase": Variable(self.dims, self.probability.argmax(-1).astype(np.int8),
                              {"long_name": "most probable phase", **meaning}),
            "phase_probability": Variable((*self.dims, "phase_name"), self.probability, {"long_name": share}),
        }  # fmt: skip

    def added_to(self, results: Results) -> Results:
        """The results with `phase` and `phase_probability`, to be written with `to_hdf5`.

        Example: ``hopfield_phases(results).added_to(results).to_hdf5("labelled.h5")``
        """
        return Results({**results.variables, **self.variables()}, results.attrs)


def bootstrap(
    decide: Decision, samples: Means, errors: Means, count: int, resamples: int = 200, seed: int = 0
) -> Array:
    """Probability of every label (*cells, count): the share of repeats of the experiment that give it.

    decide:  from averages over samples to the index of the label, cells (...)
    samples: name -> values (..., S), the samples of the disorder last; NaN leaves a sample out
    errors:  name -> thermal standard errors like the samples, for those that have one
    count:   number of labels

    In a repeat the S samples are drawn with replacement, the same for all cells.  Their spread contains the thermal
    noise, but only (S - 1)/S of it: the rest, of variance mean(error^2)/S^2, is added as Gaussian noise, and is all of
    it where there is one sample.  The labels are those of the decision applied to every repeat.

    Raises ValueError if there is no sample, or the numbers of samples differ.

    Example: ``bootstrap(lambda x: (x["m"] > 0).astype(int), {"m": np.ones((2, 5))}, {}, 2)[0, 1] == 1``
    """
    sizes = {name: x.shape[-1] for name, x in samples.items()}
    if len(set(sizes.values())) != 1 or 0 in sizes.values():
        raise ValueError(f"the observables have {sizes} samples: expected equally many, at least one")
    S = next(iter(sizes.values()))
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(S, np.full(S, 1 / S), resamples).astype(float)
    spread = {name: np.sqrt(np.nan_to_num(np.nanmean(_filled(x) ** 2, -1))) / S for name, x in errors.items()}
    votes: Array | None = None
    for weights in counts:
        repeat = {name: _weighted(x, weights) for name, x in samples.items()}
        for name, width in spread.items():
            repeat[name] = repeat[name] + width * rng.standard_normal(width.shape)
        chosen = decide(repeat)
        votes = np.zeros((*chosen.shape, count)) if votes is None else votes
        votes += chosen[..., None] == np.arange(count)
    assert votes is not None
    return votes / resamples


def _filled(x: Array) -> Array:
    return np.where(np.isfinite(x).any(-1, keepdims=True), x, 0.0)


def _weighted(x: Array, weights: Array) -> Array:
    """Average over the last axis with weights, without NaN; NaN where nothing is left."""
    known = np.isfinite(x)
    total = (known * weights).sum(-1)
    with np.errstate(invalid="ignore"):
        return (np.where(known, x, 0.0) * weights).sum(-1) / np.where(total > 0, total, np.nan)


class Cells:
    """Results as arrays (size, *cells, sample), whatever the order of their dimensions.

    cells: dimensions of the map, such as ("alpha", "T").  A further dimension along which n varies is that of the
    sizes; dimensions of length one are dropped.  The sizes are in increasing order.

    Raises ValueError for a dimension that is missing or one too many.
    """

    def __init__(self, results: Results, cells: Sequence[str]):
        if "status" not in results:
            raise ValueError("the results have no 'status': expected those of a MonteCarlo run")
        self.results, self.cells = results, tuple(cells)
        dims = results.dims("status")
        for dim in (*self.cells, "disorder"):
            if dim not in dims:
                raise ValueError(f"the results have the dimensions {', '.join(dims)}: expected {dim!r} among them")
        others = [d for d in dims if d not in (*self.cells, "disorder") and results["status"].shape[dims.index(d)] > 1]
        sizes = [d for d in others if "n" in results and results.dims("n") == (d,)]
        if extra := [d for d in others if d not in sizes] + sizes[1:]:
            raise ValueError(f"the results vary along {', '.join(extra)}: choose one value with results.at")
        self.size_dim = sizes[0] if sizes else None
        self.n = np.asarray(results["n"], float) if sizes else np.array([np.nan])
        self.order = np.argsort(self.n)
        self.n = self.n[self.order]
        self.starts = [str(s).partition(":")[0] for s in results["start"]]

    @property
    def coordinates(self) -> dict[str, np.ndarray]:
        """Coordinates of the cells."""
        return {dim: self.results[dim] for dim in self.cells}

    def values(self, name: str, start: str | None = None) -> Array:
        """A variable of a class of starts as (size, *cells, sample), NaN where a sample has no result.

        Raises ValueError if there is no such variable or start.
        """
        if name not in self.results:
            raise ValueError(f"the results have no {name!r}, which the labels need")
        data, dims = np.asarray(self.results[name], float), list(self.results.dims(name))
        if "start" in dims:
            if start not in self.starts:
                raise ValueError(f"the results have the starts {', '.join(self.starts)}: expected {start!r}")
            data = np.take(data, self.starts.index(start), dims.index("start"))
            dims.remove("start")
        wanted = [*([self.size_dim] if self.size_dim else []), *self.cells, "disorder"]
        if any(d not in dims for d in wanted) or any(
            data.shape[k] > 1 for k, d in enumerate(dims) if d not in wanted
        ):
            raise ValueError(f"{name!r} has the dimensions {', '.join(dims)}: expected {', '.join(wanted)}")
        rest = [k for k, d in enumerate(dims) if d not in wanted]
        data = data.transpose([dims.index(d) for d in wanted] + rest).reshape(
            [data.shape[dims.index(d)] for d in wanted]
        )
        return data[self.order] if self.size_dim else data[None]

    def resting(self, start: str) -> Array:
        """1 where the chains of a class of starts are stationary, 0 where not, NaN where a sample has no result."""
        known = np.isin(self.values("status"), (2, 4, 5))
        return np.where(known, self.values("reason", start) == 0, np.nan)

    def agreeing(self) -> Array:
        """1 where all classes of starts are stationary and agree, 0 where not, NaN where a sample has no result."""
        status = self.values("status")
        return np.where(np.isin(status, (2, 4, 5)), status == 2, np.nan)


def growth(q2: Array, n: Array) -> Array:
    """Exponent of <q^2> ~ N^x by least squares in ln N over all sizes (first axis); NaN where one <q^2> <= 0.

    Example: ``growth(np.array([1.0, 0.5]), np.array([10, 20])) == -1``
    """
    x = np.log(n) - np.log(n).mean()
    with np.errstate(divide="ignore", invalid="ignore"):
        y = np.log(np.where(q2 > 0, q2, np.nan))
    return np.tensordot(x, y, (0, 0)) / (x**2).sum()
