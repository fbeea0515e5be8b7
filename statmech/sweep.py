"""A sweep: a grid of tasks, what they are made of, and how they run."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from statmech import overrides as paths
from statmech.core import Task, Variable
from statmech.io.matrices import read_reference
from statmech.io.merge import Axis
from statmech.labels import coordinate, plain, short_hash, task_id
from statmech.random import canonical
from statmech.spec import identity

RESERVED = ("T", "disorder", "start", "time", "t_w", "q_bin", "rung", "pair", "replica", "status", "reason",
            "provenance")  # fmt: skip
SETTINGS = ("samples", "block", "seed", "first")


@dataclass(frozen=True)
class Zip:
    """Several fields that vary together, along one named dimension.

    Example: ``Sweep("size", task, grid={"size": Zip({"model.n": [500, 1000], "sweeps": [512, 1024]})})``
    """

    values: Mapping[str, Sequence]

    def __post_init__(self) -> None:
        lengths = {path: len(values) for path, values in self.values.items()}
        if not lengths or len(set(lengths.values())) != 1 or 0 in lengths.values():
            raise ValueError(f"Zip has lengths {lengths}: expected fields with equally many values, at least one")

    def __len__(self) -> int:
        return len(next(iter(self.values.values())))


@dataclass(frozen=True)
class Planned:
    """One task of a sweep: a block of disorder samples at a grid point."""

    id: str
    task: Task
    point: int
    block: tuple[int, ...] | None

    @property
    def length(self) -> int:
        """Sweeps asked for (0: the task has no length that could grow)."""
        return int(getattr(self.task, "sweeps", 0))

    @property
    def identity(self) -> dict[str, Any]:
        return canonical(self.task.identity())


@dataclass(frozen=True, eq=False)
class Sweep:
    """A grid of tasks with disorder samples, resumable, extensible, the same numbers on any number of workers.

    name:     names the results file and the default directory results/<name>
    task:     the Task that every grid point starts from
    grid:     dotted path into the task -> values; the dimension is named after the last component.  A Zip under a
              name of its own ties several paths to one dimension
    samples:  disorder samples per grid point; None is 8, or one run if the task has no disorder
    block:    samples per task
    seed:     the user's seed; `first` is the index of the first sample (to split samples over directories)
    title, citation: go into the results file
    smoke:    overrides of --smoke: the whole script at toy size, in seconds
    plot:     function (results file, output directory) -> figure paths, run by the command `plot`

    Raises ValueError for an unknown path (with the nearest known name) and TypeError for values of a wrong type.

    Example: ``Sweep("demo", MonteCarlo(Hopfield(n=64)), grid={"model.alpha": [0.05, 0.1]}).run("out")``
    """

    name: str
    task: Task
    grid: Mapping[str, Sequence | Zip] = dataclasses.field(default_factory=dict)
    samples: int | None = None
    block: int = 4
    seed: int = 0
    first: int = 0
    title: str = ""
    citation: str = ""
    smoke: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    plot: Callable[[Path, Path], Sequence[Path] | None] | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", self.name):
            raise ValueError(f"name = {self.name!r}: expected letters, digits, '.', '_' and '-' (it names files)")
        if not callable(getattr(self.task, "advance", None)) or not dataclasses.is_dataclass(self.task):
            raise TypeError(f"task = {self.task!r}: expected a Task (a frozen dataclass) such as MonteCarlo(...)")
        if self.samples is None:
            object.__setattr__(self, "samples", 8 if self.has_disorder else 1)
        for name, low in (("samples", 1), ("block", 1), ("seed", 0), ("first", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < low:
                raise ValueError(f"{name} = {value!r}: expected an integer >= {low}")
        if not self.has_disorder and (self.samples, self.first) != (1, 0):
            kind = type(self.task).__name__
            raise ValueError(f"samples = {self.samples}, but {kind} has no field 'disorder': leave it out")
        for key, values in self.grid.items():
            if isinstance(values, str) or not hasattr(values, "__len__"):
                raise TypeError(f"grid[{key!r}] = {values!r}: expected a list of values or a Zip")
            if len(values) == 0:
                raise ValueError(f"grid[{key!r}] is empty: expected at least one value")
        names = list(self.dimensions)
        for name in names:
            if name in RESERVED or names.count(name) > 1:
                raise ValueError(f"grid axis {name!r} is taken: rename it, {{'my_{name}': Zip({{'{name}': [...]}})}}")

    @property
    def has_disorder(self) -> bool:
        """Does the task average over disorder samples?"""
        return "disorder" in paths.field_names(self.task)

    @property
    def dimensions(self) -> list[str]:
        """Names of the grid dimensions."""
        return [key if isinstance(v, Zip) else key.rpartition(".")[2] for key, v in self.grid.items()]

    def resolve(self, overrides: Mapping[str, Any] | None = None, smoke: bool = False) -> Sweep:
        """The sweep with overrides applied: dotted paths into the task, grid axes, samples, block, seed, first.

        A path of the grid gets the new value or list of values.

        Example: ``sweep.resolve({"model.n": 512, "samples": 2})``
        """
        values = {**(self.smoke if smoke else {}), **(overrides or {})}
        settings: dict[str, Any] = {}
        grid: dict[str, Any] = dict(self.grid)
        inner: dict[str, Any] = {}
        for path, value in values.items():
            holder = next((k for k, v in grid.items() if isinstance(v, Zip) and path in v.values), None)
            if path in SETTINGS:
                settings[path] = paths.check(value, self, path)
            elif path in grid:
                grid[path] = value if isinstance(value, Zip | list | np.ndarray) else [value]
            elif holder is not None:
                if not isinstance(value, list | tuple):
                    value = [value] * len(grid[holder])
                grid[holder] = Zip({**grid[holder].values, path: value})
            else:
                inner[path] = value
        self._known(inner)
        for path, value in inner.items():
            if isinstance(value, str) and paths.names_file(self.task, path, value):
                inner[path] = read_reference(value)
        task = paths.replace(self.task, inner)
        changed = dataclasses.replace(self, task=task, grid=grid, **settings)
        changed.points  # noqa: B018  every grid value must fit the task
        return changed

    def _known(self, inner: Mapping[str, Any]) -> None:
        known = [*SETTINGS, *self.grid, *paths.field_names(self.task)]
        for path in inner:
            if path.partition(".")[0] not in known:
                raise ValueError(f"unknown key {path!r}: {paths.nearest(path, [*known, *_deep(self.task)])}")

    def spec(self) -> dict[str, Any]:
        """Everything that decides the numbers, as canonical JSON-ready values."""
        grid = {}
        for key, values in self.grid.items():
            zipped = values.values if isinstance(values, Zip) else {key: values}
            grid[key] = {path: [_described(plain(v)) for v in column] for path, column in zipped.items()}
        length = {"sweeps": int(self.task.sweeps)} if hasattr(self.task, "sweeps") else {}  # may grow: never left out
        return {
            "name": self.name,
            "task": _described(self.task, ("disorder", "seed", "device")) | length,
            "grid": grid,
            "samples": self.samples,
            "block": self.block,
            "seed": self.seed,
            "first": self.first,
        }

    def spec_hash(self) -> str:
        """Short hash of the spec."""
        return short_hash(self.spec())

    @cached_property
    def points(self) -> list[tuple[dict[str, Any], Task]]:
        """(path -> value, task without its block) for every grid point, in C order."""
        out = []
        for values in self._combinations():
            values = {path: plain(v) for path, v in values.items()}
            if "seed" in paths.field_names(self.task):
                out.append((values, paths.replace(self.task, {**values, "seed": self.seed})))
            else:
                out.append((values, paths.replace(self.task, values)))
        return out

    def _combinations(self) -> Iterator[dict[str, Any]]:
        columns = []
        for key, values in self.grid.items():
            zipped = values.values if isinstance(values, Zip) else {key: values}
            columns.append([{p: zipped[p][i] for p in zipped} for i in range(len(values))])
        for choice in itertools.product(*columns):
            yield {path: v for part in choice for path, v in part.items()}

    def blocks(self, segments: Sequence[int] | None = None) -> list[tuple[int, ...]]:
        """Sample indices of every block.  segments: sample counts of the first run and of every extension, so that
        blocks that exist stay as they are."""
        out, begin = [], 0
        for end in segments or (self.samples or 1,):
            for i in range(begin, end, self.block):
                out.append(tuple(range(self.first + i, self.first + min(i + self.block, end))))
            begin = end
        return out

    def plan(self, segments: Sequence[int] | None = None) -> list[Planned]:
        """All tasks in plan order: grid points in C order, blocks inside.

        Raises ValueError if two tasks are the same.

        Example: ``len(sweep.plan())``
        """
        out: list[Planned] = []
        seen: dict[str, Any] = {}
        blocks: list[tuple[int, ...] | None] = list(self.blocks(segments)) if self.has_disorder else [None]
        for number, (values, base) in enumerate(self.points):
            for block in blocks:
                task = base if block is None else dataclasses.replace(base, disorder=block)  # type: ignore[type-var]
                name = task_id(values, block, task.identity())
                if name in seen:
                    raise ValueError(f"grid points {seen[name]} and {values} give the same task: remove one of them")
                seen[name] = values
                out.append(Planned(name, task, number, block))
        return out

    def axes(self) -> list[Axis]:
        """Grid dimensions with their coordinates, for the results file."""
        out = []
        for name, (key, values) in zip(self.dimensions, self.grid.items()):
            if not isinstance(values, Zip):
                out.append(Axis(name, len(values), {name: coordinate(name, (name,), values)}))
                continue
            leaves = [path.rpartition(".")[2] for path in values.values]
            columns = {  # two fields of one name: the nested one takes its whole path
                path.replace(".", "_") if leaves.count(leaf) > 1 else leaf: column
                for leaf, (path, column) in zip(leaves, values.values.items())
            }
            variables = {leaf: coordinate(leaf, (name,), column) for leaf, column in columns.items()}
            if name not in variables:
                attrs = {"long_name": f"index of {key}", "units": "1"}
                variables = {name: Variable((name,), np.arange(len(values)), attrs)} | variables
            out.append(Axis(name, len(values), variables))
        return out

    def run(self, out: Path | str | None = None, **options: Any) -> Any:
        """Run or continue the sweep, merge it, and return its Results; None while other parts of it are missing.

        out: directory, default results/<name>.  executor: "serial", "process", "dask", "dask:ADDRESS", "mpi" or any
        concurrent.futures.Executor; workers, part=(i, n), extend, retry_failed, time_limit (s), checkpoint_every (s),
        save_states, device, quiet, until, as on the command line.  Raises RuntimeError if tasks failed.

        Example: ``sweep.run("out", executor="serial")``
        """
        from statmech.io.load import load
        from statmech.running.campaign import Campaign, RunOptions

        campaign = Campaign(self, Path(out) if out is not None else Path("results") / self.name)
        report = campaign.run(RunOptions(**options))
        if report.count("failed") + report.failed_before:
            raise RuntimeError(f"{report.summary()}: the errors are in {campaign.store.root / 'failed'}")
        return load(report.merged) if report.merged is not None else None

    def main(self, argv: Sequence[str] | None = None) -> None:
        """The command line of a script: ``python sims/x.py run|plan|status|merge|plot``."""
        from statmech.cli.main import script_main

        script_main(self, argv)


def _described(value: Any, leave_out: tuple[str, ...] = ()) -> Any:
    return canonical(identity(value, leave_out, source=True))


def _deep(target: Any, prefix: str = "") -> list[str]:
    out = []
    for name in paths.field_names(target):
        out.append(prefix + name)
        out += _deep(getattr(target, name), f"{prefix}{name}.")
    return out
