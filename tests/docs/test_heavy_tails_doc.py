"""The Python block of docs/heavy_tails.md runs and names what it says."""

from __future__ import annotations

import re
from pathlib import Path

DOC = Path(__file__).parents[2] / "docs" / "heavy_tails.md"


def test_block():
    (code,) = re.findall(r"```python\n(.*?)```", DOC.read_text(), flags=re.S)
    names: dict = {}
    exec(compile(code.replace("goodness_of_fit(x, fit)", "goodness_of_fit(x, fit, 50)"), str(DOC), "exec"), names)
    assert names["fit"].ok and 1.4 < names["fit"].alpha < 2.2  # mu/2 + 1 = 1.75
    assert names["low"] < names["fit"].alpha < names["high"] and 0 < names["p"] <= 1
    assert names["without"].shape == (10,) and names["bent"].ok and "exponential" in names["rivals"]
