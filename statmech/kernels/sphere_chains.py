"""What walkers on the sphere are on every device: layout, cached fields, energies, resynchronisation."""

from __future__ import annotations

import abc
from functools import cached_property
from typing import Any

import numpy as np

from statmech.backend import namespace, to_host
from statmech.core import State
from statmech.kernels.chains import RESYNC, chain_rows
from statmech.kernels.common import padded
from statmech.kernels.sphere_potential import ERROR, kernel_potential
from statmech.problems import SphereProblem

GRAM_LIMIT = 4 << 30  # bytes


class SphereChains(abc.ABC):
    """Points of one class of starts with their cached fields (core.SphereWalkers); a device says how they move.

    Chains (D, T, K) are flattened to C.  Every RESYNC sweeps the length of w is restored and the fields are
    recomputed; the largest error that was found in each sample is `drift`.
    """

    def __init__(self, problem: SphereProblem, w: np.ndarray, state: State | None = None):
        xi = np.asarray(problem.xi, float)
        samples, self.patterns, n = xi.shape
        if n < 2 or not np.isfinite(xi).all():
            raise ValueError(f"xi has shape {xi.shape} or is not finite: expected (D, P, N) finite numbers, N >= 2")
        if w.shape[-1] != n or not np.allclose((w * w).sum(-1), n, rtol=1e-6):
            raise ValueError(f"points of shape {w.shape}: expected N = {n} weights with |w|^2 = N")
        self.shape, self.problem = w.shape[:3], problem
        x = np.zeros((samples, n, padded(self.patterns, 8)))
        x[..., : self.patterns] = xi.transpose(0, 2, 1) / np.sqrt(n)
        largest = float(np.sqrt((xi * xi).sum(-1).max(initial=0.0))) + abs(problem.kappa)
        self.potential = kernel_potential(problem, 1.01 * largest + 1e-6)
        self.x, self.table = self._put(x), self._put(self.potential.table)
        self.sample = self._put(np.repeat(np.arange(samples, dtype=np.int64), w.shape[1] * w.shape[2]))
        self.w = self._put(np.array(w, float, order="C").reshape(-1, n))
        self.drift = np.zeros(samples)
        self.fields, self.E = self._synchronise()
        if state is not None and "fields" in state:
            self.fields, self.E = self._put(state["fields"].copy()), self._put(state["energy"].copy())
            self.drift = np.maximum(self.drift, state.get("drift", 0.0))

    @abc.abstractmethod
    def _put(self, array: np.ndarray) -> Any:
        """The array where the kernel wants it."""

    @abc.abstractmethod
    def _synchronise(self) -> tuple[Any, Any]:
        """Fields (C, width) and energies (C,), from the points."""

    # the moves of all chains, changing w, fields, E and accepted in place; size: largest angle, bracket or time (C,)
    @abc.abstractmethod
    def _rotations(self, keys: Any, lanes: Any, T: Any, start: int, sweeps: int, size: Any, accepted: Any) -> None: ...

    @abc.abstractmethod
    def _circles(self, keys: Any, lanes: Any, T: Any, start: int, sweeps: int, size: Any, accepted: Any) -> None: ...

    @abc.abstractmethod
    def _flights(self, keys: Any, lanes: Any, T: Any, start: int, sweeps: int, size: Any, accepted: Any) -> None: ...

    def rotate(
        self, T: np.ndarray, keys: np.ndarray, lanes: np.ndarray, start: int, sweeps: int, angle: np.ndarray
    ) -> np.ndarray:
        """See core.SphereWalkers."""
        return self._sweep(self._rotations, T, keys, lanes, start, sweeps, angle)

    def circles(
        self, T: np.ndarray, keys: np.ndarray, lanes: np.ndarray, start: int, sweeps: int,
        width: float = 2 * np.pi,
    ) -> np.ndarray:  # fmt: skip
        """See core.SphereWalkers.  width: of the bracket, at most 2 pi."""
        return self._sweep(self._circles, T, keys, lanes, start, sweeps, width)

    def fly(
        self, T: np.ndarray, keys: np.ndarray, lanes: np.ndarray, start: int, sweeps: int, time: float
    ) -> np.ndarray:
        """See core.SphereWalkers.  Raises ValueError for other potentials than the 0/1 error, and for T = 0."""
        if self.potential.kind != ERROR:
            raise ValueError("flights among walls need the 0/1 error: use HamiltonianMonteCarlo() or GreatCircles()")
        if np.min(T) <= 0:
            raise ValueError(f"flights keep v^2/2 + E/T: expected T > 0, got {np.min(T)}; GreatCircles() take T = 0")
        return self._sweep(self._flights, T, keys, lanes, start, sweeps, time)

    @cached_property
    def _geometry(self) -> tuple[Any, Any, Any]:
        """What an encounter with a wall needs: rows (D, P, N) = xi / sqrt(N), their Gram matrices (D, P, P), and which
        samples have examples with one wall, (D,) bool."""
        samples, patterns = len(self.x), self.patterns
        size = 8 * samples * patterns**2
        if size > GRAM_LIMIT:
            raise ValueError(
                f"the Gram matrices of {samples} x {patterns} examples take {size / 2**30:.1f} GiB, more than "
                f"{GRAM_LIMIT >> 30}: put fewer samples in a task, or use GreatCircles()"
            )
        rows = np.ascontiguousarray(to_host(self.x)[..., :patterns].transpose(0, 2, 1))
        gram = rows @ rows.transpose(0, 2, 1)
        shared = np.zeros(samples, bool)
        for d in range(samples):
            norm = np.diagonal(gram[d])
            if not norm.all():
                raise ValueError(f"example {int(np.argmin(norm))} is zero in every input: leave it out")
            shared[d] = (np.triu(np.abs(gram[d]) / np.sqrt(norm[:, None] * norm), 1) > 1 - 1e-12).any()
        return self._put(rows), self._put(gram), self._put(shared)

    def _sweep(self, move, T, keys, lanes, start, sweeps, size) -> np.ndarray:
        T, size = self._put(self._chains(T, np.float64)), self._put(self._chains(size, np.float64))
        keys, lanes = self._put(self._chains(keys, np.uint64)), self._put(self._chains(lanes, np.uint64))
        accepted = self._put(np.zeros(len(self.w), np.int64))
        end = start + sweeps
        while start < end:
            piece = min(end, (start // RESYNC + 1) * RESYNC) - start
            move(keys, lanes, T, start, piece, size, accepted)
            start += piece
            if start % RESYNC == 0:
                self._restore()
        return to_host(accepted).reshape(self.shape)

    def _restore(self) -> None:
        """Restore |w|^2 = N and the cached fields, and record what was wrong with them."""
        xp, n = namespace(self.w), self.w.shape[1]
        self.w *= xp.sqrt(n / (self.w * self.w).sum(1))[:, None]
        fields, energy = self._synchronise()
        errors = to_host(abs(fields - self.fields).max(1)).reshape(self.shape[0], -1)
        self.drift = np.maximum(self.drift, errors.max(1))
        self.fields, self.E = fields, energy

    def _chains(self, array: Any, dtype: Any) -> np.ndarray:
        # always a copy: a read-only view is another type to the compiler, and would be compiled for anew
        return np.array(np.broadcast_to(array, self.shape), dtype=dtype, order="C").reshape(-1)

    def gradient(self, w: Any) -> tuple[Any, Any]:
        """See core.SphereWalkers; V itself, not its table.  Raises ValueError for a potential without derivative."""
        problem = self.problem
        if problem.derivative is None:
            raise ValueError("the potential has no derivative: use GreatCircles() or Rotations(), which need none")
        xp = namespace(self.w)
        energy, slope = xp.empty(self.shape), xp.empty(w.shape)
        for d in range(len(self.x)):
            x = self.x[d, :, : self.patterns]
            u = w[d] @ x - problem.kappa
            energy[d] = problem.value(u).sum(-1)
            slope[d] = problem.derivative(u) @ x.T
        return energy, slope

    def place(self, w: Any, where: Any) -> None:
        """See core.SphereWalkers."""
        xp = namespace(self.w)
        where = xp.asarray(where).reshape(-1)
        self.w = xp.where(where[:, None], w.reshape(self.w.shape), self.w)
        fields, energy = self._synchronise()
        self.fields = xp.where(where[:, None], fields, self.fields)
        self.E = xp.where(where, energy, self.E)

    def select(self, parent: np.ndarray) -> None:
        """See core.Walkers."""
        rows = self._put(chain_rows(parent))
        for array in (self.w, self.fields, self.E):
            array[...] = array[rows]

    @property
    def s(self) -> Any:
        """Points (D, T, K, N) float64, on the device."""
        return self.w.reshape(*self.shape, -1)

    @property
    def energy(self) -> np.ndarray:
        """Energies H (D, T, K) float64, on the host."""
        return np.array(to_host(self.E)).reshape(self.shape)

    def state(self) -> State:
        """The points, and the cached fields, which carry rounding history."""
        keep = {"s": self.s, "fields": self.fields, "energy": self.E, "drift": self.drift}
        return {name: np.array(to_host(array)) for name, array in keep.items()}
