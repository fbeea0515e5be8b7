"""What a run tells while it runs: a bar on a terminal, log lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from statmech.io.store import Store
from statmech.running.runner import Outcome
from statmech.sweep import Planned

LOG_EVERY = 30.0  # seconds between log lines


class Progress:
    """Sweeps done over all tasks; shares of running tasks come from the small files their workers write."""

    def __init__(self, store: Store, plan: Sequence[Planned], states: Mapping[str, str], quiet: bool = False):
        self.store, self.quiet = store, quiet
        self.weight = {p.id: max(p.length, 1) for p in plan}
        self.done = {p.id for p in plan if states[p.id] == "done"}
        self._bar: Any = None
        self._logged = time.monotonic()

    def __enter__(self) -> Progress:
        if not self.quiet and sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(total=sum(self.weight.values()), unit=" sweeps", unit_scale=True, file=sys.stderr)
            self.refresh()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self.refresh()
            self._bar.close()

    def outcome(self, outcome: Outcome) -> None:
        """A task has ended."""
        if outcome.kind == "done":
            self.done.add(outcome.id)
        elif outcome.message:
            self.say(f"{outcome.id} failed: {outcome.message}" if outcome.kind == "failed" else outcome.message)
        self.refresh()

    def refresh(self) -> None:
        """Read how far the tasks are and show it."""
        if self.quiet or (self._bar is None and time.monotonic() - self._logged < LOG_EVERY):
            return
        total = sum(self.weight.values())
        share = sum(w * (1.0 if i in self.done else self.store.read_progress(i)) for i, w in self.weight.items())
        if self._bar is not None:
            self._bar.n = min(int(share), total)
            self._bar.set_postfix_str(f"{len(self.done)}/{len(self.weight)} tasks", refresh=False)
            self._bar.refresh()
            return
        self._logged = time.monotonic()
        self.say(f"{100 * share / total:.0f} % of the sweeps, {len(self.done)} of {len(self.weight)} tasks")

    def say(self, text: str) -> None:
        """One line on stderr."""
        if self.quiet:
            return
        if self._bar is not None:
            self._bar.write(text, file=sys.stderr)
        else:
            print(f"statmech: {text}", file=sys.stderr, flush=True)
