"""Which kernels reach every configuration, and the known ones that do not."""

from __future__ import annotations

import numpy as np
import pytest
from contract.discovery import all_models, single_spin, unit
from exact.matrices import Moves, energies, sweep_matrix

from statmech import HeatBath, Hopfield, Metropolis, Pairs

MODELS, SAMPLERS = all_models(), single_spin()
ERGODIC = {k: v for k, v in SAMPLERS.items() if v.criterion == "heatbath" or v.order == "random"}


def sweep(model, sampler, t):
    """Sweep matrix at temperature t, in units of the model."""
    E, disorder = energies(model, model.n)
    assert np.ptp(E) > 0
    sites = Moves(model.problem(disorder), model.n).site_matrices(t * unit(model, disorder), sampler.criterion)
    return sweep_matrix(sites, sampler.order)


def has_positive_power(P):
    """Is some power of P strictly positive?  (Then the chain forgets its start; Wielandt's bound on the power.)"""
    reach = P > 0
    for _ in range(2 * len(P).bit_length()):
        reach = (reach.astype(np.float32) @ reach.astype(np.float32)) > 0
    return bool(reach.all())


@pytest.mark.parametrize("sampler", ERGODIC)
@pytest.mark.parametrize("model", MODELS)
def test_heat_bath_and_random_order_forget_their_start(model, sampler):
    assert has_positive_power(sweep(MODELS[model](4), ERGODIC[sampler], 1.0))


@pytest.mark.parametrize("order", ["sequential", "random"])
def test_heat_bath_does_so_at_infinite_temperature(order):
    assert has_positive_power(sweep(Hopfield(n=4, alpha=0.75), HeatBath(order), np.inf))


@pytest.mark.parametrize("n", [4, 5])
def test_sequential_metropolis_alternates_at_infinite_temperature(n):
    """Every proposal is accepted: s, -s, s, ... as its documentation says."""
    P = sweep(Hopfield(n=n, alpha=3 / n), Metropolis("sequential"), np.inf)
    np.testing.assert_array_equal(P, np.eye(2**n)[::-1])
    assert not has_positive_power(P)


@pytest.mark.parametrize("n", [4, 5])
def test_random_metropolis_keeps_its_parity_at_infinite_temperature(n):
    """n accepted flips per sweep: the number of down spins stays even or odd (n even), or changes (n odd)."""
    P = sweep(Hopfield(n=n, alpha=3 / n), Metropolis("random"), np.inf)
    odd = np.array([row.bit_count() % 2 for row in range(2**n)])
    reached = P > 0
    assert (odd[None, :] == (odd[:, None] + n) % 2)[reached].all() and not has_positive_power(P)
    assert reached.sum() == 4**n / 2, "but every configuration of the right parity"


def test_a_spin_without_field_alternates_under_sequential_metropolis_at_any_temperature():
    J = np.zeros((3, 3), int)
    J[0, 1] = J[1, 0] = 1
    P = sweep(Pairs(J), Metropolis("sequential"), 1.0)
    s2 = np.arange(8) >> 2
    assert (s2[None, :] != s2[:, None])[P > 0].all() and not has_positive_power(P)
    assert has_positive_power(sweep(Pairs(J), Metropolis("random"), 1.0))
