"""The command `bench`: runs the scripts of benchmarks/, which print their tables and store them in one file."""

from __future__ import annotations

import difflib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import tyro

FOLDER = Path(__file__).parents[2] / "benchmarks"
MARK = "_report.py"  # a folder of this name that another package left beside ours has none


@dataclass
class Bench:
    """Time the kernels beside other programs and the machine's own limits; one file of tables."""

    names: tyro.conf.Positional[list[str]]
    """scripts of benchmarks/, for example: peers mbar (none: all, half an hour)"""
    smoke: bool = False
    """toy size, in results/benchmarks-smoke: shows that they run, times mean nothing"""
    out: str = ""
    """folder of benchmarks.json, benchmarks.md and the figures (default: results/benchmarks)"""
    debug: bool = False
    """show the traceback of an error"""


def bench(command: Bench) -> int:
    """Run the command; returns the exit code.  A script that fails does not keep the others from running."""
    scripts = chosen(command.names)
    options = ["--smoke"] * command.smoke + (["--out", command.out] if command.out else [])
    # the scripts time this statmech, whatever else is installed
    path = os.pathsep.join(filter(None, (str(FOLDER.parent), os.environ.get("PYTHONPATH"))))
    failed = []
    for script in scripts:
        print(f"== {script.stem}", flush=True)
        done = subprocess.run([sys.executable, script, *options], env=os.environ | {"PYTHONPATH": path}, check=False)
        if done.returncode:
            failed.append(script.stem)
    if failed:
        raise RuntimeError(
            f"{len(failed)} of {len(scripts)} benchmarks failed: {', '.join(failed)}; their messages stand above, the "
            f"tables of the others are stored"
        )
    return 0


def chosen(names: list[str], folder: Path | None = None) -> list[Path]:
    """The scripts of these names, all if there are none.

    Raises RuntimeError if the folder is not there, ValueError for a name that is not in it.

    Example: ``[script.stem for script in chosen(["peers"])] == ["peers"]``
    """
    folder = FOLDER if folder is None else folder
    if not (folder / MARK).exists():
        raise RuntimeError(
            f"bench runs the scripts of benchmarks/, which come with the source, not with the installed package "
            f"(expected them in {folder}): clone the repository, pip install -e . there, and run it again"
        )
    known = {path.stem: path for path in sorted(folder.glob("[!_]*.py"))}
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1, 0.5)
            raise ValueError(
                f"unknown benchmark {name!r}: "
                + (f"did you mean {near[0]!r}?" if near else f"expected some of {', '.join(known)}")
            )
    return [known[name] for name in names or known]
