"""Theory of the planted model: thermodynamics, the Nishimori line, branches and lines."""

from __future__ import annotations

import numpy as np
import pytest

from statmech.theory.planted import PlantedTheory
from statmech.theory.planted_pspin import J0_f, bayes
from statmech.theory.pspin import PSpinTheory
from statmech.theory.sk import SKTheory

KINDS = [(2, "ising"), (3, "ising"), (4, "ising"), (2, "spherical"), (3, "spherical")]


@pytest.mark.parametrize(("p", "spins"), KINDS)
def test_energy_overlap_and_entropy_are_derivatives_of_the_free_energy(p, spins):
    """e = d(f/T)/d(1/T), m^p = -df/dJ0 and s = (e - f)/T around the signal."""
    theory, J0, step = PlantedTheory(p, spins), 1.2, 1e-4
    T = np.array([0.35, 0.6])

    def f(signal, b):
        return theory.predict(signal, 1 / b)["f"]

    x, b = theory.predict(J0, T), 1 / T
    energy = ((b + step) * f(J0, b + step) - (b - step) * f(J0, b - step)) / (2 * step)
    overlap = -(f(J0 + step, b) - f(J0 - step, b)) / (2 * step)
    np.testing.assert_allclose(x["e"], energy, atol=1e-6)
    np.testing.assert_allclose(x["m"] ** p, overlap, atol=1e-6)
    np.testing.assert_allclose(x["s"], (x["e"] - x["f"]) / T, atol=1e-12)
    assert np.abs(0.9 * x["m"] ** p - overlap).min() > 0.01, "witness"


@pytest.mark.parametrize(("p", "spins"), KINDS)
def test_nishimori_line(p, spins):
    T = np.array([0.4, 0.55])
    x = PlantedTheory(p, spins).predict(0.5 / T, T)
    np.testing.assert_allclose(x["q"], x["m"], atol=1e-9)
    np.testing.assert_allclose(x["e"], -0.5 / T, atol=1e-9)
    np.testing.assert_allclose(x["m"], bayes(T, p, spins, informed=True), atol=1e-7)
    away = PlantedTheory(p, spins).predict(0.5 / T, 0.8 * T)
    assert (np.abs(away["q"] - away["m"]) > 1e-5).all(), "witness: off the line"


def test_beside_the_signal_is_the_glass_without_it():
    T = np.array([0.3, 0.5, 0.9])
    for branch in ("paramagnet", "spin_glass"):
        x, glass = PlantedTheory(3).predict(2.0, T, branch), PSpinTheory(3).predict(T, branch)
        for name in ("e", "f", "s", "q", "q2"):
            np.testing.assert_array_equal(x[name], glass[name])
        np.testing.assert_array_equal(np.isnan(x["m"]), np.isnan(x["e"]))
        assert not np.nansum(np.abs(x["m"]))
    strong, weak = (PlantedTheory(2).predict(J0, T, "spin_glass")["e"] for J0 in (0.6, 0.4))
    assert np.isnan(strong).all() and np.isfinite(weak).all(), "p = 2: the signal is found easily"
    sphere = PlantedTheory(2, "spherical").predict(0.3, [0.5, 2.0], "spin_glass")
    np.testing.assert_allclose(sphere["e"], [-0.75, np.nan])


def test_two_spin_signal_is_a_ferromagnetic_bias_of_sk():
    T = np.array([1.1, 1.4])
    x, sk = PlantedTheory(2).predict(1.0, T), SKTheory(J0=2.0).predict(T, "paramagnet")
    for theory, name in (("m", "M"), ("e", "e"), ("f", "f"), ("q", "q")):
        np.testing.assert_allclose(x[theory], sk[name], atol=1e-7)


def test_lines():
    lines = PlantedTheory(3).lines()
    assert float(lines["T_N"](0.8)) == 0.625
    T_f = lines["T_f"]([0.5, 0.9, 1.2])
    assert np.isnan(T_f[0])
    assert [J0_f(T) for T in T_f[1:]] == pytest.approx([0.9, 1.2], abs=1e-7)
    np.testing.assert_allclose(PlantedTheory(2).lines()["T_f"]([0.4, 1.0]), [np.nan, 2.0])


def test_which_models_it_knows():
    assert PlantedTheory.of({"n": 64}) == PlantedTheory(3)
    assert PlantedTheory.of({"n": 64, "p": 2, "spins": "spherical", "signal": 0.7}) == PlantedTheory(2, "spherical")
    assert PlantedTheory.of({"n": 64, "temperature": 1}) is None
    assert "signal" not in PlantedTheory(3).reached("random") and PlantedTheory(3).reached("planted")[0] == "signal"
    assert PSpinTheory.of({"n": 64, "p": 2}) == SKTheory()
    assert PSpinTheory.of({"n": 9, "p": 2, "spins": "spherical"}) is None
    assert PSpinTheory.of({"n": 64}) == PSpinTheory(3) == PSpinTheory.of({"n": 64, "couplings": "binary"})
    assert PSpinTheory.of({"n": 64, "p": {"2": 1.0, "3": 0.5}}) is None
    assert PSpinTheory.of({"n": 64, "connectivity": 6.0}) is None
    assert SKTheory.of({"n": 64, "h": 0.3, "couplings": "binary"}) == SKTheory(h=0.3)


def test_bad_input():
    with pytest.raises(ValueError, match=r"branch = 'glass'.*signal, paramagnet, spin_glass"):
        PlantedTheory(3).predict(1.0, 0.5, "glass")
    with pytest.raises(ValueError, match=r"signal = -1.*>= 0"):
        PlantedTheory(3).predict(-1, 0.5)
    with pytest.raises(ValueError, match=r"spins = 'soft'.*'ising' or 'spherical'"):
        PlantedTheory(3, "soft")
