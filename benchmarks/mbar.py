"""One-parameter MBAR against pymbar on the same samples: +-J SK, N = 16, 24 temperatures x 10,000 samples, in one run.

    pip install pymbar
    python benchmarks/mbar.py            (1 to 2 minutes)

Printed: the processor time of both from the raw energies to ln Z (ours the median of nine, and the best), the peak
memory that each allocated, the time in units of ours, and the largest difference of the 24 ln Z from ours.  pymbar runs
at its tightest tolerance.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
from _report import Report, installed, parser
from _threads import clock, process

from statmech import SK, Ising
from statmech.stats.blocks import histogram
from statmech.stats.mbar import mbar

SIZE, TOY = (16, 24, 10_000), (6, 4, 100)  # spins, temperatures, samples of each


def energies(n: int, rungs: int, samples: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Temperatures, independent Boltzmann samples (rungs, samples), and the unit of the energy."""
    model = SK(n, couplings="binary")
    E = model.energy(model.disorder(model.disorder_keys((0,), 0)), Ising().enumerate(n)[None, None])[0, 0]
    T, rng = np.geomspace(0.2, 3.0, rungs), np.random.default_rng(0)
    rows = []
    for t in T:
        law = np.cumsum(np.exp(-(E - E.min()) / t))
        rows.append(E[np.searchsorted(law / law[-1], rng.random(samples))])
    return T, np.stack(rows), 2 * model.quantum


def ours(T: np.ndarray, E: np.ndarray, quantum: float) -> np.ndarray:
    return mbar(T, *histogram(E, quantum)).ln_z


def theirs(T: np.ndarray, E: np.ndarray, steps: int = 200) -> np.ndarray:
    from pymbar import MBAR

    protocol = ({"method": "adaptive", "tol": 1e-15, "options": {"maxiter": steps, "min_sc_iter": 1}},)
    found = MBAR(np.multiply.outer(1 / T, E.ravel()), np.full(len(T), E.shape[1]), solver_protocol=protocol)
    return found.f_k[-1] - found.f_k


def timed(run: Callable[[], np.ndarray]) -> tuple[float, np.ndarray]:
    """Seconds, and the result."""
    begin = clock()
    value = run()
    return clock() - begin, value


def peak(run: Callable[[], np.ndarray]) -> float:
    """MiB allocated at the peak; watching costs time."""
    tracemalloc.start()
    run()
    most = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    return most


def rows(size: tuple[int, int, int], pymbar: bool) -> tuple[int, list[tuple[float, ...]]]:
    """Number of levels; ms, best ms, MiB, time in units of ours and largest difference, of ours and of pymbar."""
    T, E, quantum = energies(*size)
    ours(T, E, quantum)  # imports
    rounds = [timed(lambda: ours(T, E, quantum)) for _ in range(9)]
    best, mine = min(rounds, key=lambda r: r[0])
    typical = float(np.median([r[0] for r in rounds]))
    out = [(1e3 * typical, 1e3 * best, peak(lambda: ours(T, E, quantum)), 1.0, np.nan)]
    if pymbar:
        memory = peak(lambda: theirs(T, E, 2))
        slow, reference = timed(lambda: theirs(T, E))
        out.append((1e3 * slow, np.nan, memory, slow / typical, np.abs(mine - reference).max()))
    return len(np.unique(E.round(9))), out


def main() -> None:
    """Print and store the table."""
    options = parser(__doc__).parse_args()
    size = TOY if options.smoke else SIZE
    with Report(__file__, __doc__, options) as report, process(1) as call:
        names = ["statmech", *(["pymbar"] if report.has("pymbar") else [])]
        levels, found = call(rows, size, len(names) > 1)
        table = report.table(
            f"+-J SK, N = {size[0]}, {size[1]} temperatures x {size[2]} samples, {levels} levels, one thread",
            {"code": "", "ms": ".2f", "best ms": ".2f", "MiB": ".1f", "time / ours": ".0f",
             "largest difference": ".1e"},
        )  # fmt: skip
        for name, row in zip(names, found):
            table(f"{name} {installed(name) or ''}", *row)


if __name__ == "__main__":
    main()
