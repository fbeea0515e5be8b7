"""Specific heat, spin-glass susceptibility and Binder cumulant of a small system against exact enumeration."""

from __future__ import annotations

import numpy as np
import pytest

import statmech
from statmech import HeatBath, Ising, Pairs, Tempering

N, T = 8, (16.0, 30.0)
SAMPLERS = (HeatBath("random"), Tempering(HeatBath("random")))
SAMPLES, SWEEPS = 1500, 64


def model():
    J = np.triu(np.random.default_rng(3).integers(-8, 9, (N, N)), 1)
    return Pairs(J + J.T)


def exact():
    """c, N <q^2> and (3 - <q^4>/<q^2>^2)/2 at every T, from all 2^N configurations (pairs of them for q)."""
    pairs = model()
    s = Ising().enumerate(N)
    E = pairs.energy(pairs.disorder([0]), s[None, None])[0, 0]
    q = (s.astype(int) @ s.T) / N
    rows = []
    for t in T:
        p = np.exp(-(E - E.min()) / t)
        p /= p.sum()
        q2, q4 = p @ q**2 @ p, p @ q**4 @ p
        rows.append(((p @ E**2 - (p @ E) ** 2) / N / t**2, N * q2, (3 - q4 / q2**2) / 2))
    return dict(zip(("c", "chi_SG", "binder"), np.array(rows).T, strict=True))


@pytest.mark.parametrize("sampler", SAMPLERS, ids=lambda s: type(s).__name__)
def test_fluctuations_by_enumeration(sampler):
    """Averages of 1500 short runs: what is biased in one run stays biased here."""
    r = statmech.simulate(model(), T, sampler, SWEEPS, samples=SAMPLES, device="cpu")
    known = exact()
    for name, value in known.items():
        z = (r[f"{name}_mean"][:, 0] - value) / r[f"{name}_err"][:, 0]
        assert np.abs(z).max() < 4.2, (name, z)  # Bonferroni at 1e-3 over 2 samplers, 2 temperatures, 3 quantities
    naive = N * (r["e2"] - r["e"] ** 2).mean(1)[:, 0] / np.array(T) ** 2
    z = (naive - known["c"]) / r["c_err"][:, 0]
    assert z.min() < -4.2, f"witness: without its correction c is too small, {z}"
