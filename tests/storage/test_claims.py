"""One owner per task; the dead are noticed, the living are left alone."""

import json
import os
import threading
import time

import pytest

from statmech.io import claims
from statmech.io.atomic import process_start
from statmech.io.claims import STALE, Claim, is_live

ELSEWHERE = {"host": "far-away", "pid": 1, "process": "1@1", "token": "t"}


def test_exclusive_and_released(tmp_path):
    path = tmp_path / "task.json"
    claim = Claim.take(path)
    with claim:
        assert is_live(path) and Claim.take(path) is None
        assert json.loads(path.read_text())["pid"] == os.getpid()
    assert not is_live(path) and list(tmp_path.iterdir()) == []


def test_claim_of_a_dead_process_is_taken_over_at_once(tmp_path):
    path = tmp_path / "task.json"
    child = os.fork()
    if child == 0:
        Claim.take(path)
        os._exit(0)
    os.waitpid(child, 0)
    assert path.exists() and not is_live(path)
    assert Claim.take(path) is not None


def test_reused_process_id_is_not_the_owner(tmp_path):
    import socket

    path = tmp_path / "task.json"
    mine = {"host": socket.gethostname(), "pid": os.getpid(), "token": "t"}
    path.write_text(json.dumps(mine | {"process": process_start(os.getpid())}))
    assert is_live(path) and Claim.take(path) is None
    path.write_text(json.dumps(mine | {"process": f"{os.getpid()}@1"}))
    assert not is_live(path) and Claim.take(path) is not None


@pytest.mark.parametrize("content", [json.dumps(ELSEWHERE), "", "{broken"])
def test_other_host_or_damaged_claim_counts_by_age(tmp_path, content):
    path = tmp_path / "task.json"
    path.write_text(content)
    assert Claim.take(path) is None
    old = time.time() - STALE - 1
    os.utime(path, (old, old))
    assert Claim.take(path) is not None


def test_heartbeat(tmp_path, monkeypatch):
    monkeypatch.setattr(claims, "HEARTBEAT", 0.01)
    path = tmp_path / "task.json"
    with Claim.take(path):
        os.utime(path, (1, 1))
        for _ in range(500):
            if path.stat().st_mtime > 1:
                break
            time.sleep(0.01)
        assert path.stat().st_mtime > 1
        path.write_text(json.dumps(ELSEWHERE))  # taken over by somebody else: left alone from now on
    assert json.loads(path.read_text()) == ELSEWHERE


@pytest.mark.parametrize("stale", [False, True])
def test_one_winner(tmp_path, stale):
    path = tmp_path / "task.json"
    if stale:
        path.write_text(json.dumps(ELSEWHERE))
        os.utime(path, (1, 1))
    won, gate = [], threading.Barrier(8)

    def run():
        gate.wait()
        won.append(Claim.take(path))

    threads = [threading.Thread(target=run) for _ in range(8)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sum(claim is not None for claim in won) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["task.json"]


def test_without_hard_links(tmp_path, monkeypatch):
    def no_links(*_):
        raise PermissionError("no links here")

    monkeypatch.setattr(os, "link", no_links)
    with Claim.take(tmp_path / "task.json"):
        assert Claim.take(tmp_path / "task.json") is None


def test_nobody_comes_between_the_look_and_the_takeover(tmp_path, monkeypatch):
    path, look, others = tmp_path / "task.json", claims._owner_alive, []
    path.write_text(json.dumps(ELSEWHERE))
    os.utime(path, (1, 1))

    def slow(content, age):
        if not others:
            others.append("begun")
            others.append(Claim.take(path))
        return look(content, age)

    monkeypatch.setattr(claims, "_owner_alive", slow)
    assert Claim.take(path) is not None
    assert others == ["begun", None]
    assert [p.name for p in tmp_path.iterdir()] == ["task.json"]


def test_a_takeover_that_died_in_the_middle_is_taken_over(tmp_path):
    path, lock = tmp_path / "task.json", tmp_path / ".task.json.takeover"
    for left in (path, lock):
        left.write_text(json.dumps(ELSEWHERE))
        os.utime(left, (1, 1))
    assert Claim.take(path) is not None
    assert [p.name for p in tmp_path.iterdir()] == ["task.json"]
