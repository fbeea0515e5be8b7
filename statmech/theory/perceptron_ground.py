"""Ground states of the perceptron: least training error beyond the capacity, of noisy and of random labels.

Spherical weights, replica symmetric (T -> 0, q -> 1, (1 - q)/T = x finite): an example with field w in
(kappa - a, kappa), a = sqrt(2 x), is moved up to kappa, one further below is given up::

    1 - R^2 = 2 alpha int_(kappa-a)^kappa Dz P(z) (kappa - z)^2,     sigma^2 = 1 - R^2
    R = alpha 2 (1 - 2p)/sqrt(2 pi) int_((kappa-a)/sigma)^(kappa/sigma) Dz (kappa - sigma z)
    eps_t = 2 int_-inf^(kappa-a) Dz P(z)

a -> infinity is the capacity alpha_c(p, kappa); beyond it replica symmetry is broken, and eps_t a lower bound of a few
per cent. Ising weights freeze where their entropy vanishes: the ground state is the state at T_s0 (one step of replica
symmetry breaking), or the teacher itself where that has fewer errors.

Source: Gardner & Derrida, J. Phys. A 21, 271 (1988); Krauth & Mezard, J. Phys. France 50, 3057 (1989); Gyorgyi &
Tishby, in Neural Networks and Spin Glasses (World Scientific, 1990).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from statmech.theory.perceptron import check, check_weights, solve

Array = NDArray[np.float64]

_FAR = 9.0
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(20)


class GroundState(NamedTuple):
    """Load, overlap with the teacher, training error, generalisation error; arrays of one shape."""

    alpha: Array
    R: Array
    eps_t: Array
    eps_g: Array


def _average(fun, lo: Array, hi: Array, turn: Array) -> Array:
    """int_lo^hi Dz fun(z) for a fun that is smooth but for a turn of width `turn` at z = 0."""
    lo, hi = np.clip(lo, -_FAR, _FAR)[:, None], np.clip(hi, -_FAR, _FAR)[:, None]
    scale = np.clip(turn, 1e-9, 1.0)[:, None]
    near = scale * (_FAR / scale) ** (np.arange(9) / 8)
    edges = np.sort(np.clip(np.concatenate([-near, 0 * lo, near, lo, hi], axis=1), lo, hi), axis=1)
    half = 0.5 * np.diff(edges, axis=1)[:, :, None]
    z = (edges[:, :-1, None] + half * (1 + _NODES)).reshape(len(edges), -1)
    weight = (half * _WEIGHTS).reshape(len(edges), -1) * np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
    return (weight * fun(z)).sum(1)


def _student(a: Array, p: Array, kappa: Array) -> GroundState:
    """The state with a window of width a, for 1-d arrays: one bracketed root R, then alpha is explicit."""
    from scipy.optimize import elementwise

    def terms(R: Array, a: Array, p: Array, kappa: Array) -> tuple[Array, Array]:
        sigma = np.sqrt((1 - R) * (1 + R))
        slope, turn = (R / sigma)[:, None], 2 * sigma / np.maximum(R, 1e-150)
        k, flip, width = kappa[:, None], p[:, None], sigma[:, None]

        def push(z: Array) -> Array:
            return 2 * (flip + (1 - 2 * flip) * ndtr(slope * z)) * (k - z) ** 2

        A = _average(push, kappa - a, kappa, turn)
        B = _average(lambda z: k - width * z, (kappa - a) / sigma, kappa / sigma, np.ones_like(R))
        return A, 2 * (1 - 2 * p) / np.sqrt(2 * np.pi) * B

    def gap(R: Array, *at: Array) -> Array:
        A, B = terms(R, *at)
        return R * A - (1 - R * R) * B

    args = (a, p, kappa)
    found = elementwise.find_root(gap, (0 * a, 1 - 1e-12 + 0 * a), args=args, tolerances={"xrtol": 1e-15})
    R = np.where(p == 0.5, 0.0, found.x)
    alpha = (1 - R * R) / terms(R, *args)[0]
    sigma = np.sqrt((1 - R) * (1 + R))
    slope, flip = (R / sigma)[:, None], p[:, None]
    turn = 2 * sigma / np.maximum(R, 1e-150)
    low = np.full_like(a, -_FAR)
    eps_t = _average(lambda z: 2 * (flip + (1 - 2 * flip) * ndtr(slope * z)), low, kappa - a, turn)
    return GroundState(alpha, R, eps_t, np.arctan2(sigma, R) / np.pi)


def noisy_capacity(p: ArrayLike, kappa: ArrayLike = 0.0) -> GroundState:
    """Largest load at which spherical students without errors exist, and the student there.

    Equations of the module with a -> infinity: alpha_c falls from infinity at p = 0 (kappa = 0) to Gardner's capacity
    at p = 1/2.

    Args: p, flip probability 0 to 1/2; kappa >= 0: array-like, broadcast; p > 0 or kappa > 0.
    Returns: GroundState of float64 arrays (eps_t = 0). Raises: ValueError out of range.
    Source: Gyorgyi & Tishby (1990); Gardner & Derrida (1988).

    Example:
        >>> float(noisy_capacity(0.05).alpha.round(6))
        3.809689
    """
    flip, k = check(p=p, kappa=kappa)
    if ((flip == 0) & (k <= 0)).any():
        raise ValueError("p = 0 at kappa = 0 is not valid, expected p > 0 or kappa > 0: clean labels have no capacity")
    if (k < 0).any():
        raise ValueError(f"kappa = {float(k.min())!r} is not valid, expected kappa >= 0")
    state = _student(np.full(flip.size, 2 * _FAR + float(np.max(k, initial=0.0))), flip.ravel(), k.ravel())
    return GroundState(*(v.reshape(flip.shape) for v in state))._replace(eps_t=np.zeros(flip.shape))


def ground_state(alpha: ArrayLike, p: ArrayLike = 0.5, weights: str = "spherical") -> GroundState:
    """Students of least training error (kappa = 0), where the labels cannot all be learned; see the module's text.

    Args:
        alpha: load > 0, array-like. p: flip probability > 0, broadcast against it (1/2: random labels). weights.

    Returns:
        GroundState of float64 arrays. Up to the capacity eps_t = 0 and R is that of the typical student without
        errors (`solve` at T = 0). Ising weights: the frozen state or, if that has more errors, the teacher (R = 1,
        eps_t = p).

    Raises:
        ValueError: a parameter out of range, p = 0 (clean labels can be learned at any load), unknown weights.

    Source: Gardner & Derrida (1988); Krauth & Mezard (1989).

    Example:
        >>> float(ground_state(4.0).eps_t.round(4))
        0.062
    """
    from scipy.optimize import elementwise

    check_weights(weights)
    a, flip = check(alpha=alpha, p=p)
    if (flip == 0).any():
        raise ValueError("p = 0 is not valid, expected 0 < p <= 1/2: clean labels are learned without errors")
    shape, a, flip = a.shape, a.ravel(), flip.ravel()
    if weights == "ising":
        return GroundState(*(v.reshape(shape) for v in _frozen(a, flip)))
    zero = np.zeros_like(a)
    limit = _student(np.full_like(a, 2 * _FAR), flip, zero)
    beyond = a > limit.alpha
    cold = solve(np.where(beyond, 1e-3, a), 0.0, flip, weights)
    found = cold.exists  # to rounding; at the limit itself q = 1
    R, eps_t, eps_g = (np.where(found, x, y) for x, y in zip((cold.R, cold.eps_t, cold.eps_g), limit[1:]))
    if beyond.any():

        def load(log_a: Array, wanted: Array, p: Array) -> Array:
            return np.log(_student(np.exp(log_a), p, np.zeros_like(p)).alpha / wanted)

        n = int(beyond.sum())
        bracket = (np.full(n, np.log(1e-4)), np.full(n, np.log(2 * _FAR)))
        best = elementwise.find_root(load, bracket, args=(a[beyond], flip[beyond]), tolerances={"xrtol": 1e-14})
        _, R[beyond], eps_t[beyond], eps_g[beyond] = _student(np.exp(best.x), flip[beyond], zero[beyond])
    return GroundState(*(v.reshape(shape) for v in (a, R, eps_t, eps_g)))


def _frozen(alpha: Array, p: Array) -> GroundState:
    """Ising weights: the state without entropy, or the teacher."""
    from statmech.theory.perceptron_lines import alpha_s0
    from statmech.theory.perceptron_temperatures import T_s0

    easy = alpha <= alpha_s0(np.zeros_like(p), p)
    T = np.where(easy, 0.0, T_s0(alpha, p))
    exists = np.isfinite(T)
    x = solve(alpha, np.where(exists, T, 1.0), p)
    teacher = (p < 0.5) & (~exists | ~(x.eps_t < p))
    unknown = ~exists & ~teacher
    R, eps_t, eps_g = (
        np.where(unknown, np.nan, np.where(teacher, perfect, poor))
        for perfect, poor in ((1.0, x.R), (p, x.eps_t), (0.0, x.eps_g))
    )
    return GroundState(alpha, R, eps_t, eps_g)


def rademacher(alpha: ArrayLike, weights: str = "spherical") -> Array:
    """Rademacher complexity 1 - 2 e_gs of the perceptron, e_gs the least error on random labels at load alpha.

    E max_w (1/m) sum_mu t_mu sign(w . x_mu) = 1 - 2 e_gs: 1 up to the capacity, and it falls to 0 with alpha. For
    spherical weights beyond alpha = 2 the replica-symmetric e_gs is a lower bound, and the complexity an upper one.

    Args: alpha = m/N > 0, array-like. weights. Returns: float64. Raises: ValueError.
    Source: Abbara, Aubin, Krzakala & Zdeborova, Proc. Mach. Learn. Res. 107, 27 (2020).

    Example:
        >>> float(rademacher(1.0))
        1.0
    """
    return 1 - 2 * ground_state(alpha, 0.5, weights).eps_t
