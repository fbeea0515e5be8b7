"""Weights from files of strangers: every format gives the same arrays; damaged, huge and hostile files one message."""

import json
import os
import pickle
import subprocess
import sys
import tracemalloc
import zipfile

import h5py
import numpy as np
import pytest
from storage.network_files import (
    FORMATS,
    LAYERS,
    ORDERED,
    WEIGHTS,
    Call,
    Global,
    Persistent,
    opcodes,
    pickled,
    safetensors_header,
    state_dict,
    tensor,
    write,
    write_safetensors,
    write_torch_stream,
    write_torch_zip,
)

import statmech
from statmech.io import StoreError
from statmech.io.networks import hdf5_files, isolated, read_network
from statmech.io.networks.limits import Budget, reading

FC = WEIGHTS["fc.weight"]


def read_here(path):
    """read_network with HDF5 read in this process: a child for each of hundreds of files would take minutes."""
    if path.suffix in (".h5", ".keras"):
        with reading(path):
            return hdf5_files.weights(Budget(path))
    return read_network(path)


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_gives_the_same_weights(kind, tmp_path):
    path = write(kind, tmp_path / "net")
    found = read_here(path) if kind in ("h5 compressed", "keras 2") else statmech.read_network(path)
    assert len(found) == 2
    for (name, array), own in zip(found.items(), LAYERS):
        assert array.dtype == np.float32 and array.flags.c_contiguous and array.flags.writeable
        expected = WEIGHTS[own].T if "keras" in kind and own == "fc.weight" else WEIGHTS[own]
        np.testing.assert_array_equal(array, expected)
        assert name == own or "keras" in kind
    if kind == "keras 2":
        assert list(found) == ["model_weights/conv/conv/kernel:0", "model_weights/dense/dense/kernel:0"]
    if kind == "keras":
        assert list(found) == ["layers/conv2d/vars/0", "layers/dense/vars/0"]


def test_one_array_and_the_order_of_fortran(tmp_path):
    np.save(tmp_path / "fc1.npy", np.asfortranarray(FC))
    np.testing.assert_array_equal(read_network(tmp_path / "fc1.npy")["fc1"], FC)
    np.save(tmp_path / "fc2.npy", FC.astype(">f8"))
    found = read_network(tmp_path / "fc2.npy")["fc2"]
    assert found.dtype == np.dtype("f8") and found.dtype.isnative
    np.testing.assert_array_equal(found, FC)


def test_precisions(tmp_path):
    half = FC.astype(np.float16)
    brain = FC.view(np.uint32) >> 16
    exact = (brain << 16).view(np.float32)
    header = {
        "a": {"dtype": "BF16", "shape": [5, 6], "data_offsets": [0, 60]},
        "b": {"dtype": "F16", "shape": [5, 6], "data_offsets": [60, 120]},
    }
    buffers = brain.astype(np.uint16).tobytes() + half.tobytes()
    write_safetensors(tmp_path / "x.safetensors", header, buffers)
    value = {"a": tensor("0", brain.astype(np.int64), kind="BFloat16Storage"), "b": tensor("1", half)}
    write_torch_zip(tmp_path / "x.pt", value, [brain.astype(np.uint16), half])
    for path in ("x.safetensors", "x.pt"):
        found = read_network(tmp_path / path)
        assert (found["a"].dtype, found["b"].dtype) == (np.float32, np.float16)
        np.testing.assert_array_equal(found["a"], exact)
        np.testing.assert_array_equal(found["b"], half)
    header["a"] = {"dtype": "F8_E4M3", "shape": [5, 12], "data_offsets": [0, 60]}
    write_safetensors(tmp_path / "x.safetensors", header, buffers)
    with pytest.raises(StoreError, match=r"'a' is stored as F8_E4M3: expected F64, F32, F16 or BF16: convert it"):
        read_network(tmp_path / "x.safetensors")


def test_views_prefixes_and_checkpoints(tmp_path):
    long = np.arange(24, dtype=np.float64)
    pairs = [("module.a", tensor("0", long, (3, 4), (1, 3), 2)), ("module.b", tensor("0", long, (2, 2), (0, 1)))]
    value = {
        "epoch": 7,
        "best": Call(Global("numpy.core.multiarray", "scalar"), (Call(Global("numpy", "dtype"), ("f8",)), 1)),
        "model": Call(ORDERED, (pairs,)),
        "optimizer": {"state": {0: tensor("0", long, (4, 4), (4, 1))}},
    }
    write_torch_zip(tmp_path / "x.pt", value, [long])
    write_torch_stream(tmp_path / "x.pth", value, [long])
    for name in ("x.pt", "x.pth"):
        found = read_network(tmp_path / name)
        assert list(found) == ["a", "b"]
        np.testing.assert_array_equal(found["a"], long[2:14].reshape(4, 3).T)
        np.testing.assert_array_equal(found["b"], [[0, 1], [0, 1]])
    value = {"encoder": state_dict(WEIGHTS), "optim": {"m": tensor("2", FC)}, "layers": [tensor("2", FC)]}
    write_torch_zip(tmp_path / "x.pt", value, list(WEIGHTS.values()))
    assert list(read_network(tmp_path / "x.pt")) == ["encoder.conv1.weight", "encoder.fc.weight", "layers.0"]


def test_folders_of_shards(tmp_path):
    folder = tmp_path / "net"
    folder.mkdir()
    for i, name in enumerate(LAYERS):
        part = {name: WEIGHTS[name]}
        write_safetensors(folder / f"model-{i}.safetensors", safetensors_header(part), WEIGHTS[name].tobytes())
    (folder / "README.md").write_text("a network")
    for source in (folder, str(folder)):
        assert list(read_network(source)) == list(LAYERS)
    np.savez(folder / "other.npz", more=FC)
    assert list(read_network(folder)) == [*LAYERS, "more"]
    index = {"weight_map": {name: f"model-{i}.safetensors" for i, name in enumerate(LAYERS)}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    for source in (folder, folder / "model.safetensors.index.json"):
        assert list(read_network(source)) == list(LAYERS)
    for file, message in (
        ("../secret.npz", "expected a file of the same folder"), ("/etc/passwd", "expected a file of the same folder"),
        ("model-9.safetensors", "which is not there"),
    ):  # fmt: skip
        (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": file}}))
        with pytest.raises(StoreError, match=message):
            read_network(folder)
    (folder / "model.safetensors.index.json").unlink()
    np.savez(folder / "again.npz", **{"fc.weight": FC})
    with pytest.raises(StoreError, match=r"layer 'fc\.weight' is in .*again\.npz and in .*model-1"):
        read_network(folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(StoreError, match="has no file that can be read: expected"):
        read_network(tmp_path / "empty")


class Module:
    """Looks like a torch module."""

    def state_dict(self):
        return {"fc.weight": self, "fc.bias": WEIGHTS["conv1.bias"]}

    def detach(self):
        return self

    cpu = detach
    dtype = "torch.float32"

    def numpy(self):
        return FC


def test_networks_in_memory():
    for source in (Module(), WEIGHTS):
        found = read_network(source)
        np.testing.assert_array_equal(found["fc.weight"], FC)
        assert not np.shares_memory(found["fc.weight"], FC) and "steps" not in found and "fc.bias" not in found
    with pytest.raises(TypeError, match="int is no network: expected a path, a torch module, or a mapping"):
        read_network(3)


def test_files_of_torch(tmp_path):
    torch = pytest.importorskip("torch")
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 2), torch.nn.BatchNorm2d(4), torch.nn.Linear(4, 5))
    optimiser = {
        "state": {0: {"step": torch.tensor(3.0), "exp_avg": torch.ones(4, 3, 2, 2)}},
        "param_groups": [{"lr": 0.1}],
    }
    expected = {name: value.numpy() for name, value in net.state_dict().items() if value.ndim > 1}
    torch.save(net.state_dict(), tmp_path / "a.pt")
    torch.save(net.state_dict(), tmp_path / "b.pth", _use_new_zipfile_serialization=False)
    torch.save(
        {"optimizer": optimiser, "acc": np.float64(0.9), "state_dict": net.state_dict()},
        tmp_path / "c.ckpt",
    )
    torch.save(dict(net.named_parameters()), tmp_path / "d.bin", pickle_protocol=4)
    sources = [net, *(tmp_path / name for name in ("a.pt", "b.pth", "c.ckpt", "d.bin"))]
    torch.save({name: value.bfloat16() for name, value in net.state_dict().items()}, tmp_path / "e.pt")
    for source in sources:
        found = read_network(source)
        assert list(found) == list(expected)
        for name, array in expected.items():
            np.testing.assert_array_equal(found[name], array)
    for source in (tmp_path / "e.pt", net.bfloat16()):
        for name, array in read_network(source).items():
            np.testing.assert_array_equal(array, torch.tensor(expected[name]).bfloat16().float().numpy())
    torch.save(net.float(), tmp_path / "f.pt")
    with pytest.raises(StoreError, match=r"asks for torch\.nn\.modules.*save model\.state_dict\(\) alone"):
        read_network(tmp_path / "f.pt")
    torch.save({"x": torch.ones(4, 4).to(torch.float8_e4m3fn)}, tmp_path / "g.pt")
    with pytest.raises(StoreError, match=r"asks for torch"):
        read_network(tmp_path / "g.pt")


@pytest.mark.parametrize("kind", FORMATS)
def test_bytes_changed_or_cut_off_give_an_error_or_weights(kind, tmp_path):
    path = write(kind, tmp_path / "net")
    whole = path.read_bytes()
    good = read_here(path)
    rng = np.random.default_rng(list(kind.encode()))
    used = np.flatnonzero(np.frombuffer(whole, np.uint8))
    outcomes = {"error": 0, "same": 0, "other": 0}
    for trial in range(60):
        data = bytearray(whole)
        if trial % 3 == 0:
            del data[int(rng.integers(len(whole))) :]
        else:
            for position in rng.choice(used, rng.integers(1, 4)):
                data[position] = rng.integers(256)
        path.write_bytes(data)
        try:
            found = read_here(path)
        except StoreError as error:
            text = str(error)
            assert str(path) in text and ":" in text and len(text.splitlines()) == 1, text
            outcomes["error"] += 1
            continue
        for array in found.values():
            assert array.dtype.kind == "f" and array.ndim >= 2 and array.nbytes <= 10_000
        same = list(found) == list(good) and all(np.array_equal(found[name], good[name]) for name in good)
        outcomes["same" if same else "other"] += 1
    assert outcomes["error"] >= 20, outcomes  # every file that was cut off
    if "npz" in kind or kind == "torch zip":
        assert outcomes["other"] <= 15, outcomes  # zip has checksums; names of members may change


@pytest.mark.parametrize("kind", FORMATS)
def test_files_that_are_something_else(kind, tmp_path):
    path = write(kind, tmp_path / "net")
    for content in (b"", b"PK", b"something else entirely\n" * 20, b"\x80", b"\x89HDF\r\n\x1a\n", b"\0" * 600):
        path.write_bytes(content)
        with pytest.raises(StoreError, match="net"):
            read_here(path)


def test_no_such_file_and_no_weights(tmp_path):
    with pytest.raises(StoreError, match="does not exist"):
        read_network(tmp_path / "none.npz")
    (tmp_path / "x.onnx").write_text("x")
    with pytest.raises(StoreError, match=r"expected a network in a file \.npz.*got suffix '\.onnx'"):
        read_network(tmp_path / "x.onnx")
    np.savez(tmp_path / "x.npz", a=np.zeros(4), b=np.arange(4).reshape(2, 2))
    with pytest.raises(StoreError, match="holds no weights: expected floating-point arrays with two axes"):
        read_network(tmp_path / "x.npz")
    np.savez(tmp_path / "y.npz", fc=np.where(np.eye(3) > 0, np.inf, 1.0))
    with pytest.raises(StoreError, match="layer 'fc' holds 3 NaN or infinite values: training diverged"):
        read_network(tmp_path / "y.npz")
    statmech.Results({}).to_hdf5(tmp_path / "r.h5")
    with pytest.raises(StoreError, match=r"holds results of statmech, not weights: statmech\.load reads it"):
        read_network(tmp_path / "r.h5")
    os.mkfifo(tmp_path / "pipe.npz")
    with pytest.raises(StoreError, match="no regular file"):
        read_network(tmp_path / "pipe.npz")


# -- hostile files ----------------------------------------------------------------------------------------------------


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


def test_reading_needs_no_torch(tmp_path):
    for kind in ("torch zip", "torch stream", "safetensors"):
        write(kind, tmp_path / "net")
    code = (
        "import sys, statmech\nfor name in ('net.pt', 'net.th', 'net.safetensors'): statmech.read_network(name)\n"
        "assert not {'torch', 'safetensors', 'pickle5', 'dill'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
