"""Gaussian averages of tanh and its relatives, accurate from T = 0 to T = infinity.

The field of a replica-symmetric mean-field theory is x = a + sigma z with z ~ N(0, 1); its spin sits in
tanh(x / T). The same average can be done over z at fixed thermal weight, or over the thermal noise u (density
sech^2(u) / 2, since tanh(x / T) = E_u sign(x - T u)) with the Gaussian integrated in closed form::

    E_z tanh((a + sigma z) / T) = (1/2) int du sech^2(u) erf((a - T u) / (sqrt(2) sigma))

The first integrand is smooth when T > sigma, the second when T <= sigma, T = 0 included. Both are analytic
in a strip of half-width >= pi/2 and decay exponentially, so the trapezoid rule on one fixed grid of spacing h
is off by about exp(-pi^2 / h): 1e-17 here (Trefethen & Weideman, SIAM Review 56, 385 (2014)).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

Array = NDArray[np.float64]

_H = 0.25
_Z = np.arange(-36, 37) * _H  # |z| <= 9: the density there is 1e-18
_WZ = np.exp(-0.5 * _Z**2) * (_H / np.sqrt(2 * np.pi))
_WZ /= _WZ.sum()

_U = np.arange(-78, 79) * _H  # |u| <= 19.5: sech^2 there is 5e-17
_D = np.exp(-2 * np.abs(_U))
_SECH2 = 4 * _D / (1 + _D) ** 2
_WU = 0.5 * _SECH2 * _H
_WU /= _WU.sum()
_ENTROPY = np.log1p(_D) + 2 * np.abs(_U) * _D / (1 + _D)  # ln 2cosh u - u tanh u
_ROOT_2PI = np.sqrt(2 * np.pi)
_CHUNK = 1024  # fields per block: keeps the temporaries inside the cache


def _smooth_response(a: Array, sigma: Array, T: Array) -> Array:
    """Rows E t, E t^2, chi, chi', chi'' of `response` by the sum over z (T > sigma)."""
    y = (a[:, None] + sigma[:, None] * _Z) / T[:, None]
    d = np.exp(-2 * np.abs(y))
    t = np.copysign((1 - d) / (1 + d), y)
    sech2 = 4 * d / (1 + d) ** 2  # not 1 - t^2, which loses its digits where the spins are frozen
    b = 1 / T
    chi1 = -2 * b * b * ((t * sech2) @ _WZ)
    chi2 = b**3 * ((sech2 * (4 - 6 * sech2)) @ _WZ)
    return np.stack([t @ _WZ, (t * t) @ _WZ, b * (sech2 @ _WZ), chi1, chi2])


def _sharp_response(a: Array, sigma: Array, T: Array) -> Array:
    """Rows E t, E t^2, chi, chi', chi'' of `response` by the sum over u (T <= sigma)."""
    w = (a[:, None] - T[:, None] * _U) / sigma[:, None]
    t = erf(w * np.sqrt(0.5)) @ _WU
    g = np.exp(-0.5 * w * w)
    scale = 2 / (_ROOT_2PI * sigma)
    chi = scale * (g @ _WU)
    g *= w
    chi1 = -scale / sigma * (g @ _WU)
    g *= w
    chi2 = scale / sigma**2 * (g @ _WU) - chi / sigma**2
    return np.stack([t, 1 - T * chi, chi, chi1, chi2])


def _smooth_thermal(a: Array, sigma: Array, T: Array) -> Array:
    """Rows of `thermal` by the sum over z (T > sigma)."""
    y = np.abs(a[:, None] + sigma[:, None] * _Z) / T[:, None]
    d = np.exp(-2 * y)
    sech2 = 4 * d / (1 + d) ** 2
    log = np.log1p(d)
    return np.stack(
        [(sech2 * sech2) @ _WZ / T, T * ((y + log) @ _WZ), (log + 2 * y * d / (1 + d)) @ _WZ]
    )


def _sharp_thermal(a: Array, sigma: Array, T: Array) -> Array:
    """Rows of `thermal` by the sum over u (T <= sigma)."""
    x = a[:, None] - T[:, None] * _U
    w = x / sigma[:, None]
    g = np.exp(-0.5 * w * w)
    density = 1 / (_ROOT_2PI * sigma)
    lncosh = (x * erf(w * np.sqrt(0.5))) @ _WU + 2 * sigma**2 * density * (g @ _WU)
    sech4 = density * (g @ (_SECH2**2 * _H))
    return np.stack([sech4, lncosh, T * density * (g @ (_ENTROPY * _H))])


def _dispatch(smooth: Callable, sharp: Callable, rows: int, a: object, sigma: object, T: object) -> Array:
    a, sigma, T = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (a, sigma, T)))
    shape, size = a.shape, a.size
    a, sigma, T = a.ravel(), sigma.ravel(), T.ravel()
    out = np.full((rows, size), np.nan)
    for rule, chosen in ((smooth, np.flatnonzero(sigma < T)), (sharp, np.flatnonzero(sigma >= T))):
        for i in range(0, chosen.size, _CHUNK):
            block = chosen[i : i + _CHUNK]
            with np.errstate(over="ignore"):  # a frozen spin: |x| / T or w^2 may be infinite
                out[:, block] = rule(a[block], sigma[block], T[block])
    return out.reshape((rows, *shape))


def response(a: object, sigma: object, T: object) -> Array:
    """Magnetisation, its square and the susceptibility of a spin in the field x = a + sigma z.

    Rows, with b = 1/T, t = tanh(b x) and E over z ~ N(0, 1)::

        E t,   E t^2,   chi = b E sech^2(b x),   d chi / d a,   d^2 chi / d a^2

    By the heat equation d/d sigma = sigma d^2/da^2, so these five carry every first derivative.

    Args:
        a: mean field, array-like. sigma: its width, >= 0. T: temperature, >= 0 (k_B = 1). Broadcast together;
            sigma and T must not both vanish.

    Returns:
        float64 array of shape (5, *broadcast shape).

    Example:
        >>> response(0.0, 1.0, 0.0)[2]  # sqrt(2 / pi)
        np.float64(0.7978845608028654)
    """
    return _dispatch(_smooth_response, _sharp_response, 5, a, sigma, T)


def thermal(a: object, sigma: object, T: object) -> Array:
    """Averages that only the free energy, the entropy and the AT line need; arguments as in `response`.

    Rows: b E sech^4(b x),  T E ln 2cosh(b x),  E [ln 2cosh(b x) - b x tanh(b x)].

    Returns:
        float64 array of shape (3, *broadcast shape).

    Example:
        >>> thermal(0.0, 1.0, 0.0)[1]  # E |z|
        np.float64(0.7978845608028654)
    """
    return _dispatch(_smooth_thermal, _sharp_thermal, 3, a, sigma, T)
