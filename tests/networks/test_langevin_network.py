"""Networks in equilibrium: exact means by quadrature, a reversible integrator, resumable bit for bit."""

import dataclasses
import itertools

import numpy as np
import pytest

from statmech.networks.architectures import MLP
from statmech.networks.data import Teacher
from statmech.networks.device import one_thread
from statmech.networks.hamiltonian import Canonical
from statmech.networks.machine import Machine
from statmech.stats.autocorrelation import mean_error
from statmech.tasks.langevin_network import LangevinNetwork
from statmech.tasks.training import Training

torch = pytest.importorskip("torch")

X = np.array([-2.0, -1.0, -0.5, 0.4, 1.0, 1.5], np.float32)
LABELS = np.array([0, 0, 1, 1, 0, 1])
S_W, S_B = 1.5, 0.7
TINY = Training(MLP((3, 4, 2)), Teacher(MLP((3, 4, 2)), count=40, test=20), m=12, batch=4, epochs=3, device="cpu")
TASK = LangevinNetwork(TINY, T=(0.5, 2.0), trajectories=16, tune=4, measure_every=1, leapfrog=3, disorder=(0, 1),
                       device="cpu")  # fmt: skip


def law(T):
    """Two classes and one input: the loss depends on a = w_1 - w_0 and b = b_1 - b_0 alone."""
    machine = Machine(MLP((1, 2)), "cpu")
    return Canonical(machine, machine.examples(X[:, None], LABELS), T, {"fc1.weight": S_W, "fc1.bias": S_B})


def exact(T):
    """Mean training loss (sum over examples) by quadrature over a and b, Gaussian of twice the variances."""
    a, b = np.meshgrid(np.linspace(-12, 12, 801), np.linspace(-7, 7, 501), indexing="ij")
    sign = np.where(LABELS == 1, 1, -1)
    loss = sum(np.logaddexp(0, -s * (a * x + b)) for s, x in zip(sign, X))
    weight = np.exp(-loss / T - a**2 / (4 * S_W**2) - b**2 / (4 * S_B**2))
    return (loss * weight).sum() / weight.sum()


def sample(T, step, count, always=False, seed=0):
    """Deviation of the sampled mean loss from the exact one, in standard errors, and the mean acceptance."""
    rng, chosen = np.random.default_rng(seed), law(T)
    losses, accepted = [], []
    with one_thread():
        point = chosen.at({"fc1.weight": torch.zeros(1, 2, 1), "fc1.bias": torch.zeros(1, 2)})
        for _ in range(count):
            u = {n: torch.tensor(rng.standard_normal(w.shape).astype(np.float32)) for n, w in point.w.items()}
            log_u = -np.inf if always else np.log(rng.random())
            point, p = chosen.move(point, step * rng.uniform(0.8, 1.2), 3, u, log_u)
            losses.append(point.loss)
            accepted.append(p)
    mean, error = mean_error(np.array(losses)[None, count // 10 :])
    return (mean - exact(T)) / error, np.mean(accepted)


@pytest.mark.parametrize(("T", "step"), [(0.3, 0.2), (2.0, 0.6)])
def test_mean_loss_is_exact(T, step):
    z, acceptance = sample(T, step, 600)
    assert abs(z) < 3.5 and 0.6 < acceptance < 0.999


def test_without_rejection_the_law_is_another():
    z, acceptance = sample(2.0, 1.2, 600, always=True)
    assert abs(z) > 6 and acceptance < 0.9


def test_energy_error_is_of_second_order_and_trajectories_run_back():
    rng, chosen = np.random.default_rng(1), law(0.5)
    w = {"fc1.weight": torch.tensor(rng.normal(0, 1, (1, 2, 1))), "fc1.bias": torch.tensor(rng.normal(0, 1, (1, 2)))}
    chosen.examples.x = chosen.examples.x.double()
    u = {n: torch.tensor(rng.standard_normal(x.shape)) for n, x in w.items()}
    errors = []
    with one_thread():
        start = chosen.at(w)
        for step, steps in ((0.2, 5), (0.1, 10), (0.05, 20)):
            v = {n: x.clone() for n, x in u.items()}
            end, _ = chosen.move(start, step, steps, v, -np.inf)
            errors.append(end.potential + chosen._kinetic(v) - start.potential - chosen._kinetic(u))
            back, _ = chosen.move(end, step, steps, {n: -x for n, x in v.items()}, -np.inf)
            for name in w:
                np.testing.assert_allclose(back.w[name], w[name], atol=1e-12)
    assert errors[0] != 0
    for large, small in itertools.pairwise(errors):
        assert 3.2 < large / small < 5.0


def test_overflow_is_a_rejection():
    chosen = law(1.0)
    with one_thread():
        point = chosen.at({"fc1.weight": torch.ones(1, 2, 1), "fc1.bias": torch.zeros(1, 2)})
        u = {n: torch.ones_like(w) for n, w in point.w.items()}
        end, p = chosen.move(point, 1e30, 3, u, -np.inf)
    assert end is point and p == 0


def through(task, *pieces):
    state = task.start()
    for n in (*pieces, task.trajectories):
        state = dataclasses.replace(task).advance({k: np.array(v) for k, v in state.items()}, n)
    return state


def test_pieces_equal_one_go_and_chains_do_not_depend_on_their_block():
    whole, pieces = through(TASK), through(TASK, 1, 7, 3)
    assert all(whole[k].tobytes() == pieces[k].tobytes() for k in whole) and TASK.progress(whole) == (16, 16)
    alone = through(dataclasses.replace(TASK, T=(2.0,), disorder=(1,)))
    shape = TASK._shape
    for name in alone:
        if name != "trajectory":
            np.testing.assert_array_equal(whole[name].reshape(*shape, *whole[name].shape[1:])[1, 1].squeeze(1),
                                          alone[name], err_msg=name)  # fmt: skip


def test_results_have_the_shapes_and_the_starts_they_say():
    task = dataclasses.replace(TASK, replicas=2)
    state = task.start()
    w = state["w/fc1.weight"].reshape(2, 2, 2, 2, 4, 3)
    np.testing.assert_array_equal(w[0, 0, 0, 0], task._training._initial[0]["fc1.weight"])
    assert (w[0, 0, 0, 0] != w[0, 0, 0, 1]).any(), "random chains start apart"
    trained = task._training.advance(task._training.start(), task._training.total)
    np.testing.assert_array_equal(w[1, 1, 1, 1], trained["w/fc1.weight"][1])
    state = through(task)
    results = task.results(state)
    assert results["loss_t"].dims == ("T", "disorder", "start") and results["status"].data.shape == (2, 2)
    values = results["spectra/fc1/eigenvalue_end"].data
    final = state["w/fc1.weight"].reshape(2, 2, 2, 2, 4, 3)
    np.testing.assert_allclose(values[1, 0, 1], np.sort(np.linalg.svd(final[1, 0, 1, 0].astype(float))[1] ** 2))
    assert "loss_t_mean" in task.combine(results) and "loss_t_tau_mean" not in task.combine(results)
    assert results["loss_t"].data[1].mean() > results["loss_t"].data[0].mean(), "hotter is worse"


def test_a_ridge_changes_the_law_with_the_temperature():
    a, b = (dataclasses.replace(TASK, ridge=r)._scales(0.5) for r in (None, 2.0))
    assert a["fc1.bias"] == a["fc1.weight"] == (2 / 3) ** 0.5 and set(b.values()) == {0.5}


@pytest.mark.parametrize(("options", "says"), [
    ({"starts": ("warm",)}, "'random', 'trained'"), ({"tune": 9}, "tune in the first"),
    ({"trajectories": 17}, "multiple of 2 measure_every"), ({"ridge": 0.0}, "> 0"), ({"T": (1.0, 0.5)}, "increasing"),
    ({"training": dataclasses.replace(TINY, network=MLP((3, 4, 2), dropout=0.5))}, "plain network"),
])  # fmt: skip
def test_messages(options, says):
    with pytest.raises(ValueError, match=says):
        dataclasses.replace(TASK, **options)
