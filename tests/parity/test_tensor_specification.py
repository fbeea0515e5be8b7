"""The kernels of p-spin models against the specification: the same trajectory, bit for bit, and mutants noticed."""

from __future__ import annotations

import numpy as np
import pytest
from parity import trajectories
from parity.trajectories import RULES, K, T, different, diluted_problem, start, tensor_problem, trajectory, unit

from statmech import backend
from statmech.kernels import cpu, tensor_chains, walkers
from statmech.kernels.tensor_layout import Layout, require_memory
from statmech.problems import CustomProblem, DilutedProblem, TensorProblem
from statmech.spec import SpecWalkers
from statmech.tuples import members, products

KEYS = np.arange(7, 15, dtype=np.uint64).reshape(2, 4, 1)
LANES = np.arange(K, dtype=np.uint64)[None, None]
ORDERS = [(3,), (4,), (2, 3), (2, 4), (1, 3, 4), (1, 2, 3, 4, 5), (2,), (1,)]
TERMS = [{3: 20}, {4: 7}, {1: 6, 2: 9, 3: 20, 4: 5}, {2: 0, 3: 4}, {2: 300}]


def energy(problem):
    """H by definition: a sum over the terms."""
    if isinstance(problem, TensorProblem):
        terms = {p: (np.stack([members(problem.n, p)] * 2), J) for p, J in problem.couplings.items()}
    else:
        terms = problem.terms

    def of(s):
        total = np.zeros(s.shape[:3], np.int64)
        for p, (sites, J) in terms.items():
            for d in range(len(s)):
                product = np.ones((*s.shape[1:3], J.shape[1]), np.int64)
                for k in range(p):
                    product *= s[d][..., sites[d, :, k]]
                total[d] -= (product * J[d]).sum(-1)
        return problem.scale * total + np.asarray(problem.offset)[:, None, None]

    return of


def run(w, problem, rule, sweeps=(2, 3)):
    """Configurations, accepted flips and energies after every piece."""
    out, begin = [], 0
    for count in sweeps:
        flips = w.sweep(T * unit(problem), KEYS, LANES, begin, count, *rule)
        out.append((w.s.copy(), flips, w.energy))
        begin += count
    return [np.stack(x) for x in zip(*out, strict=True)]


def compare(problem, rule):
    s = start(problem.n)
    fast = walkers(problem, s, "cpu")
    slow = SpecWalkers(CustomProblem(energy(problem), problem.scale), s)
    np.testing.assert_allclose(fast.energy, slow.energy, rtol=1e-12, atol=1e-9)
    a, b = run(fast, problem, rule), run(slow, problem, rule)
    np.testing.assert_array_equal(a[0], b[0], err_msg="configurations")
    np.testing.assert_array_equal(a[1], b[1], err_msg="accepted flips")
    np.testing.assert_allclose(a[2], b[2], rtol=1e-12, atol=1e-9, err_msg="energies")
    fields, E = fast._synchronise()
    assert np.array_equal(fields, fast.fields) and np.array_equal(E, fast.E)
    return a


@pytest.mark.parametrize("rule", RULES, ids="-".join)
@pytest.mark.parametrize("n", [6, 20])
@pytest.mark.parametrize("orders", ORDERS, ids=str)
def test_dense(orders, n, rule):
    if n > 16 and max(orders) > 4:
        n = 12  # the specification is slow
    flips = compare(tensor_problem(n, orders), rule)[1]
    assert flips[:, :, 3].sum() > flips[:, :, 0].sum() > 0, "witness: temperature matters"


@pytest.mark.parametrize("rule", RULES, ids="-".join)
@pytest.mark.parametrize("terms", TERMS, ids=str)
def test_diluted(terms, rule):
    compare(diluted_problem(12, terms), rule)


def test_wide_couplings():
    """Couplings of 17 bits, and fields that touch the end of 32 bits."""
    problem = tensor_problem(12, (3,), size=100_000)
    w = walkers(problem, start(12), "cpu")
    assert w.J.dtype == np.int32
    compare(problem, RULES[0])
    J = {3: np.zeros((2, 20), np.int64)}
    J[3][:, :2] = (2**30, 2**30 - 1)  # two triples that share spins
    compare(TensorProblem(6, J, 0.7, np.zeros(2)), RULES[1])
    J[3][:, 1] = 2**30
    with pytest.raises(ValueError, match="overflow 32-bit fields"):
        walkers(TensorProblem(6, J, 0.7, np.zeros(2)), start(6), "cpu")


def test_dense_and_diluted_agree():
    """All tuples of a list of terms: another kernel, the same trajectory."""
    dense = tensor_problem(20, (1, 2, 3))
    terms = {p: (np.stack([members(20, p)] * 2), J) for p, J in dense.couplings.items()}
    diluted = DilutedProblem(20, terms, dense.scale, dense.offset)
    for rule in RULES:
        a, b = (run(walkers(p, start(20), "cpu"), dense, rule) for p in (dense, diluted))
        for x, y in zip(a, b, strict=True):
            np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("orders", [(3,), (2, 4)])
def test_chains_in_step_do_not_know_each_other(monkeypatch, orders):
    """Groups of one, of three and of all chains; every number of chains that accept together; 16 and 32 bits."""
    problem = tensor_problem(33, orders)
    s = np.repeat(start(33)[:, :1], 4, 1)
    s = np.concatenate([s] * 9, 2) * np.where(np.arange(33) < np.arange(18)[:, None], -1, 1).astype(np.int8)
    keys, lanes = KEYS, np.arange(18, dtype=np.uint64)[None, None]

    def ends(group, dtype=None):
        monkeypatch.setattr(tensor_chains, "GROUP", group)
        w = cpu.TensorWalkers(problem, s)
        w.J = w.J if dtype is None else w.J.astype(dtype)
        flips = w.sweep(T * unit(problem), keys, lanes, 3, 4, "metropolis", "sequential")
        return len(w._groups(1)) - 1, (w.s.copy(), w.fields.copy(), w.z.copy(), w.energy, flips)

    count, expected = ends(1)
    assert count == s[..., 0].size
    for group, dtype in ((3, None), (128, None), (128, np.int32)):
        count, found = ends(group, dtype)
        assert count == 2 * -(-72 // group)
        for x, y in zip(found, expected, strict=True):
            np.testing.assert_array_equal(x, y)
    for p, block in w_blocks(problem).items():
        np.testing.assert_array_equal(expected[2][:, block], products(expected[0].reshape(-1, 33), p - 2))


def w_blocks(problem):
    return Layout(problem.n, tuple(sorted(problem.couplings))).blocks


def test_a_quench_stops_where_it_stops_without_company():
    problem = tensor_problem(33, (3,))
    w = cpu.TensorWalkers(problem, start(33))
    cold = np.zeros((1, 4, 1))
    flips = w.sweep(cold, KEYS, LANES, 0, 50, "metropolis", "sequential")
    assert (flips > 0).all()
    assert (w.spins * w.fields[:, :33] >= 0).all()  # every spin is aligned with its field
    assert (w.sweep(cold, KEYS, LANES, 50, 5, "metropolis", "sequential") == 0).all()


def flip_sign(w):
    """Of some couplings, in one of the places where they stand."""
    w.J[1, 2, 0, :, 6] *= -1


def forget_products(w):
    """z stays as it was at the start."""
    w.starts[:] = 0


def wrong_product(w):
    """One product that turns with another spin."""
    w.index[w.starts[4]] = 2


def other_sample(w):
    w.sample[-2:] = w.sample[8:10] = 0


def flip_term(w):
    w.lists[4][1, 3] *= -1


def wrong_member(w):
    w.lists[3][0, 5] = (w.lists[3][0, 5] + 1) % 12


def forget_a_term(w):
    w.lists[0][0, 1:] -= 1


MUTANTS = [
    *((tensor_problem(12, (1, 3, 4)), m) for m in (flip_sign, forget_products, wrong_product, other_sample)),
    *((diluted_problem(12, {2: 8, 3: 12}), m) for m in (flip_term, wrong_member, forget_a_term, other_sample)),
]


@pytest.mark.parametrize(("problem", "mutate"), MUTANTS, ids=lambda x: getattr(x, "__name__", x.__class__.__name__))
def test_a_mutant_is_noticed(problem, mutate):
    kind = cpu.TensorWalkers if isinstance(problem, TensorProblem) else cpu.DilutedWalkers

    def broken(problem, s):
        w = kind(problem, s)
        mutate(w)
        return w

    good, bad = (trajectory(k, problem, ("heatbath", "random"), sweeps=(50,)) for k in (kind, broken))
    assert {"state 0", "fields 0"} <= set(different(good, bad))


def test_memory_is_asked_for_before_it_is_taken(monkeypatch):
    monkeypatch.setattr(backend, "host_memory", lambda: 2**18)
    problem = tensor_problem(33, (3,))
    monkeypatch.setattr(tensor_chains, "aligned", None)  # nothing is allocated
    with pytest.raises(MemoryError, match=r"p = 3, N = 33 and 2 samples take 280 KiB.*N = 32 is the largest") as says:
        walkers(problem, start(33), "cpu")
    assert "at most 1 samples per block" in str(says.value) and "connectivity" in str(says.value)


def test_the_largest_size_is_the_largest():
    for orders in ((3,), (2, 4), (3, 4)):
        with pytest.raises(MemoryError, match="largest that fits") as says:
            require_memory(5000, orders, 4, available=10**9)
        largest = int(str(says.value).split("N = ")[2].split()[0])
        require_memory(largest, orders, 4, available=10**9)
        assert Layout(largest, orders).bytes(4) <= 0.8e9 < Layout(largest + 1, orders).bytes(4)


@pytest.mark.parametrize(("problem", "says"), [
    (TensorProblem(6, {3: np.zeros((2, 19), int)}), "binomial"),
    (TensorProblem(6, {3: np.zeros((2, 20))}), "expected integers"),
    (TensorProblem(7, {3: np.zeros((2, 35), int)}), "has n = 7"),
    (TensorProblem(6, {0: np.zeros((2, 1), int)}), "p >= 1"),
    (DilutedProblem(6, {2: (np.zeros((2, 1, 2), int), np.ones((2, 1), int))}), "names a site twice"),
    (DilutedProblem(6, {2: (np.array([[[0, 6]]] * 2), np.ones((2, 1), int))}), "0 to n - 1"),
    (DilutedProblem(6, {2: (np.array([[[0, 1, 2]]] * 2), np.ones((2, 1), int))}), "have members"),
    (DilutedProblem(6, {2: (np.array([[[0, 1]]] * 2), np.full((2, 1), 2**31))}), "overflow"),
    (DilutedProblem(6, {2: (np.array([[[0, 1]]] * 2), np.ones((2, 1)))}), "expected integers"),
])  # fmt: skip
def test_what_is_refused(problem, says):
    with pytest.raises((ValueError, TypeError), match=says):
        walkers(problem, start(6), "cpu")


def test_the_problems_are_worth_comparing():
    a, b = (trajectory(k, p, RULES[0]) for k, p in (
        (cpu.TensorWalkers, tensor_problem(33, (3,))), (cpu.DilutedWalkers, diluted_problem(33, {3: 99}))
    ))  # fmt: skip
    for out in (a, b):
        s = out["state 1"].reshape(-1, 33)
        assert len(np.unique(s, axis=0)) == len(s)
        assert (out["accepted 0"][:, 3] == 3 * 33).all() and (out["accepted 0"][:, 1] < 80).all()
    assert trajectories.KINDS.keys() >= {"tensor", "diluted"}
