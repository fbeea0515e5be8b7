"""Shared by all tests: tests/ is importable (`from contract.discovery import ...`), kernels run on one thread."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Tests run side by side: every process keeps to one core.  Results do not depend on it."""
    import numba

    numba.set_num_threads(1)
