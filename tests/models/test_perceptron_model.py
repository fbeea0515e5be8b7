"""The perceptron: energy, observables and starts against their definitions, example by example."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from models.perceptron_samples import DATA, KEYS, X, Y, share_error

from statmech import Data, GreatCircles, Metropolis, MonteCarlo, Perceptron, Potential
from statmech.kernels import walkers
from statmech.models.perceptron import averaged_error
from statmech.potentials import QUANTUM

FORMULA = {
    "error": lambda u: float(u <= 0),
    "hinge": lambda u: max(0.0, -u),
    "quadratic": lambda u: u * u / 2,
    "logistic": lambda u: math.log1p(math.exp(-u)),
    "probit": lambda u: -math.log(0.5 * math.erfc(-u / 0.5 / math.sqrt(2))),
    "table": lambda u: u**4 / 24,
}


def configurations(model, shape=(2, 3), seed=0):
    rng = np.random.default_rng(seed)
    if model.weights == "ising":
        return rng.choice(np.array([-1, 1], np.int8), (len(KEYS), *shape, model.n))
    w = rng.normal(size=(len(KEYS), *shape, model.n))
    return w * np.sqrt(model.n / (w**2).sum(-1, keepdims=True))


def stabilities(disorder, w, unit, name="xi"):
    """Delta_mu (D, T, K, P) as sums over sites in Python."""
    n = w.shape[-1]
    out = np.empty((*w.shape[:3], disorder[name].shape[1]))
    for index in np.ndindex(*out.shape):
        d, t, k, mu = index
        out[index] = sum(float(w[d, t, k, i]) * float(disorder[name][d, mu, i]) * unit for i in range(n)) / math.sqrt(n)
    return out


INPUTS = {"binary": "binary", "gaussian": "gaussian", "data": DATA}
TOLERANCE = {"binary": 8e-6, "gaussian": 2e-5, "data": 2e-5}  # of one V: half a quantum, and what lies between knots


def built(potential, inputs, weights, kappa):
    kind = Potential(lambda u: u**4 / 24) if potential == "table" else potential
    before = {"before": 0.5} if potential == "probit" else {}
    labelled = {"teacher": "ising", **before} if inputs == "data" and before else before
    return Perceptron(
        n=9, alpha=12 / 9, weights=weights, inputs=INPUTS[inputs], potential=kind, kappa=kappa, r=0.2, **labelled
    )


@pytest.mark.parametrize("weights", ["ising", "spherical"])
@pytest.mark.parametrize("inputs", INPUTS)
@pytest.mark.parametrize("potential", FORMULA)
def test_energy_by_direct_loops(potential, inputs, weights):
    for kappa in (0.0, 0.4):
        model = built(potential, inputs, weights, kappa)
        disorder, w = model.disorder(list(KEYS)), configurations(model)
        delta = stabilities(disorder, w, model.unit)
        direct = np.vectorize(FORMULA[potential])(delta - kappa).sum(-1)
        E = model.energy(disorder, w)
        assert E.shape == (3, 2, 3) and E.dtype == float and np.ptp(direct) > 0.5
        if weights == "spherical":
            np.testing.assert_allclose(E, direct, rtol=1e-12)
        elif potential == "error":
            np.testing.assert_array_equal(E, direct)
        else:
            kink = 3e-4 if potential == "hinge" and inputs != "binary" else 0  # a knot apart at most, around u = 0
            assert np.abs(E - direct).max() <= 12 * TOLERANCE[inputs] + 2 * kink
            np.testing.assert_array_equal(E / QUANTUM, np.rint(E / QUANTUM))


@pytest.mark.parametrize("inputs", INPUTS)
@pytest.mark.parametrize("potential", FORMULA)
def test_kernels_keep_the_energy(potential, inputs):
    for weights in ("ising", "spherical"):
        model = built(potential, inputs, weights, 0.4)
        disorder, w = model.disorder(list(KEYS)), configurations(model)
        kernel = walkers(model.problem(disorder), w, "cpu")
        keys, lanes = np.array(KEYS, np.uint64)[:, None, None], np.arange(3, dtype=np.uint64)[None, None]
        T = np.array([0.5, 2.0])[None, :, None]
        for sweep in range(3):
            E = model.energy(disorder, kernel.s)
            if weights == "ising":
                np.testing.assert_array_equal(kernel.energy, E)
                kernel.sweep(T, keys, lanes, sweep, 1, "metropolis", "random")
            else:
                np.testing.assert_allclose(kernel.energy, E, rtol=1e-8, atol=1e-8)
                kernel.circles(T, keys, lanes, sweep, 1, 2 * math.pi)
        assert not np.array_equal(kernel.s, w), "witness: it moved"


@pytest.mark.parametrize(("n", "kappa"), [(25, 0.6), (25, -0.6), (25, 1.0), (49, 3 / 7), (121, 5 / 11), (9, 1 / 3)])
def test_a_stability_at_the_margin_is_an_error_however_it_rounds(n, kappa):
    model = Perceptron(n=n, alpha=4.0, kappa=kappa)
    disorder = model.disorder([1])
    w = np.random.default_rng(0).choice(np.array([-1, 1], np.int8), (1, 1, 500, n))
    h = np.einsum("mi,ki->km", disorder["xi"][0].astype(int), w[0, 0].astype(int))
    margin = round(kappa * math.sqrt(n))  # a whole field
    assert (h == margin).any()
    np.testing.assert_array_equal(model.energy(disorder, w)[0, 0], (h <= margin).sum(1))
    np.testing.assert_array_equal(walkers(model.problem(disorder), w, "cpu").energy[0, 0], (h <= margin).sum(1))


@pytest.mark.parametrize("weights", ["ising", "spherical"])
@pytest.mark.parametrize(
    "case", ["binary", "gaussian", "spherical teacher", "data", "taught data", "random", "random data"]
)
def test_observables_by_direct_computation(case, weights):
    model = {
        "binary": Perceptron(n=9, alpha=2.0, r=0.3),
        "gaussian": Perceptron(n=9, alpha=2.0, inputs="gaussian", before=0.4),
        "spherical teacher": Perceptron(n=9, alpha=2.0, teacher="spherical", potential="hinge", kappa=1.0),
        "data": Perceptron(alpha=2.0, inputs=DATA, r=0.2),
        "taught data": Perceptron(alpha=2.0, inputs=Data(X), teacher="spherical"),
        "random": Perceptron(n=10, alpha=2.0, labels="random"),
        "random data": Perceptron(alpha=2.0, inputs=DATA, labels="random"),
    }[case]
    model = replace(model, weights=weights)
    disorder, w = model.disorder(list(KEYS)), configurations(model)
    out = model.observe(disorder, w)
    delta = stabilities(disorder, w, model.unit)
    np.testing.assert_array_equal(out["eps_t"], (delta <= 0).mean(-1))  # kappa has no say in an error
    known = {"R": "B" in disorder, "eps_g": case != "random", "gap": case != "random"}
    assert set(out) == {"eps_t"} | {name for name in known if known[name]}
    if "B" in disorder:
        R = [[[w[d, t, k] @ disorder["B"][d] / model.n for k in range(3)] for t in range(2)] for d in range(3)]
        np.testing.assert_allclose(out["R"], R, rtol=1e-13, atol=1e-15)
    if "test" in disorder:
        np.testing.assert_array_equal(out["eps_g"], (stabilities(disorder, w, model.unit, "test") <= 0).mean(-1))
    elif "B" in disorder:
        np.testing.assert_allclose(out["eps_g"], np.arccos(R) / np.pi, rtol=1e-12)
    if "gap" in out:
        p = 0.5 if "random" in case else model.r / 2
        new = p * (1 - out["eps_g"]) + (1 - p) * out["eps_g"]  # error on new noisy examples
        np.testing.assert_allclose(out["gap"], new - out["eps_t"], atol=1e-14)
    values = model.distribution(disorder, w)["stability"]
    np.testing.assert_allclose(values, delta, rtol=1e-6, atol=1e-6)
    assert values.dtype == np.float32


def test_error_of_the_teacher_and_of_its_opposite():
    for weights in ("ising", "spherical"):
        model = Perceptron(n=9, alpha=30.0, weights=weights)
        disorder = model.disorder([3])
        w = np.stack([disorder["B"][0], -disorder["B"][0]])[None, None].astype(model.space.dtype)
        out = model.observe(disorder, w)
        np.testing.assert_allclose(out["R"][0, 0], [1, -1], rtol=1e-14)
        np.testing.assert_allclose(out["eps_g"][0, 0], [0, 1], atol=1e-7)
        np.testing.assert_array_equal(out["eps_t"][0, 0], [0, 1])
        np.testing.assert_array_equal(model.energy(disorder, w)[0, 0], [0, 270])


def starts(model, name, replicas=400):
    keys = np.arange(2, dtype=np.uint64)[:, None, None] + np.uint64(9)
    disorder = model.disorder([1, 2])
    return disorder, model.start(name, disorder, keys, np.arange(replicas, dtype=np.uint64)[None, None])


@pytest.mark.parametrize("teacher", ["ising", "spherical"])
@pytest.mark.parametrize("weights", ["ising", "spherical"])
def test_starts_at_the_teacher(weights, teacher):
    model = Perceptron(n=101, weights=weights, teacher=teacher)
    assert model.starts == ("random", "teacher") and Perceptron(n=9, labels="random").starts == ("random",)
    disorder, w = starts(model, "teacher")
    B = disorder["B"][:, None, None]
    assert w.shape == (2, 1, 400, 101) and w.dtype == model.space.dtype
    np.testing.assert_array_equal(w, np.broadcast_to(B if weights == "spherical" else np.sign(B), w.shape))
    _, noisy = starts(model, "teacher:0.1")
    assert share_error((noisy != w).mean(), 0.1, w.size) < 4
    np.testing.assert_array_equal(np.abs(noisy), np.abs(w))
    assert not np.array_equal(noisy[:, :, 0], noisy[:, :, 1]), "every chain has its own noise"
    np.testing.assert_array_equal(starts(model, "teacher:1")[1], -w)
    _, random = starts(model, "random")
    np.testing.assert_allclose((random.astype(float) ** 2).sum(-1), 101, rtol=1e-12)
    q = np.einsum("dtki,dti->dtk", random, B[:, 0]) / math.sqrt(101)
    assert abs(q.mean()) * math.sqrt(q.size) < 4 and abs((q**2).mean() - 1) < 4 * math.sqrt(2 / q.size)


def test_error_of_the_averaged_student():
    R, q = np.array([0.5, 0.5, 0.6, 0.3, 0.1]), np.array([1.0, 0.25, 0.5, 0.0, -0.01])
    np.testing.assert_allclose(averaged_error(R, q)[:3], [1 / 3, 0, np.arccos(0.6 / 0.5**0.5) / np.pi], atol=1e-12)
    assert np.isnan(averaged_error(R, q)[3:]).all()
    assert set(Perceptron(n=9).derived) == {"eps_avg"}
    assert not Perceptron(n=9, labels="random").derived and not Perceptron(inputs=DATA, teacher="ising").derived


@pytest.mark.parametrize("weights", ["ising", "spherical"])
def test_task_records_the_observables_of_the_chain(weights):
    model = Perceptron(n=9, alpha=3.0, weights=weights, r=0.2)
    sampler = Metropolis() if weights == "ising" else GreatCircles()
    task = MonteCarlo(model, sampler, T=(0.4, 0.9), replicas=4, sweeps=16, disorder=(0, 1), device="cpu")
    disorder, state, seen = model.disorder(model.disorder_keys((0, 1), 0)), task.start(), []
    assert task._meter.chain_observables == ("e", "e2", "eps_t", "R", "eps_g", "gap")
    for sweep in range(16):
        state = task.advance(state, 1)
        s = state["random/s"]
        expected = {"e": model.energy(disorder, s) / 9, **model.observe(disorder, s)}
        expected["e2"] = expected["e"] ** 2
        for row, name in enumerate(task._meter.chain_observables):
            np.testing.assert_allclose(state["random/chain"][row, ..., sweep], expected[name], atol=1e-9)
        np.testing.assert_allclose(27 * expected["eps_t"], 9 * expected["e"], atol=1e-9)
        seen.append({**expected, "Delta": stabilities(disorder, s, 1.0)})
    out, last = task.results(state), seen[8:]
    R, q = (np.moveaxis(out[name].data, 2, 0)[0] for name in ("R", "q"))
    np.testing.assert_allclose(R, np.mean([x["R"].mean(-1).T for x in last], axis=0), rtol=1e-12)
    np.testing.assert_allclose(out["eps_avg"].data[..., 0], averaged_error(R, q), rtol=1e-12)
    delta = np.concatenate([x["Delta"].reshape(2, 2, -1) for x in last], -1)
    check_histogram(out, delta)


def check_histogram(out, delta):
    """P(Delta) of the results against one made of the stabilities (D, T, X); returns the shares inside (T, D)."""
    P, centres = out["distributions/P_stability"].data[:, :, 0], out["stability_bin"].data
    width = centres[1] - centres[0]
    edges = np.append(centres - width / 2, 5.0)
    for d, t in np.ndindex(2, 2):
        inside = (delta[d, t] >= -5) & (delta[d, t] < 5)
        direct = np.histogram(delta[d, t][inside], edges)[0] / delta[d, t].size / width
        # float32 may put a stability on the other side of an edge
        assert np.abs(np.cumsum(P[t, d]) - np.cumsum(direct)).max() * width < 0.02
        assert P[t, d].sum() * width == pytest.approx(inside.mean(), abs=1e-12)
        off = np.abs(np.cumsum(P[t, d]) - np.cumsum(np.roll(direct, 3))).max() * width
        assert off > 0.02, "witness: shifted by three bins"
    return P.sum(-1) * width


def test_the_distribution_of_stabilities_integrates_to_the_share_inside():
    model = Perceptron(inputs=Data(4 * X, Y, standardise=False), alpha=3.0)
    task = MonteCarlo(model, T=(0.4, 0.9), replicas=2, sweeps=16, disorder=(0, 1), device="cpu")
    disorder, state, seen = model.disorder(model.disorder_keys((0, 1), 0)), task.start(), []
    for _ in range(16):
        state = task.advance(state, 1)
        seen.append(stabilities(disorder, state["random/s"], model.unit))
    inside = check_histogram(task.results(state), np.concatenate([x.reshape(2, 2, -1) for x in seen[8:]], -1))
    assert (inside > 0.5).all() and (inside < 0.9).all()


def test_numbers_of_a_grid_are_numbers():
    model = Perceptron(n=np.int64(9), alpha=np.float64(2), r=np.float32(0.5), kappa=1, relabelling=np.int64(3))
    plain = Perceptron(n=9, alpha=2.0, r=0.5, kappa=1.0, relabelling=3)
    assert model.parameters() == plain.parameters() and model.P == 18
    np.testing.assert_array_equal(model.disorder([4])["xi"], plain.disorder([4])["xi"])
