"""From the state of a Training to labelled results, and averages over the runs that came to a reading."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from statmech.core import Labelled, State, Variable
from statmech.names import describe
from statmech.tasks import network_readings as reading

if TYPE_CHECKING:
    from statmech.tasks.training import Training


def summarise(task: Training, state: State) -> Labelled:
    """Readings, histories and spectra of every run."""
    names, shapes = reading.layers(task.network), task.network.shapes()
    wrong = [float((noisy != true).mean()) for _, noisy, true in task._samples]
    out: Labelled = {
        "disorder": Variable(("disorder",), np.array(task.disorder)),
        "reading": Variable(("reading",), np.array(task.readings), {"long_name": "when a network was read"}),
        "layer": Variable(("layer",), np.array(names), {"long_name": "layer"}),
        "step": Variable(("step",), np.array(task._schedule.checks), {"long_name": "updates done", "units": "updates"}),
        "mislabelled": Variable(("disorder",), np.array(wrong)),
        "examples": Variable(("disorder",), np.array([len(noisy) for _, noisy, _ in task._samples])),
        "predicted": Variable(("disorder", "test_example"), state["predicted"]),
    }
    out |= {name: Variable(("disorder", "reading"), state[f"reading/{name}"]) for name in reading.SCALARS}
    out |= {name: Variable(("disorder", "reading", "layer"), state[f"layer/{name}"]) for name in reading.LAYERS}
    for name in reading.PATHS:
        history = {"long_name": f"history of the {describe(name).long_name}"}
        out[f"timeseries/{name}"] = Variable(("disorder", "step"), state[f"path/{name}"], history)
    for layer in names:
        n, m, slices = reading.sides(shapes[f"{layer}.weight"])
        for kind in reading.kinds(task.controls):
            values = state[f"spectrum/{layer}/{kind}"]
            attrs = {"long_name": f"{reading.KINDS[kind]} of {layer}", "n": n, "m": m, "slices": slices}
            out[f"spectra/{layer}/{kind}"] = Variable(("disorder", "reading", f"{layer}_index"), values, attrs)
    return out


def combine(parts: Labelled) -> Labelled:
    """Means over the runs that came to a reading, with jackknife errors, and `reached`, their share."""
    update = parts["update"].data
    out: Labelled = {"reached": Variable(("reading",), np.isfinite(update).mean(0))}
    for name, variable in parts.items():
        if variable.dims[:1] != ("disorder",) or "/" in name or name in ("disorder", "status", "predicted"):
            continue
        mean, error = mean_of_present(variable.data)
        label = describe(name).long_name
        out[f"{name}_mean"] = Variable(variable.dims[1:], mean, {"long_name": f"disorder average of the {label}"})
        out[f"{name}_err"] = Variable(
            variable.dims[1:], error, {"long_name": f"jackknife error over disorder of the {label}"}
        )
    return out


def mean_of_present(data: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean over the first axis of what is not NaN and its jackknife error (NaN for fewer than two)."""
    data = np.asarray(data, float)
    here = np.isfinite(data)
    count = here.sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(here, data, 0.0).sum(0) / count
        square = np.where(here, (data - mean) ** 2, 0.0).sum(0) / (count * (count - 1))
    return mean, np.sqrt(square)
