"""ln Z from the results of a run, by whatever method they allow."""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np

from statmech.results import Results
from statmech.stats.free_energy import METHODS, LogZ, from_energies, over_samples
from statmech.stats.importance import annealed, sandwich

ENERGIES = ("T", "disorder", "start", "replica", "measurement")
POINT = ("T", "disorder")
DONE = 2


def log_z(
    results: Results, method: Literal["mbar", "bennett", "integration", "ais", "population"] = "mbar", *,
    start: str | None = None, resamples: int = 400, seed: int = 0,
) -> LogZ:  # fmt: skip
    r"""ln Z of every disorder sample at every temperature, and of their average.

    .. math:: Z(T) = \sum_s e^{-H(s)/T}, \qquad F = -T \ln Z

    results: of simulate or a sweep, one grid point (else pick one: ``results.at(alpha=0.1)``).
             "mbar", "bennett", "integration": from a run with energies=True; see `stats.free_energy.from_energies`.
             A ladder that ends at T = inf (use HeatBath there) anchors ln Z at n ln 2, on a sphere at 0; otherwise it
             is relative to the hottest temperature.
             "ais": of AnnealedImportance, with its backward runs, if it has some, at the coldest temperature.
             "population": of PopulationAnnealing, with its own errors
    start:   class of starts, if there are several
    resamples, seed: of the bootstrap

    Returns LogZ: ln_z and error (disorder, T), mean and mean_error over samples, converged and warnings per sample, the
    overlap of the rungs.  A sample whose verdict is not "done" at some temperature has not converged.

    Raises ValueError for an unknown method, results that lack what it needs or have further dimensions.

    Example: ``log_z(simulate(SK(16), [1.0, 2.0, np.inf], Tempering(HeatBath()), 1024, energies=True)).mean``
    """
    if method in METHODS:
        return _from_ladder(results, method, start, resamples, seed)  # type: ignore[arg-type]
    if method == "ais":
        return _from_work(results, resamples, seed)
    if method == "population":
        return _from_population(results, resamples, seed)
    raise ValueError(f"method = {method!r}: expected one of {', '.join((*METHODS, 'ais', 'population'))}")


def _need(results: Results, name: str, dims: tuple[str, ...], remedy: str) -> np.ndarray:
    if name not in results:
        raise ValueError(f"the results have no {name!r}: {remedy}")
    if results.dims(name) != dims:
        more = [d for d in results.dims(name) if d not in dims]
        raise ValueError(f"{name!r} has the dimensions {results.dims(name)}: pick one point, results.at({more[0]}=...)")
    return np.asarray(results[name], float)


def _from_ladder(
    results: Results, method: Literal["mbar", "bennett", "integration"], start: str | None, resamples: int, seed: int
) -> LogZ:
    e = _need(results, "energies/e", ENERGIES, "run it with energies=True")
    known = [str(name) for name in results["start"]]
    if start is None and len(known) > 1:
        raise ValueError(f"start = None: the results have the classes {', '.join(known)}; choose one")
    if start is not None and start not in known:
        raise ValueError(f"start = {start!r}: the results have {', '.join(known)}")
    e = np.moveaxis(e[:, :, known.index(start or known[0])], 0, 1)  # (D, T, K, M)
    e = e[..., ~np.isnan(e).all((0, 1, 2))]  # longer runs at other grid points leave room
    T = np.asarray(results["T"], float)
    hot = float(results["energies/lnZ_inf"]) if np.isinf(T[-1]) else None
    E = e * int(results["energies/n"])
    found = from_energies(T, E, method, ln_z_hot=hot, resamples=resamples, seed=seed)
    return _with_verdict(found, results)


def _from_population(results: Results, resamples: int, seed: int) -> LogZ:
    remedy = "take those of PopulationAnnealing"
    _need(results, "rho_t", POINT, remedy)
    ln_z, error = (_need(results, name, POINT, remedy).T for name in ("lnZ", "lnZ_stderr"))
    return _with_verdict(_collect("population", results, ln_z, error, resamples, seed), results)


def _from_work(results: Results, resamples: int, seed: int) -> LogZ:
    """Every temperature by its own weights; the coldest from both directions, where both were run."""
    remedy = "take those of AnnealedImportance"
    w = np.moveaxis(_need(results, "work/forward", (*POINT, "replica"), remedy), 0, 1)  # (D, T, runs)
    forward = annealed(w, resamples=resamples, seed=seed)
    zero = _need(results, "lnZ", POINT, remedy).T - forward.ln_z
    ln_z, error = zero + forward.ln_z, forward.error.copy()
    warnings: list[list[str]] = [[] for _ in w]
    T = results["T"]
    for d, k in zip(*np.nonzero(~forward.converged), strict=True):
        warnings[d].append(f"at T = {T[k]:g} {forward.ess[d, k]:.1f} runs count, the first {forward.share[d, k]:.0%}")
    if "work/reverse" in results:
        back = _need(results, "work/reverse", ("disorder", "replica"), remedy)
        both = sandwich(w[:, 0], back, zero[:, 0], resamples=min(resamples, 200), seed=seed)
        ln_z[:, 0], error[:, 0] = both.ln_z, both.error
        for d in np.flatnonzero(~both.converged):
            bounds = f"{both.lower[d]:.4g} and {both.upper[d]:.4g}"
            warnings[d].append(f"at T = {T[0]:g} the bounds {bounds} do not meet: take more steps or sweeps")
    return _collect("ais", results, ln_z, error, resamples, seed, warnings)


def _collect(
    method: str, results: Results, ln_z: np.ndarray, error: np.ndarray, resamples: int, seed: int,
    warnings: list[list[str]] | None = None,
) -> LogZ:  # fmt: skip
    mean, mean_error = over_samples(ln_z, resamples, seed)
    texts = tuple(tuple(w) for w in warnings or [[] for _ in ln_z])
    converged = np.array([not w for w in texts])
    return LogZ(method, np.asarray(results["T"], float), ln_z, error, mean, mean_error, converged, texts, None, True)


def _with_verdict(found: LogZ, results: Results) -> LogZ:
    """A sample that the run itself does not call done has not converged."""
    if "status" not in results or results.dims("status") != POINT:
        return found
    warnings = list(found.warnings)
    for d, bad in enumerate(results["status"].T != DONE):
        if bad.any():
            where = ", ".join(f"{t:g}" for t in found.T[bad])
            warnings[d] = (*warnings[d], f"the run is not done (its verdict) at T = {where}")
    converged = np.array([not w for w in warnings])
    return dataclasses.replace(found, warnings=tuple(warnings), converged=converged)
