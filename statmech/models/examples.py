"""Where examples x_mu and their labels come from: drawn at random, or the user's own two-class data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from statmech.random import Stream, derive_key, normals, rows, uniform
from statmech.spaces import sphere
from statmech.spaces.sphere import Sphere

UNIT = 1 / 256
"""Real-valued inputs are whole multiples of this, so that every field is an exact integer."""

BLOCK = 1 << 18  # inputs drawn at a time
LARGE = 1 << 16  # signs from here on are drawn by compiled code: the same bits in a tenth of the time
Inputs = Literal["binary", "gaussian"]


def draw_inputs(kind: Inputs, key: int, count: int, n: int) -> np.ndarray:
    """Examples (count, n), independent sites of mean 0 and variance 1: int8 +-1, or int16 in units of 1/256.

    Example mu is a function of (key, mu, site) alone: loads are nested.  A Gaussian example with an even sum has its
    first input moved by 1/256: odd, the field w.x of no Ising weights is zero, where a label would have no sign.

    Example: ``draw_inputs("binary", key=1, count=3, n=5).shape == (3, 5)``
    """
    x = np.empty((count, n), np.int8 if kind == "binary" else np.int16)
    if kind == "binary" and x.size >= LARGE:
        from statmech.kernels.draw import fill_signs

        fill_signs(np.uint64(key), np.uint64(Stream.DISORDER), np.uint64(0), x)
        return x
    step = max(1, BLOCK // n)
    for i in range(0, count, step):
        lanes = range(i, min(i + step, count))
        if kind == "gaussian":
            x[i : i + step] = normals(key, Stream.DISORDER, lanes, n)
        else:
            x[i : i + step] = np.where(rows(key, Stream.DISORDER, lanes, n) < 0.5, 1, -1)
    if kind == "gaussian":
        x[:, 0] ^= (x.sum(1) % 2 == 0).astype(x.dtype)  # even numbers go up and odd ones down: the mean stays 0
    return x


def draw_weights(kind: Literal["ising", "spherical"], key: int, n: int) -> np.ndarray:
    """A teacher B (n,) float64 with |B|^2 = n: uniform on the hypercube or on the sphere."""
    if kind == "ising":
        return np.where(rows(key, Stream.TEACHER, [0], n)[0] < 0.5, 1.0, -1.0)
    # real numbers, not multiples of 1/256: those would have fields of zero, without a sign
    return Sphere().project(sphere.normals(key, Stream.TEACHER, 1, 0, n))


def draw_uniforms(key: int, count: int, relabelling: int) -> tuple[np.ndarray, np.ndarray]:
    """(u, z) of every example: u uniform decides redrawn labels, z normal is the noise before the sign; (count,).

    Functions of (key, relabelling, mu) alone: loads are nested, noise levels paired.
    """
    own = key if relabelling == 0 else derive_key(key, "relabelling", relabelling)
    u = rows(own, Stream.LABELS, range(count), 1)[:, 0]
    z = normals(derive_key(own, "before the sign"), Stream.LABELS, range(count), 1)[:, 0] * UNIT
    return u, z


@dataclass(frozen=True, eq=False)
class Data:
    """The user's own examples of two classes, for `Perceptron(inputs=Data(...))`.

    inputs:      (count, ...) numbers; more than two axes (images) are flattened
    labels:      (count,) of two values, the larger one is +1; None if a teacher labels them
    test_inputs, test_labels: held-out examples; without them every sample holds out a share `held_out` of its own
    classes:     the two label values to keep, (class -1, class +1), where there are more
    standardise: subtract the mean of every feature and divide all by one number, so that the mean square of an input
                 is 1; the training inputs decide.  Without it inputs are taken as they are

    Every disorder sample takes the examples in an order of its own (nested in the load), so that error bars over
    samples are errors over the choice of examples.  Inputs are rounded to multiples of 1/256.

    Raises ValueError for NaN, labels that are not two values, or arrays that do not fit each other.

    Example: ``Data(np.eye(8) - 0.5, np.arange(8) % 2).n == 8``
    """

    inputs: np.ndarray
    labels: np.ndarray | None = None
    test_inputs: np.ndarray | None = None
    test_labels: np.ndarray | None = None
    classes: tuple[int, int] | None = None
    held_out: float = 0.25
    standardise: bool = True

    def __post_init__(self) -> None:
        pair = self.classes is None or (isinstance(self.classes, list | tuple) and len(self.classes) == 2)
        if not pair or (self.classes is not None and self.classes[0] == self.classes[1]):
            raise ValueError(f"classes = {self.classes!r}: expected two different label values, (class -1, class +1)")
        if not 0 < self.held_out < 1:
            raise ValueError(f"held_out = {self.held_out}: expected a share of the examples, 0 < held_out < 1")
        if self.classes is not None and self.labels is None:
            raise ValueError("classes need labels: pass labels, one value per example")
        if (self.test_inputs is None) != (self.test_labels is None):
            raise ValueError("test_inputs and test_labels go together: pass both or neither")
        self._arrays  # noqa: B018  refuse bad data before anything runs

    @cached_property
    def _arrays(self) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None, np.ndarray | None]:
        """(x, t, x_test, t_test): inputs int16 in units of 1/256, labels int8 +-1."""
        x, t, classes = self._chosen("inputs", self.inputs, self.labels, self.classes)
        held, own = None, None
        if self.test_inputs is not None:
            held, own, theirs = self._chosen("test_inputs", self.test_inputs, self.test_labels, self.classes)
            if classes is not None and theirs != classes:
                raise ValueError(f"labels of test_inputs are {theirs}, labels of inputs {classes}: expected the same")
            if held.shape[1] != x.shape[1]:
                raise ValueError(f"test_inputs have {held.shape[1]} features, inputs have {x.shape[1]}")
        if self.standardise:
            with np.errstate(over="ignore", invalid="ignore"):
                mean = x.mean(0)
                size = np.sqrt(((x - mean) ** 2).mean())
            if not 0 < size < np.inf:
                how = "equal" if size == 0 else f"as large as {np.abs(x).max():.4g}"
                raise ValueError(f"the inputs are {how} and cannot be standardised: rescale them, or pass others")
            x, held = (x - mean) / size, None if held is None else (held - mean) / size
        return _units("inputs", x), t, None if held is None else _units("test_inputs", held), own

    def _chosen(self, name: str, inputs: np.ndarray, labels: np.ndarray | None, classes: tuple | None):
        """Flat inputs and labels +-1 of the two classes, and the two values."""
        x = np.asarray(inputs)
        if x.ndim < 2 or 0 in x.shape or x.dtype.kind not in "iufb":
            raise ValueError(f"{name} have shape {x.shape}, dtype {x.dtype}: expected numbers (count, features)")
        x = x.reshape(len(x), -1)
        t, keep = None, np.full(len(x), True)
        if labels is not None:
            t, keep, classes = self._two_classes(name, len(x), labels)
        x = x[keep].astype(float)
        if not np.isfinite(x).all():
            mu, i = np.argwhere(~np.isfinite(x))[0]
            bad, place = (~np.isfinite(x)).sum(), np.flatnonzero(keep)[mu]
            raise ValueError(f"{name}[{place}, {i}] is {x[mu, i]}: remove the {bad} NaN or infinite values")
        return x, t, classes

    def _two_classes(self, name: str, count: int, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, tuple]:
        """Labels +-1 of the examples of the two classes, which examples they are, and the two label values."""
        y = np.asarray(labels)
        if y.shape != (count,):
            raise ValueError(f"labels of {name} have shape {y.shape}: expected ({count},), one per example")
        if y.dtype.kind == "f" and np.isnan(y).any():
            raise ValueError(f"{int(np.isnan(y).sum())} labels of {name} are NaN: remove those examples")
        values = np.unique(y)
        if self.classes is None and len(values) != 2:
            raise ValueError(f"labels of {name} have {len(values)} values: expected two; choose classes=(3, 5)")
        low, high = self.classes or values.tolist()
        keep = (y == low) | (y == high)
        if not {low, high} <= set(values.tolist()):
            raise ValueError(f"{name} hold no example of class {low!r} or {high!r}: choose other classes")
        return np.where(y[keep] == high, 1, -1).astype(np.int8), keep, (low, high)

    @property
    def n(self) -> int:
        """Number of features."""
        return self._arrays[0].shape[1]

    @property
    def count(self) -> int:
        """Number of examples to train on."""
        x, held = self._arrays[0], self._arrays[2]
        return len(x) if held is not None else len(x) - max(1, round(self.held_out * len(x)))

    @property
    def largest(self) -> int:
        """Largest possible field of Ising weights, in units of 1/256."""
        return int(np.abs(self._arrays[0].astype(np.int32)).sum(1).max())

    def draw(self, key: int, count: int) -> tuple[np.ndarray, np.ndarray | None, np.ndarray, np.ndarray | None]:
        """(x, t, x_test, t_test) of the sample with this key: its first `count` examples and what it holds out."""
        x, t, held, own = self._arrays
        if count > self.count:
            raise ValueError(
                f"alpha * n asks for {count} examples, there are {self.count}: alpha <= {self.count / self.n:.4g}"
            )
        order = np.argsort(uniform(derive_key(key, "order"), Stream.DISORDER, 0, 0, np.arange(len(x))), kind="stable")
        chosen = order[:count]
        if held is None:
            rest = order[self.count :]
            held, own = x[rest], None if t is None else t[rest]
        return x[chosen], None if t is None else t[chosen], held, own


def _units(name: str, x: np.ndarray) -> np.ndarray:
    k = np.rint(x / UNIT)
    if np.abs(k).max() > np.iinfo(np.int16).max:
        how = "use standardise=True, rescale them or remove outliers"
        raise ValueError(f"{name} reach |x| = {np.abs(x).max():.4g}: expected below 128; {how}")
    return k.astype(np.int16)
