"""Results for the pictures: made by hand, where every number is known, and stacked from real runs."""

from __future__ import annotations

import json

import numpy as np

from statmech.core import Variable
from statmech.results import Results

ALPHA = np.array([0.02, 0.05, 0.1, 0.12])
T = np.array([0.1, 0.2, 0.4, 0.8, 1.2])
STARTS = ("random", "pattern")
SPEC = {
    "task": {"class": "MonteCarlo", "model": {"class": "Hopfield", "n": 32}},
    "grid": {"alpha": {"model.alpha": ["0.02", "0.05"]}},
}


def handmade(samples: int = 4, spec: dict | None = SPEC) -> Results:
    """A sweep over (alpha, T) with known means, errors and verdicts."""
    rng = np.random.default_rng(1)
    shape = (len(ALPHA), len(T), samples, len(STARTS))
    grid, dims = ("alpha", "T", "start"), ("alpha", "T", "disorder", "start")
    m = rng.uniform(0.1, 0.9, shape)
    e = rng.uniform(-0.6, 0.0, shape)
    status = np.full(shape[:3], 2, np.int8)
    q, rungs = np.linspace(-1, 1, 65), len(T) - 1
    density = rng.uniform(0, 1, (*shape, len(q)))
    flow = np.broadcast_to(np.linspace(0, 1, len(T))[None, :, None, None], shape).copy()
    variables = {
        "alpha": Variable(("alpha",), ALPHA),
        "T": Variable(("T",), T),
        "disorder": Variable(("disorder",), np.arange(samples)),
        "start": Variable(("start",), np.array(STARTS)),
        "q_bin": Variable(("q_bin",), q),
        "rung": Variable(("rung",), np.arange(rungs)),
        "time": Variable(("time",), np.arange(1, 129)),
        "status": Variable(dims[:3], status),
        "overlap/P_q": Variable((*dims, "q_bin"), density),
        "tempering/flow": Variable(dims, flow),
        "tempering/swap_acceptance": Variable(("alpha", "rung", *dims[2:]), rng.uniform(0, 1, (4, rungs, samples, 2))),
        "timeseries/e": Variable((*dims, "time"), rng.normal(-0.5, 0.1, (*shape, 128))),
    }
    for name, x in (("m_abs", m), ("e", e)):
        variables[name] = Variable(dims, x)
        variables[f"{name}_stderr"] = Variable(dims, np.full(shape, 0.0123))
        variables[f"{name}_mean"] = Variable(grid, x.mean(2))
        error = x.std(2, ddof=1) / np.sqrt(samples) if samples > 1 else np.full(x.mean(2).shape, np.nan)
        variables[f"{name}_err"] = Variable(grid, error)
    return Results(variables, {} if spec is None else {"spec": json.dumps(spec)})


def stacked(alphas: list[float], parts: list[Results]) -> Results:
    """Results of `simulate` at several loads, as a sweep would hold them."""
    variables = {"alpha": Variable(("alpha",), np.array(alphas))}
    for name, v in parts[0].variables.items():
        if v.dims == (name,):
            variables[name] = v
        else:
            variables[name] = Variable(("alpha", *v.dims), np.stack([part[name] for part in parts]), v.attrs)
    spec = json.loads(parts[0].attrs["spec"]) | {"grid": {"alpha": {"model.alpha": list(map(str, alphas))}}}
    return Results(variables, {"spec": json.dumps(spec)})
