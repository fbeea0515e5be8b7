"""HDF5 files of strangers are parsed in a process of their own.

HDF5 is a large C library: a damaged file may send it into an endless loop, a hostile one may crash it, and no Python
code can catch either.  The child has bounds on memory and processor time, returns plain arrays through a pipe, and its
end, however it comes, is one error here.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from statmech.io.atomic import StoreError
from statmech.io.networks.limits import Budget, HoldsResults, is_weight

SECONDS = 20  # of processor time, and as much again per GiB of the file
MEMORY = 4 * 2**30  # bytes beside the arrays
CHILD = "from statmech.io.networks.hdf5_files import child; child()"


def read_isolated(budget: Budget, seconds: float = SECONDS) -> dict[str, np.ndarray]:
    """What `hdf5_files.weights` finds in a file, read by a child process.

    Raises StoreError with the child's message, or saying how it died.
    """
    seconds *= 1 + budget.size / 2**30
    paths = [str(Path(entry or ".").resolve()) for entry in sys.path]
    one_thread = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
    command = [sys.executable, "-P", "-c", CHILD, str(budget.path.resolve()), str(budget.limit), str(seconds)]
    found = {}
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env={**os.environ, **one_thread, "PYTHONPATH": os.pathsep.join(paths)},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        try:
            head = process.stdout.readline()
            answer: dict[str, Any] = json.loads(head) if head.endswith(b"\n") else {"died": True}
            for name, code, shape in answer.get("arrays", ()):
                dtype = np.dtype(code)
                if not is_weight(shape, dtype):
                    raise StoreError(f"{budget.path}: the child process that reads it went astray: it is hostile")
                size = budget.take(shape, dtype.itemsize, name) * dtype.itemsize
                data = process.stdout.read(size)
                if len(data) != size:
                    answer = {"died": True}
                    break
                found[name] = np.frombuffer(bytearray(data), dtype).reshape(shape)
        except BaseException:
            process.kill()
            raise
    if "error" in answer:
        kind = HoldsResults if answer.get("results") else StoreError
        raise kind(str(answer["error"]).replace(str(budget.path.resolve()), str(budget.path), 1))
    if "died" in answer:
        raise StoreError(
            f"{budget.path}: the HDF5 library did not survive it (exit status {process.returncode}): it is damaged or "
            f"hostile, get it again from its source"
        )
    return found


def restrict(seconds: float, memory: int) -> None:
    """Bound this process in processor time and memory, where the system can."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (int(np.ceil(seconds)),) * 2)
        resource.setrlimit(resource.RLIMIT_AS, (memory,) * 2)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def answer(arrays: dict[str, np.ndarray]) -> None:
    """Send arrays to the parent: one line of JSON, then their bytes."""
    head = [(name, array.dtype.str, array.shape) for name, array in arrays.items()]
    sys.stdout.buffer.write(json.dumps({"arrays": head}).encode() + b"\n")
    for array in arrays.values():
        sys.stdout.buffer.write(np.ascontiguousarray(array).data.cast("B"))
    sys.stdout.buffer.flush()


def complain(message: str, results: bool) -> None:
    """Send the parent the message of an error; results: the file holds our results."""
    sys.stdout.buffer.write(json.dumps({"error": message, "results": results}).encode() + b"\n")
    sys.stdout.buffer.flush()
