"""Functions in a new process whose compiled kernels and matrix products have a given number of threads.

Numba and OpenBLAS read that number when they are loaded, so a process that has loaded them cannot change it for both.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any
from unittest import mock

NAMES = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@contextmanager
def process(threads: int) -> Iterator[Callable[..., Any]]:
    """call(function, *arguments) runs a module's function in that process and returns its result.

    Example: ``with process(1) as call: call(max, 2, 3)``
    """
    with (
        mock.patch.dict(os.environ, dict.fromkeys(NAMES, str(threads))),
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool,
    ):
        yield lambda function, *arguments: pool.submit(function, *arguments).result()


def clock() -> float:
    """Seconds: of one thread its processor time, which other work on the machine does not enter; else on the wall."""
    return time.thread_time() if os.environ.get(NAMES[0]) == "1" else time.perf_counter()
