"""Is a class of chains stationary, and do the classes of starts agree: the verdict on a point of a sweep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from statmech.stats.autocorrelation import BLOCK, as_chains, pooled_noise, resolution, tau_of
from statmech.stats.convergence import constant, drift_bound, effective_size, health, rhat, rhat_bound
from statmech.stats.evidence import Evidence, evidence

Array = NDArray[np.float64]

DONE, UNEQUILIBRATED, RESTRICTED = 2, 4, 5  # as in /status of the results file

REASONS = (
    "ok",
    "not finite",
    "fewer than 25 bins",
    "frozen apart",
    "drift",
    "chains disagree (R-hat)",
    "shorter than 50 tau",
    "ladder with a gap",
    "energy drifts between blocks",
    "identity drifts between blocks",
    "few round trips",
    "flow up and down differ",
    "fluctuation-dissipation",
)
OK, NOT_FINITE, FEW_BINS, FROZEN, DRIFT, DISAGREE, SHORT, GAP, BLOCKS, IDENTITY, TRIPS, FLOW, FLUCTUATION = range(13)
ORDER = (NOT_FINITE, FEW_BINS, GAP, FROZEN, DRIFT, DISAGREE, SHORT, BLOCKS, IDENTITY, TRIPS, FLOW, FLUCTUATION, OK)
"""Of several reasons the first in this order is given: causes before what they bring about."""

MIN_TIMES = 50.0  # length of the window in integrated autocorrelation times
MIN_BINS = 25  # a bin bounds tau from below by half a bin, so fewer bins cannot show 50 tau
# Chances that a correct class fails one test, for all its observables together: 1.7 % in all.  The comparisons of
# blocks (`evidence.FALSE_BLOCKS`, 0.1 % each) come on top; round trips, flow and fluctuation-dissipation add less.
FALSE_RHAT, FALSE_DRIFT, FALSE_SHORT = 0.01, 0.004, 0.003
FALSE_RESTRICTED = 1e-3  # chance that correct classes are told apart, over all observables and pairs
FLOOR_RELATIVE, FLOOR_ABSOLUTE = 1e-9, 1e-12  # means closer than this are equal, whatever their errors


class Estimate(NamedTuple):
    """One observable of one class, arrays (...): mean, thermal standard error, tau (sweeps) with its error,
    effective size of all chains, rank-normalised R-hat."""

    mean: Array
    error: Array
    tau: Array
    tau_error: Array
    ess: Array
    rhat: Array


def estimates(series: Mapping[str, ArrayLike], bin_length: float = 1.0) -> dict[str, Estimate]:
    """Mean, error, tau, effective size and R-hat of every observable, from one autocovariance each: `mean_error`,
    `integrated_time` (times `bin_length`), `effective_size` and `rhat` of its series (..., K, n).

    >>> round(float(estimates({"e": np.random.default_rng(1).standard_normal((4, 256))})["e"].tau), 1)
    0.5
    """
    together: dict[tuple[int, ...], list[str]] = {}
    for name, x in series.items():
        together.setdefault(np.shape(x), []).append(name)
    batches: list[list[str]] = []
    for alike in together.values():
        # short ones of one shape together, where the calls would cost more than the sums
        many = max(1, BLOCK // max(1, np.size(series[alike[0]])))
        batches += [alike[i : i + many] for i in range(0, len(alike), many)]
    out: dict[str, Estimate] = {}
    for names in batches:
        x = np.stack([np.asarray(series[name], float) for name in names])
        noise, mean, samples = pooled_noise(x)
        tau = tau_of(noise, samples)
        error = np.sqrt(noise.spectral / samples)
        columns = (mean, error, tau.tau * bin_length, tau.error * bin_length, effective_size(x), rhat(x))
        out |= {name: Estimate(*(column[k] for column in columns)) for k, name in enumerate(names)}
    return out


@dataclass(frozen=True)
class ClassVerdict:
    """The verdict on one class of starts, arrays over the leading axes (...).

    stationary: bool. reason: uint8, index into REASONS. rhat_max, tau_max (sweeps), ess_min: the worst over
    the observables (NaN where one is not finite). estimates: per observable. evidence: name of a part -> value,
    bound and whether it was passed, of the observable that came closest to its bound or exceeded it most.
    """

    stationary: NDArray[np.bool_]
    reason: NDArray[np.uint8]
    rhat_max: Array
    tau_max: Array
    ess_min: Array
    estimates: Mapping[str, Estimate]
    evidence: Mapping[str, Evidence] = field(default_factory=dict)

    def with_evidence(self, parts: Mapping[int, tuple[str, Evidence]]) -> ClassVerdict:
        """The verdict with further parts, reason code -> (name, Evidence); each that was not passed is a reason.

        Example: ``class_verdict({"e": np.zeros((4, 64))}).with_evidence({GAP: ("gap", no_gap([[0]], [[9]]))})``
        """
        rank = np.argsort(ORDER)
        reason = self.reason
        for code, (_, part) in parts.items():
            worse = (part.passed == 0) & (rank[code] < rank[reason])
            reason = np.where(worse, np.uint8(code), reason).astype(np.uint8)
        known = {**self.evidence, **dict(parts.values())}
        return replace(self, stationary=reason == OK, reason=reason, evidence=known)


def _short_factor(chains: int, level: float) -> float:
    """By how much the measured tau of a run of exactly 50 tau may exceed the true one (quantile `level`)."""
    return float(1.0 + 0.87 * special.ndtri(level) / chains**0.5)


def _judge(
    x: ArrayLike, bin_length: float, tests: int
) -> tuple[Estimate, NDArray[np.uint8], dict[str, tuple[Array, Array]]]:
    """Estimate, reason and parts (value, bound) of one observable, `tests` observables sharing the budget."""
    series, tolerance = as_chains(x), resolution(x)
    chains, n = series.shape[-2:]
    finite = np.asarray(np.isfinite(series).all(axis=(-2, -1)))
    if not finite.all():  # zeros instead, so that no NaN spreads; the results are overwritten below
        series = np.where(finite[..., None, None], series, 0.0)
    noise, mean, samples = pooled_noise(series)
    tau = tau_of(noise, samples)
    error = np.sqrt(noise.spectral / samples)
    ess = effective_size(series)
    state = health(series)
    still = constant(series, tolerance).all(axis=-1)
    apart = still & ~constant(series.reshape(*series.shape[:-2], chains * n), tolerance)

    reason: NDArray[np.uint8] = np.full(mean.shape, OK, dtype=np.uint8)
    factor = _short_factor(chains, 1.0 - FALSE_SHORT / tests)
    parts = {
        "rhat": (state.rhat, rhat_bound(chains, state.ess, 1.0 - FALSE_RHAT / tests)),
        "drift": (state.drift, drift_bound(state.ess, 1.0 - FALSE_DRIFT / tests)),
        "times": (n / tau.tau, np.full(mean.shape, MIN_TIMES / factor)),
    }
    reason[tau.tau * MIN_TIMES > n * factor] = SHORT
    for code, name in ((DISAGREE, "rhat"), (DRIFT, "drift")):
        value, bound = parts[name]
        reason[value > bound] = code
    reason[still] = OK
    reason[apart] = FROZEN
    if n < MIN_BINS:
        reason[...] = FEW_BINS
    reason[~finite] = NOT_FINITE
    values = (mean, error, tau.tau * bin_length, tau.error * bin_length, ess, state.rhat)
    parts = {name: (np.where(finite, value, np.nan), bound) for name, (value, bound) in parts.items()}
    return Estimate(*(np.where(finite, value, np.nan)[()] for value in values)), reason, parts


def _worst(parts: list[tuple[Array, Array]], at_least: bool = False) -> Evidence:
    """The observable nearest to its bound or farthest beyond it; at_least: values must exceed their bounds."""
    values, bounds = (np.stack(column) for column in zip(*parts, strict=True))
    share = bounds / values if at_least else values / bounds
    pick = np.argmax(np.where(np.isnan(share), np.inf, share), axis=0)[None]
    value, bound = (np.take_along_axis(x, pick, 0)[0] for x in (values, bounds))
    return evidence(value, bound, value >= bound if at_least else value <= bound)


def class_verdict(series: Mapping[str, ArrayLike], bin_length: float = 1.0) -> ClassVerdict:
    """Whether the chains of one class of starts are stationary, and the estimates if they are.

    series: observable -> (..., K, n), the measuring window of K independent chains in n bins of `bin_length`
    sweeps each; leading axes the same for all, K and n may differ (q^2 has one chain per pair of replicas;
    take disjoint pairs). Pass observables that the symmetries of the model leave alone (e, |m|, q^2, largest
    overlap): m itself has two signs, and correct chains would disagree. Stationary means, for every one,
      - R-hat < `rhat_bound`: the chains agree as well as independent AR(1) chains of that effective size;
      - the common trend and the step between the halves are below `drift_bound`;
      - the window is not shown to be shorter than 50 tau (tau about the common mean, larger than n/50 by more
        than its error at that length, a factor of 2.2 for 4 chains; so 25 tau may pass, 10 tau do not);
      - or nothing moves and all chains have the same value.
    The levels are shared among the observables: a correct class of AR(1) chains fails in <= 2 % of the cases.
    A slow mode of small weight (jumps between valleys that no chain made) is seen by none of these tests:
    that is what several classes of starts are for.
    Raises ValueError (no observable, shapes, bin_length <= 0) and TypeError (complex).
    Source: Vehtari et al., Bayesian Anal. 16, 667 (2021); Wolff, Comput. Phys. Commun. 156, 143 (2004).

    >>> bool(class_verdict({"e": np.random.default_rng(1).standard_normal((4, 256))}).stationary)
    True
    """
    if not series:
        raise ValueError("class_verdict: got no observable, expected at least one, such as {'energy': array}")
    if not bin_length > 0:
        raise ValueError(f"class_verdict: got bin_length={bin_length}, expected a positive number of sweeps")
    checked = {name: np.asarray(x) for name, x in series.items()}
    leads = {name: as_chains(x, name).shape[:-2] for name, x in checked.items()}
    if len(set(leads.values())) != 1:
        raise ValueError(f"class_verdict: got leading axes {leads}, expected the same for all observables")
    judged = {name: _judge(x, bin_length, len(checked)) for name, x in checked.items()}
    reasons = np.stack([reason for _, reason, _ in judged.values()])
    reason = np.where(reasons == OK, np.uint8(255), reasons).min(axis=0)
    reason = np.where(reason == 255, OK, reason).astype(np.uint8)
    estimates = {name: estimate for name, (estimate, _, _) in judged.items()}
    found = {part: [parts[part] for *_, parts in judged.values()] for part in ("rhat", "drift", "times")}
    return ClassVerdict(
        stationary=reason == OK,
        reason=reason,
        rhat_max=np.max([e.rhat for e in estimates.values()], axis=0),
        tau_max=np.max([e.tau for e in estimates.values()], axis=0),
        ess_min=np.min([e.ess for e in estimates.values()], axis=0),
        estimates=estimates,
        evidence={part: _worst(values, part == "times") for part, values in found.items()},
    )


def verdict(
    classes: Mapping[str, ClassVerdict],
    means: Mapping[str, Mapping[str, ArrayLike]] | None = None,
    errors: Mapping[str, Mapping[str, ArrayLike]] | None = None,
) -> NDArray[np.int8]:
    """Status of every point, int8 (...): 2 done, 4 unequilibrated, 5 restricted.

    classes: start -> ClassVerdict, all with the same leading axes. means, errors: start -> observable ->
    (...); left out, they are those of the class verdicts. Pass only observables that symmetry leaves alone
    (e, |m|, q^2), as for `class_verdict`. Unequilibrated: some class is not stationary. Restricted: every
    class is stationary, but for a pair of classes and an observable
        |mean_a - mean_b| > z (1 + 6/ess) sqrt(error_a^2 + error_b^2) + 1e-12 + 1e-9 max |mean|,
    z the two-sided normal quantile at 1e-3 / (observables * pairs), ess the smaller one of both classes: the
    states are metastable or broken, such as Hopfield retrieval next to the spin glass. Otherwise done; one
    class alone is done or unequilibrated. Raises ValueError (no class, observables or shapes that differ).

    >>> run = class_verdict({"e": np.random.default_rng(1).standard_normal((4, 256))})
    >>> int(verdict({"random": run}))
    2
    """
    if not classes:
        raise ValueError("verdict: got no class of starts, expected at least one, such as {'random': ...}")
    shapes = {start: one.stationary.shape for start, one in classes.items()}
    if len(set(shapes.values())) != 1:
        raise ValueError(f"verdict: got leading axes {shapes}, expected the same for all classes")
    if means is None:
        means = {start: {k: e.mean for k, e in one.estimates.items()} for start, one in classes.items()}
    if errors is None:
        errors = {start: {k: e.error for k, e in one.estimates.items()} for start, one in classes.items()}
    names = _common_names(classes, means, errors)
    pairs = list(combinations(classes, 2))
    apart = np.zeros(next(iter(shapes.values())), dtype=bool)
    z = -special.ndtri(0.5 * FALSE_RESTRICTED / max(1, len(names) * len(pairs)))
    for a, b in pairs:
        bound = z * (1.0 + 6.0 / np.minimum(classes[a].ess_min, classes[b].ess_min))
        for name in names:
            first, second = np.asarray(means[a][name]), np.asarray(means[b][name])
            combined = np.hypot(errors[a][name], errors[b][name])
            floor = FLOOR_ABSOLUTE + FLOOR_RELATIVE * np.maximum(np.abs(first), np.abs(second))
            # Written with "not <=", so that a NaN counts as a difference.
            apart |= ~(np.abs(first - second) <= bound * combined + floor)
    stationary = np.all([one.stationary for one in classes.values()], axis=0)
    return np.where(stationary, np.where(apart, RESTRICTED, DONE), UNEQUILIBRATED).astype(np.int8)


def _common_names(
    classes: Mapping[str, ClassVerdict],
    means: Mapping[str, Mapping[str, ArrayLike]],
    errors: Mapping[str, Mapping[str, ArrayLike]],
) -> list[str]:
    """The observables, the same in every class for means and errors."""
    found = {
        f"{what} of {start}": tuple(sorted(table.get(start, ())))
        for what, table in (("means", means), ("errors", errors))
        for start in classes
    }
    if len(set(found.values())) != 1 or not next(iter(found.values())):
        raise ValueError(f"verdict: got observables {found}, expected the same names, at least one, in each")
    return list(next(iter(found.values())))
