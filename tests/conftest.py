"""Shared by all tests: tests/ is importable (`from contract.discovery import ...`), kernels run on one thread."""

from __future__ import annotations

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")  # before NumPy is loaded: two test processes with two BLAS threads each fight

import pytest  # noqa: E402

pytest_plugins = ["specialisations"]


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Tests run side by side: every process keeps to one core.  Results do not depend on it."""
    import numba

    numba.set_num_threads(1)
