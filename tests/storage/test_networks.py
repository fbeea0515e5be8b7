"""Weights from files of strangers: every format gives the same arrays; damaged, huge and hostile files one message."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from storage.network_files import (
    FORMATS,
    LAYERS,
    ORDERED,
    WEIGHTS,
    Call,
    Global,
    read_here,
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
from statmech.io.networks import read_network

FC = WEIGHTS["fc.weight"]


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


def test_reading_needs_no_torch(tmp_path):
    for kind in ("torch zip", "torch stream", "safetensors"):
        write(kind, tmp_path / "net")
    code = (
        "import sys, statmech\nfor name in ('net.pt', 'net.th', 'net.safetensors'): statmech.read_network(name)\n"
        "assert not {'torch', 'safetensors', 'pickle5', 'dill'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
