"""Population annealing: E[Z] = Z, honest errors, families, and the same bits in any pieces."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import pytest
from contract.discovery import MODELS as VARIANTS
from tasks.runs import enumerated, finish, results

from statmech import (
    SK,
    GreatCircles,
    HamiltonianMonteCarlo,
    HeatBath,
    Hopfield,
    Metropolis,
    Pairs,
    Perceptron,
    PopulationAnnealing,
    PSpin,
    Quench,
    Rotations,
    Sweep,
    Tempering,
)
from statmech.kernels import walkers
from statmech.names import STATUS
from statmech.samplers.kernel import Kernel
from statmech.stats import population as stats
from statmech.stats.jackknife import jackknife
from statmech.tasks import population

EXACT = {"lnZ", "e", "s", "c", "q2"}


def surplus(task, lnZ):
    """E[Z]/Z - 1 over the samples, in standard errors, at every temperature."""
    ratio = np.exp(results(task)["lnZ"] - lnZ)
    mean, error = jackknife(ratio, axis=1)
    return (mean - 1) / error, error.max()


ISING = {
    "pairs": PopulationAnnealing(SK(6), HeatBath(), T=(0.7, 1.0, 1.6), replicas=8),
    "one sweep": PopulationAnnealing(SK(5), Metropolis("random"), T=(0.8, 1.2), replicas=4),
    "tensor": PopulationAnnealing(PSpin(6, 3), Metropolis(), T=(0.8, 1.4), replicas=16),
    "fields": PopulationAnnealing(Hopfield(n=8, alpha=0.375, form="pattern"), HeatBath(), T=(0.7, 1.5), replicas=8),
}
STUDENT = {"n": 3, "alpha": 2.0, "weights": "spherical", "labels": "random"}
SPHERE = {
    "tensor": PopulationAnnealing(PSpin(3, 3, spins="spherical"), HamiltonianMonteCarlo(steps=3), T=(0.3, 0.5)),
    "hinge": PopulationAnnealing(Perceptron(**STUDENT, potential="hinge", kappa=0.5), GreatCircles(), T=(0.4, 1.0)),
    "error": PopulationAnnealing(Perceptron(**STUDENT), Rotations(), T=(0.4, 1.0)),
}  # fmt: skip
MANY = {"disorder": tuple(range(600)), "sweeps_per_step": 1, "culling": None, "device": "cpu"}
ISING = {name: dataclasses.replace(task, **MANY) for name, task in ISING.items()}
SPHERE = {
    name: dataclasses.replace(task, **MANY | {"disorder": tuple(range(200)), "replicas": 24})
    for name, task in SPHERE.items()
}


@pytest.mark.parametrize("name", ISING)
def test_the_mean_of_Z_is_Z(name):
    """Exact at every population and any number of sweeps: a few replicas, 600 samples, each against enumeration."""
    task = ISING[name]
    z, error = surplus(task, enumerated(task)["lnZ"])
    assert np.abs(z).max() < 3.5 and error < 0.05


@pytest.mark.parametrize("name", SPHERE)
def test_the_mean_of_Z_on_a_sphere(name):
    task = SPHERE[name]
    z, phi = np.meshgrid(np.linspace(-1, 1, 121)[:-1] + 1 / 120, np.arange(240) * np.pi / 120, indexing="ij")
    across = np.sqrt(1 - z**2)
    w = np.sqrt(3) * np.stack([across * np.cos(phi), across * np.sin(phi), z], -1).reshape(1, 1, -1, 3)
    lnZ = np.empty((len(task.T), len(task.disorder)))
    for d, key in enumerate(task.model.disorder_keys(task.disorder, task.seed)):
        energy = task.model.energy(task.model.disorder([key]), w)[0, 0]
        lnZ[:, d] = np.log(np.exp(-energy / np.array(task.T)[:, None]).mean(1))
    z, error = surplus(task, lnZ)
    assert np.abs(z).max() < 3.5 and error < 0.05
    assert np.abs(lnZ).mean() > 0.1, "witness: Z is not 1"


@dataclass(frozen=True)
class Still(Kernel):
    """Nothing moves: every law is invariant, and weights and copies do all the work."""

    invariant = "boltzmann"
    needs = frozenset()

    def run(self, walkers, state, T, keys, lanes, start, n):
        pass


@pytest.fixture(scope="module")
def still():
    task = PopulationAnnealing(SK(6, J0=1.0), Still(), T=(0.8, 1.0, 1.5, 3.0), replicas=64, culling=None,
                               disorder=tuple(range(1200)), device="cpu")  # fmt: skip
    return task, enumerated(task)["lnZ"]


def wrong_sign(W, u):
    return stats.resample(W.max(1, keepdims=True) + W.min(1, keepdims=True) - W, u)


def weak(W, u):
    return stats.resample(np.floor(W.max(1, keepdims=True) * (W / W.max(1, keepdims=True)) ** 0.9), u)


def a_sum(E, step):
    W, gain = stats.boltzmann_weights(E, step)
    return W, gain + np.log(E.shape[1])


MUTANTS = {
    "copies of the wrong replicas": ("resample", wrong_sign),
    "copies by 0.9 dbeta": ("resample", weak),
    "no copies": ("resample", lambda W, u: np.tile(np.arange(W.shape[1]), (len(W), 1))),
    "0.9 dbeta": ("boltzmann_weights", lambda E, step: stats.boltzmann_weights(E, 0.9 * step)),
    "the other sign": ("boltzmann_weights", lambda E, step: stats.boltzmann_weights(-E, step)),
    "a sum in place of the mean": ("boltzmann_weights", a_sum),
}


@pytest.mark.parametrize("name", ["right", *MUTANTS])
def test_mutants_miss_Z(name, still, monkeypatch):
    task, lnZ = still
    if name == "right":
        z, error = surplus(task, lnZ)
        assert np.abs(z).max() < 3.5 and error < 0.06
        return
    where, function = MUTANTS[name]

    class Mutated:
        def __getattr__(self, attribute):
            return function if attribute == where else getattr(stats, attribute)

    monkeypatch.setattr(population, "stats", Mutated())
    assert np.abs(surplus(task, lnZ)[0]).max() > 4.5


def test_systematic_copies_are_right_on_average_and_to_one():
    W = np.array([[5.0, 0.0, 1.0, 7.0, 3.0], [1.0, 1.0, 1.0, 1.0, 1.0]])
    u = (np.arange(10_000) + 0.5) / 10_000
    copies = np.stack([np.bincount(stats.resample(W[:1], np.array([x]))[0], minlength=5) for x in u])
    expected = 5 * W[0] / W[0].sum()
    np.testing.assert_allclose(copies.mean(0), expected, atol=2e-4)
    assert (copies >= np.floor(expected)).all() and (copies <= np.ceil(expected)).all()
    runs = np.cumsum(copies, 1) - np.cumsum(expected)
    assert np.abs(runs).max() < 1, "any run of neighbours as well"
    assert stats.resample(W, np.array([0.2, 0.999]))[1].tolist() == [0, 1, 2, 3, 4]
    for edge in (1e-10, 1 - 1e-10):
        parent = stats.resample(np.repeat(W, 200, 1), np.array([edge, edge]))
        assert (np.diff(parent) >= 0).all() and parent.min() >= 0 and parent.max() < 1000


def test_weights_and_families_by_definition():
    rng = np.random.default_rng(3)
    E, step = rng.normal(0, 20, (3, 100)), np.array([0.0, 0.3, 5.0])
    W, gain = stats.boltzmann_weights(E, step)
    exact = np.exp(-step[:, None] * (E - E.min(1, keepdims=True)))
    np.testing.assert_allclose(gain, np.log(exact.mean(1)) - step * E.min(1), rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(W / W.max(1, keepdims=True), exact, atol=1e-13)
    assert (np.floor(W) == W).all() and W.sum() < 2**53
    assert (W[:, ::-1].cumsum(1)[:, -1] == W.cumsum(1)[:, -1]).all(), "sums are exact in any order"
    x = np.linspace(0, 700, 10_001)
    np.testing.assert_allclose(stats.decay(x), np.exp(-x), rtol=1e-15)
    assert stats.decay(np.array([800.0, 1e300, np.inf])).tolist() == [0, 0, 0]
    found = stats.family_statistics(np.array([[0, 0, 0, 3], [0, 1, 2, 3]]))
    assert found["rho_t"].tolist() == [4 * (9 + 1) / 16, 1] and found["families"].tolist() == [2, 4]
    np.testing.assert_allclose(found["S_f"], [-0.75 * np.log(0.75) - 0.25 * np.log(0.25), np.log(4)])


def test_errors_of_blocks_and_pairs():
    rng = np.random.default_rng(5)
    block, x = np.repeat(np.arange(16), 8)[None], rng.normal(size=(4000, 128))
    shared = x + 2 * rng.normal(size=(4000, 16))[:, block[0]]  # families are alike
    for values, variance in ((x, 1 / 128), (shared, 1 / 128 + 4 / 16)):
        sums = stats.block_sums(np.repeat(block, 4000, 0), values, 16)
        error = stats.block_error(stats.without_blocks(sums) / (128 - 8))
        assert (error**2).mean() == pytest.approx(variance, rel=0.03)
    a, b = rng.normal(size=(2, 2000, 16))  # pairs of members of two families each
    first, second = np.repeat(np.arange(8), 8), 8 + np.tile(np.arange(8), 8)
    values = a[:, first] + b[:, second] + rng.normal(size=(2000, 64))
    mean, error = stats.pair_errors(values, first, second, 16)
    np.testing.assert_allclose(mean, values.mean(1))
    assert (error**2).mean() == pytest.approx(mean.var(), rel=0.15)
    assert error[0] ** 2 > 5 * values[0].var() / 64, "witness: pairs are dependent"
    assert np.isnan(stats.pair_errors(values[:, :0], first[:0], second[:0], 16)).all()


def test_intervals_cover_the_truth_and_errors_are_no_larger_than_they_are():
    """200 instances, small populations: one standard error covers 60 to 76 %, for all that has an error."""
    task = PopulationAnnealing(SK(8), HeatBath(), T=(0.4, 0.7, 1.2), replicas=192, sweeps_per_step=2,
                               disorder=tuple(range(200)), device="cpu")  # fmt: skip
    r, x = results(task), enumerated(task, overlap=True)
    covered = {name: np.abs(r[name] - x[name]) < r[f"{name}_stderr"] for name in EXACT}
    for name, inside in covered.items():
        print(f"{name}: one standard error covers {inside.mean():.3f} ({np.round(inside.mean(1), 3)})")
        assert 0.60 <= inside.mean() <= 0.76, (name, inside.mean(1))
    z = {name: (r[name] - x[name]) / r[f"{name}_stderr"] for name in ("lnZ", "e", "s")}
    for name, values in z.items():
        assert np.abs(values.mean(1)).max() < 0.3, "bias well below the quoted error"
        assert 0.75 < (values**2).mean() < 1.35, name
    for factor in (0.7, 1.5):  # mutants
        inside = np.abs(r["lnZ"] - x["lnZ"]) < factor * r["lnZ_stderr"]
        assert not 0.60 <= inside.mean() <= 0.76


def test_lnZ_of_twenty_samples_of_sixteen_spins():
    task = PopulationAnnealing(SK(16), HeatBath(), T=(0.3, 0.5, 1.0), replicas=512, sweeps_per_step=3,
                               disorder=tuple(range(20)), device="cpu")  # fmt: skip
    r, x = results(task), enumerated(task)
    difference = r["lnZ"] - x["lnZ"]
    print("ln Z, SK N = 16, 20 samples: bias", difference.mean(1), "quoted error", r["lnZ_stderr"].mean(1),
          "mean z^2", ((difference / r["lnZ_stderr"]) ** 2).mean(1))  # fmt: skip
    assert (np.abs(difference.mean(1)) < r["lnZ_stderr"].mean(1)).all()
    assert (np.abs(difference) < 4 * r["lnZ_stderr"]).all() and r["lnZ_stderr"].max() < 0.1
    assert (np.abs(r["e_min"][0] - x["e_0"]) < 1e-12).all(), "every ground state is met"


def test_a_population_that_is_too_small_is_told():
    small = PopulationAnnealing(SK(48), HeatBath(), T=(0.2, 3.0), replicas=256, sweeps_per_step=1, disorder=(0, 1))
    r = results(small)
    assert (r["status"][0] == STATUS["unequilibrated"]).all()
    assert (r["status"][1] == STATUS["done"]).all(), "hot, the same population is large enough"
    assert (r["rho_t"][0] > 2.56).all() and (r["families"][0] < r["families"][1]).all()
    large = results(dataclasses.replace(small, T=(0.6, 1.5), replicas=2048, sweeps_per_step=4))
    assert (large["status"] == STATUS["done"]).all()


def test_a_cold_point_is_not_better_than_the_way_to_it():
    task = PopulationAnnealing(SK(8), T=(0.5, 1.0), replicas=100)
    state = task.start()
    for rho, expected in (((0.9, 1.0), "done done"), ((0.9, 1.1), "unequilibrated unequilibrated"),
                          ((1.1, 0.9), "unequilibrated done"), ((np.nan, 0.9), "pending done")):  # fmt: skip
        state["at/rho_t"] = np.array(rho)[:, None]
        assert task._status(state).data[:, 0].tolist() == [STATUS[name] for name in expected.split()]


@pytest.mark.parametrize("culling", [0.05, 0.1, 0.3])
def test_steps_cull_the_share_asked_for(culling, monkeypatch):
    task = PopulationAnnealing(SK(32), T=(0.4, 2.0), replicas=512, culling=culling, disorder=(0, 1), device="cpu")
    found = []

    class Watched:
        def __getattr__(self, attribute):
            return getattr(stats, attribute)

        def resample(self, W, u):
            parent = stats.resample(W, u)
            found.append([1 - np.unique(p).size / p.size for p in parent])
            return parent

    monkeypatch.setattr(population, "stats", Watched())
    state = finish(task)
    share = np.array(found)[1:-4]
    assert share.max() < culling + 0.06 and abs(np.median(share) - culling) < 0.03
    assert np.isin(1 / np.array(task.T), state["beta"][0]).all()
    assert (np.diff(state["beta"][:, :-1], axis=1) >= 0).all()


def test_no_energies_no_culling_one_step_per_temperature():
    free = Pairs(np.zeros((6, 6), np.int64), np.zeros(6, np.int64))
    r = results(PopulationAnnealing(free, T=(0.1, 1.0), replicas=16))
    np.testing.assert_allclose(r["lnZ"], 6 * np.log(2), rtol=1e-14)
    assert (r["rho_t"] == 1).all() and (r["families"] == 16).all() and (r["steps"][:, 0] == [2, 1]).all()
    assert (r["lnZ_stderr"] == 0).all() and (r["S_f"] == pytest.approx(np.log(16)))


PIECES = {
    "pairs": PopulationAnnealing(SK(12), HeatBath(), T=(0.3, 1.0)),
    "float": PopulationAnnealing(VARIANTS["Pairs"]["float"](10), Metropolis(), T=(0.5, 1.0)),
    "levels": PopulationAnnealing(VARIANTS["REM"]["levels"](8), HeatBath(), T=(0.5, 1.0), culling=0.3),
    "tensor": PopulationAnnealing(PSpin(9, 3), HeatBath("random"), T=(0.4, 1.0), culling=None),
    "diluted": PopulationAnnealing(PSpin(12, 3, connectivity=2), HeatBath(), T=(0.4, 1.0)),
    "fields": PopulationAnnealing(Perceptron(n=9, alpha=2.0, weights="ising"), HeatBath(), T=(0.4, 1.0)),
    "circles": PopulationAnnealing(Perceptron(n=8, alpha=2.0, weights="spherical"), GreatCircles(), T=(0.3, 1.0)),
    "tuned": PopulationAnnealing(PSpin(6, 3, spins="spherical"), HamiltonianMonteCarlo(steps=2), T=(0.5, 1.0)),
}
PIECES = {
    name: dataclasses.replace(task, replicas=40, sweeps_per_step=2, disorder=(0, 1), device="cpu")
    for name, task in PIECES.items()
}


@pytest.mark.parametrize("name", PIECES)
def test_pieces_equal_one_go(name):
    task = PIECES[name]
    whole = finish(task)
    done, asked = task.progress(whole)
    assert done == asked >= len(task.T)
    other = task.start()  # a task that keeps its walkers
    while task.progress(other)[0] < task.progress(other)[1]:
        before = task.progress(other)[0]
        other = task.advance(other, 1)
        assert task.progress(other)[0] == before + 1
    for state in (finish(task, *[1] * asked), finish(task, 2, 1, 3), other, task.advance(whole, 4)):
        assert state.keys() == whole.keys()
        for key in whole:
            np.testing.assert_array_equal(state[key], whole[key], err_msg=key)
            assert state[key].dtype == whole[key].dtype
    assert not np.array_equal(finish(dataclasses.replace(task, seed=1))["lnZ"], whole["lnZ"]), "witness"


@pytest.mark.parametrize("name", PIECES)
def test_samples_do_not_depend_on_their_block(name):
    rtol = {"tuned": 1e-7, "float": 1e-12}.get(name, 0)  # sums of real numbers have an order
    together, alone = results(PIECES[name]), results(dataclasses.replace(PIECES[name], disorder=(1,)))
    for key, value in alone.items():
        if key not in ("T", "disorder", "q_bin"):
            np.testing.assert_allclose(together[key][:, 1:], value, rtol=rtol, err_msg=key)


@pytest.mark.parametrize("name", PIECES)
def test_copies_carry_their_cached_fields(name):
    """A copied chain is the chain that its parent was, and goes on like a fresh one at the same place."""
    task = PIECES[name]
    keys = np.arange(2, dtype=np.uint64)[:, None, None]
    lanes = np.arange(10, dtype=np.uint64)[None, None]
    shape, n = (2, 2, 5), task.model.n
    s = task.model.space.random(np.broadcast_to(keys, shape), lanes.reshape(1, 2, 5), n)
    w = walkers(task._problem, s, "cpu")
    kernel = task._kernel.begin(shape, np.ones(1))
    task._kernel.run(w, kernel, np.ones(1), keys, lanes.reshape(1, 2, 5), 1, 3)
    before, energy = np.array(w.s), w.energy
    parent = np.random.default_rng(0).integers(0, 5, shape)
    w.select(parent)
    np.testing.assert_array_equal(w.s, np.take_along_axis(before, parent[..., None], 2))
    np.testing.assert_array_equal(w.energy, np.take_along_axis(energy, parent, 2))
    fresh = walkers(task._problem, np.array(w.s), "cpu")
    for x in (w, fresh):
        task._kernel.run(x, {k: v.copy() for k, v in kernel.items()}, np.ones(1), keys, lanes.reshape(1, 2, 5), 4, 3)
    np.testing.assert_allclose(w.s, fresh.s, atol=1e-6 if w.s.dtype.kind == "f" else 0)
    assert not np.array_equal(w.s, np.take_along_axis(before, parent[..., None], 2)), "witness: they moved"


def test_a_sweep_stops_merges_and_averages(tmp_path):
    task = dataclasses.replace(PIECES["pairs"], disorder=(0,))
    sweep = Sweep("pa", task, grid={"model.n": [8, 12]}, samples=3, block=2)
    r = sweep.run(tmp_path / "a", executor="serial", quiet=True)
    assert r.dims("lnZ_mean") == ("n", "T") and r.dims("rho_t") == ("n", "T", "disorder")
    assert "steps_mean" in r and "binder_err" in r and "status_mean" not in r
    assert sweep.run(tmp_path / "b", executor="serial", quiet=True, part=(1, 2)) is None
    again = sweep.run(tmp_path / "b", executor="serial", quiet=True)
    np.testing.assert_array_equal(again["lnZ"], r["lnZ"])
    np.testing.assert_allclose(np.trapezoid(r["overlap/P_q"], r["q_bin"]), 1.0)


def test_the_users_own_observable():
    task = dataclasses.replace(PIECES["pairs"], observables={"first": lambda model, disorder, s: s[..., 0] * s[..., 1]})
    r, plain = results(task), results(PIECES["pairs"])
    assert (np.abs(r["first"]) <= 1).all() and np.isfinite(r["first_stderr"]).all()
    np.testing.assert_array_equal(r["lnZ"], plain["lnZ"])
    assert task.identity() != PIECES["pairs"].identity()


@pytest.mark.parametrize(("changes", "error", "says"), [
    ({"model": 3}, TypeError, "expected a statmech.Model"),
    ({"sampler": Tempering()}, TypeError, "expected a kernel such as"),
    ({"sampler": Quench()}, ValueError, "no Boltzmann law"),
    ({"sampler": GreatCircles()}, ValueError, "needs great circles, which SK lacks"),
    ({"T": (1.0, 0.5)}, ValueError, "increasing"),
    ({"T": (0.0, 0.5)}, ValueError, "T > 0|temperatures > 0"),
    ({"replicas": 1}, ValueError, "replicas = 1: expected an integer from 2"),
    ({"sweeps_per_step": 0}, ValueError, "sweeps_per_step = 0"),
    ({"culling": 1.0}, ValueError, r"culling = 1.0: expected a share in \(0, 1\)"),
    ({"disorder": (0, 0)}, ValueError, "different sample indices"),
])  # fmt: skip
def test_refusals(changes, error, says):
    with pytest.raises(error, match=says):
        PopulationAnnealing(**{"model": SK(8), **changes})
