"""From the accumulators of a Monte Carlo state to labelled results: means, errors, verdicts, disorder averages."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from statmech.core import Labelled, State, Variable
from statmech.names import describe, status_flags
from statmech.spec import Derived, Model
from statmech.stats.jackknife import binder, jackknife
from statmech.stats.verdict import REASONS, Estimate, estimates, verdict
from statmech.tasks import series
from statmech.tasks.energies import KEY
from statmech.tasks.evidence import columns as parts_of
from statmech.tasks.evidence import judge
from statmech.tasks.measure import PAIR_OBSERVABLES, Q_BINS, VALUE_BINS, overlap_density

if TYPE_CHECKING:
    from statmech.tasks.montecarlo import MonteCarlo

SAMPLE = ("T", "disorder", "start")  # dimensions of a thermal mean
TIMESERIES = ("e", "m_abs", "q_abs")  # histories kept in the results, averaged over the real replicas
Column = tuple[tuple[str, ...], np.ndarray, dict[str, Any]]
"""Dimensions, array without the start axis (third), attributes."""


def summarise(task: MonteCarlo, state: State) -> Labelled:
    """Results of one block: coordinates, <obs>, <obs>_stderr, _tau, _ess, _rhat, status, histograms, tempering."""
    measurements = int(state["sweep"]) // task.measure_every
    out: Labelled = {
        "T": Variable(("T",), np.array(task.T)),
        "disorder": Variable(("disorder",), np.array(task.disorder)),
        "start": Variable(("start",), np.array(task.starts, dtype=object)),
    }
    if measurements < series.MINIMUM_MEASUREMENTS:
        return out
    classes, columns, still = {}, [], []
    for name in task.starts:
        part = {k.removeprefix(f"{name}/"): v for k, v in state.items() if k.startswith(f"{name}/")}
        windows, length = _windows(task, part, measurements)
        classes[name] = judge(task, name, part, windows, length, measurements)
        known = classes[name].estimates
        still.append((np.ptp(windows["e"], axis=-1) == 0).all(-1).T)
        columns.append(_class_columns(task, name, part, windows, known, measurements) | parts_of(classes[name]))
    for name, (dims, data, attrs) in {k: v for c in columns for k, v in c.items()}.items():
        # a class without this variable (no exchange in its sampler) shows NaN
        stacked = _stack([c[name][1] if name in c else np.full(data.shape, np.nan) for c in columns], dims)
        if not np.isnan(stacked).all():
            out[name] = Variable(dims, stacked, attrs)
    if "energies/e" in out:
        volume = task.model.n * np.log(2) if task.model.space.name == "ising" else 0.0
        out["energies/n"] = Variable((), np.array(task.model.n), {"long_name": "number of spins"})
        out["energies/lnZ_inf"] = Variable((), np.array(volume), {"long_name": "ln Z at T = inf"})
    out |= _verdict(task, classes, np.stack(still, axis=-1))
    reached = np.full((len(task.T), len(task.disorder)), task.sweeps)
    out["verdict/sweeps"] = Variable(
        ("T", "disorder"), reached, {"long_name": "length of the run, its last half measured", "units": "sweeps"}
    )
    out |= _axes(task, out, measurements)
    return out


def _stack(columns: list[np.ndarray], dims: tuple[str, ...]) -> np.ndarray:
    """Arrays of all classes along the dimension "start", the shorter ones (ladders of fewer rungs) filled with NaN."""
    shape = np.max([c.shape for c in columns], axis=0)
    if any(c.shape != tuple(shape) for c in columns):
        columns = [np.pad(c.astype(float), [(0, b - a) for a, b in zip(c.shape, shape)], constant_values=np.nan)
                   for c in columns]  # fmt: skip
    return np.stack(columns, axis=dims.index("start"))


def _windows(task: MonteCarlo, part: State, measurements: int) -> tuple[dict[str, np.ndarray], int]:
    """Series of the measuring window, observable -> (D, T, K, n)."""
    chain, length = series.window(part["chain"], measurements)
    windows = dict(zip(task._meter.chain_observables, chain, strict=True))
    if "pair" in part:
        windows |= zip(PAIR_OBSERVABLES, series.window(part["pair"], measurements)[0], strict=True)
    return windows, length


def _class_columns(
    task: MonteCarlo, start: str, part: State, windows: dict[str, np.ndarray], known: Mapping[str, Estimate],
    measurements: int,
) -> dict[str, Column]:  # fmt: skip
    """Everything of one class of starts, arrays (T, D, ...); the caller puts the start axis third.  known: what the
    verdict has found already."""
    out: dict[str, Column] = {}

    def put(name: str, data: np.ndarray, dims: tuple[str, ...] = (), **attrs: Any) -> None:
        out[name] = ((*SAMPLE, *dims), np.moveaxis(data, 0, 1), attrs)

    means, errors = {}, {}
    bin_length = series.bin_length(measurements) * task.measure_every
    found = {name: one for name, one in known.items() if np.isfinite(windows[name]).all()}
    found |= estimates({name: x for name, x in windows.items() if name not in found}, bin_length)
    for name in windows:
        one = found[name]
        means[name], errors[name] = one.mean, one.error
        put(name, one.mean)
        label = describe(name).long_name
        put(f"{name}_stderr", one.error, long_name=f"thermal standard error of the {label}")
        put(f"{name}_tau", one.tau, units="sweeps", long_name=f"integrated autocorrelation time of the {label}")
        put(f"{name}_ess", one.ess, long_name=f"effective sample size of the {label}")
        put(f"{name}_rhat", one.rhat, long_name=f"rank-normalised R-hat of the {label}")
    n, T = task.model.n, np.array(task.T)
    with np.errstate(divide="ignore", invalid="ignore"):
        # the square of a measured mean is too large by the variance of that mean
        square = means["e"] ** 2 - errors["e"] ** 2
        c = np.where(T > 0, n * (means["e2"] - square) / T**2, np.nan)
    put("c", c)
    put("e_min", part["lowest"].min(-1))
    sampler = {k.removeprefix("sampler/"): v for k, v in part.items() if k.startswith("sampler/")}
    window_sweeps = task.sweeps - task.sweeps // 2
    flips = sampler["acc_flips"][:, sampler.get("asked", slice(None))]
    put("acceptance", flips.mean(-1) / (window_sweeps * task.samplers[start].proposals(n)))
    if "q2" in means:
        put("chi_SG", n * means["q2"])
        density = overlap_density(part["acc_P_q"])
        put("overlap/P_q", density, ("q_bin",), long_name="distribution of the replica overlap q")
    for name, (inputs, function) in derived(task.model).items():
        if all(x in means for x in inputs):
            put(name, function(*(means[x] for x in inputs)))
    for name in task.model.distributions:
        edges = value_edges(task.model, name)
        counts = part[f"acc_P_{name}"]
        # the last count is that of values outside: the density integrates to the share of those inside
        density = counts[..., :-1] / np.maximum(counts.sum(-1, keepdims=True), 1) / (edges[1] - edges[0])
        put(f"distributions/P_{name}", density, (f"{name}_bin",), long_name=f"distribution of the {name}")
    if task.energies and int(measurements * task.measure_every) == task.sweeps:
        put("energies/e", part[KEY] / n, ("replica", "measurement"), long_name="measured energies per spin")
    if "drift" in part:
        put("numerics/drift", np.broadcast_to(part["drift"][:, None], means["e"].shape),
            long_name="largest rounding error of a cached local field, found at its recomputation")  # fmt: skip
    if "rung" in sampler:
        out |= _tempering(sampler)
    histories = {name: part["chain"][k] for k, name in enumerate(task._meter.chain_observables)}
    if "pair" in part:
        histories |= dict(zip(PAIR_OBSERVABLES, part["pair"], strict=True))
    for name in TIMESERIES:
        if name in histories:
            put(f"timeseries/{name}", series.history(histories[name], measurements).mean(-2).astype(np.float32),
                ("time",), long_name=f"history of the {describe(name).long_name}")  # fmt: skip
    return out


def _tempering(sampler: State) -> dict[str, Column]:
    """Exchange rates, journeys from the hottest to the coldest rung, and flow, averaged over the real replicas."""
    swaps = sampler["acc_swaps"].sum(-1) / np.maximum(sampler["acc_attempts"].sum(-1), 1)
    cold, hot = sampler["acc_from_cold"].sum(-1), sampler["acc_from_hot"].sum(-1)
    with np.errstate(invalid="ignore"):
        flow = hot / (hot + cold)
    rate = "accepted share of the exchanges between rung and rung + 1"
    asked = sampler.get("asked", slice(None))  # of a tuned ladder, which has more rungs than temperatures asked for
    out: dict[str, Column] = {
        "tempering/swap_acceptance": (("rung", "disorder", "start"), swaps.T, {"long_name": rate}),
        "tempering/flow": (
            SAMPLE, flow.T[asked], {"long_name": "share of walkers that visited the hottest rung last"},
        ),
        "tempering/round_trips": (
            ("replica", "disorder", "start"),
            sampler["acc_trips"].T.astype(float),
            {"long_name": "journeys from the hottest to the coldest rung in the measuring window"},
        ),
    }  # fmt: skip
    if "ladder" in sampler:
        long_name = "temperatures of the rungs of a tuned ladder, those asked for among them"
        out["tempering/ladder"] = (("place", "start"), sampler["ladder"], {"long_name": long_name, "units": "1"})
    return out


def _verdict(task: MonteCarlo, classes: dict[str, Any], still: np.ndarray) -> Labelled:
    """Status (T, disorder), and the reason per class of starts; still (T, D, S): no energy moved any more."""
    for k, name in enumerate(task.starts):
        if task.samplers[name].invariant == "nothing":
            # an annealing or a quench samples no law: stationary where it ended is all that can be asked, and chains
            # that froze in different minima are the result, not a failure; classes are compared all the same
            judged = classes[name]
            ended = judged.stationary | still[..., k].T | (judged.reason == REASONS.index("frozen apart"))
            reason = np.where(ended, REASONS.index("ok"), judged.reason).astype(np.uint8)
            classes[name] = dataclasses.replace(judged, stationary=ended, reason=reason)
    status = verdict(classes).T.astype(np.int8)
    reason = np.stack([classes[name].reason.T for name in task.starts], axis=-1).astype(np.int8)
    reasons = "; ".join(f"{k}: {text}" for k, text in enumerate(REASONS))
    return {
        "status": Variable(("T", "disorder"), status, {"long_name": "verdict of the point", **status_flags()}),
        "reason": Variable(SAMPLE, reason, {"long_name": f"why a class of starts is not stationary ({reasons})"}),
    }  # fmt: skip


def _axes(task: MonteCarlo, out: Labelled, measurements: int) -> Labelled:
    """Coordinates of the dimensions that occur."""
    sizes = {dim: size for v in out.values() for dim, size in zip(v.dims, v.data.shape)}
    length = series.bin_length(measurements)
    axes = {
        "q_bin": np.linspace(-1, 1, Q_BINS),
        "rung": np.arange(sizes.get("rung", 0)),
        "place": np.arange(sizes.get("place", 0)),
        "replica": np.arange(task.replicas),
        "measurement": np.arange(sizes.get("measurement", 0)),
        "time": np.arange(1, measurements // length + 1) * length * task.measure_every,
    }
    for name in task.model.distributions:
        edges = value_edges(task.model, name)
        axes[f"{name}_bin"] = (edges[1:] + edges[:-1]) / 2
    return {dim: Variable((dim,), values) for dim, values in axes.items() if dim in sizes}


def derived(model: Model) -> dict[str, Derived]:
    """Non-linear quantities of means: the Binder cumulant of q and the model's own."""
    return {"binder": (("q2", "q4"), binder), **model.derived}


def value_edges(model: Model, name: str) -> np.ndarray:
    """Edges of the bins of one of the model's distributions."""
    return np.linspace(*model.distributions[name], VALUE_BINS + 1)


def combine(parts: Labelled, quantities: Mapping[str, Derived]) -> Labelled:
    """Disorder averages <obs>_mean and jackknife errors <obs>_err (T, start) of one grid point.

    Non-linear quantities are those of the averages, g = (3 - [<q^4>]/[<q^2>]^2)/2, not averages of them.
    """
    out: Labelled = {}
    for name, variable in parts.items():
        if "/" in name or "disorder" not in variable.dims or variable.dims == ("disorder",):
            continue
        if variable.data.dtype.kind != "f" or name.rpartition("_")[2] in ("stderr", "tau", "ess", "rhat"):
            continue
        axis = variable.dims.index("disorder")
        dims = tuple(d for d in variable.dims if d != "disorder")
        if name in quantities:
            inputs, function = quantities[name]
            mean, error = jackknife(tuple(parts[x].data for x in inputs), function, axis)
        else:
            mean, error = jackknife(variable.data, axis=axis)
        label = describe(name).long_name
        out[f"{name}_mean"] = Variable(dims, mean, {"long_name": f"disorder average of the {label}"})
        out[f"{name}_err"] = Variable(dims, error, {"long_name": f"jackknife error over disorder of the {label}"})
    return out
