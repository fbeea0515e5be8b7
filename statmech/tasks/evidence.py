"""The parts of the verdict on a Monte Carlo run, each stored with its value and bound under verdict/."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from statmech.core import Labelled, State, Variable
from statmech.spec import Model
from statmech.stats import verdict as v
from statmech.stats.evidence import (
    SIGMAS,
    Evidence,
    block_drift,
    enough,
    evidence,
    flow,
    fluctuation_dissipation,
    no_gap,
    round_trips,
)
from statmech.stats.jackknife import jackknife
from statmech.tasks import series
from statmech.tasks.measure import PAIR_OBSERVABLES

if TYPE_CHECKING:
    from statmech.tasks.montecarlo import MonteCarlo

SAMPLE = ("T", "disorder", "start")
MEANING = {
    "rhat": "R-hat of the chains of a class (at most its bound)",
    "drift": "trend within the measuring window in standard errors (at most its bound)",
    "times": "length of the measuring window in autocorrelation times (at least its bound)",
    "blocks": "change of the energy from [1/4, 1/2] to [1/2, 1] of the run, in standard errors (at most its bound)",
    "identity_blocks": "the same of the model's exact identity",
    "swaps": "lowest accepted share of exchanges between neighbouring rungs (above its bound)",
    "round_trips": "journeys from the hottest to the coldest rung, all ladders (at least its bound; see docs)",
    "flow": "largest fall of the share of walkers from the hot end, going up, in its errors (at most its bound)",
    "fluctuation": "de/dbeta + N (<e^2> - <e>^2) between neighbouring temperatures, in its errors (at most its bound)",
}
"""Parts of the verdict, the variables verdict/<part>, verdict/<part>_bound and verdict/<part>_passed."""


def judge(
    task: MonteCarlo, start: str, part: State, windows: dict[str, np.ndarray], bin_length: int, measurements: int
) -> v.ClassVerdict:
    """The verdict on one class of starts, arrays (D, T), from its windows (D, T, K, n) and its whole state."""
    judged = {name: x for name, x in windows.items() if name in task.model.verdict}
    found = v.class_verdict(judged, bin_length * task.measure_every)
    sampler = task.samplers[start]
    if sampler.invariant == "nothing" or windows["e"].shape[-1] < v.MIN_BINS:
        return found
    parts: dict[int, tuple[str, Evidence]] = {}
    if 4 * sampler.transient <= task.sweeps:
        parts |= _blocks(task, part, measurements)
    if "sampler/acc_swaps" in part:
        parts |= _tempering(part, found.reason.shape)
    if len(task.T) >= 3:
        gaps = fluctuation_dissipation(task.T, windows["e"], windows["e2"], task.model.n)
        parts[v.FLUCTUATION] = ("fluctuation", gaps)
    return found.with_evidence(parts)


def _blocks(task: MonteCarlo, part: State, measurements: int) -> dict[int, tuple[str, Evidence]]:
    """Logarithmic blocks of the energy and, where it has one, of the model's identity, sample by sample."""
    names = task._meter.chain_observables
    histories = dict(zip(names, series.history(part["chain"], measurements), strict=True))
    if "pair" in part:
        histories |= zip(PAIR_OBSERVABLES, series.history(part["pair"], measurements), strict=True)
    out = {v.BLOCKS: ("blocks", block_drift([histories["e"]]))}
    identity = task.model.exact_identity
    if identity is not None and set(identity[0]) <= set(histories) and len(identity[0]) > 1:
        T, function = np.array(task.T), identity[1]
        with np.errstate(divide="ignore", invalid="ignore"):
            changes = block_drift([histories[x] for x in identity[0]], lambda *means: function(T, *means))
        out[v.IDENTITY] = ("identity_blocks", changes)
    return out


def _tempering(part: State, shape: tuple[int, ...]) -> dict[int, tuple[str, Evidence]]:
    """What the ladder says of every sample; all but the round trips the same at all temperatures."""
    own = {k.removeprefix("sampler/acc_"): x for k, x in part.items() if k.startswith("sampler/acc_")}
    found = {
        v.GAP: ("swaps", no_gap(own["swaps"], own["attempts"])),
        v.FLOW: ("flow", flow(own["from_hot"], own["from_cold"], own["trips"])),
    }
    out = {
        code: (name, Evidence(*(np.broadcast_to(np.asarray(x)[:, None], shape) for x in one)))
        for code, (name, one) in found.items()
    }
    trips = round_trips(own["trips"], own["from_hot"], own["from_cold"])
    asked: Any = part.get("sampler/asked", slice(None))  # of a tuned ladder, which has more rungs
    out[v.TRIPS] = ("round_trips", Evidence(trips.value[:, asked], trips.bound[:, asked], trips.passed[:, asked]))
    return out


def columns(found: v.ClassVerdict) -> dict[str, tuple[tuple[str, ...], np.ndarray, dict[str, Any]]]:
    """Variables verdict/... of one class, arrays (T, D); passed is 1, 0 or NaN where it was not judged."""
    out: dict[str, tuple[tuple[str, ...], np.ndarray, dict[str, Any]]] = {}
    for name, one in found.evidence.items():
        passed = np.where(one.passed < 0, np.nan, one.passed)
        for suffix, values, words in (
            ("", one.value, MEANING[name]),
            ("_bound", one.bound, f"bound of {name}"),
            ("_passed", passed, f"1 where {name} keeps its bound, 0 where it does not"),
        ):
            attrs = {"long_name": words, "units": "1"}
            out[f"verdict/{name}{suffix}"] = (SAMPLE, np.asarray(values, float).T, attrs)
    return out


def identity_test(model: Model, parts: Labelled) -> Labelled:
    """The model's exact identity on the mean over samples of one grid point, (T, start): verdict/identity (its gap),
    _z (in jackknife errors) and _passed (|z| <= 3; NaN with fewer than 400 samples that do not fix it to 0.5 %)."""
    if model.exact_identity is None or not set(model.exact_identity[0]) <= set(parts):
        return {}
    names, function = model.exact_identity
    first = parts[names[0]]
    axis = first.dims.index("disorder")
    dims = tuple(d for d in first.dims if d != "disorder")
    T = np.asarray(parts["T"].data).reshape([-1 if d == "T" else 1 for d in first.dims])
    values = [np.asarray(parts[name].data) for name in names]
    with np.errstate(divide="ignore", invalid="ignore"):
        gap, error = jackknife(function(T, *values), axis=axis)
        samples = np.isfinite(values[0]).all(axis=tuple(i for i in range(first.data.ndim) if i != axis)).sum()
        scale = np.max([np.abs(np.nanmean(x, axis=axis)) for x in values], axis=0)
        z = gap / error
        one = evidence(z, SIGMAS, np.abs(z) <= SIGMAS, enough(error, scale, int(samples)) & np.isfinite(z))
    if np.isnan(gap).all():
        return {}
    passed = np.where(one.passed < 0, np.nan, one.passed)
    words = f"exact identity of {type(model).__name__} on the mean over samples"
    return {
        "verdict/identity": Variable(dims, gap, {"long_name": f"{words}: what should vanish", "units": "1"}),
        "verdict/identity_z": Variable(dims, z, {"long_name": f"{words}, in jackknife errors", "units": "1"}),
        "verdict/identity_passed": Variable(dims, passed, {"long_name": f"1 where |z| <= {SIGMAS:g}", "units": "1"}),
    }
