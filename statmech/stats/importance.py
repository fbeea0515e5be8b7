"""Annealed importance sampling: ln Z from the weights of annealed runs, forward, reverse and both."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from statmech.stats.bennett import solve_ratio

Array = NDArray[np.float64]
LEAST_ESS = 20.0  # fewer runs that count, and the largest weight decides
LARGEST_SHARE = 0.2  # of one run in the sum of the weights


class Annealed(NamedTuple):
    """ln Z of one end from runs that began at the other: (...) each.

    error: bootstrap over the runs, too small where few of them count.  ess: (sum w)^2 / sum w^2.  share: of the
    largest weight.  converged: ess >= 20 and share <= 0.2.
    """

    ln_z: Array
    error: Array
    ess: Array
    share: Array
    converged: NDArray[np.bool_]


class Sandwich(NamedTuple):
    """ln Z between two bounds: E[lower] <= ln Z <= E[upper]; ln_z: Bennett's combination of both directions; error:
    bootstrap over the runs; converged: forward, reverse and Bennett agree within 3 errors, and both directions have
    converged."""

    ln_z: Array
    error: Array
    lower: Array
    lower_error: Array
    upper: Array
    upper_error: Array
    converged: NDArray[np.bool_]


def annealed(log_weights: ArrayLike, ln_z_start: ArrayLike = 0.0, *, resamples: int = 400, seed: int = 0) -> Annealed:
    r"""ln Z at the end of annealed runs from their log-weights.

    .. math:: \hat Z = Z_\mathrm{start} \frac{1}{n} \sum_i e^{w_i}, \quad
              w_i = -\sum_t (\beta_{t+1} - \beta_t) E(s_t), \quad \mathbb{E}[\hat Z] = Z

    log_weights: (..., runs), runs independent; any axes before (samples).  -w is the work.
    ln_z_start:  ln Z where the runs began: n ln 2 at beta = 0 for Ising spins

    E[ln Z_hat] <= ln Z: a lower bound on average.

    Raises ValueError for fewer than two runs or weights that are not finite.
    Source: Neal, Stat. Comput. 11, 125 (2001); Jarzynski, Phys. Rev. Lett. 78, 2690 (1997).

    Example: ``float(annealed([0.0, 0.0, 0.0]).ln_z) == 0``
    """
    w = _runs("log_weights", log_weights)
    runs = w.shape[-1]
    top = w.max(-1, keepdims=True)
    x = np.exp(w - top)
    drawn = _draws(runs, resamples, seed)
    with np.errstate(divide="ignore"):
        copies = np.log(x @ drawn.T / runs)
    total = x.sum(-1)
    ess, share = total**2 / (x**2).sum(-1), x.max(-1) / total
    ln_z = np.asarray(ln_z_start, float) + top[..., 0] + np.log(total / runs)
    return Annealed(ln_z, _scatter(copies, runs), ess, share, (ess >= LEAST_ESS) & (share <= LARGEST_SHARE))


def sandwich(
    forward: ArrayLike, reverse: ArrayLike, ln_z_start: ArrayLike = 0.0, *, resamples: int = 200, seed: int = 0
) -> Sandwich:
    r"""ln Z from runs in both directions.

    forward:    log-weights (..., runs) from the start (beta = 0) to the end, E[exp(w)] = Z_end / Z_start
    reverse:    log-weights (..., runs) of runs from equilibrium at the end back to the start,
                E[exp(w)] = Z_start / Z_end; the numbers of runs may differ
    ln_z_start: ln Z at the start

    lower = ln_z_start + ln mean exp(forward), upper = ln_z_start - ln mean exp(reverse), and in between the maximum
    likelihood estimate from both, by Crooks' theorem p_F(w) / p_R(-w) = exp(ln(Z_end/Z_start) - w).  The upper
    bound holds only as far as the reverse runs begin in equilibrium.

    Raises ValueError for fewer than two runs, weights that are not finite, or samples that do not match.
    Source: Crooks, Phys. Rev. E 61, 2361 (2000); Shirts et al., Phys. Rev. Lett. 91, 140601 (2003); Grosse, Ghahramani
    & Adams, arXiv:1511.02543 (2015).

    Example: ``float(sandwich([0.5, 0.5], [-0.5, -0.5]).ln_z) == 0.5``
    """
    f, r = _runs("forward", forward), _runs("reverse", reverse)
    if f.shape[:-1] != r.shape[:-1]:
        raise ValueError(f"forward, reverse have shapes {f.shape}, {r.shape}: expected the same samples")
    start = np.broadcast_to(np.asarray(ln_z_start, float), f.shape[:-1])
    below, above = annealed(f, resamples=resamples, seed=seed), annealed(r, resamples=resamples, seed=seed + 1)
    drawn = _draws(f.shape[-1], resamples, seed + 2), _draws(r.shape[-1], resamples, seed + 3)
    middle, error = np.empty(f.shape[:-1]), np.empty(f.shape[:-1])
    for at in np.ndindex(f.shape[:-1]):
        x = np.concatenate([f[at], -r[at]])
        middle[at] = _both(x, np.ones(x.size), r.shape[-1])
        copies = [_both(x, np.concatenate(pair), r.shape[-1]) for pair in zip(*drawn, strict=True)]
        error[at] = _scatter(np.array(copies), min(f.shape[-1], r.shape[-1]))
    lower, upper = start + below.ln_z, start - above.ln_z
    ln_z = start + middle
    agree = np.abs(upper - lower) <= 3 * np.hypot(below.error, above.error) + 1e-9
    agree &= np.abs(lower - ln_z) <= 3 * np.hypot(below.error, error) + 1e-9
    return Sandwich(ln_z, error, lower, below.error, upper, above.error, agree & below.converged & above.converged)


def _both(x: Array, counts: Array, reverse: int) -> float:
    """ln(Z_end / Z_start): a run is a reverse one with probability 1 / (1 + exp(-(ln(n_R/n_F) + x - ln ratio)))."""
    forward = len(x) - reverse
    return float(np.log(reverse / forward) - solve_ratio(x, counts, float(counts[forward:].sum())))


def _runs(name: str, weights: ArrayLike) -> Array:
    w = np.asarray(weights, float)
    if w.ndim < 1 or w.shape[-1] < 2 or not np.isfinite(w).all():
        raise ValueError(f"{name} has shape {w.shape}: expected finite log-weights of at least two runs, runs last")
    return w


def _draws(runs: int, resamples: int, seed: int) -> Array:
    return np.random.default_rng(seed).multinomial(runs, np.full(runs, 1 / runs), resamples).astype(float)


def _scatter(copies: Array, runs: int) -> Array:
    good = np.isfinite(copies)
    value = np.where(good, copies, 0.0)
    count = good.sum(-1)
    mean = value.sum(-1) / count
    square = (np.where(good, value - mean[..., None], 0.0) ** 2).sum(-1) / (count - 1)
    return np.sqrt(square * runs / (runs - 1))
