"""Bad input to models, samplers and the Monte Carlo task: one message that says what was got, what was expected
and how to mend it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import numpy as np
import pytest

import statmech
from statmech import (
    REM,
    SK,
    Annealing,
    Billiards,
    BrownianDynamics,
    Data,
    Enumeration,
    ExtremeLevels,
    GreatCircles,
    HamiltonianMonteCarlo,
    HeatBath,
    Hopfield,
    Metropolis,
    MinimallyFrustrated,
    MonteCarlo,
    Pairs,
    Perceptron,
    Planted,
    PSpin,
    Quench,
    RandomPatterns,
    Rotations,
    StoredPatterns,
    Tempering,
)
from statmech.kernels import walkers
from statmech.problems import LevelProblem, SphereTensorProblem

H = Hopfield(n=12, alpha=0.25)
J = np.array([[0, 1], [1, 0]])
IMAGES = np.random.default_rng(0).random((3, 4, 4))
X, Y = np.random.default_rng(1).normal(size=(20, 5)), np.arange(20) % 2


def changed(array, index, value):
    array = np.array(array, dtype=float)
    array[index] = value
    return array


def begin(sampler, *T):
    return lambda: sampler.begin((1, len(T), 1), np.array(T))


def start(name, model=H):
    one = np.ones((1, 1, 1), np.uint64)
    return lambda: model.start(name, model.disorder([1]), one, one)


def overflow():
    big = Pairs(2**31 * J)
    return walkers(big.problem(big.disorder([0])), np.ones((1, 1, 1, 2), np.int8), "cpu")


def tiny_sphere():
    one = np.ones((1, 1, 1))
    here = walkers(SphereTensorProblem(2, {1: np.ones((1, 2))}), np.ones((1, 1, 1, 2)), "cpu")
    sampler = BrownianDynamics()
    sampler.run(here, sampler.begin(one.shape, one), one, one.astype(np.uint64), one.astype(np.uint64), 0, 1)


def long_levels():
    return walkers(LevelProblem(63, np.ones(1, np.uint64), 1.0), np.ones((1, 1, 1, 63), np.int8), "cpu")


def perceptron(**changes):
    return lambda: Perceptron(**{"n": 9, **changes})


def data(x=X, y=Y, **rest):
    return lambda: Data(x, y, **rest)


def observing(name, function=lambda model, disorder, s: s.mean(-1)):
    return lambda: MonteCarlo(H, observables={name: function}).start()


CASES = [  # (what is done, error, what the message must name: got ... expected or remedy)
    (lambda: Hopfield(n=12, alpha=0), ValueError, "alpha = 0.*> 0"),
    (lambda: Hopfield(n=12, alpha=-0.1), ValueError, "alpha = -0.1.*> 0"),
    (lambda: Hopfield(n=12, alpha=float("nan")), ValueError, "alpha = nan.*> 0"),
    (lambda: Hopfield(n=12, alpha="0.1"), TypeError, "alpha = '0.1'.*number"),
    (lambda: Hopfield(n=12, alpha=0.04), ValueError, "alpha \\* n = 0.48.*no pattern.*take alpha >= 0.08"),
    (lambda: Hopfield(alpha=0.1), ValueError, "n = 0.*integer.*>= 2"),
    (lambda: Hopfield(n=1), ValueError, "n = 1.*>= 2"),
    (lambda: Hopfield(n=12.5), ValueError, "n = 12.5.*integer"),
    (lambda: Hopfield(n=True), ValueError, "n = True.*integer"),
    (lambda: Hopfield(n=12, rule="pinv"), ValueError, "rule = 'pinv'.*'hebb' or 'pseudoinverse'"),
    (lambda: Hopfield(n=12, form="pairs"), ValueError, "form = 'pairs'.*'auto', 'pair' or 'pattern'"),
    (lambda: Hopfield(n=12, rule="pseudoinverse", form="pattern"), ValueError, "'pseudoinverse'.*use form='pair'"),
    (lambda: Hopfield(n=12, alpha=1.2, rule="pseudoinverse"), ValueError, "at most n = 12.*asks for 14"),
    (lambda: Hopfield(n=13, alpha=0.1, patterns=np.ones((2, 12))), ValueError, "n = 13.*12 sites.*leave n out"),
    (lambda: Hopfield(alpha=0.5, patterns=np.ones((2, 12))).disorder([1]), ValueError, "6 patterns.*has 2.*alpha <="),
    (lambda: Hopfield(n=12, patterns="digits"), TypeError, "patterns = 'digits'.*RandomPatterns"),
    (start("pattern:2"), ValueError, "'pattern:2'.*got '2'.*0 <= share.*<= 1"),
    (start("pattern:x"), ValueError, "'pattern:x'.*got 'x'.*share"),
    (start("mixture:2"), ValueError, "'mixture:2'.*odd.*P = 3"),
    (start("mixture:5"), ValueError, "'mixture:5'.*odd.*P = 3"),
    (start("mixture", Hopfield(n=12, alpha=0.1)), ValueError, "'mixture'.*odd.*P = 1"),
    (start("planted"), ValueError, "'planted'.*knows random, pattern, mixture"),
    (start("pattern", Pairs(J)), ValueError, "'pattern'.*knows random"),
    (lambda: RandomPatterns(bias=1.0), ValueError, "bias = 1.0.*-1 < bias < 1"),
    (lambda: RandomPatterns(correlation=-0.1), ValueError, "correlation = -0.1.*0 <= correlation < 1"),
    (lambda: RandomPatterns(bias=0.1, correlation=0.1), ValueError, "both set: choose one"),
    (lambda: StoredPatterns(np.ones(5)), ValueError, r"shape \(5,\).*\(count, n\)"),
    (lambda: StoredPatterns(np.ones((0, 5))), ValueError, r"shape \(0, 5\).*\(count, n\)"),
    (lambda: StoredPatterns(np.array([["a", "b"]])), ValueError, "dtype <U1.*numbers"),
    (lambda: StoredPatterns(changed(IMAGES, (1, 0, 2), np.nan)), ValueError, "pattern 1, site 2 is nan.*remove"),
    (lambda: StoredPatterns(changed(IMAGES, (2, 1, 0), np.inf)), ValueError, "pattern 2, site 4 is inf.*remove"),
    (lambda: StoredPatterns(changed(IMAGES, 1, 0.3)), ValueError, "image 1 has no pixel above its median.*remove"),
    (lambda: Pairs(np.ones((2, 3))), ValueError, r"J has shape \(2, 3\).*\(n, n\)"),
    (lambda: Pairs(np.zeros((1, 1))), ValueError, r"J has shape \(1, 1\).*n >= 2"),
    (lambda: Pairs(changed(J, (0, 1), 2)), ValueError, r"not symmetric.*= 1.*use \(J \+ J.T\) / 2"),
    (lambda: Pairs(changed(J, (0, 0), 2)), ValueError, "diagonal.*set it to zero.*constant="),
    (lambda: Pairs(changed(J, (0, 1), np.nan)), ValueError, "J holds 1 values NaN.*first at .0, 1.: remove"),
    (lambda: Pairs(J, np.ones(3)), ValueError, r"h has shape \(3,\).*\(2,\)"),
    (lambda: Pairs(J, np.array([np.inf, 0])), ValueError, "h holds 1 values NaN or inf.*first at .0.: remove"),
    (lambda: Pairs(J.astype(complex)), TypeError, "J has dtype complex128.*expected"),
    (lambda: Pairs(J > 0), TypeError, "J has dtype bool.*expected"),
    (lambda: Pairs(J, constant=np.nan), ValueError, "constant holds 1 values NaN"),
    (lambda: Pairs.from_qubo(np.ones((2, 3))), ValueError, r"Q has shape \(2, 3\).*\(n, n\)"),
    (lambda: Pairs.from_qubo(changed(J, (0, 1), np.nan)), ValueError, "Q holds.*NaN"),
    (overflow, ValueError, "2.147e\\+09 overflow.*divide them by a common factor.*float64"),
    (perceptron(n=10), ValueError, "n = 10 is even.*no sign.*take n = 11"),
    (perceptron(n=8, teacher=[2.0] * 8), ValueError, "n = 8 is even.*no sign.*take n = 9"),
    (lambda: Perceptron(), ValueError, "n = 0.*integer.*>= 2"),
    (perceptron(n=9.0), ValueError, "n = 9.0.*integer"),
    (perceptron(n=True), ValueError, "n = True.*integer"),
    (perceptron(alpha=0.05), ValueError, r"alpha \* n = 0.45 gives no example: take alpha >= 0.111"),
    (perceptron(alpha=0), ValueError, r"alpha \* n = 0 gives no example"),
    (perceptron(alpha=-1.0), ValueError, "alpha = -1.0.*finite number from 0"),
    (perceptron(alpha=np.inf), ValueError, "alpha = inf.*finite number from 0"),
    (perceptron(alpha="2"), TypeError, "alpha = '2'.*expected a number"),
    (perceptron(r=-0.1), ValueError, "r = -0.1.*from 0 to 1"),
    (perceptron(r=1.2), ValueError, "r = 1.2.*from 0 to 1"),
    (perceptron(r=np.nan), ValueError, "r = nan.*from 0 to 1"),
    (perceptron(r=True), TypeError, "r = True.*expected a number"),
    (perceptron(kappa=np.nan), ValueError, "kappa = nan.*finite number"),
    (perceptron(before=-1), ValueError, "before = -1.*from 0"),
    (perceptron(weights="binary"), ValueError, "weights = 'binary'.*'ising' or 'spherical'"),
    (perceptron(inputs="sparse"), ValueError, r"inputs = 'sparse'.*'binary', 'gaussian' or Data\(inputs, labels\)"),
    (perceptron(inputs=X), ValueError, r"an array of shape \(20, 5\).*Data\(inputs, labels\)"),
    (perceptron(inputs=Data(X, Y)), ValueError, "n = 9.*5 features: leave n out"),
    (perceptron(labels="clean"), ValueError, "labels = 'clean'.*'teacher', 'random', 'data' or None"),
    (perceptron(labels=Y), ValueError, r"labels = an array of shape \(20,\).*Data\(inputs, labels\)"),
    (perceptron(labels="data"), ValueError, r"no labels: pass Data\(inputs, labels\), a teacher or labels='random'"),
    (lambda: Perceptron(inputs=Data(X)), ValueError, r"no labels: pass Data\(inputs, labels\), a teacher or"),
    (perceptron(labels="random", teacher="ising"), ValueError, "teacher is set, but.*'random': leave it out"),
    (perceptron(labels="random", before=1), ValueError, "before is set, but.*'random': leave it out"),
    (perceptron(labels="random", r=0.1), ValueError, "r = 0.1, but.*'random' already: leave it out"),
    (lambda: Perceptron(inputs=Data(X, Y), labels="data", teacher=np.ones(5)), ValueError, "teacher is set.*'data'"),
    (perceptron(teacher="perfect"), ValueError, r"teacher = 'perfect'.*'ising', 'spherical', an array \(n,\) or None"),
    (perceptron(teacher=np.ones(8)), ValueError, r"teacher of shape \(8,\).*expected \(9,\)"),
    (perceptron(teacher=np.ones((1, 9))), ValueError, r"teacher of shape \(1, 9\).*expected \(9,\)"),
    (perceptron(teacher=np.zeros(9)), ValueError, "teacher of shape.*not all zero"),
    (perceptron(teacher=[np.nan] * 9), ValueError, "teacher of shape.*finite numbers"),
    (perceptron(teacher=["a"] * 9), ValueError, "teacher of shape.*dtype <U1.*numbers"),
    (perceptron(potential="svm"), ValueError, "potential = 'svm'.*'error', 'hinge'.*'probit' or a Potential"),
    (perceptron(potential=np.abs), ValueError, "potential = <ufunc 'absolute'>.*or a Potential"),
    (perceptron(potential="probit"), ValueError, "'probit' is -ln Phi.*set before > 0"),
    (perceptron(relabelling=-1), ValueError, "relabelling = -1.*integer >= 0"),
    (perceptron(relabelling=0.5), ValueError, "relabelling = 0.5.*integer >= 0"),
    (start("teacher:2", Perceptron(n=9)), ValueError, "'teacher:2'.*got '2'.*0 <= share.*<= 1"),
    (start("teacher:x", Perceptron(n=9)), ValueError, "'teacher:x'.*got 'x'.*share"),
    (start("teacher", Perceptron(n=9, labels="random")), ValueError, "'teacher'.*knows random"),
    (lambda: Perceptron(inputs=Data(X, Y), alpha=5).disorder([1]), ValueError, "asks for 25.*there are 15: alpha <= 3"),
    (data(x=X[0]), ValueError, r"inputs have shape \(5,\).*expected numbers \(count, features\)"),
    (data(x=X[:0], y=Y[:0]), ValueError, r"inputs have shape \(0, 5\).*expected numbers"),
    (data(x=X.astype(str)), ValueError, "dtype <U.*expected numbers"),
    (data(x=changed(X, (3, 1), np.nan)), ValueError, r"inputs\[3, 1\] is nan: remove the 1 NaN"),
    (data(x=changed(X, (6, 1), np.inf), y=np.arange(20) % 3, classes=(0, 1)), ValueError, r"inputs\[6, 1\] is inf"),
    (data(y=Y[:7]), ValueError, r"labels of inputs have shape \(7,\): expected \(20,\), one per example"),
    (data(y=np.where(Y, 1, np.nan)), ValueError, "10 labels of inputs are NaN: remove"),
    (data(y=np.arange(20) % 3), ValueError, r"labels of inputs have 3 values: expected two; choose classes=\(3, 5\)"),
    (data(y=np.ones(20)), ValueError, "labels of inputs have 1 values: expected two"),
    (data(classes=(1, 5)), ValueError, "inputs hold no example of class 1 or 5: choose other classes"),
    (data(classes=(1, 1)), ValueError, r"classes = \(1, 1\): expected two different"),
    (data(classes=3), ValueError, "classes = 3: expected two different"),
    (data(y=None, classes=(0, 1)), ValueError, "classes need labels: pass labels"),
    (data(held_out=0), ValueError, "held_out = 0.*0 < held_out < 1"),
    (data(held_out=1.5), ValueError, "held_out = 1.5.*0 < held_out < 1"),
    (data(test_inputs=X), ValueError, "test_inputs and test_labels go together: pass both or neither"),
    (data(test_inputs=X[:, :4], test_labels=Y), ValueError, "test_inputs have 4 features, inputs have 5"),
    (data(test_inputs=X, test_labels=Y + 1), ValueError, r"of test_inputs are \(1, 2\).*inputs \(0, 1\).*the same"),
    (data(x=np.ones((20, 5))), ValueError, "inputs are equal and cannot be standardised: .*pass others"),
    (data(x=1e200 * X), ValueError, "as large as .*e\\+200 and cannot be standardised: rescale them"),
    (data(x=1000 * X, standardise=False), ValueError, r"inputs reach \|x\| = .*below 128; use standardise=True"),
    (data(test_inputs=1e4 * X, test_labels=Y), ValueError, r"test_inputs reach \|x\| = .*rescale them or remove"),
    (lambda: MonteCarlo(Perceptron(n=9, weights="spherical")), ValueError, "Metropolis needs spin flips, which"),
    (lambda: MonteCarlo(Perceptron(n=9), GreatCircles()), ValueError, "GreatCircles needs great circles, which"),
    (lambda: GreatCircles(width=7.0), ValueError, r"width = 7.0.*\(0, 2 pi\]"),
    (lambda: Billiards(time=0), ValueError, "time = 0.*> 0"),
    (begin(Billiards(), 0.0), ValueError, "expected T > 0, got T = 0.0; GreatCircles"),
    (lambda: Rotations(tuning=0), ValueError, "tuning = 0.*integer.*>= 1"),
    (lambda: Rotations(target=1.0), ValueError, "target = 1.0.*between 0 and 1"),
    (lambda: HamiltonianMonteCarlo(steps=0), ValueError, "steps = 0.*>= 1"),
    (begin(HamiltonianMonteCarlo(), 0.0), ValueError, "expected T > 0, got 0.0; GreatCircles"),
    (lambda: BrownianDynamics(steps=0), ValueError, "steps = 0.*>= 1"),
    (lambda: BrownianDynamics(dt=0), ValueError, "dt = 0.*such as 0.1"),
    (begin(BrownianDynamics(), np.inf), ValueError, "finite temperatures; a random start is a quench"),
    (tiny_sphere, ValueError, "n = 2: Brownian motion on a sphere needs n >= 3"),
    (lambda: Metropolis("shuffled"), ValueError, "order = 'shuffled'.*'sequential' or 'random'"),
    (lambda: Tempering(inner="metropolis"), TypeError, r"inner = 'metropolis'.*Metropolis\(\) or HeatBath\(\)"),
    (lambda: Tempering(Tempering()), TypeError, r"inner = Tempering.*Metropolis\(\) or HeatBath\(\)"),
    (lambda: Tempering(every=0), ValueError, "every = 0.*>= 1"),
    (lambda: Tempering(every=1.5), ValueError, "every = 1.5.*integer"),
    (begin(Tempering(), 1.0), ValueError, "at least 2 temperatures.*T = \\[1.0\\]"),
    (begin(Tempering(), 0.0, 1.0), ValueError, "T > 0.*T = 0.0.*use Annealing"),
    (lambda: Tempering(rungs="many"), ValueError, "rungs = 'many': expected 'given', 'tuned' or a number.*>= 2"),
    (lambda: Tempering(rungs=True), ValueError, "rungs = True: expected 'given', 'tuned' or a number.*>= 2"),
    (lambda: Tempering(rungs="tuned", T_hot=0), ValueError, "T_hot = 0.0: expected a temperature > 0"),
    (lambda: Tempering(every=2, rungs=8, tuning=64), ValueError, "tuning = 64: .*>= 64 every = 128"),
    (lambda: Tempering(T_hot=2.0), ValueError, "T_hot and tuning belong to a tuned ladder: add rungs='tuned'"),
    (lambda: MonteCarlo(H, Tempering(rungs=4, T_hot=0.5), T=(0.3, 1.0)), ValueError, "T_hot = 0.5 is below T = 1.0"),
    (begin(Tempering(rungs=3), 0.3, 0.5, 0.8, 1.0), ValueError, "rungs = 3, but 4 temperatures.*expected >= 4"),
    (lambda: Annealing(Tempering()), TypeError, r"inner = Tempering.*Metropolis\(\) or HeatBath\(\)"),
    (lambda: Annealing(T_start=0), ValueError, "T_start = 0.*> 0"),
    (lambda: Annealing(T_start=np.inf), ValueError, "T_start = inf.*finite"),
    (lambda: Annealing(sweeps=0), ValueError, "sweeps = 0.*>= 1"),
    (lambda: Annealing(sweeps=2.5), ValueError, "sweeps = 2.5.*integer"),
    (lambda: Annealing(schedule="log"), ValueError, "schedule = 'log'.*'linear', 'geometric'"),
    (lambda: Annealing(schedule=()), ValueError, r"schedule = \(\).*factors >= 0"),
    (lambda: Annealing(schedule=(1.0, -1.0)), ValueError, r"schedule = \(1.0, -1.0\).*factors >= 0"),
    (lambda: Annealing(schedule=(1.0, np.nan)), ValueError, "nan.*factors >= 0"),
    (lambda: Annealing(schedule=3), ValueError, "schedule = 3.*tuple of factors"),
    (begin(Annealing(T_start=1.0), 0.5, 1.5), ValueError, "T_start = 1.0.*T = 1.5: raise T_start"),
    (begin(Annealing(schedule="geometric"), 0.0), ValueError, "geometric.*T = 0.0: use 'linear'"),
    (begin(Quench(), 0.0, 0.1), ValueError, r"T = \[0\], got T = \[0.0, 0.1\]"),
    (lambda: MonteCarlo("hopfield"), TypeError, "model = 'hopfield'.*statmech.Model"),
    (lambda: MonteCarlo(H, "metropolis"), TypeError, "sampler = 'metropolis'.*expected a sampler"),
    (lambda: MonteCarlo(H, Metropolis), TypeError, "sampler = <class.*expected a sampler"),
    (lambda: MonteCarlo(H, {"random": HeatBath()}, starts=("pattern",)), ValueError, r"\['random'\].*\['pattern'\]"),
    (lambda: MonteCarlo(H, T=-1.0), ValueError, "T = -1.0.*>= 0"),
    (lambda: MonteCarlo(H, T=(np.nan,)), ValueError, "T = .*nan.*>= 0"),
    (lambda: MonteCarlo(H, T=()), ValueError, r"T = \(\).*expected"),
    (lambda: MonteCarlo(H, T=(1.0, 0.5)), ValueError, r"T = \[1.0, 0.5\].*increasing.*sorted"),
    (lambda: MonteCarlo(H, starts=()), ValueError, r"starts = \(\).*at least one"),
    (lambda: MonteCarlo(H, starts=("random", "random")), ValueError, "starts = .*each named once"),
    (lambda: MonteCarlo(H, starts=("teacher",)), ValueError, "'teacher'.*knows random, pattern, mixture"),
    (lambda: MonteCarlo(H, replicas=0), ValueError, "replicas = 0.*integer >= 1"),
    (lambda: MonteCarlo(H, replicas=2.0), ValueError, "replicas = 2.0.*integer >= 1"),
    (lambda: MonteCarlo(H, measure_every=0), ValueError, "measure_every = 0.*integer >= 1"),
    (lambda: MonteCarlo(H, sweeps=7), ValueError, "sweeps = 7.*for example sweeps = 8"),
    (lambda: MonteCarlo(H, sweeps=1023), ValueError, "sweeps = 1023.*for example sweeps = 1024"),
    (lambda: MonteCarlo(H, sweeps=100, measure_every=7), ValueError, "sweeps = 100.*measure_every = 7.*for example"),
    (lambda: MonteCarlo(H, Annealing(sweeps=64), sweeps=96), ValueError, "cools for 64.*>= 128, or .*sweeps=48"),
    (lambda: MonteCarlo(H, replicas=2**16 + 1), ValueError, "replicas = 65537.*at most 65536"),
    (lambda: MonteCarlo(H, seed=-1), ValueError, "seed = -1.*>= 0"),
    (lambda: MonteCarlo(H, seed="1"), ValueError, "seed = '1'.*integer"),
    (lambda: MonteCarlo(H, disorder=()), ValueError, r"disorder = \(\).*at least one"),
    (lambda: MonteCarlo(H, disorder=(1, 1)), ValueError, r"disorder = \(1, 1\).*different"),
    (lambda: statmech.simulate(H, 1.0, samples=0), ValueError, "samples = 0.*>= 1"),
    (observing("m_max"), ValueError, "'m_max'.*the model has one.*choose another"),
    (observing("q2"), ValueError, "'q2'.*taken.*choose another"),
    (observing("M_tau"), ValueError, "'M_tau'.*taken.*choose another"),
    (observing("a b"), ValueError, "'a b'.*identifier.*choose another"),
    (observing("total", lambda model, disorder, s: s.sum()), ValueError, r"'total'.*shape \(\).*\(1, 1, 1\)"),
    (lambda: REM(n=31), ValueError, "n = 31.*from 2 to 30.*32-bit words.*ExtremeLevels"),
    (lambda: REM(n=12.0), ValueError, "n = 12.0.*integer"),
    (lambda: MinimallyFrustrated(n=1), ValueError, "n = 1:.*from 2 to 30"),
    (lambda: MinimallyFrustrated(n=12, gap=-1), ValueError, "gap = -1.*>= 0"),
    (lambda: MinimallyFrustrated(n=12, gap="1"), TypeError, "gap = '1'.*number"),
    (start("native:2", MinimallyFrustrated(n=12)), ValueError, "'native:2'.*got '2'.*0 <= share.*<= 1"),
    (start("native:x", MinimallyFrustrated(n=12)), ValueError, "'native:x'.*got 'x'.*share"),
    (start("folded", MinimallyFrustrated(n=12)), ValueError, "'folded'.*knows random, native"),
    (long_levels, ValueError, "n = 63.*at most 62"),
    (lambda: Enumeration(REM(n=12), T=0.0), ValueError, r"T = 0.0.*> 0 \(the ground state.*e_0\)"),
    (lambda: Enumeration(REM(n=12), T=(1.0, 0.5)), ValueError, "strictly increasing.*sorted"),
    (lambda: Enumeration(H, overlap=1), TypeError, "overlap = 1: expected True or False"),
    (lambda: Enumeration(H, disorder=()), ValueError, r"disorder = \(\).*at least one"),
    (lambda: Enumeration(H, seed=-1), ValueError, "seed = -1.*>= 0"),
    (lambda: Enumeration(Hopfield(n=31)), ValueError, "n = 31.*n <= 30; use MonteCarlo"),
    (lambda: Enumeration(Perceptron(n=9, weights="spherical")), TypeError, "model = Perceptron.*Ising spins"),
    (lambda: ExtremeLevels(n=20), ValueError, "n = 20.*>= 24; Enumeration.*fewer spins"),
    (lambda: ExtremeLevels(levels=4.5), ValueError, "levels = 4.5.*integer >= 16"),
    (lambda: ExtremeLevels(n=24, levels=5000), ValueError, r"levels = 5000 of n = 24.*2\^\(n/2\)"),
    (lambda: ExtremeLevels(T=np.inf), ValueError, "T = inf.*finite"),
    (lambda: SK(1), ValueError, "n = 1: expected an integer number of spins >= 2"),
    (lambda: SK(12.5), ValueError, "n = 12.5.*integer"),
    (lambda: SK(12, couplings="pm"), ValueError, "couplings = 'pm': expected 'gaussian' or 'binary'"),
    (lambda: SK(12, h="1"), TypeError, "h = '1': expected a number"),
    (lambda: SK(12, h_random=-1), ValueError, "h_random = -1.* >= 0"),
    (lambda: SK(12, J0=np.nan), ValueError, "J0 = nan: expected a finite number"),
    (lambda: SK(12, "binary", J0=4), ValueError, r"J0 = 4: .*<= sqrt n = 3.46; take 'gaussian'"),
    (lambda: SK(10**7).disorder([1]), MemoryError, r"n = 10000000: .* need 1.86e\+05 GiB.*take n <= .* or fewer"),
    (lambda: PSpin(10**4, p=4).disorder([1]), MemoryError, r"p = 4; .* 1.01e\+07 GiB.*take n <= .*connectivity=.* or"),
    (lambda: PSpin(12, p=1), ValueError, "p = 1: expected an integer from 2 to 8"),
    (lambda: PSpin(12, p=2.5), ValueError, "p = 2.5: expected an integer"),
    (lambda: PSpin(3, p=4), ValueError, "n = 3 spins have no term of p = 4: take n >= 4"),
    (lambda: PSpin(12, p={}), ValueError, "p = {}: a mixture needs at least one term, for example {2: 1.0"),
    (lambda: PSpin(12, p={2: 1.0, 3: 0}), ValueError, "squared strength of p = 3 = 0.* > 0"),
    (lambda: PSpin(12, spins="soft"), ValueError, "spins = 'soft': expected 'ising' or 'spherical'"),
    (lambda: PSpin(12, connectivity=0), ValueError, "connectivity = 0: .* > 0"),
    (lambda: PSpin(12, connectivity=56), ValueError, "connectivity = 56: n = 12, p = 3 have 55 terms per spin at most"),
    (lambda: PSpin(12, connectivity=0.1), ValueError, "connectivity = 0.1 gives no term of p = 3: take at least 0.25"),
    (lambda: PSpin(12, spins="spherical", connectivity=3), ValueError, "spherical spins: .*take Ising spins, or leave"),
    (lambda: Planted(12, signal=-1), ValueError, "signal = -1.* >= 0"),
    (start("planted:2", Planted(12)), ValueError, "'planted:2'.*got '2'.*0 <= share.*<= 1"),
    (start("planted:x", Planted(12)), ValueError, "'planted:x'.*got 'x'.*share"),
    (start("signal", Planted(12)), ValueError, "'signal'.*knows random, planted"),
    (lambda: MonteCarlo(PSpin(12, spins="spherical")), ValueError, "Metropolis needs spin flips, which"),
    (lambda: MonteCarlo(H, device="tpu").advance(MonteCarlo(H).start(), 1), ValueError, "device = .tpu.*'auto'"),
]


@pytest.mark.parametrize(("act", "error", "says"), CASES, ids=[c[2][:40] for c in CASES])
def test_bad_input_gets_one_clear_message(act, error, says):
    with pytest.raises(error) as caught:
        act()
    message = str(caught.value)
    assert re.search(says, message, re.DOTALL), message
    assert "\n" not in message and len(message) < 400


def test_suggested_lengths_are_accepted():
    for sweeps, every in ((7, 1), (9, 1), (1023, 1), (5000, 1), (100, 7), (12345, 3)):
        try:
            MonteCarlo(H, sweeps=sweeps, measure_every=every)
        except ValueError as error:
            suggested = int(re.search(r"for example sweeps = (\d+)", str(error))[1])
            MonteCarlo(H, sweeps=suggested, measure_every=every)
            assert suggested >= sweeps


def test_every_error_of_models_and_samplers_has_its_case():
    """As many distinct messages are provoked above as there are raise statements."""
    package = Path(statmech.__file__).parent
    raised = set()
    for act, error, _ in CASES:
        with pytest.raises(error) as caught:
            act()
        last = caught.traceback[-1]
        raised.add((Path(str(last.path)).name, last.lineno))
    for folder in ("models", "samplers"):
        for path in (package / folder).glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Raise) and node.exc is not None:
                    lines = range(node.lineno - 1, node.end_lineno)
                    assert any((path.name, line) in raised for line in lines), f"{path.name}:{node.lineno} has no case"
