"""The SK model: couplings, fields, their rounding, what samples share."""

from __future__ import annotations

import numpy as np
import pytest

from statmech import SK, PSpin
from statmech.kernels import walkers
from statmech.models import couplings as draws

N = 24


def drawn(model, samples=3):
    keys = model.disorder_keys(tuple(range(samples)), 1)
    disorder = model.disorder(keys)
    return disorder, np.random.default_rng(0).choice(np.array([-1, 1], np.int8), (samples, 2, 3, model.n))


@pytest.mark.parametrize("model", [
    SK(N), SK(N, couplings="binary"), SK(N, h=0.3, h_random=0.4, J0=1.5), SK(N, couplings="binary", h=-0.2, J0=1.0),
])  # fmt: skip
def test_energy_by_definition(model):
    disorder, s = drawn(model)
    J, h = disorder["J"] * model.quantum, disorder["h"] * model.quantum
    direct = np.zeros(s.shape[:3])
    for i in range(N):
        direct -= h[:, None, None, i] * s[..., i]
        for j in range(i):
            direct -= J[:, None, None, i, j] * s[..., i] * s[..., j]
    np.testing.assert_allclose(model.energy(disorder, s), direct, atol=1e-12)
    np.testing.assert_allclose(walkers(model.problem(disorder), s, "cpu").energy, direct, atol=1e-12)
    assert (disorder["J"] == disorder["J"].swapaxes(1, 2)).all() and not np.einsum("dii->di", disorder["J"]).any()
    np.testing.assert_allclose(model.observe(disorder, s)["M"], s.mean(-1))


def pairs(model, samples=400):
    J = model.disorder(model.disorder_keys(tuple(range(samples)), 5))["J"] * model.quantum
    return J[:, *np.tril_indices(model.n, -1)].ravel()


def test_moments_of_the_couplings():
    for J0 in (0.0, 2.0):
        J = N * pairs(SK(N, J0=J0))
        assert abs(J.mean() - J0) < 4 * np.sqrt(N / J.size)
        relative = J.var() / N
        assert abs(relative - 1) < 4 * np.sqrt(2 / J.size)
        assert abs(relative * (N - 1) / N - 1) > 4 * np.sqrt(2 / J.size), "witness: variance 1/(N - 1)"
        assert abs(((J - J.mean()) ** 4).mean() / J.var() ** 2 - 3) < 4 * np.sqrt(24 / J.size), "Gaussian"
    J = pairs(SK(N, couplings="binary", J0=2.0))
    np.testing.assert_allclose(np.abs(J), 1 / np.sqrt(N), rtol=1e-12)
    assert abs((J > 0).mean() - (1 + 2 / np.sqrt(N)) / 2) < 4 * np.sqrt(0.25 / J.size)


def test_binary_couplings_are_the_signs_of_the_gaussian_ones():
    gauss, binary = pairs(SK(N), 5), pairs(SK(N, couplings="binary"), 5)
    assert (np.sign(gauss) * np.sign(binary) >= 0).all()


def test_fields_are_rounded_to_the_quantum_and_independent_of_the_uniform_one():
    plain, shifted = (SK(N, h=h, h_random=0.7) for h in (0.0, 0.3))
    (a, _), (b, _) = drawn(plain), drawn(shifted)
    assert abs((b["h"] - a["h"]) * plain.quantum - 0.3).max() <= plain.quantum * 1.001
    np.testing.assert_array_equal(a["J"], b["J"])
    z = np.concatenate([drawn(SK(N, h_random=0.7), 200)[0]["h"].ravel() * plain.quantum / 0.7])
    assert abs(z.mean()) < 4 / np.sqrt(z.size) and abs(z.var() - 1) < 4 * np.sqrt(2 / z.size)
    uniform = drawn(SK(N, h=0.3))[0]["h"]
    assert abs(uniform * plain.quantum - 0.3).max() <= plain.quantum / 2 and np.ptp(uniform) == 0
    assert SK(N, couplings="binary").quantum == 256 * SK(N, couplings="binary", h=0.1).quantum


def test_samples_do_not_depend_on_fields_and_bias_and_are_those_of_the_p_spin_model():
    base = SK(N)
    for other in (SK(N, h=0.5), SK(N, h_random=1.0), SK(N, J0=1.0), SK(N, couplings="binary"), PSpin(N, p=2)):
        assert other.disorder_keys((0, 3), 7) == base.disorder_keys((0, 3), 7)
    assert SK(N + 1).disorder_keys((0,), 7) != base.disorder_keys((0,), 7)
    keys = base.disorder_keys((0, 3), 7)
    twins = [m.problem(m.disorder(keys)) for m in (base, PSpin(N, p=2))]
    np.testing.assert_array_equal(twins[0].J, twins[1].J)
    assert twins[0].scale == twins[1].scale
    step = SK(N, J0=1.0).disorder(keys)["J"].astype(int) - base.disorder(keys)["J"]
    off = step[:, *np.tril_indices(N, -1)]
    assert set(np.unique(off)) <= {52, 53}, "256/sqrt(24) = 52.26: the same z, shifted"


def test_equilibration_is_judged_by_what_the_symmetries_leave():
    assert SK(N, J0=2.0).verdict == ("e", "q2") == SK(N).verdict
    assert "M" in SK(N, h=0.1).verdict and "M" in SK(N, h_random=0.1).verdict


def test_couplings_that_do_not_fit_are_refused_before_anything_is_drawn(monkeypatch):
    monkeypatch.setattr(draws, "host_memory", lambda: 10**6)
    monkeypatch.setattr(draws, "draw", lambda *_: pytest.fail("drawn"))
    with pytest.raises(MemoryError, match=r"n = 1000: .*samples: 4. need 0.00745 GiB.* take n <= 353 or fewer samples"):
        SK(1000).disorder([1, 2, 3, 4])
    monkeypatch.undo()
    assert SK(353).disorder([1])["J"].shape == (1, 353, 353)
