"""How the sweep tests run, compare and kill."""

import os
import signal
import time
from pathlib import Path

from statmech.cli.compare import differences
from statmech.io.load import load
from statmech.running.campaign import Campaign, RunOptions

FSYNC = os.fsync
SCRIPT = Path(__file__).parent / "toy_sweep.py"


def finish(sweep, out, script=SCRIPT, **options):
    """Run a campaign serially (unless told otherwise) and return its report."""
    options = {"executor": "serial", "quiet": True} | options
    overrides = options.pop("overrides", {})
    resolved = sweep.resolve(overrides)
    return Campaign(resolved, out, script, overrides if script else {}).run(RunOptions(**options))


def assert_equal(a, b):
    """Two directories or files hold the same bits."""
    first, second = load(a), load(b)
    assert differences(first, second) == {}
    for name in first:
        assert first[name].dtype == second[name].dtype, name


def in_child(action, kill_after=None, environment=(), wait=None):
    """Fork, run `action`, SIGKILL some seconds after `wait` returns; returns (killed, exit code)."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.fsync = FSYNC
            os.environ.update(environment)
            action()
            code = 0
        finally:
            os._exit(code)
    if wait is not None:
        wait()
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status), os.waitstatus_to_exitcode(status)
