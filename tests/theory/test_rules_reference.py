"""Learning rules and their limits against published equations: every row of data/reference/rules.csv."""

from __future__ import annotations

import pytest
from theory.rules_reference import ROWS, compute


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_reference(row):
    expected = int(row["value"]) if row["function"] == "cover" else float(row["value"])
    assert compute(row) == pytest.approx(expected, rel=0, abs=float(row["tol"]))


def test_reference_covers_every_function():
    known = {row["id"].split("_")[0] for row in ROWS}
    assert known >= {"D1", "D13", "D14", "D15", "D15R", "D20", "D20R", "D21", "D22", "D23", "D24", "D25e", "D26", "D30"}
    assert known >= {"D31", "D32", "D34", "D45", "E1", "E2", "E3", "E4", "G1", "G3", "G4", "G5", "G7", "Z1", "Z2", "Z3"}
    assert len({row["id"] for row in ROWS}) == len(ROWS)
