"""Evidence beyond the chains of one temperature: what the whole run, the ladder and exact relations say.

Every part is independent of the others and gives a value, its bound, and whether it was passed.  A part that cannot be
judged (too few temperatures, nothing moves) is -1 and decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from statmech.stats.autocorrelation import mean_error, pooled_noise

Array = NDArray[np.float64]

FALSE_BLOCKS = 1e-3  # chance that a stationary class fails the comparison of blocks, for each function compared
MIN_TRIPS = 10  # journeys of all replicas of a class
SIGMAS = 3.0  # flow, fluctuation-dissipation, identities
MIN_SAMPLES = 400  # of small systems, for an identity
FEWEST_SAMPLES, MAX_ERROR = 32, 0.005  # fewer do if they fix it to this share of its largest term


class Evidence(NamedTuple):
    """One part of a verdict, arrays (...): value, bound, passed (int8: 1 yes, 0 no, -1 not judged)."""

    value: Array
    bound: Array
    passed: NDArray[np.int8]


def evidence(value: ArrayLike, bound: ArrayLike, passed: ArrayLike, judged: ArrayLike = True) -> Evidence:
    """An Evidence from arrays that broadcast; NaN and -1 where it is not judged.

    Example: ``int(evidence(2.0, 3.0, True).passed) == 1``
    """
    value, bound, good, judged = np.broadcast_arrays(value, bound, passed, judged)
    out = np.where(judged, np.asarray(good, np.int8), np.int8(-1)).astype(np.int8)
    return Evidence(np.where(judged, value, np.nan), np.where(judged, bound, np.nan), out)


def block_drift(histories: Sequence[ArrayLike], function: Callable[..., Array] | None = None) -> Evidence:
    """Does f(<a>, <b>, ...) still change from one logarithmic block of the run to the next?

    histories: bin means (..., K, n) of the whole run for every observable, K chains each (they may differ between
    observables); n >= 16.  function: of their means, elementwise on arrays (...); None is the first mean itself.
    The value is

        |f([1/2, 1]) - f([1/4, 1/2])| / error     (fractions of the run)

    so a run must have come to rest by a quarter of its length, and a logarithmically slow one never passes once its
    error is small.  The error comes from the noise within the chains in [1/2, 1] and the gradient of f; observables
    and blocks count as independent (the correlation of neighbouring blocks only makes the test milder).
    bound: the two-sided normal quantile at 1e-3, times 1 + 15/ess, ess the effective size of all chains in [1/2, 1].
    Not judged where nothing moves in [1/2, 1], or where f is NaN.

    Raises ValueError (n < 16).  Source: Katzgraber, Palassini & Young, Phys. Rev. B 63, 184422 (2001).

    Example: ``int(block_drift([np.random.default_rng(1).standard_normal((4, 256))]).passed) == 1``
    """
    series = [np.asarray(x, float) for x in histories]
    if any(x.shape[-1] < 16 for x in series):
        raise ValueError(f"block_drift: got {series[0].shape[-1]} bins, expected at least 16: run longer")
    f = function or (lambda mean: mean)
    late, early = (
        [x[..., x.shape[-1] // a : x.shape[-1] // b].mean(-1).mean(-1) for x in series] for a, b in ((2, 1), (4, 2))
    )
    centre = [0.5 * (x + y) for x, y in zip(late, early, strict=True)]
    variance, size = np.zeros_like(centre[0]), np.full(centre[0].shape, np.inf)
    for k, x in enumerate(series):
        n = x.shape[-1]
        window = x[..., n // 2 :]
        noise, _, samples = pooled_noise(window, "chain")
        step = np.sqrt(noise.variance) + 1e-12
        up, down = ([c + sign * step if j == k else c for j, c in enumerate(centre)] for sign in (1, -1))
        slope = (f(*up) - f(*down)) / (2 * step)
        chains = x.shape[-2]
        variance = variance + slope**2 * noise.spectral / chains * (1 / (n - n // 2) + 1 / (n // 2 - n // 4))
        moving = noise.spectral > 0
        ess = np.where(moving, samples * noise.variance / np.where(moving, noise.spectral, 1), np.inf)
        size = np.minimum(size, ess)
    judged = variance > 0
    change = np.abs(f(*late) - f(*early))
    value = change / np.sqrt(np.where(judged, variance, 1))
    bound = -special.ndtri(0.5 * FALSE_BLOCKS) * (1 + 15 / size)
    return evidence(value, bound, value <= bound, judged & np.isfinite(value))


def no_gap(swaps: ArrayLike, attempts: ArrayLike) -> Evidence:
    """Is every pair of neighbouring rungs exchanged?  swaps, attempts (..., R-1, K) -> (...).

    value: the lowest accepted share of the R-1 pairs, all K ladders together; bound 0, which it must exceed.

    Example: ``int(no_gap([[5], [0]], [[9], [9]]).passed) == 0``
    """
    done, tried = np.asarray(swaps, float).sum(-1), np.asarray(attempts, float).sum(-1)
    share = (done / np.maximum(tried, 1)).min(-1)
    return evidence(share, 0.0, share > 0)


def round_trips(trips: ArrayLike, from_hot: ArrayLike, from_cold: ArrayLike) -> Evidence:
    """Did the walkers travel the ladder?  trips (..., K), journeys from the hottest to the coldest rung; from_hot and
    from_cold (..., R, K), visits of walkers that were last at the hottest or the coldest rung, coldest rung first ->
    (..., R).

    value: journeys of all K ladders in the measuring window; bound 10.  With fewer the hot part of the ladder passes
    all the same: rungs where at least half of the labelled visits are of walkers fresh from the hottest rung, which do
    not wait for the cold end.  A rung that in some ladder without any journey nobody reached from the hot end fails: it
    lies on this side of what blocks the way.

    Example: ``round_trips([12, 0], [[0, 0], [9, 0], [9, 5]], [[9, 9], [9, 9], [0, 0]]).passed.tolist() == [0, 0, 1]``
    """
    count, hot, cold = np.asarray(trips, float), np.asarray(from_hot, float), np.asarray(from_cold, float)
    total = count.sum(-1)[..., None]
    fresh = hot.sum(-1) >= np.maximum(cold.sum(-1), 1)
    cut_off = ((count == 0)[..., None, :] & (hot == 0)).any(-1)
    return evidence(total, MIN_TRIPS, ((total >= MIN_TRIPS) | fresh) & ~cut_off)


def flow(from_hot: ArrayLike, from_cold: ArrayLike, trips: ArrayLike) -> Evidence:
    """Do walkers on their way up and down share the ladder as a steady current does?

    from_hot, from_cold: visits (..., R, K) of walkers that were last at the hottest (coldest) rung, coldest rung first;
    trips (..., K).  Going up the ladder the share f = hot / (hot + cold) rises from 0 to 1: a steady current has one
    sign.  value: the largest fall f_s - f_t, T_s < T_t, in units of sqrt(2 f (1 - f) / J), f their mean and
    J = 2 trips + 1 journeys; bound 3.  Rungs that no labelled walker saw are left out; not judged with fewer than three
    others.
    (Energies of both directions are not compared: a walker remembers where it came from, and in a correct run the ones
    on their way up are colder.)

    Source: Katzgraber, Trebst, Huse & Troyer, J. Stat. Mech. P03018 (2006).

    Example: ``int(flow([[0], [8], [2], [9]], [[9], [2], [8], [0]], [40]).passed) == 0``
    """
    hot, cold = (np.asarray(x, float).sum(-1) for x in (from_hot, from_cold))
    journeys = 2 * np.asarray(trips, float).sum(-1) + 1
    seen = hot + cold > 0
    f = hot / np.where(seen, hot + cold, 1)
    lower, upper = np.triu_indices(f.shape[-1], 1)
    middle = 0.5 * (f[..., lower] + f[..., upper])
    error = np.sqrt(2 * middle * (1 - middle) / journeys[..., None])
    fall = (f[..., lower] - f[..., upper]) / np.where(error > 0, error, 1)
    value = np.where(seen[..., lower] & seen[..., upper], fall, 0.0).max(-1).clip(0)
    return evidence(value, SIGMAS, value <= SIGMAS, seen.sum(-1) >= 3)


def fluctuation_dissipation(T: ArrayLike, e: ArrayLike, e2: ArrayLike, n: int) -> Evidence:
    """Do the fluctuations of the energy say how it changes along the ladder: de/dbeta = -N (<e^2> - <e>^2)?

    T: increasing temperatures (R,).  e, e2: series (..., R, K, bins) of the energy per spin and its square.  n: spins.
    For neighbours a, b with g = N (<e^2> - <e>^2) (corrected for the error of <e>)

        gap = e_b - e_a + (beta_b - beta_a) (g_a + g_b) / 2

    vanishes up to the curvature term |beta_b - beta_a|^3 max|g''| / 12, g'' from second differences at both ends, taken
    twice.  Score: (|gap| - curvature) / error, the error that of the combined series, ladder by ladder, so that
    exchanges between both rungs are accounted for.  value (..., R): the smaller score of the two pairs of a rung (at
    the ends, of the last two pairs): a metastable state that melts between two rungs jumps in one pair, a wrong
    temperature is wrong in all.  bound 3 (1 + 8/bins) in units of that error.  Not judged with fewer than three
    temperatures T > 0, nor where nothing moves.

    Example: ``fluctuation_dissipation([1.0, 2.0], x, x**2, 8).passed.tolist() == [-1, -1]`` with x (2, 4, 32)
    """
    t = np.asarray(T, float)
    energy, square = np.asarray(e, float), np.asarray(e2, float)
    lead, bins = energy.shape[:-2], energy.shape[-1]
    usable = np.flatnonzero((t > 0) & (t > 1e-9 * t.max()))
    if usable.size < 3:
        return evidence(np.full(lead, np.nan), np.nan, False, False)
    energy, square = (np.ascontiguousarray(x[..., usable, :, :]) for x in (energy, square))
    h = np.diff(1 / t[usable])
    mean, error = mean_error(energy)
    deviation = square - 2 * mean[..., None, None] * energy  # the change of <e^2> - <e>^2 with its data
    g = n * (square.mean(-1).mean(-1) - mean**2 + error**2)
    gap = np.diff(mean, axis=-1) + 0.5 * h * (g[..., 1:] + g[..., :-1])
    step = h[:, None, None]
    paired = np.diff(energy, axis=-3) + 0.5 * n * step * (deviation[..., 1:, :, :] + deviation[..., :-1, :, :])
    sigma = mean_error(paired)[1]
    bend = np.abs(2 * np.diff(np.diff(g, axis=-1) / h, axis=-1) / (h[1:] + h[:-1]))
    bend = np.concatenate([bend[..., :1], bend, bend[..., -1:]], -1)  # at every rung
    curvature = np.abs(h) ** 3 / 6 * np.maximum(bend[..., 1:], bend[..., :-1])
    moving = sigma > 0
    excess = np.abs(gap) - curvature - 1e-12 * np.abs(mean).max(-1, keepdims=True)
    score = np.where(moving, excess.clip(0) / np.where(moving, sigma, 1), 0.0)
    near = np.minimum(score[..., 1:], score[..., :-1])
    near = np.concatenate([near[..., :1], near, near[..., -1:]], -1)
    value, judged = np.full(lead, np.nan), np.zeros(lead, bool)
    value[..., usable] = near
    judged[..., usable] = (error > 0) & np.isfinite(near)
    bound = SIGMAS * (1 + 8 / bins)
    return evidence(value, bound, ~(value > bound), judged)


def enough(error: ArrayLike, scale: ArrayLike, samples: int) -> NDArray[np.bool_]:
    """Do so many samples judge an identity: 400, or 32 and more that fix it to 0.5 % of its scale?

    Example: ``enough([0.1, 0.001], 1.0, 50).tolist() == [False, True]``
    """
    fixed = (np.asarray(error) <= MAX_ERROR * np.abs(scale)) & (samples >= FEWEST_SAMPLES)
    return np.asarray((samples >= MIN_SAMPLES) | fixed)
