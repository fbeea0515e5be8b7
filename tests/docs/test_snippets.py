"""Every Python block of README and docs runs, in order, at the size it is printed with or smaller."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


def blocks(path: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / path).read_text(), flags=re.S)


def shortened(code: str) -> str:
    """Fewer sweeps, smaller systems: the words are tested, not the numbers."""
    sizes = {"n=500": "n=60", "sweeps=1024": "sweeps=64", "sweeps=2048": "sweeps=64", "samples=8": "samples=2"}
    for long, short in sizes.items():
        code = code.replace(long, short)
    return code


@pytest.fixture(scope="module")
def phases(tmp_path_factory):
    """A working directory with results/hopfield_phases, from the smoke form of the demo."""
    folder = tmp_path_factory.mktemp("readme")
    out = folder / "results" / "hopfield_phases"
    script = str(ROOT / "sims" / "hopfield_phases.py")
    subprocess.run([sys.executable, script, "run", "--smoke", "--quiet", "--out", str(out)], check=True)
    return folder


def test_readme(phases, monkeypatch):
    monkeypatch.chdir(phases)
    point, sweep, reading = blocks("README.md")
    exec(compile(shortened(point), "README point", "exec"), {})
    assert Path("m.png").exists() and Path("point.h5").exists()
    script = phases / "my_sweep.py"
    script.write_text(shortened(sweep))
    for command in (["plan"], ["run", "--quiet"], ["run", "--quiet", "--extend", "-o", "samples=3"], ["status"]):
        subprocess.run([sys.executable, str(script), *command], check=True, cwd=phases)
    exec(compile(reading, "README reading", "exec"), {})


def test_tempering():
    (code,) = blocks("docs/tempering.md")
    names: dict = {}
    exec(compile(code, "tempering", "exec"), names)
    rungs = names["result"]["tempering/ladder"][:, 0]
    assert names["result"]["e"].shape == (2, 2, 1) and {0.4, 0.8, 2.0} < set(rungs)


def test_extending(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    import statmech
    from statmech import Hopfield, simulate

    observable, model, files = blocks("docs/extending.md")
    exec(compile(observable, "observable", "exec"), {"Hopfield": Hopfield, "simulate": simulate})
    Path("curie_weiss.py").write_text(model)
    monkeypatch.syspath_prepend(tmp_path)
    from curie_weiss import CurieWeiss

    result = simulate(CurieWeiss(n=32), T=[0.5, 1.5], sweeps=64)
    assert result["m_abs_mean"][0, 0] > 0.9
    J = np.array([[0, 1], [1, 0]])
    np.savez("digits.npz", images=np.random.default_rng(0).random((60, 7, 7)))
    np.savez("couplings.npz", J=J)
    exec(compile(files, "files", "exec"), {"statmech": statmech, "J": J, "h": np.zeros(2, int), "Q": J})
