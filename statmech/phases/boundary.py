"""Where an indicator changes its sign: a boundary point with its error, by bisection with nested samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Indicator = Callable[[float, int, int], tuple[Array, int]]
"""(x, first, count) -> values of the samples first, ..., first + count - 1 at x, and the sweeps they took.  Their mean
changes its sign at the boundary; sample d is the same disorder at every x."""

DECIDED = 3.0  # standard errors at which a sign counts
SMALLEST = 8  # samples with which a sign can be judged at all
RESAMPLES = 400
ROUNDS = 4  # moves of the final pair of points


class Boundary(NamedTuple):
    """Boundary point x with its standard error, the sweeps it took, and the points (x, samples, mean, error)."""

    at: float
    error: float
    sweeps: int
    points: Array

    def distance(self, theory: float) -> float:
        """(at - theory) / error.

        Example: ``Boundary(1.01, 0.01, 0, np.empty((0, 4))).distance(1.0)``
        """
        return (self.at - theory) / self.error


@dataclass
class Record:
    """Values of an indicator at the points asked for so far, samples nested, and the sweeps they took."""

    indicator: Indicator
    values: dict[float, Array] = field(default_factory=dict)
    sweeps: int = 0

    def extend(self, x: float, samples: int) -> None:
        """Let the point x have the samples 0, ..., samples - 1."""
        known = self.values.get(x, np.empty(0))
        if len(known) < samples:
            new, sweeps = self.indicator(x, len(known), samples - len(known))
            self.values[x] = np.concatenate([known, np.asarray(new, float)])
            self.sweeps += sweeps

    def mean(self, x: float) -> tuple[float, float]:
        """Mean and standard error at x.  A share of n samples that is 0 or 1 has the error of one sample in n."""
        v = self.values[x]
        spread = max(float(v.std(ddof=1)), float(np.ptp(v)) / len(v), 1 / len(v) * float(np.abs(v).max()))
        return float(v.mean()), spread / len(v) ** 0.5

    def sign(self, x: float) -> int:
        """Sign of the mean, 0 where it is not decided."""
        mean, error = self.mean(x)
        return int(np.sign(mean)) if abs(mean) > DECIDED * error else 0

    def points(self) -> Array:
        """(x, samples, mean, error) of every point, x increasing."""
        return np.array([(x, len(self.values[x]), *self.mean(x)) for x in sorted(self.values)])


def trace(
    indicator: Indicator, low: float, high: float, *, samples: int, budget: int | None = None, first: int = SMALLEST,
    width: float | None = None, seed: int = 0,
) -> Boundary:  # fmt: skip
    """The x between low and high where the mean of the indicator changes its sign, by adaptive bisection.

    samples: most samples at a point, those of the final points
    budget:  sweeps to spend at most; a step that has begun is finished
    first:   samples with which a point begins; they are doubled until its sign is decided at three standard errors
    width:   bisection stops at a bracket this wide (default: 1/1024 of the first one)

    Far from the boundary a few samples decide the sign.  Where a quarter of the samples does not, bisection ends: the
    full number is spent at two points around the estimate, three standard errors of the mean away from it, that move
    until the boundary is between them.  A straight line through the points there, weighted by their errors, gives the
    boundary; its error is by bootstrap over the samples, all points together, because they share their disorder.

    Raises ValueError if the signs at low and high are the same or undecided, or numbers out of range.

    Example: ``trace(lambda x, first, n: (1 - x + 0.1 * np.sin(first + np.arange(n)), n), 0.5, 2.0, samples=64).at``
    """
    if not low < high or samples < first or first < SMALLEST:
        raise ValueError(
            f"low = {low}, high = {high}, samples = {samples}, first = {first}: expected low < high and "
            f"samples >= first >= {SMALLEST}"
        )
    record = Record(indicator)
    limit = float("inf") if budget is None else float(budget)

    def decided(x: float, most: int) -> int:
        n = first
        while True:
            record.extend(x, min(n, most))
            if record.sign(x) or n >= most or record.sweeps >= limit:
                return record.sign(x)
            n *= 2

    ends = decided(low, samples), decided(high, samples)
    if ends[0] * ends[1] != -1:
        means = ", ".join(f"{m:.3g} +- {e:.2g} at {x:g}" for x in (low, high) for m, e in [record.mean(x)])
        raise ValueError(f"the indicator is {means}: expected different signs, each by {DECIDED:g} errors")
    left, right, middle = low, high, (low + high) / 2
    least = (high - low) / 1024 if width is None else width
    while right - left > least and record.sweeps < limit:
        middle = (left + right) / 2
        found = decided(middle, max(first, samples // 4))
        if found == 0:
            break
        left, right = (middle, right) if found == ends[0] else (left, middle)
    centre, half = _aim(record, sorted({left, middle, right}), samples)
    for _ in range(ROUNDS):
        for x in (centre - half, centre + half):
            if record.sweeps < limit:
                record.extend(min(max(x, low), high), samples)
        near = [x for x in record.values if abs(x - centre) <= 2 * half]
        at = line_root({x: record.values[x] for x in near})[0] if len(near) > 1 else centre
        if (len(near) > 1 and min(near) <= at <= max(near)) or record.sweeps >= limit:
            break
        centre = float(np.clip(at, centre - 4 * half, centre + 4 * half)) if np.isfinite(at) else centre
        centre = min(max(centre, low), high)
    at, error = _local_root(record.values, centre, 2 * half, seed)
    return Boundary(at, error, record.sweeps, record.points())


def _aim(record: Record, x: list[float], samples: int) -> tuple[float, float]:
    """Estimate of the boundary within a bracket, and the distance at which a mean over all samples is three errors."""
    values = {point: record.values[point] for point in x}
    centre = line_root(values)[0]
    centre = min(max(centre, x[0]), x[-1])
    slope = abs((record.mean(x[-1])[0] - record.mean(x[0])[0]) / (x[-1] - x[0]))
    spread = float(np.median([v.std(ddof=1) for v in values.values()]))
    half = DECIDED * spread / samples**0.5 / slope if slope > 0 else 0.0
    return centre, float(np.clip(half, (x[-1] - x[0]) / 16, (x[-1] - x[0]) / 2))


def _local_root(values: dict[float, Array], centre: float, reach: float, seed: int) -> tuple[float, float]:
    """Root of the line through the points within `reach` of the centre, and as many more as it needs to be inside."""
    order = sorted(values, key=lambda x: abs(x - centre))
    count = max(2, sum(abs(x - centre) <= reach for x in order))
    for size in range(count, len(order) + 1):
        near = {x: values[x] for x in order[:size]}
        at, error = line_root(near, seed)
        if min(near) <= at <= max(near):
            break
    return at, error


def grid_boundary(indicator: Indicator, x: Array, samples: int, near: int = 4, seed: int = 0) -> Boundary:
    """The same boundary from a full grid, every point with all samples: what `trace` is measured against.

    x (K,) increasing.  The straight line goes through the `near` points around the change of sign.

    Raises ValueError if there is no change of sign.

    Example: ``grid_boundary(lambda x, first, n: (np.full(n, 1 - x), n), np.linspace(0, 2, 8), samples=8).at``
    """
    record = Record(indicator)
    grid = [float(v) for v in x]
    for point in grid:
        record.extend(point, samples)
    y = np.array([record.mean(point)[0] for point in grid])
    change = np.flatnonzero(np.sign(y[1:]) != np.sign(y[:-1]))
    if not change.size:
        raise ValueError(f"the indicator has the means {y.round(4).tolist()}: expected a change of sign")
    middle = int(np.median(change)) + 1
    centre = (grid[middle - 1] + grid[middle]) / 2
    at, error = _local_root(record.values, centre, (near - 1) / 2 * 1.01 * float(np.median(np.diff(grid))), seed)
    return Boundary(at, error, record.sweeps, record.points())


def line_root(values: dict[float, Array], seed: int = 0) -> tuple[float, float]:
    """Root of the straight line through the means at x -> values of the samples 0, 1, ..., and its error by bootstrap.

    Points count as their inverse variance; a repeat draws the samples with replacement, the same for all points.

    Raises ValueError for fewer than two points.

    Example: ``line_root({0.0: np.ones(8), 1.0: -np.ones(8)})[0] == 0.5``
    """
    if len(values) < 2:
        raise ValueError(f"{len(values)} point: expected at least two")
    x = np.array(list(values))
    most = max(len(v) for v in values.values())
    table = np.full((len(values), most), np.nan)
    for row, v in zip(table, values.values()):
        row[: len(v)] = v
    known = np.isfinite(table)
    filled = np.where(known, table, 0.0)
    spread = np.array([max(v.std(ddof=1), np.ptp(v) / len(v), np.abs(v).max() / len(v)) for v in values.values()])
    weight = known.sum(1) / np.where(spread > 0, spread, 1.0) ** 2

    def root(counts: Array) -> float:
        y = (filled * counts).sum(1) / np.maximum((known * counts).sum(1), 1)
        centre = (weight * x).sum() / weight.sum()
        mean = (weight * y).sum() / weight.sum()
        slope = (weight * (x - centre) * y).sum() / (weight * (x - centre) ** 2).sum()
        return float(centre - mean / slope) if slope else float("nan")

    rng = np.random.default_rng(seed)
    repeats = [root(rng.multinomial(most, np.full(most, 1 / most)).astype(float)) for _ in range(RESAMPLES)]
    low, high = np.nanpercentile(repeats, [15.87, 84.13])  # a repeat of no slope has its root anywhere
    return root(np.ones(most)), float(high - low) / 2
