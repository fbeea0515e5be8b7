"""Every sampler with an invariant law against exact enumeration of tiny models: Hopfield (N = 12, P = 3), SK (N = 10)
and p = 3 (N = 9)."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from contract.discovery import all_samplers
from exact.mutants import ByPlace, PerSpin, SignFlipped, WrongWalker
from exact.tiny import Tiny, references
from scipy.stats import chi2

from statmech import HeatBath, Hopfield, Ising, Metropolis, MonteCarlo, StoredPatterns
from statmech.stats.autocorrelation import mean_error
from statmech.tasks import series

REFERENCE = Path(__file__).parents[2] / "data" / "reference" / "tiny.csv"
LADDER = (0.3, 0.5, 0.8, 1.5)
REPLICAS, SWEEPS = 256, 1024
SAMPLES = REPLICAS * SWEEPS // 2  # per temperature
INSTANCES = ("hopfield", "sk", "p3")
SAMPLERS = all_samplers("boltzmann", "joint")
POWER = 3 + 2.33  # a shift of so many standard errors fails "|z| <= 3" with probability 0.99


@cache
def reference() -> dict[tuple[float, str], float]:
    rows = csv.DictReader(line for line in REFERENCE.read_text().splitlines() if not line.startswith("#"))
    return {(float(r["T"]), r["quantity"]): float(r["value"]) for r in rows}


@cache
def model() -> Hopfield:
    mu, i = np.arange(3)[:, None], np.arange(12)
    xi = np.sign(np.sin(1 + 5 * mu + 3 * i + mu * i)).astype(int)
    assert (xi * (mu + 1) * (i + 1)).sum() == -100, "checksum of the patterns"
    return Hopfield(alpha=3 / 12, patterns=StoredPatterns(xi, shuffle=False))


def test_reference_values_by_enumeration():
    s, disorder = Ising().enumerate(12)[None, None], model().disorder([0])
    E, overlaps = model().energy(disorder, s)[0, 0], model().observe(disorder, s)
    for T in LADDER:
        weight = np.exp(-(E - E.min()) / T)
        mean = lambda x: (weight * x).sum() / weight.sum()  # noqa: B023, E731
        exact = {
            "ln Z": np.log(weight.sum()) - E.min() / T, "<E>": mean(E), "<E^2>": mean(E**2),
            "<|m_0|>": mean(overlaps["m_abs"][0, 0]), "<max|m_mu|>": mean(overlaps["m_max"][0, 0]),
        }  # fmt: skip
        for quantity, value in exact.items():
            assert value == pytest.approx(reference()[T, quantity], rel=1e-13), (T, quantity)
    assert len(reference()) == 5 * len(LADDER)


def instance(name, sampler):
    """Model, ladder, quantities (their names in the reference and in the chain, with the factor between) and values."""
    if name == "hopfield":
        quantities = (("<E>", "e", 12), ("<|m_0|>", "m_abs", 1), ("<max|m_mu|>", "m_max", 1))
        return model(), LADDER, quantities, reference()
    tiny = Tiny({"sk": 2, "p3": 3}[name])
    quantities = (("<E>", "e", tiny.n), ("<E^2>", "e2", tiny.n**2))
    # at p = 3 and T = 0.5 a chain that does not exchange temperatures needs 4096 sweeps to forget its start
    cold = 0.5 if tiny.p == 2 or sampler.couples_rungs else 0.75
    return tiny, (cold, 1.0, 2.0), quantities, references(tiny.p, tiny.n)


def deviations(sampler, sweeps=SWEEPS, factor=1.0, seed=20, name="hopfield"):
    """z = (simulation - exact) / standard error of the quantities of an instance, (X, T), and relative errors."""
    what, ladder, quantities, known = instance(name, sampler)
    T = tuple(factor * t for t in ladder)
    task = MonteCarlo(what, sampler, T=T, replicas=REPLICAS, sweeps=sweeps, seed=seed, device="cpu")
    state = task.advance(task.start(), sweeps)
    bins, _ = series.window(state["random/chain"][:, 0], sweeps)
    names = task._meter.chain_observables
    picked = np.stack([scale * bins[names.index(observable)] for _, observable, scale in quantities])
    value, error = mean_error(picked)
    exact = np.array([[known[t, q] for t in ladder] for q, _, _ in quantities])
    return (value - exact) / error, error / np.abs(exact)


@cache
def result(name, instance):
    return deviations(SAMPLERS[name], name=instance)


@pytest.mark.parametrize("instance", INSTANCES)
@pytest.mark.parametrize("name", SAMPLERS)
def test_thermal_means_within_three_standard_errors(name, instance):
    assert SAMPLES >= 1e5
    z, relative = result(name, instance)
    energy_only = instance != "hopfield"  # <E^2> of so few sweeps is known to 1 %
    assert (relative[:1] if energy_only else relative).max() <= 0.005, "standard error <= 0.5 %"
    assert (np.abs(z) <= 3).all(), f"quantities x T of {instance}: z =\n{z.round(2)}"


@pytest.mark.parametrize("instance", INSTANCES)
def test_deviations_of_the_suite_are_those_of_chance(instance):
    """The mean of z^2 over all samplers and temperatures lies in its 99 % band (one observable: <E>)."""
    z = np.concatenate([result(name, instance)[0][0] for name in SAMPLERS])
    low, high = chi2.ppf([0.005, 0.995], z.size) / z.size
    assert low < (z**2).mean() < high


MUTANTS = {
    "T wrong by 5 %": (Metropolis(), 1.05),
    "T wrong by 5 %, heat bath": (HeatBath("random"), 1.05),
    "dE * 0.9": (Metropolis(), 1 / 0.9),
    "swap sign flipped": (SignFlipped(Metropolis()), 1.0),
    "swap with energy per spin": (PerSpin(Metropolis(), spins=12), 1.0),
    "swap with the energy of another walker": (WrongWalker(Metropolis()), 1.0),
    "swap with energies by place": (ByPlace(Metropolis()), 1.0),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_mutants_fail_with_power(name):
    sampler, factor = MUTANTS[name]
    z, _ = deviations(sampler, SWEEPS // 4, factor)  # a quarter of the sample is already too much
    print(f"{name}: |z| up to {np.abs(z).max():.0f}; per T {np.abs(z).max(0).round(1)}")
    assert (np.abs(z).max(0) > POWER).sum() >= 2


@pytest.mark.parametrize("instance", ["sk", "p3"])
@pytest.mark.parametrize("name", ["T wrong by 5 %", "swap sign flipped"])
def test_mutants_fail_on_the_other_instances_too(name, instance):
    sampler, factor = MUTANTS[name]
    z, _ = deviations(sampler, SWEEPS // 4, factor, name=instance)
    assert (np.abs(z).max(0) > POWER).sum() >= 2
