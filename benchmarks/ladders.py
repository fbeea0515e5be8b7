"""Round trips of tempering on four models: hand-made ladders, the tuned one, and exchange in random turns, in one run.

    python benchmarks/ladders.py [hopfield] [sk] [pspin] [perceptron]

Ladders of four samples with four replicas each run for the same number of sweeps, of which the second half counts;
seconds are those of the processor, on one thread.  "equal steps": R temperatures equally spaced in T; "geometric": in
ln T; both with the R of the tuned ladder, so that they differ in nothing but the places.  "20 equal steps" and "8" are
what one might take unasked.  "random turns": the tuned ladder, even or odd pairs by the toss of a coin (reversible).
Printed: journeys from the hottest to the coldest rung per 1000 sweeps of a ladder, the same per 1000 sweeps of one
walker, seconds, the lowest exchange rate; and the ratios tuned / other of journeys per walker and per second.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from _report import Report, parser
from _threads import clock, process

from statmech import SK, HeatBath, Hopfield, Model, MonteCarlo, Perceptron, PSpin, Tempering
from statmech.random import Stream, words
from statmech.tasks.pilot import tuned_ladder

MODELS: dict[str, tuple[Callable[[int], Model], int, tuple[float, float], int]] = {  # N; coldest, hottest; sweeps
    "hopfield": (lambda n: Hopfield(n=n, alpha=0.2), 200, (0.3, 2.0), 2048),
    "sk": (lambda n: SK(n), 200, (0.3, 1.6), 2048),
    "pspin": (lambda n: PSpin(n, p=3), 48, (0.45, 1.6), 4096),
    "perceptron": (lambda n: Perceptron(n=n, alpha=0.7, labels="random"), 127, (0.2, 1.5), 4096),
}
COLUMNS = {"ladder": "", "R": "d", "journeys": ".2f", "+-": ".2f", "per walker": ".3f", "s": ".2f",
           "lowest rate": ".3f", "tuned / it, per sweep": ".2f", "per second": ".2f"}  # fmt: skip


class RandomTurns(Tempering):
    """Even or odd pairs by the toss of a coin: exchange that satisfies detailed balance."""

    def exchange(self, state, energy, ladder, keys, turn):
        coin = int(words(int(np.asarray(keys).ravel()[0]), Stream.SWAP, turn, 1 << 20, 0)) & 1
        super().exchange(state, energy, ladder, keys, 2 * turn + coin)


def run(model: Model, T: np.ndarray, sampler: Tempering, sweeps: int) -> tuple[float, float, float, float]:
    """Journeys of one ladder in the measured half, their error, seconds of that half, lowest exchange rate."""
    task = MonteCarlo(model, sampler, T=tuple(T), replicas=4, disorder=(0, 1, 2, 3), sweeps=sweeps, measure_every=8)
    state = task.advance(task.start(), sweeps // 2)
    begin = clock()
    state = task.advance(state, sweeps)
    seconds = clock() - begin
    trips = state["random/sampler/acc_trips"]
    rate = state["random/sampler/acc_swaps"].sum((0, 2)) / state["random/sampler/acc_attempts"].sum((0, 2))
    return trips.mean(), trips.std() / np.sqrt(trips.size), seconds, rate.min()


def compare(name: str, smoke: bool) -> tuple[str, list[tuple]]:
    """Words and the rows of the table of one model."""
    build, n, (cold, hot), sweeps = MODELS[name]
    n, sweeps, tuning = (9, 64, 64) if smoke else (n, sweeps, 1024)
    model, sampler = build(n), Tempering(HeatBath())
    begin = clock()
    tuned = tuned_ladder(model, (cold, hot), Tempering(HeatBath(), rungs="tuned", tuning=tuning))
    spent, R = clock() - begin, tuned.size
    ladders = {
        "tuned": (tuned, sampler),
        "equal steps": (np.linspace(cold, hot, R), sampler),
        "geometric": (np.geomspace(cold, hot, R), sampler),
        "20 equal steps": (np.linspace(cold, hot, 20), sampler),
        "8 equal steps": (np.linspace(cold, hot, 8), sampler),
        "random turns": (tuned, RandomTurns(HeatBath())),
    }
    rows, best = [], (np.nan, np.nan)
    for label, (T, how) in ladders.items():
        trips, error, seconds, rate = run(model, T, how, sweeps)
        per, found = 1000 / (sweeps / 2), (trips / T.size, trips / seconds)
        best = found if label == "tuned" else best
        ratios = (b / f if f else np.inf for b, f in zip(best, found))
        rows.append((label, T.size, trips * per, error * per, trips * per / T.size, seconds, rate, *ratios))
    words = f"{type(model).__name__}, N = {n}, T = {cold} .. {hot}, {sweeps} sweeps; journeys per 1000 sweeps; tuning "
    return words + f"took {spent:.1f} s (compilation included), {tuning} sweeps of 8 ladders", rows


def main() -> None:
    """Print and store the tables."""
    options = parser(__doc__)
    options.add_argument("models", nargs="*", help=", ".join(MODELS))
    options = options.parse_args()
    if unknown := set(options.models) - set(MODELS):
        raise SystemExit(f"unknown model {', '.join(sorted(unknown))}: expected some of {', '.join(MODELS)}")
    with Report(__file__, __doc__, options) as report, process(1) as call:
        for name in options.models or (["sk"] if options.smoke else MODELS):
            words, rows = call(compare, name, options.smoke)
            table = report.table(words, COLUMNS)
            for row in rows:
                table(*row)


if __name__ == "__main__":
    main()
