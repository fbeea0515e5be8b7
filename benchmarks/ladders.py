"""Round trips of tempering on four models: hand-made ladders, the tuned one, and exchange in random turns, in one run.

    python benchmarks/ladders.py [hopfield|sk|pspin|perceptron]

Ladders of four samples with four replicas each run for the same number of sweeps, of which the second half counts;
seconds are those of the processor, on one thread.  "equal steps": R temperatures equally spaced in T; "geometric": in
ln T; both with the R of the tuned ladder, so that they differ in nothing but the places.  "20 equal steps" and "8" are
what one might take unasked.  "random turns": the tuned ladder, even or odd pairs by the toss of a coin (reversible).
Printed: journeys from the hottest to the coldest rung per 1000 sweeps of a ladder, the same per 1000 sweeps of one
walker, the lowest exchange rate; and the ratios tuned / other of journeys per walker and of journeys per second.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

os.environ["NUMBA_NUM_THREADS"] = "1"

import numpy as np

from statmech import SK, HeatBath, Hopfield, Model, MonteCarlo, Perceptron, PSpin, Tempering
from statmech.random import Stream, words
from statmech.tasks.pilot import tuned_ladder

MODELS: dict[str, tuple[Callable[[], Model], tuple[float, float], int]] = {  # coldest, hottest; sweeps
    "hopfield": (lambda: Hopfield(n=200, alpha=0.2), (0.3, 2.0), 2048),
    "sk": (lambda: SK(200), (0.3, 1.6), 2048),
    "pspin": (lambda: PSpin(48, p=3), (0.45, 1.6), 4096),
    "perceptron": (lambda: Perceptron(n=127, alpha=0.7, labels="random"), (0.2, 1.5), 4096),
}


class RandomTurns(Tempering):
    """Even or odd pairs by the toss of a coin: exchange that satisfies detailed balance."""

    def exchange(self, state, energy, ladder, keys, turn):
        coin = int(words(int(np.asarray(keys).ravel()[0]), Stream.SWAP, turn, 1 << 20, 0)) & 1
        super().exchange(state, energy, ladder, keys, 2 * turn + coin)


def run(model: Model, T: np.ndarray, sampler: Tempering, sweeps: int) -> tuple[float, float, float, float]:
    """Journeys of one ladder in the measured half, their error, seconds of that half, lowest exchange rate."""
    task = MonteCarlo(model, sampler, T=tuple(T), replicas=4, disorder=(0, 1, 2, 3), sweeps=sweeps, measure_every=8)
    state = task.advance(task.start(), sweeps // 2)
    begin = time.process_time()
    state = task.advance(state, sweeps)
    seconds = time.process_time() - begin
    trips = state["random/sampler/acc_trips"]
    rate = state["random/sampler/acc_swaps"].sum((0, 2)) / state["random/sampler/acc_attempts"].sum((0, 2))
    return trips.mean(), trips.std() / np.sqrt(trips.size), seconds, rate.min()


def compare(name: str) -> None:
    build, (cold, hot), sweeps = MODELS[name]
    model, sampler = build(), Tempering(HeatBath())
    begin = time.process_time()
    tuned = tuned_ladder(model, (cold, hot), Tempering(HeatBath(), rungs="tuned"))
    spent, R = time.process_time() - begin, tuned.size
    print(f"{name}: {type(model).__name__}, N = {model.n}, T = {cold} ... {hot}, {sweeps} sweeps, R = {R}")
    ladders = {
        "tuned": (tuned, sampler),
        "equal steps": (np.linspace(cold, hot, R), sampler),
        "geometric": (np.geomspace(cold, hot, R), sampler),
        "20 equal steps": (np.linspace(cold, hot, 20), sampler),
        "8 equal steps": (np.linspace(cold, hot, 8), sampler),
        "random turns": (tuned, RandomTurns(HeatBath())),
    }
    found = {}
    for label, (T, how) in ladders.items():
        trips, error, seconds, rate = run(model, T, how, sweeps)
        per = 1000 / (sweeps / 2)
        found[label] = (trips / T.size, trips / seconds)
        print(f"  {label:15} R = {T.size:3d}: {trips * per:7.2f} +- {error * per:5.2f} per 1000 sweeps, "
              f"{trips * per / T.size:6.3f} per walker, {seconds:5.2f} s, lowest rate {rate:.3f}")  # fmt: skip
    for label in list(ladders)[1:]:
        a, b = (found["tuned"][k] / found[label][k] if found[label][k] else np.inf for k in (0, 1))
        print(f"  tuned / {label:15} {a:7.2f} per sweep of a walker, {b:7.2f} per second")
    print(f"  tuning took {spent:.1f} s (compilation included), 1024 sweeps of 8 ladders")


if __name__ == "__main__":
    for chosen in sys.argv[1:] or MODELS:
        compare(chosen)
