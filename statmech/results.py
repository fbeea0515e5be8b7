"""Labelled results in memory: what `simulate` and `load` return."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from statmech.core import Labelled, Variable
from statmech.names import COORDINATES, STATUS, describe

if TYPE_CHECKING:
    import xarray


class Results(Mapping[str, np.ndarray]):
    """Arrays with named dimensions.  `r["m"]` is the array, `r.dims("m")` its dimensions.

    variables: name -> Variable; a name with "/" lives in a group.  attrs: what belongs to the whole.

    Example: ``statmech.simulate(Hopfield(n=64, alpha=0.1), T=[0.5], sweeps=64)["e_mean"]``
    """

    def __init__(self, variables: Labelled, attrs: Mapping[str, Any] | None = None):
        self.variables = variables
        self.attrs = dict(attrs or {})

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self.variables:
            import difflib

            near = difflib.get_close_matches(name, self.variables, 3)
            raise KeyError(f"no variable {name!r}" + (f"; did you mean {', '.join(near)}?" if near else ""))
        return self.variables[name].data

    def __iter__(self) -> Iterator[str]:
        return iter(self.variables)

    def __len__(self) -> int:
        return len(self.variables)

    def dims(self, name: str) -> tuple[str, ...]:
        """Names of the dimensions of a variable."""
        self[name]
        return self.variables[name].dims

    def sel(self, name: str, **where: Any) -> np.ndarray:
        """The array at coordinate values, nearest for numbers: ``r.sel("m", T=0.3, start="pattern")``."""
        data, dims = self[name], list(self.dims(name))
        for dim, value in where.items():
            if dim not in dims:
                raise KeyError(f"{name!r} has dimensions {tuple(dims)}, not {dim!r}")
            axis = dims.index(dim)
            data = np.take(data, self._position(dim, value), axis=axis)
            dims.pop(axis)
        return data

    def at(self, **where: Any) -> Results:
        """The results at coordinate values, nearest for numbers: every variable without those dimensions.

        Example: ``results.at(student="ising").dims("R_mean") == ("alpha", "T", "start")``
        """
        known = {dim for variable in self.variables.values() for dim in variable.dims}
        for dim in where:
            if dim not in known:
                raise KeyError(f"the results have the dimensions {', '.join(sorted(known))}, not {dim!r}")
        out: Labelled = {}
        for name, variable in self.variables.items():
            chosen = {dim: value for dim, value in where.items() if dim in variable.dims}
            dims = tuple(dim for dim in variable.dims if dim not in chosen)
            out[name] = Variable(dims, self.sel(name, **chosen), variable.attrs) if chosen else variable
        return Results(out, self.attrs)

    def _position(self, dim: str, value: Any) -> int:
        coordinate = self[dim]
        if coordinate.dtype.kind in "OUST":
            found = np.flatnonzero(coordinate.astype(str) == str(value))
            if not len(found):
                raise KeyError(f"{dim} = {value!r}: the file has {', '.join(map(str, coordinate))}")
            return int(found[0])
        if isinstance(value, str):
            raise TypeError(f"{dim} = {value!r}: expected a number, such as {coordinate[0]}")
        margin = np.diff(coordinate).max() / 2 if len(coordinate) > 1 else 0.0
        if not coordinate.min() - margin <= value <= coordinate.max() + margin:
            raise KeyError(f"{dim} = {value}: the grid goes from {coordinate.min()} to {coordinate.max()}")
        return int(np.abs(coordinate - value).argmin())

    def to_hdf5(self, path: str | Path) -> Path:
        """Write a labelled HDF5 file (see docs/files.md); returns its path."""
        from statmech.io import write_labelled

        return write_labelled(Path(path), self.variables, self.attrs)

    def to_xarray(self) -> xarray.DataTree:
        """An xarray.DataTree: groups are nodes (needs the extra `xarray`)."""
        try:
            import xarray
        except ImportError as error:
            raise ImportError("to_xarray needs xarray: pip install 'statmech[xarray]'") from error
        groups: dict[str, dict[str, Any]] = {}
        for name, v in self.variables.items():
            group, _, leaf = name.rpartition("/")
            groups.setdefault("/" + group, {})[leaf] = (v.dims, v.data, self._attributes(name))
        tree = {path: xarray.Dataset(variables) for path, variables in groups.items()}
        tree.setdefault("/", xarray.Dataset())
        return xarray.DataTree.from_dict({**tree, "/": tree["/"].assign_attrs(self.attrs)})

    def _attributes(self, name: str) -> dict[str, Any]:
        unit, label = COORDINATES.get(name, (describe(name).unit, describe(name).long_name))
        return {"units": unit, "long_name": label, **self.variables[name].attrs}

    def plot(self, observable: str | None = None, ax: Any = None, **options: Any) -> Any:
        """Curves with error bars against T or, for a sweep over the load, the phase diagram; see statmech.plot."""
        from statmech import plot

        if "alpha" in self.variables and observable is None:
            return plot.phase_diagram(self, ax=ax, **options)
        return plot.curves(self, observable or "e", ax=ax, **options)

    def __repr__(self) -> str:
        sizes: dict[str, int] = {}
        for v in self.variables.values():
            sizes |= dict(zip(v.dims, np.shape(v.data), strict=True))
        means = sorted(n.removesuffix("_mean") for n in self.variables if n.endswith("_mean"))
        text = "statmech results: " + ", ".join(f"{k} {n}" for k, n in sizes.items())
        if means:
            text += f"\n  disorder averages (_mean, _err): {', '.join(means)}"
        if "status" in self.variables:
            text += f"\n  verdicts: {self.verdicts()}"
        return text

    def verdicts(self) -> str:
        """How many points have which status: "288 done, 6 unequilibrated"."""
        codes = {v: k for k, v in STATUS.items()}
        values, counts = np.unique(self["status"], return_counts=True)
        return ", ".join(f"{n} {codes[int(v)]}" for v, n in zip(values, counts, strict=True))


__all__ = ["Results", "Variable"]
