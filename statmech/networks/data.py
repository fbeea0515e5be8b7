"""Data sets to train on: digits, MNIST, CIFAR-10, and a random teacher network; controls that destroy structure."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from statmech.networks.architectures import MLP
from statmech.networks.files import content_hash, read_cifar, read_mnist
from statmech.networks.initial import GRID, initial_parameters
from statmech.random import Stream, derive_key, normals, rows, uniform

Split = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Arrays:
    """Inputs (count, channels, ...) or (count, n) float32 with labels (count,) int64, to train on and to test."""

    x: np.ndarray
    labels: np.ndarray
    test_x: np.ndarray
    test_labels: np.ndarray
    content: str

    @property
    def classes(self) -> int:
        return int(max(self.labels.max(), self.test_labels.max())) + 1


class DataSet:
    """What data sets of images share; a subclass is a frozen dataclass and reads its pictures in `read`.

    Inputs are standardised per channel: the mean of all training pixels of a channel is subtracted, and divided out is
    their standard deviation (the numbers of the training set serve the test set, too).
    """

    neutral: ClassVar[tuple[str, ...]] = ("path",)  # what is in the files counts, not where they lie
    pixel_shuffle: bool = False
    gaussian: bool = False
    crop: int | None = None

    def read(self) -> tuple[Split, Split]:
        """((pictures (count, side, side[, channels]), labels), the same to test)."""
        raise NotImplementedError

    @property
    def arrays(self) -> Arrays:
        """The data, prepared; kept in memory for the two data sets that were used last."""
        return _prepared(self)

    def identity(self) -> dict[str, object]:
        """What decides the numbers: a hash of the prepared arrays."""
        return {"class": type(self).__name__, "content": self.arrays.content}


@dataclass(frozen=True)
class Digits(DataSet):
    """The 8 x 8 digits of scikit-learn (UCI Optical Recognition of Handwritten Digits): 1347 to train on, 450 to test.

    pixel_shuffle: one fixed permutation of the pixels of all pictures: no neighbourhoods are left
    gaussian:      every picture becomes a Gaussian vector with the mean and covariance of its class in the training
                   set: no structure beyond second moments is left
    crop:          side of the middle of the picture that is kept; None keeps all

    Raises ImportError without scikit-learn.

    Example: ``Digits().pixel_shuffle is False``
    """

    pixel_shuffle: bool = False
    gaussian: bool = False
    crop: int | None = None

    def read(self) -> tuple[Split, Split]:
        try:
            from sklearn.datasets import load_digits
        except ImportError as error:
            raise ImportError("Digits() comes with scikit-learn: pip install 'statmech[dnn]'") from error
        pictures, labels = load_digits(return_X_y=True)
        pictures, labels = pictures.reshape(-1, 8, 8), labels.astype(np.int64)
        order = np.argsort(uniform(derive_key("digits"), Stream.DISORDER, 0, 0, np.arange(len(labels))), kind="stable")
        train, test = order[:1347], order[1347:]
        return (pictures[train], labels[train]), (pictures[test], labels[test])


@dataclass(frozen=True)
class Mnist(DataSet):
    """MNIST from a .npz with x_train, y_train, x_test, y_test, or from a folder with the idx files (plain or .gz).

    Options as for Digits.  Raises ValueError for a file that is missing, damaged or of another kind.

    Example: ``Mnist("mnist.npz", gaussian=True).path == "mnist.npz"``
    """

    path: str
    pixel_shuffle: bool = False
    gaussian: bool = False
    crop: int | None = None

    def read(self) -> tuple[Split, Split]:
        return read_mnist(Path(self.path))


@dataclass(frozen=True)
class Cifar10(DataSet):
    """CIFAR-10 from its binary version, or from images train/CLASS/*, test/CLASS/* in a folder or .zip.

    Options as for Digits; crop=28 gives the 28 x 28 pictures of MiniAlexNet.  Raises ValueError for files that are
    missing, damaged or of another kind, ImportError if images need Pillow.

    Example: ``Cifar10("cifar10.zip", crop=28).crop == 28``
    """

    path: str
    pixel_shuffle: bool = False
    gaussian: bool = False
    crop: int | None = None

    def read(self) -> tuple[Split, Split]:
        return read_cifar(Path(self.path))


@dataclass(frozen=True)
class Teacher:
    """Gaussian inputs, variance 1, labelled by a random network: the class of its largest output.

    network: the teacher; biases are zero, weights drawn like those of a student
    count, test: examples to train on and to test
    seed:    another teacher with other inputs

    Example: ``Teacher(MLP((8, 4, 2)), count=10, test=5).arrays.x.shape == (10, 8)``
    """

    network: MLP = MLP((784, 32, 10))
    count: int = 20000
    test: int = 5000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.network.batch_norm or self.network.dropout or self.network.output_scale is not None:
            raise ValueError(f"network = {self.network}: expected a teacher with widths and an activation alone")
        if self.count < 1 or self.test < 1:
            raise ValueError(f"count = {self.count}, test = {self.test}: expected integers >= 1")

    @property
    def arrays(self) -> Arrays:
        """The examples with the teacher's labels."""
        return _taught(self)

    def identity(self) -> dict[str, object]:
        return {"class": "Teacher", "content": self.arrays.content}


AnyData = Digits | Mnist | Cifar10 | Teacher


@functools.lru_cache(maxsize=2)
def _taught(data: Teacher) -> Arrays:
    key = derive_key("teacher", data.seed)
    total, n = data.count + data.test, data.network.widths[0]
    x = (normals(key, Stream.DISORDER, range(total), n, GRID) / GRID).astype(np.float32)
    weights = initial_parameters(data.network, derive_key(key, "weights"))
    phi: dict[str, Any] = {"relu": lambda z: np.maximum(z, 0), "tanh": np.tanh, "linear": lambda z: z, "selu": _selu}
    h = x.astype(float)
    for l in range(1, data.network.depth + 1):
        h = h @ weights[f"fc{l}.weight"].T.astype(float)
        h = phi[data.network.activation](h) if l < data.network.depth else h
    labels, m = h.argmax(1), data.count
    return Arrays(x[:m], labels[:m], x[m:], labels[m:], content_hash(x, labels))


def _selu(z: np.ndarray) -> np.ndarray:
    from statmech.networks.mlp import SELU_ALPHA, SELU_SCALE

    return SELU_SCALE * np.where(z > 0, z, SELU_ALPHA * np.expm1(np.minimum(z, 0)))


@functools.lru_cache(maxsize=2)
def _prepared(data: DataSet) -> Arrays:
    (x, labels), (test_x, test_labels) = data.read()
    for name, pictures, own in (("training", x, labels), ("test", test_x, test_labels)):
        if pictures.ndim not in (3, 4) or pictures.shape[1] != pictures.shape[2] or own.shape != pictures.shape[:1]:
            raise ValueError(f"{data}: {name} pictures {pictures.shape}, labels {own.shape}: expected (count, side, "
                             "side) or (count, side, side, channels), and one label each")  # fmt: skip
        if not len(own) or own.min() < 0:
            raise ValueError(f"{data}: {name} labels are missing or negative: expected classes 0, 1, ...")
    x, test_x = _channels_first(data, x), _channels_first(data, test_x)
    axes = (0, 2, 3)
    mean, spread = x.mean(axes, keepdims=True, dtype=float), x.std(axes, keepdims=True, dtype=float)
    if not (spread > 0).all():
        raise ValueError(f"{data}: all pixels of a channel are equal, there is nothing to learn")
    x, test_x = (((a - mean) / spread).astype(np.float32) for a in (x, test_x))
    if data.gaussian:
        x, test_x = _gaussian(x, labels, test_x, test_labels)
    if data.pixel_shuffle:
        pixels = x.shape[2] * x.shape[3]
        order = np.argsort(uniform(derive_key("pixels"), Stream.DISORDER, 0, 0, np.arange(pixels)), kind="stable")
        x, test_x = (a.reshape(*a.shape[:2], pixels)[:, :, order].reshape(a.shape) for a in (x, test_x))
    return Arrays(x, labels, test_x, test_labels, content_hash(x, labels, test_x, test_labels))


def _channels_first(data: DataSet, x: np.ndarray) -> np.ndarray:
    """(count, channels, side, side), the middle of each picture."""
    x = x[:, None] if x.ndim == 3 else x.transpose(0, 3, 1, 2)
    side = x.shape[2]
    if data.crop is None:
        return x
    if not 1 <= data.crop <= side:
        raise ValueError(f"crop = {data.crop}: expected 1 to {side}, the side of the pictures")
    first = (side - data.crop) // 2
    return x[:, :, first : first + data.crop, first : first + data.crop]


def _gaussian(x: np.ndarray, labels: np.ndarray, test_x: np.ndarray, test_labels: np.ndarray) -> tuple:
    """Gaussian vectors with mean and covariance of each class of the training set, in place of all pictures."""
    out = np.empty_like(x), np.empty_like(test_x)
    for k in np.unique(labels):
        members = x[labels == k].reshape(-1, x[0].size).astype(float)
        centre = members.mean(0)
        values, vectors = np.linalg.eigh(np.cov(members.T, bias=True))
        root = vectors * np.sqrt(values.clip(min=0))
        for part, (own, target) in enumerate(((labels, out[0]), (test_labels, out[1]))):
            lanes = np.flatnonzero(own == k)
            z = normals(derive_key("gaussian pictures", part), Stream.DISORDER, lanes, len(centre), GRID) / GRID
            target[lanes] = (centre + z @ root.T).astype(np.float32).reshape(-1, *x.shape[1:])
    return out


def chosen(data: AnyData, key: int, m: int) -> np.ndarray:
    """Which m training examples the sample with this key learns, in its own order: nested in m.

    Example: ``chosen(data, key=1, m=100)[:50]`` is ``chosen(data, key=1, m=50)``
    """
    count = len(data.arrays.labels)
    order = np.argsort(uniform(derive_key(key, "order"), Stream.DISORDER, 0, 0, np.arange(count)), kind="stable")
    return order[:m]


def redrawn(key: int, m: int, r: float, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """(which of m labels are redrawn, all m replacements): label mu is redrawn iff u_mu < r, uniformly among all
    classes.  Functions of (key, mu) alone: nested in r and in m.

    Example: ``redrawn(1, 100, 0.0, 10)[0].any() == False``
    """
    u, v = rows(derive_key(key, "redrawn"), Stream.LABELS, range(m), 2).T
    return u < r, np.minimum((v * classes).astype(np.int64), classes - 1)
