"""Pictures and labels from files: MNIST as idx or npz, CIFAR-10 binaries, folders and archives of images.

Files are data: nothing in them is ever executed.  What is damaged or of another kind gives a ValueError with its path.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import math
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

Split = tuple[np.ndarray, np.ndarray]
LARGEST = 1 << 33
"""Bytes of pictures that are taken, 8 GiB."""


def read_mnist(path: Path) -> tuple[Split, Split]:
    """((train images (count, 28, 28) uint8, labels), (test images, labels)) from a .npz with x_train, y_train, x_test,
    y_test, or a folder with the four idx files, plain or .gz.

    Raises ValueError for missing or damaged files.

    Example: ``read_mnist(Path("mnist.npz"))``
    """
    if path.is_dir():
        return tuple(  # type: ignore[return-value]
            (_idx(path, f"{part}-images*idx3-ubyte*", 3), _idx(path, f"{part}-labels*idx1-ubyte*", 1).astype(np.int64))
            for part in ("train", "t10k")
        )
    names = ("x_train", "y_train", "x_test", "y_test")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: np.asarray(file[name]) for name in names}
    except FileNotFoundError:
        raise ValueError(f"{path} does not exist: expected a .npz file, or a folder with the idx files") from None
    except Exception as error:  # numpy and zipfile raise many types for a damaged file
        raise ValueError(f"{path} cannot be read as MNIST ({error}): expected {', '.join(names)} in a .npz") from None
    x, y, held, own = (arrays[name] for name in names)
    return (x, y.astype(np.int64)), (held, own.astype(np.int64))


def _idx(folder: Path, pattern: str, axes: int) -> np.ndarray:
    """One idx file: bytes 0, 0, type, axes, then the sizes as big-endian integers, then uint8 values."""
    found = sorted(folder.glob(pattern.replace("*idx", "?idx")))
    if not found:
        raise ValueError(f"{folder} has no file {pattern.replace('*idx', '-idx')}: expected MNIST's four idx files")
    path = found[0]
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            head = file.read(4 + 4 * axes)
            zeros, kind, count = struct.unpack(">HBB", head[:4])
            sizes = struct.unpack(f">{axes}I", head[4:])
            if (zeros, kind, count) != (0, 8, axes) or math.prod(sizes) > LARGEST:
                raise ValueError("another header than that of uint8 pictures or labels")
            data = file.read(math.prod(sizes))
        return np.frombuffer(data, np.uint8).reshape(sizes)
    except (OSError, EOFError, ValueError, struct.error) as error:
        raise ValueError(f"{path} is damaged or no idx file ({error})") from None


def read_cifar(path: Path) -> tuple[Split, Split]:
    """((train images (count, 32, 32, 3) uint8, labels), (test images, labels)) from the folder of the binary version
    (data_batch_1.bin ... test_batch.bin), or from a folder or .zip of images train/CLASS/*, test/CLASS/*.

    Classes are numbered in alphabetical order, as in CIFAR-10.  Raises ValueError for missing or damaged files,
    ImportError if images need Pillow and it is missing.

    Example: ``read_cifar(Path("cifar-10-batches-bin"))``
    """
    if not path.exists():
        raise ValueError(f"{path} does not exist: expected a folder of binaries, or images in a folder or .zip")
    if path.is_dir() and (path / "test_batch.bin").is_file():
        return _binaries(sorted(path.glob("data_batch_*.bin"))), _binaries([path / "test_batch.bin"])
    train, test = _images(path, "train"), _images(path, "test")
    classes = sorted({label for label, _ in train} | {label for label, _ in test})
    return _decode(path, train, classes), _decode(path, test, classes)


def _binaries(paths: list[Path]) -> Split:
    row = 1 + 3 * 32 * 32
    parts = []
    for path in paths:
        data = np.fromfile(path, np.uint8)
        if data.size == 0 or data.size % row:
            raise ValueError(f"{path} has {data.size} bytes: expected rows of {row}, a label and 3 x 32 x 32 pixels")
        parts.append(data.reshape(-1, row))
    rows = np.concatenate(parts)
    return rows[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), rows[:, 0].astype(np.int64)


def _images(path: Path, part: str) -> list[tuple[str, bytes]]:
    """(class, bytes of the file) of every image part/CLASS/NAME, in alphabetical order."""
    found = [(name, data) for name, data in _members(path) if name.split("/")[-3:-2] == [part]]
    if not found:
        raise ValueError(f"{path} has no images {part}/CLASS/NAME.jpg (or .png)")
    return [(name.split("/")[-2], data) for name, data in found]


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    endings = (".jpg", ".jpeg", ".png")
    if path.is_dir():
        for file in sorted(p for p in path.rglob("*") if p.suffix.lower() in endings):
            yield file.relative_to(path).as_posix(), file.read_bytes()
        return
    try:
        with zipfile.ZipFile(path) as archive:
            wanted = sorted((i for i in archive.infolist() if i.filename.lower().endswith(endings)),
                            key=lambda i: i.filename)  # fmt: skip
            if sum(i.file_size for i in wanted) > LARGEST:
                raise ValueError(f"its images would take more than {LARGEST >> 30} GiB")
            for info in wanted:
                yield info.filename, archive.read(info)
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise ValueError(f"{path} cannot be read as a .zip of images ({error})") from None


def _decode(path: Path, images: list[tuple[str, bytes]], classes: list[str]) -> Split:
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError("reading images needs Pillow: pip install 'statmech[dnn]'") from error
    pictures: list[np.ndarray] = []
    for label, data in images:
        try:
            with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as image:
                if pictures and image.size != pictures[0].shape[1::-1]:
                    raise ValueError(f"size {image.size}, where the first has {pictures[0].shape[1::-1]}")
                pictures.append(np.asarray(image.convert("RGB")))
        except Exception as error:  # Pillow raises many types for a damaged file
            raise ValueError(f"{path}: an image of {label!r} cannot be read ({error})") from None
    return np.stack(pictures), np.array([classes.index(label) for label, _ in images])


def content_hash(*arrays: np.ndarray) -> str:
    """Hash of the contents of arrays: what identifies a data set, wherever its file lies.

    Example: ``content_hash(np.zeros(3)) != content_hash(np.ones(3))``
    """
    digest = hashlib.blake2b(digest_size=12)
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
