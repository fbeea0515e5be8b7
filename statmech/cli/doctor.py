"""Is this machine in order?"""

from __future__ import annotations

import importlib.metadata
import os
import platform
from typing import Any

import numpy as np

from statmech.running.executors import cores

PACKAGES = ("numpy", "scipy", "h5py", "numba", "matplotlib", "tqdm", "tyro")
PHILOX = {"numpy": "NumPy", "numba": "Numba", "cuda": "CUDA"}
OPTIONAL = {
    "cupy-cuda12x": "GPU (cuda12)", "cupy-cuda13x": "GPU (cuda13)", "xarray": "to_xarray", "h5netcdf": "to_xarray",
    "distributed": "--executor dask", "mpi4py": "--executor mpi",
}  # fmt: skip


def examine() -> int:
    """Print versions, device, memory, BLAS and the check of the random numbers; 1 if something is broken."""
    from statmech import __version__, backend

    print(f"statmech     {__version__}, Python {platform.python_version()}, {platform.platform()}")
    missing = [name for name in PACKAGES if version(name) is None]
    print(f"packages     {', '.join(f'{name} {version(name)}' for name in PACKAGES if name not in missing)}")
    for name in missing:
        print(f"missing      {name}: pip install {name}")
    for name, purpose in OPTIONAL.items():
        print(f"optional     {name} {version(name) or 'not installed'} ({purpose})")
    print(f"processor    {cores()} of {os.cpu_count()} cores usable, {threads()}")
    print(f"memory       {memory()}")
    print(f"BLAS         {blas()}")
    for key, value in backend.describe().items():
        print(f"{key:12} {value}")
    print(f"device       'auto' runs on the {backend.resolve('auto')}")
    good = "numba" not in missing
    if good:
        from statmech.kernels.check import known_answers

        for name, passed in known_answers().items():
            good &= passed
            words = "the published known answers" if passed else "WRONG: results cannot be trusted"
            print(f"Philox       {PHILOX[name]}: {words}")
    return 0 if good and not missing else 1


def version(package: str) -> str | None:
    """Installed version, None if the package is not there."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def threads() -> str:
    """Threads of compiled kernels."""
    if version("numba") is None:
        return "no Numba"
    import numba

    threads = numba.get_num_threads()
    return f"{threads} Numba thread{'' if threads == 1 else 's'}"


def memory() -> str:
    """Free and total memory, as far as the system tells."""
    try:
        page, total = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_PHYS_PAGES")
        return f"{page * os.sysconf('SC_AVPHYS_PAGES') / 2**30:.1f} of {page * total / 2**30:.1f} GiB free"
    except (ValueError, OSError, AttributeError):
        return "unknown on this system"


def blas() -> str:
    """Name and version of the linear algebra NumPy was built with."""
    config: Any = np.show_config(mode="dicts") or {}
    found = config.get("Build Dependencies", {}).get("blas", {})
    return f"{found.get('name', 'unknown')} {found.get('version', '')}".strip()
