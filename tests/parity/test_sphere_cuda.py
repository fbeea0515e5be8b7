"""sphere.cu and billiard.cu, run by the shim, against the Numba kernels: the same decisions, equal to rounding."""

from __future__ import annotations

import math

import numpy as np
import pytest
from parity import cuda_shim, strict_cupy
from parity.cuda_shim import noticed
from parity.sphere_trajectories import (
    MOVES,
    SIZES,
    TASKS,
    WALLS,
    V,
    different,
    on_both,
    on_gpu,
    problem,
    run_task,
    start,
    walls,
)

from statmech import backend, random
from statmech.kernels import sphere_chains, sphere_cuda, walkers
from statmech.random import Stream
from statmech.spaces.sphere import normal_pair


@pytest.mark.parametrize("kappa", [0.0, -0.3])
@pytest.mark.parametrize(("n", "patterns"), SIZES)
@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("name", V)
def test_planes(shim, name, move, n, patterns, kappa):
    on_cpu, there = on_both(problem(name, n, patterns, kappa), move)
    assert different(on_cpu, there) == []
    kernel = name if name in ("error", "hinge", "quadratic") else "table"
    assert shim("sphere.cu").launches[-1][0] == f"sweep_planes_{kernel}"


@pytest.mark.parametrize("kind", WALLS)
def test_flights(shim, kind):
    on_cpu, there = on_both(walls(kind), "fly")
    assert different(on_cpu, there) == []
    assert there["looked 0"].sum() > 16  # walls were hit
    assert shim("billiard.cu").launches[-1][0] == "sweep_flights"


def test_the_trajectories_are_worth_comparing(shim):
    """Samples, temperatures, replicas, moves and pieces all differ: equality is not equality of constants."""
    runs = {move: on_gpu(problem("hinge", 33, 70), move) for move in MOVES}
    runs["fly"] = on_gpu(walls("many"), "fly")
    for run in runs.values():
        points = run["s 1"].reshape(-1, 33)
        assert len(np.unique(points, axis=0)) == len(points) == 16
        assert (abs(run["s 1"] - run["s 0"]) > 0.01).any(-1).all()
        np.testing.assert_allclose((points**2).sum(-1), 33, rtol=1e-13)
    rotated = runs["rotate"]["accepted 0"]
    assert (rotated[:, -1] == 2 * 16).all()  # T = infinity: every rotation is accepted
    assert (rotated[:, 0] < 2 * 16).all() and (rotated > 0).all()
    assert (runs["rotate"]["energy 0"][:, 0] < runs["rotate"]["energy"][:, 0]).all()  # T = 0: never uphill
    assert (runs["fly"]["accepted 0"][:, 1:] > 0).all()


@pytest.mark.parametrize(("n", "patterns"), [(2, 1), (33, 70), (5, 300)])
@pytest.mark.parametrize("name", V)
def test_fields_and_energies(shim, name, n, patterns):
    """Fields are summed over the coordinates in order: the CPU's bits; energies to rounding."""
    p, w = problem(name, n, patterns, 0.1), start(n)
    here, there = walkers(p, w, "cpu"), walkers(p, w, "gpu")
    assert isinstance(there, sphere_cuda.SphereWalkersGPU)
    assert np.array_equal(there.fields, here.fields)
    np.testing.assert_allclose(there.E, here.E, rtol=1e-13)


@pytest.mark.parametrize(("p", "move"), [
    (problem("hinge", 33, 70), "circles"), (problem("quadratic", 33, 70), "rotate"), (walls("many"), "fly"),
])  # fmt: skip
def test_memory_makes_no_difference(shim, monkeypatch, p, move):
    """All rows in shared memory, some of them, none."""
    source, shared = shim("billiard.cu" if move == "fly" else "sphere.cu"), set()
    runs = []
    for limit in (48 * 1024, 900, 300, 0):
        monkeypatch.setattr(source, "shared_limit", limit)
        runs.append(on_gpu(p, move))
        shared.add(source.launches[-1][1])
        assert source.launches[-1][1] <= limit
    assert len(shared) >= 3 and 0 in shared
    assert [different(runs[0], run, tolerance=0) for run in runs[1:]] == [[]] * 3


def test_rows_are_counted_by_one_rule():
    """The kernel is told the sum and not the limit: it must come to the same choice."""
    rng = np.random.default_rng(4)
    for _ in range(200):
        rows = [(int(size), bool(home)) for size, home in zip(rng.integers(0, 99, 5), rng.integers(0, 2, 5))]
        shared, workspace = sphere_cuda.memory(int(rng.integers(0, 300)), rows)
        assert sphere_cuda.memory(shared, rows) == (shared, workspace)
    assert sphere_cuda.memory(64, [(60, False), (30, True), (8, False)]) == (64, 16)


@pytest.mark.parametrize(("p", "move"), [
    (problem("error", 33, 70), "circles"), (problem("quadratic", 5, 3), "rotate"), (walls("shared"), "fly"),
])  # fmt: skip
def test_the_order_of_the_lanes_does_not_matter(shim, p, move):
    """No lane relies on another one having run first: the barriers are where they must be."""
    source = shim("billiard.cu" if move == "fly" else "sphere.cu")
    forwards = on_gpu(p, move)
    source.order(backwards=True)
    try:
        assert different(forwards, on_gpu(p, move), tolerance=0) == []
    finally:
        source.order(backwards=False)


@pytest.mark.parametrize(("name", "move"), [("hinge", "circles"), ("quadratic", "rotate"), ("error", "fly")])
def test_a_chain_knows_nothing_of_its_batch(shim, name, move):
    """One chain alone has the bits that it has among others."""
    p, w = problem(name, 9, 40), start(9)
    keys, lanes, T = np.full((2, 4, 2), 8, np.uint64), np.arange(16, dtype=np.uint64).reshape(2, 4, 2), np.array(0.7)
    together = walkers(p, w, "gpu")
    getattr(together, move)(T, keys, lanes, 5, 2, 1.0)
    part = type(p)(p.xi[1:], p.value, p.derivative, p.kappa)
    alone = walkers(part, w[1:, 2:3, 1:], "gpu")
    getattr(alone, move)(T, keys[1:, 2:3, 1:], lanes[1:, 2:3, 1:], 5, 2, 1.0)
    assert np.array_equal(alone.s[0, 0, 0], together.s[1, 2, 1])
    assert alone.energy[0, 0, 0] == together.energy[1, 2, 1]


def test_fields_are_resynchronised_alike(shim, monkeypatch):
    """The schedule is one for both devices, whatever the pieces; the error that was found is recorded."""
    monkeypatch.setattr(sphere_chains, "RESYNC", 4)
    on_cpu, there = on_both(problem("hinge", 9, 40), "circles", sweeps=(3, 7))
    assert different(on_cpu, there) == []
    for run in (on_cpu, there):
        assert (run["drift 0"] == 0).all() and (run["drift 1"] > 0).all() and (run["drift 1"] < 1e-13).all()


def test_refusals_name_what_works(shim):
    args = (np.array(1, np.uint64), np.array(0, np.uint64), 0, 1, 1.0)
    for name, T, says in (("hinge", 1.0, "0/1 error"), ("error", 0.0, "T > 0")):
        with pytest.raises(ValueError, match=rf"{says}.*GreatCircles"):
            walkers(problem(name, 5, 3), start(5), "gpu").fly(np.array(T), *args)
    with pytest.raises(ValueError, match="no derivative"):
        walkers(problem("error", 5, 3), start(5), "gpu").gradient(start(5))


@pytest.mark.parametrize("name", TASKS)
def test_a_whole_task(shim, monkeypatch, name):
    """Device "gpu" end to end, behind a wall that no array crosses unnoticed: the same state, resumed too."""
    on_cpu = run_task(name, "cpu", 16)
    strict_cupy.install(monkeypatch)
    there = run_task(name, "gpu", 6, 10)
    assert different(on_cpu, there) == []
    assert sum(values.sum() for key, values in there.items() if key.endswith("acc_flips")) > 0


ANGLES = """
extern "C" __global__ void angles(const double *theta, const double *y, const double *x, const u32 *words, double *out)
{
    const int k = 32 * blockIdx.x + threadIdx.x;
    const Turn t = turn_by(theta[k]), z = normal_pair(words[2 * k], words[2 * k + 1]);
    const double row[5] = {t.cos, t.sin, arc(y[k], x[k]), z.cos, z.sin};
    for (int e = 0; e < 5; ++e)
        out[5 * k + e] = row[e];
}
"""


def angles(old: str = "", new: str = "") -> np.ndarray:
    """Errors of cos, sin and arc, and of normal pairs, (4096, 5)."""
    text = backend.cuda_source("sphere.cuh") + ANGLES
    launcher = cuda_shim.ShimLauncher(cuda_shim.mutant(text, old, new) if old else text, ("angles",), "-O0")
    count = 4096
    theta = np.linspace(-2 * np.pi, 2 * np.pi, count)
    theta[:3] = (0.0, np.pi / 2, -np.pi)
    phi = np.linspace(0.0, np.pi / 2, count)
    y, x = 3.0 * np.sin(phi), 3.0 * np.cos(phi)
    x[1], y[2], x[3] = np.inf, 1e-300, 0.0
    words = random.words(8, Stream.SITES, 0, 0, np.arange(2 * count)).astype(np.uint32)
    words[:6] = (0, 0, 2**32 - 1, 2**32 - 1, 2**29, 2**31)
    out = np.empty((count, 5))
    launcher.launch("angles", count // 32, 32, (theta, y, x, words, out))
    exact = [[math.cos(a), math.sin(a), math.atan2(b, c)] for a, b, c in zip(theta, y, x)]
    z = normal_pair(words[0::2].astype(np.uint64), words[1::2].astype(np.uint64))
    return abs(out - np.column_stack([exact, *z]))


@pytest.mark.skipif(cuda_shim.SKIP is not None, reason=str(cuda_shim.SKIP))
def test_angles():
    """cos, sin and arctangent within two units in the last place of 1; normals with the bits of NumPy."""
    errors = angles()
    assert errors[:, :3].max() < 4.5e-16
    assert (errors[:, 3:] == 0).all()


@pytest.mark.parametrize(("old", "new", "column"), [
    ("REST = 6.07710050650619224932e-11", "REST = 0", 1), ("turn == 1 || turn == 2", "turn >= 2", 0),
    ("C15 = -1.0", "C15 = -2.0", 2), ("0.6435011087932844", "0.64350110879328", 2), ("1u << 29", "1u << 28", 3),
    ("S13 = 1.0", "S13 = 1.1", 4),
])  # fmt: skip
@pytest.mark.skipif(cuda_shim.SKIP is not None, reason=str(cuda_shim.SKIP))
def test_a_wrong_angle_is_noticed(old, new, column):
    assert angles(old, new)[:, column].max() > (4.5e-16 if column < 3 else 0)


PLANES = [
    ("circles", "error", "return u <= 0.0;", "return u <= 0.1;", "a threshold off the margin"),
    ("circles", "error", "if (dE <= level)", "if (dE < level)", "at T = 0 nothing may stay level"),
    ("circles", "error", "k < potential.count", "k + 1 < potential.count", "an example is not summed"),
    ("circles", "error", "u.c * u.c <= reach", "4 * u.c * u.c <= reach", "examples near their wall are left out"),
    ("circles", "error", "double right = left + width;", "double right = width;", "a bracket too wide"),
    ("circles", "error", "(theta < 0.0 ? left : right)", "(theta < 0.0 ? right : left)", "the wrong end shrinks"),
    ("circles", "error", "32 * p + threadIdx.x", "threadIdx.x", "every plane the same numbers"),
    ("circles", "error", "chain.lane, sweep, SITES", "chain.lane, 0, SITES", "every sweep the same planes"),
    ("circles", "error", "(u64)(i + 1)", "(u64)chain.n", "a biased order of the coordinates"),
    ("circles", "error", "(size_t)sample[c] * n * width, point", "(size_t)0, point", "examples of the first sample"),
    ("circles", "error", "di + xj[mu] * dj", "di - xj[mu] * dj", "fields turn the wrong way"),
    ("circles", "error", "give_back_row(w + c * n", "if (0) give_back_row(w + c * n", "points are not given back"),
    ("circles", "hinge", "first -= u.a;", "", "examples beyond the wall are left out"),
    ("circles", "hinge", "a * (t.cos - 1.0) + t.sin * b", "a * t.cos + t.sin * b", "E(0) is not taken off"),
    ("circles", "quadratic", "0.5 * (bb - aa)", "0.5 * (bb + aa)", "a sign in the second harmonic"),
    ("circles", "logistic", "p[1] + t *", "p[1] - t *", "a sign in the cubic"),
    ("rotate", "error", "uniform(word_of(words, 1)) - 1.0", "uniform(word_of(words, 1)) - 0.9", "a biased rotation"),
    ("rotate", "quadratic", "u) const { return 0.5 *", "u) const { return 0.6 *", "another energy"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("move", "name", "old", "new", "what"), PLANES, ids=[f"{row[1]}, {row[0]}: {row[4]}" for row in PLANES]
)
def test_a_mutant_is_noticed(mutated_shim, move, name, old, new, what):
    kind = "table" if name == "logistic" else name
    mutated_shim("sphere.cu", old, new, (f"sweep_planes_{kind}", f"synchronise_{kind}"))
    assert noticed(lambda: different(*on_both(problem(name, 9, 70), move, sweeps=(2,))))


FLIGHTS = [
    ("many", "key > first.key)", "key > first.key && mu % 7)", "walls without reflection"),
    ("many", "crossed = square > 0.0", "crossed = true", "no reflection"),
    ("many", "speed < 0.0 ? 1 : -1;", "speed < 0.0 ? -1 : 1;", "downhill for uphill"),
    ("many", "square += bounce", "bounce", "the speed is not what it was"),
    ("many", "left -= phi / omega", "left -= phi", "a clock of another speed"),
    ("many", "(along) / chain.n", "(along) / (chain.n + 1)", "a velocity off the sphere"),
    ("many", "d * patterns * patterns", "0 * d", "the Gram matrix of the first sample"),
    ("margin", "chain.kappa * chain.kappa / chain.n", "0.0", "a normal too long"),
    ("margin", "u * (h + kappa)", "u * h", "another wall"),
    ("shared", "jump += warp_sum(others);", "", "twins are not paid for"),
    ("shared at a margin", "< NEAR)", "< 0.0)", "twins are not found"),
]


@pytest.mark.parametrize(("kind", "old", "new", "what"), FLIGHTS, ids=[f"{row[0]}: {row[3]}" for row in FLIGHTS])
def test_a_mutant_flight_is_noticed(mutated_shim, kind, old, new, what):
    mutated_shim("billiard.cu", old, new)
    assert noticed(lambda: different(*on_both(walls(kind), "fly", sweeps=(2,))))
