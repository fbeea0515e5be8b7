"""CPU kernel of the power-law fit: the lower end of the tail with the smallest distance between law and values.

Every lower end has a law of its own, so all distances together cost n^2/2 exponentials.  Only the smallest is asked
for: a lower end is given up at the first value where its law is further off than the best law so far, and the value
where the last one was given up is tried first, then every eighth value, then the rest.
"""

from __future__ import annotations

import numpy as np

from statmech.kernels.jit import njit

STRIDE = 8


@njit
def best_end(y, minimum_tail, bound):
    """(index, D) of the smallest D(i) = max_j |F_i(y_j) - (j - i)/(n - i)|, F_i = (1 - exp(-b_i (y_j - y_i)))/norm.

    y (n,): ln x, ascending; of equal values the first one counts.  b_i = (n - i) / sum_{j >= i} (y_j - y_i).
    minimum_tail: n - i is at least this.  bound: ln of the upper end of the law, inf for none.
    Index -1 if no lower end is left; of equal D the smallest index.
    """
    n = y.size
    best, smallest, witness = -1, np.inf, n - 1
    suffix = np.zeros(n + 1)
    for i in range(n - 1, -1, -1):
        suffix[i] = suffix[i + 1] + (y[i] - y[n - 1])
    for i in range(n - minimum_tail + 1):
        if (i > 0 and y[i] == y[i - 1]) or y[i] == y[n - 1]:
            continue
        count = n - i
        b = count / (suffix[i] - count * (y[i] - y[n - 1]))
        scale = 1.0 / (1.0 - np.exp(-b * (bound - y[i])))
        largest = 0.0
        if witness > i:
            largest = abs((1.0 - np.exp(-b * (y[witness] - y[i]))) * scale - (witness - i) / count)
        for first in range(STRIDE):
            if largest >= smallest:
                break
            for j in range(i + first, n, STRIDE):
                if j > i and y[j] == y[j - 1]:
                    continue
                off = abs((1.0 - np.exp(-b * (y[j] - y[i]))) * scale - (j - i) / count)
                if off > largest:
                    largest = off
                    if off >= smallest:
                        witness = j
                        break
        if largest < smallest:
            best, smallest = i, largest
    return best, smallest


@njit
def best_ends(y, minimum_tail):
    """best_end of every row of y (rows, n): indices (rows,) int64 and distances (rows,)."""
    index, distance = np.empty(y.shape[0], np.int64), np.empty(y.shape[0])
    for r in range(y.shape[0]):
        index[r], distance[r] = best_end(y[r], minimum_tail, np.inf)
    return index, distance
