"""Eigenvalues of layers: every shape and precision, what counts as zero, and input that cannot be used."""

from __future__ import annotations

import numpy as np
import pytest

from statmech import backend
from statmech.spectra.spectrum import Spectrum, matrices, spectrum

RNG = np.random.Generator(np.random.Philox(1))
KERNEL = RNG.normal(size=(6, 4, 3, 2))


def test_eigenvalues_are_those_of_the_gram_matrix():
    W = RNG.normal(size=(30, 50))
    s = spectrum(W, name="fc")
    assert (s.n, s.m, s.slices, s.name, s.M_total) == (50, 30, 1, "fc", 30)
    np.testing.assert_allclose(s.eigenvalues, np.linalg.eigvalsh(W @ W.T), rtol=1e-11)
    np.testing.assert_array_equal(s.eigenvalues, spectrum(W.T).eigenvalues)


def test_kernels_are_cut_into_slices_or_flattened():
    s = spectrum(KERNEL)
    expected = [np.linalg.svd(KERNEL[:, :, i, j], compute_uv=False) ** 2 for i in range(3) for j in range(2)]
    np.testing.assert_allclose(s.eigenvalues, np.sort(np.ravel(expected)), rtol=1e-13)
    assert (s.n, s.m, s.slices, s.Q) == (6, 4, 6, 1.5)
    flat = spectrum(KERNEL, "flatten")
    assert (flat.n, flat.m, flat.slices) == (24, 6, 1)
    np.testing.assert_allclose(flat.norm2, s.norm2)
    assert [w.shape for w in matrices(KERNEL[:, :, 0])] == [(6, 4)] * 2, "a kernel in one dimension"


@pytest.mark.parametrize(("dtype", "tolerance"), [("f4", 1e-5), ("f2", 2e-2)])
def test_precision_of_the_weights_changes_no_more_than_rounding(dtype, tolerance):
    W = RNG.normal(size=(40, 20)).astype(dtype)
    np.testing.assert_array_equal(spectrum(W).eigenvalues, spectrum(W.astype(float)).eigenvalues)
    np.testing.assert_allclose(spectrum(W).eigenvalues, spectrum(W.astype(float)).eigenvalues, rtol=tolerance)


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2"])
def test_rank_sees_through_rounding(dtype):
    low = RNG.normal(size=(200, 15)) @ RNG.normal(size=(15, 100)) / 4
    assert spectrum(low.astype(dtype)).rank == 15
    assert spectrum(RNG.normal(size=(200, 100)).astype(dtype)).rank == 100
    blind = Spectrum(spectrum(low.astype("f2")).eigenvalues, 200, 100)
    assert blind.rank > 15, "witness: without the precision of the weights rounding is counted as rank"


@pytest.mark.parametrize(("bad", "error", "says"), [
    (np.zeros(5), ValueError, r"shape \(5,\): expected a matrix"),
    (np.zeros((0, 3)), ValueError, r"shape \(0, 3\)"),
    (np.array([[1.0, np.nan], [np.inf, 0]]), ValueError, r"2 NaN or infinite values, the first at \[0, 1\]"),
    (np.zeros((2, 2), complex), TypeError, "complex128: expected real numbers"),
    (np.array([["a", "b"]]), TypeError, "expected real numbers"),
    (np.full((2, 2), 1e200), ValueError, "rescale"),
])  # fmt: skip
def test_bad_weights_are_named(bad, error, says):
    with pytest.raises(error, match=says):
        spectrum(bad)


@pytest.mark.parametrize(("values", "n", "m", "says"), [
    ([1.0, 2.0], 2, 3, "n >= m"),
    ([1.0, 2.0], 3, 3, r"expected m per slice, \(3,\)"),
    ([2.0, 1.0], 2, 2, "ascending"),
    ([-1.0, 1.0], 2, 2, ">= 0"),
    ([np.nan, 1.0], 2, 2, "finite"),
])  # fmt: skip
def test_bad_eigenvalues_are_named(values, n, m, says):
    with pytest.raises(ValueError, match=says):
        Spectrum(values, n, m)


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="slices = 'rows'"):
        spectrum(KERNEL, "rows")
    with pytest.raises(ValueError, match="read-only"):
        spectrum(KERNEL).eigenvalues[0] = 1


def test_without_a_gpu_one_is_asked_for_in_vain(monkeypatch):
    monkeypatch.setattr(backend, "gpu_problem", lambda: "no device")
    assert spectrum(KERNEL, device="auto").M_total == 24
    with pytest.raises(RuntimeError, match="no device"):
        spectrum(KERNEL, device="gpu")


@pytest.mark.gpu
@pytest.mark.skipif(backend.gpu_problem() is not None, reason=str(backend.gpu_problem()))
def test_cpu_and_gpu_agree():
    W = RNG.normal(size=(300, 200)).astype("f4")
    for w in (W, KERNEL):
        np.testing.assert_allclose(spectrum(w, device="gpu").eigenvalues, spectrum(w).eigenvalues, rtol=1e-9)
