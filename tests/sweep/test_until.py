"""--until equilibrated: doublings of what is not equilibrated, the same bits however they came about."""

import dataclasses
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from sweep.running import assert_equal

from statmech import SK, Metropolis, MonteCarlo, Sweep
from statmech.cli.main import main
from statmech.io.load import load
from statmech.io.shards import read_shard, shard_length
from statmech.running.campaign import Campaign, RunOptions
from statmech.running.until import unequilibrated

SWEEP = Sweep(
    "until", MonteCarlo(SK(n=12), Metropolis(), T=(0.45, 2.0), replicas=4, sweeps=64, device="cpu"),
    grid={"model.n": [8, 12]}, samples=4, block=1,
)  # fmt: skip
OPTIONS = {"executor": "serial", "quiet": True, "time_limit": 120.0, "until": "equilibrated"}


def finish(out, **options):
    return Campaign(SWEEP, Path(out)).run(RunOptions(**(OPTIONS | options)))


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    out = tmp_path_factory.mktemp("until")
    return out, finish(out)


def lengths(out):
    campaign = Campaign(SWEEP, out)
    return {p.id: shard_length(campaign.store.shard(p.id))[1] for p in campaign.plan()}


def test_it_ends_when_no_point_is_unequilibrated(reference):
    out, report = reference
    result = load(out)
    assert (result["status"] != 4).all() and report.count("stopped") == 0
    found = lengths(out)
    assert min(found.values()) == 64 < max(found.values()), "witness: some needed more, some did not"
    assert all(n % 64 == 0 and (n // 64) & (n // 64 - 1) == 0 for n in found.values())
    assert result.dims("verdict/sweeps") == ("n", "T", "disorder")
    assert sorted(result["verdict/sweeps"][:, 0].ravel().tolist()) == sorted(found.values())
    assert len(report.doubled) == sum(int(np.log2(n // 64)) for n in found.values())
    assert result.attrs["complete"] == 1


def test_a_doubled_run_holds_the_bits_of_a_long_one(reference):
    campaign = Campaign(SWEEP, reference[0])
    planned, n = max(((p, lengths(reference[0])[p.id]) for p in campaign.plan()), key=lambda pair: pair[1])
    shard = read_shard(campaign.store.shard(planned.id))
    task = dataclasses.replace(planned.task, sweeps=n)
    state = task.advance(task.start(), n)
    for key, value in state.items():
        np.testing.assert_array_equal(shard.state[key], value, err_msg=key)
    for name, variable in task.results(state).items():
        np.testing.assert_array_equal(shard.results[name].data, variable.data, err_msg=name)


def test_the_verdict_is_what_makes_it_go_on(reference):
    """Every length before the last one was unequilibrated."""
    out, _ = reference
    plan = {p.id: p for p in Campaign(SWEEP, out).plan()}
    for name, n in lengths(out).items():
        if n > 64:
            task = dataclasses.replace(plan[name].task, sweeps=n // 2)
            assert (task.results(task.advance(task.start(), n // 2))["status"].data == 4).any()


def test_histories_of_different_lengths_share_an_index(reference):
    result = load(reference[0])
    assert result.dims("time_value") == ("n", "disorder", "time")
    for i, d in np.ndindex(2, 4):
        clock, history = result["time_value"][i, d], result["timeseries/e"][i, :, d, 0]
        assert np.nanmax(clock) == result["verdict/sweeps"][i, 0, d]
        np.testing.assert_array_equal(np.isnan(clock), np.isnan(history[0]))


def test_any_number_of_workers(reference, tmp_path):
    finish(tmp_path, executor="process", workers=2)
    assert_equal(tmp_path, reference[0])


def test_stopped_killed_and_resumed(reference, tmp_path):
    first = finish(tmp_path, until=None)
    before = lengths(tmp_path)
    assert set(before.values()) == {64} and first.merged is not None
    assert (load(tmp_path)["status"] == 4).any()
    stopped = finish(tmp_path, time_limit=1e-9)
    assert stopped.count("stopped") == len(stopped.doubled) > 0 and lengths(tmp_path) == before
    code = f"from sweep.test_until import finish; finish({str(tmp_path)!r}, checkpoint_every=0.0, chunk=0.001)"
    child = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[1])  # no fork: threads of numba
    begin = time.monotonic()
    while not any((tmp_path / "ckpt").glob("*.h5")) and child.poll() is None and time.monotonic() - begin < 60:
        time.sleep(0.001)
    child.kill()
    assert child.wait() == -signal.SIGKILL, "killed in the middle of a doubling"
    finish(tmp_path)
    assert_equal(tmp_path, reference[0])
    again = finish(tmp_path)
    assert not again.doubled and not again.outcomes


def test_longest_needed_first(reference, tmp_path):
    finish(tmp_path, until=None)
    campaign = Campaign(SWEEP, tmp_path)
    todo = unequilibrated(campaign.plan(), campaign.store)
    assert {p.length for p in todo} == {128}

    def need(planned):
        found = read_shard(campaign.store.shard(planned.id)).results
        share = found["verdict/times_bound"].data / found["verdict/times"].data
        return max(2.0, share[found["status"].data == 4].max())

    needs = [need(p) for p in todo]
    assert needs == sorted(needs, reverse=True) and needs[0] > needs[-1]


def test_parts_double_their_own(reference, tmp_path):
    for i in range(3):
        finish(tmp_path, part=(i, 3))
    assert_equal(tmp_path, reference[0])


def test_a_limit_is_required_and_the_word_is_checked(tmp_path, capsys):
    with pytest.raises(ValueError, match="give a time limit"):
        RunOptions(until="equilibrated")
    with pytest.raises(ValueError, match="expected 'equilibrated'"):
        RunOptions(until="done", time_limit=1.0)
    script = tmp_path / "until_script.py"
    script.write_text(
        "from statmech import SK, MonteCarlo, Sweep\n"
        "sweep = Sweep('small', MonteCarlo(SK(n=8), T=(0.6, 2.0), sweeps=64, device='cpu'), samples=2, block=1)\n"
    )
    common = ["run", str(script), "--out", str(tmp_path / "out"), "--executor", "serial", "--until", "equilibrated"]
    assert main(common) == 2 and "time limit" in capsys.readouterr().err
    assert main([*common, "--time-limit", "60"]) == 0
    assert "unequilibrated" not in capsys.readouterr().out
