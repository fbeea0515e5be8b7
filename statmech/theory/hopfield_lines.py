"""Lines of the replica-symmetric (alpha, T) phase diagram of the Hopfield model.

T_g: paramagnet to spin glass. T_M: end of the (metastable) retrieval states. T_c: retrieval states become the
global minimum. T_R: replica symmetry of the retrieval states breaks (de Almeida-Thouless). Lines take loads
alpha >= 0 of any shape and give NaN where the line has ended. alpha_M(T) and alpha_first_order(T) are the
same lines read the other way; within replica symmetry both lean outwards at low T (re-entrance, an artefact
that broken replica symmetry removes: Naef & Canning, J. Phys. I France 2, 247 (1992)), so T_M and T_c are the
upper of two crossings in the narrow strip of loads beyond the T = 0 value.

Mixtures: n condensed patterns of equal overlap m. Against unequal overlaps the free energy has the curvature
lambda_2 = 1 - b(1 - q) - b Q, Q = E xi_1 xi_2 tanh^2: by permutation symmetry such a change does not move q
and r at first order. A mixture is locally stable where it exists (alpha below the end of its branch) and
lambda_2 > 0: for alpha -> 0 lambda_2 sets the limit T_mixture(n) (Amit, Gutfreund & Sompolinsky, Phys. Rev. A
32, 1007 (1985)), at T = 0 the end of the branch sets the limit alpha_mixture(n) (the same authors, Ann. Phys.
173, 30 (1987)).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from statmech.theory import hopfield_saddle as saddle
from statmech.theory.gauss import thermal
from statmech.theory.hopfield import check, check_mixture, thermodynamics

Array = NDArray[np.float64]

# For T -> 1 write sigma^2 = S (1 - T), m^2 = M (1 - T), 1 - C = d (1 - T), alpha = a (1 - T)^2. Retrieval has
# M = 3 (1 - S), d = 2 (1 - S), a = 4 S (1 - S)^2 / (3 - 2 S), largest at S = _S; the spin glass has M = 0,
# d = S - 1 = sqrt(a). What they do not share of f / (1 - T)^2, namely
# (a/2) ln d - S d - (M + S)/2 + (M^2 + 6 M S + 3 S^2)/12, is equal at a = _FIRST_ORDER.
_S = (9 - np.sqrt(33)) / 8
_CURVATURE = 4 * _S * (1 - _S) ** 2 / (3 - 2 * _S)
_FIRST_ORDER = 0.148399393685


class CriticalLoad(NamedTuple):
    """A load and the overlap there."""

    alpha: float
    m: float


def _loads(alpha: ArrayLike) -> tuple[Array, tuple[int, ...]]:
    a, _ = check(alpha, 0.0, zero_load=True)
    return a.ravel().copy(), a.shape


def _temperatures(T: ArrayLike) -> tuple[Array, tuple[int, ...]]:
    _, t = check(0.0, T, zero_load=True)
    return t.ravel().copy(), t.shape


def _root(fun: Callable[..., Array], lo: Array, hi: Array, *args: Array, xatol: float | None = None) -> Array:
    """One bracketed root per element (Chandrupatla's method); NaN where the signs at the ends agree."""
    from scipy.optimize import elementwise

    if lo.size == 0:
        return lo.copy()
    found = elementwise.find_root(fun, (lo, hi), args=args, tolerances={"xatol": xatol, "xrtol": 1e-13})
    if (found.status < -1).any():
        raise ArithmeticError(f"no convergence of a line of the phase diagram between {lo} and {hi}")
    return np.where(found.success, found.x, np.nan)


def T_g(alpha: ArrayLike) -> Array:
    """Paramagnet to spin glass, T_g = 1 + sqrt(alpha) (continuous).

    Args: alpha >= 0, array-like. Returns: float64 of the same shape. Raises: ValueError for alpha < 0.
    Source: Amit, Gutfreund & Sompolinsky, Phys. Rev. Lett. 55, 1530 (1985).

    Example:
        >>> float(T_g(0.04))
        1.2
    """
    a, shape = _loads(alpha)
    return (1 + np.sqrt(a)).reshape(shape)[()]


def _end(t: Array) -> Array:
    """Largest load of the retrieval branch at 1-d t, NaN for T > 1."""
    # Close to T = 1 the asymptote has more digits than the solution.
    out = np.where(t <= 1, _CURVATURE * (1 - np.minimum(t, 1.0)) ** 2, np.nan)
    inside = t < 1 - 1e-7
    if inside.any():
        out[inside] = saddle.curve(saddle.spinodal(t[inside]), t[inside]).alpha
    return out


def alpha_M(T: ArrayLike) -> Array:
    """Largest load with retrieval states at temperature T (replica-symmetric spinodal).

    Maximum over sigma = sqrt(alpha r) of sigma^2 (1 - C)^2 / q at fixed T. Args: T >= 0, array-like. Returns:
    float64 of the same shape, NaN for T > 1. Raises: ValueError for T < 0.
    Source: Amit, Gutfreund & Sompolinsky, Ann. Phys. 173, 30 (1987).

    Example:
        >>> float(alpha_M(0.0).round(10))
        0.1379055665
    """
    t, shape = _temperatures(T)
    return _end(t).reshape(shape)[()]


@cache
def _tip() -> tuple[float, float]:
    """(T, alpha) where alpha_M(T) is largest: the corner of the re-entrance."""
    t = np.linspace(0, 0.06, 31)
    for _ in range(5):
        best = t[np.argmax(_end(t))]
        width = 2 * (t[1] - t[0])
        t = np.linspace(max(best - width, 0.0), best + width, 31)
    load = _end(t)
    return float(t[np.argmax(load)]), float(load.max())


def T_M(alpha: ArrayLike) -> Array:
    """Highest temperature with retrieval states at load alpha: alpha_M(T_M) = alpha.

    Args: alpha >= 0, array-like. Returns: float64 of the same shape, 1 at alpha = 0, NaN beyond the tip of
    the line (alpha = 0.13819). Raises: ValueError for alpha < 0.
    Source: Amit, Gutfreund & Sompolinsky, Ann. Phys. 173, 30 (1987); T_M = 1 - 1.95 sqrt(alpha).

    Example:
        >>> float(T_M(0.05).round(6))
        0.542255
    """
    a, shape = _loads(alpha)
    tip_t, tip_alpha = _tip()
    out = np.where(a < 1e-12, 1 - np.sqrt(a / _CURVATURE), np.nan)
    i = (a >= 1e-12) & (a <= tip_alpha)
    out[i] = _root(lambda t, load: _end(t) - load, np.full(i.sum(), tip_t), 1 - np.sqrt(a[i]), a[i])
    return out.reshape(shape)[()]


def _excess(a: Array, t: Array) -> tuple[Array, Array]:
    """Free energy and entropy of retrieval over those of the spin glass; 1-d points with retrieval states."""
    sigma, glass = saddle.inside_retrieval(a, t), saddle.spin_glass(a, t)
    x = thermodynamics(saddle.overlap(sigma, t), sigma, a, t)
    y = thermodynamics(np.zeros_like(a), glass, a, t)
    return x[5] - y[5], x[6] - y[6]


def T_c(alpha: ArrayLike) -> Array:
    """Temperature below which retrieval states are the global minimum: f_retrieval = f_spin_glass.

    The spin glass is taken replica symmetric; breaking would shift this line a little. Args: alpha >= 0,
    array-like. Returns: float64 of the same shape, 1 at alpha = 0, NaN beyond the end of the line
    (alpha = 0.0531). Raises: ValueError for alpha < 0.
    Source: Amit, Gutfreund & Sompolinsky, Ann. Phys. 173, 30 (1987).

    Example:
        >>> float(T_c(0.02).round(6))
        0.5913
    """
    a, shape = _loads(alpha)
    out = np.full_like(a, np.nan)
    tiny = a < 1e-10  # the free energies agree to nearly all digits
    out[tiny] = 1 - np.sqrt(a[tiny] / _FIRST_ORDER)
    i = np.flatnonzero(~tiny & (a < 0.06))
    load, top = a[i], T_M(a[i])
    top = top - 1e-9 * (1 - top)
    # The difference falls from T = 0 to where the entropies cross, then rises: its last zero is above that.
    low = _root(lambda t, load: _excess(load, t)[1], np.zeros_like(load), top, load, xatol=1e-6)
    ok = np.isfinite(low)
    i, load, top, low = i[ok], load[ok], top[ok], low[ok]
    out[i] = _root(lambda t, load: _excess(load, t)[0], low, top, load)
    return out.reshape(shape)[()]


def alpha_first_order(T: ArrayLike = 0.0) -> Array:
    """Load below which retrieval states are the global minimum at temperature T: f_retrieval = f_spin_glass.

    Args: T >= 0, array-like. Returns: float64 of the same shape, NaN for T >= 1. Raises: ValueError (T < 0).
    Source: Amit, Gutfreund & Sompolinsky, Ann. Phys. 173, 30 (1987) (0.05 at T = 0).

    Example:
        >>> float(alpha_first_order().round(4))
        0.0519
    """
    t, shape = _temperatures(T)
    out = np.full_like(t, np.nan)
    i = t < 1
    top = _end(t[i])
    out[i] = _root(lambda load, t: _excess(load, t)[0], 1e-3 * top, (1 - 1e-12) * top, t[i])
    return out.reshape(shape)[()]


def _replicon(log_t: Array, load: Array) -> Array:
    """ln of the stable over the unstable term of the de Almeida-Thouless condition, retrieval states."""
    t = np.exp(log_t)
    sigma = saddle.inside_retrieval(load, t)
    x = saddle.curve(sigma, t)
    return np.log(t * x.q) - np.log(sigma**2 * thermal(x.m, sigma, t)[0])


def T_R(alpha: ArrayLike) -> Array:
    """Temperature below which retrieval states break replica symmetry: (1 - C)^2 = alpha b^2 E sech^4.

    Args: alpha >= 0, array-like. Returns: float64 of the same shape; 0 where it is below 1e-290 (alpha <
    0.00075); NaN beyond 0.138186, where T_R meets T_M. Raises: ValueError for alpha < 0.
    Source: Amit, Gutfreund & Sompolinsky, Ann. Phys. 173, 30 (1987); T_R = sqrt(8 alpha/9 pi) exp(-1/2 alpha)
    at small load.

    Example:
        >>> float(T_R(0.12).round(8))
        0.00498793
    """
    a, shape = _loads(alpha)
    tip_t, tip_alpha = _tip()
    with np.errstate(divide="ignore"):
        guess = 0.5 * np.log(8 * a / (9 * np.pi)) - 0.5 / a
    out = np.where(guess < np.log(1e-290), 0.0, np.nan)
    i = np.flatnonzero((guess >= np.log(1e-290)) & (a <= tip_alpha))
    load, low, top = a[i], guess[i] - 3, np.log(T_M(a[i]) * (1 - 1e-12))
    bent = load > _end(np.zeros(1))[0]  # no retrieval at T = 0: start at the lower end of its window
    if bent.any():
        zero = np.zeros(bent.sum())
        window = _root(lambda t, load: _end(t) - load, zero, zero + tip_t, load[bent])
        low[bent] = np.log(window + 1e-9 * (tip_t - window))
    out[i] = np.exp(_root(_replicon, low, top, load))
    return out.reshape(shape)[()]


def alpha_c() -> CriticalLoad:
    """Capacity at T = 0 and the overlap there, replica symmetric: alpha_M(0).

    Closed form: sqrt(2 alpha) = max over y of erf(y)/y - (2/sqrt pi) exp(-y^2), m = erf(y).
    Source: Amit, Gutfreund & Sompolinsky, Phys. Rev. Lett. 55, 1530 (1985) (0.138, 0.967).

    Example:
        >>> round(alpha_c().m, 6)
        0.967417
    """
    zero = np.zeros(1)
    x = saddle.curve(saddle.spinodal(zero), zero)
    return CriticalLoad(float(x.alpha[0]), float(x.m[0]))


def T_mixture(n: int = 3) -> float:
    """Temperature below which the symmetric mixture of n patterns is locally stable, alpha -> 0.

    Zero of lambda_2 = 1 - b(1 - q) - b Q at m = (1/n) E k tanh(b k m). Args: n odd, 3 to 99.
    Raises: ValueError for another n.
    Source: Amit, Gutfreund & Sompolinsky, Phys. Rev. A 32, 1007 (1985).

    Example:
        >>> round(T_mixture(3), 3)
        0.46
    """
    n = check_mixture(n)

    def curvature(t: Array) -> Array:
        return saddle.curve(np.zeros_like(t), t, n).transverse

    return float(_root(curvature, np.array([0.02]), np.array([0.95]))[0])


def alpha_mixture(n: int = 3, T: ArrayLike = 0.0) -> Array:
    """Largest load at which the symmetric mixture of n patterns is locally stable at temperature T.

    The end of its branch, or the zero of lambda_2 on it where that comes first. Args: n odd, 3 to 99; T >= 0,
    array-like. Returns: float64 of the shape of T, 0 for T >= T_mixture(n). Raises: ValueError.
    Source: Amit, Gutfreund & Sompolinsky, Ann. Phys. 173, 30 (1987) (0.03 for n = 3 at T = 0).

    Example:
        >>> float(alpha_mixture(3).round(4))
        0.0299
    """
    n = check_mixture(n)
    t, shape = _temperatures(T)
    out = np.zeros_like(t)
    i = np.flatnonzero(t < T_mixture(n))
    cold = t[i]
    end = saddle.spinodal(cold, n)
    unstable = saddle.curve(end, cold, n).transverse < 0
    at_zero = _root(
        lambda s, t: saddle.curve(s, t, n).transverse, 1e-6 * end[unstable], end[unstable], cold[unstable]
    )
    end[unstable] = np.where(np.isfinite(at_zero), at_zero, 0.0)
    out[i] = np.where(end > 0, saddle.curve(end, cold, n).alpha, 0.0)
    return out.reshape(shape)[()]
