"""What the commands do."""

from __future__ import annotations

import errno
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from statmech.cli import main as cli
from statmech.cli.bench import Bench, bench
from statmech.cli.spectra import Spectra, show
from statmech.io.atomic import StoreError
from statmech.io.claims import owner
from statmech.io.labelled import refuse_foreign, write_labelled
from statmech.io.load import load, results_file
from statmech.io.store import Store
from statmech.overrides import parse
from statmech.running.campaign import Campaign, RunOptions
from statmech.running.executors import load_script
from statmech.running.extend import check_continuation
from statmech.sweep import Sweep


def execute(command: Any, sweep: Sweep | None, argv: Sequence[str]) -> int:
    """Run a parsed command; returns the exit code."""
    if isinstance(command, cli.Run):
        return run(command, sweep, argv)
    if isinstance(command, cli.Plan):
        from statmech.running.estimate import print_plan

        print_plan(_new(command, sweep), command.workers)
        return 0
    if isinstance(command, cli.Status):
        return status(command, sweep)
    if isinstance(command, cli.Plot):
        return plot(command, sweep)
    if isinstance(command, cli.Merge):
        return merge(command, sweep, argv)
    if isinstance(command, cli.Diff):
        from statmech.cli.compare import print_differences

        return print_differences(load(command.a), load(command.b))
    if isinstance(command, Spectra):
        return show(command)
    if isinstance(command, Bench):
        return bench(command)
    from statmech.cli.doctor import examine

    return examine()


def run(command: cli.Run, sweep: Sweep | None, argv: Sequence[str]) -> int:
    """The command `run`."""
    campaign = _new(command, sweep)
    options = RunOptions(
        executor=command.executor, workers=command.workers or None, part=_part(command.part), extend=command.extend,
        retry_failed=command.retry_failed, time_limit=_seconds(command.time_limit) if command.time_limit else None,
        checkpoint_every=command.checkpoint_every, save_states=_every(command.save_states),
        device=command.device or None, quiet=command.quiet, until=command.until or None,
    )  # fmt: skip
    try:
        report = campaign.run(options, argv)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise RuntimeError(
                f"the disk of {campaign.store.root} is full: finished tasks and checkpoints are whole; free space "
                f"and run again to continue"
            ) from error
        raise
    failed = report.count("failed") + report.failed_before
    if not command.quiet:
        if report.merged and report.already == report.total and not report.doubled:
            print(f"{campaign.store.root} is finished, nothing to do: {report.merged}")
        else:
            print(f"{report.summary()}{f': {report.merged}' if report.merged else ''}")
        if report.merged and "status" in (results := load(report.merged)):
            print(f"verdicts: {results.verdicts()}")
    if failed:
        first = next(f for p in campaign.plan() if (f := campaign.store.read_failure(p.id)))
        raise RuntimeError(
            f"{failed} of {report.total} tasks failed, the first with {first['type']}: {first['message']} "
            f"(traceback in {campaign.store.root / 'failed'}); mend it and run again with --retry-failed"
        )
    return cli.STOPPED if report.count("stopped") else 0


def status(command: cli.Status, sweep: Sweep | None) -> int:
    """The command `status`."""
    store = Store(_directory(command, sweep))
    content = _frozen(store)
    counts: dict[str, list[str]] = {}
    for task, length in zip(content["tasks"], content["lengths"]):
        counts.setdefault(store.state_of(task, length), []).append(task)
    print(f"{store.root}: {content['title'] or content['spec']['name']}, {len(content['tasks'])} tasks")
    for state, tasks in counts.items():
        print(f"  {state:8} {len(tasks)}")
    for task in counts.get("running", []):
        print(f"  running: {task} on {owner(store.claim(task))}, {100 * store.read_progress(task):.0f} %")
    for task in counts.get("failed", []):
        failure = store.read_failure(task) or {}
        print(f"  failed: {task}: {failure.get('type')}: {failure.get('message')}")
    merged = store.merged(content["spec"]["name"])
    print(f"  results: {merged if merged.exists() else 'not merged yet'}")
    return 0


def plot(command: cli.Plot, sweep: Sweep | None) -> int:
    """The command `plot`."""
    campaign = _existing(_directory(command, sweep), _script_of(command.target), sweep)
    if campaign.sweep.plot is None:
        raise StoreError(f"{command.target} has no figures: give its Sweep a function plot=f(results_file, out_dir)")
    for path in campaign.sweep.plot(results_file(campaign.store.root), campaign.store.root) or ():
        print(path)
    return 0


def merge(command: cli.Merge, sweep: Sweep | None, argv: Sequence[str]) -> int:
    """The command `merge`."""
    if not command.targets:
        raise cli.Usage("merge: expected a script, the directory of a sweep, or several directories with -o joined.h5")
    script = next((p for p in command.targets if p.suffix == ".py"), None)
    folders = [_folder(p) for p in command.targets if p.suffix != ".py"]
    if not folders and script is not None:
        folders = [_directory(_Target(script, command.smoke, command.out), sweep)]
    campaigns = [_existing(folder, script, sweep) for folder in folders]
    if len(campaigns) == 1 and not command.output:
        print(campaigns[0].merge(argv))
        return 0
    path = Path(command.output)
    if path.suffix != ".h5":
        raise StoreError(f"-o {command.output!r}: joining directories needs a results file, -o joined.h5")
    print(join(campaigns, path, argv))
    return 0


def join(campaigns: Sequence[Campaign], path: Path, argv: Sequence[str] = ()) -> Path:
    """Join directories of one spec with disjoint samples or seeds into one results file, in the order of seeds and
    samples, whatever the order they are named in.

    Example: ``join([Campaign(sweep, Path("a")), Campaign(sweep.resolve({"seed": 1}), Path("b"))], Path("c.h5"))``
    """
    from statmech.running.gather import gather, provenance

    refuse_foreign(path)
    campaigns = sorted(campaigns, key=lambda c: (c.sweep.seed, c.sweep.first))
    labelled, attrs = gather(campaigns[0].sweep, [(c.sweep, c.store, c.segments()) for c in campaigns])
    return write_labelled(path, labelled, attrs | {"provenance": provenance(argv, "")})


@dataclass
class _Target:
    target: Path
    smoke: bool
    out: str


def _new(command: cli.Declared, sweep: Sweep | None) -> Campaign:
    """The campaign that a script and its options mean."""
    script = _script_of(command.target)
    if script is None:
        raise StoreError(f"{command.target}: expected a script (.py) with `sweep = Sweep(...)`")
    overrides = dict(parse(text) for text in command.override)
    resolved = (sweep or load_script(script)).resolve(overrides, command.smoke)
    return Campaign(resolved, _out(resolved, command.smoke, command.out), script, overrides, command.smoke)


def _existing(folder: Path, script: Path | None, sweep: Sweep | None) -> Campaign:
    """The campaign of a directory, as it was begun."""
    store = Store(folder)
    content = _frozen(store)
    script = script or (Path(content["script"]) if content["script"] else None)
    if script is None:
        raise StoreError(f"{folder} was made without a script: use Sweep.run, or `python script.py` on this directory")
    resolved = (sweep or load_script(script)).resolve(content["overrides"], content["smoke"])
    check_continuation(folder, content["spec"], resolved.spec(), extend=False)
    return Campaign(resolved, folder, script, content["overrides"], content["smoke"])


def _frozen(store: Store) -> dict[str, Any]:
    content = store.read_spec()
    if content is None:
        raise StoreError(f"{store.root} is not a sweep directory (no spec.json): run the sweep first, or check --out")
    return content


def _directory(command: Any, sweep: Sweep | None) -> Path:
    """The directory a script or a path means."""
    script = _script_of(command.target)
    if script is None:
        return _folder(command.target)
    return _out(sweep or load_script(script), command.smoke, command.out)


def _out(sweep: Sweep, smoke: bool, out: str) -> Path:
    return Path(out) if out else Path("results") / (f"{sweep.name}-smoke" if smoke else sweep.name)


def _folder(path: Path) -> Path:
    return path.parent if path.suffix == ".h5" else path


def _script_of(path: Path) -> Path | None:
    return path if path.suffix == ".py" else None


def _part(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if not match or int(match[1]) >= int(match[2]):
        raise cli.Usage(f"--part {text!r}: expected i/n with 0 <= i < n, for example 0/4")
    return int(match[1]), int(match[2])


def _every(text: str) -> int | None:
    if not text:
        return None
    match = re.fullmatch(r"(?:every=)?([1-9]\d*)", text)
    if not match:
        raise cli.Usage(f"--save-states {text!r}: expected every=k with k >= 1 sweeps")
    return int(match[1])


def _seconds(text: str) -> float:
    if match := re.fullmatch(r"(\d+(?:\.\d*)?)([smh]?)", text):
        return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]]
    if match := re.fullmatch(r"(?:(\d+):)?(\d+):(\d+)", text):
        return 3600 * int(match[1] or 0) + 60 * int(match[2]) + int(match[3])
    raise cli.Usage(f"--time-limit {text!r}: expected seconds, 30m, 2h or HH:MM:SS")
