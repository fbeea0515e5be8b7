"""Failures planted in simulations are caught, with the right reason; a long correct run passes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from statmech import SK, Hopfield, Metropolis, MonteCarlo, Planted, PSpin, Tempering
from statmech.stats.verdict import REASONS

LADDER = tuple(np.round(np.linspace(0.5, 1.6, 8), 3).tolist())


@dataclass(frozen=True)
class WrongTemperature(Tempering):
    """Exchanges as if every temperature were twice what it is."""

    def accept(self, xi, beta_a, beta_b, E_a, E_b):
        return super().accept(xi, 0.5 * beta_a, 0.5 * beta_b, E_a, E_b)


def run(model, sampler=None, T=LADDER, sweeps=1024, samples=2, **more):
    task = MonteCarlo(model, sampler or Tempering(Metropolis()), T=T, sweeps=sweeps, disorder=tuple(range(samples)),
                      device="cpu", **more)  # fmt: skip
    return task, task.results(task.advance(task.start(), sweeps))


def reasons(results):
    return Counter(REASONS[code] for code in results["reason"].data.ravel())


@cache
def correct():
    return run(SK(n=32), T=tuple(np.linspace(0.4, 1.6, 13)), sweeps=8192, samples=3)


def test_a_long_correct_run_passes():
    _, found = correct()
    assert (found["status"].data == 2).mean() >= 0.95, reasons(found)  # 39 points, false alarms of 2 %
    for part in ("swaps", "round_trips", "flow", "fluctuation", "blocks", "identity_blocks"):
        passed = found[f"verdict/{part}_passed"].data
        assert np.mean(passed[np.isfinite(passed)]) >= 0.97 and np.isfinite(passed).any(), part


def test_a_wrong_temperature_in_the_swap_rule():
    """Half the exchange rate that is right: rungs get the energies of others, chains agree with one another."""
    task, _ = correct()
    _, found = run(task.model, WrongTemperature(Metropolis()), T=task.T, sweeps=8192, samples=3)
    cold = found["reason"].data[:5]
    share = np.mean(cold == REASONS.index("fluctuation-dissipation"))
    assert share > 0.8, reasons(found)
    assert (found["status"].data[cold[..., 0].any(1).nonzero()[0]] == 4).any()
    assert np.mean(found["verdict/rhat_passed"].data) > 0.9, "witness: chains agree, only this part sees it"


def test_a_ladder_with_a_gap():
    _, found = run(SK(n=256), T=(0.2, 0.25, 1.5, 1.7))
    assert (found["status"].data == 4).all()
    assert set(reasons(found)) == {"ladder with a gap"}
    assert (found["verdict/swaps"].data == 0).all() and (found["verdict/round_trips"].data == 0).all()


def test_locked_chains():
    _, found = run(SK(n=128), Metropolis(), T=(0.02, 0.04))
    assert (found["status"].data == 4).all()
    assert set(reasons(found)) <= {"frozen apart", "chains disagree (R-hat)", "drift"}
    assert (found["verdict/rhat_passed"].data == 0).all(), "the chains sit in different minima"


def test_runs_too_short():
    _, found = run(SK(n=32), T=LADDER, sweeps=32)
    assert set(reasons(found)) == {"fewer than 25 bins"} and (found["status"].data == 4).all()
    _, found = run(SK(n=128), Metropolis(), T=(0.3, 0.4), sweeps=128, samples=4)
    assert (found["status"].data == 4).mean() >= 0.8, reasons(found)
    early = {"shorter than 50 tau", "chains disagree (R-hat)", "drift", "energy drifts between blocks"}
    assert set(reasons(found)) <= early | {"ok"}


def test_few_round_trips():
    """A ladder of so many rungs that no walker crosses it in time: the hot end serves its half, the cold one waits."""
    T = tuple(np.round(np.linspace(1.5, 3.0, 24), 4).tolist())
    _, found = run(SK(n=16), Tempering(Metropolis(), every=16), T=T, sweeps=256)
    few = found["verdict/round_trips_passed"].data[:, :, 0] == 0
    assert few[:8].mean() > 0.9 and few[-4:].mean() < 0.1, few.mean(1)
    assert reasons(found)["few round trips"] >= 0.25 * found["reason"].data.size
    _, same = run(SK(n=16), Tempering(Metropolis()), T=T, sweeps=1024)
    assert reasons(same)["ok"] >= 0.9 * same["reason"].data.size, "witness: more exchanges, more trips"


def test_a_metastable_state_that_melts_between_two_temperatures_is_left_alone():
    """Retrieval ends between two rungs: the energy jumps there, which is no violation of anything."""
    _, found = run(Hopfield(n=512, alpha=0.05), Metropolis(), T=(0.3, 0.45, 0.6, 0.9, 1.05, 1.2), starts=("pattern",))
    assert (found["verdict/fluctuation_passed"].data == 1).all(), found["verdict/fluctuation"].data


def test_without_three_temperatures_or_exchange_those_parts_are_absent():
    _, found = run(SK(n=16), Metropolis(), T=(1.0, 1.5), sweeps=256)
    assert not {"verdict/fluctuation", "verdict/swaps", "verdict/flow"} & set(found)
    assert {"verdict/rhat", "verdict/blocks", "verdict/identity_blocks", "verdict/sweeps"} <= set(found)
    assert (found["verdict/sweeps"].data == 256).all()


IDENTITIES = {
    "SK": (SK(n=12), (0.5, 0.7, 1.0, 1.5)),
    "SK in fields": (SK(n=12, h=0.3, h_random=0.4), (0.5, 0.7, 1.0, 1.5)),
    "p = 3": (PSpin(n=10, p=3), (0.6, 0.8, 1.0, 1.4)),
    "p = 4 with p = 2": (PSpin(n=9, p={2: 1.0, 4: 0.7}), (0.6, 0.8, 1.0, 1.4)),
    "planted p = 3": (Planted(n=10, p=3, signal=0.8), (0.5, 0.625, 0.8, 1.2)),
    "planted p = 2": (Planted(n=12, p=2, signal=0.6), (0.5, 1 / 1.2, 1.0, 1.2)),
}


@pytest.mark.parametrize("name", IDENTITIES)
def test_exact_identities_on_the_mean_over_400_samples(name):
    model, T = IDENTITIES[name]
    task, found = run(model, T=T, sweeps=256, samples=400, replicas=2)
    means = task.combine(found)
    z, passed = (means[f"verdict/identity_{k}"].data for k in ("z", "passed"))
    known = np.isfinite(z)
    print(name, z.round(1).ravel())
    assert known.any() and (passed[known] == 1).all() and np.abs(z[known]).max() < 3
    _, few = run(model, T=T, sweeps=64, samples=2, replicas=2)
    assert np.isnan(task.combine(few)["verdict/identity_passed"].data).all(), "two samples judge nothing"
    warm = found | {"e": type(found["e"])(found["e"].dims, found["e"].data * 0.9, {})}
    warm |= {"q": type(found["q"])(found["q"].dims, found["q"].data * 0.8, {})}
    assert np.nanmax(np.abs(task.combine(warm)["verdict/identity_z"].data)) > 3, "mutant: e and q too small"
