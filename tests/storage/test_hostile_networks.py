"""Files of networks that are out to run code, to fill the memory, or to read what is not theirs: one message each."""

import os
import pickle
import tracemalloc
import zipfile

import h5py
import numpy as np
import pytest
from storage.network_files import (
    ORDERED,
    WEIGHTS,
    Call,
    Global,
    Persistent,
    opcodes,
    pickled,
    read_here,
    safetensors_header,
    state_dict,
    tensor,
    write,
    write_safetensors,
    write_torch_stream,
    write_torch_zip,
)

from statmech.io import StoreError
from statmech.io.networks import isolated, read_network

FC = WEIGHTS["fc.weight"]


class Evil:
    def __reduce__(self):
        return os.mkdir, ("evil",)


def hostile_pickles():
    call = Call(Global("posix", "system"), ("touch evil",))
    good = tensor("0", FC)
    stranger = Persistent(("module", Global("torch", "FloatStorage"), "0", "cpu", 30))
    deep = b"]" * 3000 + b"a" * 2999
    bomb = b"](" + b"".join(b"]q" + bytes([i]) + b"(" + (b"h" + bytes([i - 1])) * 9 + b"e" for i in range(1, 60)) + b"e"
    return {
        "a call": ({"a": call}, r"asks for posix\.system"),
        "a call through a listed module": ({"a": Global("torch", "load")}, r"asks for torch\.load"),
        "builtins": ({"a": Call(Global("builtins", "eval"), ("1",))}, r"asks for builtins\.eval"),
        "a dotted name": ({"a": Global("collections", "OrderedDict.__init__")}, "asks for collections"),
        "state of a function": (b"}X\x01\0\0\0a" + opcodes(ORDERED) + b"}bs", "sets the state of something"),
        "an instance": (b"(cos\nsystem\nX\x01\0\0\0xo", r"asks for os\.system"),
        "an instance by name": (b"(X\x01\0\0\0xios\nsystem\n", "pickle operation INST"),
        "an extension code": (b"\x82\x01", "pickle operation EXT1"),
        "strides outside": ({"a": tensor("0", FC, strides=(7, 1))}, "reaches element 33 of a storage of 30"),
        "offset outside": ({"a": tensor("0", FC, offset=1)}, "reaches element 30"),
        "negative stride": ({"a": tensor("0", FC, strides=(-6, 1))}, "strides"),
        "negative shape": ({"a": tensor("0", FC, shape=(-5, 6))}, "shape"),
        "negative offset": ({"a": tensor("0", FC, offset=-1)}, "offset"),
        "shape of text": ({"a": tensor("0", FC, shape=("5", 6))}, "no integers"),
        "longer than its storage": ({"a": tensor("0", FC, (50, 6), count=300)}, "storage '0'"),
        "storage that is missing": ({"a": tensor("9", FC)}, "no item named|does not belong"),
        "path as storage": ({"a": tensor("../data.pkl", FC)}, "no item named|does not belong"),
        "two types": ({"a": good, "b": tensor("0", FC, kind="DoubleStorage")}, "two types"),
        "reference to no storage": ({"a": stranger}, "no storage"),
        "huge by strides of zero": ({"a": tensor("0", FC, (10**9, 10**9), (0, 0))}, "takes .* bytes"),
        "many views": ({str(i): tensor("0", FC, (10**6, 6), (0, 1)) for i in range(9)}, "takes .* bytes"),
        "deep nesting": (deep, "nested deeper"),
        "a list in itself": (b"]q\x01h\x01a", "nested deeper"),
        "lists of lists of lists": (b"]q\0(h\0e" + bomb, "entries|a list|nested"),
        "a huge memo index": (b"}r\xff\xff\xff\xff", "no weights"),
        "a huge text": (b"}X\xff\xff\xff\x7f", "cannot be read"),
        "an empty stack": (b"aa", "cannot be read"),
        "a key that is a tuple": ({(1, 2): 3}, "key of type tuple"),
        "items of a tuple": (opcodes((1, 2)) + opcodes("a") + opcodes(1) + b"s", "no dict"),
    }  # fmt: skip


@pytest.mark.parametrize("form", ["zip", "stream"])
@pytest.mark.parametrize("case", hostile_pickles())
def test_hostile_pickles(case, form, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    value, message = hostile_pickles()[case]
    raw = b"\x80\x02" + value + b"." if isinstance(value, bytes) else pickled(value)
    monkeypatch.setattr("storage.network_files.pickled", lambda part: raw if part is value else pickled(part))
    path = tmp_path / "x.pt"
    storages = [] if isinstance(value, bytes) else [FC]
    (write_torch_zip if form == "zip" else write_torch_stream)(path, value, storages)
    tracemalloc.start()
    try:
        with pytest.raises(StoreError, match=message):
            read_network(path)
        assert tracemalloc.get_traced_memory()[1] < 100 * 2**20
    finally:
        tracemalloc.stop()
    assert {p.name for p in tmp_path.iterdir()} == {"x.pt"}


def test_code_in_a_file_is_never_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path in ("x.pt", "x.npy", "x.npz"):
        (tmp_path / path).write_bytes(pickle.dumps(Evil()))
    np.save("y.npy", np.array([[Evil()]], object), allow_pickle=True)
    np.savez("y.npz", a=np.array([[Evil()]], object), b=FC)
    (tmp_path / "z.npy").write_bytes((tmp_path / "y.npy").read_bytes().replace(b"(1, 1)", b"os.abort() "))
    for path in ("x.pt", "x.npy", "x.npz", "y.npy", "y.npz", "z.npy"):
        with pytest.raises(StoreError):
            read_network(path)
    assert not (tmp_path / "evil").exists()
    pickle.loads(pickle.dumps(Evil()))
    assert (tmp_path / "evil").exists(), "witness: the pickle would have run"


def archive(path, members, **options):
    with zipfile.ZipFile(path, "w", **options) as file:
        for name, content in members:
            file.writestr(name, content)


def npy(tmp_path, array):
    np.save(tmp_path / "member.npy", array)
    return (tmp_path / "member.npy").read_bytes()


def test_hostile_archives(tmp_path):
    member = npy(tmp_path, FC)
    for name in ("../a.npy", "/a.npy", "..\\a.npy", "a/../../b.npy", "c:/a.npy"):
        archive(tmp_path / "x.npz", [(name, member)])
        with pytest.raises(StoreError, match="points outside the archive"):
            read_network(tmp_path / "x.npz")
    with pytest.warns(UserWarning, match="Duplicate"):
        archive(tmp_path / "x.npz", [("a.npy", member)] * 2)
    with pytest.raises(StoreError, match="occurs twice"):
        read_network(tmp_path / "x.npz")
    zeros = bytes(80 * 2**20)
    archive(tmp_path / "x.npz", [("a.npy", member), ("b.npy", zeros)], compression=zipfile.ZIP_DEFLATED)
    assert (tmp_path / "x.npz").stat().st_size < 2**20
    with pytest.raises(StoreError, match=r"takes \d+ bytes"):
        read_network(tmp_path / "x.npz")
    archive(tmp_path / "x.npz", [("a.npy", member)], compression=zipfile.ZIP_LZMA)
    with pytest.raises(StoreError, match="unknown compression"):
        read_network(tmp_path / "x.npz")
    archive(tmp_path / "x.npz", [(f"{i}.npy", member) for i in range(9)])
    data = (tmp_path / "x.npz").read_bytes()
    start = data.index(b"PK\x01\x02")
    entries = data[start:].split(b"PK\x01\x02")[1:]
    shared = [e[:38] + entries[0][38:42] + e[42:] for e in entries]  # all point to the first member
    big = bytearray(b"PK\x01\x02" + b"PK\x01\x02".join(shared))
    (tmp_path / "x.npz").write_bytes(data[:start] + big)
    with pytest.raises(StoreError):
        read_network(tmp_path / "x.npz")
    write_torch_zip(tmp_path / "x.pt", state_dict(WEIGHTS), list(WEIGHTS.values()), {"archive/constants.pkl": b"x"})
    with pytest.raises(StoreError, match="TorchScript"):
        read_network(tmp_path / "x.pt")


def test_huge_declarations(tmp_path):
    for shape in ((10**6, 10**6), (2**62, 4), (10**30, 2), (-1, 30)):
        with (tmp_path / "x.npy").open("wb") as file:
            np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
            file.write(FC.tobytes())
        with pytest.raises(StoreError, match=r"takes|declares|shape|larger"):
            read_network(tmp_path / "x.npy")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("a", (10**6, 10**6), "f4", chunks=(1000, 1000))
    with pytest.raises(StoreError, match=r"takes \d+ bytes"):
        read_here(tmp_path / "x.h5")
    np.save(tmp_path / "y.npy", np.ones((30, 30)))
    with pytest.raises(StoreError, match=r"limit 7000\): pass a larger limit="):
        read_network(tmp_path / "y.npy", limit=7000)
    assert read_network(tmp_path / "y.npy", limit=7200)["y"].shape == (30, 30)


def header(**changes):
    entries = safetensors_header({"a": FC, "b": FC})
    entries["b"] |= changes
    return entries


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (header(data_offsets=[0, 120]), "overlap or leave gaps"),
        (header(data_offsets=[124, 244]), "overlap or leave gaps"),
        (header(data_offsets=[120, 100000]), "in bytes 120 to 100000"),
        (header(data_offsets=[240, 120]), "in bytes 240 to 120"),
        (header(shape=[-5, -6]), "entry 'b' has"),
        (header(shape=[5.0, 6]), "entry 'b' has"),
        (header(shape=[True, 30]), "entry 'b' has"),
        (header(shape=[10**18, 10**18]), "in bytes"),
        (header(dtype=["F32"]), "entry 'b' has"),
        (header(shape={"5": 6}), "entry 'b' has"),
        ({"a": {}}, "lacks dtype"),
        ({"a": 3}, "lacks dtype"),
        (b"[1, 2]  ", "no JSON object"),
        (b"[" * 50_000, "cannot be read"),
        (b'{"a":' * 50_000, "cannot be read"),
        (b'{"a": ' + b"9" * 5000 + b"}", "cannot be read"),
        (b'{"a": 1, "a": 2}', "occurs twice"),
        (b"\xff\xfe{}", "cannot be read"),
        ({"a": safetensors_header({"a": FC})["a"]}, "take 120 bytes, and 240 follow"),
    ],
)
def test_hostile_safetensors(text, message, tmp_path):
    write_safetensors(tmp_path / "x.safetensors", text, FC.tobytes() * 2)
    with pytest.raises(StoreError, match=message):
        read_network(tmp_path / "x.safetensors")


def test_safetensors_header_longer_than_the_file(tmp_path):
    for length in (2**63, 2**40, 10**8, 241):
        (tmp_path / "x.safetensors").write_bytes(length.to_bytes(8, "little") + b" " * 240)
        with pytest.raises(StoreError, match=f"declares {length} bytes"):
            read_network(tmp_path / "x.safetensors")


def test_hdf5_that_points_elsewhere(tmp_path):
    (tmp_path / "secret.bin").write_bytes(FC.tobytes())
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["b"] = FC
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("a", FC.shape, "f4", external=[(str(tmp_path / "secret.bin"), 0, FC.nbytes)])
    with pytest.raises(StoreError, match="a lies in another file"):
        read_here(tmp_path / "x.h5")
    layout = h5py.VirtualLayout(FC.shape, "f4")
    layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "b", FC.shape)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_virtual_dataset("a", layout)
    with pytest.raises(StoreError, match="a lies in another file"):
        read_here(tmp_path / "x.h5")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["own"] = FC
        file["away"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "b")
        file["loop/back"] = file["/"]
    assert list(read_network(tmp_path / "x.h5")) == ["own"]


def test_an_hdf5_library_that_hangs_or_dies_is_one_error(tmp_path, monkeypatch):
    path = write("h5", tmp_path / "net")
    for code in ("while True: pass", "import os; os.abort()", 'print(\'{"arrays": [["a", "<f4", [5, 6]]]}\')'):
        monkeypatch.setattr(
            isolated, "CHILD", f"from statmech.io.networks.isolated import restrict; restrict(1, 2**33); {code}"
        )
        with pytest.raises(StoreError, match="did not survive it"):
            read_network(path)
