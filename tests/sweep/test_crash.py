"""A kill at any moment costs at most the work since the last checkpoint, never a file, never a bit."""

import os
import time

import h5py
import pytest
from sweep.running import SCRIPT, assert_equal, finish, in_child

from statmech.io import atomic
from statmech.running.executors import load_script

MOMENTS = 30
PAUSE = 0.008  # seconds per step: 4 tasks of 8 steps take about 0.3 s
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a forked child")


def every_file_opens(out):
    files = [p for p in out.rglob("*.h5") if not p.name.startswith(".")]
    for path in files:
        with h5py.File(path, "r") as file:
            assert "format" in file.attrs
    return files


def run_slowly(out):
    os.environ["STATMECH_TOY_PAUSE"] = str(PAUSE)
    finish(load_script(SCRIPT), out, checkpoint_every=0.01, chunk=0.01)


def first_checkpoint(out):
    """Wait until one stands there, at most a minute."""
    for _ in range(30_000):
        if any(out.glob("ckpt/[!.]*.h5")):
            return
        time.sleep(0.002)


def test_killed_at_thirty_moments(toy, tmp_path, reference):
    """22 moments between the first checkpoint and the sum of the pauses, before which no run can end however fast
    the machine; 8 moments anywhere in the time a run took."""
    begin = time.monotonic()
    assert in_child(lambda: run_slowly(tmp_path / "whole")) == (False, 0)
    whole = time.monotonic() - begin
    assert_equal(tmp_path / "whole", reference)
    inside = resumed = 0
    for k in range(MOMENTS):
        out = tmp_path / str(k)
        anywhere = k >= MOMENTS - 8
        delay = whole * (k - MOMENTS + 9) / 9 if anywhere else PAUSE * 28 * k / (MOMENTS - 8)
        wait = None if anywhere else lambda out=out: first_checkpoint(out)
        killed, _ = in_child(lambda out=out: run_slowly(out), kill_after=delay, wait=wait)
        files = every_file_opens(out)
        begun = any(p.parent.name in ("ckpt", "shards") for p in files)
        inside += killed and begun and not (out / "toy.h5").exists()
        resumed += any((out / "ckpt").glob("[!.]*.h5"))
        report = finish(toy, out)
        assert report.count("claimed") == 0  # the claim of the dead is taken over at once
        assert_equal(out, reference)
    assert inside >= 20, f"only {inside} of {MOMENTS} kills came after the first checkpoint and before the end"
    assert resumed >= 10, f"only {resumed} runs were resumed from a checkpoint"


def test_killed_before_and_after_every_fsync_and_rename(toy, tmp_path):
    """The n-th point, for all n: spec, checkpoints, shards and the merged file are all written through it."""
    small = {"model.r": [3.9], "sweeps": 4}
    finish(toy, tmp_path / "whole", overrides=small)

    def run(out):
        atomic._passed = 0
        finish(toy, out, overrides=small, checkpoint_every=0.0)

    for point in range(1, 1000):
        out = tmp_path / str(point)
        killed, code = in_child(lambda out=out: run(out), environment={atomic.FAILPOINT: str(point)})
        every_file_opens(out)
        finish(toy, out, overrides=small)
        assert_equal(out, tmp_path / "whole")
        assert not list(out.rglob(".*.tmp")), "leftovers of the dead process"
        if not killed:
            assert code == 0
            break
    # 1 spec, 2 tasks of 3 checkpoints and 1 shard, 1 merged file; 6 points each
    assert point - 1 == 60


def test_a_process_pool_killed_whole(toy, tmp_path, reference):
    """The parent is killed; its workers notice and end; the run is resumed."""
    import subprocess
    import sys

    environment = os.environ | {"STATMECH_TOY_PAUSE": "0.2"}
    options = ["--workers", "2", "--checkpoint-every", "0.1", "--out", str(tmp_path)]
    command = [sys.executable, str(SCRIPT), "run", *options]
    parent = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    for _ in range(400):
        if list(tmp_path.glob("ckpt/[!.]*.h5")):
            break
        time.sleep(0.05)
    parent.kill()
    parent.wait()
    assert list(tmp_path.glob("ckpt/[!.]*.h5")) and not (tmp_path / "toy.h5").exists()
    for _ in range(100):
        report = finish(toy, tmp_path)
        if report.merged:
            break
        time.sleep(0.05)
    every_file_opens(tmp_path)
    assert_equal(tmp_path, reference)


def test_witness_that_writing_in_place_would_be_caught(toy, tmp_path, monkeypatch):
    """A mutant of the atomic write: half of the bytes under the final name, then the kill."""

    def in_place(path, content):
        with path.open("wb") as file:
            file.write(bytes(content[: len(content) // 2]))
            file.flush()
            if path.parent.name == "ckpt":
                os.kill(os.getpid(), 9)
            file.write(bytes(content[len(content) // 2 :]))

    def run():
        monkeypatch.setattr("statmech.io.hdf5.write_bytes", in_place)
        finish(toy, tmp_path, checkpoint_every=0.0)

    assert in_child(run)[0]
    with pytest.raises(OSError, match="truncated"):
        every_file_opens(tmp_path)
    report = finish(toy, tmp_path)
    assert report.count("failed") == 1 and report.count("done") == 3
    assert "truncated or damaged" in next(o.message for o in report.outcomes if o.kind == "failed")


@pytest.mark.parametrize("lost", ["sum", "group/s"])
def test_witness_that_a_lost_piece_of_state_would_be_caught(toy, tmp_path, reference, monkeypatch, lost):
    """A mutant of the resume: one array of the checkpoint is taken from a fresh start."""
    from statmech.running import runner

    def forgetful(planned, store, task):
        state = latest(planned, store, task)
        return state | {lost: task.start()[lost]}

    latest = runner._latest
    finish(toy, tmp_path, overrides={"sweeps": 4})
    monkeypatch.setattr(runner, "_latest", forgetful)
    finish(toy, tmp_path, extend=True)
    with pytest.raises(AssertionError):
        assert_equal(tmp_path, reference)
