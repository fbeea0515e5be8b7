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


class Evaluated:
    """Points w (D, T, K, N) with their fields h (C, width); once they are asked for also, of V itself, not its table,
    energy (D, T, K) and slope, its gradient (D, T, K, N)."""

    def __init__(self, chains: SphereChains, w: Any, h: Any):
        self.chains, self.w, self.h = chains, w, h

    @property
    def _u(self) -> Any:
        return self.h[:, : self.chains.patterns] - self.chains.problem.kappa

    @cached_property
    def energy(self) -> Any:
        return self.chains.problem.value(self._u).sum(-1).reshape(self.w.shape[:3])

    @cached_property
    def slope(self) -> Any:
        derivative, x = self.chains.problem.derivative, self.chains.x[..., : self.chains.patterns]
        if derivative is None:
            raise ValueError("the potential has no derivative: use GreatCircles() or Rotations(), which need none")
        return _products(derivative(self._u), x.transpose(0, 2, 1)).reshape(self.w.shape)

    def where(self, mask: Any, other: Evaluated) -> Evaluated:
        """These points where the mask (D, T, K) is true, else the others; with all that is known of both."""
        xp = namespace(self.w)
        mask = xp.asarray(mask)
        h = xp.where(mask.reshape(-1, 1), self.h, other.h)
        out = Evaluated(self.chains, xp.where(mask[..., None], self.w, other.w), h)
        for name in {"energy", "slope"} & vars(self).keys() & vars(other).keys():
            a, b = vars(self)[name], vars(other)[name]
            vars(out)[name] = xp.where(mask[..., None] if a.ndim == 4 else mask, a, b)
        return out


def _products(a: Any, x: Any) -> Any:
    """a x (C, Q) of rows a (C, P) and the matrices x (D, P, Q) of their samples, one matrix product each."""
    return (a.reshape(len(x), -1, a.shape[-1]) @ x).reshape(len(a), -1)


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
        self._last: Evaluated | None = None  # the points asked for last
        self._here: Evaluated | None = None  # the points where the walkers are, once a gradient is needed
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
        self._here, end = None, start + sweeps
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
        """See core.SphereWalkers.  Raises ValueError for a potential without derivative."""
        at = self._evaluated(w)
        return at.energy, at.slope

    def slope(self, w: Any) -> Any:
        """See core.SphereWalkers."""
        return self._evaluated(w).slope

    def _evaluated(self, w: Any) -> Evaluated:
        """At hand: the points where the walkers are, and those asked for last."""
        xp, here = namespace(self.w), self._standing()
        if bool(xp.array_equal(w, here.w)):
            return here
        if self._last is None or not bool(xp.array_equal(w, self._last.w)):
            rows = w.reshape(self.w.shape)
            self._last = Evaluated(self, xp.array(w), _products(rows, self.x))
        return self._last

    def _standing(self) -> Evaluated:
        if self._here is None:
            self._here = Evaluated(self, self.s, self.fields)
        return self._here

    def place(self, w: Any, where: Any) -> None:
        """See core.SphereWalkers."""
        there, here = self._evaluated(w), self._standing()
        xp, mask = namespace(self.w), namespace(self.w).asarray(where)
        self._here = there.where(mask, here)
        self.w, self.fields = self._here.w.reshape(self.w.shape), self._here.h
        self.E = xp.where(mask, there.energy, self.E.reshape(self.shape)).reshape(-1)

    def select(self, parent: np.ndarray) -> None:
        """See core.Walkers."""
        rows = self._put(chain_rows(parent))
        for array in (self.w, self.fields, self.E):
            array[...] = array[rows]
        self._here = None

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
