"""The sign channel: what one label says about the field of its example, at temperature T of the 0/1 error.

A student with field x = w.xi / sqrt N (xi = t x: the example times its label) pays 1 if x <= 0, so the weight of
a field is exp(-theta(-x) / T). Seen through a Gaussian cloud N(omega, V) of fields, with b = 1/T::

    Z(omega, V) = e^-b + (1 - e^-b) Phi(omega / sqrt V),   g = d ln Z / d omega

For labels flipped with probability p the Bayes-optimal choice is the Nishimori temperature
T_N = 1 / ln((1 - p)/p), where Z is proportional to the likelihood p + (1 - 2p) Phi(omega / sqrt V).

Source: Gyorgyi & Tishby, in Neural Networks and Spin Glasses (World Scientific, 1990); Barbier, Krzakala, Macris,
Miolane & Zdeborova, PNAS 116, 5451 (2019).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_ndtr, ndtr

from statmech.theory.quadrature import check_flip

Array = NDArray[np.float64]
_LOG_ROOT_2PI = 0.5 * np.log(2 * np.pi)


class Output(NamedTuple):
    """ln Z, g = d ln Z / d omega and dg = dg / d omega; float64 of the shape of omega."""

    logz: Array
    g: Array
    dg: Array


def nishimori_temperature(p: ArrayLike) -> Array:
    """T_N = 1 / ln((1 - p)/p) of flip probability p: 0 at p = 0, infinite at p = 1/2. float64 like p.

    Raises:
        ValueError: p outside [0, 1/2].

    Source: Iba, J. Phys. A 32, 3875 (1999); Gyorgyi & Tishby (1990).

    Example:
        >>> nishimori_temperature(0.1).round(6)
        np.float64(0.45512)
    """
    p = check_flip(p)
    with np.errstate(divide="ignore"):
        return 1 / (np.log1p(-p) - np.log(p))


def output(omega: ArrayLike, V: float, T: float) -> Output:
    """The channel seen through N(omega, V): ln Z, g and dg/domega.

    Args:
        omega: mean fields, array-like. V: variance > 0. T: temperature >= 0 (k_B = 1); T = 0 keeps only x > 0.

    Returns:
        Output of float64 arrays. 0 <= g, and -1/V <= dg at T = 0.

    Source: Barbier et al., PNAS 116, 5451 (2019).

    Example:
        >>> output(0.0, 1.0, 0.0).g.round(6)  # sqrt(2 / pi)
        np.float64(0.797885)
    """
    omega = np.asarray(omega, dtype=float)
    root = np.sqrt(V)
    u = omega / root
    if T == 0:
        logz = log_ndtr(u)
        g = np.exp(-0.5 * u * u - _LOG_ROOT_2PI - logz) / root
    else:
        floor = np.exp(-1 / T)
        z = floor + (1 - floor) * ndtr(u)
        with np.errstate(divide="ignore"):  # T so low that exp(-1/T) and Phi both vanish: the T = 0 tail
            logz = np.logaddexp(-1 / T, np.log1p(-floor) + log_ndtr(u)) if floor < 1e-30 else np.log(z)
        g = (1 - floor) * np.exp(-0.5 * u * u - _LOG_ROOT_2PI - logz) / root
    return Output(logz, g, -g * (u / root + g))
