"""How many versions of the compiled kernels a test run needs: every set of argument types is compiled for itself.

    STATMECH_CACHE=$(mktemp -d) python -m pytest -n 2 -m "not slow and not gpu" --specialisations

prints, over all test processes, the versions of every hot loop (the parallel kernels of statmech/kernels/) and of the
other compiled functions, and fails if the hot loops have more than ALLOWED.  The fresh cache folder is for the others:
what is read from disk comes without the functions it calls.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable

import pytest

ALLOWED = 20
"""Versions of all hot loops together."""

Version = tuple[str, bool, str]
"""Name of the function, whether it is a hot loop, types of its arguments."""


def compiled_here() -> set[Version]:
    """What this process has compiled, or read from the cache, of statmech.kernels."""
    from numba.core.dispatcher import Dispatcher

    modules = [module for name, module in list(sys.modules.items()) if name.startswith("statmech.kernels.")]
    functions = [f for module in modules for f in vars(module).values() if isinstance(f, Dispatcher)]
    return {(_name(f), bool(f.targetoptions.get("parallel")), ", ".join(map(str, types)))
            for f in functions for types in f.signatures}  # fmt: skip


def _name(function) -> str:
    return f"{function.py_func.__module__.removeprefix('statmech.')}.{function.__name__}"


def table(versions: Iterable[Version], hot: bool) -> dict[str, list[str]]:
    """Name -> types, of the hot loops or of the others."""
    out = defaultdict(list)
    for name, parallel, types in sorted(versions):
        if parallel == hot:
            out[name].append(types)
    return dict(out)


class Count:
    """Collects the versions of all test processes; the process that reports fails when they are too many."""

    def __init__(self) -> None:
        self.versions: set[Version] = set()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node) -> None:
        """xdist: a test process has ended."""
        self.versions |= {tuple(version) for version in getattr(node, "workeroutput", {}).get("versions", ())}

    def pytest_sessionfinish(self, session) -> None:
        self.versions |= compiled_here()
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["versions"] = sorted(self.versions)
        elif sum(map(len, table(self.versions, hot=True).values())) > ALLOWED:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter) -> None:
        for hot, what in ((True, f"hot loops, at most {ALLOWED} allowed"), (False, "other functions")):
            found = table(self.versions, hot)
            terminalreporter.section(f"{sum(map(len, found.values()))} versions of {len(found)} {what}")
            for name, types in found.items():
                terminalreporter.line(f"{len(types):3d}  {name}")
                for arguments in types if hot and len(types) > 1 else ():
                    terminalreporter.line(f"       {arguments}")


def pytest_addoption(parser) -> None:
    parser.addoption("--specialisations", action="store_true", help="count the versions of compiled kernels")


def pytest_configure(config) -> None:
    if config.getoption("--specialisations"):
        config.pluginmanager.register(Count(), "count of specialisations")
