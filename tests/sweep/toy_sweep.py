"""A sweep with a model of its own, as a user would write it: chaotic maps, sensitive to every lost or repeated step.

STATMECH_TOY_PAUSE sleeps that many seconds per step, STATMECH_TOY_FAIL names samples that raise,
STATMECH_TOY_DIE ends the process.
"""

import os
import time
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from statmech import Sweep, Zip
from statmech.core import Variable


@dataclass(frozen=True)
class Map:
    """x -> r x (1 - x) on n sites."""

    n: int = 3
    r: float = 3.9


@dataclass(frozen=True, eq=False)
class Iterate:
    """Iterates maps from starts that depend on the sample; T is a second axis of results."""

    model: Map = Map()
    sweeps: int = 8
    disorder: tuple[int, ...] = (0,)
    seed: int = 0
    mode: str = "plain"
    skip: int = 0
    neutral: ClassVar[tuple[str, ...]] = ("skip",)

    def identity(self):
        model = [self.model.n, self.model.r]
        samples = list(self.disorder)
        return {"task": "Iterate", "model": model, "disorder": samples, "seed": self.seed, "mode": self.mode}

    def start(self):
        if str(self.disorder[0]) in os.environ.get("STATMECH_TOY_FAIL", "").split(","):
            raise ArithmeticError(f"sample {self.disorder[0]} diverges")
        sample = np.array(self.disorder)[None, :, None] + 10 * self.seed
        x = (0.1 + 0.037 * sample + 0.2 * np.arange(2)[:, None, None] + 0.01 * np.arange(self.model.n)) % 1
        if os.environ.get("STATMECH_TOY_DIE"):
            os._exit(9)
        return {"sweep": np.array(0), "group/s": x, "sum": np.zeros_like(x)}

    def progress(self, state):
        return int(state["sweep"]), self.sweeps

    def advance(self, state, n):
        x, total, sweep = state["group/s"].copy(), state["sum"].copy(), int(state["sweep"])
        for _ in range(min(n, self.sweeps - sweep)):
            time.sleep(float(os.environ.get("STATMECH_TOY_PAUSE", "0")))
            x = self.model.r * x * (1 - x)
            total += x
            sweep += 1
        return {"sweep": np.array(sweep), "group/s": x, "sum": total}

    def results(self, state):
        x, mean = state["group/s"].mean(-1), (state["sum"] / self.sweeps).mean(-1)
        return {
            "T": Variable(("T",), np.array([0.5, 1.0])),
            "disorder": Variable(("disorder",), np.array(self.disorder)),
            "time": Variable(("time",), np.arange(1, min(self.sweeps, 5) + 1)),
            "x": Variable(("T", "disorder"), mean),
            "last/x": Variable(("T", "disorder"), x),
            "history/x": Variable(("T", "disorder", "time"), np.repeat(x[..., None], min(self.sweeps, 5), -1)),
            "status": Variable(("T", "disorder"), np.full(x.shape, 2, np.int8)),
        }

    def combine(self, parts):
        return {"x_mean": Variable(("T",), parts["x"].data.mean(parts["x"].dims.index("disorder")))}


def plot(results_file, out_dir):
    path = out_dir / "figure.txt"
    path.write_text(str(results_file))
    return [path]


sweep = Sweep(
    "toy",
    Iterate(),
    grid={"model.r": [3.8, 3.9]},
    samples=4,
    block=2,
    title="Chaotic maps",
    citation="May, Nature 261, 459 (1976)",
    smoke={"sweeps": 2, "samples": 2},
    plot=plot,
)
sizes = Sweep("sizes", Iterate(), grid={"size": Zip({"model.n": [2, 5], "sweeps": [2, 8]})}, samples=2)

if __name__ == "__main__":
    sweep.main()
