"""Annealed importance sampling: E[Z] = Z from below, backward runs from above, and the same bits in any pieces."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tasks.runs import enumerated, finish, results

from statmech import (
    SK,
    AnnealedImportance,
    GreatCircles,
    HamiltonianMonteCarlo,
    HeatBath,
    Hopfield,
    Metropolis,
    Perceptron,
    Planted,
    PSpin,
    Rotations,
    Sweep,
)
from statmech.names import STATUS
from statmech.stats.importance import sandwich as sandwich_of
from statmech.stats.jackknife import jackknife

T = (0.5, 0.8, 1.5)
MEAN = {"steps": 3, "sweeps_per_step": 1, "replicas": 8, "disorder": tuple(range(600)), "device": "cpu"}


class Late(AnnealedImportance):
    """Mutant: work after the sweeps."""

    def _down(self, w, state, k):
        self._sweep(w, state, np.full(len(self.disorder), self.betas[k]))
        state["now"] = state["now"] - (self.betas[k] - self.betas[k - 1]) * self._energy(w)
        if k % self.steps == 0:
            state["ln_w"][len(self.T) - k // self.steps] = state["now"]


@pytest.mark.parametrize("model", [SK(6), PSpin(6, 3), Hopfield(n=8, alpha=0.375)], ids=["sk", "pspin", "hopfield"])
def test_the_mean_of_Z_is_Z(model):
    """For eight runs of nine steps; and not if the work is that after the sweeps."""
    task = AnnealedImportance(model, Metropolis("random"), T=(0.8, 1.2, 2.0), **MEAN)
    lnZ = enumerated(task)["lnZ"]
    mean, error = jackknife(np.exp(results(task)["lnZ"] - lnZ), axis=1)
    assert np.abs((mean - 1) / error).max() < 3.5 and error.max() < 0.04
    mutant = Late(**{f.name: getattr(task, f.name) for f in dataclasses.fields(task)})
    mean, error = jackknife(np.exp(mutant.log_volume + finish(mutant)["ln_w"] - lnZ[..., None]).mean(-1), axis=1)
    assert np.abs((mean - 1) / error).max() > 6


def test_backward_runs_from_the_planted_state_on_the_nishimori_line():
    """E[1/w'] Z/Z(0) = 1 on the mean over samples, from s* itself; from random states not."""
    task = AnnealedImportance(Planted(6, p=2, signal=0.5), Metropolis("random"), T=(1.0,), reverse="planted", **MEAN)
    lnZ = enumerated(task)["lnZ"][0]
    for run, right in ((task, True), (dataclasses.replace(task, reverse="random"), False)):
        home = np.log(np.exp(finish(run)["ln_w_reverse"][-1]).mean(-1)) + lnZ - task.log_volume
        mean, error = jackknife(np.exp(home))
        assert (abs(mean - 1) < 3.5 * error) == right
        assert error < 0.08


@pytest.fixture(scope="module")
def sandwich():
    task = AnnealedImportance(SK(10), HeatBath(), T=T, steps=8, sweeps_per_step=2, replicas=160, reverse="tempering",
                              prepare=64, disorder=tuple(range(100)), device="cpu")  # fmt: skip
    return results(task), enumerated(task)


def test_both_directions_agree_with_enumeration(sandwich):
    """One standard error covers 60 to 76 %, and the bias is below it."""
    r, x = sandwich
    x["lnZ_reverse"] = x["lnZ"]
    for name in ("lnZ", "lnZ_reverse", "e", "s", "f"):
        z = (r[name] - x[name]) / r[f"{name}_stderr"]
        print(f"{name}: one standard error covers {(np.abs(z) < 1).mean():.3f}, mean z {z.mean(1).round(2)}")
        assert 0.60 <= (np.abs(z) < 1).mean() <= 0.76, name
        assert np.abs(z.mean(1)).max() < 0.35 and 0.75 < (z**2).mean() < 1.35, name
    wrong = np.abs(r["lnZ"] - x["lnZ"]) < 0.6 * r["lnZ_stderr"]
    assert wrong.mean() < 0.60


def test_twenty_samples_of_sixteen_spins_and_bennett_of_both_directions():
    """Bias below the quoted error, forward and combined (random order: a sweep is its own reverse); backward above."""
    task = AnnealedImportance(SK(16), HeatBath("random"), T=(0.4, 0.8, 2.0), steps=10, sweeps_per_step=2, replicas=200,
                              reverse="tempering", prepare=100, disorder=tuple(range(20)), device="cpu")  # fmt: skip
    r, x = results(task), enumerated(task)
    both = sandwich_of(r["work/forward"][0], r["work/reverse"], task.log_volume)
    found = {"forward": (r["lnZ"][0], r["lnZ_stderr"][0]), "both": (both.ln_z, both.error),
             "backward": (r["lnZ_reverse"][0], r["lnZ_reverse_stderr"][0])}  # fmt: skip
    for name, (value, error) in found.items():
        difference = value - x["lnZ"][0]
        print(f"ln Z, SK N = 16, T = 0.4, 20 samples, {name}: bias {difference.mean():+.4f}, error {error.mean():.4f}")
        assert abs(difference.mean()) < (2 if name == "backward" else 1) * error.mean() < 0.3
    assert both.error.mean() < found["forward"][1].mean()
    assert found["forward"][0].mean() < both.ln_z.mean() < found["backward"][0].mean()


def test_the_bounds_hold(sandwich):
    r, x = sandwich
    gap, error = r["lnZ_low"] - x["lnZ"], r["lnZ_low_stderr"]
    assert (gap < 4 * error).all() and (gap.mean(1) < -0.02).all()
    above, error = r["lnZ_high"] - x["lnZ"][0], r["lnZ_high_stderr"]
    assert (above > -4 * error).all() and above.mean() > 0.02


def test_too_few_runs_are_told():
    task = AnnealedImportance(SK(48), T=(0.2, 5.0), replicas=512, steps=2, sweeps_per_step=1)
    r = results(task)
    assert r["status"][:, 0].tolist() == [STATUS["unequilibrated"], STATUS["done"]]
    assert r["effective"][0, 0] < 50 < 100 < r["effective"][1, 0]


SPHERE = {
    "circles": (Perceptron(n=8, alpha=2.0, weights="spherical"), GreatCircles(), 0),
    "tuned": (PSpin(6, 3, spins="spherical"), HamiltonianMonteCarlo(steps=2, tuning=32), 128),
    "rotations": (Perceptron(n=8, alpha=2.0, weights="spherical", potential="hinge"), Rotations(tuning=32), 128),
}


@pytest.mark.parametrize("name", SPHERE)
def test_both_directions_agree_on_a_sphere(name):
    model, sampler, prepare = SPHERE[name]
    task = AnnealedImportance(model, sampler, T=T, steps=6, sweeps_per_step=2, replicas=64, reverse="tempering",
                              prepare=prepare or 64, disorder=tuple(range(10)), device="cpu")  # fmt: skip
    r = results(task)
    z = (r["lnZ"] - r["lnZ_reverse"]) / np.hypot(r["lnZ_stderr"], r["lnZ_reverse_stderr"])
    assert (z[0] ** 2).mean() < 2.3 and abs(z[0].mean()) < 0.9
    assert (r["lnZ_low"][0] < r["lnZ_high"]).all() and np.ptp(r["lnZ"]) > 0.3


PIECES = {
    "forward": AnnealedImportance(SK(12), HeatBath(), T=T),
    "planted": AnnealedImportance(Planted(8, p=3, signal=0.5), HeatBath(), T=(1.0, 2.0), reverse="planted", prepare=2),
    "tempering": AnnealedImportance(PSpin(8, 3), Metropolis(), T=T, reverse="tempering", prepare=4),
    "circles": AnnealedImportance(SPHERE["circles"][0], GreatCircles(), T=T, reverse="tempering", prepare=4),
    "tuned": AnnealedImportance(*SPHERE["tuned"][:2], T=T, reverse="tempering", prepare=64),
}
PIECES = {
    name: dataclasses.replace(task, replicas=16, steps=2, sweeps_per_step=2, disorder=(0, 1), device="cpu")
    for name, task in PIECES.items()
}


@pytest.mark.parametrize("name", PIECES)
def test_pieces_equal_one_go(name):
    task = PIECES[name]
    whole = finish(task)
    done, asked = task.progress(whole)
    assert done == asked == 2 * len(task.T) * (1 + (task.reverse is not None))
    other = task.start()  # a task that keeps its walkers
    for _ in range(asked):
        other = task.advance(other, 1)
    for state in (finish(task, *[1] * asked), finish(task, 3, 4), other, task.advance(whole, 4)):
        assert state.keys() == whole.keys()
        for key in whole:
            np.testing.assert_array_equal(state[key], whole[key], err_msg=key)
    assert not np.array_equal(finish(dataclasses.replace(task, seed=1))["ln_w"], whole["ln_w"]), "witness"


@pytest.mark.parametrize("name", PIECES)
def test_samples_do_not_depend_on_their_block(name):
    alone = results(dataclasses.replace(PIECES[name], disorder=(1,)))
    r, rtol = results(PIECES[name]), 1e-7 if name == "tuned" else 1e-12
    for key, value in alone.items():
        if key not in ("T", "disorder", "replica"):
            both = r[key][1:] if key in ("lnZ_high", "lnZ_high_stderr", "work/reverse") else r[key][:, 1:]
            np.testing.assert_allclose(both, value, rtol=rtol, atol=1e-12, err_msg=key)


def test_the_way_down_does_not_notice_the_way_up():
    task = PIECES["tempering"]
    silent = dataclasses.replace(task, reverse=None, prepare=0)
    assert silent.identity() != task.identity()
    np.testing.assert_array_equal(task.betas[:: task.steps][1:], 1 / np.array(T[::-1]))
    assert "lnZ_high" not in results(silent)


def test_a_sweep_stops_merges_and_averages(tmp_path):
    sweep = Sweep("ais", dataclasses.replace(PIECES["tempering"], disorder=(0,)), samples=3, block=2)
    r = sweep.run(tmp_path / "a", executor="serial", quiet=True)
    assert r.dims("lnZ_mean") == ("T",) and r.dims("lnZ_reverse_err") == ("T",)
    assert r.dims("work/forward") == ("T", "disorder", "replica")
    assert sweep.run(tmp_path / "b", executor="serial", quiet=True, part=(1, 2)) is None
    np.testing.assert_array_equal(sweep.run(tmp_path / "b", executor="serial", quiet=True)["lnZ"], r["lnZ"])


@pytest.mark.parametrize(("changes", "says"), [
    ({"steps": 0}, "steps = 0: expected an integer >= 1"),
    ({"prepare": 5}, "prepare = 5 without backward runs"),
    ({"reverse": "tempering"}, "at least two"),
    ({"reverse": "tempering", "T": T}, "prepare = 0"),
    ({"reverse": "planted"}, "SK knows random, tempering"),
    ({"model": PSpin(6, 3, spins="spherical"), "sampler": HamiltonianMonteCarlo(), "T": T, "reverse": "tempering",
      "prepare": 256}, "tunes itself for 256 sweeps"),
])  # fmt: skip
def test_refusals(changes, says):
    with pytest.raises(ValueError, match=says):
        AnnealedImportance(**{"model": SK(8), **changes})
