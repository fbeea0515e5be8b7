"""Fixtures of the sweep tests."""

import pytest
from sweep.running import SCRIPT

from statmech.running.campaign import Campaign, RunOptions
from statmech.running.executors import load_script


@pytest.fixture
def toy():
    """The sweep of the script."""
    return load_script(SCRIPT)


@pytest.fixture(scope="session")
def reference(tmp_path_factory):
    """Directory of an uninterrupted serial run."""
    out = tmp_path_factory.mktemp("reference") / "toy"
    Campaign(load_script(SCRIPT), out, SCRIPT).run(RunOptions(executor="serial", quiet=True))
    return out


@pytest.fixture(autouse=True)
def unsynced(monkeypatch):
    """fsync guards against a loss of power, which no test can cause; forked children put it back (`in_child`)."""
    monkeypatch.setattr("os.fsync", lambda descriptor: None)
