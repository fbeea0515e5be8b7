"""The task of heavy-tailed matrices: its numbers, its ensembles, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from statmech import Sweep
from statmech.spectra.power_law import fit_power_law
from statmech.tasks.random_matrices import ENSEMBLES, RandomMatrices


def finished(task):
    return task.results(task.advance(task.start(), len(task.disorder)))


def test_numbers_are_those_of_the_matrix():
    task = RandomMatrices("centred", mu=1.5, m=30, Q=2.0, disorder=(3, 5))
    out = finished(task)
    W = task.draw(5)
    assert W.shape == (60, 30) and abs(W.mean()) < 1e-12
    x = np.linalg.eigvalsh(W.T @ W)
    fit = fit_power_law(x)
    assert out["alpha"].data[1] == pytest.approx(fit.alpha, rel=1e-6)
    assert out["n_tail"].data[1] == fit.n_tail
    assert out["lambda_max"].data[1] == pytest.approx(x[-1]) and out["lambda_2"].data[1] == pytest.approx(x[-2])
    assert out["alpha_rest"].data[1] == pytest.approx(fit_power_law(x[:-1]).alpha, rel=1e-6)


@pytest.mark.parametrize("name", ENSEMBLES)
def test_tails_of_the_entries(name):
    """P(|W| > w) = C w^-mu far out: the Hill estimate from the largest entries gives mu."""
    mu = 1.5
    W = np.sort(np.abs(RandomMatrices(name, mu=mu, m=300, Q=1.0).draw(0)).ravel())[-600:]
    assert 1 / np.log(W / W[0])[1:].mean() == pytest.approx(mu, rel=0.15)


def test_shifts_and_signs():
    """Lomax is Pareto minus 1, both have one centred form; signed entries keep |W| >= 1 and their signs cancel."""
    W = {name: RandomMatrices(name, mu=3.0, m=40).draw(0) for name in ENSEMBLES if name != "levy"}
    assert W["pareto"] - W["lomax"] == pytest.approx(1.0) and W["pareto"].min() >= 1
    assert W["lomax"] - W["lomax"].mean() == pytest.approx(W["centred"])
    assert np.abs(W["signed"]).min() >= 1 and (np.sign(W["signed"]) == np.sign(W["symmetric"])).all()
    assert abs(np.sign(W["signed"]).mean()) < 0.1


def test_same_numbers_in_any_block():
    whole = finished(RandomMatrices(m=12, disorder=(0, 1, 2, 3)))
    parts = [finished(RandomMatrices(m=12, disorder=d)) for d in ((0, 1), (2, 3))]
    assert whole["alpha"].data.tolist() == np.concatenate([p["alpha"].data for p in parts]).tolist()
    assert finished(RandomMatrices(m=12, seed=1, disorder=(0,)))["lambda_max"].data != whole["lambda_max"].data[0]


def test_levy_tail(tmp_path):
    """mu < 2: alpha = mu/2 + 1, here within the errors of 3 matrices of 200 eigenvalues; with the sweep's averages."""
    sweep = Sweep("levy", RandomMatrices("symmetric", m=200), grid={"mu": [0.8, 1.4]}, samples=3, block=3)
    r = sweep.run(tmp_path, executor="serial", quiet=True)
    assert r["alpha_mean"] == pytest.approx([1.4, 1.7], abs=0.12)
    assert r["alpha_mean"] == pytest.approx(r["alpha"].mean(-1)) and (r["alpha_err"] < 0.1).all()


def test_no_fit_is_nan():
    out = finished(RandomMatrices(m=5))
    assert np.isnan(out["alpha"].data[0]) and out["n_tail"].data[0] == 0 and out["lambda_max"].data[0] > 0


@pytest.mark.slow
def test_centring_moves_alpha_above_two_and_only_there():
    """300 x 300, 12 matrices: the mean's eigenvalue stretches the tail at mu = 3.5, nothing happens at mu = 1.

    Without it the drawn entries lie nearer to the centred ones.
    """

    def alpha(name, mu):
        out = finished(RandomMatrices(name, mu=mu, m=300, disorder=tuple(range(12))))
        return np.median(out["alpha"].data), np.median(out["alpha_rest"].data)

    assert alpha("pareto", 1.0)[0] == pytest.approx(alpha("centred", 1.0)[0], abs=0.05)
    (drawn, rest), (centred, _) = alpha("pareto", 3.5), alpha("centred", 3.5)
    assert drawn < 0.75 * centred and abs(rest - centred) < abs(drawn - centred)


@pytest.mark.parametrize(("options", "says"), [
    ({"ensemble": "cauchy"}, "expected one of pareto, lomax"),
    ({"mu": 0.0}, "mu = 0.0"),
    ({"ensemble": "levy", "mu": 2.5}, "below 2 for stable"),
    ({"m": 1}, "m = 1"),
    ({"Q": 0.5}, "transpose the matrix"),
    ({"disorder": ()}, "at least one"),
])  # fmt: skip
def test_bad_input(options, says):
    with pytest.raises(ValueError, match=says):
        RandomMatrices(**options)
