"""Where tasks run: in this process, in a pool of processes, on Dask workers, under MPI, or on any Executor.

Tasks cross process borders as (script, overrides, task id): a worker imports the script, builds the same sweep,
checks that the spec is the same and runs the task by its id.  So a model that stands in the user's own script works
everywhere.  A sweep without a script travels as itself, pickled.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from statmech.io.atomic import StoreError
from statmech.io.store import Store
from statmech.overrides import nearest
from statmech.running.runner import Outcome, Pace, run_task
from statmech.running.stopping import held_back
from statmech.running.until import longer
from statmech.sweep import Planned, Sweep

NAMES = ("serial", "process", "dask", "mpi")
THREAD_VARIABLES = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Job:
    """What crosses the process border: how to rebuild the sweep, where its directory is, which task to run."""

    out: str
    spec_hash: str
    segments: tuple[int, ...]
    script: str | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)
    smoke: bool = False
    sweep: Sweep | None = None

    def build(self) -> dict[str, Planned]:
        """All tasks by id; raises StoreError if the script no longer gives the same spec."""
        if self.script is not None:
            sweep = load_script(self.script).resolve(self.overrides, self.smoke)
        else:
            assert self.sweep is not None
            sweep = self.sweep
        if sweep.spec_hash() != self.spec_hash:
            raise StoreError(f"{self.script} gives another spec on a worker than at the start: was it edited?")
        return {planned.id: planned for planned in sweep.plan(self.segments)}


def load_script(path: str | Path) -> Sweep:
    """The `sweep` of a script.

    Raises StoreError if the script is missing or has none; errors inside the script are its own.

    Example: ``load_script("sims/hopfield_phases.py").name``
    """
    path = Path(path).resolve()
    if not path.is_file():
        raise StoreError(f"{path} does not exist: expected a script with `sweep = Sweep(...)`")
    module = _import_script(str(path), path.stat().st_mtime_ns)
    sweep = getattr(module, "sweep", None)
    if not isinstance(sweep, Sweep):
        raise StoreError(f"{path} has no module-level `sweep = Sweep(...)` (found {type(sweep).__name__})")
    return sweep


@functools.lru_cache(maxsize=8)
def _import_script(path: str, _mtime: int) -> Any:
    name = f"statmech_script_{Path(path).stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise StoreError(f"{path} is not a Python script")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    folder = str(Path(path).parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    spec.loader.exec_module(module)
    return module


_jobs: dict[tuple, dict[str, Planned]] = {}
_one_at_a_time = threading.Lock()  # a task uses all threads it is given, however many a Dask worker has


def work(job: Job, task: str, pace: Pace, sweeps: int = 0) -> Outcome:
    """Run one task of a job: what every worker does.  sweeps: its length, if that is not the one of the spec."""
    with _one_at_a_time:
        key = (job.out, job.spec_hash, job.segments)
        if key not in _jobs:
            _jobs.clear()
            _jobs[key] = job.build()
        planned = _jobs[key][task]
        if sweeps != planned.length and sweeps:
            planned = longer(planned, sweeps)
        return run_task(planned, Store(job.out), pace)


def cores() -> int:
    """Processor cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


@contextlib.contextmanager
def open_executor(which: str | Executor, workers: int | None) -> Iterator[Executor]:
    """The executor with this name: "process", "dask", "dask:ADDRESS", "mpi"; an Executor stays as it is.

    Raises StoreError for an unknown name, ImportError if the package of an executor is not installed.

    Example: ``with open_executor("process", 2) as executor: ...``
    """
    if isinstance(which, Executor):
        yield which
        return
    name, _, address = which.partition(":")
    check_name(which)
    count = workers if workers is not None else cores()
    threads = max(1, cores() // count)
    if name == "process":
        with thread_environment(threads):
            pool = ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), initialise_worker, (threads,))
            with pool:
                yield pool
    elif name == "dask":
        with _dask(address, count, threads) as executor:
            yield executor
    else:
        try:
            from mpi4py.futures import MPIPoolExecutor
        except ImportError as error:
            raise ImportError("--executor mpi needs mpi4py: pip install mpi4py, and an MPI library") from error
        with MPIPoolExecutor(workers) as executor:
            yield executor


def check_name(which: str) -> None:
    """Raise StoreError unless this names an executor."""
    name, colon, address = which.partition(":")
    if name not in NAMES or (colon and (name != "dask" or not address)):
        expected = f"serial, process, dask, dask:ADDRESS or mpi; {nearest(name, NAMES)}"
        raise StoreError(f"--executor {which!r}: expected {expected}")


@contextlib.contextmanager
def _dask(address: str, count: int, threads: int) -> Iterator[Executor]:
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise ImportError("--executor dask needs Dask: pip install 'statmech[dask]'") from error
    with contextlib.ExitStack() as stack:
        if address:
            client = stack.enter_context(Client(address, timeout=30))
        else:
            environment = dict.fromkeys(THREAD_VARIABLES, str(threads))
            stack.enter_context(dask.config.set({"distributed.nanny.pre-spawn-environ": environment}))
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="statmech-dask-"))
            with held_back():
                cluster = stack.enter_context(LocalCluster(
                    n_workers=count, threads_per_worker=1, processes=True, dashboard_address=None,
                    local_directory=folder, silence_logs=40,
                ))  # fmt: skip
            client = stack.enter_context(Client(cluster))
        yield client.get_executor(pure=False)


@contextlib.contextmanager
def thread_environment(threads: int) -> Iterator[None]:
    """Child processes started inside get this many threads; libraries read it when they are first imported."""
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def initialise_worker(threads: int) -> None:
    """A pool worker: its share of the cores, signals left to the parent, and an end when the parent ends."""
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(1)  # files are whole at every moment
