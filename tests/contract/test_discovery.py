"""Discovery finds what the package offers, and says clearly what it cannot build."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from contract.discovery import (
    LADDERS,
    MODELS,
    SAMPLERS,
    all_models,
    all_samplers,
    ladder,
    model_classes,
    sampler_classes,
    single_spin,
    tiny_models,
    tiny_samplers,
)

import statmech
from statmech.core import Sampler
from statmech.samplers.single import SingleSpin


@dataclass(frozen=True)
class Ferromagnet(statmech.Model):
    """A user's model: H = -(1/2N) (sum_i s_i)^2."""

    n: int = 64
    space: ClassVar = statmech.Ising()

    def disorder(self, keys):
        return {"none": np.zeros((len(keys), 1))}

    def energy(self, disorder, s):
        return -0.5 * s.sum(-1, dtype=float) ** 2 / self.n


@dataclass(frozen=True)
class Hungry(Ferromagnet):
    couplings: np.ndarray = None

    def __post_init__(self):
        if self.couplings is None:
            raise ValueError("couplings are missing")


def test_public_classes_are_found():
    assert {c.__name__ for c in model_classes()} >= {"Hopfield", "Pairs"}
    assert {c.__name__ for c in sampler_classes()} >= {"Metropolis", "HeatBath", "Tempering", "Annealing", "Quench"}
    assert SingleSpin not in sampler_classes(), "a base class without a criterion is no sampler"


def test_tables_name_existing_classes_only():
    assert MODELS.keys() <= {c.__name__ for c in model_classes()}
    assert SAMPLERS.keys() <= {c.__name__ for c in sampler_classes()}


@pytest.mark.parametrize("name", all_models())
def test_models_build_at_any_size(name):
    for n in (3, 4, 12):
        assert all_models()[name](n).n == n


@pytest.mark.parametrize("name", all_samplers())
def test_samplers_declare_themselves(name):
    sampler = all_samplers()[name]
    assert isinstance(sampler, Sampler)
    assert sampler.invariant in ("boltzmann", "joint", "nothing")
    assert sampler.needs and ladder(sampler) in LADDERS


def test_single_spin_kernels_come_in_both_orders():
    assert {(type(s).__name__, s.order) for s in single_spin().values()} >= {
        (name, order) for name in ("Metropolis", "HeatBath") for order in ("sequential", "random")
    }


def test_a_new_model_needs_no_table_and_an_impossible_one_says_so():
    assert tiny_models(Ferromagnet)["Ferromagnet"](5).n == 5
    with pytest.raises(LookupError, match=r"no tiny Hungry.*couplings are missing.*add a line to MODELS"):
        tiny_models(Hungry)["Hungry"](5)


def test_a_sampler_that_cannot_be_built_says_so():
    @dataclass(frozen=True)
    class Needy:
        wish: str
        invariant: ClassVar[str] = "nothing"

    with pytest.raises(LookupError, match=r"no tiny Needy.*add a line to SAMPLERS"):
        tiny_samplers(Needy)
