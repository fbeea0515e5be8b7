r"""Signals in noise: where their eigenvalue leaves the bulk, and how much of them the eigenvector keeps.

W/sqrt n = noise of standard deviation sigma + sigma S u v^T, u and v unit vectors of n and m components, c = 1/Q = m/n.
Eigenvalues are those of X = W^T W in units of n times the noise variance, in which the bulk ends at (1 + sqrt c)^2.
The strength S and the strength theta of a spiked covariance are related by theta = S^2.  The spiked Wigner matrix is
`statmech.theory.planted_pspin.spiked_wigner`.

Sources: Baik, Ben Arous & Peche, Ann. Probab. 33, 1643 (2005); Baik & Silverstein, J. Multivar. Anal. 97, 1382 (2006);
Paul, Stat. Sinica 17, 1617 (2007); Benaych-Georges & Nadakuditi, Adv. Math. 227, 494 (2011) and J. Multivar. Anal.
111, 120 (2012).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


class Outlier(NamedTuple):
    """Largest eigenvalue and squared overlap of its vector with the signal; where none leaves, the edge and 0."""

    eigenvalue: Array
    overlap2: Array


class Overlaps(NamedTuple):
    """Squared overlaps of the singular vectors with the signal on the side of n and on the side of m components."""

    n: Array
    m: Array


def _positive(name: str, value: ArrayLike) -> Array:
    x = np.asarray(value, float)
    if not (np.isfinite(x) & (x > 0)).all():
        raise ValueError(f"{name} = {x.tolist()}: expected finite numbers > 0")
    return x


def _aspect(Q: ArrayLike) -> Array:
    q = np.asarray(Q, float)
    if not (np.isfinite(q) & (q >= 1)).all():
        raise ValueError(f"Q = {q.tolist()}: expected n/m >= 1; transpose W")
    return q


def threshold(Q: ArrayLike) -> Array:
    """S above which a spike leaves the bulk: Q^(-1/4).

    Example: ``threshold(16.0) == 0.5``
    """
    return _aspect(Q) ** -0.25


def spike_eigenvalue(S: ArrayLike, Q: ArrayLike) -> Array:
    """Eigenvalue of a spike of strength S in units of n sigma^2: (1/Q + S^2)(1 + 1/S^2); the edge below threshold.

    Raises ValueError unless S > 0 and Q >= 1.

    Example: ``spike_eigenvalue(2.0, 1.0) == 6.25``
    """
    c, s2 = 1 / _aspect(Q), _positive("S", S) ** 2
    s2 = np.maximum(s2, np.sqrt(c))  # at threshold the formula is the edge
    return (c + s2) * (1 + 1 / s2)


def spike_strength(eigenvalue: ArrayLike, Q: ArrayLike) -> Array:
    """S of an eigenvalue in units of n sigma^2, the inverse of `spike_eigenvalue`; Q^(-1/4) inside the bulk.

    Example: ``spike_strength(6.25, 1.0).round(12) == 2.0``
    """
    c = 1 / _aspect(Q)
    b = np.asarray(eigenvalue, float) - 1 - c
    root = np.sqrt(np.maximum(b * b - 4 * c, 0))
    return np.sqrt(np.maximum((b + root) / 2, np.sqrt(c)))


def spike_overlaps(S: ArrayLike, Q: ArrayLike) -> Overlaps:
    """Squared overlaps of the singular vectors with u (n components) and v (m components); 0 below threshold.

    Equations: 1 - (c + S^2)/(S^2 (S^2 + 1)) for u, 1 - c (1 + S^2)/(S^2 (S^2 + c)) for v, c = 1/Q.

    Example: ``spike_overlaps(2.0, 1.0).m == 0.75``
    """
    c, s2 = 1 / _aspect(Q), _positive("S", S) ** 2
    seen = s2 > np.sqrt(c)
    n, m = 1 - (c + s2) / (s2 * (s2 + 1)), 1 - c * (1 + s2) / (s2 * (s2 + c))
    return Overlaps(np.where(seen, n, 0.0), np.where(seen, m, 0.0))


def covariance_outlier(theta: ArrayLike, gamma: ArrayLike) -> Outlier:
    """Sample covariance of P = N/gamma vectors in N dimensions of variance 1, and 1 + theta along one direction.

    Visible iff theta > sqrt gamma: eigenvalue (1 + theta)(1 + gamma/theta), overlap^2
    (1 - gamma/theta^2)/(1 + gamma/theta).  Both arguments > 0; here gamma may exceed 1.

    Example: ``covariance_outlier(1.0, 0.5).eigenvalue == 3.0``
    """
    g, t = _positive("gamma", gamma), _positive("theta", theta)
    seen, t = t > np.sqrt(g), np.maximum(t, np.sqrt(g))
    return Outlier((1 + t) * (1 + g / t), np.where(seen, (1 - g / t**2) / (1 + g / t), 0.0))


def retarded_learning(rho: ArrayLike) -> Array:
    """alpha_c = rho^(-4): examples per dimension below which two clusters at +-rho B in unit noise stay unseen.

    Principal components then behave as `covariance_outlier` with theta = rho^2, gamma = 1/alpha.

    Sources: Biehl & Mietzner, J. Phys. A 27, 1885 (1994); Watkin & Nadal, J. Phys. A 27, 1899 (1994); the general
    bound: Reimann & Van den Broeck, Phys. Rev. E 53, 3989 (1996).

    Example: ``retarded_learning(0.5) == 16.0``
    """
    return _positive("rho", rho) ** -4
