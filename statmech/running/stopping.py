"""First Ctrl-C or SIGTERM: checkpoint and stop.  Second: abort."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from multiprocessing import resource_tracker
from typing import Any

ABORTED = 130
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """Context manager that turns the first signal into a wish to stop and the second into an immediate end.

    on_first is called once, at the first signal.  Outside the main thread it does nothing, as Python wants it.
    """

    def __init__(self, on_first: Callable[[], Any]):
        self._on_first, self._asked = on_first, False
        self._before: dict[int, Any] = {}

    def asked(self) -> bool:
        """Has a signal come?"""
        return self._asked

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, _frame: Any) -> None:
        if self._asked:
            os._exit(ABORTED)  # workers notice and end; every file is whole
        self._asked = True
        name = signal.Signals(number).name
        os.write(2, f"\nstatmech: {name}: saving and stopping, once more aborts\n".encode())
        self._on_first()


@contextlib.contextmanager
def held_back() -> Iterator[None]:
    """Signals that come inside wait until its end; threads and processes started inside never get them.

    Ctrl-C on a terminal goes to every process of the run: workers leave it to the parent, which asks them to save.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # started later, it would let the signals through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
