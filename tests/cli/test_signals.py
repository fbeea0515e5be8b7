"""The first signal saves and stops, the second aborts; both leave what a later run completes."""

import os
import signal
import subprocess
import sys
import time

import pytest
from sweep.running import SCRIPT, assert_equal, finish

from statmech.cli.main import STOPPED
from statmech.running.executors import load_script
from statmech.running.stopping import ABORTED

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


def started(out, *options, pause="0.1", **popen):
    """A running sweep that has written a checkpoint."""
    command = [sys.executable, str(SCRIPT), "run", "--checkpoint-every", "0.1", "--out", str(out), *options]
    environment = os.environ | {"STATMECH_TOY_PAUSE": pause}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, **popen)
    for _ in range(600):
        if list(out.glob("ckpt/[!.]*.h5")):
            return process
        time.sleep(0.05)
    process.kill()
    raise AssertionError(process.communicate())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("executor", ["serial", "process"])
def test_first_signal_saves_and_stops(tmp_path, number, executor):
    process = started(tmp_path / "x", "--executor", executor)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == STOPPED, err
    assert f"{signal.Signals(number).name}: saving and stopping" in err and "Traceback" not in err
    assert list((tmp_path / "x/ckpt").glob("*.h5")) and not list((tmp_path / "x/claims").iterdir())
    sweep = load_script(SCRIPT)
    finish(sweep, tmp_path / "x")
    finish(sweep, tmp_path / "y")
    assert_equal(tmp_path / "x", tmp_path / "y")


@pytest.mark.parametrize("executor", ["process", "dask"])
def test_control_c_on_a_terminal_reaches_the_workers_too(tmp_path, executor):
    process = started(tmp_path / "x", "--executor", executor, "--workers", "2", start_new_session=True)
    os.killpg(process.pid, signal.SIGINT)
    try:
        _, err = process.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    assert process.returncode == STOPPED and "Traceback" not in err, err
    assert list((tmp_path / "x/ckpt").glob("*.h5")) and not list((tmp_path / "x/claims").iterdir())


def test_second_signal_aborts(tmp_path):
    process = started(tmp_path, "--executor", "serial", pause="3")  # the first signal ends the run after it
    process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == ABORTED
    finish(load_script(SCRIPT), tmp_path)
