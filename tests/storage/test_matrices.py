"""The user's own arrays, and one clear message for each that cannot be used."""

import h5py
import numpy as np
import pytest

from statmech import Hopfield, Pairs, read_pairs, read_patterns
from statmech.io import StoreError
from statmech.io.matrices import read_reference

XI = np.sign(np.random.default_rng(1).normal(size=(4, 12))).astype(np.int8)


@pytest.fixture(params=[".npy", ".npz", ".h5"])
def patterns(request, tmp_path):
    path = tmp_path / f"xi{request.param}"
    if request.param == ".npy":
        np.save(path, XI)
    elif request.param == ".npz":
        np.savez(path, xi=XI)
    else:
        with h5py.File(path, "w") as file:
            file["xi"] = XI
    return path


def test_patterns(patterns):
    np.testing.assert_array_equal(read_patterns(patterns), XI)
    np.testing.assert_array_equal(read_patterns(patterns, "xi"), XI)
    assert Hopfield(alpha=0.25, patterns=read_patterns(patterns)).n == 12


def test_which_array(tmp_path):
    np.savez(tmp_path / "two.npz", a=XI, b=XI + 1)
    with pytest.raises(StoreError, match=r"holds 2 arrays \(a, b\): say which one with key="):
        read_patterns(tmp_path / "two.npz")
    with pytest.raises(StoreError, match="has no array 'c': it holds a, b"):
        read_patterns(tmp_path / "two.npz", "c")
    np.testing.assert_array_equal(read_patterns(tmp_path / "two.npz", "b"), XI + 1)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.ones(5), r"shape \(5,\), expected \(count, n\)"),
        (np.where(np.eye(3) > 0, np.nan, 1), r"patterns\[0, 0\] is nan: remove the 3 NaN"),
        (np.array([["a", "b"]]), "expected numbers"),
        (np.array([[object()]]), "save it as numbers, not objects"),
    ],
)
def test_bad_patterns(tmp_path, array, message):
    np.save(tmp_path / "bad.npy", array, allow_pickle=True)
    with pytest.raises(StoreError, match=message):
        read_patterns(tmp_path / "bad.npy")


def test_damaged_files(patterns):
    patterns.write_bytes(patterns.read_bytes()[: patterns.stat().st_size // 2])
    with pytest.raises(StoreError, match=r"truncated|cannot be read"):
        read_patterns(patterns)
    patterns.write_bytes(b"something else entirely")
    with pytest.raises(StoreError, match=r"not an HDF5 file|cannot be read"):
        read_patterns(patterns)
    patterns.unlink()
    with pytest.raises(StoreError, match="does not exist"):
        read_patterns(patterns)
    with pytest.raises(StoreError, match=r"got suffix '\.csv'"):
        read_patterns(patterns.with_suffix(".csv"))


def test_pairs_and_qubo(tmp_path):
    J, h = np.array([[0, 1, 0], [1, 0, -2], [0, -2, 0]]), np.array([1, 0, -1])
    np.savez(tmp_path / "Jh.npz", J=J, h=h)
    np.save(tmp_path / "J.npy", J)
    np.savez(tmp_path / "Q.npz", Q=J.astype(float))
    model = read_pairs(tmp_path / "Jh.npz")
    assert isinstance(model, Pairs) and model.quantum == 1.0
    np.testing.assert_array_equal(model.h, h)
    np.testing.assert_array_equal(read_pairs(tmp_path / "J.npy").J, J)
    np.testing.assert_array_equal(read_pairs(tmp_path / "Q.npz").J, Pairs.from_qubo(J).J)
    np.savez(tmp_path / "odd.npz", J=J, field=h)
    with pytest.raises(StoreError, match="holds field beside J"):
        read_pairs(tmp_path / "odd.npz")
    np.savez(tmp_path / "none.npz", x=J)
    with pytest.raises(StoreError, match="holds x: expected J"):
        read_pairs(tmp_path / "none.npz")
    np.save(tmp_path / "nan.npy", np.full((2, 2), np.nan))
    with pytest.raises(StoreError, match=r"J\[0, 0\] is nan"):
        read_pairs(tmp_path / "nan.npy")


def test_patterns_named_on_a_command_line(tmp_path):
    np.savez(tmp_path / "two.npz", a=XI, b=XI + 1)
    np.testing.assert_array_equal(read_reference(f"{tmp_path}/two.npz:a"), XI)
    np.testing.assert_array_equal(read_reference(f"{tmp_path}/two.npz:b[:2]"), XI[:2] + 1)
    np.save(tmp_path / "xi.npy", XI)
    np.testing.assert_array_equal(read_reference(f"{tmp_path}/xi.npy[:3]"), XI[:3])
    for text in ("digits", "two.txt:a", "two.npz:a[2]"):
        with pytest.raises(StoreError, match=r"expected FILE\.npy"):
            read_reference(text)
