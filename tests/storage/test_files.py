"""Files are whole or absent, and a file that is not ours is never touched."""

import errno
import os

import h5py
import numpy as np
import pytest

from statmech.core import Variable
from statmech.io import StoreError, load, read_labelled, write_labelled
from statmech.io.atomic import remove_leftovers, write_bytes
from statmech.io.shards import Shard, read_shard, write_shard
from statmech.results import Results

LABELLED = {
    "alpha": Variable(("alpha",), np.array([0.05, 0.1])),
    "T": Variable(("T",), np.array([0.1, 0.2, 0.3])),
    "start": Variable(("start",), np.array(["random", "pattern"])),
    "e": Variable(("alpha", "T", "start"), np.arange(12.0).reshape(2, 3, 2)),
    "e_err": Variable(("alpha", "T"), np.full((2, 3), np.nan)),
    "status": Variable(("alpha", "T"), np.full((2, 3), 2, np.int8)),
    "frozen": Variable(("T",), np.array([True, False, True])),
    "overlap/P_q": Variable(("T", "q_bin"), np.ones((3, 5))),
    "tempering/swap_acceptance": Variable(("alpha", "T", "free"), np.zeros((2, 3, 2))),
    "scalar": Variable((), np.array(3)),
    "label": Variable(("T",), np.array(["a", "β", ""])),
}


def full_disk(monkeypatch, after=0):
    """The disk takes `after` more bytes."""
    left = [after]
    real = os.write

    def write(descriptor, data):
        if descriptor > 2 and len(data) > left[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        left[0] -= len(data) if descriptor > 2 else 0
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", write)


def test_round_trip(tmp_path):
    path = write_labelled(tmp_path / "x.h5", LABELLED, {"title": "t", "complete": True, "provenance": {"host": "h"}})
    labelled, attrs = read_labelled(path)
    assert set(labelled) == {*LABELLED, "q_bin", "free"}
    for name, variable in LABELLED.items():
        assert labelled[name].dims == variable.dims, name
        np.testing.assert_array_equal(labelled[name].data, variable.data)
    assert attrs["format"] == "statmech-sweep" and attrs["format_version"] == 1 and attrs["title"] == "t"
    assert attrs["provenance"] == {"host": "h"}
    again = write_labelled(tmp_path / "y.h5", labelled, attrs)
    assert read_labelled(again)[1] == attrs


@pytest.mark.parametrize("engine", ["h5netcdf", "netcdf4"])
def test_opens_as_a_tree_with_every_dimension_named(tmp_path, engine):
    xarray = pytest.importorskip("xarray")
    pytest.importorskip({"netcdf4": "netCDF4"}.get(engine, engine))
    path = write_labelled(tmp_path / "x.h5", LABELLED, {"title": "t", "spec": "x" * 200_000})
    with xarray.open_datatree(path, engine=engine) as tree:
        dims = {d for node in tree.subtree for d in node.sizes}
        assert dims == {"alpha", "T", "start", "q_bin", "free"}
        for node in tree.subtree:
            for name, coordinate in node.coords.items():
                assert {"units", "long_name"} <= set(coordinate.attrs), name
        assert tree["e"].dims == ("alpha", "T", "start")
        assert float(tree["e"].sel(alpha=0.1, T=0.3, start="pattern")) == 11
        assert tree["overlap/P_q"].dims == ("T", "q_bin")
        assert "done" in tree["status"].attrs["flag_meanings"].split()
        assert len(tree["status"].attrs["flag_values"]) == len(tree["status"].attrs["flag_meanings"].split())
        assert tree["e_err"].attrs["long_name"] == "jackknife error over disorder of energy per spin"
        assert tree["label"].values.tolist() == ["a", "β", ""]


def test_long_text_is_kept(tmp_path):
    path = write_labelled(tmp_path / "x.h5", LABELLED, {"spec": "x" * 200_000})
    assert read_labelled(path)[1]["spec"] == "x" * 200_000


def test_h5py_alone_reads_it(tmp_path):
    with h5py.File(write_labelled(tmp_path / "x.h5", LABELLED, {}), "r") as file:
        assert [d.keys()[0] for d in file["overlap/P_q"].dims] == ["T", "q_bin"]
        assert file["start"].asstr()[:].tolist() == ["random", "pattern"]


def test_dimensions_must_agree(tmp_path):
    with pytest.raises(ValueError, match=r"'T' has length 3, but 2 in 'bad'"):
        write_labelled(tmp_path / "x.h5", LABELLED | {"bad": Variable(("T",), np.zeros(2))}, {})
    with pytest.raises(TypeError, match="Python objects"):
        write_labelled(tmp_path / "x.h5", {"bad": Variable(("T",), np.array([{}, None], object))}, {})
    assert list(tmp_path.iterdir()) == []


def test_foreign_files_are_refused_and_left_alone(tmp_path):
    text, other = tmp_path / "text.h5", tmp_path / "other.h5"
    text.write_text("not HDF5, but long enough to have a signature")
    with h5py.File(other, "w") as file:
        file["x"] = 1
    for path, message in ((text, "is not an HDF5 file"), (other, "was not written by statmech")):
        before = path.read_bytes()
        with pytest.raises(StoreError, match=message):
            load(path)
        with pytest.raises(StoreError, match="is not overwritten"):
            write_labelled(path, LABELLED, {})
        assert path.read_bytes() == before


def test_newer_version_and_truncation(tmp_path):
    path = write_labelled(tmp_path / "x.h5", LABELLED, {})
    whole = path.read_bytes()
    with h5py.File(path, "r+") as file:
        file.attrs["format_version"] = 2
    with pytest.raises(StoreError, match=r"format_version 2 .* reads up to 1: upgrade statmech"):
        load(path)
    with pytest.raises(StoreError, match="is not overwritten"):
        write_labelled(path, LABELLED, {})
    for size in (4, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(StoreError, match=r"truncated or damaged|not an HDF5 file"):
            load(path)
    with pytest.raises(StoreError, match="does not exist"):
        load(tmp_path / "nothing.h5")
    with pytest.raises(StoreError, match="not a sweep directory"):
        load(tmp_path)


@pytest.mark.parametrize("room", [0, 1000])
def test_full_disk(tmp_path, monkeypatch, room):
    path = write_labelled(tmp_path / "x.h5", LABELLED, {"title": "old"})
    before = path.read_bytes()
    full_disk(monkeypatch, room)
    with pytest.raises(OSError) as caught:
        write_labelled(path, LABELLED, {"title": "new"})
    assert caught.value.errno == errno.ENOSPC
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_short_writes_are_completed(tmp_path, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:7]))
    write_bytes(tmp_path / "x", b"0123456789" * 5)
    assert (tmp_path / "x").read_bytes() == b"0123456789" * 5


def test_leftovers_of_the_dead_are_swept(tmp_path):
    import socket

    host = socket.gethostname()
    dead, alive, elsewhere = (f".x.h5.{h}.{p}.tmp" for h, p in ((host, 2**22 + 1), (host, os.getpid()), ("far", 1)))
    for name in (dead, alive, elsewhere):
        (tmp_path / name).touch()
    remove_leftovers(tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {alive, elsewhere}


def test_shard_round_trip(tmp_path):
    state = {"sweep": np.array(7), "random/s": np.ones((1, 2, 3), np.int8), "random/sampler/rung": np.arange(4)}
    shard = Shard(state, {"e": Variable(("T",), np.zeros(2), {"units": "1"})}, 7, 9)
    write_shard(tmp_path / "x.h5", {"task": "a"}, shard)
    back = read_shard(tmp_path / "x.h5", {"task": "a"})
    assert set(back.state) == set(state) and (back.done, back.asked) == (7, 9)
    for name in state:
        np.testing.assert_array_equal(back.state[name], state[name])
        assert back.state[name].dtype == state[name].dtype
    assert back.results["e"].attrs == {"units": "1"}
    with pytest.raises(StoreError, match="belongs to another task"):
        read_shard(tmp_path / "x.h5", {"task": "b"})
    with h5py.File(tmp_path / "x.h5", "r+") as file:
        file.attrs["rng_scheme"] = "other"
    with pytest.raises(StoreError, match="random numbers 'other'"):
        read_shard(tmp_path / "x.h5")


def test_selection_by_coordinate():
    e = Variable(("T",), np.array([1.0, 2.0]))
    results = Results({"T": Variable(("T",), np.array([0.5, 1.0])), "e": e})
    assert results.sel("e", T=0.9) == 2.0
    with pytest.raises(TypeError, match="T = 'cold': expected a number, such as"):
        results.sel("e", T="cold")
    with pytest.raises(KeyError, match=r"T = 5: the grid goes from 0\.5 to 1\.0"):
        results.sel("e", T=5)
