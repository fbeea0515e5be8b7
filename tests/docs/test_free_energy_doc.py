"""The Python blocks of docs/free_energy.md run, in order."""

from __future__ import annotations

import numpy as np
from docs.test_snippets import blocks


def test_free_energy_page(capsys):
    names: dict = {}
    for block in blocks("docs/free_energy.md"):
        exec(compile(block.replace("samples=8", "samples=2"), "free_energy", "exec"), names)
    assert "ln Z by mbar, 2 samples" in capsys.readouterr().out
    assert names["f"].shape == (2, 7) and names["phases"] == []
    np.testing.assert_array_less(names["F"], names["F_hull"])
    assert (np.diff(names["e"].mean) > 0).all()
