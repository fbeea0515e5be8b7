"""Parallel tempering: copies at neighbouring temperatures exchange their temperatures."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike

from statmech.backend import namespace
from statmech.core import Invariant, State, Walkers
from statmech.random import Stream, exponential
from statmech.samplers.kernel import Kernel
from statmech.samplers.ladder import SHARES
from statmech.samplers.single import Metropolis

HOT, COLD = 1, -1
OWN = frozenset({"rung", "visited", "acc_attempts", "acc_swaps", "acc_trips", "acc_from_cold", "acc_from_hot",
                 "ladder", "asked"})  # fmt: skip
"""Arrays of tempering itself; the others are those of its inner kernel."""


@dataclass(frozen=True)
class Tempering:
    """Replica exchange on the ladder T_1 < ... < T_R (Hukushima & Nemoto, J. Phys. Soc. Jpn. 65, 1604 (1996)).

    After every `every` sweeps of `inner`, neighbouring rungs exchange with probability
    min(1, exp[(1/T_a - 1/T_b)(E_a - E_b)]), even pairs and odd pairs in turn (the deterministic, non-reversible
    scheme of Okabe et al., CPL 335, 435 (2001), and Syed et al., JRSS B 84, 321 (2022)).  E is the total energy,
    not per spin.  Walkers stay in their place and temperatures move.  The K real replicas are K independent
    ladders.

    inner:      kernel that moves the walkers between exchanges
    every:      sweeps between exchanges
    rungs:      "given": the temperatures asked for are the ladder.  "tuned": further rungs are put between them, where
                and as many as make the most round trips per sweep, from the exchange rates of trial runs; a number:
                so many rungs in all.  Only the temperatures asked for are reported (see samplers.ladder, tasks.pilot)
    T_hot:      hottest rung of such a ladder (inf allowed), if not the hottest temperature asked for
    tuning:     sweeps of the trial runs, which are no part of the run; >= 64 every

    Example: ``Tempering(Metropolis(), every=2, rungs="tuned", T_hot=2.0).anchors([0.5]).tolist() == [0.5, 2.0]``
    """

    inner: Kernel = Metropolis()
    every: int = 1
    rungs: Literal["given", "tuned"] | int = "given"
    T_hot: float | None = None
    tuning: int = 1024
    invariant: ClassVar[Invariant] = "joint"
    couples_rungs: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not isinstance(self.inner, Kernel):
            kernels = "Metropolis() or HeatBath() for spins, GreatCircles() on a sphere"
            raise TypeError(f"inner = {self.inner!r}: expected a kernel such as {kernels}")
        if isinstance(self.every, bool) or not isinstance(self.every, int | np.integer) or self.every < 1:
            raise ValueError(f"every = {self.every!r}: expected an integer number of sweeps >= 1 between exchanges")
        if self.rungs not in ("given", "tuned") and not (_whole(self.rungs) and self.rungs >= 2):  # type: ignore
            raise ValueError(f"rungs = {self.rungs!r}: expected 'given', 'tuned' or a number of rungs >= 2")
        if self.T_hot is not None:
            object.__setattr__(self, "T_hot", float(self.T_hot))  # 3 and 3.0 are one temperature, hence one key
            if not self.T_hot > 0:
                raise ValueError(f"T_hot = {self.T_hot}: expected a temperature > 0 (inf allowed)")
        least = 2 * max(SHARES) * 2 * self.every  # so that every pair is tried in half of the shortest round
        if not _whole(self.tuning) or self.tuning < least:
            raise ValueError(f"tuning = {self.tuning!r}: expected an integer number of sweeps >= 64 every = {least}")
        if self.rungs == "given" and (self.T_hot is not None or self.tuning != type(self).tuning):
            raise ValueError("T_hot and tuning belong to a tuned ladder: add rungs='tuned' or a number of rungs")

    @property
    def needs(self) -> frozenset[str]:  # type: ignore[override]
        """What the inner kernel needs."""
        return self.inner.needs

    @property
    def transient(self) -> int:
        """Sweeps that the inner kernel tunes itself."""
        return self.inner.transient

    def proposals(self, n: int) -> int:
        """Proposed moves per sweep of the inner kernel."""
        return self.inner.proposals(n)

    def anchors(self, T: ArrayLike) -> np.ndarray:
        """Temperatures that must be rungs: those asked for, and T_hot.  Raises ValueError if they are no ladder."""
        T = np.asarray(T, float)
        if self.T_hot is not None:
            if self.T_hot < T[-1]:
                raise ValueError(f"T_hot = {self.T_hot} is below T = {T[-1]}: raise T_hot")
            T = np.union1d(T, self.T_hot)
        if T.size < 2:
            raise ValueError(f"tempering needs a ladder of at least 2 temperatures, got T = {T.tolist()}")
        if T[0] <= 0:
            raise ValueError(f"tempering needs T > 0 on every rung, got T = {T[0]}: leave it out or use Annealing")
        if not isinstance(self.rungs, str) and self.rungs < T.size:
            raise ValueError(f"rungs = {self.rungs}, but {T.size} temperatures must be rungs: expected >= {T.size}")
        return T

    def begin(self, shape: tuple[int, int, int], T: np.ndarray) -> State:
        """Rung of every walker, its last visited end of the ladder, and counters.  shape = (D, R, K)."""
        D, R, K = shape
        self.anchors(T)
        rung = np.array(np.broadcast_to(np.arange(R)[None, :, None], shape), np.int32, order="C")
        state = {
            **self.inner.begin(shape, T),
            "rung": rung,
            "visited": np.where(rung == 0, COLD, np.where(rung == R - 1, HOT, 0)).astype(np.int8),
            "acc_attempts": np.zeros((D, R - 1, K), np.int64),
            "acc_swaps": np.zeros((D, R - 1, K), np.int64),
            "acc_trips": np.zeros((D, K), np.int64),
            "acc_from_cold": np.zeros(shape, np.int64),
            "acc_from_hot": np.zeros(shape, np.int64),
        }
        return state

    def run(
        self, walkers: Walkers, state: State, T: np.ndarray, keys: np.ndarray, lanes: np.ndarray, start: int, n: int
    ) -> None:
        """n sweeps numbered from `start`; exchanges happen after sweeps every, 2 every, ..."""
        ladder, rung = np.array(T, float).reshape(-1), state["rung"]
        names = [name for name in state if name not in OWN]
        for first, stop in self.pieces(start, n):
            # the inner kernel's arrays (counters, tuned steps) belong to the rungs, its chains are the walkers
            at, walker = _compiled().places(rung)
            inner = {name: state[name].take(at) for name in names}
            self.inner.run(walkers, inner, ladder.take(rung), keys, lanes, first, stop - first)
            for name in names:
                state[name] = inner[name].take(walker)
            if stop % self.every == 0:
                self.exchange(state, walkers.energy, ladder, keys, stop // self.every)
                self._follow(state)

    def pieces(self, start: int, n: int) -> Iterator[tuple[int, int]]:
        """The sweeps start .. start + n - 1 in pieces (first, end), which end where temperatures are exchanged.

        Example: ``list(Tempering(every=4).pieces(2, 8)) == [(2, 4), (4, 8), (8, 10)]``
        """
        end = start + n
        while start < end:
            stop = min(end, (start // self.every + 1) * self.every)
            yield start, stop
            start = stop

    def exchange(self, state: State, energy: np.ndarray, ladder: np.ndarray, keys: np.ndarray, turn: int) -> None:
        """One round of exchanges between rungs (t, t+1), t = turn mod 2, +2, ...; energy (D, R, K) by walker."""
        D, R, K = energy.shape
        lower, lane = pairs(turn % 2, R, K)
        word = words(keys if keys.shape == (D, 1, 1) else np.broadcast_to(keys, (D, 1, 1)), Stream.SWAP, turn, lane,
                     lower)  # fmt: skip
        if by_its_rule(self):  # in one go; another rule runs as it is written
            word, energy = np.ascontiguousarray(word), np.ascontiguousarray(energy)
            counters = state["acc_attempts"], state["acc_swaps"]
            _compiled().exchange(word, turn % 2, ladder, energy, state["rung"], *counters)
        else:
            self._exchange_by_rule(word, lower.reshape(-1), state, energy, ladder)

    def _exchange_by_rule(
        self, word: np.ndarray, lower: np.ndarray, state: State, energy: np.ndarray, ladder: np.ndarray
    ) -> None:
        """The specification of kernels.exchange, for any `accept`."""
        rung = state["rung"]
        place = _walkers(rung)
        a, b = place[:, lower], place[:, lower + 1]
        E = energy.reshape(-1)
        swap = self.accept(exponential(word), 1 / ladder[lower], 1 / ladder[lower + 1], E[a], E[b])
        low = lower[None, :, None]
        np.put(rung, a, low + swap)
        np.put(rung, b, low + 1 - swap)
        state["acc_attempts"][:, lower] += 1
        state["acc_swaps"][:, lower] += swap

    @staticmethod
    def accept(xi: np.ndarray, beta_a: np.ndarray, beta_b: np.ndarray, E_a: np.ndarray, E_b: np.ndarray) -> np.ndarray:
        """Exchange iff -(beta_a - beta_b)(E_a - E_b) < xi, xi exponential; betas along axis 1."""
        gap = (np.asarray(beta_a) - np.asarray(beta_b)).reshape(1, -1, 1)
        return -(gap * (E_a - E_b)) < xi

    def _follow(self, state: State) -> None:
        """Diffusion along the ladder: who came last from which end, and completed hot -> cold journeys."""
        _compiled().follow(
            state["rung"], state["visited"], state["acc_trips"], state["acc_from_cold"],
            state["acc_from_hot"],
        )  # fmt: skip

    def by_rung(self, state: State, values: np.ndarray) -> np.ndarray:
        """Values by walker (D, R, K, ...) to values by rung, of the same shape."""
        return _take(_walkers(state["rung"]), values)

    def arrange(self, state: State, values: np.ndarray) -> np.ndarray:
        """Values by walker (D, R, K, ...) to values by temperature asked for (D, T, K, ...)."""
        walker = _walkers(state["rung"])
        return _take(walker[:, state["asked"]] if "asked" in state else walker, values)


def words(keys: np.ndarray, stream: int, turn: int, lane: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """random.words for keys (D, 1, 1), the replicas as lanes (1, 1, K) and rungs (1, pairs, 1) as draws, compiled."""
    assert stream == Stream.SWAP
    own = np.array(keys, np.uint64).reshape(-1)
    return _compiled().swap_words(own, np.uint64(turn), lane.size, lower.reshape(-1))


_RULE, _WORDS = Tempering.accept, words


def by_its_rule(sampler: Tempering) -> bool:
    """Is the rule of exchange the one that kernels.exchange has compiled?"""
    return type(sampler).accept is _RULE


def by_its_words() -> bool:
    """Are the random words of exchange those that kernels.exchange has compiled?"""
    return words is _WORDS


@functools.cache
def _compiled() -> Any:
    """kernels.exchange, which loads the compiler, once it is needed: asked for at every sweep."""
    from statmech.kernels import exchange

    return exchange


@functools.cache
def pairs(first: int, R: int, K: int) -> tuple[np.ndarray, np.ndarray]:
    """Lower rungs (1, pairs, 1) of the pairs that may exchange, and lanes (1, 1, K)."""
    return np.arange(first, R - 1, 2)[None, :, None], np.arange(K)[None, None, :]


def _walkers(rung: np.ndarray) -> np.ndarray:
    """Where in a flattened (D, R, K) the walker at every rung is, from the rung of every walker."""
    return _compiled().places(rung)[1]


def _take(places: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values at places in a flattened (D, R, K), whole configurations at a time."""
    if values.ndim == 3 and isinstance(values, np.ndarray):
        return values.take(places)
    return values.reshape(-1, *values.shape[3:])[namespace(values).asarray(places)]


def _whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
