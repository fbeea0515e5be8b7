"""``run --until equilibrated``: points that are not run twice as long, and twice again, within a time limit.

A verdict is read only when a length n0 2^k is complete, and a run of that length holds the same bits however it came
about: wall time decides how many doublings are reached, never what is in them.  The frozen spec keeps n0; a shard says
how far its own task got.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from statmech.io.shards import read_shard, shard_length
from statmech.io.store import Store
from statmech.names import STATUS
from statmech.sweep import Planned

FLOOR = 2.0  # a run that fails for another reason than its length is taken to need twice that


def unequilibrated(plan: Sequence[Planned], store: Store) -> list[Planned]:
    """The tasks of which some point is unequilibrated, each at its next length, longest needed first.

    What a task needs is its length times 50 tau over the window, as its worst point shows (at least twice its length);
    equal needs stay in plan order.  Tasks that cannot grow (no sweeps) and unfinished ones are left out.

    Example: ``[p.length for p in unequilibrated(campaign.plan(), campaign.store)]``
    """
    found: list[tuple[float, Planned]] = []
    for planned in plan:
        path = store.shard(planned.id)
        if not planned.length or not path.exists() or store.failed(planned.id).exists():
            continue
        length = shard_length(path)[1]
        results = read_shard(path, planned.identity, state=False).results or {}
        if length < planned.length or "status" not in results:
            continue
        bad = np.asarray(results["status"].data) == STATUS["unequilibrated"]
        if bad.any():
            factor = FLOOR
            if "verdict/times" in results:
                share = results["verdict/times_bound"].data / np.maximum(results["verdict/times"].data, 1e-9)
                factor = max(FLOOR, float(np.nanmax(np.where(bad[..., None], share, np.nan), initial=FLOOR)))
            found.append((factor * length, longer(planned, 2 * length)))
    return [planned for _, planned in sorted(found, key=lambda pair: -pair[0])]


def longer(planned: Planned, sweeps: int) -> Planned:
    """The same task with another length.

    Example: ``longer(sweep.plan()[0], 2048).length == 2048``
    """
    return dataclasses.replace(planned, task=dataclasses.replace(planned.task, sweeps=sweeps))  # type: ignore[type-var]
