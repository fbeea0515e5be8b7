"""The Sherrington-Kirkpatrick model against published numbers and its own thermodynamics."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from statmech.theory.parisi_solution import full_rsb, k_step
from statmech.theory.sk import GROUND_STATE, T_AT, SKTheory, finite_size, h_AT, solve

FILE = Path(__file__).parents[2] / "data" / "reference" / "sk.csv"
with FILE.open() as stream:
    ROWS = list(csv.DictReader(line for line in stream if not line.startswith("#")))
COLD = ("full_rsb", "k18")  # seconds each


def compute(row: dict[str, str]) -> float:
    branch, quantity = row["branch"], row["quantity"]
    T, h = (float(row[k] or 0) for k in ("T", "h"))
    if branch == "rs":
        return float(getattr(solve(T, h), quantity))
    if branch == "line":
        return float(T_AT(h)) if quantity == "T_AT" else float(h_AT(T, quantity.split()[1]))
    if branch == "k18":
        return k_step(2, T, h, K=12).q_EA
    return float(getattr(full_rsb(2, T, h), quantity))


def label(row: dict[str, str]) -> object:
    slow = row["branch"] in COLD and float(row["T"]) < 0.45
    return pytest.param(row, id=row["id"], marks=[pytest.mark.slow] if slow else [])


@pytest.mark.parametrize("row", [label(r) for r in ROWS])
def test_reference(row):
    assert compute(row) == pytest.approx(float(row["value"]), abs=float(row["tol"]))


def test_every_kind_of_row_is_there():
    assert len(ROWS) == 66 and {r["branch"] for r in ROWS} == {"rs", "line", "full_rsb", "k18"}
    rows = [r for r in ROWS if r["branch"] == "rs"]
    for r in rows:
        broken = solve(float(r["T"]), float(r["h"] or 0)).at < -1e-12
        assert broken == (r["kind"] == "RS"), r["id"]


@pytest.mark.slow
def test_ground_state():
    """e_0 = -0.763166726567 (Oppermann, Schmidt & Sherrington 2007), directly at T = 0; f = e_0 - 0.241 T^3 there."""
    assert full_rsb(2, 0).e == pytest.approx(GROUND_STATE, abs=2e-7)
    assert full_rsb(2, 0.05).f == pytest.approx(GROUND_STATE - 0.241 * 0.05**3, abs=1e-6)
    assert full_rsb(2, 0.05).s == pytest.approx(0.72 * 0.05**2, abs=2e-5)


@pytest.mark.parametrize(("T", "fields"), [(0.6, {"h": 0.4}), (0.9, {"J0": 1.3}), (0.5, {"h": 0.2, "h_random": 0.7})])
def test_thermodynamics(T, fields):
    """s = -df/dT, M = -df/dh, C(1 + q)-part of e by f = e - Ts; f stationary where solve says."""
    x = solve(T, **fields)
    d = 1e-4
    s = -(solve(T + d, **fields).f - solve(T - d, **fields).f) / (2 * d)
    assert x.s == pytest.approx(float(s), abs=1e-7) and x.f == pytest.approx(float(x.e - T * x.s), abs=1e-13)
    if "h" in fields:
        up, down = ({**fields, "h": fields["h"] + e} for e in (d, -d))
        assert pytest.approx(float(-(solve(T, **up).f - solve(T, **down).f) / (2 * d)), abs=1e-7) == x.M


def test_zero_temperature_is_a_limit():
    cold, zero = solve(1e-4, 0.3, 0.8), solve(0.0, 0.3, 0.8)
    for name in ("M", "C", "e", "f", "s"):
        assert getattr(cold, name) == pytest.approx(float(getattr(zero, name)), abs=3e-4), name
    assert zero.at == -np.inf


def test_ferromagnet():
    """Without noise in the limit of large J0 this is the Curie-Weiss magnet; at J0 < 1 there is none."""
    x = solve(50.0, J0=100.0)
    assert pytest.approx(0.95750402, abs=1e-4) == x.M  # m = tanh 2m
    assert pytest.approx(0, abs=1e-12) == solve(0.5, J0=0.9).M and solve(0.5, J0=1.2).M > 0.3
    assert solve(1.21, J0=1.2).M == 0 and solve(1.19, J0=1.2).M > 0  # T = J0: the ferromagnet's transition


def test_lines():
    tau = 1e-3
    assert h_AT(1 - tau) == pytest.approx(np.sqrt(4 / 3) * tau**1.5, rel=5e-3)
    assert np.isnan(h_AT(1.5)) and T_AT(h_AT(0.4)) == pytest.approx(0.4, abs=1e-9)
    assert (np.diff(T_AT([0.0, 0.1, 1.0, 2.0])) < 0).all()


def test_theory_speaks_as_the_simulation():
    theory = SKTheory()
    T = np.array([0.6, 1.0, 1.4])
    para, glass, rs = (theory.predict(T, b) for b in ("paramagnet", "spin_glass", "replica_symmetric"))
    assert np.isfinite(glass["e"]).tolist() == [True, False, False]
    assert np.isfinite(para["e"]).tolist() == [False, True, True]
    np.testing.assert_allclose(glass["e"][0], -(1 - glass["q2"][0]) / (2 * T[0]), atol=1e-7)
    assert abs(rs["e"][0] - glass["e"][0]) > 1e-4
    assert set(theory.branches) <= set(theory.words) and set(theory.lines()) <= set(theory.words)
    assert SKTheory.of({"n": 64, "h": 0.2}) == SKTheory(h=0.2) and SKTheory.of({"diluted": 3}) is None
    inside = SKTheory(h=0.2).predict(0.6, "spin_glass")
    outside = SKTheory(h=0.2).predict(0.9, "paramagnet")
    assert 0 < inside["M"] < 1 and outside["M"] == pytest.approx(float(solve(0.9, 0.2).M))


def test_finite_size_identity():
    """e = -(b/2)(1 - E<q^2>) and N E<q^2> -> 1/(1 - b^2): the same correction."""
    assert finite_size(1.5, 1000) == pytest.approx(-(1 / 3) * (1 - 1e-3 / (1 - 1 / 2.25)))


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: solve(-1), ValueError, "T >= 0"),
        (lambda: solve("a"), TypeError, "number"),
        (lambda: solve(1.0, -0.1), ValueError, "h = "),
        (lambda: h_AT(0.0), ValueError, "T > 0"),
        (lambda: h_AT(0.5, "bimodal"), ValueError, "uniform"),
        (lambda: finite_size(0.9, 100), ValueError, "T > 1"),
        (lambda: SKTheory(J0=-1), ValueError, "J0"),
        (lambda: SKTheory().predict(1.0, "glass"), ValueError, "spin_glass"),
    ],
)
def test_refusals(call, error, says):
    with pytest.raises(error, match=says):
        call()
