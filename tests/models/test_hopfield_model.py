"""The Hopfield model: couplings, observables, starts, and the two learning rules."""

from __future__ import annotations

import numpy as np
import pytest

from statmech import Hopfield, MonteCarlo, Quench, RandomPatterns
from statmech.kernels import walkers
from statmech.models.hopfield import hebb, projector

FORMS = {"auto": None, "pair": "pairs", "pattern": "fields"}


def drawn(model, samples=2, shape=(3, 4), seed=0):
    disorder = model.disorder(model.disorder_keys(tuple(range(samples)), 1))
    s = np.random.default_rng(seed).choice(np.array([-1, 1], np.int8), (samples, *shape, model.n))
    return disorder, s


def starts(model, name, replicas=50, samples=2):
    disorder = model.disorder(model.disorder_keys(tuple(range(samples)), 1))
    keys = np.arange(samples, dtype=np.uint64)[:, None, None] + np.uint64(9)
    return disorder, model.start(name, disorder, keys, np.arange(replicas, dtype=np.uint64)[None, None])


def test_hebb_couplings_and_energy_by_definition():
    model = Hopfield(n=17, alpha=5 / 17)
    disorder, s = drawn(model)
    xi = disorder["xi"].astype(int)
    J = np.zeros((2, 17, 17))
    for d in range(2):
        for i in range(17):
            for j in range(17):
                J[d, i, j] = (i != j) * (xi[d, :, i] * xi[d, :, j]).sum() / 17
    np.testing.assert_array_equal(hebb(disorder["xi"]), np.rint(17 * J))
    direct = -0.5 * np.einsum("dtki,dij,dtkj->dtk", s, J, s)
    np.testing.assert_allclose(model.energy(disorder, s), direct, atol=1e-12)
    for form in ("pair", "pattern"):
        problem = Hopfield(n=17, alpha=5 / 17, form=form).problem(disorder)
        assert problem.family == FORMS[form]
        np.testing.assert_allclose(walkers(problem, s, "cpu").energy, direct, atol=1e-12)


def test_form_auto_is_one_of_the_two():
    families = {n: Hopfield(n=n, alpha=0.1).problem(drawn(Hopfield(n=n, alpha=0.1))[0]).family for n in (20, 2000)}
    assert families == {20: "pairs", 2000: "fields"}


@pytest.mark.parametrize("P", [1, 2, 3, 7])
def test_observables_by_direct_computation(P):
    model = Hopfield(n=30, alpha=P / 30)
    disorder, s = drawn(model)
    out = model.observe(disorder, s)
    for d in range(2):
        for t in range(3):
            for k in range(4):
                m = np.array([(disorder["xi"][d, mu].astype(int) * s[d, t, k]).sum() / 30 for mu in range(P)])
                got = {name: value[d, t, k] for name, value in out.items()}
                assert got["m"] == m[0] and got["m_abs"] == abs(m[0]) and got["m_max"] == np.abs(m).max()
                assert got["r"] == pytest.approx((m[1:] ** 2).sum() * 30 / P, abs=1e-14)
                if P >= 3:
                    assert got["m_3"] == np.sort(np.abs(m))[-3]
    assert ("m_3" in out) == (P >= 3)
    assert len({value.tobytes() for value in out.values()}) == (5 if P > 2 else 4 if P == 2 else 3)


def test_task_records_the_observables_of_the_chain():
    model = Hopfield(n=30, alpha=0.2)
    task = MonteCarlo(model, T=(0.4, 0.9), replicas=4, sweeps=8, disorder=(0, 1), device="cpu")
    state = task.start()
    disorder = model.disorder(model.disorder_keys((0, 1), 0))
    for sweep in range(8):
        state = task.advance(state, 1)
        s = state["random/s"]
        expected = {"e": model.energy(disorder, s) / 30, **model.observe(disorder, s)}
        expected["e2"] = expected["e"] ** 2
        for row, name in enumerate(task._meter.chain_observables):
            np.testing.assert_allclose(state["random/chain"][row, ..., sweep], expected[name], atol=1e-13)
        q = (s[:, :, 0::2].astype(int) * s[:, :, 1::2]).sum(-1) / 30
        for row, value in enumerate((q, np.abs(q), q**2, q**3, q**4)):
            np.testing.assert_allclose(state["random/pair"][row, ..., sweep], value, atol=1e-15)


def test_starts_on_a_pattern_and_their_noise():
    model = Hopfield(n=400, alpha=0.02)
    disorder, clean = starts(model, "pattern")
    xi = disorder["xi"][:, None, None, 0]
    np.testing.assert_array_equal(clean, np.broadcast_to(xi, clean.shape))
    for share in (0.1, 0.5):
        _, noisy = starts(model, f"pattern:{share}")
        reversed_ = (noisy != clean).mean()
        assert abs(reversed_ - share) < 4 * np.sqrt(share * (1 - share) / noisy.size)
        assert not np.array_equal(noisy[:, :, 0], noisy[:, :, 1]), "every chain has its own noise"
    _, opposite = starts(model, "pattern:1")
    np.testing.assert_array_equal(opposite, -clean)


@pytest.mark.parametrize("count", [3, 5])
def test_mixtures_are_majorities(count):
    model = Hopfield(n=3000, alpha=5 / 3000)
    disorder, s = starts(model, f"mixture:{count}", replicas=2)
    xi = disorder["xi"].astype(int)
    for d in range(2):
        majority = np.where(xi[d, :count].sum(0) > 0, 1, -1)
        np.testing.assert_array_equal(s[d, 0], np.broadcast_to(majority, (2, 3000)))
        m = xi[d] @ majority / 3000
        asymptotic = {3: 0.5, 5: 0.375}[count]  # binom(count - 1, (count - 1)/2) / 2^(count - 1)
        assert np.abs(m[:count] - asymptotic).max() < 4 / np.sqrt(3000) and np.abs(m[count:]).max(initial=0) < 0.08
    np.testing.assert_array_equal(starts(model, "mixture", 2)[1], starts(model, "mixture:3", 2)[1])


def test_load_and_number_of_patterns():
    assert [Hopfield(n=n, alpha=a).P for n, a in ((100, 0.1), (7, 0.1), (50, 1.2), (10, 0.14))] == [10, 1, 60, 1]


def is_fixed_point(model, disorder, mu):
    """Do all spins of pattern mu point along their local field?"""
    s = disorder["xi"][0, mu].astype(int)
    J = disorder["J"][0] if "J" in disorder else hebb(disorder["xi"])[0]
    return bool(((J @ s) * s > 0).all())


@pytest.mark.parametrize("patterns", [RandomPatterns(), RandomPatterns(correlation=0.5), RandomPatterns(bias=0.5)])
@pytest.mark.parametrize("alpha", [0.1, 0.3, 0.6])
def test_pseudo_inverse_stores_independent_patterns_where_hebb_fails(patterns, alpha):
    model = Hopfield(n=60, alpha=alpha, rule="pseudoinverse", patterns=patterns)
    disorder = model.disorder(model.disorder_keys((0,), 3))
    assert np.linalg.matrix_rank(disorder["xi"][0].astype(float)) == model.P
    assert all(is_fixed_point(model, disorder, mu) for mu in range(model.P))
    plain = Hopfield(n=60, alpha=alpha, patterns=patterns)
    same = plain.disorder(plain.disorder_keys((0,), 3))
    np.testing.assert_array_equal(same["xi"], disorder["xi"])
    if alpha >= 0.3:
        assert not all(is_fixed_point(plain, same, mu) for mu in range(plain.P)), "witness: Hebb loses some"
    task = MonteCarlo(model, Quench(), T=(0.0,), starts=("pattern",), replicas=2, sweeps=8, seed=3, device="cpu")
    state = task.advance(task.start(), 8)
    np.testing.assert_array_equal(state["pattern/s"], task.start()["pattern/s"])


def test_projector():
    xi = RandomPatterns().draw(key=1, count=6, n=25)
    J = projector(xi)
    P = J + np.diag(np.diagonal(xi.T @ np.linalg.pinv(xi.astype(float)).T))
    np.testing.assert_allclose(P @ P, P, atol=1e-12)
    np.testing.assert_allclose(P @ xi.T, xi.T, atol=1e-12)
    assert np.trace(P) == pytest.approx(6) and not np.diagonal(J).any()
    np.testing.assert_allclose(projector(np.vstack([xi, xi[:2], -xi[1:2]])), J, atol=1e-12)  # repeats add nothing
    np.testing.assert_allclose(J + J.T, 2 * J, atol=1e-14)


def test_pseudo_inverse_couplings_lie_on_their_grid():
    model = Hopfield(n=40, alpha=0.5, rule="pseudoinverse")
    disorder, s = drawn(model)
    J = np.stack([projector(x) for x in disorder["xi"]])
    assert np.abs(disorder["J"] * model.quantum - J).max() <= model.quantum / 2
    assert np.abs(disorder["J"]).max() <= 2**12 and disorder["J"].dtype == np.int32
    np.testing.assert_array_equal(disorder["J"], disorder["J"].transpose(0, 2, 1))
    real = -0.5 * np.einsum("dtki,dij,dtkj->dtk", s, J, s)
    error = np.abs(model.energy(disorder, s) - real) / model.n
    assert 0 < error.max() < 40 * model.quantum, "the grid shifts the energy per spin by far less than 0.005"
    one = model.disorder(model.disorder_keys((1,), 1))
    np.testing.assert_array_equal(one["J"][0], disorder["J"][1])
