"""Commands, exit codes, and one clear line for every mistake."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from sweep.running import SCRIPT, assert_equal, finish

import statmech
from statmech.cli import main as cli
from statmech.io.shards import read_shard
from statmech.running.executors import load_script

TESTS = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def in_empty_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


@pytest.fixture
def command(capsys):
    """Run a command in this process: (exit code, stdout, stderr)."""

    def run(*arguments):
        capsys.readouterr()
        words = [str(SCRIPT) if a == "SCRIPT" else str(a) for a in arguments]
        if words[0] == "run" and "--executor" not in words:
            words += ["--executor", "serial"]
        code = cli.main(words)
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def mistake(command):
    """Run a command that must fail: its one line on stderr."""

    def run(*arguments):
        code, _, err = command(*arguments)
        lines = [line for line in err.splitlines() if line.startswith("statmech: error: ")]
        assert code not in (0, None) and len(lines) == 1 and "Traceback" not in err, err
        assert err.splitlines()[-1] == lines[0]
        return lines[0].removeprefix("statmech: error: ")

    return run


def test_from_script_to_figure(command):
    code, out, _ = command("plan", "SCRIPT")
    assert code == 0 and "model.r = 3.8, 3.9" in out and "tasks     4" in out and "MiB per worker" in out
    assert not Path("results").exists()
    code, out, err = command("run", "SCRIPT")
    assert code == 0 and "4 of 4 tasks done: results/toy/toy.h5" in out and err == ""
    code, out, _ = command("run", "SCRIPT")
    assert code == 0 and "results/toy is finished, nothing to do" in out
    for target in ("SCRIPT", "results/toy"):
        code, out, _ = command("status", target)
        assert code == 0 and "done     4" in out
        code, out, _ = command("plot", target)
        assert code == 0 and out.strip() == "results/toy/figure.txt"
    assert statmech.load("results/toy").attrs["title"] == "Chaotic maps"
    assert command("merge", "results/toy")[:2] == (0, "results/toy/toy.h5\n")
    assert command("diff", "results/toy", "results/toy/toy.h5")[0] == 0


def test_smoke_has_its_own_directory(command):
    assert command("run", "SCRIPT", "--smoke")[0] == 0
    assert statmech.load("results/toy-smoke")["disorder"].tolist() == [0, 1]
    code, out, _ = command("status", "SCRIPT", "--smoke")
    assert code == 0 and "toy-smoke" in out
    assert command("merge", "SCRIPT", "--smoke")[0] == 0


def test_overrides_are_remembered(command):
    assert command("run", "SCRIPT", "-o", "model.n=5", "-o", "model.r=[3.7,3.75,3.8]", "--out", "x")[0] == 0
    assert statmech.load("x")["r"].tolist() == [3.7, 3.75, 3.8]
    assert command("merge", "x")[0] == 0 and command("plot", "x")[0] == 0


def test_diff(command):
    command("run", "SCRIPT", "--out", "a")
    command("run", "SCRIPT", "--out", "b", "-o", "seed=1")
    code, out, _ = command("diff", "a", "b")
    assert code == 1 and "x_mean: 4 of 4 values differ, by up to " in out and "disorder" not in out


def test_merge_joins(command, mistake):
    command("run", "SCRIPT", "--out", "a")
    command("run", "SCRIPT", "--out", "b", "-o", "seed=1")
    code, out, _ = command("merge", "a", "b", "-o", "both.h5")
    assert code == 0 and out == "both.h5\n"
    assert statmech.load("both.h5")["disorder_seed"].tolist() == [0] * 4 + [1] * 4
    command("merge", "b", "a", "-o", "turned.h5")
    assert_equal("both.h5", "turned.h5")
    assert "occurs twice" in mistake("merge", "a", "a", "-o", "twice.h5")
    assert "needs a results file" in mistake("merge", "a", "b")
    Path("mine.h5").write_text("precious")
    assert "is not overwritten" in mistake("merge", "a", "b", "-o", "mine.h5")
    assert Path("mine.h5").read_text() == "precious"


def test_script_and_command_are_the_same(command):
    done = subprocess.run([sys.executable, SCRIPT, "run", "--workers", "2"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "4 of 4 tasks done" in done.stdout
    command("run", "SCRIPT", "--out", "other")
    assert_equal("results/toy", "other")
    bad = subprocess.run([sys.executable, SCRIPT, "diff"], capture_output=True, text=True, check=False)
    assert bad.returncode == 2 and bad.stderr.startswith("statmech: error: unknown command 'diff'")


def test_doctor(command):
    code, out, _ = command("doctor")
    assert code == 0
    for word in ("NumPy: the published known answers", "Numba: the published known answers", "BLAS", "GiB", "gpu"):
        assert word in out


def test_help_and_version(command):
    assert command("run", "--help")[0] == 0
    code, out, _ = command("--help")
    assert code == 0 and all(name in out for name in cli.COMMANDS)
    assert command("--version")[1] == f"statmech {statmech.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rum", "SCRIPT"], "unknown command 'rum': did you mean 'run'?"),
        (["run", "SCRIPT", "--exeuctor", "serial"], "unknown option '--exeuctor': did you mean '--executor'?"),
        (["run", "SCRIPT", "--executor", "dusk"], "process, dask, dask:ADDRESS or mpi; did you mean 'dask'?"),
        (["run", "SCRIPT", "--workers", "many"], "invalid literal for int() with base 10: 'many'"),
        (["run", "SCRIPT", "--workers", "-1"], "workers = -1: expected >= 1"),
        (["run", "SCRIPT", "--checkpoint-every", "-3"], "checkpoint_every = -3.0: expected >= 0"),
        (["run", "SCRIPT", "--checkpoint-every", "nan"], "checkpoint_every = nan: expected >= 0"),
        (["run", "SCRIPT", "--device", "gpu"], "device = 'gpu' was asked for: no card; or use --device cpu"),
        (["run", "SCRIPT", "extra"], "Unrecognized options: extra"),
        (["run", "SCRIPT", "--part", "2/2"], "expected i/n with 0 <= i < n"),
        (["run", "SCRIPT", "--time-limit", "soon"], "expected seconds, 30m, 2h or HH:MM:SS"),
        (["run", "SCRIPT", "--save-states", "often"], "expected every=k"),
        (["run", "SCRIPT", "--device", "tpu"], "expected 'auto', 'cpu' or 'gpu'"),
        (["run", "SCRIPT", "-o", "model.N=4"], "unknown key 'model.N': Map has no 'N'"),
        (["run", "SCRIPT", "-o", "modle.n=4"], "unknown key 'modle.n': did you mean 'model.n'?"),
        (["run", "SCRIPT", "-o", "sweps=4"], "unknown key 'sweps': did you mean 'sweeps'?"),
        (["run", "SCRIPT", "-o", "sweeps=long"], "sweeps = 'long' has type str: expected int"),
        (["run", "SCRIPT", "-o", "model.n=1.5"], "model.n = 1.5 has type float: expected int"),
        (["run", "SCRIPT", "-o", "model=3"], "model = 3 has type int: expected Map"),
        (["run", "SCRIPT", "-o", "sweeps.x=3"], "'sweeps' is 8, which has no fields"),
        (["run", "SCRIPT", "-o", "samples=0"], "samples = 0: expected an integer >= 1"),
        (["run", "SCRIPT", "-o", "model.r=[]"], "grid['model.r'] is empty"),
        (["run", "SCRIPT", "-o", "model.r=[3.8,3.8]"], "give the same task"),
        (["run", "SCRIPT", "-o", "sweeps"], "expected path=value"),
        (["run", "nothing.py"], "nothing.py does not exist"),
        (["run", "folder"], "expected a script (.py)"),
        (["status", "SCRIPT", "-o", "model.n=5"], "unknown option '-o'"),
        (["plot", "SCRIPT", "-o", "model.n=5"], "unknown option '-o'"),
        (["run"], "Missing from statmech run: PATH"),
        (["status", "nothing"], "is not a sweep directory"),
        (["plot", "nothing"], "is not a sweep directory"),
        (["merge", "SCRIPT"], "run the sweep first"),
        (["merge", "-o", "joined.h5"], "merge: expected a script, the directory of a sweep, or several"),
        (["diff", "a.h5", "b.h5"], "a.h5 does not exist"),
    ],
)
def test_mistakes_stop_before_any_compute(mistake, arguments, message, monkeypatch):
    monkeypatch.setattr("statmech.backend.gpu_problem", lambda: "no card")
    assert message in mistake(*arguments)
    assert not Path("results").exists()


def test_script_without_sweep(mistake):
    Path("empty.py").write_text("x = 1")
    assert "has no module-level `sweep = Sweep(...)`" in mistake("run", "empty.py")
    Path("broken.py").write_text("1/0")
    assert "ZeroDivisionError: division by zero (--debug shows where)" in mistake("run", "broken.py")
    with pytest.raises(ZeroDivisionError):
        cli.main(["run", "broken.py", "--debug"])


def test_directory_of_another_spec(command, mistake):
    command("run", "SCRIPT", "-o", "sweeps=4", "--out", "x")
    before = {p: p.read_bytes() for p in Path("x").rglob("*") if p.is_file()}
    assert "(task.sweeps: 4 -> 8): add --extend" in mistake("run", "SCRIPT", "--out", "x")
    refused = mistake("run", "SCRIPT", "--out", "x", "--extend", "-o", "sweeps=6", "-o", "model.n=4", "-o", "seed=2")
    assert "task.sweeps: 4 -> 6" in refused and "task.model.n: (not set) -> 4" in refused and "seed: 0 -> 2" in refused
    assert "samples: 4 -> 2" in mistake("run", "SCRIPT", "--out", "x", "--extend", "-o", "sweeps=4", "-o", "samples=2")
    assert "(model.r: [" in mistake("run", "SCRIPT", "--out", "x", "--extend", "-o", "sweeps=4", "-o", "model.r=[3.8]")
    assert {p: p.read_bytes() for p in Path("x").rglob("*") if p.is_file()} == before
    assert "it was last run with -o sweeps=4" in mistake("run", "SCRIPT", "--out", "x", "-o", "seed=2")


def test_foreign_directories(mistake):
    Path("mine").mkdir()
    Path("mine/thesis.tex").write_text("precious")
    assert "is not empty and not a sweep directory (it holds 'thesis.tex'" in mistake("run", "SCRIPT", "--out", "mine")
    assert [p.name for p in Path("mine").iterdir()] == ["thesis.tex"]
    Path("file").write_text("")
    assert "is a file, expected a directory" in mistake("run", "SCRIPT", "--out", "file")
    Path("other").mkdir()
    Path("other/spec.json").write_text('{"format": "something"}')
    assert "spec.json was not written by statmech" in mistake("run", "SCRIPT", "--out", "other")
    Path("other/spec.json").write_text('{"format": "statmech-sweep-directory", "format_version": 9}')
    assert "format_version 9" in mistake("run", "SCRIPT", "--out", "other")
    Path("other/spec.json").write_text("{")
    assert "spec.json is damaged" in mistake("run", "SCRIPT", "--out", "other")
    Path("taken").mkdir()
    Path("taken/toy.h5").write_text("precious")
    assert "is not overwritten" in mistake("run", "SCRIPT", "--out", "taken")
    assert Path("taken/toy.h5").read_text() == "precious"


def test_directories_that_cannot_be_made(mistake):
    Path("file").write_text("precious")
    assert mistake("run", "SCRIPT", "--out", "file/x").startswith("file/x/shards: Not a directory: choose")
    assert Path("file").read_text() == "precious"


def test_damaged_shard_and_checkpoint(command, mistake):
    command("run", "SCRIPT", "--out", "x")
    Path("x/toy.h5").unlink()
    shard = sorted(Path("x/shards").iterdir())[0]
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-9])
    assert "is truncated or damaged" in mistake("run", "SCRIPT", "--out", "x")
    shard.write_bytes(whole)
    with h5py.File(shard, "r+") as file:
        file.attrs["format_version"] = 7
    assert "upgrade statmech" in mistake("run", "SCRIPT", "--out", "x")


def test_failed_tasks(command, mistake, monkeypatch):
    monkeypatch.setenv("STATMECH_TOY_FAIL", "2")
    message = mistake("run", "SCRIPT", "--out", "x")
    assert "2 of 4 tasks failed, the first with ArithmeticError: sample 2 diverges" in message
    failures = [json.loads(p.read_text()) for p in Path("x/failed").iterdir()]
    assert len(failures) == 2 and all("Traceback" in f["traceback"] for f in failures)
    assert failures[0]["identity"]["disorder"] == [2, 3] and len(list(Path("x/shards").iterdir())) == 2
    _, out, _ = command("status", "x")
    assert "failed   2" in out and "done     2" in out and "ArithmeticError: sample 2 diverges" in out
    assert command("merge", "x")[0] == 0
    partial = statmech.load("x")
    assert partial.attrs["complete"] == 0
    assert partial["status"][0, 0].tolist() == [2, 2, 3, 3] and np.isnan(partial["x"][..., 2:]).all()
    monkeypatch.delenv("STATMECH_TOY_FAIL")
    assert "2 of 4 tasks failed" in mistake("run", "SCRIPT", "--out", "x")  # not tried again by itself
    assert command("run", "SCRIPT", "--out", "x", "--retry-failed")[0] == 0
    command("run", "SCRIPT", "--out", "y")
    assert_equal("x", "y")
    assert statmech.load("x").attrs["complete"] == 1


def test_live_tasks_are_skipped(command):
    sweep = load_script(SCRIPT)
    from statmech.io.claims import Claim
    from statmech.running.campaign import Campaign

    campaign = Campaign(sweep, Path("x"), SCRIPT)
    first = campaign.prepare()[0]
    with Claim.take(campaign.store.claim(first.id)):
        code, out, err = command("run", "SCRIPT", "--out", "x")
        assert code == 0 and "3 of 4 tasks done, 1 running elsewhere" in out
        assert f"{first.id} is being run by" in err and "skipped" in err
        assert "running  1" in command("status", "x")[1]
    assert command("run", "SCRIPT", "--out", "x")[0] == 0
    command("run", "SCRIPT", "--out", "y")
    assert_equal("x", "y")


def test_a_pool_that_cannot_start_is_no_success(mistake, monkeypatch):
    def broken(*arguments):
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr("statmech.running.executors.ProcessPoolExecutor", broken)
    assert "a worker process died" in mistake("run", "SCRIPT", "--executor", "process")


@pytest.mark.parametrize("arguments", [["--help"], ["status", "x"], ["diff", "x", "x"]])
def test_a_reader_that_has_gone(command, arguments):
    command("run", "SCRIPT", "--out", "x")
    reader, writer = os.pipe()
    os.close(reader)
    words = [sys.executable, "-m", "statmech", *arguments]
    done = subprocess.run(words, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


def test_time_limit(command, monkeypatch):
    monkeypatch.setenv("STATMECH_TOY_PAUSE", "0.05")
    code, out, _ = command("run", "SCRIPT", "--out", "x", "--time-limit", "0.3", "--checkpoint-every", "0.05")
    assert code == cli.STOPPED and "stopped" in out
    assert list(Path("x/ckpt").iterdir())
    monkeypatch.delenv("STATMECH_TOY_PAUSE")
    assert command("run", "SCRIPT", "--out", "x")[0] == 0
    command("run", "SCRIPT", "--out", "y")
    assert_equal("x", "y")


def test_save_states(command, mistake):
    command("run", "SCRIPT", "--out", "y")
    assert command("run", "SCRIPT", "--out", "x", "--save-states", "every=4")[0] == 0
    assert_equal("x", "y")
    folders = list(Path("x/states").iterdir())
    assert len(folders) == 4
    for folder in folders:
        assert sorted(p.stem for p in folder.glob("*.h5")) == ["000000000004", "000000000008"]
    last = read_shard(folders[0] / "000000000008.h5")
    final = read_shard(Path("x/shards") / f"{folders[0].name}.h5")
    assert set(last.state) == {"group/s"}
    np.testing.assert_array_equal(last.state["group/s"], final.state["group/s"])


def test_full_disk(command, mistake, monkeypatch):
    command("run", "SCRIPT", "--out", "whole")
    real, count = os.write, [0]

    def write(descriptor, data):
        if descriptor > 2 and bytes(data[:4]) == b"\x89HDF":
            count[0] += 1
            if count[0] > 2:
                raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", write)
    message = mistake("run", "SCRIPT", "--out", "x")
    assert "the disk of x is full" in message and "run again to continue" in message
    assert len(list(Path("x/shards").iterdir())) == 2 and not list(Path("x").rglob("*.tmp"))
    assert not list(Path("x/failed").iterdir()) and not list(Path("x/claims").glob("*.json"))
    monkeypatch.setattr(os, "write", real)
    assert command("run", "SCRIPT", "--out", "x")[0] == 0
    assert_equal("x", "whole")


def test_finishing_by_api_what_the_command_began(command):
    command("run", "SCRIPT", "--out", "x", "--part", "0/2")
    finish(load_script(SCRIPT), Path("x"))
    command("run", "SCRIPT", "--out", "y")
    assert_equal("x", "y")
