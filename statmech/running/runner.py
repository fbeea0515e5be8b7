"""One task, from its checkpoint to its shard: claims, chunks of about a second, checkpoints, clean stops."""

from __future__ import annotations

import dataclasses
import errno
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from statmech.core import State, Task
from statmech.io.claims import Claim, owner
from statmech.io.shards import Shard, read_shard, write_shard, write_states
from statmech.io.store import Store
from statmech.sweep import Planned

DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS)  # the store's fault, not the task's
PROGRESS_EVERY = 0.5  # seconds between the hints for progress bars
Kind = Literal["done", "stopped", "failed", "claimed"]


@dataclass(frozen=True)
class Pace:
    """How a task is run; none of it changes a number.

    checkpoint_every: seconds of wall time between checkpoints
    chunk:            seconds of wall time per call of `advance`, after each of which signals and limits are looked at
    deadline:         time.time() at which to checkpoint and stop, None without limit
    save_states:      work units between snapshots of the configurations, None for none
    device:           replaces the device of tasks that have one, None leaves it
    stop:             name of the file that asks for a stop
    """

    checkpoint_every: float = 20.0
    chunk: float = 1.0
    deadline: float | None = None
    save_states: int | None = None
    device: str | None = None
    stop: str = "stop"


@dataclass(frozen=True)
class Outcome:
    """What became of a task, with one line of explanation."""

    id: str
    kind: Kind
    message: str = ""


def run_task(planned: Planned, store: Store, pace: Pace, asked_to_stop: Callable[[], bool] | None = None) -> Outcome:
    """Run a task to its end, or to a stop; a task that raises leaves failed/<task>.json and an Outcome "failed".

    A disk that is full or broken is not the task's fault: that OSError is raised.
    """
    stop_path = store.stop_path(pace.stop)

    def stopping() -> bool:
        late = pace.deadline is not None and time.time() >= pace.deadline
        return late or stop_path.exists() or (asked_to_stop is not None and asked_to_stop())

    if stopping():
        return Outcome(planned.id, "stopped")
    claim_path = store.claim(planned.id)
    claim = Claim.take(claim_path)
    if claim is None:
        return Outcome(planned.id, "claimed", f"{planned.id} is being run by {owner(claim_path)}: skipped")
    with claim:
        if store.state_of_files(planned.id, planned.length) == "done":  # finished while we waited for the claim
            return Outcome(planned.id, "done")
        try:
            return _run(planned, store, pace, stopping)
        except Exception as error:
            if isinstance(error, OSError) and error.errno in DISK_ERRORS:
                raise
            store.write_failure(planned.id, {
                "type": type(error).__name__, "message": str(error), "traceback": traceback.format_exc(),
                "identity": planned.identity, "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            })  # fmt: skip
            return Outcome(planned.id, "failed", f"{type(error).__name__}: {error}")
        finally:
            store.progress_path(planned.id).unlink(missing_ok=True)


def _run(planned: Planned, store: Store, pace: Pace, stopping: Callable[[], bool]) -> Outcome:
    # a copy of our own: what it caches on the way (disorder, couplings) must not outlive it
    task, identity = dataclasses.replace(planned.task), planned.identity  # type: ignore[type-var]
    if pace.device is not None and hasattr(task, "device"):
        task = dataclasses.replace(task, device=pace.device)  # type: ignore[type-var]
    state = _latest(planned, store, task)
    chunk = Chunks(pace.chunk)
    done, asked = task.progress(state)
    saved = told = time.monotonic()
    while done < asked:
        if stopping():
            write_shard(store.checkpoint(planned.id), identity, Shard(state, None, done, asked))
            return Outcome(planned.id, "stopped", f"{planned.id} stopped at {done} of {asked}")
        before = done
        limit = asked - done if pace.save_states is None else pace.save_states - done % pace.save_states
        with chunk:
            state = task.advance(state, min(chunk.n, limit))
            done, asked = task.progress(state)
        if done <= before:
            raise RuntimeError(f"advance(state, n) did no work at {done} of {asked}: progress must grow")
        chunk.adapt(done - before)
        if time.monotonic() - told >= PROGRESS_EVERY:
            store.write_progress(planned.id, done / max(asked, 1))
            told = time.monotonic()
        if pace.save_states is not None and done % pace.save_states == 0:
            write_states(store.states(planned.id, done), identity, configurations(state), done)
        if done < asked and time.monotonic() - saved >= pace.checkpoint_every:
            write_shard(store.checkpoint(planned.id), identity, Shard(state, None, done, asked))
            saved = time.monotonic()
    write_shard(store.shard(planned.id), identity, Shard(state, task.results(state), done, asked))
    store.checkpoint(planned.id).unlink(missing_ok=True)
    store.failed(planned.id).unlink(missing_ok=True)
    return Outcome(planned.id, "done")


def _latest(planned: Planned, store: Store, task: Task) -> State:
    """State of the checkpoint or of the shorter finished run, whichever is further; a new one without either."""
    found = [
        read_shard(path, planned.identity)
        for path in (store.checkpoint(planned.id), store.shard(planned.id))
        if path.exists()
    ]
    if not found:
        return task.start()
    return max(found, key=lambda shard: shard.done).state


def configurations(state: State) -> State:
    """The configurations in a state: arrays called "s", or everything where there is none."""
    return {k: v for k, v in state.items() if k.rpartition("/")[2] == "s"} or state


class Chunks:
    """How much work to ask of one `advance`, so that it takes about `target` seconds."""

    def __init__(self, target: float):
        self.target, self.n, self._elapsed = target, 1, 0.0

    def __enter__(self) -> Chunks:
        self._begin = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self._elapsed = time.monotonic() - self._begin

    def adapt(self, done: int) -> None:
        """Aim at the target with the speed just seen, at most four times more than before."""
        wanted = done * self.target / max(self._elapsed, 1e-6)
        self.n = max(1, int(min(wanted, 4 * max(self.n, done))))
