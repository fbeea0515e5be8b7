"""The same numbers, bit for bit, however a sweep is run."""

import numpy as np
import pytest
from sweep.running import SCRIPT, assert_equal, finish

from statmech import Hopfield, MonteCarlo, Sweep, Zip
from statmech.cli.commands import join
from statmech.cli.compare import differences
from statmech.io.load import load
from statmech.running.campaign import Campaign, RunOptions
from statmech.running.executors import load_script
from statmech.running.runner import Pace, run_task

OWN_MODEL = """
from dataclasses import dataclass
import numpy as np
import statmech
from statmech import MonteCarlo, Sweep

@dataclass(frozen=True)
class Ferromagnet(statmech.Model):
    n: int = 8
    space = statmech.Ising()
    def disorder(self, keys):
        return {"none": np.zeros((len(keys), 1))}
    def energy(self, disorder, s):
        return -0.5 * s.sum(-1, dtype=float) ** 2 / self.n

sweep = Sweep("own", MonteCarlo(Ferromagnet(), T=(0.5, 2.0), sweeps=8), grid={"model.n": [4, 8]}, samples=2)
"""


def test_a_run_is_complete_and_idempotent(toy, tmp_path):
    report = finish(toy, tmp_path)
    assert (report.total, report.count("done")) == (4, 4)
    before = report.merged.read_bytes()
    again = finish(toy, tmp_path)
    assert again.already == 4 and not again.outcomes
    assert again.merged.read_bytes() == before
    result = load(tmp_path)
    assert result.dims("x") == ("r", "T", "disorder")
    assert (result["status"] == 2).all()
    assert result.attrs["complete"] == 1 and result.attrs["citation"].startswith("May")
    assert set(result.attrs["provenance"]) >= {"statmech", "host", "argv", "git_commit", "start", "end"}


def test_witness_that_differences_are_seen(toy, tmp_path, reference):
    finish(toy, tmp_path, overrides={"seed": 1})
    found = differences(load(tmp_path), load(reference))
    assert {"x", "x_mean", "last/x", "history/x"} <= set(found)


@pytest.mark.parametrize("workers", [1, 2])
def test_process_pool(toy, tmp_path, reference, workers):
    finish(toy, tmp_path, executor="process", workers=workers)
    assert_equal(tmp_path, reference)


def test_dask_embedded_and_by_address(toy, tmp_path, reference):
    """A real scheduler with worker processes on loopback: one started by us, then one given by its address."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=2, processes=True, dashboard_address=None,
                                  local_directory=str(tmp_path / "dask"), silence_logs=40) as cluster:  # fmt: skip
        report = finish(toy, tmp_path / "a", executor=f"dask:{cluster.scheduler_address}")
        assert report.count("done") == 4
        with distributed.Client(cluster) as client:
            finish(toy, tmp_path / "b", executor=client.get_executor(pure=False))
            script = tmp_path / "own_model.py"
            script.write_text(OWN_MODEL)
            own = load_script(script)
            finish(own, tmp_path / "own", script=script, executor=client.get_executor(pure=False))
    finish(own, tmp_path / "own-process", script=script, executor="process", workers=1)
    finish(own, tmp_path / "own-serial", script=script)
    assert_equal(tmp_path / "a", reference)
    assert_equal(tmp_path / "b", reference)
    assert_equal(tmp_path / "own", tmp_path / "own-serial")
    assert_equal(tmp_path / "own-process", tmp_path / "own-serial")


def test_dask_embedded(toy, tmp_path, reference):
    finish(toy, tmp_path, executor="dask", workers=2)
    assert_equal(tmp_path, reference)


def test_any_executor(toy, tmp_path, reference):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as pool:
        finish(toy, tmp_path, executor=pool)
    assert_equal(tmp_path, reference)


def test_parts(toy, tmp_path, reference):
    reports = [finish(toy, tmp_path, part=(i, 3)) for i in (2, 0, 1)]
    assert [r.count("done") for r in reports] == [1, 2, 1]
    assert reports[0].merged is None and reports[2].merged is not None
    assert_equal(tmp_path, reference)


@pytest.mark.parametrize("chunk", [0.0, 1.0])
def test_chunks(toy, tmp_path, reference, chunk):
    finish(toy, tmp_path, chunk=chunk)
    assert_equal(tmp_path, reference)


def test_block_size(toy, tmp_path, reference):
    finish(toy, tmp_path, overrides={"block": 3})
    assert_equal(tmp_path, reference)


def test_extend_sweeps_samples_and_grid(toy, tmp_path, reference):
    small = {"sweeps": 2, "samples": 3, "model.r": [3.9]}
    first = finish(toy, tmp_path, overrides=small)
    assert first.total == 2
    begun = {p.name for p in (tmp_path / "shards").iterdir()}
    finish(toy, tmp_path, extend=True)
    assert_equal(tmp_path, reference)
    assert begun <= {p.name for p in (tmp_path / "shards").iterdir()}


def test_extension_continues_from_the_finished_state(toy, tmp_path, monkeypatch):
    """Witness: the extension takes up the stored state, it does not start again."""
    finish(toy, tmp_path, overrides={"sweeps": 4})
    script = type(toy.task)
    monkeypatch.setattr(script, "start", lambda self: pytest.fail("started again"))
    finish(toy, tmp_path, extend=True)


def test_lengths_that_vary_along_the_grid(toy, tmp_path):
    import sys

    sizes = sys.modules[type(toy.task).__module__].sizes
    Campaign(sizes, tmp_path).run(RunOptions(executor="serial", quiet=True))
    result = load(tmp_path)
    assert result["size"].tolist() == [0, 1] and result["n"].tolist() == [2, 5]
    assert result["sweeps"].tolist() == [2, 8] and result.dims("sweeps") == ("size",)
    assert result.dims("history/x") == ("size", "T", "disorder", "time")
    assert np.isnan(result["history/x"][0, ..., 2:]).all() and np.isfinite(result["history/x"][1]).all()
    assert result["time_value"][1].tolist() == [1, 2, 3, 4, 5]


def test_joining_samples_and_seeds(toy, tmp_path, reference):
    halves = [{"samples": 2}, {"samples": 2, "first": 2}]
    campaigns = []
    for k, overrides in enumerate(halves):
        campaigns.append(Campaign(toy.resolve(overrides), tmp_path / str(k)))
        campaigns[-1].run(RunOptions(executor="serial", quiet=True))
    joined, whole = load(join(campaigns, tmp_path / "joined.h5")), load(reference)
    assert joined["disorder_seed"].tolist() == [0, 0, 0, 0]
    assert set(differences(joined, whole)) == {"disorder_seed"}
    other = Campaign(toy.resolve({"seed": 1}), tmp_path / "seed1")
    other.run(RunOptions(executor="serial", quiet=True))
    both = load(join([campaigns[0], other], tmp_path / "seeds.h5"))
    assert both["disorder_seed"].tolist() == [0, 0, 1, 1, 1, 1]
    with pytest.raises(ValueError, match="sample 0 of seed 0 occurs twice"):
        join([campaigns[0], campaigns[0]], tmp_path / "twice.h5")
    longer = Campaign(toy.resolve({"sweeps": 4, "seed": 2}), tmp_path / "longer")
    with pytest.raises(ValueError, match=r"task\.sweeps: 8 -> 4"):
        join([campaigns[0], longer], tmp_path / "mixed.h5")


@pytest.fixture(scope="module")
def hopfield():
    task = MonteCarlo(Hopfield(n=16, alpha=0.2), T=(0.4, 1.2), starts=("random", "pattern"), replicas=2, sweeps=32)
    return Sweep("hopfield", task, grid={"model.alpha": [0.1, 0.3]}, samples=4, block=2)


def test_monte_carlo_is_the_same_in_every_way(hopfield, tmp_path):
    whole = finish(hopfield, tmp_path / "whole", script=None)
    finish(hopfield, tmp_path / "blocks", script=None, overrides={"block": 3}, chunk=0.0)
    assert_equal(tmp_path / "whole", tmp_path / "blocks")
    for k in (0, 1):
        finish(hopfield, tmp_path / "parts", script=None, part=(k, 2), executor="process", workers=1)
    assert_equal(tmp_path / "whole", tmp_path / "parts")
    finish(hopfield, tmp_path / "grown", script=None, overrides={"sweeps": 8, "samples": 1})
    finish(hopfield, tmp_path / "grown", script=None, extend=True)
    assert_equal(tmp_path / "whole", tmp_path / "grown")
    result = load(whole.merged)
    assert result.dims("e_mean") == ("alpha", "T", "start") and np.isfinite(result["e_err"]).all()


def test_simulate_gives_the_numbers_of_a_sweep(hopfield, tmp_path):
    import statmech

    finish(hopfield, tmp_path, script=None)
    point = statmech.simulate(Hopfield(n=16, alpha=0.3), [0.4, 1.2], sweeps=32, starts=("random", "pattern"),
                              replicas=2, samples=4)  # fmt: skip
    result = load(tmp_path)
    for name in ("e", "e_mean", "q2_err", "overlap/P_q"):
        np.testing.assert_array_equal(result[name][1], point[name])


def test_script_is_loaded_once():
    assert load_script(SCRIPT) is load_script(SCRIPT)


def test_extension_along_a_zip(toy, tmp_path):
    import sys

    sizes = sys.modules[type(toy.task).__module__].sizes
    small = {"size": Zip({"model.n": [5], "sweeps": [4]})}
    finish(sizes, tmp_path / "grown", script=None, overrides=small)
    with pytest.raises(ValueError, match=r"grid\.size\.sweeps: \[4\] -> \[2, 6\]"):
        wrong = {"size": Zip({"model.n": [2, 5], "sweeps": [2, 6]})}
        finish(sizes, tmp_path / "grown", script=None, overrides=wrong, extend=True)
    finish(sizes, tmp_path / "grown", script=None, extend=True)
    finish(sizes, tmp_path / "whole", script=None)
    assert_equal(tmp_path / "grown", tmp_path / "whole")


def test_a_worker_that_dies_is_reported(toy, tmp_path, monkeypatch):
    monkeypatch.setenv("STATMECH_TOY_DIE", "1")
    with pytest.raises(RuntimeError, match="a worker process died"):
        finish(toy, tmp_path, executor="process", workers=1)
    monkeypatch.delenv("STATMECH_TOY_DIE")
    assert finish(toy, tmp_path).merged is not None


def test_progress_on_a_terminal_and_in_a_log(toy, tmp_path, capsys, monkeypatch):
    from statmech.running import progress

    monkeypatch.setattr(progress, "LOG_EVERY", 0.0)
    finish(toy, tmp_path / "log", quiet=False)
    assert "100 % of the sweeps, 4 of 4 tasks" in capsys.readouterr().err
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    finish(toy, tmp_path / "bar", quiet=False)
    assert "4/4 tasks" in capsys.readouterr().err


def test_a_finished_task_keeps_nothing_in_memory(tmp_path):
    """A worker holds the plan for the whole run: what a task caches must go with it."""
    sweep = Sweep("light", MonteCarlo(Hopfield(n=16, alpha=0.25), sweeps=16), samples=2, block=1)
    campaign = Campaign(sweep, tmp_path / "x")
    plan = campaign.prepare()
    for planned in plan:
        fields = set(vars(planned.task))
        assert run_task(planned, campaign.store, Pace()).kind == "done"
        assert set(vars(planned.task)) == fields
    used = plan[0].task
    used.advance(used.start(), 1)
    assert {"_problem", "_left"} <= set(vars(used)), "witness: a task that runs does cache"
