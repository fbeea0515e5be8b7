"""p-spin glasses and the random energy model against published numbers and their own thermodynamics."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from statmech.theory import planted_pspin, rem
from statmech.theory import pspin_ising as ising
from statmech.theory import pspin_spherical as spherical
from statmech.theory.parisi_solution import k_step
from statmech.theory.pspin import PSpinTheory, finite_size

FILE = Path(__file__).parents[2] / "data" / "reference" / "pspin.csv"
with FILE.open() as stream:
    ROWS = list(csv.DictReader(line for line in stream if not line.startswith("#")))


def compute(row: dict[str, str]) -> float:
    branch, quantity = row["branch"], row["quantity"]
    at = float({"T_d": spherical.T_d(3), "": 0}.get(row["at"], row["at"]))
    match row["model"], branch:
        case "wigner", _:
            return float(getattr(planted_pspin.spiked_wigner(at), quantity))
        case "rem", _:
            return rem.T_C if quantity == "T_c" else float(getattr(rem.limit(at), quantity))
        case "ising", "paramagnet":
            return float(PSpinTheory(3).predict(at)[quantity])
        case "ising", "ground_state":
            return ising.ground_state(3)[0]
        case "ising", "k_step":
            return float(getattr(k_step(3, at, K=8), quantity))
        case "ising", "dynamical" | "kauzmann":
            return float(getattr(getattr(ising, branch)(3), quantity))
        case "ising", _:
            return float(getattr(getattr(ising, branch)(3, at), quantity))
        case "spherical", "T_d" | "T_s":
            return getattr(spherical, branch)(3)
        case "spherical", "complexity":
            return float(spherical.complexity(at))
    return float(getattr(getattr(spherical, branch)(3, at), quantity))


@pytest.mark.parametrize(
    "row", [pytest.param(r, id=r["id"], marks=[pytest.mark.slow] * (r["branch"] == "k_step")) for r in ROWS]
)
def test_reference(row):
    assert compute(row) == pytest.approx(float(row["value"]), abs=float(row["tol"]))


def test_every_model_has_rows():
    assert len(ROWS) == 75 and {r["model"] for r in ROWS} == {"ising", "spherical", "rem", "wigner"}


@pytest.mark.parametrize("p", [3, 4, 7])
def test_transitions_of_ising_spins(p):
    """T_G < T_K < T_d; at T_d Sigma > 0 and the states are just stable; the statics are continuous at T_K."""
    d, k, g = ising.dynamical(p), ising.kauzmann(p), ising.gardner(p)
    assert g.T < k.T < d.T and d.Sigma > 0 and abs(d.replicon) < 1e-12 and abs(k.Sigma) < 1e-13 < k.replicon
    assert k.e == pytest.approx(-0.5 / k.T, abs=1e-13) and k.s == pytest.approx(np.log(2) - 0.25 / k.T**2, abs=1e-12)
    assert abs(g.replicon) < 1e-9 and ising.static(p, 1.001 * g.T).replicon > 0 > ising.static(p, 0.999 * g.T).replicon
    near = ising.static(p, k.T * (1 - 1e-7))
    assert near.m == pytest.approx(1, abs=1e-6) and near.q == pytest.approx(k.q, abs=1e-5)
    with pytest.raises(ValueError, match="T_K"):
        ising.static(p, k.T * 1.01)


def test_thermodynamics_of_ising_spins():
    """s = -df/dT below T_K; f stationary in q and m; Sigma = 0 there and e from T = 0 on."""
    for T in (0.3, 0.5):
        x = ising.static(3, T)
        s = -(ising.static(3, T + 1e-4).f - ising.static(3, T - 1e-4).f) / 2e-4
        assert x.s == pytest.approx(s, abs=1e-7) and abs(x.Sigma) < 1e-12
    assert ising.static(3, 0.005).e == pytest.approx(ising.ground_state(3)[0], abs=1e-5)
    m = ising.marginal(3, 0.5)
    assert m.e > ising.static(3, 0.5).e and m.Sigma > 0 and abs(m.replicon) < 1e-10
    last = ising.marginal(3, ising.coldest_threshold(3))
    assert abs(last.Sigma) < 1e-8
    with pytest.raises(ValueError, match="T_G"):
        ising.marginal(3, 0.2)


def test_complexity_counts_states_by_their_free_energy():
    """dSigma / d(free energy of a state) = m/T along the states of one temperature (Monasson)."""
    T, d = 0.6, 1e-4
    low, mid, high = (ising.metastable(3, T, m) for m in (0.85 - d, 0.85, 0.85 + d))
    states = [x.f + T * x.Sigma / x.m for x in (low, mid, high)]
    slope = (high.Sigma - low.Sigma) / (states[2] - states[0])
    assert slope == pytest.approx(0.85 / T, rel=1e-5)
    # equilibrium between T_K and T_d: entropy = that of a state + Sigma
    x = ising.metastable(3, 0.66)
    assert x.f == pytest.approx(-1 / (4 * 0.66) - 0.66 * np.log(2), abs=1e-13)


def test_many_spins_per_term_are_the_random_energy_model():
    assert pytest.approx(rem.T_C, abs=1e-10) == ising.kauzmann(40).T
    assert ising.ground_state(40)[0] == pytest.approx(rem.E_0, abs=1e-10)
    x = ising.static(40, 0.3)
    assert x.m == pytest.approx(0.3 / rem.T_C, abs=1e-6)
    assert abs(ising.kauzmann(3).T - rem.T_C) > 0.05  # witness


@pytest.mark.parametrize("p", [3, 4, 9])
def test_thermodynamics_of_spherical_spins(p):
    d = 1e-5
    for T in (0.3, 0.9 * spherical.T_s(p)):
        x = spherical.static(p, T)
        s = -(spherical.static(p, T + d).f - spherical.static(p, T - d).f) / (2 * d)
        assert x.s == pytest.approx(float(s), abs=1e-6) and abs(x.Sigma) < 1e-14
    T_s = spherical.T_s(p)
    a, b = spherical.static(p, T_s * (1 - 1e-9)), spherical.paramagnet(p, T_s)
    assert a.f == pytest.approx(float(b.f), abs=1e-8) and a.m == pytest.approx(1, abs=1e-7)
    assert spherical.static(p, 0).e == pytest.approx(spherical.e_ground(p), abs=1e-14)
    assert spherical.static(p, 1e-6).f == pytest.approx(spherical.e_ground(p), abs=1e-4)
    assert spherical.threshold(p, 0).e == pytest.approx(spherical.e_threshold(p), abs=1e-14)
    assert spherical.T_s(p) < spherical.T_d(p) and spherical.e_ground(p) < spherical.e_threshold(p)
    assert np.isnan(spherical.threshold(p, spherical.T_d(p) * 1.001).q)


def test_complexity_of_spherical_spins():
    """Sigma(e_ground) = 0; at the threshold the count of states at T does not depend on T and equals that of minima."""
    for p in (3, 5):
        assert spherical.complexity(spherical.e_ground(p), p) == pytest.approx(0, abs=1e-13)
        at = spherical.threshold(p, [0.0, 0.3]).Sigma
        np.testing.assert_allclose(at, spherical.complexity(spherical.e_threshold(p), p), atol=1e-13)
        assert np.isnan(spherical.complexity(-0.5, p)) and spherical.complexity(-1.3, 3) < 0
    # dSigma/de = m/T as T -> 0 at the ground state
    slope = float(np.diff(spherical.complexity(spherical.e_ground(3) + np.array([-1e-6, 1e-6])))[0] / 2e-6)
    assert slope == pytest.approx(float(spherical.static(3, 1e-6).m) / 1e-6, rel=1e-4)


def test_theory_speaks_as_the_simulation():
    for spins in ("ising", "spherical"):
        theory = PSpinTheory(3, spins)
        T_K, T_d = (theory.temperatures()[k] for k in ("T_K", "T_d"))
        T = np.array([[0.4, 0.5 * (T_K + T_d)], [T_d + 0.05, 2.0]])
        known = {b: np.isfinite(theory.predict(T, b)["e"]).ravel().tolist() for b in theory.branches}
        assert known["paramagnet"] == [False, True, True, True] and known["spin_glass"] == [True, False, False, False]
        assert known["threshold"] == [True, True, False, False] and not any(known["one_step"])
        assert set(theory.branches) <= set(theory.words) and set(theory.lines()) <= set(theory.words)
        assert theory.citation.endswith(")") and theory.lines()["T_K"](np.zeros(3)).tolist() == [T_K] * 3
        glass = theory.predict(0.4, "spin_glass")
        # e = -(b/2)(1 - int q^p dx): the energy and the overlaps come from one solution
        assert glass["q2"] == pytest.approx(float(glass["q"] * glass["q_EA"]))
    assert PSpinTheory.of({"n": 30, "p": 4}) == PSpinTheory(4)
    assert PSpinTheory.of({"c": 6}) is None and PSpinTheory.of({"p": {2: 1, 3: 1}}) is None
    assert PSpinTheory.of({"p": 2, "spins": "spherical"}) is None


def test_below_the_gardner_temperature():
    theory = PSpinTheory(3)
    glass, one = theory.predict(0.15, "spin_glass"), theory.predict(0.15, "one_step")
    assert glass["f"] > one["f"] and glass["s"] > 0 and glass["q_EA"] > one["q_EA"]
    assert glass["f"] == pytest.approx(float(glass["e"] - 0.15 * glass["s"]), abs=1e-12)


def test_finite_size():
    """Var H = (N/2) prod (1 - k/N): by counting triples."""
    N = 7
    assert finite_size(3, N) * N / 2 == pytest.approx(35 * 6 / (2 * N**2))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: ising.dynamical(2), "from 3 to 60"),
        (lambda: ising.dynamical(3.0), "integer"),
        (lambda: ising.static(3, 0), "T > 0"),
        (lambda: ising.metastable(3, 0.6, 1.5), "0 < m <= 1"),
        (lambda: ising.metastable(3, 0.7), "states of m = 1 exist"),
        (lambda: spherical.static(2, 0.5), "from 3 to 60"),
        (lambda: spherical.complexity(np.nan), "finite"),
        (lambda: PSpinTheory(2), "statmech.theory.sk"),
        (lambda: PSpinTheory(3, "potts"), "spherical"),
        (lambda: PSpinTheory(3).predict(0.5, "glass"), "spin_glass"),
        (lambda: finite_size(3, 2), "N >= p"),
    ],
)
def test_refusals(call, says):
    with pytest.raises(ValueError, match=says):
        call()
