"""SK, p-spin and planted models against exact enumeration: tiny instances, identities, the Nishimori line, the grid."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from exact.tiny import Tiny, couplings, means, references
from scipy.special import ndtri

from statmech import SK, Ising, Planted, PSpin
from statmech.models.couplings import contract, sigma
from statmech.random import Stream, rows
from statmech.tuples import products

LIMIT = 3.0  # standard errors


@pytest.mark.parametrize("p", [2, 3])
def test_tiny_instances_have_their_reference_values(p):
    model, known = Tiny(p), references(p, {2: 10, 3: 9}[p])
    s = Ising().enumerate(model.n)
    E = -(products(s, p) @ couplings(p))
    assert contract(model.n, {p: couplings(p)[None]}, s[None, None])[0, 0] == pytest.approx(-E, abs=1e-12)
    assert E.min() == pytest.approx(known[0, "E"], abs=1e-12)
    assert np.isclose(E, E.min(), atol=1e-9).sum() == {2: 2, 3: 1}[p], "degeneracy"
    temperatures = {T for T, _ in known} - {0.0}
    for T in temperatures:
        for name, value in means(E, T, model.n).items():
            assert value == pytest.approx(known[T, name], abs=1e-10), (T, name)
    assert {0.5, 1.0, 2.0} <= temperatures and len(known) == 1 + 4 * len(temperatures)


@pytest.mark.parametrize("p", [2, 3])
def test_rounding_of_the_simulated_instance_is_far_below_its_errors(p):
    model, known = Tiny(p), references(p, {2: 10, 3: 9}[p])
    E = model.energy(model.disorder([0]), Ising().enumerate(model.n)[None, None])[0, 0]
    shift = {(T, k): v - known[T, k] for T in (0.5, 1.0, 2.0) for k, v in means(E, T, model.n).items()}
    assert max(map(abs, shift.values())) < 1e-3, shift


@cache
def drawn(model, D):
    return model.disorder(model.disorder_keys(tuple(range(D)), 3))


def exact(model, D, T, mutant=1.0):
    """Of D samples of a pair or dense model: e (D,), all <s_i s_j ..> over p indices (D, N^p), <s> (D, N)."""
    disorder, n, p = drawn(model, D), model.n, getattr(model, "p", 2)
    s = Ising().enumerate(n)
    J = disorder["J"] if "J" in disorder else disorder[f"J{p}"]
    if J.ndim == 3:
        J = J[:, *np.tril_indices(n, -1)]
    J = J * model.quantum
    E = -mutant * (J @ products(s, p).astype(float).T)
    w = np.exp(-(E - E.min(1, keepdims=True)) / T)
    w /= w.sum(1, keepdims=True)
    flat = s.astype(float)
    for _ in range(p - 1):
        flat = (flat[:, :, None] * s[:, None, :]).reshape(len(s), -1)
    return disorder, (w * E).sum(1) / n, w @ flat, w @ s, E


def z_score(residual):
    return residual.mean() / (residual.std(ddof=1) / np.sqrt(len(residual)))


IDENTITY = {  # model, samples, temperature
    "SK": (SK(8), 2000, 0.7),
    "SK, N = 12": (SK(12), 500, 1.0),
    "p = 2": (PSpin(8, p=2), 2000, 1.3),
    "p = 3": (PSpin(8, p=3), 3000, 0.8),
    "p = 3, N = 9": (PSpin(9, p=3), 2000, 0.5),
}


def identity(model, D, T, mutant=1.0):
    """e + (b/2) [..] sample by sample: its mean over the disorder is zero (integration by parts over Gaussian J)."""
    _, e, moments, spin, _ = exact(model, D, T, mutant=mutant)
    n, b = model.n, 1 / T
    if getattr(model, "p", 2) == 2:
        return e + b / 2 * (1 - (moments**2).mean(1))
    q, q3 = (spin**2).mean(1), (moments**2).mean(1)
    return e + b / 2 * ((1 - 1 / n) * (1 - 2 / n) - (q3 - 3 * q / n + 2 * q / n**2))


@pytest.mark.parametrize("name", IDENTITY)
def test_energy_is_given_by_the_overlaps_on_the_disorder_mean(name):
    model, D, T = IDENTITY[name]
    residual = identity(model, D, T)
    print(f"{name}: z = {z_score(residual):.2f}, one sample deviates by {residual.std():.3f}")
    assert abs(z_score(residual)) < LIMIT
    assert residual.std() > 0.05, "witness: it does not hold sample by sample"
    assert abs(z_score(identity(model, D, T, mutant=0.9))) > LIMIT + 2.33, "witness: couplings too weak by a tenth"


@pytest.mark.parametrize(("N", "T", "D"), [(2, 0.5, 4000), (3, 1.0, 4000)])
def test_sk_of_two_and_three_spins_by_quadrature(N, T, D):
    model = SK(N)
    _, e, _, _, E = exact(model, D, T)
    known = references(2, N)
    assert abs(z_score(e - known[T, "e"])) < LIMIT
    wide = exact(model, D, T, mutant=np.sqrt(N / (N - 1)))[1]
    assert abs(z_score(wide - known[T, "e"])) > LIMIT + 2.33, "witness: variance 1/(N - 1)"
    if N == 3:
        log = np.log(np.exp(-E / T).sum(1)) / N
        assert abs(z_score(log - known[T, "ln Z / N"])) < LIMIT


@pytest.mark.parametrize(("p", "J0"), [(2, 0.4), (2, 0.7), (3, 0.5), (3, 0.8)])
def test_nishimori_line(p, J0):
    """At T = 1/(2 J0), any N: <q^k> = <m^k> and e = -J0 prod(1 - k/N) on the disorder mean."""
    n, D = 8, 3000
    model = Planted(n, p=p, signal=J0)

    def residuals(T):
        disorder, e, moments, spin, _ = exact(model, D, T)
        t = disorder["signal"].astype(float)
        planted = t
        for _ in range(p - 1):
            planted = (planted[:, :, None] * t[:, None, :]).reshape(D, -1)
        q, m = (moments**2).mean(1), (moments * planted).mean(1)
        factor = np.prod([1 - k / n for k in range(p)])
        out = {"q^p = m^p": q - m, "e": e + J0 * factor}
        if p == 3:
            out["q = m"] = (spin**2).mean(1) - (spin * t).mean(1)
        return {name: z_score(r) for name, r in out.items()}

    z = residuals(1 / (2 * J0))
    print(z)
    assert max(map(abs, z.values())) < LIMIT, z
    away = residuals(0.8 / (2 * J0))
    assert abs(away["q^p = m^p"]) > LIMIT + 2.33 and abs(away["e"]) > LIMIT + 2.33, f"witness: colder, {away}"


@pytest.mark.parametrize("p", [2, 3])
def test_whole_number_couplings_change_nothing_that_can_be_seen(p):
    """Against float couplings from the same words: ground states, and e(T) within a fiftieth of its error."""
    n, D = 12, 200
    model = PSpin(n, p=p)
    keys = model.disorder_keys(tuple(range(D)), 3)
    count = model.disorder(keys[:1])[f"J{p}"].shape[1]
    J = sigma(n, p) * np.stack([ndtri(rows(key, Stream.DISORDER, [p], count)[0]) for key in keys])
    s = Ising().enumerate(n)
    table = products(s, p).astype(float).T
    whole = -(model.disorder(keys)[f"J{p}"] * model.quantum) @ table
    real = -J @ table
    same = whole.argmin(1) == real.argmin(1)
    if p == 2:  # or the reversed one
        same |= whole.argmin(1) == 2**n - 1 - real.argmin(1)
    gap = real[range(D), whole.argmin(1)] - real.min(1)
    print(f"p = {p}: {D - same.sum()} of {D} ground states differ, by at most {gap.max():.1e}")
    assert same.mean() >= 0.99 and gap.max() < 0.005, "another state only where two are as good as equal"
    shift = np.abs(whole.min(1) - real.min(1)).max() / n
    assert 0 < shift < 0.002
    for T in (0.4, 1.0):
        e = []
        for E in (whole, real):
            w = np.exp(-(E - E.min(1, keepdims=True)) / T)
            e.append((w * E).sum(1) / w.sum(1) / n)
        difference, error = np.abs((e[0] - e[1]).mean()), e[1].std() / np.sqrt(D)
        print(f"p = {p}, T = {T}: e differs by {difference:.1e}, its error over {D} samples is {error:.1e}")
        assert difference < 0.02 * error
    np.testing.assert_allclose(model.disorder(keys)[f"J{p}"] * model.quantum, J, atol=0.5001 * model.quantum)
