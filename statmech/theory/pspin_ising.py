"""The Ising p-spin glass, p >= 3: one step of replica symmetry breaking, its transitions and its complexity.

H = -sum J s..s with J ~ N(0, p!/(2 N^{p-1})); k_B = 1, per spin. With lam = b^2 p q^{p-1} / 2 and averages <.>_m under
the weight (2cosh sqrt(lam) z)^m Dz, whose integral is Z_m::

    b f(q, m) = -(b^2/4) [1 + (1 - m)(p - 1) q^p] + lam/2 - (1/m) ln Z_m,     q = <tanh^2>_m
    e = -(b/2) [1 - (1 - m) q^p],    Sigma = m^2 d(b f)/dm = m^2 lam q (p - 1)/(2p) + ln Z_m - m <ln 2cosh>_m

T_d: the solution q > 0 at m = 1 appears; T_K: its complexity Sigma vanishes; below T_K, Sigma = 0 fixes m < 1;
below the Gardner temperature T_G the states themselves break up: 1 = lam (p - 1)/q <sech^4>_m there.
On lines of given m every condition is an equation in lam alone, and T follows.

Source: Gardner, Nucl. Phys. B 257, 747 (1985); Kirkpatrick & Thirumalai, Phys. Rev. B 36, 5388 (1987); Monasson, Phys.
Rev. Lett. 75, 2847 (1995); Montanari & Ricci-Tersenghi, Eur. Phys. J. B 33, 339 (2003).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.special import log_ndtr

from statmech.theory.mixture import check_p, check_temperature


class State(NamedTuple):
    """A one-step solution: T, overlap q inside a state, breakpoint m, and f, e, s, Sigma per spin (k_B = 1).

    replicon: 1 - lam (p - 1)/q <sech^4>_m, > 0 where the states are stable.
    """

    T: float
    q: float
    m: float
    f: float
    e: float
    s: float
    Sigma: float
    replicon: float


class _Averages(NamedTuple):
    lnZ: float
    q: float
    lncosh: float
    sech4: float


@lru_cache(maxsize=4096)
def _averages(lam: float, m: float) -> _Averages:
    root = np.sqrt(lam)
    h = min(0.15, np.pi**2 / (38 * root)) if root > 0 else 0.15  # poles of tanh at i pi / (2 sqrt lam)
    n = int(np.ceil((9 + m * root) / h))
    z = np.arange(-n, n + 1) * h
    x = np.abs(root * z)
    d = np.exp(-2 * x)
    lncosh = x + np.log1p(d)
    log = m * lncosh - 0.5 * z * z
    top = log.max()
    w = np.exp(log - top)
    total = w.sum()
    lnZ = top + np.log(total * h / np.sqrt(2 * np.pi))
    w /= total
    sech2 = 4 * d / (1 + d) ** 2
    return _Averages(float(lnZ), float(1 - w @ sech2), float(w @ lncosh), float(w @ sech2**2))


def _sigma(p: int, lam: float, m: float) -> float:
    a = _averages(lam, m)
    return m * m * lam * a.q * (p - 1) / (2 * p) + a.lnZ - m * a.lncosh


def _replicon(p: int, lam: float, m: float) -> float:
    a = _averages(lam, m)
    return 1 - lam * (p - 1) / a.q * a.sech4


def _temperature(p: int, lam: float, m: float) -> float:
    return float(np.sqrt(p * _averages(lam, m).q ** (p - 1) / (2 * lam)))


def _state(p: int, lam: float, m: float) -> State:
    a, T = _averages(lam, m), _temperature(p, lam, m)
    b = 1 / T
    f = -(b / 4) * (1 + (1 - m) * (p - 1) * a.q**p) + T * (lam / 2 - a.lnZ / m)
    e = -(b / 2) * (1 - (1 - m) * a.q**p)
    return State(T, a.q, m, float(f), float(e), float((e - f) * b), _sigma(p, lam, m), _replicon(p, lam, m))


def _root(fun: Callable[[float], float], p: int, m: float, rising: bool) -> float:
    """The largest lam with fun = 0, by its sign; sqrt(lam) m is of order 1 at every m, T included."""
    mu = np.geomspace(0.25, 3 * np.sqrt(p), 40) / m
    for low, high in zip(mu[-2::-1], mu[:0:-1]):
        if (fun(low * low) < 0) == rising:
            return float(brentq(fun, low * low, high * high, xtol=1e-15, rtol=1e-15))
    raise ArithmeticError(f"no one-step solution for p = {p} at m = {m:.3g}")


@lru_cache(maxsize=2048)
def _static(p: int, m: float) -> float:
    return _root(lambda lam: _sigma(p, lam, m), p, m, rising=False)


@lru_cache(maxsize=2048)
def _marginal(p: int, m: float) -> float:
    return _root(lambda lam: _replicon(p, lam, m), p, m, rising=True)


def dynamical(p: int = 3) -> State:
    """The state at T_d, where metastable states appear (m = 1, replicon 0).

    Raises: ValueError for p < 3. Source: Kirkpatrick & Thirumalai, Phys. Rev. B 36, 5388 (1987).

    Example: ``round(dynamical(3).T, 6) == 0.681598``
    """
    check_p(p, 3)
    return _state(p, _marginal(p, 1.0), 1.0)


def kauzmann(p: int = 3) -> State:
    """The state at T_K, where the complexity vanishes: the static transition (m = 1, Sigma = 0).

    Raises: ValueError for p < 3. Source: Gardner, Nucl. Phys. B 257, 747 (1985).

    Example: ``round(kauzmann(3).T, 6) == 0.651385``
    """
    check_p(p, 3)
    return _state(p, _static(p, 1.0), 1.0)


def gardner(p: int = 3) -> State:
    """The state at T_G, below which the one-step solution is unstable.

    Raises: ValueError for p < 3; ArithmeticError where T_G is below 0.002 T_K (p > 9: it falls fast with p).
    Source: Gardner, Nucl. Phys. B 257, 747 (1985).

    Example: ``round(gardner(3).T, 4) == 0.2403``
    """
    check_p(p, 3)
    low = 0.1
    while _replicon(p, _static(p, low), low) > 0:
        low /= 2
        if low < 0.002:
            raise ArithmeticError(f"T_G of p = {p} is below 0.002 T_K: one step is enough wherever you look")
    m = brentq(lambda m: _replicon(p, _static(p, m), m), low, 0.999, xtol=1e-13)
    return _state(p, _static(p, m), m)


def static(p: int, T: float) -> State:
    """Equilibrium with one step of symmetry breaking at 0 < T <= T_K.

    Raises: ValueError for p < 3, T out of range (above T_K: the paramagnet; T = 0: `ground_state`).

    Source: Gardner, Nucl. Phys. B 257, 747 (1985).

    Example: ``round(static(3, 0.5).f, 7) == -0.8231361``
    """
    return _at(p, T, _static, kauzmann(p).T, "T_K")


def marginal(p: int, T: float) -> State:
    """The threshold at T_G <= T <= T_d: the one-step solution whose states are just stable (replicon 0).

    At T_G its complexity has fallen to 0. Raises: ValueError for p < 3 or T out of range.

    Source: Montanari & Ricci-Tersenghi, Eur. Phys. J. B 33, 339 (2003).

    Example: ``round(marginal(3, 0.6).e, 6) == -0.752697``
    """
    last = coldest_threshold(p)
    if check_temperature(T) < last * (1 - 1e-12):
        raise ValueError(f"T = {T!r} is not valid, expected T >= T_G = {last:.6g}: below, no states are stable")
    return _at(p, T, _marginal, dynamical(p).T, "T_d")


@lru_cache(maxsize=64)
def coldest_threshold(p: int) -> float:
    """T_G, or 0 where it is too low to be found. Example: ``round(coldest_threshold(3), 4) == 0.2403``"""
    try:
        return gardner(p).T
    except ArithmeticError:
        return 0.0


def _at(p: int, T: float, line: Callable[[int, float], float], top: float, name: str) -> State:
    t = float(check_temperature(T, zero=False))
    if not 1e-3 <= t <= top:
        raise ValueError(f"T = {T!r} is not valid, expected 0.001 <= T <= {name} = {top:.6g} for p = {p}")

    def miss(u: float) -> float:
        m = float(np.exp(u))
        return np.log(_temperature(p, line(p, m), m) / t)

    if t == top:
        return _state(p, line(p, 1.0), 1.0)
    low = np.log(0.5 * t / top)
    while miss(low) > 0:
        low -= 0.5
    m = float(np.exp(brentq(miss, low, 0.0, xtol=1e-14)))
    return _state(p, line(p, m), m)


def metastable(p: int, T: float, m: float = 1.0) -> State:
    """The states at temperature T counted with the weight m: q on the stable branch, complexity Sigma(m).

    The typical free energy of the states is d(m f)/dm, i.e. f + T Sigma / m. m = 1: equilibrium between T_K and T_d.

    Raises: ValueError if such states do not exist (T > T_d at m = 1) or an argument is out of range.

    Source: Monasson, Phys. Rev. Lett. 75, 2847 (1995).

    Example: ``round(metastable(3, 0.66).Sigma, 6) == 0.007883``
    """
    check_p(p, 3)
    t = float(check_temperature(T, zero=False))
    if not 0 < m <= 1:
        raise ValueError(f"m = {m!r} is not valid, expected 0 < m <= 1, the weight of the states")
    first = _marginal(p, m)
    end = _temperature(p, first, m)
    if not 1e-3 <= t <= end:
        raise ValueError(f"T = {T!r} is not valid, expected 0.001 <= T <= {end:.6g}, where states of m = {m:g} exist")
    last = p / (2 * t * t)  # q < 1
    lam = first if t == end else brentq(lambda x: _temperature(p, x, m) - t, first, last, xtol=1e-15, rtol=1e-15)
    return _state(p, lam, m)


def ground_state(p: int = 3) -> tuple[float, float]:
    """(e_0, y) at T = 0 with one step, y = lim m/T; e_0 is a lower bound (within 4e-4 for p = 3) of the true one.

    e_0 = max_y (p - 1) y/4 - (1/y) ln[2 e^{p y^2/4} Phi(y sqrt(p/2))].

    Raises: ValueError for p < 3. Source: Gardner, Nucl. Phys. B 257, 747 (1985), T -> 0.

    Example: ``round(ground_state(3)[0], 6) == -0.813535``
    """
    check_p(p, 3)

    def minus(y: float) -> float:
        return -(p - 1) * y / 4 + (np.log(2) + p * y * y / 4 + log_ndtr(y * np.sqrt(p / 2))) / y

    best = minimize_scalar(minus, bounds=(0.3, 4.0), method="bounded", options={"xatol": 1e-12})
    return -float(best.fun), float(best.x)
