"""Every row of data/reference/spectra.csv."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from statmech.spectra import spikes, tracy_widom
from statmech.spectra.marchenko_pastur import MarchenkoPastur

FILE = Path(__file__).parents[2] / "data" / "reference" / "spectra.csv"
with FILE.open() as stream:
    ROWS = list(csv.DictReader(line for line in stream if not line.startswith("#")))


def moments() -> dict[str, float]:
    t, w = np.polynomial.legendre.leggauss(120)
    x = np.concatenate([-6.5 + 5.5 * t, 9.5 + 10.5 * t])
    w = np.concatenate([5.5 * w, 10.5 * w]) * tracy_widom.pdf(x)
    mean = w @ x
    c2, c3, c4 = (w @ (x - mean) ** k for k in (2, 3, 4))
    return {"mean": mean, "variance": c2, "skewness": c3 / c2**1.5, "excess kurtosis": c4 / c2**2 - 3}


def compute(row: dict[str, str]) -> float:
    quantity = row["quantity"]
    at, other = (float(row[k]) if row[k] else np.nan for k in ("at", "with"))
    match row["model"], quantity.split():
        case "marchenko_pastur", ["moment", k]:
            return MarchenkoPastur(other, at).moment(int(k))
        case "marchenko_pastur", [edge]:
            return MarchenkoPastur(other, at).edges[edge == "lambda_+"]
        case "covariance_outlier", _:
            return float(getattr(spikes.covariance_outlier(at, other), quantity))
        case "retarded_learning", ["alpha_c"]:
            return float(spikes.retarded_learning(at))
        case "retarded_learning", ["R2"]:
            return float(spikes.covariance_outlier(at**2, 1 / other).overlap2)
        case "tracy_widom", ["quantile"]:
            return float(tracy_widom.ppf(at))
    return float(moments()[quantity])


@pytest.mark.parametrize("row", [pytest.param(r, id=r["id"]) for r in ROWS])
def test_reference(row):
    assert compute(row) == pytest.approx(float(row["value"]), abs=float(row["tol"]))


def test_every_kind_of_row_is_there():
    assert len(ROWS) == 32
    assert {r["model"] for r in ROWS} == {"marchenko_pastur", "covariance_outlier", "retarded_learning", "tracy_widom"}
