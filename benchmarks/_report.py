"""What the scripts of this folder share: their options, and tables that are printed row by row and then stored.

    options = parser(__doc__).parse_args()
    with Report(__file__, __doc__, options) as report:
        table = report.table("SK, N = 1000", {"code": "", "ns per update": ".1f"})
        table("statmech", 10.5)

Leaving the block writes results/benchmarks/benchmarks.json (--smoke: benchmarks-smoke) and the same as Markdown, where
every script replaces what it stored before, beside the processor, the device, the versions and the date of its run.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from statmech.io.atomic import write_bytes
from statmech.running.gather import provenance

FORMAT, VERSION = "statmech-benchmarks", 1
PEERS = {  # other programs and the versions that were measured
    "dwave-samplers": "1.8.0", "openjij": "0.12.2", "pymbar": "4.0.3", "powerlaw": "1.5", "weightwatcher": "0.7.7",
}  # fmt: skip
FIRST, WORDS = 34, 12  # widths of columns of words, whose format is ""
WHEN = "%Y-%m-%dT%H:%M:%S%z"


def parser(doc: str | None) -> argparse.ArgumentParser:
    """The options that every script has; a script adds its own."""
    out = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    out.add_argument("--smoke", action="store_true", help="toy size, in seconds: its times mean nothing")
    out.add_argument("--out", type=Path, help="folder of the results (default: results/benchmarks)")
    return out


def folder(options: argparse.Namespace) -> Path:
    """Where the results go."""
    return options.out or Path("results", "benchmarks-smoke" if options.smoke else "benchmarks")


class Report:
    """Tables of one script.  A block that ends with an error stores nothing."""

    def __init__(self, script: str, doc: str | None, options: argparse.Namespace):
        self.name, self.out = Path(script).stem, folder(options)
        self._content: dict[str, Any] = {"about": (doc or "").strip().splitlines()[0], "tables": [], "notes": []}
        self._begin = time.strftime(WHEN)
        self.provenance: dict[str, str] = {}
        """Of the measurement, where the tables are made of a file; else that of this run."""
        load(self.out)  # a file of somebody else is met before the work, not after it
        self.out.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Report:
        return self

    def __exit__(self, kind: type | None, *_: object) -> None:
        if kind is not None:
            return
        made = self.provenance or self.made()
        store(self.out, load(self.out) | {self.name: self._content | {"provenance": made}})
        print(f"{self.out / 'benchmarks.json'}, .md", flush=True)

    def made(self) -> dict[str, str]:
        """Where, when and with what this run measures."""
        peers = {name: v for name in PEERS if (v := installed(name))}
        return provenance(sys.argv, self._begin) | {"cpu": processor()} | peers

    def table(self, title: str, columns: Mapping[str, str]) -> Callable[..., None]:
        """A function that takes a row, prints it and keeps it.  columns: name -> format; nan stands for unknown."""
        rows: list[dict[str, Any]] = []
        self._content["tables"].append({"title": title, "columns": dict(columns), "rows": rows})
        print(f"{title}\n{_line(columns)}", flush=True)

        def row(*values: Any) -> None:
            rows.append({name: _plain(value) for name, value in zip(columns, values, strict=True)})
            print(_line(columns, cells(rows[-1], columns)), flush=True)

        return row

    def note(self, text: str) -> None:
        """A sentence that belongs to the tables."""
        self._content["notes"].append(text)
        print(text, flush=True)

    def has(self, package: str) -> bool:
        """Is this program installed?  If not, a note says how to get it."""
        if installed(package):
            return True
        self.note(f"{package} is not installed, hence not measured: pip install {package}=={PEERS[package]}")
        return False


def installed(package: str) -> str | None:
    """Version of a package, None if it is not there."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def processor() -> str:
    """Name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def load(out: Path) -> dict[str, Any]:
    """What is stored in a folder: script -> {about, tables, notes, provenance}; empty if nothing is."""
    path = out / "benchmarks.json"
    if not path.exists():
        return {}
    try:
        content = json.loads(path.read_text())
    except ValueError:
        content = None
    if not isinstance(content, dict) or content.get("format") != FORMAT or content.get("format_version") != VERSION:
        raise SystemExit(
            f"{path} is no {FORMAT} file of version {VERSION}; it is not overwritten: move it away or choose "
            f"another --out"
        )
    return content["benchmarks"]


def store(out: Path, benchmarks: dict[str, Any]) -> None:
    """Write benchmarks.json and benchmarks.md, each whole or not at all."""
    content = {"format": FORMAT, "format_version": VERSION, "benchmarks": dict(sorted(benchmarks.items()))}
    write_bytes(out / "benchmarks.json", json.dumps(content, indent=1, allow_nan=False).encode() + b"\n")
    write_bytes(out / "benchmarks.md", markdown(content["benchmarks"]).encode())


def markdown(benchmarks: dict[str, Any]) -> str:
    """The stored tables for reading."""
    lines = ["# Benchmarks"]
    for name, content in benchmarks.items():
        made = content["provenance"]
        peers = "".join(f", {peer} {made[peer]}" for peer in PEERS if peer in made)
        machine = f"{made['cpu']}, {made['cpu_cores']} cores; GPU: {made['gpu'].partition(' (')[0]}"
        lines += ["", f"## {name}", "", content["about"], "", f"{machine}; NumPy {made['numpy']}{peers}; commit "
                  f"{_short(made['git_commit'])}; {made['start']}; `{made['argv']}`"]  # fmt: skip
        for table in content["tables"]:
            columns = table["columns"]
            lines += ["", table["title"], "", _bars(columns), _bars("---" for _ in columns)]
            lines += [_bars(cells(row, columns)) for row in table["rows"]]
        lines += ["", *content["notes"]] if content["notes"] else []
    return "\n".join(lines) + "\n"


def cells(row: Mapping[str, Any], columns: Mapping[str, str]) -> list[str]:
    """The values of a row as they are shown."""
    return ["" if row[name] is None else format(row[name], form) for name, form in columns.items()]


def _short(commit: str) -> str:
    number, _, dirty = commit.partition("+")
    return number[:9] + (" with changes" if dirty else "") or "unknown"


def _bars(words: Iterable[str]) -> str:
    return f"| {' | '.join(words)} |"


def _line(columns: Mapping[str, str], words: Iterable[str] | None = None) -> str:
    """A line of the printed table: its head if no words are given."""
    shown = []
    for name, word in zip(columns, words or columns):
        right = f"{word:>{max(len(name), 7)}s}"
        shown.append(right if columns[name] else f"{word:{WORDS if shown else FIRST}s}")
    return "  " + "  ".join(shown).rstrip()


def _plain(value: Any) -> Any:
    """A value as JSON has it: Python's own types, null where nothing is known."""
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and not math.isfinite(value) else value
