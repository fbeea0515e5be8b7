"""Where the time of a run goes: kernel, exchange, observables, statistics, storage.

    python benchmarks/overhead.py [N [sweeps]]       (N = 500, 1024 sweeps: a minute)

One task as a sweep runs it, on one thread: a ladder of 16 temperatures with 4 replicas, exchange and a measurement
after every sweep and after every fourth, for one disorder sample and for a block of eight.  Printed: seconds of
processor time of every part and its share of the whole.
"""

from __future__ import annotations

import os

for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import contextlib  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from collections import defaultdict  # noqa: E402
from pathlib import Path  # noqa: E402
from unittest import mock  # noqa: E402

import numpy as np  # noqa: E402
from _report import Report, parser  # noqa: E402

from statmech import SK, Hopfield, Model, MonteCarlo, Tempering  # noqa: E402
from statmech.io.shards import Shard, write_shard  # noqa: E402
from statmech.kernels import cpu  # noqa: E402
from statmech.samplers.run import Turns  # noqa: E402
from statmech.tasks.record import SpinRecorder  # noqa: E402


class Clock:
    """Processor time spent in named parts; a part inside another one counts for itself alone."""

    def __init__(self):
        self.spent, self._open = defaultdict(float), ["the rest"]
        self._last = time.thread_time()

    def _switch(self) -> None:
        now = time.thread_time()
        self.spent[self._open[-1]] += now - self._last
        self._last = now

    @contextlib.contextmanager
    def part(self, name: str):
        """Time in this block belongs to `name`."""
        self._switch()
        self._open.append(name)
        try:
            yield
        finally:
            self._switch()
            self._open.pop()

    def watch(self, owner: type, method: str, name: str):
        """A patch under which calls of a method belong to `name`."""
        original, spent, open_parts, now = getattr(owner, method), self.spent, self._open, time.thread_time

        def timed(*args, **kwargs):  # as `part`, in the fewest steps: the clock itself costs a microsecond a call
            begin = now()
            spent[open_parts[-1]] += begin - self._last
            open_parts.append(name)
            self._last = begin
            result = original(*args, **kwargs)
            end = now()
            spent[name] += end - self._last
            open_parts.pop()
            self._last = end
            return result

        return mock.patch.object(owner, method, timed)


def run(task: MonteCarlo, clock: Clock, folder: Path) -> None:
    """One task, with its parts timed."""
    model = type(task.model)
    parts = (
        (cpu.PairWalkers, "_kernel", "kernel"),
        (Turns, "sweep", "exchange"),
        (SpinRecorder, "measure", "observables"),
        (SpinRecorder, "close", "observables"),
        (model, "observe_overlaps", "the model's observables"),
    )
    with contextlib.ExitStack() as stack:
        for part in parts:
            stack.enter_context(clock.watch(*part))
        with clock.part("disorder and start"):
            state = task.start()
        with clock.part("the loop over sweeps"):
            state = task.advance(state, task.sweeps)
        with clock.part("statistics"):
            results = task.results(state)
        with clock.part("storage"):
            write_shard(folder / "task.h5", task.identity(), Shard(state, results, task.sweeps, task.sweeps))


def parts(model: Model, samples: int, sweeps: int, every: int) -> dict[str, float]:
    """Seconds of every part, the longest first; exchange and a measurement after every `every` sweeps."""
    settings = {"T": tuple(np.linspace(0.4, 1.6, 16)), "replicas": 4, "disorder": tuple(range(samples)),
                "measure_every": every}  # fmt: skip
    sampler = Tempering(every=every)
    with tempfile.TemporaryDirectory() as folder:
        run(MonteCarlo(model, sampler, sweeps=16 * every, device="cpu", **settings), Clock(), Path(folder))  # compiles
        clock = Clock()
        run(MonteCarlo(model, sampler, sweeps=sweeps, device="cpu", **settings), clock, Path(folder))
    clock.spent.pop("the rest", None)
    return dict(sorted(clock.spent.items(), key=lambda item: -item[1]))


def main() -> None:
    """Print and store the tables."""
    options = parser(__doc__)
    options.add_argument("size", nargs="*", type=int, metavar="N sweeps")
    options = options.parse_args()
    default = (20, 64) if options.smoke else (500, 1024)
    n, sweeps = (*options.size, *default[len(options.size) :])[:2]
    with Report(__file__, __doc__, options) as report:
        glass, memory = SK(n=n), Hopfield(n=n, alpha=0.1)
        for model, samples, every in ((glass, 1, 1), (glass, 8, 1), (memory, 8, 1), (glass, 1, 4), (glass, 8, 4)):
            table = report.table(
                f"{type(model).__name__} N = {n}, {samples} sample(s), {64 * samples} chains, {sweeps} sweeps, "
                f"every = {every}",
                {"part": "", "s": ".3f", "share": ".1%", "us per sweep": ".1f"},
            )
            spent = parts(model, samples, sweeps, every)
            total = sum(spent.values())
            for name, s in (spent | {"all": total, "all but the kernel": total - spent["kernel"]}).items():
                table(name, s, s / total, 1e6 * s / sweeps)


if __name__ == "__main__":
    main()
