"""Compiled exchange against its definition: `Tempering.accept` pair by pair, `Tempering.run` sweep by sweep."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import pytest
from exact.mutants import SignFlipped

from statmech import SK, HeatBath, Hopfield, Metropolis, MonteCarlo, Tempering
from statmech.kernels import exchange
from statmech.samplers import tempering
from statmech.samplers.run import Run, Turns
from statmech.tasks import montecarlo

LADDER = np.array([0.3, 0.5, 0.8, 1.3, np.inf])
SHAPE = (3, 5, 4)


@dataclass(frozen=True)
class ByRule(Tempering):
    """Exchanges as they are defined: the same rule, of which nothing is compiled."""

    @staticmethod
    def accept(xi, beta_a, beta_b, E_a, E_b):
        return Tempering.accept(xi, beta_a, beta_b, E_a, E_b)


def exchanged(sampler, turns=30):
    """The state after exchanges of random energies."""
    rng = np.random.default_rng(4)
    state, keys = sampler.begin(SHAPE, LADDER), rng.integers(2**63, size=(3, 1, 1)).astype(np.uint64)
    for turn in range(turns):
        sampler.exchange(state, rng.normal(0, 2, SHAPE), LADDER, keys, turn)
    return state


def same(a, b):
    return a.keys() == b.keys() and all(a[k].dtype == b[k].dtype and np.array_equal(a[k], b[k]) for k in a)


def test_the_compiled_exchange_is_the_rule():
    found = exchanged(Tempering())
    assert same(found, exchanged(ByRule()))
    assert 0 < found["acc_swaps"].sum() < found["acc_attempts"].sum(), "witness: some are accepted, some are not"
    assert not same(found, exchanged(SignFlipped())), "mutant: noticed"


def test_a_rule_put_in_its_place_is_taken(monkeypatch):
    monkeypatch.setattr(Tempering, "accept", staticmethod(lambda xi, *rest: np.zeros(xi.shape, bool)))
    assert exchanged(Tempering())["acc_swaps"].sum() == 0


def test_places_are_inverse_to_one_another():
    rung = exchanged(Tempering())["rung"]
    at, walker = exchange.places(rung)
    d, k = np.arange(3)[:, None, None], np.arange(4)
    np.testing.assert_array_equal(at, (d * 5 + rung) * 4 + k)
    np.testing.assert_array_equal(walker, (d * 5 + np.argsort(rung, axis=1)) * 4 + k)
    assert (at != walker).any(), "witness"


CASES = {
    "metropolis": (SK(20), Tempering(), {}),
    "heat bath, random order": (Hopfield(n=20, alpha=0.2), Tempering(HeatBath("random")), {"replicas": 3}),
    "every third sweep": (SK(20), Tempering(Metropolis(), every=3), {"measure_every": 2}),
    "tuned": (SK(20), Tempering(HeatBath(), rungs=6, tuning=128), {}),
}


def final(case, pieces=(64,)):
    model, sampler, more = CASES[case]
    task = MonteCarlo(model, sampler, T=(0.4, 0.8, 1.2), sweeps=64, disorder=(0, 2), device="cpu", **more)
    state = task.start()
    for n in pieces:
        state = dataclasses.replace(task).advance(state, n)
    return state


def test_rules_and_words_that_are_put_in_are_taken(monkeypatch):
    """A run with injected words, or another rule, is not prepared."""
    right = final("metropolis")
    with monkeypatch.context() as patch:
        patch.setattr(tempering, "words", lambda keys, stream, turn, lane, lower: np.zeros(
            (len(keys), lower.size, lane.size), np.uint64))  # fmt: skip
        always = final("metropolis")  # xi = 22
        assert (always["random/sampler/acc_swaps"] >= right["random/sampler/acc_swaps"]).all()
        assert not same(always, right)
    with monkeypatch.context() as patch:
        patch.setattr(Tempering, "accept", staticmethod(lambda xi, *rest: np.zeros(xi.shape, bool)))
        assert final("metropolis")["random/sampler/acc_swaps"].sum() == 0


@pytest.mark.parametrize("case", CASES)
def test_a_prepared_run_is_tempering(case, monkeypatch):
    kinds = []
    monkeypatch.setattr(montecarlo, "prepared", lambda *args: kinds.append(1) or Turns(*args))
    fast = final(case)
    assert kinds and same(fast, final(case, (5, 8, 51, 8)))
    monkeypatch.setattr(montecarlo, "prepared", Run)
    slow = final(case)
    assert same(fast, slow)
    assert (slow["random/sampler/acc_swaps"] > 0).any() and (slow["random/sampler/acc_flips"] > 0).all(), "witness"


def test_a_wrong_turn_is_noticed(monkeypatch):
    """Flips counted at the rungs after the exchange, and temperatures that stay where they were."""
    right, turn = final("metropolis"), exchange.turn

    def late(keys, number, ladder, energy, flips, *arrays):
        turn(keys, number, ladder, energy, np.zeros_like(flips), *arrays)
        arrays[7][...] += flips.take(arrays[9])

    def still(*arguments):
        before = arguments[-2].copy()
        turn(*arguments)
        arguments[-2][...] = before

    for mutant in (late, still):
        monkeypatch.setattr(exchange, "turn", mutant)
        assert not same(final("metropolis"), right)


def test_what_is_the_users_own_is_not_prepared():
    """Exchange and rule of a subclass run as they are written."""

    @dataclass(frozen=True)
    class Own(Tempering):
        def exchange(self, *args):
            calls.append(1)
            super().exchange(*args)

    for cls in (Own, SignFlipped):
        calls: list[int] = []
        task = MonteCarlo(SK(20), cls(), T=(0.4, 0.8, 1.2), sweeps=64, disorder=(0, 2), device="cpu")
        state = task.advance(task.start(), 64)
        assert len(calls) == 64 if cls is Own else not np.array_equal(
            state["random/sampler/acc_swaps"], final("metropolis")["random/sampler/acc_swaps"]
        )  # fmt: skip
