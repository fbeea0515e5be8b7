"""Replica theory of the perceptron against published and recomputed numbers."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from statmech.theory import perceptron_ground as ground
from statmech.theory import perceptron_lines as lines
from statmech.theory import perceptron_storage as store
from statmech.theory import perceptron_temperatures as temperatures
from statmech.theory.perceptron import solve

FILE = Path(__file__).parents[2] / "data" / "reference" / "perceptron.csv"
with FILE.open() as stream:
    ROWS = list(csv.DictReader(line for line in stream if not line.startswith("#")))


def number(row: dict[str, str], name: str) -> float:
    return float(row[name] or 0)


def state(x, quantity: str, T: float, p: float, weights: str) -> float:
    if quantity == "eps_test":
        return p + (1 - 2 * p) * float(x.eps_g)
    if quantity.startswith("minus_bf"):
        uniform = quantity.endswith("uniform") and weights == "ising"
        return -float(x.f) / T - np.log(2) * uniform
    return float(getattr(x, quantity))


def capacity(row: dict[str, str], quantity: str) -> float:
    kappa, weights = number(row, "kappa"), row["weights"]
    if row["p"]:
        names = {"": "alpha", "R": "R", "eps_g": "eps_g"}
        return float(getattr(ground.noisy_capacity(float(row["p"]), kappa), names[quantity]))
    if weights == "spherical":
        return float(store.gardner_capacity(kappa))
    return float(store.binary_capacity(kappa)[quantity == "q"])


def compute(row: dict[str, str]) -> float:
    name, _, quantity = row["quantity"].partition(" ")
    alpha, T, p = (number(row, k) for k in ("alpha", "T", "p"))
    weights = row["weights"]
    if name == "storage":
        return float(getattr(store.storage(alpha, T, number(row, "kappa"), weights), quantity))
    if name == "alpha_c":
        return capacity(row, quantity)
    if name == "kappa_max":
        return float(store.kappa_max(alpha))
    if name == "glass_end":
        return lines.glass_end(p)[quantity == "alpha"]
    if name == "T_AT":
        return float(temperatures.T_AT(alpha, p, weights))
    if name.startswith("alpha_"):
        load = float(getattr(lines, name)(T, p))
        # the line itself, or what the branch has just inside
        return state(solve(load * (1 - 1e-13), T, p, weights), quantity, T, p, weights) if quantity else load
    return state(solve(alpha, T, p, weights), name, T, p, weights)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_reference(row):
    assert compute(row) == pytest.approx(float(row["value"]), rel=0, abs=float(row["tol"]))


def test_reference_covers_every_quantity():
    known = {row["id"].split("_")[0] for row in ROWS}
    wanted = "D1 D2 D3q D4s D4q D5 D5q D10 D10e D11 D11R D12 D16 D17 D20 D20R D21 D40 D45 E5 X1 X2 X3 X5 Y1"
    assert known == set(wanted.split())
    assert {row["weights"] for row in ROWS} == {"ising", "spherical"}


STATES = [row for row in ROWS if row["id"].startswith(("D12", "D17", "D40", "E5"))]


@pytest.mark.parametrize("row", STATES, ids=lambda row: row["id"])
def test_kind_agrees_with_replica_symmetry(row):
    alpha, T, p = (number(row, k) for k in ("alpha", "T", "p"))
    x = solve(alpha, T, p, row["weights"])
    fault = x.at < 0 or (row["weights"] == "ising" and x.s < 0)
    past = row["weights"] == "ising" and p == 0 and alpha > lines.alpha_th(T)
    assert row["kind"] == ("metastable" if past else "RS" if fault else "exact")


def test_published_figures():
    """Rounded numbers of the papers themselves: 1.245, 1.493, 0.833, 0.26 (SST92, KM89), and Bayes thresholds (B19)."""
    assert lines.alpha_th(0).round(3) == 1.245 and lines.alpha_sp(0).round(3) == 1.493
    assert store.binary_capacity().alpha.round(3) == 0.833 and store.gardner_capacity(0) == pytest.approx(2, rel=1e-15)
    p = np.array([0.02, 0.05, 0.1, 0.2])
    np.testing.assert_allclose(lines.alpha_th(lines.T_N(p), p), [1.495, 1.835, 2.514, 4.901], atol=5e-4)


def test_learning_curve_of_the_version_space_at_large_loads():
    """alpha eps_g -> 0.62466 (Gibbs) and 0.44170 (Bayes): Gyorgyi & Tishby 1990; Opper & Haussler 1991."""
    x = solve([1e4, 1e5], 0.0, 0.0, "spherical")
    np.testing.assert_allclose(x.alpha * x.eps_g, 0.6246581921385644, rtol=2e-8)
    np.testing.assert_allclose(x.alpha * x.eps_avg, 0.4417000435849082, rtol=2e-8)
    near = solve(30.0, 0.0, 0.0, "spherical")  # witness: the limit is a limit
    assert abs(30 * near.eps_g - 0.6246581921385644) > 1e-4
