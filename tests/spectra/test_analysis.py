"""The layers of a network: every number is that of the function it comes from, from every file, there and back."""

import re
from pathlib import Path

import h5py
import numpy as np
import pytest
from storage.network_files import safetensors_header, state_dict, write_safetensors, write_torch_stream, write_torch_zip

import statmech
from statmech.cli import main as cli
from statmech.cli.compare import differences
from statmech.cli.spectra import table
from statmech.io import StoreError
from statmech.layers import refit, spectrum_of
from statmech.spectra.analysis import COLUMNS, LEVEL, analyse_layers, eigenvalue_count, labelled
from statmech.spectra.bootstrap import bootstrap_power_law
from statmech.spectra.marchenko_pastur import fit_marchenko_pastur
from statmech.spectra.metrics import metrics
from statmech.spectra.phase import spectral_phase
from statmech.spectra.power_law import fit_power_law
from statmech.spectra.spectrum import spectrum

RNG = np.random.default_rng(3)
NETWORK = {
    "conv.weight": RNG.normal(size=(12, 10, 3, 3)).astype(np.float32),
    "fc1.weight": RNG.normal(size=(60, 90)).astype(np.float32),
    "fc2.weight": RNG.standard_t(2.0, size=(80, 40)).astype(np.float32),
    "out.weight": RNG.normal(size=(5, 80)).astype(np.float32),
}


@pytest.fixture(scope="module")
def results():
    return statmech.analyse(NETWORK, resamples=20, seed=5)


def test_numbers_are_those_of_the_functions(results):
    assert list(results["layer"]) == ["conv.weight", "fc1.weight", "fc2.weight"]
    assert results.attrs["left_out"] == "out.weight"
    assert results["spectra/row"].tolist() == [0, 90, 150, 190]
    for i, name in enumerate(results["layer"]):
        own = spectrum(NETWORK[name])
        assert spectrum_of(results, name).floor == own.floor
        start, stop = results["spectra/row"][i : i + 2]
        np.testing.assert_array_equal(results["spectra/eigenvalue"][start:stop], own.eigenvalues)
        bulk, tail, phase = fit_marchenko_pastur(own), fit_power_law(own.eigenvalues), spectral_phase(own)
        low, high = bootstrap_power_law(own.eigenvalues, 20, seed=5).interval(LEVEL)
        expected = {
            "n": own.n, "m": own.m, "slices": own.slices, "Q": own.Q, "sigma": bulk.sigma, "mp_Q": bulk.law.Q,
            "lambda_plus": bulk.lambda_plus, "num_spikes": len(bulk.spikes), "mp_D": bulk.D, "mp_status": bulk.status,
            "alpha": tail.alpha, "xmin": tail.xmin, "n_tail": tail.n_tail, "D": tail.D, "alpha_low": low,
            "alpha_high": high, "tail_status": tail.status, **metrics(own, bulk, tail),
        }  # fmt: skip
        for column in COLUMNS.keys() & expected.keys():
            assert results[f"spectra/{column}"][i] == expected[column], column
        index = results["spectra/phase"][i]
        assert (results["phase_name"][index] if index >= 0 else "") == phase.label
        found = dict(zip(results["phase_name"], results["spectra/phase_probability"][i]))
        assert found == pytest.approx(phase.probabilities, nan_ok=True)
    assert results["spectra/phase"][0] == -1 and (results["spectra/phase"][1:] >= 0).all()
    spikes = int(results["spectra/num_spikes"][2])
    assert spikes and results["spectra/num_spikes"][0] == 0
    edge = results["spectra/lambda_plus"][2]
    assert (results["spectra/eigenvalue"][190 - spikes : 190] > edge).all()


def test_every_file_gives_the_same_eigenvalues(results, tmp_path):
    arrays = list(NETWORK.values())
    np.savez(tmp_path / "net.npz", **NETWORK, bias=np.zeros(5, np.float32))
    write_safetensors(tmp_path / "net.safetensors", safetensors_header(NETWORK), b"".join(a.tobytes() for a in arrays))
    write_torch_zip(tmp_path / "net.pt", state_dict(NETWORK), arrays)
    write_torch_stream(tmp_path / "net.th", {"state_dict": state_dict(NETWORK)}, arrays)
    with h5py.File(tmp_path / "net.h5", "w") as file:
        for name, array in NETWORK.items():
            file[name] = array
    for suffix in ("npz", "safetensors", "pt", "th", "h5"):
        found = statmech.analyse(tmp_path / f"net.{suffix}", resamples=20, seed=5)
        assert differences(found, results) == {}, suffix
        assert found.attrs["provenance"]["source"] == f"net.{suffix}" and len(found.attrs["provenance"]["sha256"]) == 64
    other = {**NETWORK, "fc1.weight": NETWORK["fc1.weight"] * np.float32(1 + 2**-22)}
    assert "spectra/eigenvalue" in differences(statmech.analyse(other, resamples=20, seed=5), results), "witness"


def test_there_and_back(results, tmp_path):
    path = results.to_hdf5(tmp_path / "net.h5")
    found = statmech.load(path)
    assert differences(found, results) == {} and all(found.dims(name) == results.dims(name) for name in results)
    assert found.attrs["slices"] == "slices" and found.attrs["min_size"] == 20
    with h5py.File(path) as file:
        group = file["spectra"]
        names = file["layer"].asstr()[:].tolist()
        row, i = group["row"][:], names.index("fc1.weight")
        np.testing.assert_array_equal(
            group["eigenvalue"][row[i] : row[i + 1]], spectrum(NETWORK["fc1.weight"]).eigenvalues
        )
        for dataset in group.values():
            assert all(len(dim) == 1 for dim in dataset.dims) and dataset.attrs["long_name"]
        assert group["alpha"].dims[0][0].name == "/layer" and group["mp_status"].asstr()[i] == "ok"


@pytest.mark.parametrize("engine", ["h5netcdf", "netcdf4"])
def test_xarray_opens_it_with_named_dimensions(results, engine, tmp_path):
    xarray = pytest.importorskip("xarray")
    pytest.importorskip("h5netcdf" if engine == "h5netcdf" else "netCDF4")
    tree = xarray.open_datatree(results.to_hdf5(tmp_path / "net.h5"), engine=engine)
    for name in results:
        node = tree
        for part in name.split("/"):
            node = node[part]
        assert node.dims == results.dims(name), name
        np.testing.assert_array_equal(node.values, results[name])
    assert float(tree["spectra"]["alpha"].sel(layer="fc2.weight")) == results["spectra/alpha"][2]


def test_slices_sizes_and_failures():
    flat = statmech.analyse(NETWORK, slices="flatten", min_size=1, resamples=0)
    assert flat["spectra/n"].tolist() == [90, 90, 80, 80] and flat["spectra/slices"].tolist() == [1, 1, 1, 1]
    assert np.isnan(flat["spectra/alpha_low"]).all() and flat["spectra/tail_status"][3].startswith("5 positive values")
    assert [eigenvalue_count(w.shape, "flatten") for w in NETWORK.values()] == np.diff(flat["spectra/row"]).tolist()
    odd = {"zeros": np.zeros((30, 25)), "one": np.outer(np.ones(40), np.ones(30)), "volume": np.ones((4, 5, 2, 2, 2))}
    found = statmech.analyse(odd, min_size=1)
    assert np.isnan(found["spectra/alpha"]).all() and all(s != "ok" for s in found["spectra/tail_status"])
    with pytest.raises(ValueError, match=r"no layer has min_size = 100 eigenvalues \(conv\.weight 90, .*smaller one"):
        statmech.analyse(NETWORK, min_size=100)
    with pytest.raises(StoreError, match=r"layer 'a' holds 1 NaN"):
        statmech.analyse({"a": np.array([[1.0, np.nan]])})
    with pytest.raises(ValueError, match=r"layer 'a': weights hold 1 NaN"):
        analyse_layers({"a": np.array([[1.0, np.nan]])})
    with pytest.raises(ValueError, match="expected one or more"):
        labelled([])
    with pytest.raises(ValueError, match="layer 'b' is not known, expected one of zeros, one, volume"):
        spectrum_of(found, "b")


def test_the_bootstrap_has_a_seed():
    weights = {"a": NETWORK["fc2.weight"]}
    low = [statmech.analyse(weights, resamples=10, seed=seed)["spectra/alpha_low"][0] for seed in (0, 0, 1)]
    assert low[0] == low[1] != low[2]


DATA = Path(__file__).parents[2] / "data" / "spectra"


def test_measured_spectra_of_the_project():
    lenet, resnet = statmech.load(DATA / "lenet.h5"), statmech.load(DATA / "resnet20.h5")
    row = list(lenet["layer"]).index("fc1.weight")
    found = {name: lenet[f"spectra/{name}"][row] for name in ("alpha", "xmin", "D", "n_tail", "stable_rank", "detX")}
    # powerlaw 1.5 and WeightWatcher 0.7.7 on the same layer
    reference = {"alpha": 4.626038, "xmin": 0.695295, "D": 0.0561909, "n_tail": 71, "stable_rank": 78.94, "detX": 387}
    assert found == pytest.approx(reference, rel=1e-4)
    assert len(resnet["layer"]) == 19 and "BSD-2-Clause" in resnet.attrs["note"]
    for results in (lenet, resnet):
        assert len(results.attrs["provenance"]["sha256"]) == 64
        again = refit(results)
        for (
            name,
            variable,
        ) in again.variables.items():  # `statmech spectra FILE --refit --out FILE` mends what fails here
            if variable.data.dtype.kind == "f":
                np.testing.assert_allclose(results[name], variable.data, rtol=1e-9, err_msg=name)
            else:
                assert np.array_equal(results[name], variable.data), name


def test_the_page(monkeypatch):
    monkeypatch.chdir(DATA.parents[1])
    page = Path("docs/spectra.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", page, flags=re.S)
    names: dict = {}
    exec(compile(code, "spectra", "exec"), names)
    assert names["eigenvalues"].shape == (500,) and len(names["figure"].axes) == 6
    assert (
        table(statmech.load("data/spectra/lenet.h5")).splitlines()[:-1]
        == re.findall(r"prints\n\n```\n(.*?)\n```", page, flags=re.S)[0].splitlines()
    )
    for column in COLUMNS:
        assert f"`{column}`" in page, f"docs/spectra.md does not say what {column} is"


# -- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def command(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("after.npz", **NETWORK)
    np.savez("before.npz", **{name: RNG.normal(size=w.shape) for name, w in NETWORK.items()})

    def run(*arguments):
        code = cli.main(["spectra", *map(str, arguments)])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_table_and_file(command, results, tmp_path):
    code, out, err = command("after.npz", "--out", "net.h5", "--resamples", 20, "--seed", 5)
    assert code == 0 and err == ""
    lines = out.splitlines()
    assert lines[0].split()[:4] == ["layer", "N", "x", "M"]
    assert lines[1].split()[:6] == ["conv.weight", "12", "x", "10", "9", "1.2"]
    assert f"{results['spectra/alpha'][2]:.3f}" in lines[3] and lines[-1] == "net.h5"
    assert "left out, fewer than 20 eigenvalues: out.weight" in lines
    assert differences(statmech.load("net.h5"), results) == {}
    again = command("net.h5")
    assert again[0] == 0 and again[1].splitlines() == lines[:-1]
    assert command("net.h5", "--refit", "--out", "again.h5", "--resamples", 20, "--seed", 5)[0] == 0
    assert differences(statmech.load("again.h5"), results) == {}


def test_figures(command, tmp_path, monkeypatch):
    monkeypatch.setattr("matplotlib.figure.Figure.savefig", lambda self, target, **options: target.write(b"drawn"))
    np.savez("after.npz", **{name: NETWORK[name] for name in ("fc2.weight",)})
    code, out, _ = command("after.npz", "--plot", "figures", "--against", "before.npz", "--resamples", 0)
    assert code == 0 and out.splitlines()[-2:] == ["figures/exponents.png", "figures/fc2.weight.png"]
    assert all((tmp_path / line).read_bytes() == b"drawn" for line in out.splitlines()[-2:])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.npz"], r"none\.npz does not exist"),
        (["after.npz", "--against", "before.npz"], "say where with --plot FOLDER"),
        (["after.npz", "--min-size", "1000"], "no layer has min_size = 1000"),
        (["after.npz", "--slices", "rows"], "rows"),
        (["after.npz", "--wide"], "unknown option '--wide'"),
        (["broken.npz"], "truncated or damaged"),
        (["empty.h5"], "holds results without spectra"),
    ],
)
def test_mistakes_are_one_line(command, arguments, message):
    with open("after.npz", "rb") as file, open("broken.npz", "wb") as broken:
        broken.write(file.read()[:1000])
    statmech.Results({}).to_hdf5("empty.h5")
    code, _, err = command(*arguments)
    assert code == 2 and len(err.splitlines()) == 1 and err.startswith("statmech: error: ")
    assert re.search(message, err), err
