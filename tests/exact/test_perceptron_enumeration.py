"""Ising perceptrons against exact enumeration: every potential, labels of a noisy teacher and random ones."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chi2, norm

from statmech import Data, HeatBath, Ising, Metropolis, MonteCarlo, Perceptron, Potential, Tempering
from statmech.stats.autocorrelation import mean_error
from statmech.tasks import series

REFERENCE = Path(__file__).parents[2] / "data" / "reference" / "tiny_perceptron.csv"
LADDER = (1.0, 1.6, 3.0)
REPLICAS, SWEEPS, EVERY = 112, 1024, 2
POWER = 3 + norm.isf(0.01)  # a shift of so many standard errors fails "|z| <= 3" with probability 0.99
SAMPLERS = {"Metropolis": Metropolis(), "HeatBath": HeatBath(), "Tempering": Tempering()}
POTENTIALS = {
    "error": {}, "margin": {"kappa": 0.4}, "hinge": {"potential": "hinge", "kappa": 0.5},
    "quadratic": {"potential": "quadratic", "kappa": 1.0}, "logistic": {"potential": "logistic"},
    "table": {"potential": Potential(lambda u: np.abs(u - 1) ** 1.5)},
}  # fmt: skip
LABELS = {"teacher": {"n": 11, "r": 0.2}, "random": {"n": 10, "labels": "random"}}  # n even: fields of zero occur
MODELS = {
    f"{potential}, {labels}, {inputs}": Perceptron(alpha=1.2, inputs=inputs, **POTENTIALS[potential], **LABELS[labels])
    for inputs in ("binary", "gaussian")
    for potential in POTENTIALS
    for labels in LABELS
}
MODELS |= {
    f"probit, teacher, {inputs}": Perceptron(n=11, alpha=1.2, inputs=inputs, potential="probit", before=0.5)
    for inputs in ("binary", "gaussian")
}
CASES = [  # every sampler on binary inputs, one after the other on Gaussian ones: they share the kernel
    (name, sampler)
    for k, name in enumerate(MODELS)
    for j, sampler in enumerate(SAMPLERS)
    if "binary" in name or j == k % 3
]


@cache
def tiny() -> Perceptron:
    mu, i = np.arange(9)[:, None], np.arange(11)
    x, B = np.cos(1 + 2 * mu**2 + 3 * i + mu * i), np.sign(np.sin(2 + 3 * i))
    t = np.sign(x @ B)
    assert ((mu + 1) * (i + 1) * t[:, None] * x).sum() == pytest.approx(-16.041186237334, abs=1e-10), "checksum"
    x = 100 * x  # the error has no scale, and multiples of 1/256 are close to these
    return Perceptron(alpha=9 / 11, inputs=Data(x, test_inputs=x, test_labels=t, standardise=False), teacher=B)


def test_reference_values_by_enumeration():
    rows = csv.DictReader(line for line in REFERENCE.read_text().splitlines() if not line.startswith("#"))
    reference = {(float(row["T"]), row["quantity"]): float(row["value"]) for row in rows}
    w, disorder = Ising().enumerate(11)[None, None], tiny().disorder([0])
    E, R = tiny().energy(disorder, w)[0, 0], tiny().observe(disorder, w)["R"][0, 0]
    for T in (0.3, 1.0):
        weight = np.exp(-E / T)
        mean = lambda x: (weight * x).sum() / weight.sum()  # noqa: B023, E731
        for quantity, value in {"ln Z": np.log(weight.sum()), "<E>": mean(E), "<R>": mean(R)}.items():
            assert value == pytest.approx(reference[T, quantity], rel=1e-13), (T, quantity)
            assert value != pytest.approx(reference[T, quantity] * 1.0001, rel=1e-5)
    assert len(reference) == 6


def exact(model, seed=0):
    """<E>, <eps_t> and, with a teacher, <R>, each (T,), by the sum over all configurations."""
    disorder = model.disorder(model.disorder_keys((0,), seed))
    w = Ising().enumerate(model.n)[None, None]
    E, out = model.energy(disorder, w)[0, 0], model.observe(disorder, w)
    values = np.stack([E, out["eps_t"][0, 0], out["R"][0, 0]] if "R" in out else [E, out["eps_t"][0, 0]])
    weight = np.exp(-(E - E.min()) / np.array(LADDER)[:, None])
    return (values @ weight.T) / weight.sum(1)


def deviations(model, sampler, factor=1.0, sweeps=SWEEPS):
    """z = (simulation - exact) / standard error of <E>, <eps_t> and, with a teacher, <R>; relative errors of <E>."""
    T = tuple(factor * t for t in LADDER)
    task = MonteCarlo(model, sampler, T, replicas=REPLICAS, sweeps=sweeps, measure_every=EVERY, device="cpu")
    state = task.advance(task.start(), sweeps)
    bins, _ = series.window(state["random/chain"][:, 0], sweeps // EVERY)
    names = task._meter.chain_observables
    picked = [model.n * bins[names.index("e")], bins[names.index("eps_t")]]
    value, error = mean_error(np.stack([*picked, bins[names.index("R")]] if "R" in names else picked))
    right = exact(model)
    return (value - right) / error, error[0] / np.abs(right[0])


@cache
def result(name, sampler):
    step = 1 if MODELS[name].potential == "error" else 2  # smooth energies fluctuate less
    return deviations(MODELS[name], SAMPLERS[sampler], sweeps=SWEEPS // step)


@pytest.mark.parametrize(("name", "sampler"), CASES)
def test_thermal_means_within_three_standard_errors(name, sampler):
    z, relative = result(name, sampler)
    assert (relative <= 0.005).all(), relative
    assert (np.abs(z) <= 3).all(), f"(<E>, <eps_t>, <R>) x T = {LADDER}: z =\n{z.round(2)}"


def test_deviations_of_the_suite_are_those_of_chance():
    """The mean of z^2 over all runs lies in its 99 % band, the largest below its Bonferroni bound (one observable)."""
    z = np.concatenate([result(*case)[0][0] for case in CASES])
    low, high = chi2.ppf([0.005, 0.995], z.size) / z.size
    assert low < (z**2).mean() < high
    assert np.abs(z).max() < norm.isf(0.5e-3 / z.size)


WRONG = [("error, teacher, binary", sampler) for sampler in SAMPLERS]
WRONG += [(name, "Metropolis") for name in MODELS if "teacher, binary" in name and not name.startswith("error")]


@pytest.mark.parametrize(("name", "sampler"), WRONG)
def test_a_temperature_wrong_by_five_percent_fails_with_power(name, sampler):
    z, _ = deviations(MODELS[name], SAMPLERS[sampler], 1.05, sweeps=SWEEPS // 2)
    print(f"{name}, {sampler}: |z| = {np.abs(z).max(0).round(1)} at T = {LADDER}")
    assert (np.abs(z).max(0) > POWER).any()
