"""The specification: what a model is by definition, in plain array code, slow and obvious.

A new model states its disorder and its energy; everything else has a default here.  Kernels and overrides are
accelerations, and the contract tests compare each of them with these defaults.
"""

from __future__ import annotations

import abc
import dataclasses
import hashlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from statmech.core import Criterion, Disorder, Order, Space, State
from statmech.problems import CustomProblem, Problem
from statmech.random import Stream, canonical, derive_key, exponential, logistic, words

Derived = tuple[tuple[str, ...], Callable[..., np.ndarray]]
"""Observables and a function of their means."""


class Model(abc.ABC):
    """Hamiltonian + quenched disorder + observables: a frozen dataclass whose fields are its parameters.

    A subclass gives `n`, `space`, `disorder` and `energy`, and may override the rest.

    Example::

        @dataclass(frozen=True)
        class Ferromagnet(statmech.Model):              # H = -(1/2N) (sum_i s_i)^2
            n: int = 64
            space = statmech.Ising()
            def disorder(self, keys): return {"none": np.zeros((len(keys), 1))}
            def energy(self, disorder, s): return -0.5 * s.sum(-1, dtype=float) ** 2 / self.n
    """

    n: int
    space: ClassVar[Space]
    ensemble: ClassVar[tuple[str, ...]] = ("n",)
    """Fields that the disorder depends on.  Leaving alpha or T out makes loads nested and temperatures paired."""

    offers: ClassVar[frozenset[str]] = frozenset({"spin flips"})
    """What a sampler may ask of the problem; see Sampler.needs."""

    neutral: ClassVar[tuple[str, ...]] = ()
    """Fields that change how the numbers are computed, not the numbers: they enter no key and no identity."""

    theory: ClassVar[str] = ""
    """Its theory in statmech.theory, "module.Class", if that is not "name.NameTheory"."""

    @abc.abstractmethod
    def disorder(self, keys: list[int]) -> Disorder:
        """Quenched variables of the samples with these keys, arrays with axis D first."""

    @abc.abstractmethod
    def energy(self, disorder: Disorder, s: np.ndarray) -> np.ndarray:
        """H of configurations s (D, T, K, N), shape (D, T, K), in units of k_B = 1."""

    @property
    def quantum(self) -> float | None:
        """If not None, every energy difference is an integer multiple of this."""
        return None

    def problem(self, disorder: Disorder) -> Problem:
        """The family of the Hamiltonian, with its arrays.  Default: the energy alone, run on the specification."""
        return CustomProblem(lambda s: self.energy(disorder, s), self.quantum)

    verdict: ClassVar[tuple[str, ...]] = ("e", "q2")
    """Observables that the symmetries of H leave alone: the ones that judge equilibration."""

    starts: ClassVar[tuple[str, ...]] = ("random",)
    """Names of the classes of starts that `start` understands."""

    def start(self, name: str, disorder: Disorder, keys: np.ndarray, lanes: np.ndarray) -> np.ndarray:
        """Configurations (D, T, K, N) of a class of starts, for keys and lanes broadcasting to (D, T, K)."""
        if name != "random":
            raise ValueError(f"start {name!r}: {type(self).__name__} knows {', '.join(self.starts)}")
        return self.space.random(keys, lanes, self.n)

    def observe(self, disorder: Disorder, s: np.ndarray) -> dict[str, np.ndarray]:
        """Observables per chain, (D, T, K), beside the energy and the replica overlap, which every model has."""
        return {}

    def targets(self, disorder: Disorder) -> np.ndarray | None:
        """Configurations v (D, X, N) of +-1 whose products v.s say all that `observe` asks of Ising spins s, or None.
        An acceleration: products of bits are counts."""
        return None

    def observe_overlaps(self, M: np.ndarray) -> dict[str, np.ndarray]:
        """What `observe` gives, in its order, from the products M (D, T, K, X) int64 with the targets."""
        return {}

    derived: ClassVar[Mapping[str, Derived]] = {}
    """Non-linear quantities, name -> (observables, function of their means); averaged over disorder by jackknife."""

    exact_identity: ClassVar[Derived | None] = None
    """(observables, f): f(T, *their means) vanishes in equilibrium, exactly at every size, on the mean over samples;
    NaN at temperatures where nothing is known.  Tested for every sweep, see docs/verdict.md."""

    distributions: ClassVar[Mapping[str, tuple[float, float]]] = {}
    """Histograms kept beside P(q), name -> range; `distribution` gives their values."""

    def distribution(self, disorder: Disorder, s: np.ndarray) -> dict[str, np.ndarray]:
        """Values (D, T, K, X) per chain whose histograms are kept, for every name in `distributions`."""
        return {}

    def parameters(self) -> dict[str, Any]:
        """Fields that differ from their default: what keys and identities are made of."""
        out = {}
        for f in dataclasses.fields(self):  # type: ignore[arg-type]
            value = getattr(self, f.name)
            if f.name not in self.neutral and (f.default is dataclasses.MISSING or not _same(value, f.default)):
                out[f.name] = identity(value)
        return out

    def disorder_keys(self, indices: tuple[int, ...], seed: int) -> list[int]:
        """One key per disorder sample: hash of (model, ensemble fields, index, seed)."""
        fields = {k: v for k, v in self.parameters().items() if k in self.ensemble}
        return [derive_key("disorder", type(self).__name__, fields, index, seed) for index in indices]


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return np.array_equal(a, b)
    if isinstance(a, float | np.floating) and isinstance(b, float | np.floating):
        return canonical(a) == canonical(b)  # at the 12 digits of a key: 0.1 from a grid is the default 0.1
    a, b = (x.item() if isinstance(x, np.generic) else x for x in (a, b))
    return type(a) is type(b) and a == b


def identity(value: Any, leave_out: tuple[str, ...] = (), source: bool = False) -> Any:
    """A dataclass as (class name, fields that differ from their default, none that is neutral); functions by name.

    source=True adds a hash of the text of the user's own classes and functions, so that results of an edited model
    or observable are not taken for those of the old one.  Keys of random numbers leave it out.

    Example: ``identity(Hopfield(n=64)) == {"class": "Hopfield", "n": 64}``
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        skip = (*leave_out, *getattr(type(value), "neutral", ()))
        fields = {}
        for f in dataclasses.fields(value):
            x = getattr(value, f.name)
            if f.name not in skip and (f.default is dataclasses.MISSING or not _same(x, f.default)):
                fields[f.name] = identity(x, source=source)
        return {"class": type(value).__name__, **_source(type(value), source), **fields}
    if callable(value):
        return {"function": getattr(value, "__name__", type(value).__name__), **_source(value, source)}
    if isinstance(value, list | tuple):
        return [identity(v, source=source) for v in value]
    if isinstance(value, Mapping):
        return {str(k): identity(v, source=source) for k, v in value.items()}
    return value


def _source(thing: Any, wanted: bool) -> dict[str, str]:
    """Hash of the text of a class or function from outside the package; nothing where there is no text."""
    if not wanted or str(getattr(thing, "__module__", "")).partition(".")[0] == "statmech":
        return {}
    try:
        text = inspect.getsource(thing)
    except (OSError, TypeError):  # typed at a prompt, or a callable object
        return {}
    return {"source": hashlib.blake2b(text.encode(), digest_size=6).hexdigest()}


class SpecWalkers:
    """Single-spin dynamics by definition: compute H before and after every proposed flip (core.Walkers)."""

    def __init__(self, problem: CustomProblem, s: np.ndarray):
        self.problem = problem
        self._s = np.array(s)

    @property
    def s(self) -> np.ndarray:
        return self._s

    @property
    def energy(self) -> np.ndarray:
        return np.asarray(self.problem.energy(self._s), dtype=float)

    def select(self, parent: np.ndarray) -> None:
        self._s = np.take_along_axis(self._s, parent[..., None], 2)

    def state(self) -> State:
        return {"s": self._s.copy()}

    def sweep(
        self, T: np.ndarray, keys: np.ndarray, lanes: np.ndarray, start: int, sweeps: int,
        criterion: Criterion, order: Order,
    ) -> np.ndarray:  # fmt: skip
        """See core.Walkers."""
        shape, n = self._s.shape[:3], self._s.shape[3]
        keys, lanes = np.broadcast_to(keys, shape), np.broadcast_to(lanes, shape)
        scale = self.problem.scale or 1.0
        theta = np.broadcast_to(T, shape) / scale
        accepted = np.zeros(shape, np.int64)
        draw = np.arange(n)
        for sweep in range(start, start + sweeps):
            word = words(keys[..., None], Stream.ACCEPT, sweep, lanes[..., None], draw)
            xi = logistic(word) if criterion == "heatbath" else exponential(word)
            if order == "random":
                word = words(keys[..., None], Stream.SITES, sweep, lanes[..., None], draw)
                sites = (word * np.uint64(n)) >> np.uint64(32)
            else:
                sites = np.broadcast_to(draw, (*shape, n))
            for k in range(n):
                site = sites[..., k : k + 1].astype(np.intp)
                accepted += self._propose(site, xi[..., k], theta, scale)
        return accepted

    def _propose(self, site: np.ndarray, xi: np.ndarray, theta: np.ndarray, scale: float) -> np.ndarray:
        """Flip one site (D, T, K, 1) of every chain iff dE < T xi; returns which chains did."""
        flipped = self._s.copy()
        np.put_along_axis(flipped, site, -np.take_along_axis(flipped, site, -1), -1)
        difference = self.problem.energy(flipped) / scale - self.problem.energy(self._s) / scale
        if self.problem.scale is not None:
            difference = np.rint(difference)
        with np.errstate(invalid="ignore"):  # inf * 0 at infinite temperature
            accept = difference < theta * xi
        self._s = np.where(accept[..., None], flipped, self._s)
        return accept
