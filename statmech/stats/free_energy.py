"""ln Z at every rung of a ladder from energies, by three methods, with errors, overlaps and a word on convergence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from statmech.stats import bennett as acceptance_ratio
from statmech.stats import mbar as multistate
from statmech.stats.blocks import BLOCK_TIMES, Blocks, cut
from statmech.stats.convergence import drift_bound, health, rhat_bound
from statmech.stats.mbar import overlap_matrix
from statmech.stats.quadrature import from_moments

Array = NDArray[np.float64]
Method = Literal["mbar", "bennett", "integration"]
METHODS = ("mbar", "bennett", "integration")
LEAST_OVERLAP = 0.03  # Klimovich, Shirts & Mobley (2015): below, the error of a difference is not to be trusted
LEAST_BLOCKS = 20  # 4 chains of 50 tau: the error is then known to 16 %
FALSE_ALARMS = 0.01  # chance that correct chains are said to disagree or to drift, over all rungs


@dataclass(frozen=True)
class LogZ:
    """ln Z of D samples at R temperatures.

    method:     how it was found
    T:          (R,)
    ln_z:       (D, R); error: its standard error (D, R), blocked bootstrap
    mean:       (R,) disorder average; mean_error: its error, bootstrap over samples (the thermal error is in their
                scatter); NaN for one sample
    converged:  (D,) is every condition met?  warnings: (D,) tuples of those that are not
    overlap:    (D, R, R), or None where the method has no rungs in common
    anchored:   is ln Z absolute, or relative to the hottest rung?
    """

    method: str
    T: Array
    ln_z: Array
    error: Array
    mean: Array
    mean_error: Array
    converged: NDArray[np.bool_]
    warnings: tuple[tuple[str, ...], ...]
    overlap: Array | None
    anchored: bool

    def free_energy(self, n: int) -> tuple[Array, Array]:
        """f = -T ln Z / n per spin and its error (D, R); at T = inf NaN.

        Example: ``found.free_energy(16)[0].shape == found.ln_z.shape``
        """
        T = np.where(np.isfinite(self.T), self.T, np.nan)
        return -T * self.ln_z / n, T * self.error / n

    def __str__(self) -> str:
        kind = "ln Z" if self.anchored else "ln Z relative to the hottest rung"
        lines = [f"{kind} by {self.method}, {len(self.ln_z)} samples, {int(self.converged.sum())} converged"]
        lines += [f"  T = {t:<10.6g} {m:.6f}" + (f" +- {e:.6f}" if np.isfinite(e) else "")
                  for t, m, e in zip(self.T, self.mean, self._shown_error(), strict=True)]  # fmt: skip
        lines += [f"  sample {d}: {text}" for d, texts in enumerate(self.warnings) for text in texts]
        return "\n".join(lines)

    def _shown_error(self) -> Array:
        return self.mean_error if len(self.ln_z) > 1 else self.error[0]


def from_energies(
    T: ArrayLike, E: ArrayLike, method: Method = "mbar", *, ln_z_hot: float | None = None,
    quantum: float | None = None, resamples: int = 400, seed: int = 0,
) -> LogZ:  # fmt: skip
    """ln Z from total energies measured along a ladder of temperatures.

    T:         (R,) increasing; T = inf, uniform configurations, anchors ln Z
    E:         (R, K, M), K chains of M measurements, or (D, R, K, M) for D disorder samples
    method:    "mbar": all rungs together, the least error; "bennett": neighbours only; "integration" of <E> over beta,
               with the derivatives that the fluctuations give, and the last order of the quadrature added to the error
    ln_z_hot:  ln Z at the hottest rung, n ln 2 at T = inf for Ising spins; None: differences to that rung
    quantum:   all energies differ by multiples of it: faster
    resamples: of the bootstrap, which draws blocks of >= 10 tau of all chains, all rungs together; seed: its own

    Converged is what has chains that agree (R-hat, drift: 1 % false alarms over the ladder), at least 20 blocks,
    neighbouring rungs with an overlap >= 0.03, and for the integration a quadrature error below the statistical one.

    Raises ValueError for an unknown method, shapes that do not fit, temperatures that are not increasing.

    Example: ``from_energies([1.0, 2.0], np.random.default_rng(0).normal(size=(2, 4, 100))).ln_z[0, 1] == 0``
    """
    if method not in METHODS:
        raise ValueError(f"method = {method!r}: expected one of {', '.join(METHODS)}")
    if isinstance(resamples, bool) or not isinstance(resamples, int | np.integer) or resamples < 2:
        raise ValueError(f"resamples = {resamples!r}: expected an integer >= 2, such as 400")
    energy = np.asarray(E, float)
    energy = energy[None] if energy.ndim == 3 else energy
    if energy.ndim != 4 or not len(energy):
        raise ValueError(f"energies have shape {np.shape(E)}: expected (T, chains, measurements), or (samples, ...)")
    hot = 0.0 if ln_z_hot is None else float(ln_z_hot)
    found = [_one(T, sample, method, hot, quantum, resamples, seed + d) for d, sample in enumerate(energy)]
    ln_z, error, overlap = (np.stack([f[i] for f in found]) for i in range(3))
    warnings = tuple(f[3] for f in found)
    mean, mean_error = over_samples(ln_z, resamples, seed)
    return LogZ(
        method, np.asarray(T, float), ln_z, error, mean, mean_error, np.array([not w for w in warnings]), warnings,
        overlap, ln_z_hot is not None,
    )  # fmt: skip


def over_samples(values: Array, resamples: int, seed: int) -> tuple[Array, Array]:
    """Mean over samples (D, ...) and its error by bootstrap over them; NaN for one."""
    D = len(values)
    if D < 2:
        return values.mean(0), np.full(values.shape[1:], np.nan)
    drawn = np.random.default_rng(seed).multinomial(D, np.full(D, 1 / D), resamples) / D
    scatter = np.tensordot(drawn, values, 1).std(axis=0, ddof=1)
    return values.mean(0), scatter * np.sqrt(D / (D - 1))


def _one(
    T: ArrayLike, E: Array, method: Method, hot: float, quantum: float | None, resamples: int, seed: int
) -> tuple[Array, Array, Array, tuple[str, ...]]:
    """(ln Z, error, overlap, warnings) of one sample, energies (R, K, M)."""
    blocks = cut(T, E, quantum)
    solve: dict[str, Callable[[Blocks, float, Array], tuple[Array, Array, list[str]]]] = {
        "mbar": _mbar, "bennett": _bennett, "integration": _integration,
    }  # fmt: skip
    ln_z, copies, warnings = solve[method](blocks, hot, blocks.multiplicities(resamples, seed))
    error = blocks.spread(copies[1:])
    if method == "integration":
        rounding = copies[0]
        too_coarse = np.flatnonzero(rounding[:-1] > error[:-1])
        if too_coarse.size:
            k = int(too_coarse[-1])
            warnings.append(
                f"the quadrature error at T = {blocks.T[k]:g}, {rounding[k]:.2g}, exceeds the statistical one, "
                f"{error[k]:.2g}: add temperatures above it, or take 'mbar'"
            )
        error = np.hypot(error, rounding)
    overlap = overlap_matrix(blocks.T, blocks.levels, blocks.rungs, ln_z)
    return ln_z, error, overlap, tuple(warnings + _overlap_warnings(blocks.T, overlap) + _chain_warnings(blocks, E))


def _mbar(blocks: Blocks, hot: float, drawn: Array) -> tuple[Array, Array, list[str]]:
    found = multistate.mbar(blocks.T, blocks.levels, blocks.rungs, hot)
    warnings = [] if found.converged else ["the equations of MBAR were not solved to 1e-11: rungs without overlap"]
    copies = multistate.replicates(found, blocks, drawn)
    return found.ln_z, np.concatenate([np.zeros((1, len(blocks.T))), copies]), warnings


def _bennett(blocks: Blocks, hot: float, drawn: Array) -> tuple[Array, Array, list[str]]:
    found = acceptance_ratio.bennett(blocks.T, blocks.levels, blocks.rungs, hot)
    copies = acceptance_ratio.replicates(found, blocks, drawn)
    return found.ln_z, np.concatenate([np.zeros((1, len(blocks.T))), copies]), []


def _integration(blocks: Blocks, hot: float, drawn: Array) -> tuple[Array, Array, list[str]]:
    N = blocks.measurements
    rungs = blocks.rungs
    centre = rungs @ blocks.levels / N.sum(0)
    powers = []
    for k, c in enumerate(centre):  # every rung about its own mean, or digits of the third cumulant are lost
        x = blocks.levels - c
        powers.append(blocks.counts[k] @ np.stack([x, x**2, x**3], 1))
    sums = np.stack(powers, 1)  # (B, R, 3)
    everything = np.concatenate([np.ones((1, blocks.size)), drawn])
    moments = np.tensordot(everything, sums, 1) / (everything @ N)[..., None]
    # the step h (centre_hot + centre_cold)/2 is put back: cumulants do not depend on the origin, means do
    shifted, last_order = from_moments(blocks.beta, *np.moveaxis(moments, -1, 0))
    h = blocks.beta[:-1] - blocks.beta[1:]
    steps = np.cumsum((-h / 2 * (centre[1:] + centre[:-1]))[::-1])[::-1]
    values = shifted + np.append(steps, 0.0) + hot
    return values[0], np.concatenate([last_order[:1], values[1:]]), []


def _overlap_warnings(T: Array, overlap: Array) -> list[str]:
    between = np.minimum(np.diagonal(overlap, 1), np.diagonal(overlap, -1))
    return [
        f"the rungs T = {T[k]:g} and {T[k + 1]:g} overlap by {between[k]:.2g} < {LEAST_OVERLAP:g}: add a temperature "
        "between them"
        for k in np.flatnonzero(~(between >= LEAST_OVERLAP))
    ]


def _chain_warnings(blocks: Blocks, E: Array) -> list[str]:
    """Do the chains agree and stand still on average, and is the run long enough for an error bar?"""
    out = []
    if blocks.size < LEAST_BLOCKS:
        k = int(blocks.tau.argmax())
        out.append(
            f"only {blocks.size} blocks of {BLOCK_TIMES:g} tau (tau = {blocks.tau[k]:.3g} measurements at "
            f"T = {blocks.T[k]:g}), expected {LEAST_BLOCKS}: run longer, or with more chains"
        )
    state = health(E)
    level = 1 - FALSE_ALARMS / (2 * len(blocks.T))
    drifting = state.drift > drift_bound(state.ess, level)
    apart = (state.rhat > rhat_bound(E.shape[1], state.ess, level)) & ~drifting
    for bad, what in ((apart, "the chains disagree"), (drifting, "the energy drifts")):
        if bad.any():
            out.append(f"{what} at T = {', '.join(f'{t:g}' for t in blocks.T[bad])}: run longer")
    return out
