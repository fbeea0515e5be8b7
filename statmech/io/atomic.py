"""Files that are either whole or absent: write a temporary name, fsync, rename.

HDF5 written in place is unreadable after a few per cent of SIGKILLs; write-fsync-rename loses nothing and costs
milliseconds.  HDF5 files are therefore made in memory and reach the disk as one sequence of bytes, so that a full
disk is met by a plain write and never inside the HDF5 library.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from pathlib import Path

FAILPOINT = "STATMECH_FAILPOINT"
_passed = 0


class StoreError(ValueError):
    """A file or directory that cannot be used: what was got, what was expected, how to mend it."""


def failpoint() -> None:
    """For the crash tests: SIGKILL this process at the n-th point if STATMECH_FAILPOINT = n."""
    global _passed
    wanted = os.environ.get(FAILPOINT)
    if wanted is None:
        return
    _passed += 1
    if _passed == int(wanted):
        os.kill(os.getpid(), signal.SIGKILL)


def write_bytes(path: Path, content: bytes | memoryview) -> None:
    """Write a file atomically: after a kill at any moment the old or the new content stands there, whole.

    Raises OSError (for example a full disk) with the temporary file removed and the old file untouched.

    Example: ``write_bytes(Path("x.json"), b"{}")``
    """
    temporary = path.with_name(f".{path.name}.{socket.gethostname()}.{os.getpid()}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        try:
            _write_all(descriptor, content)
            failpoint()
            os.fsync(descriptor)
            failpoint()
        finally:
            os.close(descriptor)
        failpoint()
        os.replace(temporary, path)
        failpoint()
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    sync_directory(path.parent)
    failpoint()


def _write_all(descriptor: int, content: bytes | memoryview) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view[: 1 << 26]) :]


def sync_directory(directory: Path) -> None:
    """Make a rename durable; some network disks cannot, and need not."""
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            failpoint()
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove_leftovers(directory: Path) -> None:
    """Temporary files of processes of this host that are gone."""
    mark = f".{socket.gethostname()}."
    for path in directory.glob(".*.tmp"):
        pid = path.name.removesuffix(".tmp").rpartition(".")[2]
        if mark in path.name and pid.isdigit() and not process_start(int(pid)):
            with contextlib.suppress(OSError):
                path.unlink()


def process_start(pid: int) -> str:
    """A text that names the process with this id uniquely on this host, "" if there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if fields[0] == "Z" else f"{pid}@{fields[19]}"
    except (FileNotFoundError, ProcessLookupError):
        if Path("/proc/self/stat").exists():
            return ""
    except (OSError, IndexError):
        pass
    try:  # no /proc: the id alone has to do
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except OSError:
        pass
    return str(pid)
