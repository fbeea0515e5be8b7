"""`statmech bench`: every script runs at toy size, and one file keeps the tables.  No test looks at a time."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from statmech.cli import bench
from statmech.cli import main as cli

ROOT = Path(__file__).parents[2]
SCRIPTS = [script.stem for script in bench.chosen([])]


@pytest.fixture(autouse=True)
def in_empty_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def content(folder: str = "results/benchmarks-smoke") -> dict:
    return json.loads(Path(folder, "benchmarks.json").read_text())["benchmarks"]


def check(name: str, folder: str) -> None:
    entry = content(folder)[name]
    assert entry["about"] and {"cpu", "gpu", "numpy", "git_commit", "start", "argv"} <= entry["provenance"].keys()
    for table in entry["tables"]:
        assert table["rows"] and all(row.keys() == table["columns"].keys() for row in table["rows"])
    assert f"## {name}" in Path(folder, "benchmarks.md").read_text()


@pytest.mark.parametrize("name", [name for name in SCRIPTS if name != "scaling"])
def test_every_script_runs_and_stores_its_tables(name, capfd):
    assert cli.main(["bench", name, "--smoke"]) == 0, capfd.readouterr().err
    assert set(content()) == {name}
    check(name, "results/benchmarks-smoke")


def test_scripts_keep_the_tables_of_others_and_draw_again(capfd):
    assert cli.main(["bench", "tensor_kernel", "scaling", "--smoke", "--out", "x"]) == 0, capfd.readouterr().err
    assert set(content("x")) == {"tensor_kernel", "scaling"}
    check("scaling", "x")
    figure = Path("x/scaling.png").read_bytes()
    Path("x/scaling.png").unlink()
    command = [sys.executable, ROOT / "benchmarks/scaling.py", "--redraw", "--out"]
    subprocess.run([*command, "x"], check=True)
    assert Path("x/scaling.png").read_bytes() == figure
    nothing = subprocess.run([*command, "y"], capture_output=True, text=True, check=False)
    assert nothing.returncode and "run without --redraw first" in nothing.stderr


def test_mistakes(capfd, monkeypatch):
    def says(*words):
        code = cli.main(["bench", *words])
        return code, capfd.readouterr().err

    assert says("pears") == (2, "statmech: error: unknown benchmark 'pears': did you mean 'peers'?\n")
    code, err = says("zzz")
    assert code == 2 and f"expected some of {SCRIPTS[0]}" in err
    Path("mine").mkdir()
    Path("mine/benchmarks.json").write_text("precious")
    code, err = says("mbar", "--smoke", "--out", "mine")
    assert code == 1 and "is not overwritten" in err and "1 of 1 benchmarks failed: mbar" in err
    assert Path("mine/benchmarks.json").read_text() == "precious"
    monkeypatch.setattr(bench, "FOLDER", Path("benchmarks"))
    code, err = says("mbar")
    assert code == 1 and "clone the repository" in err and "Traceback" not in err


def test_a_report(monkeypatch, capsys):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    import _report

    monkeypatch.setattr(_report, "installed", lambda package: None)
    options = _report.parser("").parse_args(["--out", "x"])
    with _report.Report("a/first.py", "About.\n\nMore.", options) as report:
        assert not report.has("openjij")
        table = report.table("numbers", {"code": "", "ns": ".1f", "spikes": "d"})
        table("ours", np.float32(1.25), np.int64(3))
        table("theirs", np.inf, np.nan)
        with pytest.raises(ValueError):
            table("too few")
    assert "openjij is not installed, hence not measured: pip install openjij==" in capsys.readouterr().out
    with pytest.raises(ZeroDivisionError), _report.Report("second.py", "About.", options):
        raise ZeroDivisionError
    entry = content("x")["first"]
    assert set(content("x")) == {"first"} and entry["about"] == "About." and len(entry["notes"]) == 1
    rows = [{"code": "ours", "ns": 1.25, "spikes": 3}, {"code": "theirs", "ns": None, "spikes": None}]
    assert entry["tables"] == [{"title": "numbers", "columns": {"code": "", "ns": ".1f", "spikes": "d"}, "rows": rows}]
    text = Path("x/benchmarks.md").read_text()
    assert "| ours | 1.2 | 3 |\n| theirs |  |  |" in text and "openjij" in text
