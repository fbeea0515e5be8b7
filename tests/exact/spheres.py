"""Small problems on the sphere |w|^2 = 3 with their exact averages, by quadrature."""

from __future__ import annotations

from functools import cache

import numpy as np

from statmech.kernels import walkers
from statmech.potentials import POTENTIALS
from statmech.problems import SphereProblem
from statmech.spaces.sphere import Sphere

XI = np.array([[1.1, -0.4, 0.7], [-0.3, 1.6, 0.2], [0.5, 0.9, -1.3], [-1.2, -0.1, 0.4], [0.8, 0.3, 1.5]])[None]
DIRECTION = np.array([0.6, -0.48, 0.64])
POLAR, AZIMUTH = 400, 800


def problem(name: str, kappa: float = 0.0, xi: np.ndarray = XI) -> SphereProblem:
    return SphereProblem(xi, POTENTIALS[name].value, POTENTIALS[name].derivative, kappa)


def observables(p: SphereProblem, w: np.ndarray) -> np.ndarray:
    """E, m and m^2 with m = w . DIRECTION / sqrt(3), stacked first; w (..., 3)."""
    m = w @ DIRECTION / np.sqrt(3)
    return np.stack([p.value(w @ p.xi[0].T / np.sqrt(3) - p.kappa).sum(-1), m, m**2])


@cache
def grid() -> np.ndarray:
    """Points of equal area (POLAR AZIMUTH, 3)."""
    z = (np.arange(POLAR) + 0.5) / POLAR * 2 - 1
    phi = (np.arange(AZIMUTH) + 0.5) / AZIMUTH * 2 * np.pi
    across = np.sqrt(1 - z**2)[:, None]
    xyz = np.stack([across * np.cos(phi), across * np.sin(phi), np.broadcast_to(z[:, None], (POLAR, AZIMUTH))], -1)
    return np.sqrt(3) * xyz.reshape(-1, 3)


@cache
def exact(name: str, T: float, kappa: float = 0.0) -> np.ndarray:
    """<E>, <m>, <m^2> of the law exp(-E/T) on the sphere."""
    values = observables(problem(name, kappa), grid())
    weight = np.exp(-(values[0] - values[0].min()) / T)
    return (values * weight).sum(-1) / weight.sum()


def uniform(shape: tuple[int, int, int], n: int = 3, key: int = 77) -> np.ndarray:
    """Independent uniform points (D, T, K, n)."""
    return Sphere().random(np.full(shape, key, np.uint64), np.arange(np.prod(shape), dtype=np.uint64).reshape(shape), n)


@cache
def law(name: str, T: float, count: int, kappa: float = 0.0, key: int = 3) -> np.ndarray:
    """Independent points (count, 3) of the law exp(-E/T): uniform candidates, accepted by their weight."""
    found, batch = [], 0
    lowest = observables(problem(name, kappa), grid())[0].min() - 0.02  # the grid may miss the minimum by less
    while sum(map(len, found)) < count:
        rng = np.random.default_rng((key, batch))
        w = rng.normal(size=(4 * count, 3))
        w *= np.sqrt(3 / (w * w).sum(-1))[:, None]
        E = observables(problem(name, kappa), w)[0]
        found.append(w[rng.random(len(w)) < np.exp(-(E - lowest) / T)])
        batch += 1
    return np.concatenate(found)[:count]


def sample(
    sampler, p: SphereProblem, start: np.ndarray, ladder: np.ndarray, sweeps: int, step: float | None = None
) -> np.ndarray:
    """Points (R, K, 3) after `sweeps` sweeps from points (R, K, 3), tuning over; step: of kernels that have one."""
    shape = (1, *start.shape[:2])
    w = walkers(p, start[None], "cpu")
    state = sampler.begin(shape, ladder)
    for name in {"angle", "step"} & state.keys():
        state[name][...] = step
    lanes = np.arange(shape[2], dtype=np.uint64)[None, None] * np.uint64(2**16)
    lanes = lanes + np.arange(len(ladder), dtype=np.uint64)[None, :, None]
    sampler.run(w, state, ladder[None, :, None], np.full((1, 1, 1), 5, np.uint64), lanes, 1000, sweeps)
    np.testing.assert_allclose((w.s**2).sum(-1), 3, rtol=1e-12)
    return sampler.arrange(state, w.s)[0]


def deviations(points: np.ndarray, name: str, ladder: np.ndarray, kappa: float = 0.0) -> np.ndarray:
    """z-scores (R, 3) of the means of independent points against quadrature."""
    values = observables(problem(name, kappa), points)
    expected = np.stack([exact(name, float(T), kappa) for T in ladder], axis=-1)
    return (values.mean(-1) - expected) / (values.std(-1) / np.sqrt(points.shape[1]))
