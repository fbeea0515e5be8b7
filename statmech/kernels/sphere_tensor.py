"""The family `sphere tensor`:  H = -sum_p sum_{i1<..<ip} J_{i1..ip} w_i1 .. w_ip on the sphere |w|^2 = N.

The products of p - 1 weights, z (binomial(N, p-1),), and one matrix product give the gradient and H together:

    G_p = A_p z,  A_p[i, (jk..)] = -J_{ijk..}, 0 where i repeats;     grad H = sum_p G_p,  H = sum_p w.G_p / p

2 N binomial(N, p-1) operations per point, shared by all points of a sample, on either device.
"""

from __future__ import annotations

from math import comb
from typing import Any

import numpy as np

from statmech import backend
from statmech.backend import namespace, to_device, to_host
from statmech.core import State
from statmech.problems import SphereTensorProblem
from statmech.tuples import members, place

BLOCK = 1 << 27  # bytes of products made at a time
ROUNDING = 1e-10
"""Largest | |w|^2 / N - 1 | of a point that is taken."""


def bytes_needed(n: int, orders: tuple[int, ...], samples: int = 1) -> int:
    """Bytes of the matrices A_p and of what making them takes at most.

    Example: ``bytes_needed(100, (3,)) < 2**23``
    """
    stored = sum(comb(n, p - 1) * n for p in orders) * samples
    making = max((comb(n, p) * (2 * p + 2) for p in orders), default=0)  # tuples, their places
    return 8 * (stored + making) + BLOCK


def check_memory(n: int, orders: tuple[int, ...], samples: int, there: int) -> None:
    """Raises MemoryError, with the largest n that fits, if the matrices take more than `there` bytes."""
    need = bytes_needed(n, orders, samples)
    if need <= there:
        return
    fits, above = 1, n  # bisection: the need grows with n
    while above - fits > 1:
        middle = (fits + above) // 2
        fits, above = (middle, above) if bytes_needed(middle, orders, samples) <= there else (fits, middle)
    terms = "+".join(map(str, orders))
    raise MemoryError(
        f"p = {terms} at n = {n} with {samples} samples needs {need / 2**30:.1f} GiB, {there / 2**30:.1f} GiB are "
        f"there: take n <= {fits}, or fewer samples in a task"
    )


class SphereTensorWalkers:
    """Points of one class of starts with energy and gradient kept (core.SphereWalkers, of which `gradient`, `place`).

    Matrices A_p (D, N, binomial(N, p-1)).  `drift` (D,): the largest | |w|^2/N - 1 | of the points taken.
    """

    def __init__(self, problem: SphereTensorProblem, w: np.ndarray, state: State | None = None):
        self.shape, n = w.shape[:3], w.shape[3]
        if n != problem.n or n < 2 or not np.allclose((w * w).sum(-1), n, rtol=ROUNDING):
            raise ValueError(f"points of shape {w.shape}: expected N = {problem.n} >= 2 weights with |w|^2 = N")
        self.orders = tuple(sorted(problem.couplings))
        check_memory(n, self.orders, self.shape[0], self._memory())
        for p, J in problem.couplings.items():
            if p < 1 or np.shape(J) != (self.shape[0], comb(n, p)) or not np.isfinite(J).all():
                raise ValueError(
                    f"couplings[{p}] has shape {np.shape(J)} or is not finite: expected {(self.shape[0], comb(n, p))}, "
                    "a finite number for every p-tuple of every sample"
                )
        self.matrices = {p: self._put(packed(np.asarray(problem.couplings[p], float), n, p)) for p in self.orders}
        self.sites = {p: [self._put(np.ascontiguousarray(x)) for x in members(n, p - 1).T] for p in self.orders}
        self.w = self._put(np.array(w, float, order="C"))
        self.drift = np.zeros(self.shape[0])
        self._last: tuple[Any, Any, Any] | None = None  # the point asked for last, its energy and gradient
        self._now: tuple[Any, Any] | None = None  # energy and gradient where the walkers are, once they are needed
        if state is not None and "gradient" in state:
            self._now = self._put(state["energy"].copy()), self._put(state["gradient"].copy())
            self.drift = np.maximum(self.drift, state["drift"])

    def _put(self, array: np.ndarray) -> Any:
        return array

    def _memory(self) -> int:
        """Bytes that there are."""
        return backend.host_memory()

    def gradient(self, w: Any) -> tuple[Any, Any]:
        """See core.SphereWalkers.  Of the points where the walkers are, and of those asked for last, it is at hand."""
        xp = namespace(self.w)
        if bool(xp.array_equal(w, self.w)):
            return self._here()
        if self._last is None or not bool(xp.array_equal(w, self._last[0])):
            self._last = (xp.array(w), *self._evaluate(w))
        return self._last[1:]

    def slope(self, w: Any) -> Any:
        """See core.SphereWalkers."""
        return self.gradient(w)[1]

    def _here(self) -> tuple[Any, Any]:
        if self._now is None:
            self._now = self._evaluate(self.w)
        return self._now

    def _evaluate(self, w: Any) -> tuple[Any, Any]:
        """H (D, T, K) and its gradient (D, T, K, N) at points w (D, T, K, N)."""
        xp, (D, T, K, n) = namespace(self.w), w.shape
        energy, slope = xp.zeros((D, T * K)), xp.zeros((D, T * K, n))
        for d in range(D):
            points = xp.ascontiguousarray(w[d].reshape(T * K, n).T)
            for p in self.orders:
                size = max(1, BLOCK // (8 * comb(n, p - 1)))
                for first in range(0, T * K, size):
                    block = slice(first, first + size)
                    part = (self.matrices[p][d] @ self._products(points[:, block], p)).T
                    slope[d, block] += part
                    energy[d, block] += (part * points[:, block].T).sum(-1) / p
        return energy.reshape(D, T, K), slope.reshape(w.shape)

    def _products(self, points: Any, p: int) -> Any:
        """Products of p - 1 weights (binomial(N, p-1), C) of points (N, C)."""
        if p == 1:
            return points[:1] * 0 + 1
        out = points.take(self.sites[p][0], axis=0) if p > 2 else points
        for sites in self.sites[p][1:]:
            out *= points.take(sites, axis=0)
        return out

    def place(self, w: Any, where: Any) -> None:
        """See core.SphereWalkers.  Raises ValueError for points that are not on the sphere: it takes no drift."""
        xp = namespace(self.w)
        where = xp.asarray(where)
        error = to_host(xp.where(where, abs((w * w).mean(-1) - 1), 0.0)).max((1, 2))
        if not (error <= ROUNDING).all():
            raise ValueError(
                f"a point with | |w|^2/N - 1 | = {error.max():.1e}: expected at most {ROUNDING:g}, or a number at all; "
                "take a shorter step"
            )
        self.drift = np.maximum(self.drift, error)
        if self._last is not None and bool(xp.array_equal(w, self._last[0])):
            (_, energy, slope), (E, G) = self._last, self._here()
            self._now = xp.where(where, energy, E), xp.where(where[..., None], slope, G)
        else:
            self._now = None
        self.w = xp.where(where[..., None], w, self.w)

    def select(self, parent: np.ndarray) -> None:
        """See core.Walkers."""
        xp = namespace(self.w)
        index = xp.asarray(parent)
        energy, slope = self._here()
        self._now = xp.take_along_axis(energy, index, 2), xp.take_along_axis(slope, index[..., None], 2)
        self.w, self._last = xp.take_along_axis(self.w, index[..., None], 2), None

    @property
    def s(self) -> Any:
        """Points (D, T, K, N) float64, on the device."""
        return self.w

    @property
    def energy(self) -> np.ndarray:
        """Energies H (D, T, K) float64, on the host."""
        return np.array(to_host(self._here()[0]))

    def state(self) -> State:
        """The points, with their energy and gradient, whose last bits depend on the number of threads."""
        energy, slope = self._here()
        keep = {"s": self.w, "energy": energy, "gradient": slope, "drift": self.drift}
        return {name: np.array(to_host(array)) for name, array in keep.items()}


class SphereTensorWalkersGPU(SphereTensorWalkers):
    """The same array code on the GPU."""

    def _put(self, array: np.ndarray) -> Any:
        return to_device(array)

    def _memory(self) -> int:
        return backend.gpu_memory()


def packed(J: np.ndarray, n: int, p: int) -> np.ndarray:
    """A (D, n, binomial(n, p-1)) of couplings J (D, binomial(n, p)): minus the coupling of site i and a tuple.

    Example: ``packed(np.ones((1, 3)), 3, 2)[0].tolist() == [[0, -1, -1], [-1, 0, -1], [-1, -1, 0]]``
    """
    out = np.zeros((len(J), n, comb(n, p - 1)))
    sites = members(n, p)
    for k in range(p):
        rest = place(np.delete(sites, k, axis=1)) if p > 1 else np.zeros(n, np.int64)
        out[:, sites[:, k], rest] = -J
    return out
