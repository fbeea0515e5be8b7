"""Who works on a task: one claim file each, so that any number of processes and hosts share a directory.

A claim is made by an exclusive create (network disks lack flock), kept alive by touching it, and stale after a
minute without a touch, or at once if its process was on this host and is gone.  Two owners, should clocks ever
conspire, are harmless: both compute the same bits and rename whole files.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time
import uuid
from pathlib import Path
from typing import Any

from statmech.io.atomic import process_start

HEARTBEAT = 5.0  # seconds between touches
STALE = 60.0  # seconds without a touch after which a claim is taken over


class Claim:
    """Context manager that holds a task; `Claim.take` returns None if somebody alive holds it."""

    def __init__(self, path: Path, token: str):
        self.path, self.token = path, token
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    @classmethod
    def take(cls, path: Path) -> Claim | None:
        """Claim the task of this file, taking over a stale claim.

        Example: ``claim = Claim.take(Path("claims/task.json"))``
        """
        token = uuid.uuid4().hex
        mine = _temporary(path, token)
        content = {"host": socket.gethostname(), "pid": os.getpid(), "process": process_start(os.getpid())}
        mine.write_text(json.dumps(content | {"token": token}))
        try:
            return cls(path, token) if _create(mine, path) or _take_over(path, mine) else None
        finally:
            with contextlib.suppress(FileNotFoundError):
                mine.unlink()

    def __enter__(self) -> Claim:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        if _read(self.path).get("token") == self.token:
            with contextlib.suppress(FileNotFoundError):
                self.path.unlink()

    def _beat(self) -> None:
        while not self._stop.wait(HEARTBEAT):
            with contextlib.suppress(OSError):
                if _read(self.path).get("token") == self.token:
                    os.utime(self.path)


def is_live(path: Path, now: float | None = None) -> bool:
    """Does somebody alive hold this claim?  now: time on the clock of the file system, default that of this host."""
    try:
        age = (time.time() if now is None else now) - path.stat().st_mtime
    except FileNotFoundError:
        return False
    return _owner_alive(_read(path), age)


def owner(path: Path) -> str:
    """Host and process id of a claim, for messages."""
    content = _read(path)
    return f"{content.get('host', '?')}, process {content.get('pid', '?')}"


def _temporary(path: Path, token: str) -> Path:
    """A name that the next run sweeps away if this process dies."""
    return path.with_name(f".{path.name}.{token}.{socket.gethostname()}.{os.getpid()}.tmp")


def _owner_alive(content: dict[str, Any], age: float) -> bool:
    if content.get("host") == socket.gethostname() and "process" in content:
        return process_start(int(content["pid"])) == content["process"]
    return age <= STALE


def _create(mine: Path, path: Path) -> bool:
    """Give `mine` the name `path` unless that exists: with its content at once (link), or O_EXCL where links lack."""
    try:
        os.link(mine, path)
        return True
    except FileExistsError:
        return False
    except OSError:
        pass
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "wb") as file:
        file.write(mine.read_bytes())
    return True


def _take_over(path: Path, mine: Path) -> bool:
    """Put `mine` in the place of a stale claim; False if it is alive or somebody else is at it.

    Looking and replacing are one step for all, under a lock: otherwise one who looked at the stale claim could
    remove the claim that another has made since.  The replacement leaves no moment without a claim.
    """
    lock = path.with_name(f".{path.name}.takeover")
    for _ in range(2):
        os.utime(mine)
        if _create(mine, lock):
            break
        if _alive(lock, mine):
            return False
        with contextlib.suppress(FileNotFoundError):
            lock.unlink()  # its owner died in the middle
    else:
        return False
    try:
        if not path.exists():
            return _create(mine, path)
        if _alive(path, mine):
            return False
        os.replace(mine, path)
        return True
    finally:
        with contextlib.suppress(FileNotFoundError):
            lock.unlink()


def _alive(path: Path, mine: Path) -> bool:
    """Does somebody alive hold this file?  `mine`, just touched, tells the time of the file system."""
    return is_live(path, mine.stat().st_mtime)


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
