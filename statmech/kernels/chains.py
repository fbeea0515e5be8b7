"""What walkers are on every device: layout, cached fields, energies, resynchronisation.

Chains (D, T, K) are flattened to C for the kernels.  A family says how its couplings lie in memory and what
fields it caches (PairChains, FieldChains; tensor_chains.py); a device says where arrays live and runs the kernel
(cpu.py, cuda.py).
"""

from __future__ import annotations

import abc
from typing import Any, ClassVar

import numpy as np

from statmech.backend import namespace, to_host
from statmech.core import Criterion, Order, State
from statmech.kernels.common import aligned, padded
from statmech.kernels.fields import QUADRATIC, STEP, form
from statmech.problems import DilutedProblem, FieldProblem, Lookup, PairProblem, TensorProblem

ROW = 64  # integers: rows of J, of patterns and of fields are multiples of it
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


def chain_rows(parent: np.ndarray) -> np.ndarray:
    """Rows (C,) of flattened chains that the replica indices parent (D, T, K) name.

    Example: ``chain_rows(np.array([[[1, 1]], [[0, 0]]])).tolist() == [1, 1, 2, 2]``
    """
    D, T, K = parent.shape
    return (np.arange(D * T).reshape(D, T, 1) * K + parent).reshape(-1).astype(np.int64)


class Chains(abc.ABC):
    """Configurations of one class of starts with their cached fields: core.Walkers but for the kernel."""

    fields: Any  # cached fields (C, width), on the device
    E: Any  # energies in units of scale (C,), on the device
    per_chain: ClassVar[tuple[str, ...]] = ("spins", "fields", "E")

    def __init__(
        self, problem: PairProblem | FieldProblem | TensorProblem | DilutedProblem, s: np.ndarray,
        state: State | None = None,
    ):  # fmt: skip
        self.shape = s.shape[:3]
        self.scale = problem.scale
        self.offset = np.broadcast_to(np.asarray(problem.offset, float), s.shape[:1])
        self._offset = np.repeat(self.offset, s.shape[1] * s.shape[2])
        # a copy: kernels write to it
        self.spins = self._put(np.array(s, dtype=np.int8, order="C").reshape(-1, s.shape[-1]))
        self.sample = self._put(np.repeat(np.arange(s.shape[0], dtype=np.int64), s.shape[1] * s.shape[2]))
        self._numbered: tuple[Any, ...] = (None, None)  # keys and lanes as they were given, and of every chain
        self.drift = np.zeros(self.shape[0])  # largest error of a cached field found in each sample, in units of scale
        self._prepare(problem)
        self.fields, self.E = self._synchronise()
        if state is not None and "fields" in state:
            self.fields, self.E = self._put(state["fields"].copy()), self._put(state["energy"].copy())
            self.drift = np.maximum(self.drift, state.get("drift", 0.0))

    @property
    def exact(self) -> bool:
        """Integer arithmetic: the cached fields follow from the spins, bit for bit."""
        return self.fields.dtype.kind == "i"

    @abc.abstractmethod
    def _put(self, array: np.ndarray) -> Any:
        """The array where the kernel wants it."""

    @abc.abstractmethod
    def _prepare(self, problem: Any) -> None:
        """Lay out the couplings for the kernel."""

    @abc.abstractmethod
    def _synchronise(self) -> tuple[Any, Any]:
        """Cached fields and energies (in units of scale), from the spins."""

    @abc.abstractmethod
    def _kernel(
        self, keys: Any, lanes: Any, theta: Any, start: int, sweeps: int, heatbath: bool, random_order: bool,
        accepted: Any,
    ) -> None:  # fmt: skip
        """Sweep all chains; theta = T / scale.  Changes spins, fields, E and accepted in place."""

    def sweep(
        self, T: np.ndarray, keys: np.ndarray, lanes: np.ndarray, start: int, sweeps: int,
        criterion: Criterion, order: Order,
    ) -> np.ndarray:  # fmt: skip
        """See core.Walkers."""
        theta = np.asarray(T, float) / self.scale
        theta = self._put(theta.reshape(-1) if theta.shape == self.shape else self._chains(theta, np.float64))
        keys, lanes = self._numbers(keys, lanes)
        accepted = self._put(np.zeros(len(self.sample), np.int64))
        end, exact = start + sweeps, self.exact
        while start < end:
            piece = end - start if exact else min(end, (start // RESYNC + 1) * RESYNC) - start
            self._kernel(
                keys, lanes, theta, start, piece, criterion == "heatbath", order == "random", accepted
            )  # fmt: skip
            start += piece
            if not exact and start % RESYNC == 0:
                fields, energy = self._synchronise()
                errors = to_host(abs(fields - self.fields).max(1)).reshape(self.shape[0], -1)
                self.drift = np.maximum(self.drift, errors.max(1))
                self.fields, self.E = fields, energy
        return to_host(accepted).reshape(self.shape)

    def _numbers(self, keys: np.ndarray, lanes: np.ndarray) -> tuple[Any, Any]:
        """Key and lane of every chain, where the kernel wants them."""
        if keys is not self._numbered[0] or lanes is not self._numbered[1]:  # a run asks for every sweep with the same
            own = (self._put(self._chains(x, np.uint64)) for x in (keys, lanes))
            self._numbered = (keys, lanes, *own)
        return self._numbered[2:]

    def _chains(self, array: np.ndarray, dtype: Any) -> np.ndarray:
        # always a copy: a read-only view is another type to the compiler, and would be compiled for anew
        if np.shape(array) != self.shape:
            array = np.broadcast_to(array, self.shape)
        return np.array(array, dtype=dtype, order="C").reshape(-1)

    def select(self, parent: np.ndarray) -> None:
        """See core.Walkers."""
        rows = self._put(chain_rows(parent))
        for name in self.per_chain:
            array = getattr(self, name)
            array[...] = array[rows]  # in place: its layout in memory stays

    def _of_sample(self, d: int) -> slice:
        """The chains of disorder sample d."""
        count = self.shape[1] * self.shape[2]
        return slice(d * count, (d + 1) * count)

    @property
    def s(self) -> Any:
        """Configurations (D, T, K, N) int8, on the device."""
        return self.spins.reshape(*self.shape, -1)

    @property
    def energy(self) -> np.ndarray:
        """Energies H (D, T, K) float64, on the host."""
        energy = to_host(self.E) * self.scale
        energy += self._offset
        return energy.reshape(self.shape)

    def state(self) -> State:
        """The spins; for floating-point couplings also the cached fields, which carry rounding history."""
        keep = {"s": self.s}
        if not self.exact:
            keep |= {"fields": self.fields, "energy": self.E, "drift": self.drift}
        return {name: np.array(to_host(array)) for name, array in keep.items()}


class PairChains(Chains):
    """Family `pairs`: couplings (D, N, width) in padded rows, local fields (C, width)."""

    def _prepare(self, problem: PairProblem) -> None:
        J, h = np.asarray(problem.J), np.asarray(problem.h)
        n = J.shape[-1]
        if J.dtype.kind == "i":
            rows = [np.abs(J[d]).sum(-1, dtype=np.int64).max() + np.abs(h[d]).max() for d in range(len(J))]
            self.bound = float(max(rows))
            self.field_type = integer_type(self.bound)
            # BLAS sums exact integers exactly while they stay below the mantissa
            self.exact_in = np.float32 if self.bound < 2**24 else np.float64
            width = padded(n, 4, ROW)
        else:
            self.bound, self.field_type, self.exact_in = np.inf, np.dtype(np.float64), np.float64
            width = padded(n, 8)
        padded_J = aligned((len(J), n, width), self._coupling_type(J))
        padded_J[..., :n] = J
        self.J, self.h = self._put(padded_J), self._put(h.astype(self.field_type))

    def _coupling_type(self, J: np.ndarray) -> np.dtype:
        """How the kernel wants the couplings."""
        return self.field_type

    def _synchronise(self) -> tuple[Any, Any]:
        xp, n = namespace(self.spins), self.spins.shape[1]
        fields = self._put(aligned((len(self.spins), self.J.shape[-1]), self.field_type))
        wide = np.int64 if self.field_type.kind == "i" else np.float64
        twice = xp.empty(len(self.spins), wide)
        for d in range(len(self.J)):
            chains = self._of_sample(d)
            s, J, h = self.spins[chains], self.J[d, :, :n], self.h[d]
            product = s.astype(self.exact_in) @ J.astype(self.exact_in)
            fields[chains, :n] = product.astype(self.field_type) + h
            twice[chains] = xp.einsum("ci,ci->c", s, fields[chains, :n], dtype=wide)
            twice[chains] += xp.einsum("ci,i->c", s, h, dtype=wide)
        return fields, -twice // 2 if wide is np.int64 else -0.5 * twice


class FieldChains(Chains):
    """Family `fields`: columns of the patterns (D, N, width), fields M (C, width); padding never costs anything."""

    def _prepare(self, problem: FieldProblem) -> None:
        xi = np.asarray(problem.xi)
        samples, patterns, n = xi.shape
        binary = xi.dtype == np.int8
        largest = n if binary else int(np.abs(xi.astype(np.int32)).sum(-1).max())
        self.field_type = integer_type(largest + 1)
        self.form = form(problem, largest)
        self.potential = problem.potential
        # fields are sums of integers: exact in float32 below 2^24, in float64 else
        self.exact_in = np.float32 if self.field_type == np.int16 else np.float64
        if self.form.kind == QUADRATIC and patterns * n > np.iinfo(np.int32).max:
            raise ValueError(f"pattern form sums {patterns} x {n} terms in 32 bits: use form='pair'")
        columns = np.zeros((samples, n, padded(patterns, 2, ROW)), np.int16)
        columns[..., :patterns] = xi.transpose(0, 2, 1)
        self.columns = self._put(columns)

    def _synchronise(self) -> tuple[Any, Any]:
        xp, n, patterns = namespace(self.spins), self.spins.shape[1], self.form.patterns
        M = xp.zeros((len(self.spins), self.columns.shape[-1]), self.field_type)
        if self.form.kind == STEP:
            M[:, patterns:] = np.iinfo(self.field_type).max  # padding is never an error
        for d in range(len(self.columns)):
            chains = self._of_sample(d)
            s, columns = self.spins[chains], self.columns[d, :, :patterns]
            product = s.astype(self.exact_in) @ columns.astype(self.exact_in)
            M[chains, :patterns] = product
        return M, xp.asarray(self._potential_sum(M[:, :patterns], n))

    def _potential_sum(self, M: Any, n: int) -> Any:
        """sum_mu V(M_mu) per chain, in units of scale."""
        xp = namespace(M)
        if self.form.kind == QUADRATIC:
            return -(xp.einsum("cm,cm->c", M, M, dtype=np.int64) - n * self.form.patterns) // 2
        if self.form.kind == STEP:
            return (self.form.threshold >= M).sum(-1, dtype=np.int64)
        assert isinstance(self.potential, Lookup)
        return xp.asarray(self.potential(to_host(M)).sum(-1))
