"""Finds every concrete model and sampler of the package and builds tiny instances of them.

A new class is tested without touching the tests when it can be built as `cls(n=n)` or as `cls()`; a class with
other needs gets a line in MODELS or SAMPLERS.
"""

from __future__ import annotations

import copy
import dataclasses
import importlib
import inspect
import pkgutil
import typing
from collections.abc import Callable, Iterator
from functools import cache

import numpy as np

import statmech.models
import statmech.samplers
from statmech import (
    REM,
    SK,
    Annealing,
    HeatBath,
    Hopfield,
    Metropolis,
    MinimallyFrustrated,
    Model,
    Pairs,
    Perceptron,
    Planted,
    PSpin,
    RandomPatterns,
    Tempering,
)
from statmech.potentials import Potential
from statmech.problems import CustomProblem
from statmech.samplers.billiards import Billiards
from statmech.samplers.great_circles import GreatCircles
from statmech.samplers.hamiltonian import HamiltonianMonteCarlo, Langevin
from statmech.samplers.rotations import Rotations
from statmech.samplers.single import SingleSpin


def integers(n: int, size: int = 1) -> Pairs:
    """Integer couplings and fields |J| <= size, with a constant."""
    rng = np.random.default_rng(n)
    J = np.triu(rng.integers(-size, size + 1, (n, n)), 1)
    return Pairs(J + J.T, rng.integers(-size, size + 1, n), constant=0.25)


def reals(n: int) -> Pairs:
    """Gaussian couplings of variance 1/n and fields, in floating point."""
    rng = np.random.default_rng(n)
    J = np.triu(rng.normal(0, n**-0.5, (n, n)), 1)
    return Pairs(J + J.T, rng.normal(0, 0.3, n))


MODELS: dict[str, dict[str, Callable[[int], Model]]] = {
    "Hopfield": {
        "pair": lambda n: Hopfield(n=n, alpha=3 / n, form="pair"),
        "pattern": lambda n: Hopfield(n=n, alpha=3 / n, form="pattern"),
        "pseudoinverse": lambda n: Hopfield(n=n, alpha=2 / n, rule="pseudoinverse"),
        "biased": lambda n: Hopfield(n=n, alpha=4 / n, patterns=RandomPatterns(bias=0.4)),
    },
    "Perceptron": {
        "error": lambda n: Perceptron(n=n, alpha=7 / n, teacher="spherical", r=0.2),
        "margin": lambda n: Perceptron(n=n, alpha=5 / n, labels="random", kappa=0.3, inputs="gaussian"),
        "hinge": lambda n: Perceptron(n=n, alpha=6 / n, labels="random", potential="hinge", kappa=1.0),
        "logistic": lambda n: Perceptron(n=n, alpha=6 / n, inputs="gaussian", potential="logistic"),
        "quadratic": lambda n: Perceptron(n=n, alpha=6 / n, teacher="spherical", potential="quadratic", kappa=1.0),
        "probit": lambda n: Perceptron(n=n, alpha=6 / n, before=0.5, potential="probit"),
        "table": lambda n: Perceptron(n=n, alpha=6 / n, labels="random", potential=Potential(np.abs)),
    },
    "REM": {"levels": lambda n: REM(n=min(n, 30))},  # no more levels than words resolve
    "MinimallyFrustrated": {
        "levels": lambda n: MinimallyFrustrated(n=min(n, 30), gap=0.9),
        "tensor": lambda n: MinimallyFrustrated(n=n, gap=0.9, p=3),
    },
    "SK": {
        "gaussian": lambda n: SK(n),
        "binary": lambda n: SK(n, couplings="binary", J0=0.5),
        "fields": lambda n: SK(n, h=0.3, h_random=0.5, J0=1.0),
    },
    "PSpin": {
        "p2": lambda n: PSpin(n, p=2),
        "p3": lambda n: PSpin(n, p=3),
        "2+3": lambda n: PSpin(n, p={2: 1.0, 3: 0.5}, couplings="binary"),
        "diluted": lambda n: PSpin(n, p={2: 1.0, 3: 1.0}, connectivity=min(2.0, n / 3)),
        "spherical": lambda n: PSpin(n, p=3, spins="spherical"),
    },
    "Planted": {
        "p2": lambda n: Planted(n, p=2),
        "p3": lambda n: Planted(n, p=3, signal=0.5),
        "spherical": lambda n: Planted(n, p=3, spins="spherical"),
    },
    "Pairs": {"int16": integers, "int32": lambda n: integers(n, 20_000), "float": reals},
}
SAMPLERS: dict[str, dict[str, Callable]] = {
    "Tempering": {
        "metropolis": lambda: Tempering(Metropolis()),
        "heatbath": lambda: Tempering(HeatBath("random"), every=3),
        "circles": lambda: Tempering(GreatCircles(), every=2),
        "rotations": lambda: Tempering(Rotations(tuning=3)),
        "billiards": lambda: Tempering(Billiards(time=0.3)),
        "langevin": lambda: Tempering(Langevin(tuning=3)),
    },
    "Annealing": {
        "linear": lambda: Annealing(Metropolis(), T_start=4.0, sweeps=4),
        "geometric": lambda: Annealing(HeatBath(), T_start=4.0, sweeps=3, schedule="geometric"),
        "list": lambda: Annealing(Metropolis("random"), T_start=4.0, sweeps=4, schedule=(1.0, 0.5, 0.1)),
        "circles": lambda: Annealing(GreatCircles(), T_start=4.0, sweeps=4),
        "rotations": lambda: Annealing(Rotations(tuning=1), T_start=4.0, sweeps=3),
    },
    "Rotations": {"tuned": lambda: Rotations(tuning=4)},
    "HamiltonianMonteCarlo": {"tuned": lambda: HamiltonianMonteCarlo(steps=2, tuning=4)},
    "Langevin": {"tuned": lambda: Langevin(tuning=4)},
}
LADDERS = ((0.0, 0.3, 1.0, np.inf), (0.3, 0.6, 1.0, 1.7), (0.0,))  # the first that a sampler takes is its ladder


def _classes(package) -> Iterator[type]:
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        for cls in vars(importlib.import_module(info.name)).values():
            if inspect.isclass(cls) and cls.__module__ == info.name:
                yield cls


def _complete(cls: type) -> bool:
    """Does every declared class variable have a value?  (A base class leaves some of them open.)"""
    declared = {name for c in cls.__mro__ for name, t in inspect.get_annotations(c).items() if "ClassVar" in str(t)}
    return all(hasattr(cls, name) for name in declared)


@cache
def model_classes() -> tuple[type[Model], ...]:
    """All concrete models of the package."""
    return tuple(c for c in _classes(statmech.models) if issubclass(c, Model) and not inspect.isabstract(c))


@cache
def sampler_classes() -> tuple[type, ...]:
    """All concrete samplers of the package: dataclasses that declare what they leave invariant."""
    found = (c for c in _classes(statmech.samplers) if hasattr(c, "invariant") and dataclasses.is_dataclass(c))
    return tuple(c for c in found if _complete(c) and not getattr(c, "_is_protocol", False))


def tiny_models(cls: type[Model]) -> dict[str, Callable[[int], Model]]:
    """Variant name -> builder(n) of instances with about n spins."""
    if cls.__name__ in MODELS:
        return {f"{cls.__name__}-{variant}": build for variant, build in MODELS[cls.__name__].items()}
    return {cls.__name__: lambda n: _build(cls, {"n": n})}


def tiny_samplers(cls: type) -> dict[str, typing.Any]:
    """Variant name -> instance; both site orders where there is a choice."""
    if cls.__name__ in SAMPLERS:
        return {f"{cls.__name__}-{variant}": build() for variant, build in SAMPLERS[cls.__name__].items()}
    if any(f.name == "order" for f in dataclasses.fields(cls)):
        return {f"{cls.__name__}-{order}": _build(cls, {"order": order}) for order in ("sequential", "random")}
    return {cls.__name__: _build(cls, {})}


def _build(cls: type, arguments: dict):
    for kwargs in (arguments, {}):
        try:
            return cls(**kwargs)
        except (TypeError, ValueError) as error:
            last = error
    table = "MODELS" if issubclass(cls, Model) else "SAMPLERS"
    raise LookupError(
        f"no tiny {cls.__name__}: {cls.__name__}({', '.join(f'{k}={v!r}' for k, v in arguments.items())}) and "
        f"{cls.__name__}() both fail ({last}); give every field a default or add a line to {table} in {__name__}"
    )


def all_models() -> dict[str, Callable[[int], Model]]:
    """Every variant of every model of Ising spins."""
    found = (tiny_models(cls) for cls in model_classes())
    return {name: build for table in found for name, build in table.items() if build(5).space.name == "ising"}


def all_samplers(*invariants: str) -> dict[str, typing.Any]:
    """Every variant of every sampler of Ising spins, or of those that leave one of `invariants` unchanged."""
    return {k: v for k, v in _samplers(invariants).items() if v.needs <= {"spin flips"}}


def sphere_samplers(*invariants: str) -> dict[str, typing.Any]:
    """Every variant of every sampler of points on a sphere, or of those that leave one of `invariants` unchanged."""
    return {k: v for k, v in _samplers(invariants).items() if not v.needs <= {"spin flips"}}


def _samplers(invariants: tuple[str, ...]) -> dict[str, typing.Any]:
    table = {k: v for cls in sampler_classes() for k, v in tiny_samplers(cls).items()}
    return {k: v for k, v in table.items() if not invariants or v.invariant in invariants}


def single_spin() -> dict[str, SingleSpin]:
    """Single-spin kernels with an invariant law."""
    return {k: v for k, v in all_samplers("boltzmann").items() if isinstance(v, SingleSpin)}


def ladder(sampler) -> tuple[float, ...]:
    """The first of LADDERS that the sampler accepts."""
    reasons = []
    for T in LADDERS:
        try:
            sampler.begin((1, len(T), 1), np.array(T))
            return T
        except ValueError as error:
            reasons.append(str(error))
    raise LookupError(f"{sampler} takes none of LADDERS in {__name__}: {reasons}; add one that it takes")


def on_specification(model: Model) -> Model:
    """The same model, same name and keys, run by its energy alone (`Model.problem`)."""
    clone = copy.copy(model)
    cls = type(type(model).__name__, (type(model),), {"problem": Model.problem})
    object.__setattr__(clone, "__class__", cls)
    return clone


def unit(model: Model, disorder) -> float:
    """The scale of an energy difference: mean |dE| / 2 over flips of random configurations."""
    rng = np.random.default_rng(0)
    s = rng.choice(np.array([-1, 1], np.int8), (len(next(iter(disorder.values()))), 1, 8, model.n))
    energy = model.energy(disorder, s)
    steps = []
    for i in range(model.n):
        flipped = s.copy()
        flipped[..., i] *= -1
        steps.append(np.abs(model.energy(disorder, flipped) - energy).mean())
    return float(np.mean(steps)) / 2


def specification(model: Model, disorder) -> CustomProblem:
    """The problem of the default method."""
    problem = Model.problem(model, disorder)
    assert isinstance(problem, CustomProblem)
    return problem
