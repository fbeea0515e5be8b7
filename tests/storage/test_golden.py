"""Files of every format version keep loading, with the values they had."""

import json
from pathlib import Path

import numpy as np
import pytest

import statmech

GOLDEN = Path(__file__).parents[2] / "data" / "golden"


@pytest.mark.parametrize("version", [1])
def test_golden_file_loads(version):
    result = statmech.load(GOLDEN / f"sweep_v{version}.h5")
    expected = json.loads((GOLDEN / f"sweep_v{version}.json").read_text())
    assert result.attrs["format_version"] == version and result.attrs["title"] == expected["title"]
    assert set(result) == set(expected["variables"])
    for name, entry in expected["variables"].items():
        assert list(result.dims(name)) == entry["dims"], name
        data = result[name]
        assert list(data.shape) == entry["shape"] and data.dtype.kind == entry["kind"], name
        if data.dtype.kind == "U":
            assert data.tolist() == entry["values"]
        else:
            finite = data[np.isfinite(data)]
            assert finite.size == entry["finite"], name
            assert float(np.abs(finite).sum()) == pytest.approx(entry["sum"], rel=1e-12), name
    assert 0 in result["status"] and np.isnan(result["e"]).any() and np.isfinite(result["e_mean"]).any()


@pytest.mark.parametrize("engine", ["h5netcdf", "netcdf4"])
def test_golden_file_opens_in_xarray(engine):
    xarray = pytest.importorskip("xarray")
    pytest.importorskip({"netcdf4": "netCDF4"}.get(engine, engine))
    with xarray.open_datatree(GOLDEN / "sweep_v1.h5", engine=engine) as tree:
        assert tree["e_mean"].dims == ("alpha", "T", "start")
        assert not [d for node in tree.subtree for d in node.sizes if "phony" in str(d)]
