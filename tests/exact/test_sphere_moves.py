"""Moves on the sphere, one by one: reversibility, volume, and the slice move against its definition."""

from __future__ import annotations

import numpy as np
import pytest
from exact.spheres import XI, problem, uniform

from statmech.kernels import billiard, walkers
from statmech.potentials import POTENTIALS, Potential, probit
from statmech.problems import SphereProblem
from statmech.random import Stream, exponential, words
from statmech.samplers.hamiltonian import HamiltonianMonteCarlo, Langevin, leapfrog, tangent
from statmech.spaces.sphere import normal_pair, normals

BETA = 1.7


def moves(name):
    """(w, v) -> (w', v') of points (3,) with velocities, for the leapfrog or the flights."""
    if name == "leapfrog":
        w = walkers(problem("logistic", 0.3), uniform((1, 1, 1)), "cpu")

        def force(x):
            return -BETA * w.gradient(x[None, None, None])[1][0, 0, 0]

        return lambda w, v: leapfrog(force, w, v, np.array(0.13), 9)
    rows = XI[0] / np.sqrt(3)
    kappa = 0.25 if name == "flight, margin" else 0.0

    def fly(w, v):
        w, v = w.copy(), v.copy()
        _, hit = billiard.flight(
            False, rows, rows @ rows.T, w, v, rows @ w, rows @ v, kappa, BETA, 4.0, np.empty(5)
        )  # fmt: skip
        assert hit > 0, "witness: there were walls on the way"
        return w, v

    return fly


def energy(name, w, v):
    p = problem("logistic", 0.3) if name == "leapfrog" else problem("error", 0.25 if "margin" in name else 0.0)
    return 0.5 * v @ v + BETA * p.value(XI[0] @ w / np.sqrt(3) - p.kappa).sum()


def starts():
    w = uniform((1, 1, 6))[0, 0]
    return zip(w, tangent(w, normals(9, Stream.INIT, 0, np.arange(6), 3)), strict=True)


NAMES = ("leapfrog", "flight", "flight, margin")


@pytest.mark.parametrize("name", NAMES)
def test_moves_are_undone_by_themselves(name):
    move, distance = moves(name), 0.0
    for w, v in starts():
        end, velocity = move(w, v)
        back, reverse = move(end, -velocity)
        np.testing.assert_allclose(back, w, atol=1e-10)
        np.testing.assert_allclose(-reverse, v, atol=1e-10)
        distance = max(distance, np.abs(end - w).max())
        assert abs(end @ end - 3) < 1e-12 and abs(end @ velocity) < 1e-12
        tolerance = 0.2 if name == "leapfrog" else 1e-10
        assert abs(energy(name, end, velocity) - energy(name, w, v)) < tolerance
    assert distance > 0.5, "witness: it moved"


def frame(w):
    """Two unit vectors along the sphere at w."""
    a = np.cross(w, [1.0, 0.3, -0.2])
    return np.stack([a / np.linalg.norm(a), np.cross(w, a) / np.linalg.norm(np.cross(w, a))])


def volume(move, w, v, step=2e-3):
    """Determinant of the move on the four coordinates along the sphere of (w, v), by eighth-order differences."""
    weights = {1: 4 / 5, 2: -1 / 5, 3: 4 / 105, 4: -1 / 280}
    basis = frame(w)

    def end(direction, size):
        x = w + size * direction[:2] @ basis
        x = x * np.sqrt(3 / (x @ x))
        return np.concatenate(move(x, tangent(x, v + size * direction[2:] @ basis)))

    middle = move(w, v)[0]
    out = np.kron(np.eye(2), frame(middle))
    columns = []
    for direction in np.eye(4):
        slope = sum(c * (end(direction, k * step) - end(direction, -k * step)) for k, c in weights.items()) / step
        columns.append(out @ slope)
    return np.linalg.det(columns)


@pytest.mark.parametrize("name", NAMES)
def test_moves_keep_the_volume(name):
    move = moves(name)
    step = 2e-3 if name == "leapfrog" else 2e-4  # no other wall may be hit within a difference
    found = np.array([abs(volume(move, w, v, step)) for w, v in starts()])
    np.testing.assert_allclose(found, 1, atol=1e-10 if name == "leapfrog" else 1e-8)
    lossy = volume(lambda w, v: (lambda x, y: (x, 0.99 * y))(*move(w, v)), *next(starts()))
    assert abs(abs(lossy) - 1) > 1e-3, "witness: friction is seen"


@pytest.mark.parametrize("sampler", [HamiltonianMonteCarlo(steps=3), Langevin()])
def test_no_gradient_is_computed_twice(sampler):
    """One at every leapfrog step, and one where the first trajectory begins."""
    calls, V = [], POTENTIALS["logistic"]
    p = SphereProblem(XI, V.value, lambda u: calls.append(len(u)) or V.derivative(u))
    w, T, sweeps = walkers(p, uniform((1, 2, 3)), "cpu"), np.full((1, 2, 1), 0.1), 5
    state = sampler.begin(w.shape, T) | {"step": np.full(w.shape, 0.6)}
    keys, lanes = np.full((1, 1, 1), 5, np.uint64), np.arange(3, dtype=np.uint64)[None, None]
    calls.clear()  # those for the kernels' table
    sampler.run(w, state, T, keys, lanes, 1000, sweeps)
    assert 0 < state["acc_flips"].sum() < 6 * sweeps, "witness: taken and refused"
    assert len(calls) == 1 + sampler.steps * sweeps
    for here, fresh in zip(w.gradient(w.s), walkers(p, w.s, "cpu").gradient(w.s), strict=True):
        np.testing.assert_allclose(here, fresh, rtol=1e-12)
    np.testing.assert_allclose(w.energy, w.gradient(w.s)[0], rtol=1e-12)


def test_a_wall_shared_by_examples_is_crossed_for_all_of_them():
    """Two examples of opposite sign cancel: the flight is free; alike, the step is twice as high."""
    w, v = np.array([1.0, 1.0, 1.0]), np.array([-2.0, 1.0, 1.0])
    for second, crossing in ((-1.0, True), (1.0, False)):
        rows = np.array([[1.0, 0, 0], [2 * second, 0, 0]]) / np.sqrt(3)
        x, y, h, g = w.copy(), v.copy(), rows @ w, rows @ v
        crossed, hit = billiard.flight(True, rows, rows @ rows.T, x, y, h, g, 0.0, 1.8, 1.0, np.empty(2))
        assert hit == 1 and bool(crossed) == crossing
        np.testing.assert_allclose(rows @ x, h, atol=1e-12)
        assert abs(0.5 * y @ y - 3.0) < 1e-12


def spec_circles(p, w, T, key, lane, sweep, width):
    """GreatCircles by definition: the energy computed anew at every angle."""
    n = len(w)
    w = w.copy()
    word = words(key, Stream.SITES, sweep, lane, np.arange(n)).astype(np.int64)
    order = list(range(n))
    for i in range(n - 1, 0, -1):
        j = int(word[i]) * (i + 1) >> 32
        order[i], order[j] = order[j], order[i]

    def E(x):
        return p.value(p.xi[0] @ x / np.sqrt(n) - p.kappa).sum()

    for plane in range(n // 2):
        i, j = order[2 * plane], order[2 * plane + 1]
        draws = words(key, Stream.ACCEPT, sweep, lane, 128 * plane + np.arange(128))
        u = (draws + 0.5) / 2.0**32
        level = E(w) + T * exponential(draws[:1])[0]
        left = -width * u[1]
        right = left + width
        for k in range(2, 128):
            theta = left + (right - left) * u[k]
            x = w.copy()
            x[i], x[j] = (w[i] * np.cos(theta) - w[j] * np.sin(theta), w[i] * np.sin(theta) + w[j] * np.cos(theta))
            if E(x) <= level + 1e-12:
                w = x
                break
            left, right = (theta, right) if theta < 0 else (left, theta)
    return w


@pytest.mark.parametrize("kappa", [0.0, 0.5])
@pytest.mark.parametrize("name", [*POTENTIALS, "probit"])
def test_slice_moves_follow_their_definition(name, kappa):
    n, rng = 7, np.random.default_rng(4)
    p = problem("error", kappa, rng.normal(size=(1, 20, n)))
    V = POTENTIALS[name] if name in POTENTIALS else probit(0.7)
    p = type(p)(p.xi, V.value, V.derivative, kappa)
    start = uniform((1, 1, 5), n)
    for width in (2 * np.pi, 1.0):
        w = walkers(p, start, "cpu")
        for sweep in range(3):
            w.circles(np.array(0.7), np.array(3, np.uint64), np.arange(5, dtype=np.uint64), sweep, 1, width)
        for lane in range(5):
            x = start[0, 0, lane]
            for sweep in range(3):
                x = spec_circles(p, x, 0.7, 3, lane, sweep, width)
            np.testing.assert_allclose(w.s[0, 0, lane], x, atol=1e-6 if name in ("logistic", "probit") else 1e-10)


def circle_law(theta, weight, bracket, rng, moves=1):
    """Slice moves of angles on one circle with the given exp(-E/T) of a grid; `bracket` places the bracket."""
    cells = len(weight)
    for _ in range(moves):
        level = weight[(theta * cells).astype(int) % cells] * rng.random(theta.size)
        left = -bracket(rng.random(theta.size))
        right = left + bracket(1.0)
        done = np.zeros(theta.size, bool)
        new = theta.copy()
        while not done.all():
            step = left + (right - left) * rng.random(theta.size)
            there = (theta + step) % 1
            good = ~done & (weight[(there * cells).astype(int) % cells] >= level)
            new[good] = there[good]
            done |= good
            left, right = np.where(~done & (step < 0), step, left), np.where(~done & (step >= 0), step, right)
        theta = new
    return theta


@pytest.mark.parametrize(("bracket", "right"), [
    (lambda u: u * 1.0, True), (lambda u: 0.4 * u, True), (lambda u: 0.4 * (0.2 + 0 * u if np.ndim(u) else 1.0), False),
])  # fmt: skip
def test_a_bracket_must_be_placed_at_random(bracket, right):
    """The definition itself: started from its law on a circle of five steps, one move keeps it or does not."""
    rng = np.random.default_rng(8)
    weight = np.exp(-np.array([0.0, 2.0, 1.0, 3.0, 0.5]))
    pi, count = weight / weight.sum(), 200_000
    theta = (rng.choice(5, count, p=pi) + rng.random(count)) / 5
    found = np.bincount((circle_law(theta, weight, bracket, rng) * 5).astype(int), minlength=5) / count
    z = (found - pi) / np.sqrt(pi * (1 - pi) / count)
    assert (np.abs(z).max() < 4.5) == right, z


@pytest.mark.parametrize("T", [0.3, 1.0])
def test_one_move_keeps_the_law_on_a_circle(T):
    """N = 2: angles drawn from the exact law of the 0/1 error, one production move, the law again."""
    xi = np.array([[[1.0, 0.3], [-0.5, 1.2], [0.9, -1.0], [0.2, 0.8]]])
    cells, count = 4000, 200_000
    phi = (np.arange(cells) + 0.5) / cells * 2 * np.pi
    points = np.sqrt(2) * np.stack([np.cos(phi), np.sin(phi)], -1)
    pi = np.exp(-(points @ xi[0].T <= 0).sum(-1) / T)
    pi /= pi.sum()
    rng = np.random.default_rng(2)
    angle = (rng.choice(cells, count, p=pi) + rng.random(count)) / cells * 2 * np.pi
    start = np.sqrt(2) * np.stack([np.cos(angle), np.sin(angle)], -1)[None, None]
    expected = pi.reshape(20, -1).sum(1)
    for factor, kept in ((1.0, True), (1.2, False)):
        w = walkers(problem("error", xi=xi), start, "cpu")
        w.circles(np.array(T * factor), np.array(1, np.uint64), np.arange(count, dtype=np.uint64), 0, 1, 2 * np.pi)
        end = np.arctan2(w.s[0, 0, :, 1], w.s[0, 0, :, 0]) % (2 * np.pi)
        found = np.histogram(end, 20, (0, 2 * np.pi))[0] / count
        z = (found - expected) / np.sqrt(expected * (1 - expected) / count)
        assert (np.abs(z).max() < 4.5) == kept, z


def test_normals_are_normal():
    word = words(5, Stream.INIT, 0, np.arange(2)[:, None], np.arange(200_000))
    a, b = normal_pair(*word)
    radius, phi = np.sqrt(-2 * np.log((word[0] + 0.5) / 2**32)), 2 * np.pi * (word[1] + 0.5) / 2**32
    np.testing.assert_allclose(a, radius * np.cos(phi), atol=1e-12)
    np.testing.assert_allclose(b, radius * np.sin(phi), atol=1e-12)
    z = normals(5, Stream.INIT, 0, np.arange(100), 2001)
    moments = [(z**k).mean() for k in (1, 2, 3, 4)]
    np.testing.assert_allclose(moments, (0, 1, 0, 3), atol=0.08)


def test_points_are_on_the_sphere():
    w = uniform((2, 1, 3), 40)
    np.testing.assert_allclose((w * w).sum(-1), 40, rtol=1e-14)


@pytest.mark.parametrize(("potential", "tolerance"), [
    (POTENTIALS["logistic"], 2e-9), (probit(0.5), 2e-9), (Potential(np.cos), 1e-8),
    (Potential(np.cos, lambda u: -np.sin(u)), 2e-9),
])  # fmt: skip
def test_tables_are_accurate(potential, tolerance):
    from statmech.kernels.sphere_potential import kernel_potential

    p = type(problem("error"))(XI, potential.value, potential.derivative)
    u = np.random.default_rng(0).uniform(-9, 9, 20_000)
    found, V = kernel_potential(p, 9.0)(u), potential.value(u)
    assert (np.abs(found - V) <= tolerance * (1 + np.abs(V))).all()
