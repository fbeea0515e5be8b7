"""What a chain does depends on nothing but itself: not on other samples, temperatures or replicas of its batch."""

from __future__ import annotations

import numpy as np
import pytest
from contract.discovery import all_models, all_samplers, ladder

from statmech import Hopfield, MonteCarlo

MODELS = {k: b for k, b in all_models().items() if b(4).quantum is not None and k != "Pairs-int32"}
SAMPLERS = all_samplers()
CHAIN_AXIS = {"chain": 1, "pair": 1}  # disorder axis of an accumulator; 0 for everything else


def run(model, sampler, sweeps=8, **kwargs):
    task = MonteCarlo(model, sampler, **{"T": ladder(sampler), "replicas": 2, "seed": 3, **kwargs}, sweeps=sweeps,
                      device="cpu")  # fmt: skip
    return task.advance(task.start(), sweeps)


def name_of(key):
    return key.rpartition("/")[2]




@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("model", MODELS)
def test_three_samples_at_once_equal_one_at_a_time(model, sampler):
    model, sampler = MODELS[model](12), SAMPLERS[sampler]
    together = run(model, sampler, disorder=(0, 1, 2))
    for index in range(3):
        alone = run(model, sampler, disorder=(index,))
        for key, value in alone.items():
            if value.ndim:
                part = np.take(together[key], [index], CHAIN_AXIS.get(name_of(key), 0))
                np.testing.assert_array_equal(part, value, err_msg=f"{key} of sample {index}")
    first, second = together["random/chain"][:, 0], together["random/chain"][:, 1]
    assert not np.array_equal(first, second), "witness: samples differ"


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("model", MODELS)
def test_more_replicas_leave_the_first_ones_as_they_were(model, sampler):
    model, sampler = MODELS[model](12), SAMPLERS[sampler]
    two, four = (run(model, sampler, replicas=k) for k in (2, 4))
    np.testing.assert_array_equal(four["random/s"][:, :, :2], two["random/s"])
    np.testing.assert_array_equal(four["random/chain"][:, :, :, :2], two["random/chain"])
    np.testing.assert_array_equal(four["random/pair"][:, :, :, :1], two["random/pair"])
    assert not np.array_equal(four["random/chain"][..., 2:, :], two["random/chain"]), "witness: new replicas are new"


@pytest.mark.parametrize("sampler", [k for k, v in SAMPLERS.items() if not v.couples_rungs and len(ladder(v)) > 1])
@pytest.mark.parametrize("model", MODELS)
def test_one_more_temperature_leaves_the_others_as_they_were(model, sampler):
    model, sampler = MODELS[model](12), SAMPLERS[sampler]
    T = ladder(sampler)
    many = tuple(sorted({*T, 0.77}))
    few, more = (run(model, sampler, T=t) for t in (T, many))
    old = [many.index(t) for t in T]
    np.testing.assert_array_equal(more["random/s"][:, old], few["random/s"])
    np.testing.assert_array_equal(more["random/chain"][:, :, old], few["random/chain"])
    cold, warm = few["random/chain"][:, :, 1], few["random/chain"][:, :, 2]
    assert not np.array_equal(cold, warm), "witness: temperatures differ"


@pytest.mark.parametrize("sampler", [k for k, v in SAMPLERS.items() if v.couples_rungs])
def test_with_exchange_one_more_temperature_is_another_system(sampler):
    model, sampler = MODELS["Hopfield-pair"](12), SAMPLERS[sampler]
    T = ladder(sampler)
    few, more = run(model, sampler, T=T), run(model, sampler, T=(*T, 2 * max(T)))
    assert not np.array_equal(more["random/s"][:, : len(T)], few["random/s"])


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_one_more_class_of_starts_leaves_the_first_as_it_was(sampler):
    model, sampler = MODELS["Hopfield-pair"](12), SAMPLERS[sampler]
    one, two = (run(model, sampler, starts=s) for s in (("random",), ("pattern:0.2", "random")))
    for key in one:
        np.testing.assert_array_equal(two[key], one[key], err_msg=key)
    assert not np.array_equal(two["random/chain"], two["pattern:0.2/chain"]), "witness: the classes differ"


def test_every_temperature_sees_the_same_disorder():
    model = Hopfield(n=30, alpha=0.1)
    task = MonteCarlo(model, T=(0.2, 0.9), starts=("pattern",), disorder=(4, 5), replicas=2, sweeps=8, device="cpu")
    state = task.start()
    xi = model.disorder(model.disorder_keys((4, 5), seed=0))["xi"]
    np.testing.assert_array_equal(state["pattern/s"], np.broadcast_to(xi[:, None, None, 0], (2, 2, 2, 30)))
    assert not np.array_equal(xi[0], xi[1]), "witness: the two samples have other patterns"


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("model", MODELS)
def test_the_seed_changes_everything_and_nothing_else_does(model, sampler):
    model, sampler = MODELS[model](12), SAMPLERS[sampler]
    first, again, other = run(model, sampler), run(model, sampler), run(model, sampler, seed=4)
    for key in first:
        np.testing.assert_array_equal(first[key], again[key], err_msg=key)
    assert not np.array_equal(first["random/chain"], other["random/chain"])
