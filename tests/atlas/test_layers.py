"""Spectra of a sweep as metrics and phases: each is that of its own matrix, and what is missing stays missing."""

import numpy as np
import pytest

from statmech.atlas.layers import METRICS, layers, measure, phase_index, reduced
from statmech.atlas.replicas import agreement
from statmech.core import Variable
from statmech.results import Results
from statmech.spectra.phase_matrices import PHASES
from statmech.spectra.spectrum import Spectrum

N, M = 60, 40


def drawn(spike):
    """Eigenvalues (2 seeds, 2 readings, M): the second seed never came to the second reading."""
    rng = np.random.default_rng(0)
    out = np.full((2, 2, M), np.nan)
    for cell in ((0, 0), (0, 1), (1, 0)):
        W = rng.normal(size=(N, M)) / np.sqrt(N)
        W += spike * cell[1] * np.outer(rng.normal(size=N), rng.normal(size=M)) / np.sqrt(N * M)
        out[cell] = np.linalg.svd(W, compute_uv=False)[::-1] ** 2
    return out


@pytest.fixture(scope="module")
def results():
    attrs = {"n": N, "m": M, "slices": 1}
    dims = ("disorder", "reading")
    return Results({
        "reading": Variable(("reading",), np.array(["start", "end"], object)),
        "eps_g": Variable(dims, np.full((2, 2), 0.1)),
        "predicted": Variable(("disorder", "test_example"), np.zeros((2, 3), int)),
        "spectra/fc1/eigenvalue": Variable((*dims, "fc1_index"), drawn(4.0), attrs),
        "spectra/fc2/eigenvalue": Variable((*dims, "fc2_index"), np.ones((2, 2, 10)), attrs | {"m": 10}),
    })  # fmt: skip


def test_each_spectrum_is_measured_by_itself(results):
    r = reduced(results)
    assert layers(results) == ["fc1"], "a layer of 10 eigenvalues has no phase"
    own = measure(Spectrum(results["spectra/fc1/eigenvalue"][0, 1], N, M, precision=float(np.finfo(np.float32).eps)))
    for name in METRICS:
        assert r[f"spectra/fc1/{name}"][0, 1] == np.float32(own[name])
        assert np.isnan(r[f"spectra/fc1/{name}"][1, 1]), "never read"
    assert r["spectra/fc1/num_spikes"][0].tolist() == [0, 1], "witness: the spike is there at the end only"
    p = r["spectra/fc1/p"]
    assert p.shape == (2, 2, len(PHASES)) and p[0].sum(-1) == pytest.approx(1)
    index = phase_index(r, "fc1")
    assert index[0, 1] > index[0, 0] and np.isnan(index[1, 1])


def test_kept_eigenvalues_and_dropped_arrays(results, tmp_path):
    r = reduced(results, keep=("end",))
    assert r.dims("spectra/fc1/eigenvalue") == ("disorder", "kept", "fc1_index") and "predicted" not in r
    np.testing.assert_allclose(r["spectra/fc1/eigenvalue"][0, 0], results["spectra/fc1/eigenvalue"][0, 1], rtol=1e-6)
    import statmech

    again = statmech.load(r.to_hdf5(tmp_path / "r.h5"))
    np.testing.assert_array_equal(again["spectra/fc1/p"], r["spectra/fc1/p"])
    assert int(again.variables["spectra/fc1/eigenvalue"].attrs["n"]) == N


def test_layers_that_grow_along_the_grid():
    """Eigenvalues of widths 30 and 40 behind 60 inputs, padded with NaN to the longer one."""
    rng, data = np.random.default_rng(1), np.full((2, 1, 1, M), np.nan)
    own = []
    for k, m in enumerate((30, M)):
        own.append(np.linalg.svd(rng.normal(size=(N, m)), compute_uv=False)[::-1] ** 2)
        data[k, 0, 0, :m] = own[k]
    dims = ("size", "disorder", "reading", "fc1_index")
    r = reduced(Results({
        "reading": Variable(("reading",), np.array(["end"], object)),
        "spectra/fc1/eigenvalue": Variable(dims, data, {"n": N, "m": 30, "slices": 1}),
    }))  # fmt: skip
    for k, m in enumerate((30, M)):
        alone = measure(Spectrum(own[k], N, m, precision=float(np.finfo(np.float32).eps)))
        assert r["spectra/fc1/stable_rank"][k, 0, 0] == np.float32(alone["stable_rank"])
        assert r["spectra/fc1/lambda_ratio"][k, 0, 0] == np.float32(alone["lambda_ratio"])


def test_agreement_of_replicas():
    first, second = np.array([[0, 1, 2, 3], [-1, -1, -1, -1]]), np.array([[0, 1, 2, 4], [0, 0, 0, 0]])
    np.testing.assert_array_equal(agreement(first, second), [0.75, np.nan])


def test_results_without_spectra_are_refused():
    with pytest.raises(ValueError, match="no spectra"):
        layers(Results({}))
