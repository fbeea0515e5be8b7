"""Data sets: formats agree, damaged files are refused, controls keep what they say and destroy the rest."""

import dataclasses
import gzip
import struct
import zipfile

import numpy as np
import pytest

from statmech.networks.architectures import MLP
from statmech.networks.data import Cifar10, Digits, Mnist, Teacher, chosen, redrawn

pytest.importorskip("sklearn")
Image = pytest.importorskip("PIL.Image")


@pytest.fixture
def mnist(tmp_path):
    """MNIST with 20 + 10 random pictures, as .npz and as idx files, half of them compressed."""
    rng = np.random.default_rng(0)
    arrays = {}
    for part, count in (("train", 20), ("test", 10)):
        arrays[f"x_{part}"] = rng.integers(0, 256, (count, 28, 28), np.uint8)
        arrays[f"y_{part}"] = rng.integers(0, 10, count, np.uint8)
    np.savez(tmp_path / "mnist.npz", **arrays)
    folder = tmp_path / "idx"
    folder.mkdir()
    for part, theirs in (("train", "train"), ("test", "t10k")):
        for kind, name in (("x", "images"), ("y", "labels")):
            a = arrays[f"{kind}_{part}"]
            data = struct.pack(f">HBB{a.ndim}I", 0, 8, a.ndim, *a.shape) + a.tobytes()
            if part == "train":
                (folder / f"{theirs}-{name}-idx{a.ndim}-ubyte").write_bytes(data)
            else:
                (folder / f"{theirs}-{name}-idx{a.ndim}-ubyte.gz").write_bytes(gzip.compress(data))
    return tmp_path


@pytest.fixture
def cifar(tmp_path):
    """CIFAR-10 with 2 pictures per class and part, as binaries, as a folder of images and as a .zip of it."""
    rng = np.random.default_rng(1)
    (tmp_path / "bin").mkdir()
    for part in ("train", "test"):
        rows = []
        for label in range(10):
            for k in range(2):
                picture = rng.integers(0, 256, (32, 32, 3), np.uint8)
                rows.append(bytes([label]) + picture.transpose(2, 0, 1).tobytes())
                path = tmp_path / "images" / part / f"class{label}" / f"{k}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(picture).save(path)
        (tmp_path / "bin" / ("data_batch_1.bin" if part == "train" else "test_batch.bin")).write_bytes(b"".join(rows))
    with zipfile.ZipFile(tmp_path / "images.zip", "w") as archive:
        for path in (tmp_path / "images").rglob("*.png"):
            archive.write(path, path.relative_to(tmp_path / "images"))
    return tmp_path


def test_formats_of_mnist_agree_and_the_path_is_no_part_of_the_identity(mnist):
    npz, idx = Mnist(str(mnist / "mnist.npz")), Mnist(str(mnist / "idx"))
    assert npz.identity() == idx.identity()
    assert npz.arrays.x.shape == (20, 1, 28, 28) and npz.arrays.x.dtype == np.float32
    assert abs(npz.arrays.x.mean()) < 1e-5 and abs(npz.arrays.x.std() - 1) < 1e-5
    with np.load(mnist / "mnist.npz") as file:
        other = {name: file[name] for name in file.files}
    other["y_test"] = (other["y_test"] + 1) % 10
    np.savez(mnist / "other.npz", **other)
    assert Mnist(str(mnist / "other.npz")).identity() != npz.identity()


def test_formats_of_cifar_agree(cifar):
    a, b, c = (Cifar10(str(cifar / name), crop=28) for name in ("bin", "images", "images.zip"))
    assert a.identity() == b.identity() == c.identity()
    assert a.arrays.x.shape == (20, 3, 28, 28)
    np.testing.assert_allclose(a.arrays.x.mean((0, 2, 3)), 0, atol=1e-5)
    whole = dataclasses.replace(a, crop=None).arrays.x
    assert whole.shape[2:] == (32, 32)
    assert np.corrcoef(whole[:, :, 2:30, 2:30].ravel(), a.arrays.x.ravel())[0, 1] > 0.999, "the crop is the middle"


def test_damaged_files_are_refused(mnist, cifar, tmp_path):
    with pytest.raises(ValueError, match="does not exist"):
        Mnist(str(tmp_path / "nothing.npz")).arrays  # noqa: B018
    (tmp_path / "cut.npz").write_bytes((mnist / "mnist.npz").read_bytes()[:2000])
    with pytest.raises(ValueError, match="cannot be read as MNIST"):
        Mnist(str(tmp_path / "cut.npz")).arrays  # noqa: B018
    np.savez(tmp_path / "objects.npz", x_train=np.array([print], object), y_train=0, x_test=0, y_test=0)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        Mnist(str(tmp_path / "objects.npz")).arrays  # noqa: B018
    file = mnist / "idx" / "train-images-idx3-ubyte"
    file.write_bytes(file.read_bytes()[:-5])
    with pytest.raises(ValueError, match="damaged"):
        Mnist(str(mnist / "idx")).arrays  # noqa: B018
    (cifar / "bin" / "test_batch.bin").write_bytes(b"123")
    with pytest.raises(ValueError, match="rows of 3073"):
        Cifar10(str(cifar / "bin")).arrays  # noqa: B018
    next((cifar / "images").rglob("*.png")).write_bytes(b"no picture")
    with pytest.raises(ValueError, match="cannot be read"):
        Cifar10(str(cifar / "images")).arrays  # noqa: B018
    (tmp_path / "a.zip").write_bytes(b"PK no archive")
    with pytest.raises(ValueError, match=r"cannot be read as a \.zip"):
        Cifar10(str(tmp_path / "a.zip")).arrays  # noqa: B018


def test_shuffled_pixels_are_one_permutation_of_all_pictures():
    plain, mixed = Digits().arrays, Digits(pixel_shuffle=True).arrays
    a, b = plain.x.reshape(-1, 64), mixed.x.reshape(-1, 64)
    assert (a != b).any()
    alive = [i for i in range(64) if b[:, i].std() > 1e-3]
    order = [int(np.flatnonzero((a == b[:, [i]]).all(0))[0]) for i in alive]
    assert len(set(order)) == len(order), "one pixel of the plain picture each"
    np.testing.assert_array_equal(np.sort(plain.test_x.reshape(-1, 64), 1), np.sort(mixed.test_x.reshape(-1, 64), 1))
    np.testing.assert_array_equal(plain.labels, mixed.labels)


def test_gaussian_pictures_have_mean_and_covariance_of_their_class():
    plain, normal = Digits().arrays, Digits(gaussian=True).arrays
    np.testing.assert_array_equal(plain.labels, normal.labels)
    for k in (0, 7):
        a, b = (d.x[d.labels == k].reshape(-1, 64).astype(float) for d in (plain, normal))
        assert np.abs((a.mean(0) - b.mean(0)) / (a.std(0) + 1e-3)).max() < 5 * np.sqrt(1 / len(a))
        c, d = np.cov(a.T), np.cov(b.T)
        assert np.linalg.norm(c - d) < 3 * np.trace(c) / np.sqrt(len(a))  # E|C - C'|^2 = (tr^2 C + tr C^2) / n
        excess = [((x - x.mean()) ** 4).mean() / x.var() ** 2 - 3 for x in (a[:, 20], b[:, 20])]
        assert abs(excess[1]) < 1.5
    test = [d.test_x.reshape(-1, 64) for d in (plain, normal)]
    assert np.linalg.norm(test[0].mean(0) - test[1].mean(0)) < 1.0


def test_teacher_labels_are_those_of_its_network_and_another_seed_is_another_teacher():
    teacher = Teacher(MLP((8, 5, 3)), count=400, test=100)
    a = teacher.arrays
    assert a.x.shape == (400, 8) and len(a.test_labels) == 100 and set(a.labels) <= {0, 1, 2}
    assert abs(a.x.mean()) < 0.1 and abs(a.x.var() - 1) < 0.1
    assert dataclasses.replace(teacher, seed=1).identity() != teacher.identity()
    scores = np.eye(3)[a.labels].T @ a.x  # a student by Hebb's rule does better than chance
    assert ((a.test_x @ scores.T).argmax(1) == a.test_labels).mean() > 0.5


def test_choice_of_examples_is_nested_in_m():
    data = Digits()
    np.testing.assert_array_equal(chosen(data, 3, 100)[:40], chosen(data, 3, 40))
    assert len(set(chosen(data, 3, 1000))) == 1000
    assert (chosen(data, 3, 40) != chosen(data, 4, 40)).any()


def test_redrawn_labels_are_nested_uniform_and_of_the_right_number():
    m, K = 20000, 10
    few, new = redrawn(1, m, 0.25, K)
    more, same = redrawn(1, m, 0.5, K)
    assert not (few & ~more).any() and (new == same).all()
    np.testing.assert_array_equal(redrawn(1, 500, 0.25, K)[0], few[:500])
    assert abs(few.mean() - 0.25) < 5 * np.sqrt(0.25 * 0.75 / m)
    counts = np.bincount(new[few], minlength=K)
    chi2 = ((counts - few.sum() / K) ** 2 / (few.sum() / K)).sum()
    assert chi2 < 30, "uniform over all K classes, the old one included (9 degrees of freedom)"
    assert redrawn(1, m, 1.0, K)[0].all() and not redrawn(1, m, 0.0, K)[0].any()
