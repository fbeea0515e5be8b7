"""The kernels on the GPU against the device's own ceilings and against the CPU of the same machine.

    python benchmarks/gpu.py            (three minutes, most of it on the CPU; needs a GPU)

Ceilings are measured first: a matrix product from half to single precision, one in single precision, a copy in device
memory.  Then attempted updates per second, sequential Metropolis, temperatures spread over the chains; the first chains
are compared with those of the CPU, which must be the same bit for bit.  The floor of an update is

    pairs             2 N operations at the rate of the product in half precision: J against all spins
    p = 3             2 N^2 operations for every accepted flip, at the same rate
    fields            4 P bytes, the P fields and the column of a spin, at the rate of the copy
    0/1 error         3 P / 8 bytes: two edges and the signs of a spin as bits

`of the ceiling` is the floor over the time; fields and bits come from caches, so theirs may pass 1.  The CPU runs on
all its threads, with chains enough for them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numba
import numpy as np
from _report import Report, parser

from statmech import SK, Hopfield, Metropolis, Perceptron, PSpin, Tempering, backend
from statmech.kernels import walkers
from statmech.problems import PairProblem
from statmech.samplers.run import Run, prepared

RUNGS, SECONDS = 16, 1.0
HOW = "metropolis", "sequential"


class Case(NamedTuple):
    """A problem, its temperatures, how many replicas of each on the GPU and on the CPU, and the floor of an update."""

    name: str
    n: int
    problem: Callable[[], Any]
    T: np.ndarray
    replicas: tuple[int, ...]
    on_cpu: int  # replicas there; 0: not measured
    operations: float = 0.0  # per update, in half precision
    per_flip: float = 0.0  # per accepted flip
    bytes: float = 0.0


def of(model: Any) -> Callable[[], Any]:
    """The problem of one disorder sample."""
    return lambda: model.problem(model.disorder(model.disorder_keys((0,), 0)))


def large(n: int) -> Callable[[], PairProblem]:
    """Gaussian couplings on the grid of SK, drawn in seconds where SK itself would take minutes."""

    def draw() -> PairProblem:
        J = np.random.default_rng(n).standard_normal((n, n), np.float32) * 256
        J = np.triu(np.clip(np.rint(J, out=J), -2047, 2047, out=J).astype(np.int16), 1)
        return PairProblem((J + J.T)[None], np.zeros((1, n), np.int16), 1 / (256 * np.sqrt(n)))

    return draw


def cases(smoke: bool) -> list[Case]:
    """What is measured."""
    glass, retrieval = 1 / np.linspace(0.1, 3, RUNGS), np.linspace(0.2, 1.2, RUNGS)
    students, dense = np.linspace(0.5, 2, RUNGS), np.linspace(0.4, 1.2, RUNGS)
    if smoke:
        return [Case("SK", 64, of(SK(n=64)), glass, (4,), 1, 128)]
    out = [Case("SK", 1024, of(SK(n=1024)), glass, (16, 64, 264, 1056, 4224), 16, 2 * 1024)]
    out += [Case("pairs", n, large(n), glass, (k,), cpu, 2 * n) for n, k, cpu in ((4096, 2112, 8), (16384, 1056, 0))]
    for form, P in (("pair", 0), ("pattern", 200)):
        model = Hopfield(n=2000, alpha=0.1, form=form)
        floor = {"bytes": 4 * P} if P else {"operations": 2 * 2000}
        out.append(Case(f"Hopfield, alpha = 0.1, {form} form", 2000, of(model), retrieval, (1056,), 16, **floor))
    for potential, size in (("error", 3 / 8), ("hinge", 4)):
        model = Perceptron(n=1001, alpha=4.0, r=0.2, potential=potential)
        floor = {"bytes": size * 4004}
        out.append(Case(f"perceptron, alpha = 4, {potential}", 1001, of(model), students, (256, 1056), 16, **floor))
    return [*out, Case("p = 3", 256, of(PSpin(n=256, p=3)), dense, (64, 264), 8, per_flip=2 * 256**2)]


def chains(replicas: int) -> tuple[np.ndarray, np.ndarray]:
    """Keys and lanes: a chain is the same in every number of replicas."""
    keys = np.arange(RUNGS, dtype=np.uint64)[None, :, None]
    return keys, np.arange(replicas, dtype=np.uint64)[None, None, :]


def start(n: int, replicas: int) -> np.ndarray:
    """Random configurations, replica by replica."""
    bits = [np.random.default_rng(k).integers(0, 2, (RUNGS, n), np.int8) for k in range(replicas)]
    return 2 * np.stack(bits, 1)[None] - 1


def speed(problem: Any, case: Case, replicas: int, device: str, least: float) -> tuple[float, float, np.ndarray]:
    """(updates per second, accepted share, energies after three sweeps)."""
    w, T = walkers(problem, start(case.n, replicas), device), case.T[None, :, None]
    w.sweep(T, *chains(replicas), 0, 3, *HOW)  # compiles
    energy, done, best, sweeps = w.energy, 3, np.inf, 1
    w.sweep(T, *chains(replicas), done, 17, *HOW)  # leaves the random start
    done += 17
    begin = time.perf_counter()
    while time.perf_counter() - begin < least or best == np.inf:
        before = time.perf_counter()
        accepted = w.sweep(T, *chains(replicas), done, sweeps, *HOW)  # reads the counts: the device has finished
        spent, done = time.perf_counter() - before, done + sweeps
        best, share = min(best, spent / sweeps), accepted.mean() / (sweeps * case.n)
        sweeps = max(1, min(1024, int(least / 8 / best)))
    return case.n * RUNGS * replicas / best, share, energy


class Ceilings(NamedTuple):
    """Operations and bytes per second."""

    half: float
    single: float
    copy: float


def ceilings(n: int) -> Ceilings:
    """Best of ten: matrix products (n, n), and a copy of as many numbers, bytes read and written."""
    J = backend.to_device(np.random.default_rng(0).integers(-2047, 2048, (1, n, n)).astype(np.float16))
    xp = backend.namespace(J)
    out, a = xp.empty((1, n, n), np.float32), J[0].astype(np.float32)
    S = xp.where(J > 0, 1, -1).astype(np.float16)
    product, copy = backend.half_products(J, S, out), xp.empty((16, n, n), np.float32)
    there = xp.empty_like(copy)

    def least(work: Callable[[], Any]) -> float:
        work()
        times = []
        for _ in range(10):
            xp.cuda.Device().synchronize()
            begin = time.perf_counter()
            work()
            xp.cuda.Device().synchronize()
            times.append(time.perf_counter() - begin)
        return min(times)

    operations = 2 * n**3
    bandwidth = 2 * copy.nbytes / least(lambda: xp.copyto(there, copy))
    return Ceilings(operations / least(product), operations / least(lambda: a @ a), bandwidth)


def kernels(report: Report, top: Ceilings, smoke: bool) -> None:
    """Updates per second of every case."""
    columns = {"model": "", "N": "d", "chains": "d", "accepted": ".3f", "updates/s": ".2e", "of the ceiling": ".2f",
               "CPU updates/s": ".2e", "ratio": ".0f"}  # fmt: skip
    table = report.table(f"sequential Metropolis; CPU: {numba.get_num_threads()} threads", columns)
    for case in cases(smoke):
        problem, cpu, there = case.problem(), np.nan, None
        if case.on_cpu:
            cpu, _, there = speed(problem, case, case.on_cpu, "cpu", 1e-3 if smoke else SECONDS)
        for replicas in case.replicas:
            rate, share, energy = speed(problem, case, replicas, "gpu", 1e-3 if smoke else SECONDS)
            common = min(replicas, case.on_cpu)
            if there is not None and not np.array_equal(there[..., :common], energy[..., :common]):
                raise SystemExit(f"{case.name}, N = {case.n}: the GPU's chains are not those of the CPU")
            floor = (case.operations + share * case.per_flip) / top.half + case.bytes / top.copy
            table(case.name, case.n, RUNGS * replicas, share, rate, floor * rate, cpu, rate / cpu)


def tempering(report: Report, smoke: bool) -> None:
    """What exchange costs: on the device, and by way of the host."""
    columns = {"samples": "d", "chains": "d", "sweeps alone": ".0f", "exchange there": ".0f", "by the host": ".0f"}
    table = report.table(f"SK, {RUNGS} rungs, exchange after every sweep: us per sweep", columns)
    model, T, sampler = SK(n=64 if smoke else 1024), np.linspace(0.4, 1.6, RUNGS), Tempering(Metropolis())
    for samples, replicas in ((2, 2),) if smoke else ((1, 4), (16, 4), (64, 4), (4, 256)):
        disorder = model.disorder(model.disorder_keys(tuple(range(samples)), 0))
        keys = np.arange(samples, dtype=np.uint64)[:, None, None]
        lanes = np.arange(RUNGS * replicas, dtype=np.uint64).reshape(1, RUNGS, replicas)
        w = walkers(model.problem(disorder), np.repeat(start(model.n, replicas), samples, 0), "gpu")
        state = sampler.begin(w.shape, T)
        arguments = sampler, w, state, T[None, :, None], keys, lanes

        def each(work: Callable[[int], None], sweeps: int) -> float:
            work(2)
            begin = time.perf_counter()
            work(sweeps)
            return (time.perf_counter() - begin) / sweeps * 1e6

        def there(n: int, arguments: tuple = arguments) -> None:
            run = prepared(*arguments)
            run.sweep(0, n)
            run.close()

        alone = each(lambda n, w=w, keys=keys, lanes=lanes: w.sweep(T[None, :, None], keys, lanes, 0, n, *HOW), 200)
        exchanged = each(there, 200)
        by_host = each(lambda n, arguments=arguments: Run(*arguments).sweep(0, n), 50)
        table(samples, w.spins.shape[0], alone, exchanged, by_host)


def main() -> None:
    """Print and store the tables."""
    options = parser(__doc__).parse_args()
    with Report(__file__, __doc__, options) as report:
        problem = backend.gpu_problem()
        if problem:
            report.note(f"nothing measured: {problem}")
            return
        top = ceilings(256 if options.smoke else 8192)
        about = {"device": "", "half to single Tflop/s": ".0f", "single Tflop/s": ".0f", "copy TB/s": ".2f"}
        report.table("ceilings", about)(backend.describe()["gpu"], *(x / 1e12 for x in top))
        kernels(report, top, options.smoke)
        tempering(report, options.smoke)


if __name__ == "__main__":
    main()
