r"""Multistate Bennett acceptance ratio in one parameter: ln Z along a ladder from the histogram of energies alone.

States differ in beta only, so all samples of one energy have one weight, and the pooled counts n(E) of the levels with
the sizes N_k of the rungs are all that the estimator needs: O(levels) memory for discrete energies.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from statmech.stats.blocks import Blocks, check_ladder
from statmech.stats.quadrature import from_moments

Array = NDArray[np.float64]
CHUNK = 1 << 20  # values of p_j(E) held at a time
STEPS, TOLERANCE = 200, 1e-11
RIDGE = 1e-13  # relative to N: rungs without any overlap leave a direction in which nothing is known


class Mbar(NamedTuple):
    """Solution of the equations of `mbar`.

    T, ln_z: (R,).  levels (L,) and ln_g (L,): ln of the estimated number of configurations: Z(beta) =
    sum_E g exp(-beta E).
    overlap: (R, R), row i: probabilities that a sample of rung i could come from rung j; rows sum to 1.
    a: (R,), ln N_j - ln Z_j up to a constant, the parameters solved for.  converged: the last step was below 1e-11.
    """

    T: Array
    ln_z: Array
    levels: Array
    ln_g: Array
    overlap: Array
    a: Array
    converged: bool


def probabilities(a: Array, beta: Array, x: Array) -> tuple[Array, Array]:
    """p_j(E) = exp(a_j - beta_j E) / sum_k exp(a_k - beta_k E), (L, R), and ln of the sum (L,)."""
    u = a - np.multiply.outer(x, beta)
    top = u.max(axis=1, keepdims=True)
    np.exp(u - top, out=u)
    total = u.sum(axis=1, keepdims=True)
    u /= total
    return u, (top + np.log(total))[:, 0]


def _objective(a: Array, beta: Array, x: Array, n: Array, N: Array) -> tuple[float, Array, Array]:
    """A(a) = sum_E n(E) ln sum_j exp(a_j - beta_j E) - N a, its gradient and sum_E n p_i p_j."""
    R, value = len(a), -float(N @ a)
    reached, products = np.zeros(R), np.zeros((R, R))
    step = max(1, CHUNK // R)
    for i in range(0, len(x), step):
        p, lse = probabilities(a, beta, x[i : i + step])
        weighted = n[i : i + step, None] * p
        value += float(n[i : i + step] @ lse)
        reached += weighted.sum(0)
        products += weighted.T @ p
    return value, reached - N, products


def _newton(products: Array, gradient: Array, N: Array) -> Array:
    """-H^-1 gradient, H = diag(sum n p) - sum n p_i p_j; the last parameter stays (the hottest rung).  (..., R)."""
    R = N.shape[-1]
    H = np.einsum("...i,ij->...ij", gradient + N * (1 + RIDGE), np.eye(R)) - products
    delta = np.zeros(gradient.shape)
    delta[..., :-1] = -np.linalg.solve(H[..., :-1, :-1], gradient[..., :-1, None])[..., 0]
    return delta


def mbar(T: ArrayLike, levels: ArrayLike, counts: Any, ln_z_hot: float = 0.0) -> Mbar:
    r"""ln Z at the rungs of a ladder from histograms of their energies.

    .. math:: Z_k = \sum_E \frac{n(E) e^{-\beta_k E}}{\sum_j N_j e^{-\beta_j E} / Z_j}, \quad n(E) = \sum_k n_k(E)

    T:        temperatures (R,), increasing, inf allowed
    levels:   total energies (L,) (k_B = 1); continuous energies: every sample a level
    counts:   n_k(E), (R, L), an array or a sparse one; every rung has samples
    ln_z_hot: ln Z at the hottest rung: n ln 2 if that is T = inf; 0 leaves differences to it

    Damped Newton steps on a convex function, from thermodynamic integration as a start.

    Raises ValueError for shapes that do not fit, negative counts or a rung without samples.
    Sources: Ferrenberg & Swendsen, Phys. Rev. Lett. 63, 1195 (1989); Shirts & Chodera, J. Chem. Phys. 129, 124105
    (2008).

    Example: ``mbar([1.0, 2.0], [-1.0, 1.0], [[70, 30], [60, 40]]).ln_z[1] == 0``
    """
    t, E = check_ladder(T), np.asarray(levels, float)
    table = counts if hasattr(counts, "tocsr") else np.asarray(counts, float)
    if E.ndim != 1 or table.shape != (t.size, E.size) or table.min() < 0:
        raise ValueError(
            f"levels, counts have shapes {E.shape}, {table.shape}: expected (L,) and ({t.size}, L), counts >= 0"
        )
    N, n = (np.asarray(table.sum(axis=i), float).ravel() for i in (1, 0))
    if not (N > 0).all():
        raise ValueError(f"samples per rung = {N.tolist()}: expected at least one at every temperature")
    beta, centre = 1 / t, float(n @ E / N.sum())
    x = E - centre
    mean = table @ x / N
    ln_z, _ = from_moments(beta, mean, *(table @ x**k / N for k in (2, 3)))
    a = np.log(N) - ln_z
    value, gradient, products = _objective(a, beta, x, n, N)
    converged = False
    for _ in range(STEPS):
        delta = _newton(products, gradient, N)
        for _ in range(60):
            new = _objective(a + delta, beta, x, n, N)
            if new[0] <= value + 1e-13 * abs(value):
                break
            delta /= 2
        a, (value, gradient, products) = a + delta, new
        if np.abs(delta).max() <= TOLERANCE * max(1.0, np.abs(a).max()):
            converged = True
            break
    shift = ln_z_hot + a[-1] - np.log(N[-1])  # ln Z = ln N - a, with the energies counted from the centre
    ln_z = np.log(N) - a + shift - (beta - beta[-1]) * centre
    return Mbar(t, ln_z, E, _ln_g(a, beta, x, n) + shift + beta[-1] * centre, _overlap(products), a, converged)


def _ln_g(a: Array, beta: Array, x: Array, n: Array) -> Array:
    step, out = max(1, CHUNK // len(a)), np.empty(len(x))
    for i in range(0, len(x), step):
        out[i : i + step] = probabilities(a, beta, x[i : i + step])[1]
    with np.errstate(divide="ignore"):
        return np.log(n) - out


def _overlap(products: Array) -> Array:
    return products / products.sum(axis=1, keepdims=True)


def overlap_matrix(T: ArrayLike, levels: ArrayLike, counts: Any, ln_z: ArrayLike) -> Array:
    """Overlap matrix (R, R) of the rungs for given ln Z: sum_E n p_i p_j / sum_E n p_i, rows sum to 1.

    Neighbours below 0.03 hardly share an energy.  Source: Klimovich, Shirts & Mobley, J. Comput.-Aided Mol. Des. 29,
    397 (2015).

    Example: ``overlap_matrix([1.0, 2.0], [0.0], [[5], [5]], [0.0, 0.0]).tolist() == [[0.5, 0.5], [0.5, 0.5]]``
    """
    table = counts if hasattr(counts, "tocsr") else np.asarray(counts, float)
    N, n = (np.asarray(table.sum(axis=i), float).ravel() for i in (1, 0))
    beta, E = 1 / check_ladder(T), np.asarray(levels, float)
    centre = float(n @ E / N.sum())
    a = np.log(N) - np.asarray(ln_z, float) - beta * centre
    return _overlap(_objective(a, beta, E - centre, n, N)[2])


def resample(found: Mbar, blocks: Blocks, multiplicity: Array) -> Array:
    """Changes of the parameters a (resamples, R) when block b counts multiplicity[:, b] times.

    One Newton step from the solution of all blocks, with gradient and Hessian of the redrawn ones: its error is of the
    order of the square of the change.
    """
    beta, pooled = 1 / found.T, blocks.pooled
    total = np.asarray(pooled.sum(axis=0), float).ravel()
    centre = float(total @ blocks.levels / total.sum())
    p, _ = probabilities(found.a, beta, blocks.levels - centre)
    N = multiplicity @ blocks.measurements
    gradient = multiplicity @ (pooled @ p) - N
    products = np.stack([multiplicity @ (pooled @ (p * p[:, i : i + 1])) for i in range(len(beta))], axis=1)
    return _newton(products, gradient, N)


def replicates(found: Mbar, blocks: Blocks, multiplicity: Array) -> Array:
    """ln Z (resamples, R) of redrawn blocks, relative to the hottest rung as in `found`."""
    N = blocks.measurements
    ln_n = np.log(multiplicity @ N) - np.log(N.sum(0))
    change = ln_n - resample(found, blocks, multiplicity)
    return found.ln_z + change - change[:, -1:]
