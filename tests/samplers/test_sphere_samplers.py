"""Samplers of points on the sphere in whole tasks: resuming, batches, wrappers, refusals."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

import numba
import numpy as np
import pytest
from contract.discovery import LADDERS, ladder, sphere_samplers

from statmech import (
    Annealing,
    Billiards,
    GreatCircles,
    HamiltonianMonteCarlo,
    Hopfield,
    Metropolis,
    Model,
    MonteCarlo,
    Quench,
    Rotations,
    Sphere,
    Tempering,
)
from statmech.core import Sampler
from statmech.kernels import walkers
from statmech.kernels.chains import RESYNC
from statmech.potentials import POTENTIALS
from statmech.problems import SphereProblem
from statmech.random import Stream
from statmech.spaces.sphere import normals

SMOOTH = {"gradient"}


@dataclass(frozen=True)
class Cones(Model):
    """3 N Gaussian examples without labels; E = sum_mu V(xi_mu . w / sqrt N)."""

    n: int = 9
    potential: str = "error"
    space: ClassVar = Sphere()

    @property
    def offers(self):
        return frozenset({"great circles", "rotations"} | ({"walls"} if self.potential == "error" else SMOOTH))

    def disorder(self, keys):
        lanes = np.arange(3 * self.n)
        return {"xi": np.stack([normals(np.uint64(k), Stream.DISORDER, 0, lanes, self.n) for k in keys])}

    def problem(self, disorder):
        V = POTENTIALS[self.potential]
        return SphereProblem(disorder["xi"], V.value, V.derivative)

    def energy(self, disorder, s):
        return self.problem(disorder).value(np.einsum("dpn,dtkn->dtkp", disorder["xi"], s) / np.sqrt(self.n)).sum(-1)


SAMPLERS = sphere_samplers()
EXACT = {k: v for k, v in SAMPLERS.items() if not v.needs <= SMOOTH}  # the bits of a chain are its own


def task_of(sampler, sweeps, **kwargs):
    model = Cones(potential="logistic" if sampler.needs <= SMOOTH else "error")
    return MonteCarlo(model, sampler, **{"T": ladder(sampler), "replicas": 2, "disorder": (0, 1), **kwargs},
                      sweeps=sweeps, device="cpu")  # fmt: skip


def through(task, pieces):
    state = task.start()
    for piece in pieces:
        state = dataclasses.replace(task).advance({k: np.array(v) for k, v in state.items()}, piece)
    return state


@pytest.mark.parametrize("name", SAMPLERS)
def test_samplers_declare_themselves(name):
    sampler = SAMPLERS[name]
    assert isinstance(sampler, Sampler) and sampler.needs and ladder(sampler) in LADDERS


@pytest.mark.parametrize("name", SAMPLERS)
def test_pieces_equal_one_go(name):
    task = task_of(SAMPLERS[name], 16)
    whole = through(task, [16])
    for pieces in ([1] * 16, [3, 5, 8], [7, 9]):
        state = through(task, pieces)
        for key in whole:
            np.testing.assert_array_equal(state[key], whole[key], err_msg=key)
    other = through(dataclasses.replace(task, seed=1), [16])
    assert not np.array_equal(other["random/s"], whole["random/s"]), "witness: another seed, another run"
    results = task.results(whole)
    assert (results["acceptance"].data <= 1).all() and (results["acceptance"].data > 0).any()
    n = (whole["random/s"] ** 2).sum(-1)
    np.testing.assert_allclose(n, task.model.n, rtol=1e-12)


@pytest.mark.parametrize("name", EXACT)
def test_a_chain_does_not_see_its_batch(name):
    together = through(task_of(EXACT[name], 8, disorder=(0, 1, 2)), [8])
    for index in range(3):
        alone = through(task_of(EXACT[name], 8, disorder=(index,)), [8])
        np.testing.assert_array_equal(together["random/s"][index], alone["random/s"][0])
        np.testing.assert_array_equal(together["random/energy"].reshape(3, -1)[index], alone["random/energy"])
    more = through(task_of(EXACT[name], 8, replicas=4), [8])
    two = through(task_of(EXACT[name], 8), [8])
    np.testing.assert_array_equal(more["random/s"][:, :, :2], two["random/s"])


@pytest.mark.parametrize("sampler", [GreatCircles(), Rotations(tuning=2), Billiards()])
def test_threads_do_not_matter(sampler):
    ends = []
    for threads in (1, 2):
        before = numba.get_num_threads()
        try:
            numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
            ends.append(through(task_of(sampler, 8), [8])["random/s"])
        finally:
            numba.set_num_threads(before)
    np.testing.assert_array_equal(*ends)


@pytest.mark.parametrize("sampler", [GreatCircles(), Rotations(tuning=8), Billiards(time=0.05)])
def test_fields_and_lengths_are_restored(sampler):
    task = task_of(sampler, 2 * RESYNC, T=(0.5,), measure_every=128)
    state = through(task, [2 * RESYNC])
    pieces = through(task, [384, 896, 768])
    for key in state:
        np.testing.assert_array_equal(pieces[key], state[key], err_msg=key)
    assert (state["random/drift"] > 0).all() and (state["random/drift"] < 1e-10).all()
    fields = state["random/s"] @ task._disorder["xi"][:, None].transpose(0, 1, 3, 2) / 3
    np.testing.assert_allclose(state["random/fields"].reshape(*fields.shape[:3], -1)[..., :27], fields, atol=1e-12)


@pytest.mark.parametrize("potential", POTENTIALS)
@pytest.mark.parametrize("name", ["circles", "rotate"])
def test_energies_follow_the_moves(name, potential):
    model = Cones(potential=potential)
    disorder = model.disorder([5, 6])
    start = model.space.random(np.full((2, 1, 3), 4, np.uint64), np.arange(3, dtype=np.uint64), 9)
    w = walkers(model.problem(disorder), start, "cpu")
    getattr(w, name)(np.array(0.5), np.array(1, np.uint64), np.arange(3, dtype=np.uint64), 0, 50, 0.7)
    np.testing.assert_allclose(w.energy, model.energy(disorder, w.s), atol=1e-7)
    assert np.abs(w.s - start).max() > 0.1, "witness: it moved"


def test_tuned_steps_reach_their_target_and_stay():
    cases = ((Rotations(tuning=64), "angle", 0.4), (HamiltonianMonteCarlo(tuning=128), "step", 0.8))
    for sampler, name, target in cases:
        model = Cones(n=60, potential="logistic")
        task = MonteCarlo(model, sampler, T=(0.05, 0.2), replicas=8, sweeps=512, device="cpu")
        early = task.advance(task.start(), 256)
        late = task.advance(early, 256)
        np.testing.assert_array_equal(early[f"random/sampler/{name}"], late[f"random/sampler/{name}"])
        found = task.results(late)["acceptance"].data.ravel()
        assert np.abs(found - target).max() < 0.15, found
        cold, warm = late[f"random/sampler/{name}"].mean((0, 2))
        assert cold < 0.8 * warm, "witness: every temperature has its own"


def test_tuned_steps_belong_to_the_rung():
    model = Cones(n=40)
    task = MonteCarlo(model, Tempering(Rotations(tuning=64)), T=(0.3, 0.4, 0.5, 0.7, 1.0, 2.0), replicas=4,
                      sweeps=128, device="cpu")  # fmt: skip
    state = task.advance(task.start(), 128)
    assert (state["random/sampler/rung"] != np.arange(6)[None, :, None]).mean() > 0.2, "witness: walkers left"
    angle = state["random/sampler/angle"].mean((0, 2))
    assert (np.diff(angle) > 0).all(), angle


def test_annealing_tunes_all_the_way_down():
    annealing = Annealing(Rotations(tuning=16), T_start=2.0, sweeps=32)
    assert annealing.transient == 48 and annealing.needs == {"rotations"} and annealing.proposals(9) == 4
    task = MonteCarlo(Cones(n=40), annealing, T=(0.1, 1.0), replicas=4, sweeps=96, device="cpu")
    states = [task.start()]
    for _ in range(3):
        states.append(task.advance(states[-1], 32))
    hot, end, after = (s["random/sampler/angle"] for s in states[1:])
    assert not np.array_equal(hot, end), "tuned after the cooling"
    later = task.advance(task.advance(task.start(), 48), 48)["random/sampler/angle"]
    np.testing.assert_array_equal(later, after)
    np.testing.assert_array_equal(task.advance(task.start(), 48)["random/sampler/angle"], after)
    with pytest.raises(ValueError, match="48"):
        MonteCarlo(Cones(), annealing, T=(0.1,), sweeps=64)


@pytest.mark.parametrize(("model", "sampler", "lacks"), [
    (Cones(), Metropolis(), "spin flips"),
    (Cones(), Tempering(Metropolis()), "spin flips"),
    (Cones(), HamiltonianMonteCarlo(), "gradient"),
    (Cones(potential="hinge"), Billiards(), "walls"),
    (Hopfield(n=20), GreatCircles(), "great circles"),
    (Hopfield(n=20), Annealing(Rotations(tuning=8), sweeps=8), "rotations"),
])  # fmt: skip
def test_a_sampler_that_asks_for_too_much_is_refused(model, sampler, lacks):
    with pytest.raises(ValueError, match=f"needs {lacks}, which {type(model).__name__} does not offer"):
        MonteCarlo(model, sampler, T=(0.5, 1.0), sweeps=1024)


@pytest.mark.parametrize(("make", "says"), [
    (lambda: GreatCircles(width=7.0), "width = 7.0"), (lambda: Billiards(time=0), "time = 0"),
    (lambda: Rotations(tuning=0), "tuning = 0"), (lambda: Rotations(target=1.0), "target = 1.0"),
    (lambda: HamiltonianMonteCarlo(steps=0), "steps = 0"),
])  # fmt: skip
def test_bad_parameters_are_refused(make, says):
    with pytest.raises(ValueError, match=says):
        make()


@pytest.mark.parametrize("wrapper", [Tempering, Annealing])
def test_wrappers_take_kernels_only(wrapper):
    for inner in (Tempering(), Annealing(Metropolis()), "circles"):
        with pytest.raises(TypeError, match="expected a kernel"):
            wrapper(inner)
    assert wrapper(Quench()).needs == {"spin flips"}


def test_bad_problems_are_refused():
    model = Cones()
    disorder = model.disorder([5])
    start = model.space.random(np.full((1, 1, 1), 4, np.uint64), np.uint64(0), 9)
    problem, args = model.problem(disorder), (np.array(1, np.uint64), np.array(0, np.uint64), 0, 1, 1.0)
    with pytest.raises(ValueError, match=r"\|w\|\^2 = N"):
        walkers(problem, 2 * start, "cpu")
    with pytest.raises(ValueError, match="not finite"):
        walkers(SphereProblem(disorder["xi"] * np.nan, problem.value), start, "cpu")
    with pytest.raises(ValueError, match="no derivative"):
        walkers(problem, start, "cpu").gradient(start)
    with pytest.raises(ValueError, match="T > 0"):
        walkers(problem, start, "cpu").fly(np.array(0.0), *args)
    with pytest.raises(ValueError, match="0/1 error"):
        walkers(Cones(potential="hinge").problem(disorder), start, "cpu").fly(np.array(1.0), *args)
    with pytest.raises(ValueError, match="zero in every input"):
        walkers(SphereProblem(0 * disorder["xi"], problem.value), start, "cpu").fly(np.array(1.0), *args)
