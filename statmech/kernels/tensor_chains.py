"""What the walkers of p-spin models are on every device: dense couplings of all p-tuples, and lists of terms."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from math import comb
from typing import Any

import numpy as np

from statmech.backend import namespace
from statmech.kernels.chains import Chains
from statmech.kernels.common import aligned, padded
from statmech.kernels.tensor import expand
from statmech.kernels.tensor_layout import COLUMNS, Layout, require_memory
from statmech.problems import DilutedProblem, TensorProblem
from statmech.tuples import products

LARGEST = np.iinfo(np.int32).max
GROUP = 128  # chains that go in step at most: their thresholds and spins stay in the cache


def _check_field(largest: int) -> None:
    if largest > LARGEST:
        raise ValueError(
            f"integer couplings with max_i sum |J| = {largest} over the terms of a spin overflow 32-bit fields "
            f"(at most {LARGEST}): divide them by a common factor, and multiply scale by it"
        )


def _integers(J: Any, what: str) -> np.ndarray:
    J = np.asarray(J)
    if J.dtype.kind not in "iu":
        raise TypeError(f"{what} has dtype {J.dtype}: expected integers (round(J / scale), and scale)")
    return J


class TensorChains(Chains):
    """Family `tensor`: couplings expanded as in tensor_layout.py, products z (C, 2 pairs) beside the local fields."""

    z: Any
    per_chain = (*Chains.per_chain, "z")

    @abc.abstractmethod
    def _memory(self) -> int:
        """Bytes for couplings on this device."""

    def _prepare(self, problem: TensorProblem) -> None:
        n, samples = problem.n, self.shape[0]
        if n != self.spins.shape[1]:
            raise ValueError(f"configurations have {self.spins.shape[1]} spins, the problem has n = {n}")
        packed = {p: self._packed(problem.couplings, p) for p in sorted(problem.couplings)}
        largest = max((int(np.abs(J.astype(np.int64)).max(initial=0)) for J in packed.values()), default=0)
        _check_field(largest)
        dtype = np.dtype(np.int16 if largest <= np.iinfo(np.int16).max else np.int32)
        self.layout = Layout(n, tuple(p for p in packed if p >= 2))
        require_memory(n, self.layout.orders, samples, self._memory(), dtype.itemsize)
        h = np.zeros((samples, n), np.int64) + packed.get(1, 0)
        load = np.abs(h)
        J = aligned(self.layout.shape(samples), dtype)
        for p, block in self.layout.blocks.items():
            binomial = np.array([[comb(i, k) for k in range(p + 1)] for i in range(n + 1)], np.int64)
            for d in range(samples):
                # contiguous copies: every other layout is another type to the compiler
                expand(packed[p][d].astype(np.int32), p, n, block.start, binomial, J[d], load[d])
        _check_field(int(load.max(initial=0)))
        self.J, self.h = self._put(J), self._put(h)
        self.starts, self.index = (self._put(array) for array in self.layout.flips())

    def _packed(self, couplings: Mapping[int, np.ndarray], p: int) -> np.ndarray:
        expected = (self.shape[0], comb(self.spins.shape[1], p))
        J = _integers(couplings[p], f"couplings[{p}]")
        if p < 1 or J.shape != expected:
            raise ValueError(f"couplings[{p}] have shape {J.shape}: expected p >= 1, (D, binomial(n, p)) = {expected}")
        return J

    def _synchronise(self) -> tuple[Any, Any]:
        xp, (count, n), layout = namespace(self.spins), self.spins.shape, self.layout
        self.z = self._put(aligned((count, 2 * layout.pairs), np.int16))
        for p, block in layout.blocks.items():
            self.z[:, block] = products(self.spins, p - 2)
        fields = self._put(aligned((count, layout.tiles * COLUMNS), np.int32))
        E = xp.empty(count, np.int64)
        for d in range(self.shape[0]):
            own = self._of_sample(d)
            s, z = self.spins[own].astype(np.float64), self.z[own].astype(np.float64)
            f = {p: xp.zeros(s.shape) for p in layout.orders}
            for i in range(n):
                # (J_i z)_j is the second derivative: with s_j summed over j, every term of f_i is counted p - 1 times.
                # Sums of integers below 2^53 are exact in float64, in any order
                rows = self.J[d, i].reshape(layout.tiles, layout.pairs, COLUMNS, 2).transpose(1, 3, 0, 2)
                rows = rows.reshape(2 * layout.pairs, layout.tiles * COLUMNS)[:, :n].astype(np.float64)
                for p, block in layout.blocks.items():
                    f[p][:, i] = ((z[:, block] @ rows[block]) * s).sum(1) / (p - 1)
            h = self.h[d].astype(np.float64)
            energy = -(s * h).sum(1)
            for p in layout.orders:
                energy -= (f[p] * s).sum(1) / p
            fields[own, :n] = xp.rint(sum(f.values()) + h).astype(np.int32)
            E[own] = xp.rint(energy).astype(np.int64)
        return fields, E

    def _groups(self, threads: int) -> np.ndarray:
        """Bounds of the groups of chains that go in step: of one sample, and enough of them for all threads."""
        samples, count = self.shape[0], self.shape[1] * self.shape[2]
        parts = max(-(-threads // max(samples, 1)), -(-count // GROUP), 1)
        inside = np.arange(parts) * count // parts
        bounds = (np.arange(samples)[:, None] * count + inside).ravel()
        return np.unique(np.append(bounds, samples * count))


class DilutedChains(Chains):
    """Family `diluted`: terms in compressed rows, aligned fields (C, width)."""

    def _prepare(self, problem: DilutedProblem) -> None:
        n, samples = problem.n, self.shape[0]
        if n != self.spins.shape[1]:
            raise ValueError(f"configurations have {self.spins.shape[1]} spins, the problem has n = {n}")
        flat = [np.zeros((samples, 0), np.int32)]
        couplings = [np.zeros((samples, 0), np.int64)]
        sizes = [np.zeros(0, np.int64)]
        for p in sorted(problem.terms):
            members, J = (_integers(x, f"terms[{p}]") for x in problem.terms[p])
            self._check(p, members, J, n)
            flat.append(members.reshape(samples, -1).astype(np.int32))
            couplings.append(J.astype(np.int64))
            sizes.append(np.full(J.shape[1], p))
        length, J, members = np.concatenate(sizes), np.concatenate(couplings, 1), np.concatenate(flat, 1)
        starts, terms = np.zeros((samples, n + 1), np.int32), np.empty_like(members)
        for d in range(samples):
            term = np.repeat(np.arange(length.size), length)
            terms[d] = term[np.argsort(members[d], kind="stable")]
            starts[d, 1:] = np.cumsum(np.bincount(members[d], minlength=n))
            load = np.zeros(n, np.int64)
            np.add.at(load, members[d], np.abs(J[d])[term])
            _check_field(int(load.max(initial=0)))
        ends = np.concatenate([[0], np.cumsum(length)]).astype(np.int32)
        self.width = padded(n, 4)
        self.lists = tuple(self._put(x) for x in (starts, terms, ends, members, J.astype(np.int32)))
        self.order = [(p, J.shape[1]) for p, (_, J) in sorted(problem.terms.items())]

    def _check(self, p: int, members: np.ndarray, J: np.ndarray, n: int) -> None:
        expected = (self.shape[0], *J.shape[1:], p)
        if p < 1 or J.ndim != 2 or members.shape != expected or len(J) != self.shape[0]:
            raise ValueError(
                f"terms[{p}] have members {members.shape}, couplings {J.shape}: expected p >= 1, (D, M, p) and (D, M) "
                f"with D = {self.shape[0]}"
            )
        if members.size and (members.min() < 0 or members.max() >= n):
            raise ValueError(f"terms[{p}] name sites {members.min()} to {members.max()}: expected 0 to n - 1 = {n - 1}")
        ordered = np.sort(members, -1)
        if (ordered[..., 1:] == ordered[..., :-1]).any():
            raise ValueError(f"a term of terms[{p}] names a site twice: s_i s_i = 1, so leave the pair out")

    def _synchronise(self) -> tuple[Any, Any]:
        xp, (count, n) = namespace(self.spins), self.spins.shape
        members, J = self.lists[3:]
        a, E = xp.zeros((count, self.width), np.int32), xp.zeros(count, np.int64)
        for d in range(self.shape[0]):
            own, term, at = self._of_sample(d), 0, 0
            values = []
            for p, terms in self.order:
                sites = members[d, at : at + p * terms].reshape(terms, p)
                value = xp.broadcast_to(J[d, term : term + terms].astype(np.int64), (own.stop - own.start, terms))
                for k in range(p):
                    value = value * self.spins[own][:, sites[:, k]]
                E[own] -= value.sum(1)
                values.append(xp.repeat(value, p, 1))
                term, at = term + terms, at + p * terms
            for c, row in enumerate(xp.concatenate(values, 1) if values else ()):
                # |a_i| < 2^31, and sums of integers below 2^53 are exact in float64
                a[own.start + c, :n] = xp.bincount(members[d], weights=row, minlength=n).astype(np.int32)
        return a, E
