"""One-parameter MBAR against pymbar on the same samples: +-J SK, N = 16, 24 temperatures x 10,000 samples, in one run.

    python benchmarks/mbar.py            (needs pymbar: pip install pymbar; 1 to 2 minutes)

Prints the processor time of both from the raw energies to ln Z, their ratio, the peak memory that each allocated, and
the largest difference of the 24 ln Z.  pymbar runs at its tightest tolerance.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable

import numpy as np

from statmech import SK, Ising
from statmech.stats.blocks import histogram
from statmech.stats.mbar import mbar

N, RUNGS, SAMPLES = 16, 24, 10_000


def energies() -> tuple[np.ndarray, np.ndarray, float]:
    """Temperatures, independent Boltzmann samples (rungs, samples), and the unit of the energy."""
    model = SK(N, couplings="binary")
    E = model.energy(model.disorder(model.disorder_keys((0,), 0)), Ising().enumerate(N)[None, None])[0, 0]
    T, rng = np.geomspace(0.2, 3.0, RUNGS), np.random.default_rng(0)
    rows = []
    for t in T:
        law = np.cumsum(np.exp(-(E - E.min()) / t))
        rows.append(E[np.searchsorted(law / law[-1], rng.random(SAMPLES))])
    return T, np.stack(rows), 2 * model.quantum


def ours(T: np.ndarray, E: np.ndarray, quantum: float) -> np.ndarray:
    return mbar(T, *histogram(E, quantum)).ln_z


def theirs(T: np.ndarray, E: np.ndarray, steps: int = 200) -> np.ndarray:
    from pymbar import MBAR

    protocol = ({"method": "adaptive", "tol": 1e-15, "options": {"maxiter": steps, "min_sc_iter": 1}},)
    found = MBAR(np.multiply.outer(1 / T, E.ravel()), np.full(len(T), E.shape[1]), solver_protocol=protocol)
    return found.f_k[-1] - found.f_k


def timed(run: Callable[[], np.ndarray]) -> tuple[float, np.ndarray]:
    """Seconds of processor time (others may use the machine), and the result."""
    begin = time.process_time()
    value = run()
    return time.process_time() - begin, value


def peak(run: Callable[[], np.ndarray]) -> float:
    """MiB allocated at the peak; watching costs time."""
    tracemalloc.start()
    run()
    most = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    return most


if __name__ == "__main__":
    T, E, quantum = energies()
    ours(T, E, quantum)  # imports
    rounds = [timed(lambda: ours(T, E, quantum)) for _ in range(9)]
    best, mine = min(rounds, key=lambda r: r[0])
    typical = float(np.median([r[0] for r in rounds]))
    print(f"+-J SK, N = {N}, {RUNGS} temperatures x {SAMPLES} samples, {len(np.unique(E.round(9)))} levels")
    memory = peak(lambda: ours(T, E, quantum)), peak(lambda: theirs(T, E, 2))
    print(f"  statmech {1e3 * typical:.2f} ms (median of 9; best {1e3 * best:.2f} ms), {memory[0]:.1f} MiB")
    slow, reference = timed(lambda: theirs(T, E))
    print(f"  pymbar   {slow:.1f} s, {memory[1]:.0f} MiB")
    print(f"  ratio {slow / typical:.0f}, largest difference {np.abs(mine - reference).max():.1e}")
