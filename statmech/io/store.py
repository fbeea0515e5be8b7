"""The directory of a sweep: frozen spec, shards, checkpoints, failures, claims.  Knows tasks by id, no physics."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from statmech.io.atomic import StoreError, remove_leftovers, write_bytes
from statmech.io.claims import is_live
from statmech.io.hdf5 import check_version

FORMAT, VERSION = "statmech-sweep-directory", 1
FOLDERS = ("shards", "ckpt", "failed", "claims", "states")


class Store:
    """Paths and small files of one sweep directory.

    Example: ``Store(Path("results/hopfield")).read_spec()["title"]``
    """

    def __init__(self, root: Path | str):
        self.root = Path(root)

    def create(self) -> None:
        """Make the folders; raises StoreError if the directory exists and is not a sweep's."""
        if self.root.exists() and not self.root.is_dir():
            raise StoreError(f"{self.root} is a file, expected a directory: choose another --out")
        if self.root.is_dir() and not self.spec_path.exists():
            foreign = [p.name for p in self.root.iterdir() if not p.name.startswith(".") and p.name not in FOLDERS]
            if foreign:
                raise StoreError(
                    f"{self.root} is not empty and not a sweep directory (it holds {foreign[0]!r} but no spec.json): "
                    f"choose another --out"
                )
        for folder in FOLDERS[:4]:
            (self.root / folder).mkdir(parents=True, exist_ok=True)

    def clean(self) -> None:
        """Remove temporary files of processes that are gone."""
        for folder in (self.root, *(self.root / name for name in FOLDERS)):
            if folder.is_dir():
                remove_leftovers(folder)

    @property
    def spec_path(self) -> Path:
        return self.root / "spec.json"

    def read_spec(self) -> dict[str, Any] | None:
        """The frozen spec, None in a directory that has none; raises StoreError if it is not ours or damaged."""
        try:
            text = self.spec_path.read_text()
        except (FileNotFoundError, NotADirectoryError):
            return None
        try:
            content = json.loads(text)
        except ValueError:
            raise StoreError(f"{self.spec_path} is damaged (not JSON): restore it or choose another --out") from None
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise StoreError(f"{self.spec_path} was not written by statmech: choose another --out")
        check_version(self.spec_path, content.get("format_version"), VERSION, content.get("creator_version", "?"))
        return content

    def write_spec(self, content: Mapping[str, Any]) -> None:
        """Freeze the spec."""
        from statmech import __version__

        head = {"format": FORMAT, "format_version": VERSION, "creator_version": __version__}
        write_bytes(self.spec_path, json.dumps(head | dict(content), indent=1, ensure_ascii=False).encode())

    def shard(self, task: str) -> Path:
        """Results and final state of a finished task."""
        return self.root / "shards" / f"{task}.h5"

    def checkpoint(self, task: str) -> Path:
        """State of a task that has begun."""
        return self.root / "ckpt" / f"{task}.h5"

    def failed(self, task: str) -> Path:
        """Error of a task that raised."""
        return self.root / "failed" / f"{task}.json"

    def claim(self, task: str) -> Path:
        """Who works on a task."""
        return self.root / "claims" / f"{task}.json"

    def progress_path(self, task: str) -> Path:
        """Share of the work done by the owner of the claim, for progress bars."""
        return self.root / "claims" / f"{task}.progress"

    def states(self, task: str, done: int) -> Path:
        """Snapshot of configurations after `done` units of work."""
        folder = self.root / "states" / task
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{done:012d}.h5"

    def merged(self, name: str) -> Path:
        """The merged results file."""
        return self.root / f"{name}.h5"

    def stop_path(self, run: str) -> Path:
        """While this file exists, the workers of a run checkpoint and stop."""
        return self.root / "claims" / f".{run}.tmp"

    def write_failure(self, task: str, failure: Mapping[str, Any]) -> None:
        """Record the error of a task."""
        write_bytes(self.failed(task), json.dumps(failure, indent=1, default=str).encode())

    def read_failure(self, task: str) -> dict[str, Any] | None:
        """The recorded error of a task."""
        try:
            return json.loads(self.failed(task).read_text())
        except FileNotFoundError:
            return None

    def write_progress(self, task: str, share: float) -> None:
        """A hint for progress bars: not synced, may be lost."""
        with contextlib.suppress(OSError):
            self.progress_path(task).write_text(f"{share:.6f}")

    def read_progress(self, task: str) -> float:
        """Share of the work done, 0 if unknown."""
        try:
            return float(self.progress_path(task).read_text())
        except (OSError, ValueError):
            return 0.0

    def state_of(self, task: str, length: int) -> str:
        """"done", "running" (somebody alive works on it), "failed", "begun" (a checkpoint waits) or "pending"."""
        state = self.state_of_files(task, length)
        return "running" if state != "done" and is_live(self.claim(task)) else state

    def state_of_files(self, task: str, length: int) -> str:
        """As state_of, without looking at claims."""
        from statmech.io.shards import shard_length

        shard = self.shard(task)
        if shard.exists() and shard_length(shard)[1] >= length:
            return "done"
        if self.failed(task).exists():
            return "failed"
        return "begun" if self.checkpoint(task).exists() or shard.exists() else "pending"
