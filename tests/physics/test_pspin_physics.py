"""The p = 3 Ising glass by simulation: paramagnetic energies, the identity with overlaps, times through T_d."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.stats import norm

from statmech import Metropolis, MonteCarlo, Planted, PSpin, Tempering
from statmech.stats.jackknife import jackknife
from statmech.theory.pspin import finite_size

WARM = (0.8, 0.9, 1.0, 1.15, 1.35, 1.6, 2.0)
POWER = 3 + norm.isf(0.01)


@cache
def run(n, T, sweeps, samples, sampler=None, block=16, **model):
    """Results (T, samples) of e, q, q2, q3."""
    parts = []
    for begin in range(0, samples, block):
        task = MonteCarlo(
            PSpin(n=n, **model), sampler or Tempering(Metropolis()), T=T, replicas=2, sweeps=sweeps, measure_every=4,
            disorder=tuple(range(begin, min(samples, begin + block))), seed=8, device="cpu",
        )  # fmt: skip
        r = task.results(task.advance(task.start(), sweeps))
        parts.append({k: r[k].data[:, :, 0] for k in ("e", "q", "q2", "q3")})
    return {k: np.concatenate([p[k] for p in parts], 1) for k in parts[0]}


@pytest.mark.parametrize("n", [64, pytest.param(128, marks=pytest.mark.slow)])
def test_paramagnetic_energy(n):
    """e = -(b/2) prod (1 - k/N) to 1 % at T >= 0.8; at N = 64 T >= 0.9: overlaps take 1.2(2) % at 0.8 (identity)."""
    r = run(n, WARM, 1024, 40, block=20)
    mean, error = jackknife(r["e"], axis=1)
    exact = -0.5 / np.array(WARM) * finite_size(3, n)
    print(f"N = {n}: e off by {(100 * (mean / exact - 1)).round(2)} %, errors {(100 * error / -mean).round(2)} %")
    near = np.array(WARM) >= (0.9 if n < 128 else 0.8)
    assert (np.abs(mean / exact - 1) <= 0.01)[near].all()
    assert (error <= 0.005 * np.abs(mean)).all()
    assert (np.abs(1.05 * mean / exact - 1) > 0.03)[near].all(), "mutant: T wrong by 5 %"
    assert (np.abs(-0.5 / np.array(WARM) / exact - 1) > 0.01).all(), "witness: without the factor it is off"


def identity(r, T, n):
    """z of e + (b/2)[(1-1/N)(1-2/N) - <q^3 - 3q/N + 2q/N^2>] over samples."""
    b = 1 / np.array(T)[:, None]
    rest = (1 - 1 / n) * (1 - 2 / n) - (r["q3"] - 3 * r["q"] / n + 2 * r["q"] / n**2)
    gap, error = jackknife(r["e"] + 0.5 * b * rest, axis=1)
    return gap / error


def test_energy_and_overlap_obey_their_identity_into_the_glass():
    T = (0.4, 0.5, 0.6, 0.7, 0.8, 1.0, 1.3, 2.0)
    r = run(12, T, 256, 400, block=200)
    z = identity(r, T, 12)
    print(f"N = 12, 400 samples: z = {z.round(1)}")
    assert np.abs(z).max() <= 3
    assert (np.abs(r["q3"]).mean(1)[0] > 0.2), "witness: the overlaps of the coldest matter"
    assert np.abs(identity(r, np.array(T) * 1.05, 12)).max() > POWER, "mutant: T wrong by 5 %"
    assert np.abs(identity(r | {"q": 0 * r["q"]}, T, 12)).max() > 3, "mutant: without the terms in 1/N"


def lifetime(n, T, sweeps, samples=16):
    """Sweeps until the equilibrium correlation with a planted configuration falls to 1/2."""
    task = MonteCarlo(
        Planted(n=n, p=3, signal=0.5 / T), Metropolis("random"), T=(T,), starts=("planted",), replicas=8,
        sweeps=sweeps, disorder=tuple(range(samples)), device="cpu",
    )  # fmt: skip
    r = task.results(task.advance(task.start(), sweeps))
    C = r["timeseries/m_abs"].data[0, :, 0].mean(0)
    below = np.flatnonzero(C < 0.5)
    return float(r["time"].data[below[0]]) if below.size else np.inf


@pytest.mark.slow
def test_states_live_longer_as_T_falls_through_T_d():
    """tau(N, T): at T = 0.84 independent of N, at 0.66 (T_d = 0.6816) it grows with N."""
    runs = {0.84: 512, 0.76: 1024, 0.7: 4096, 0.66: 16384}
    tau = {(n, T): lifetime(n, T, sweeps) for T, sweeps in runs.items() for n in (32, 128)}
    print("sweeps to C = 1/2 at (N, T):", tau)
    assert tau[128, 0.84] < 2 * tau[32, 0.84]
    assert tau[128, 0.66] > 2 * tau[32, 0.66]
    assert tau[128, 0.84] < tau[128, 0.76] < tau[128, 0.7] < tau[128, 0.66]
    assert tau[128, 0.66] > 20 * tau[128, 0.84]


def test_diluted_models_approach_the_dense_one():
    """e(T = 1) at connectivity c against -(b/2)(1-1/N)(1-2/N): the high-temperature series adds terms in 1/c."""
    dense = -0.5 * finite_size(3, 64)
    off = [run(64, (1.0, 1.5, 2.0, 3.0), 256, 16, connectivity=c)["e"][0].mean() - dense for c in (6.0, 60.0)]
    print("e(T = 1) off the dense value at c = 6, 60:", np.round(off, 4))
    assert abs(off[1]) < 0.02 < abs(off[0])
