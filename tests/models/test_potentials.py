"""Potentials: values and slopes by their formulas, and the table that integer fields are looked up in."""

from __future__ import annotations

import math

import numpy as np
import pytest

from statmech import Potential
from statmech.potentials import KNOTS, POTENTIALS, QUANTUM, probit, tabulate

SIGMA = 0.7
ALL = {**POTENTIALS, "probit": probit(SIGMA), "table": Potential(lambda u: np.abs(u) ** 1.5)}
FORMULA = {
    "error": lambda u: 1.0 if u <= 0 else 0.0,
    "hinge": lambda u: max(0.0, -u),
    "quadratic": lambda u: u * u / 2,
    "logistic": lambda u: math.log(1 + math.exp(-u)),
    "probit": lambda u: -math.log(0.5 * math.erfc(-u / SIGMA / math.sqrt(2))),
    "table": lambda u: abs(u) ** 1.5,
}
CURVATURE = {"quadratic": 1.0, "logistic": 0.25, "probit": 1 / SIGMA**2}  # largest |V''|
POINTS = [-3.7, -1.0, -0.25, -1e-9, 0.0, 1e-9, 0.3, 1.0, 4.1]


@pytest.mark.parametrize("name", ALL)
def test_values_by_formula(name):
    direct = [FORMULA[name](u) for u in POINTS]
    np.testing.assert_allclose(ALL[name].value(np.array(POINTS)), direct, rtol=1e-13, atol=1e-15)
    assert float(ALL[name].value(-1.0)) == pytest.approx(FORMULA[name](-1.0), rel=1e-13), "a plain number will do"


@pytest.mark.parametrize("name", ["hinge", "logistic", "probit", "quadratic"])
def test_slopes_are_derivatives(name):
    u, d = np.array([-3.7, -1.0, -0.25, 0.3, 1.0, 4.1]), 1e-5
    V = ALL[name]
    slope = (V.value(u + d) - V.value(u - d)) / (2 * d)
    np.testing.assert_allclose(V.derivative(u), slope, rtol=1e-7, atol=1e-9)
    assert not np.allclose(V.derivative(u), 1.01 * slope, rtol=1e-7, atol=1e-9)


def test_the_error_counts_a_field_of_zero_and_has_no_slope():
    np.testing.assert_array_equal(POTENTIALS["error"].value(np.array([-1e-300, 0.0, 1e-300])), [1, 1, 0])
    assert POTENTIALS["error"].derivative is None


def test_far_fields_neither_overflow_nor_vanish():
    u = np.array([-1e3, -40.0, 40.0, 1e3])
    with np.errstate(all="raise", under="ignore"):
        logistic, cumulant = POTENTIALS["logistic"].value(u), probit(1.0).value(u)
        slope = probit(1.0).derivative(u)
        np.testing.assert_array_equal(POTENTIALS["logistic"].derivative(u[[0, 3]]), [-1, 0])
    np.testing.assert_allclose(logistic[:2], [1e3, 40], rtol=1e-15)
    x = -u[:2]  # -ln Phi(-x) = x^2/2 + ln(x sqrt(2 pi)) + 1/x^2 + ...
    np.testing.assert_allclose(cumulant[:2], x**2 / 2 + np.log(x * np.sqrt(2 * np.pi)) + 1 / x**2, atol=3 / 40**4)
    np.testing.assert_allclose(slope[:2], -(x + 1 / x), atol=3 / 40**3)
    np.testing.assert_allclose([*logistic[2:], *cumulant[2:], *slope[2:]], 0, atol=1e-17)


def fields(largest, parity=None):
    h = np.arange(-largest, largest + 1)
    return h if parity is None else h[(h - largest) % 2 == 0]


@pytest.mark.parametrize("kappa", [0.0, 0.4, -1.3])
@pytest.mark.parametrize("name", ALL)
def test_tables_of_one_parity_are_exact_to_half_a_quantum(name, kappa):
    for n in (2, 9, 101, 1024):
        scale = 1 / math.sqrt(n)
        table = tabulate(ALL[name], scale, kappa, n, spacing=2)
        h = fields(n, parity=True)
        assert table.table.dtype == np.int32 and table.table.size == n + 2
        error = np.abs(table(h) * QUANTUM - ALL[name].value(scale * h - kappa))
        assert error.max() <= QUANTUM / 2 * (1 + 1e-9) < 8e-6
    assert np.abs(table(h) * QUANTUM - ALL[name].value(scale * (h + 2) - kappa)).max() > 1e-3, "witness: one knot off"


def bound(name, spacing):
    """Largest error of linear interpolation between knots `spacing` apart, in u."""
    if name in CURVATURE:
        return CURVATURE[name] * spacing**2 / 8
    return spacing / 4 if name == "hinge" else spacing**1.5 / 2  # |u|^1.5 is steepest at its knots


@pytest.mark.parametrize("name", [name for name in ALL if name != "error"])
@pytest.mark.parametrize("n", [3, 31, 301])
def test_tables_of_many_fields_interpolate(name, n):
    """Gaussian inputs: V between the knots is off by no more than linear interpolation is, and 1.5 quanta."""
    largest, scale, kappa = int(256 * (0.8 * n + 8 * math.sqrt(n))), 1 / (256 * math.sqrt(n)), 0.4
    table = tabulate(ALL[name], scale, kappa, largest, spacing=1)
    h = fields(largest)
    spacing = scale * (1 << table.shift)
    assert table.table.size <= KNOTS and (2 * largest >> table.shift) + 2 == table.table.size
    assert table.shift == 0 or (2 * largest >> (table.shift - 1)) + 2 > KNOTS, "no coarser than need be"
    error = np.abs(table(h) * QUANTUM - ALL[name].value(scale * h - kappa)).max()
    assert error <= bound(name, spacing) + 1.5 * QUANTUM
    assert error < 1e-3, "what that amounts to"
    assert spacing < 0.02


def test_tables_are_integers_of_integers():
    table = tabulate(POTENTIALS["hinge"], 1.0, 0.5, 10, 1)
    h = np.array([[-10, 0], [3, 10]], np.int16)
    V = table(h)
    assert V.dtype == np.int64 and V.shape == (2, 2)
    np.testing.assert_array_equal(V, [[10.5 * 2**16, 2**15], [0, 0]])


@pytest.mark.parametrize(("function", "largest", "says"), [
    (lambda u: np.log(u), 9, r"gives shape \(\d+,\), \d+ values finite.*in \[-3, 3.667\].*expected a finite number"),
    (lambda u: 1.0, 9, r"gives shape \(\).*expected a finite number for each"),
    (lambda u: 1e5 * u**2, 9, r"reaches \|V\| = 1.344e\+06: expected below 32768; divide V and the temp"),
])  # fmt: skip
def test_potentials_that_make_no_table(function, largest, says):
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=says):
        tabulate(Potential(function), 1 / 3, 0.0, largest, 2)
