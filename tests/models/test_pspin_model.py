"""The p-spin model: couplings of every kind, their variance, diluted terms, memory."""

from __future__ import annotations

from itertools import combinations
from math import comb, prod

import numpy as np
import pytest
from scipy.stats import chi2

from statmech import PSpin
from statmech.kernels import walkers
from statmech.models import couplings as draws

N = 9
MODELS = {
    "p2": PSpin(N, p=2),
    "p3": PSpin(N),
    "p4": PSpin(N, p=4),
    "p5": PSpin(N, p=5),
    "binary": PSpin(N, couplings="binary"),
    "2+3": PSpin(N, p={2: 1.0, 3: 0.5}),
    "2+4": PSpin(N, p={4: 2.0, 2: 1.0}, couplings="binary"),
    "3+4": PSpin(N, p={3: 0.5, 4: 0.5}),
    "diluted": PSpin(N, connectivity=4.0),
    "diluted 2+4": PSpin(N, p={2: 1.0, 4: 1.0}, connectivity=3, couplings="binary"),
    "sphere": PSpin(N, p=3, spins="spherical"),
    "sphere 2": PSpin(N, p=2, spins="spherical"),
    "sphere 2+3": PSpin(N, p={2: 1.0, 3: 1.0}, spins="spherical"),
}
FAMILIES = {"p2": "pairs", "diluted": "diluted", "diluted 2+4": "diluted"}


def terms(model, disorder, d):
    """(sites, J) of every term of sample d, in plain loops."""
    for p in model.strengths:
        if model.connectivity is None:
            sites = sorted(combinations(range(model.n), p), key=lambda t: t[::-1])
        else:
            sites = disorder[f"sites{p}"][d].tolist()
        assert len(sites) == disorder[f"J{p}"].shape[1]
        yield from zip(sites, disorder[f"J{p}"][d] * (model.quantum or 1.0), strict=True)


@pytest.mark.parametrize("name", MODELS)
def test_energy_by_definition(name):
    model = MODELS[name]
    disorder = model.disorder(model.disorder_keys((0, 1), 1))
    rng = np.random.default_rng(0)
    if model.spins == "ising":
        s = rng.choice(np.array([-1, 1], np.int8), (2, 2, 3, N))
    else:
        s = model.space.project(rng.normal(size=(2, 2, 3, N)))
    direct = np.zeros(s.shape[:3])
    for d in range(2):
        for sites, J in terms(model, disorder, d):
            direct[d] -= J * s[d][..., list(sites)].prod(-1)
    np.testing.assert_allclose(model.energy(disorder, s), direct, atol=1e-12)
    problem = model.problem(disorder)
    assert problem.family == FAMILIES.get(name, "tensor" if model.spins == "ising" else "sphere tensor")
    np.testing.assert_allclose(walkers(problem, s, "cpu").energy, direct, atol=1e-11)
    wrong = {k: np.roll(v, 1, -1) if k.startswith("J") else v for k, v in disorder.items()}
    assert np.abs(model.energy(wrong, s) - direct).max() > 0.1, "witness: the order of the couplings matters"


@pytest.mark.parametrize("name", MODELS)
def test_variance_of_the_energy(name):
    """Var H at any Ising configuration is the sum of J^2: (N/2) sum_p g_p prod(1 - k/N); diluted (N/2) sum_p g_p."""
    model, D = MODELS[name], 400
    disorder = model.disorder(model.disorder_keys(tuple(range(D)), 1))
    square = sum(((disorder[f"J{p}"] * (model.quantum or 1.0)) ** 2).sum(1) for p in model.strengths)
    if model.connectivity is None:
        expected = N / 2 * sum(g * prod(1 - k / N for k in range(p)) for p, g in model.strengths.items())
    else:  # whole numbers of terms
        c = model.connectivity
        expected = sum(g * draws.sigma(N, p, c) ** 2 * round(c * N / p) for p, g in model.strengths.items())
        assert expected == pytest.approx(N / 2 * sum(model.strengths.values()), rel=0.1)
    if model.couplings == "binary":
        np.testing.assert_allclose(square, expected, rtol=1e-3)
        return
    error = square.std() / np.sqrt(D)
    assert abs(square.mean() - expected) < 3.5 * error
    assert abs(0.9 * square.mean() - expected) > 3.5 * error, "witness"


@pytest.mark.parametrize(("kind", "n", "strengths"), [
    ("gaussian", 64, {2: 1.0, 3: 0.5}), ("gaussian", 256, {2: 1.0, 4: 1.0}), ("gaussian", 100, {3: 2.0, 4: 0.1}),
    ("binary", 64, {2: 1.0, 3: 0.5}), ("binary", 256, {2: 1.0, 4: 1.0}), ("binary", 100, {2: 1.0, 3: 0.3, 4: 0.1}),
])  # fmt: skip
def test_a_mixture_has_one_quantum_and_the_right_strengths(kind, n, strengths):
    sigmas = {p: np.sqrt(g) * draws.sigma(n, p) for p, g in strengths.items()}
    quantum, grids = draws.grids(sigmas, kind)
    largest = (8 if kind == "gaussian" else 1) * max(grids.values())
    assert largest <= 32767 * (1 + 1e-9) and min(grids.values()) <= 256 * (1 + 1e-9)
    for p, grid in grids.items():
        error = abs(grid * quantum / sigmas[p] - 1)
        if kind == "gaussian":
            assert error < 1e-12 and 1 / (12 * grid**2) < 3e-5, "variance of the rounding"
        else:
            assert error < 1e-3 and isinstance(grid, int)


def test_samples_share_their_numbers():
    base = PSpin(N)
    keys = base.disorder_keys((0, 1), 5)
    J3 = base.disorder(keys)["J3"]
    for other in (MODELS["2+3"], MODELS["diluted"], MODELS["sphere"], MODELS["binary"]):
        assert other.disorder_keys((0, 1), 5) == keys
    np.testing.assert_allclose(MODELS["sphere"].disorder(keys)["J3"], J3 * base.quantum, rtol=1e-14)
    assert (np.sign(MODELS["binary"].disorder(keys)["J3"]) * J3 >= 0).all()
    diluted = MODELS["diluted"].disorder(keys)["J3"]
    np.testing.assert_array_equal(diluted, J3[:, : diluted.shape[1]])
    assert abs(np.corrcoef(J3.ravel()[:72], PSpin(N, p=2).disorder(keys)["J2"].ravel())[0, 1]) < 0.4
    assert PSpin(N, p={3: 1.0}).p == 3 and PSpin(N, p={4: 1, 2: 2}).p == {2: 2.0, 4: 1.0}
    assert PSpin(N, p={4: 1, 2: 2}).parameters()["p"] == PSpin(N, p={2: 2.0, 4: 1.0}).parameters()["p"]


@pytest.mark.parametrize("p", [2, 3, 5])
def test_diluted_terms_are_different_and_uniform(p):
    n, count, keys = 8, 20, range(1, 401)
    all_sites = [draws.draw_sites(key, n, p, count) for key in keys]
    places = {t: i for i, t in enumerate(combinations(range(n), p))}
    hits = np.zeros(len(places))
    for sites in all_sites:
        assert (np.diff(sites) > 0).all()
        found = [places[tuple(t)] for t in sites.tolist()]
        assert len(set(found)) == count
        hits[found] += 1
    share = count / len(places)

    def chance(hits):
        """Is the spread of the counts that of a uniform choice?"""
        statistic = ((hits - 400 * share) ** 2).sum() / (400 * share * (1 - share)) * (1 - 1 / len(places))
        return chi2.ppf(5e-4, len(places) - 1) < statistic < chi2.ppf(1 - 5e-4, len(places) - 1)

    assert chance(hits)
    assert not chance(hits * np.where(np.arange(len(hits)) % 2, 0.8, 1.2)), "witness: some tuples more often"
    np.testing.assert_array_equal(draws.draw_sites(1, n, p, 7), all_sites[0][:7], err_msg="fewer are the first")


def test_the_largest_connectivity_is_the_dense_model():
    model = PSpin(N, p=3, connectivity=comb(N - 1, 2))
    disorder = model.disorder(model.disorder_keys((0,), 0))
    assert sorted(map(tuple, disorder["sites3"][0].tolist())) == list(combinations(range(N), 3))


def test_couplings_that_do_not_fit_are_refused_before_anything_is_drawn(monkeypatch):
    monkeypatch.setattr(draws, "host_memory", lambda: 10**6)
    monkeypatch.setattr(draws, "draw", lambda *_: pytest.fail("drawn"))
    says = r"n = 200: .*p = 3; samples: 2. need 0.0383 GiB.* take n <= 58, diluted couplings .connectivity=. or"
    with pytest.raises(MemoryError, match=says):
        PSpin(200, p=3).disorder([1, 2])
    with pytest.raises(MemoryError, match=r"p = 3; .*take n <= 73 or fewer samples"):
        PSpin(200, p=3, spins="spherical").disorder([1, 2])
    monkeypatch.undo()
    assert 4 * comb(115, 3) <= 10**6 < 4 * comb(116, 3)
    assert 16 * comb(73, 3) <= 10**6 < 16 * comb(74, 3)
