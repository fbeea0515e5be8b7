"""The planted p-spin model (spiked tensor): a signal hidden in Gaussian noise, and when it can be found.

H = -sum (J + J0 p!/N^{p-1} s*..s*) s..s, noise as in the p-spin glass, so that the signal adds -N J0 m^p with
m = s.s*/N; Ising or spherical spins, k_B = 1, per spin. Replica-symmetric, with lam = b^2 p q^{p-1}/2 and
g = b J0 p m^{p-1}::

    Ising:      m = E tanh(sqrt(lam) z + g), q = E tanh^2(.),
                b f = -(b^2/4) [1 - p q^{p-1} + (p - 1) q^p] + b J0 (p - 1) m^p - E ln 2cosh(.)
    spherical:  m = (1 - q) g,  q - m^2 = lam (1 - q)^2,
                b f = -(b^2/4)(1 - q^p) - b J0 m^p - ln(1 - q)/2 - (q - m^2)/(2 (1 - q)) - (1 + ln 2 pi)/2

Bayes-optimal inference is the Nishimori line b = 2 J0: there q = m, the noise alone is an equilibrium p-spin glass
(m = 1 of its one-step solution), and e = -b/2 whatever m. For p >= 3 the signal is found only by chance once it is
hidden in a metastable state: impossible for T > T_K, hard below (q = 0 stays stable at every finite signal); for
p = 2 it is easy below T = 1.

Source: Gross, Kanter & Sompolinsky, Phys. Rev. Lett. 55, 304 (1985); Nishimori, Statistical Physics of Spin Glasses and
Information Processing (2001); Lesieur, Miolane, Lelarge, Krzakala & Zdeborova, IEEE ISIT (2017), arXiv:1701.08010.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from statmech.theory import pspin_ising, pspin_spherical
from statmech.theory.gauss import response, thermal
from statmech.theory.mixture import check_p, check_temperature

Array = NDArray[np.float64]

_LOG = 0.5 * (1 + np.log(2 * np.pi))
_SWEEPS = 20_000


class Overlaps(NamedTuple):
    """Arrays of the broadcast shape: overlap m with the signal, replica overlap q, e, f, s per spin."""

    T: Array
    J0: Array
    m: Array
    q: Array
    e: Array
    f: Array
    s: Array


def _check(p: int, spins: str) -> None:
    check_p(p)
    if spins not in ("ising", "spherical"):
        raise ValueError(f"spins = {spins!r} is not known, expected 'ising' or 'spherical'")


def _update(p: int, spins: str, T: Array, J0: Array, m: Array, q: Array) -> tuple[Array, Array]:
    b = 1 / T
    variance, mean = 0.5 * p * q ** (p - 1), J0 * p * m ** (p - 1)
    if spins == "ising":
        tiny = (variance == 0) & (mean == 0)
        out = response(mean, np.sqrt(np.where(tiny, 1e-60, variance)), T)
        return out[0], np.where(tiny, 0.0, out[1])
    lam, g = b * b * variance, b * mean
    # 1/(1 - q) = mu solves 1 = 1/mu + (lam + g^2)/mu^2
    drive = lam + g * g
    mu = 0.5 * (1 + np.sqrt(1 + 4 * drive))
    return g / mu, drive / mu**2


def ferromagnet(T: ArrayLike, J0: ArrayLike, p: int = 3, spins: str = "ising") -> Overlaps:
    """The state around the signal, replica-symmetric: the solution reached from m = 1; m = 0 where there is none.

    Args:
        T: > 0, J0: signal >= 0, broadcast together. p: 2 to 60. spins: "ising" or "spherical".

    Raises:
        ValueError: an argument out of range.

    Source: Nishimori (2001), chapter 3; module docstring.

    Example: ``float(ferromagnet(0.5, 1.0).m.round(6)) == 0.974064``
    """
    _check(p, spins)
    t = check_temperature(T, zero=False)
    signal = np.asarray(J0, dtype=float)
    if not np.isfinite(signal).all() or (signal < 0).any():
        raise ValueError(f"J0 = {J0!r} is not valid, expected a finite signal >= 0")
    t, signal = (np.array(v, dtype=float) for v in np.broadcast_arrays(t, signal))
    m, q = np.ones_like(t), np.ones_like(t)
    for _ in range(_SWEEPS):
        m_new, q_new = _update(p, spins, t, signal, m, q)
        change = np.abs(m_new - m).max(initial=0) + np.abs(q_new - q).max(initial=0)
        m, q = np.where(m_new < 1e-30, 0.0, m_new), np.where(q_new < 1e-30, 0.0, q_new)
        if change < 1e-15:
            break
    return thermodynamics(t, signal, m, q, p, spins)


def thermodynamics(T: Array, J0: Array, m: Array, q: Array, p: int, spins: str) -> Overlaps:
    """f (module's equations), e = -(b/2)(1 - q^p) - J0 m^p and s at given overlaps, stationary in m and q.

    Example: ``thermodynamics(np.array(1.0), np.array(0.5), np.array(0.0), np.array(0.0), 3, "ising").e == -0.5``
    """
    b = 1 / T
    e = -(b / 2) * (1 - q**p) - J0 * m**p
    if spins == "ising":
        variance, mean = 0.5 * p * q ** (p - 1), J0 * p * m ** (p - 1)
        lncosh = thermal(mean, np.sqrt(np.maximum(variance, 1e-60)), T)[1]
        f = -(b / 4) * (1 - p * q ** (p - 1) + (p - 1) * q**p) + J0 * (p - 1) * m**p - lncosh
    else:
        entropy = 0.5 * np.log1p(-q) + (q - m * m) / (2 * (1 - q)) + _LOG
        f = -(b / 4) * (1 - q**p) - J0 * m**p - T * entropy
    return Overlaps(T, J0, m, q, e, f, b * (e - f))


class Thresholds(NamedTuple):
    """Temperatures on the Nishimori line (the signal is J0 = 1/(2T)).

    T_d: the state of the signal exists below; T_IT: it is the equilibrium, hence the best estimate, below; T_easy: an
    algorithm of polynomial time finds it below (0: at no finite signal).
    """

    T_d: float
    T_IT: float
    T_easy: float


def thresholds(p: int = 3, spins: str = "ising") -> Thresholds:
    """Dynamical, information-theoretic and algorithmic thresholds of Bayes-optimal inference.

    Raises: ValueError for p < 2 or other spins.

    Source: Lesieur et al., arXiv:1701.08010; module docstring.

    Example: ``round(thresholds(3).T_IT, 6) == 0.651385``
    """
    _check(p, spins)
    if p == 2:
        return Thresholds(1.0, 1.0, 1.0)
    if spins == "ising":
        return Thresholds(pspin_ising.dynamical(p).T, pspin_ising.kauzmann(p).T, 0.0)
    return Thresholds(pspin_spherical.T_d(p), pspin_spherical.T_s(p), 0.0)


def phase(T: ArrayLike, p: int = 3, spins: str = "ising") -> NDArray[np.str_]:
    """"easy", "hard" or "impossible" at the Nishimori temperature T, an array of words like T.

    Raises: as `thresholds`. Source: Lesieur et al., arXiv:1701.08010. Example: ``str(phase(0.6)) == "hard"``
    """
    t = check_temperature(T, zero=False)
    edge = thresholds(p, spins)
    return np.where(t < edge.T_easy, "easy", np.where(t < edge.T_IT, "hard", "impossible"))


def bayes(T: ArrayLike, p: int = 3, spins: str = "ising", informed: bool = False) -> Array:
    """Overlap q = m of the Bayes-optimal estimate with the signal at the Nishimori temperature T, J0 = 1/(2T).

    Jumps at T_IT for p >= 3. informed: the metastable state as well, which a start in the signal sees up to T_d.
    The error per spin is 1 - q (squared distance of the posterior mean).

    Returns: float64 array like T. Raises: as `thresholds`.

    Source: Lesieur et al., arXiv:1701.08010.

    Example: ``float(bayes(0.6).round(4)) == 0.9014``
    """
    _check(p, spins)
    t = check_temperature(T, zero=False)
    edge = thresholds(p, spins)
    top = edge.T_d if informed else edge.T_IT
    q = np.zeros(t.shape)
    for i in np.ndindex(t.shape):
        x = float(t[i])
        if x >= top and not (informed and x == top):
            continue
        if p == 2:
            q[i] = _easy(x, spins)
        elif spins == "ising":
            q[i] = pspin_ising.metastable(p, x).q
        else:
            q[i] = brentq(
                lambda v, x=x: (p / 2) * v ** (p - 2) * (1 - v) - x * x, (p - 2) / (p - 1), 1.0, xtol=1e-15, rtol=1e-15
            )
    return q


def _easy(T: float, spins: str) -> float:
    if spins == "spherical":
        return 1 - T * T

    def miss(q: float) -> float:
        return float(response(q / T, np.sqrt(q), T)[0]) - q

    return float(brentq(miss, 1e-12, 1.0, xtol=1e-15)) if miss(1e-12) > 0 else 0.0


class Spike(NamedTuple):
    """Largest eigenvalue and its squared overlap with the planted vector."""

    eigenvalue: Array
    overlap2: Array


def spiked_wigner(strength: ArrayLike) -> Spike:
    """The top of the spectrum of strength x x^T + W, |x| = 1, W_ij of variance 1/N: 2 and 0 below strength 1.

    lambda_1 = strength + 1/strength and (v.x)^2 = 1 - 1/strength^2: the Bayes-optimal overlap of p = 2 and spherical
    spins at T = 1/strength.

    Raises: ValueError for a strength that is negative or not finite.

    Source: Edwards & Jones, J. Phys. A 9, 1595 (1976); Benaych-Georges & Nadakuditi, Adv. Math. 227, 494 (2011).

    Example: ``float(spiked_wigner(1.5).eigenvalue.round(4)) == 2.1667``
    """
    x = np.asarray(strength, dtype=float)
    if not np.isfinite(x).all() or (x < 0).any():
        raise ValueError(f"strength = {strength!r} is not valid, expected finite values >= 0")
    y = np.maximum(x, 1.0)
    return Spike(y + 1 / y, 1 - 1 / y**2)


def glass_free_energy(T: float, p: int = 3, spins: str = "ising") -> float:
    """Equilibrium free energy without signal, with one step of symmetry breaking below the static transition.

    Raises: as `ferromagnet`; ValueError for p = 2 below T = 1 (take `parisi_solution.full_rsb`).

    Source: as `pspin_ising` and `pspin_spherical`. Example: ``round(glass_free_energy(0.5), 6) == -0.823136``
    """
    _check(p, spins)
    t = float(check_temperature(T, zero=False))
    below = thresholds(p, spins).T_IT
    if p == 2 and t < below:
        raise ValueError(f"T = {t:g} < 1: the glass of p = 2 is no one-step solution, take parisi_solution.full_rsb")
    if spins == "ising":
        return pspin_ising.static(p, t).f if t < below else -1 / (4 * t) - t * float(np.log(2))
    return float(pspin_spherical.static(p, t).f if t < below else pspin_spherical.paramagnet(p, t).f)


def J0_f(T: float, p: int = 3, spins: str = "ising") -> float:
    """The signal above which the state around it is the equilibrium at temperature T: f_ferromagnet = f_glass.

    On the Nishimori line this is J0 = 1/(2 T_IT). Raises: ValueError for p < 3 or T out of range.

    Source: Nishimori (2001), chapter 3. Example: ``round(J0_f(0.651385227), 5) == 0.76759``
    """
    check_p(p, 3)
    other = glass_free_energy(T, p, spins)

    def gain(J0: float) -> float:
        x = ferromagnet(T, J0, p, spins)
        return float(x.f) - other if x.m > 0.1 else 1.0

    high = 2.0 + T
    return float(brentq(gain, 0.05, high, xtol=1e-12))
