"""Before a run: the grid, the tasks, the memory and the time they will take."""

from __future__ import annotations

import time

from statmech.labels import label
from statmech.running.campaign import Campaign
from statmech.running.executors import cores
from statmech.running.extend import check_continuation
from statmech.sweep import Planned, Zip


def print_plan(campaign: Campaign, workers: int = 0) -> None:
    """Print grid, tasks, memory per worker and estimated time; writes nothing."""
    sweep, store = campaign.sweep, campaign.store
    content = store.read_spec()
    if content is not None:
        check_continuation(store.root, content["spec"], sweep.spec(), True, content["overrides"])
    plan = campaign.plan()
    print(f"{sweep.name}: {sweep.title}" if sweep.title else sweep.name)
    print(f"  task      {type(sweep.task).__name__}")
    for name, (key, values) in zip(sweep.dimensions, sweep.grid.items()):
        columns = values.values if isinstance(values, Zip) else {key: values}
        for path, column in columns.items():
            print(f"  {name:8}  {path} = {', '.join(v if isinstance(v, str) else label(v) for v in column)}")
    if sweep.has_disorder:
        print(f"  samples   {sweep.samples} per grid point in blocks of {sweep.block}, seed {sweep.seed}")
    todo = [p for p in plan if store.state_of_files(p.id, p.length) != "done"]
    print(f"  tasks     {len(plan)}, {len(plan) - len(todo)} of them done in {store.root}")
    if not todo:
        return
    probes = [probe(p) for p in {p.id: p for p in (todo[0], todo[-1])}.values()]
    seconds = sum(rate for rate, _, _ in probes) / len(probes) * sum(max(p.length, 1) for p in todo)
    count = min(workers or cores(), len(todo))
    print(f"  memory    {max(peak for _, peak, _ in probes) / 2**20:.0f} MiB per worker, "
          f"{max(size for _, _, size in probes) / 2**20:.1f} MiB per checkpoint")  # fmt: skip
    print(f"  time      about {duration(seconds / count)} on {count} workers, from {len(probes)} short trials")


def probe(planned: Planned) -> tuple[float, int, int]:
    """(seconds per unit of work, peak memory of this process, bytes of a state) from a few units in memory."""
    task = planned.task
    state = task.start()
    asked = task.progress(state)[1]
    task.advance(state, 1)  # compiles, and is not counted
    rates: list[float] = []
    n, spent, done = 1, 0.0, 0
    while done < asked and (spent < 0.5 or (len(rates) < 4 and spent < 8.0)):
        before, begin = done, time.perf_counter()
        state = task.advance(state, n)
        elapsed = time.perf_counter() - begin
        done = task.progress(state)[0]
        spent, n = spent + elapsed, max(done, 1)
        rates.append(elapsed / max(done - before, 1))
    size = sum(array.nbytes for array in state.values())
    per_unit = min(rates, default=0.0)  # the others waited for the machine
    return per_unit if planned.length else per_unit * asked, peak_memory(), size


def peak_memory() -> int:
    """Largest resident memory of this process so far, bytes."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    import sys

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def duration(seconds: float) -> str:
    """Seconds in words.

    Example: ``duration(90) == "1.5 min"``
    """
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.1f} s"
