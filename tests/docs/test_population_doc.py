"""The Python blocks of docs/population_annealing.md run, smaller than printed."""

from __future__ import annotations

import re
from pathlib import Path

DOC = Path(__file__).parents[2] / "docs" / "population_annealing.md"


def test_blocks_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = DOC.read_text().replace("replicas=1024", "replicas=64").replace("n=32", "n=10").replace("n=16", "n=8")
    names: dict = {}
    for block in re.findall(r"```python\n(.*?)```", text, flags=re.S):
        exec(compile(block, DOC.name, "exec"), names)
    assert "ln Z by population" in capsys.readouterr().out
