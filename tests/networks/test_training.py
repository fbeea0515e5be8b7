"""The Training task: bitwise resumable, independent of its block, and every option does what it says."""

import dataclasses
import time

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")
from networks import training_sweep
from networks.small import Small
from sweep.running import assert_equal, finish, in_child

from statmech.io.load import load
from statmech.networks.architectures import MLP
from statmech.networks.data import Digits, Teacher
from statmech.networks.initial import initial_parameters
from statmech.tasks import network_bench
from statmech.tasks.training import Training
from statmech.tasks.training_results import mean_of_present

NET = MLP((64, 14, 10))
TASK = Training(NET, m=100, batch=10, learning_rate=0.05, epochs=6, read_losses=(1.0, 1e-9), disorder=(0, 1),
                device="cpu")  # fmt: skip


def through(task, *pieces):
    """The state at the end, piece by piece, each by a task that knows nothing but its fields and the stored arrays."""
    state = task.start()
    for n in (*pieces, task.total):
        state = dataclasses.replace(task).advance({k: np.array(v) for k, v in state.items()}, n)
    return state


def same(a, b):
    return a.keys() == b.keys() and all(np.asarray(a[k]).tobytes() == np.asarray(b[k]).tobytes() for k in a)


def changed(**options):
    """The weights of the task with other options, and those of the task as it is."""
    return (through(dataclasses.replace(TASK, **options))["w/fc1.weight"], through(TASK)["w/fc1.weight"])


VARIANTS = [
    {},
    {"network": MLP((64, 14, 8, 10), "selu", dropout=0.3), "momentum": 0.0},
    {"network": MLP((64, 14, 10), batch_norm=True), "max_norm": 0.8, "weight_decay": 1e-2},
    {"network": MLP((64, 14, 10), "tanh", output_scale=10.0), "stop_loss": 1.0, "controls": True},
    {"r": 0.5, "remove": True, "batch": 7},
    {"network": Small(), "data": Teacher(MLP((392, 4, 5)), count=30, test=10), "m": 20},
]


@pytest.mark.parametrize("options", VARIANTS, ids=lambda o: ",".join(o) or "plain")
def test_pieces_equal_one_go_and_runs_do_not_depend_on_their_block(options):
    task = dataclasses.replace(TASK, epochs=3, **options)
    whole = through(task)
    assert same(whole, through(task, 1, 4, 2, 9))
    assert task.progress(whole) == (task.total, task.total)
    assert same(task.advance(whole, 5), whole), "a run that has ended stays as it is"
    alone = through(dataclasses.replace(task, disorder=(1,)))
    for name in alone:
        if name != "update":
            np.testing.assert_array_equal(alone[name][0], whole[name][1], err_msg=name)
    assert not np.array_equal(whole["w/fc1.weight"][0], whole["w/fc1.weight"][1])


@pytest.mark.parametrize("options", VARIANTS, ids=lambda o: ",".join(o) or "plain")
def test_a_common_stack_gives_the_same_networks(options, monkeypatch):
    """What a GPU does, on a CPU: all runs in one stack, up to rounding."""
    task = dataclasses.replace(TASK, epochs=2, **options)
    apart, Bench = through(task), network_bench.Bench
    monkeypatch.setattr(network_bench, "Bench", lambda *args: Bench(*args, together=True))
    stacked = through(task)
    assert apart["ended"].tolist() == stacked["ended"].tolist()
    for name in ("w/fc1.weight", "reading/loss_g", "path/loss_t"):
        np.testing.assert_allclose(stacked[name], apart[name], rtol=2e-4, atol=2e-5, err_msg=name)


def test_batches_are_a_row_of_orders_of_all_examples():
    task = dataclasses.replace(TASK, batch=30)
    flat = task._batches[0].take(0, 20).ravel()
    for epoch in range(6):
        assert sorted(flat[100 * epoch : 100 * (epoch + 1)]) == list(range(100))
    assert (flat[:100] != flat[100:200]).any()
    np.testing.assert_array_equal(dataclasses.replace(task)._batches[0].take(7, 9), task._batches[0].take(0, 20)[7:9])
    assert (task._batches[1].take(0, 20).ravel() != flat).any()


def test_labels_are_redrawn_in_the_training_set_alone_and_examples_are_paired():
    noisy, clean = dataclasses.replace(TASK, m=1000, r=0.5), dataclasses.replace(TASK, m=1000)
    small = dataclasses.replace(TASK, m=400, r=0.2)
    index, labels, true = noisy._samples[0]
    np.testing.assert_array_equal(clean._samples[0][0], index)
    np.testing.assert_array_equal(small._samples[0][0], index[:400])
    wrong = labels != true
    assert abs(wrong.mean() - 0.45) < 5 * np.sqrt(0.45 * 0.55 / 1000), "c = r (1 - 1/K)"
    assert not ((small._samples[0][1] != small._samples[0][2]) & ~wrong[:400]).any(), "nested in r and m"
    removed = dataclasses.replace(noisy, remove=True)._samples[0]
    assert len(removed[0]) < 600 and set(removed[0]) <= set(index[~wrong]) and (removed[1] == removed[2]).all()
    np.testing.assert_array_equal(noisy._initial[0]["fc1.weight"], small._initial[0]["fc1.weight"])
    bench = noisy._bench
    bench.test({n: bench.machine.tensor(x[None]) for n, x in noisy._initial[0].items()}, 0)
    np.testing.assert_array_equal(bench._test[0].labels, Digits().arrays.test_labels)


def test_readings_are_measured_on_the_sets_they_name():
    task = dataclasses.replace(TASK, r=0.5, epochs=30, controls=True, read_epochs=(2.0,), read_updates=(15,))
    state = through(task)
    results = task.results(state)
    assert results["reading"].data.tolist() == ["start", "loss 1", "loss 1e-09", "epoch 2", "update 15", "end"]
    assert results["update"].data[0, [0, 3, 4, 5]].tolist() == [0, 20, 15, 300]
    assert np.isnan(results["loss_t"].data[:, 2]).all(), "never came so low"
    w = {name: state[f"w/{name}"][0].astype(float) for name in NET.shapes()}
    index, labels, true = task._samples[0]
    arrays = task.data.arrays

    def outputs(x):
        h = np.maximum(x.reshape(len(x), -1) @ w["fc1.weight"].T + w["fc1.bias"], 0)
        f = h @ w["fc2.weight"].T + w["fc2.bias"]
        return f - np.log(np.exp(f).sum(1, keepdims=True))

    f, g = outputs(arrays.x[index]), outputs(arrays.test_x)
    expected = {
        "loss_t": -f[np.arange(100), labels].mean(), "eps_t": (f.argmax(1) != labels).mean(),
        "eps_clean": (f.argmax(1) != true).mean(), "eps_g": (g.argmax(1) != arrays.test_labels).mean(),
        "loss_g": -g[np.arange(len(g)), arrays.test_labels].mean(), "epoch": 30.0,
    }  # fmt: skip
    for name, value in expected.items():
        assert abs(results[name].data[0, -1] - value) < 1e-5, name
    assert results["eps_t"].data[0, -1] + 0.1 < results["eps_clean"].data[0, -1], "random labels are learnt"
    start = initial_parameters(NET, task._keys[0])
    square = sum(((w[name] - start[name]) ** 2).sum() for name in w)
    assert abs(results["distance"].data[0, -1] - square**0.5) < 1e-6
    moved = w["fc1.weight"] - start["fc1.weight"]
    assert abs(results["layer_distance"].data[0, -1, 0] - np.linalg.norm(moved)) < 1e-6
    values = results["spectra/fc1/eigenvalue"].data[0, -1]
    np.testing.assert_allclose(values, np.sort(np.linalg.svd(w["fc1.weight"].T)[1] ** 2), rtol=1e-9)
    assert abs(results["layer_norm"].data[0, -1, 0] - values.sum() ** 0.5) < 1e-9
    p = values / values.sum()
    assert abs(results["entropy"].data[0, -1, 0] + (p * np.log(p)).sum() / np.log(14)) < 1e-12
    mixed, displaced = (results[f"spectra/fc1/eigenvalue_{kind}"].data[0] for kind in ("shuffled", "displaced"))
    assert abs(mixed[-1].sum() - values.sum()) < 1e-9 * values.sum(), "shuffled entries, the same norm"
    assert np.abs(mixed[-1] - values).max() > 0.1
    np.testing.assert_allclose(displaced[0], results["spectra/fc1/eigenvalue"].data[0, 0], rtol=1e-9)
    assert np.abs(displaced[-1] - values).max() > 0.1
    np.testing.assert_array_equal(results["timeseries/loss_t"].data[:, -1], results["loss_t"].data[:, -1])


def test_a_level_of_the_loss_is_read_at_the_first_check_that_is_below():
    task = dataclasses.replace(TASK, epochs=30, read_losses=(1.0, 0.5))
    results = task.results(through(task))
    steps, path = results["step"].data, results["timeseries/loss_t"].data
    for s in (0, 1):
        for r, level in ((1, 1.0), (2, 0.5)):
            assert results["update"].data[s, r] == steps[np.flatnonzero(path[s] <= level)[0]]
            assert results["loss_t"].data[s, r] <= level
    assert steps[:17].tolist() == list(range(17)) and set(np.diff(steps[16:25])) == {2}


def test_early_stopping_ends_each_run_by_itself_and_leaves_the_others():
    task = dataclasses.replace(TASK, epochs=60, stop_loss=0.3)
    state = through(task)
    ends = state["ended"]
    assert (ends < task.total).all() and ends[0] != ends[1] and not any(name.startswith("v/") for name in state)
    loss = task.results(state)["loss_t"].data[:, -1]
    assert ((loss <= 0.3) & (loss > 0.1)).all()
    long = through(dataclasses.replace(TASK, updates=int(ends.min()), epochs=None))
    np.testing.assert_array_equal(long["w/fc1.weight"][ends.argmin()], state["w/fc1.weight"][ends.argmin()])


@pytest.mark.parametrize("options", [
    {"batch": 20}, {"learning_rate": 0.06}, {"momentum": 0.5}, {"weight_decay": 0.01}, {"max_norm": 0.5}, {"r": 0.1},
    {"seed": 1}, {"network": MLP((64, 14, 10), batch_norm=True)}, {"network": MLP((64, 14, 10), "tanh")},
    {"network": MLP((64, 14, 10), "selu")}, {"network": MLP((64, 14, 10), dropout=0.2)},
    {"network": MLP((64, 14, 10), output_scale=3.0)}, {"data": Digits(pixel_shuffle=True)},
    {"data": Digits(gaussian=True)}, {"r": 0.1, "remove": True}, {"m": 90},
], ids=str)  # fmt: skip
def test_every_option_changes_the_weights(options):
    a, b = changed(**{"epochs": 1, **options})
    assert not np.array_equal(a, b)


def test_options_do_what_they_are_for():
    a, b = changed(weight_decay=0.3)
    assert np.linalg.norm(a) < 0.8 * np.linalg.norm(b)
    a, _ = changed(max_norm=0.5)
    assert np.linalg.norm(a, axis=-1).max() <= 0.5 * (1 + 1e-6) < np.linalg.norm(b, axis=-1).max()
    start = TASK.start()["w/fc1.weight"]
    lazy = [np.linalg.norm(changed(network=MLP((64, 14, 10), output_scale=a))[0] - start) for a in (10.0, 100.0)]
    assert 5 < lazy[0] / lazy[1] < 20, "weights of lazy networks move by O(1/a)"
    task = dataclasses.replace(TASK, network=MLP((64, 14, 10), dropout=0.5))
    kept = np.stack([task._masks([0], 0)(k)[0] for k in range(200)])
    assert set(np.unique(kept)) == {0.0, 2.0} and abs(kept.mean() - 1) < 0.05


@pytest.mark.parametrize(("options", "says"), [
    ({"epochs": None}, "both None"), ({"batch": 101}, "larger than m"), ({"r": 1.0, "remove": True}, "r < 1"),
    ({"r": -0.1}, "0 <= r <= 1"), ({"learning_rate": 0.0}, "> 0"), ({"momentum": 1.0}, "momentum < 1"),
    ({"weight_decay": -1.0}, ">= 0"), ({"max_norm": 0.0}, "max_norm"), ({"m": 0}, "m = 0"),
    ({"read_epochs": (1.0, 1.0)}, "different numbers"), ({"disorder": ()}, "disorder"),
])  # fmt: skip
def test_messages(options, says):
    with pytest.raises(ValueError, match=says):
        dataclasses.replace(TASK, **options)


@pytest.mark.parametrize(("options", "says"), [
    ({"network": MLP((784, 10))}, "1 x 8 x 8 = 64"), ({"network": MLP((64, 9))}, "10 classes"),
    ({"m": 1348}, "1347 examples"),
])  # fmt: skip
def test_a_plan_refuses_what_does_not_fit_the_data(options, says):
    with pytest.raises(ValueError, match=says):
        dataclasses.replace(TASK, **options).identity()


def test_divergence_gives_nan_and_not_a_crash():
    task = dataclasses.replace(TASK, learning_rate=1e30, epochs=2)
    with np.errstate(all="ignore"):
        results = task.results(through(task))
    for name in ("loss_t", "spectra/fc1/eigenvalue"):
        assert np.isnan(results[name].data[:, -1]).all()


def test_means_over_the_runs_that_came_to_a_reading():
    data = np.array([[1.0, np.nan, 2.0], [3.0, np.nan, np.nan]])
    mean, error = mean_of_present(data)
    np.testing.assert_array_equal(mean, [2.0, np.nan, 2.0])
    np.testing.assert_allclose(error, [1.0, np.nan, np.nan])


def test_sweep_killed_and_resumed_and_extended_equals_one_go(tmp_path):
    sweep, script = training_sweep.sweep, training_sweep.__file__
    finish(sweep, tmp_path / "a", script)
    killed, _ = in_child(
        lambda: finish(sweep, tmp_path / "b", script, checkpoint_every=0.0, chunk=0.02), 0.1,
        wait=lambda: first_file(tmp_path / "b"))  # fmt: skip
    assert killed
    finish(sweep, tmp_path / "b", script)
    assert_equal(tmp_path / "a", tmp_path / "b")
    found = load(tmp_path / "a")
    assert found["eps_g"].shape == (2, 2, 2, 3) and found["eps_g_mean"].shape == (2, 2, 3)
    assert found["spectra/fc1/eigenvalue"].shape == (2, 2, 2, 3, 12)
    assert (found["eps_t"][:, 0, :, 2] <= found["eps_t"][:, 1, :, 2]).all()
    finish(sweep, tmp_path / "a", script, overrides={"samples": 3}, extend=True)
    finish(sweep, tmp_path / "c", script, overrides={"samples": 3})
    assert load(tmp_path / "a")["loss_t"].tobytes() == load(tmp_path / "c")["loss_t"].tobytes()


@pytest.mark.slow
def test_processes_give_the_bits_of_one_process(tmp_path):
    sweep, script = training_sweep.sweep, training_sweep.__file__
    finish(sweep, tmp_path / "a", script)
    finish(sweep, tmp_path / "b", script, executor="process", workers=2)
    assert_equal(tmp_path / "a", tmp_path / "b")


def first_file(out):
    """Wait until a checkpoint or a finished task stands there, at most a minute."""
    for _ in range(6000):
        if any(out.glob("*/[!.]*.h5")):
            return
        time.sleep(0.01)
