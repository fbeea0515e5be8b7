"""The spectral phase: statistics mean what they say, nothing but the spectrum counts, known phases are found."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from statmech.spectra import ensembles, phase, phase_matrices
from statmech.spectra.phase import PHASES, PhaseLabel, coefficients, probabilities, spectral_phase
from statmech.spectra.phase_fit import FITTED, fit_phases
from statmech.spectra.phase_statistics import NAMES, phase_statistics
from statmech.spectra.spectrum import Spectrum, spectrum
from statmech.tasks.phase_samples import PhaseSamples

DATA = Path(__file__).parents[2] / "data/spectra"
CLASSES = json.loads((DATA / "phase_classes.json").read_text())
SHAPE = (300, 200)
COUNT = 48


@pytest.fixture(scope="module")
def fresh():
    """Statistics and phases of the first matrices that the confusion table counts, of both families."""
    out = {}
    for population in ("margins", "second family"):
        task = PhaseSamples(CLASSES, population, *(200, 1.5), disorder=tuple(range(COUNT)))
        state = task.advance(task.start(), COUNT)
        out[population] = state["statistics"], state["phase"].astype(int)
    return out


def labels(statistics: np.ndarray, fitted: dict) -> np.ndarray:
    collapsed = statistics[:, 0] > phase.COLLAPSED
    label = np.full(len(statistics), len(PHASES) - 1)
    label[~collapsed] = probabilities(statistics[~collapsed], list(NAMES), fitted).argmax(1)
    return label


@pytest.mark.parametrize("population", ["margins", "second family"])
def test_the_committed_coefficients_reproduce_the_committed_confusion_table(fresh, population):
    statistics, truth = fresh[population]
    found = labels(statistics, coefficients())
    with open(DATA / "phase_confusion.csv") as file:
        table = {r["phase"]: r for r in csv.DictReader(file) if (r["population"], r["M"]) == (population, "200")}
    assert set(table) == set(PHASES)
    for k, name in enumerate(PHASES):
        recall, count = float(table[name]["recall"]), (truth == k).sum()
        right = (found[truth == k] == k).sum()
        assert right >= count * recall - 3.5 * np.sqrt(count * recall * (1 - recall)) - 1e-9, name


def test_without_the_edge_bleeding_out_is_missed(fresh):
    """Mutant: the same coefficients, but those of the eigenvalues at and above the edge."""
    statistics, truth = fresh["margins"]
    mutant = json.loads(json.dumps(coefficients()))
    for k, name in enumerate(mutant["statistics"]):
        if name.startswith(("edge", "strength", "spikes", "strong", "mass", "gap", "range")):
            for row in mutant["weights"]:
                row[k] = row[k + len(mutant["statistics"])] = 0.0
    bleeding = truth == PHASES.index("Bleeding-out")
    assert (labels(statistics, coefficients()) == truth)[bleeding].mean() > 0.8
    assert (labels(statistics, mutant) == truth)[bleeding].mean() < 0.6


@pytest.mark.parametrize("name", PHASES)
def test_labels_and_probabilities(name):
    found = spectral_phase(spectrum(phase_matrices.within(CLASSES, name, 480, 240, seed=3).W))
    assert found and found.label == name and found.status == "ok"
    assert list(found.probabilities) == list(PHASES)
    assert sum(found.probabilities.values()) == pytest.approx(1, abs=1e-12)
    assert found.probabilities[name] == max(found.probabilities.values())


def test_the_label_sees_nothing_but_the_spectrum_and_no_scale():
    W = ensembles.spiked(90, 60, [1.1, 1.6], seed=1)
    rng = np.random.default_rng(0)
    own = spectral_phase(spectrum(W))
    assert spectral_phase(spectrum(W * 2.0**9)) == own, "exact: a power of two rounds nothing"
    for same in (W.T, W * 0.037, W[rng.permutation(90)][:, rng.permutation(60)]):
        other = spectral_phase(spectrum(same))
        assert other.label == own.label
        np.testing.assert_allclose(list(other.statistics.values()), list(own.statistics.values()), rtol=0, atol=1e-9)
    assert spectral_phase(spectrum(ensembles.spiked(90, 60, [1.1, 1.7], seed=1))) != own, "witness"


def test_small_and_empty_layers():
    small = spectral_phase(spectrum(ensembles.gaussian(200, 19, seed=0)))
    assert not small and small.label == "" and "19" in small.status and "20" in small.status
    assert all(np.isnan(p) for p in small.probabilities.values())
    assert spectral_phase(spectrum(ensembles.gaussian(200, 20, seed=0)))
    for W in (np.zeros((40, 30)), np.outer(np.ones(40), np.ones(30))):
        assert spectral_phase(spectrum(W)).label == "Rank-collapse"


def test_weights_in_single_precision_collapse_too():
    W = ensembles.rank_collapsed(120, 80, 60, seed=0).astype(np.float32)
    found = spectral_phase(spectrum(W))
    assert found.label == "Rank-collapse" and found.statistics["zeros"] == 0.25


def test_pooled_slices_of_noise_are_random_like():
    kernels = [np.random.default_rng(seed).normal(size=(48, 32, 3, 3)) for seed in range(12)]
    found = [spectral_phase(spectrum(W)) for W in kernels]
    assert sum(x.label == "Random-like" for x in found) >= 10
    assert np.mean([x.probabilities["Random-like"] for x in found]) > 0.6
    W = kernels[0]
    W[:, :, 1, 1] += np.ones((48, 32))
    assert spectral_phase(spectrum(W)).label != "Random-like", "witness: one slice with a strong signal"


def test_statistics_are_what_their_names_say():
    n, m = 600, 300
    S = np.array([2.5, 4.0]) * (m / n) ** 0.25
    found = phase_statistics(spectrum(ensembles.spiked(n, m, S, seed=0)))
    assert tuple(found) == NAMES
    assert np.exp([found["strength_2"], found["strength_1"]]) == pytest.approx([2.5, 4.0], rel=0.06)
    assert np.expm1(found["spikes"]) == pytest.approx(2) and np.expm1(found["strong"]) == pytest.approx(2)
    assert found["size"] == pytest.approx(np.log(1.5)) and found["aspect"] == pytest.approx(0)
    quiet = phase_statistics(spectrum(ensembles.gaussian(n, m, seed=0)))
    assert abs(np.sinh(quiet["edge_1"]) * 2 + 1.2) < 4 and quiet["spikes"] == 0, "-1.2 +- 1.3 by Tracy-Widom"


def test_the_fourth_moment_is_half_the_excess_kurtosis():
    """Bai & Silverstein: E tr X^2 moves by the excess kurtosis, in units of fluctuations of standard deviation 1."""

    def mean(draw, count=24):
        values = [phase_statistics(spectrum(draw(seed)))["fourth_all"] for seed in range(count)]
        return np.sinh(values).mean(), np.sinh(values).std(ddof=1)

    laplace = [np.random.default_rng(seed).laplace(size=(150, 100)) for seed in range(24)]
    for draw, kurtosis in ((lambda s: ensembles.gaussian(150, 100, s), 0), (lambda s: laplace[s], 3)):
        value, spread = mean(draw)
        assert value == pytest.approx(kurtosis / 2, abs=0.75)
        assert 0.6 < spread < 1.7
    assert mean(lambda s: ensembles.signs(150, 100, s))[0] == pytest.approx(-1, abs=0.75)


def test_too_few_eigenvalues_have_no_statistics():
    with pytest.raises(ValueError, match="5 of 30 eigenvalues are above zero: expected at least 8"):
        phase_statistics(Spectrum(np.r_[np.zeros(25), np.ones(5)], 40, 30))


def test_products_give_the_same_statistics_as_singular_values():
    """The calibration takes eigenvalues of W^T W; a layer's are squared singular values."""
    task = PhaseSamples(CLASSES, "margins", 60, 2.0, disorder=(0, 3, 4))
    state = task.advance(task.start(), 3)
    for k, index in enumerate(task.disorder):
        values = list(phase_statistics(spectrum(task.draw(index).W)).values())
        np.testing.assert_allclose(state["statistics"][k], values, atol=1e-6)


def test_the_fit_finds_planted_probabilities():
    rng = np.random.default_rng(0)
    names, count = ["zeros", "a", "b"], 6000
    x = np.c_[np.zeros(count), rng.normal(size=(count, 2)) * (1.0, 7.0)]
    logits = np.c_[x[:, 1], -x[:, 1], x[:, 2] / 7, 0.5 - x[:, 2] / 7, np.zeros(count)]
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    drawn = (rng.random((count, 1)) > p.cumsum(1)).sum(1)
    fitted = fit_phases(x, names, drawn)
    found = probabilities(x, names, fitted)
    assert fitted["statistics"] == ["a", "b"] and 0.9 < fitted["temperature"] < 1.1
    assert np.abs(found[:, :5] - p).mean() < 0.015
    assert np.abs(found[:, :5] - np.full_like(p, 0.2)).mean() > 0.05, "witness"
    assert (found[:, 5] == 0).all()
    with pytest.raises(ValueError, match="expected each of 0 to 4"):
        fit_phases(x, names, np.minimum(drawn, 3))
    with pytest.raises(ValueError, match="statistics b are missing"):
        probabilities(x[:, :2], names[:2], fitted)


def test_the_coefficients_are_of_these_statistics():
    fitted = coefficients()
    assert set(fitted["statistics"]) == set(NAMES) - {"zeros"} and fitted["phases"] == list(FITTED)
    assert np.shape(fitted["weights"]) == (len(FITTED), 2 * (len(NAMES) - 1))
    assert isinstance(spectral_phase(spectrum(np.eye(25))), PhaseLabel)


def test_draws_are_of_their_class():
    for second in (False, True):
        thin = phase_matrices.within(CLASSES, "Rank-collapse", 60, 40, 1, second)
        assert spectrum(thin.W).rank == round(float(thin.what.removeprefix("rank=")) * 40)
    drawn = [phase_matrices.between(CLASSES, 60, 40, seed) for seed in range(40)]
    assert all(x.between for x in drawn) and {x.phase for x in drawn} == set(PHASES)
    again = phase_matrices.between(CLASSES, 60, 40, 7)
    np.testing.assert_array_equal(again.W, drawn[7].W)
    with pytest.raises(ValueError, match="phase = 'Random': expected one of"):
        phase_matrices.within(CLASSES, "Random", 60, 40, 0)
    small = CLASSES | {"shapes": {"calibration": {"M": [20, 40], "Q": [1, 3], "largest": 2000}}}
    shapes = [phase_matrices.whole_range(small, seed).W.shape for seed in range(20)]
    assert all(20 <= m <= 40 and m <= n <= 3 * m + 1 and n * m <= 2000 for n, m in shapes)


@pytest.mark.parametrize(("fields", "message"), [
    ({"population": "noise"}, "population = 'noise': expected one of whole range"),
    ({"m": 19}, "m = 19: expected an integer >= 20"),
    ({"Q": 0.5}, "Q = 0.5: expected n/m >= 1"),
])  # fmt: skip
def test_messages_of_the_task(fields, message):
    with pytest.raises(ValueError, match=message):
        PhaseSamples(CLASSES, **fields)
