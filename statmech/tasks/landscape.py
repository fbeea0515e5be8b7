"""The landscape of the training error of a perceptron: minima under single flips, paths, valleys.

Signed examples xi (P, N) are x_mu t_mu, as `Perceptron.disorder` gives them; E(w) = #{mu: xi_mu . w <= 0}.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray


def errors(xi: Array, w: Array) -> Array:
    """Training errors E (...) of students w (..., N) on signed examples xi (P, N), fields of zero included.

    Example: ``errors(np.ones((2, 3)), -np.ones(3)) == 2``
    """
    return (np.asarray(w, float) @ xi.T.astype(float) <= 0).sum(-1)


def descend(xi: Array, s: Array) -> Array:
    """The steepest single flips that lower E, until there is none: a one-flip minimum near s (N,).

    Example: ``descend(np.ones((2, 3)), -np.ones(3)).sum() >= 1``
    """
    flips = 1 - 2 * np.eye(len(s))
    while True:
        energies = errors(xi, s * flips)
        if energies.min() >= errors(xi, s):
            return s
        s = s * flips[energies.argmin()]


def path(xi: Array, a: Array, b: Array, ising: bool) -> Array:
    """E on the way from a to b (N,): after the cheapest of the flips left, again and again (Ising weights; an upper
    bound of the lowest pass), or at 129 points of the great circle through both (spherical).

    Example: ``path(np.ones((1, 3)), np.ones(3), -np.ones(3), ising=True).tolist() == [0, 0, 1, 1]``
    """
    if not ising:
        angle = np.arccos(np.clip(a @ b / len(a), -1, 1))
        t = np.linspace(0, 1, 129)[:, None]
        return errors(xi, np.sin((1 - t) * angle) * a + np.sin(t * angle) * b)
    s, out = a.astype(float), [errors(xi, a)]
    while (left := np.flatnonzero(s != b)).size:
        tried = np.repeat(s[None], left.size, 0)
        tried[np.arange(left.size), left] *= -1
        energies = errors(xi, tried)
        s = tried[energies.argmin()]
        out.append(energies.min())
    return np.array(out)


def valleys(xi: Array) -> tuple[int, int]:
    """(number of valleys, least number of errors) of E over all 2^N Ising weights, by enumeration (N <= 22).

    A valley is a set of equal E, joined by single flips, from which no single flip leads lower: what a descent that may
    walk on the level cannot leave.  Raises ValueError for N > 22.

    Example: ``valleys(np.eye(3))[1] == 0``
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    N = xi.shape[1]
    if N > 22:
        raise ValueError(f"N = {N}: 2^N students are enumerated, expected N <= 22")
    code = np.arange(1 << N)
    spins = 1 - 2 * ((code[:, None] >> np.arange(N)) & 1).astype(np.int8)
    E = np.concatenate([errors(xi, part) for part in np.array_split(spins, 1 + (code.size >> 12))])
    exits, rows, columns = np.zeros(code.size, bool), [], []
    for i in range(N):
        other = code ^ (1 << i)
        exits |= E[other] < E
        level = code[(E[other] == E) & (other > code)]
        rows.append(level)
        columns.append(level ^ (1 << i))
    r, c = np.concatenate(rows), np.concatenate(columns)
    graph = coo_matrix((np.ones(r.size, np.int8), (r, c)), (code.size, code.size))
    count, label = connected_components(graph, directed=False)
    return count - np.unique(label[exits]).size, int(E.min())
