"""Ladders that tune themselves: rungs where rejections are equal, as many as pay, frozen before the run begins."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from statmech import SK, Enumeration, HeatBath, Hopfield, Metropolis, MonteCarlo, Pairs, Tempering, simulate
from statmech.random import canonical
from statmech.samplers import ladder
from statmech.tasks import montecarlo, pilot
from statmech.tasks.pilot import tuned_ladder

TUNED = Tempering(HeatBath(), rungs="tuned", T_hot=3.0, tuning=128)


# --- placing, on energies whose law is known

HEAT = 40.0  # constant dE/dT: E = HEAT T, Var E = HEAT T^2, Lambda = sqrt(HEAT/pi) |d ln T|


def gaussian(T, number=0, sweeps=0):
    """What a long trial would find: Gaussian energies of constant specific heat."""
    return ladder.rejection(np.sqrt(HEAT / np.pi) * np.diff(np.log(T))), HEAT * T[None]


def test_rejection_of_gaussian_energies():
    """r = erf(sqrt(pi) Lambda / 2), against exchanges of drawn energies by the rule of `Tempering`."""
    rng, (beta_a, beta_b), sigma = np.random.default_rng(0), (1.0, 0.7), 4.0
    E = rng.normal(0, sigma, (2, 1, 1, 200_000))
    E[1] += (beta_a - beta_b) * sigma**2  # dE/dbeta = -sigma^2
    swap = Tempering.accept(rng.exponential(size=E.shape[1:]), np.array([beta_a]), np.array([beta_b]), E[0], E[1])
    expected = ladder.rejection((beta_a - beta_b) * sigma / np.sqrt(np.pi))
    assert abs(1 - swap.mean() - expected) < 4 * np.sqrt(0.25 / 200_000)
    assert abs(1 - swap.mean() - ladder.rejection((beta_a - beta_b) * sigma)) > 0.1, "mutant: no sqrt(pi)"


def test_distances_from_counts_and_from_energies_agree():
    """Also where nothing is exchanged any more, there from the energies alone; to the curvature of a step."""
    T = np.geomspace(1.0, 3.0, 12)
    exact = np.sqrt(HEAT / np.pi) * np.diff(np.log(T))
    np.testing.assert_allclose(ladder.distances(1 / T, *gaussian(T)), exact, rtol=1e-9)
    energy = gaussian(T)[1]
    np.testing.assert_allclose(ladder.distances(1 / T, np.ones(11), energy), np.maximum(exact, 1.31), rtol=0.01)
    gap = np.array([1.0, 1.8])
    assert ladder.rejection(ladder.distances(1 / gap, *gaussian(gap))) > 0.99
    np.testing.assert_allclose(ladder.distances(1 / gap, np.ones(1), gaussian(gap)[1]), 2.1, rtol=0.02)


@pytest.mark.parametrize("gaps", [(2.0, 0.3), (0.01, 4.0, 1.0)])
def test_rungs_are_shared_out_as_exhaustive_search_does(gaps):
    gaps = np.array(gaps)
    for rungs in range(gaps.size + 1, 11):
        best = min(
            ladder.delay(np.array(steps), gaps).sum()
            for steps in itertools.product(range(1, rungs), repeat=gaps.size) if sum(steps) == rungs - 1
        )  # fmt: skip
        steps = ladder.divide(gaps, rungs)
        assert steps.sum() == rungs - 1
        assert ladder.delay(steps, gaps).sum() == pytest.approx(best, rel=1e-12)


def test_the_best_number_of_rungs_grows_with_the_barrier():
    """3/2 Lambda + 1, rejection 0.6; with r = Lambda/(R-1) instead of the error function it is 2 Lambda + 1, 0.5."""
    for barrier in (1.0, 3.0, 10.0, 30.0):
        rungs = ladder.divide([barrier]).sum() + 1
        cost = [n * (1 + ladder.delay(n - 1, barrier)) for n in range(2, 200)]
        assert rungs == 2 + int(np.argmin(cost))
        assert abs(rungs - (1.5 * barrier + 1)) <= 1 + 0.03 * barrier
    n = np.arange(31, 200)  # steps; r = 30 / n
    assert 60 <= n[np.argmin((n + 1) * (1 + 30 / np.maximum(1 - 30 / n, 1e-9)))] <= 62
    assert ladder.divide([1e4]).sum() == ladder.MOST - 1, "never more than that"
    assert ladder.divide([400.0, 1.0, 800.0], 13).tolist() == [4, 1, 7], "hopeless gaps first"
    assert ladder.divide([0.001]).tolist() == [1]


def test_constant_specific_heat_gives_a_geometric_ladder():
    found = ladder.tune([0.5, 4.0], gaussian, 512)
    barrier = np.sqrt(HEAT / np.pi) * np.log(8)
    assert abs(found.size - (1.5 * barrier + 1)) <= 1
    np.testing.assert_allclose(np.diff(np.log(found)), np.log(8) / (found.size - 1), rtol=0.01)
    first = ladder.first_ladder([0.5, 4.0])
    assert np.ptp(np.diff(np.log(first))) > 0.3, "witness: the ladder began otherwise"


def test_temperatures_asked_for_stay_and_rungs_between_them_are_equidistant():
    asked = np.array([0.5, 0.51, 1.7, 4.0])
    found = ladder.tune(asked, gaussian, 512, 15)
    assert found.size == 15 and set(asked) <= set(found)
    distance = np.sqrt(HEAT / np.pi) * np.diff(np.log(found))
    for a, b in itertools.pairwise(np.searchsorted(found, asked)):
        np.testing.assert_allclose(distance[a:b], distance[a:b].mean(), rtol=0.03)
    assert np.searchsorted(found, 0.51) == 1, "no rung is wasted where walkers pass anyway"
    infinite = ladder.tune([0.5, np.inf], lambda T, k, n: gaussian(np.minimum(T, 50.0)), 512, 12)
    assert infinite[-1] == np.inf and infinite.size == 12 and np.isfinite(infinite[:-1]).all()


def test_rungs_have_six_digits():
    """So a last bit of the special functions, or of a sum of energies, gives the same ladder."""
    def shaken(T, number, sweeps):
        rejected, energy = gaussian(T)
        return rejected * (1 + 1e-13), energy * (1 - 1e-13)

    a, b = (ladder.tune([0.5, 4.0], trial, 512, 14) for trial in (gaussian, shaken))
    np.testing.assert_array_equal(a, b)
    assert all(x == float(f"{x:.6g}") for x in a)


# --- even and odd pairs in turn

class RandomTurns(Tempering):
    """The reversible scheme: even or odd pairs by the toss of a coin."""

    def exchange(self, state, energy, ladder, keys, turn):
        super().exchange(state, energy, ladder, keys, int(np.random.default_rng(turn).integers(2)))


def free_journeys(sampler, R, turns):
    """Journeys from hot to cold in a ladder whose exchanges are all accepted."""
    T = np.linspace(1, 2, R)
    state = sampler.begin((1, R, 1), T)
    for turn in range(turns):
        sampler.exchange(state, np.zeros((1, R, 1)), T, np.array([[[1]]], np.uint64), turn)
        sampler._follow(state)
    return int(state["acc_trips"].sum())


@pytest.mark.parametrize("R", [6, 7, 24])
def test_walkers_travel_without_turning_back(R):
    """All accepted, a walker is back after 2 R turns: one journey per two turns, in a ladder of any length."""
    assert free_journeys(Tempering(), R, 20 * R) - free_journeys(Tempering(), R, 10 * R) == 5 * R
    assert free_journeys(RandomTurns(), R, 20 * R) < 0.6 * free_journeys(Tempering(), R, 20 * R), "mutant: diffusion"


# --- a gap, found and filled

GAP = (0.25, 1.6)


def journeys(sampler, sweeps=512):
    task = MonteCarlo(Hopfield(n=150, alpha=0.3), sampler, T=GAP, replicas=4, sweeps=sweeps, device="cpu")
    state = task.advance(task.start(), sweeps)
    return state["random/sampler/acc_trips"], state["random/sampler/acc_swaps"].sum((0, 2)), state


def test_a_gap_lets_no_walker_through_and_tuning_fills_it():
    trips, swaps, _ = journeys(Tempering(HeatBath()))
    assert (trips == 0).all() and swaps.tolist() == [0], "witness: the ladder as given has a gap"
    trips, swaps, state = journeys(Tempering(HeatBath(), rungs="tuned", tuning=256))
    assert (trips > 0).all() and (swaps > 100).all()
    assert {0.25, 1.6} < set(state["random/sampler/ladder"])
    # a tuning that trusts the rates of exchanges it never saw leaves the gap as it is
    blind = ladder.tune(GAP, lambda T, k, n: (np.zeros(T.size - 1), np.zeros((1, T.size))), 256)
    assert blind.size == 2


def test_rejections_become_equal():
    model, T = SK(64), (0.4, 1.6)

    def spread(rungs):
        r = simulate(model, rungs, Tempering(HeatBath()), 1024, samples=4, device="cpu")["tempering/swap_acceptance"]
        return r.mean((1, 2)).std()

    tuned = tuned_ladder(model, T, Tempering(HeatBath(), rungs=6, tuning=512), device="cpu")
    assert tuned.size == 6
    assert 3 * spread(tuned) < spread(ladder.first_ladder(T, 6))


# --- frozen

def run(task, pieces, state=None):
    """Piece by piece, by tasks that know nothing but their fields and the stored arrays."""
    state = task.start() if state is None else state
    for n in pieces:
        state = dataclasses.replace(task).advance({k: np.array(v) for k, v in state.items()}, n)
    return state


def same(a, b):
    assert a.keys() == b.keys()
    for key in a:
        np.testing.assert_array_equal(a[key], b[key], err_msg=key)


def task_of(sampler=TUNED, **kwargs):
    fields = {"T": (0.3, 0.9), "starts": ("random", "pattern"), "sweeps": 32, "disorder": (0, 5), "replicas": 2}
    return MonteCarlo(Hopfield(n=40, alpha=0.2), sampler, **fields | kwargs, device="cpu")


def test_pieces_and_extensions_keep_every_bit_and_never_tune_again(monkeypatch):
    task = task_of()
    begun = task.start()
    whole, longer = run(task, [32], begun), run(task_of(sweeps=64), [64])
    assert whole["random/sampler/ladder"].size > 4, "witness: rungs were added"
    pilot._known.clear()
    same(task.start(), begun)

    def never(*args):
        raise AssertionError("tuned again")

    monkeypatch.setattr(montecarlo, "tuned_ladder", never)
    same(run(task, [1, 6, 25], begun), whole)
    same(run(task_of(sweeps=64), [32], whole), longer)
    for name in ("random", "pattern"):
        np.testing.assert_array_equal(longer[f"{name}/sampler/ladder"], begun[f"{name}/sampler/ladder"])
    shifted = begun | {"random/sampler/ladder": begun["random/sampler/ladder"] * 1.05}
    other = run(task, [32], shifted)
    assert not np.array_equal(other["random/s"], whole["random/s"]), "witness: the stored ladder is what runs"


def test_neither_block_nor_form_nor_length_changes_the_ladder():
    both, alone = run(task_of(), [32]), run(task_of(disorder=(5,)), [32])
    for key in ("s", "chain", "sampler/rung", "sampler/acc_swaps"):
        axis = 1 if key == "chain" else 0
        np.testing.assert_array_equal(np.take(both[f"random/{key}"], [1], axis), alone[f"random/{key}"])
    T = (0.3, 0.9)
    pair, pattern = (Hopfield(n=40, alpha=0.2, form=form) for form in ("pair", "pattern"))
    reference = tuned_ladder(pair, T, TUNED, device="cpu")
    pilot._known.clear()
    np.testing.assert_array_equal(tuned_ladder(pattern, T, TUNED, device="cpu"), reference)
    for other in ({"seed": 1}, {"start": "pattern"}):
        assert not np.array_equal(tuned_ladder(pair, T, TUNED, device="cpu", **other), reference)


def test_a_ladder_as_given_is_what_it_was():
    T = (0.3, 0.6, 0.9)
    np.testing.assert_array_equal(tuned_ladder(SK(10), T, Tempering()), T)
    np.testing.assert_array_equal(tuned_ladder(SK(10), T, Metropolis()), T)
    plain, tuned = (canonical(task_of(s).identity()) for s in (Tempering(HeatBath()), TUNED))
    assert "rungs" not in str(plain) and "rungs" in str(tuned)
    assert "random/sampler/ladder" not in task_of(Tempering(HeatBath())).start()


# --- what is reported

@dataclasses.dataclass(frozen=True)
class NextRung(Tempering):
    """Reports the rung above the one asked for."""

    def arrange(self, state, values):
        return super().arrange(state | {"asked": state["asked"] + 1}, values)


@dataclasses.dataclass(frozen=True)
class ByPlace(Tempering):
    """Reports the walkers that began at the rungs asked for."""

    def arrange(self, state, values):
        return values[:, state["asked"]]


def deviations(cls):
    """z of the energies at the temperatures asked for, against enumeration."""
    rng = np.random.default_rng(3)
    J = np.triu(rng.choice([-1, 1], (10, 10)), 1)
    model, T = Pairs(J + J.T), (1.0, 2.5)
    sampler = cls(HeatBath("random"), rungs=5, T_hot=6.0, tuning=128)
    found = simulate(model, T, sampler, 1024, replicas=32, device="cpu")
    task = Enumeration(model, T=T)
    state = task.start()
    exact = task.results(task.advance(state, task.progress(state)[1]))
    return (found["e"][:, 0, 0] - exact["e"].data[:, 0]) / found["e_stderr"][:, 0, 0], found


def test_temperatures_asked_for_are_what_is_reported():
    z, found = deviations(Tempering)
    assert np.abs(z).max() < 4
    assert found["T"].tolist() == [1.0, 2.5] and found["e"].shape == (2, 1, 1)
    assert found["tempering/ladder"].shape == (5, 1) and found["tempering/swap_acceptance"].shape == (4, 1, 1)
    assert found["tempering/flow"].shape == (2, 1, 1) and found["tempering/round_trips"].min() > 0
    assert {1.0, 2.5, 6.0} < set(found["tempering/ladder"][:, 0])
    share = found["acceptance"][:, 0, 0]
    assert 0 < share[0] < share[1] < 1
    for mutant in (NextRung, ByPlace):
        assert np.abs(deviations(mutant)[0]).max() > 8


def test_classes_with_ladders_of_different_sizes():
    """Each has its own; the shorter ends in NaN."""
    samplers = {"random": Tempering(HeatBath(), rungs=6, tuning=64), "pattern": Tempering(HeatBath())}
    task = task_of(samplers)
    results = task.results(run(task, [32]))
    rates, rungs = results["tempering/swap_acceptance"], results["tempering/ladder"]
    assert rates.data.shape == (5, 2, 2) and rungs.data.shape == (6, 2)
    assert np.isnan(rates.data[1:, :, 1]).all() and np.isfinite(rates.data[:, :, 0]).all()
    assert np.isnan(rungs.data[:, 1]).all() and (np.diff(rungs.data[:, 0]) > 0).all()
    for dim in ("rung", "place"):
        assert results[dim].data.size == {"rung": 5, "place": 6}[dim]
