"""MBAR on levels: equal to pymbar, to its own equations, to Bennett's ratio for two rungs; the one-step bootstrap."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from scipy.sparse import csr_array
from stats.boltzmann import LADDER, instance

from statmech.stats import bennett as ratio
from statmech.stats import mbar as multi
from statmech.stats.bennett import bennett
from statmech.stats.blocks import cut, histogram, sort_levels
from statmech.stats.mbar import mbar, overlap_matrix

HAVE_PYMBAR = importlib.util.find_spec("pymbar") is not None
needs_pymbar = pytest.mark.skipif(not HAVE_PYMBAR, reason="pymbar is not installed (extra 'test')")


def sample(name="binary", size=(4, 250), seed=0, T=LADDER):
    return instance(name).draw(np.random.default_rng(seed), T, *size)


@needs_pymbar
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["binary", "sk"])
def test_equal_to_pymbar(name):
    from pymbar import MBAR

    E = sample(name, (300,))
    protocol = ({"method": "adaptive", "tol": 1e-15, "options": {"maxiter": 200, "min_sc_iter": 5}},)
    reference = MBAR(np.multiply.outer(1 / LADDER, E.ravel()), np.full(len(E), E.shape[1]), solver_protocol=protocol)
    found = mbar(LADDER, *histogram(E))
    f = reference.f_k[-1] - reference.f_k
    np.testing.assert_allclose(found.ln_z, f, atol=1e-8)
    np.testing.assert_allclose(found.overlap, reference.compute_overlap()["matrix"], atol=1e-8)
    wrong = mbar(LADDER, *histogram(E[:, :-1]))
    assert np.abs(wrong.ln_z - f).max() > 1e-5, "witness: one measurement fewer is seen"


@pytest.mark.parametrize("size", [1, 7])
def test_solution_satisfies_the_equations(size, monkeypatch):
    """Z_k = sum_E n(E) e^{-beta_k E} / sum_j N_j e^{-beta_j E} / Z_j, in chunks of any size; g sums to Z."""
    levels, counts = histogram(sample())
    monkeypatch.setattr(multi, "CHUNK", size * len(LADDER))
    found = mbar(LADDER, levels, counts, ln_z_hot=16 * np.log(2))
    assert found.converged
    u = -np.multiply.outer(1 / LADDER, levels)
    mixture = np.log((counts.sum(1)[:, None] * np.exp(u - found.ln_z[:, None])).sum(0))
    right = np.log((counts.sum(0) * np.exp(u - mixture)).sum(1))
    np.testing.assert_allclose(found.ln_z, right, rtol=1e-11)
    np.testing.assert_allclose(np.log(np.exp(found.ln_g + u).sum(1)), found.ln_z, rtol=1e-11)
    np.testing.assert_allclose(found.overlap.sum(1), 1, rtol=1e-12)
    np.testing.assert_allclose(overlap_matrix(LADDER, levels, counts, found.ln_z), found.overlap, atol=1e-12)


def test_tables_dense_and_sparse_and_any_numbers_of_samples_give_the_same():
    E = sample()
    levels, counts = histogram(E)
    sparse = mbar(LADDER, levels, csr_array(counts))
    np.testing.assert_allclose(sparse.ln_z, mbar(LADDER, levels, counts).ln_z, rtol=1e-12)
    uneven = counts * np.arange(1, len(counts) + 1)[:, None]
    assert not np.allclose(mbar(LADDER, levels, uneven).ln_z, mbar(LADDER, levels, counts).ln_z, atol=1e-6)
    shifted = mbar(LADDER, levels + 1e4, counts)
    np.testing.assert_allclose(shifted.ln_z, mbar(LADDER, levels, counts).ln_z - 1e4 / LADDER, rtol=1e-9)


def test_two_rungs_are_bennetts_ratio():
    levels, counts = histogram(sample()[2:4])
    np.testing.assert_allclose(
        bennett(LADDER[2:4], levels, counts).ln_z, mbar(LADDER[2:4], levels, counts).ln_z, rtol=1e-10
    )


def test_far_from_its_start():
    """Two rungs far apart: integration over beta starts Newton wrong by 20; and rungs without a common level."""
    levels, counts = histogram(instance("binary").draw(np.random.default_rng(1), [0.15, np.inf], 20_000))
    found = mbar([0.15, np.inf], levels, counts)
    assert found.converged and found.ln_z[0] == pytest.approx(bennett([0.15, np.inf], levels, counts).ln_z[0])
    apart = mbar([1.0, 2.0], [0.0, 1.0], [[10, 0], [0, 10]])
    assert np.isfinite(apart.ln_z).all() and np.diagonal(apart.overlap).min() > 0.5


@pytest.mark.parametrize("method", [multi, ratio])
def test_one_newton_step_is_as_good_as_solving_again(method):
    """Replicates by one step differ from new solutions by far less than their scatter."""
    solve = mbar if method is multi else bennett
    blocks = cut(LADDER, sample())
    found = solve(blocks.T, blocks.levels, blocks.rungs, 11.0)
    drawn = blocks.multiplicities(30, 0)
    quick = method.replicates(found, blocks, drawn)
    again = np.stack([solve(blocks.T, blocks.levels, np.stack([m @ c for c in blocks.counts]), 11.0).ln_z
                      for m in drawn])  # fmt: skip
    scatter = again.std(0)
    assert (np.sqrt(((quick - again) ** 2).mean(0))[:-1] < 0.02 * scatter[:-1]).all()
    still = np.broadcast_to(found.ln_z, again.shape)
    assert np.abs(still - again)[:, 0].max() > scatter[0], "witness: no step at all is much worse"


def test_levels():
    E = np.array([[0.3, -0.1, 0.3 + 1e-14], [0.1, 0.3, -0.1]])
    for quantum in (None, 0.2, 0.1):
        levels, index = sort_levels(E, quantum)
        np.testing.assert_allclose(levels, [-0.1, 0.1, 0.3], atol=1e-12)
        np.testing.assert_allclose(levels[index], E, atol=1e-12)
    assert histogram(E)[1].tolist() == [[1, 0, 2], [1, 1, 1]]


def test_blocks_hold_every_measurement_once():
    E = sample(size=(3, 101))
    blocks = cut(LADDER, E)
    assert blocks.measurements.sum() == E.size and blocks.pooled.sum() == E.size
    assert np.ptp(blocks.measurements) <= 1
    np.testing.assert_array_equal(blocks.rungs.toarray(), histogram(E)[1])
    slow = cut(LADDER, np.repeat(E[..., :26], 4, axis=-1)[..., :101])
    assert slow.size < blocks.size, "longer correlations, longer blocks"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([2.0, 1.0], [0.0], [[1], [1]]), "increasing"),
        (([0.0, 1.0], [0.0], [[1], [1]]), "> 0"),
        (([1.0], [0.0], [[1]]), "at least two"),
        (([1.0, 2.0], [0.0], [[1], [0]]), "at every temperature"),
        (([1.0, 2.0], [0.0, 1.0], [[1], [1]]), r"expected \(L,\)"),
    ],
)
@pytest.mark.parametrize("solve", [mbar, bennett])
def test_bad_input(solve, arguments, message):
    with pytest.raises(ValueError, match=message):
        solve(*arguments)
