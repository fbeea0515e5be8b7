"""Imports go one way, heavy libraries have one door each, and `import statmech` opens none of them."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import statmech

PACKAGE = Path(statmech.__file__).parent
ORDER = (  # a module imports from its own line or from the lines before
    ("core", "names"),
    ("random", "backend", "overrides", "labels", "problems", "tuples"),
    ("spec", "potentials"),
    ("kernels", "spaces"),
    ("models", "rules", "theory", "spectra", "stats", "networks"),
    ("samplers",),
    ("tasks",),
    ("results", "api"),
    ("phases", "free_energy", "atlas"),
    ("io",),
    ("sweep", "layers"),
    ("running",),
    ("plot",),
    ("cli", "__main__"),
)
UNITS = {p.stem for p in PACKAGE.iterdir() if p.suffix == ".py" or p.is_dir()}
RANK = {name: rank for rank, line in enumerate(ORDER) for name in line}
DOORS = {"cupy": {"backend"}, "h5py": {"io"}, "matplotlib": {"plot"}, "torch": {"networks"}}
LAZY = {("results", "io"), ("results", "plot"), ("api", "plot"), ("sweep", "running"), ("sweep", "cli")}
"""Methods of results that write and draw them, a script that is its own command line: inside functions only."""
STRANGERS = ({"models", "samplers"},)  # neither imports the other
HEAVY = ("numba", "cupy", "matplotlib", "xarray", "h5py", "scipy", "torch")


def imports(tree: ast.Module, package: str) -> list[tuple[str, bool]]:
    """(Absolute module name, inside a function) of every import that runs."""
    found: list[tuple[str, bool]] = []

    def visit(node: ast.AST, inside: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                continue
            if isinstance(child, ast.Import):
                found.extend((alias.name, inside) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                base = package.split(".")[: -child.level + 1 or None] if child.level else []
                stem = ".".join([*base, *([child.module] if child.module else [])])
                found.extend((f"{stem}.{alias.name}", inside) for alias in child.names)
            visit(child, inside or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda))

    visit(tree, False)
    return found


def rank(name: str) -> int:
    return RANK[name]


def unit(module: str) -> str:
    """statmech.kernels.cpu -> kernels"""
    return module.split(".")[1] if module.count(".") else ""


def complaints(name: str, text: str) -> list[str]:
    """What a module of the package, by dotted name, may not import."""
    me, out = unit(name), []
    if me and me not in RANK:
        return [f"{name}: give {me} a place in ORDER"]
    package = name if name.count(".") == 1 and (PACKAGE / me).is_dir() else name.rpartition(".")[0]
    for target, inside in imports(ast.parse(text), package):
        top = target.split(".")[0]
        if top in DOORS and me not in DOORS[top]:
            out.append(f"{name} imports {top}: only {', '.join(DOORS[top])} may")
        other = unit(target)
        if top != "statmech" or other not in UNITS or me == other:
            continue
        if not me:
            out.append(f"statmech/__init__.py imports {target}: it names modules and loads none")
        elif any({me, other} == pair for pair in STRANGERS):
            out.append(f"{name} imports {target}: models and samplers do not know each other")
        elif rank(other) > rank(me) and not (inside and (me, other) in LAZY):
            out.append(f"{name} imports {target}: {me} comes before {other}")
    return out


def modules() -> dict[str, Path]:
    names = ((p, ".".join(("statmech", *p.relative_to(PACKAGE).with_suffix("").parts))) for p in PACKAGE.rglob("*.py"))
    return {name.removesuffix(".__init__"): path for path, name in names}


def test_imports_go_one_way():
    found = modules()
    assert {"statmech.core", "statmech.kernels.cpu", "statmech.samplers.single"} <= found.keys()
    errors = [e for name, path in found.items() for e in complaints(name, path.read_text())]
    assert not errors, "\n".join(errors)


@pytest.mark.parametrize(("name", "text", "says"), [
    ("statmech.models.x", "import cupy", "only backend may"),
    ("statmech.models.x", "def f():\n    import h5py", "only io may"),
    ("statmech.stats.x", "import matplotlib.pyplot as plt", "only plot may"),
    ("statmech.models.x", "from statmech.samplers.single import Metropolis", "do not know each other"),
    ("statmech.samplers.x", "from statmech.models.hopfield import Hopfield", "do not know each other"),
    ("statmech.core", "from statmech import spec", "core comes before spec"),
    ("statmech.spec", "class A:\n    def f(self):\n        import statmech.kernels.cpu", "spec comes before kernels"),
    ("statmech.tasks.x", "from ..plot import style", "tasks comes before plot"),
    ("statmech.tasks.x", "from statmech.sweep import Sweep", "tasks comes before sweep"),
    ("statmech.novelty", "from statmech.plot import curves", "give novelty a place in ORDER"),
    ("statmech", "from statmech.spec import Model", "loads none"),
])  # fmt: skip
def test_the_rules_find_offenders(name, text, says):
    assert says in "\n".join(complaints(name, text))


def test_models_and_samplers_live_where_discovery_looks():
    for name, path in modules().items():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                bases = {ast.unparse(b).rpartition(".")[2] for b in node.bases}
                fields = {ast.unparse(t.target) for t in node.body if isinstance(t, ast.AnnAssign)}
                if "Model" in bases:
                    assert unit(name) == "models", f"{name}.{node.name} is a Model: put it in models/"
                if "invariant" in fields and "Protocol" not in bases:
                    assert unit(name) in ("samplers", "names"), f"{name}.{node.name} is a Sampler: put it in samplers/"


def loaded(code: str) -> list[str]:
    script = f"{code}\nimport json, sys\nprint(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


def test_importing_statmech_loads_nothing_heavy():
    assert loaded("import statmech; statmech.__version__; dir(statmech)") == []


def test_describing_a_run_loads_neither_plots_nor_files():
    task = "MonteCarlo(Hopfield(n=12, alpha=0.25), Tempering(), T=[0.5, 1.0])"
    code = f"from statmech import Hopfield, MonteCarlo, Tempering; {task}"
    assert not {"cupy", "matplotlib", "xarray", "h5py"} & set(loaded(code + "; statmech = 1"))
    assert "numba" in loaded("import statmech.kernels.cpu"), "witness: a loaded library is seen"
