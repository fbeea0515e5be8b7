"""The command line: ``statmech COMMAND ...`` and, for a script with a sweep, ``python script.py COMMAND ...``.

Exit codes: 0 done, 1 some task failed (or, of diff, files differ), 2 wrong usage or input, 75 stopped by a signal
or the time limit (run again to continue), 130 aborted by a second signal.
"""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import io
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from statmech.cli.bench import Bench
from statmech.cli.spectra import Spectra

if TYPE_CHECKING:
    from statmech.sweep import Sweep

STOPPED = 75  # EX_TEMPFAIL of sysexits.h
Many = tyro.conf.UseAppendAction[list[str]]
Override = Annotated[Many, tyro.conf.arg(aliases=["-o"], metavar="PATH=VALUE")]


@dataclass
class Common:
    """Options of every command that knows a sweep."""

    target: tyro.conf.Positional[Path]
    """script with `sweep = Sweep(...)`; status, merge and plot also take the directory of a sweep"""
    smoke: bool = False
    """the whole script at toy size, in results/<name>-smoke"""
    out: str = ""
    """directory (default: results/<name>)"""
    debug: bool = False
    """show the traceback of an error"""


@dataclass
class Declared(Common):
    """Options of the commands that may change what the script declares; the others read what was run."""

    override: Override = field(default_factory=list)
    """dotted path into the task, a grid axis, or samples, block, seed, first: -o model.n=512"""


@dataclass
class Run(Declared):
    """Run a sweep, or continue what is unfinished of it, and merge."""

    executor: str = "process"
    """serial, process, dask, dask:ADDRESS or mpi"""
    workers: int = 0
    """worker processes (0: one per core)"""
    part: str = "0/1"
    """i/n takes the tasks k with k mod n = i, for job arrays; i counts from 0"""
    extend: bool = False
    """grow a directory: more sweeps (times 2^k), more samples, more grid values"""
    retry_failed: bool = False
    """run failed tasks again"""
    until: str = ""
    """equilibrated doubles the runs of unequilibrated points, longest needed first, within --time-limit"""
    time_limit: str = ""
    """checkpoint and stop after this time: seconds, 30m, 2h or HH:MM:SS"""
    checkpoint_every: float = 20.0
    """seconds between checkpoints"""
    save_states: str = ""
    """every=k stores the configurations every k sweeps in states/"""
    device: str = ""
    """auto, cpu or gpu (default: what the task says)"""
    quiet: bool = False
    """no progress"""


@dataclass
class Plan(Declared):
    """Print grid, tasks, memory and estimated time, and do nothing else."""

    workers: int = 0
    """worker processes the time is estimated for (0: one per core)"""


@dataclass
class Status(Common):
    """Print how many tasks are done, running, failed, pending, and the errors of the failed ones."""


@dataclass
class Plot(Common):
    """Draw the figures of a script from the merged file."""


@dataclass
class Merge:
    """Write the merged file of a sweep from what there is; or join directories with disjoint samples or seeds."""

    targets: tyro.conf.Positional[list[Path]]
    """script or directory; several directories are joined"""
    output: Annotated[str, tyro.conf.arg(aliases=["-o"])] = ""
    """results file of the joined directories (.h5)"""
    smoke: bool = False
    """of a script: its toy size"""
    out: str = ""
    """of a script: its directory (default: results/<name>)"""
    debug: bool = False
    """show the traceback of an error"""


@dataclass
class Diff:
    """Largest difference of every variable of two results files or directories; exit code 1 if any."""

    a: tyro.conf.Positional[Path]
    b: tyro.conf.Positional[Path]
    debug: bool = False
    """show the traceback of an error"""


@dataclass
class Doctor:
    """Versions, device, memory, BLAS, the check of the random numbers, and what is missing for a GPU."""

    debug: bool = False
    """show the traceback of an error"""


COMMANDS: dict[str, type] = {
    "run": Run, "plan": Plan, "status": Status, "merge": Merge, "plot": Plot, "diff": Diff, "spectra": Spectra,
    "bench": Bench, "doctor": Doctor,
}  # fmt: skip
OF_SCRIPT = ("run", "plan", "status", "merge", "plot")


class Usage(ValueError):
    """A command line that cannot be understood."""


def app() -> None:
    """Entry point of the command `statmech`."""
    sys.exit(main(sys.argv[1:]))


def script_main(sweep: Sweep, argv: Sequence[str] | None = None) -> None:
    """Command line of a script: its own path is the target."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    module = sys.modules["__main__"]
    path = getattr(module, "__file__", None)
    if path is None or getattr(module, "sweep", None) is not sweep:
        sys.exit(_fail(Usage("main() is for scripts: a module-level `sweep = Sweep(...)`, run by python script.py"), 2))
    if arguments and arguments[0] in OF_SCRIPT:
        arguments.insert(1, str(Path(path).resolve()))
    sys.exit(main(arguments, sweep, OF_SCRIPT))


def main(argv: Sequence[str], sweep: Sweep | None = None, allowed: Sequence[str] = tuple(COMMANDS)) -> int:
    """Run one command; returns the exit code.  Errors are one line on stderr.

    Example: ``main(["plan", "sims/hopfield_phases.py", "--smoke"])``
    """
    debug = "--debug" in argv
    try:
        command = parse(argv, allowed)
        code = 0
        if command is not None:
            from statmech.cli import commands

            code = commands.execute(command, sweep, argv)
        sys.stdout.flush()
        return code
    except Usage as error:
        return _fail(error, 2)
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return _fail(RuntimeError("interrupted"), 130)
    except Exception as error:  # the last line of defence: one line, not a traceback
        if debug:
            raise
        return _fail(error, 2 if isinstance(error, ValueError | TypeError) else 1)


def parse(argv: Sequence[str], allowed: Sequence[str] = tuple(COMMANDS)) -> Any:
    """The command with its options; None after a help text.  Raises Usage for anything not understood."""
    if not argv or argv[0] in ("-h", "--help"):
        width = max(map(len, allowed))
        print("usage: statmech COMMAND [OPTIONS]; COMMAND --help shows the options\n")
        for name in allowed:
            print(f"  {name:{width}}  {(COMMANDS[name].__doc__ or '').splitlines()[0]}")
        return None
    if argv[0] == "--version":
        from statmech import __version__

        print(f"statmech {__version__}")
        return None
    if argv[0] not in allowed:
        raise Usage(f"unknown command {argv[0]!r}: {_near(argv[0], allowed)}")
    command = COMMANDS[argv[0]]
    _check_options(command, argv[1:])
    captured = io.StringIO()
    try:
        with contextlib.redirect_stderr(captured):
            return tyro.cli(
                command, args=list(argv[1:]), prog=f"statmech {argv[0]}", config=(tyro.conf.FlagCreatePairsOff,)
            )
    except SystemExit as end:
        if end.code:
            raise Usage(_one_line(captured.getvalue())) from None
        return None


def _check_options(command: type, arguments: Sequence[str]) -> None:
    known = {"--help", "-h", *(f"--{f.name.replace('_', '-')}" for f in dataclasses.fields(command))}
    known -= {"--target", "--targets", "--file", "--names"}
    if any(f.name in ("override", "output") for f in dataclasses.fields(command)):
        known.add("-o")
    for word in arguments:
        name = word.partition("=")[0].replace("_", "-")
        if re.match(r"-+[A-Za-z]", word) and name not in known:
            raise Usage(f"unknown option {word.partition('=')[0]!r}: {_near(name, sorted(known))}")


def _near(word: str, known: Sequence[str]) -> str:
    match = difflib.get_close_matches(word, known, 1, 0.5)
    return f"did you mean {match[0]!r}?" if match else f"expected one of {', '.join(known)}"


def _one_line(box: str) -> str:
    """The message in the frame that the option parser draws."""
    lines = [re.sub(r"^[│╭╰─\s]+|[│╮╯─\s]+$", "", line) for line in box.splitlines()]
    if "" in lines[1:]:  # a rule or an empty line ends the message proper
        lines = lines[: lines.index("", 1)]
    return " ".join(lines[1:] or lines)  # the first line is the title of the frame


def _fail(error: BaseException, code: int) -> int:
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, OSError) and error.filename and error.strerror:
        text = f"{error.filename}: {error.strerror}: choose a file or directory that can be read and written"
    if not isinstance(error, ValueError | TypeError | OSError | RuntimeError | ImportError):
        text = f"{type(error).__name__}: {text} (--debug shows where)"
    print(f"statmech: error: {text}", file=sys.stderr)
    return code
