"""Every kernel against the specification: the same Markov chain, bit for bit, and the same energies."""

from __future__ import annotations

import numpy as np
import pytest
from contract.discovery import all_models, all_samplers, ladder, on_specification, specification, unit

from statmech import Hopfield, MonteCarlo
from statmech.kernels import walkers
from statmech.spec import SpecWalkers

MODELS = all_models()
EXACT = [name for name, build in MODELS.items() if build(4).quantum is not None]
SAMPLERS = all_samplers()
T = np.array([0.0, 0.3, 1.0, np.inf])[None, :, None]
SWEEPS = 5


def prepared(model, samples=2, replicas=2):
    """Disorder, dynamics keys (D, T, 1), lanes (1, 1, K), random configurations and temperatures."""
    keys = model.disorder_keys(tuple(range(samples)), seed=11)
    lanes = np.arange(replicas, dtype=np.uint64)[None, None, :]
    chains = np.array(keys, np.uint64)[:, None, None] + np.arange(T.size, dtype=np.uint64)[None, :, None]
    s = model.start("random", model.disorder(keys), np.broadcast_to(chains, (samples, T.size, replicas)), lanes)
    disorder = model.disorder(keys)
    return disorder, chains, lanes, s, T * unit(model, disorder)


def trajectory(w, chains, lanes, temperature, criterion, order):
    """Configurations after every sweep, accepted flips of every sweep, energies after every sweep."""
    path = []
    for sweep in range(SWEEPS):
        flips = w.sweep(temperature, chains, lanes, sweep, 1, criterion, order)
        path.append((w.s.copy(), flips, w.energy))
    return [np.stack(x) for x in zip(*path, strict=True)]


@pytest.mark.parametrize("n", [12, 37])
@pytest.mark.parametrize("name", EXACT)
def test_kernel_follows_the_specification_bit_for_bit(name, n):
    model = MODELS[name](n)
    disorder, chains, lanes, s, temperature = prepared(model)
    assert model.problem(disorder).family != "custom", "this model runs on the specification itself"
    ends = []
    for criterion in ("metropolis", "heatbath"):
        for order in ("sequential", "random"):
            move = (chains, lanes, temperature, criterion, order)
            fast = trajectory(walkers(model.problem(disorder), s, "cpu"), *move)
            slow = trajectory(SpecWalkers(specification(model, disorder), s), *move)
            np.testing.assert_array_equal(fast[0], slow[0], err_msg=f"{criterion} {order}: configurations")
            np.testing.assert_array_equal(fast[1], slow[1], err_msg=f"{criterion} {order}: accepted flips")
            np.testing.assert_allclose(fast[2], slow[2], rtol=1e-12, atol=1e-12 * n, err_msg=f"{criterion} {order}")
            ends.append(fast[0][-1].tobytes())
    assert len(set(ends)) == 4, "witness: criterion and order do change the trajectory"


@pytest.mark.parametrize("name", EXACT)
def test_the_comparison_sees_a_wrong_temperature(name):
    model = MODELS[name](12)
    disorder, chains, lanes, s, temperature = prepared(model)
    w, spec = walkers(model.problem(disorder), s, "cpu"), SpecWalkers(specification(model, disorder), s)
    fast = trajectory(w, chains, lanes, 1.25 * temperature, "metropolis", "random")
    slow = trajectory(spec, chains, lanes, temperature, "metropolis", "random")
    assert not np.array_equal(fast[0][:, :, 1:3], slow[0][:, :, 1:3])
    np.testing.assert_array_equal(fast[0][:, :, [0, 3]], slow[0][:, :, [0, 3]])  # 0 and infinity stay what they are


@pytest.mark.parametrize("name", MODELS)
def test_problem_and_model_agree_on_the_energy(name):
    model = MODELS[name](23)
    disorder, _, _, s, _ = prepared(model)
    problem, plain = walkers(model.problem(disorder), s, "cpu").energy, model.energy(disorder, s)
    np.testing.assert_allclose(problem, plain, rtol=1e-12, atol=1e-12 * model.n)
    assert np.ptp(plain) > 0.1, "witness: the configurations have different energies"


@pytest.mark.parametrize("name", EXACT)
def test_energy_differences_are_multiples_of_the_quantum(name):
    model = MODELS[name](12)
    disorder, _, _, s, _ = prepared(model)
    flipped = s.copy()
    flipped[..., 3] *= -1
    steps = (model.energy(disorder, flipped) - model.energy(disorder, s)) / model.quantum
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-9 * max(1, np.abs(steps).max()))
    assert np.abs(np.rint(steps)).max() >= 1


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("name", [EXACT[0], "Pairs-int16"])
def test_samplers_see_no_difference_between_kernel_and_specification(name, sampler):
    model, sampler = MODELS[name](12), SAMPLERS[sampler]
    states = []
    for m in (model, on_specification(model)):
        task = MonteCarlo(m, sampler, T=ladder(sampler), replicas=2, sweeps=8, disorder=(0, 1), seed=5, device="cpu")
        states.append(task.advance(task.start(), 8))
    fast, slow = states
    assert fast.keys() == slow.keys()
    for key in fast:
        if key.endswith("/chain"):  # energies: exact integers times a scale, against floating-point sums
            np.testing.assert_allclose(fast[key], slow[key], rtol=1e-12, atol=1e-12, err_msg=key)
        else:
            np.testing.assert_array_equal(fast[key], slow[key], err_msg=key)


@pytest.mark.parametrize("patterns", [1, 5, 33])
def test_pattern_form_and_pair_form_of_hopfield_are_equal_bit_for_bit(patterns):
    n = 40
    paths = {}
    for form in ("pair", "pattern"):
        model = Hopfield(n=n, alpha=patterns / n, form=form)
        disorder, chains, lanes, s, temperature = prepared(model)
        for criterion in ("metropolis", "heatbath"):
            for order in ("sequential", "random"):
                w = walkers(model.problem(disorder), s, "cpu")
                paths[form, criterion, order] = trajectory(w, chains, lanes, temperature, criterion, order)
    for (form, *rest), path in paths.items():
        for a, b in zip(path, paths["pair", *rest], strict=True):
            np.testing.assert_array_equal(a, b, err_msg=f"{form} {rest}")
    families = {Hopfield(n=n, alpha=0.2, form=f).problem({"xi": disorder["xi"]}).family for f in ("pair", "pattern")}
    assert families == {"pairs", "fields"}, "witness: two kernels ran"
