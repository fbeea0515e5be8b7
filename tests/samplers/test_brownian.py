"""Langevin dynamics on the sphere: the order of every part, its clock, its law, resuming."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pytest
from exact.spheres import grid
from scipy.special import eval_gegenbauer
from scipy.stats import chi2

from statmech import BrownianDynamics, MonteCarlo, PSpin, Sphere
from statmech.kernels import walkers
from statmech.problems import SphereTensorProblem
from statmech.samplers import overdamped
from statmech.samplers.overdamped import descend, diffuse

ONE = np.ones((1, 1, 1), np.uint64)


def uniform(n, K=4000, D=1):
    return Sphere().random(np.full((D, 1, K), 9, np.uint64), np.arange(K, dtype=np.uint64)[None, None], n)


@pytest.mark.parametrize("n", [3, 4, 20])
@pytest.mark.parametrize("degree", [1, 2, 3])
def test_every_harmonic_diffuses_with_its_own_rate_to_second_order(n, degree):
    """Mean over the step of the zonal harmonic of degree l: exp(-l (l + n - 2) T dt / n) + O(dt^3), by quadrature."""

    def error(variance, wrong=False):
        # |z'|^2 is chi-squared with n - 1 degrees of freedom: z' along one axis, its length at 20000 quantiles
        length = np.sqrt(chi2.ppf((np.arange(20_000) + 0.5) / 20_000, n - 1))
        w, z = np.zeros((2, 20_000, n))
        w[:, 0], z[:, 1], z[:, 0] = np.sqrt(n), length, 3.0  # the part along w plays no role
        end = diffuse(w, z, np.full(20_000, variance))
        np.testing.assert_allclose((end * end).mean(-1), 1, rtol=1e-12)
        c = end[:, 0] / np.sqrt(n)
        if wrong:  # a turn by the angle |z'| sqrt(variance/n)
            c = np.cos(length * np.sqrt(variance / n))
        harmonic = eval_gegenbauer(degree, (n - 2) / 2, c) / eval_gegenbauer(degree, (n - 2) / 2, 1.0)
        return abs(harmonic.mean() - np.exp(-degree * (degree + n - 2) * variance / (2 * n)))

    v = 0.4 / degree
    assert error(v) / error(v / 2) > 6.0
    assert 3.0 < error(v, wrong=True) / error(v / 2, wrong=True) < 5.0, "witness: an order less is seen"


def test_descent_is_of_second_order_and_keeps_time():
    """In a field along the first axis m = w_1/sqrt(n) obeys dm/dt = h (1 - m^2)."""
    n, h, t = 6, 0.8, 1.5
    w0 = uniform(n, 50)
    field = np.zeros(n)
    field[0] = h * np.sqrt(n)
    expected = np.tanh(h * t + np.arctanh(w0[..., 0] / np.sqrt(n)))
    errors = []
    for steps in (8, 16, 32):
        w = w0
        for _ in range(steps):
            w = descend(lambda x: np.broadcast_to(field, x.shape), w, t / steps)
        errors.append(np.abs(w[..., 0] / np.sqrt(n) - expected).max())
    assert errors[2] < 1e-3
    assert 3.3 < errors[0] / errors[1] < 5.0 and 3.6 < errors[1] / errors[2] < 4.5


def run(p, sampler, w, T, sweeps, start=0):
    here = walkers(p, w, "cpu")
    state = sampler.begin(w.shape[:3], np.array([T]))
    lanes = np.arange(w.shape[2], dtype=np.uint64)[None, None]
    sampler.run(here, state, np.full((1, 1, 1), T), 7 * ONE, lanes, start, sweeps)
    return here


def test_free_motion_forgets_at_the_rate_of_the_temperature():
    """Without forces <w(t).w(0)>/n = exp(-T t (n - 1)/n)."""
    n, T, w = 5, 0.7, uniform(5)
    free = SphereTensorProblem(n, {1: np.zeros((1, n))})
    here = run(free, BrownianDynamics(dt=0.1, steps=5), w, T, 4)
    C = (here.s * w).mean(-1)
    expected, spread = np.exp(-T * 2.0 * 0.8), C.std() / np.sqrt(C.size)
    assert abs(C.mean() - expected) < 4 * spread
    assert abs(C.mean() - expected**1.05) > 2 * spread and spread < 0.01, "witness"
    assert (here.drift < 1e-14).all()


STRONG = SphereTensorProblem(3, {1: np.array([[0.5, -0.3, 0.2]]), 2: np.array([[0.9, -1.2, 0.6]]), 3: np.ones((1, 1))})
T = 0.5


@cache
def energies() -> np.ndarray:
    """H of STRONG on a grid of the sphere."""
    return walkers(STRONG, grid()[None, None], "cpu").energy[0, 0]


@cache
def weights() -> np.ndarray:
    weight = np.exp(-(energies() - energies().min()) / T)
    return weight / weight.sum()


def deviation(sampler, sweeps=2, chains=30_000, T=T):
    """z-score of the mean energy after some sweeps from independent points of the law exp(-H/T)."""
    start = grid()[np.random.default_rng(4).choice(len(weights()), chains, p=weights())][None, None]
    here = run(STRONG, sampler, start, T, sweeps)
    assert (np.abs(here.s - start).max(-1) > 0.1).mean() > 0.7, "witness: the points moved"
    E = here.energy
    return (E.mean() - energies() @ weights()) / (E.std() / np.sqrt(chains))


def test_the_law_is_kept_up_to_the_time_step():
    assert abs(deviation(BrownianDynamics(dt=0.05, steps=6))) < 4
    assert abs(deviation(BrownianDynamics(dt=0.4, steps=4))) > 8, "witness: it is biased by its step"


def test_a_temperature_wrong_by_5_percent_is_seen():
    assert abs(deviation(BrownianDynamics(dt=0.05, steps=6), 3, 60_000, 1.05 * T)) > 5


def test_noise_once_per_step_and_no_more(monkeypatch):
    monkeypatch.setattr(overdamped, "diffuse", lambda w, z, v: diffuse(w, z, 1.1 * v))
    assert abs(deviation(BrownianDynamics(dt=0.05, steps=6), 3)) > 5


def test_zero_temperature_goes_downhill_and_needs_no_random_numbers():
    model = PSpin(20, 3, spins="spherical")
    p = model.problem(model.disorder([3]))
    path = [uniform(20, 8)]
    energies = []
    for sweep in range(30):
        here = run(p, BrownianDynamics(), path[-1], 0.0, 1, sweep)
        path.append(here.s)
        energies.append(here.energy)
    assert (np.diff(energies, axis=0) < 0).all()
    again = run(p, BrownianDynamics(), path[0], 0.0, 30, 500)
    np.testing.assert_allclose(again.s, path[-1], rtol=1e-11, atol=1e-11)
    warm = run(p, BrownianDynamics(), path[0], 1e-12, 30)  # the limit of a small T
    np.testing.assert_allclose(warm.energy, energies[-1], rtol=1e-3)


def test_pieces_equal_one_go_and_a_temperature_has_its_own_noise():
    task = MonteCarlo(PSpin(12, 3, spins="spherical"), BrownianDynamics(steps=2), T=(0.0, 0.5, 0.8), sweeps=8,
                      replicas=2, disorder=(0, 1), device="cpu")  # fmt: skip
    whole = task.advance(task.start(), 8)
    for pieces in ((1,) * 8, (3, 5), (7, 1)):
        state = task.start()
        for n in pieces:
            state = dataclasses.replace(task).advance({k: np.array(v) for k, v in state.items()}, n)
        assert state.keys() == whole.keys()
        for name in whole:
            np.testing.assert_array_equal(state[name], whole[name], err_msg=name)
    assert (whole["random/sampler/acc_flips"] == 2 * 4).all(), "counted over the measuring window"
    s = whole["random/s"]
    assert np.abs(s[:, 1] - s[:, 2]).min() > 1e-6
