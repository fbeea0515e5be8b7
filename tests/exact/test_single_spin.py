"""pi P = pi for every model and every single-spin sampler, with P from the production kernels."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from contract.discovery import all_models, single_spin, specification, unit
from exact.matrices import THRESHOLD, Moves, boltzmann, defect, energies, flip_matrices, formula, sweep_matrix

from statmech.random import exponential, logistic, words

MODELS, SAMPLERS = all_models(), single_spin()
N = 5
TEMPERATURES = (0.6, 2.0)  # in units of the typical field


@cache
def system(name, n=N):
    model = MODELS[name](n)
    E, disorder = energies(model, n)
    return model, disorder, E, unit(model, disorder)


@cache
def kernel(name, criterion, t):
    """Site matrices of the production kernel at temperature t in units of the model."""
    model, disorder, _, scale = system(name)
    return Moves(model.problem(disorder), N).site_matrices(t * scale, criterion)


def test_thresholds_are_monotone_in_the_word():
    """What the bisection rests on."""
    for base in (0, 2**20, 2**31 - 50_000, 2**32 - 100_000):
        word = np.arange(base, base + 100_000).astype(np.uint64)
        assert (np.diff(exponential(word)) < 0).all() and (np.diff(logistic(word)) > 0).all()
    word = np.unique(words(1, 1, 0, 0, np.arange(100_000)))
    assert (np.diff(exponential(word)) < 0).all() and (np.diff(logistic(word)) > 0).all()


@pytest.mark.parametrize("t", TEMPERATURES)
@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("model", MODELS)
def test_the_boltzmann_law_is_invariant(model, sampler, t):
    sampler = SAMPLERS[sampler]
    _, _, E, scale = system(model)
    pi, sites = boltzmann(E, t * scale), kernel(model, sampler.criterion, t)
    P = sweep_matrix(sites, sampler.order)
    np.testing.assert_allclose(P.sum(1), 1, atol=1e-12)
    assert max(defect(pi, p) for p in sites) < 1e-8
    assert defect(pi, P) < 1e-8
    assert defect(np.full(len(pi), 1 / len(pi)), P) > 1e-3, "witness: another law is not invariant"


@pytest.mark.parametrize("t", TEMPERATURES)
@pytest.mark.parametrize("criterion", THRESHOLD)
@pytest.mark.parametrize("model", MODELS)
def test_kernel_has_the_probabilities_of_the_formula(model, criterion, t):
    _, _, E, scale = system(model)
    exact = flip_matrices(formula(E, N, t * scale, criterion))
    pi = boltzmann(E, t * scale)
    np.testing.assert_allclose(kernel(model, criterion, t), exact, rtol=0, atol=3e-10)  # words are 2.3e-10 apart
    for order in ("sequential", "random"):
        assert defect(pi, sweep_matrix(exact, order)) < 1e-12
    flow = pi[:, None] * exact.mean(0)
    np.testing.assert_allclose(flow, flow.T, atol=1e-15)  # detailed balance of the random order


@pytest.mark.parametrize("criterion", THRESHOLD)
@pytest.mark.parametrize("model", MODELS)
def test_the_specification_has_them_too(model, criterion):
    instance, disorder, E, scale = system(model)
    sites = Moves(specification(instance, disorder), N).site_matrices(2.0 * scale, criterion)
    np.testing.assert_allclose(sites, flip_matrices(formula(E, N, 2.0 * scale, criterion)), rtol=0, atol=3e-10)
    assert max(defect(boltzmann(E, 2.0 * scale), p) for p in sites) < 1e-8


@pytest.mark.parametrize("model", MODELS)
def test_limits_of_temperature(model):
    """T = 0 takes only dE < 0; T = infinity takes everything (Metropolis) or a fair coin (heat bath)."""
    instance, disorder, E, scale = system(model)
    moves, here = Moves(instance.problem(disorder), N), np.arange(2**N)
    for criterion, everything in (("metropolis", 1.0), ("heatbath", 0.5)):
        for i in range(N):
            dE = E[here ^ (1 << i)] - E
            np.testing.assert_array_equal(moves.probability(i, 0.0, criterion), dE < -1e-9 * scale)
            np.testing.assert_allclose(moves.probability(i, np.inf, criterion), everything, atol=3e-10)


@pytest.mark.parametrize("model", MODELS)
def test_cached_fields_and_energies_follow_the_flips(model):
    """After any moves the cache equals the cache of the new configuration, and dE adds up to the energy."""
    instance, disorder, E, scale = system(model)
    moves = Moves(instance.problem(disorder), N)
    w, bits = moves.walkers, 1 << np.arange(N)
    sites = np.array([3, 0, 2, 2, 4, 1, 0], np.int32)
    xi, flips = np.full(sites.size, 2.0), 0
    for c in range(2**N):
        dE, (s, fields), accepted = moves._kernel(c, sites, xi, 0.5 * scale / w.scale)
        end = int(bits[s < 0].sum())
        np.testing.assert_allclose(fields, w.fields[end], rtol=0, atol=0 if w.exact else 1e-12)
        np.testing.assert_allclose(dE * w.scale, E[end] - E[c], atol=1e-12 * max(1, np.abs(E).max()))
        flips += accepted
    assert flips > 2**N, "witness: moves were made"


MUTANTS = {"T wrong by 5 %": (1.05, 1), "dE * 0.9": (1 / 0.9, 1), "the sign of dE": (1.0, -1)}  # factor of T, sign of E


@pytest.mark.parametrize("mutant", MUTANTS)
@pytest.mark.parametrize("criterion", THRESHOLD)
@pytest.mark.parametrize("model", MODELS)
def test_mutants_are_rejected(model, criterion, mutant):
    instance, disorder, E, scale = system(model)
    factor, sign = MUTANTS[mutant]
    sites = Moves(instance.problem(disorder), N).site_matrices(2.0 * scale * factor, criterion)
    pi = boltzmann(sign * E, 2.0 * scale)
    for order in ("sequential", "random"):
        assert defect(pi, sweep_matrix(sites, order)) > 1e-5, "a thousand times the tolerance"
