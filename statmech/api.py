"""One point, or one ladder of temperatures, without files."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from statmech.backend import Device
from statmech.core import Sampler
from statmech.random import RNG_SCHEME, canonical
from statmech.results import Results
from statmech.samplers.single import Metropolis
from statmech.spec import Model
from statmech.stats.autocorrelation import TAU_CONVENTION
from statmech.tasks.montecarlo import MonteCarlo


def simulate(
    model: Model,
    T: float | Sequence[float],
    sampler: Sampler = Metropolis(),  # noqa: B008  (frozen)
    sweeps: int = 1024,
    *,
    starts: str | Sequence[str] = ("random",),
    replicas: int = 4,
    samples: int = 1,
    seed: int = 0,
    measure_every: int = 1,
    observables: Mapping[str, Callable] | None = None,
    device: Device = "auto",
    energies: bool = False,
) -> Results:
    """Run Monte Carlo in memory and return labelled results.

    model:    for example Hopfield(n=1000, alpha=0.05)
    T:        temperature or temperatures, k_B = 1
    sampler:  Metropolis(), HeatBath(), Tempering(...), Annealing(...), Quench()
    sweeps:   N proposals each; the last half is measured
    samples:  disorder samples
    energies: keep every measured energy, for `log_z`

    Returns Results with, per temperature, sample and class of starts, <obs>, its thermal error, tau, effective
    size and R-hat; the disorder averages <obs>_mean, <obs>_err; and the verdict `status`.  The same numbers come
    out of a sweep with the same parameters.  Raises ValueError for parameters out of range.

    Example: ``simulate(Hopfield(n=500, alpha=0.05), T=[0.2, 0.5], starts="pattern", sweeps=256)["m_mean"]``
    """
    if isinstance(samples, bool) or not isinstance(samples, int | np.integer) or samples < 1:
        raise ValueError(f"samples = {samples!r}: expected an integer number of disorder samples >= 1")
    task = MonteCarlo(
        model=model,
        sampler=sampler,
        T=tuple(np.atleast_1d(np.asarray(T, dtype=float))),
        starts=(starts,) if isinstance(starts, str) else tuple(starts),
        replicas=replicas,
        sweeps=sweeps,
        measure_every=measure_every,
        observables=observables,
        disorder=tuple(range(samples)),
        seed=seed,
        device=device,
        energies=energies,
    )
    results = task.results(task.advance(task.start(), sweeps))
    attrs = {
        "title": f"{type(model).__name__}",
        "spec": json.dumps({"task": canonical(task.identity()), "sweeps": sweeps}, sort_keys=True),
        "rng_scheme": RNG_SCHEME,
        "tau_convention": TAU_CONVENTION,
    }
    return Results(results | task.combine(results), attrs)
