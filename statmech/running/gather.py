"""All results of a sweep as labelled arrays with their attributes; directories of one spec joined."""

from __future__ import annotations

import functools
import json
import os
import platform
import socket
import subprocess
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from statmech.core import Labelled, Variable
from statmech.io.atomic import StoreError
from statmech.io.lengths import level
from statmech.io.merge import Block, merge_points
from statmech.io.shards import read_shard
from statmech.io.store import Store
from statmech.random import RNG_SCHEME
from statmech.running.extend import differences, show
from statmech.sweep import Planned, Sweep

Source = tuple[Sweep, Store, Sequence[int]]
"""A sweep, its directory, and its segments of samples."""


def gather(sweep: Sweep, sources: Sequence[Source]) -> tuple[Labelled, dict[str, Any]]:
    """(labelled arrays, attributes) of one directory, or of several with disjoint samples or seeds."""
    check_disjoint(sources)
    points: list[list[Block]] = [[] for _ in sweep.points]
    seeds: list[int] = []
    complete = True
    for source, store, segments in sources:
        plan = source.plan(segments)
        for planned in plan:
            block = _block(planned, store)
            complete &= block.results is not None
            points[planned.point].append(block)
        if source.has_disorder:
            seeds += [source.seed] * int(source.samples or 0)
    tasks = [task for _, task in sweep.points]

    def combine(point: int, parts: Labelled) -> Labelled:
        own = getattr(tasks[point], "combine", None)
        return own(parts) if own is not None else {}

    labelled = merge_points(sweep.axes(), level(points), combine)
    if len(sources) > 1 and sweep.has_disorder:
        attrs = {"long_name": "seed of the disorder sample", "units": "1"}
        labelled["disorder_seed"] = Variable(("disorder",), np.array(seeds, np.int64), attrs)
    return labelled, attributes(sweep, sources, complete)


def attributes(sweep: Sweep, sources: Sequence[Source], complete: bool) -> dict[str, Any]:
    """Root attributes of the merged file."""
    from statmech.stats.autocorrelation import TAU_CONVENTION

    specs = [source.spec() for source, _, _ in sources]
    spec = specs[0] if len(specs) == 1 else {"joined": specs}
    return {
        "title": sweep.title or sweep.name,
        "spec": json.dumps(spec, sort_keys=True),
        "complete": complete,
        "rng_scheme": RNG_SCHEME,
        "tau_convention": TAU_CONVENTION,
        "citation": sweep.citation,
    }


def check_disjoint(sources: Sequence[Source]) -> None:
    """Raise StoreError unless all specs are the same up to seed and samples, and no sample occurs twice."""
    seen: set[tuple[int, int]] = set()
    first: dict[str, Any] | None = None
    for sweep, store, _ in sources:
        spec = {k: v for k, v in sweep.spec().items() if k not in ("seed", "samples", "first", "block")}
        first = first or spec
        if changes := differences(first, spec):
            other = sources[0][1].root
            raise StoreError(f"{store.root} has another spec than {other} ({show(changes)}): cannot join them")
        if len(sources) > 1 and not sweep.has_disorder:
            raise StoreError(f"{store.root}: its task has no disorder samples, so there is nothing to join")
        for index in range(sweep.first, sweep.first + int(sweep.samples or 0)):
            if (sweep.seed, index) in seen:
                what = f"sample {index} of seed {sweep.seed}"
                raise StoreError(f"{store.root}: {what} occurs twice: join disjoint samples only")
            seen.add((sweep.seed, index))


def _block(planned: Planned, store: Store) -> Block:
    state = store.state_of(planned.id, planned.length)
    if state == "done":
        results = read_shard(store.shard(planned.id), planned.identity, state=False).results
        return Block(planned.block, results)
    return Block(planned.block, None, {"begun": "running"}.get(state, state))


def provenance(argv: Sequence[str], created: str) -> dict[str, str]:
    """Where and with what the numbers were made; left out of every comparison."""
    from statmech import __version__, backend

    out = {
        "statmech": __version__, "python": platform.python_version(), "numpy": np.__version__,
        "scipy": version("scipy"), "h5py": version("h5py"), "platform": platform.platform(),
        "host": socket.gethostname(),
        "cpu_cores": str(os.cpu_count()), "argv": " ".join(argv), "git_commit": git_commit(),
        "start": created,
        "end": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }  # fmt: skip
    return out | backend.describe()


@functools.cache
def git_commit() -> str:
    """Commit of the current directory, with "+dirty" if tracked files were changed; "" outside a repository."""
    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, timeout=10, cwd=Path.cwd())
        return done.stdout.strip() if done.returncode == 0 else ""

    try:
        commit = git("rev-parse", "HEAD")
        return commit + ("+dirty" if commit and git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return ""
