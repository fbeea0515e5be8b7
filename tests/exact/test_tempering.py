"""The joint law of a tempering ladder is invariant under sweeps and exchanges, on (N, rungs) = (4, 2) and (3, 3)."""

from __future__ import annotations

from functools import cache, reduce

import numpy as np
import pytest
from contract.discovery import all_models, all_samplers, single_spin, unit
from exact.matrices import Moves, boltzmann, defect, energies, share, sweep_matrix
from exact.mutants import ByPlace, PerSpin, Rescaled, SignFlipped, WrongWalker

from statmech import HeatBath, Tempering
from statmech.random import Stream
from statmech.samplers import tempering

MODELS = all_models()
JOINT = {k: v for k, v in all_samplers("joint").items() if isinstance(v, Tempering)}
SIZES = ((4, (0.7, 1.3)), (3, (0.6, 1.0, 2.0)))  # N, temperatures in units of the typical field


def test_every_sampler_of_a_joint_law_is_tested_here():
    assert JOINT.keys() == all_samplers("joint").keys(), "a new exchange scheme needs its matrix in this file"


@cache
def system(name, n):
    model = MODELS[name](n)
    E, disorder = energies(model, n)
    return Moves(model.problem(disorder), n), E, unit(model, disorder)


@cache
def rung_matrix(name, n, t, criterion, order, factor=1.0):
    moves, _, scale = system(name, n)
    return sweep_matrix(moves.site_matrices(t * scale * factor, criterion), order)


def joint_configurations(states, R):
    """(states^R, R): the configuration at every rung."""
    return np.stack(np.meshgrid(*[np.arange(states)] * R, indexing="ij"), -1).reshape(-1, R)


def exchange_matrix(sampler, E, ladder, turn, monkeypatch, at_rung=None):
    """Matrix of one round of exchanges, with the words of `Tempering.exchange` injected.

    Rows and columns are configurations by rung.  `at_rung[t]` is the walker that sits at rung t: the law may not
    depend on it.
    """
    R, S = len(ladder), len(E)
    x = joint_configurations(S, R)
    at_rung = np.arange(R) if at_rung is None else np.asarray(at_rung)
    rung_of = np.argsort(at_rung)
    by_walker = E[x][:, rung_of][..., None]  # (D, R, 1)
    pairs = np.arange(turn % 2, R - 1, 2)
    start = np.broadcast_to(rung_of[None, :, None], by_walker.shape).astype(np.int32)

    def swapped(word):
        def words(keys, stream, sweep, lane, draw):
            assert stream == Stream.SWAP
            assert np.broadcast_shapes(*(np.shape(v) for v in (keys, lane, draw))) == word.shape
            return word

        monkeypatch.setattr(tempering, "words", words)
        state = {**sampler.begin(by_walker.shape, ladder), "rung": start.copy()}
        sampler.exchange(state, by_walker, ladder, np.zeros((1, 1, 1), np.uint64), turn)
        rung = state["rung"][..., 0]
        assert (np.sort(rung, 1) == np.arange(R)).all(), "an exchange permutes the rungs"
        moved = rung[:, at_rung[pairs]] != pairs
        for p, t in enumerate(pairs):  # only the two partners move, and to each other's place
            there = np.where(moved[:, p, None], [t + 1, t], [t, t + 1])
            np.testing.assert_array_equal(rung[:, at_rung[[t, t + 1]]], there)
        return moved[..., None]

    probability = share(swapped, (len(x), len(pairs), 1), small_words=True)[..., 0]
    P = np.eye(len(x))
    place = S ** np.arange(R)[::-1]
    for p, t in enumerate(pairs):
        y = x.copy()
        y[:, [t, t + 1]] = y[:, [t + 1, t]]
        single, here = np.zeros_like(P), np.arange(len(x))
        single[here, here] = 1 - probability[:, p]
        single[here, y @ place] += probability[:, p]
        P = P @ single
    return P


def law(E, ladder):
    return reduce(np.kron, [boltzmann(E, T) for T in ladder])


def cycle(name, sampler, n, temperatures, monkeypatch, inner=None, factor=1.0):
    """(pi, sweep matrix, exchange matrices of odd and even turns) of one sampler on one model."""
    _, E, scale = system(name, n)
    inner = inner or sampler.inner
    sweeps = [rung_matrix(name, n, t, inner.criterion, inner.order, factor) for t in temperatures]
    ladder = np.array(temperatures) * scale
    exchanges = [exchange_matrix(sampler, E, ladder, turn, monkeypatch) for turn in (1, 2)]
    return law(E, ladder), reduce(np.kron, sweeps), exchanges


@pytest.mark.parametrize(("n", "temperatures"), SIZES)
@pytest.mark.parametrize("sampler", JOINT)
@pytest.mark.parametrize("name", MODELS)
def test_the_joint_law_is_invariant(name, sampler, n, temperatures, monkeypatch):
    sampler = JOINT[sampler]
    pi, sweep, (odd, even) = cycle(name, sampler, n, temperatures, monkeypatch)
    assert defect(pi, sweep) < 1e-8
    for exchange in (odd, even):
        np.testing.assert_allclose(exchange.sum(1), 1, atol=1e-12)
        assert defect(pi, exchange) < 1e-8
        flow = pi[:, None] * exchange
        np.testing.assert_allclose(flow, flow.T, rtol=0, atol=1e-9 * pi.max())
    whole = np.linalg.matrix_power(sweep, sampler.every) @ odd @ np.linalg.matrix_power(sweep, sampler.every) @ even
    assert defect(pi, whole) < 1e-8
    assert not np.allclose(even, np.eye(len(pi))), "witness: even turns exchange rungs 0 and 1"
    assert np.allclose(odd, np.eye(len(pi))) == (len(temperatures) == 2)


@pytest.mark.parametrize("inner", single_spin().values(), ids=single_spin())
def test_with_every_single_spin_kernel_inside(inner, monkeypatch):
    for n, temperatures in SIZES:
        pi, sweep, (odd, even) = cycle("Hopfield-pair", Tempering(inner), n, temperatures, monkeypatch)
        assert defect(pi, sweep @ odd @ sweep @ even) < 1e-8


def test_exchange_has_the_probability_of_the_formula(monkeypatch):
    """min(1, exp[(1/T_a - 1/T_b)(E_a - E_b)]), whichever walkers sit at the two rungs."""
    _, E, scale = system("Hopfield-pair", 3)
    ladder = np.array(SIZES[1][1]) * scale
    x = joint_configurations(8, 3)
    for turn, t in ((1, 1), (2, 0)):
        reference = exchange_matrix(Tempering(), E, ladder, turn, monkeypatch)
        gap = 1 / ladder[t] - 1 / ladder[t + 1]
        p = np.exp(np.minimum(0, gap * (E[x[:, t]] - E[x[:, t + 1]])))
        differ = x[:, t] != x[:, t + 1]
        np.testing.assert_allclose(1 - np.diag(reference)[differ], p[differ], rtol=0, atol=3e-10)
        for at_rung in ([1, 0, 2], [2, 0, 1], [1, 2, 0]):
            other = exchange_matrix(Tempering(), E, ladder, turn, monkeypatch, at_rung)
            np.testing.assert_array_equal(other, reference)


@pytest.mark.parametrize(("n", "temperatures"), SIZES)
@pytest.mark.parametrize("mutant", [SignFlipped, Rescaled, PerSpin, WrongWalker])
def test_mutants_of_the_exchange_are_rejected(mutant, n, temperatures, monkeypatch):
    pi, sweep, (odd, even) = cycle("Hopfield-pair", mutant(HeatBath()), n, temperatures, monkeypatch)
    assert defect(pi, even) > 1e-5, "a thousand times the tolerance"
    assert defect(pi, sweep @ odd @ sweep @ even) > 1e-5


@pytest.mark.parametrize(("n", "temperatures"), SIZES)
@pytest.mark.parametrize("factor", [1.05, 1 / 0.9])
def test_mutants_of_the_sweep_are_rejected(factor, n, temperatures, monkeypatch):
    """T wrong by 5 %, dE * 0.9."""
    pi, sweep, (odd, even) = cycle("Hopfield-pair", Tempering(), n, temperatures, monkeypatch, factor=factor)
    assert defect(pi, sweep) > 1e-5 and defect(pi, sweep @ odd @ sweep @ even) > 1e-5


def test_energies_of_the_wrong_walkers_are_rejected_after_a_permutation(monkeypatch):
    """The fault that shows only once walkers have left their first rung: energies read by place, not by rung."""

    _, E, scale = system("Hopfield-pair", 3)
    ladder = np.array(SIZES[1][1]) * scale
    pi = law(E, ladder)
    assert defect(pi, exchange_matrix(ByPlace(), E, ladder, 2, monkeypatch)) < 1e-8
    assert defect(pi, exchange_matrix(ByPlace(), E, ladder, 2, monkeypatch, [2, 0, 1])) > 1e-5
    assert defect(pi, exchange_matrix(Tempering(), E, ladder, 2, monkeypatch, [2, 0, 1])) < 1e-8
