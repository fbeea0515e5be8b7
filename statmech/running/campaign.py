"""A sweep in its directory: freeze the spec, run what is unfinished, merge."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import json
import os
import socket
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from statmech import backend
from statmech.io.atomic import StoreError
from statmech.io.labelled import read_attributes, refuse_foreign, write_labelled
from statmech.io.store import Store
from statmech.running import executors
from statmech.running.extend import check_continuation
from statmech.running.gather import gather, provenance
from statmech.running.progress import Progress
from statmech.running.runner import Outcome, Pace, run_task
from statmech.running.stopping import Interrupts, held_back
from statmech.running.until import unequilibrated
from statmech.sweep import Planned, Sweep


@dataclass(frozen=True)
class RunOptions:
    """How a run goes; none of it changes a number.

    executor: "serial", "process", "dask", "dask:ADDRESS", "mpi" or a concurrent.futures.Executor
    workers:  processes of a pool, None is one per core, or one where the task runs on a GPU
    part:     (i, n) takes the tasks k with k mod n = i
    until:    "equilibrated" doubles the runs of unequilibrated points until none is left or the time_limit is reached
    """

    executor: str | Executor = "process"
    workers: int | None = None
    part: tuple[int, int] = (0, 1)
    extend: bool = False
    retry_failed: bool = False
    time_limit: float | None = None
    checkpoint_every: float = 20.0
    save_states: int | None = None
    device: str | None = None
    quiet: bool = False
    chunk: float = 1.0
    until: str | None = None

    def __post_init__(self) -> None:
        i, n = self.part
        if not 0 <= i < n:
            raise ValueError(f"part {i}/{n}: expected i/n with 0 <= i < n")
        for name, low in (("workers", 1), ("save_states", 1), ("checkpoint_every", 0), ("time_limit", 0)):
            value = getattr(self, name)
            if value is not None and not value >= low:
                raise ValueError(f"{name} = {value}: expected >= {low}")
        if isinstance(self.executor, str):
            executors.check_name(self.executor)
        if self.until not in (None, "equilibrated"):
            raise ValueError(f"until = {self.until!r}: expected 'equilibrated'")
        if self.until is not None and self.time_limit is None:
            raise ValueError("until='equilibrated' doubles runs as long as it may: give a time limit, such as 2h")
        if self.device not in (None, "auto", "cpu", "gpu"):
            raise ValueError(f"device = {self.device!r}: expected 'auto', 'cpu' or 'gpu'")


@dataclass
class Report:
    """What a run did: outcomes of the tasks it touched, of the doublings of those that were not equilibrated, and the
    merged file if the sweep is complete."""

    outcomes: list[Outcome] = field(default_factory=list)
    doubled: list[Outcome] = field(default_factory=list)
    total: int = 0
    already: int = 0
    failed_before: int = 0
    merged: Path | None = None

    def count(self, kind: str) -> int:
        """Tasks that ended in this way; a doubled run that is done was counted when it was done first."""
        return sum(o.kind == kind for o in (self.outcomes if kind == "done" else [*self.outcomes, *self.doubled]))

    def summary(self) -> str:
        """One line: how many tasks are done, failed, stopped, elsewhere."""
        failed = self.count("failed") + self.failed_before
        words = [f"{self.already + self.count('done')} of {self.total} tasks done"]
        words += [f"{n} {what}" for n, what in (
            (failed, "failed"), (self.count("stopped"), "stopped"), (self.count("claimed"), "running elsewhere"),
        ) if n]  # fmt: skip
        if done := sum(o.kind == "done" for o in self.doubled):
            words.append(f"{done} runs doubled")
        return ", ".join(words)


class Campaign:
    """One sweep and its directory.

    script, overrides, smoke say how a worker rebuilds the sweep; without a script it travels pickled.

    Example: ``Campaign(sweep, Path("out")).run(RunOptions(executor="serial")).summary()``
    """

    def __init__(
        self, sweep: Sweep, out: Path, script: Path | None = None, overrides: Mapping[str, Any] | None = None,
        smoke: bool = False,
    ):  # fmt: skip
        self.sweep, self.store = sweep, Store(out)
        self.script, self.overrides, self.smoke = script, dict(overrides or {}), smoke

    def segments(self) -> list[int]:
        """Sample counts of the first run and of every extension."""
        content = self.store.read_spec()
        before = content["segments"] if content else []
        wanted = int(self.sweep.samples or 1)
        return before if before and before[-1] == wanted else [*before, wanted]

    def plan(self) -> list[Planned]:
        """All tasks of the directory, in plan order."""
        return self.sweep.plan(self.segments())

    def prepare(self, extend: bool = False) -> list[Planned]:
        """Make the directory, or check that it belongs to this sweep; freeze the spec; return the plan."""
        spec = self.sweep.spec()
        refuse_foreign(self.store.merged(self.sweep.name))
        content = self.store.read_spec()
        if content is not None:
            check_continuation(self.store.root, content["spec"], spec, extend, content["overrides"])
        segments = self.segments()
        plan = self.sweep.plan(segments)
        self.store.create()
        self.store.clean()
        script = str(Path(self.script).resolve()) if self.script else None
        rebuild = {"script": script, "overrides": self.overrides, "smoke": self.smoke}
        if content is None or content["spec"] != spec or any(content[k] != v for k, v in rebuild.items()):
            self.store.write_spec(rebuild | {
                "title": self.sweep.title, "citation": self.sweep.citation, "spec": spec, "segments": segments,
                "tasks": [p.id for p in plan], "lengths": [p.length for p in plan],
                "created": (content or {}).get("created", time.strftime("%Y-%m-%dT%H:%M:%S%z")),
            })  # fmt: skip
        return plan

    def run(self, options: RunOptions | None = None, argv: Sequence[str] = ()) -> Report:
        """Run what is unfinished, merge if that completes the sweep.  Raises OSError for a full disk."""
        options = options or RunOptions()
        self._device(options)
        plan = self.prepare(options.extend)
        _check_snapshots(plan, options.save_states)
        states = {p.id: self.store.state_of_files(p.id, p.length) for p in plan}
        report = Report(total=len(plan), already=sum(s == "done" for s in states.values()))
        mine = [p for k, p in enumerate(plan) if k % options.part[1] == options.part[0] and states[p.id] != "done"]
        todo = []
        for planned in mine:
            if states[planned.id] != "failed":
                todo.append(planned)
            elif options.retry_failed:
                self.store.failed(planned.id).unlink(missing_ok=True)
                todo.append(planned)
            else:
                report.failed_before += 1
        deadline = None if options.time_limit is None else time.time() + options.time_limit
        with Progress(self.store, plan, states, quiet=options.quiet) as progress:
            if todo:
                self._run(todo, options, deadline, report.outcomes, progress)
        if options.until is not None and not report.count("stopped"):
            self._until([p for k, p in enumerate(plan) if k % options.part[1] == options.part[0]],
                        options, deadline, report)  # fmt: skip
        if report.already == report.total and self._merged_is_current():
            report.merged = self.store.merged(self.sweep.name)
        elif all(self.store.state_of_files(p.id, p.length) == "done" for p in plan):
            report.merged = self.merge(argv)
        return report

    def _until(self, mine: Sequence[Planned], options: RunOptions, deadline: float | None, report: Report) -> None:
        """Double the runs that are not equilibrated, all of them before any a second time."""
        if options.retry_failed:
            for planned in mine:
                self.store.failed(planned.id).unlink(missing_ok=True)
        while todo := unequilibrated(mine, self.store):
            outcomes: list[Outcome] = []
            with Progress(self.store, todo, dict.fromkeys((p.id for p in todo), "pending"), options.quiet) as progress:
                progress.say(f"{len(todo)} tasks with unequilibrated points: twice as long")
                self._run(todo, options, deadline, outcomes, progress)
            report.doubled += outcomes
            if report.count("stopped") or not any(o.kind == "done" for o in outcomes):
                return

    def _run(
        self, todo: list[Planned], options: RunOptions, deadline: float | None, outcomes: list[Outcome],
        progress: Progress,
    ) -> None:  # fmt: skip
        name = f"stop-{time.time_ns()}.{socket.gethostname()}.{os.getpid()}"
        pace = Pace(options.checkpoint_every, min(options.chunk, options.checkpoint_every), deadline,
                    options.save_states, options.device, name)  # fmt: skip
        stop = self.store.stop_path(name)
        try:
            with Interrupts(on_first=stop.touch) as interrupts:
                if options.executor == "serial":
                    for planned in todo:
                        outcome = run_task(planned, self.store, pace, interrupts.asked)
                        outcomes.append(outcome)
                        progress.outcome(outcome)
                else:
                    self._submit(todo, options, pace, outcomes, progress)
        finally:
            stop.unlink(missing_ok=True)

    def _submit(
        self, todo: list[Planned], options: RunOptions, pace: Pace, outcomes: list[Outcome], progress: Progress
    ) -> None:
        script = None if self.script is None else str(Path(self.script).resolve())
        job = executors.Job(
            str(self.store.root.resolve()), self.sweep.spec_hash(), tuple(self.segments()), script,
            self.overrides, self.smoke, dataclasses.replace(self.sweep, plot=None) if script is None else None,
        )  # fmt: skip
        alone = self._device(options) == "gpu"  # one worker then has the device to itself
        workers = min(options.workers or (1 if alone else executors.cores()), len(todo))
        waiting: set[Future] = set()
        try:
            with executors.open_executor(options.executor, workers) as executor:
                with held_back():  # a pool starts its processes at the first call
                    waiting = {executor.submit(executors.work, job, p.id, pace, p.length) for p in todo}
                try:
                    while waiting:
                        ready, waiting = concurrent.futures.wait(waiting, 1.0, concurrent.futures.FIRST_COMPLETED)
                        for future in ready:
                            outcome = future.result()
                            outcomes.append(outcome)
                            progress.outcome(outcome)
                        progress.refresh()
                except BaseException:
                    self.store.stop_path(pace.stop).touch()
                    for future in waiting:
                        future.cancel()
                    raise
        except (BrokenProcessPool, BrokenPipeError):
            raise RuntimeError(
                "a worker process died (killed, or out of memory?): run again to continue, with fewer --workers"
            ) from None

    def _device(self, options: RunOptions) -> str:
        """The device of tasks that run on this machine; raises RuntimeError if it lacks the one asked for."""
        if options.executor not in ("serial", "process", "dask"):
            return "elsewhere"
        device: Any = options.device or getattr(self.sweep.task, "device", "cpu")
        return backend.resolve(device)

    def _merged_is_current(self) -> bool:
        path = self.store.merged(self.sweep.name)
        if not path.exists():
            return False
        written = path.stat().st_mtime_ns
        if any(p.stat().st_mtime_ns > written for p in self.store.shard("").parent.glob("*.h5")):
            return False  # a run was doubled and the end came before the merge
        attrs = read_attributes(path)
        return bool(attrs.get("complete")) and json.loads(attrs["spec"]) == self.sweep.spec()

    def merge(self, argv: Sequence[str] = ()) -> Path:
        """Write the merged file from the shards there are; returns its path."""
        path = self.store.merged(self.sweep.name)
        refuse_foreign(path)
        labelled, attrs = gather(self.sweep, [(self.sweep, self.store, self.segments())])
        content = self.store.read_spec() or {}
        return write_labelled(path, labelled, attrs | {"provenance": provenance(argv, content.get("created", ""))})


def _check_snapshots(plan: Sequence[Planned], every: int | None) -> None:
    step = max((int(getattr(p.task, "measure_every", 1)) for p in plan), default=1)
    if every is not None and every % step:
        raise StoreError(f"--save-states every={every}: expected a multiple of measure_every = {step}")
