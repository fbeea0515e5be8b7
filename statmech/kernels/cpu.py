"""Walkers on the CPU: configurations and cached fields of one class of starts, around the compiled kernels."""

from __future__ import annotations

import abc

import numpy as np

from statmech.core import Criterion, FieldProblem, Order, PairProblem, State
from statmech.kernels.common import padded
from statmech.kernels.fields import sweep_fields
from statmech.kernels.pairs import sweep_pairs

RESYNC = 1024  # sweeps between recomputations of floating-point fields


def integer_type(bound: float) -> np.dtype:
    """Smallest of int16 and int32 that holds every local field, given bound = max_i sum_j |J_ij| + |h_i|."""
    for dtype in (np.int16, np.int32):
        if bound <= np.iinfo(dtype).max:
            return np.dtype(dtype)
    raise ValueError(
        f"integer couplings with max_i sum_j |J_ij| + |h_i| = {bound:.4g} overflow 32-bit fields; "
        "divide them by a common factor (and multiply the temperature), or pass them as float64"
    )


class CPUWalkers(abc.ABC):
    """Chains (D, T, K) flattened to C for the kernels; subclasses hold the couplings and the cached fields."""

    def __init__(self, problem: PairProblem | FieldProblem, s: np.ndarray, state: State | None = None):
        self.shape = s.shape[:3]
        self.scale, self.offset = problem.scale, np.broadcast_to(np.asarray(problem.offset, float), s.shape[:1])
        self.spins = np.array(s, dtype=np.int8, order="C").reshape(-1, s.shape[-1])  # a copy: kernels write to it
        self.sample = np.repeat(np.arange(s.shape[0]), s.shape[1] * s.shape[2])
        self.drift = 0.0
        self._prepare(problem)
        self.fields, self.E = self._synchronise()
        if state is not None and "fields" in state:
            self.fields, self.E = state["fields"].copy(), state["energy"].copy()

    @property
    def exact(self) -> bool:
        """Integer arithmetic: the cached fields follow from the spins, bit for bit."""
        return self.fields.dtype.kind == "i"

    @abc.abstractmethod
    def _prepare(self, problem) -> None:
        """Lay out the couplings for the kernel."""

    @abc.abstractmethod
    def _synchronise(self) -> tuple[np.ndarray, np.ndarray]:
        """Cached fields and energies (in units of scale), from the spins."""

    @abc.abstractmethod
    def _kernel(self, *args) -> None: ...

    def sweep(
        self, T: np.ndarray, keys: np.ndarray, lanes: np.ndarray, start: int, sweeps: int,
        criterion: Criterion, order: Order,
    ) -> np.ndarray:  # fmt: skip
        """See core.Walkers."""
        theta = self._chains(T, np.float64) / self.scale
        keys, lanes = self._chains(keys, np.uint64), self._chains(lanes, np.uint64)
        accepted = np.zeros(len(self.spins), np.int64)
        end = start + sweeps
        while start < end:
            piece = end - start if self.exact else min(end, (start // RESYNC + 1) * RESYNC) - start
            self._kernel(
                keys, lanes, theta, start, piece, criterion == "heatbath", order == "random", accepted
            )  # fmt: skip
            start += piece
            if not self.exact and start % RESYNC == 0:
                fields, energy = self._synchronise()
                self.drift = max(self.drift, float(np.abs(fields - self.fields).max()))
                self.fields, self.E = fields, energy
        return accepted.reshape(self.shape)

    def _chains(self, array: np.ndarray, dtype) -> np.ndarray:
        return np.ascontiguousarray(np.broadcast_to(array, self.shape).reshape(-1), dtype=dtype)

    @property
    def s(self) -> np.ndarray:
        return self.spins.reshape(*self.shape, -1)

    @property
    def energy(self) -> np.ndarray:
        return self.E.reshape(self.shape) * self.scale + self.offset[:, None, None]

    def state(self) -> State:
        """The spins; for floating-point couplings also the cached fields, which carry rounding history."""
        if self.exact:
            return {"s": self.s.copy()}
        return {"s": self.s.copy(), "fields": self.fields.copy(), "energy": self.E.copy()}


class PairWalkers(CPUWalkers):
    """Family `pairs`: couplings (D, N, P) in padded rows, local fields (C, P)."""

    def _prepare(self, problem: PairProblem) -> None:
        J, h = np.asarray(problem.J), np.asarray(problem.h)
        n = J.shape[-1]
        if J.dtype.kind == "i":
            bound = max(float(np.abs(J[d]).sum(-1, dtype=np.int64).max() + np.abs(h[d]).max()) for d in range(len(J)))
            dtype = integer_type(bound)
            # BLAS sums exact integers exactly while they stay below the mantissa
            self.exact_in = np.float32 if bound < 2**24 else np.float64
        else:
            dtype, self.exact_in = np.dtype(np.float64), np.float64
        self.J = np.zeros((len(J), n, padded(n, dtype.itemsize)), dtype)
        self.J[..., :n] = J
        self.h = h.astype(dtype)

    def _synchronise(self) -> tuple[np.ndarray, np.ndarray]:
        n = self.spins.shape[1]
        fields = np.zeros((len(self.spins), self.J.shape[-1]), self.J.dtype)
        for d, (J, h) in enumerate(zip(self.J, self.h, strict=True)):
            chains = self.sample == d
            product = self.spins[chains].astype(self.exact_in) @ J[:, :n].astype(self.exact_in)
            fields[chains, :n] = product.astype(self.J.dtype) + h
        wide = np.int64 if self.J.dtype.kind == "i" else np.float64
        twice = np.einsum("ci,ci->c", self.spins, fields[:, :n], dtype=wide)
        twice += np.einsum("ci,ci->c", self.spins, self.h[self.sample], dtype=wide)
        return fields, -twice // 2 if wide is np.int64 else -0.5 * twice

    def _kernel(self, keys, lanes, theta, start, sweeps, heatbath, random_order, accepted) -> None:
        sweep_pairs(
            self.J, self.spins, self.fields, self.E, self.sample, keys, lanes, theta,
            start, sweeps, heatbath, random_order, accepted,
        )  # fmt: skip


class FieldWalkers(CPUWalkers):
    """Family `fields`: columns of the patterns (D, N, Q), overlaps M (C, Q)."""

    def _prepare(self, problem: FieldProblem) -> None:
        samples, self.patterns, n = problem.xi.shape
        if self.patterns * n > np.iinfo(np.int32).max:
            raise ValueError(f"pattern form sums {self.patterns} x {n} terms in 32 bits: use form='pair'")
        self.columns = np.zeros((samples, n, padded(self.patterns, 2)), np.int16)
        self.columns[..., : self.patterns] = problem.xi.transpose(0, 2, 1)

    def _synchronise(self) -> tuple[np.ndarray, np.ndarray]:
        n = self.spins.shape[1]
        M = np.zeros((len(self.spins), self.columns.shape[-1]), integer_type(n))
        for d, columns in enumerate(self.columns):
            chains = self.sample == d
            M[chains] = self.spins[chains].astype(np.float32) @ columns.astype(np.float32)
        squares = np.einsum("cm,cm->c", M, M, dtype=np.int64)
        return M, -(squares - n * self.patterns) // 2

    def _kernel(self, keys, lanes, theta, start, sweeps, heatbath, random_order, accepted) -> None:
        sweep_fields(
            self.columns, self.patterns, self.spins, self.fields, self.E, self.sample, keys, lanes, theta,
            start, sweeps, heatbath, random_order, accepted,
        )  # fmt: skip
