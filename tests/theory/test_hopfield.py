"""Replica theory of the Hopfield model: published numbers, its own thermodynamics, limits, bad input."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import erf

from statmech.theory import hopfield_lines as lines
from statmech.theory.hopfield import BRANCHES, HopfieldTheory, free_energy, solve

FILE = Path(__file__).parents[2] / "data" / "reference" / "hopfield.csv"
with FILE.open() as stream:
    ROWS = list(csv.DictReader(line for line in stream if not line.startswith("#")))
STENCIL = np.array([1, -8, 0, 8, -1]) / 12


def compute(row: dict[str, str]) -> float:
    alpha, T = (float(row[k]) if row[k] else None for k in ("alpha", "T"))
    branch, quantity = row["branch"], row["quantity"]
    if branch in BRANCHES:
        return float(getattr(solve(alpha, T, branch), quantity))
    if branch == "alpha_c":
        return getattr(lines.alpha_c(), quantity)
    if branch in ("alpha_M", "alpha_first_order"):
        return float(getattr(lines, branch)(T))
    if branch in ("T_mixture", "alpha_mixture"):
        return float(getattr(lines, branch)(3))
    return float(HopfieldTheory().lines()[branch](alpha))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_reference(row):
    assert compute(row) == pytest.approx(float(row["value"]), rel=0, abs=float(row["tol"]))


def test_reference_covers_every_quantity():
    known = {row["id"].split("_")[0] for row in ROWS}
    assert known >= {"C1", "C1m", "C2m", "C2r", "C2e", "C4", "C5", "C6", "C7", "C8", "C9", "C10", "X4"}
    assert {row["quantity"] for row in ROWS} == {"alpha", "T", "m", "q", "r", "e", "f"}


RETRIEVAL = [row for row in ROWS if row["branch"] in ("retrieval", "alpha_M")]


@pytest.mark.parametrize("row", RETRIEVAL, ids=lambda row: row["id"])
def test_kind_agrees_with_replica_symmetry(row):
    T = float(row["T"])
    alpha = float(row["alpha"] or row["value"]) * (1 - 1e-10 * (row["branch"] == "alpha_M"))
    assert (solve(alpha, T).at > 0) == (row["kind"] == "exact")


# --- thermodynamics ----------------------------------------------------------------------------------------


def grid(branch: str) -> tuple[np.ndarray, np.ndarray]:
    """Loads and temperatures inside a branch, cold and warm."""
    share = np.tile([0.05, 0.3, 0.7, 0.97], 4)
    if branch == "retrieval":
        alpha = np.repeat([0.004, 0.05, 0.1, 0.13], 4)
        return alpha, share * lines.T_M(alpha)
    if branch == "mixture":
        T = np.tile([0.05, 0.2, 0.4], 3)
        return np.repeat([0.1, 0.5, 0.9], 3) * lines.alpha_mixture(3, T), T
    alpha = np.repeat([1e-3, 0.05, 0.5, 3.0], 4)
    T_g = 1 + np.sqrt(alpha)
    return alpha, share * T_g if branch == "spin_glass" else T_g + 5 * share


@pytest.mark.parametrize("branch", BRANCHES)
def test_thermodynamics(branch):
    alpha, T = grid(branch)
    n = 3 if branch == "mixture" else 1
    x = solve(alpha, T, branch)
    assert x.exists.all()
    np.testing.assert_allclose(x.f, x.e - T * x.s, atol=1e-13)
    np.testing.assert_allclose(x.f, free_energy(x.m, x.q, x.r, alpha, T, n), atol=1e-13)
    np.testing.assert_allclose(T * x.C, 1 - x.q, atol=1e-15)
    np.testing.assert_allclose(x.r, x.q / (1 - x.C) ** 2, rtol=1e-10)
    # The Hamiltonian is -(1/2) sum_mu m_mu^2 + alpha/2 per spin, whatever the temperature.
    np.testing.assert_allclose(x.e, -n * x.m**2 / 2 - alpha * x.r_chain / 2 + alpha / 2, atol=1e-12)
    around = 1 + 2e-4 * np.arange(-2, 3)  # e = d(beta f)/d beta and s = -df/dT
    beta = around / T[:, None]
    bf = beta * solve(alpha[:, None], 1 / beta, branch).f
    np.testing.assert_allclose(bf @ STENCIL / (2e-4 / T), x.e, atol=2e-8)
    f = solve(alpha[:, None], T[:, None] * around, branch).f
    np.testing.assert_allclose(-f @ STENCIL / (2e-4 * T), x.s, atol=2e-8)


def slopes(m, q, r, alpha, T, n=1):
    """df/dm, df/dq, df/dr by differences."""
    h = 1e-4 * np.arange(-2, 3)
    f_m = free_energy(m + h, q, r, alpha, T, n) @ STENCIL / 1e-4
    step = h * T * 0.1  # keeps C = (1 - q)/T below 1
    f_q = free_energy(m, q + step, r, alpha, T, n) @ STENCIL / (1e-5 * T)
    f_r = free_energy(m, q, r * (1 + h), alpha, T, n) @ STENCIL / (1e-4 * r)
    return np.array([f_m, f_q, f_r])


@pytest.mark.parametrize("branch", ["retrieval", "spin_glass", "mixture"])
def test_free_energy_is_stationary(branch):
    n, alpha, T = (3, 0.01, 0.2) if branch == "mixture" else (1, 0.08, 0.25)
    x = solve(alpha, T, branch)
    assert np.abs(slopes(x.m, x.q, x.r, alpha, T, n)).max() < 1e-8
    # Witness: the test sees an overlap off by a thousandth, and r without its (1 - C)^-2.
    assert np.abs(slopes(x.m + 1e-3, x.q, x.r, alpha, T, n)).max() > 1e-5
    assert np.abs(slopes(x.m, x.q, x.q, alpha, T, n)).max() > 1e-4


def iterate(alpha: float, T: float, factor: bool = True) -> tuple[float, float, float]:
    """m, q, r by plain iteration on a fine grid; `factor` False is the mutant r = q."""
    z = np.linspace(-9, 9, 3001)
    weight = np.exp(-z * z / 2)
    weight /= weight.sum()
    m = q = r = 1.0
    for _ in range(300):
        t = np.tanh((m + np.sqrt(alpha * r) * z) / T)
        m, q = weight @ t, weight @ t**2
        r = q / (1 - (1 - q) / T) ** 2 if factor else q
    return m, q, r


def energy_defect(alpha: float, T: float, factor: bool) -> float:
    """e - d(beta f)/d beta of `iterate`."""
    m, q, r = iterate(alpha, T, factor)
    e = -(m**2) / 2 + alpha / 2 * (1 - (1 - q) / (1 - (1 - q) / T) - r)
    beta = (1 + 1e-3 * np.arange(-2, 3)) / T
    bf = [b * free_energy(*iterate(alpha, 1 / b, factor), alpha, 1 / b) for b in beta]
    return float(e - np.array(bf) @ STENCIL * T / 1e-3)


def test_independent_iteration_and_its_mutant():
    x = solve(0.1, 0.2)
    np.testing.assert_allclose([x.m, x.q, x.r], iterate(0.1, 0.2), rtol=1e-12)
    assert abs(energy_defect(0.1, 0.2, True)) < 1e-9
    assert abs(energy_defect(0.1, 0.2, False)) > 1e-4


# --- limits ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("T", [0.05, 0.3, 0.7, 0.95])
def test_vanishing_load_is_curie_weiss(T):
    m = brentq(lambda m: np.tanh(m / T) - m, 1e-3, 1, xtol=1e-15)
    x = solve(1e-9, T)
    assert x.m == pytest.approx(m, abs=1e-6)
    assert x.f == pytest.approx(m**2 / 2 - T * np.log(2 * np.cosh(m / T)), abs=1e-7)


def test_zero_temperature_closed_forms():
    alpha = np.array([0.01, 0.05, 0.1, 0.137])

    def load(y):
        return (erf(y) / y - 2 / np.sqrt(np.pi) * np.exp(-y * y)) ** 2 / 2

    y = np.array([brentq(lambda y, a=a: load(y) - a, 1.52, 20, xtol=1e-15) for a in alpha])
    x = solve(alpha, 0)
    np.testing.assert_allclose(x.m, erf(y), rtol=1e-12)
    C = 2 / np.sqrt(np.pi) * y * np.exp(-y * y) / erf(y)
    np.testing.assert_allclose(x.C, C, rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(x.s, -alpha / 2 * (np.log(1 - C) + C / (1 - C)), atol=1e-13)
    glass = solve(alpha, 0, "spin_glass")
    sigma = np.sqrt(2 / np.pi) + np.sqrt(alpha)
    np.testing.assert_allclose(glass.r, sigma**2 / alpha, rtol=1e-12)
    np.testing.assert_allclose(glass.e, -1 / np.pi - np.sqrt(2 * alpha / np.pi), rtol=1e-13)
    for z in (x, glass):
        np.testing.assert_array_equal(z.at, -np.inf)
        np.testing.assert_array_equal(z.q, 1)


@pytest.mark.parametrize("branch", ["retrieval", "spin_glass", "mixture"])
def test_low_temperature_joins_zero_temperature(branch):
    alpha = 0.02
    cold = solve(alpha, [0.0, 1e-9, 1e-6, 1e-3], branch)
    for name in ("m", "q", "r", "C", "e", "f", "s"):
        value = getattr(cold, name)
        np.testing.assert_allclose(value[1:3], value[0], atol=2e-5 * max(1, abs(value[0])))
        assert abs(value[3] - value[0]) < 0.03 * max(1, abs(value[0]))
    assert (np.diff(cold.q) < 0).any()  # witness: temperature does matter


def test_spin_glass_joins_paramagnet_at_T_g():
    alpha = np.array([1e-6, 0.1, 2.0])
    T = lines.T_g(alpha)
    glass, para = solve(alpha, T * (1 - 1e-5), "spin_glass"), solve(alpha, T * (1 + 1e-5), "paramagnet")
    np.testing.assert_allclose(glass.f, para.f, atol=1e-4)
    assert (glass.q > 0).all() and (glass.q < 1e-4).all() and (glass.at < 0).all() and (para.at > 0).all()
    assert not solve(alpha, T, "spin_glass").exists.any()
    assert solve(0.5, 1.5, "paramagnet").at < 0  # below T_g the paramagnet is there, unstable


# --- shapes and bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize("branch", BRANCHES)
def test_vectorised_equals_scalar(branch):
    alpha, T = np.array([0.005, 0.03, 0.1379, 0.3]), np.array([0.0, 0.02, 0.31, 0.7, 1.3])
    grid = solve(alpha[:, None], T, branch)
    assert grid.exists.shape == (4, 5) and 0 < grid.exists.sum() < 20
    for i, j in np.ndindex(4, 5):
        one = solve(float(alpha[i]), float(T[j]), branch)
        assert one.exists == grid.exists[i, j]
        for name in ("m", "q", "r", "C", "e", "f", "s", "at", "transverse"):
            got, wanted = getattr(grid, name)[i, j], float(getattr(one, name))
            assert got == pytest.approx(wanted, rel=1e-9, abs=1e-12, nan_ok=True)
            assert np.isnan(got) != grid.exists[i, j]


def test_extreme_and_empty_input():
    alpha, T = np.array([[1e-100], [1e-12], [1e6]]), np.array([1e-300, 1e-16, 0.5, 0.99999, 1e6])
    for branch in BRANCHES:
        x = solve(alpha, T, branch)
        for name in ("m", "q", "r", "C", "e", "f", "s", "transverse"):
            assert (np.isfinite(getattr(x, name)) == x.exists).all(), name
        assert solve([], 0.5, branch).m.shape == (0,)


def test_predictions_carry_the_names_of_a_simulation():
    from statmech.names import OBSERVABLES

    theory = HopfieldTheory()
    x, values = solve(0.05, 0.3), theory.predict(0.05, 0.3)
    assert set(values) <= set(OBSERVABLES) and {"m", "q", "r", "e", "f", "s"} <= set(values)
    assert values["r"] == x.r + (1 - x.q) / (1 - x.C) > x.r
    assert set(theory.branches) == set(BRANCHES) and "173" in theory.citation


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: solve(0, 0.5), r"alpha = 0\.0 is not valid, expected finite alpha = P/N > 0"),
        (lambda: solve([0.1, -0.2], 0.5), r"alpha = -0\.2"),
        (lambda: solve(np.nan, 0.5), "alpha = nan"),
        (lambda: solve(0.1, -1), r"T = -1\.0 is not valid, expected finite T >= 0"),
        (lambda: solve(0.1, np.inf), "T = inf"),
        (lambda: solve(0.1, 0.5, "ferromagnet"), "branch = 'ferromagnet' is not known, expected one"),
        (lambda: solve("much", 0.5), "alpha must be a number or an array of numbers, got 'much'"),
        (lambda: solve([0.1, 0.2], [0.1, 0.2, 0.3]), r"shapes \(2,\) and \(3,\) do not broadcast"),
        (lambda: solve(0.1, 0.5, "mixture", n=4), "n = 4 is not valid, expected an odd integer"),
        (lambda: lines.T_mixture(2), "n = 2 is not valid"),
        (lambda: lines.T_M(-0.1), r"alpha = -0\.1"),
        (lambda: lines.alpha_M(-0.1), r"T = -0\.1"),
        (lambda: free_energy(1, 1, 1, 0.1, 0.0), "T = 0 is not valid here"),
        (lambda: HopfieldTheory(n=1), "n = 1 is not valid"),
    ],
)
def test_bad_input_is_one_clear_message(call, message):
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
