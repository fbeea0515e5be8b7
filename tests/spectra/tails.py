"""data/reference/power_law.csv and the samples that its rows are about."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parents[2] / "data" / "reference"


def samples() -> dict[str, np.ndarray]:
    """name -> values."""
    with np.load(FOLDER / "tails.npz", allow_pickle=False) as file:
        out = {name: file[name] for name in file.files}
    rng = np.random.default_rng(0)
    for alpha in (2, 3, 4, 5):
        out[f"pareto_{alpha}"] = (1 - rng.random(2000)) ** (-1 / (alpha - 1))
    return out


def rows() -> list[dict[str, str]]:
    with open(FOLDER / "power_law.csv") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


SAMPLES, ROWS = samples(), rows()
