"""Walkers of the spherical p-spin model: energy and gradient by definition, the sphere, memory, both devices."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from parity import strict_cupy

from statmech import BrownianDynamics, HamiltonianMonteCarlo, Sphere, backend
from statmech.kernels import sphere_tensor, walkers
from statmech.problems import SphereTensorProblem
from statmech.tuples import members

ORDERS = [(2,), (3,), (4,), (1, 3), (2, 3), (1, 2, 4), (5,)]


def points(n, shape=(2, 3, 2)):
    keys = np.full(shape, 5, np.uint64)
    return Sphere().random(keys, np.arange(np.prod(shape), dtype=np.uint64).reshape(shape), n)


def problem(n, orders, samples=2):
    rng = np.random.default_rng(n)
    return SphereTensorProblem(n, {p: rng.normal(size=(samples, comb(n, p))) / n ** ((p - 1) / 2) for p in orders})


def by_definition(p, w):
    """H and its gradient, term by term."""
    energy, slope = np.zeros(w.shape[:3]), np.zeros(w.shape)
    for order, J in p.couplings.items():
        for place, sites in enumerate(members(p.n, order)):
            coupling = J[:, place, None, None]
            energy -= coupling * w[..., sites].prod(-1)
            for k, i in enumerate(sites):
                slope[..., i] -= coupling * np.delete(w[..., sites], k, -1).prod(-1)
    return energy, slope


@pytest.mark.parametrize("orders", ORDERS)
@pytest.mark.parametrize("n", [7, 12])
def test_energy_and_gradient_by_definition(n, orders):
    p, w = problem(n, orders), points(n)
    here = walkers(p, w, "cpu")
    energy, slope = by_definition(p, w)
    np.testing.assert_allclose(here.energy, energy, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(here.gradient(w)[1], slope, rtol=1e-12, atol=1e-12)
    assert np.ptp(energy) > 0.05, "witness: energies differ"


def test_chains_in_blocks_are_the_same_chains(monkeypatch):
    p, w = problem(12, (3,)), points(12)
    whole = walkers(p, w, "cpu").gradient(w)
    monkeypatch.setattr(sphere_tensor, "BLOCK", 8 * comb(12, 2) * 4)
    for a, b in zip(whole, walkers(p, w, "cpu").gradient(w), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-13)


def test_points_are_taken_where_wanted_and_remembered(monkeypatch):
    p, w = problem(9, (2, 3)), points(9)
    here, there = walkers(p, w, "cpu"), points(9)[::-1].copy()
    asked = []
    evaluate = sphere_tensor.SphereTensorWalkers._evaluate
    monkeypatch.setattr(
        sphere_tensor.SphereTensorWalkers, "_evaluate", lambda self, x: asked.append(1) or evaluate(self, x)
    )
    where = np.zeros(w.shape[:3], bool)
    where[0, 1] = True
    here.gradient(w), here.gradient(there)
    assert len(asked) == 2
    here.place(there, where)
    mixed = np.where(where[..., None], there, w)
    np.testing.assert_array_equal(here.s, mixed)
    np.testing.assert_allclose(here.energy, by_definition(p, mixed)[0], rtol=1e-12)
    np.testing.assert_allclose(here.gradient(mixed)[1], by_definition(p, mixed)[1], rtol=1e-12)
    assert len(asked) == 2, "nothing was computed twice"
    here.place(w, ~where)
    np.testing.assert_allclose(here.energy, by_definition(p, here.s)[0], rtol=1e-12)
    there[...] = 0.0  # what the caller does with its own array afterwards
    np.testing.assert_allclose(here.energy, by_definition(p, here.s)[0], rtol=1e-12)


def test_the_constraint_is_recorded_and_kept():
    p, w = problem(9, (3,)), points(9)
    here = walkers(p, w, "cpu")
    everywhere = np.ones(w.shape[:3], bool)
    here.place(w * np.array([1 + 2e-12, 1.0])[:, None, None, None], everywhere)
    np.testing.assert_allclose(here.drift, [4e-12, 0.0], atol=1e-15)
    again = walkers(p, here.s, "cpu", here.state())
    np.testing.assert_array_equal(again.drift, here.drift)
    with pytest.raises(ValueError, match="shorter step"):
        here.place(w * (1 + 1e-9), everywhere)
    with pytest.raises(ValueError, match="shorter step"):
        here.place(w * np.nan, everywhere)
    here.place(w * np.nan, ~everywhere)  # a rejected point may be anything


def test_bad_input():
    with pytest.raises(ValueError, match=r"couplings\[3\] has shape \(2, 10\).*expected \(2, 84\)"):
        walkers(SphereTensorProblem(9, {3: np.ones((2, 10))}), points(9), "cpu")
    with pytest.raises(ValueError, match="not finite"):
        walkers(SphereTensorProblem(9, {2: np.full((2, 36), np.nan)}), points(9), "cpu")
    with pytest.raises(ValueError, match=r"\|w\|\^2 = N"):
        walkers(problem(9, (3,)), 2 * points(9), "cpu")


@pytest.mark.parametrize("orders", [(3,), (2, 4)])
def test_memory_is_asked_for_before_it_is_taken(orders, monkeypatch):
    there = 2**33
    with pytest.raises(MemoryError, match=r"needs [\d.]+ GiB, 8.0 GiB are there: take n <= (\d+)") as error:
        sphere_tensor.check_memory(3000, orders, 2, there)
    fits = int(str(error.value).partition("n <= ")[2].partition(",")[0])
    sphere_tensor.check_memory(fits, orders, 2, there)
    with pytest.raises(MemoryError):
        sphere_tensor.check_memory(fits + 1, orders, 2, there)
    monkeypatch.setattr(backend, "host_memory", lambda: 1000)
    with pytest.raises(MemoryError, match="take n <= 1"):
        walkers(problem(9, (3,)), points(9), "cpu")


@pytest.mark.parametrize("sampler", [HamiltonianMonteCarlo(steps=3, tuning=4), BrownianDynamics(steps=2)])
def test_arrays_stay_on_the_gpu(sampler, monkeypatch):
    """The same trajectory where no device array may meet one of the host."""
    strict_cupy.install(monkeypatch)
    monkeypatch.setattr(backend, "gpu_memory", lambda: 2**33)
    p, w, T = problem(8, (1, 3)), points(8), np.array([0.4, 0.7, 1.3])
    ends = []
    for device in ("cpu", "gpu"):
        here, state = walkers(p, w, device), sampler.begin(w.shape[:3], T)
        keys, lanes = np.full((2, 1, 1), 3, np.uint64), np.arange(2, dtype=np.uint64)
        sampler.run(here, state, T[None, :, None], keys, lanes, 0, 6)
        ends.append({**here.state(), **state})
        assert type(here.s).__module__ == ("numpy" if device == "cpu" else "cupy")
    for name in ends[0]:
        np.testing.assert_allclose(ends[1][name], ends[0][name], rtol=1e-12, atol=1e-12, err_msg=name)
    assert np.abs(ends[0]["s"] - w).max() > 0.1, "witness: they moved"
