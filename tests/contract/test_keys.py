"""Keys and identities: what decides the numbers is in them, and nothing else."""

from __future__ import annotations

import dataclasses
import importlib
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from contract.discovery import all_models, all_samplers

from statmech import (
    Annealing,
    Hopfield,
    Metropolis,
    MonteCarlo,
    Pairs,
    Quench,
    RandomPatterns,
    StoredPatterns,
    Tempering,
)
from statmech.random import canonical
from statmech.spec import identity

MODELS = all_models()


def dynamics(model, sampler=Metropolis(), T=(0.5, 1.0), start="random", **kwargs):  # noqa: B008
    return MonteCarlo(model, sampler, T=T, **kwargs)._keys(start)[0].ravel().tolist()


def names(task):
    return canonical(task.identity())


@pytest.mark.parametrize("name", MODELS)
def test_a_new_field_at_its_default_orphans_nothing(name):
    model = MODELS[name](12)
    new = dataclasses.make_dataclass(
        type(model).__name__, [("knob", float, dataclasses.field(default=0.5))],
        bases=(type(model),), frozen=True, eq=False, kw_only=True,
    )  # fmt: skip
    values = {f.name: getattr(model, f.name) for f in dataclasses.fields(model)}
    same, other = new(**values), new(**values, knob=0.7)
    assert same.disorder_keys((0, 7), 3) == model.disorder_keys((0, 7), 3)
    assert dynamics(same) == dynamics(model)
    assert names(MonteCarlo(same)) == names(MonteCarlo(model))
    assert dynamics(other) != dynamics(model), "witness: a field that is not at its default counts"
    assert names(MonteCarlo(other)) != names(MonteCarlo(model))


@pytest.mark.parametrize("name", MODELS)
def test_fields_outside_the_ensemble_share_the_disorder(name):
    model = MODELS[name](12)
    for f in dataclasses.fields(model):
        if isinstance(getattr(model, f.name), float):
            other = dataclasses.replace(model, **{f.name: 0.5 * getattr(model, f.name)})
            if f.name not in model.ensemble and getattr(model, f.name):
                assert other.disorder_keys((0, 1), 3) == model.disorder_keys((0, 1), 3), f.name
                assert dynamics(other) != dynamics(model), f"witness: {f.name} changes the dynamics"


@pytest.mark.parametrize("name", MODELS)
def test_samples_and_seeds_have_their_own_keys(name):
    model = MODELS[name](12)
    keys = [k for seed in (0, 1, 2**40) for k in model.disorder_keys(tuple(range(5)), seed)]
    assert len(set(keys)) == 15
    assert not set(keys) & set(model.disorder_keys((5, 6), 0))


def test_fields_of_the_ensemble_have_their_own_disorder():
    base = Hopfield(n=40, alpha=0.1)
    for other in (Hopfield(n=41, alpha=0.1), Hopfield(n=40, alpha=0.1, patterns=RandomPatterns(bias=0.2))):
        assert other.disorder_keys((0,), 0) != base.disorder_keys((0,), 0)
    shared = Hopfield(n=40, alpha=0.2, rule="pseudoinverse", form="pair")
    assert shared.disorder_keys((0,), 0) == base.disorder_keys((0,), 0)


def test_neutral_fields_enter_neither_keys_nor_identity():
    pair, pattern = (Hopfield(n=40, alpha=0.1, form=form) for form in ("pair", "pattern"))
    assert dynamics(pair) == dynamics(pattern)
    assert names(MonteCarlo(pair)) == names(MonteCarlo(pattern))
    assert dynamics(pair) != dynamics(Hopfield(n=40, alpha=0.1, rule="pseudoinverse"))


@pytest.mark.parametrize("alpha", [0.1, 0.2, 1.0])
def test_equal_numbers_give_equal_keys_whatever_their_type(alpha):
    exact = Hopfield(n=40, alpha=alpha)
    for twin in (np.float64(alpha), alpha * (1 + 1e-15), int(alpha) if alpha == 1 else alpha):
        other = Hopfield(n=np.int64(40), alpha=twin)
        assert dynamics(other) == dynamics(exact) and names(MonteCarlo(other)) == names(MonteCarlo(exact))
    assert dynamics(Hopfield(n=40, alpha=alpha * (1 + 1e-9))) != dynamics(exact)


def test_dynamics_keys_change_with_sampler_start_and_temperature():
    model = Hopfield(n=12, alpha=0.25)
    anywhere = [s for s in all_samplers().values() if not s.couples_rungs and not isinstance(s, Quench)]
    variants = [dynamics(model, s) for s in anywhere]
    assert dynamics(model, Quench(), T=(0.0,)) != dynamics(model, T=(0.0,))
    flat = [tuple(v) for v in variants]
    assert len(set(flat)) == len(flat)
    assert dynamics(model, start="pattern", starts=("pattern",)) != dynamics(model)
    (cold, warm), (same, hot) = dynamics(model, T=(0.5, 1.0)), dynamics(model, T=(0.5, 2.0))
    assert same == cold and hot != warm
    assert dynamics(model, Tempering(), T=(0.5, 2.0)) != dynamics(model, Tempering())
    assert dynamics(model, Metropolis("sequential")) == dynamics(model, Metropolis())


def test_length_and_device_are_no_part_of_the_identity():
    model = Hopfield(n=12, alpha=0.25)
    a = MonteCarlo(model, sweeps=64, device="cpu")
    assert names(a) == names(dataclasses.replace(a, sweeps=128, device="auto"))
    for change in ({"seed": 1}, {"T": (0.4,)}, {"replicas": 6}, {"disorder": (1,)}, {"measure_every": 2}):
        assert names(a) != names(dataclasses.replace(a, **change)), change


@pytest.mark.parametrize("patterns", [
    RandomPatterns(), RandomPatterns(bias=0.4), RandomPatterns(correlation=0.3),
    StoredPatterns(np.sign(np.random.default_rng(0).normal(size=(12, 40)))),
    StoredPatterns(np.sign(np.random.default_rng(0).normal(size=(12, 40))), shuffle=False),
])  # fmt: skip
def test_loads_are_nested(patterns):
    small, large = (Hopfield(n=40, alpha=a, patterns=patterns) for a in (0.1, 0.2))
    few, many = (m.disorder(m.disorder_keys((0, 1), 9))["xi"] for m in (small, large))
    assert few.shape == (2, 4, 40) and many.shape == (2, 8, 40)
    np.testing.assert_array_equal(many[:, :4], few)
    assert not np.array_equal(many[:, 4:], few), "witness: the other patterns are others"


def test_models_of_arrays_are_told_apart_by_their_arrays():
    J = np.array([[0, 1], [1, 0]])
    assert dynamics(Pairs(J)) == dynamics(Pairs(J.copy()))
    assert dynamics(Pairs(J)) != dynamics(Pairs(2 * J)) != dynamics(Pairs(J, h=np.array([1, 0])))


def test_identity_of_nested_samplers_omits_defaults():
    assert identity(Tempering()) == {"class": "Tempering"}
    assert identity(Tempering(Metropolis("random"))) == {
        "class": "Tempering", "inner": {"class": "Metropolis", "order": "random"},
    }  # fmt: skip


@dataclass(frozen=True)
class Twin(Hopfield):
    """Same physics, another name: its own random numbers."""

    starts: ClassVar = ("random",)


def test_the_name_of_the_model_is_in_every_key():
    assert Twin(n=12, alpha=0.25).disorder_keys((0,), 0) != Hopfield(n=12, alpha=0.25).disorder_keys((0,), 0)


def test_an_edited_model_or_observable_is_another_task_with_the_same_random_numbers(tmp_path, monkeypatch):
    text = """
from dataclasses import dataclass
import numpy as np
import statmech
@dataclass(frozen=True)
class Mine(statmech.Model):
    n: int = 12
    space = statmech.Ising()
    def disorder(self, keys): return {"none": np.zeros((len(keys), 1))}
    def energy(self, disorder, s): return -0.5 * s.sum(-1, dtype=float) ** 2 / self.n
def total(model, disorder, s): return s.sum(-1)
"""
    monkeypatch.syspath_prepend(tmp_path)
    tasks = {}
    for name, content in {"one": text, "two": text, "model": text.replace("-0.5", "-1.5"),
                          "observable": text.replace("s.sum(-1)\n", "s[..., 0]\n")}.items():  # fmt: skip
        (tmp_path / f"mine_{name}.py").write_text(content)
        module = importlib.import_module(f"mine_{name}")
        tasks[name] = MonteCarlo(module.Mine(), observables={"total": module.total}, sweeps=64)
    same = canonical(tasks["one"].identity())
    assert canonical(tasks["two"].identity()) == same
    for name in ("model", "observable"):
        assert canonical(tasks[name].identity()) != same
        for a, b in zip(tasks[name]._keys("random"), tasks["one"]._keys("random"), strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_whole_number_and_its_float_are_one_key():
    whole, real = Annealing(T_start=3, sweeps=16), Annealing(T_start=3.0, sweeps=16)
    assert dynamics(Hopfield(n=12, alpha=0.25), whole) == dynamics(Hopfield(n=12, alpha=0.25), real)
    assert dynamics(Hopfield(n=12, alpha=0.25), Annealing(T_start=4, sweeps=16)) != dynamics(
        Hopfield(n=12, alpha=0.25), real
    )
    assert identity(RandomPatterns(bias=0)) == identity(RandomPatterns())
