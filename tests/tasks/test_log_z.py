"""ln Z from runs against enumeration of the same samples, by every method; correlated chains; what it refuses."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pytest

from statmech import SK, Enumeration, HeatBath, Hopfield, MonteCarlo, PSpin, Results, Sweep, Tempering, log_z, simulate
from statmech.stats.free_energy import METHODS, from_energies
from statmech.tasks.importance import AnnealedImportance
from statmech.tasks.population import PopulationAnnealing

LADDER = (0.4, 0.55, 0.8, 1.2, 2.0, 4.0, np.inf)
MODELS = {"hopfield": Hopfield(n=12, alpha=0.25), "sk": SK(16), "p3": PSpin(9, p=3)}


@cache
def exact(name, samples=2):
    task = Enumeration(MODELS[name], T=LADDER[:-1], disorder=tuple(range(samples)))
    state = task.start()
    return task.results(task.advance(state, task.progress(state)[1]))["lnZ"].data.T


@cache
def run(name, sweeps=2048, samples=2):
    return simulate(MODELS[name], LADDER, Tempering(HeatBath()), sweeps, samples=samples, energies=True, device="cpu")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", MODELS)
def test_runs_against_enumeration(name, method):
    found = log_z(run(name), method)
    z = (found.ln_z[:, :-1] - exact(name)) / found.error[:, :-1]
    assert found.anchored and found.converged.all(), found.warnings
    assert np.abs(z).max() < 3.5 and (found.error[:, 0] < 0.12).all()
    assert np.abs((found.ln_z[:, :-1] - exact(name)[::-1]) / found.error[:, :-1]).max() > 5, "mutant: the other sample"


def test_from_a_file_and_a_sweep_point(tmp_path):
    task = MonteCarlo(SK(12), Tempering(HeatBath()), T=LADDER, sweeps=256, energies=True, device="cpu")
    result = Sweep("s", task, {"model.h": [0.0, 0.4]}, samples=2).run(tmp_path / "s", executor="serial", quiet=True)
    with pytest.raises(ValueError, match=r"results.at\(h="):
        log_z(result)
    one = simulate(SK(12, h=0.4), LADDER, Tempering(HeatBath()), 256, samples=2, energies=True, device="cpu")
    np.testing.assert_array_equal(log_z(result.at(h=0.4)).ln_z, log_z(one).ln_z)
    assert "ln Z by mbar, 2 samples" in str(log_z(one))


def test_the_verdict_of_the_run_counts():
    good = run("sk")
    status = np.array(good["status"])
    status[1, 0] = 4
    from statmech.core import Variable

    bad = Results({**good.variables, "status": Variable(good.dims("status"), status)}, good.attrs)
    assert log_z(good).converged.tolist() == [True, True]
    assert log_z(bad).converged.tolist() == [False, True] and "T = 0.55" in log_z(bad).warnings[0][-1]


@pytest.mark.parametrize("reverse", [None, "tempering"])
def test_weights_of_annealed_runs(reverse):
    task = AnnealedImportance(SK(16), HeatBath(), T=LADDER[:-1], replicas=400, steps=8, disorder=(0, 1), device="cpu",
                              reverse=reverse, prepare=200 if reverse else 0)  # fmt: skip
    found = log_z(_finished(task), "ais", resamples=100)
    z = (found.ln_z - exact("sk")) / found.error
    assert np.abs(z).max() < 3.5 and found.converged.all(), found.warnings
    assert np.abs((found.ln_z - exact("sk")[::-1]) / found.error).max() > 5, "mutant: the other sample"
    hasty = log_z(_finished(dataclasses.replace(task, steps=1, replicas=24, T=(0.1, 0.2))), "ais", resamples=20)
    assert not hasty.converged.any() and any("T = 0.1" in text for text in hasty.warnings[0])


def test_population_annealing():
    task = PopulationAnnealing(SK(16), HeatBath(), T=LADDER[:-1], replicas=2000, disorder=(0, 1), device="cpu")
    found = log_z(_finished(task), "population")
    assert np.abs((found.ln_z - exact("sk")) / found.error).max() < 3.5 and found.converged.all()
    few = log_z(_finished(dataclasses.replace(task, replicas=64)), "population")
    assert not few.converged.any() and "verdict" in few.warnings[0][0]


def _finished(task):
    state = task.start()
    while task.progress(state)[0] < task.progress(state)[1]:
        state = task.advance(state, 1000)
    return Results(task.results(state))


@pytest.mark.parametrize(("call", "message"), [
    (lambda: log_z(run("sk"), "wham"), "'wham'.*mbar, bennett, integration, ais, population"),
    (lambda: log_z(run("sk"), start="planted"), "'planted'.*random"),
    (lambda: log_z(run("sk"), "ais"), "work/forward.*AnnealedImportance"),
    (lambda: log_z(run("sk"), "population"), "rho_t.*PopulationAnnealing"),
    (lambda: log_z(simulate(SK(8), [1.0, 2.0], sweeps=32)), "energies=True"),
    (lambda: log_z(simulate(Hopfield(n=8, alpha=0.25), [1.0, 2.0], sweeps=32, starts=("random", "pattern"),
                            energies=True)), "random, pattern; choose one"),
])  # fmt: skip
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_coverage_of_correlated_chains(method):
    """200 times four chains by tempering on SK, N = 16: the 68 % interval holds the truth in 60 to 76 %."""
    task = MonteCarlo(
        SK(16), Tempering(HeatBath()), T=LADDER, replicas=800, sweeps=1024, energies=True, device="cpu", seed=4
    )  # fmt: skip
    E = _energies(task)
    truth, z = _truth(task), []
    for k in range(200):
        found = from_energies(LADDER, E[:, 4 * k : 4 * k + 4], method, ln_z_hot=16 * np.log(2), resamples=200, seed=k)
        z.append((found.ln_z[0, :-1] - truth) / found.error[0, :-1])
    inside = (np.abs(z) < 1).mean(0)
    print(f"{method}: {inside.round(3)}, mean z {np.mean(z, 0).round(2)}")
    assert 0.60 <= inside[0] <= 0.76 and inside.min() >= 0.58 and inside.max() <= 0.78


@cache
def _energies(task):
    return task.advance(task.start(), task.sweeps)["random/energies"][0]


def _truth(task):
    again = Enumeration(task.model, T=LADDER[:-1], disorder=task.disorder, seed=task.seed)
    return again.results(again.advance(again.start(), again.progress(again.start())[1]))["lnZ"].data[:, 0]
