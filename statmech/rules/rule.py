"""What every learning rule is: a start, iterations that can be cut into pieces, and normalised weights."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
State = dict[str, NDArray]
"""Arrays only. Always: w (N,) weights as the rule leaves them, iterations () int64, done () bool, history
(iterations, 3) float64 with the columns of HISTORY; teacher (N,) if one was given; the rest belongs to the rule."""

HISTORY = ("R", "q", "eps_g")
"""After each iteration: R = w.B/N, q = |w|^2/N of the weights as they are, eps_g = arccos(R/sqrt q)/pi (|B|^2 = N);
R and eps_g are NaN without a teacher."""

_ROWS = 1 << 22  # entries of one block of examples in float64: 32 MiB


def blocks(xi: NDArray) -> range:
    """Starts of the blocks of examples that are worked on at a time."""
    return range(0, len(xi), max(_ROWS // xi.shape[1], 1))


def fields(xi: NDArray, w: Array) -> Array:
    """xi @ w / sqrt N in float64, whatever the dtype of xi, without a float64 copy of it."""
    if xi.dtype == np.float64:
        return xi @ w / np.sqrt(xi.shape[1])
    step = blocks(xi).step
    parts = [xi[i : i + step].astype(np.float64) @ w for i in blocks(xi)]
    return np.concatenate(parts) / np.sqrt(xi.shape[1])


def back(xi: NDArray, g: Array) -> Array:
    """xi.T @ g / sqrt N in float64, whatever the dtype of xi, without a float64 copy of it."""
    if xi.dtype == np.float64:
        return g @ xi / np.sqrt(xi.shape[1])
    step = blocks(xi).step
    out = np.zeros(xi.shape[1])
    for i in blocks(xi):
        out += g[i : i + step] @ xi[i : i + step].astype(np.float64)
    return out / np.sqrt(xi.shape[1])


def training_error(xi: NDArray, w: ArrayLike) -> float:
    """Fraction of examples with xi.w <= 0; xi (m, N) signed examples, w (N,).

    Example: ``training_error(np.eye(3), np.ones(3)) == 0.0``
    """
    return float(np.mean(fields(check_examples(xi), np.asarray(w, dtype=float)) <= 0))


def check_examples(xi: NDArray) -> NDArray:
    """xi, if it is a real (m, N) array of signed examples; ValueError or TypeError in one sentence otherwise."""
    xi = np.asarray(xi)
    if xi.dtype.kind not in "fiu" or xi.dtype.itemsize > 8:
        raise TypeError(f"xi has dtype {xi.dtype}, expected real numbers: label times example, t_mu x_mu")
    if xi.ndim != 2 or 0 in xi.shape:
        raise ValueError(f"xi has shape {xi.shape}, expected (m, N) with m >= 1 examples of N >= 1 inputs")
    return xi


def check_vector(name: str, value: ArrayLike, length: int, what: str) -> Array:
    """value as a finite float64 array (length,); ValueError in one sentence otherwise."""
    array = np.array(value, dtype=float)
    if array.shape != (length,):
        raise ValueError(f"{name} has shape {array.shape}, expected ({length},): {what}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds NaN or infinity: {what}")
    return array


def check_number(name: str, value: float, ok: bool, expected: str) -> None:
    """ValueError `name = value: expected ...` unless ok."""
    if not ok:
        raise ValueError(f"{name} = {value!r} is not valid, expected {expected}")


def check_iterations(iterations: int) -> int:
    """iterations as int >= 0."""
    if isinstance(iterations, bool) or not isinstance(iterations, int | np.integer) or iterations < 0:
        raise ValueError(f"iterations = {iterations!r} is not valid, expected an integer >= 0")
    return int(iterations)


class Rule(ABC):
    """A learning rule on signed examples xi (m, N) = t_mu x_mu with inputs of mean 0 and variance 1.

    xi may have any real dtype (int8 or float32 save memory); sums are in float64. `advance` leaves its argument
    untouched, and n + n' iterations at once or in pieces give the same bits on one machine.
    """

    targeted: ClassVar[bool] = False
    """Does `start` take real outputs as targets?"""

    def start(
        self, xi: NDArray, key: int = 0, teacher: ArrayLike | None = None, targets: ArrayLike | None = None
    ) -> State:
        """State before the first iteration.

        Args:
            xi: (m, N) real, signed examples (or plain examples, with targets). key: of the random numbers, for rules
                that use any. teacher: (N,) weights against which R and eps_g are recorded. targets: (m,) outputs
                wanted of xi.w/sqrt N, for the least-squares rules only; 1 if not given.

        Raises:
            ValueError, TypeError: an array of the wrong shape or kind, NaN.
        """
        xi = check_examples(xi)
        m, n = xi.shape
        if not all(np.isfinite(xi[i : i + blocks(xi).step]).all() for i in blocks(xi)):
            raise ValueError("xi holds NaN or infinity: every input must be a finite number")
        state: State = {
            "w": np.zeros(n),
            "iterations": np.zeros((), dtype=np.int64),
            "done": np.zeros((), dtype=np.bool_),
            "history": np.empty((0, len(HISTORY))),
            "key": np.array(key, dtype=np.uint64),
        }
        if teacher is not None:
            B = check_vector("teacher", teacher, n, "one weight per input")
            norm = np.linalg.norm(B)
            check_number("|teacher|", float(norm), bool(norm > 0), "a vector that is not zero")
            state["teacher"] = B * (np.sqrt(n) / norm)
        if self.targeted:
            wanted = np.ones(m) if targets is None else targets
            state["targets"] = check_vector("targets", wanted, m, "one output per example")
        elif targets is not None:
            raise ValueError(f"{type(self).__name__} takes no targets: give label times example as xi")
        self._prepare(xi, state)
        return state

    def advance(self, xi: NDArray, state: State, iterations: int) -> State:
        """The state after up to `iterations` more iterations (fewer if the rule finishes); `state` is not changed.

        Raises:
            ValueError: xi does not have the shape that the state was started with.
        """
        xi = check_examples(xi)
        iterations = check_iterations(iterations)
        self._check_fit(xi, state)
        state = {name: array.copy() for name, array in state.items()}
        record = []
        for _ in range(iterations):
            if state["done"]:
                break
            self._iterate(xi, state)
            state["iterations"] += 1
            record.append(observe(state["w"], state.get("teacher")))
        if record:
            state["history"] = np.concatenate([state["history"], np.array(record)])
        return state

    def weights(self, state: State) -> Array:
        """The student (N,) float64, |w|^2 = N.

        Raises:
            ValueError: no iteration has been made, so there is no student yet.
        """
        w = state["w"]
        norm = np.linalg.norm(w)
        if norm == 0:
            done = int(state["iterations"])
            raise ValueError(f"the weights are zero after {done} iterations: advance the rule first")
        return w * (np.sqrt(len(w)) / norm)

    def students_of(self, state: State) -> Array:
        """The students (K, N) whose observables are averaged: one, unless the rule runs from several starts."""
        return self.weights(state)[None]

    def measure(self, xi: NDArray, state: State) -> dict[str, float]:
        """What the rule itself has to say beside the observables of its students: q = |w|^2/N as it leaves w."""
        return {"q": float(state["w"] @ state["w"]) / len(state["w"])}

    def finished(self, state: State) -> bool:
        """Has the rule stopped by itself? `advance` does nothing then."""
        return bool(state["done"])

    def run(self, xi: NDArray, **start: ArrayLike) -> State:
        """The state where the rule stops: `start`, then `advance` to the end. Keywords as in `start`.

        Example: ``Hebb().run(np.eye(3))["iterations"] == 1``
        """
        state = self.start(xi, **start)  # type: ignore[arg-type]
        while not self.finished(state):
            state = self.advance(xi, state, 100)
        return state

    def _prepare(self, xi: NDArray, state: State) -> None:  # noqa: B027
        """Adds the arrays of the rule."""

    @abstractmethod
    def _iterate(self, xi: NDArray, state: State) -> None:
        """One iteration in place: sets state["w"] and, at the end, state["done"]."""

    def _check_fit(self, xi: NDArray, state: State) -> None:
        n = len(state["w"])
        if xi.shape[1] != n:
            raise ValueError(f"xi has {xi.shape[1]} inputs, the state was started with {n}: pass the same examples")
        for name in ("targets", "x", "g", "residual"):
            if name in state and len(state[name]) != len(xi):
                raise ValueError(
                    f"xi has {len(xi)} examples, the state was started with {len(state[name])}: pass the same examples"
                )


def observe(w: Array, teacher: Array | None) -> tuple[float, float, float]:
    """R = w.B/N, q = |w|^2/N and arccos(R/sqrt q)/pi; NaN where there is no teacher."""
    n = len(w)
    q = float(w @ w) / n
    if teacher is None:
        return np.nan, q, np.nan
    R = float(w @ teacher) / n
    cosine = R / np.sqrt(q) if q > 0 else 0.0
    return R, q, float(np.arccos(min(max(cosine, -1.0), 1.0)) / np.pi)
