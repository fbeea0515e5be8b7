"""Random matrices: what is known of each in closed form, and the same numbers from the same seed."""

import numpy as np
import pytest

from statmech.spectra import ensembles
from statmech.spectra.spikes import spike_eigenvalue

N, M = 400, 200
ALL = {
    "gaussian": (), "spiked": ([1.0, 2.0],), "pareto": (1.5, True), "symmetric_pareto": (1.5,), "slash": (1.5,),
    "levy": (1.5,), "rank_collapsed": (50,), "student_t": (1.5,), "log_logistic": (1.5,), "signs": (), "uniform": (),
}  # fmt: skip


@pytest.mark.parametrize("name", ALL)
def test_seeds_and_shapes(name):
    def draw(seed, n=30):
        arguments = (20,) if name == "rank_collapsed" else ALL[name]
        return getattr(ensembles, name)(n, 25, *arguments, seed=seed)

    assert draw(0).shape == (30, 25) and draw(0).dtype == np.float64
    np.testing.assert_array_equal(draw(4), draw(4))
    assert (draw(4) != draw(5)).any()
    with pytest.raises(ValueError, match=r"shape \(20, 25\): expected n >= m"):
        draw(0, 20)
    with pytest.raises(TypeError, match=r"seed = 0\.5"):
        draw(0.5)


@pytest.mark.parametrize("name", ["gaussian", "signs", "uniform"])
def test_variance_one(name):
    W = getattr(ensembles, name)(N, M, seed=0)
    assert W.std() == pytest.approx(1, abs=0.01) and W.mean() == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize(("name", "constant"), [
    ("pareto", 1.0), ("symmetric_pareto", 1.0), ("slash", 2**0.75 * 0.9064024771 / np.sqrt(np.pi)),
    ("levy", 2 * 0.8862269255 * np.sin(0.75 * np.pi) / np.pi), ("log_logistic", 1.0), ("student_t", 0.7540),
])  # fmt: skip
def test_tails(name, constant):
    """P(|W| > w) w^mu at mu = 1.5: 1 for Pareto, E|g|^mu for slash, 2 Gamma(mu) sin(pi mu/2)/pi if stable."""
    arguments = (1.5, False) if name == "pareto" else (1.5,)
    W = np.abs(getattr(ensembles, name)(N, M, *arguments, seed=0)).ravel()
    w = 60.0 - (name == "symmetric_pareto")
    expected = constant * 60**-1.5
    assert (w < W).mean() == pytest.approx(expected, abs=4 * np.sqrt(expected / W.size))


def test_centred_entries_have_no_mean():
    W = ensembles.pareto(N, M, 2.5, True, seed=0)
    assert abs(W.mean()) < 1e-12
    assert ensembles.pareto(N, M, 2.5, False, seed=0).min() >= 1
    assert ensembles.pareto(N, M, 2.5, False, seed=0).mean() == pytest.approx(2.5 / 1.5, rel=0.02)


def test_spikes_lie_where_they_should():
    x = np.linalg.svd(ensembles.spiked(1000, 500, [3.0, 2.0], seed=0), compute_uv=False) ** 2 / 1000
    assert x[:2] == pytest.approx(spike_eigenvalue([3.0, 2.0], 2.0), rel=0.1)
    assert x[2] < (1 + np.sqrt(0.5)) ** 2 + 0.1


def test_collapsed_rank():
    assert np.linalg.matrix_rank(ensembles.rank_collapsed(80, 60, 37, seed=0)) == 37


@pytest.mark.parametrize(("draw", "message"), [
    (lambda: ensembles.pareto(9, 9, 0.0, True, 0), "mu = 0.0: expected a tail exponent > 0"),
    (lambda: ensembles.levy(9, 9, 2.0, 0), "mu = 2.0: stable entries with a tail need 0 < mu < 2"),
    (lambda: ensembles.rank_collapsed(9, 9, 10, 0), "rank = 10: expected a whole number from 1 to m = 9"),
    (lambda: ensembles.spiked(9, 9, [-1.0], 0), "expected at most m = 9 numbers >= 0"),
])  # fmt: skip
def test_messages(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()
