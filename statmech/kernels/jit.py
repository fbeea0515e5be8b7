"""Numba's side of the random numbers: the functions of random.py, compiled.

The cache folder carries a hash of the sources, because Numba's own index sees only the file a function stands
in, not the files that file imports.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numba
from numba.core import types
from numba.extending import intrinsic, overload

from statmech import random


def _source_hash() -> str:
    here = Path(__file__).parent
    digest = hashlib.blake2b(digest_size=8)
    for path in [Path(random.__file__), *sorted(here.glob("*.py"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _cache_dir() -> str:
    root = os.environ.get("STATMECH_CACHE") or os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return str(Path(root) / "statmech" / f"numba-{numba.__version__}-{_source_hash()}")


# idle OpenMP threads must sleep: spinning at the end of every sweep stalls a machine that has other work
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
if "NUMBA_CACHE_DIR" not in os.environ:
    numba.config.CACHE_DIR = _cache_dir()  # type: ignore[attr-defined]


def _bitcast(source, target):
    @intrinsic
    def cast(_typingctx, _x):
        def codegen(context, builder, _signature, args):
            return builder.bitcast(args[0], context.get_value_type(target))

        return target(source), codegen

    return cast


_to_bits, _to_float = _bitcast(types.float64, types.int64), _bitcast(types.int64, types.float64)


@overload(random.as_bits)
def _as_bits(x):
    if x == types.float64:
        return lambda x: _to_bits(x)
    return None


@overload(random.as_float)
def _as_float(bits):
    if bits == types.int64:
        return lambda bits: _to_float(bits)
    return None


@overload(random.log_words)
def _log_words(x):
    return random.log_words  # the definition itself, now that as_bits and as_float are known


# error_model="numpy": a division that may raise would forbid SIMD
njit = numba.njit(cache=True, nogil=True, error_model="numpy")
njit_parallel = numba.njit(cache=True, nogil=True, error_model="numpy", parallel=True)
philox4x32 = njit(random.philox4x32)
