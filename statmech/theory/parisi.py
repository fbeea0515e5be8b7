"""The Parisi functional with K steps of replica symmetry breaking, and its exact gradient.

Overlaps q_0 < .. < q_K, breakpoints 0 = x_0 < x_1 < .. < x_K < 1; Y = x / T stays finite as T -> 0. With
E[H H'] = N xi(q), theta = q xi' - xi, G_v the Gaussian of variance v and a uniform field h::

    f = -(1/2) { [xi(1) - xi(q_K) - (1 - q_K) xi'(q_K)] / T + sum_{k<K} (Y_{k+1} - Y_k) theta(q_k) - Y_K theta(q_K) }
        - Phi_{-1}(h),    Phi_K(y) = T ln 2cosh(y/T),
    Phi_{k-1} = (1/Y_k) ln G_{v_k} * exp(Y_k Phi_k),  v_k = xi'(q_k) - xi'(q_{k-1});  Phi_{-1} = G_{xi'(q_0)} * Phi_0

f is a maximum over q and Y. The magnetisations m_k = Phi_k' and the distributions P_k of the cavity field give the
gradient: df/dq_k = -(1/2) (Y_{k+1} - Y_k) xi''(q_k) (q_k - <m_k^2>_k). At T = 0, q_K = 1 and Phi_K = |y|: the first
average is done in closed form. Convolutions are sums of positive terms on a uniform grid: no digits are lost
although exp(Y Phi) spans hundreds of decades.

Source: Parisi, J. Phys. A 13, L115 (1980); Sommers & Dupont, J. Phys. C 17, 5785 (1984).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from statmech.theory.mixture import Mixture

Array = NDArray[np.float64]

_REACH = 7.5  # standard deviations kept of every Gaussian: 1e-12 of it lies beyond
_SPACING = 0.7  # grid spacing over the smallest width: the trapezoid error is exp(-2 pi^2 / 0.49) = 3e-18
_POINTS = 8_000


class Value(NamedTuple):
    """f, its derivatives with respect to q (length K+1) and Y (length K), and the magnetisation m in the field."""

    f: float
    dq: Array
    dY: Array
    m: float


class Grid(NamedTuple):
    """Cavity fields y, uniform with spacing d; without a field only y >= 0 is kept (`half`)."""

    y: Array
    d: float
    half: bool


def grid_for(mix: Mixture, q: Array, Y: Array, T: float, h: float) -> Grid:
    """A grid that resolves every convolution and reaches beyond every cavity field; ArithmeticError if too fine."""
    lam = mix.slope(q)
    v = np.diff(lam)
    width = np.sqrt(v.min())
    if lam[0] > 0:
        width = min(width, np.sqrt(lam[0]))
    d = _SPACING * width
    if T > 0:
        d = min(d, T / 3)
    else:
        d = min(d, 0.35 * np.sqrt(v[-1]))  # the closed form is as wide as its Gaussian, and has its poles nearby
    reach = _REACH * np.sqrt(lam[-1]) + float(Y @ v)
    n = int(np.ceil(reach / d)) + 2  # more than any kernel: mirrored values are there
    if n > _POINTS:
        raise ArithmeticError(
            f"{n} grid points for steps as narrow as {width:.1e} at T = {T:g}: take fewer steps or a larger T"
        )
    return Grid(d * np.arange(n + 1), d, True) if h == 0 else Grid(h + d * np.arange(-n, n + 1), d, False)


def _kernel(v: float, d: float, Y: float) -> Array:
    """The Gaussian, far enough out to hold its product with exp(Y |y|), whose centre has moved by Y v."""
    n = int(np.ceil((_REACH * np.sqrt(v) + Y * v) / d))
    g = np.exp(-0.5 * (d * np.arange(-n, n + 1)) ** 2 / v)
    return g / g.sum()


def _smooth(grid: Grid, values: Array, kernel: Array, below: Array, above: Array, parity: int = 1) -> Array:
    """Convolution whose input continues as `below` and `above` beyond the grid, or mirrored with its parity."""
    n = len(kernel) // 2
    left = parity * values[n:0:-1] if grid.half else below
    return np.convolve(np.concatenate([left, values, above]), kernel, "valid")


class _Level(NamedTuple):
    Phi: Array
    m: Array


def _average(grid: Grid, level: _Level, Y: float, v: float) -> _Level:
    """Phi_{k-1} and m_{k-1} from Phi_k and m_k."""
    kernel = _kernel(v, grid.d, Y)
    Phi, m = level
    steps = grid.d * np.arange(1, len(kernel) // 2 + 1)
    # beyond the grid every spin follows its field: Phi continues with slope -1 and 1
    below, above = Phi[0] + steps[::-1], Phi[-1] + steps
    if Y * max(above[-1], 0 if grid.half else below[0]) > 690:
        raise ArithmeticError(f"a breakpoint x/T = {Y:.3g} is too large for the floating-point range: take fewer steps")
    a, left, right = np.exp(Y * Phi), np.exp(Y * below), np.exp(Y * above)
    Z = _smooth(grid, a, kernel, left, right)
    M = _smooth(grid, a * m, kernel, m[0] * left, m[-1] * right, -1)
    return _Level(np.log(Z) / Y, M / Z)


def _ground(y: Array, Y: float, v: float) -> tuple[_Level, Array]:
    """Level K-1 at T = 0 in closed form, and E[|y + z sqrt v|] under the tilted law."""
    s = np.sqrt(v)
    x = np.abs(y)
    a, b = (x + Y * v) / s, (Y * v - x) / s
    ratio = np.exp(-2 * Y * x)  # weight of the other sign of the field
    A, B = ndtr(a), ratio * ndtr(b)
    Z = A + B
    density = (np.exp(-0.5 * a * a) + ratio * np.exp(-0.5 * b * b)) / np.sqrt(2 * np.pi)
    modulus = (s * a * A + s * b * B + s * density) / Z
    return _Level(x + Y * v / 2 + np.log(Z) / Y, np.sign(y) * (A - B) / Z), modulus


def functional(mix: Mixture, q: Array, Y: Array, T: float, h: float = 0.0, grid: Grid | None = None) -> Value:
    """The K-step Parisi free energy per spin and its gradient (module's equations).

    Args:
        mix: covariance. q: float64 (K+1,), increasing, q[0] = 0 without a field; q[K] = 1 at T = 0. Y: float64 (K,),
            increasing, x / T. T >= 0, h: uniform field, k_B = 1. grid: default `grid_for`.

    Returns:
        Value; dq[K] is 0 at T = 0, where q_K is no variable.

    Raises:
        ArithmeticError: steps too narrow or too large for the grid.

    Source: Parisi, J. Phys. A 13, L115 (1980).

    Example:
        >>> value = functional(Mixture.of(2), np.array([0.0, 0.5]), np.array([0.3]), 0.7)
        >>> round(value.f, 6)
        -0.791464
    """
    K = len(Y)
    grid = grid or grid_for(mix, q, Y, T, h)
    y = grid.y
    lam = mix.slope(q)
    v = np.diff(lam)
    levels: dict[int, _Level] = {}
    if T > 0:
        u = np.abs(y) / T
        levels[K] = _Level(T * (u + np.log1p(np.exp(-2 * u))), np.tanh(y / T))
        levels[K - 1] = _average(grid, levels[K], Y[-1], v[-1])
    else:
        levels[K - 1], modulus = _ground(y, Y[-1], v[-1])
    for k in range(K - 1, 0, -1):
        levels[k - 1] = _average(grid, levels[k], Y[k - 1], v[k - 1])
    centre = 0 if grid.half else len(y) // 2
    ones = np.ones_like(y)
    if grid.half:
        ones[1:] = 2.0  # both signs
    P = np.zeros_like(y)
    if lam[0] > 0:
        P = np.exp(-0.5 * (y - h) ** 2 / lam[0])
    else:
        P[centre] = 1.0
    P /= ones @ P
    Phi0, m0 = float((ones * P) @ levels[0].Phi), float(P @ levels[0].m) * (not grid.half)
    last = Y[-1] if T == 0 else 1 / T
    slopes = np.diff(np.concatenate([[0.0], Y, [last]]))
    theta, pull = mix.theta(q), mix.curvature(q)
    dq, dY = np.zeros(K + 1), np.zeros(K)
    mean = Phi0
    dq[0] = -0.5 * slopes[0] * pull[0] * (q[0] - (ones * P) @ levels[0].m ** 2)
    for k in range(1, K + 1):
        step = Y[k - 1]
        if k == K and T == 0:
            new = float((ones * P) @ modulus)
        else:
            kernel = _kernel(v[k - 1], grid.d, step)
            # the law of the cavity field one level down, tilted towards the deeper free energies
            log = step * (levels[k - 1].Phi - levels[k - 1].Phi[centre])
            zeros = np.zeros(len(kernel) // 2)
            P = _smooth(grid, P * np.exp(-log), kernel, zeros, zeros)
            P = P * np.exp(step * (levels[k].Phi - levels[k - 1].Phi[centre]))
            new = float((ones * P) @ levels[k].Phi)
            dq[k] = -0.5 * slopes[k] * pull[k] * (q[k] - (ones * P) @ levels[k].m ** 2)
        dY[k - 1] = -0.5 * (theta[k - 1] - theta[k]) - (new - mean) / step
        mean = new
    thermal = 0.0 if T == 0 else (mix.xi(1.0) - mix.xi(q[-1]) - (1 - q[-1]) * lam[-1]) / T
    f = -0.5 * (thermal + np.diff(np.concatenate([[0.0], Y])) @ theta[:-1] - Y[-1] * theta[-1]) - Phi0
    return Value(float(f), dq, dY, m0)
